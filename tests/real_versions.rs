//! The sessions of every version with a real ICQ server, where the environment names one:
//!
//! - `ICQ_TEST_SERVER`: address and port,
//! - `ICQ_TEST_ACCOUNTS`: at least two accounts, `number:password`, separated by commas,
//! - `ICQ_TEST_VERSIONS`: the versions to try, `2,3,4,5`; without it nothing is done.
//!
//! For each version one line is printed for each thing tried: what the server did. Only logins and
//! messages have to succeed; what else a server does is for the reader.

#![expect(clippy::print_stdout, reason = "what the server did is for the reader")]

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use icq_transport::icq::udp::{Session, Start, Version};
use icq_transport::icq::wire::text::Charset;
use icq_transport::icq::{Ability, Command, Event, MessageId, Output, QuestionId};
use icq_transport::model::{
    Answer, Availability, Details, Message, Place, Profile, Question, Search, Secret, Status, Uin,
    UnixTime,
};

/// One user's session and socket.
struct Person {
    session: Session,
    socket: UdpSocket,
    events: Vec<Event>,
}

impl Person {
    fn new(
        server: SocketAddr,
        version: Version,
        account: &(Uin, String),
        contacts: &[Uin],
    ) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.connect(server).expect("an address");
        socket.set_nonblocking(true).expect("it can be");
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
        let start = Start {
            dialect: version.dialect(),
            uin: account.0,
            password: Secret::new(account.1.clone()),
            status: Status::default(),
            charset: Charset::WINDOWS_1251,
            charsets: Vec::new(),
            keep_alive: Duration::from_secs(50),
            login_time: UnixTime::from_secs(unix.as_secs()),
            seed: unix.as_nanos() as u64,
            contacts: contacts.to_vec(),
            visible: vec![Uin(200_005)],
            invisible: vec![Uin(200_006)],
            ghosts: Vec::new(),
        };
        Self {
            session: Session::new(Instant::now(), start),
            socket,
            events: Vec::new(),
        }
    }

    fn asks(&mut self, command: Command) {
        self.session.handle_command(Instant::now(), command);
    }

    fn turn(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.session
                .handle_datagram(Instant::now(), &buffer[..length]);
        }
        if self
            .session
            .poll_timeout()
            .is_some_and(|due| due <= Instant::now())
        {
            self.session.handle_timeout(Instant::now());
        }
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Transmit(datagram) => {
                    let _lost = self.socket.send(&datagram);
                }
                Output::Event(event) => {
                    if let Event::Message { receipt, .. } = &event {
                        let safe = Command::Safe(*receipt);
                        self.session.handle_command(Instant::now(), safe);
                    }
                    self.events.push(event);
                }
            }
        }
    }

    fn answer(&mut self) -> Option<Result<Answer, icq_transport::model::NoAnswer>> {
        let at = self
            .events
            .iter()
            .position(|event| matches!(event, Event::Answer { .. }))?;
        match self.events.remove(at) {
            Event::Answer { answer, .. } => Some(answer),
            _ => None,
        }
    }
}

/// Lets both go on until something holds, or for so long.
fn until(
    people: &mut [&mut Person],
    seconds: u64,
    mut holds: impl FnMut(&mut [&mut Person]) -> bool,
) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    let pause = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    pause
        .set_read_timeout(Some(Duration::from_millis(5)))
        .expect("it can be");
    while Instant::now() < end {
        for person in people.iter_mut() {
            person.turn();
        }
        if holds(people) {
            return true;
        }
        let _timeout = pause.recv(&mut [0]);
    }
    false
}

