//! Repetition, keep-alive, and how a session finds out that it is over (icq-udp.md §4.2, §4.5).

use std::time::Duration;

use icq_transport::icq::udp::FromServer;
use icq_transport::icq::udp::from_server::Reason;
use icq_transport::icq::{Command, Event, LogoutReason, MessageId, NotSent};
use icq_transport::model::{Availability, Uin};

use super::scene::*;

fn end(events: &[Event]) -> Option<&LogoutReason> {
    events.iter().find_map(|event| match event {
        Event::LoggedOut(reason) => Some(reason),
        _ => None,
    })
}

/// Lets `secs` pass, acknowledging what `is_heard` says.
fn answering(scene: &mut Scene, secs: u64, is_heard: impl Fn(&Heard) -> bool) {
    for _ in 0..secs {
        for heard in scene.take_sent() {
            if is_heard(&heard) {
                scene.acknowledges(&heard);
            }
        }
        scene.waits_secs(1);
    }
}

#[test]
fn a_repetition_keeps_its_numbers_and_is_sealed_anew() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let first = scene.next_sent();

    scene.waits(Duration::from_millis(9_999));
    assert!(scene.sent_commands().is_empty());
    scene.waits(Duration::from_millis(1));

    let copy = scene.next_sent();
    assert_eq!((copy.header, &copy.body), (first.header, &first.body));
    assert_ne!(copy.datagram, first.datagram);
}

#[test]
fn the_acknowledgement_of_any_copy_ends_the_repetition() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    scene.next_sent();
    scene.waits_secs(10);
    let copy = scene.next_sent();

    scene.acknowledges(&copy);
    scene.acknowledges(&copy);
    assert_eq!(scene.take_events(), [Event::Sent(MessageId(1))]);

    scene.waits_secs(30);
    assert!(scene.sent_commands().is_empty());
}

#[test]
fn an_acknowledgement_is_known_by_its_first_number_alone() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let sent = scene.next_sent();

    let header = scene.header(&FromServer::Ack, sent.header.seq1, 0);
    scene.delivers(&header, &FromServer::Ack);

    assert_eq!(scene.take_events(), [Event::Sent(MessageId(1))]);
}

#[test]
fn acknowledgements_are_not_acknowledged() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let sent = scene.next_sent();

    scene.acknowledges(&sent);

    assert!(scene.sent_commands().is_empty());
}

#[test]
fn packets_are_counted_and_requests_are_counted_and_a_keep_alive_is_no_request() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let message = scene.next_sent();
    scene.acknowledges(&message);
    scene.waits_secs(50);
    let keep_alive = scene.next_sent();
    scene.acknowledges(&keep_alive);
    scene.sends(2, BEN, "hi");
    let next = scene.next_sent();

    assert_eq!(keep_alive.header.command, KEEP_ALIVE);
    assert_eq!(keep_alive.header.seq2, 0);
    assert_eq!(keep_alive.header.seq1, message.header.seq1.wrapping_add(1));
    assert_eq!(next.header.seq1, message.header.seq1.wrapping_add(2));
    assert_eq!(next.header.seq2, message.header.seq2.wrapping_add(1));
}

#[test]
fn the_server_hears_from_an_idle_session_at_the_interval() {
    let mut start = start();
    start.keep_alive = Duration::from_secs(30);
    let mut scene = Scene::online_with(start);

    let mut keep_alives = 0;
    for _ in 0..300 {
        scene.waits_secs(1);
        for heard in scene.acknowledges_all() {
            assert_eq!(heard.header.command, KEEP_ALIVE);
            keep_alives += 1;
        }
    }

    assert_eq!(keep_alives, 10);
    assert_eq!(scene.take_events(), []);
}

#[test]
fn one_keep_alive_waits_at_a_time_however_short_the_interval() {
    let mut start = start();
    start.keep_alive = Duration::from_secs(10);
    let mut scene = Scene::online_with(start);

    scene.waits_secs(60);

    let sent = scene.take_sent();
    assert_eq!(sent.len(), 6);
    assert!(sent.iter().all(|copy| copy.header == sent[0].header));
}

