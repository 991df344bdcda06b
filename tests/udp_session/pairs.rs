//! Users of every pair of versions on the in-tree server: presence, authorisation, messages, profiles,
//! searches, passwords and new numbers.

use std::time::Duration;

use icq_transport::icq::udp::{Application, Registration, RegistrationOutput, Start, Version};
use icq_transport::icq::wire::text::Charset;
use icq_transport::icq::{
    Ability, Command, Event, LogoutReason, MessageId, NoProfile, QuestionId, VisibilityList,
};
use icq_transport::model::{
    Answer, Availability, Birthday, Details, Gender, Introduction, Message, NoAnswer, Place,
    Profile, Question, RandomGroup, Search, Secret, Status, Uin, WhitePages,
};
use icq_transport::server::Behaviour;

use super::messages::every_kind;
use super::peer::{World, presence};
use super::scene::{BEN, ROMEO, start_in};

/// Every version with every version, Romeo's first.
fn pairs() -> impl Iterator<Item = (Version, Version)> {
    Version::ALL
        .into_iter()
        .flat_map(|romeo| Version::ALL.map(|ben| (romeo, ben)))
}

/// Both are online and have each other on their lists.
fn together(romeo: Version, ben: Version) -> World {
    let mut world = World::new(Behaviour::reference(), 1, 0.0);
    world.versions = [(ROMEO, romeo), (BEN, ben)].into();
    world.logs_in(ROMEO, &[BEN]);
    world.logs_in(BEN, &[ROMEO]);
    world.runs_secs(30);
    world
}

fn answer_to(world: &mut World, question: Question) -> Result<Answer, NoAnswer> {
    let id = QuestionId(1);
    world.take_events(ROMEO);
    world.asks(ROMEO, Command::Ask { id, question });
    world.runs_secs(60);
    let answers: Vec<_> = world
        .take_events(ROMEO)
        .into_iter()
        .filter_map(|event| match event {
            Event::Answer { answer, .. } => Some(answer),
            _ => None,
        })
        .collect();
    assert_eq!(answers.len(), 1);
    answers.into_iter().next().expect("one")
}

fn details(world: &mut World, uin: Uin) -> Details {
    match answer_to(world, Question::Details(uin)) {
        Ok(Answer::Details(details)) => *details,
        other => panic!("{other:?}"),
    }
}

