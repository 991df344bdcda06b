//! What one seed decides before anything happens: who and what is there, and which faults exist.
//!
//! Swarm style: each fault is there in some runs and absent in others, because two of them together
//! often hide what one alone shows.

use std::time::Duration;

use icq_transport::gateway::Settings;
use icq_transport::icq::wire::Version;
use icq_transport::model::Uin;
use icq_transport::server::{Behaviour, OfflineMessages, Retransmission, SecondLogin};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::trouble::Kind;

/// The gateway's domain.
pub(crate) const DOMAIN: &str = "icq.example.org";
/// The domain of its users.
pub(crate) const HOME: &str = "example.org";

/// What one seed decides before anything happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How long things break.
    pub(crate) troubled: Duration,
    pub(crate) people: u32,
    pub(crate) puppets: u32,
    pub(crate) settings: Settings,
    pub(crate) preset: Preset,
    pub(crate) behaviour: Behaviour,
    pub(crate) line: Line,
    pub(crate) disk: Disk,
    pub(crate) host: Manners,
    pub(crate) habits: Habits,
    /// What breaks, and how long it takes on average until it does.
    pub(crate) troubles: Vec<(Kind, Duration)>,
}

/// Which ICQ server is played.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Preset {
    Reference,
    Iserverd,
    OpenOscar,
}

/// The network between gateway and ICQ server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    pub(crate) loss_to_server: f64,
    pub(crate) loss_to_gateway: f64,
    pub(crate) repetition: f64,
    /// How many datagrams are late, and how late at most.
    pub(crate) lag: f64,
    pub(crate) longest_lag: Duration,
}

/// How the disk and the thread that writes to it behave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk {
    pub(crate) slowest: Duration,
    /// How long notes wait for company.
    pub(crate) linger: Duration,
}

/// What the XMPP server is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    pub(crate) privilege: Privilege,
    /// Keeps messages for who is offline; else they come back.
    pub(crate) keeps_messages: bool,
    /// Answers a probe of somebody offline; else it is silent.
    pub(crate) answers_for_the_absent: bool,
    /// A removed contact is told `unsubscribed` first.
    pub(crate) unsubscribed_first: bool,
}

/// What XEP-0356 is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Privilege {
    None,
    /// Rosters may be read and written, and what is written stands: Prosody.
    Obeyed,
    /// Names are written, subscriptions ignored: newer ejabberd.
    NamesOnly,
}

/// What people do, in parts of all they do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// How long somebody does nothing, on average.
    pub(crate) pause: Duration,
    pub(crate) writing: u32,
    pub(crate) hearing: u32,
    pub(crate) burst: u32,
    pub(crate) long_messages: f64,
    pub(crate) coming_and_going: u32,
    pub(crate) contacts: u32,
    pub(crate) commands: u32,
    pub(crate) registration: u32,
    pub(crate) leaving_the_gateway: u32,
    pub(crate) questions: u32,
    /// Somebody removes everybody at once.
    pub(crate) mass_removal: bool,
}

impl Plan {
    pub(crate) fn draw(seed: u64) -> (Self, StdRng) {
        let mut random = StdRng::seed_from_u64(seed);
        let rng = &mut random;
        let preset = match rng.random_range(0..10) {
            0..6 => Preset::Reference,
            6..8 => Preset::Iserverd,
            _ => Preset::OpenOscar,
        };
        let mut plan = Self {
            seed,
            troubled: seconds(rng, 240, 900),
            people: rng.random_range(1..=3),
            puppets: rng.random_range(2..=4),
            settings: settings(rng),
            preset,
            behaviour: behaviour(rng, preset),
            line: line(rng),
            disk: Disk {
                slowest: one_of(rng, &[0, 0, 5, 200]).map_or(Duration::ZERO, Duration::from_millis),
                linger: Duration::from_millis(one_of(rng, &[20, 20, 1000]).unwrap_or(20)),
            },
            host: Manners {
                privilege: match rng.random_range(0..5) {
                    0..2 => Privilege::None,
                    2..4 => Privilege::Obeyed,
                    _ => Privilege::NamesOnly,
                },
                keeps_messages: rng.random_bool(0.7),
                answers_for_the_absent: rng.random_bool(0.5),
                unsubscribed_first: rng.random_bool(0.5),
            },
            habits: habits(rng),
            troubles: troubles(rng),
        };
        plan.settings.networks[0].versions = versions(seed, &plan.behaviour);
        (plan, random)
    }
}

/// The versions that the gateway may speak.
///
/// `WORLD_VERSIONS=V3` or `WORLD_VERSIONS=V5,V3` decides it. `WORLD_VERSIONS=any` draws: mostly one, the
/// same for all; sometimes all that the server speaks, the best first, and each user finds one. That is
/// not drawn from the same chance as the rest, which would make every older seed another world.
fn versions(seed: u64, behaviour: &Behaviour) -> Vec<Version> {
    let named = std::env::var("WORLD_VERSIONS");
    let named = named.unwrap_or_else(|_| "V5".to_owned());
    if named != "any" {
        let version = |name: &str| Version::ALL.into_iter().find(|it| it.to_string() == name);
        return named.split(',').filter_map(version).collect();
    }
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5645_5253);
    let mut spoken = behaviour.versions.to_vec();
    spoken.sort_unstable_by(|one, other| other.cmp(one));
    match rng.random_range(0..10) {
        0..4 => vec![Version::V5],
        4..9 => spoken[rng.random_range(0..spoken.len())..]
            .iter()
            .copied()
            .take(1)
            .collect(),
        _ => spoken,
    }
}

