//! What comes without a session: logins, registrations, strangers (icq-udp.md §4.4, §6, §11, §12).

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::deliver::parcel;
use super::link::Link;
use super::reply::{acknowledge, not_connected, reply, reply_as_v3};
use super::{LONG_PATIENCE, Service, Session};
use crate::icq::udp::from_server::{LoginReply, LoginReplyV5, Reason};
use crate::icq::udp::to_server::{Login, Register, TextCode};
use crate::icq::udp::{FromServer, Header, Opened, ToServer, Version};
use crate::model::{Now, Uin};
use crate::server::Base;
use crate::server::account::{Account, secret};
use crate::server::behaviour::{BadPassword, LoginAnswer, OfflineMessages, SecondLogin, Strangers};
use crate::server::journal::Ending;
use crate::server::limits::{Bucket, Buckets, Guesses};
use crate::server::network::Presence;

/// What the server remembers of those outside.
#[derive(Debug)]
pub(super) struct Door {
    packets: Buckets<SocketAddr>,
    refusals: Buckets<SocketAddr>,
    registrations: Buckets<IpAddr>,
    guesses_of: Guesses<Uin>,
    guesses_from: Guesses<IpAddr>,
    /// The latest wrong logins, so that one that is merely repeated does not count twice.
    wrong: VecDeque<Ticket>,
    /// Everybody's latest right logins: one that comes again is an echo of the network, no person.
    right: BTreeMap<Uin, VecDeque<Ticket>>,
    /// The latest registrations and what they got, for those who ask again.
    registered: VecDeque<(Ticket, Uin)>,
}

/// What tells one login from another: who, the session's number, the packet's, the client's clock.
/// A client that repeats a login repeats all of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Ticket {
    uin: Uin,
    session_id: u32,
    seq1: u16,
    time: u32,
}

impl Door {
    pub(super) const fn new() -> Self {
        Self {
            packets: Buckets::new(),
            refusals: Buckets::new(),
            registrations: Buckets::new(),
            guesses_of: Guesses::new(),
            guesses_from: Guesses::new(),
            wrong: VecDeque::new(),
            right: BTreeMap::new(),
            registered: VecDeque::new(),
        }
    }
}

impl Service {
    /// Takes a packet that belongs to no session.
    pub(super) fn handle_stranger(
        &mut self,
        now: Now,
        from: SocketAddr,
        opened: Opened<'_>,
        base: &mut Base,
    ) {
        if let Some(per_second) = base.behaviour.packets_per_second
            && !self.door.packets.take(now.instant, from, per_second)
        {
            base.counters.limited += 1;
            return;
        }
        let header = opened.header;
        let Ok(decoded) = ToServer::decode(Version::V5, header.command, opened.body) else {
            base.counters.undecodable += 1;
            return;
        };
        match decoded.packet {
            ToServer::Ack => {}
            ToServer::Login(login) => self.log_in(now, from, &header, &login, base),
            ToServer::Register(register) => self.register(now, from, &header, &register, base),
            ToServer::PreLogin(_) => {
                acknowledge(from, &header, &[], base);
                reply_as_v3(from, &header, &FromServer::PreLoginList, base);
            }
            ToServer::FirstLogin => first_login(from, &header, decoded.rest, base),
            packet => self.refuse(now, from, &header, &packet, base),
        }
    }

    /// Takes a login, with or without a session of its number.
    pub(super) fn log_in(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        login: &Login<'_>,
        base: &mut Base,
    ) {
        let ticket = Ticket {
            uin: header.uin,
            session_id: header.session_id,
            seq1: header.seq1,
            time: login.time,
        };
        if base.behaviour.login_answer == LoginAnswer::Silence {
            return;
        }
        acknowledge(from, header, &[], base);
        match base.behaviour.login_answer.clone() {
            LoginAnswer::Silence | LoginAnswer::AcknowledgedOnly => {}
            LoginAnswer::TryAgain => reply(from, header, &FromServer::TryAgain, base),
            LoginAnswer::NotConnected => reply(from, header, &FromServer::NotConnected, base),
            LoginAnswer::Refused(text) => {
                let text = Some(text.as_bytes());
                reply(from, header, &FromServer::LoginError(Reason { text }), base);
            }
            LoginAnswer::Due => self.check_login(now, from, header, login, ticket, base),
        }
    }

