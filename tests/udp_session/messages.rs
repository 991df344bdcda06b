//! Messages, both ways (icq-udp.md §7.1 to §7.4).

use icq_transport::icq::udp::from_server::{Reason, ReceiveMessage};
use icq_transport::icq::udp::to_server::SendMessage;
use icq_transport::icq::udp::{FromServer, Start, ToServer};
use icq_transport::icq::wire::body;
use icq_transport::icq::wire::text::Charset;
use icq_transport::icq::{Command, Event, LogoutReason, MessageId, NotSent, Receipt};
use icq_transport::model::{Introduction, Message, Uin};

use super::scene::*;

fn text_of(heard: &Heard) -> Vec<u8> {
    match heard.packet() {
        ToServer::SendMessage(SendMessage { text, .. }) => text.to_vec(),
        other => panic!("{other:?}"),
    }
}

fn texts(sent: &[Heard]) -> Vec<String> {
    sent.iter()
        .map(|heard| String::from_utf8_lossy(&text_of(heard)).into_owned())
        .collect()
}

fn received(events: &[Event]) -> (&Message, Receipt) {
    match events {
        [
            Event::Message {
                message,
                sent: None,
                receipt,
                ..
            },
        ] => (message, *receipt),
        other => panic!("{other:?}"),
    }
}

/// One message of each kind that people send each other.
pub(crate) fn every_kind() -> Vec<Message> {
    let introduction = Introduction {
        nick: "Бен".into(),
        first: "Benvolio".into(),
        last: "Montague".into(),
        email: "ben@example.org".into(),
    };
    vec![
        Message::Text("Привет\nВерона".into()),
        Message::Text(String::new()),
        Message::Url {
            description: "A site".into(),
            url: "http://example.org/".into(),
        },
        Message::AuthorisationRequest {
            from: introduction.clone(),
            reason: "It is me".into(),
        },
        Message::AuthorisationDenied {
            reason: "No".into(),
        },
        Message::AuthorisationGranted,
        Message::Added(introduction),
        Message::Server("Down at noon".into()),
        Message::WebPager {
            name: "A visitor".into(),
            email: "v@example.org".into(),
            text: "hello".into(),
        },
        Message::EmailExpress {
            name: "A writer".into(),
            email: "w@example.org".into(),
            text: "hello".into(),
        },
        Message::Contacts(vec![(BEN, "Ben".into()), (TYBALT, "Tybalt".into())]),
    ]
}

#[test]
fn a_message_is_sent_once_it_is_acknowledged() {
    let mut scene = Scene::online();

    scene.sends(7, BEN, "hi");
    let sent = scene.next_sent();
    assert_eq!(
        sent.packet(),
        ToServer::SendMessage(SendMessage {
            to_uin: BEN,
            msg_type: 1,
            text: b"hi"
        })
    );
    assert_eq!(scene.take_events(), []);
    scene.acknowledges(&sent);

    assert_eq!(scene.take_events(), [Event::Sent(MessageId(7))]);
}

#[test]
fn every_kind_of_message_leaves_and_arrives_as_it_was() {
    let mut scene = Scene::online();
    for (id, message) in every_kind().into_iter().enumerate() {
        scene.asks(Command::Send {
            id: MessageId(id as u64),
            to: BEN,
            message: message.clone(),
        });
        let sent = scene.next_sent();
        scene.acknowledges(&sent);
        assert_eq!(scene.take_events(), [Event::Sent(MessageId(id as u64))]);

        let ToServer::SendMessage(SendMessage { msg_type, text, .. }) = sent.packet() else {
            panic!("not a message");
        };
        scene.says(&FromServer::Message(ReceiveMessage {
            from_uin: BEN,
            msg_type,
            text,
        }));
        let events = scene.take_events();
        assert_eq!(received(&events).0, &message);
        scene.take_sent();
    }
}

#[test]
fn what_the_service_tells_everybody_is_a_message_that_has_to_be_safe() {
    let mut scene = Scene::online();
    let announcement = FromServer::SystemMessage(Reason {
        text: Some(b"Down at noon"),
    });

    scene.says(&announcement);
    let events = scene.take_events();
    let (message, receipt) = received(&events);
    assert_eq!(*message, Message::Server("Down at noon".into()));
    assert!(scene.take_sent().is_empty());

    scene.asks(Command::Safe(receipt));
    assert_eq!(scene.take_sent().len(), 1);
}

#[test]
fn messages_to_one_contact_wait_for_each_other_and_for_nobody_else() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "one");
    scene.sends(2, BEN, "two");
    scene.sends(3, TYBALT, "three");

    let sent = scene.take_sent();
    assert_eq!(texts(&sent), ["one", "three"]);

    scene.acknowledges(&sent[1]);
    assert!(scene.sent_commands().is_empty());
    scene.acknowledges(&sent[0]);
    assert_eq!(texts(&scene.take_sent()), ["two"]);
}

