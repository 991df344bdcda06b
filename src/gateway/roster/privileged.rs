//! Strategy A: the user's roster, read and written by privilege (XEP-0356, xmpp-gateway.md §9.3, §10.6).
//!
//! One round: read the roster, compare, write what differs, one item at a time. What the server does
//! not do it says by an error, by silence, or not at all: after the first write that asks for a
//! subscription the roster is read once more, because some servers keep the name and ignore the rest.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use xmpp_parsers::presence::Type;
use xmpp_parsers::roster::{Group, Item as RosterItem, Subscription as State};

use super::Roster;
use super::list::Item;
use super::removal::Removals;
use super::roster_iq::{Answer, Who, directions, item, items, name_of, read, set};
use crate::gateway::pace::{Pace, Rate};
use crate::gateway::{Effects, Env, own};
use crate::model::{Now, Uin};
use crate::store::Subscription;

/// What is known of the user's server, and the round that runs.
#[derive(Debug, Default)]
pub(super) struct Sync {
    /// When a round is to begin.
    due: Option<Instant>,
    round: Option<Box<Round>>,
    /// Of writes.
    pace: Pace,
    /// Whether the server does what a write says about subscriptions; found out once for each link.
    obeyed: Option<bool>,
    /// The server refused, or was silent: no more of this on this link.
    lost: bool,
    /// The gateway itself is to be on the roster, whatever it takes.
    gateway_wanted: bool,
}

/// A round: read, compare, write.
#[derive(Debug)]
struct Round {
    step: Step,
    writes: VecDeque<Write>,
    open: Vec<Open>,
    turn: Option<Instant>,
}

#[derive(Debug)]
enum Step {
    /// Waits for the roster.
    Reading { id: String, until: Instant },
    /// Writes what differs.
    Writing,
    /// Waits for the roster once more, to see what became of this write.
    Checking {
        id: String,
        until: Instant,
        write: Write,
    },
}

/// A write without an answer yet.
#[derive(Debug)]
struct Open {
    id: String,
    until: Instant,
    write: Write,
}

/// An item to write.
#[derive(Clone, Debug, PartialEq)]
struct Write {
    who: Who,
    name: String,
    groups: Vec<Group>,
    subscription: State,
    /// The item was different before: what the server makes of it shows what it does.
    proves: bool,
}

impl Sync {
    pub(super) fn link_down(&mut self) {
        *self = Self {
            gateway_wanted: self.gateway_wanted,
            ..Self::default()
        };
    }

    pub(super) const fn wants_gateway(&self) -> bool {
        self.gateway_wanted
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match &self.round {
            Some(round) => round.poll_timeout(),
            None => self.due,
        }
    }
}

impl Round {
    /// When an answer is overdue.
    fn deadline(&self) -> Option<Instant> {
        let step = match &self.step {
            Step::Reading { until, .. } | Step::Checking { until, .. } => Some(*until),
            Step::Writing => None,
        };
        let open = self.open.iter().map(|open| open.until);
        open.chain(step).min()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.turn.into_iter().chain(self.deadline()).min()
    }
}

impl Roster {
    /// The user has registered: the gateway is put on the roster, by privilege, else by `subscribe`
    /// from the gateway (§5.3 step 4).
    pub fn add_gateway(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.sync.gateway_wanted = true;
        self.sync_by(now.instant);
        self.advance(now, env, fx);
    }

    /// The server grants something else than before: what it refused may be tried again.
    pub fn privileges_changed(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.sync.lost = false;
        self.sync.obeyed = None;
        if env.icq_online || self.sync.gateway_wanted {
            self.sync_by(now.instant);
        }
        self.advance(now, env, fx);
    }

    /// The roster may differ from the list: they are compared at that time at the latest.
    pub(super) fn sync_by(&mut self, at: Instant) {
        let due = self.sync.due.map_or(at, |due| due.min(at));
        self.sync.due = Some(due);
    }

    /// The roster can be read and written.
    pub(super) fn is_privileged(&self, env: &Env<'_>) -> bool {
        env.link_up && env.privileges.roster_get && env.privileges.roster_set && !self.sync.lost
    }

    /// The roster can be written, subscriptions included, as far as is known.
    pub(super) fn can_subscribe(&self, env: &Env<'_>) -> bool {
        self.is_privileged(env) && self.sync.obeyed != Some(false)
    }

