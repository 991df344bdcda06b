//! One user's session with a UDP server (`icq-udp.md` §11).
//!
//! Here: what the gateway asks, the login, and the end. [`receive`] is what comes from the server,
//! [`send`] what leaves and what becomes of it. The parts decide for themselves and know nothing of
//! each other: [`Login`], [`Requests`], [`Outgoing`], [`Incoming`], [`Loading`], [`Profiles`],
//! [`Questions`], [`Presence`]; the [`Window`] numbers and repeats what they send.

mod budget;
mod charsets;
mod incoming;
mod loading;
mod login;
mod outgoing;
mod presence;
mod profiles;
mod questions;
mod receive;
mod requests;
mod seen;
mod send;
mod window;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use super::fragments::Assembly;
use super::{Dialect, Dump, Manner, Side, ToServer, to_server};
use crate::icq::wire::meta::MetaForm;
use crate::icq::wire::status::Statuses;
use crate::icq::wire::text::Charset;
use crate::icq::wire::{Password, body};
use crate::icq::{
    Ability, Command, Event, LogoutReason, MessageId, NoProfile, NotSent, Output, QuestionId,
    VisibilityList,
};
use crate::model::{Message, NoAnswer, Question, Secret, Status, Uin, UnixTime};

use budget::Budget;
use charsets::Charsets;
use incoming::Incoming;
use loading::Loading;
use login::{Acceptance, Login};
use outgoing::Outgoing;
use presence::Presence;
use profiles::Profiles;
use questions::{Questions, Taken};
use requests::{Request, Requests};
use seen::Received;
use window::{Overdue, Purpose, Window};

/// One user's session with a UDP server.
///
/// It begins with the login and ends with [`Event::LoggedOut`]; for another login make another one.
/// Call a `handle_*` method when something happens, then [`poll_output`](Self::poll_output) until
/// it returns `None`, then sleep until [`poll_timeout`](Self::poll_timeout).
pub struct Session {
    uin: Uin,
    charsets: Box<Charsets>,
    phase: Phase,
    window: Window,
    received: Received,
    incoming: Incoming,
    loading: Option<Box<Loading>>,
    requests: Requests,
    outgoing: Outgoing,
    profiles: Profiles,
    questions: Questions,
    presence: Presence,
    /// The lists of exceptions, where every change of them is told as a whole list.
    exceptions: Option<Box<Exceptions>>,
    /// A packet that comes in parts.
    assembly: Option<Box<Assembly>>,
    budget: Budget,
    dropped: Dropped,
    /// When the server was last heard.
    heard: Instant,
    status: Status,
    keep_alive: Duration,
    /// Packets in a row that nothing answered.
    failures: u8,
    outputs: VecDeque<Output>,
}

/// Who sees the user although invisible, and who never does.
#[derive(Default)]
struct Exceptions {
    visible: Vec<Uin>,
    invisible: Vec<Uin>,
}

enum Phase {
    /// Until the server's word on the login.
    LoggingIn(Box<Login>),
    /// From then on.
    Online { next_keep_alive: Instant },
    /// [`Event::LoggedOut`] was told.
    Over {
        /// What may have been left open on the server.
        open: Box<[u32]>,
    },
}

/// What a session begins with.
pub struct Start {
    /// The version to speak.
    pub dialect: &'static dyn Dialect,
    /// Who logs in.
    pub uin: Uin,
    /// The password. Servers take 8 bytes of it at most.
    pub password: Secret,
    /// The status to show.
    pub status: Status,
    /// The code page of the user and their contacts.
    pub charset: Charset,
    /// Contacts who write in another.
    pub charsets: Vec<(Uin, Charset)>,
    /// How often to tell the server that the session is alive (`icq-udp.md` §4.5: 50 s).
    pub keep_alive: Duration,
    /// The calendar time of the login, which it carries.
    pub login_time: UnixTime,
    /// All chance derives from it: session ids, sequence numbers, fillers.
    pub seed: u64,
    /// The contact list.
    pub contacts: Vec<Uin>,
    /// Who sees the user although invisible.
    pub visible: Vec<Uin>,
    /// Who never sees the user.
    pub invisible: Vec<Uin>,
    /// The ids of earlier sessions that may still be open on the server. One that keeps this login
    /// out is ended first.
    pub ghosts: Vec<u32>,
}