fn found(world: &mut World, search: Search) -> Vec<Uin> {
    match answer_to(world, Question::Search(search)) {
        Ok(Answer::Found { people, .. }) => people.into_iter().map(|found| found.uin).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn people_of_any_two_versions_see_each_other_come_change_and_go() {
    for (romeo, ben) in pairs() {
        let mut world = together(romeo, ben);
        let name = format!("{romeo:?} and {ben:?}");
        for (watcher, other) in [(ROMEO, BEN), (BEN, ROMEO)] {
            let events = world.take_events(watcher);
            let seen = presence(other, Status::default());
            assert!(events.contains(&seen), "{name}: {events:?}");
        }

        world.asks(BEN, Command::SetStatus(Availability::DoNotDisturb.into()));
        world.runs_secs(5);
        let events = world.take_events(ROMEO);
        let seen = presence(BEN, Status::from(Availability::DoNotDisturb));
        // 0x11 is how V2 says it, and how later versions say that they are occupied.
        let nearest = presence(BEN, Status::from(Availability::Occupied));
        assert!(
            events.contains(&seen) || (ben <= Version::V2 && events.contains(&nearest)),
            "{name}: {events:?}"
        );

        world.asks(BEN, Command::LogOut);
        world.runs_secs(5);
        assert!(
            world.take_events(ROMEO).contains(&presence(BEN, None)),
            "{name}"
        );
    }
}

#[test]
fn every_kind_of_message_passes_between_any_two_versions() {
    for (romeo, ben) in pairs() {
        let mut world = together(romeo, ben);
        world.take_events(BEN);
        for (id, message) in every_kind().into_iter().enumerate() {
            world.asks(
                ROMEO,
                Command::Send {
                    id: MessageId(id as u64),
                    to: BEN,
                    message: message.clone(),
                },
            );
            world.runs_secs(1);
            let heard: Vec<_> = world
                .take_events(BEN)
                .into_iter()
                .filter_map(|event| match event {
                    Event::Message { from, message, .. } => Some((from, message)),
                    _ => None,
                })
                .collect();
            assert_eq!(heard, [(ROMEO, message)], "{romeo:?} to {ben:?}");
        }
        let told = world.take_events(ROMEO);
        let sent = told.iter().filter(|event| matches!(event, Event::Sent(_)));
        assert_eq!(sent.count(), every_kind().len());
    }
}

#[test]
fn a_message_waits_for_people_of_any_version() {
    for (romeo, ben) in pairs() {
        let mut world = World::new(Behaviour::reference(), 1, 0.0);
        world.versions = [(ROMEO, romeo), (BEN, ben)].into();
        world.logs_in(ROMEO, &[]);
        world.runs_secs(30);
        let request = Message::AuthorisationRequest {
            from: Introduction::default(),
            reason: "It is me".into(),
        };
        for (id, message) in [Message::Text("later".into()), request.clone()]
            .into_iter()
            .enumerate()
        {
            let id = MessageId(id as u64);
            let to = BEN;
            world.asks(ROMEO, Command::Send { id, to, message });
            world.runs_secs(61);
        }

        world.logs_in(BEN, &[]);
        world.runs_secs(30);

        let heard: Vec<_> = world
            .take_events(BEN)
            .into_iter()
            .filter_map(|event| match event {
                Event::Message { message, sent, .. } => {
                    assert!(sent.is_some());
                    Some(message)
                }
                _ => None,
            })
            .collect();
        assert_eq!(
            heard,
            [Message::Text("later".into()), request],
            "{romeo:?} to {ben:?}"
        );
        assert_eq!(world.server.undelivered(BEN), 0, "{romeo:?} to {ben:?}");
    }
}

#[test]
fn whoever_is_invisible_is_seen_by_exceptions_of_every_version() {
    for (romeo, ben) in pairs() {
        let name = format!("{romeo:?} and {ben:?}");
        let mut world = together(romeo, ben);
        world.take_events(ROMEO);
        let invisible = Status {
            invisible: true,
            ..Status::default()
        };
        world.asks(BEN, Command::SetStatus(invisible));
        world.runs_secs(5);
        assert!(
            world.take_events(ROMEO).contains(&presence(BEN, None)),
            "{name}"
        );
        world.asks(
            BEN,
            Command::SetVisibility {
                uin: ROMEO,
                list: VisibilityList::Visible,
                on: true,
            },
        );
        world.runs_secs(5);
        let events = world.take_events(ROMEO);
        let is_seen = events.iter().any(|event| {
            matches!(
                event,
                Event::Presence {
                    uin: BEN,
                    status: Some(_)
                }
            )
        });
        assert!(is_seen, "{name}: {events:?}");
    }
}

/// What every version can say of a person.
fn ben() -> Details {
    Details {
        profile: Profile {
            nick: "Бен".into(),
            first: "Benvolio".into(),
            last: "Montague".into(),
            email: "ben@example.org".into(),
            authorisation_required: true,
        },
        home: Place {
            city: "Verona".into(),
            state: "VR".into(),
            zip: "37100".into(),
            country: 39,
            phone: "+39 1".into(),
            ..Place::default()
        },
        homepage: "http://ben.example.org/".into(),
        age: Some(31),
        gender: Some(Gender::Male),
        about: "Part, fools!".into(),
        ..Details::default()
    }
}

#[test]
fn what_one_publishes_in_one_version_is_read_in_any_other() {
    for (writer, reader) in pairs() {
        let name = format!("{reader:?} reads {writer:?}");
        let mut world = together(writer, writer);
        let answer = answer_to(&mut world, Question::Publish(Box::new(ben())));
        assert_eq!(answer, Ok(Answer::Done), "{name}");

        comes_back_in(&mut world, reader);
        let read = details(&mut world, ROMEO);
        assert_eq!(read.profile, ben().profile, "{name}");
        assert_eq!(read.home.city, "Verona", "{name}");
        assert_eq!(read.home.country, 39, "{name}");
        // Some servers leave it out of the old answer (§8.2).
        let zip = read.home.zip.as_str();
        assert!(matches!(zip, "37100" | ""), "{name}");
        assert_eq!(read.homepage, ben().homepage, "{name}");
        // Groupware's notes are not what others say about themselves.
        if (writer == Version::V3) == (reader == Version::V3) {
            assert_eq!(read.about, ben().about, "{name}");
        }
        assert_eq!((read.age, read.gender), (Some(31), Some(Gender::Male)));
    }
}

/// Romeo logs out, and in with another client.
fn comes_back_in(world: &mut World, version: Version) {
    world.asks(ROMEO, Command::LogOut);
    world.runs_secs(2);
    world.versions.insert(ROMEO, version);
    world.logs_in(ROMEO, &[]);
    world.runs_secs(30);
}

#[test]
fn whatever_a_version_can_publish_it_reads_again() {
    for version in Version::ALL {
        let mut world = together(version, Version::V5);
        let whole = Details {
            emails: vec!["second@example.org".into()],
            cellular: "+39 3".into(),
            work: Place {
                city: "Mantua".into(),
                country: 39,
                ..Place::default()
            },
            company: "Montague".into(),
            department: "Peace".into(),
            position: "Cousin".into(),
            occupation: 13,
            work_homepage: "http://montague.example.org/".into(),
            birthday: Some(Birthday {
                year: 1969,
                month: 7,
                day: 20,
            }),
            languages: vec![33],
            utc_offset: Some(60),
            interests: vec![(113, "lutes".into())],
            affiliations: vec![(202, "Swordsmen".into())],
            past: vec![(301, "Verona High".into())],
            ..ben()
        };
        let answer = answer_to(&mut world, Question::Publish(Box::new(whole.clone())));
        assert_eq!(answer, Ok(Answer::Done), "{version:?}");

        let read = details(&mut world, ROMEO);
        assert_eq!(read.profile, whole.profile, "{version:?}");
        if version == Version::V5 {
            assert_eq!(read, whole);
        }
        if version == Version::V3 {
            assert_eq!(
                (&read.work.city, &read.company),
                (&whole.work.city, &whole.company)
            );
            assert_eq!(
                (read.birthday, &read.cellular),
                (whole.birthday, &whole.cellular)
            );
            assert_eq!(read.work_homepage, whole.work_homepage);
        }
    }
}

#[test]
fn people_are_found_by_number_address_and_names_in_every_version() {
    for version in Version::ALL {
        let mut world = together(version, Version::V5);
        let answer = answer_to(&mut world, Question::Publish(Box::new(ben())));
        assert_eq!(answer, Ok(Answer::Done));
        let names = |nick: &str, first: &str, last: &str| Search::Names {
            nick: nick.into(),
            first: first.into(),
            last: last.into(),
        };
        for (search, expected) in [
            (Search::Number(BEN), vec![BEN]),
            (Search::Number(Uin(77_777)), vec![]),
            (Search::Email("ben@example.org".into()), vec![ROMEO]),
            (Search::Email("nobody@example.org".into()), vec![]),
            (names("Бен", "", ""), vec![ROMEO]),
            (names("", "Benvolio", "Montague"), vec![BEN, ROMEO]),
            (names("Ben", "Nobody", ""), vec![]),
        ] {
            let mut people = found(&mut world, search.clone());
            people.sort_unstable();
            assert_eq!(people, expected, "{version:?}: {search:?}");
        }
    }
}

#[test]
fn the_white_pages_and_random_chat_are_there_for_v5() {
    let mut world = together(Version::V5, Version::V5);
    let answer = answer_to(&mut world, Question::Publish(Box::new(ben())));
    assert_eq!(answer, Ok(Answer::Done));
    let pages = WhitePages {
        city: "Verona".into(),
        ..WhitePages::default()
    };
    assert_eq!(
        found(&mut world, Search::WhitePages(Box::new(pages))),
        [ROMEO]
    );

    let group = RandomGroup(1);
    world.asks(
        BEN,
        Command::Ask {
            id: QuestionId(9),
            question: Question::JoinRandom(Some(group)),
        },
    );
    world.runs_secs(5);
    let answer = answer_to(&mut world, Question::MeetRandom(group));
    let Ok(Answer::Found { people, .. }) = answer else {
        panic!("{answer:?}");
    };
    let met: Vec<_> = people.iter().map(|found| found.uin).collect();
    assert_eq!(met, [BEN]);
    let nobody = answer_to(&mut world, Question::MeetRandom(RandomGroup(7)));
    assert!(matches!(nobody, Ok(Answer::Found { people, .. }) if people.is_empty()));
}

#[test]
fn a_number_that_nobody_has_is_told_in_every_version() {
    for version in Version::ALL {
        let mut world = together(version, Version::V5);
        let answer = answer_to(&mut world, Question::Details(Uin(77_777)));
        assert_eq!(answer, Err(NoAnswer::Refused), "{version:?}");
        world.asks(ROMEO, Command::RequestProfile(Uin(77_777)));
        world.runs_secs(40);
        let profile = Err(NoProfile::NoSuchUser);
        let uin = Uin(77_777);
        assert!(
            world
                .take_events(ROMEO)
                .contains(&Event::Profile { uin, profile }),
            "{version:?}"
        );
    }
}

fn ends_login(world: &mut World, password: &str, version: Version) -> bool {
    world.asks(ROMEO, Command::LogOut);
    world.runs_secs(2);
    world.take_events(ROMEO);
    world.logs_in_with(Start {
        password: Secret::new(password),
        ..start_in(version)
    });
    world.runs_secs(5);
    matches!(
        world.take_events(ROMEO).last(),
        Some(Event::LoggedOut(LogoutReason::WrongPassword))
    )
}

#[test]
fn a_changed_password_is_the_one_that_counts() {
    for version in Version::ALL {
        if !version.can(Ability::ChangePassword) {
            continue;
        }
        let mut world = together(version, Version::V5);
        let question = Question::ChangePassword(Secret::new("tomb"));
        let answer = answer_to(&mut world, question);
        let is_told = !matches!(version, Version::V1 | Version::V2);
        if is_told {
            assert_eq!(answer, Ok(Answer::Done), "{version:?}");
        }

        assert!(ends_login(&mut world, "balcony", version), "{version:?}");
        assert!(!ends_login(&mut world, "tomb", version), "{version:?}");
    }
}

#[test]
fn a_new_number_of_any_version_logs_in() {
    for version in Version::ALL {
        let mut world = World::new(Behaviour::reference(), 1, 0.0);
        let end = registered(&mut world, version);
        if !version.can(Ability::NewNumber) {
            assert!(end.is_none());
            continue;
        }
        let uin = end.unwrap_or_else(|| panic!("{version:?}"));
        world.logs_in_with(Start {
            uin,
            password: Secret::new("new"),
            ..start_in(version)
        });
        world.runs_secs(5);

        assert!(
            matches!(world.take_events(uin).first(), Some(Event::LoggedIn { .. })),
            "{version:?}"
        );
    }
}

fn registered(world: &mut World, version: Version) -> Option<Uin> {
    let application = Application {
        dialect: version.dialect(),
        password: Secret::new("new"),
        charset: Charset::WINDOWS_1252,
        seed: 7,
    };
    let mut registration = Registration::new(world.now.instant, application);
    let address = ([127, 0, 0, 1], 4999).into();
    for _ in 0..100 {
        while let Some(output) = registration.poll_output() {
            match output {
                RegistrationOutput::Transmit(datagram) => {
                    world.server.handle_datagram(world.now, address, &datagram);
                }
                RegistrationOutput::Ended(end) => return end.ok(),
            }
        }
        world.now = world.now.after(Duration::from_secs(1));
        world.server.handle_timeout(world.now);
        while let Some((_, datagram)) = world.server.poll_output() {
            registration.handle_datagram(world.now.instant, &datagram);
        }
        registration.handle_timeout(world.now.instant);
    }
    None
}
