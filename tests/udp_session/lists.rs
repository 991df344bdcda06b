//! Contact list, exceptions, status and presence (icq-udp.md §6.4, §7.6).

use icq_transport::icq::udp::from_server::{StatusUpdate, UserOnline};
use icq_transport::icq::udp::to_server::{SetStatus, Target, UpdateList};
use icq_transport::icq::udp::{FromServer, ToServer};
use icq_transport::icq::{Command, Event, VisibilityList};
use icq_transport::model::{Availability, Message, Status, Uin};

use super::scene::*;

fn uins(count: u32) -> Vec<Uin> {
    (0..count).map(|n| Uin(2000 + n)).collect()
}

fn online(uin: Uin, status: u32) -> FromServer<'static> {
    FromServer::UserOnline(UserOnline {
        uin,
        ip: [0, 0, 0, 0].into(),
        tcp_port: 0,
        real_ip: [0, 0, 0, 0].into(),
        dc_mode: 6,
        status,
        tcp_version: Some(8),
        dc_cookie: None,
        web_port: None,
        futures: None,
        info_time: None,
        more_time: None,
        stat_time: None,
    })
}

fn status_of(uin: Uin, status: u32) -> FromServer<'static> {
    FromServer::StatusUpdate(StatusUpdate {
        target_uin: uin,
        status,
    })
}

fn offline(uin: Uin) -> FromServer<'static> {
    FromServer::UserOffline(Target { target_uin: uin })
}

fn presence(uin: Uin, status: impl Into<Option<Status>>) -> Event {
    Event::Presence {
        uin,
        status: status.into(),
    }
}

/// The sizes of the contact lists among what was sent.
fn list_sizes(sent: &[Heard]) -> Vec<usize> {
    sent.iter()
        .filter_map(|heard| match heard.packet() {
            ToServer::ContactList(list) => Some(list.uins.len()),
            _ => None,
        })
        .collect()
}

#[test]
fn the_lists_leave_in_order_and_the_request_for_messages_when_the_list_was_told() {
    let mut start = start();
    start.visible = vec![BEN];
    start.invisible = vec![TYBALT];
    let mut scene = Scene::logged_in_with(start);

    let mut order = Vec::new();
    for _ in 0..3 {
        let sent = scene.take_sent();
        let requests: Vec<_> = sent
            .into_iter()
            .filter(|heard| heard.header.command != ACK)
            .collect();
        assert_eq!(requests.len(), 1, "{:?}", commands(&requests));
        order.push(requests[0].header.command);
        scene.acknowledges(&requests[0]);
    }
    assert!(scene.sent_commands().is_empty());
    scene.says(&list_done());
    order.push(scene.sent_as(REQUEST_OFFLINE).header.command);

    assert_eq!(
        order,
        [CONTACT_LIST, INVISIBLE_LIST, VISIBLE_LIST, REQUEST_OFFLINE]
    );
}

#[test]
fn whoever_has_no_contacts_sends_an_empty_list() {
    let mut start = start();
    start.contacts = Vec::new();
    let mut scene = Scene::logged_in_with(start);

    let sent = scene.take_sent();

    assert_eq!(list_sizes(&sent), [0]);
}

#[test]
fn two_hundred_contacts_are_two_full_packets_and_an_empty_one() {
    let mut start = start();
    start.contacts = uins(200);
    let mut scene = Scene::logged_in_with(start);

    let sent = scene.acknowledges_all();

    assert_eq!(list_sizes(&sent), [100, 100, 0]);
}

#[test]
fn the_list_is_loaded_when_the_server_has_told_it() {
    let mut scene = Scene::logged_in_with(start());
    scene.acknowledges_all();
    scene.take_events();

    scene.says(&online(BEN, 0x0001));
    scene.says(&list_done());
    scene.says(&list_done());

    assert_eq!(
        scene.take_events(),
        [
            presence(BEN, Status::from(Availability::Away)),
            Event::ListLoaded
        ]
    );
}

#[test]
fn a_list_in_three_packets_is_loaded_with_the_last_of_them() {
    let mut start = start();
    start.contacts = uins(200);
    let mut scene = Scene::logged_in_with(start);
    scene.take_events();
    let mut lists = 0;

    while lists < 3 {
        for heard in scene.take_sent() {
            if heard.header.command == CONTACT_LIST {
                lists += 1;
                assert_eq!(scene.take_events(), []);
                // The answer comes after the acknowledgement, when the next packet has left already.
                scene.acknowledges(&heard);
                scene.says(&list_done());
            }
        }
    }

    assert_eq!(scene.take_events(), [Event::ListLoaded]);
}

#[test]
fn a_server_that_never_says_the_list_is_done_is_waited_for_and_asked_again() {
    let mut scene = Scene::logged_in_with(start());
    scene.acknowledges_all();
    scene.take_events();

    scene.waits_secs(11);
    assert_eq!(scene.take_events(), []);
    scene.waits_secs(1);

    assert_eq!(scene.take_events(), [Event::ListLoaded]);
    assert_eq!(list_sizes(&scene.take_sent()), [2]);
}

#[test]
fn the_answer_to_a_list_ends_its_repetition_even_if_the_acknowledgement_was_lost() {
    let mut scene = Scene::logged_in_with(start());
    scene.sent_as(CONTACT_LIST);

    scene.says(&list_done());

    assert_eq!(scene.sent_commands(), [ACK, REQUEST_OFFLINE]);
    scene.says(&FromServer::EndOfflineMessages);
    scene.take_sent();
    scene.waits_secs(45);
    assert!(scene.sent_commands().is_empty());
}

