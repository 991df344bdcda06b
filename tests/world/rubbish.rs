//! Rubbish comes from both links, in the middle of everything else: random bytes, real datagrams with
//! some bytes changed, stanzas of any shape. Nobody panics, no timer stands still, nothing grows without
//! end, and what the gateway says keeps its form.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use icq_transport::gateway::GatewayInput;
use icq_transport::xmpp::{BadStanza, Defect, Stanza, StanzaKind};
use minidom::Element;
use rand::RngExt;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Id, Lang, Message, MessageType};
use xmpp_parsers::ns;
use xmpp_parsers::presence::{Presence, Type};

use crate::host::{Item, Towards};
use crate::plan::Plan;
use crate::world::World;

#[test]
fn rubbish_from_both_links_hurts_nobody() {
    for seed in 1..=SEEDS {
        let mut world = World::new(Plan::draw(seed), false);
        world.begin();
        world.wire.garbles = 0.2;
        for _ in 0..PIECES {
            let pause = world.between(Duration::ZERO, Duration::from_secs(2));
            world.pass(pause);
            world.rubbish();
        }
        world.wire.garbles = 0.0;
        world.end();
        let form = ["no sender", "no id", "a password", "keeps "];
        let complaints = world.verdict().err().unwrap_or_default();
        let broken: Vec<String> = complaints
            .into_iter()
            .filter(|complaint| form.iter().any(|it| complaint.contains(it)))
            .collect();
        assert_eq!(broken, Vec::<String>::new(), "seed {seed}");
    }
}

impl World {
    fn rubbish(&mut self) {
        match self.rng.random_range(0..6) {
            0 => self.rubbish_for_the_gateway(),
            1 => self.rubbish_for_the_server(),
            2 => self.unreadable_stanza(),
            _ => {
                let stanza = self.any_stanza();
                if self.host.link.is_up {
                    self.push_on_link(Towards::Gateway, Item::Stanza(stanza));
                }
            }
        }
    }

    fn rubbish_for_the_gateway(&mut self) {
        let tasks = self.machine.process.iter().flat_map(|it| it.tasks.values());
        let ports: Vec<u16> = tasks.filter_map(|task| task.port).collect();
        if let Some(port) = self.one_of(&ports) {
            let datagram = self.bytes();
            self.reach_gateway(port, datagram);
        }
    }

    fn rubbish_for_the_server(&mut self) {
        let port = self.rng.random_range(10_000..10_010);
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let datagram = self.bytes();
        self.reach_server(from, &datagram);
    }

    /// Bytes that begin like a packet, half of the time.
    fn bytes(&mut self) -> Vec<u8> {
        let length = self.rng.random_range(0..200);
        let mut bytes: Vec<u8> = (0..length).map(|_| self.rng.random()).collect();
        if self.chance(0.5) {
            let version = self.rng.random_range(1..6);
            bytes
                .iter_mut()
                .zip([version, 0])
                .for_each(|(byte, it)| *byte = it);
        }
        bytes
    }

    fn unreadable_stanza(&mut self) {
        let kinds = [
            StanzaKind::Iq,
            StanzaKind::Message,
            StanzaKind::Presence,
            StanzaKind::Other,
        ];
        let defects = [
            Defect::Malformed,
            Defect::TooDeep,
            Defect::TooLarge,
            Defect::Unknown,
        ];
        let bad = BadStanza {
            kind: self.one_of(&kinds).unwrap_or_default(),
            from: self.one_of(ADDRESSES).flatten().map(str::to_owned),
            to: self.one_of(ADDRESSES).flatten().map(str::to_owned),
            id: self.one_of(WORDS).flatten().map(str::to_owned),
            type_: self.one_of(WORDS).flatten().map(str::to_owned),
            defect: self.one_of(&defects).unwrap_or_default(),
        };
        if self.host.link.is_up {
            self.input(GatewayInput::Bad(bad));
        }
    }

    fn any_stanza(&mut self) -> Stanza {
        match self.rng.random_range(0..3) {
            0 => self.any_iq(),
            1 => self.any_message(),
            _ => self.any_presence(),
        }
    }

