//! One story for every version, and for every pair of versions where two meet.

use icq_transport::icq::udp::from_server::{Date, LoginReply, Sent};
use icq_transport::icq::udp::to_server::{
    AckMessages, ChangePassword, RandomGroup, Register, SearchUser, UinList, UpdateBasic,
    UpdateExtended,
};
use icq_transport::icq::udp::{FromServer, Header, ToServer, Version};
use icq_transport::icq::wire::Password;
use icq_transport::icq::wire::meta::{MetaInfo, MetaRequest, Person};
use icq_transport::model::Uin;
use icq_transport::server::{
    Account, Behaviour, ECHO, GATE, GREETER, LoginAnswer, MetaAnswer, OfflineMessages, Setup,
};

use crate::stage::*;

const ALL: [Version; 5] = Version::ALL;

#[test]
fn a_login_is_accepted_in_the_words_of_its_version() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.connect_in(version, ALICE);

        stage.send_login(ALICE, 0);

        let inbox = stage.client(ALICE).take_inbox();
        let sent = stage.client(ALICE).header(0);
        let [ack, reply] = &inbox[..] else {
            panic!("{version:?}: {inbox:?}");
        };
        assert_eq!((ack.header.command, ack.header.seq1), (0x000A, sent.seq1));
        assert_eq!((reply.header.command, reply.header.seq1), (0x005A, 0));
        assert_eq!(reply.header.session_id, sent.session_id);
        let FromServer::LoginReply(body) = reply.packet() else {
            panic!("{version:?}: {reply:?}");
        };
        assert_eq!(body.ip().map(|ip| ip.octets()), Some([127, 0, 0, 1]));
        let length = match (version, &body) {
            (Version::V1, LoginReply::V2(reply)) => {
                assert_eq!((reply.own_uin, reply.login_seq), (ALICE, 0));
                33
            }
            (Version::V2, LoginReply::V2(reply)) => {
                assert_eq!((reply.own_uin, reply.login_seq), (ALICE, 7));
                33
            }
            (Version::V3, LoginReply::V3(reply)) => {
                assert_eq!((reply.ping, reply.timeout, reply.retries), (45, 10, 5));
                30
            }
            (Version::V4, LoginReply::V4(reply)) => {
                assert_eq!((reply.ping, reply.timeout, reply.retries), (45, 10, 5));
                24
            }
            (Version::V5, LoginReply::V5(reply)) => {
                assert_eq!((reply.ping, reply.timeout, reply.retries), (110, 10, 5));
                20
            }
            _ => panic!("{version:?}: {body:?}"),
        };
        assert_eq!(reply.body.len(), length, "{version:?}");
        if version >= Version::V3 {
            assert_eq!((ack.header.seq2, reply.header.seq2), (sent.seq2, sent.seq2));
            assert_eq!((ack.header.uin, reply.header.uin), (ALICE, ALICE));
        }
    }
}

#[test]
fn a_v2_session_byte_by_byte() {
    let mut stage = Stage::new(Behaviour::reference());
    let address = stage.connect_in(Version::V2, ALICE).address;
    stage.client(ALICE).acknowledges = false;
    let mut say = |hex: &str| -> Vec<Vec<u8>> {
        // So that what the server says is left in `elsewhere`, as it was.
        stage.clients.clear();
        stage.send_datagram(address, &bytes(&hex.replace(' ', "")));
        stage
            .elsewhere
            .drain(..)
            .map(|(_, datagram)| datagram)
            .collect()
    };

    let login = "0200 e803 0100 410d0300 00000000 0900 7061737330303031 00 78000000 7f000001 \
                 04 00000000 03000000 0200 00000000 08007800";
    let reply = "0200 5a00 0000 410d0300 7f000001 0200 01000500 00000000 8c000000 f0000a00 \
                 0a000500 0a0001";
    assert_eq!(say(login), [hex("0200 0a00 0100"), hex(reply)]);
    assert!(say("0200 0a00 0000 410d0300").is_empty());
    assert_eq!(
        say("0200 0604 0200 410d0300 01 420d0300"),
        [hex("0200 0a00 0200"), hex("0200 1c02 0100 410d0300")]
    );
    assert_eq!(
        say("0200 4c04 0300 410d0300"),
        [hex("0200 0a00 0300"), hex("0200 e600 0200 410d0300")]
    );
    // The number of the 0x00E6, for which it stands.
    assert_eq!(say("0200 4204 0200 410d0300"), [hex("0200 0a00 0200")]);
    // Its own number, 4, and the number that the answer repeats, 9.
    assert_eq!(
        say("0200 6004 0400 410d0300 0900 430d0300"),
        [
            hex("0200 0a00 0400"),
            hex(
                "0200 1801 0300 0900 430d0300 0600 6361726f6c 00 0600 4361726f6c 00 \
                 0600 436c61726b 00 0100 00 01"
            ),
        ]
    );
    assert_eq!(
        say("0200 3804 0500 410d0300 1400 425f555345525f444953434f4e4e4543544544 00 0500"),
        [hex("0200 0a00 0500")]
    );
    assert_eq!(say("0200 2e04 0600 410d0300"), [hex("0200 f000 0000")]);
}

