//! Contacts living in the server, for tests and demonstrations.
//!
//! | UIN   | nick       | what it does                                                              |
//! |-------|------------|---------------------------------------------------------------------------|
//! | 10001 | `Echo`     | online; answers every text and URL with the same                          |
//! | 10002 | `Siesta`   | away; never answers                                                       |
//! | 10003 | `Comet`    | offline for a minute, online for a minute, and so on; on coming online it answers what waited |
//! | 10004 | `Gate`     | requires authorisation, and grants it five seconds after being asked      |
//! | 10005 | `Hermit`   | requires authorisation, and refuses it five seconds after being asked     |
//! | 10006 | `Greeter`  | writes first, a second after somebody adds it                             |
//!
//! They act on the [`Network`] exactly as sessions do, on virtual time. They never answer each other.
//!
//! A test may have more of them: [`Server::set_status`](super::Server::set_status) makes a puppet of
//! any account, which is online as long as the test wants, reads what it is sent and does nothing
//! by itself.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::model::{Now, Uin};

use super::account::Account;
use super::journal::{Ending, JournalEvent};
use super::letters::Letter;
use super::network::{Network, Notice, Presence};

/// Answers every text and URL with the same.
pub const ECHO: Uin = Uin(10_001);
/// Is away, and never answers.
pub const SIESTA: Uin = Uin(10_002);
/// Comes and goes by the minute, and begins offline.
pub const COMET: Uin = Uin(10_003);
/// Requires authorisation, and grants it.
pub const GATE: Uin = Uin(10_004);
/// Requires authorisation, and refuses it.
pub const HERMIT: Uin = Uin(10_005);
/// Writes first to whoever adds it.
pub const GREETER: Uin = Uin(10_006);

/// All contacts living in the server.
pub const BOTS: [Uin; 6] = [ECHO, SIESTA, COMET, GATE, HERMIT, GREETER];

/// The contacts living in the server.
#[derive(Debug, Default)]
pub(super) struct Bots {
    present: bool,
    started: bool,
    /// What they are about to do, by when; the second number keeps deeds of one moment in order.
    agenda: BTreeMap<(Instant, u64), (Uin, Deed)>,
    planned: u64,
    /// Whom [`GREETER`] has written to, and when.
    greeted: BTreeMap<Uin, Instant>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Deed {
    Write { to: Uin, kind: u16, body: Vec<u8> },
    Come,
    Go,
}

impl Bots {
    /// Bots that are there, or none.
    pub(super) fn new(present: bool) -> Self {
        Self {
            present,
            ..Self::default()
        }
    }

    /// Gives them accounts.
    pub(super) fn move_in(&self, network: &mut Network) {
        if !self.present {
            return;
        }
        for account in accounts() {
            network.residents.insert(account.uin);
            network.accounts.insert(account.uin, account);
        }
    }
    /// Brings them online, the first time and after every restart.
    pub(super) fn start(&mut self, now: Now, network: &mut Network) {
        if !self.present || self.started {
            return;
        }
        self.started = true;
        for uin in [ECHO, SIESTA, GATE, HERMIT, GREETER] {
            network.log_on(now, uin, presence(usual_status(uin)));
        }
        self.plan(now, COMET_OFFLINE, COMET, Deed::Come);
    }

    /// Forgets what they were about to do, as a restart of the server does.
    pub(super) fn stop(&mut self) {
        self.started = false;
        self.agenda.clear();
    }

    /// Sets somebody's status word, or takes them offline, and ends their own comings and goings.
    pub(super) fn set_status(
        &mut self,
        now: Now,
        uin: Uin,
        status: Option<u32>,
        network: &mut Network,
    ) {
        network.residents.insert(uin);
        self.agenda
            .retain(|_, (who, deed)| *who != uin || !matches!(deed, Deed::Come | Deed::Go));
        match (network.is_online(uin), status) {
            (true, Some(status)) => network.set_status(uin, status),
            (true, None) => network.log_off(now, uin, Ending::LoggedOff),
            (false, Some(status)) => self.come(now, uin, status, network),
            (false, None) => {}
        }
    }

    /// Takes what the network tells one of them.
    pub(super) fn handle_notice(
        &mut self,
        now: Now,
        uin: Uin,
        notice: Notice,
        network: &mut Network,
    ) {
        match notice {
            Notice::Message(letter) => {
                network
                    .journal
                    .note(now.unix, || JournalEvent::Acknowledged(letter.number));
                self.read(now, uin, &letter, network);
            }
            Notice::Watched(by) if uin == GREETER && !self.greeted.contains_key(&by) => {
                self.greet(now, by);
            }
            Notice::Watched(_) | Notice::Online(..) | Notice::Offline(_) | Notice::Status(..) => {}
        }
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Now, network: &mut Network) {
        while let Some(entry) = self.agenda.first_entry() {
            if entry.key().0 > now.instant {
                return;
            }
            let (uin, deed) = entry.remove();
            match deed {
                Deed::Write { to, kind, body } => {
                    network.send(now, uin, to, kind, &body);
                }
                Deed::Come => {
                    self.come(now, uin, usual_status(uin), network);
                    self.plan(now, COMET_ONLINE, uin, Deed::Go);
                }
                Deed::Go => {
                    network.log_off(now, uin, Ending::LoggedOff);
                    self.plan(now, COMET_OFFLINE, uin, Deed::Come);
                }
            }
        }
    }

