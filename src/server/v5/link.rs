//! One client's end of the wire: numbering, repetition, order, duplicates (icq-udp.md §4).

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use crate::icq::udp::from_server::Multi;
use crate::icq::udp::{Dialect, FromServer, Header, Noise, Side, V5, Version};
use crate::model::Uin;

use crate::server::behaviour::{Behaviour, Retransmission};
use crate::server::journal::LetterNumber;
use crate::server::letters::Letter;

/// A packet that is due to a client, not yet numbered.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) command: u16,
    /// What the header repeats of the request; 0 if there was none.
    pub(super) seq2: u16,
    pub(super) body: Vec<u8>,
    pub(super) lane: Option<Lane>,
    pub(super) cargo: Cargo,
}

/// Parcels of one lane leave one after the other, each after the one before was acknowledged.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Lane {
    /// What concerns one contact: their status, their messages.
    Contact(Uin),
    /// Stored messages, and their end.
    Stored,
    /// The parts of the answer to one request, by its seq2.
    Answer(u16),
}

/// What a parcel carries that must not get lost.
#[derive(Clone, Debug)]
pub(super) enum Cargo {
    /// Nothing: its loss is a nuisance.
    Nothing,
    /// A message that exists nowhere else.
    Letter(Letter),
    /// A copy of a stored message.
    Copy(LetterNumber),
}

/// A client's end of the wire.
#[derive(Debug)]
pub(super) struct Link {
    /// Where the client is.
    pub(super) address: SocketAddr,
    /// The number the client chose for this session.
    pub(super) session_id: u32,
    uin: Uin,
    next_seq1: u16,
    waiting: VecDeque<Parcel>,
    in_flight: VecDeque<InFlight>,
    /// The latest seq1 of the client, newest last.
    seen: VecDeque<u16>,
}

/// A datagram that was sent and not acknowledged.
#[derive(Debug)]
struct InFlight {
    seq1: u16,
    datagram: Vec<u8>,
    /// More than one if the datagram is a MULTI.
    parcels: Vec<Parcel>,
    sends: u32,
    /// When to send it again; never, where the server sends once.
    due: Option<Instant>,
}

/// A packet was sent as often as allowed and not acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Unacknowledged;

impl Link {
    pub(super) const fn new(address: SocketAddr, uin: Uin, session_id: u32) -> Self {
        Self {
            address,
            session_id,
            uin,
            next_seq1: 0,
            waiting: VecDeque::new(),
            in_flight: VecDeque::new(),
            seen: VecDeque::new(),
        }
    }