fn ask(person: &mut Person, question: Question) -> String {
    person.asks(Command::Ask {
        id: QuestionId(1),
        question,
    });
    let mut told = None;
    until(&mut [person], 70, |people| {
        told = people[0].answer();
        told.is_some()
    });
    match told {
        None => "no end".into(),
        Some(Ok(Answer::Done)) => "done".into(),
        Some(Ok(Answer::Found { people, more })) => {
            let found: Vec<_> = people
                .iter()
                .map(|found| format!("{} {:?}", found.uin, found.profile.nick))
                .collect();
            format!("{found:?} more {more}")
        }
        Some(Ok(Answer::Details(details))) => format!(
            "{:?} city {:?} about {:?} age {:?} homepage {:?} company {:?}",
            details.profile,
            details.home.city,
            details.about,
            details.age,
            details.homepage,
            details.company
        ),
        Some(Err(why)) => format!("{why:?}"),
    }
}

fn has(person: &Person, wanted: impl Fn(&Event) -> bool) -> bool {
    person.events.iter().any(wanted)
}

fn published(nick: &str) -> Details {
    Details {
        profile: Profile {
            nick: nick.into(),
            first: "First".into(),
            last: "Last".into(),
            email: "mail@example.org".into(),
            authorisation_required: true,
        },
        home: Place {
            city: "Verona".into(),
            country: 39,
            zip: "37100".into(),
            ..Place::default()
        },
        about: "about me".into(),
        homepage: "http://example.org/".into(),
        age: Some(31),
        company: "ACME".into(),
        ..Details::default()
    }
}

#[test]
fn the_versions_that_are_named_meet_on_a_real_server() {
    let (Ok(server), Ok(accounts), Ok(versions)) = (
        std::env::var("ICQ_TEST_SERVER"),
        std::env::var("ICQ_TEST_ACCOUNTS"),
        std::env::var("ICQ_TEST_VERSIONS"),
    ) else {
        return;
    };
    let server: SocketAddr = server.parse().expect("ICQ_TEST_SERVER is address:port");
    let accounts: Vec<(Uin, String)> = accounts
        .split(',')
        .filter_map(|account| account.split_once(':'))
        .filter_map(|(uin, password)| Some((Uin::from_digits(uin)?, password.to_owned())))
        .collect();
    let versions: Vec<Version> = versions
        .split(',')
        .filter_map(|word| {
            let word: u16 = word.trim().parse().ok()?;
            Version::ALL
                .into_iter()
                .find(|version| version.word() == word)
        })
        .collect();
    for one in &versions {
        for other in &versions {
            evening(server, *one, *other, &accounts[0], &accounts[1]);
        }
    }
}

