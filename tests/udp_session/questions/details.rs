//! Who somebody is (icq-udp.md §8.1, §8.2, §8.4, §9).

use icq_transport::icq::udp::from_server::{ExtendedInfo, InfoReply};
use icq_transport::icq::udp::groupware::{BasicInfo, HomeInfo, Notes, WebPage, WorkInfo};
use icq_transport::icq::udp::to_server::Target;
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::icq::wire::Rest;
use icq_transport::icq::wire::meta::{
    About, Affiliations, General, HomepageCategory, Interests, MetaInfo, MetaRequest, More, Person,
    Short, Work,
};
use icq_transport::model::{Details, Gender, NoAnswer, Place, Question, Uin};

use super::super::scene::*;
use super::*;

pub(super) fn short() -> FromServer<'static> {
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