    /// Whether this packet of the client was here before; remembers it.
    pub(super) fn is_repeated(&mut self, seq1: u16) -> bool {
        if self.seen.contains(&seq1) {
            return true;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(seq1);
        false
    }

    /// Puts a parcel behind those already waiting. Send it with [`flush`](Self::flush).
    pub(super) fn queue(&mut self, parcel: Parcel) {
        self.waiting.push_back(parcel);
    }

    /// Whether more waits than the server keeps for a client that does not acknowledge.
    pub(super) fn is_overfull(&self) -> bool {
        self.waiting.len() > MAX_WAITING || self.letters_waiting() > MAX_LETTERS_WAITING
    }

    /// Whether a message of this contact still stands behind the stored ones.
    pub(super) fn has_letter_behind_stored(&self, from: Uin) -> bool {
        let in_flight = self.in_flight.iter().flat_map(|sent| &sent.parcels);
        let mut parcels = in_flight.chain(&self.waiting);
        parcels.any(|parcel| match &parcel.cargo {
            Cargo::Letter(letter) => parcel.lane == Some(Lane::Stored) && letter.from == from,
            Cargo::Nothing | Cargo::Copy(_) => false,
        })
    }

    /// Messages that exist nowhere else and are not acknowledged.
    pub(super) fn unacknowledged_letters(&self) -> usize {
        let in_flight = self.in_flight.iter().flat_map(|sent| &sent.parcels);
        in_flight.filter(|parcel| parcel.is_letter()).count() + self.letters_waiting()
    }

    /// Sends what may leave now: the datagrams, and what the parcels in them carry.
    pub(super) fn flush(
        &mut self,
        now: Instant,
        behaviour: &Behaviour,
        mut noise: impl FnMut() -> Noise,
    ) -> (Vec<Vec<u8>>, Vec<Cargo>) {
        let mut datagrams = Vec::new();
        let mut sent = Vec::new();
        while behaviour.retransmission.is_none() || self.in_flight.len() < MAX_IN_FLIGHT {
            let parcels = self.next_group(behaviour);
            if parcels.is_empty() {
                break;
            }
            let (seq1, datagram) = self.seal(&parcels, &mut noise);
            sent.extend(parcels.iter().map(|parcel| parcel.cargo.clone()));
            datagrams.push(datagram.clone());
            if self.in_flight.len() == MAX_IN_FLIGHT {
                self.in_flight.pop_front();
            }
            self.in_flight.push_back(InFlight {
                seq1,
                datagram,
                parcels,
                sends: 1,
                due: behaviour
                    .retransmission
                    .map(|Retransmission { interval, .. }| now + interval),
            });
        }
        (datagrams, sent)
    }

    /// Takes the client's acknowledgement: what arrived with the packet.
    pub(super) fn acknowledge(&mut self, seq1: u16) -> Vec<Cargo> {
        let Some(index) = self.in_flight.iter().position(|sent| sent.seq1 == seq1) else {
            return Vec::new();
        };
        self.in_flight
            .remove(index)
            .into_iter()
            .flat_map(|sent| sent.parcels)
            .map(|parcel| parcel.cargo)
            .collect()
    }

    /// The datagrams that have to be sent again.
    pub(super) fn repeat(
        &mut self,
        now: Instant,
        limits: Retransmission,
    ) -> Result<Vec<Vec<u8>>, Unacknowledged> {
        let mut datagrams = Vec::new();
        for sent in &mut self.in_flight {
            if sent.due.is_none_or(|due| due > now) {
                continue;
            }
            if sent.sends >= limits.sends {
                return Err(Unacknowledged);
            }
            sent.sends += 1;
            sent.due = Some(now + limits.interval);
            datagrams.push(sent.datagram.clone());
        }
        Ok(datagrams)
    }

    /// When something has to be sent again.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.in_flight.iter().filter_map(|sent| sent.due).min()
    }

    /// Ends the link: the messages that exist nowhere else.
    pub(super) fn into_letters(self, behaviour: &Behaviour) -> Vec<Letter> {
        // A server that sends once believes that what it sent arrived.
        let in_flight = behaviour.retransmission.map(|_| self.in_flight);
        in_flight
            .into_iter()
            .flatten()
            .flat_map(|sent| sent.parcels)
            .chain(self.waiting)
            .filter_map(|parcel| match parcel.cargo {
                Cargo::Letter(letter) => Some(letter),
                Cargo::Nothing | Cargo::Copy(_) => None,
            })
            .collect()
    }

    /// The next parcels that leave in one datagram: one, or several if they may share a MULTI.
    fn next_group(&mut self, behaviour: &Behaviour) -> Vec<Parcel> {
        let held = self.held_lanes(behaviour);
        let mut group = Vec::new();
        let mut size = MULTI_OVERHEAD;
        let mut index = 0;
        while let Some(parcel) = self.waiting.get(index) {
            if parcel.lane.is_some_and(|lane| held.contains(&lane)) {
                index += 1;
                continue;
            }
            size += ENTRY_OVERHEAD + parcel.body.len();
            let shares = behaviour.multi.is_some_and(|limit| size <= limit);
            if !group.is_empty() && (!shares || group.len() == MAX_GROUP) {
                break;
            }
            // What comes later in the same lane may share the datagram: it cannot overtake in there.
            group.extend(self.waiting.remove(index));
            if !shares {
                break;
            }
        }
        group
    }

    fn letters_waiting(&self) -> usize {
        self.waiting
            .iter()
            .filter(|parcel| parcel.is_letter())
            .count()
    }

    fn held_lanes(&self, behaviour: &Behaviour) -> BTreeSet<Lane> {
        if !behaviour
            .retransmission
            .is_some_and(|limits| limits.in_order)
        {
            return BTreeSet::new();
        }
        self.in_flight
            .iter()
            .flat_map(|sent| &sent.parcels)
            .filter_map(|parcel| parcel.lane)
            .collect()
    }

