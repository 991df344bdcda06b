//! The XMPP server: the component link, the users' accounts with their rosters and clients.
//!
//! As far as a gateway can tell it is one: subscriptions follow RFC 6121 §3, probes are answered,
//! presence is broadcast, rosters can be read and written by privilege (XEP-0356), and where the server
//! differs from others `Manners` says how (xmpp-gateway.md §10.6).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use icq_transport::gateway::GatewayInput;
use icq_transport::xmpp::{Condition, Refusal, Stanza};
use minidom::Element;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{BareJid, FullJid, Jid};
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::presence::{Presence, Show, Type};
use xmpp_parsers::roster::{Ask, Item as RosterItem, Roster as RosterQuery, Subscription};

use crate::agenda::Event;
use crate::people::{Deed, Person};
use crate::plan::{DOMAIN, HOME, Manners, Plan, Privilege};
use crate::tally::Rare;
use crate::trouble::Trouble;
use crate::world::World;

/// The XMPP server.
pub(crate) struct Host {
    pub(crate) link: Link,
    pub(crate) accounts: BTreeMap<BareJid, Account>,
    manners: Manners,
}

/// The component link: two queues of what is on its way.
#[derive(Default)]
pub(crate) struct Link {
    /// Counts links.
    pub(crate) number: u32,
    pub(crate) is_up: bool,
    /// Nothing moves, and neither side has noticed.
    pub(crate) is_stalled: bool,
    to_host: VecDeque<(Instant, Item)>,
    to_gateway: VecDeque<(Instant, Item)>,
    /// Breaks off when so many more stanzas were written.
    pub(crate) cut_in: Option<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Towards {
    Host,
    Gateway,
}

/// What travels on the link.
pub(crate) enum Item {
    Stanza(Stanza),
    /// The gateway's ping to itself, there and back.
    Ping(u64),
}

/// One user's account.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) roster: BTreeMap<BareJid, Entry>,
    pub(crate) clients: BTreeMap<String, Client>,
    /// Who asked for a subscription, and has no answer.
    pub(crate) asking: BTreeSet<BareJid>,
}

/// An item of a roster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    name: Option<String>,
    pub(crate) to: bool,
    pub(crate) from: bool,
    pub(crate) ask: bool,
}

/// A client that is online.
pub(crate) struct Client {
    pub(crate) presence: Presence,
    /// Who was sent presence without being subscribed.
    directed: BTreeSet<BareJid>,
    /// What it last heard of others: online with a show, or offline.
    pub(crate) view: BTreeMap<BareJid, Option<Option<Show>>>,
}

impl Host {
    pub(crate) fn new(plan: &Plan, people: &[Person]) -> Self {
        let accounts = people.iter();
        Self {
            link: Link::default(),
            accounts: accounts
                .map(|person| (person.jid.clone(), Account::default()))
                .collect(),
            manners: plan.host,
        }
    }
}

impl Link {
    /// When the next stanza arrives.
    pub(crate) fn next(&self) -> Option<Instant> {
        if !self.is_up || self.is_stalled {
            return None;
        }
        let fronts = [self.to_host.front(), self.to_gateway.front()];
        fronts.into_iter().flatten().map(|(at, _)| *at).min()
    }
}

impl Account {
    /// The clients that take messages.
    pub(crate) fn takes_messages(&self) -> bool {
        self.clients
            .values()
            .any(|client| client.presence.priority.0 >= 0)
    }
}

pub(crate) fn gateway() -> BareJid {
    BareJid::new(DOMAIN).expect("a domain")
}

// --- the link --------------------------------------------------------------------------------------------

impl World {
    pub(crate) fn connect_link(&mut self) {
        if self.host.link.is_up || self.machine.process.is_none() {
            return;
        }
        let link = &mut self.host.link;
        link.number += 1;
        link.is_up = true;
        link.is_stalled = false;
        link.cut_in = None;
        self.say(|| "link is up".to_owned());
        self.input(GatewayInput::LinkUp);
        if self.host.manners.privilege != Privilege::None {
            let stanza = advertisement();
            self.push_on_link(Towards::Gateway, Item::Stanza(stanza));
        }
    }

