//! Sessions and the ICQ server of this package, written apart from each other from one reference,
//! on good lines and bad ones.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use icq_transport::icq::udp::{Session, Start, Version};
use icq_transport::icq::{Command, Event, LogoutReason, MessageId, NotSent, Output, Receipt};
use icq_transport::model::{Availability, Message, Now, Profile, Secret, Status, Uin, UnixTime};
use icq_transport::server::{
    Account, BOTS, Behaviour, ECHO, JournalEvent, OfflineMessages, Retransmission, SecondLogin,
    Server, Setup,
};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::scene::{BEN, ROMEO, start_in};

/// Two users, a server, and the lines between.
pub(crate) struct World {
    pub(crate) now: Now,
    pub(crate) server: Server,
    /// What the users speak; V5 unless it says otherwise.
    pub(crate) versions: BTreeMap<Uin, Version>,
    clients: BTreeMap<Uin, Client>,
    logins: u16,
    second_login: SecondLogin,
    random: SmallRng,
    loss: f64,
    under_way: BTreeMap<(Instant, u64), (End, Vec<u8>)>,
    sent: u64,
}

pub(crate) struct Client {
    pub(crate) session: Session,
    events: Vec<Event>,
    /// Every login has a socket of its own.
    address: SocketAddr,
    /// Says that every message is safe, as soon as it comes.
    keeps: bool,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Client(SocketAddr),
    Server(SocketAddr),
}

impl World {
    /// Everybody speaks one version.
    pub(crate) fn speaking(version: Version, behaviour: Behaviour, seed: u64, loss: f64) -> Self {
        let mut world = Self::new(behaviour, seed, loss);
        world.versions = [ROMEO, BEN].map(|uin| (uin, version)).into();
        world
    }

    pub(crate) fn new(behaviour: Behaviour, seed: u64, loss: f64) -> Self {
        let second_login = behaviour.second_login;
        Self {
            now: Now {
                instant: Instant::now(),
                unix: UnixTime::from_secs(1_000_000_000),
            },
            server: Server::new(Setup {
                accounts: vec![
                    Account::new(ROMEO, "balcony"),
                    Account::new(BEN, "balcony").named("Ben", "Benvolio", "Montague"),
                ],
                behaviour,
                seed,
                bots: true,
                journal: 10_000,
            }),
            versions: BTreeMap::new(),
            clients: BTreeMap::new(),
            logins: 0,
            second_login,
            random: SmallRng::seed_from_u64(seed),
            loss,
            under_way: BTreeMap::new(),
            sent: 0,
        }
    }

    fn start(&self, uin: Uin) -> Start {
        let version = self.versions.get(&uin).copied();
        Start {
            uin,
            contacts: Vec::new(),
            ..start_in(version.unwrap_or(Version::V5))
        }
    }

    pub(crate) fn logs_in(&mut self, uin: Uin, contacts: &[Uin]) {
        let start = self.start(uin);
        self.logs_in_with(Start {
            contacts: contacts.to_vec(),
            ..start
        });
    }

