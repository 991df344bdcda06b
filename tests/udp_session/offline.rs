//! Messages that waited on the server (icq-udp.md §7.5).

use icq_transport::icq::udp::FromServer;
use icq_transport::icq::udp::from_server::{Date, Multi, OfflineMessage, Sent};
use icq_transport::icq::{Command, Event, Receipt};
use icq_transport::model::{Availability, Message, UnixTime};

use super::scene::*;

fn stored(minute: u8, text: &str) -> FromServer<'_> {
    FromServer::OfflineMessage(OfflineMessage {
        from_uin: BEN,
        sent: Sent::Date(Date {
            year: 2001,
            month: 9,
            day: 9,
            hour: 1,
            minute,
        }),
        msg_type: 1,
        text: text.as_bytes(),
    })
}

const END: FromServer<'static> = FromServer::EndOfflineMessages;

/// Logged in, the list loaded; the messages are to come.
fn expecting() -> Scene {
    let mut scene = Scene::logged_in_with(start());
    scene.acknowledges_all();
    scene.says(&list_done());
    scene.acknowledges_all();
    scene.take_events();
    scene
}

fn texts(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message {
                message: Message::Text(text),
                sent: Some(_),
                ..
            } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn receipts(events: &[Event]) -> Vec<Receipt> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message { receipt, .. } => Some(*receipt),
            _ => None,
        })
        .collect()
}

fn makes_safe(scene: &mut Scene, events: &[Event]) {
    for receipt in receipts(events) {
        scene.is_safe(receipt);
    }
}

fn deletions(scene: &mut Scene) -> usize {
    scene
        .take_sent()
        .iter()
        .filter(|heard| heard.header.command == ACK_MESSAGES)
        .count()
}

#[test]
fn stored_messages_are_told_oldest_first_with_their_time() {
    let mut scene = expecting();

    scene.says(&stored(48, "third"));
    scene.says(&stored(46, "first"));
    scene.says(&stored(46, "second"));
    assert_eq!(scene.take_events(), []);
    scene.says(&END);

    let events = scene.take_events();
    assert_eq!(texts(&events), ["first", "second", "third"]);
    assert!(matches!(
        events[0],
        Event::Message {
            sent: Some(UnixTime(999_999_960_000)),
            ..
        }
    ));
    assert_eq!(events.last(), Some(&Event::OfflineMessagesEnd));
}

#[test]
fn they_are_acknowledged_at_once_and_deleted_when_all_are_safe() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.says(&stored(47, "two"));
    scene.says(&END);
    assert_eq!(scene.sent_commands(), [ACK, ACK, ACK]);
    let receipts = receipts(&scene.take_events());

    scene.is_safe(receipts[1]);
    assert_eq!(deletions(&mut scene), 0);
    scene.is_safe(receipts[0]);

    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn where_nothing_waited_nothing_is_deleted() {
    let mut scene = expecting();

    scene.says(&END);

    assert_eq!(scene.take_events(), [Event::OfflineMessagesEnd]);
    assert_eq!(scene.sent_commands(), [ACK]);
}

#[test]
fn the_deletion_is_repeated_until_it_is_acknowledged() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.says(&END);
    let events = scene.take_events();
    makes_safe(&mut scene, &events);
    scene.take_sent();

    scene.waits_secs(10);

    let deletion = scene.next_sent();
    assert_eq!(deletion.header.command, ACK_MESSAGES);
    scene.acknowledges(&deletion);
    scene.waits_secs(15);
    assert_eq!(deletions(&mut scene), 0);
}

/// open-oscar-server does not acknowledge it to V4 clients.
#[test]
fn a_deletion_that_nobody_acknowledges_holds_nothing_up() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.says(&END);
    let events = scene.take_events();
    makes_safe(&mut scene, &events);
    scene.sent_as(ACK_MESSAGES);

    scene.asks(Command::SetStatus(Availability::Away.into()));

    let status = scene.sent_as(SET_STATUS);
    scene.acknowledges(&status);
    for _ in 0..100 {
        scene.waits_secs(1);
        for heard in scene.take_sent() {
            if heard.header.command == KEEP_ALIVE {
                scene.acknowledges(&heard);
            }
        }
    }
    assert_eq!(scene.take_events(), []);
}

