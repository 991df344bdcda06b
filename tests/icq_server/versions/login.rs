//! Logins, registrations and their refusals, version by version.

use icq_transport::icq::udp::from_server::LoginReply;
use icq_transport::icq::udp::to_server::Register;
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::icq::wire::Password;
use icq_transport::model::Uin;
use icq_transport::server::{Behaviour, LoginAnswer};

use super::{ALL, pairs};
use crate::stage::*;

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

fn hex(text: &str) -> Vec<u8> {
    bytes(&text.split_whitespace().collect::<String>())
}
