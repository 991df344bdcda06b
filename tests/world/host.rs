//! The XMPP server: the component link, the users' accounts with their rosters and clients.
//!
//! As far as a gateway can tell it is one: subscriptions follow RFC 6121 §3, probes are answered,
//! presence is broadcast, rosters can be read and written by privilege (XEP-0356), and where the server
//! differs from others `Manners` says how (xmpp-gateway.md §10.6).

mod clients;
mod link;
mod routing;

use std::collections::{BTreeMap, BTreeSet};

use icq_transport::xmpp::Stanza;
use minidom::Element;
use xmpp_parsers::jid::{BareJid, FullJid};
use xmpp_parsers::presence::{Presence, Show};

use crate::people::Person;
use crate::plan::{DOMAIN, Manners, Plan};
pub(crate) use link::{Item, Link, Towards};

/// The XMPP server.
pub(crate) struct Host {
    pub(crate) link: Link,
    pub(crate) accounts: BTreeMap<BareJid, Account>,
    manners: Manners,
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

pub(crate) fn full(user: &BareJid, resource: &str) -> FullJid {
    user.with_resource_str(resource).expect("a resource")
}

/// A stanza on one line, for those who look at one seed.
pub(crate) fn brief(stanza: &Stanza) -> String {
    let text = xso::transform::<Element, _>(stanza).map(|element| String::from(&element));
    text.unwrap_or_else(|error| format!("unwritable: {error}"))
        .replace("xmlns='jabber:component:accept' ", "")
}