#[test]
fn a_long_text_leaves_in_parts_of_450_bytes_one_after_the_other() {
    let mut scene = Scene::online();
    let text = "ю".repeat(1000);
    scene.sends(1, BEN, &text);
    scene.sends(2, BEN, "after");

    let mut parts = Vec::new();
    for _ in 0..3 {
        let sent = scene.next_sent();
        let part = text_of(&sent);
        assert!(part.len() <= 450, "{}", part.len());
        parts.extend(part);
        assert_eq!(scene.take_events(), []);
        scene.acknowledges(&sent);
    }

    assert_eq!(parts, Charset::WINDOWS_1251.encode(&text).bytes);
    assert_eq!(scene.take_events(), [Event::Sent(MessageId(1))]);
    assert_eq!(texts(&scene.take_sent()), ["after"]);
}

#[test]
fn a_part_that_is_never_acknowledged_ends_the_message_and_lets_the_next_one_go() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, &"a".repeat(1000));
    scene.sends(2, BEN, "after");
    let first = scene.next_sent();
    scene.acknowledges(&first);
    scene.waits_secs(59);
    let sent = scene.take_sent();
    let copies = sent
        .iter()
        .filter(|heard| heard.header.command == SEND_MESSAGE)
        .count();
    assert_eq!(copies, 6);
    for heard in sent {
        if heard.header.command == KEEP_ALIVE {
            scene.acknowledges(&heard);
        }
    }

    scene.waits_secs(1);

    assert_eq!(
        scene.take_events(),
        [Event::NotSent {
            id: MessageId(1),
            why: NotSent::Unacknowledged {
                parts_sent: 1,
                parts: 3
            }
        }]
    );
    assert_eq!(texts(&scene.take_sent()), ["after"]);
}

#[test]
fn what_the_code_page_lacks_leaves_as_question_marks_and_is_told() {
    let mut scene = Scene::online();
    let text = format!("{}☃", "☃".repeat(600));

    scene.sends(1, BEN, &text);

    assert_eq!(
        scene.take_events(),
        [Event::Replaced {
            id: MessageId(1),
            characters: 601
        }]
    );
    assert_eq!(text_of(&scene.next_sent()), b"?".repeat(450));
}

/// xmpp-gateway.md §12.2: what the gateway takes, ICQ gets.
#[test]
fn twenty_thousand_characters_leave_whatever_their_lines() {
    let line = "ю".repeat(229) + "\n";
    for text in [line.repeat(87), "\n".repeat(20_000), "ю".repeat(20_000)] {
        let mut scene = Scene::online();
        scene.sends(1, BEN, &text);

        let mut parts = Vec::new();
        while scene.take_events().is_empty() {
            let sent = scene.next_sent();
            parts.extend(text_of(&sent));
            scene.acknowledges(&sent);
        }

        assert_eq!(Charset::WINDOWS_1251.decode(&parts), text);
    }
}

#[test]
fn too_long_a_text_is_refused_before_it_leaves() {
    let mut scene = Scene::online();

    scene.sends(1, BEN, &"a".repeat(200_000));

    assert_eq!(
        scene.take_events(),
        [Event::NotSent {
            id: MessageId(1),
            why: NotSent::Unsupported
        }]
    );
    assert!(scene.sent_commands().is_empty());
}

#[test]
fn more_messages_than_can_wait_are_refused_at_once() {
    let mut scene = Scene::online();

    for id in 0..300 {
        scene.sends(id, BEN, "hi");
    }

    let refused = scene.take_events();
    assert_eq!(refused.len(), 100);
    assert_eq!(
        refused[0],
        Event::NotSent {
            id: MessageId(200),
            why: NotSent::NeverLeft
        }
    );
}

#[test]
fn few_packets_wait_for_acknowledgement_at_a_time() {
    let mut scene = Scene::online();

    for id in 0..100 {
        scene.sends(id, Uin(5000 + id as u32), "hi");
    }

    let sent = scene.take_sent();
    assert!(sent.len() <= 16, "{}", sent.len());
    scene.acknowledges(&sent[0]);
    assert_eq!(scene.take_sent().len(), 1);
}