    /// When something is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.agenda.first_key_value().map(|(&(due, _), _)| due)
    }

    fn come(&mut self, now: Now, uin: Uin, status: u32, network: &mut Network) {
        network.log_on(now, uin, presence(status));
        for letter in network.letters.take_all(uin) {
            network
                .journal
                .note(now.unix, || JournalEvent::Acknowledged(letter.number));
            network
                .journal
                .note(now.unix, || JournalEvent::Deleted(letter.number));
            self.read(now, uin, &letter, network);
        }
    }

    fn read(&mut self, now: Now, uin: Uin, letter: &Letter, network: &Network) {
        let to = letter.from;
        if network.residents.contains(&to) {
            return;
        }
        let write = |kind, body: &[u8]| Deed::Write {
            to,
            kind,
            body: body.to_vec(),
        };
        match (uin, letter.kind & 0x00FF) {
            (ECHO | COMET, TEXT | URL) => {
                self.plan(now, Duration::ZERO, uin, write(letter.kind, &letter.body));
            }
            (HERMIT, AUTHORISATION_REQUEST) => {
                let refusal = write(AUTHORISATION_DENIED, b"I would rather be alone.");
                self.plan(now, TIME_TO_DECIDE, uin, refusal);
            }
            (GATE, AUTHORISATION_REQUEST) => {
                self.plan(now, TIME_TO_DECIDE, uin, write(AUTHORISATION_GRANTED, b""));
            }
            (ECHO | SIESTA | COMET | GREETER, AUTHORISATION_REQUEST) => {
                self.plan(now, Duration::ZERO, uin, write(AUTHORISATION_GRANTED, b""));
            }
            (GREETER, ADDED) => self.greet(now, to),
            _ => {}
        }
    }

    /// Writes to somebody who added the greeter, unless it has just done so: adding is often heard
    /// of twice, from the list and from the client's notice.
    fn greet(&mut self, now: Now, to: Uin) {
        let lately = self
            .greeted
            .get(&to)
            .is_some_and(|&at| now.instant.saturating_duration_since(at) < GREETING_PAUSE);
        if lately || self.greeted.len() >= MAX_PLANNED {
            return;
        }
        self.greeted.insert(to, now.instant);
        let greeting = Deed::Write {
            to,
            kind: TEXT,
            body: b"Hello! You added me, so I write first.".to_vec(),
        };
        self.plan(now, GREETING_DELAY, GREETER, greeting);
    }

    fn plan(&mut self, now: Now, delay: Duration, uin: Uin, deed: Deed) {
        if self.agenda.len() >= MAX_PLANNED {
            return;
        }
        self.planned += 1;
        self.agenda
            .insert((now.instant + delay, self.planned), (uin, deed));
    }
}

/// Who they are. Nobody can log in as one of them, so the password does not matter.
fn accounts() -> [Account; 6] {
    let account =
        |uin, nick: &str, first: &str, last: &str| Account::new(uin, "").named(nick, first, last);
    [
        account(ECHO, "Echo", "Ella", "Echo"),
        account(SIESTA, "Siesta", "Sven", "Siesta"),
        account(COMET, "Comet", "Cora", "Comet"),
        account(GATE, "Gate", "Gus", "Gate").requiring_authorisation(),
        account(HERMIT, "Hermit", "Hans", "Hermit").requiring_authorisation(),
        account(GREETER, "Greeter", "Greta", "Greeter"),
    ]
}

const fn usual_status(uin: Uin) -> u32 {
    if uin.0 == SIESTA.0 { AWAY } else { ONLINE }
}

const fn presence(status: u32) -> Presence {
    Presence {
        ip: Ipv4Addr::UNSPECIFIED,
        port: 0,
        real_ip: Ipv4Addr::UNSPECIFIED,
        mode: NO_DIRECT_CONNECTIONS,
        status,
        tcp_version: 0,
        web_port: 0,
        features: 0,
    }
}

const TEXT: u16 = 0x01;
const URL: u16 = 0x04;
const AUTHORISATION_REQUEST: u16 = 0x06;
const AUTHORISATION_DENIED: u16 = 0x07;
const AUTHORISATION_GRANTED: u16 = 0x08;
const ADDED: u16 = 0x0C;

const ONLINE: u32 = 0x0000;
const AWAY: u32 = 0x0001;
const NO_DIRECT_CONNECTIONS: u8 = 6;

const COMET_ONLINE: Duration = Duration::from_secs(60);
const COMET_OFFLINE: Duration = Duration::from_secs(60);
const TIME_TO_DECIDE: Duration = Duration::from_secs(5);
const GREETING_DELAY: Duration = Duration::from_secs(1);
const GREETING_PAUSE: Duration = Duration::from_secs(60);
const MAX_PLANNED: usize = 4096;
