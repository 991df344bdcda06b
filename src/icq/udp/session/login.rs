//! The login, from the first packet to the server's word (`icq-udp.md` §11, §4.4).

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::icq::LogoutReason;
use crate::model::{Secret, Status, Uin, UnixTime};

/// A login under way, and what it will be needed for once it is accepted.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) password: Secret,
    pub(super) contacts: Vec<Uin>,
    pub(super) visible: Vec<Uin>,
    pub(super) invisible: Vec<Uin>,
    /// The status the login said, which may have changed since.
    pub(super) announced: Status,
    began: Instant,
    began_at: UnixTime,
    /// Sessions that may be open on the server and keep this one out.
    ghosts: Vec<u32>,
    logins: u8,
    disowned: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The login is on its way, and repeated.
    Sent { seq2: u16 },
    /// The server has it; its word is due.
    Acknowledged { seq2: u16, until: Instant },
    /// The server refused it. A login that was sent twice is refused the second time, and the two
    /// answers may cross: until then the acceptance can still come (§4.4).
    Refused {
        seq2: u16,
        until: Instant,
        reason: LogoutReason,
    },
    /// Older sessions were said goodbye to; then the next login leaves.
    Pause { until: Instant },
}

/// What to do now.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Wait on.
    Wait,
    /// The server took the login.
    Accepted(Acceptance),
    /// Log in under a fresh session id.
    LogInAgain,
    /// Say goodbye to these sessions; a later step logs in again.
    SayGoodbye(Vec<u32>),
    /// The login failed.
    Fail(LogoutReason),
}

/// What the server says with its acceptance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Acceptance {
    /// The address the server sees.
    pub(super) seen_as: Option<Ipv4Addr>,
    /// The number from which the server counts.
    pub(super) seq1: u16,
}

/// The server's word on a login.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// 0x005A.
    Accepted(Acceptance),
    /// 0x0064.
    WrongPassword,
    /// 0x0370, and what it says.
    Refused(String),
    /// 0x00FA.
    TryAgain,
    /// 0x00F0.
    NotConnected,
}

impl Login {
    /// A login that has not left yet; [`sent`](Self::sent) follows.
    pub(super) fn new(
        now: Instant,
        at: UnixTime,
        password: Secret,
        status: Status,
        ghosts: Vec<u32>,
    ) -> Self {
        Self {
            password,
            contacts: Vec::new(),
            visible: Vec::new(),
            invisible: Vec::new(),
            announced: status,
            began: now,
            began_at: at,
            ghosts,
            logins: 0,
            disowned: false,
            state: State::Pause { until: now },
        }
    }

    /// The calendar time of `now`.
    pub(super) fn unix_time(&self, now: Instant) -> UnixTime {
        self.began_at
            .after(now.saturating_duration_since(self.began))
    }

    /// The login left, as request `seq2`.
    pub(super) fn sent(&mut self, seq2: u16) {
        self.logins += 1;
        self.state = State::Sent { seq2 };
    }

    /// Whether `seq2` is the login's.
    pub(super) fn is(&self, seq2: u16) -> bool {
        match self.state {
            State::Sent { seq2: own }
            | State::Acknowledged { seq2: own, .. }
            | State::Refused { seq2: own, .. } => own == seq2,
            State::Pause { .. } => false,
        }
    }

    /// Whether a login is with the server, or on its way there.
    pub(super) const fn is_on_its_way(&self) -> bool {
        !matches!(self.state, State::Pause { .. })
    }