/// What came from the network and was dropped, counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Dropped {
    /// Bore the id of another session: late, or spoofed.
    pub foreign_session: u64,
    /// Was addressed to another UIN.
    pub wrong_uin: u64,
    /// Could not be read.
    pub undecodable: u64,
    /// Had come before.
    pub duplicates: u64,
    /// Answered nothing that was asked, or came in a form or at a time it may not come in.
    pub unexpected: u64,
    /// Came faster than packets are worked on.
    pub over_rate: u64,
    /// Were messages beyond those that may wait to be safe, which the server repeats; or changes to
    /// lists, asked by the gateway, beyond those that may wait for their turn.
    pub over_limit: u64,
}

/// The logout of a session of `uin` that nobody holds any more. `session_id` matters in V5 only; the other
/// versions' servers know a session by its address.
pub fn goodbye(dialect: &'static dyn Dialect, uin: Uin, session_id: u32, seed: u64) -> Vec<u8> {
    Window::new(dialect, uin, seed).goodbye(session_id)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("uin", &self.uin)
            .field("session_id", &self.session_id())
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("uin", &self.uin)
            .field("status", &self.status)
            .field("contacts", &self.contacts.len())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Logs in.
    pub fn new(now: Instant, start: Start) -> Self {
        let mut login = Login::new(
            now,
            start.login_time,
            start.password,
            start.status,
            start.ghosts,
        );
        login.contacts = start.contacts;
        login.visible = start.visible;
        login.invisible = start.invisible;
        let mut session = Self {
            uin: start.uin,
            charsets: Box::new(Charsets::new(start.charset, start.charsets)),
            phase: Phase::LoggingIn(Box::new(login)),
            window: Window::new(start.dialect, start.uin, start.seed),
            received: Received::default(),
            incoming: Incoming::default(),
            loading: None,
            requests: Requests::default(),
            outgoing: Outgoing::default(),
            profiles: Profiles::default(),
            questions: Questions::default(),
            presence: Presence::default(),
            exceptions: None,
            assembly: None,
            budget: Budget::new(now),
            dropped: Dropped::default(),
            heard: now,
            status: start.status,
            keep_alive: start.keep_alive.clamp(
                SHORTEST_KEEP_ALIVE,
                start.dialect.manner().longest_keep_alive,
            ),
            failures: 0,
            outputs: VecDeque::new(),
        };
        session.log_in(now);
        session
    }

    /// What the server calls this session; 0 where a version has no ids for them. It may change until
    /// [`Event::LoggedIn`].
    pub const fn session_id(&self) -> u32 {
        self.window.session_id()
    }

    /// The sessions that may be open on the server, this one the last until it has ended: the ghosts of
    /// the next one. A login that leaves while its number is not written down can leave a session that
    /// nobody can end.
    pub fn open_sessions(&self) -> Vec<u32> {
        match &self.phase {
            Phase::LoggingIn(login) => login.open_sessions(self.session_id()),
            Phase::Online { .. } => vec![self.session_id()],
            Phase::Over { open } => open.to_vec(),
        }
    }

    /// What was dropped so far.
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Takes a datagram from the server's address.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        if self.is_over() {
            return;
        }
        self.receive(now, datagram);
        self.advance(now);
    }

    /// Does what the gateway asks.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        if self.is_over() {
            return;
        }
        match command {
            Command::SetStatus(status) => self.set_status(status),
            Command::AddContact(uin) => self.add_contact(uin),
            Command::RemoveContact(uin) => self.remove_contact(uin),
            Command::SetVisibility { uin, list, on } => self.set_visibility(uin, list, on),
            Command::Send { id, to, message } => self.send_message(id, to, &message),
            Command::Safe(receipt) => {
                if let Some(loading) = &mut self.loading {
                    loading.safe(receipt);
                }
                if let Some((seq1, seq2)) = self.incoming.safe(receipt) {
                    let datagram = self.window.acknowledge(seq1, seq2);
                    self.transmit(datagram);
                }
            }
            Command::RequestProfile(uin) => {
                if !self.profiles.push(now, uin) {
                    self.tell(no_profile(uin));
                }
            }
            Command::SetCharset { of, charset } => self.charsets.set(of, charset),
            Command::Ask { id, question } => self.ask(now, id, question),
            Command::LogOut => self.leave(LogoutReason::Asked),
        }
        self.advance(now);
    }

    /// Repeats what is overdue, and gives up on what was sent often enough.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(overdue) = self.window.overdue(now) {
            match overdue {
                Overdue::Repeat(datagram) => self.transmit(datagram),
                Overdue::Failed(purpose) => self.failed(now, purpose),
            }
        }
        if let Phase::LoggingIn(login) = &mut self.phase {
            let step = login.handle_timeout(now);
            self.take_login_step(now, step);
        }
        self.keep_alive(now);
        while let Some(step) = self.profiles.overdue(now) {
            self.take_profile_step(now, step);
        }
        loop {
            match self.questions.overdue(now) {
                Taken::NotMine => break,
                taken => self.take_answer(taken),
            }
        }
        self.advance(now);
    }

    /// The next thing for the driver to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if output.is_none() {
            self.outputs = VecDeque::new();
        }
        output
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let of_phase = match &self.phase {
            Phase::LoggingIn(login) => login.due(),
            Phase::Online { next_keep_alive } => Some(*next_keep_alive),
            Phase::Over { .. } => return None,
        };
        let of_loading = self.loading.as_ref().and_then(|loading| loading.due());
        let of_questions = [self.profiles.due(), self.questions.due()];
        [of_phase, of_loading, self.window.due()]
            .into_iter()
            .chain(of_questions)
            .flatten()
            .min()
    }
}

