//! What comes without a session: logins, registrations, strangers (icq-udp.md §4.4, §6, §11, §12).

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::link::Link;
use super::manners::{self, FirstLogin, ToStranger};
use super::reply::{acknowledge, not_connected, reply, reply_as_v3};
use super::{LONG_PATIENCE, Service, Session};
use crate::icq::udp::fragments::Assembly;
use crate::icq::udp::from_server::Reason;
use crate::icq::udp::to_server::{Login, PreLogin, Register};
use crate::icq::udp::{FromServer, Header, Opened, ToServer, Version};
use crate::model::{Now, Uin};
use crate::server::Base;
use crate::server::account::{Account, secret};
use crate::server::behaviour::{BadPassword, LoginAnswer, OfflineMessages, SecondLogin};
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
    /// The latest registrations, when they came and what they got, for those who ask again.
    registered: VecDeque<(Instant, Ticket, Uin)>,
}

/// What tells one login from another: whence, who, the session's number, the packet's, the client's
/// clock, and the password, of which a hash is kept. A client that repeats a login repeats all of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ticket {
    from: SocketAddr,
    version: Version,
    uin: Uin,
    session_id: u32,
    seq1: u16,
    time: u32,
    password: u64,
}

/// A login of any version: V1 has its own packet for it (icq-udp.md §1.1).
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    password: &'a [u8],
    time: u32,
    presence: Presence,
    login_seq: u16,
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

impl Ticket {
    pub(super) fn new(from: SocketAddr, header: &Header, time: u32, password: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        password.hash(&mut hasher);
        Self {
            from,
            version: header.version,
            uin: header.uin,
            session_id: header.session_id,
            seq1: header.seq1,
            time,
            password: hasher.finish(),
        }
    }
}

impl<'a> Arrival<'a> {
    /// The login that a packet is, if it is one.
    pub(super) fn of(from: SocketAddr, version: Version, packet: &ToServer<'a>) -> Option<Self> {
        match packet {
            ToServer::Login(login) => Some(Self::login(from, login)),
            ToServer::PreLogin(login) if manners::logs_in_with_pre_login(version) => {
                Some(Self::early_login(from, login))
            }
            _ => None,
        }
    }

    fn login(from: SocketAddr, login: &Login<'a>) -> Self {
        let word = |offset: usize| {
            login
                .rest_hex
                .0
                .get(offset..)
                .and_then(|rest| rest.first_chunk())
                .map_or(0, |word| u32::from_le_bytes(*word))
        };
        Self {
            password: login.password.0,
            time: login.time,
            presence: Presence {
                ip: ip4(from),
                port: login.tcp_port,
                real_ip: login.ip,
                mode: login.dc_mode,
                status: login.status,
                tcp_version: login.tcp_version,
                // Behind a zero and the client's build; V5 only (icq-udp.md §6.1).
                web_port: word(8),
                features: word(12),
            },
            login_seq: login.login_seq(),
        }
    }