    pub(crate) fn logs_in_with(&mut self, start: Start) {
        let uin = start.uin;
        let start = Start {
            login_time: self.now.unix,
            seed: self.random.random(),
            ..start
        };
        self.logins += 1;
        let client = Client {
            session: Session::new(self.now.instant, start),
            events: Vec::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 5000 + self.logins)),
            keeps: true,
        };
        self.clients.insert(uin, client);
        self.drain();
    }

    pub(crate) fn client(&mut self, uin: Uin) -> &mut Client {
        self.clients.get_mut(&uin).expect("logged in")
    }

    pub(crate) fn asks(&mut self, uin: Uin, command: Command) {
        let now = self.now.instant;
        self.client(uin).session.handle_command(now, command);
        self.drain();
    }

    pub(crate) fn sends(&mut self, from: Uin, to: Uin, id: u64, text: &str) {
        self.asks(
            from,
            Command::Send {
                id: MessageId(id),
                to,
                message: Message::Text(text.into()),
            },
        );
    }

    pub(crate) fn take_events(&mut self, uin: Uin) -> Vec<Event> {
        std::mem::take(&mut self.client(uin).events)
    }

    fn refuses_second_logins(&self) -> bool {
        self.second_login == SecondLogin::Refuse
    }

    fn carry(&mut self, to: End, datagram: Vec<u8>) {
        if self.loss > 0.0 && self.random.random_bool(self.loss) {
            return;
        }
        let delay = match self.loss {
            0.0 => 5,
            _ => self.random.random_range(5..300),
        };
        self.sent += 1;
        let at = self.now.instant + Duration::from_millis(delay);
        self.under_way.insert((at, self.sent), (to, datagram));
    }

    fn drain(&mut self) {
        let mut transmitted = Vec::new();
        for client in self.clients.values_mut() {
            while let Some(output) = client.session.poll_output() {
                match output {
                    Output::Transmit(datagram) => {
                        transmitted.push((End::Server(client.address), datagram));
                    }
                    Output::Event(event) => {
                        if let (true, Event::Message { receipt, .. }) = (client.keeps, &event) {
                            client
                                .session
                                .handle_command(self.now.instant, Command::Safe(*receipt));
                        }
                        client.events.push(event);
                    }
                }
            }
        }
        while let Some((address, datagram)) = self.server.poll_output() {
            transmitted.push((End::Client(address), datagram));
        }
        for (to, datagram) in transmitted {
            self.carry(to, datagram);
        }
    }

    pub(crate) fn runs(&mut self, duration: Duration) {
        let until = self.now.instant + duration;
        loop {
            let sessions = self
                .clients
                .values()
                .filter_map(|client| client.session.poll_timeout())
                .min();
            let arrival = self.under_way.keys().next().map(|&(at, _)| at);
            let next = [arrival, sessions, self.server.poll_timeout()]
                .into_iter()
                .flatten()
                .min()
                .filter(|&next| next <= until);
            let reached = next.unwrap_or(until).max(self.now.instant);
            self.now = self.now.after(reached - self.now.instant);
            if next.is_none() {
                return;
            }
            if arrival.is_some_and(|at| at <= reached)
                && let Some((_, (to, datagram))) = self.under_way.pop_first()
            {
                match to {
                    End::Client(address) => {
                        let mut clients = self.clients.values_mut();
                        if let Some(client) = clients.find(|client| client.address == address) {
                            client.session.handle_datagram(reached, &datagram);
                        }
                    }
                    End::Server(address) => {
                        self.server.handle_datagram(self.now, address, &datagram);
                    }
                }
            }
            self.server.handle_timeout(self.now);
            for client in self.clients.values_mut() {
                client.session.handle_timeout(reached);
            }
            self.drain();
        }
    }

    pub(crate) fn runs_secs(&mut self, secs: u64) {
        self.runs(Duration::from_secs(secs));
    }
}