fn settings(rng: &mut StdRng) -> Settings {
    let mut settings = default_settings();
    let limits = &mut settings.limits;
    if rng.random_bool(0.2) {
        limits.queued_messages = rng.random_range(3..8);
    }
    if rng.random_bool(0.2) {
        limits.held_messages = rng.random_range(1..4);
    }
    if rng.random_bool(0.3) {
        limits.messages_per_second = 1;
        limits.message_burst = rng.random_range(1..4);
    }
    if rng.random_bool(0.3) {
        settings.link_grace = Duration::from_secs(60);
    }
    if rng.random_bool(0.3) {
        settings.logoff_delay = Duration::from_secs(5);
    }
    settings
}

/// The defaults, but that nobody is kept from registering for an hour.
pub(crate) fn default_settings() -> Settings {
    let mut settings = Settings::new(DOMAIN.parse().expect("a domain"));
    settings.networks[0].charset = "windows-1251".to_owned();
    settings.networks[0].versions = vec![Version::V5];
    settings.lowest_uin = Uin(1000);
    settings.limits.registrations_per_hour = 1000;
    settings
}

fn behaviour(rng: &mut StdRng, preset: Preset) -> Behaviour {
    let mut behaviour = match preset {
        Preset::Reference => Behaviour::reference(),
        Preset::Iserverd => Behaviour::iserverd(),
        Preset::OpenOscar => Behaviour::open_oscar(),
    };
    if preset != Preset::Reference {
        return behaviour;
    }
    if rng.random_bool(0.3) {
        behaviour.multi = Some(rng.random_range(100..800));
    }
    if rng.random_bool(0.2) {
        behaviour.second_login = SecondLogin::Refuse;
        behaviour.silence = Some(Duration::from_secs(120));
    }
    if rng.random_bool(0.3) {
        behaviour.retransmission = Some(Retransmission {
            interval: Duration::from_secs(rng.random_range(4..11)),
            sends: rng.random_range(3..7),
            in_order: true,
        });
    }
    if rng.random_bool(0.2) {
        behaviour.offline_messages = OfflineMessages::OnRequest;
    }
    if rng.random_bool(0.1) {
        behaviour.suppress_duplicates = false;
    }
    if rng.random_bool(0.2) {
        behaviour.stored_messages = rng.random_range(3..10);
    }
    behaviour
}

fn line(rng: &mut StdRng) -> Line {
    let loss = |rng: &mut StdRng| match rng.random_range(0..4) {
        0..2 => 0.0,
        2 => rng.random_range(0.0..0.1),
        _ => rng.random_range(0.1..0.5),
    };
    let sometimes = |rng: &mut StdRng, most: f64| match rng.random_bool(0.4) {
        true => rng.random_range(0.0..most),
        false => 0.0,
    };
    Line {
        loss_to_server: loss(rng),
        loss_to_gateway: loss(rng),
        repetition: sometimes(rng, 0.2),
        lag: sometimes(rng, 0.3),
        longest_lag: seconds(rng, 1, 8),
    }
}

fn habits(rng: &mut StdRng) -> Habits {
    let part = |rng: &mut StdRng, most: u32| match rng.random_bool(0.7) {
        true => rng.random_range(1..=most),
        false => 0,
    };
    Habits {
        pause: Duration::from_millis(rng.random_range(1500..15_000)),
        writing: rng.random_range(2..12),
        hearing: rng.random_range(2..12),
        burst: one_of(rng, &[1, 3, 12]).unwrap_or(1),
        long_messages: one_of(rng, &[0.0, 0.1, 0.4]).unwrap_or(0.0),
        coming_and_going: part(rng, 4),
        contacts: part(rng, 4),
        commands: part(rng, 2),
        registration: part(rng, 1),
        leaving_the_gateway: part(rng, 1),
        questions: part(rng, 2),
        mass_removal: rng.random_bool(0.15),
    }
}

fn troubles(rng: &mut StdRng) -> Vec<(Kind, Duration)> {
    let mut troubles = Vec::new();
    for kind in Kind::ALL {
        if rng.random_bool(kind.how_common()) {
            troubles.push((*kind, seconds(rng, 30, 300)));
        }
    }
    troubles
}

pub(crate) fn seconds(rng: &mut StdRng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.random_range(least * 1000..=most * 1000))
}

pub(crate) fn one_of<T: Copy>(rng: &mut StdRng, choices: &[T]) -> Option<T> {
    if choices.is_empty() {
        return None;
    }
    choices.get(rng.random_range(0..choices.len())).copied()
}
