//! The user's status towards ICQ, and the gateway's own presence towards the user (xmpp-gateway.md §6.3,
//! §7.1): what both were last told, so that neither hears anything twice.

use std::time::{Duration, Instant};

use xmpp_parsers::jid::Jid;
use xmpp_parsers::presence::Show;

use super::facts::Facts;
use super::own::OwnPresence;
use super::{Effects, UserState, words};
use crate::icq::Command;
use crate::model::{Availability, Now, Status, UnixTime};
use crate::store::Mode;
use crate::xmpp::presence::show;

/// What ICQ and the user's resources were last told.
#[derive(Debug, Default)]
pub(super) struct Face {
    status: Status,
    text: Option<Box<str>>,
    /// When ICQ was told.
    told: Option<Instant>,
    /// When it may be told something new.
    due: Option<Instant>,
    /// A resource is there to speak for the user.
    accompanied: bool,
    /// Since when there is none any more; `None` if there never was one.
    alone_since: Option<Instant>,
    shown: Option<OwnPresence>,
    /// When somebody was last shown it.
    shown_at: Option<Instant>,
    show_at: Option<Instant>,
}

impl Face {
    /// The status to log in with.
    pub(super) fn initial_status(&mut self, now: Now, facts: &Facts) -> Status {
        (self.status, self.text) = self.wanted(now, facts);
        self.told = Some(now.instant);
        self.due = None;
        self.status
    }

    /// Tells ICQ and the user's resources what follows from the resources' presences, not more often
    /// than every three seconds.
    pub(super) fn settle(&mut self, now: Now, facts: &Facts, fx: &mut Effects) {
        let accompanied = facts.resources.want_login();
        if self.accompanied && !accompanied {
            self.alone_since = Some(now.instant);
        }
        self.accompanied = accompanied;
        self.due = None;
        if facts.state != UserState::Online {
            return;
        }
        let (status, text) = self.wanted(now, facts);
        if (status, &text) == (self.status, &self.text) {
            return;
        }
        let due = self.told.map_or(now.instant, |told| told + STATUS_EVERY);
        if due > now.instant {
            self.due = Some(due);
            return;
        }
        self.told = Some(now.instant);
        self.text = text;
        if self.status != status {
            self.status = status;
            fx.command(Command::SetStatus(status));
        }
        self.show(now, facts, fx, None);
    }

    /// What follows from the resources' presences and from the user's wishes.
    fn wanted(&self, now: Now, facts: &Facts) -> (Status, Option<Box<str>>) {
        let (status, text) = self.shown_by_resources(now, facts);
        let status = Status {
            invisible: facts.preferences.invisible,
            web_aware: facts.preferences.web_aware,
            ..status
        };
        (status, text)
    }

    fn shown_by_resources(&self, now: Now, facts: &Facts) -> (Status, Option<Box<str>>) {
        if let Some((status, text)) = facts.resources.status(now) {
            return (status, text.map(Into::into));
        }
        let long_alone = self
            .alone_since
            .is_none_or(|since| now.instant - since >= AWAY_AFTER);
        let status = match facts.registration.mode {
            Mode::Always if long_alone => Status::from(Availability::Away),
            Mode::Always | Mode::Follow | Mode::Manual => self.status,
        };
        (status, self.text.clone())
    }

    /// The state has changed: shows it, unless it is likely to change again at once.
    pub(super) fn state_changed(
        &mut self,
        now: Now,
        facts: &Facts,
        fx: &mut Effects,
        retry_at: Option<UnixTime>,
    ) {
        if facts.state != UserState::Online {
            self.due = None;
        }
        // Most turns come at once: nobody needs to see that there was one.
        let wait = facts.state == UserState::Queued;
        self.show_at = wait.then(|| now.instant + QUEUE_SHOWS_AFTER);
        if !wait {
            self.show(now, facts, fx, retry_at);
        }
    }

    /// What was shown was shown to somebody else: the link is a new one.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    fn show(&mut self, now: Now, facts: &Facts, fx: &mut Effects, retry_at: Option<UnixTime>) {
        let presence = self.presence(facts, retry_at);
        if self.shown.as_ref() == Some(&presence) || !facts.link_up || !facts.registered {
            return;
        }
        for jid in facts.resources.iter() {
            fx.send(presence.to(&facts.env(), jid.clone()));
            self.shown_at = Some(now.instant);
        }
        self.shown = Some(presence);
    }

    /// The server asks on behalf of all resources, and they have just been shown it (§8).
    pub(super) fn was_just_shown(&self, now: Now) -> bool {
        self.shown_at
            .is_some_and(|at| now.instant - at < ONE_ANSWER)
    }

    /// Shows the gateway's presence to one address.
    pub(super) fn show_to(
        &mut self,
        now: Now,
        facts: &Facts,
        fx: &mut Effects,
        retry_at: Option<UnixTime>,
        to: impl Into<Jid>,
    ) {
        fx.send(self.presence(facts, retry_at).to(&facts.env(), to));
        self.shown_at = Some(now.instant);
    }

    /// The gateway's presence in the user's state.
    fn presence(&self, facts: &Facts, retry_at: Option<UnixTime>) -> OwnPresence {
        let state = &facts.state;
        let (available, show, text) = match state {
            UserState::Queued | UserState::Connecting | UserState::Loading => {
                (true, Some(Show::Dnd), Some(words::progress(state).into()))
            }
            UserState::Online => {
                let invisible = self.status.invisible.then(|| words::INVISIBLE.into());
                let text = self.text.clone().or(invisible);
                (true, show(self.status), text)
            }
            UserState::Retrying(_) => {
                let text = words::next_try(state, retry_at.unwrap_or_default());
                (true, Some(Show::Xa), Some(text.into()))
            }
            UserState::Offline
            | UserState::Barred(_)
            | UserState::Paused
            | UserState::Suspended => (false, None, Some(state.sentence().into())),
        };
        OwnPresence {
            available,
            show,
            text,
        }
    }

    /// Does what is due, [`settle`](Self::settle) aside.
    pub(super) fn handle_timeout(&mut self, now: Now, facts: &Facts, fx: &mut Effects) {
        if self.show_at.is_some_and(|at| at <= now.instant) {
            self.show_at = None;
            self.show(now, facts, fx, None);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`settle`](Self::settle), if ever.
    pub(super) fn poll_timeout(&self, facts: &Facts) -> Option<Instant> {
        let lonely = facts.registration.mode == Mode::Always
            && !self.accompanied
            && facts.state == UserState::Online
            && self.status.availability != Availability::Away;
        let away_at = match self.due {
            Some(due) => Some(due),
            None if lonely => self.alone_since.map(|since| since + AWAY_AFTER),
            None => None,
        };
        [away_at, self.show_at].into_iter().flatten().min()
    }
}

/// How often ICQ is told a status at most.
const STATUS_EVERY: Duration = Duration::from_secs(3);

/// When somebody who is always online is shown away (xmpp-gateway.md §6.2).
const AWAY_AFTER: Duration = Duration::from_secs(600);

/// Presence and probe of a user who comes online arrive together.
const ONE_ANSWER: Duration = Duration::from_secs(5);

/// When somebody who waits for a turn is told so.
const QUEUE_SHOWS_AFTER: Duration = Duration::from_secs(2);