/// What the gateway asks.
impl Session {
    fn set_status(&mut self, status: Status) {
        self.status = status;
        if self.is_online() {
            self.request(Request::Status(status));
        }
    }

    fn add_contact(&mut self, uin: Uin) {
        self.presence.watch(uin);
        if let Phase::LoggingIn(login) = &mut self.phase {
            put(&mut login.contacts, uin, true);
        } else {
            self.request(Request::Contact(uin));
        }
    }

    fn remove_contact(&mut self, uin: Uin) {
        if let Phase::LoggingIn(login) = &mut self.phase {
            put(&mut login.contacts, uin, false);
        } else {
            self.presence.unwatch(uin);
        }
    }

    fn set_visibility(&mut self, uin: Uin, list: VisibilityList, on: bool) {
        if let Phase::LoggingIn(login) = &mut self.phase {
            let uins = match list {
                VisibilityList::Visible => &mut login.visible,
                VisibilityList::Invisible => &mut login.invisible,
            };
            put(uins, uin, on);
        } else if let Some(exceptions) = &mut self.exceptions {
            let uins = match list {
                VisibilityList::Visible => &mut exceptions.visible,
                VisibilityList::Invisible => &mut exceptions.invisible,
            };
            put(uins, uin, on);
            let is_left_out = uins.len() > requests::MOST_EXCEPTIONS;
            let request = requests::whole_list(uins, list);
            self.dropped.over_limit += u64::from(is_left_out);
            self.request(request);
        } else {
            self.request(Request::Visibility { uin, list, on });
        }
    }

    fn request(&mut self, request: Request) {
        if !self.requests.push(request) {
            self.dropped.over_limit += 1;
        }
    }

    fn ask(&mut self, now: Instant, id: QuestionId, question: Question) {
        let why = if !self.dialect().version().can(Ability::of(&question)) {
            NoAnswer::Unsupported
        } else if !self.questions.push(now, id, question) {
            NoAnswer::Busy
        } else {
            return;
        };
        let answer = Err(why);
        self.tell(Event::Answer { id, answer });
    }

    fn send_message(&mut self, id: MessageId, to: Uin, message: &Message) {
        let bodies = body::encode(message, self.charsets.of(to));
        if bodies.is_empty() || bodies.len() > MOST_PARTS {
            return self.tell(Event::NotSent {
                id,
                why: NotSent::Unsupported,
            });
        }
        let characters = bodies.iter().map(|body| body.replaced).sum();
        if !self.outgoing.push(id, to, bodies) {
            return self.tell(Event::NotSent {
                id,
                why: NotSent::NeverLeft,
            });
        }
        if characters > 0 {
            self.tell(Event::Replaced { id, characters });
        }
    }
}

/// The login, and what follows it.
impl Session {
    fn log_in(&mut self, now: Instant) {
        let version = self.dialect().version();
        let status = self.dialect().manner().statuses.own_word(self.status);
        let Phase::LoggingIn(login) = &mut self.phase else {
            return;
        };
        let mut password = self.charsets.own().encode(login.password.reveal()).bytes;
        password.truncate(LONGEST_PASSWORD);
        let password = Password(&password);
        // Wraps in 2106.
        let time = login.unix_time(now).secs() as u32;
        let packet = match ToServer::exists_in(LOGIN, version) {
            true => ToServer::Login(to_server::Login::indirect(version, time, password, status)),
            false => ToServer::PreLogin(to_server::PreLogin {
                login_uin: self.uin,
                password,
                status,
                client_version: None,
            }),
        };
        let (datagram, seq2) = self.window.send(now, Purpose::Login, &packet);
        login.announced = self.status;
        login.sent(seq2);
        self.transmit(datagram);
    }

