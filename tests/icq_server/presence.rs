//! Contact lists, statuses, and who sees whom.

use icq_transport::icq::udp::to_server::UinList;
use icq_transport::icq::udp::{FromServer, ToServer};
use icq_transport::model::Uin;
use icq_transport::server::Behaviour;

use crate::stage::*;

const INVISIBLE: u8 = 1;
const VISIBLE: u8 = 2;

#[test]
fn a_contact_list_is_answered_by_who_is_online_and_then_by_its_end() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(BOB, 0x0001_0001, &[]);
    stage.connect(ALICE);
    stage.send_login(ALICE, 0);
    stage.hears(ALICE);

    let request = stage.send(
        ALICE,
        &ToServer::ContactList(UinList {
            uins: vec![NOBODY, BOB, CAROL],
        }),
    );

    let heard = stage.hears(ALICE);
    let [online, done] = &heard[..] else {
        panic!("{heard:?}");
    };
    let FromServer::UserOnline(bob) = online.packet() else {
        panic!("{online:?}");
    };
    assert_eq!((bob.uin, bob.status), (BOB, 0x0001_0001));
    assert_eq!(bob.real_ip.octets(), [192, 168, 1, 5]);
    assert_eq!((bob.dc_mode, bob.tcp_version), (6, Some(6)));
    assert_eq!((bob.web_port, bob.futures), (Some(80), Some(3)));
    assert_eq!(online.body.len(), 49);
    let FromServer::ListDone(list) = done.packet() else {
        panic!("{done:?}");
    };
    assert_eq!(list.own_uin, Some(ALICE));
    assert_eq!(done.header.seq2, request.seq2);
}

#[test]
fn a_list_in_parts_is_answered_once_all_of_it_is_there() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(BOB);
    stage.connect(ALICE);
    stage.send_login(ALICE, 0);
    stage.hears(ALICE);

    stage.send_list(ALICE, &hundred_with(BOB));
    assert!(stage.commands(ALICE).is_empty());
    stage.send_list(ALICE, &[]);

    assert_eq!(stage.commands(ALICE), [0x006E, 0x021C]);
}

#[test]
fn the_rest_of_a_list_is_not_waited_for_for_ever() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(BOB);
    stage.connect(ALICE);
    stage.send_login(ALICE, 0);
    stage.hears(ALICE);

    stage.send_list(ALICE, &hundred_with(BOB));
    stage.pass(secs(2));

    assert_eq!(stage.commands(ALICE), [0x006E, 0x021C]);
}

#[test]
fn iserverd_answers_a_full_list_but_hands_out_messages_after_a_shorter_one() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(BOB);
    stage.send_text(BOB, ALICE, b"stored");
    stage.connect(ALICE);
    stage.send_login(ALICE, 0);
    stage.hears(ALICE);

    stage.send_list(ALICE, &hundred_with(BOB));
    assert_eq!(stage.commands(ALICE), [0x006E, 0x021C]);
    stage.send_list(ALICE, &[]);
    assert_eq!(stage.commands(ALICE), [0x021C, 0x00DC, 0x00E6]);
}

#[test]
fn iserverd_ends_the_session_over_a_list_of_101() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(ALICE);
    let mut list = hundred_with(BOB);
    list.push(CAROL);

    stage.send_list(ALICE, &list);

    assert_eq!(stage.all_commands(ALICE), [0x00F0], "not even acknowledged");
    assert!(!stage.is_online(ALICE));
}

#[test]
fn a_count_above_the_uins_present_is_tolerated() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(BOB);
    stage.connect(ALICE);
    let request = stage.send(ALICE, &login(b"pass0001", 0));
    stage.hears(ALICE);
    let header = icq_transport::icq::udp::Header {
        command: 0x0406,
        seq1: request.seq1 + 1,
        ..request
    };
    let mut body = vec![200];
    body.extend(BOB.0.to_le_bytes());

    let address = stage.client(ALICE).address;
    stage.send_datagram(address, &seal(&header, &body));

    assert_eq!(stage.commands(ALICE), [0x006E, 0x021C, 0x00E6]);
}

#[test]
fn who_watches_sees_somebody_come_change_and_go() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);

    stage.log_in(BOB);
    stage.send_status(BOB, 0x0001_0001);
    stage.send_status(BOB, 0x0001_0001);
    stage.log_off(BOB);

    let heard = stage.hears(ALICE);
    assert_eq!(statuses(&heard), [0x0001_0001]);
    let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
    assert_eq!(commands, [0x006E, 0x01A4, 0x0078]);
    assert!(heard.iter().all(|heard| heard.header.seq2 == 0));
}

#[test]
fn iserverd_announces_a_status_without_its_flags_and_forgets_them() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in_with(BOB, 0x2003_0000, &[]);
    assert_eq!(online_statuses(&stage.hears(ALICE)), [0x2003_0000]);

    stage.send_status(BOB, 0x2003_0001);

    assert_eq!(statuses(&stage.hears(ALICE)), [0x0000_0001]);
    stage.send_list(ALICE, &[BOB]);
    assert_eq!(online_statuses(&stage.hears(ALICE)), [0x0000_0001]);
}

#[test]
fn nobody_sees_who_did_not_ask() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);

    stage.log_in_with(BOB, 0, &[ALICE]);
    stage.send_status(BOB, 1);
    stage.log_off(BOB);

    assert!(stage.commands(ALICE).is_empty());
}