#[test]
fn a_lost_list_is_repeated_under_its_number() {
    let mut scene = Scene::logged_in_with(start());
    let first = scene.sent_as(CONTACT_LIST);

    scene.waits_secs(10);

    let copy = scene.next_sent();
    assert_eq!((copy.header, copy.body), (first.header, first.body));
}

#[test]
fn the_request_for_stored_messages_is_tried_once() {
    let mut scene = Scene::logged_in_with(start());
    scene.acknowledges_all();
    scene.says(&list_done());
    scene.says(&FromServer::EndOfflineMessages);
    scene.take_sent();

    scene.waits_secs(49);

    assert!(scene.sent_commands().is_empty());
}

#[test]
fn a_contact_added_later_is_watched_with_a_packet_of_their_own() {
    let mut scene = Scene::online();

    scene.asks(Command::AddContact(Uin(3000)));

    let sent = scene.sent_as(ADD_TO_LIST);
    assert_eq!(
        sent.packet(),
        ToServer::AddToList(Target {
            target_uin: Uin(3000)
        })
    );
}

#[test]
fn a_contact_who_was_removed_is_not_heard_of_any_more() {
    let mut scene = Scene::online();

    scene.asks(Command::RemoveContact(BEN));
    scene.says(&online(BEN, 0));
    scene.says(&offline(BEN));
    assert_eq!(scene.take_events(), []);

    scene.asks(Command::AddContact(BEN));
    scene.says(&online(BEN, 0));
    assert_eq!(scene.take_events(), [presence(BEN, Status::default())]);
}

#[test]
fn exceptions_are_changed_one_by_one() {
    let mut scene = Scene::online();
    scene.asks(Command::SetVisibility {
        uin: BEN,
        list: VisibilityList::Invisible,
        on: true,
    });
    scene.asks(Command::SetVisibility {
        uin: TYBALT,
        list: VisibilityList::Visible,
        on: false,
    });

    let sent = scene.acknowledges_all();

    assert_eq!(commands(&sent), [UPDATE_LIST, UPDATE_LIST]);
    let changes: Vec<_> = sent
        .iter()
        .map(|heard| match heard.packet() {
            ToServer::UpdateList(change) => change,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        changes,
        [
            UpdateList {
                target_uin: BEN,
                list: UpdateList::INVISIBLE,
                add: 1
            },
            UpdateList {
                target_uin: TYBALT,
                list: UpdateList::VISIBLE,
                add: 0
            },
        ]
    );
}

#[test]
fn a_lost_status_does_not_come_after_the_one_that_follows_it() {
    let mut scene = Scene::online();
    for availability in [
        Availability::Away,
        Availability::NotAvailable,
        Availability::Occupied,
    ] {
        scene.asks(Command::SetStatus(availability.into()));
    }

    let away = scene.next_sent();
    scene.waits_secs(10);
    assert_eq!(scene.next_sent().header, away.header);
    scene.acknowledges(&away);

    let occupied = scene.next_sent();
    let ToServer::SetStatus(SetStatus { status }) = occupied.packet() else {
        panic!("not a status");
    };
    assert_eq!(status & 0xFFFF, 0x0011);
    assert!(scene.acknowledges_all().is_empty());
}

#[test]
fn online_change_and_offline_become_presence_and_are_acknowledged() {
    let mut scene = Scene::online();

    scene.says(&online(BEN, 0x0001_0020));
    scene.says(&status_of(BEN, 0x0004));
    scene.says(&offline(BEN));

    assert_eq!(
        scene.take_events(),
        [
            presence(
                BEN,
                Status {
                    availability: Availability::FreeForChat,
                    web_aware: true,
                    ..Status::default()
                }
            ),
            presence(
                BEN,
                Status {
                    availability: Availability::NotAvailable,
                    web_aware: true,
                    ..Status::default()
                }
            ),
            presence(BEN, None),
        ]
    );
    assert_eq!(scene.sent_commands(), [ACK, ACK, ACK]);
}

/// open-oscar-server begins to count behind the answer to the login: both bear 0. It acknowledges
/// without the number of the request, and its texts end with two NULs.
#[test]
fn a_server_that_begins_to_count_behind_the_login_is_understood() {
    let mut scene = Scene::logged_in_with(start());
    let list = scene.sent_as(CONTACT_LIST);
    scene.take_events();

    let acknowledgement = scene.header(&FromServer::Ack, list.header.seq1, 0);
    scene.delivers(&acknowledgement, &FromServer::Ack);
    scene.says_as(0, &online(BEN, 0));
    scene.says_as(0, &online(BEN, 0));
    scene.says_as(1, &list_done());
    scene.says_as(2, &text_from(BEN, "hi\0"));

    let events = scene.take_events();
    let [seen, Event::ListLoaded, Event::Message { message, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(seen, &presence(BEN, Status::default()));
    assert_eq!(message, &Message::Text("hi".into()));
    let sent = scene.acknowledges_all();
    assert!(
        commands(&sent).contains(&REQUEST_OFFLINE),
        "the list is not acknowledged"
    );
}

#[test]
fn a_status_of_somebody_unknown_means_they_are_online() {
    let mut scene = Scene::online();

    scene.says(&status_of(Uin(4000), 0x0013));

    assert_eq!(
        scene.take_events(),
        [presence(
            Uin(4000),
            Status::from(Availability::DoNotDisturb)
        )]
    );
}

#[test]
fn presence_that_is_repeated_is_acknowledged_and_not_told_again() {
    let mut scene = Scene::online();
    let seq1 = scene.says(&online(BEN, 0));
    scene.take_events();
    scene.take_sent();

    scene.says_as(seq1, &online(BEN, 0));

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.sent_commands(), [ACK]);
    assert_eq!(scene.session.dropped().duplicates, 1);
}
