//! What keeps a session and what ends it.

use std::net::{Ipv4Addr, SocketAddr};

use icq_transport::icq::udp::to_server::TextCode;
use icq_transport::icq::udp::{Header, ToServer};
use icq_transport::server::Behaviour;

use crate::stage::*;

#[test]
fn a_session_that_says_nothing_ends_and_one_that_keeps_alive_does_not() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in(BOB);
    stage.hears(ALICE);

    for _ in 0..4 {
        stage.pass(secs(50));
        stage.send(ALICE, &ToServer::KeepAlive);
    }

    assert_eq!(stage.commands(ALICE), [0x00E6, 0x0078]);
    assert!(stage.is_online(ALICE));
    assert!(!stage.is_online(BOB));
}

#[test]
fn iserverd_never_notices_a_silent_client() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(ALICE);

    stage.pass(secs(3600));

    assert!(stage.is_online(ALICE));
}

#[test]
fn every_packet_is_acknowledged_with_its_own_numbers() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    for packet in [
        ToServer::KeepAlive,
        ToServer::KeepAlive2,
        ToServer::QueryServers,
        ToServer::Unknown {
            command: 0x0999,
            body: b"whatever",
        },
        ToServer::TextCode(TextCode {
            text: TextCode::PROBE,
            code: TextCode::CODE,
        }),
    ] {
        let request = stage.send(ALICE, &packet);

        let heard = stage.client(ALICE).take_inbox();
        assert_eq!(heard.len(), 1, "{packet:?}");
        let expected = Header {
            command: 0x000A,
            ..request
        };
        assert_eq!(heard[0].header, expected);
    }
}

#[test]
fn a_packet_without_a_session_is_told_so_but_not_too_often() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE);

    let request = stage.send(ALICE, &ToServer::InfoRequest(target(BOB)));

    let heard = stage.client(ALICE).take_inbox();
    assert_eq!(heard.len(), 1, "no acknowledgement");
    assert_eq!(heard[0].header.command, 0x00F0);
    assert_eq!(heard[0].header.session_id, request.session_id);
    assert_eq!(
        (heard[0].header.seq1, heard[0].header.seq2),
        (0, request.seq2)
    );

    for _ in 0..100 {
        stage.send(ALICE, &ToServer::InfoRequest(target(BOB)));
    }
    assert_eq!(stage.commands(ALICE).len(), 19, "20 at once and 5 a second");
    stage.pass(secs(1));
    for _ in 0..100 {
        stage.send(ALICE, &ToServer::InfoRequest(target(BOB)));
    }
    assert_eq!(stage.commands(ALICE).len(), 5);
}

#[test]
fn a_keep_alive_without_a_session_is_refused_without_its_number() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE);

    stage.send(ALICE, &ToServer::KeepAlive);

    let heard = stage.hears(ALICE);
    assert_eq!((heard[0].header.command, heard[0].header.seq2), (0x00F0, 0));
}

#[test]
fn goodbyes_and_acknowledgements_of_strangers_get_no_answer() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE);

    stage.send(ALICE, &ToServer::Ack);
    stage.log_off(ALICE);

    assert!(stage.all_commands(ALICE).is_empty());
}

#[test]
fn iserverd_refuses_strangers_by_whim() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.connect(ALICE);
    let cases: [(ToServer<'_>, &[u16]); 7] = [
        (ToServer::InfoRequest(target(BOB)), &[]),
        (ToServer::ExtInfoRequest(target(BOB)), &[]),
        (ToServer::RequestOffline, &[]),
        (ToServer::QueryServers, &[0x000A]),
        (ToServer::KeepAlive, &[0x00F0]),
        (ToServer::SearchUin(target(BOB)), &[0x00F0]),
        (
            ToServer::TextCode(TextCode {
                text: TextCode::PROBE,
                code: 5,
            }),
            &[],
        ),
    ];
    for (packet, answers) in cases {
        stage.send(ALICE, &packet);
        assert_eq!(stage.all_commands(ALICE), answers, "{packet:?}");
    }

    stage.log_off(ALICE);
    assert_eq!(stage.all_commands(ALICE), [0x00F0]);
}

#[test]
fn a_packet_with_a_foreign_session_id_or_from_elsewhere_is_not_processed() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(BOB, 0, &[ALICE]);
    stage.log_in(ALICE);
    stage.hears(BOB);
    let client = stage.client(ALICE).clone();
    let spoofed = |session_id| Header {
        version: icq_transport::icq::udp::Version::V5,
        command: 0x0438,
        seq1: 5000,
        seq2: 0,
        uin: ALICE,
        session_id,
    };
    let goodbye = ToServer::TextCode(TextCode {
        text: TextCode::LOGOUT,
        code: 5,
    });

    let elsewhere = SocketAddr::from((Ipv4Addr::new(10, 0, 0, 9), client.address.port()));
    stage.send_as(elsewhere, &spoofed(client.session_id), &goodbye);
    stage.send_as(client.address, &spoofed(client.session_id + 1), &goodbye);

    assert!(stage.is_online(ALICE));
    assert!(stage.commands(BOB).is_empty());
    assert_eq!(stage.server.counters().strangers, 2);
}