fn servers() -> [(&'static str, Behaviour); 4] {
    let packed = Behaviour {
        multi: Some(1000),
        ..Behaviour::reference()
    };
    [
        ("reference", Behaviour::reference()),
        ("in packets of several", packed),
        ("IServerd", Behaviour::iserverd()),
        ("open-oscar-server", Behaviour::open_oscar()),
    ]
}

/// Every kind of server, and every version it speaks.
fn servers_and_versions() -> Vec<(String, Version, Behaviour)> {
    let each = |(name, behaviour): (&str, Behaviour)| {
        let versions = behaviour.versions.iter();
        versions
            .map(|version| (format!("{name}, {version:?}"), *version, behaviour.clone()))
            .collect::<Vec<_>>()
    };
    servers().into_iter().flat_map(each).collect()
}

pub(crate) fn texts(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message {
                message: Message::Text(text),
                ..
            } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

pub(crate) fn presence(uin: Uin, status: impl Into<Option<Status>>) -> Event {
    Event::Presence {
        uin,
        status: status.into(),
    }
}

#[test]
fn with_every_kind_of_server_a_day_goes_well() {
    for (name, version, behaviour) in servers_and_versions() {
        let mut world = World::speaking(version, behaviour, 1, 0.0);
        world.logs_in(BEN, &[ROMEO]);
        world.runs_secs(30);
        let events = world.take_events(BEN);
        assert!(matches!(events[0], Event::LoggedIn { .. }), "{name}");
        assert!(events.contains(&Event::ListLoaded), "{name}");
        assert!(events.contains(&Event::OfflineMessagesEnd), "{name}");

        world.logs_in(ROMEO, &[BEN, ECHO]);
        world.runs_secs(30);
        let events = world.take_events(ROMEO);
        let loaded = events.iter().position(|event| *event == Event::ListLoaded);
        let ben = events
            .iter()
            .position(|event| *event == presence(BEN, Status::default()));
        assert!(ben.is_some() && ben < loaded, "{name}: {events:?}");
        assert!(
            world
                .take_events(BEN)
                .contains(&presence(ROMEO, Status::default()))
        );

        world.sends(ROMEO, BEN, 1, "Привет\nБен");
        world.sends(ROMEO, ECHO, 2, "echo");
        world.asks(BEN, Command::SetStatus(Availability::Away.into()));
        world.asks(ROMEO, Command::RequestProfile(BEN));
        world.asks(ROMEO, Command::RequestProfile(Uin(77_777)));
        world.runs_secs(30);
        assert_eq!(texts(&world.take_events(BEN)), ["Привет\nБен"], "{name}");
        let events = world.take_events(ROMEO);
        assert_eq!(texts(&events), ["echo"], "{name}");
        for expected in [
            Event::Sent(MessageId(1)),
            Event::Sent(MessageId(2)),
            presence(BEN, Status::from(Availability::Away)),
        ] {
            assert!(events.contains(&expected), "{name}: {expected:?}");
        }
        let profiles: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Profile { uin, profile } => Some((*uin, profile.clone())),
                _ => None,
            })
            .collect();
        assert_eq!(profiles.len(), 2, "{name}");
        assert!(
            profiles.iter().any(|(uin, profile)| *uin == BEN
                && matches!(profile, Ok(Profile { nick, .. }) if nick == "Ben")),
            "{name}: {profiles:?}"
        );

        world.asks(BEN, Command::LogOut);
        world.runs_secs(5);
        assert!(
            world.take_events(ROMEO).contains(&presence(BEN, None)),
            "{name}"
        );
        assert_eq!(
            world.take_events(BEN).last(),
            Some(&Event::LoggedOut(LogoutReason::Asked))
        );
        // An hour of silence between two people costs nothing but keep-alives.
        world.runs_secs(3600);
        let ends = world
            .take_events(ROMEO)
            .iter()
            .filter(|event| matches!(event, Event::LoggedOut(_)))
            .count();
        assert_eq!(ends, 0, "{name}");
        let dropped = world.client(ROMEO).session.dropped();
        assert_eq!(dropped.undecodable, 0, "{name}");
        assert_eq!(dropped.foreign_session, 0, "{name}");
    }
}

#[test]
fn a_wrong_password_is_told_by_every_kind_of_server() {
    for (name, version, behaviour) in servers_and_versions() {
        let mut world = World::speaking(version, behaviour, 1, 0.0);

        let start = world.start(ROMEO);
        world.logs_in_with(Start {
            password: Secret::new("garden"),
            ..start
        });
        world.runs_secs(5);

        assert_eq!(
            world.take_events(ROMEO),
            [Event::LoggedOut(LogoutReason::WrongPassword)],
            "{name}"
        );
    }
}

#[test]
fn a_ghost_of_one_s_own_does_not_keep_anybody_out_for_long() {
    for (name, version, behaviour) in servers_and_versions() {
        let mut world = World::speaking(version, behaviour, 1, 0.0);
        world.logs_in(ROMEO, &[]);
        world.runs_secs(10);
        let ghost = world.client(ROMEO).session.session_id();

        // The machine died; nobody said goodbye.
        let start = world.start(ROMEO);
        world.logs_in_with(Start {
            ghosts: vec![ghost],
            ..start
        });
        world.runs_secs(20);

        let events = world.take_events(ROMEO);
        // Without session ids IServerd takes a goodbye from the port of the login only (§4.4).
        if version == Version::V3 && world.refuses_second_logins() {
            let end = Event::LoggedOut(LogoutReason::AlreadyOnline);
            assert_eq!(events, [end], "{name}");
            continue;
        }
        assert!(
            matches!(events.first(), Some(Event::LoggedIn { .. })),
            "{name}: {events:?}"
        );
    }
}

