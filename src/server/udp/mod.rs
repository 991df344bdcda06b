//! Sessions of the protocols over UDP: packets in, packets out, and what becomes of a session in between.
//!
//! All versions take the same way; where they differ, [`manners`] is asked. Envelopes and bodies are the
//! business of [`crate::icq::udp`].
//!
//! A packet takes one of three ways. From a session it is acknowledged and goes to [`requests`];
//! a login, a registration and whatever has no session go to [`door`]. What the network has to tell
//! a session comes the other way, through [`deliver`]. Everything that leaves a session goes through
//! its [`link`].

mod calendar;
mod deliver;
mod door;
mod groupware;
mod link;
mod manners;
mod meta;
mod people;
mod profile;
mod random_chat;
mod reply;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::icq::udp::fragments::Assembly;
use crate::icq::udp::from_server::Reason;
use crate::icq::udp::to_server::UinList;
use crate::icq::udp::{FromServer, Header, Opened, Side, ToServer, Version};
use crate::model::{Now, Uin};

use super::behaviour::{Behaviour, TooMuch};
use super::journal::Ending;
use super::limits::Bucket;
use super::{Base, noise};
use deliver::{note_arrived, note_sent};
use door::Door;
use link::Link;
use reply::{acknowledge, say};

/// All sessions.
#[derive(Debug)]
pub(super) struct Service {
    sessions: BTreeMap<Uin, Session>,
    door: Door,
    /// Sessions with something to send, or with a new alarm.
    touched: BTreeSet<Uin>,
    /// When which session wants to be woken: every session's `alarm`.
    alarms: BTreeSet<(Instant, Uin)>,
}

/// One client's session.
#[derive(Debug)]
struct Session {
    link: Link,
    /// When the client was last heard.
    heard: Instant,
    /// How fast it may send.
    bucket: Option<Bucket>,
    /// The contact list as far as it came, until all of it is there and answered.
    list: Vec<Uin>,
    /// When the list is answered even if more of it should follow, and the seq2 of its last part.
    list_due: Option<(Instant, u16)>,
    /// When stored messages are handed out unasked.
    offer_due: Option<Instant>,
    /// The fragments of a packet, as far as they came.
    assembly: Assembly,
    alarm: Option<Instant>,
}

impl Service {
    pub(super) const fn new() -> Self {
        Self {
            sessions: BTreeMap::new(),
            door: Door::new(),
            touched: BTreeSet::new(),
            alarms: BTreeSet::new(),
        }
    }

    /// Takes a datagram.
    pub(super) fn handle_datagram(
        &mut self,
        now: Now,
        from: SocketAddr,
        datagram: &[u8],
        base: &mut Base,
    ) {
        let version = Version::of(datagram).filter(|_| datagram.len() <= MAX_DATAGRAM);
        let Some(version) = version else {
            base.counters.undecodable += 1;
            return;
        };
        if !base.behaviour.versions.contains(&version) {
            base.counters.unspoken += 1;
            return;
        }
        let mut bytes = datagram.to_vec();
        let Ok(opened) = version.dialect().open(Side::Client, &mut bytes) else {
            base.counters.undecodable += 1;
            return;
        };
        if manners::enciphers(version)
            && !opened.check_valid
            && ToServer::name(opened.header.command).is_none()
        {
            // icq-udp.md §12: a wrong key, or no ICQ at all.
            base.counters.undecodable += 1;
            return;
        }
        let in_session = self
            .sessions
            .get(&opened.header.uin)
            .is_some_and(|session| session.sent(from, &opened.header, &base.behaviour));
        if in_session {
            self.handle_packet(now, from, opened, base);
        } else {
            self.handle_stranger(now, from, opened, base);
        }
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Now, base: &mut Base) {
        while let Some(&(alarm, uin)) = self.alarms.first() {
            if alarm > now.instant {
                return;
            }
            self.alarms.remove(&(alarm, uin));
            if let Some(session) = self.sessions.get_mut(&uin) {
                session.alarm = None;
                self.touched.insert(uin);
                self.wake(now, uin, base);
            }
        }
    }