    fn seal(&mut self, parcels: &[Parcel], noise: &mut impl FnMut() -> Noise) -> (u16, Vec<u8>) {
        let mut packets: Vec<(u16, Vec<u8>)> = parcels
            .iter()
            .map(|parcel| {
                let seq1 = self.next_seq1;
                self.next_seq1 = seq1.wrapping_add(1);
                let header = self.header(parcel.command, seq1, parcel.seq2);
                (seq1, V5.seal(Side::Server, &header, noise(), &parcel.body))
            })
            .collect();
        if packets.len() != 1 {
            let multi = FromServer::Multi(Multi {
                packets: packets
                    .iter()
                    .map(|(_, packet)| packet.as_slice())
                    .collect(),
            });
            let mut body = Vec::new();
            multi.encode(Version::V5, &mut body);
            let seq1 = self.next_seq1;
            self.next_seq1 = seq1.wrapping_add(1);
            let header = self.header(multi.command(), seq1, 0);
            return (seq1, V5.seal(Side::Server, &header, noise(), &body));
        }
        packets.swap_remove(0)
    }

    /// The header of a packet after which nothing comes: it is counted like those before it, lest a
    /// client take it for one of them, and sent once.
    pub(super) const fn last_header(&self, command: u16) -> Header {
        self.header(command, self.next_seq1, 0)
    }

    const fn header(&self, command: u16, seq1: u16, seq2: u16) -> Header {
        Header {
            version: Version::V5,
            command,
            seq1,
            seq2,
            uin: self.uin,
            session_id: self.session_id,
        }
    }
}

impl Cargo {
    /// The message it is about.
    pub(super) const fn number(&self) -> Option<LetterNumber> {
        match self {
            Self::Nothing => None,
            Self::Letter(letter) => Some(letter.number),
            Self::Copy(number) => Some(*number),
        }
    }
}

impl Parcel {
    const fn is_letter(&self) -> bool {
        matches!(self.cargo, Cargo::Letter(_))
    }
}