    fn take_login_step(&mut self, now: Instant, step: login::Step) {
        match step {
            login::Step::Wait => {}
            login::Step::Accepted(acceptance) => self.come_online(now, acceptance),
            login::Step::LogInAgain => {
                self.window.start_over();
                self.log_in(now);
            }
            login::Step::SayGoodbye(session_ids) => {
                for session_id in session_ids {
                    let datagram = self.window.goodbye(session_id);
                    self.transmit(datagram);
                }
                self.was_kept_out();
            }
            // The server may have opened a session it could not tell us of.
            login::Step::Fail(LogoutReason::NoAnswer) => self.leave(LogoutReason::NoAnswer),
            login::Step::Fail(reason) => {
                if matches!(
                    reason,
                    LogoutReason::AlreadyOnline | LogoutReason::TryAgainLater
                ) {
                    self.was_kept_out();
                }
                self.end(reason);
            }
        }
    }

    fn was_kept_out(&mut self) {
        let session_id = self.session_id();
        if let Phase::LoggingIn(login) = &mut self.phase {
            login.was_kept_out(session_id);
        }
    }

    /// The lists leave in the order of §11, each after the one before was acknowledged.
    fn come_online(&mut self, now: Instant, acceptance: Acceptance) {
        let online = Phase::Online {
            next_keep_alive: now + self.keep_alive,
        };
        let Phase::LoggingIn(login) = std::mem::replace(&mut self.phase, online) else {
            return;
        };
        self.window.forget(Purpose::Login);
        self.failures = 0;
        self.tell(Event::LoggedIn {
            seen_as: acceptance.seen_as,
        });

        let chunks = requests::chunks(&login.contacts);
        self.loading = Some(Box::new(Loading::after_login(
            acceptance.seq1,
            chunks.len(),
            chunks.last().cloned().unwrap_or_default(),
        )));
        self.requests
            .extend(chunks.into_iter().map(Request::Contacts));
        for (uins, list) in [
            (&login.invisible, VisibilityList::Invisible),
            (&login.visible, VisibilityList::Visible),
        ] {
            let changes = requests::exceptions(uins, list);
            let has_single_changes = ToServer::exists_in(UPDATE_LIST, self.dialect().version());
            let most = if has_single_changes { changes.len() } else { 1 };
            self.dropped.over_limit += changes.len().saturating_sub(most) as u64;
            self.requests.extend(changes.into_iter().take(most));
        }
        if !ToServer::exists_in(UPDATE_LIST, self.dialect().version()) {
            self.exceptions = Some(Box::new(Exceptions {
                visible: login.visible,
                invisible: login.invisible,
            }));
        }
        // Flags said at the login do not reach everybody everywhere; clients of record repeat them.
        let has_flags = (self.status.web_aware || self.status.birthday)
            && self.manner().statuses == Statuses::All;
        if has_flags || self.status != login.announced || self.manner().repeats_status {
            self.requests.extend([Request::Status(self.status)]);
        }
    }

    /// Takes all steps that are possible now.
    fn advance(&mut self, now: Instant) {
        if !self.is_online() {
            return;
        }
        while let Some(step) = self
            .loading
            .as_mut()
            .and_then(|loading| loading.next(now, &self.received))
        {
            self.take_loading_step(step);
        }
        self.send_requests(now);
        self.ask_profiles(now);
        self.ask_questions(now);
        self.send_messages(now);
    }

    fn take_loading_step(&mut self, step: loading::Step) {
        match step {
            loading::Step::ListLoaded => self.tell(Event::ListLoaded),
            loading::Step::AskForMessages => self.requests.extend([Request::OfflineMessages]),
            // Some servers tell on the list, others on the request, which is not repeated by itself.
            loading::Step::AskAgain(chunk) => self
                .requests
                .extend([Request::Contacts(chunk), Request::OfflineMessages]),
            loading::Step::Report(messages) => {
                for stored in messages {
                    let receipt = self.incoming.receipt();
                    if let Some(loading) = &mut self.loading {
                        loading.wait_for(receipt);
                    }
                    self.tell(Event::Message {
                        from: stored.from,
                        message: stored.message,
                        sent: Some(stored.sent),
                        receipt,
                    });
                }
            }
            loading::Step::OfflineMessagesEnd => self.tell(Event::OfflineMessagesEnd),
            loading::Step::OfflineMessagesGone => self.tell(Event::OfflineMessagesGone),
            loading::Step::Delete(told) => {
                self.requests.extend([Request::DeleteOfflineMessages(told)]);
            }
            loading::Step::Done => self.loading = None,
        }
    }
}

