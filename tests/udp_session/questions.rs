//! What the gateway asks of the server, in every version (icq-udp.md §8, §9).

use icq_transport::icq::udp::from_server::{
    EndOfSearch, ExtendedInfo, InfoReply, RandomUser, RandomUserDetails, Reason, UserFound,
};
use icq_transport::icq::udp::groupware::{
    BasicInfo, HomeInfo, Notes, Search as GroupwareSearch, Wanted, WebPage, WorkInfo,
};
use icq_transport::icq::udp::to_server::{Group, RandomGroup as Group8, SearchUser, Target};
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::icq::wire::meta::{
    About, Affiliations, Found as MetaFound, FoundPerson, General, HomepageCategory, Interests,
    MetaInfo, MetaReply, MetaRequest, More, NobodyFound, Person, Short, Work,
};
use icq_transport::icq::wire::{Password, Rest};
use icq_transport::icq::{Ability, Command, Event, LogoutReason, QuestionId};
use icq_transport::model::{
    Answer, Birthday, Details, Found, Gender, NoAnswer, Place, Profile, Question, RandomGroup,
    Search, Secret, Uin, WhitePages,
};

use super::scene::*;

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

fn short() -> FromServer<'static> {
    meta(
        0x0104,
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

fn meta_parts() -> Vec<FromServer<'static>> {
    vec![
        meta(
            0x00C8,
            MetaInfo::General(General {
                nick: b"Ben",
                first: b"Benvolio",
                last: b"Montague",
                email1: b"private@example.org",
                email2: b"ben@example.org",
                email3: b"old@example.org",
                city: b"Verona",
                state: b"VR",
                phone: b"1",
                fax: b"2",
                street: b"Street",
                cellular: b"3",
                zip: b"37100",
                country: 39,
                timezone: 0xFE,
                rest_hex: Rest(&[1, 0, 0, 0]),
            }),
        ),
        meta(
            0x00DC,
            MetaInfo::More(More {
                age: 31,
                gender: 2,
                homepage: b"http://ben.example.org/",
                birth_year: 1969,
                birth_month: 7,
                birth_day: 20,
                lang1: 33,
                lang2: 0,
                lang3: 12,
            }),
        ),
        meta(
            0x010E,
            MetaInfo::HomepageCategory(HomepageCategory {
                enabled: 0,
                category: 0,
                text: b"",
                end: None,
            }),
        ),
        meta(
            0x00D2,
            MetaInfo::Work(Work {
                city: b"Mantua",
                state: b"",
                phone: b"4",
                fax: b"",
                street: b"",
                zip: b"46100",
                country: 39,
                company: b"Montague",
                department: b"Peace",
                position: b"Cousin",
                occupation: 13,
                homepage: b"http://montague.example.org/",
            }),
        ),
        meta(
            0x00E6,
            MetaInfo::About(About {
                about: b"Part, fools!",
            }),
        ),
        meta(
            0x00F0,
            MetaInfo::Interests(Interests {
                interests: vec![(113, b"lutes"), (0, b"")],
            }),
        ),
        meta(
            0x00FA,
            MetaInfo::Affiliations(Affiliations {
                past: vec![(301, b"Verona High")],
                affiliations: vec![(202, b"Swordsmen")],
            }),
        ),
    ]
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

#[test]
fn details_come_by_meta_in_seven_parts_of_any_order() {
    for first in 0..7 {
        let (mut scene, request) = asking(Version::V5, Question::Details(BEN));
        assert_eq!(
            request.packet(),
            ToServer::Meta(MetaRequest::ShortInfo(Person { uin: BEN }))
        );
        scene.acknowledges(&request);
        scene.answers(&request, &short());
        let request = next_request(&mut scene);
        assert_eq!(
            request.packet(),
            ToServer::Meta(MetaRequest::FullInfo(Person { uin: BEN }))
        );

        let mut parts = meta_parts();
        parts.rotate_left(first);
        for part in &parts {
            assert_eq!(scene.take_events(), []);
            scene.answers(&request, part);
            scene.answers(&request, part);
        }

        assert_eq!(details(&mut scene), all_of_ben());
        scene.take_sent();
        scene.waits_secs(40);
        assert!(scene.sent_commands().is_empty());
    }
}

#[test]
fn what_came_of_somebody_s_details_is_told_though_the_rest_is_missing() {
    let (mut scene, request) = asking(Version::V5, Question::Details(BEN));
    scene.answers(&request, &short());
    let request = next_request(&mut scene);
    for part in meta_parts().iter().skip(1) {
        scene.answers(&request, part);
    }
    assert_eq!(scene.take_events(), []);
    scene.waits_secs(15);

    let expected = Details {
        emails: Vec::new(),
        home: Place::default(),
        cellular: String::new(),
        utc_offset: None,
        ..all_of_ben()
    };
    assert_eq!(details(&mut scene), expected);
}

#[test]
fn a_whole_profile_without_the_short_one_still_has_names() {
    let (mut scene, request) = asking(Version::V5, Question::Details(BEN));
    scene.acknowledges(&request);
    scene.waits_secs(30);
    let request = next_request(&mut scene);
    for part in &meta_parts() {
        scene.answers(&request, part);
    }

    let details = details(&mut scene);
    assert_eq!(details.profile.nick, "Ben");
    assert_eq!(details.profile.email, "private@example.org");
    assert_eq!(details.emails, ["ben@example.org", "old@example.org"]);
}

fn names(uin: Uin) -> FromServer<'static> {
    FromServer::InfoReply(InfoReply {
        target_uin: uin,
        nick: b"Ben",
        first: b"Benvolio",
        last: b"Montague",
        email: b"ben@example.org",
        status_byte: None,
        auth_byte: Some(0),
    })
}