    pub(super) fn advance_sync(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let deadline = self.sync.round.as_ref().and_then(|round| round.deadline());
        if deadline.is_some_and(|deadline| deadline <= now.instant) {
            self.lose_privilege(now, env, fx);
        }
        let is_due = self.sync.due.is_some_and(|due| due <= now.instant);
        if is_due && self.sync.round.is_none() {
            self.sync.due = None;
            self.begin_sync(now, env, fx);
        }
        self.write(now, env, fx);
    }

    fn begin_sync(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        if !env.link_up {
            // The next link begins with a round.
            return;
        }
        if !self.is_privileged(env) {
            return self.end_sync(now, env, fx);
        }
        self.sync.round = Some(Box::new(Round {
            step: Step::Reading {
                id: read(env, fx),
                until: now.instant + DEADLINE,
            },
            writes: VecDeque::new(),
            open: Vec::new(),
            turn: None,
        }));
    }

    fn write(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let sync = &mut self.sync;
        let Some(round) = &mut sync.round else {
            return;
        };
        if !matches!(round.step, Step::Writing) {
            return;
        }
        round.turn = None;
        // Until it is known what the server makes of it, one write is enough.
        let at_once = if sync.obeyed.is_none() {
            1
        } else {
            OPEN_WRITES
        };
        while round.open.len() < at_once && !round.writes.is_empty() {
            if let Err(turn) = sync.pace.take(now.instant, Rate::every(WRITE_INTERVAL)) {
                round.turn = Some(turn);
                return;
            }
            let Some(write) = round.writes.pop_front() else {
                return;
            };
            let id = set(env, fx, write.item(env));
            let until = now.instant + DEADLINE;
            round.open.push(Open { id, until, write });
        }
        if round.open.is_empty() {
            self.end_sync(now, env, fx);
        }
    }

    /// An answer to an iq of ours, or of somebody else's.
    pub(super) fn sync_answered(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        id: &str,
        answer: Answer<'_>,
    ) {
        let Some(round) = &mut self.sync.round else {
            return;
        };
        if let Some(at) = round.open.iter().position(|open| open.id == id) {
            let Open { write, .. } = round.open.swap_remove(at);
            match answer {
                Ok(_) => self.written(now, env, fx, write),
                Err(_) => self.lose_privilege(now, env, fx),
            }
            return;
        }
        let is_awaited = match &round.step {
            Step::Reading { id: own, .. } | Step::Checking { id: own, .. } => own == id,
            Step::Writing => false,
        };
        if !is_awaited {
            return;
        }
        let Some(items) = items(answer, env) else {
            return self.lose_privilege(now, env, fx);
        };
        match std::mem::replace(&mut round.step, Step::Writing) {
            Step::Checking { write, .. } => {
                let item = items.get(&write.who);
                let obeyed = item.is_some_and(|it| it.subscription == write.subscription);
                self.sync.obeyed = Some(obeyed);
                self.settle(now, env, fx, &write);
            }
            Step::Reading { .. } | Step::Writing => {
                let writes = self.compare(now, env, fx, &items);
                if let Some(round) = &mut self.sync.round {
                    round.writes = writes;
                }
            }
        }
    }

    /// The three-way comparison of §9.3: what was on the roster before, the list, the roster now.
    fn compare(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        theirs: &BTreeMap<Who, RosterItem>,
    ) -> VecDeque<Write> {
        let mut writes = VecDeque::new();
        match theirs.get(&Who::Gateway) {
            Some(item) if item.subscription == State::Both => self.sync.gateway_wanted = false,
            Some(_) if self.sync.obeyed == Some(false) => {}
            item => writes.push_back(Write {
                who: Who::Gateway,
                name: name_of(item).unwrap_or_else(|| env.settings.name.clone()),
                groups: item.map(|item| item.groups.clone()).unwrap_or_default(),
                subscription: State::Both,
                proves: true,
            }),
        }
        let is_meant = |item: &&Item| item.is_listed() && !item.hidden;
        let ours: Vec<Uin> = self.list.iter().filter(is_meant).map(Item::uin).collect();
        let mut removed = Vec::new();
        for uin in ours {
            match theirs.get(&Who::Contact(uin)) {
                Some(their) => writes.extend(self.compare_contact(now, env, uin, their)),
                None if self.list.find(uin).is_some_and(|item| item.on_roster) => removed.push(uin),
                None => writes.push_back(self.contact_write(env, uin, None)),
            }
        }
        // A server that lost a roster did what no person does, and here all of it is seen at once.
        let is_lost = theirs.is_empty() || Removals::are_too_many(removed.len());
        for uin in removed {
            match is_lost {
                true => self.keep(now, uin),
                false => self.removed(now, env, fx, uin),
            }
        }
        writes
    }