#[test]
fn an_invisible_user_is_offline_but_for_those_on_the_visible_list() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in_with(CAROL, 0, &[BOB]);
    stage.log_in(BOB);
    stage.send_update_list(BOB, CAROL, VISIBLE, 1);
    stage.hears(ALICE);
    stage.hears(CAROL);

    stage.send_status(BOB, 0x0100);
    assert_eq!(stage.commands(ALICE), [0x0078]);
    assert_eq!(statuses(&stage.hears(CAROL)), [0x0100]);

    stage.send_status(BOB, 0);
    assert_eq!(stage.commands(ALICE), [0x006E]);
    assert_eq!(statuses(&stage.hears(CAROL)), [0x0000]);
}

#[test]
fn iserverd_blinks_at_those_on_the_visible_list() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in_with(CAROL, 0, &[BOB]);
    stage.log_in(BOB);
    stage.send_update_list(BOB, CAROL, VISIBLE, 1);
    stage.hears(CAROL);

    stage.send_status(BOB, 0x0100);

    assert_eq!(stage.commands(CAROL), [0x0078, 0x01A4]);
}

#[test]
fn who_logs_in_invisible_is_not_seen() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);

    stage.log_in_with(BOB, 0x0100, &[]);
    stage.send_list(ALICE, &[BOB]);
    stage.log_off(BOB);

    assert_eq!(stage.commands(ALICE), [0x021C]);
}

#[test]
fn one_change_to_the_lists_shows_at_once() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in(BOB);
    stage.hears(ALICE);

    stage.send_update_list(BOB, ALICE, INVISIBLE, 1);
    assert_eq!(stage.commands(ALICE), [0x0078]);
    stage.send_update_list(BOB, ALICE, INVISIBLE, 0);
    assert_eq!(stage.commands(ALICE), [0x006E]);

    stage.send_status(BOB, 0x0100);
    assert_eq!(stage.commands(ALICE), [0x0078]);
    stage.send_update_list(BOB, ALICE, VISIBLE, 1);
    assert_eq!(online_statuses(&stage.hears(ALICE)), [0x0100]);
    stage.send_update_list(BOB, ALICE, VISIBLE, 0);
    assert_eq!(stage.commands(ALICE), [0x0078]);
}

#[test]
fn the_number_licq_has_for_the_invisible_list_is_understood_and_others_are_not() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in(BOB);
    stage.hears(ALICE);

    stage.send_update_list(BOB, ALICE, 3, 1);
    assert!(stage.commands(ALICE).is_empty());
    stage.send_update_list(BOB, ALICE, 0, 1);
    assert_eq!(stage.commands(ALICE), [0x0078]);
}

#[test]
fn a_whole_invisible_list_says_nothing_and_stops_everything_after_it() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in(BOB);
    stage.hears(ALICE);

    stage.send(BOB, &ToServer::InvisibleList(UinList { uins: vec![ALICE] }));
    stage.send_status(BOB, 1);
    stage.log_off(BOB);

    assert!(stage.commands(ALICE).is_empty());
}

#[test]
fn a_whole_visible_list_lets_those_on_it_see_an_invisible_user() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.log_in_with(BOB, 0x0100, &[]);

    stage.send(BOB, &ToServer::VisibleList(UinList { uins: vec![ALICE] }));

    assert_eq!(online_statuses(&stage.hears(ALICE)), [0x0100]);
}

#[test]
fn who_adds_somebody_sees_them_and_the_added_person_hears_nothing() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in(ALICE);
    stage.log_in(BOB);

    stage.send(ALICE, &ToServer::AddToList(target(BOB)));
    stage.send(ALICE, &ToServer::AddToList(target(CAROL)));
    assert_eq!(stage.commands(ALICE), [0x006E]);
    assert!(stage.commands(BOB).is_empty());

    stage.log_off(BOB);
    assert_eq!(stage.commands(ALICE), [0x0078]);
}

#[test]
fn a_server_can_be_made_to_tell_the_added_person() {
    let mut behaviour = Behaviour::reference();
    behaviour.announces_added = true;
    let mut stage = Stage::new(behaviour);
    stage.log_in(ALICE);
    stage.log_in(BOB);

    stage.send(ALICE, &ToServer::AddToList(target(BOB)));

    let text = b"alice\xFEAlice\xFEAnders\xFEalice@example.test\xFE1";
    assert_eq!(stage.texts(BOB), [(ALICE, 0x000C, text.to_vec())]);
}

#[test]
fn what_is_known_of_somebody_arrives_in_order_although_a_packet_is_lost() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.client(ALICE).acknowledges = false;
    stage.log_in(BOB);
    stage.log_off(BOB);
    let lost = stage.commands(ALICE);

    stage.client(ALICE).acknowledges = true;
    stage.pass(secs(10));

    assert_eq!(lost, [0x006E]);
    let heard = stage.commands(ALICE);
    let about_bob: Vec<u16> = heard.into_iter().filter(|c| *c != 0x00E6).collect();
    assert_eq!(about_bob, [0x006E, 0x0078]);
}

fn hundred_with(uin: Uin) -> Vec<Uin> {
    (1..100).map(|n| Uin(500_000 + n)).chain([uin]).collect()
}

fn statuses(heard: &[Heard]) -> Vec<u32> {
    heard
        .iter()
        .filter_map(|heard| match heard.packet() {
            FromServer::StatusUpdate(update) => Some(update.status),
            _ => None,
        })
        .collect()
}

fn online_statuses(heard: &[Heard]) -> Vec<u32> {
    heard
        .iter()
        .filter_map(|heard| match heard.packet() {
            FromServer::UserOnline(online) => Some(online.status),
            _ => None,
        })
        .collect()
}