fn extended(uin: Uin) -> FromServer<'static> {
    FromServer::ExtendedInfo(ExtendedInfo {
        target_uin: uin,
        city: b"Verona",
        country: 39,
        timezone: 0xFE,
        state: b"VR",
        age: 31,
        gender: 2,
        phone: b"1",
        homepage: b"http://ben.example.org/",
        about: b"Part, fools!",
        zip: Some(37_100),
    })
}

#[test]
fn details_come_the_old_way_in_two_replies() {
    for version in OLD {
        let (mut scene, request) = asking(version, Question::Details(BEN));
        let target = Target { target_uin: BEN };
        assert_eq!(request.packet(), ToServer::InfoRequest(target.clone()));
        scene.acknowledges(&request);
        scene.answers(&request, &names(BEN));
        let request = next_request(&mut scene);
        assert_eq!(request.packet(), ToServer::ExtInfoRequest(target));
        scene.answers(&request, &extended(TYBALT));
        assert_eq!(scene.take_events(), [], "somebody else's");
        scene.answers(&request, &extended(BEN));

        let expected = Details {
            profile: ben(),
            home: Place {
                city: "Verona".into(),
                state: "VR".into(),
                zip: "37100".into(),
                country: 39,
                phone: "1".into(),
                ..Place::default()
            },
            homepage: "http://ben.example.org/".into(),
            age: Some(31),
            gender: Some(Gender::Male),
            utc_offset: Some(60),
            about: "Part, fools!".into(),
            ..Details::default()
        };
        assert_eq!(details(&mut scene), expected, "{version:?}");
    }
}