    /// Takes over what a person, or the server, made of a contact's item; writes what it lacks.
    fn compare_contact(
        &mut self,
        now: Now,
        env: &Env<'_>,
        uin: Uin,
        their: &RosterItem,
    ) -> Option<Write> {
        let item = self.list.find_mut(uin)?;
        let before = (item.on_roster, item.to, item.from);
        (item.to, item.from) = directions(their);
        item.on_roster = true;
        let mut changed = before != (true, item.to, item.from);
        // Writing the item of somebody who has yet to answer would undo the question.
        let is_authorised = item.is_authorised();
        let named = name_of(Some(their)).filter(|name| *name != uin.to_string());
        let must_name = is_authorised && named.is_none() && !self.list.name(uin).is_empty();
        if let Some(name) = named
            && name != self.list.name(uin)
        {
            // A person's own name for somebody is the better one.
            self.list.set_name(uin, &name);
            changed = true;
        }
        if changed {
            self.note(now);
        }
        let must_subscribe =
            is_authorised && their.subscription != State::Both && self.sync.obeyed != Some(false);
        (must_name || must_subscribe).then(|| self.contact_write(env, uin, Some(their)))
    }

    /// A contact's item as it is to be, with name and groups as the person has them.
    fn contact_write(&self, env: &Env<'_>, uin: Uin, their: Option<&RosterItem>) -> Write {
        let named = name_of(their).filter(|name| *name != uin.to_string());
        let name = named.unwrap_or_else(|| match self.list.name(uin) {
            "" => uin.to_string(),
            name => name.to_owned(),
        });
        let subscription = match self.list.find(uin) {
            Some(item) if item.is_authorised() => State::Both,
            Some(_) | None => State::From,
        };
        let imported = env.preferences.people.get(&uin).map(|it| &it.group);
        let imported = imported.filter(|group| !group.is_empty());
        Write {
            who: Who::Contact(uin),
            name,
            groups: match their {
                Some(item) => item.groups.clone(),
                None => imported.into_iter().cloned().map(Group).collect(),
            },
            proves: their.is_none_or(|item| item.subscription != subscription),
            subscription,
        }
    }

    /// The server says that it has written an item. Whether it has is seen once.
    fn written(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, write: Write) {
        if self.sync.obeyed.is_some() || !write.proves {
            return self.settle(now, env, fx, &write);
        }
        if let Some(round) = &mut self.sync.round {
            round.step = Step::Checking {
                id: read(env, fx),
                until: now.instant + DEADLINE,
                write,
            };
        }
    }

    /// What is true now that an item was written.
    fn settle(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, write: &Write) {
        let is_obeyed = self.sync.obeyed == Some(true);
        let uin = match write.who {
            Who::Gateway => {
                self.sync.gateway_wanted &= !is_obeyed;
                if is_obeyed {
                    // A subscription that was written tells nobody who is online: it has to be asked.
                    own::subscription(env, fx, Type::Probe);
                }
                return;
            }
            Who::Contact(uin) => uin,
        };
        let Some(item) = self.list.find_mut(uin) else {
            return;
        };
        let was_visible = item.is_visible();
        item.on_roster = true;
        if is_obeyed {
            item.from = Subscription::Yes;
            if write.subscription == State::Both {
                item.to = Subscription::Yes;
            }
        }
        let must_show = !was_visible && item.is_visible();
        self.note(now);
        if must_show {
            self.show(env, fx, uin);
        }
    }

    fn lose_privilege(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.sync.lost = true;
        self.end_sync(now, env, fx);
    }

    /// The round is over: what it did not achieve is tried by other means.
    fn end_sync(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.sync.round = None;
        if std::mem::take(&mut self.sync.gateway_wanted) {
            own::subscription(env, fx, Type::Subscribe);
        }
        self.offer_contacts(now, env, fx);
    }
}

impl Write {
    fn item(&self, env: &Env<'_>) -> RosterItem {
        RosterItem {
            name: Some(self.name.clone()),
            groups: self.groups.clone(),
            ..item(self.who, env, self.subscription.clone())
        }
    }
}

/// xmpp-gateway.md §9.3.
const DEADLINE: Duration = Duration::from_secs(30);
pub(super) const WRITE_INTERVAL: Duration = Duration::from_millis(50);

/// How many writes wait for their answers at once.
const OPEN_WRITES: usize = 20;