    /// When something is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.alarms.first().map(|&(alarm, _)| alarm)
    }

    /// Whether somebody is online with one of these protocols.
    pub(super) fn serves(&self, uin: Uin) -> bool {
        self.sessions.contains_key(&uin)
    }

    /// Messages for somebody that their client has not acknowledged.
    pub(super) fn unacknowledged_letters(&self, uin: Uin) -> usize {
        self.sessions
            .get(&uin)
            .map_or(0, |session| session.link.unacknowledged_letters())
    }

    /// Sends what may leave. False if sessions ended over it: then there is more to tell first.
    pub(super) fn flush(&mut self, now: Now, base: &mut Base) -> bool {
        while let Some(uin) = self.touched.pop_first() {
            let Some(session) = self.sessions.get_mut(&uin) else {
                continue;
            };
            let Base {
                behaviour, random, ..
            } = base;
            let (datagrams, sent) = session.link.flush(now.instant, behaviour, || noise(random));
            let address = session.link.address;
            let is_overfull = session.link.is_overfull();
            for datagram in datagrams {
                base.transmit(address, datagram);
            }
            for cargo in sent {
                note_sent(now, uin, &cargo, base);
            }
            if is_overfull {
                self.end(now, uin, Ending::Overfull, base);
                return false;
            }
            self.set_alarm(uin, &base.behaviour);
        }
        true
    }

    /// Ends a session with 0x0028. False if there is none.
    pub(super) fn kick(&mut self, now: Now, uin: Uin, ending: Ending, base: &mut Base) -> bool {
        let Some(session) = self.sessions.get(&uin) else {
            return false;
        };
        let version = session.link.version;
        let packet = manners::go_away(version, farewell(ending));
        let header = session.link.last_header(packet.command());
        let address = session.link.address;
        self.end(now, uin, ending, base);
        say(address, version, &header, &packet, base);
        true
    }

    /// Says something to everybody online whose version has a packet for it.
    pub(super) fn announce(&mut self, text: &[u8]) {
        let packet = FromServer::SystemMessage(Reason { text: Some(text) });
        let everybody: Vec<Uin> = self.sessions.keys().copied().collect();
        for uin in everybody {
            self.queue(uin, &packet, 0, None);
        }
    }

    /// Forgets all sessions; messages on their way join the stored ones.
    pub(super) fn forget_sessions(&mut self, now: Now, base: &mut Base) {
        for (_, session) in std::mem::take(&mut self.sessions) {
            for letter in session.link.into_letters(&base.behaviour) {
                base.network.keep(now, letter);
            }
        }
        *self = Self::new();
    }

    /// Takes a packet from a session.
    fn handle_packet(&mut self, now: Now, from: SocketAddr, opened: Opened<'_>, base: &mut Base) {
        let header = opened.header;
        let Some(session) = self.sessions.get_mut(&header.uin) else {
            return;
        };
        if let Some(bucket) = &mut session.bucket
            && let Some(per_second) = base.behaviour.packets_per_second
            && !bucket.take(now.instant, per_second)
        {
            base.counters.limited += 1;
            return;
        }
        session.heard = now.instant;
        self.touched.insert(header.uin);
        if header.command == ACK {
            for cargo in session.link.acknowledge(header.seq1) {
                note_arrived(now, header.uin, &cargo, base);
            }
            return;
        }
        let decoded = ToServer::decode(header.version, header.command, opened.body);
        let packet = decoded.as_ref().ok().map(|decoded| &decoded.packet);
        let repeated = base.behaviour.suppress_duplicates
            && manners::counts(header.command)
            && session.link.is_repeated(&header);
        if acknowledges(packet, &header, repeated, &base.behaviour) {
            acknowledge(from, &header, &[], base);
        }
        if repeated {
            base.counters.repeated += 1;
            return;
        }
        if !manners::knows(header.version, header.command) {
            base.counters.unknown += 1;
            return;
        }
        match decoded {
            Ok(decoded) => {
                self.handle_request(now, from, &header, decoded.packet, decoded.rest, base)
            }
            Err(_) => base.counters.undecodable += 1,
        }
    }

    fn wake(&mut self, now: Now, uin: Uin, base: &mut Base) {
        let Some(session) = self.sessions.get_mut(&uin) else {
            return;
        };
        if session
            .silent_at(&base.behaviour)
            .is_some_and(|at| at <= now.instant)
        {
            self.end(now, uin, Ending::Silent, base);
            return;
        }
        if let Some(limits) = base.behaviour.retransmission {
            let address = session.link.address;
            let Ok(datagrams) = session.link.repeat(now.instant, limits) else {
                self.end(now, uin, Ending::Unacknowledged, base);
                return;
            };
            for datagram in datagrams {
                base.counters.retransmitted += 1;
                base.transmit(address, datagram);
            }
        }
        if let Some((due, seq2)) = session.list_due
            && due <= now.instant
        {
            self.finish_list(now, uin, seq2, base);
        }
        self.offer_unasked(now, uin, base);
    }

    /// Ends a session: what was on its way is stored, and the others see it go.
    fn end(&mut self, now: Now, uin: Uin, ending: Ending, base: &mut Base) {
        let Some(session) = self.sessions.remove(&uin) else {
            return;
        };
        if let Some(alarm) = session.alarm {
            self.alarms.remove(&(alarm, uin));
        }
        let untold = base.network.take_untold(uin);
        let on_the_way = session.link.into_letters(&base.behaviour);
        for letter in on_the_way.into_iter().chain(untold) {
            base.network.keep(now, letter);
        }
        base.network.log_off(now, uin, ending);
    }

    fn set_alarm(&mut self, uin: Uin, behaviour: &Behaviour) {
        let Some(session) = self.sessions.get_mut(&uin) else {
            return;
        };
        let alarm = session.next_alarm(behaviour);
        if alarm == session.alarm {
            return;
        }
        if let Some(old) = std::mem::replace(&mut session.alarm, alarm) {
            self.alarms.remove(&(old, uin));
        }
        self.alarms.extend(alarm.map(|alarm| (alarm, uin)));
    }
}

