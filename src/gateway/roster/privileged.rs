//! Strategy A: the user's roster, read and written by privilege (XEP-0356, xmpp-gateway.md §9.3, §10.6).
//!
//! One round: read the roster, compare, write what differs, one item at a time. What the server does
//! not do it says by an error, by silence, or not at all: after the first write that asks for a
//! subscription the roster is read once more, because some servers keep the name and ignore the rest.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use minidom::Element;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::BareJid;
use xmpp_parsers::presence::Type;
use xmpp_parsers::roster::{
    Ask, Group, Item as RosterItem, Roster as RosterQuery, Subscription as State,
};
use xmpp_parsers::stanza_error::DefinedCondition;

use super::Roster;
use super::removal::Removals;
use super::subscription::MAX_NAME_CHARS;
use crate::gateway::pace::{Pace, Rate};
use crate::gateway::{Effects, Env, own};
use crate::model::{Listing, Now, Uin};
use crate::store::Subscription;
use crate::xmpp::{Address, address, presence as stanza, text};

/// What the user's server answered: a payload, or that there is none, or why not.
pub(super) type Answer<'a> = Result<Option<&'a Element>, Option<&'a DefinedCondition>>;

/// Where a round stands.
#[derive(Debug, Default)]
pub(super) struct Sync {
    /// When a round is to begin.
    due: Option<Instant>,
    step: Step,
    writes: VecDeque<Write>,
    open: Vec<Open>,
    pace: Pace,
    turn: Option<Instant>,
    /// Whether the server does what a write says about subscriptions; found out once for each link.
    obeyed: Option<bool>,
    /// The server refused, or was silent: no more of this on this link.
    lost: bool,
    /// The gateway itself is to be on the roster, whatever it takes.
    gateway_wanted: bool,
}

