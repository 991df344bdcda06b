//! Messages: relayed, stored, handed out, deleted, and what happens when nobody acknowledges.

use icq_transport::icq::udp::from_server::{Date, Sent};
use icq_transport::icq::udp::to_server::{AckMessages, ReverseTcpRequest, SendMessage};
use icq_transport::icq::udp::{FromServer, ToServer};
use icq_transport::model::Uin;
use icq_transport::server::{Behaviour, Ending, JournalEvent, LetterNumber, Loss, Retransmission};

use crate::stage::*;

#[test]
fn a_message_of_any_type_reaches_who_is_online_as_it_was_sent() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);
    let messages: [(u16, &[u8]); 8] = [
        (0x0001, b"hello\r\n\xEF\xF0\xE8\xE2\xE5\xF2"),
        (0x0001, b""),
        (0x0004, b"nice\xFEhttp://localhost/x"),
        (
            0x0006,
            b"ann\xFEAnn\xFEOther\xFEa@example.test\xFE1\xFEplease",
        ),
        (0x0007, b"no"),
        (0x0008, b""),
        (0x0013, b"1\xFE12345\xFEBob\xFE"),
        (0x8001, b"to many"),
    ];

    for (kind, text) in messages {
        stage.send_message(ALICE, BOB, kind, text);
    }

    let expected: Vec<_> = messages
        .iter()
        .map(|(kind, text)| (ALICE, *kind, text.to_vec()))
        .collect();
    assert_eq!(stage.texts(BOB), expected);
}

#[test]
fn both_spellings_of_sending_do_the_same() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);

    stage.send(
        ALICE,
        &ToServer::Authorize(SendMessage {
            to_uin: BOB,
            msg_type: 8,
            text: b"",
        }),
    );

    assert_eq!(stage.texts(BOB), [(ALICE, 8, vec![])]);
}

#[test]
fn open_oscar_server_drops_the_mass_flag_and_the_text_of_stored_messages() {
    let mut stage = Stage::new(Behaviour::open_oscar());
    stage.log_in(ALICE);
    stage.log_in(BOB);

    stage.send_message(ALICE, BOB, 0x8001, b"to many");
    assert_eq!(stage.texts(BOB), [(ALICE, 1, b"to many".to_vec())]);

    stage.send_text(ALICE, CAROL, b"for later");
    stage.log_in(CAROL);
    stage.send(CAROL, &ToServer::RequestOffline);
    assert_eq!(stage.stored_texts(CAROL), [(ALICE, 0, vec![])]);
}

#[test]
fn a_message_to_nobody_is_acknowledged_and_vanishes() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);

    stage.send_text(ALICE, NOBODY, b"hello?");

    assert_eq!(stage.all_commands(ALICE), [0x000A]);
    assert!(
        events(&mut stage).contains(&JournalEvent::Lost(LetterNumber(1), Loss::UnknownReceiver))
    );
}

#[test]
fn what_waited_is_handed_out_when_asked_for_and_deleted_when_told_to() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"first");
    stage.pass(secs(60));
    stage.send_message(ALICE, BOB, 4, b"second\xFEhttp://x.test/");
    stage.log_in(BOB);

    let request = stage.send(BOB, &ToServer::RequestOffline);

    let heard = stage.hears(BOB);
    let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
    assert_eq!(commands, [0x00DC, 0x00DC, 0x00E6]);
    assert!(heard.iter().all(|heard| heard.header.seq2 == request.seq2));
    let FromServer::OfflineMessage(first) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    let time = Date {
        year: 2001,
        month: 9,
        day: 9,
        hour: 1,
        minute: 46,
    };
    assert_eq!(first.sent, Sent::Date(time));
    assert_eq!(
        (first.from_uin, first.msg_type, first.text),
        (ALICE, 1, &b"first"[..])
    );

    assert_eq!(stage.server.undelivered(BOB), 2);
    stage.send(BOB, &ToServer::AckMessages(AckMessages::default()));
    assert_eq!(stage.server.undelivered(BOB), 0);
}

#[test]
fn what_is_not_deleted_comes_again_at_the_next_login() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"first");
    stage.log_in(BOB);
    stage.send(BOB, &ToServer::RequestOffline);
    stage.send(BOB, &ToServer::RequestOffline);
    assert_eq!(
        stage.commands(BOB),
        [0x00DC, 0x00E6, 0x00E6],
        "once a session"
    );

    stage.log_off(BOB);
    stage.client(BOB).session_id += 1;
    stage.send_login(BOB, 0);
    stage.send(BOB, &ToServer::RequestOffline);

    assert_eq!(stage.commands(BOB), [0x005A, 0x00DC, 0x00E6]);
}