#[test]
fn a_v3_session_byte_by_byte() {
    let mut stage = Stage::new(Behaviour::reference());
    let address = stage.connect_in(Version::V3, ALICE).address;
    let mut say = |hex: &str| -> Vec<Vec<u8>> {
        stage.clients.clear();
        stage.send_datagram(address, &bytes(&hex.replace(' ', "")));
        stage
            .elsewhere
            .drain(..)
            .map(|(_, datagram)| datagram)
            .collect()
    };

    let login = "0300 e803 0100 0200 410d0300 00000000 00000000 0900 7061737330303031 00 \
                 7a00 0200 7f000001 04 00000000 02000000 00000000 03007a00";
    let reply = "0300 5a00 0000 0200 410d0300 00000000 7f000001 00000000 00000000 01000000 \
                 00 00 fa000000 2d00 0a00 0a00 0500";
    assert_eq!(
        say(login),
        [hex("0300 0a00 0100 0200 410d0300 00000000"), hex(reply)]
    );
    assert!(say("0300 0a00 0000 0000 410d0300 00000000").is_empty());
    assert_eq!(
        say("0300 0604 0200 0300 410d0300 00000000 00"),
        [
            hex("0300 0a00 0200 0300 410d0300 00000000"),
            hex("0300 1c02 0100 0300 410d0300 00000000"),
        ]
    );
    assert_eq!(
        say("0300 f005 0300 0400 410d0300 00000000"),
        [
            hex("0300 0a00 0300 0400 410d0300 00000000"),
            hex("0300 8200 0200 0400 410d0300 00000000 3c00 01000000 00000000 0200 2a00"),
        ]
    );
    // The logoff of groupware bears no numbers.
    let logoff = "0300 3804 0000 0000 410d0300 00000000 1400 \
                  425f555345525f444953434f4e4e4543544544 00 0500";
    assert_eq!(say(logoff), [hex("0300 0a00 0000 0000 410d0300 00000000")]);
    assert_eq!(
        say("0300 6004 0400 0500 410d0300 00000000 430d0300"),
        [hex("0300 f000 0000 0500 410d0300 00000000")]
    );
}

#[test]
fn users_of_every_two_versions_see_each_other() {
    for (ours, theirs) in pairs() {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(ours, ALICE, 0, &[BOB]);

        stage.log_in_as(theirs, BOB, 0x0001_0001, &[ALICE]);
        stage.send_status(BOB, 0x0000_0020);
        stage.log_off(BOB);

        let heard = stage.hears(ALICE);
        let [online, status, offline] = &heard[..] else {
            panic!("{ours:?} of {theirs:?}: {heard:?}");
        };
        assert_eq!(online.body.len(), if ours == Version::V5 { 49 } else { 25 });
        let FromServer::UserOnline(bob) = online.packet() else {
            panic!("{online:?}");
        };
        assert_eq!((bob.uin, bob.status), (BOB, 0x0001_0001));
        let FromServer::StatusUpdate(update) = status.packet() else {
            panic!("{status:?}");
        };
        assert_eq!((update.target_uin, update.status), (BOB, 0x20));
        assert_eq!(offline.packet(), FromServer::UserOffline(target(BOB)));
        for heard in &heard {
            assert_eq!(heard.header.seq2, 0);
        }
    }
}

#[test]
fn a_list_is_answered_by_who_is_online_with_whatever_version() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, BOB, 0, &[]);
        stage.log_in_as(Version::V2, CAROL, 1, &[]);
        stage.connect_in(version, ALICE);
        stage.send_login(ALICE, 0);
        stage.hears(ALICE);

        stage.send_list(ALICE, &[BOB, CAROL, DAVE]);

        let heard = stage.hears(ALICE);
        let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
        assert_eq!(commands, [0x006E, 0x006E, 0x021C], "{version:?}");
        let own_uin: &[u8] = match version {
            Version::V3 | Version::V4 => &[],
            _ => &ALICE.0.to_le_bytes(),
        };
        assert_eq!(heard[2].body, own_uin, "{version:?}");
    }
}

