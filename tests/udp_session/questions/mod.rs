//! What the gateway asks of the server, in every version (icq-udp.md §8, §9).

mod details;
mod publish;
mod search;

use icq_transport::icq::udp::from_server::{
    EndOfSearch, RandomUser, RandomUserDetails, Reason, UserFound,
};
use icq_transport::icq::udp::to_server::{Group, RandomGroup as Group8};
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::icq::wire::meta::{MetaInfo, MetaReply};
use icq_transport::icq::{Ability, Command, Event, LogoutReason, QuestionId};
use icq_transport::model::{
    Answer, Birthday, Details, Found, Gender, NoAnswer, Place, Profile, Question, RandomGroup,
    Search, Secret, Uin, WhitePages,
};

use super::scene::*;
use details::short;

const OLD: [Version; 3] = [Version::V1, Version::V2, Version::V4];
const ID: QuestionId = QuestionId(7);

fn asking(version: Version, question: Question) -> (Scene, Heard) {
    let mut scene = Scene::online_in(version);
    scene.asks(Command::Ask { id: ID, question });
    let request = scene.next_sent();
    (scene, request)
}

/// The only answer there is; nothing else was told.
fn answer(scene: &mut Scene) -> Result<Answer, NoAnswer> {
    match scene.take_events().as_slice() {
        [Event::Answer { id: ID, answer }] => answer.clone(),
        other => panic!("{other:?}"),
    }
}

fn details(scene: &mut Scene) -> Details {
    match answer(scene) {
        Ok(Answer::Details(details)) => *details,
        other => panic!("{other:?}"),
    }
}

fn found(scene: &mut Scene) -> (Vec<Found>, bool) {
    match answer(scene) {
        Ok(Answer::Found { people, more }) => (people, more),
        other => panic!("{other:?}"),
    }
}

/// The request that is on its way, acknowledgements left out.
fn next_request(scene: &mut Scene) -> Heard {
    let mut sent = scene.take_sent();
    sent.retain(|heard| heard.header.command != ACK);
    assert_eq!(sent.len(), 1, "{:?}", commands(&sent));
    sent.remove(0)
}

fn meta(subcmd: u16, info: MetaInfo<'_>) -> FromServer<'_> {
    FromServer::Meta(MetaReply {
        subcmd,
        result: MetaReply::OK,
        info,
    })
}

fn meta_no(subcmd: u16) -> FromServer<'static> {
    FromServer::Meta(MetaReply {
        subcmd,
        result: MetaReply::FAILED,
        info: MetaInfo::Nothing,
    })
}

fn ben() -> Profile {
    Profile {
        nick: "Ben".into(),
        first: "Benvolio".into(),
        last: "Montague".into(),
        email: "ben@example.org".into(),
        authorisation_required: true,
    }
}

fn all_of_ben() -> Details {
    Details {
        profile: ben(),
        emails: vec!["private@example.org".into(), "old@example.org".into()],
        home: Place {
            street: "Street".into(),
            city: "Verona".into(),
            state: "VR".into(),
            zip: "37100".into(),
            country: 39,
            phone: "1".into(),
            fax: "2".into(),
        },
        cellular: "3".into(),
        work: Place {
            city: "Mantua".into(),
            zip: "46100".into(),
            country: 39,
            phone: "4".into(),
            ..Place::default()
        },
        company: "Montague".into(),
        department: "Peace".into(),
        position: "Cousin".into(),
        occupation: 13,
        work_homepage: "http://montague.example.org/".into(),
        homepage: "http://ben.example.org/".into(),
        age: Some(31),
        gender: Some(Gender::Male),
        birthday: Some(Birthday {
            year: 1969,
            month: 7,
            day: 20,
        }),
        languages: vec![33, 12],
        utc_offset: Some(60),
        about: "Part, fools!".into(),
        interests: vec![(113, "lutes".into())],
        affiliations: vec![(202, "Swordsmen".into())],
        past: vec![(301, "Verona High".into())],
    }
}

fn by_names() -> Question {
    Question::Search(Search::Names {
        nick: "Ben".into(),
        first: "Benvolio".into(),
        last: String::new(),
    })
}

