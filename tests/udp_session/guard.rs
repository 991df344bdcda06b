//! What is dropped, because anybody could have sent it (icq-udp.md §12).

use icq_transport::icq::udp::from_server::Reason;
use icq_transport::icq::udp::to_server::Target;
use icq_transport::icq::udp::{Dropped, FromServer, Header, Version};
use icq_transport::icq::{Event, LogoutReason, MessageId};
use icq_transport::model::Uin;

use super::scene::*;

fn v3(header: Header) -> Header {
    Header {
        version: Version::V3,
        session_id: 0,
        ..header
    }
}

#[test]
fn a_packet_of_another_session_is_dropped_unacknowledged_and_counted() {
    let mut scene = Scene::online();
    let mut header = scene.header(&text_from(BEN, "hi"), scene.seq1, 0);
    header.session_id ^= 1;

    scene.delivers(&header, &text_from(BEN, "hi"));

    assert_eq!(scene.take_events(), []);
    assert!(scene.sent_commands().is_empty());
    assert_eq!(
        scene.session.dropped(),
        Dropped {
            foreign_session: 1,
            ..Dropped::default()
        }
    );
}

#[test]
fn a_packet_for_another_number_is_dropped_unacknowledged_and_counted() {
    let mut scene = Scene::online();
    let mut header = scene.header(&text_from(BEN, "hi"), scene.seq1, 0);
    header.uin = TYBALT;

    scene.delivers(&header, &text_from(BEN, "hi"));

    assert_eq!(scene.take_events(), []);
    assert!(scene.sent_commands().is_empty());
    assert_eq!(scene.session.dropped().wrong_uin, 1);
}

#[test]
fn only_a_few_packets_may_come_without_a_session_id() {
    let mut scene = Scene::online();
    for packet in [
        text_from(BEN, "hi"),
        FromServer::UserOffline(Target { target_uin: BEN }),
        FromServer::BadPassword,
        FromServer::PreLoginList,
        FromServer::NewUin,
        FromServer::LoginError(Reason { text: None }),
        login_reply(),
        list_done(),
        FromServer::NotConnected,
        FromServer::TryAgain,
    ] {
        let header = v3(scene.header(&packet, scene.seq1, 0));
        scene.delivers(&header, &packet);
    }

    assert_eq!(scene.take_events(), []);
    assert!(scene.sent_commands().is_empty());
    assert_eq!(scene.session.dropped().unexpected, 10);
}

#[test]
fn an_acknowledgement_without_a_session_id_has_to_know_both_numbers() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let sent = scene.next_sent();

    let wrong = v3(scene.header(&FromServer::Ack, sent.header.seq1, sent.header.seq2 + 1));
    scene.delivers(&wrong, &FromServer::Ack);
    assert_eq!(scene.take_events(), []);

    let right = v3(scene.header(&FromServer::Ack, sent.header.seq1, sent.header.seq2));
    scene.delivers(&right, &FromServer::Ack);
    assert_eq!(scene.take_events(), [Event::Sent(MessageId(1))]);
}

#[test]
fn a_disowning_without_a_session_id_has_to_answer_something() {
    let mut scene = Scene::online();
    scene.sends(1, BEN, "hi");
    let sent = scene.next_sent();

    let header = v3(scene.header(&FromServer::NotConnected, 0, sent.header.seq2));
    scene.delivers(&header, &FromServer::NotConnected);

    assert_eq!(
        scene.take_events().last(),
        Some(&Event::LoggedOut(LogoutReason::SessionLost))
    );
}

#[test]
fn a_kick_without_a_session_id_is_believed_if_it_is_for_us() {
    let mut scene = Scene::online();
    let kick = FromServer::GoAway(Reason { text: None });
    let header = v3(scene.header(&kick, 0, 0));

    scene.delivers(
        &Header {
            uin: Uin(1),
            ..header
        },
        &kick,
    );
    assert_eq!(scene.take_events(), []);

    scene.delivers(&header, &kick);
    assert_eq!(
        scene.take_events(),
        [Event::LoggedOut(LogoutReason::Kicked(String::new()))]
    );
}

#[test]
fn what_overtakes_the_answer_to_the_login_is_left_to_the_server_to_repeat() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();
    let seq1 = scene.says(&text_from(BEN, "hi"));
    assert!(scene.sent_commands().is_empty());

    scene.answers_login(&login, &login_reply());
    scene.take_events();
    scene.says_as(seq1, &text_from(BEN, "hi"));

    assert_eq!(scene.take_events().len(), 1);
}

#[test]
fn a_packet_too_short_is_acknowledged_and_dropped() {
    let mut scene = Scene::online();
    let packet = FromServer::UserOffline(Target { target_uin: BEN });
    let datagram = seal(&scene.header(&packet, scene.seq1, 0), &packet);

    scene.delivers_bytes(&datagram[..datagram.len() - 1]);

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.sent_commands(), [ACK]);
    assert_eq!(scene.session.dropped().undecodable, 1);
}

#[test]
fn a_packet_nobody_has_a_name_for_is_acknowledged() {
    let mut scene = Scene::online();

    scene.says(&FromServer::Unknown {
        command: 0x7777,
        body: b"?",
    });

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.sent_commands(), [ACK]);
}

#[test]
fn a_flood_costs_a_bounded_number_of_answers() {
    let mut scene = Scene::online();
    for _ in 0..5000 {
        scene.says(&list_done());
    }
    let burst = scene.take_sent().len();
    assert!(burst <= 1000, "{burst}");

    scene.waits_secs(1);
    scene.take_sent();
    for _ in 0..5000 {
        scene.says(&list_done());
    }
    assert_eq!(scene.take_sent().len(), 200);
    assert!(scene.session.dropped().over_rate > 8000);
}

#[test]
fn a_flood_of_foreign_packets_takes_nothing_from_the_server_s_share() {
    let mut scene = Scene::online();
    let mut header = scene.header(&list_done(), 9, 0);
    header.session_id ^= 1;
    for _ in 0..5000 {
        scene.delivers(&header, &list_done());
    }

    scene.says(&text_from(BEN, "hi"));

    assert_eq!(scene.take_events().len(), 1);
}