#[test]
fn exceptions_from_a_status_work_in_every_version() {
    for (ours, theirs) in pairs() {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(ours, ALICE, 0, &[BOB]);
        stage.log_in_as(theirs, BOB, 0x0100, &[]);
        assert!(stage.commands(ALICE).is_empty());

        stage.send(BOB, &ToServer::VisibleList(UinList { uins: vec![ALICE] }));
        assert_eq!(stage.commands(ALICE), [0x006E]);
        stage.send(BOB, &ToServer::InvisibleList(UinList { uins: vec![ALICE] }));
        stage.send_status(BOB, 0);
        stage.send_status(BOB, 1);

        let heard = stage.commands(ALICE);
        assert!(
            !heard.contains(&0x01A4),
            "{ours:?} of {theirs:?}: {heard:?}"
        );
    }
}

#[test]
fn whoever_is_added_is_seen_in_every_version() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, ALICE, 0, &[]);
        stage.log_in_as(Version::V5, BOB, 0, &[]);

        stage.send(ALICE, &ToServer::AddToList(target(BOB)));
        stage.log_off(BOB);

        assert_eq!(stage.commands(ALICE), [0x006E, 0x0078], "{version:?}");
    }
}

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

#[test]
fn a_wrong_password_is_refused_in_the_form_of_the_version() {
    for version in ALL {
        for uin in [ALICE, NOBODY] {
            let mut stage = Stage::new(Behaviour::reference());
            stage.connect_in(version, uin);

            let header = stage.send(uin, &login_in(version, b"wrong", 0));

            let heard = stage.hears(uin);
            assert_eq!(heard.len(), 1, "{version:?}");
            assert_eq!(heard[0].header.command, 0x0064);
            assert!(heard[0].body.is_empty());
            if version >= Version::V3 {
                assert_eq!(heard[0].header.seq2, header.seq2);
            }
        }
    }
}

#[test]
fn three_wrong_passwords_are_enough_in_every_version() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.connect_in(version, ALICE);
        for attempt in 0..3_u8 {
            // Every one from a fresh client: before V4 nothing but the password tells them apart.
            let client = stage.connect_in(version, ALICE);
            client.seq1 = 0;
            let wrong = [b'w', attempt];
            stage.send(ALICE, &login_in(version, &wrong, 0));
            assert_eq!(stage.commands(ALICE), [0x0064]);
        }

        stage.send_login(ALICE, 0);
        assert_eq!(stage.commands(ALICE), [0x00FA], "{version:?}");
        stage.pass(secs(61));
        stage.send_login(ALICE, 0);
        assert_eq!(stage.commands(ALICE), [0x005A], "{version:?}");
    }
}

#[test]
fn who_has_no_session_learns_it_in_the_form_of_the_version() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.connect_in(version, ALICE);

        stage.send(ALICE, &ToServer::InfoRequest(target(BOB)));

        let heard = stage.client(ALICE).take_inbox();
        assert_eq!(heard.len(), 1, "{version:?}");
        assert_eq!((heard[0].header.command, heard[0].header.seq1), (0x00F0, 0));
    }
}

#[test]
fn a_session_is_bound_to_its_version_and_its_address() {
    for (ours, theirs) in pairs() {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(ours, ALICE, 0, &[]);
        let real = stage.client(ALICE).clone();
        let elsewhere = match ours == theirs {
            true => std::net::SocketAddr::from(([127, 0, 0, 2], 9)),
            false => real.address,
        };
        let header = Header {
            version: theirs,
            ..real.header(0x04D8)
        };

        let status =
            ToServer::SetStatus(icq_transport::icq::udp::to_server::SetStatus { status: 0x20 });
        stage.clients.clear();
        stage.send_as(elsewhere, &header, &status);

        assert_eq!(stage.server.online(), [(ALICE, 0)]);
        let (to, datagram) = &stage.elsewhere[0];
        assert_eq!(*to, elsewhere);
        assert_eq!(open_in(theirs, datagram).header.command, 0x00F0);
    }
}