    fn early_login(from: SocketAddr, login: &PreLogin<'a>) -> Self {
        Self {
            password: login.password.0,
            time: 0,
            presence: Presence {
                ip: ip4(from),
                port: 0,
                real_ip: Ipv4Addr::UNSPECIFIED,
                mode: Login::NO_DIRECT_CONNECTIONS,
                status: login.status,
                tcp_version: 0,
                web_port: 0,
                features: 0,
            },
            login_seq: 0,
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
        let Ok(decoded) = ToServer::decode(header.version, header.command, opened.body) else {
            base.counters.undecodable += 1;
            return;
        };
        if !manners::knows(header.version, header.command) {
            self.refuse(now, from, &header, &decoded.packet, base);
            return;
        }
        if let Some(arrival) = Arrival::of(from, header.version, &decoded.packet) {
            self.log_in(now, from, &header, &arrival, base);
            return;
        }
        match decoded.packet {
            ToServer::Ack => {}
            ToServer::PreLogin(_) if self.may_be_told(now, from) => {
                pre_login(from, &header, base);
            }
            ToServer::FirstLogin if self.may_be_told(now, from) => {
                first_login(from, &header, decoded.rest, base);
            }
            ToServer::PreLogin(_) | ToServer::FirstLogin => base.counters.limited += 1,
            ToServer::Register(register) => self.register(now, from, &header, &register, base),
            ToServer::RegistrationRequest => self.tell_registration(now, from, &header, base),
            ToServer::RegistrationForm(form) => {
                self.register_by_form(now, from, &header, form.form.0, base);
            }
            packet => self.refuse(now, from, &header, &packet, base),
        }
    }

    /// Takes a login, with or without a session of its number.
    pub(super) fn log_in(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        arrival: &Arrival<'_>,
        base: &mut Base,
    ) {
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
            LoginAnswer::Due => self.check_login(now, from, header, arrival, base),
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
        let ticket = Ticket::new(from, header, 0, register.password.0);
        let mut account = Account::new(Uin(0), "");
        account.password = secret(register.password.0);
        let Some(uin) = self.new_account(now, ticket, account, base) else {
            return;
        };
        acknowledge(from, header, &[], base);
        // The number is in the header (icq-udp.md §6.6).
        let header = Header { uin, ..*header };
        reply_as_v3(from, &header, &FromServer::NewUin, base);
    }

    /// Whether a source without a session may be sent more than it sent, now.
    pub(super) fn may_be_told(&mut self, now: Now, from: SocketAddr) -> bool {
        self.door
            .refusals
            .take(now.instant, from, REFUSALS_PER_SECOND)
    }

    /// Gives an account a number, or the one it got when this was asked a moment ago.
    pub(super) fn new_account(
        &mut self,
        now: Now,
        ticket: Ticket,
        mut account: Account,
        base: &mut Base,
    ) -> Option<Uin> {
        let known = self.door.registered.iter().find(|(at, earlier, _)| {
            *earlier == ticket && now.instant.saturating_duration_since(*at) < REGISTRATION_ECHOES
        });
        if let Some((_, _, uin)) = known {
            return Some(*uin);
        }
        let source = ticket.from.ip();
        let registrations = &mut self.door.registrations;
        if !registrations.take(now.instant, source, REGISTRATIONS_PER_SECOND) {
            base.counters.limited += 1;
            return None;
        }
        let uin = free_uin(base)?;
        account.uin = uin;
        base.network.accounts.insert(uin, account);
        let entry = (now.instant, ticket, uin);
        remember(&mut self.door.registered, entry, REMEMBERED);
        Some(uin)
    }

    fn check_login(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        arrival: &Arrival<'_>,
        base: &mut Base,
    ) {
        let ticket = Ticket::new(from, header, arrival.time, arrival.password);
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
        let is_right = account.is_some_and(|account| account.has_password(arrival.password));
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
        if base.behaviour.suppress_duplicates
            && manners::tells_logins_apart(header.version)
            && earlier.contains(&ticket)
        {
            reply(from, header, &FromServer::NotConnected, base);
            return;
        }
        if self.make_room(now, from, header, base) {
            let earlier = self.door.right.entry(header.uin).or_default();
            remember(earlier, ticket, REMEMBERED_OF_EACH);
            self.begin(now, from, header, arrival, base);
        } else {
            let text = format!(
                "User {} already connected.\r\nTry again later.",
                header.uin.0
            );
            let refusal = manners::already_online(header.version, &text);
            reply(from, header, &refusal, base);
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
        arrival: &Arrival<'_>,
        base: &mut Base,
    ) {
        let (uin, version) = (header.uin, header.version);
        let mut link = Link::new(from, header);
        link.is_repeated(header);
        let behaviour = &base.behaviour;
        let offers_unasked =
            manners::offline_messages(version, behaviour) == OfflineMessages::OnRequestOrSoon;
        let session = Session {
            link,
            heard: now.instant,
            bucket: behaviour
                .packets_per_second
                .map(|per_second| Bucket::new(now.instant, per_second)),
            list: Vec::new(),
            list_due: None,
            offer_due: offers_unasked.then(|| now.instant + LONG_PATIENCE),
            assembly: Assembly::default(),
            alarm: None,
        };
        let reply = manners::login_reply(version, behaviour, uin, ip4(from), arrival.login_seq);
        self.sessions.insert(uin, session);
        self.queue(uin, &FromServer::LoginReply(reply), header.seq2, None);
        base.network.log_on(now, uin, arrival.presence);
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
        match manners::answer_to_stranger(header, packet, &base.behaviour) {
            ToStranger::Nothing => return,
            ToStranger::Acknowledgement => {
                acknowledge(from, header, &[], base);
                return;
            }
            ToStranger::Refusal => {}
        }
        if !self.may_be_told(now, from) {
            base.counters.limited += 1;
            return;
        }
        not_connected(from, header, base);
    }
}

/// Answers 0x03F2 with the departments list, where a version has one (icq-udp.md §6.5).
pub(super) fn pre_login(from: SocketAddr, header: &Header, base: &mut Base) {
    acknowledge(from, header, &[], base);
    if manners::tells(header.version, FromServer::PreLoginList.command()) {
        reply_as_v3(from, header, &FromServer::PreLoginList, base);
    }
}

/// Answers 0x04EC.
pub(super) fn first_login(from: SocketAddr, header: &Header, rest: &[u8], base: &mut Base) {
    match (manners::first_login(header.version), rest.first_chunk()) {
        (FirstLogin::Echoed, Some(&[a, b, c, d])) => {
            acknowledge(from, header, &[0x0A, a, b, c, d, 1, 0], base);
        }
        (FirstLogin::Departments, _) => pre_login(from, header, base),
        (FirstLogin::Acknowledged | FirstLogin::Echoed, _) => acknowledge(from, header, &[], base),
    }
}

fn bad_password(from: SocketAddr, header: &Header, base: &mut Base) {
    match base.behaviour.bad_password {
        BadPassword::V5 => reply(from, header, &FromServer::BadPassword, base),
        BadPassword::V3 => reply_as_v3(from, header, &FromServer::BadPassword, base),
    }
}

/// An address as ICQ can say it; 0 where it cannot.
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

/// How long a registration that comes again is the same one: then its client has given up.
const REGISTRATION_ECHOES: Duration = Duration::from_secs(120);
const REMEMBERED: usize = 256;
const REMEMBERED_OF_EACH: usize = 8;
/// icq-udp.md §12.
const REFUSALS_PER_SECOND: u32 = 5;
const REGISTRATIONS_PER_SECOND: u32 = 1;
const GUESSES_PER_SOURCE: u32 = 10;
const FIRST_NEW_UIN: u32 = 200_000;
/// A test server's user base stays small; a flood of registrations must not fill the memory.
const MAX_ACCOUNTS: usize = 100_000;