#[test]
fn details_of_a_groupware_user_come_in_five_packets_and_notes() {
    let (mut scene, request) = asking(Version::V3, Question::Details(BEN));
    let target = Target { target_uin: BEN };
    assert_eq!(request.packet(), ToServer::UserInfoRequest(target.clone()));
    let page = |homepage| WebPage { homepage };
    for packet in [
        FromServer::WorkWeb(page(b"http://montague.example.org/")),
        FromServer::BasicInfo(BasicInfo {
            nick: b"Ben",
            first: b"Benvolio",
            last: b"Montague",
            email: b"ben@example.org",
            auth_byte: Some(0),
        }),
        FromServer::HomeInfo(HomeInfo {
            street: b"Street",
            city: b"Verona",
            state: b"VR",
            country: 39,
            phone: b"1",
            fax: b"2",
            cellular: b"3",
            zip: 37_100,
            gender: 2,
            age: 31,
            birth_day: 20,
            birth_month: 7,
            birth_year_minus_1900: 69,
            x: Some(0),
        }),
        FromServer::HomeWeb(page(b"http://ben.example.org/")),
        FromServer::WorkInfo(WorkInfo {
            street: b"",
            city: b"Mantua",
            state: b"",
            country: 39,
            company: b"Montague",
            position: b"Cousin",
            department_id: 1,
            phone: b"4",
            fax: b"",
            pager: b"",
            zip: 46_100,
        }),
    ] {
        assert_eq!(scene.take_events(), []);
        scene.answers(&request, &packet);
    }
    let request = next_request(&mut scene);
    assert_eq!(request.packet(), ToServer::NotesRequest(target));
    scene.answers(
        &request,
        &FromServer::Notes(Notes {
            notes: b"Part, fools!",
            update_time: 0,
            last_login: 0,
            last_ip: [0, 0, 0, 0].into(),
        }),
    );

    let expected = Details {
        emails: Vec::new(),
        department: String::new(),
        occupation: 0,
        languages: Vec::new(),
        utc_offset: None,
        interests: Vec::new(),
        affiliations: Vec::new(),
        past: Vec::new(),
        ..all_of_ben()
    };
    assert_eq!(details(&mut scene), expected);
}

#[test]
fn of_a_number_that_nobody_has_there_are_no_details() {
    let nobody = || Target { target_uin: BEN };
    for (version, packet) in [
        (Version::V1, FromServer::InvalidUin(nobody())),
        (Version::V2, FromServer::InvalidUin(nobody())),
        (Version::V3, FromServer::InvalidUser(nobody())),
        (Version::V4, FromServer::InvalidUin(nobody())),
        (Version::V5, meta_no(0x0104)),
    ] {
        let (mut scene, request) = asking(version, Question::Details(BEN));
        scene.acknowledges(&request);
        scene.answers(&request, &packet);

        assert_eq!(answer(&mut scene), Err(NoAnswer::Refused), "{version:?}");
        assert_eq!(scene.sent_commands(), [ACK]);
    }
}