#[test]
fn a_login_with_another_version_replaces_the_first_session_and_tells_it() {
    for (first, second) in pairs() {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, BOB, 0, &[ALICE]);
        stage.log_in_as(first, ALICE, 0, &[]);
        stage.hears(BOB);
        let old = stage.client(ALICE).clone();

        stage.version = second;
        stage.connect_at(ALICE, 9);
        stage.send_login(ALICE, 0);

        assert_eq!(stage.commands(ALICE), [0x005A], "{first:?}, {second:?}");
        assert_eq!(stage.commands(BOB), [0x0078, 0x006E]);
        let [(to, datagram)] = &stage.elsewhere[..] else {
            panic!("{first:?}, {second:?}: {:?}", stage.elsewhere);
        };
        let told = open_in(first, datagram);
        assert_eq!((*to, told.header.command), (old.address, 0x0028));
        assert_eq!(told.body.is_empty(), first != Version::V3);
        stage.send_text(ALICE, BOB, b"here I am");
        assert_eq!(stage.texts(BOB).len(), 1);
    }
}

#[test]
fn a_client_may_log_off_and_on_again_from_its_port() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        for _ in 0..3 {
            stage.log_in_as(version, ALICE, 0, &[]);
            stage.log_off(ALICE);
            assert!(!stage.is_online(ALICE), "{version:?}");
        }
    }
}

#[test]
fn a_repeated_login_is_acknowledged_only() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        let client = stage.connect_in(version, ALICE);
        client.acknowledges = false;
        let address = client.address;
        let header = stage.send(ALICE, &login_in(version, b"pass0001", 0));
        stage.hears(ALICE);

        stage.send_as(address, &header, &login_in(version, b"pass0001", 0));

        assert_eq!(stage.all_commands(ALICE), [0x000A], "{version:?}");
    }
}

#[test]
fn kicked_and_silent_clients_go_in_every_version() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, BOB, 0, &[ALICE]);
        stage.log_in_as(version, ALICE, 0, &[]);
        stage.hears(BOB);

        assert!(stage.server.kick(stage.now, ALICE));
        stage.deliver();
        assert_eq!(stage.commands(ALICE), [0x0028], "{version:?}");
        assert_eq!(stage.commands(BOB), [0x0078]);

        stage.log_in_as(version, ALICE, 0, &[]);
        for _ in 0..4 {
            stage.pass(secs(50));
            stage.send(BOB, &ToServer::KeepAlive);
            stage.send(ALICE, &ToServer::KeepAlive);
        }
        assert!(stage.is_online(ALICE));
        for _ in 0..4 {
            stage.pass(secs(50));
            stage.send(BOB, &ToServer::KeepAlive);
        }
        assert!(!stage.is_online(ALICE), "{version:?}");
    }
}

#[test]
fn a_short_profile_is_told_with_the_number_of_its_request() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, CAROL, 0, &[]);

        let request = stage.send(CAROL, &ToServer::InfoRequest(target(ALICE)));
        stage.send(CAROL, &ToServer::InfoRequest(target(NOBODY)));

        let heard = stage.hears(CAROL);
        assert_eq!(heard[0].header.seq2, request.seq2, "{version:?}");
        let FromServer::InfoReply(alice) = heard[0].packet() else {
            panic!("{heard:?}");
        };
        let named = match version {
            Version::V3 => Uin(0),
            _ => ALICE,
        };
        assert_eq!((alice.target_uin, alice.nick), (named, &b"alice"[..]));
        assert_eq!(
            (alice.email, alice.auth_byte),
            (&b"alice@example.test"[..], Some(1))
        );
        assert_eq!(alice.status_byte.is_some(), version == Version::V4);
        let nobody = match version {
            Version::V3 => FromServer::InvalidUser(target(NOBODY)),
            _ => FromServer::InvalidUin(target(NOBODY)),
        };
        assert_eq!(heard[1].packet(), nobody);
    }
}

#[test]
fn a_longer_profile_is_told_with_a_postal_code_in_v5_only() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        let mut account = Account::new(ALICE, "x").named("alice", "", "");
        account.home.city = b"Riga".to_vec();
        account.home.country = 371;
        account.home.zip = b"1000".to_vec();
        account.about = b"about me".to_vec();
        stage.server.set_account(account);
        stage.log_in_as(version, CAROL, 0, &[]);

        let request = stage.send(CAROL, &ToServer::ExtInfoRequest(target(ALICE)));

        let heard = stage.hears(CAROL);
        assert_eq!(heard[0].header.seq2, request.seq2, "{version:?}");
        let FromServer::ExtendedInfo(info) = heard[0].packet() else {
            panic!("{heard:?}");
        };
        assert_eq!(
            (info.target_uin, info.city, info.country),
            (ALICE, &b"Riga"[..], 371)
        );
        assert_eq!(info.about, b"about me");
        assert_eq!(info.zip, (version == Version::V5).then_some(1000));
    }
}

