//! What sessions have in common, and what servers let them have.

use icq_transport::icq::udp::to_server::TextCode;
use icq_transport::icq::udp::{FromServer, Header, ToServer, Version};
use icq_transport::server::{Behaviour, ECHO, GATE, GREETER, OfflineMessages, Setup};

use super::{ALL, pairs};
use crate::stage::*;

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
fn a_probe_and_a_logoff_may_bear_the_same_number() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, ALICE, 0, &[]);
        let client = stage.client(ALICE);
        client.seq1 = 0;
        let (header, address) = (client.header(0x0438), client.address);

        for (text, is_there) in [
            (&b"B_MESSAGE_ACK"[..], true),
            (b"B_USER_DISCONNECTED", false),
        ] {
            let text = ToServer::TextCode(TextCode { text, code: 5 });
            stage.send_as(address, &header, &text);

            assert_eq!(stage.all_commands(ALICE), [0x000A], "{version:?}");
            assert_eq!(stage.is_online(ALICE), is_there, "{version:?}");
        }
    }
}

#[test]
fn open_oscar_server_repeats_half_in_v5_and_takes_a_probe_for_a_logoff() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::open_oscar());
        stage.log_in_as(version, ALICE, 0, &[]);

        let keep_alive = stage.send(ALICE, &ToServer::KeepAlive);
        let acks = stage.client(ALICE).take_inbox();
        let seq2 = match version {
            Version::V1 | Version::V2 | Version::V5 => 0,
            Version::V3 | Version::V4 => keep_alive.seq2,
        };
        assert_eq!(
            (acks[0].header.seq1, acks[0].header.seq2),
            (keep_alive.seq1, seq2)
        );

        let (text, code) = (&b"B_MESSAGE_ACK"[..], 5);
        stage.send(ALICE, &ToServer::TextCode(TextCode { text, code }));
        assert!(!stage.is_online(ALICE), "{version:?}");
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
    let logoff = ToServer::TextCode(TextCode {
        text: b"B_USER_DISCONNECTED",
        code: 5,
    });
    stage.send_as(other_port, &first.header(0x0438), &logoff);
    assert!(stage.is_online(BOB));
}
