//! Short profiles (icq-udp.md §8.1, §8.4).

use icq_transport::icq::udp::from_server::InfoReply;
use icq_transport::icq::udp::to_server::Target;
use icq_transport::icq::udp::{FromServer, ToServer};
use icq_transport::icq::wire::meta::{MetaInfo, MetaReply, MetaRequest, Person, Short};
use icq_transport::icq::{Command, Event, NoProfile};
use icq_transport::model::Profile;

use super::scene::*;

fn meta(result: u8, info: MetaInfo<'_>) -> FromServer<'_> {
    FromServer::Meta(MetaReply {
        subcmd: 0x0104,
        result,
        info,
    })
}

fn short() -> FromServer<'static> {
    meta(
        MetaReply::OK,
        MetaInfo::Short(Short {
            nick: b"Ben",
            first: b"Benvolio",
            last: b"Montague",
            email: b"ben@example.org",
            auth_byte: Some(0),
            gender_or_unknown: Some(2),
        }),
    )
}

fn old_info() -> FromServer<'static> {
    FromServer::InfoReply(InfoReply {
        target_uin: BEN,
        nick: b"Ben",
        first: b"Benvolio",
        last: b"Montague",
        email: b"ben@example.org",
        status_byte: None,
        auth_byte: Some(0),
    })
}

fn ben() -> Vec<Event> {
    vec![Event::Profile {
        uin: BEN,
        profile: Ok(Profile {
            nick: "Ben".into(),
            first: "Benvolio".into(),
            last: "Montague".into(),
            email: "ben@example.org".into(),
            authorisation_required: true,
        }),
    }]
}

fn nobody(why: NoProfile) -> Vec<Event> {
    vec![Event::Profile {
        uin: BEN,
        profile: Err(why),
    }]
}

fn asking() -> (Scene, Heard) {
    let mut scene = Scene::online();
    scene.asks(Command::RequestProfile(BEN));
    let question = scene.next_sent();
    (scene, question)
}

#[test]
fn a_profile_is_asked_for_by_meta_and_answered() {
    let (mut scene, question) = asking();
    assert_eq!(question.header.command, META_USER);
    assert_eq!(
        question.packet(),
        ToServer::Meta(MetaRequest::ShortInfo(Person { uin: BEN }))
    );

    scene.acknowledges(&question);
    scene.answers(&question, &short());

    assert_eq!(scene.take_events(), ben());
    assert_eq!(scene.sent_commands(), [ACK]);
}

#[test]
fn the_answer_ends_the_repetition_of_the_question() {
    let (mut scene, question) = asking();

    scene.answers(&question, &short());
    scene.take_sent();
    scene.waits_secs(45);

    assert_eq!(scene.take_events(), ben());
    assert!(scene.sent_commands().is_empty());
}

#[test]
fn a_number_that_nobody_has_is_told() {
    let (mut scene, question) = asking();

    scene.answers(&question, &meta(MetaReply::FAILED, MetaInfo::Nothing));

    assert_eq!(scene.take_events(), nobody(NoProfile::NoSuchUser));
}

#[test]
fn a_server_that_does_not_answer_meta_is_asked_the_old_way() {
    let (mut scene, question) = asking();
    scene.acknowledges(&question);

    scene.waits_secs(15);
    let old = scene.next_sent();
    assert_eq!(
        old.packet(),
        ToServer::InfoRequest(Target { target_uin: BEN })
    );
    // It is answered with seq2 0, and told apart by the number in it.
    scene.says(&old_info());

    assert_eq!(scene.take_events(), ben());
    assert_eq!(scene.sent_commands(), [ACK]);
    scene.waits_secs(20);
    assert!(scene.sent_commands().is_empty());
}

#[test]
fn the_old_way_has_its_word_for_nobody_too() {
    let (mut scene, question) = asking();
    scene.acknowledges(&question);
    scene.waits_secs(15);
    scene.take_sent();

    scene.says(&FromServer::InvalidUin(Target { target_uin: BEN }));

    assert_eq!(scene.take_events(), nobody(NoProfile::NoSuchUser));
}

#[test]
fn a_meta_answer_of_another_kind_is_followed_by_the_old_way_at_once() {
    let (mut scene, question) = asking();

    scene.answers(&question, &meta(MetaReply::NOT_FOUND, MetaInfo::Nothing));

    assert_eq!(scene.sent_commands(), [ACK, INFO_REQ]);
}

#[test]
fn a_late_meta_answer_is_as_good() {
    let (mut scene, question) = asking();
    scene.waits_secs(15);

    scene.answers(&question, &short());

    assert_eq!(scene.take_events(), ben());
}

#[test]
fn silence_is_an_answer_after_half_a_minute_and_no_failure_of_the_session() {
    let mut scene = Scene::online();
    for _ in 0..5 {
        scene.asks(Command::RequestProfile(BEN));
        scene.waits_secs(29);
        assert_eq!(scene.take_events(), []);
        scene.waits_secs(1);
        assert_eq!(scene.take_events(), nobody(NoProfile::NoAnswer));
        scene.acknowledges_all();
    }
}

#[test]
fn two_questions_about_one_person_are_one() {
    let (mut scene, question) = asking();

    scene.asks(Command::RequestProfile(BEN));
    assert!(scene.sent_commands().is_empty());
    scene.answers(&question, &short());

    assert_eq!(scene.take_events(), ben());
}

#[test]
fn a_profile_nobody_asked_for_is_not_told() {
    let mut scene = Scene::online();

    scene.says(&old_info());

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.sent_commands(), [ACK]);
}

#[test]
fn too_many_questions_are_answered_at_once() {
    let mut scene = Scene::online();

    for n in 0..100 {
        scene.asks(Command::RequestProfile(icq_transport::model::Uin(7000 + n)));
    }

    assert_eq!(scene.take_events().len(), 36);
    assert_eq!(scene.take_sent().len(), 4);
}
