//! The component link: up, cut, stalled; what is on its way on it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use icq_transport::gateway::GatewayInput;
use icq_transport::xmpp::Stanza;
use minidom::Element;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Message, MessageType};

use super::{brief, gateway};
use crate::agenda::Event;
use crate::plan::{HOME, Privilege};
use crate::tally::Rare;
use crate::trouble::Trouble;
use crate::world::World;

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