/// A server remembers some twenty numbers: a repetition must not be older than that.
#[test]
fn a_packet_without_an_answer_holds_later_messages_back_before_it_is_too_old_to_be_known() {
    let mut scene = Scene::online();
    scene.sends(1, TYBALT, "never answered");
    let stuck = scene.next_sent();
    for id in 2..100 {
        scene.sends(id, BEN, "hi");
    }
    let mut newest = stuck.header.seq1;
    for _ in 0..100 {
        for heard in scene.take_sent() {
            newest = heard.header.seq1;
            scene.acknowledges(&heard);
        }
    }
    assert!(newest.wrapping_sub(stuck.header.seq1) < 20);

    scene.waits_secs(10);
    let repeated = scene.next_sent();
    assert_eq!(repeated.header.seq1, stuck.header.seq1);
    scene.acknowledges(&repeated);

    assert!(!scene.take_sent().is_empty());
}

#[test]
fn an_incoming_message_is_acknowledged_when_it_is_safe() {
    let mut scene = Scene::online();

    let seq1 = scene.says(&text_from(BEN, "hi"));
    let events = scene.take_events();
    let (message, receipt) = received(&events);
    assert_eq!(message, &Message::Text("hi".into()));
    assert!(scene.sent_commands().is_empty());

    scene.is_safe(receipt);
    let ack = scene.next_sent();
    assert_eq!(ack.header.command, ACK);
    assert_eq!(ack.header.seq1, seq1);
}

#[test]
fn the_repetition_of_a_message_that_is_not_safe_is_passed_over() {
    let mut scene = Scene::online();
    let seq1 = scene.says(&text_from(BEN, "hi"));
    let (_, receipt) = received(&scene.take_events());

    scene.says_as(seq1, &text_from(BEN, "hi"));
    assert_eq!(scene.take_events(), []);
    assert!(scene.sent_commands().is_empty());

    scene.is_safe(receipt);
    assert_eq!(scene.sent_commands(), [ACK]);
}

#[test]
fn the_repetition_of_a_safe_message_is_acknowledged_again_and_not_told() {
    let mut scene = Scene::online();
    let seq1 = scene.says(&text_from(BEN, "hi"));
    let (_, receipt) = received(&scene.take_events());
    scene.is_safe(receipt);
    scene.take_sent();

    scene.says_as(seq1, &text_from(BEN, "hi"));

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.next_sent().header.seq1, seq1);
}

#[test]
fn saying_safe_twice_or_of_nothing_does_nothing() {
    let mut scene = Scene::online();
    scene.says(&text_from(BEN, "hi"));
    let (_, receipt) = received(&scene.take_events());
    scene.is_safe(receipt);
    scene.take_sent();

    scene.is_safe(receipt);
    scene.is_safe(Receipt(999));

    assert!(scene.sent_commands().is_empty());
}

#[test]
fn messages_that_nobody_makes_safe_are_left_to_the_server_at_some_point() {
    let mut scene = Scene::online();
    for _ in 0..300 {
        scene.says(&text_from(BEN, "hi"));
    }
    let events = scene.take_events();
    assert_eq!(events.len(), 256);
    assert_eq!(scene.session.dropped().over_limit, 44);

    // The server repeats what it got no acknowledgement for; then there is room.
    let Event::Message { receipt, .. } = events[0] else {
        panic!("not a message");
    };
    scene.is_safe(receipt);
    scene.says_as(scene.seq1 - 1, &text_from(BEN, "hi"));
    assert_eq!(scene.take_events().len(), 1);
}

#[test]
fn messages_out_of_order_are_told_as_they_come() {
    let mut scene = Scene::online();
    let next = scene.seq1;

    scene.says_as(next + 1, &text_from(BEN, "second"));
    scene.says_as(next, &text_from(BEN, "first"));

    assert_eq!(scene.take_events().len(), 2);
}

#[test]
fn one_s_own_words_do_not_come_from_the_server() {
    let mut scene = Scene::online();

    scene.says(&text_from(ROMEO, "echo"));

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.sent_commands(), [ACK]);
}

#[test]
fn bytes_that_are_swapped_in_a_number_are_swapped_back() {
    let mut scene = Scene::online();

    scene.says(&FromServer::Message(ReceiveMessage {
        from_uin: Uin(BEN.0.swap_bytes()),
        msg_type: 0x0101,
        text: b"hi",
    }));

    assert!(matches!(
        scene.take_events().as_slice(),
        [Event::Message { from: BEN, .. }]
    ));
}

#[test]
fn a_message_cut_short_is_read_as_far_as_it_goes_or_acknowledged_and_dropped() {
    let mut scene = Scene::online();
    let header = scene.header(&text_from(BEN, "hi"), scene.seq1, 0);
    let whole = seal(&header, &text_from(BEN, "hi"));

    for length in 0..whole.len() {
        scene.seq1 += 1;
        let header = scene.header(&text_from(BEN, "hi"), scene.seq1, 0);
        let datagram = seal(&header, &text_from(BEN, "hi"));
        scene.delivers_bytes(&datagram[..length]);
        for event in scene.take_events() {
            let Event::Message { message, .. } = event else {
                panic!("{event:?}");
            };
            let Message::Text(text) = message else {
                panic!("{message:?}");
            };
            assert!("hi".starts_with(&text));
        }
    }

    assert!(scene.session.dropped().undecodable > 20);
}