#[test]
fn without_the_word_that_this_was_all_nothing_is_deleted() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));

    let mut events = Vec::new();
    for _ in 0..200 {
        scene.waits_secs(1);
        let news = scene.take_events();
        makes_safe(&mut scene, &news);
        events.extend(news);
        assert!(
            scene
                .acknowledges_all()
                .iter()
                .all(|heard| heard.header.command != ACK_MESSAGES)
        );
    }

    // But what there is is told, after a while.
    assert_eq!(texts(&events), ["one"]);
    assert_eq!(events.last(), Some(&Event::OfflineMessagesEnd));
}

#[test]
fn the_word_that_this_was_all_may_come_after_it_was_waited_for() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    let lost = scene.seq1;
    scene.seq1 += 1;
    let mut events = Vec::new();
    while events.last() != Some(&Event::OfflineMessagesEnd) {
        scene.waits_secs(1);
        events.extend(scene.take_events());
        scene.acknowledges_all();
    }
    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 0);

    scene.says_as(lost, &END);

    assert_eq!(texts(&events), ["one"]);
    assert_eq!(deletions(&mut scene), 1);
}

/// The server forgets all messages at once, so one whose packet was lost would be lost for good.
#[test]
fn while_a_packet_is_missing_nothing_is_deleted_and_the_list_is_sent_again() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.seq1 += 1; // "two", lost
    scene.says(&END);
    scene.take_sent();
    assert_eq!(scene.take_events(), []);

    scene.waits_secs(12);
    let list = scene.next_sent();
    assert_eq!(list.header.command, CONTACT_LIST);
    scene.acknowledges(&list);
    scene.says(&list_done());
    scene.says(&stored(46, "one"));
    scene.says(&stored(47, "two"));
    scene.says(&END);

    let events = scene.take_events();
    assert_eq!(texts(&events), ["one", "two"]);
    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn the_request_for_them_is_repeated_until_it_is_answered() {
    let requests = |scene: &mut Scene| {
        scene.waits_secs(10);
        let sent = scene.take_sent();
        sent.iter()
            .filter(|heard| heard.header.command == REQUEST_OFFLINE)
            .count()
    };
    let mut scene = Scene::logged_in_with(start());
    let list = scene.sent_as(CONTACT_LIST);
    scene.acknowledges(&list);
    scene.says(&list_done());
    scene.sent_as(REQUEST_OFFLINE);

    assert_eq!(requests(&mut scene), 1);
    scene.says(&END);

    assert_eq!(requests(&mut scene), 0);
}

/// Servers that tell on request only never hear one that was lost, and it is not acknowledged everywhere.
#[test]
fn the_request_for_them_is_made_again_with_the_list() {
    let mut scene = expecting();
    let mut requests = 0;
    for _ in 0..20 {
        scene.waits_secs(1);
        for heard in scene.acknowledges_all() {
            requests += usize::from(heard.header.command == REQUEST_OFFLINE);
        }
    }
    assert_eq!(requests, 1);

    scene.says(&stored(46, "one"));
    scene.says(&END);

    assert_eq!(texts(&scene.take_events()), ["one"]);
}

#[test]
fn a_missing_packet_that_the_server_repeats_completes_them() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    let lost = scene.seq1;
    scene.seq1 += 1;
    scene.says(&END);

    scene.waits_secs(10);
    scene.says_as(lost, &stored(47, "two"));

    let events = scene.take_events();
    assert_eq!(texts(&events), ["one", "two"]);
    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn a_list_that_is_repeated_can_fill_the_gaps_of_the_first_telling() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.seq1 += 1; // "two", lost
    scene.says(&END);
    scene.take_sent();
    scene.waits_secs(12);
    let list = scene.sent_as(CONTACT_LIST);
    scene.acknowledges(&list);

    scene.says(&list_done());
    scene.seq1 += 1; // "one", lost this time
    scene.says(&stored(47, "two"));
    scene.says(&END);

    // Two packets between the ends of the list and of the messages, and two messages are known.
    let events = scene.take_events();
    assert_eq!(texts(&events), ["one", "two"]);
    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn the_gaps_are_filled_also_where_two_messages_look_the_same() {
    let mut scene = expecting();
    scene.says(&stored(46, "hi"));
    scene.says(&stored(46, "hi"));
    scene.seq1 += 1; // "two", lost
    scene.says(&END);
    scene.take_sent();
    scene.waits_secs(12);
    let list = scene.sent_as(CONTACT_LIST);
    scene.acknowledges(&list);

    scene.says(&list_done());
    scene.seq1 += 1; // "hi", lost this time
    scene.says(&stored(46, "hi"));
    scene.says(&stored(47, "two"));
    scene.says(&END);

    let events = scene.take_events();
    assert_eq!(texts(&events), ["hi", "hi", "two"]);
    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn what_was_lost_each_time_is_never_deleted() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.seq1 += 1; // "two", lost
    scene.says(&END);

    let mut events = Vec::new();
    for _ in 0..300 {
        scene.waits_secs(1);
        let news = scene.take_events();
        makes_safe(&mut scene, &news);
        events.extend(news);
        for heard in scene.acknowledges_all() {
            match heard.header.command {
                CONTACT_LIST => {
                    scene.says(&list_done());
                    scene.says(&stored(46, "one"));
                    scene.seq1 += 1; // "two", lost again
                    scene.says(&END);
                }
                ACK_MESSAGES => panic!("deleted unread"),
                _ => {}
            }
        }
    }

    assert_eq!(texts(&events), ["one"]);
    assert_eq!(events.last(), Some(&Event::OfflineMessagesEnd));
}

