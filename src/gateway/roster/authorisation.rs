//! What people on ICQ want of the user (xmpp-gateway.md §11.3).

use std::time::{Duration, Instant};

use xmpp_parsers::presence::Type;

use super::list::Item;
use super::subscription::{MAX_NAME_CHARS, MAX_REASON_CHARS};
use super::{Roster, subscription};
use crate::gateway::pace::{Pace, Rate};
use crate::gateway::{Effects, Env, Mark, own, words};
use crate::model::{Introduction, Listing, Message, Now, Profile, Uin};
use crate::store::{OnAdded, Request, RequestKind, Subscription};
use crate::xmpp::{presence as stanza, text};

/// How often the user is asked, and asks.
#[derive(Debug, Default)]
pub(super) struct Asks {
    /// New numbers the user subscribes to.
    pub(super) adding: Pace,
    /// Questions put to the user.
    asking: Pace,
    /// When the next question may be put, if one waits.
    turn: Option<Instant>,
    /// Questions put, and the marks behind them.
    unconfirmed: Vec<(Mark, Uin)>,
    /// When the user was last told that more are waiting.
    digest: Option<Instant>,
}

impl Asks {
    pub(super) fn link_down(&mut self) {
        self.unconfirmed.clear();
        self.turn = None;
    }

    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.turn
    }

    /// Whether the user may be told of one more person who added them: as often as asked.
    fn may_note(&mut self, now: Instant) -> bool {
        let rate = Rate::per(HOUR, ASKS_PER_HOUR);
        self.asking.take(now, rate).is_ok()
    }

    fn is_put(&self, uin: Uin) -> bool {
        self.unconfirmed.iter().any(|(_, put)| *put == uin)
    }
}

impl Roster {
    /// A message about authorisation: a request, a grant, a denial, or "you were added" (§11.3).
    pub fn authorisation(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        message: &Message,
    ) {
        match message {
            Message::AuthorisationRequest { from, reason } => {
                let reason = text::clean_line(reason, MAX_REASON_CHARS);
                self.requested(now, env, fx, uin, from, reason, RequestKind::Question);
            }
            Message::Added(from) => {
                let is_mutual =
                    |item: &Item| item.from != Subscription::None || item.offered || item.hidden;
                let known = self.list.find(uin).is_some_and(is_mutual);
                let name = Profile::from(from).name().unwrap_or_default();
                match env.preferences.on_added {
                    _ if known => {}
                    OnAdded::Ignore => {}
                    OnAdded::Note if env.link_up && self.asks.may_note(now.instant) => {
                        own::say(
                            env,
                            fx,
                            words::added_you(uin, &text::clean_line(&name, MAX_NAME_CHARS)),
                        );
                    }
                    // What cannot be said now is not lost: it becomes a question.
                    OnAdded::Ask | OnAdded::Note => {
                        let reason = words::ADDED_YOU.to_owned();
                        self.requested(now, env, fx, uin, from, reason, RequestKind::Notice);
                    }
                }
            }
            Message::AuthorisationGranted => self.granted(now, env, fx, uin),
            Message::AuthorisationDenied { reason } => self.denied(env, fx, uin, reason),
            Message::Text(_)
            | Message::Url { .. }
            | Message::Server(_)
            | Message::WebPager { .. }
            | Message::EmailExpress { .. }
            | Message::Contacts(_)
            | Message::Other { .. } => {}
        }
        self.advance(now, env, fx);
    }

    #[expect(clippy::too_many_arguments, reason = "a message of ICQ's, unpacked")]
    fn requested(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        from: &Introduction,
        reason: String,
        kind: RequestKind,
    ) {
        let is_repeated = |known: &Request| {
            let is_news = known.kind == RequestKind::Notice && kind == RequestKind::Question;
            !is_news && now.unix.since(known.received) < ASK_AGAIN_AFTER
        };
        if uin == env.uin
            || self.list.request(uin).is_some_and(is_repeated)
            || !self.has_room_for(uin)
        {
            return;
        }
        self.list.entry(uin);
        let name = Profile::from(from).name().unwrap_or_default();
        self.learn_name(now, env, fx, uin, &name);
        let request = Request {
            reason,
            received: now.unix,
            told: false,
            kind,
        };
        self.list.set_request(uin, Some(request));
        self.save();
    }