    /// The connection breaks, and both sides notice. What was on its way is lost.
    pub(crate) fn cut_link(&mut self) {
        if !self.host.link.is_up {
            return;
        }
        self.say(|| "link is cut".to_owned());
        self.witness.cut();
        self.lose_what_is_on_the_link();
        if let Some(process) = &mut self.machine.process {
            process.marks = Default::default();
        }
        self.input(GatewayInput::LinkDown);
        let patience = match self.chance(0.2) {
            true => Duration::from_secs(100),
            false => Duration::from_secs(20),
        };
        let delay = self.between(Duration::from_millis(50), patience);
        self.agenda.plan(
            self.now.instant + delay,
            Event::Trouble(Trouble::LinkComesBack),
        );
    }

    /// The gateway is no more. What it had written may still arrive, in its order.
    pub(crate) fn link_breaks_off(&mut self) {
        if !self.host.link.is_up {
            return;
        }
        let written = self.host.link.to_host.len();
        let arrives = match self.host.link.is_stalled || written == 0 {
            true => 0,
            false => rand::RngExt::random_range(&mut self.rng, 0..=written),
        };
        for _ in 0..arrives {
            if let Some((_, item)) = self.host.link.to_host.pop_front() {
                self.arrive_at_host(item);
            }
        }
        self.lose_what_is_on_the_link();
    }

    fn lose_what_is_on_the_link(&mut self) {
        let link = &mut self.host.link;
        link.is_up = false;
        link.is_stalled = false;
        link.cut_in = None;
        let to_host = std::mem::take(&mut link.to_host);
        let to_gateway = std::mem::take(&mut link.to_gateway);
        if to_host.iter().any(|(_, item)| item.is_stanza()) {
            self.tally.note(Rare::LostFromGateway);
        }
        if to_gateway.iter().any(|(_, item)| item.is_stanza()) {
            self.tally.note(Rare::LostToGateway);
        }
    }

    /// Writes something to the link.
    pub(crate) fn push_on_link(&mut self, towards: Towards, item: Item) {
        let slowest = Duration::from_millis(30);
        let at = self.now.instant + self.between(Duration::from_micros(100), slowest);
        let link = &mut self.host.link;
        let queue = match towards {
            Towards::Host => &mut link.to_host,
            Towards::Gateway => &mut link.to_gateway,
        };
        // Nothing overtakes on a stream.
        let at = queue.back().map_or(at, |(last, _)| at.max(*last));
        queue.push_back((at, item));
        assert!(queue.len() < 20_000, "the link has no end");
        if let Some(left) = &mut link.cut_in {
            *left = left.saturating_sub(1);
            if *left == 0 {
                link.cut_in = None;
                // Not in the middle of what wrote it.
                let now = self.now.instant;
                self.agenda.plan(now, Event::Trouble(Trouble::LinkIsCut));
            }
        }
    }

    /// Delivers what has arrived at one end; `false` if nothing has.
    pub(crate) fn deliver_on_link(&mut self) -> bool {
        let now = self.now.instant;
        if self.host.link.next().is_none_or(|at| at > now) {
            return false;
        }
        let is_due =
            |queue: &VecDeque<(Instant, Item)>| queue.front().is_some_and(|(at, _)| *at <= now);
        if is_due(&self.host.link.to_host) {
            if let Some((_, item)) = self.host.link.to_host.pop_front() {
                self.arrive_at_host(item);
            }
        } else if let Some((_, item)) = self.host.link.to_gateway.pop_front() {
            match item {
                Item::Stanza(stanza) => {
                    self.say(|| format!("  > {}", brief(&stanza)));
                    self.note_reaches_gateway(&stanza);
                    self.input(GatewayInput::Stanza(stanza));
                }
                Item::Ping(number) => self.ping_returned(number),
            }
        }
        true
    }

    fn arrive_at_host(&mut self, item: Item) {
        match item {
            Item::Ping(number) => self.push_on_link(Towards::Gateway, Item::Ping(number)),
            Item::Stanza(stanza) => {
                self.say(|| format!("  < {}", brief(&stanza)));
                self.route(stanza);
            }
        }
    }
}