#[test]
fn an_interval_of_nothing_is_not_taken_at_its_word() {
    let mut start = start();
    start.keep_alive = Duration::ZERO;
    let mut scene = Scene::online_with(start);

    scene.waits_secs(9);

    assert!(scene.sent_commands().is_empty());
}

#[test]
fn silence_after_a_keep_alive_means_the_connection_is_lost() {
    let mut scene = Scene::online();

    scene.waits_secs(50 + 59);
    assert_eq!(end(&scene.take_events()), None);
    scene.waits_secs(1);

    assert_eq!(
        end(&scene.take_events()),
        Some(&LogoutReason::ConnectionLost)
    );
    assert_eq!(scene.take_sent().last().unwrap().header.command, TEXT_CODE);
}

#[test]
fn a_keep_alive_that_fails_while_the_server_is_heard_does_not_end_the_session() {
    let mut scene = Scene::online();
    for _ in 0..12 {
        scene.waits_secs(10);
        scene.says(&list_done());
    }

    assert_eq!(end(&scene.take_events()), None);
}

#[test]
fn three_failures_in_a_row_mean_the_connection_is_lost() {
    let mut scene = Scene::online();
    for id in 0..3 {
        scene.sends(id, Uin(5000 + id as u32), "hi");
    }

    scene.waits_secs(59);
    assert_eq!(scene.take_events(), []);
    scene.waits_secs(1);

    let events = scene.take_events();
    assert_eq!(events.len(), 4, "{events:?}");
    assert_eq!(end(&events), Some(&LogoutReason::ConnectionLost));
}

/// On a bad line several packets that left together may fail together.
#[test]
fn failures_in_a_row_do_not_end_a_session_whose_server_is_heard() {
    let mut scene = Scene::online();
    for id in 0..3 {
        scene.sends(id, Uin(5000 + id as u32), "hi");
    }

    // The keep-alive is acknowledged before the messages fail.
    answering(&mut scene, 100, |heard| heard.header.command == KEEP_ALIVE);

    let events = scene.take_events();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(end(&events), None);
}

#[test]
fn a_server_that_does_not_hear_us_is_lost_although_it_is_heard() {
    let mut scene = Scene::online();
    for id in 0..12 {
        scene.sends(id, Uin(5000 + id as u32), "hi");
    }

    for _ in 0..15 {
        scene.waits_secs(10);
        scene.says(&list_done());
    }

    assert_eq!(
        end(&scene.take_events()),
        Some(&LogoutReason::ConnectionLost)
    );
}

#[test]
fn failures_with_a_success_between_them_do_not_end_the_session() {
    let mut scene = Scene::online();
    for id in 0..6 {
        scene.sends(id, BEN, "lost");
    }

    answering(&mut scene, 300, |heard| heard.header.command == KEEP_ALIVE);

    let events = scene.take_events();
    assert!(events.len() >= 4);
    assert_eq!(end(&events), None);
}

#[test]
fn a_request_for_stored_messages_that_nobody_acknowledges_is_no_failure() {
    let mut scene = Scene::logged_in_with(start());

    answering(&mut scene, 400, |heard| {
        ![ACK, REQUEST_OFFLINE].contains(&heard.header.command)
    });

    assert_eq!(end(&scene.take_events()), None);
}

#[test]
fn a_kick_is_acknowledged_and_ends_the_session_with_its_reason() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    scene.take_sent();

    scene.says(&FromServer::GoAway(Reason {
        text: Some(b"Elsewhere"),
    }));

    assert_eq!(
        scene.take_events(),
        [
            Event::NotSent {
                id: MessageId(1),
                why: NotSent::SessionEnded
            },
            Event::LoggedOut(LogoutReason::Kicked("Elsewhere".into()))
        ]
    );
    assert_eq!(scene.sent_commands(), [ACK]);
}

#[test]
fn a_session_the_server_does_not_know_is_lost_and_the_message_surely_unread() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let sent = scene.next_sent();

    scene.answers(&sent, &FromServer::NotConnected);

    assert_eq!(
        scene.take_events(),
        [
            Event::NotSent {
                id: MessageId(1),
                why: NotSent::NeverLeft
            },
            Event::LoggedOut(LogoutReason::SessionLost)
        ]
    );
}

