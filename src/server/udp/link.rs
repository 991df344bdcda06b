//! One client's end of the wire: numbering, repetition, order, duplicates (icq-udp.md §4).

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use super::manners;
use crate::icq::udp::from_server::Multi;
use crate::icq::udp::{FromServer, Header, Noise, Side, Version, fragments};
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
    /// Which version it speaks.
    pub(super) version: Version,
    /// The number the client chose for this session; 0 where there is none.
    pub(super) session_id: u32,
    uin: Uin,
    next_seq1: u16,
    waiting: VecDeque<Parcel>,
    in_flight: VecDeque<InFlight>,
    /// The latest packets of the client, newest last: their seq1 and their command, because licq begins
    /// V2 sessions with a login and a list that both bear 0.
    seen: VecDeque<(u16, u16)>,
    /// The seq1 of the latest ends of stored messages, newest last: V2 deletes by them.
    ends: VecDeque<u16>,
}

/// A datagram that was sent and not acknowledged.
#[derive(Debug)]
struct InFlight {
    seq1: u16,
    /// The seq1 of the first fragment, for a fragment; else its own.
    run: u16,
    datagram: Vec<u8>,
    /// More than one if the datagram is a MULTI. Of fragments one has it for all of them.
    parcels: Vec<Parcel>,
    sends: u32,
    /// When to send it again; never, where the server sends once.
    due: Option<Instant>,
}

/// A packet was sent as often as allowed and not acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Unacknowledged;

impl Link {
    /// A link to the client whose login had this header.
    pub(super) const fn new(address: SocketAddr, login: &Header) -> Self {
        Self {
            address,
            version: login.version,
            session_id: login.session_id,
            uin: login.uin,
            next_seq1: 0,
            waiting: VecDeque::new(),
            in_flight: VecDeque::new(),
            seen: VecDeque::new(),
            ends: VecDeque::new(),
        }
    }

    /// Whether this packet of the client was here before; remembers it.
    pub(super) fn is_repeated(&mut self, header: &Header) -> bool {
        let packet = (header.seq1, header.command);
        if self.seen.contains(&packet) {
            return true;
        }
        remember(&mut self.seen, packet, REMEMBERED);
        false
    }

    /// Whether stored messages ended with this packet of the server.
    pub(super) fn ended_stored_with(&self, seq1: u16) -> bool {
        self.ends.contains(&seq1)
    }