/// open-oscar-server falls over the second request about somebody who does not exist, after answering the
/// first.
#[test]
fn of_whom_the_first_reply_says_nothing_nothing_more_is_asked() {
    for version in OLD {
        let (mut scene, request) = asking(version, Question::Details(BEN));
        scene.answers(
            &request,
            &FromServer::InfoReply(InfoReply {
                target_uin: BEN,
                nick: b"1001",
                first: b"",
                last: b"",
                email: b"",
                status_byte: None,
                auth_byte: Some(0),
            }),
        );

        assert_eq!(scene.sent_commands(), [ACK]);
        assert_eq!(details(&mut scene).profile.nick, "1001", "{version:?}");
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

fn person(uin: Uin, online: Option<bool>) -> Found {
    Found {
        uin,
        profile: ben(),
        online,
    }
}

const END: FromServer<'static> = FromServer::EndOfSearch(EndOfSearch { more: Some(0) });
const MORE: FromServer<'static> = FromServer::EndOfSearch(EndOfSearch { more: Some(1) });

#[test]
fn whom_an_old_search_finds_is_told_at_its_end() {
    for version in OLD {
        for (end, more) in [(END, false), (MORE, true)] {
            let (mut scene, request) = asking(version, by_names());
            assert_eq!(
                request.packet(),
                ToServer::SearchUser(SearchUser {
                    nick: b"Ben",
                    first: b"Benvolio",
                    last: b"",
                    email: b"",
                })
            );
            scene.acknowledges(&request);
            scene.answers(&request, &user_found(BEN, b"Benvolio", None));
            scene.answers(&request, &user_found(TYBALT, b"Benvolio", None));
            assert_eq!(scene.take_events(), []);
            scene.answers(&request, &end);

            let people = vec![person(BEN, None), person(TYBALT, None)];
            assert_eq!(found(&mut scene), (people, more), "{version:?}");
        }
    }
}

#[test]
fn number_and_address_are_searched_in_every_version() {
    let number = || Question::Search(Search::Number(BEN));
    let email = || Question::Search(Search::Email("ben@example.org".into()));
    let address = || &b"ben@example.org"[..];
    for version in Version::ALL {
        let (_, by_number) = asking(version, number());
        let (_, by_email) = asking(version, email());
        match version {
            Version::V5 => {
                let person = Person { uin: BEN };
                assert_eq!(
                    by_number.packet(),
                    ToServer::Meta(MetaRequest::SearchUin(person))
                );
                assert!(matches!(
                    by_email.packet(),
                    ToServer::Meta(MetaRequest::SearchEmail(search)) if search.email == address()
                ));
            }
            Version::V3 => {
                for (request, kind, text) in [
                    (by_number, GroupwareSearch::UIN, &b"1001"[..]),
                    (by_email, GroupwareSearch::EMAIL, address()),
                ] {
                    assert_eq!(
                        request.packet(),
                        ToServer::Search(GroupwareSearch {
                            x_ff: 0xFF,
                            kind,
                            x: 0,
                            comparison: GroupwareSearch::IS,
                            wanted: Wanted::Text(text),
                        })
                    );
                }
            }
            Version::V1 | Version::V2 | Version::V4 => {
                let target = Target { target_uin: BEN };
                assert_eq!(by_number.packet(), ToServer::SearchUin(target));
                assert!(matches!(
                    by_email.packet(),
                    ToServer::SearchUser(search)
                        if search.email == address() && search.nick.is_empty()
                ));
            }
        }
    }
}

#[test]
fn groupware_searches_one_name_and_the_others_are_looked_for_among_those_found() {
    let (mut scene, request) = asking(Version::V3, by_names());
    let ToServer::Search(search) = request.packet() else {
        panic!("not a search");
    };
    assert_eq!(search.kind, GroupwareSearch::NICK);
    assert_eq!(search.wanted, Wanted::Text(b"Ben"));
    scene.answers(&request, &user_found(TYBALT, b"Tybalt", None));
    scene.answers(&request, &user_found(BEN, b"Benvolio", None));
    scene.answers(
        &request,
        &FromServer::EndOfSearch(EndOfSearch { more: None }),
    );

    assert_eq!(found(&mut scene), (vec![person(BEN, None)], false));
}

fn meta_found(subcmd: u16, uin: Uin, rest: &'static [u8]) -> FromServer<'static> {
    let names = 4 + 6 + 11 + 11 + 18;
    meta(
        subcmd,
        MetaInfo::Found(MetaFound {
            entry_length: Some(names + 3),
            person: FoundPerson {
                target_uin: uin,
                nick: b"Ben",
                first: b"Benvolio",
                last: b"Montague",
                email: b"ben@example.org",
                auth_byte: Some(0),
                webaware: Some(0x43),
                rest_hex: Rest(rest),
            },
        }),
    )
}

fn white_pages() -> Question {
    Question::Search(Search::WhitePages(Box::new(WhitePages {
        city: "Verona".into(),
        online_only: true,
        ..WhitePages::default()
    })))
}

#[test]
fn whom_a_search_by_meta_finds_is_told_with_the_last_of_them() {
    for (question, each, last) in [
        (by_names(), 0x0190, 0x019A),
        (white_pages(), 0x01A4, 0x01AE),
    ] {
        for (rest, more) in [(b"\0\0\0\0\0", false), (b"\0\x05\0\0\0", true)] {
            let (mut scene, request) = asking(Version::V5, question.clone());
            scene.acknowledges(&request);
            scene.answers(&request, &meta_found(each, BEN, b"\0"));
            assert_eq!(scene.take_events(), []);
            scene.answers(&request, &meta_found(last, TYBALT, rest));

            let people = vec![person(BEN, None), person(TYBALT, None)];
            assert_eq!(found(&mut scene), (people, more));
        }
    }
}

#[test]
fn a_search_that_finds_nobody_is_answered() {
    for result in [MetaReply::FAILED, MetaReply::NOT_FOUND] {
        let (mut scene, request) = asking(Version::V5, by_names());
        let nobody = FromServer::Meta(MetaReply {
            subcmd: 0x019A,
            result,
            info: MetaInfo::NobodyFound(NobodyFound { users_left: None }),
        });
        scene.answers(&request, &nobody);
        assert_eq!(found(&mut scene), (vec![], false));
    }
    for version in OLD {
        let (mut scene, request) = asking(version, by_names());
        scene.answers(&request, &END);
        assert_eq!(found(&mut scene), (vec![], false));
    }
}

#[test]
fn a_search_that_never_ends_is_answered_with_whom_it_found() {
    let (mut scene, request) = asking(Version::V4, by_names());
    scene.acknowledges(&request);
    for _ in 0..200 {
        scene.answers(&request, &user_found(BEN, b"Benvolio", None));
    }
    scene.waits_secs(15);

    let (people, more) = found(&mut scene);
    assert_eq!((people.len(), more), (Answer::MOST_FOUND, true));
}

/// What answers each request of somebody who publishes all of themselves.
fn consent(request: &Heard) -> FromServer<'static> {
    let yes = |subcmd| meta(subcmd, MetaInfo::Nothing);
    match request.packet() {
        ToServer::UpdateBasicOld(_) => FromServer::BasicUpdatedOld,
        ToServer::UpdateBasic(_) => FromServer::BasicUpdated,
        ToServer::UpdateExtended(_) => FromServer::ExtendedUpdated,
        ToServer::SetHome(_) => FromServer::HomeChanged,
        ToServer::SetHomeWeb(_) => FromServer::HomeWebChanged,
        ToServer::SetWork(_) => FromServer::WorkChanged,
        ToServer::SetWorkWeb(_) => FromServer::WorkWebChanged,
        ToServer::SetNotes(_) => FromServer::NotesChanged,
        ToServer::SetAuthorisation(_) => FromServer::SetAuthAnswer,
        ToServer::ChangePassword(_) => FromServer::PasswordChanged,
        ToServer::Meta(request) => match request {
            MetaRequest::SetGeneral(_) => yes(0x0064),
            MetaRequest::SetWork(_) => yes(0x006E),
            MetaRequest::SetMore(_) => yes(0x0078),
            MetaRequest::SetAbout(_) => yes(0x0082),
            MetaRequest::SetInterests(_) => yes(0x008C),
            MetaRequest::SetAffiliations(affiliations) => {
                assert_eq!(affiliations.past.len(), 3);
                assert_eq!(affiliations.affiliations.len(), 3);
                yes(0x0096)
            }
            MetaRequest::SetSecurity(_) => yes(0x00A0),
            MetaRequest::SetPassword(_) => yes(0x00AA),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn publish() -> Question {
    Question::Publish(Box::new(all_of_ben()))
}

#[test]
fn what_one_shows_of_oneself_is_published_with_the_commands_of_each_version() {
    for (version, expected) in [
        (Version::V1, &[0x04A6, 0x04B0][..]),
        (Version::V2, &[0x04A6, 0x04B0]),
        (
            Version::V3,
            &[0x050A, 0x0582, 0x0578, 0x058C, 0x05BE, 0x0596, 0x0514],
        ),
        (Version::V4, &[0x050A, 0x04B0]),
        (Version::V5, &[META_USER; 7]),
    ] {
        let (mut scene, mut request) = asking(version, publish());
        let mut asked = vec![request.header.command];
        scene.acknowledges(&request);
        scene.answers(&request, &consent(&request));
        while asked.len() < expected.len() {
            assert_eq!(scene.take_events(), [], "{version:?}");
            request = next_request(&mut scene);
            asked.push(request.header.command);
            scene.acknowledges(&request);
            scene.answers(&request, &consent(&request));
        }

        assert_eq!(asked, expected, "{version:?}");
        assert_eq!(answer(&mut scene), Ok(Answer::Done), "{version:?}");
    }
}

#[test]
fn what_was_published_says_what_it_was_asked_to() {
    let (_, request) = asking(Version::V5, publish());
    let ToServer::Meta(MetaRequest::SetGeneral(general)) = request.packet() else {
        panic!("not the first part");
    };
    assert_eq!(general.email1, b"ben@example.org");
    assert_eq!(general.email2, b"private@example.org");
    assert_eq!((general.country, general.timezone), (39, 0xFE));

    let (_, request) = asking(Version::V2, publish());
    let ToServer::UpdateBasicOld(names) = request.packet() else {
        panic!("not names");
    };
    assert_eq!((names.nick, names.auth_byte), (&b"Ben"[..], Some(0)));
}

#[test]
fn a_field_takes_only_so_much_of_a_text() {
    let mut details = all_of_ben();
    details.profile.nick = "N".repeat(300);
    details.home.city = "\n".repeat(300);
    for version in Version::ALL {
        let (_, request) = asking(version, Question::Publish(Box::new(details.clone())));
        assert!(request.body.len() < 400, "{version:?}");
    }
}

#[test]
fn a_refusal_of_one_part_is_a_refusal_after_the_others_were_published() {
    let (mut scene, request) = asking(Version::V2, publish());
    scene.answers(&request, &FromServer::BasicRefusedOld);
    assert_eq!(scene.take_events(), []);
    let request = next_request(&mut scene);
    scene.answers(&request, &consent(&request));
    assert_eq!(answer(&mut scene), Err(NoAnswer::Refused));

    let (mut scene, request) = asking(Version::V5, Question::RequireAuthorisation(true));
    scene.answers(&request, &meta_no(0x00A0));
    assert_eq!(answer(&mut scene), Err(NoAnswer::Refused));
}

#[test]
fn authorisation_is_required_with_a_command_of_its_own_where_there_is_one() {
    for version in Version::ALL {
        let question = Question::RequireAuthorisation(true);
        if !version.can(Ability::RequireAuthorisation) {
            let mut scene = Scene::online_in(version);
            scene.asks(Command::Ask { id: ID, question });
            assert_eq!(answer(&mut scene), Err(NoAnswer::Unsupported));
            assert!(scene.sent_commands().is_empty());
            continue;
        }
        let (mut scene, request) = asking(version, question);
        scene.acknowledges(&request);
        let auth_byte = match request.packet() {
            ToServer::SetAuthorisation(packet) => packet.auth_byte,
            ToServer::Meta(MetaRequest::SetSecurity(security)) => security.auth_byte,
            other => panic!("{other:?}"),
        };
        assert_eq!(auth_byte, 0);
        scene.answers(&request, &consent(&request));
        assert_eq!(answer(&mut scene), Ok(Answer::Done), "{version:?}");
    }
}

#[test]
fn a_password_is_changed_where_that_exists() {
    for version in Version::ALL {
        let question = Question::ChangePassword(Secret::new("capulet-no-more"));
        if !version.can(Ability::ChangePassword) {
            continue;
        }
        let (mut scene, request) = asking(version, question);
        let password = match request.packet() {
            ToServer::ChangePassword(packet) => packet.password,
            ToServer::Meta(MetaRequest::SetPassword(packet)) => packet.password,
            other => panic!("{other:?}"),
        };
        assert_eq!(password, Password(b"capulet-"));
        scene.acknowledges(&request);
        assert_eq!(scene.take_events(), [], "an acknowledgement is no consent");
        scene.answers(&request, &consent(&request));
        assert_eq!(answer(&mut scene), Ok(Answer::Done), "{version:?}");
    }
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
