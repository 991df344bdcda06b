//! What breaks, when, and how it is mended.

use std::time::Duration;

use icq_transport::gateway::UserState;
use icq_transport::server::{Account, LoginAnswer};
use rand::RngExt;

use crate::agenda::Event;
use crate::machine::Happening;
use crate::tally::Rare;
use crate::world::World;

/// A kind of fault. Each exists in some runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `kill -9`.
    Kill,
    /// SIGTERM, and a new start.
    ShutDown,
    /// The link to the XMPP server breaks.
    CutLink,
    /// The link stands and nothing moves on it, until it breaks.
    StallLink,
    /// No datagram gets through for a while.
    CutLine,
    /// The ICQ server forgets its sessions.
    RestartServer,
    /// The ICQ server closes somebody's session.
    Kick,
    /// The ICQ server answers logins in another way for a while.
    BusyServer,
    /// Somebody's password is changed on ICQ.
    ChangePassword,
    /// The XMPP server loses a roster.
    LoseRoster,
    /// No socket can be opened for a while.
    NoSocket,
    /// Somebody's socket is lost: the ICQ server's machine refuses its datagrams.
    LoseSocket,
}

/// Something that breaks, or is mended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// A fault of this kind strikes; the next follows after about that time.
    Strikes(Kind, Duration),
    GatewayStarts,
    GatewayDiesAnyway,
    ShutdownEnds,
    LinkIsCut,
    LinkComesBack,
    LineIsMended,
    ServerIsItselfAgain,
    SocketsAreBack,
}

impl Kind {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Kill,
        Self::ShutDown,
        Self::CutLink,
        Self::StallLink,
        Self::CutLine,
        Self::RestartServer,
        Self::Kick,
        Self::BusyServer,
        Self::ChangePassword,
        Self::LoseRoster,
        Self::NoSocket,
        Self::LoseSocket,
    ];

    /// In which part of all runs it exists.
    pub(crate) const fn how_common(self) -> f64 {
        match self {
            Self::Kill => 0.5,
            Self::CutLink => 0.45,
            Self::CutLine | Self::RestartServer => 0.35,
            Self::StallLink | Self::Kick | Self::BusyServer => 0.25,
            Self::ShutDown | Self::ChangePassword | Self::LoseRoster => 0.12,
            Self::NoSocket | Self::LoseSocket => 0.12,
        }
    }
}

impl Trouble {
    pub(crate) const fn breaks_something(&self) -> bool {
        matches!(
            self,
            Self::Strikes(..) | Self::GatewayDiesAnyway | Self::LinkIsCut
        )
    }
}

impl World {
    pub(crate) fn plan_troubles(&mut self) {
        for (kind, every) in self.plan.troubles.clone() {
            self.plan_next(kind, every);
        }
    }

    fn plan_next(&mut self, kind: Kind, every: Duration) {
        let delay = self.between(every / 10, every * 2);
        self.trouble_later(delay, Trouble::Strikes(kind, every));
    }

    pub(crate) fn trouble_later(&mut self, delay: Duration, trouble: Trouble) {
        let at = self.now.instant + delay;
        self.agenda.plan(at, Event::Trouble(trouble));
    }

