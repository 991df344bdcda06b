//! Contacts between two networks: subscriptions, presence, the list (xmpp-gateway.md §8, §9, §11).
//!
//! | file            | holds                                                              |
//! |-----------------|--------------------------------------------------------------------|
//! | `list`          | what is known about each contact, in few bytes                     |
//! | `presence`      | who is online, who was told, probes                                |
//! | `subscription`  | what the user wants: §11.2                                         |
//! | `authorisation` | what people on ICQ want: §11.3                                     |
//! | `wishes`        | the same deeds, asked for by a command or a word                   |
//! | `lookup`        | whom ICQ is asked about                                            |
//! | `removal`       | when a contact was really removed: rule R                          |
//! | `privileged`    | the user's roster, read and written by privilege: strategy A       |
//! | `roster_iq`     | its questions, answers and items                                   |
//! | `offer`         | `subscribe` from contacts: strategies D and E, asking back         |
//! | `farewell`      | everything taken off the roster again                              |

mod authorisation;
mod farewell;
mod list;
mod lookup;
mod offer;
mod presence;
mod privileged;
mod removal;
mod roster_iq;
mod subscription;
mod wishes;

use std::time::{Duration, Instant};

use xmpp_parsers::iq::Iq;
use xmpp_parsers::presence::{Presence, Type};

use super::{Effects, Env, Mark, Sender, own, words};
use crate::model::{Introduction, Now, Status, Uin, UnixTime};
use crate::store::{Change, ContactRecord, Subscription};
use crate::xmpp::{address, presence as stanza};
use authorisation::Asks;
use farewell::Farewell;
use list::{Item, List};
use lookup::{Lookups, Purpose};
use offer::Offers;
use privileged::Sync;
use removal::Removals;
pub(super) use wishes::{Entry, Newcomer, Petition};

/// The contacts of one user.
#[derive(Debug, Default)]
pub struct Roster {
    list: List,
    lookups: Lookups,
    removals: Removals,
    asks: Asks,
    offers: Offers,
    sync: Sync,
    farewell: Option<Box<Farewell>>,
    /// `subscribed` sent, and the mark behind it.
    unconfirmed: Vec<(Mark, Uin)>,
    /// What the user is to be told when there is a link again.
    owed: Vec<Presence>,
    changed: Changed,
}

/// Whether the list differs from what is written down.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Changed {
    #[default]
    Nothing,
    /// In something that can wait until then, for more of the kind to come.
    Until(Instant),
    /// In something that can wait no longer.
    Now,
    /// In something an output relies on.
    Before,
}

impl Roster {
    /// The list as it was written down.
    pub fn load(contacts: Vec<ContactRecord>) -> Self {
        let mut roster = Self {
            list: List::load(contacts),
            ..Self::default()
        };
        let wanted = |item: &&Item| !item.is_listed() && item.to == Subscription::Pending;
        for item in roster.list.iter().filter(wanted) {
            let purpose = Purpose::Add {
                reason: String::new(),
                stanza_id: None,
            };
            roster.lookups.push(item.uin(), purpose);
        }
        roster
    }

    /// Who is on the ICQ list: what a session watches from its login on. Whoever has yet to authorise
    /// the user is not watched.
    pub fn contacts(&self) -> impl Iterator<Item = Uin> {
        let authorised = self.list.iter().filter(|item| item.is_authorised());
        authorised.map(Item::uin)
    }

    /// The name of somebody, on the list or not; nothing if none is known.
    pub fn name(&self, uin: Uin) -> &str {
        self.list.name(uin)
    }