    /// Takes a wish for a new number.
    pub(super) fn register(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        register: &Register<'_>,
        base: &mut Base,
    ) {
        if !base.behaviour.registration || register.password.0.is_empty() {
            return;
        }
        let ticket = Ticket {
            uin: Uin(0),
            session_id: header.session_id,
            seq1: header.seq1,
            time: 0,
        };
        let known = self
            .door
            .registered
            .iter()
            .find(|(earlier, _)| *earlier == ticket);
        let uin = match known {
            Some((_, uin)) => *uin,
            None if !self.door.registrations.take(
                now.instant,
                from.ip(),
                REGISTRATIONS_PER_SECOND,
            ) =>
            {
                base.counters.limited += 1;
                return;
            }
            None => {
                let Some(uin) = free_uin(base) else {
                    return;
                };
                let mut account = Account::new(uin, "");
                account.password = secret(register.password.0);
                base.network.accounts.insert(uin, account);
                remember(&mut self.door.registered, (ticket, uin), REMEMBERED);
                uin
            }
        };
        acknowledge(from, header, &[], base);
        // The number is in the header (icq-udp.md §6.6).
        let header = Header { uin, ..*header };
        reply_as_v3(from, &header, &FromServer::NewUin, base);
    }

    fn check_login(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        login: &Login<'_>,
        ticket: Ticket,
        base: &mut Base,
    ) {
        if let Some(limit) = base.behaviour.wrong_passwords {
            let from_limit = limit.saturating_mul(GUESSES_PER_SOURCE);
            let exhausted = self
                .door
                .guesses_of
                .exhausted(now.instant, &header.uin, limit)
                || self
                    .door
                    .guesses_from
                    .exhausted(now.instant, &from.ip(), from_limit);
            if exhausted && !self.door.wrong.contains(&ticket) {
                reply(from, header, &FromServer::TryAgain, base);
                return;
            }
        }
        let account = base.network.accounts.get(&header.uin);
        let is_right = account.is_some_and(|account| account.has_password(login.password.0));
        if !is_right || base.network.residents.contains(&header.uin) {
            if !self.door.wrong.contains(&ticket) {
                remember(&mut self.door.wrong, ticket, REMEMBERED);
                self.door.guesses_of.count(now.instant, header.uin);
                self.door.guesses_from.count(now.instant, from.ip());
            }
            bad_password(from, header, base);
            return;
        }
        self.door.guesses_of.forget(&header.uin);
        let earlier = self.door.right.entry(header.uin).or_default();
        if base.behaviour.suppress_duplicates && earlier.contains(&ticket) {
            reply(from, header, &FromServer::NotConnected, base);
            return;
        }
        if self.make_room(now, from, header, base) {
            let earlier = self.door.right.entry(header.uin).or_default();
            remember(earlier, ticket, REMEMBERED_OF_EACH);
            self.begin(now, from, header, login, base);
        } else {
            reply(from, header, &FromServer::TryAgain, base);
        }
    }

    /// Ends the session that a login finds in its place, if the behaviour says so.
    fn make_room(&mut self, now: Now, from: SocketAddr, header: &Header, base: &mut Base) -> bool {
        let Some(session) = self.sessions.get(&header.uin) else {
            return true;
        };
        let elsewhere = session.link.address != from;
        match base.behaviour.second_login {
            SecondLogin::Refuse => return false,
            SecondLogin::Replace if elsewhere => {
                self.kick(now, header.uin, Ending::Replaced, base);
            }
            SecondLogin::Replace | SecondLogin::ReplaceSilently => {
                self.end(now, header.uin, Ending::Replaced, base);
            }
        }
        true
    }

    fn begin(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        login: &Login<'_>,
        base: &mut Base,
    ) {
        let uin = header.uin;
        let mut link = Link::new(from, uin, header.session_id);
        link.is_repeated(header.seq1);
        let behaviour = &base.behaviour;
        let offers_unasked = behaviour.offline_messages == OfflineMessages::OnRequestOrSoon;
        let session = Session {
            link,
            heard: now.instant,
            bucket: behaviour
                .packets_per_second
                .map(|per_second| Bucket::new(now.instant, per_second)),
            list: Vec::new(),
            list_due: None,
            offer_due: offers_unasked.then(|| now.instant + LONG_PATIENCE),
            alarm: None,
        };
        let (interval, sends) = behaviour
            .retransmission
            .map_or((10, 5), |r| (r.interval.as_secs(), r.sends));
        let packet = FromServer::LoginReply(LoginReply::V5(LoginReplyV5 {
            x8c: 0x8C,
            ping: behaviour.ping_interval,
            timeout: u16::try_from(interval).unwrap_or(u16::MAX),
            xa: 0x0A,
            retries: u16::try_from(sends).unwrap_or(u16::MAX),
            ip: Some(ip4(from)),
            server_id: Some(SERVER_ID),
        }));
        self.sessions.insert(uin, session);
        self.queue(uin, parcel(&packet, header.seq2, None));
        base.network.log_on(now, uin, presence(from, login));
    }