impl Session {
    /// Whether a packet comes from this session's client (icq-udp.md §4.4).
    fn sent(&self, from: SocketAddr, header: &Header, behaviour: &Behaviour) -> bool {
        if header.version != self.link.version || header.session_id != self.link.session_id {
            return false;
        }
        let may_move = !behaviour.strict_ports
            && manners::has_session_ids(header.version)
            && matches!(header.command, KEEP_ALIVE | SEND_TEXT_CODE)
            && from.ip() == self.link.address.ip();
        from == self.link.address || may_move
    }

    fn silent_at(&self, behaviour: &Behaviour) -> Option<Instant> {
        behaviour.silence.map(|silence| self.heard + silence)
    }

    fn next_alarm(&self, behaviour: &Behaviour) -> Option<Instant> {
        let repeat = behaviour
            .retransmission
            .and_then(|_| self.link.poll_timeout());
        [
            repeat,
            self.silent_at(behaviour),
            self.list_due.map(|(due, _)| due),
            self.offer_due,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// Whether a packet of a session is acknowledged: some servers leave out a few (icq-udp.md §4.1).
fn acknowledges(
    packet: Option<&ToServer<'_>>,
    header: &Header,
    repeated: bool,
    behaviour: &Behaviour,
) -> bool {
    let list_limit = match behaviour.over_list_limit {
        TooMuch::Ignored => usize::MAX,
        TooMuch::EndsSession => behaviour.list_limit,
    };
    match packet {
        Some(ToServer::ContactList(UinList { uins })) => uins.len() <= list_limit,
        // Whoever answers these acknowledges them, if only by the answer.
        Some(
            ToServer::FirstLogin
            | ToServer::Login(_)
            | ToServer::PreLogin(_)
            | ToServer::Register(_)
            | ToServer::RegistrationRequest
            | ToServer::RegistrationForm(_),
        ) => repeated,
        _ => match header.command {
            REQUEST_OFFLINE => manners::acknowledges_offline_request(header.version, behaviour),
            SEND_TEXT_CODE => behaviour.acknowledges_logoff,
            _ => true,
        },
    }
}

/// What a client is told at the end, where its version has room for it.
const fn farewell(ending: Ending) -> &'static str {
    match ending {
        Ending::Replaced => "You have logged in somewhere else.",
        Ending::ShutDown => "The server is going down.",
        Ending::LoggedOff
        | Ending::Silent
        | Ending::Unacknowledged
        | Ending::Overfull
        | Ending::OverLimit
        | Ending::Kicked
        | Ending::Unregistered
        | Ending::Restarted => "You have been disconnected.",
    }
}

/// icq-udp.md §12: nothing longer is ICQ.
const MAX_DATAGRAM: usize = 2048;

const ACK: u16 = 0x000A;
const KEEP_ALIVE: u16 = 0x042E;
const SEND_TEXT_CODE: u16 = 0x0438;
const REQUEST_OFFLINE: u16 = 0x044C;

/// How long the rest of a contact list is waited for, and how long after its answer a client may
/// still ask for its stored messages itself (icq-udp.md §7.5).
const PATIENCE: Duration = Duration::from_secs(2);
/// How long after a login without a contact list stored messages are handed out unasked.
const LONG_PATIENCE: Duration = Duration::from_secs(10);