#[test]
fn a_server_that_forgot_everything_is_found_out_by_the_next_packet() {
    for (name, version, behaviour) in servers_and_versions() {
        let mut world = World::speaking(version, behaviour, 1, 0.0);
        world.logs_in(ROMEO, &[BEN]);
        world.runs_secs(30);

        let now = world.now;
        world.server.restart(now);
        world.runs_secs(60);

        assert_eq!(
            world.take_events(ROMEO).last(),
            Some(&Event::LoggedOut(LogoutReason::SessionLost)),
            "{name}"
        );
    }
}

#[test]
fn a_second_login_elsewhere_ends_the_first_or_is_refused() {
    let mut world = World::new(Behaviour::reference(), 1, 0.0);
    world.logs_in(ROMEO, &[]);
    world.runs_secs(10);
    let now = world.now;
    assert!(world.server.kick(now, ROMEO));
    world.drain();
    world.runs_secs(1);
    assert!(matches!(
        world.take_events(ROMEO).last(),
        Some(Event::LoggedOut(LogoutReason::Kicked(_)))
    ));

    let mut world = World::new(Behaviour::iserverd(), 1, 0.0);
    world.logs_in(ROMEO, &[]);
    world.runs_secs(10);
    world.logs_in(ROMEO, &[]);
    world.runs_secs(10);
    assert_eq!(
        world.take_events(ROMEO),
        [Event::LoggedOut(LogoutReason::TryAgainLater)]
    );
}

#[test]
fn stored_messages_reach_their_owner_and_are_deleted_when_they_are_safe() {
    for (name, version, behaviour) in servers_and_versions() {
        if behaviour.empties_stored_texts {
            continue;
        }
        let mut world = World::speaking(version, behaviour, 1, 0.0);
        for text in ["one", "two", "three"] {
            let now = world.now;
            world.server.write(now, BEN, ROMEO, 1, text.as_bytes());
            world.runs_secs(60);
        }

        world.logs_in(ROMEO, &[BEN]);
        world.client(ROMEO).keeps = false;
        world.runs_secs(60);
        let events = world.take_events(ROMEO);
        assert_eq!(texts(&events), ["one", "two", "three"], "{name}");
        assert_eq!(world.server.undelivered(ROMEO), 3, "{name}");

        let receipts: Vec<Receipt> = events
            .iter()
            .filter_map(|event| match event {
                Event::Message { receipt, .. } => Some(*receipt),
                _ => None,
            })
            .collect();
        for receipt in receipts {
            world.asks(ROMEO, Command::Safe(receipt));
        }
        world.runs_secs(5);
        assert_eq!(world.server.undelivered(ROMEO), 0, "{name}");
    }
}

/// On a bad line, with a server that repeats nothing, a stored message whose packet was lost must
/// not be deleted with the others.
#[test]
fn no_stored_message_is_deleted_unread_however_bad_the_line() {
    let mut told = 0;
    let mut deleted = BTreeMap::<Version, u32>::new();
    for seed in 0..150 {
        // The versions take turns, but for V5.
        let another = Version::ALL[seed as usize % 4];
        for (version, mut behaviour) in [
            (Version::V5, Behaviour::iserverd()),
            (Version::V3, Behaviour::iserverd()),
            (Version::V5, Behaviour::reference()),
            (another, Behaviour::reference()),
        ] {
            behaviour.packets_per_second = None;
            let repeats_everything = behaviour.offline_messages == OfflineMessages::OnRequestOrSoon;
            let mut world = World::speaking(version, behaviour, seed, 0.3);
            let expected: BTreeSet<String> = (0..8).map(|n| n.to_string()).collect();
            for text in &expected {
                let now = world.now;
                world.server.write(now, BEN, ROMEO, 1, text.as_bytes());
            }
            world.logs_in(ROMEO, &[ECHO, BEN]);
            world.runs_secs(200);

            let seen = texts(&world.take_events(ROMEO));
            let unique: BTreeSet<String> = seen.iter().cloned().collect();
            assert_eq!(
                seen.len(),
                unique.len(),
                "seed {seed}, {version:?}: told twice"
            );
            let was_deleted = world
                .server
                .take_journal()
                .iter()
                .any(|entry| matches!(entry.event, JournalEvent::Deleted(_)));
            if was_deleted && !repeats_everything {
                assert_eq!(unique, expected, "seed {seed}, {version:?}: deleted unread");
                *deleted.entry(version).or_default() += 1;
            }
            told += unique.len();
        }
    }
    // The rest did not get to log in, or lost the session to a server that gives up after five sends.
    // In V3 the server tells each message once, and what was lost stays lost.
    assert!(deleted[&Version::V5] > 80, "{deleted:?} of 150 each");
    assert!(deleted[&Version::V3] > 5, "{deleted:?} of 150 each");
    assert!(told > 3400, "{told} of 4800");
}