    /// Answers a packet whose session the server does not know.
    fn refuse(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        packet: &ToServer<'_>,
        base: &mut Base,
    ) {
        base.counters.strangers += 1;
        let by_whim = base.behaviour.strangers == Strangers::RefusedByWhim;
        let refused = match packet {
            ToServer::TextCode(text) => by_whim && text.text == TextCode::LOGOUT,
            ToServer::InfoRequest(_) | ToServer::ExtInfoRequest(_) | ToServer::RequestOffline => {
                !by_whim
            }
            _ if by_whim && is_unimplemented(packet) => {
                acknowledge(from, header, &[], base);
                false
            }
            _ => true,
        };
        if !refused {
            return;
        }
        if !self
            .door
            .refusals
            .take(now.instant, from, REFUSALS_PER_SECOND)
        {
            base.counters.limited += 1;
            return;
        }
        not_connected(from, header, base);
    }
}

/// What `IServerd` has no handler for, and acknowledges from anybody (icq-udp.md §4.1).
const fn is_unimplemented(packet: &ToServer<'_>) -> bool {
    matches!(
        packet,
        ToServer::UpdateBasic(_)
            | ToServer::UpdateExtended(_)
            | ToServer::QueryServers
            | ToServer::RandomSet(_)
            | ToServer::Unknown { .. }
    )
}

/// Answers 0x04EC, whose answer is its acknowledgement (icq-udp.md §6.5).
pub(super) fn first_login(from: SocketAddr, header: &Header, rest: &[u8], base: &mut Base) {
    let Some(word) = rest.first_chunk::<4>() else {
        acknowledge(from, header, &[], base);
        return;
    };
    let [a, b, c, d] = *word;
    acknowledge(from, header, &[0x0A, a, b, c, d, 1, 0], base);
}

fn bad_password(from: SocketAddr, header: &Header, base: &mut Base) {
    match base.behaviour.bad_password {
        BadPassword::V5 => reply(from, header, &FromServer::BadPassword, base),
        BadPassword::V3 => reply_as_v3(from, header, &FromServer::BadPassword, base),
    }
}

fn presence(from: SocketAddr, login: &Login<'_>) -> Presence {
    let word = |offset: usize| {
        login
            .rest_hex
            .0
            .get(offset..)
            .and_then(|rest| rest.first_chunk())
            .map_or(0, |word| u32::from_le_bytes(*word))
    };
    Presence {
        ip: ip4(from),
        port: login.tcp_port,
        real_ip: login.ip,
        mode: login.dc_mode,
        status: login.status,
        tcp_version: login.tcp_version,
        // Behind a zero and the client's build (icq-udp.md §6.1).
        web_port: word(8),
        features: word(12),
    }
}

/// An address as V5 can say it; 0 where it cannot.
fn ip4(address: SocketAddr) -> Ipv4Addr {
    match address.ip() {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(ip) => ip.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED),
    }
}

/// The lowest number above all that are taken.
fn free_uin(base: &Base) -> Option<Uin> {
    if base.network.accounts.len() >= MAX_ACCOUNTS {
        return None;
    }
    let highest = base.network.accounts.keys().next_back();
    let next = highest.map_or(0, |uin| uin.0).checked_add(1)?;
    Some(Uin(next.max(FIRST_NEW_UIN)))
}

fn remember<T>(latest: &mut VecDeque<T>, new: T, most: usize) {
    if latest.len() == most {
        latest.pop_front();
    }
    latest.push_back(new);
}

/// As live servers say it (icq-udp.md §6.3): 9B C1 CD 80.
const SERVER_ID: u32 = 0x80CD_C19B;
const REMEMBERED: usize = 256;
const REMEMBERED_OF_EACH: usize = 8;
/// icq-udp.md §12.
const REFUSALS_PER_SECOND: u32 = 5;
const REGISTRATIONS_PER_SECOND: u32 = 1;
const GUESSES_PER_SOURCE: u32 = 10;
const FIRST_NEW_UIN: u32 = 200_000;
/// A test server's user base stays small; a flood of registrations must not fill the memory.
const MAX_ACCOUNTS: usize = 100_000;