impl Item {
    const fn is_stanza(&self) -> bool {
        matches!(self, Self::Stanza(_))
    }
}

fn advertisement() -> Stanza {
    let ns = "urn:xmpp:privilege:2";
    let perm = |access: &str, type_: &str| {
        let name = |name: &str| {
            minidom::rxml::NcName::try_from(name.to_owned()).expect("a name of an attribute")
        };
        Element::builder("perm", ns)
            .attr(name("access"), access)
            .attr(name("type"), type_)
            .build()
    };
    let privilege = Element::builder("privilege", ns)
        .append(perm("roster", "both"))
        .append(perm("message", "outgoing"))
        .build();
    let mut message = Message::new_with_type(MessageType::Normal, Jid::from(gateway()));
    message.from = Some(Jid::new(HOME).expect("a domain"));
    message.payloads.push(privilege);
    Stanza::from(message)
}

// --- from the gateway ------------------------------------------------------------------------------------

impl World {
    fn route(&mut self, stanza: Stanza) {
        let Some(to) = stanza.recipient().cloned() else {
            return;
        };
        let user = to.to_bare();
        if !self.host.accounts.contains_key(&user) {
            return;
        }
        match stanza {
            Stanza::Presence(presence) => self.route_presence(&user, &to, *presence),
            Stanza::Message(message) => self.route_message(&user, *message),
            Stanza::Iq(iq) => self.route_iq(&user, &to, *iq),
        }
    }

    fn route_presence(&mut self, user: &BareJid, to: &Jid, presence: Presence) {
        let Some(from) = presence.from.clone() else {
            return;
        };
        let contact = from.to_bare();
        match presence.type_ {
            Type::None | Type::Unavailable => self.show_presence(user, to, &contact, &presence),
            Type::Subscribe => self.contact_asks(user, contact),
            Type::Subscribed => {
                let Some(account) = self.host.accounts.get_mut(user) else {
                    return;
                };
                if let Some(entry) = account.roster.get_mut(&contact).filter(|it| it.ask) {
                    entry.ask = false;
                    entry.to = true;
                }
            }
            Type::Unsubscribe => {
                let Some(account) = self.host.accounts.get_mut(user) else {
                    return;
                };
                account.asking.remove(&contact);
                let entry = account.roster.get_mut(&contact);
                if entry.is_some_and(|entry| std::mem::take(&mut entry.from)) {
                    self.say_unavailable(user, &contact);
                }
            }
            Type::Unsubscribed => {
                let Some(account) = self.host.accounts.get_mut(user) else {
                    return;
                };
                if let Some(entry) = account.roster.get_mut(&contact) {
                    entry.to = false;
                    entry.ask = false;
                }
                for client in account.clients.values_mut() {
                    client.view.remove(&contact);
                }
            }
            Type::Probe => self.answer_probe(user, &contact),
            Type::Error => {}
        }
    }