#[test]
fn old_searches_find_people_in_every_version() {
    for version in ALL {
        let mut behaviour = Behaviour::reference();
        behaviour.search_limit = 2;
        let mut stage = Stage::new(behaviour);
        stage.log_in_as(version, CAROL, 0, &[]);

        let request = stage.send(CAROL, &ToServer::SearchUin(target(BOB)));
        let heard = stage.hears(CAROL);
        assert_eq!(found(&heard), ([BOB].to_vec(), Some(0)), "{version:?}");
        assert!(heard.iter().all(|heard| heard.header.seq2 == request.seq2));

        let search = |nick, email| {
            ToServer::SearchUser(SearchUser {
                nick,
                first: b"",
                last: b"",
                email,
            })
        };
        stage.send(CAROL, &search(b"LIC", b""));
        assert_eq!(found(&stage.hears(CAROL)), ([ALICE].to_vec(), Some(0)));
        stage.send(CAROL, &search(b"", b"alice@"));
        assert_eq!(found(&stage.hears(CAROL)), ([ALICE].to_vec(), Some(0)));
        stage.send(CAROL, &search(b"nobody at all", b""));
        assert_eq!(found(&stage.hears(CAROL)), (vec![], Some(0)));

        for uin in [ALICE, BOB, DAVE] {
            stage
                .server
                .set_account(Account::new(uin, "x").named("many", "", ""));
        }
        stage.send(CAROL, &search(b"many", b""));
        assert_eq!(found(&stage.hears(CAROL)), ([ALICE, BOB].to_vec(), Some(1)));
    }
}

#[test]
fn one_changes_ones_names_with_what_the_version_has() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, CAROL, 0, &[]);
        let update = UpdateBasic {
            nick: b"zed",
            first: b"Zed",
            last: b"Zett",
            email: b"z@x.test",
            auth_byte: Some(0),
        };
        let (packet, done) = match version {
            Version::V1 | Version::V2 => (ToServer::UpdateBasicOld(update), 0x00B4),
            Version::V3 | Version::V4 | Version::V5 => (ToServer::UpdateBasic(update), 0x01E0),
        };

        let request = stage.send(CAROL, &packet);

        let heard = stage.hears(CAROL);
        assert_eq!(heard.len(), 1, "{version:?}");
        assert_eq!(
            (heard[0].header.command, heard[0].header.seq2),
            (done, request.seq2)
        );
        let account = stage.server.account(CAROL).unwrap();
        assert_eq!(
            (&account.nick[..], &account.last[..]),
            (&b"zed"[..], &b"Zett"[..])
        );
        assert!(account.authorisation_required);
    }
}

#[test]
fn one_changes_the_rest_of_ones_profile_where_the_version_has_it() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, CAROL, 0, &[]);

        stage.send(
            CAROL,
            &ToServer::UpdateExtended(UpdateExtended {
                city: b"Riga",
                country: 371,
                timezone: 0xFC,
                state: b"",
                age: 31,
                gender: 1,
                phone: b"1",
                homepage: b"h",
                about: b"a",
                zip: Some(1000),
            }),
        );

        let has_it = version != Version::V3;
        let expected: &[u16] = if has_it { &[0x000A, 0x00C8] } else { &[0x000A] };
        assert_eq!(stage.all_commands(CAROL), expected, "{version:?}");
        let account = stage.server.account(CAROL).unwrap();
        assert_eq!(account.home.city == b"Riga", has_it);
    }
}

#[test]
fn a_password_is_changed_and_counts_from_the_next_login() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, CAROL, 0, &[]);
        let password = Password(b"changed");

        match version {
            Version::V4 | Version::V5 => {
                let new = icq_transport::icq::wire::meta::NewPassword { password };
                stage.send(CAROL, &ToServer::Meta(MetaRequest::SetPassword(new)));
                assert_eq!(stage.commands(CAROL), [0x03DE]);
            }
            Version::V1 | Version::V2 | Version::V3 => {
                let change = ChangePassword { x: None, password };
                stage.send(CAROL, &ToServer::ChangePassword(change));
                let expected: &[u16] = match version {
                    Version::V3 => &[0x000A, 0x0140],
                    _ => &[0x000A],
                };
                assert_eq!(stage.all_commands(CAROL), expected);
            }
        }

        stage.log_off(CAROL);
        stage.connect_in(version, CAROL);
        stage.send(CAROL, &login_in(version, b"pass0003", 0));
        assert_eq!(stage.commands(CAROL), [0x0064], "{version:?}");
        stage.send(CAROL, &login_in(version, b"changed", 0));
        assert_eq!(stage.commands(CAROL), [0x005A], "{version:?}");
    }
}