    /// A packet for this client.
    pub(super) fn parcel(
        &self,
        packet: &FromServer<'_>,
        seq2: u16,
        lane: Option<Lane>,
        cargo: Cargo,
    ) -> Parcel {
        let command = packet.command();
        Parcel {
            command,
            seq2,
            body: manners::body(self.version, &self.header(command, 0, seq2), packet),
            lane,
            cargo,
        }
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
            sent.extend(parcels.iter().map(|parcel| parcel.cargo.clone()));
            let sealed = self.seal(&parcels, &mut noise);
            let run = sealed.first().map_or(0, |(seq1, _)| *seq1);
            let mut parcels = Some(parcels);
            for (seq1, datagram) in sealed {
                datagrams.push(datagram.clone());
                if behaviour.retransmission.is_none() && self.in_flight.len() >= MAX_IN_FLIGHT {
                    self.in_flight.pop_front();
                }
                self.in_flight.push_back(InFlight {
                    seq1,
                    run,
                    datagram,
                    parcels: parcels.take().unwrap_or_default(),
                    sends: 1,
                    due: behaviour
                        .retransmission
                        .map(|Retransmission { interval, .. }| now + interval),
                });
            }
        }
        (datagrams, sent)
    }

    /// Takes the client's acknowledgement: what arrived with the packet.
    pub(super) fn acknowledge(&mut self, seq1: u16) -> Vec<Cargo> {
        let Some(index) = self.in_flight.iter().position(|sent| sent.seq1 == seq1) else {
            return Vec::new();
        };
        let Some(sent) = self.in_flight.remove(index) else {
            return Vec::new();
        };
        let mut others = self.in_flight.iter_mut();
        if let Some(fragment) = others.find(|other| other.run == sent.run) {
            fragment.parcels.extend(sent.parcels);
            return Vec::new();
        }
        sent.parcels
            .into_iter()
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
            let shares = manners::has_multi(self.version)
                && behaviour.multi.is_some_and(|limit| size <= limit);
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

    /// Numbers a group of parcels and wraps it: into one datagram, or into several that are fragments.
    fn seal(
        &mut self,
        parcels: &[Parcel],
        noise: &mut impl FnMut() -> Noise,
    ) -> Vec<(u16, Vec<u8>)> {
        if let [parcel] = parcels
            && let fragments @ [_, ..] = &self.seal_fragments(parcel, noise)[..]
        {
            return fragments.to_vec();
        }
        let packets: Vec<(u16, Vec<u8>)> = parcels
            .iter()
            .map(|parcel| {
                let header = self.next_header(parcel.command, parcel.seq2);
                if parcel.command == END_OFFLINE_MESSAGES {
                    remember(&mut self.ends, header.seq1, REMEMBERED);
                }
                (header.seq1, self.wrap(&header, noise(), &parcel.body))
            })
            .collect();
        if packets.len() == 1 {
            return packets;
        }
        let multi = FromServer::Multi(Multi {
            packets: packets
                .iter()
                .map(|(_, packet)| packet.as_slice())
                .collect(),
        });
        let header = self.next_header(multi.command(), 0);
        let body = manners::body(self.version, &header, &multi);
        vec![(header.seq1, self.wrap(&header, noise(), &body))]
    }

    /// Cuts a packet of groupware that is too long (icq-udp.md §4.7); nothing if it need not be cut, or
    /// cannot.
    fn seal_fragments(
        &mut self,
        parcel: &Parcel,
        noise: &mut impl FnMut() -> Noise,
    ) -> Vec<(u16, Vec<u8>)> {
        if !manners::has_fragments(self.version) || parcel.body.len() <= LONGEST_BODY {
            return Vec::new();
        }
        let header = self.header(parcel.command, self.next_seq1, parcel.seq2);
        let whole = self.wrap(&header, noise(), &parcel.body);
        fragments::cut(&whole)
            .into_iter()
            .map(|fragment| {
                // Those of messages count both numbers, those of answers repeat one: as seen.
                let seq2 = match parcel.command {
                    SYS_MESSAGE => parcel.seq2.wrapping_add(fragment.index.into()),
                    _ => parcel.seq2,
                };
                let packet = FromServer::Fragment(fragment);
                let header = self.next_header(packet.command(), seq2);
                let body = manners::body(self.version, &header, &packet);
                (header.seq1, self.wrap(&header, noise(), &body))
            })
            .collect()
    }

    fn wrap(&self, header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
        self.version
            .dialect()
            .seal(Side::Server, header, noise, body)
    }

    const fn next_header(&mut self, command: u16, seq2: u16) -> Header {
        let seq1 = self.next_seq1;
        self.next_seq1 = seq1.wrapping_add(1);
        self.header(command, seq1, seq2)
    }

    /// The header of a packet after which nothing comes: it is counted like those before it, lest a
    /// client take it for one of them, and sent once.
    pub(super) const fn last_header(&self, command: u16) -> Header {
        self.header(command, self.next_seq1, 0)
    }

    const fn header(&self, command: u16, seq1: u16, seq2: u16) -> Header {
        Header {
            version: self.version,
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

fn remember<T>(latest: &mut VecDeque<T>, new: T, most: usize) {
    if latest.len() == most {
        latest.pop_front();
    }
    latest.push_back(new);
}

const END_OFFLINE_MESSAGES: u16 = 0x00E6;
const SYS_MESSAGE: u16 = 0x0104;

/// What fits behind a V3 header into the 500 bytes of icq-udp.md §4.7.
const LONGEST_BODY: usize = 484;
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

        let mut is_repeated = |seq1| {
            let header = link.header(0x010E, seq1, 0);
            link.is_repeated(&header)
        };
        for seq1 in 0..=latest {
            assert!(!is_repeated(seq1));
        }

        assert!(is_repeated(latest));
        assert!(is_repeated(1));
        assert!(!is_repeated(0));
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

    #[test]
    fn a_long_packet_of_groupware_is_acknowledged_when_all_its_fragments_are() {
        let behaviour = Behaviour::reference();
        let (_, now) = link();
        let mut link = link_in(Version::V3);
        for _ in 0..2 {
            link.queue(parcel(Some(Lane::Stored), &[b'x'; 1000]));
        }

        let (first, _) = flush(&mut link, now, &behaviour);
        assert_eq!(first.len(), 3);
        assert!(first.iter().all(|datagram| datagram.len() <= 500));
        for seq1 in [2, 0] {
            assert!(link.acknowledge(seq1).is_empty());
            assert!(flush(&mut link, now, &behaviour).0.is_empty());
        }

        assert_eq!(link.acknowledge(1).len(), 1);
        assert_eq!(flush(&mut link, now, &behaviour).0.len(), 3);
    }

    fn link() -> (Link, Instant) {
        let now = Instant::now() + Duration::from_secs(1);
        (link_in(Version::V5), now)
    }

    fn link_in(version: Version) -> Link {
        let login = Header {
            version,
            command: 0x03E8,
            seq1: 0,
            seq2: 1,
            uin: Uin(1),
            session_id: 7,
        };
        Link::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), &login)
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