fn evening(
    server: SocketAddr,
    one: Version,
    other: Version,
    first: &(Uin, String),
    second: &(Uin, String),
) {
    let name = format!("{one:?}/{other:?}");
    let say = |what: &str, result: &dyn std::fmt::Debug| println!("{name} {what}: {result:?}");

    let wrong = (first.0, "wrong".to_owned());
    let mut nobody = Person::new(server, one, &wrong, &[]);
    until(&mut [&mut nobody], 20, |people| {
        !people[0].events.is_empty()
    });
    say("wrong password", &nobody.events);

    // A message waits for the second.
    let mut a = Person::new(server, one, first, &[second.0]);
    let online = |person: &Person| has(person, |event| *event == Event::OfflineMessagesEnd);
    until(&mut [&mut a], 60, |people| online(people[0]));
    say("login", &a.events);
    assert!(
        has(&a, |event| matches!(event, Event::LoggedIn { .. })),
        "{name}"
    );
    let waiting = format!("waiting {one:?}");
    a.asks(Command::Send {
        id: MessageId(1),
        to: second.0,
        message: Message::Text(waiting),
    });
    until(&mut [&mut a], 20, |people| {
        has(people[0], |event| *event == Event::Sent(MessageId(1)))
    });
    a.events.clear();

    let mut b = Person::new(server, other, second, &[first.0]);
    until(&mut [&mut a, &mut b], 60, |people| online(people[1]));
    let came = until(&mut [&mut a, &mut b], 5, |people| {
        has(
            people[0],
            |event| matches!(event, Event::Presence { uin, status: Some(_) } if *uin == second.0),
        )
    });
    say("second login", &b.events);
    say("sees the second come", &came);

    for (number, text) in [(2, "there"), (3, "back")] {
        let (from, to, of) = match number {
            2 => (&mut a, &mut b, first.0),
            _ => (&mut b, &mut a, second.0),
        };
        let receiver = if of == first.0 { second.0 } else { first.0 };
        from.asks(Command::Send {
            id: MessageId(number),
            to: receiver,
            message: Message::Text(text.into()),
        });
        let arrived = until(&mut [from, to], 15, |people| {
            has(
                people[1],
                |event| matches!(event, Event::Message { message: Message::Text(heard), .. } if heard == text),
            ) && has(people[0], |event| *event == Event::Sent(MessageId(number)))
        });
        say(text, &arrived);
        assert!(arrived, "{name} {text}");
    }
    for (number, message) in [
        Message::Url {
            description: "A site".into(),
            url: "http://example.org/".into(),
        },
        Message::AuthorisationRequest {
            from: icq_transport::model::Introduction::default(),
            reason: "please".into(),
        },
        Message::AuthorisationGranted,
        Message::AuthorisationDenied {
            reason: "no".into(),
        },
        Message::Contacts(vec![(Uin(200_003), "Three".into())]),
    ]
    .into_iter()
    .enumerate()
    {
        b.events.clear();
        a.asks(Command::Send {
            id: MessageId(10 + number as u64),
            to: second.0,
            message: message.clone(),
        });
        let arrived = until(&mut [&mut a, &mut b], 4, |people| {
            has(
                people[1],
                |event| matches!(event, Event::Message { message: heard, .. } if *heard == message),
            )
        });
        if !arrived {
            say("message of another kind", &(message, &b.events));
        }
    }

    a.events.clear();
    b.asks(Command::SetStatus(Availability::DoNotDisturb.into()));
    until(&mut [&mut a, &mut b], 5, |people| {
        has(people[0], |event| matches!(event, Event::Presence { .. }))
    });
    say("sees do not disturb", &a.events);

    if one == other {
        let nick = format!("nick{one:?}");
        say(
            "publish",
            &ask(&mut a, Question::Publish(Box::new(published(&nick)))),
        );
        say(
            "details of oneself",
            &ask(&mut a, Question::Details(first.0)),
        );
        say(
            "details of nobody",
            &ask(&mut a, Question::Details(Uin(999_999))),
        );
        say(
            "number",
            &ask(&mut a, Question::Search(Search::Number(second.0))),
        );
        let names = Search::Names {
            nick,
            first: String::new(),
            last: String::new(),
        };
        say("names", &ask(&mut a, Question::Search(names)));
        let email = Search::Email("mail@example.org".into());
        say("email", &ask(&mut a, Question::Search(email)));
        for question in [
            Question::RequireAuthorisation(true),
            Question::ChangePassword(Secret::new(first.1.clone())),
        ] {
            if one.can(Ability::of(&question)) {
                let what = format!("{:?}", Ability::of(&question));
                say(&what, &ask(&mut a, question));
            }
        }
        a.asks(Command::RequestProfile(second.0));
        until(&mut [&mut a, &mut b], 40, |people| {
            has(people[0], |event| matches!(event, Event::Profile { .. }))
        });
        let profile = a
            .events
            .iter()
            .find(|event| matches!(event, Event::Profile { .. }));
        say("profile", &profile);
        say("dropped", &a.session.dropped());
    }

    a.events.clear();
    b.asks(Command::LogOut);
    let gone = until(&mut [&mut a, &mut b], 5, |people| {
        has(people[0], |event| {
            matches!(event, Event::Presence { status: None, .. })
        })
    });
    say("sees the second go", &gone);
    a.asks(Command::LogOut);
    until(&mut [&mut a, &mut b], 2, |_| false);
}