fn user_found(uin: Uin, first: &'static [u8], status_byte: Option<u8>) -> FromServer<'static> {
    FromServer::UserFound(UserFound {
        target_uin: uin,
        nick: b"Ben",
        first,
        last: b"Montague",
        email: b"ben@example.org",
        auth_byte: Some(0),
        status_byte,
    })
}

const END: FromServer<'static> = FromServer::EndOfSearch(EndOfSearch { more: Some(0) });
const MORE: FromServer<'static> = FromServer::EndOfSearch(EndOfSearch { more: Some(1) });

fn white_pages() -> Question {
    Question::Search(Search::WhitePages(Box::new(WhitePages {
        city: "Verona".into(),
        online_only: true,
        ..WhitePages::default()
    })))
}

fn publish() -> Question {
    Question::Publish(Box::new(all_of_ben()))
}

#[test]
fn random_chat_is_joined_left_and_met() {
    for (group, number) in [(Some(RandomGroup(4)), 4), (None, 0)] {
        let (mut scene, request) = asking(Version::V5, Question::JoinRandom(group));
        let group = Group::Long(number);
        assert_eq!(request.packet(), ToServer::RandomSet(Group8 { group }));
        // Servers acknowledge it and say nothing more.
        scene.acknowledges(&request);
        assert_eq!(answer(&mut scene), Ok(Answer::Done));
    }

    for (target_uin, people) in [
        (Uin(0), vec![]),
        (
            BEN,
            vec![Found {
                uin: BEN,
                profile: Profile::default(),
                online: Some(true),
            }],
        ),
    ] {
        let (mut scene, request) = asking(Version::V5, Question::MeetRandom(RandomGroup(4)));
        scene.acknowledges(&request);
        assert_eq!(scene.take_events(), []);
        let details = RandomUserDetails {
            ip: [0, 0, 0, 0].into(),
            tcp_port: 0,
            x: 0,
            real_ip: [0, 0, 0, 0].into(),
            dc_mode: 6,
            status: 0x20,
            tcp_version: 6,
        };
        scene.answers(
            &request,
            &FromServer::RandomUser(RandomUser {
                target_uin,
                details: (target_uin != Uin(0)).then_some(details),
            }),
        );
        assert_eq!(found(&mut scene), (people, false));
    }
}

pub(crate) fn every_question() -> Vec<Question> {
    vec![
        Question::Details(BEN),
        Question::Search(Search::Number(BEN)),
        Question::Search(Search::Email("ben@example.org".into())),
        by_names(),
        white_pages(),
        publish(),
        Question::RequireAuthorisation(false),
        Question::ChangePassword(Secret::new("new")),
        Question::JoinRandom(None),
        Question::MeetRandom(RandomGroup(1)),
    ]
}

#[test]
fn every_question_that_nobody_answers_is_answered_once_and_the_session_lives_on() {
    for version in Version::ALL {
        for question in every_question() {
            let mut scene = Scene::online_in(version);
            let is_known = version.can(Ability::of(&question));
            scene.asks(Command::Ask { id: ID, question });
            let mut answers = Vec::new();
            for _ in 0..400 {
                answers.extend(scene.take_events());
                scene.waits_secs(1);
                for heard in scene.take_sent() {
                    if heard.header.command == KEEP_ALIVE {
                        scene.acknowledges(&heard);
                    }
                }
            }

            let why = match is_known {
                true => NoAnswer::Silent,
                false => NoAnswer::Unsupported,
            };
            let answer = Err(why);
            assert_eq!(answers, [Event::Answer { id: ID, answer }], "{version:?}");
        }
    }
}

#[test]
fn questions_are_asked_one_after_the_other_and_only_so_many_wait() {
    let mut scene = Scene::online();
    for id in 0..20 {
        let question = Question::Search(Search::Number(Uin(5000 + id)));
        let id = QuestionId(id.into());
        scene.asks(Command::Ask { id, question });
    }

    let request = scene.next_sent();
    let busy: Vec<_> = (17..20)
        .map(|id| Event::Answer {
            id: QuestionId(id),
            answer: Err(NoAnswer::Busy),
        })
        .collect();
    assert_eq!(scene.take_events(), busy);

    scene.answers(&request, &meta_no(0x019A));
    assert_eq!(scene.take_events().len(), 1);
    let second = next_request(&mut scene);
    assert_ne!(second.header.seq2, request.header.seq2);
}

#[test]
fn what_waits_for_its_turn_too_long_is_given_up() {
    let mut scene = Scene::online();
    for id in 0..17 {
        scene.asks(Command::Ask {
            id: QuestionId(id),
            question: publish(),
        });
    }
    let mut answers = Vec::new();
    for _ in 0..1000 {
        scene.waits_secs(1);
        scene.acknowledges_all();
        answers.extend(scene.take_events());
    }

    let mut ids: Vec<_> = answers
        .iter()
        .map(|event| match event {
            Event::Answer {
                id,
                answer: Err(NoAnswer::Silent),
            } => id.0,
            other => panic!("{other:?}"),
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..17).collect::<Vec<_>>());
}

#[test]
fn questions_end_with_the_session_before_its_end_is_told() {
    let mut scene = Scene::online();
    for id in [1, 2] {
        scene.asks(Command::Ask {
            id: QuestionId(id),
            question: Question::Details(BEN),
        });
    }

    scene.says(&FromServer::GoAway(Reason { text: None }));

    let ended = |id| Event::Answer {
        id: QuestionId(id),
        answer: Err(NoAnswer::SessionEnded),
    };
    let kicked = LogoutReason::Kicked(String::new());
    assert_eq!(
        scene.take_events(),
        [ended(1), ended(2), Event::LoggedOut(kicked)]
    );
}

#[test]
fn what_is_asked_during_the_login_leaves_after_it() {
    for version in Version::ALL {
        let mut scene = Scene::new(start_in(version));
        let login = scene.next_sent();
        scene.asks(Command::Ask {
            id: ID,
            question: Question::Search(Search::Number(BEN)),
        });
        assert!(scene.sent_commands().is_empty());

        scene.answers_login(&login, &login_reply_in(version));

        assert_eq!(scene.take_sent().len(), 3, "{version:?}");
    }
}

#[test]
fn a_reply_to_another_request_is_no_answer() {
    let (mut scene, request) = asking(Version::V5, Question::Details(BEN));
    let mut header = scene.header(&short(), scene.seq1, request.header.seq2 + 1);
    scene.delivers(&header, &short());
    header.seq1 += 1;
    header.seq2 = 0;
    scene.delivers(&header, &short());
    scene.seq1 += 2;
    assert_eq!(scene.sent_commands(), [ACK, ACK]);

    for version in OLD {
        let (mut scene, request) = asking(version, by_names());
        let found = user_found(BEN, b"Benvolio", None);
        let header = scene.header(&found, scene.seq1, request.header.seq2 + 1);
        scene.delivers(&header, &found);
        scene.seq1 += 1;
        scene.answers(&request, &END);
        assert_eq!(found_people(&mut scene), 0, "{version:?}");
    }
}

fn found_people(scene: &mut Scene) -> usize {
    found(scene).0.len()
}

#[test]
fn a_request_that_a_busy_server_gets_again_is_known_by_its_new_number() {
    for version in Version::ALL {
        let (mut scene, request) = asking(version, Question::Search(Search::Number(BEN)));
        let busy = FromServer::TryAgain;
        let header = scene.header(&busy, request.header.seq1, request.header.seq2);
        scene.delivers(&header, &busy);
        scene.take_sent();
        scene.waits_secs(5);
        let again = scene.next_sent();
        assert_ne!(again.header.seq1, request.header.seq1);

        let end = match version {
            Version::V5 => meta_no(0x019A),
            _ => END,
        };
        scene.answers(&again, &end);
        assert_eq!(found_people(&mut scene), 0, "{version:?}");
    }
}

#[test]
fn the_answer_ends_the_repetition_also_where_the_acknowledgement_was_lost() {
    for version in Version::ALL {
        let (mut scene, request) = asking(version, Question::Search(Search::Number(BEN)));
        let end = match version {
            Version::V5 => meta_no(0x019A),
            _ => END,
        };
        scene.answers(&request, &end);
        scene.take_sent();
        scene.waits_secs(40);
        assert!(scene.sent_commands().is_empty(), "{version:?}");
    }
}

/// open-oscar-server answers META requests that it does not know with their own number.
#[test]
fn a_server_that_does_not_know_a_request_refuses_it() {
    for (question, subcmd) in [
        (Question::Details(BEN), 0x04BA),
        (by_names(), 0x0515),
        (Question::RequireAuthorisation(true), 0x0424),
    ] {
        let (mut scene, request) = asking(Version::V5, question);
        scene.acknowledges(&request);
        scene.answers(&request, &meta(subcmd, MetaInfo::Nothing));
        assert_eq!(answer(&mut scene), Err(NoAnswer::Refused), "{subcmd:#x}");
    }
}