#[test]
fn at_the_end_every_message_has_an_end_of_its_own() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "left");
    scene.sends(2, BEN, "waits");
    scene.asks(Command::RequestProfile(TYBALT));
    scene.take_sent();

    scene.asks(Command::LogOut);

    let events = scene.take_events();
    assert_eq!(
        events[..2],
        [
            Event::NotSent {
                id: MessageId(1),
                why: NotSent::SessionEnded
            },
            Event::NotSent {
                id: MessageId(2),
                why: NotSent::NeverLeft
            },
        ]
    );
    assert!(matches!(events[2], Event::Profile { uin: TYBALT, .. }));
    assert_eq!(events[3..], [Event::LoggedOut(LogoutReason::Asked)]);

    let goodbye = scene.next_sent();
    assert_eq!(goodbye.header.command, TEXT_CODE);
    assert_eq!(goodbye.header.session_id, scene.session.session_id());
}

#[test]
fn after_the_end_nothing_happens() {
    let mut scene = Scene::online();
    scene.asks(Command::LogOut);
    scene.take_events();
    scene.take_sent();

    scene.sends(1, BEN, "hi");
    scene.says(&text_from(BEN, "hi"));
    scene.wakes_after(std::time::Duration::from_secs(1000));

    assert_eq!(scene.take_events(), []);
    assert!(scene.sent_commands().is_empty());
}

/// A message whose body the server may refuse can cost the session, so none is ever longer.
#[test]
fn no_body_is_longer_than_the_limit() {
    let long = "Ы".repeat(5000);
    for message in [
        Message::Url {
            description: long.clone(),
            url: format!("http://{long}"),
        },
        Message::AuthorisationRequest {
            from: Introduction {
                nick: long.clone(),
                ..Introduction::default()
            },
            reason: long.clone(),
        },
        Message::Contacts(vec![(BEN, long.clone()); 100]),
        Message::Other {
            kind: 2,
            text: long,
        },
    ] {
        for body in body::encode(&message, Charset::WINDOWS_1251) {
            assert!(body.text.len() <= 450);
        }
    }
}

#[test]
fn somebody_who_writes_utf8_is_read_and_answered_in_it() {
    let mut scene = Scene::online();

    scene.says(&raw_from(BEN, "Привет, Ромео".as_bytes()));

    let events = scene.take_events();
    let [learnt, rest @ ..] = &events[..] else {
        panic!("nothing was told");
    };
    let expected = Event::WritesIn {
        uin: BEN,
        charset: Charset::UTF_8,
    };
    assert_eq!(*learnt, expected);
    assert_eq!(received(rest).0, &Message::Text("Привет, Ромео".into()));
    scene.take_sent();
    scene.sends(1, BEN, "Добрый день");
    assert_eq!(texts(&[scene.next_sent()]), ["Добрый день"]);

    // Another client of the same person.
    scene.says(&raw_from(BEN, b"\xcf\xf0\xe8\xe2\xe5\xf2"));
    let events = scene.take_events();
    assert_eq!(
        received(&events[events.len() - 1..]).0,
        &Message::Text("Привет".into())
    );
}

#[test]
fn a_contact_has_a_code_page_of_its_own() {
    let mut scene = Scene::online_with(Start {
        charsets: vec![(BEN, Charset::from_label("shift_jis").unwrap())],
        ..start()
    });
    scene.take_events();

    scene.says(&raw_from(BEN, b"\x93\xfa\x96\x7b"));
    assert_eq!(
        received(&scene.take_events()).0,
        &Message::Text("日本".into())
    );
    scene.says(&raw_from(TYBALT, b"\xcf\xf0"));
    assert_eq!(
        received(&scene.take_events()).0,
        &Message::Text("Пр".into())
    );

    scene.take_sent();
    scene.sends(1, BEN, "日本");
    assert_eq!(text_of(&scene.next_sent()), b"\x93\xfa\x96\x7b");
    scene.asks(Command::SetCharset {
        of: Some(TYBALT),
        charset: Charset::WINDOWS_1252,
    });
    scene.sends(2, TYBALT, "ö");
    assert_eq!(text_of(&scene.next_sent()), b"\xf6");
}

fn raw_from(from: Uin, text: &[u8]) -> FromServer<'_> {
    FromServer::Message(ReceiveMessage {
        from_uin: from,
        msg_type: 1,
        text,
    })
}