#[test]
fn who_does_not_ask_gets_them_two_seconds_after_the_list() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"first");
    stage.log_in(BOB);

    stage.pass(secs(1));
    assert!(stage.commands(BOB).is_empty());
    stage.pass(secs(1));
    assert_eq!(stage.commands(BOB), [0x00DC, 0x00E6]);
    stage.send(BOB, &ToServer::RequestOffline);
    assert_eq!(stage.commands(BOB), [0x00E6], "never twice");
}

#[test]
fn iserverd_hands_them_out_after_every_list_and_ignores_being_asked() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"first");
    stage.connect(BOB);
    stage.send_login(BOB, 0);
    stage.hears(BOB);

    stage.send(BOB, &ToServer::RequestOffline);
    assert!(stage.all_commands(BOB).is_empty());
    stage.send_list(BOB, &[]);
    stage.send_list(BOB, &[]);
    let heard = stage.hears(BOB);
    let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
    assert_eq!(commands, [0x021C, 0x00DC, 0x00E6, 0x021C, 0x00DC, 0x00E6]);
    assert!(heard.iter().all(|heard| heard.header.seq2 == 0));

    stage.send(BOB, &ToServer::AckMessages(AckMessages::default()));
    stage.send_list(BOB, &[]);
    assert_eq!(stage.commands(BOB), [0x021C, 0x00E6]);
}

#[test]
fn only_so_many_messages_are_stored() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);

    for number in 0..103 {
        stage.send_text(ALICE, BOB, format!("message {number}").as_bytes());
        stage.pass(secs(1));
    }

    assert_eq!(stage.server.undelivered(BOB), 100);
    let lost = events(&mut stage)
        .into_iter()
        .filter(|event| matches!(event, JournalEvent::Lost(_, Loss::StoreFull)))
        .count();
    assert_eq!(lost, 3);
    stage.log_in(BOB);
    stage.send(BOB, &ToServer::RequestOffline);
    let texts = stage.stored_texts(BOB);
    assert_eq!(texts.len(), 100);
    assert_eq!(texts[99].2, b"message 99");
}

#[test]
fn a_message_that_is_not_acknowledged_is_sent_five_times_then_stored_and_the_session_ends() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in(BOB);
    stage.pass(secs(3));
    stage.hears(ALICE);
    stage.hears(BOB);
    stage.client(BOB).acknowledges = false;
    stage.server.take_journal();

    stage.send_text(ALICE, BOB, b"are you there?");
    for _ in 0..5 {
        assert!(stage.is_online(BOB));
        stage.pass(secs(10));
        stage.send(ALICE, &ToServer::KeepAlive);
    }

    assert_eq!(stage.texts(BOB).len(), 5);
    assert!(!stage.is_online(BOB));
    assert_eq!(stage.commands(ALICE), [0x0078]);
    let letter = LetterNumber(1);
    let expected = [
        JournalEvent::Accepted {
            letter,
            from: ALICE,
            to: BOB,
            kind: 1,
            body: b"are you there?".to_vec(),
        },
        JournalEvent::Sent(letter),
        JournalEvent::Stored(letter),
        JournalEvent::LoggedOff(BOB, Ending::Unacknowledged),
    ];
    assert_eq!(events(&mut stage), expected);

    stage.client(BOB).acknowledges = true;
    stage.log_in(BOB);
    stage.send(BOB, &ToServer::RequestOffline);
    assert_eq!(
        stage.stored_texts(BOB),
        [(ALICE, 1, b"are you there?".to_vec())]
    );
    stage.send(BOB, &ToServer::AckMessages(AckMessages::default()));
    let events = events(&mut stage);
    assert_eq!(
        events[1..],
        [
            JournalEvent::Sent(letter),
            JournalEvent::Acknowledged(letter),
            JournalEvent::Deleted(letter),
        ]
    );
}

#[test]
fn iserverd_sends_once_and_what_is_lost_is_lost() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(ALICE);
    stage.log_in(BOB);
    stage.client(BOB).acknowledges = false;

    stage.send_text(ALICE, BOB, b"once");
    stage.pass(secs(300));
    assert_eq!(stage.texts(BOB).len(), 1);

    assert!(stage.is_online(BOB));
    stage.log_off(BOB);
    assert_eq!(stage.server.undelivered(BOB), 0);
}

