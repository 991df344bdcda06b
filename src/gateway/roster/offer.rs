//! `subscribe` from contacts to the user: the list offered to the roster (strategies D and E), and
//! asking back (xmpp-gateway.md §9.2, §9.5, §11.6).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use xmpp_parsers::presence::Type;

use super::list::Item;
use super::subscription::SYNC_DELAY;
use super::{Roster, subscription};
use crate::gateway::pace::{Pace, Rate};
use crate::gateway::{Effects, Env, own, words};
use crate::model::{Now, Uin};
use crate::store::Subscription;
use crate::xmpp::presence as stanza;

/// Contacts who are about to ask the user.
#[derive(Debug, Default)]
pub(super) struct Offers {
    queue: VecDeque<Uin>,
    pace: Pace,
    turn: Option<Instant>,
}

impl Offers {
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.turn = None;
    }

    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.turn
    }
}

impl Roster {
    /// The user has added somebody, who asks in turn, once: by privilege nobody has to be asked.
    pub(super) fn ask_back(&mut self, now: Now, env: &Env<'_>, uin: Uin) {
        if self.is_privileged(env) {
            self.sync_by(now.instant + SYNC_DELAY);
        }
        if !self.can_subscribe(env) && self.list.find(uin).is_some_and(may_ask) {
            self.offers.queue.push_back(uin);
        }
    }

    /// Offers what the roster lacks, without privilege: a few contacts one by one, many by a sentence.
    /// Each is offered once in its life.
    pub(super) fn offer_contacts(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let is_new =
            |item: &&Item| item.to == Subscription::None && env.import_contacts && may_ask(item);
        let is_half = |item: &&Item| item.to != Subscription::None && may_ask(item);
        let new: Vec<Uin> = self.list.iter().filter(is_new).map(Item::uin).collect();
        let half: Vec<Uin> = self.list.iter().filter(is_half).map(Item::uin).collect();
        if new.len() <= AUTO_SUBSCRIBE_MAX {
            self.offers.queue.extend(new);
        } else {
            own::say(
                env,
                fx,
                words::contacts_to_add(new.len(), &env.settings.domain),
            );
            for uin in new {
                self.list.entry(uin).offered = true;
            }
            self.note(now);
        }
        self.offers.queue.extend(half);
    }

    pub(super) fn advance_offers(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.offers.turn = None;
        while env.link_up
            && let Some(uin) = self.offers.queue.front().copied()
        {
            if !self.list.find(uin).is_some_and(may_ask) {
                self.offers.queue.pop_front();
                continue;
            }
            if let Err(turn) = self.offers.pace.take(now.instant, Rate::every(INTERVAL)) {
                self.offers.turn = Some(turn);
                return;
            }
            self.offers.queue.pop_front();
            self.offer(now, env, fx, uin);
        }
    }

    fn offer(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        let Some(item) = self.list.find_mut(uin) else {
            return;
        };
        let text = match item.to {
            Subscription::None => words::ON_YOUR_LIST,
            Subscription::Pending | Subscription::Yes => "",
        };
        item.offered = true;
        item.from = Subscription::Pending;
        let mut presence = subscription(Type::Subscribe, uin, env, text);
        stanza::push_nick(&mut presence, self.list.name(uin));
        fx.send(presence);
        self.note(now);
    }
}

/// This contact is on the list, is not subscribed to the user, and has never asked.
fn may_ask(item: &Item) -> bool {
    item.is_authorised() && !item.hidden && !item.offered && item.from == Subscription::None
}

/// xmpp-gateway.md §9.5.
const INTERVAL: Duration = Duration::from_millis(500);

/// xmpp-gateway.md §9.2: more questions than that at once are a nuisance.
pub(super) const AUTO_SUBSCRIBE_MAX: usize = 20;
