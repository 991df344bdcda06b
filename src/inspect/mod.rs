//! What `icq-transport decode` shows: ICQ packets of any version, deciphered, field by field.
//!
//! An [`Inspector`] is fed datagrams and gives [`Packet`]s; a packet is shown as a line, in full or
//! as JSON. It has no parser of its own: what it shows is what the decoder of [`icq`](crate::icq)
//! read, written down. Where datagrams come from is up to [`recording`] and the caller.
//!
//! Nobody's password or words are shown unless [`Show`] says so.

mod fields;
mod packet;
pub mod recording;
mod sections;
mod show;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use fields::{fields, tree};
pub use packet::Packet;
pub use show::Show;

use crate::icq::udp::fragments::Assembly;
use crate::icq::udp::{FromServer, Side, ToServer, Version};
use crate::icq::wire::meta::MetaForm;

/// A datagram and where it was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Datagram {
    /// When, since 1970.
    pub time: Option<Duration>,
    /// From where to where, if known.
    pub ends: Option<Ends>,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Where a datagram came from and went to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ends {
    /// Who sent it.
    pub from: SocketAddr,
    /// Whom it was for.
    pub to: SocketAddr,
}

/// What is known about the packets, beyond what stands in them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// The UDP port of the server. Without it packets tell by themselves who sent them.
    pub server_port: Option<u16>,
    /// Who sent them all.
    pub from: Option<Side>,
    /// Their version, whatever their first word says: servers answer V4 clients in V3's form.
    pub version: Option<Version>,
}

/// Takes datagrams in the order they were sent, and says what they are.
#[derive(Debug, Default)]
pub struct Inspector {
    known: Known,
    conversations: BTreeMap<[Option<SocketAddr>; 2], Conversation>,
    /// The oldest first, to forget it when there are too many.
    order: VecDeque<[Option<SocketAddr>; 2]>,
}

/// What the packets of a client and a server told about those that follow.
#[derive(Debug)]
struct Conversation {
    /// Which of the two addresses is the client's.
    client: Option<SocketAddr>,
    version: Version,
    /// What a META reply looks like is up to the request it answers (`icq-udp.md` §8.4).
    forms: HashMap<u16, MetaForm>,
    /// Fragments of either side's packets (§4.7).
    assemblies: [Assembly; 2],
    began: Instant,
}

impl Inspector {
    /// Begins, with what is known beforehand. `now` is any instant: it only counts fragments' time.
    pub fn new(known: Known) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }

    /// Takes a datagram; gives the packets that are in it, the datagram itself first. None if it is
    /// not ICQ's. `now` is when it was seen, on any clock that does not go backwards.
    pub fn datagram(&mut self, now: Instant, datagram: Datagram) -> Vec<Packet> {
        let Some((from, version)) = self.recognise(&datagram) else {
            return Vec::new();
        };
        let key = pair(datagram.ends);
        let conversation = self.conversation(now, key, version);
        if let (Side::Client, Some(ends)) = (from, datagram.ends) {
            conversation.client = Some(ends.from);
            conversation.version = version;
        }
        let packet = Packet::new(datagram, from, version, &mut conversation.forms);
        let inside = conversation.inside(now, &packet);
        std::iter::once(packet).chain(inside).collect()
    }

    /// Who sent a datagram, and in which version.
    fn recognise(&self, datagram: &Datagram) -> Option<(Side, Version)> {
        let spoken = self.conversations.get(&pair(datagram.ends));
        let word = Version::of(&datagram.bytes)?;
        let client_version = spoken
            .filter(|spoken| spoken.client.is_some() || datagram.ends.is_none())
            .map(|spoken| spoken.version);
        let from = self.known.from.or_else(|| self.known_end(datagram, spoken));
        let versions = |from| match (self.known.version, from, client_version) {
            (Some(version), _, _) | (None, Side::Server, Some(version)) => version,
            (None, _, _) => word,
        };
        let fits = |from: Side| packet::is_plausible(versions(from), from, &datagram.bytes);
        let from = match from {
            // Somebody who names the side, or the port, wants to see all of it.
            Some(from) => from,
            None => [Side::Client, Side::Server]
                .into_iter()
                .find(|&from| fits(from))?,
        };
        Some((from, versions(from)))
    }

    fn known_end(&self, datagram: &Datagram, spoken: Option<&Conversation>) -> Option<Side> {
        let ends = datagram.ends?;
        if let Some(port) = self.known.server_port {
            return match (ends.from.port() == port, ends.to.port() == port) {
                (true, false) => Some(Side::Server),
                (false, true) => Some(Side::Client),
                _ => None,
            };
        }
        let client = spoken?.client?;
        Some(match client == ends.from {
            true => Side::Client,
            false => Side::Server,
        })
    }

    fn conversation(
        &mut self,
        now: Instant,
        key: [Option<SocketAddr>; 2],
        version: Version,
    ) -> &mut Conversation {
        if !self.conversations.contains_key(&key) {
            if self.order.len() >= MOST_CONVERSATIONS
                && let Some(oldest) = self.order.pop_front()
            {
                self.conversations.remove(&oldest);
            }
            self.order.push_back(key);
        }
        self.conversations
            .entry(key)
            .or_insert_with(|| Conversation {
                client: None,
                version,
                forms: HashMap::new(),
                assemblies: Default::default(),
                began: now,
            })
    }
}

impl Conversation {
    /// The packets inside a packet: those of a MULTI, or the one whose last fragment this is.
    fn inside(&mut self, now: Instant, packet: &Packet) -> Vec<Packet> {
        let Some(opened) = packet.opened() else {
            return Vec::new();
        };
        let command = opened.header.command;
        let inner = |conversation: &mut Self, bytes: &[u8]| {
            let datagram = Datagram {
                bytes: bytes.to_vec(),
                ..packet.datagram().clone()
            };
            let mut inner = Packet::new(
                datagram,
                packet.from(),
                packet.version(),
                &mut conversation.forms,
            );
            inner.put_inside();
            inner
        };
        let fragment = match packet.from() {
            Side::Server => {
                let form = MetaForm::Unknown;
                match FromServer::decode(packet.version(), command, opened.body, form) {
                    Ok(decoded) => match decoded.packet {
                        FromServer::Multi(multi) => {
                            let packets: Vec<&[u8]> = multi.packets.clone();
                            return packets
                                .into_iter()
                                .map(|bytes| inner(self, bytes))
                                .collect();
                        }
                        FromServer::Fragment(fragment) => fragment,
                        _ => return Vec::new(),
                    },
                    Err(_) => return Vec::new(),
                }
            }
            Side::Client => match ToServer::decode(packet.version(), command, opened.body) {
                Ok(decoded) => match decoded.packet {
                    ToServer::Fragment(fragment) => fragment,
                    _ => return Vec::new(),
                },
                Err(_) => return Vec::new(),
            },
        };
        let side = usize::from(packet.from() == Side::Server);
        let now = now.max(self.began);
        match self.assemblies[side].take(now, 0, &fragment) {
            Some(whole) => vec![inner(self, &whole)],
            None => Vec::new(),
        }
    }
}

/// The two addresses, the same for both directions.
fn pair(ends: Option<Ends>) -> [Option<SocketAddr>; 2] {
    let Some(Ends { from, to }) = ends else {
        return [None; 2];
    };
    [Some(from.min(to)), Some(from.max(to))]
}

/// How many conversations are kept apart at a time; beyond that the oldest one is begun anew.
const MOST_CONVERSATIONS: usize = 4096;
