//! Profiles, searches, changes and random chat, as far as a version has them.

use icq_transport::icq::udp::to_server::{
    ChangePassword, RandomGroup, SearchUser, UpdateBasic, UpdateExtended,
};
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::icq::wire::Password;
use icq_transport::icq::wire::meta::{MetaInfo, MetaRequest, Person};
use icq_transport::model::Uin;
use icq_transport::server::{Account, Behaviour, MetaAnswer};

use super::ALL;
use crate::stage::*;

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