    pub(crate) fn strike(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Strikes(kind, every) => {
                self.say(|| format!("trouble: {kind:?}"));
                self.break_something(kind);
                self.plan_next(kind, every);
            }
            Trouble::GatewayStarts => {
                self.start_gateway();
                let delay = self.between(Duration::ZERO, Duration::from_secs(4));
                self.trouble_later(delay, Trouble::LinkComesBack);
            }
            Trouble::GatewayDiesAnyway => {
                if self.machine.kill_in.is_some() {
                    self.kill();
                }
            }
            Trouble::ShutdownEnds => self.shutdown_ends(),
            Trouble::LinkIsCut => self.cut_link(),
            Trouble::LinkComesBack => self.connect_link(),
            Trouble::LineIsMended => self.wire.is_cut = false,
            Trouble::ServerIsItselfAgain => self.set_login_answer(LoginAnswer::Due),
            Trouble::SocketsAreBack => self.machine.has_no_sockets = false,
        }
    }

    fn break_something(&mut self, kind: Kind) {
        match kind {
            Kind::Kill => {
                self.machine.kill_in = Some(self.rng.random_range(0..12));
                self.trouble_later(Duration::from_secs(10), Trouble::GatewayDiesAnyway);
            }
            Kind::ShutDown => {
                self.shut_down();
                self.trouble_later(SHUTDOWN_TAKES, Trouble::ShutdownEnds);
            }
            Kind::CutLink => match self.chance(0.5) {
                true => self.cut_link(),
                false => self.host.link.cut_in = Some(self.rng.random_range(1..8)),
            },
            Kind::StallLink => {
                if self.host.link.is_up && !self.host.link.is_stalled {
                    self.host.link.is_stalled = true;
                    let delay = self.between(Duration::from_secs(1), Duration::from_secs(60));
                    self.trouble_later(delay, Trouble::LinkIsCut);
                }
            }
            Kind::CutLine => {
                self.wire.is_cut = true;
                let longest = self.one_of(&[5, 30, 90, 150]).unwrap_or(5);
                let delay = self.between(Duration::from_secs(1), Duration::from_secs(longest));
                self.trouble_later(delay, Trouble::LineIsMended);
            }
            Kind::RestartServer => self.restart_server(),
            Kind::Kick => self.kick_somebody(),
            Kind::BusyServer => {
                let answers = [
                    LoginAnswer::TryAgain,
                    LoginAnswer::NotConnected,
                    LoginAnswer::AcknowledgedOnly,
                    LoginAnswer::Silence,
                ];
                let at = self.rng.random_range(0..answers.len());
                let answer = answers.into_iter().nth(at).unwrap_or_default();
                self.set_login_answer(answer);
                let delay = self.between(Duration::from_secs(5), Duration::from_secs(90));
                self.trouble_later(delay, Trouble::ServerIsItselfAgain);
            }
            Kind::ChangePassword => self.change_somebodys_password(),
            Kind::LoseRoster => self.lose_a_roster(),
            Kind::LoseSocket => self.lose_a_socket(),
            Kind::NoSocket => {
                self.machine.has_no_sockets = true;
                let delay = self.between(Duration::from_secs(1), Duration::from_secs(60));
                self.trouble_later(delay, Trouble::SocketsAreBack);
            }
        }
    }

    fn lose_a_socket(&mut self) {
        let person = self.rng.random_range(0..self.people.len());
        let user = self.people[person].jid.clone();
        if self
            .machine
            .task(&user)
            .is_some_and(|task| task.port.is_some())
        {
            self.tally.note(Rare::SocketLost);
        }
        self.feed(&user, Happening::SocketLost);
        self.settle();
    }

    fn kick_somebody(&mut self) {
        let person = self.rng.random_range(0..self.people.len());
        let person = &self.people[person];
        let (jid, uin) = (person.jid.clone(), person.uin());
        let is_loading = self
            .machine
            .task(&jid)
            .is_some_and(|task| matches!(task.state, UserState::Connecting | UserState::Loading));
        if self.icq.server.kick(self.now, uin) && is_loading {
            self.tally.note(Rare::KickedInLogin);
        }
        self.drain_icq();
    }

    fn change_somebodys_password(&mut self) {
        let person = self.rng.random_range(0..self.people.len());
        let password = format!("New{:05}", self.rng.random_range(0..100_000));
        self.witness.passwords.push(password.clone());
        let person = &mut self.people[person];
        let (uin, at) = (person.uin(), person.number);
        person.passwords[at].clone_from(&password);
        self.icq.server.set_account(Account::new(uin, password));
    }

    /// The server comes up with an empty roster, and tells nobody.
    fn lose_a_roster(&mut self) {
        let person = self.rng.random_range(0..self.people.len());
        let user = self.people[person].jid.clone();
        if let Some(account) = self.host.accounts.get_mut(&user) {
            account.roster.clear();
            account.asking.clear();
        }
    }

    /// From here on everything works.
    pub(crate) fn mend_everything(&mut self) {
        self.machine.kill_in = None;
        self.machine.has_no_sockets = false;
        self.host.link.cut_in = None;
        self.wire.is_cut = false;
        self.wire.line.loss_to_server = 0.0;
        self.wire.line.loss_to_gateway = 0.0;
        self.set_login_answer(LoginAnswer::Due);
        if self.host.link.is_stalled {
            self.cut_link();
        }
        if self
            .machine
            .process
            .as_ref()
            .is_some_and(|process| process.is_ending)
        {
            self.shutdown_ends();
        }
        if self.machine.process.is_none() {
            self.trouble_later(Duration::from_secs(1), Trouble::GatewayStarts);
        }
        self.trouble_later(Duration::from_secs(3), Trouble::LinkComesBack);
    }
}

/// xmpp-gateway.md §3.6.
const SHUTDOWN_TAKES: Duration = Duration::from_secs(10);