#[test]
fn what_was_lost_each_time_is_asked_for_again_more_and_more_seldom() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.seq1 += 1; // "two", lost
    scene.says(&END);

    let mut events = Vec::new();
    let mut asked = Vec::new();
    for second in 0..4000 {
        scene.waits_secs(1);
        let news = scene.take_events();
        makes_safe(&mut scene, &news);
        events.extend(news);
        for heard in scene.acknowledges_all() {
            if heard.header.command == CONTACT_LIST {
                asked.push(second);
                scene.says(&list_done());
                scene.says(&stored(46, "one"));
                match asked.len() {
                    8.. => _ = scene.says(&stored(47, "two")),
                    _ => scene.seq1 += 1, // lost again
                }
                scene.says(&END);
            }
        }
    }

    assert_eq!(texts(&events), ["one", "two"]);
    assert_eq!(asked.len(), 8, "{asked:?}");
    let pauses: Vec<i32> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 500), "{pauses:?}");
}

#[test]
fn messages_told_once_more_are_not_told_on() {
    let mut scene = expecting();
    scene.says(&stored(46, "one"));
    scene.says(&END);
    let events = scene.take_events();

    // A list that is repeated makes IServerd tell everything once more.
    scene.says(&list_done());
    scene.says(&stored(46, "one"));
    scene.says(&END);
    assert_eq!(scene.take_events(), []);
    assert_eq!(deletions(&mut scene), 0);

    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn stored_messages_that_come_in_one_packet_are_counted_by_that_packet() {
    let mut scene = expecting();
    let packets: Vec<_> = [stored(46, "one"), stored(47, "two"), END]
        .iter()
        .zip(700..)
        .map(|(packet, seq1)| seal(&scene.header(packet, seq1, 0), packet))
        .collect();

    scene.says(&FromServer::Multi(Multi {
        packets: packets.iter().map(Vec::as_slice).collect(),
    }));

    let events = scene.take_events();
    assert_eq!(texts(&events), ["one", "two"]);
    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn two_messages_that_look_the_same_are_two() {
    let mut scene = expecting();

    scene.says(&stored(46, "hi"));
    scene.says(&stored(46, "hi"));
    scene.says(&END);

    assert_eq!(texts(&scene.take_events()), ["hi", "hi"]);
}

#[test]
fn a_stored_message_that_comes_late_is_told_and_deleted_too() {
    let mut scene = expecting();
    scene.says(&END);
    scene.take_events();
    for _ in 0..300 {
        scene.waits_secs(1);
        scene.acknowledges_all();
    }

    scene.says(&stored(46, "late"));
    scene.says(&END);

    let events = scene.take_events();
    assert_eq!(texts(&events), ["late"]);
    makes_safe(&mut scene, &events);
    assert_eq!(deletions(&mut scene), 1);
}

#[test]
fn a_great_many_stored_messages_are_all_told_and_deleted() {
    let mut scene = expecting();
    let mut told = 0;
    for n in 0..900_u16 {
        let text = n.to_string();
        scene.says(&stored(46, &text));
        let events = scene.take_events();
        told += texts(&events).len();
        makes_safe(&mut scene, &events);
    }
    scene.says(&END);
    let events = scene.take_events();
    told += texts(&events).len();
    makes_safe(&mut scene, &events);

    assert_eq!(told, 900);
    assert_eq!(deletions(&mut scene), 1);
}
