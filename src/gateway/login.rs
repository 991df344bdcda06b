//! When a user is online on ICQ (xmpp-gateway.md §6).
//!
//! [`Login`] decides; [`User`](super::User) holds the session and does what is decided.

use std::time::{Duration, Instant};

use xmpp_parsers::jid::{FullJid, Jid};

use super::face::Face;
use super::facts::Facts;
use super::{Effects, UserOutput, UserState, log, own, register, words};
use crate::icq::LogoutReason;
use crate::model::{Now, Status, Uin, UnixTime};
use crate::store::{Change, LoginRecord, Mode, Registration, SessionTrace, Stray};
use crate::xmpp::Refusal;

/// One user's wish to be online on ICQ, and how far it has come true.
#[derive(Debug)]
pub(super) struct Login {
    record: LoginRecord,
    face: Face,
    /// The resource whose presence caused this login, until it had its answer.
    asked_by: Option<FullJid>,
    /// Logins that failed, one after another.
    failures: u32,
    retry_at: Option<Now>,
    log_off_at: Option<Instant>,
    online_since: Option<Instant>,
    random: u64,
}

/// What has to happen next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Nothing.
    Stay,
    /// A login should begin.
    Open,
    /// The login should end.
    Close,
}

impl Login {
    /// As it was written down. `seed` differs between users.
    pub(super) fn load(record: LoginRecord, seed: u64) -> Self {
        Self {
            record,
            face: Face::default(),
            asked_by: None,
            failures: 0,
            retry_at: None,
            log_off_at: None,
            online_since: None,
            random: seed,
        }
    }

    /// What is written down.
    pub(super) fn record(&self) -> &LoginRecord {
        &self.record
    }

    /// How long the login has lasted.
    pub(super) fn online_for(&self, now: Now) -> Option<Duration> {
        Some(now.instant.saturating_duration_since(self.online_since?))
    }

    /// Writes something else down.
    pub(super) fn note(&mut self, fx: &mut Effects, change: impl FnOnce(&mut LoginRecord)) {
        change(&mut self.record);
        fx.note(Change::Login(Box::new(self.record.clone())));
    }

    /// The state of a user who does nothing, by what is written down.
    pub(super) fn resting_state(&self) -> UserState {
        if self.record.suspended.is_some() {
            return UserState::Suspended;
        }
        if self.record.paused {
            return UserState::Paused;
        }
        match &self.record.barred {
            Some(code) => UserState::Barred(barred_by(code)),
            None => UserState::Offline,
        }
    }