#[test]
fn a_new_number_is_given_in_the_form_of_the_version_and_works() {
    for version in [Version::V1, Version::V2, Version::V4, Version::V5] {
        let mut stage = Stage::new(Behaviour::reference());
        let address = stage.connect_in(version, Uin(0)).address;
        let wish = ToServer::Register(Register::new(Password(b"secret12")));

        stage.send_body(Uin(0), 0x04EC, b"\x44\x33\x22\x11");
        assert_eq!(stage.all_commands(Uin(0))[0], 0x000A);
        let header = stage.send(Uin(0), &wish);
        stage.send_as(address, &header, &wish);

        let heard = stage.hears(Uin(0));
        assert_eq!(heard.len(), 2, "{version:?}");
        let uin = heard[0].header.uin;
        for heard in &heard {
            assert_eq!(heard.header.command, 0x0046);
            assert_eq!((heard.header.uin, heard.header.seq2), (uin, header.seq2));
            let length = if version < Version::V3 { 0 } else { 4 };
            assert_eq!(heard.body.len(), length);
        }
        stage.connect_in(version, uin);
        stage.send(uin, &login_in(version, b"secret12", 0));
        assert_eq!(stage.commands(uin), [0x005A], "{version:?}");
    }
}

#[test]
fn two_v2_clients_with_equal_numbers_get_two_numbers() {
    let mut stage = Stage::new(Behaviour::reference());
    let wish = ToServer::Register(Register::new(Password(b"secret12")));
    stage.version = Version::V2;
    let mut numbers = Vec::new();
    for port in [50, 51] {
        stage.connect_at(Uin(0), port);
        stage.send(Uin(0), &wish);
        numbers.push(stage.hears(Uin(0))[0].header.uin);
    }

    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn what_clients_ask_before_a_login_is_answered_where_the_version_has_an_answer() {
    for version in [Version::V2, Version::V3, Version::V4, Version::V5] {
        let mut stage = Stage::new(Behaviour::reference());
        stage.connect_in(version, ALICE);

        stage.send_body(ALICE, 0x03F2, b"\x41\x0d\x03\0\x09\0pass0001\0");

        let inbox = stage.client(ALICE).take_inbox();
        let list: &[u8] = b"\x01\0\0\0\0\0\0\0\x02\0\x2a\0";
        match version {
            Version::V1 | Version::V2 => assert_eq!(inbox.len(), 1),
            Version::V3 | Version::V4 => assert_eq!(inbox[1].body, list),
            Version::V5 => assert!(inbox[1].body.is_empty()),
        }
        assert!(
            inbox
                .iter()
                .skip(1)
                .all(|heard| heard.header.command == 0x0032)
        );
        assert!(!stage.is_online(ALICE));
    }
}

#[test]
fn requests_that_a_version_does_not_have_are_acknowledged_and_nothing_else() {
    let new_status = [0x20, 0, 0, 0];
    for (version, command, body) in [
        (Version::V1, 0x064A, &b"\xBA\x04\x41\x0d\x03\0"[..]),
        (Version::V2, 0x064A, b"\xBA\x04\x41\x0d\x03\0"),
        (Version::V3, 0x064A, b"\xBA\x04\x41\x0d\x03\0"),
        (Version::V2, 0x05FA, b"\x41\x0d\x03\0"),
        (Version::V4, 0x05FA, b"\x41\x0d\x03\0"),
        (Version::V5, 0x05C8, b"\xff\x01\0\0\x02\0a\0"),
        (Version::V4, 0x0564, b"\x01\0\0\0"),
        (Version::V3, 0x03FC, b"\x02\0a\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        (Version::V4, 0x06B8, b"\x41\x0d\x03\0\x01\x01"),
        (Version::V5, 0x0CCC, &new_status),
    ] {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, CAROL, 0, &[]);

        stage.send_body(CAROL, command, body);

        assert_eq!(
            stage.all_commands(CAROL),
            [0x000A],
            "{version:?} {command:#06x}"
        );
        assert_eq!(stage.server.counters().unknown, 1);
    }
}

#[test]
fn the_contacts_living_in_the_server_answer_in_every_version() {
    for version in ALL {
        let mut stage = Stage::with(Setup {
            accounts: accounts(),
            ..Setup::default()
        });
        stage.log_in_as(version, ALICE, 0, &[ECHO, GATE, GREETER]);

        stage.send_text(ALICE, ECHO, b"hello");
        stage.send_message(ALICE, GATE, 6, b"a\xFEA\xFEO\xFE\xFE1\xFEplease");
        stage.pass(secs(6));

        let texts = stage.texts(ALICE);
        let said: Vec<_> = texts.iter().map(|(from, kind, _)| (*from, *kind)).collect();
        assert_eq!(said, [(ECHO, 1), (GREETER, 1), (GATE, 8)], "{version:?}");
    }
}

#[test]
fn a_server_can_be_made_to_speak_some_versions_only() {
    for spoken in ALL {
        let mut behaviour = Behaviour::reference();
        behaviour.versions = match spoken {
            Version::V1 => &[Version::V1],
            Version::V2 => &[Version::V2],
            Version::V3 => &[Version::V3],
            Version::V4 => &[Version::V4],
            Version::V5 => &[Version::V5],
        };
        for version in ALL {
            let mut stage = Stage::new(behaviour.clone());
            stage.connect_in(version, ALICE);

            stage.send_login(ALICE, 0);

            let expected: &[u16] = match version == spoken {
                true => &[0x000A, 0x005A],
                false => &[],
            };
            assert_eq!(
                stage.all_commands(ALICE),
                expected,
                "{version:?} to {spoken:?}"
            );
        }
    }
}

#[test]
fn a_server_can_be_made_to_answer_logins_of_every_version_with_anything() {
    for version in ALL {
        for (answer, command) in [
            (LoginAnswer::TryAgain, 0x00FA),
            (LoginAnswer::NotConnected, 0x00F0),
        ] {
            let mut behaviour = Behaviour::reference();
            behaviour.login_answer = answer;
            let mut stage = Stage::new(behaviour);
            stage.connect_in(version, ALICE);

            stage.send_login(ALICE, 0);

            assert_eq!(stage.all_commands(ALICE), [0x000A, command], "{version:?}");
        }
    }
}

#[test]
fn a_server_can_be_made_to_refuse_meta() {
    let short = ToServer::Meta(MetaRequest::ShortInfo(Person { uin: ALICE }));
    for version in [Version::V4, Version::V5] {
        for (meta, expected) in [
            (MetaAnswer::AcknowledgedOnly, &[0x000A][..]),
            (MetaAnswer::Refused, &[0x000A, 0x03DE]),
            (MetaAnswer::Due, &[0x000A, 0x03DE]),
        ] {
            let mut behaviour = Behaviour::reference();
            behaviour.meta = meta;
            let mut stage = Stage::new(behaviour);
            stage.log_in_as(version, CAROL, 0, &[]);

            stage.send(CAROL, &short);

            let heard = stage.client(CAROL).take_inbox();
            let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
            assert_eq!(commands, expected, "{version:?}");
            if let Some(FromServer::Meta(reply)) = heard.get(1).map(Heard::packet) {
                let is_refused = meta == MetaAnswer::Refused;
                assert_eq!((reply.subcmd, reply.result == 0x32), (0x0104, is_refused));
                assert_eq!(reply.info == MetaInfo::Nothing, is_refused);
            }
        }
    }
}

#[test]
fn somebody_of_a_random_chat_group_is_found_until_they_leave() {
    let group = |group| RandomGroup {
        group: icq_transport::icq::udp::to_server::Group::Long(group),
    };
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);
    stage.log_in_with(CAROL, 0x0100, &[]);
    stage.send(BOB, &ToServer::RandomSet(group(1)));
    stage.send(CAROL, &ToServer::RandomSet(group(1)));
    stage.send(ALICE, &ToServer::RandomSet(group(1)));

    let meet = |stage: &mut Stage, number| {
        let request = stage.send(ALICE, &ToServer::RandomSearch(group(number)));
        let heard = stage.hears(ALICE);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].header.seq2, request.seq2);
        match heard[0].packet() {
            FromServer::RandomUser(user) => (user.target_uin, heard[0].body.len()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        meet(&mut stage, 1),
        (BOB, 4 + 37 - 4),
        "and nobody invisible"
    );
    assert_eq!(meet(&mut stage, 2), (Uin(0), 4));
    assert_eq!(meet(&mut stage, 0), (Uin(0), 4));
    stage.send(BOB, &ToServer::RandomSet(group(0)));
    assert_eq!(meet(&mut stage, 1), (Uin(0), 4));
}