    /// Makes room for one more stranger, if need be by forgetting one of whom nothing is expected.
    fn has_room_for(&mut self, uin: Uin) -> bool {
        if self.list.find(uin).is_some() || self.list.strangers() < MAX_STRANGERS {
            return true;
        }
        let is_open = |uin| {
            let request = self.list.request(uin);
            request.is_some_and(|request| request.kind == RequestKind::Question)
        };
        let is_idle = |item: &&Item| {
            !item.is_listed() && item.to == Subscription::None && !is_open(item.uin())
        };
        let Some(idle) = self.list.iter().find(is_idle).map(Item::uin) else {
            return false;
        };
        self.list.remove(idle);
        true
    }

    /// Puts the questions that may be put now to the user; says once in a while how many wait.
    pub(super) fn advance_asks(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.asks.turn = None;
        if !env.link_up {
            return;
        }
        let is_new = |(uin, request): &(Uin, &Request)| !request.told && !self.asks.is_put(*uin);
        let waiting = self.list.requests().filter(is_new);
        let mut waiting: Vec<_> = waiting.map(|(uin, it)| (it.received, uin)).collect();
        waiting.sort_unstable();
        for (at, (_, uin)) in waiting.iter().enumerate() {
            match self
                .asks
                .asking
                .take(now.instant, Rate::per(HOUR, ASKS_PER_HOUR))
            {
                Ok(()) => self.put(env, fx, *uin),
                Err(turn) => {
                    self.asks.turn = Some(turn);
                    return self.tell_of_waiting(now, env, fx, &waiting[at..]);
                }
            }
        }
    }

    fn put(&mut self, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        let reason = self.list.request(uin).map_or("", |it| it.reason.as_str());
        let mut presence = subscription(Type::Subscribe, uin, env, reason);
        stanza::push_nick(&mut presence, self.list.name(uin));
        if let Some(item) = self.list.find_mut(uin) {
            item.offered = true;
            if item.from == Subscription::None {
                item.from = Subscription::Pending;
            }
        }
        fx.send(presence);
        self.asks.unconfirmed.push((fx.next_mark(), uin));
        self.save();
    }

    /// Everything before this mark has arrived: these questions are with the user's server.
    pub(super) fn asks_confirmed(&mut self, now: Now, mark: Mark) {
        let mut arrived = Vec::new();
        self.asks.unconfirmed.retain(|(own, uin)| {
            let is_in = *own <= mark;
            arrived.extend(is_in.then_some(*uin));
            !is_in
        });
        for uin in arrived {
            if let Some(request) = self.list.request_mut(uin) {
                request.told = true;
                self.note(now);
            }
        }
    }

    fn tell_of_waiting<T>(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        waiting: &[(T, Uin)],
    ) {
        if self
            .asks
            .digest
            .is_some_and(|told| told + HOUR > now.instant)
        {
            return;
        }
        self.asks.digest = Some(now.instant);
        let numbers: Vec<Uin> = waiting.iter().map(|(_, uin)| *uin).collect();
        own::say(env, fx, words::requests_waiting(&numbers));
    }

    fn granted(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        let is_awaited = |item: &Item| item.listing == Listing::Waiting;
        if self.list.find(uin).is_some_and(is_awaited) {
            self.authorise(now, env, fx, uin);
        }
    }

    fn denied(&mut self, env: &Env<'_>, fx: &mut Effects, uin: Uin, reason: &str) {
        let Some(item) = self.list.find_mut(uin) else {
            return;
        };
        if item.listing != Listing::Waiting || item.to == Subscription::None {
            return;
        }
        item.to = Subscription::None;
        self.save();
        let reason = text::clean_line(reason, MAX_REASON_CHARS);
        let presence = subscription(Type::Unsubscribed, uin, env, &reason);
        if env.link_up {
            fx.send(presence);
        } else if self.owed.len() < MAX_STRANGERS {
            self.owed.push(presence);
        }
    }
}

/// xmpp-gateway.md §11.3, "repeat requests".
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// xmpp-gateway.md §29.8, "subscription bombs".
const ASKS_PER_HOUR: u32 = 5;
const HOUR: Duration = Duration::from_secs(3600);

/// People who are not on the list and of whom something is remembered.
const MAX_STRANGERS: usize = 200;