    /// The server has the login, but has not said what becomes of it.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        if let State::Sent { seq2 } = self.state {
            self.state = State::Acknowledged {
                seq2,
                until: now + ANSWER_WAIT,
            };
        }
    }

    /// The login was sent more than once before something answered it. The server may have
    /// accepted the first copy as `session_id`, unheard, and refuse the others because of that.
    pub(super) fn may_have_been_accepted(&mut self, session_id: u32) {
        self.ghosts.retain(|known| *known != session_id);
        // The first is the one that keeps the others out.
        if self.ghosts.len() >= MOST_GHOSTS {
            self.ghosts.remove(1);
        }
        self.ghosts.push(session_id);
    }

    /// The login as `session_id` was refused because the number is online. What keeps it out can be an
    /// older session; it can also be its own, if the network made a copy of the login and the word on the
    /// first was lost (§4.4). And where an older one was said goodbye to, a late copy finds the place free.
    pub(super) fn was_kept_out(&mut self, session_id: u32) {
        self.may_have_been_accepted(session_id);
    }

    /// The sessions that may be open on the server, the one that logs in as `session_id` the last.
    pub(super) fn open_sessions(&self, session_id: u32) -> Vec<u32> {
        let older = self.ghosts.iter().copied();
        let older = older.filter(|known| *known != session_id);
        older.chain([session_id]).collect()
    }

    /// The same once the login as `session_id` has failed. If the server has said why, it has opened no
    /// session, but perhaps for an earlier copy of the login.
    pub(super) fn left_open(&self, session_id: u32, has_spoken: bool) -> Vec<u32> {
        match self.state {
            State::Sent { .. } | State::Acknowledged { .. } if !has_spoken => {
                self.open_sessions(session_id)
            }
            State::Sent { .. }
            | State::Acknowledged { .. }
            | State::Refused { .. }
            | State::Pause { .. } => self.ghosts.clone(),
        }
    }

    /// Takes the server's word. The caller has checked that it is about this login.
    pub(super) fn handle_answer(&mut self, now: Instant, answer: Answer) -> Step {
        match answer {
            Answer::Accepted(acceptance) => Step::Accepted(acceptance),
            Answer::WrongPassword => Step::Fail(LogoutReason::WrongPassword),
            Answer::Refused(text) if says_already_online(&text) => {
                self.refuse(now, LogoutReason::AlreadyOnline)
            }
            Answer::Refused(text) => Step::Fail(LogoutReason::Refused(text)),
            Answer::TryAgain => self.refuse(now, LogoutReason::TryAgainLater),
            Answer::NotConnected if self.disowned => Step::Fail(LogoutReason::SessionLost),
            Answer::NotConnected => {
                self.disowned = true;
                Step::LogInAgain
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(super) const fn due(&self) -> Option<Instant> {
        match self.state {
            State::Sent { .. } => None,
            State::Acknowledged { until, .. }
            | State::Refused { until, .. }
            | State::Pause { until } => Some(until),
        }
    }

    /// Moves on when a wait is over.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Step {
        if self.due().is_none_or(|due| now < due) {
            return Step::Wait;
        }
        match &self.state {
            State::Sent { .. } => Step::Wait,
            State::Acknowledged { .. } => Step::Fail(LogoutReason::NoAnswer),
            State::Pause { .. } => Step::LogInAgain,
            State::Refused { reason, .. } => {
                if self.ghosts.is_empty() || self.logins >= MAX_LOGINS {
                    return Step::Fail(reason.clone());
                }
                let pause = GHOST_WAIT * u32::from(self.logins);
                self.state = State::Pause { until: now + pause };
                Step::SayGoodbye(self.ghosts.clone())
            }
        }
    }

    fn refuse(&mut self, now: Instant, reason: LogoutReason) -> Step {
        match self.state {
            State::Sent { seq2 } | State::Acknowledged { seq2, .. } => {
                self.state = State::Refused {
                    seq2,
                    until: now + CROSSING_WAIT,
                    reason,
                };
            }
            State::Refused { .. } | State::Pause { .. } => {}
        }
        Step::Wait
    }
}

/// IServerd's words for a number that is online already (§4.4).
fn says_already_online(text: &str) -> bool {
    text.to_ascii_lowercase().contains("already connected")
}

/// How long the server's word may take after its acknowledgement.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// How long after a refusal the acceptance of an earlier copy may still come.
const CROSSING_WAIT: Duration = Duration::from_secs(1);

/// How long a server gets to end an older session, a little more each time.
const GHOST_WAIT: Duration = Duration::from_secs(5);

/// How often a login is tried against older sessions.
const MAX_LOGINS: u8 = 3;

/// How many sessions are suspected at a time.
const MOST_GHOSTS: usize = 16;