    /// A number that nobody outside can guess, another one each time.
    pub(super) fn random(&mut self) -> u64 {
        // SplitMix64.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A presence came from this resource: if a login follows and fails, it is told.
    pub(super) fn asked_by(&mut self, facts: &Facts, jid: &FullJid) {
        let open = matches!(
            facts.state,
            UserState::Offline | UserState::Queued | UserState::Connecting
        );
        if open {
            self.asked_by.get_or_insert_with(|| jid.clone());
        }
    }

    /// Somebody wants to write: in mode *manual* that is the user's word to log in.
    pub(super) fn wake(&mut self, facts: &Facts, fx: &mut Effects) {
        if facts.resources.want_login() && !facts.state.needs_a_word() {
            self.summon(facts, fx);
        }
    }

    fn summon(&mut self, facts: &Facts, fx: &mut Effects) {
        if facts.registration.mode == Mode::Manual && !self.record.summoned {
            self.note(fx, |record| record.summoned = true);
        }
    }

    /// The user says *log in*: what forbade it before does so no longer. A suspended registration has to
    /// be revived first.
    pub(super) fn resume(&mut self, now: Now, facts: &mut Facts, fx: &mut Effects) {
        if self.record.paused || self.record.barred.is_some() {
            self.note(fx, |record| {
                record.paused = false;
                record.barred = None;
            });
        }
        let waits = matches!(
            facts.state,
            UserState::Barred(_) | UserState::Paused | UserState::Retrying(_)
        );
        if waits {
            self.set(now, facts, fx, UserState::Offline);
        }
        self.failures = 0;
        self.summon(facts, fx);
    }

    /// The user added the gateway again, or registered again.
    pub(super) fn revive(&mut self, now: Now, facts: &mut Facts, fx: &mut Effects) {
        self.note(fx, |record| record.suspended = None);
        let state = self.resting_state();
        self.set(now, facts, fx, state);
    }

    /// There is no need to be patient: the user left the gateway, not the network.
    pub(super) fn leave_now(&mut self, now: Now) {
        self.log_off_at = Some(now.instant);
    }

    /// The link to the XMPP server went up or down: whoever is away for that is given time anew.
    pub(super) fn link_changed(&mut self) {
        self.log_off_at = None;
        self.face.forget();
    }

    /// What has to happen next. `needed` is a reason of its own to be online, whatever the mode;
    /// `closing` says that the last session is still saying goodbye.
    pub(super) fn next(&mut self, now: Now, facts: &Facts, needed: bool, closing: bool) -> Step {
        let wanted = needed || self.is_wanted(facts);
        match &facts.state {
            UserState::Barred(_) | UserState::Paused | UserState::Suspended => Step::Stay,
            UserState::Offline if wanted && !closing => Step::Open,
            UserState::Offline => Step::Stay,
            UserState::Retrying(_) if wanted => {
                self.log_off_at = None;
                let due = self.retry_at.is_none_or(|at| at.instant <= now.instant);
                if due && !closing {
                    Step::Open
                } else {
                    Step::Stay
                }
            }
            UserState::Queued
            | UserState::Connecting
            | UserState::Loading
            | UserState::Online
            | UserState::Retrying(_) => self.stay_or_close(now, facts, wanted),
        }
    }

    fn stay_or_close(&mut self, now: Now, facts: &Facts, wanted: bool) -> Step {
        if wanted {
            self.log_off_at = None;
            return Step::Stay;
        }
        let settings = &facts.shared.settings;
        let patience = match facts.link_up {
            true => settings.logoff_delay,
            false => settings.link_grace,
        };
        let at = self.log_off_at.get_or_insert(now.instant + patience);
        if *at <= now.instant {
            Step::Close
        } else {
            Step::Stay
        }
    }

    fn is_wanted(&self, facts: &Facts) -> bool {
        match facts.registration.mode {
            Mode::Always => true,
            Mode::Follow => facts.link_up && facts.resources.want_login(),
            Mode::Manual => self.record.summoned,
        }
    }

    /// Takes on a state and shows it.
    pub(super) fn set(&mut self, now: Now, facts: &mut Facts, fx: &mut Effects, state: UserState) {
        if facts.state == state {
            return;
        }
        if state == UserState::Online {
            self.online_since = Some(now.instant);
        }
        if !state.is_coming() {
            self.log_off_at = None;
            self.retry_at = None;
            self.online_since = None;
        }
        if state.needs_a_word() && self.record.summoned {
            self.note(fx, |record| record.summoned = false);
        }
        let before = std::mem::replace(&mut facts.state, state.clone());
        if facts.registered {
            log::state_changed(facts, &before);
            fx.output(UserOutput::State(state));
        }
        let retry_at = self.retry_at();
        self.face.state_changed(now, facts, fx, retry_at);
    }

    /// The login succeeded.
    pub(super) fn logged_in(&mut self, now: Now, facts: &mut Facts, fx: &mut Effects) {
        self.asked_by = None;
        let version = facts.version().word();
        self.note(fx, |record| {
            record.barred = None;
            record.version = Some(version);
        });
        self.set(now, facts, fx, UserState::Loading);
    }

    /// Notes which sessions may be open on the server. A number that was not known goes to disk before
    /// the login with it leaves: some servers never forget a session, and keep everybody out who cannot
    /// name it.
    pub(super) fn may_be_open(&mut self, fx: &mut Effects, sessions: Vec<SessionTrace>) {
        if self.record.sessions == sessions {
            return;
        }
        let known = &self.record.sessions;
        let is_known = sessions.iter().all(|session| known.contains(session));
        self.record.sessions = sessions;
        let change = Change::Login(Box::new(self.record.clone()));
        match is_known {
            true => fx.note(change),
            false => fx.save(change),
        }
    }

    /// The same of the trial of a number that is not the one registered. What is not registered yet has no
    /// record on disk.
    pub(super) fn may_be_astray(
        &mut self,
        facts: &Facts,
        fx: &mut Effects,
        sessions: Vec<SessionTrace>,
    ) {
        let registration = &facts.registration;
        let stray = |session| Stray {
            network: registration.network.clone(),
            uin: registration.uin,
            session,
        };
        let before = self.record.strays.clone();
        self.record
            .strays
            .retain(|stray| !stray.is_of(registration));
        self.record.strays.extend(sessions.into_iter().map(stray));
        let surplus = self.record.strays.len().saturating_sub(MOST_STRAYS);
        self.record.strays.drain(..surplus);
        if facts.registered && self.record.strays != before {
            fx.save(Change::Login(Box::new(self.record.clone())));
        }
    }

    /// The number that was tried is the registered one from now on, and `previous`, if it was another, is
    /// not any more.
    pub(super) fn number_proven(&mut self, facts: &Facts, previous: Option<&Registration>) {
        let record = &mut self.record;
        let strays = &mut record.strays;
        strays.retain(|stray| !stray.is_of(&facts.registration));
        let Some(previous) = previous else {
            return;
        };
        let sessions = std::mem::take(&mut record.sessions);
        record
            .strays
            .extend(sessions.into_iter().map(|session| Stray {
                network: previous.network.clone(),
                uin: previous.uin,
                session,
            }));
        let surplus = record.strays.len().saturating_sub(MOST_STRAYS);
        record.strays.drain(..surplus);
    }

    /// The login failed or broke off (xmpp-gateway.md §6.4, §6.5). `tried` is a sentence on what was tried,
    /// if there is more to say than the reason.
    pub(super) fn failed(
        &mut self,
        now: Now,
        facts: &mut Facts,
        fx: &mut Effects,
        why: LogoutReason,
        tried: Option<String>,
    ) {
        let lasted = self
            .online_since
            .take()
            .is_some_and(|since| now.instant - since >= LASTING);
        self.failures = if lasted { 1 } else { self.failures + 1 };

        let asked_by = self.asked_by.take();
        if let Some(jid) = asked_by
            .as_ref()
            .filter(|jid| facts.resources.contains(jid))
        {
            let refusal = Refusal::new(register::condition(&why), words::logged_out(&why));
            own::presence_error(&facts.env(), fx, jid.clone().into(), &refusal);
        }
        let delay = self.delay(&why);
        // What heals by itself soon is not worth a message; the presence shows it.
        let worth_telling = delay.is_none() || asked_by.is_some() || self.failures > 1;
        if worth_telling && self.notice(now, fx, why.code()) {
            let advice = words::advice(&why);
            own::say(
                &facts.env(),
                fx,
                match tried {
                    Some(tried) => format!("{tried} {advice}"),
                    None => advice.into_owned(),
                },
            );
        }
        let state = match delay {
            Some(delay) => {
                self.retry_at = Some(now.after(delay));
                UserState::Retrying(why)
            }
            None => {
                self.note(fx, |record| record.barred = Some(why.code().to_owned()));
                UserState::Barred(why)
            }
        };
        self.set(now, facts, fx, state);
    }

    /// How long to wait before the next attempt; `None`: there is none.
    fn delay(&mut self, why: &LogoutReason) -> Option<Duration> {
        let seconds: &[u64] = match why {
            LogoutReason::WrongPassword | LogoutReason::Refused(_) | LogoutReason::Kicked(_) => {
                return None;
            }
            LogoutReason::AlreadyOnline | LogoutReason::TryAgainLater => &DOUBLING,
            LogoutReason::Asked
            | LogoutReason::SessionLost
            | LogoutReason::NoAnswer
            | LogoutReason::ConnectionLost
            | LogoutReason::Unreachable(_) => &RECONNECT,
        };
        let turn = usize::try_from(self.failures).unwrap_or(usize::MAX);
        let seconds = seconds[turn.clamp(1, seconds.len()) - 1];
        // ±30 %, so that users who lost a server together do not come back together.
        Some(Duration::from_millis(seconds * (700 + self.random() % 601)))
    }

    /// What the user wrote does not all fit into the code page: said once a day (xmpp-gateway.md §12.2).
    pub(super) fn characters_lost(
        &mut self,
        now: Now,
        facts: &Facts,
        fx: &mut Effects,
        to: Uin,
        count: usize,
        charset: &str,
    ) {
        if self.notice(now, fx, CHARACTERS_LOST) {
            own::say(&facts.env(), fx, words::characters_lost(count, to, charset));
        }
    }

    /// What somebody wrote is not all of the code page that they are thought to write in: said once a day,
    /// too.
    pub(super) fn characters_unreadable(
        &mut self,
        now: Now,
        facts: &Facts,
        fx: &mut Effects,
        from: Uin,
        count: usize,
        charset: &str,
    ) {
        if self.notice(now, fx, CHARACTERS_UNREADABLE) {
            let text = words::characters_unreadable(count, from, charset);
            own::say(&facts.env(), fx, text);
        }
    }

    /// Whether the user may have a new number, as once a day.
    pub(super) fn may_have_number(&mut self, now: Now, fx: &mut Effects) -> bool {
        self.notice(now, fx, NEW_NUMBER)
    }

    /// Whether a notice of this kind is due: one is given a day.
    fn notice(&mut self, now: Now, fx: &mut Effects, code: &str) -> bool {
        let given = |record: &LoginRecord| {
            let mut notices = record.notices.iter();
            let last = notices.find(|(known, _)| known == code)?.1;
            Some(now.unix.since(last))
        };
        if given(&self.record).is_some_and(|ago| ago < NOTICE_EVERY) {
            return false;
        }
        self.note(fx, |record| {
            record.notices.retain(|(known, _)| known != code);
            record.notices.push((code.to_owned(), now.unix));
        });
        true
    }

    /// The server says that there is no such account. Whether that was said on three different days.
    pub(super) fn doubt(&mut self, now: Now, fx: &mut Effects) -> bool {
        let doubts = |record: &LoginRecord| {
            let notices = record.notices.iter();
            let doubts = notices.filter(|(code, _)| code.starts_with(DOUBT));
            doubts.map(|(_, at)| *at).collect::<Vec<_>>()
        };
        let known = doubts(&self.record);
        if known
            .last()
            .is_some_and(|last| now.unix.since(*last) < NOTICE_EVERY)
        {
            return false;
        }
        self.note(fx, |record| {
            let code = format!("{DOUBT}-{}", known.len());
            record.notices.push((code, now.unix));
        });
        known.len() + 1 >= DOUBTS_BELIEVED
    }

    /// The account has shown itself.
    pub(super) fn trust(&mut self, fx: &mut Effects) {
        let doubt = |(code, _): &(String, UnixTime)| code.starts_with(DOUBT);
        if self.record.notices.iter().any(doubt) {
            self.note(fx, |record| record.notices.retain(|it| !doubt(it)));
        }
    }

    /// The status to log in with.
    pub(super) fn initial_status(&mut self, now: Now, facts: &Facts) -> Status {
        self.face.initial_status(now, facts)
    }

    /// Tells ICQ and the user's resources what follows from the resources' presences.
    pub(super) fn settle_status(&mut self, now: Now, facts: &Facts, fx: &mut Effects) {
        self.face.settle(now, facts, fx);
    }

    /// Shows the gateway's presence to one address.
    pub(super) fn show_to(
        &mut self,
        now: Now,
        facts: &Facts,
        fx: &mut Effects,
        to: impl Into<Jid>,
    ) {
        let retry_at = self.retry_at();
        self.face.show_to(now, facts, fx, retry_at, to);
    }

    /// Answers a probe, once for a resource that was shown the same a moment ago.
    pub(super) fn handle_probe(&mut self, now: Now, facts: &Facts, fx: &mut Effects, from: &Jid) {
        if from.is_full() || !self.face.was_just_shown(now) {
            self.show_to(now, facts, fx, from.clone());
        }
    }

    fn retry_at(&self) -> Option<UnixTime> {
        self.retry_at.map(|at| at.unix)
    }

    /// Does what is due, [`next`](Self::next) and [`settle_status`](Self::settle_status) aside.
    pub(super) fn handle_timeout(&mut self, now: Now, facts: &Facts, fx: &mut Effects) {
        self.face.handle_timeout(now, facts, fx);
    }

    /// When to call those, if ever.
    pub(super) fn poll_timeout(&self, facts: &Facts) -> Option<Instant> {
        // With nobody there to log in for, the next attempt waits for somebody.
        let waits = matches!(facts.state, UserState::Retrying(_)) && self.log_off_at.is_none();
        let retry_at = self.retry_at.filter(|_| waits).map(|at| at.instant);
        [retry_at, self.log_off_at, self.face.poll_timeout(facts)]
            .into_iter()
            .flatten()
            .min()
    }
}

/// The reason that was written down as `code`; its words are lost.
fn barred_by(code: &str) -> LogoutReason {
    [
        LogoutReason::WrongPassword,
        LogoutReason::Kicked(String::new()),
    ]
    .into_iter()
    .find(|reason| reason.code() == code)
    .unwrap_or_else(|| LogoutReason::Refused(String::new()))
}

/// Seconds before another attempt when ICQ is gone (xmpp-gateway.md §6.4).
const RECONNECT: [u64; 6] = [5, 15, 60, 300, 900, 1800];

/// Seconds before another attempt when ICQ is busy, or has the number online (icq-udp.md §11).
const DOUBLING: [u64; 7] = [5, 10, 20, 40, 80, 160, 300];

/// A login that lasted this long was a good one: the next failure is a first one.
const LASTING: Duration = Duration::from_secs(60);

/// Among the notices: the server said that the account does not exist (xmpp-gateway.md §5.6).
const DOUBT: &str = "no-account";

const DOUBTS_BELIEVED: usize = 3;

/// Among the notices: characters could not be written.
const CHARACTERS_LOST: &str = "characters-lost";

/// Among the notices: characters could not be read.
const CHARACTERS_UNREADABLE: &str = "characters-unreadable";

/// How many sessions of numbers that were tried are remembered.
const MOST_STRAYS: usize = 8;

/// Among the notices: a new number was asked for.
const NEW_NUMBER: &str = "new-number";

const NOTICE_EVERY: Duration = Duration::from_secs(24 * 3600);