#[derive(Debug, Default)]
enum Step {
    #[default]
    Idle,
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

/// Whose item on a roster is meant.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Who {
    Contact(Uin),
    Gateway,
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
        let step = match &self.step {
            Step::Idle => self.due,
            Step::Writing => self.turn,
            Step::Reading { until, .. } | Step::Checking { until, .. } => Some(*until),
        };
        let open = self.open.iter().map(|open| open.until);
        open.chain(step).min()
    }

    fn is_overdue(&self, now: Instant) -> bool {
        let is_late = |until: &Instant| *until <= now;
        let step = match &self.step {
            Step::Reading { until, .. } | Step::Checking { until, .. } => is_late(until),
            Step::Idle | Step::Writing => false,
        };
        step || self.open.iter().any(|open| is_late(&open.until))
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
        if self.sync.is_overdue(now.instant) {
            self.lose_privilege(now, env, fx);
        }
        let is_due = self.sync.due.is_some_and(|due| due <= now.instant);
        if is_due && matches!(self.sync.step, Step::Idle) {
            self.sync.due = None;
            if !env.link_up {
                // The next link begins with a round.
            } else if self.is_privileged(env) {
                let id = read(env, fx);
                let until = now.instant + DEADLINE;
                self.sync.step = Step::Reading { id, until };
            } else {
                self.end_sync(now, env, fx);
            }
        }
        if matches!(self.sync.step, Step::Writing) {
            self.write(now, env, fx);
        }
    }

    fn write(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let sync = &mut self.sync;
        sync.turn = None;
        // Until it is known what the server makes of it, one write is enough.
        let at_once = if sync.obeyed.is_none() {
            1
        } else {
            OPEN_WRITES
        };
        while sync.open.len() < at_once && !sync.writes.is_empty() {
            if let Err(turn) = sync.pace.take(now.instant, Rate::every(WRITE_INTERVAL)) {
                sync.turn = Some(turn);
                return;
            }
            let Some(write) = sync.writes.pop_front() else {
                return;
            };
            let id = set(env, fx, write.item(env));
            let until = now.instant + DEADLINE;
            sync.open.push(Open { id, until, write });
        }
        if sync.open.is_empty() {
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
        if let Some(at) = self.sync.open.iter().position(|open| open.id == id) {
            let Open { write, .. } = self.sync.open.swap_remove(at);
            match answer {
                Ok(_) => self.written(now, env, fx, write),
                Err(_) => self.lose_privilege(now, env, fx),
            }
            return;
        }
        let is_awaited = match &self.sync.step {
            Step::Reading { id: own, .. } | Step::Checking { id: own, .. } => own == id,
            Step::Idle | Step::Writing => false,
        };
        if !is_awaited {
            return;
        }
        let Some(items) = items(answer, env) else {
            return self.lose_privilege(now, env, fx);
        };
        match std::mem::replace(&mut self.sync.step, Step::Writing) {
            Step::Checking { write, .. } => {
                let item = items.get(&write.who);
                self.sync.obeyed =
                    Some(item.is_some_and(|it| it.subscription == write.subscription));
                self.settle(now, env, fx, &write);
            }
            Step::Reading { .. } | Step::Idle | Step::Writing => {
                self.compare(now, env, fx, &items);
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
    ) {
        match theirs.get(&Who::Gateway) {
            Some(item) if item.subscription == State::Both => self.sync.gateway_wanted = false,
            Some(_) if self.sync.obeyed == Some(false) => {}
            item => self.sync.writes.push_back(Write {
                who: Who::Gateway,
                name: name_of(item).unwrap_or_else(|| env.settings.name.clone()),
                groups: item.map(|item| item.groups.clone()).unwrap_or_default(),
                subscription: State::Both,
                proves: true,
            }),
        }
        let mut removed = Vec::new();
        let mut changed = false;
        for item in self
            .list
            .iter_mut()
            .filter(|item| item.is_listed() && !item.hidden)
        {
            let uin = item.uin();
            let Some(their) = theirs.get(&Who::Contact(uin)) else {
                if item.on_roster {
                    removed.push(uin);
                } else {
                    self.sync.writes.push_back(Write::new(uin, item, None));
                }
                continue;
            };
            changed |= !item.on_roster;
            item.on_roster = true;
            let named = name_of(Some(their)).filter(|name| *name != uin.to_string());
            // Writing the item of somebody who has yet to answer would undo the question.
            let is_authorised = item.contact.listing == Listing::Authorised;
            let must_name = is_authorised && named.is_none() && !item.contact.name.is_empty();
            if let Some(name) = named
                && *name != *item.contact.name
            {
                // A person's own name for somebody is the better one.
                item.contact.name = name.into();
                changed = true;
            }
            let (to, from) = directions(their);
            changed |= (item.to, item.from) != (to, from);
            (item.to, item.from) = (to, from);
            let must_subscribe = is_authorised
                && their.subscription != State::Both
                && self.sync.obeyed != Some(false);
            if must_name || must_subscribe {
                let write = Write::new(uin, item, Some(their));
                self.sync.writes.push_back(write);
            }
        }
        if changed {
            self.note(now);
        }
        // A server that lost a roster did what no person does, and here all of it is seen at once.
        let is_lost = theirs.is_empty() || Removals::are_too_many(removed.len());
        for uin in removed {
            match is_lost {
                true => self.keep(now, uin),
                false => self.removed(now, env, fx, uin),
            }
        }
    }

    /// The server says that it has written an item. Whether it has is seen once.
    fn written(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, write: Write) {
        if self.sync.obeyed.is_some() || !write.proves {
            return self.settle(now, env, fx, &write);
        }
        let id = read(env, fx);
        let until = now.instant + DEADLINE;
        self.sync.step = Step::Checking { id, until, write };
    }

    /// What is true now that an item was written.
    fn settle(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, write: &Write) {
        let is_obeyed = self.sync.obeyed == Some(true);
        let uin = match write.who {
            Who::Gateway => {
                self.sync.gateway_wanted &= !is_obeyed;
                // Only now does the server tell the gateway where the user is online.
                if is_obeyed {
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
        self.sync.writes.clear();
        self.sync.open.clear();
        self.end_sync(now, env, fx);
    }

    /// The round is over: what it did not achieve is tried by other means.
    fn end_sync(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.sync.step = Step::Idle;
        if std::mem::take(&mut self.sync.gateway_wanted) {
            let gateway = address::gateway(&env.settings.domain);
            fx.send(stanza::subscription(Type::Subscribe, gateway, env.jid, ""));
        }
        self.offer_contacts(now, env, fx);
    }
}

impl Write {
    /// A contact's item, with name and groups as the person has them.
    fn new(uin: Uin, item: &super::Item, their: Option<&RosterItem>) -> Self {
        let name = name_of(their).filter(|name| *name != uin.to_string());
        let name = name.unwrap_or_else(|| match item.contact.name.is_empty() {
            true => uin.to_string(),
            false => item.contact.name.to_string(),
        });
        let subscription = match item.contact.listing {
            Listing::Authorised => State::Both,
            Listing::Waiting | Listing::None => State::From,
        };
        Self {
            who: Who::Contact(uin),
            name,
            groups: their.map(|item| item.groups.clone()).unwrap_or_default(),
            proves: their.is_none_or(|item| item.subscription != subscription),
            subscription,
        }
    }

    fn item(&self, env: &Env<'_>) -> RosterItem {
        RosterItem {
            name: Some(self.name.clone()),
            groups: self.groups.clone(),
            ..item(self.who, env, self.subscription.clone())
        }
    }
}

/// Whose address on the user's roster this is.
fn who(jid: &BareJid, env: &Env<'_>) -> Option<Who> {
    if jid.domain() != &*env.settings.domain {
        return None;
    }
    match Address::read(&jid.clone().into(), env.settings.lowest_uin) {
        Address::Gateway => Some(Who::Gateway),
        Address::Contact(uin) => Some(Who::Contact(uin)),
        Address::Invalid => None,
    }
}

/// The items of our domain in an answer to [`read`].
pub(super) fn items(answer: Answer<'_>, env: &Env<'_>) -> Option<BTreeMap<Who, RosterItem>> {
    let payload = answer.ok()??;
    let roster = RosterQuery::try_from(payload.clone()).ok()?;
    let items = roster.items.into_iter();
    Some(
        items
            .filter_map(|item| Some((who(&item.jid, env)?, item)))
            .collect(),
    )
}

/// An item with nothing but an address and a state.
pub(super) fn item(who: Who, env: &Env<'_>, subscription: State) -> RosterItem {
    RosterItem {
        jid: jid(who, env),
        name: None,
        subscription,
        ask: Ask::None,
        groups: Vec::new(),
        approved: None,
    }
}

pub(super) fn jid(who: Who, env: &Env<'_>) -> BareJid {
    match who {
        Who::Gateway => address::gateway(&env.settings.domain),
        Who::Contact(uin) => address::contact(uin, &env.settings.domain),
    }
}

/// Asks for the user's roster.
pub(super) fn read(env: &Env<'_>, fx: &mut Effects) -> String {
    let id = fx.id();
    fx.send(Iq::Get {
        from: Some(address::gateway(&env.settings.domain).into()),
        to: Some(env.jid.clone().into()),
        id: id.clone(),
        payload: query(Vec::new()),
    });
    id
}

/// Writes one item to the user's roster: more than one is not allowed (RFC 6121 §2.1.5).
pub(super) fn set(env: &Env<'_>, fx: &mut Effects, item: RosterItem) -> String {
    let id = fx.id();
    fx.send(Iq::Set {
        from: Some(address::gateway(&env.settings.domain).into()),
        to: Some(env.jid.clone().into()),
        id: id.clone(),
        payload: query(vec![item]),
    });
    id
}

fn query(items: Vec<RosterItem>) -> Element {
    RosterQuery { ver: None, items }.into()
}

fn name_of(item: Option<&RosterItem>) -> Option<String> {
    let name = item?.name.as_deref()?;
    let name = text::clean_line(name, MAX_NAME_CHARS);
    (!name.is_empty()).then_some(name)
}

/// What an item says about the two subscriptions.
fn directions(item: &RosterItem) -> (Subscription, Subscription) {
    let to = match item.subscription {
        State::To | State::Both => Subscription::Yes,
        _ if item.ask == Ask::Subscribe => Subscription::Pending,
        State::None | State::From | State::Remove => Subscription::None,
    };
    let from = match item.subscription {
        State::From | State::Both => Subscription::Yes,
        State::None | State::To | State::Remove => Subscription::None,
    };
    (to, from)
}

/// xmpp-gateway.md §9.3.
const DEADLINE: Duration = Duration::from_secs(30);
pub(super) const WRITE_INTERVAL: Duration = Duration::from_millis(50);

/// How many writes wait for their answers at once.
const OPEN_WRITES: usize = 20;