#[test]
fn goodbye_with_a_message_on_the_way_stores_it() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);
    stage.client(BOB).acknowledges = false;
    stage.send_text(ALICE, BOB, b"one");
    stage.send_text(ALICE, BOB, b"two");

    stage.log_off(BOB);

    stage.client(BOB).acknowledges = true;
    stage.log_in(BOB);
    stage.send(BOB, &ToServer::RequestOffline);
    let texts: Vec<Vec<u8>> = stage.stored_texts(BOB).into_iter().map(|t| t.2).collect();
    assert_eq!(texts, [b"one".to_vec(), b"two".to_vec()]);
}

#[test]
fn messages_of_one_sender_do_not_overtake_each_other_and_do_not_hold_up_another() {
    let mut stage = Stage::new(Behaviour::reference());
    for uin in [ALICE, BOB, CAROL] {
        stage.log_in(uin);
    }
    stage.pass(secs(2));
    stage.hears(BOB);
    stage.client(BOB).acknowledges = false;

    stage.send_text(ALICE, BOB, b"one");
    stage.send_text(ALICE, BOB, b"two");
    stage.send_text(CAROL, BOB, b"other");
    let heard = stage.hears(BOB);
    let texts: Vec<Vec<u8>> = heard.iter().map(text_of).collect();
    assert_eq!(texts, [b"one".to_vec(), b"other".to_vec()]);

    stage.acknowledge(BOB, heard[0].header.seq1);
    assert_eq!(stage.texts(BOB), [(ALICE, 1, b"two".to_vec())]);
}

#[test]
fn without_that_rule_messages_leave_at_once() {
    let mut behaviour = Behaviour::reference();
    behaviour.retransmission = Some(Retransmission {
        interval: secs(10),
        sends: 5,
        in_order: false,
    });
    let mut stage = Stage::new(behaviour);
    stage.log_in(ALICE);
    stage.log_in(BOB);
    stage.client(BOB).acknowledges = false;

    stage.send_text(ALICE, BOB, b"one");
    stage.send_text(ALICE, BOB, b"two");

    assert_eq!(stage.texts(BOB).len(), 2);
}

#[test]
fn a_new_message_waits_behind_those_that_are_stored() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"old");
    stage.connect(BOB);
    stage.send_login(BOB, 0);

    stage.send_text(ALICE, BOB, b"newer");
    stage.client(BOB).acknowledges = false;
    stage.hears(BOB);
    stage.send(BOB, &ToServer::RequestOffline);
    let first = stage.hears(BOB);
    stage.send_text(ALICE, BOB, b"newest");
    stage.client(BOB).acknowledges = true;
    stage.acknowledge(BOB, first[0].header.seq1);

    assert_eq!(text_of(&first[0]), b"old");
    let heard = stage.hears(BOB);
    let order: Vec<(u16, Vec<u8>)> = heard
        .iter()
        .map(|heard| (heard.header.command, text_of(heard)))
        .collect();
    assert_eq!(
        order,
        [
            (0x00DC, b"newer".to_vec()),
            (0x00E6, vec![]),
            (0x0104, b"newest".to_vec()),
        ]
    );
}

#[test]
fn a_new_message_waits_behind_those_that_waited_behind_the_stored_ones() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"old");
    stage.connect(BOB);
    stage.send_login(BOB, 0);
    stage.client(BOB).acknowledges = false;
    stage.hears(BOB);
    stage.send(BOB, &ToServer::RequestOffline);
    let first = stage.hears(BOB);
    stage.send_text(ALICE, BOB, b"newer");
    stage.acknowledge(BOB, first[0].header.seq1);
    stage.hears(BOB);

    // The end of the stored ones is on its way, and "newer" stands behind it.
    stage.send_text(ALICE, BOB, b"newest");

    assert!(stage.texts(BOB).is_empty());
}

#[test]
fn only_what_arrived_is_deleted() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"one");
    stage.send_text(ALICE, BOB, b"two");
    stage.log_in(BOB);
    stage.client(BOB).acknowledges = false;
    stage.send(BOB, &ToServer::RequestOffline);
    let heard = stage.hears(BOB);
    stage.acknowledge(BOB, heard[0].header.seq1);

    stage.send(BOB, &ToServer::AckMessages(AckMessages::default()));

    assert_eq!(stage.server.undelivered(BOB), 1);
}

#[test]
fn a_client_that_acknowledges_nothing_is_let_go_before_too_much_piles_up() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(BOB);
    stage.client(BOB).acknowledges = false;

    for _ in 0..300 {
        stage.server.write(stage.now, ALICE, BOB, 1, b"hello");
    }

    assert!(!stage.is_online(BOB));
    assert!(stage.server.undelivered(BOB) >= 256);
}