    fn show_presence(&mut self, user: &BareJid, to: &Jid, contact: &BareJid, presence: &Presence) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let news = match presence.type_ {
            Type::None => Some(presence.show.clone()),
            _ => None,
        };
        for (resource, client) in &mut account.clients {
            let is_meant = to.resource().is_none_or(|it| it.as_str() == resource);
            if is_meant {
                client.view.insert(contact.clone(), news.clone());
            }
        }
    }

    fn contact_asks(&mut self, user: &BareJid, contact: BareJid) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let is_known = account.roster.get(&contact).is_some_and(|entry| entry.from);
        if is_known {
            return self.send_presence(user, &contact, Type::Subscribed);
        }
        let is_new = account.asking.insert(contact.clone());
        let is_there = !account.clients.is_empty();
        if is_new && is_there {
            self.decide_later(user, contact);
        }
    }

    /// Somebody is asked, and takes a while.
    pub(crate) fn decide_later(&mut self, user: &BareJid, contact: BareJid) {
        let Some(person) = self.people.iter().position(|person| person.jid == *user) else {
            return;
        };
        let delay = self.between(Duration::from_millis(300), Duration::from_secs(12));
        self.do_later(delay, Deed::Decide(person, contact));
    }

    fn answer_probe(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        if !account.roster.get(contact).is_some_and(|entry| entry.from) {
            return;
        }
        let mut answers: Vec<Stanza> = Vec::new();
        for (resource, client) in &account.clients {
            let mut presence = client.presence.clone();
            presence.from = Some(Jid::from(full(user, resource)));
            presence.to = Some(Jid::from(contact.clone()));
            answers.push(Stanza::from(presence));
        }
        if answers.is_empty() && self.host.manners.answers_for_the_absent {
            let presence = Presence::new(Type::Unavailable)
                .with_from(user.clone())
                .with_to(contact.clone());
            answers.push(Stanza::from(presence));
        }
        for answer in answers {
            self.host_sends(answer);
        }
    }

    fn route_message(&mut self, user: &BareJid, message: Message) {
        if message.type_ == MessageType::Error {
            self.note_error(user, &message);
            return;
        }
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        if account.takes_messages() || self.host.manners.keeps_messages {
            self.note_shown(user, &message);
            return;
        }
        self.note_returned(&message);
        let (Some(from), Some(to)) = (message.from, message.to) else {
            return;
        };
        let refusal = Refusal::new(Condition::ServiceUnavailable, "Nobody is there.");
        let id = message.id.map(|id| id.0);
        self.host_sends(Stanza::message_error(to, from, id, &refusal));
    }

    fn route_iq(&mut self, user: &BareJid, to: &Jid, iq: Iq) {
        match iq {
            Iq::Result { id, .. } => self.note_answer(user, &id, None),
            Iq::Error { id, error, .. } => {
                self.note_answer(user, &id, Some(error.defined_condition));
            }
            Iq::Get {
                from: Some(from),
                id,
                payload,
                ..
            } => {
                let answer = match payload.is("query", xmpp_parsers::ns::ROSTER) {
                    true => self.read_roster(user),
                    false => None,
                };
                self.answer_iq(to, &from, id, answer.map(Some));
            }
            Iq::Set {
                from: Some(from),
                id,
                payload,
                ..
            } => {
                let is_roster = payload.is("query", xmpp_parsers::ns::ROSTER);
                let query = RosterQuery::try_from(payload).ok().filter(|_| is_roster);
                let is_done = query.is_some_and(|query| self.write_roster(user, query));
                self.answer_iq(to, &from, id, is_done.then_some(None));
            }
            Iq::Get { .. } | Iq::Set { .. } => {}
        }
    }

    fn answer_iq(&mut self, to: &Jid, from: &Jid, id: String, answer: Option<Option<Element>>) {
        let (own, theirs) = (to.clone(), from.clone());
        let stanza = match answer {
            Some(payload) => Stanza::iq_result(own, theirs, id, payload),
            None => {
                let refusal = Refusal::new(Condition::Forbidden, "No.");
                Stanza::iq_error(own, theirs, id, &refusal)
            }
        };
        self.host_sends(stanza);
    }

    fn read_roster(&self, user: &BareJid) -> Option<Element> {
        if self.host.manners.privilege == Privilege::None {
            return None;
        }
        let account = self.host.accounts.get(user)?;
        let items = account.roster.iter().map(|(jid, entry)| RosterItem {
            jid: jid.clone(),
            name: entry.name.clone(),
            subscription: match (entry.to, entry.from) {
                (true, true) => Subscription::Both,
                (true, false) => Subscription::To,
                (false, true) => Subscription::From,
                (false, false) => Subscription::None,
            },
            ask: match entry.ask {
                true => Ask::Subscribe,
                false => Ask::None,
            },
            groups: Vec::new(),
            approved: None,
        });
        let items = items.collect();
        Some(RosterQuery { ver: None, items }.into())
    }

    fn write_roster(&mut self, user: &BareJid, query: RosterQuery) -> bool {
        let privilege = self.host.manners.privilege;
        let Some(account) = self.host.accounts.get_mut(user) else {
            return false;
        };
        if privilege == Privilege::None {
            return false;
        }
        let mut became_known = Vec::new();
        for item in query.items {
            if item.subscription == Subscription::Remove {
                account.roster.remove(&item.jid);
                continue;
            }
            let entry = account.roster.entry(item.jid.clone()).or_default();
            entry.name = item.name;
            if privilege == Privilege::Obeyed {
                let (to, from) = match item.subscription {
                    Subscription::Both => (true, true),
                    Subscription::To => (true, false),
                    Subscription::From => (false, true),
                    Subscription::None | Subscription::Remove => (false, false),
                };
                if from && !entry.from {
                    became_known.push(item.jid);
                }
                (entry.to, entry.from) = (to, from);
                entry.ask &= !to;
            }
        }
        for jid in became_known {
            account.asking.remove(&jid);
        }
        true
    }
}