/// What one of two people was told of the other's words.
fn numbers_told(events: &[Event], from: Uin) -> Vec<u64> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message {
                from: sender,
                message: Message::Text(text),
                ..
            } if *sender == from => text.parse().ok(),
            _ => None,
        })
        .collect()
}

#[test]
fn on_a_bad_line_two_people_understand_each_other() {
    let mut arrived = 0;
    let mut conversations = 0;
    for seed in 0..10 {
        let patient = Behaviour {
            retransmission: Some(Retransmission {
                interval: Duration::from_secs(10),
                sends: 12,
                in_order: true,
            }),
            ..Behaviour::reference()
        };
        let mut world = World::new(patient, seed, 0.3);
        let version = |n: u64| Version::ALL[n as usize % 5];
        world.versions = [(ROMEO, version(seed)), (BEN, version(seed + seed / 5))].into();
        world.logs_in(ROMEO, &[BEN]);
        world.logs_in(BEN, &[ROMEO]);
        world.runs_secs(120);
        let is_online = |events: &[Event]| {
            events
                .iter()
                .any(|event| matches!(event, Event::LoggedIn { .. }))
                && !events
                    .iter()
                    .any(|event| matches!(event, Event::LoggedOut(_)))
        };
        if !is_online(&world.take_events(ROMEO)) || !is_online(&world.take_events(BEN)) {
            continue;
        }
        conversations += 1;
        let (mut of_romeo, mut of_ben) = (Vec::new(), Vec::new());
        for id in 0..100_u64 {
            world.sends(ROMEO, BEN, id, &id.to_string());
            world.sends(BEN, ROMEO, id, &id.to_string());
            world.runs_secs(12);
            of_romeo.extend(world.take_events(ROMEO));
            of_ben.extend(world.take_events(BEN));
        }
        world.runs_secs(1200);
        of_romeo.extend(world.take_events(ROMEO));
        of_ben.extend(world.take_events(BEN));

        for (writer, reader, writer_uin) in [(&of_romeo, &of_ben, ROMEO), (&of_ben, &of_romeo, BEN)]
        {
            let told = numbers_told(reader, writer_uin);
            assert!(
                told.windows(2).all(|pair| pair[0] < pair[1]),
                "seed {seed}: {told:?}"
            );
            let mut ends = BTreeMap::<u64, Vec<Result<(), NotSent>>>::new();
            for event in writer {
                match event {
                    Event::Sent(id) => ends.entry(id.0).or_default().push(Ok(())),
                    Event::NotSent { id, why } => ends.entry(id.0).or_default().push(Err(*why)),
                    _ => {}
                }
            }
            assert!(ends.values().all(|ends| ends.len() == 1), "seed {seed}");
            arrived += told.len();
        }
    }
    assert!(conversations >= 8, "{conversations}");
    assert!(
        arrived * 100 >= conversations * 200 * 85,
        "{arrived} of {}",
        conversations * 200
    );
}

#[test]
fn the_contacts_that_live_in_the_server_are_all_seen() {
    let mut world = World::new(Behaviour::reference(), 1, 0.0);
    world.logs_in(ROMEO, &BOTS);
    world.runs_secs(300);

    let events = world.take_events(ROMEO);

    for bot in BOTS {
        assert!(
            events.iter().any(
                |event| matches!(event, Event::Presence { uin, status: Some(_) } if *uin == bot)
            ),
            "{bot}"
        );
    }
}