#[test]
fn iserverd_speaks_v3_and_v5_and_differs_between_them() {
    let behaviour = Behaviour::iserverd();
    for version in [Version::V1, Version::V2, Version::V4] {
        let mut stage = Stage::new(behaviour.clone());
        stage.connect_in(version, ALICE);
        stage.send_login(ALICE, 0);
        assert!(stage.all_commands(ALICE).is_empty(), "{version:?}");
        assert_eq!(stage.server.counters().unspoken, 1);
    }

    assert_eq!(behaviour.offline_messages, OfflineMessages::AfterEachList);
    let mut stage = Stage::new(behaviour);
    stage.log_in_as(Version::V5, ALICE, 0, &[BOB]);
    stage.send_message(ALICE, BOB, 0x8001, b"stored");
    stage.log_in_as(Version::V3, BOB, 0, &[ALICE]);
    let heard = stage.hears(ALICE);
    let FromServer::UserOnline(bob) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert!(bob.ip.is_unspecified() && bob.real_ip.is_unspecified());
    assert_eq!((bob.tcp_port, bob.dc_mode, bob.web_port), (0, 0, Some(0)));

    assert!(stage.commands(BOB).is_empty(), "only when asked");
    let request = stage.send(BOB, &ToServer::RequestOffline);
    let heard = stage.client(BOB).take_inbox();
    let numbers: Vec<_> = heard
        .iter()
        .map(|heard| (heard.header.command, heard.header.seq2))
        .collect();
    assert_eq!(
        numbers,
        [(0x000A, request.seq2), (0x00DC, 0), (0x00E6, request.seq2)]
    );

    // A message bears a number of somebody else.
    stage.send_text(ALICE, BOB, b"hi");
    let heard = stage.hears(BOB);
    assert_ne!(heard[0].header.seq2, 0);

    // Old searches and the longer profile: acknowledged only. The short profile has no UIN.
    stage.send(BOB, &ToServer::SearchUin(target(ALICE)));
    stage.send(BOB, &ToServer::ExtInfoRequest(target(ALICE)));
    assert_eq!(stage.all_commands(BOB), [0x000A, 0x000A]);
    let request = stage.send(BOB, &ToServer::InfoRequest(target(NOBODY)));
    let heard = stage.hears(BOB);
    assert_eq!(heard[0].header.seq2, request.seq2);
    assert_eq!(heard[0].packet(), FromServer::InvalidUser(target(NOBODY)));

    // A second login is refused with words.
    let first = stage.client(BOB).clone();
    stage.version = Version::V3;
    stage.connect_at(BOB, 9);
    stage.send_login(BOB, 0);
    let heard = stage.hears(BOB);
    let FromServer::LoginError(reason) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    let text = b"User 200002 already connected.\r\nTry again later.";
    assert_eq!(reason.text, Some(&text[..]));

    // From another port not even a logoff counts.
    let other_port = std::net::SocketAddr::from(([127, 0, 0, 1], 10));
    let logoff = ToServer::TextCode(icq_transport::icq::udp::to_server::TextCode {
        text: b"B_USER_DISCONNECTED",
        code: 5,
    });
    stage.send_as(other_port, &first.header(0x0438), &logoff);
    assert!(stage.is_online(BOB));
}

/// Every two versions, in both orders, and every one with itself.
fn pairs() -> impl Iterator<Item = (Version, Version)> {
    ALL.into_iter()
        .flat_map(|ours| ALL.into_iter().map(move |theirs| (ours, theirs)))
}

/// The type with which a version gets a message: groupware has no flags (icq-udp.md §7.1).
fn as_got(version: Version, kind: u16) -> u16 {
    match version {
        Version::V3 => kind & 0x00FF,
        _ => kind,
    }
}

/// Whom an old search found, and whether it says that there are more.
fn found(heard: &[Heard]) -> (Vec<Uin>, Option<u8>) {
    let mut uins = Vec::new();
    for heard in heard {
        match heard.packet() {
            FromServer::UserFound(user) => uins.push(user.target_uin),
            FromServer::EndOfSearch(end) => return (uins, end.more),
            other => panic!("{other:?}"),
        }
    }
    panic!("the search does not end: {uins:?}");
}

fn hex(text: &str) -> Vec<u8> {
    bytes(&text.split_whitespace().collect::<String>())
}