// --- from the clients ------------------------------------------------------------------------------------

impl World {
    /// A client comes online: its presence goes to whoever is subscribed, and it asks for theirs.
    pub(crate) fn come_online(&mut self, user: &BareJid, resource: &str, presence: Presence) {
        self.say(|| format!("{user}/{resource} comes online"));
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        account.clients.insert(
            resource.to_owned(),
            Client {
                presence: presence.clone(),
                directed: BTreeSet::new(),
                view: BTreeMap::new(),
            },
        );
        let watched = account.roster.iter().filter(|(_, entry)| entry.to);
        let watched: Vec<BareJid> = watched.map(|(jid, _)| jid.clone()).collect();
        let again = account.roster.iter().filter(|(_, entry)| entry.ask);
        let again: Vec<BareJid> = again.map(|(jid, _)| jid.clone()).collect();
        let asking: Vec<BareJid> = account.asking.iter().cloned().collect();
        self.broadcast(user, resource, &presence);
        for contact in watched {
            self.send_presence(user, &contact, Type::Probe);
        }
        // A server repeats what was asked and not answered (RFC 6121 §3.1.2).
        for contact in again {
            self.send_presence(user, &contact, Type::Subscribe);
        }
        for contact in asking {
            self.decide_later(user, contact);
        }
    }