    fn any_iq(&mut self) -> Stanza {
        let (from, to) = (self.any_address(), self.any_address());
        let id = self.one_of(WORDS).flatten().unwrap_or_default().to_owned();
        let payload = self.any_element(0);
        Stanza::from(match self.rng.random_range(0..3) {
            0 => Iq::Get {
                from,
                to,
                id,
                payload,
            },
            1 => Iq::Set {
                from,
                to,
                id,
                payload,
            },
            _ => Iq::Result {
                from,
                to,
                id,
                payload: Some(payload),
            },
        })
    }

    fn any_message(&mut self) -> Stanza {
        let types = [
            MessageType::Chat,
            MessageType::Normal,
            MessageType::Headline,
            MessageType::Groupchat,
            MessageType::Error,
        ];
        let at = self.rng.random_range(0..types.len());
        let type_ = types.into_iter().nth(at).unwrap_or_default();
        let mut message = Message::new_with_type(type_, self.any_address());
        message.from = self.any_address();
        message.id = self.one_of(WORDS).flatten().map(|it| Id(it.to_owned()));
        if let Some(body) = self.one_of(WORDS).flatten() {
            message = message.with_body(Lang::new(), body.to_owned());
        }
        message.payloads.push(self.any_element(0));
        Stanza::from(message)
    }

    fn any_presence(&mut self) -> Stanza {
        let types = [
            Type::None,
            Type::Unavailable,
            Type::Subscribe,
            Type::Subscribed,
            Type::Unsubscribe,
            Type::Unsubscribed,
            Type::Probe,
            Type::Error,
        ];
        let at = self.rng.random_range(0..types.len());
        let type_ = types.into_iter().nth(at).unwrap_or_default();
        let mut presence = Presence::new(type_);
        presence.from = self.any_address();
        presence.to = self.any_address();
        presence.id = self.one_of(WORDS).flatten().map(str::to_owned);
        presence.payloads.push(self.any_element(0));
        Stanza::from(presence)
    }

    fn any_address(&mut self) -> Option<Jid> {
        let address = self.one_of(ADDRESSES).flatten()?;
        Jid::new(address).ok()
    }

    fn any_element(&mut self, depth: u32) -> Element {
        let name = self.one_of(NAMES).unwrap_or("query");
        let namespace = self.one_of(NAMESPACES).unwrap_or(ns::REGISTER);
        let mut element = Element::bare(name, namespace);
        if let Some(word) = self.one_of(WORDS).flatten() {
            element.append_text_node(word);
        }
        for _ in 0..self.rng.random_range(0..3) {
            if depth < 3 {
                element.append_child(self.any_element(depth + 1));
            }
        }
        element
    }
}

const SEEDS: u64 = 20;
/// Pieces of rubbish in a run.
const PIECES: u32 = 300;

const ADDRESSES: &[Option<&str>] = &[
    None,
    Some("alice@example.org"),
    Some("alice@example.org/pc"),
    Some("bob@example.org/phone"),
    Some("nobody@example.org/pc"),
    Some("example.org"),
    Some("mallory@example.net/pc"),
    Some("icq.example.org"),
    Some("icq.example.org/x"),
    Some("300001@icq.example.org"),
    Some("300001@icq.example.org/x"),
    Some("0@icq.example.org"),
    Some("99999999999999@icq.example.org"),
    Some("nonsense@icq.example.org"),
];

const NAMES: &[&str] = &[
    "query",
    "remove",
    "username",
    "password",
    "x",
    "field",
    "value",
    "item",
    "command",
    "error",
    "nick",
    "privilege",
    "perm",
    "vCard",
    "ping",
    "delay",
    "prompt",
];

const NAMESPACES: &[&str] = &[
    ns::REGISTER,
    ns::ROSTER,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::PING,
    ns::VERSION,
    ns::DATA_FORMS,
    "jabber:iq:gateway",
    "jabber:iq:last",
    "jabber:component:accept",
    "vcard-temp",
    "urn:xmpp:privilege:2",
    "http://jabber.org/protocol/commands",
    "http://jabber.org/protocol/rosterx",
];

const WORDS: &[Option<&str>] = &[
    None,
    Some(""),
    Some("get"),
    Some("error"),
    Some("unregister"),
    Some("login"),
    Some("status"),
    Some("uin 300001"),
    Some("300001"),
    Some("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{1f600}"),
    Some("0"),
    Some("-1"),
    Some("99999999999999999999"),
];