/// The end.
impl Session {
    /// Ends the session, and tells the server in case it is still open there.
    fn leave(&mut self, reason: LogoutReason) {
        if self.is_over() {
            return;
        }
        let datagram = self.window.goodbye(self.window.session_id());
        self.transmit(datagram);
        self.close(reason, false);
    }

    /// Ends the session on the server's own word.
    fn end(&mut self, reason: LogoutReason) {
        self.close(reason, true);
    }

    /// A goodbye may be lost: only the server's own word ends a session for sure.
    fn left_open(&self, has_spoken: bool) -> Vec<u32> {
        match &self.phase {
            Phase::LoggingIn(login) => login.left_open(self.session_id(), has_spoken),
            Phase::Online { .. } if has_spoken => Vec::new(),
            Phase::Online { .. } => vec![self.session_id()],
            Phase::Over { open } => open.to_vec(),
        }
    }

    fn close(&mut self, reason: LogoutReason, has_spoken: bool) {
        if self.is_over() {
            return;
        }
        let open = self.left_open(has_spoken);
        self.phase = Phase::Over {
            open: open.into_boxed_slice(),
        };
        for (id, why) in self.outgoing.give_up() {
            self.tell(Event::NotSent { id, why });
        }
        for uin in self.profiles.give_up() {
            self.tell(no_profile(uin));
        }
        for id in self.questions.give_up() {
            let answer = Err(NoAnswer::SessionEnded);
            self.tell(Event::Answer { id, answer });
        }
        self.tell(Event::LoggedOut(reason));
        self.window.close();
        self.requests = Requests::default();
        self.incoming = Incoming::default();
        self.loading = None;
        self.exceptions = None;
        self.assembly = None;
    }
}

impl Session {
    const fn is_online(&self) -> bool {
        matches!(self.phase, Phase::Online { .. })
    }

    const fn dialect(&self) -> &'static dyn Dialect {
        self.window.dialect()
    }

    fn manner(&self) -> &'static Manner {
        self.dialect().manner()
    }

    const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over { .. })
    }

    fn transmit(&mut self, datagram: Vec<u8>) {
        self.trace(Side::Client, &datagram);
        self.outputs.push_back(Output::Transmit(datagram));
    }

    /// A packet on its way, a line in the log: how long texts are, not what they say.
    fn trace(&self, from: Side, datagram: &[u8]) {
        if !tracing::enabled!(tracing::Level::TRACE) {
            return;
        }
        let mut plain = datagram.to_vec();
        // What cannot be deciphered is shown as it came.
        let _ = self.dialect().decipher(from, &mut plain);
        let packet = Dump::new(self.dialect(), from, &plain, MetaForm::Unknown);
        match from {
            Side::Client => tracing::trace!(uin = %self.uin, "> {packet}"),
            Side::Server => tracing::trace!(uin = %self.uin, "< {packet}"),
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

const fn no_profile(uin: Uin) -> Event {
    Event::Profile {
        uin,
        profile: Err(NoProfile::NoAnswer),
    }
}

/// Puts somebody on a list that has not left yet, or takes them off.
fn put(list: &mut Vec<Uin>, uin: Uin, on: bool) {
    list.retain(|&known| known != uin);
    if on && list.len() < MOST_CONTACTS {
        list.push(uin);
    }
}

/// How many packets one message may take: 20,000 characters of two bytes each, in packets that a line's
/// end leaves half empty.
const MOST_PARTS: usize = 256;

const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What a login carries of a password at most (§6.1).
const LONGEST_PASSWORD: usize = 8;

/// The login of all versions but V1, which has [`PreLogin`](to_server::PreLogin).
const LOGIN: u16 = 0x03E8;

/// Single changes to the lists of exceptions.
const UPDATE_LIST: u16 = 0x06B8;

/// How long a contact list may grow while the login is under way.
const MOST_CONTACTS: usize = 5000;

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;

    /// Ten thousand sessions live in one process. What they do is tried in `tests/udp_session`.
    #[test]
    fn an_idle_session_is_small() {
        assert!(size_of::<Session>() <= 600, "{}", size_of::<Session>());
    }

    #[test]
    fn a_session_can_move_between_threads() {
        const fn is_send<T: Send>() {}
        is_send::<Session>();
    }
}
