//! Messages between versions: relayed, stored, deleted in each version's way.

use icq_transport::icq::udp::from_server::{Date, Sent};
use icq_transport::icq::udp::to_server::AckMessages;
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::server::Behaviour;

use super::{ALL, pairs};
use crate::stage::*;

#[test]
fn messages_of_every_kind_pass_between_every_two_versions() {
    let messages: [(u16, &[u8]); 11] = [
        (0x0001, b"hello\r\n\xEF\xF0\xE8\xE2\xE5\xF2"),
        (0x0001, b""),
        (0x0004, b"nice\xFEhttp://localhost/x"),
        (0x0006, b"a\xFEA\xFEO\xFEa@x.test\xFE1\xFEplease"),
        (0x0007, b"no"),
        (0x0008, b""),
        (0x000C, b"a\xFEA\xFEO\xFEa@x.test\xFE1"),
        (0x000D, b"n\xFE\xFE\xFEe@x.test\xFE3\xFEtext"),
        (0x000E, b"n\xFE\xFE\xFEe@x.test\xFE3\xFEtext"),
        (0x0013, b"1\xFE12345\xFEBob\xFE"),
        (0x8001, b"to many"),
    ];
    for (ours, theirs) in pairs() {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(ours, ALICE, 0, &[]);
        stage.log_in_as(theirs, BOB, 0, &[]);

        for (kind, text) in messages {
            stage.send_message(ALICE, BOB, kind, text);
        }

        let got = stage.texts(BOB);
        let expected: Vec<_> = messages
            .iter()
            .map(|(kind, text)| (ALICE, as_got(theirs, *kind), text.to_vec()))
            .collect();
        assert_eq!(got, expected, "{ours:?} to {theirs:?}");
    }
}

#[test]
fn what_waited_is_handed_out_and_deleted_in_each_versions_way() {
    for (ours, theirs) in pairs() {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(ours, ALICE, 0, &[]);
        stage.send_text(ALICE, BOB, b"first");
        stage.pass(secs(60));
        stage.send_message(ALICE, BOB, 0x8004, b"second\xFEhttp://x.test/");
        stage.log_in_as(theirs, BOB, 0, &[]);

        stage.send(BOB, &ToServer::RequestOffline);

        let heard = stage.hears(BOB);
        let [first, second, end] = &heard[..] else {
            panic!("{ours:?} to {theirs:?}: {heard:?}");
        };
        let FromServer::OfflineMessage(letter) = first.packet() else {
            panic!("{first:?}");
        };
        assert_eq!((letter.from_uin, letter.msg_type), (ALICE, 1));
        let date = Date {
            year: 2001,
            month: 9,
            day: 9,
            hour: 1,
            minute: 46,
        };
        let time = match theirs {
            Version::V3 => Sent::Unix(1_000_000_000),
            _ => Sent::Date(date),
        };
        assert_eq!((letter.sent, letter.text), (time, &b"first"[..]));
        let FromServer::OfflineMessage(letter) = second.packet() else {
            panic!("{second:?}");
        };
        assert_eq!(letter.msg_type, as_got(theirs, 0x8004));
        assert_eq!(end.header.command, 0x00E6);
        let uin: &[u8] = match theirs {
            Version::V1 | Version::V2 => &BOB.0.to_le_bytes(),
            _ => &[],
        };
        assert_eq!(end.body, uin);

        assert_eq!(stage.server.undelivered(BOB), 2);
        stage.send_deletion(BOB, &heard);
        assert_eq!(stage.server.undelivered(BOB), 0, "{theirs:?}");
        assert_eq!(stage.all_commands(BOB), [0x000A]);
    }
}

#[test]
fn a_deletion_that_is_not_the_versions_own_deletes_nothing() {
    for version in [Version::V1, Version::V2, Version::V3] {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, ALICE, 0, &[]);
        stage.send_text(ALICE, BOB, b"first");
        stage.log_in_as(version, BOB, 0, &[]);
        stage.send(BOB, &ToServer::RequestOffline);

        stage.client(BOB).seq1 += 100;
        stage.send(
            BOB,
            &ToServer::AckMessages(AckMessages { timestamp: Some(0) }),
        );

        assert_eq!(stage.server.undelivered(BOB), 1, "{version:?}");
    }
}

#[test]
fn groupware_deletes_up_to_the_time_it_says() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_as(Version::V5, ALICE, 0, &[]);
    for text in [b"first", b"later"] {
        stage.send_text(ALICE, BOB, text);
        stage.pass(secs(60));
    }
    stage.log_in_as(Version::V3, BOB, 0, &[]);
    stage.send(BOB, &ToServer::RequestOffline);

    for (timestamp, left) in [(999_999_999, 2), (1_000_000_000, 1), (1_000_000_060, 0)] {
        let timestamp = Some(timestamp);
        stage.send(BOB, &ToServer::AckMessages(AckMessages { timestamp }));
        assert_eq!(stage.server.undelivered(BOB), left);
    }
}

#[test]
fn only_v5_clients_get_stored_messages_unasked() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, ALICE, 0, &[]);
        stage.send_text(ALICE, BOB, b"first");
        stage.log_in_as(version, BOB, 0, &[]);

        stage.pass(secs(30));

        let expected: &[u16] = match version {
            Version::V5 => &[0x00DC, 0x00E6],
            _ => &[],
        };
        assert_eq!(stage.commands(BOB), expected, "{version:?}");
    }
}

#[test]
fn a_packet_that_comes_again_is_acknowledged_and_not_done_again() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, ALICE, 0, &[]);
        stage.log_in_as(version, BOB, 0, &[]);
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

        let acks = stage.client(ALICE).take_inbox();
        assert_eq!(acks.len(), 3, "{version:?}");
        for ack in acks {
            assert_eq!((ack.header.command, ack.header.seq1), (0x000A, header.seq1));
        }
        assert_eq!(stage.texts(BOB).len(), 1, "{version:?}");
    }
}

#[test]
fn what_a_client_does_not_acknowledge_comes_again_and_at_last_is_stored() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, ALICE, 0, &[]);
        stage.log_in_as(version, BOB, 0, &[]);
        stage.client(BOB).acknowledges = false;

        stage.send_text(ALICE, BOB, b"hello?");
        stage.pass(secs(41));

        let heard = stage.hears(BOB);
        let copies = heard.iter().filter(|heard| heard.header.command == 0x0104);
        assert_eq!(copies.count(), 5, "{version:?}");
        stage.pass(secs(10));
        assert!(!stage.is_online(BOB));
        assert_eq!(stage.server.undelivered(BOB), 1);
    }
}

/// The type with which a version gets a message: groupware has no flags (icq-udp.md §7.1).
fn as_got(version: Version, kind: u16) -> u16 {
    match version {
        Version::V3 => kind & 0x00FF,
        _ => kind,
    }
}