    /// What an [`Inbox`](super::Inbox) wants to know about who wrote.
    pub fn sender(&self, uin: Uin) -> Sender<'_> {
        let Some(item) = self.list.find(uin) else {
            return Sender::default();
        };
        Sender {
            name: self.list.name(uin),
            listed: item.is_listed(),
            online: item.status().is_some(),
        }
    }

    /// On the list, waiting for authorisation or not.
    pub fn is_listed(&self, uin: Uin) -> bool {
        self.list.find(uin).is_some_and(Item::is_listed)
    }

    /// The status the user is shown for a contact; `None` is offline or unknown.
    pub fn status(&self, uin: Uin) -> Option<Status> {
        self.list.find(uin)?.status()
    }

    /// When a contact who is offline was last seen, if the user may know and anybody does.
    pub fn last_seen(&self, uin: Uin) -> Option<UnixTime> {
        let item = self.list.find(uin).filter(|item| item.is_visible())?;
        let known = item.status().is_none() && item.seen.left != 0;
        known.then(|| UnixTime::from_secs(u64::from(item.seen.left)))
    }

    /// The ICQ session has its contact list: from now on silence about a contact means offline.
    pub fn list_loaded(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let nameless = |item: &&Item| item.is_authorised() && self.list.name(item.uin()).is_empty();
        for item in self.list.iter().filter(nameless).take(NAMES_PER_LOGIN) {
            self.lookups.push(item.uin(), Purpose::Name);
        }
        self.sync_by(now.instant);
        self.advance(now, env, fx);
    }

    /// The ICQ session is over: every contact who was online is shown offline.
    pub fn icq_offline(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.show_all_offline(now, env, fx);
        self.lookups.icq_offline();
        if let Changed::Until(_) = self.changed {
            self.changed = Changed::Now;
        }
    }

    /// The link to the XMPP server is up; nothing is known about what it still knows.
    pub fn link_up(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        for presence in std::mem::take(&mut self.owed) {
            fx.send(presence);
        }
        let is_owed = |item: &&Item| item.is_authorised() && item.to == Subscription::Pending;
        let owed: Vec<Uin> = self.list.iter().filter(is_owed).map(Item::uin).collect();
        for uin in owed {
            self.confirm_subscription(env, fx, uin);
        }
        if env.icq_online || self.sync.wants_gateway() {
            self.sync_by(now.instant);
        }
        self.advance(now, env, fx);
    }

    /// The link to the XMPP server is down: open requests have failed.
    pub fn link_down(&mut self) {
        self.unconfirmed.clear();
        self.asks.link_down();
        self.sync.link_down();
        self.offers.clear();
        self.farewell = None;
    }

    /// Everything sent before this mark has reached the XMPP server.
    pub fn confirmed(&mut self, now: Now, mark: Mark) {
        let mut arrived = Vec::new();
        self.unconfirmed.retain(|(own, uin)| {
            let is_in = *own <= mark;
            arrived.extend(is_in.then_some(*uin));
            !is_in
        });
        for uin in arrived {
            if let Some(item) = self.list.find_mut(uin)
                && item.to == Subscription::Pending
            {
                item.to = Subscription::Yes;
                self.note(now);
            }
        }
        self.asks_confirmed(now, mark);
    }

    /// Takes an answer to an iq of the roster's own; any other is ignored.
    pub fn handle_iq_answer(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, answer: &Iq) {
        let (id, answer) = match answer {
            Iq::Result { id, payload, .. } => (id, Ok(payload.as_ref())),
            Iq::Error { id, error, .. } => (id, Err(Some(&error.defined_condition))),
            Iq::Get { .. } | Iq::Set { .. } => return,
        };
        if self.farewell.is_some() {
            self.farewell_answered(env, id, answer);
        } else {
            self.sync_answered(now, env, fx, id, answer);
        }
        self.advance(now, env, fx);
    }

    /// An answer that could not be read: the request with this id has failed.
    pub fn handle_bad_answer(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, id: &str) {
        if self.farewell.is_some() {
            self.farewell_answered(env, id, Err(None));
        } else {
            self.sync_answered(now, env, fx, id, Err(None));
        }
        self.advance(now, env, fx);
    }

    /// Writes the list down if it has changed. To be called before [`Effects::take_changes`], each
    /// time.
    pub fn flush(&mut self, fx: &mut Effects) {
        match self.changed {
            Changed::Nothing | Changed::Until(_) => return,
            Changed::Now => fx.note(Change::Contacts(self.list.records())),
            Changed::Before => fx.save(Change::Contacts(self.list.records())),
        }
        self.changed = Changed::Nothing;
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        if let Changed::Until(at) = self.changed
            && at <= now.instant
        {
            self.changed = Changed::Now;
        }
        while let Some((uin, purpose)) = self.lookups.overdue(now) {
            self.looked_up(
                now,
                env,
                fx,
                uin,
                purpose,
                Err(crate::icq::NoProfile::NoAnswer),
            );
        }
        if let Some(kept) = self.removals.take_kept(now.instant) {
            own::say(env, fx, words::contacts_kept(kept));
        }
        self.advance(now, env, fx);
    }

    /// Goes on with everything that goes step by step.
    fn advance(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.lookups.advance(now, env, fx);
        self.advance_asks(now, env, fx);
        self.advance_sync(now, env, fx);
        self.advance_offers(now, env, fx);
        self.advance_farewell(now, env, fx);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let write = match self.changed {
            Changed::Until(at) => Some(at),
            Changed::Nothing | Changed::Now | Changed::Before => None,
        };
        [
            write,
            self.lookups.poll_timeout(),
            self.removals.poll_timeout(),
            self.asks.poll_timeout(),
            self.sync.poll_timeout(),
            self.offers.poll_timeout(),
            self.farewell
                .as_ref()
                .and_then(|farewell| farewell.poll_timeout()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The list has changed in something that can wait a little.
    fn note(&mut self, now: Now) {
        if self.changed == Changed::Nothing {
            self.changed = Changed::Until(now.instant + WRITE_DELAY);
        }
    }

    /// The list has changed in something that the next outputs rely on.
    const fn save(&mut self) {
        self.changed = Changed::Before;
    }

    /// Tells the user's server that the subscription to a contact stands, and shows the contact. It
    /// counts as told when a mark behind it came back.
    fn confirm_subscription(&mut self, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        if !env.link_up {
            return;
        }
        fx.send(subscription(Type::Subscribed, uin, env, ""));
        self.unconfirmed.push((fx.next_mark(), uin));
        self.show(env, fx, uin);
    }

    /// Forgets somebody about whom nothing is left to remember.
    fn forget_if_blank(&mut self, uin: Uin) {
        if self.list.request(uin).is_none() && self.list.find(uin).is_some_and(Item::is_blank) {
            self.list.remove(uin);
        }
    }
}

/// A presence about subscriptions from a contact to the user, with a sentence if there is one.
fn subscription(type_: Type, uin: Uin, env: &Env<'_>, text: &str) -> Presence {
    let contact = address::contact(uin, &env.settings.domain);
    stanza::subscription(type_, contact, env.jid, text)
}

/// How the user is introduced to people on ICQ.
fn introduction(env: &Env<'_>) -> Introduction {
    Introduction {
        nick: env.jid.node().map(ToString::to_string).unwrap_or_default(),
        ..Introduction::default()
    }
}

/// Bursts of small changes are written once.
const WRITE_DELAY: Duration = Duration::from_secs(1);

/// How many missing names are asked for at each login.
const NAMES_PER_LOGIN: usize = 20;

#[cfg(test)]
mod tests;