    /// A client changes its presence.
    pub(crate) fn change_presence(&mut self, user: &BareJid, resource: &str, presence: Presence) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let Some(client) = account.clients.get_mut(resource) else {
            return;
        };
        client.presence = presence.clone();
        self.broadcast(user, resource, &presence);
    }

    /// A client goes, or is gone.
    pub(crate) fn go_offline(&mut self, user: &BareJid, resource: &str) {
        self.say(|| format!("{user}/{resource} goes offline"));
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let Some(client) = account.clients.remove(resource) else {
            return;
        };
        self.broadcast(user, resource, &Presence::new(Type::Unavailable));
        let account = self.host.accounts.get(user);
        let is_subscribed = |jid: &BareJid| {
            let entry = account.and_then(|account| account.roster.get(jid));
            entry.is_some_and(|entry| entry.from)
        };
        let directed = client.directed.into_iter();
        let directed: Vec<BareJid> = directed.filter(|jid| !is_subscribed(jid)).collect();
        for jid in directed {
            let presence = Presence::new(Type::Unavailable)
                .with_from(full(user, resource))
                .with_to(jid);
            self.host_sends(Stanza::from(presence));
        }
    }

    /// Presence of a client to one address alone.
    pub(crate) fn send_directed(
        &mut self,
        user: &BareJid,
        resource: &str,
        to: &BareJid,
        type_: Type,
    ) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let Some(client) = account.clients.get_mut(resource) else {
            return;
        };
        let mut presence = match type_ {
            Type::None => {
                client.directed.insert(to.clone());
                client.presence.clone()
            }
            other => {
                client.directed.remove(to);
                Presence::new(other)
            }
        };
        presence.from = Some(Jid::from(full(user, resource)));
        presence.to = Some(Jid::from(to.clone()));
        self.host_sends(Stanza::from(presence));
    }

    fn broadcast(&mut self, user: &BareJid, resource: &str, presence: &Presence) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        let receivers = account.roster.iter().filter(|(_, entry)| entry.from);
        let receivers: Vec<BareJid> = receivers.map(|(jid, _)| jid.clone()).collect();
        for to in receivers {
            let mut presence = presence.clone();
            presence.from = Some(Jid::from(full(user, resource)));
            presence.to = Some(Jid::from(to));
            self.host_sends(Stanza::from(presence));
        }
    }

    fn say_unavailable(&mut self, user: &BareJid, to: &BareJid) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        let resources: Vec<String> = account.clients.keys().cloned().collect();
        for resource in resources {
            let presence = Presence::new(Type::Unavailable)
                .with_from(full(user, &resource))
                .with_to(to.clone());
            self.host_sends(Stanza::from(presence));
        }
    }

    /// A presence between accounts: a subscription, or a probe.
    fn send_presence(&mut self, user: &BareJid, contact: &BareJid, type_: Type) {
        let presence = Presence::new(type_)
            .with_from(user.clone())
            .with_to(contact.clone());
        self.host_sends(Stanza::from(presence));
    }

    /// A client asks to see somebody.
    pub(crate) fn subscribe(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let entry = account.roster.entry(contact.clone()).or_default();
        entry.ask = !entry.to;
        self.send_presence(user, contact, Type::Subscribe);
    }

    /// A client lets somebody see its user, or does not.
    pub(crate) fn answer_subscription(&mut self, user: &BareJid, contact: &BareJid, yes: bool) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        if !account.asking.remove(contact) {
            return;
        }
        if !yes {
            return self.send_presence(user, contact, Type::Unsubscribed);
        }
        account.roster.entry(contact.clone()).or_default().from = true;
        self.send_presence(user, contact, Type::Subscribed);
        self.introduce(user, contact);
    }

    /// Somebody newly subscribed is sent the presence of all clients.
    fn introduce(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        let mut presences = Vec::new();
        for (resource, client) in &account.clients {
            let mut presence = client.presence.clone();
            presence.from = Some(Jid::from(full(user, resource)));
            presence.to = Some(Jid::from(contact.clone()));
            presences.push(Stanza::from(presence));
        }
        for presence in presences {
            self.host_sends(presence);
        }
    }

    /// A client removes somebody from the roster (RFC 6121 §2.5).
    pub(crate) fn remove_from_roster(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        account.asking.remove(contact);
        let Some(entry) = account.roster.remove(contact) else {
            return;
        };
        for client in account.clients.values_mut() {
            client.view.remove(contact);
        }
        let mut goodbyes = Vec::new();
        if entry.to || entry.ask {
            goodbyes.push(Type::Unsubscribe);
        }
        if entry.from {
            goodbyes.push(Type::Unsubscribed);
        }
        if self.host.manners.unsubscribed_first {
            goodbyes.reverse();
        }
        for type_ in goodbyes {
            self.send_presence(user, contact, type_);
        }
    }

    /// A stanza of a client's or the server's, for the gateway.
    pub(crate) fn host_sends(&mut self, stanza: Stanza) {
        let to_us = stanza
            .recipient()
            .is_some_and(|to| to.domain().as_str() == DOMAIN);
        if !to_us {
            return;
        }
        if self.host.link.is_up {
            return self.push_on_link(Towards::Gateway, Item::Stanza(stanza));
        }
        // The server itself says that nobody is there: the gateway has taken nothing.
        let user = stanza.sender().map(Jid::to_bare);
        match (&stanza, user) {
            (Stanza::Iq(iq), Some(user)) if matches!(**iq, Iq::Get { .. } | Iq::Set { .. }) => {
                let id = iq.id().to_owned();
                self.drop_question(&user, &id);
            }
            _ => {}
        }
    }
}

pub(crate) fn full(user: &BareJid, resource: &str) -> FullJid {
    user.with_resource_str(resource).expect("a resource")
}

/// A stanza on one line, for those who look at one seed.
pub(crate) fn brief(stanza: &Stanza) -> String {
    let text = xso::transform::<Element, _>(stanza).map(|element| String::from(&element));
    text.unwrap_or_else(|error| format!("unwritable: {error}"))
        .replace("xmlns='jabber:component:accept' ", "")
}