/// icq-udp.md §12: 32 recent seq1 per session.
const REMEMBERED: usize = 32;
/// icq-udp.md §12: at most 64 packets are repeated for one client.
const MAX_IN_FLIGHT: usize = 64;
/// What waits behind them: a whole contact list may come online while a client is slow.
const MAX_WAITING: usize = 4096;
/// Messages among it. The session of a client that lets more pile up ends, and they are stored.
const MAX_LETTERS_WAITING: usize = 256;
/// Packets in one MULTI.
const MAX_GROUP: usize = 20;
/// A V5 server header and the count byte.
const MULTI_OVERHEAD: usize = 22;
/// A length word and a V5 server header.
const ENTRY_OVERHEAD: usize = 23;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_lane_waits_for_its_acknowledgement_and_others_do_not() {
        let behaviour = Behaviour::reference();
        let (mut link, now) = link();
        for (lane, body) in [(1, b"a"), (1, b"b"), (2, b"c")] {
            link.queue(parcel(Some(Lane::Contact(Uin(lane))), body));
        }

        let (first, _) = flush(&mut link, now, &behaviour);
        link.acknowledge(0);
        let (second, _) = flush(&mut link, now, &behaviour);

        assert_eq!(bodies(&first), b"ac");
        assert_eq!(bodies(&second), b"b");
    }

    #[test]
    fn parcels_without_a_lane_fill_the_window_and_no_more() {
        let behaviour = Behaviour::reference();
        let (mut link, now) = link();
        for _ in 0..MAX_IN_FLIGHT + 3 {
            link.queue(parcel(None, b"x"));
        }

        let (first, _) = flush(&mut link, now, &behaviour);
        link.acknowledge(0);
        link.acknowledge(1);
        let (second, _) = flush(&mut link, now, &behaviour);

        assert_eq!((first.len(), second.len()), (MAX_IN_FLIGHT, 2));
        assert!(!link.is_overfull());
    }

    #[test]
    fn what_is_not_acknowledged_is_repeated_as_it_was_and_then_given_up() {
        let behaviour = Behaviour::reference();
        let limits = behaviour.retransmission.unwrap();
        let (mut link, now) = link();
        link.queue(parcel(None, b"x"));
        let (first, _) = flush(&mut link, now, &behaviour);
        let mut now = now;

        for _ in 1..limits.sends {
            assert_eq!(link.repeat(now, limits), Ok(vec![]), "not before it is due");
            now = link.poll_timeout().unwrap();
            assert_eq!(link.repeat(now, limits), Ok(first.clone()));
        }
        now = link.poll_timeout().unwrap();

        assert_eq!(link.repeat(now, limits), Err(Unacknowledged));
    }

    #[test]
    fn an_acknowledgement_of_something_else_changes_nothing() {
        let behaviour = Behaviour::reference();
        let (mut link, now) = link();
        link.queue(parcel(None, b"x"));
        flush(&mut link, now, &behaviour);

        assert!(link.acknowledge(77).is_empty());

        assert!(link.poll_timeout().is_some());
        assert_eq!(link.acknowledge(0).len(), 1);
        assert!(link.poll_timeout().is_none());
    }

    #[test]
    fn packets_share_a_datagram_up_to_its_limit_and_never_overtake() {
        let mut behaviour = Behaviour::reference();
        behaviour.multi = Some(MULTI_OVERHEAD + 2 * (ENTRY_OVERHEAD + 1));
        let (mut link, now) = link();
        for body in [b"a", b"b", b"c"] {
            link.queue(parcel(Some(Lane::Stored), body));
        }

        let (first, sent) = flush(&mut link, now, &behaviour);
        let outer = 2;
        link.acknowledge(outer);
        let (second, _) = flush(&mut link, now, &behaviour);

        assert_eq!((first.len(), sent.len()), (1, 2));
        assert_eq!(first[0].len(), MULTI_OVERHEAD + 2 * (ENTRY_OVERHEAD + 1));
        assert_eq!(bodies(&second), b"c");
    }

    #[test]
    fn a_server_that_sends_once_keeps_nothing_back() {
        let behaviour = Behaviour::iserverd();
        let (mut link, now) = link();
        for _ in 0..2 * MAX_IN_FLIGHT {
            link.queue(parcel(Some(Lane::Stored), b"x"));
        }

        let (datagrams, _) = flush(&mut link, now, &behaviour);

        assert_eq!(datagrams.len(), 2 * MAX_IN_FLIGHT);
        assert!(link.poll_timeout().is_none());
        assert!(link.into_letters(&behaviour).is_empty());
    }

    #[test]
    fn the_latest_numbers_of_the_client_are_known_and_older_ones_forgotten() {
        let (mut link, _) = link();
        let latest = u16::try_from(REMEMBERED).unwrap();

        for seq1 in 0..=latest {
            assert!(!link.is_repeated(seq1));
        }

        assert!(link.is_repeated(latest));
        assert!(link.is_repeated(1));
        assert!(!link.is_repeated(0));
    }

    #[test]
    fn its_own_numbers_wrap() {
        let behaviour = Behaviour::reference();
        let (mut link, now) = link();
        link.next_seq1 = u16::MAX;
        for _ in 0..2 {
            link.queue(parcel(None, b"x"));
        }

        flush(&mut link, now, &behaviour);

        assert_eq!(link.acknowledge(u16::MAX).len(), 1);
        assert_eq!(link.acknowledge(0).len(), 1);
    }

    fn link() -> (Link, Instant) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let now = Instant::now() + Duration::from_secs(1);
        (Link::new(address, Uin(1), 7), now)
    }

    fn parcel(lane: Option<Lane>, body: &[u8]) -> Parcel {
        Parcel {
            command: 0x0104,
            seq2: 0,
            body: body.to_vec(),
            lane,
            cargo: Cargo::Nothing,
        }
    }

    fn flush(link: &mut Link, now: Instant, behaviour: &Behaviour) -> (Vec<Vec<u8>>, Vec<Cargo>) {
        link.flush(now, behaviour, Noise::default)
    }

    /// The last byte of every datagram.
    fn bodies(datagrams: &[Vec<u8>]) -> Vec<u8> {
        datagrams
            .iter()
            .filter_map(|datagram| datagram.last().copied())
            .collect()
    }
}