#[test]
fn a_message_that_was_repeated_before_the_session_was_lost_may_have_been_read() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    scene.next_sent();
    scene.waits_secs(10);
    let copy = scene.next_sent();

    scene.answers(&copy, &FromServer::NotConnected);

    assert_eq!(
        scene.take_events()[0],
        Event::NotSent {
            id: MessageId(1),
            why: NotSent::SessionEnded
        }
    );
}

#[test]
fn a_keep_alive_finds_out_that_the_session_is_lost() {
    let mut scene = Scene::online();
    scene.waits_secs(50);
    let keep_alive = scene.next_sent();

    scene.answers(&keep_alive, &FromServer::NotConnected);

    assert_eq!(end(&scene.take_events()), Some(&LogoutReason::SessionLost));
}

#[test]
fn a_server_that_acknowledges_first_and_disowns_then_is_believed() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let sent = scene.next_sent();
    scene.acknowledges(&sent);

    scene.answers(&sent, &FromServer::NotConnected);

    assert_eq!(end(&scene.take_events()), Some(&LogoutReason::SessionLost));
}

#[test]
fn a_disowning_that_answers_nothing_is_ignored() {
    let mut scene = Scene::online();
    scene.waits_secs(20);

    for seq2 in [0, 1, 2, 999] {
        let header = scene.header(&FromServer::NotConnected, 0, seq2);
        scene.delivers(&header, &FromServer::NotConnected);
    }

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.session.dropped().unexpected, 4);
}

#[test]
fn a_busy_server_gets_the_message_again_later_under_new_numbers() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let first = scene.next_sent();

    scene.answers(&first, &FromServer::TryAgain);
    assert_eq!(scene.sent_commands(), [ACK]);
    scene.waits_secs(4);
    assert!(scene.sent_commands().is_empty());
    scene.waits_secs(1);

    let second = scene.next_sent();
    assert_eq!(second.body, first.body);
    assert_ne!(second.header.seq1, first.header.seq1);
    assert_ne!(second.header.seq2, first.header.seq2);
    scene.acknowledges(&second);
    assert_eq!(scene.take_events(), [Event::Sent(MessageId(1))]);
}

#[test]
fn a_server_that_stays_busy_is_asked_six_times() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");

    let mut asked = 0;
    for _ in 0..300 {
        for heard in scene.take_sent() {
            match heard.header.command {
                SEND_MESSAGE => {
                    asked += 1;
                    scene.answers(&heard, &FromServer::TryAgain);
                }
                ACK => {}
                _ => scene.acknowledges(&heard),
            }
        }
        scene.waits_secs(1);
    }

    assert_eq!(asked, 6);
    assert!(matches!(
        scene.take_events().as_slice(),
        [Event::NotSent { .. }]
    ));
}

#[test]
fn an_answer_ends_the_repetition_where_the_acknowledgement_was_lost() {
    let mut scene = Scene::online();
    scene.asks(Command::SetStatus(Availability::Away.into()));
    let sent = scene.next_sent();

    scene.answers(&sent, &FromServer::SetAuthAnswer);

    assert_eq!(scene.sent_commands(), [ACK]);
    scene.waits_secs(30);
    assert!(scene.sent_commands().is_empty());
}

#[test]
fn after_a_pause_of_the_whole_machine_packets_are_repeated_once_not_in_a_burst() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    scene.take_sent();

    scene.wakes_after(Duration::from_secs(3600));

    let sent = scene.sent_commands();
    assert_eq!(sent, [SEND_MESSAGE, KEEP_ALIVE]);
}

/// open-oscar-server does that when a copy of the login comes late, and counts from the start.
#[test]
fn a_server_that_begins_the_session_anew_is_not_told_that_its_messages_came() {
    let mut scene = Scene::logged_in_with(start());
    scene.acknowledges_all();
    let seen = scene.says(&list_done());
    scene.take_events();
    scene.take_sent();
    let own = scene.session.session_id();

    scene.says_as(seen, &list_done());
    assert_eq!(scene.sent_commands(), [ACK]);
    scene.says_as(seen, &text_from(BEN, "hi"));

    assert_eq!(end(&scene.take_events()), Some(&LogoutReason::SessionLost));
    assert_eq!(scene.sent_commands(), [TEXT_CODE]);
    // The goodbye may be lost.
    assert_eq!(scene.session.open_sessions(), [own]);
}
