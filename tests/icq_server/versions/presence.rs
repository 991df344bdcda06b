//! Who sees whom, whatever they speak.

use icq_transport::icq::udp::to_server::UinList;
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::server::Behaviour;

use super::{ALL, pairs};
use crate::stage::*;

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
fn a_presence_of_v3_and_v4_has_half_the_room_for_the_version_of_the_direct_protocol() {
    for version in ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, ALICE, 0, &[BOB]);
        stage.connect_in(Version::V5, BOB);
        let ToServer::Login(mut login) = login(b"pass0002", 0) else {
            unreachable!();
        };
        login.tcp_version = 0x8000_0006;

        stage.send(BOB, &ToServer::Login(login));

        let heard = stage.hears(ALICE);
        let high = match version {
            Version::V3 | Version::V4 => 0,
            Version::V1 | Version::V2 | Version::V5 => 0x80,
        };
        assert_eq!(heard[0].body[21..25], [6, 0, 0, high], "{version:?}");
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