#[test]
fn iserverd_takes_keep_alives_and_goodbyes_from_another_port_but_no_message() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(ALICE);
    stage.log_in(BOB);
    let moved = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    stage.client(ALICE).address = moved;

    stage.send(ALICE, &ToServer::KeepAlive);
    assert_eq!(stage.all_commands(ALICE), [0x000A]);
    stage.send_text(ALICE, BOB, b"hello");
    assert_eq!(stage.all_commands(ALICE), [0x00F0]);
    assert!(stage.texts(BOB).is_empty());
    stage.log_off(ALICE);
    assert!(stage.all_commands(ALICE).is_empty());
    assert!(!stage.is_online(ALICE));
}

#[test]
fn a_repeated_packet_is_acknowledged_again_and_done_once() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);

    repeat_a_message(&mut stage);

    assert_eq!(stage.all_commands(ALICE), [0x000A; 3]);
    assert_eq!(stage.texts(BOB).len(), 1);
}

#[test]
fn iserverd_does_a_repeated_packet_again() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(ALICE);
    stage.log_in(BOB);

    repeat_a_message(&mut stage);

    assert_eq!(stage.all_commands(ALICE), [0x000A; 3]);
    assert_eq!(stage.texts(BOB).len(), 3);
}

#[test]
fn sequence_numbers_may_wrap() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);
    stage.client(ALICE).seq1 = 0xFFFD;

    for _ in 0..6 {
        stage.send_text(ALICE, BOB, b"over the edge");
    }

    assert_eq!(stage.texts(BOB).len(), 6);
}

#[test]
fn a_flood_beyond_the_limit_is_not_answered() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);

    for _ in 0..1000 {
        stage.send(ALICE, &ToServer::KeepAlive);
    }

    let answered = stage.all_commands(ALICE).len();
    assert!((150..=200).contains(&answered), "{answered}");
    stage.pass(secs(2));
    stage.send(ALICE, &ToServer::KeepAlive);
    assert_eq!(stage.all_commands(ALICE), [0x00E6, 0x000A]);
}

#[test]
fn goodbye_ends_the_session_and_the_others_see_it() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(BOB, 0, &[ALICE]);
    stage.log_in(ALICE);
    stage.hears(BOB);

    stage.log_off(ALICE);

    assert!(!stage.is_online(ALICE));
    assert_eq!(stage.commands(BOB), [0x0078]);
    stage.send(ALICE, &ToServer::KeepAlive);
    assert_eq!(stage.commands(ALICE), [0x00F0]);
}

#[test]
fn a_kicked_client_is_told_and_its_session_is_gone() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);

    assert!(stage.server.kick(stage.now, ALICE));
    stage.deliver();

    assert_eq!(stage.commands(ALICE), [0x0028]);
    assert!(!stage.is_online(ALICE));
    assert!(!stage.server.kick(stage.now, ALICE));
}

#[test]
fn a_restarted_server_knows_nobody_but_keeps_accounts_and_messages() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);
    stage.send_text(BOB, CAROL, b"for later");
    stage.client(ALICE).acknowledges = false;
    stage.send_text(BOB, ALICE, b"on its way");
    stage.hears(ALICE);

    stage.server.restart(stage.now);
    stage.deliver();

    assert!(stage.server.online().is_empty());
    assert!(stage.all_commands(ALICE).is_empty());
    assert!(stage.server.poll_timeout().is_none());
    stage.send(ALICE, &ToServer::KeepAlive);
    assert_eq!(stage.all_commands(ALICE), [0x00F0]);
    for (uin, text) in [(ALICE, &b"on its way"[..]), (CAROL, b"for later")] {
        stage.log_in(uin);
        stage.send(uin, &ToServer::RequestOffline);
        assert_eq!(stage.stored_texts(uin), [(BOB, 1, text.to_vec())]);
    }
}

#[test]
fn a_login_reply_that_nobody_acknowledges_ends_the_session() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE).acknowledges = false;
    stage.send_login(ALICE, 0);

    stage.pass(secs(49));
    assert!(stage.is_online(ALICE));
    stage.pass(secs(2));

    assert!(!stage.is_online(ALICE));
    let heard = stage.commands(ALICE);
    assert_eq!(
        heard.iter().filter(|command| **command == 0x005A).count(),
        5
    );
}

fn repeat_a_message(stage: &mut Stage) {
    let message = ToServer::SendMessage(icq_transport::icq::udp::to_server::SendMessage {
        to_uin: BOB,
        msg_type: 1,
        text: b"once",
    });
    let header = stage.send(ALICE, &message);
    let address = stage.client(ALICE).address;
    for _ in 0..2 {
        stage.send_as(address, &header, &message);
    }
}
