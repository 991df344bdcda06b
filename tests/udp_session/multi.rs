//! Several packets in one (icq-udp.md §4.6).

use icq_transport::icq::Event;
use icq_transport::icq::udp::FromServer;
use icq_transport::icq::udp::from_server::Multi;
use icq_transport::icq::udp::to_server::Target;

use super::scene::*;

fn offline() -> FromServer<'static> {
    FromServer::UserOffline(Target { target_uin: BEN })
}

/// Packets with the numbers `seq1`, `seq1 + 1`, … inside one.
fn inner(scene: &Scene, seq1: u16, packets: &[FromServer<'_>]) -> Vec<Vec<u8>> {
    packets
        .iter()
        .zip(seq1..)
        .map(|(packet, seq1)| seal(&scene.header(packet, seq1, 0), packet))
        .collect()
}

fn multi(packets: &[Vec<u8>]) -> FromServer<'_> {
    FromServer::Multi(Multi {
        packets: packets.iter().map(Vec::as_slice).collect(),
    })
}

fn receipts(events: &[Event]) -> Vec<icq_transport::icq::Receipt> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message { receipt, .. } => Some(*receipt),
            _ => None,
        })
        .collect()
}

#[test]
fn packets_inside_are_taken_as_if_alone_and_only_the_outer_is_acknowledged() {
    let mut scene = Scene::online();
    let packets = inner(&scene, scene.seq1, &[offline(), offline()]);

    let seq1 = scene.says(&multi(&packets));

    assert_eq!(scene.take_events().len(), 2);
    let ack = scene.next_sent();
    assert_eq!((ack.header.command, ack.header.seq1), (ACK, seq1));
}

#[test]
fn packets_inside_have_numbers_of_their_own() {
    let mut scene = Scene::online();
    let packets = inner(&scene, scene.seq1, &[offline()]);

    // The first inside has the number of the outer, and a later one alone the number of an inner.
    scene.says(&multi(&packets));
    scene.says(&offline());
    assert_eq!(scene.take_events().len(), 2);

    scene.says(&multi(&packets));
    assert_eq!(scene.take_events(), []);
}

#[test]
fn the_outer_acknowledgement_waits_until_all_messages_inside_are_safe() {
    let mut scene = Scene::online();
    let packets = inner(
        &scene,
        500,
        &[text_from(BEN, "one"), offline(), text_from(BEN, "two")],
    );
    let seq1 = scene.says(&multi(&packets));
    let receipts = receipts(&scene.take_events());
    assert_eq!(receipts.len(), 2);

    scene.says_as(seq1, &multi(&packets));
    scene.is_safe(receipts[0]);
    assert!(scene.sent_commands().is_empty());
    assert_eq!(scene.take_events(), []);

    scene.is_safe(receipts[1]);
    assert_eq!(scene.next_sent().header.seq1, seq1);

    scene.says_as(seq1, &multi(&packets));
    assert_eq!(scene.next_sent().header.seq1, seq1);
    assert_eq!(scene.take_events(), []);
}

#[test]
fn a_multi_inside_a_multi_is_dropped() {
    let mut scene = Scene::online();
    let innermost = inner(&scene, 500, &[offline()]);
    let nested = inner(&scene, 600, &[multi(&innermost)]);

    scene.says(&multi(&nested));

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.sent_commands(), [ACK]);
    assert_eq!(scene.session.dropped().unexpected, 1);
}

#[test]
fn packets_inside_are_checked_like_any_other() {
    let mut scene = Scene::online();
    let mut header = scene.header(&offline(), 500, 0);
    header.session_id ^= 1;
    let foreign = seal(&header, &offline());
    let packets = [foreign, b"rubbish".to_vec()];

    scene.says(&multi(&packets));

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.session.dropped().foreign_session, 1);
    assert_eq!(scene.session.dropped().undecodable, 1);
}
