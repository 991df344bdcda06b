//! What the operator decides about the gateway's behaviour, as `gateway` needs it.
//!
//! `config` fills this from `gateway.toml`; nothing here is re-checked.

use std::time::Duration;

use xmpp_parsers::jid::DomainPart;

use crate::icq::wire::Version;
use crate::model::Uin;

/// What the operator decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The component's domain: `icq.example.org`.
    pub domain: DomainPart,
    /// Its name in service discovery and on the roster.
    pub name: String,
    /// Domains whose XEP-0356 grants are believed, and whose users are local.
    pub local_domains: Vec<String>,
    /// Who may register and use the gateway; the first rule that matches decides, none is a no.
    pub access: Vec<AccessRule>,
    /// Two users may share a number, unless this is set.
    pub unique_uin: bool,
    /// The smallest number people may name.
    pub lowest_uin: Uin,
    /// The ICQ networks to choose from. There is at least one; the first is the one of those who do not
    /// choose.
    pub networks: Vec<Network>,
    /// How long a user may be without a resource before the ICQ login ends.
    pub logoff_delay: Duration,
    /// How long ICQ logins outlive the link to the XMPP server.
    pub link_grace: Duration,
    /// How long a message may wait for a login before it comes back.
    pub message_hold: Duration,
    /// How long a registration may take.
    pub registration_deadline: Duration,
    /// Users may ask ICQ for a new number.
    pub new_numbers: bool,
    /// A password may be written into the chat window.
    pub chat_password: bool,
    /// XEP-0157 addresses.
    pub contact_addresses: ContactAddresses,
    /// How many of everything.
    pub limits: Limits,
}

/// An ICQ server, and how its users are served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Network {
    /// What records and the configuration call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The server's name or address. A name is resolved anew at each login.
    pub host: String,
    /// Its UDP port.
    pub port: u16,
    /// The versions of the protocol to try and to choose from, the best first. There is at least one.
    pub versions: Vec<Version>,
    /// The code page of a user who chose none and whose language names none: `windows-1252`.
    pub charset: String,
    /// How often an ICQ session shows that it lives.
    pub keep_alive: Duration,
}

impl Network {
    /// The name of the network that is there in any case.
    pub const FIRST: &'static str = "icq";

    /// The defaults of the network `name`.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: "ICQ".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 4000,
            versions: vec![Version::V5, Version::V4, Version::V3, Version::V2],
            charset: "windows-1252".to_owned(),
            keep_alive: Duration::from_secs(50),
        }
    }
}

/// One line of the access list (xmpp-gateway.md §28.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessRule {
    /// Whom it is about.
    pub who: Who,
    /// Whether they may.
    pub allowed: bool,
}

/// Whom an [`AccessRule`] is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Who {
    /// Users of [`Settings::local_domains`].
    Local,
    /// Users of this domain.
    Domain(String),
    /// This bare JID.
    Jid(String),
    /// Everybody.
    Anybody,
}

/// Where to turn to, as `mailto:` or `xmpp:` addresses (XEP-0157).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ContactAddresses {
    /// Who runs the gateway.
    pub admin: Vec<String>,
    /// Who helps.
    pub support: Vec<String>,
    /// Who is told about abuse.
    pub abuse: Vec<String>,
}

/// How many of everything (xmpp-gateway.md §28.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Registered users.
    pub users: usize,
    /// Users asked per second, once the link is up, where they are online.
    pub probes_per_second: u32,
    /// ICQ logins started per second.
    pub logins_per_second: u32,
    /// Messages to ICQ per second and user.
    pub messages_per_second: u32,
    /// Messages to ICQ that may leave at once before that pace holds.
    pub message_burst: u32,
    /// Messages of a user that may wait for ICQ.
    pub queued_messages: usize,
    /// Characters of a message from XMPP.
    pub body_chars: usize,
    /// Contacts of a user.
    pub contacts: usize,
    /// Messages from ICQ kept for a user while the XMPP link is down.
    pub held_messages: usize,
    /// Registrations of one JID per hour.
    pub registrations_per_hour: u32,
    /// New numbers that people who are not registered get from ICQ in a day, all of them together.
    pub new_numbers_per_day: u32,
    /// New numbers subscribed to per hour and user.
    pub subscriptions_per_hour: u32,
    /// Stanzas of one JID per second, once [`stanza_burst`](Self::stanza_burst) is used up.
    pub stanzas_per_second: u32,
    /// Stanzas of one JID that may come at once.
    pub stanza_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            users: 10_000,
            probes_per_second: 50,
            logins_per_second: 5,
            messages_per_second: 5,
            message_burst: 20,
            queued_messages: 100,
            body_chars: 20_000,
            contacts: 1_000,
            held_messages: 1_000,
            registrations_per_hour: 5,
            new_numbers_per_day: 20,
            subscriptions_per_hour: 30,
            stanzas_per_second: 50,
            stanza_burst: 500,
        }
    }
}

impl Settings {
    /// The network of that name, if there is one.
    pub fn network(&self, name: &str) -> Option<&Network> {
        self.networks.iter().find(|network| network.name == name)
    }

    /// The defaults for the component `domain`; its parent domain is local.
    pub fn new(domain: DomainPart) -> Self {
        let parent = domain.as_str().split_once('.');
        let parent = parent.map(|(_, parent)| parent.to_owned());
        Self {
            domain,
            name: "ICQ".to_owned(),
            local_domains: parent.into_iter().collect(),
            access: vec![AccessRule {
                who: Who::Local,
                allowed: true,
            }],
            unique_uin: false,
            lowest_uin: Uin(10_000),
            networks: vec![Network::new(Network::FIRST)],
            logoff_delay: Duration::from_secs(60),
            link_grace: Duration::from_secs(600),
            message_hold: Duration::from_secs(30),
            registration_deadline: Duration::from_secs(20),
            new_numbers: false,
            chat_password: true,
            contact_addresses: ContactAddresses::default(),
            limits: Limits::default(),
        }
    }
}