#[test]
fn iserverd_ends_the_session_over_a_message_that_is_too_long() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in_with(BOB, 0, &[ALICE]);
    stage.log_in(ALICE);
    stage.hears(BOB);

    stage.send_text(ALICE, BOB, &[b'x'; 450]);
    assert_eq!(stage.texts(BOB).len(), 1);
    stage.hears(ALICE);
    stage.send_text(ALICE, BOB, &[b'x'; 451]);

    assert_eq!(stage.all_commands(ALICE), [0x000A, 0x00F0]);
    assert_eq!(stage.commands(BOB), [0x0078]);
}

#[test]
fn others_swallow_it() {
    let mut behaviour = Behaviour::reference();
    behaviour.message_limit = 450;
    let mut stage = Stage::new(behaviour);
    stage.log_in(ALICE);
    stage.log_in(BOB);

    stage.send_text(ALICE, BOB, &[b'x'; 451]);

    assert_eq!(stage.all_commands(ALICE), [0x000A]);
    assert!(stage.texts(BOB).is_empty());
    assert!(stage.is_online(ALICE));
}

#[test]
fn several_packets_due_at_once_may_share_a_datagram() {
    let mut behaviour = Behaviour::reference();
    behaviour.multi = Some(450);
    let mut stage = Stage::new(behaviour);
    stage.log_in(ALICE);
    for text in [&b"one"[..], b"two", b"three"] {
        stage.send_text(ALICE, BOB, text);
    }
    stage.send_text(ALICE, BOB, &[b'x'; 440]);
    stage.log_in(BOB);
    stage.pass(secs(3));

    let heard = stage.hears(BOB);
    let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
    assert_eq!(commands, [0x0212, 0x00DC, 0x00E6]);
    let FromServer::Multi(multi) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    let inner: Vec<Heard> = multi.packets.iter().map(|packet| open(packet)).collect();
    let texts: Vec<Vec<u8>> = inner.iter().map(text_of).collect();
    assert_eq!(texts, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
    let mut numbers: Vec<u16> = inner.iter().map(|heard| heard.header.seq1).collect();
    numbers.push(heard[0].header.seq1);
    numbers.dedup();
    assert_eq!(numbers.len(), 4, "every packet has a number of its own");

    stage.send(BOB, &ToServer::AckMessages(AckMessages::default()));
    assert_eq!(
        stage.server.undelivered(BOB),
        0,
        "the outer acknowledgement counts for all"
    );
}

#[test]
fn a_multi_that_is_not_acknowledged_is_sent_again_as_it_was() {
    let mut behaviour = Behaviour::reference();
    behaviour.multi = Some(450);
    let mut stage = Stage::new(behaviour);
    stage.log_in(ALICE);
    stage.send_text(ALICE, BOB, b"one");
    stage.log_in(BOB);
    stage.client(BOB).acknowledges = false;

    stage.pass(secs(13));

    let heard = stage.hears(BOB);
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0].header.command, 0x0212);
}

#[test]
fn who_asks_to_be_connected_to_is_passed_on() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);

    stage.send(
        ALICE,
        &ToServer::TcpRequest(ReverseTcpRequest {
            target_uin: BOB,
            ip: [192, 168, 1, 5].into(),
            tcp_port: 4001,
            dc_mode: 4,
            peer_port: 4002,
            own_port: 4001,
            tcp_version: 6,
        }),
    );

    let heard = stage.hears(BOB);
    let FromServer::ReverseTcp(request) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!((request.target_uin, request.tcp_port), (ALICE, 4001));
}

#[test]
fn a_test_may_write_in_anybodys_name() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(BOB);

    stage.server.write(
        stage.now,
        Uin(12_345),
        BOB,
        0x000D,
        b"web\xFE\xFE\xFEe@x.test\xFE3\xFEhi",
    );
    stage.deliver();

    let texts = stage.texts(BOB);
    assert_eq!((texts[0].0, texts[0].1), (Uin(12_345), 0x000D));
}

fn text_of(heard: &Heard) -> Vec<u8> {
    match heard.packet() {
        FromServer::Message(message) => message.text.to_vec(),
        FromServer::OfflineMessage(message) => message.text.to_vec(),
        _ => Vec::new(),
    }
}

fn events(stage: &mut Stage) -> Vec<JournalEvent> {
    let entries = stage.server.take_journal();
    entries.into_iter().map(|entry| entry.event).collect()
}
