//! Whose a stanza is: a registered user's, or the gateway's own.

mod gate;
mod guests;
mod link;
mod registrations;
mod strangers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::ns;
use xmpp_parsers::presence::{Presence, Type};

use super::commands;
use super::pace::{Pace, Rate};
use super::refuse::refuse;
use super::xep::{self, Place, Question, Task};
use super::{Ending, Seat, Settings, Shared, User, UserInput, UserState, words};
use crate::icq::wire::Version;
use crate::model::{Now, Uin};
use crate::store::{Registration, Stray, UserRecord};
use crate::xmpp::payload::privilege::is_privilege;
use crate::xmpp::{Address, BadStanza, Condition, Defect, Refusal, Request, Stanza, StanzaKind};
use gate::Gate;
use link::Link;
use registrations::Registrations;
use strangers::Strangers;

/// Decides whose a stanza is, and answers what is the gateway's own.
///
/// Call a `handle_*` method when something happens, then [`poll_output`](Self::poll_output) until it
/// returns `None`, then sleep until [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Gateway {
    shared: Arc<Shared>,
    users: BTreeMap<BareJid, Known>,
    /// Registered, and may not use the gateway any more: kept, and not served.
    excluded: BTreeSet<BareJid>,
    strangers: Strangers,
    registrations: Registrations,
    gate: Gate,
    link: Link,
    outputs: VecDeque<GatewayOutput>,
    /// Differs from start to start.
    run: u32,
    ids: u64,
    tasks: u32,
    seed: u64,
    shutting_down: bool,
}

/// What can happen to a [`Gateway`], apart from time.
#[derive(Clone, Debug)]
pub enum GatewayInput {
    /// The link to the XMPP server is up.
    LinkUp,
    /// The link to the XMPP server is down.
    LinkDown,
    /// A stanza came.
    Stanza(Stanza),
    /// A stanza came that could not be read.
    Bad(BadStanza),
    /// The queue of a user's task has no room for this stanza, which was to be delivered.
    NoRoom(Stanza),
    /// [`UserOutput::State`](super::UserOutput::State)
    State(BareJid, UserState),
    /// [`UserOutput::Speaks`](super::UserOutput::Speaks)
    Speaks(BareJid, String, Version),
    /// [`UserOutput::LeftOpen`](super::UserOutput::LeftOpen)
    LeftOpen(Vec<Stray>),
    /// [`UserOutput::WantLogin`](super::UserOutput::WantLogin)
    WantLogin(BareJid),
    /// [`UserOutput::Registered`](super::UserOutput::Registered)
    Registered(BareJid, bool),
    /// [`UserOutput::Ended`](super::UserOutput::Ended)
    Ended(BareJid, Ending),
    /// The program ends: nobody new is served, and everybody says goodbye.
    Shutdown,
}

/// What a [`Gateway`] wants done, in this order.
#[derive(Debug)]
pub enum GatewayOutput {
    /// Send this stanza to the XMPP server.
    Send(Stanza),
    /// Give this to the user's task.
    Deliver {
        /// Whose.
        user: BareJid,
        /// What.
        input: UserInput,
    },
    /// Start a task for this user, who has none.
    Start {
        /// Whose.
        user: BareJid,
        /// What it runs.
        run: Box<User>,
    },
}

/// A user who has a task.
#[derive(Debug)]
struct Known {
    state: &'static str,
    /// Registered, and not about to be, or no longer.
    registered: bool,
    /// The registration is over; its task still tidies up.
    leaving: bool,
    /// Was told that the link is up.
    linked: bool,
    /// What was told of the server's grants is no longer true.
    outdated: bool,
    queued: bool,
    network: String,
    uin: Uin,
    /// The network and version of the last login.
    speaks: Option<(String, Version)>,
    /// The network and number a registration is being changed to, and until when that may take.
    trying: Option<(String, Uin, Instant)>,
    pace: Pace,
    blocked_until: Option<Instant>,
}

impl Gateway {
    /// A gateway without users. `run` differs from start to start and is seen in stanzas; `seed` is a
    /// secret, from which all chance derives.
    pub fn new(now: Now, settings: Settings, run: u32, seed: u64) -> Self {
        Self {
            shared: Arc::new(Shared::new(settings, now)),
            users: BTreeMap::new(),
            excluded: BTreeSet::new(),
            strangers: Strangers::default(),
            registrations: Registrations::default(),
            gate: Gate::default(),
            link: Link::default(),
            outputs: VecDeque::new(),
            run,
            ids: 0,
            tasks: 0,
            seed,
            shutting_down: false,
        }
    }

    /// Starts a user who was written down. One who may not use the gateway any more is kept and not
    /// served.
    pub fn load(&mut self, now: Now, jid: BareJid, record: UserRecord) {
        if self.shutting_down {
            return;
        }
        if self.shared.may_use(&jid).is_err() {
            tracing::warn!(%jid, "registered, and may not use this gateway any more");
            self.excluded.insert(jid);
            return;
        }
        let known = Known {
            registered: true,
            ..Known::new(&record.registration)
        };
        let network = &record.registration.network;
        if self.shared.settings.network(network).is_none() {
            tracing::warn!(%jid, network, "registered with a network that is not configured any more");
        }
        let seat = self.seat(jid.clone());
        let run = Box::new(User::load(now, seat, record));
        self.users.insert(jid.clone(), known);
        self.outputs.push_back(GatewayOutput::Start {
            user: jid.clone(),
            run,
        });
        if self.link.is_up() {
            self.introduce(&jid);
        }
    }

    /// Takes what happened, time aside.
    pub fn handle_input(&mut self, now: Now, input: GatewayInput) {
        match input {
            GatewayInput::LinkUp => {
                self.link.up(now.instant);
                for known in self.users.values_mut() {
                    known.linked = false;
                }
            }
            GatewayInput::LinkDown => self.link_down(),
            GatewayInput::Stanza(stanza) => self.handle_stanza(now, stanza),
            GatewayInput::Bad(bad) => self.handle_bad(now, bad),
            GatewayInput::NoRoom(stanza) => {
                let refusal = Refusal::new(Condition::ResourceConstraint, words::NO_ROOM);
                self.refuse(stanza, &refusal);
            }
            GatewayInput::State(user, state) => {
                if let Some(known) = self.users.get_mut(&user) {
                    known.state = state.code();
                }
            }
            GatewayInput::Speaks(user, network, version) => {
                if let Some(known) = self.users.get_mut(&user) {
                    known.speaks = Some((network, version));
                }
            }
            GatewayInput::LeftOpen(strays) => self.registrations.left_open(now.instant, strays),
            GatewayInput::WantLogin(user) => self.want_login(user),
            GatewayInput::Registered(user, registered) => {
                if let Some(known) = self.users.get_mut(&user) {
                    known.leaving = known.registered && !registered;
                    known.registered = registered;
                    if let Some((network, uin, _)) = known.trying.take() {
                        known.network = network;
                        known.uin = uin;
                    }
                }
            }
            GatewayInput::Ended(user, _) => {
                self.users.remove(&user);
            }
            GatewayInput::Shutdown => self.shut_down(),
        }
        self.handle_timeout(now);
    }

    /// Does what is due: users learn that the link is up, and log in, at their pace.
    pub fn handle_timeout(&mut self, now: Now) {
        let limits = &self.shared.settings.limits;
        let (probes, logins) = (limits.probes_per_second, limits.logins_per_second);
        loop {
            let users = &self.users;
            let after = |told: Option<&BareJid>| {
                let rest = match told {
                    Some(told) => {
                        users.range::<BareJid, _>((Bound::Excluded(told), Bound::Unbounded))
                    }
                    None => users.range::<BareJid, _>(..),
                };
                let mut rest = rest.filter(|(_, known)| !known.linked || known.outdated);
                rest.next().map(|(user, _)| user.clone())
            };
            let Some(user) = self.link.next(now.instant, probes, after) else {
                break;
            };
            self.introduce(&user);
        }
        while let Some(user) = self.gate.next(now.instant, logins) {
            let Some(known) = self.users.get_mut(&user) else {
                continue;
            };
            known.queued = false;
            self.deliver(user, UserInput::LoginGranted);
        }
    }

    /// The next thing for the driver to do.
    pub fn poll_output(&mut self) -> Option<GatewayOutput> {
        let next = self.outputs.pop_front();
        // A start with many users makes one for each.
        if next.is_none() && self.outputs.capacity() > MAX_IDLE {
            self.outputs = VecDeque::new();
        }
        next
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.gate.poll_timeout(), self.link.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many users are in which state, by its code.
    pub fn users_by_state(&self) -> BTreeMap<&'static str, usize> {
        let mut count = BTreeMap::new();
        for known in self.users.values().filter(|known| known.registered) {
            *count.entry(known.state).or_default() += 1;
        }
        count
    }

    /// How many users have which version of the protocol, by network.
    pub fn users_by_version(&self) -> BTreeMap<(&str, Version), usize> {
        let mut count = BTreeMap::new();
        let registered = self.users.values().filter(|known| known.registered);
        for (network, version) in registered.filter_map(|known| known.speaks.as_ref()) {
            *count.entry((network.as_str(), *version)).or_default() += 1;
        }
        count
    }

    /// After [`GatewayInput::Shutdown`]: everybody has said goodbye.
    pub fn is_finished(&self) -> bool {
        self.shutting_down && self.users.is_empty()
    }

    fn handle_stanza(&mut self, now: Now, stanza: Stanza) {
        let (Some(from), Some(to)) = (stanza.sender(), stanza.recipient()) else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let settings = &shared.settings;
        let ours = &*settings.domain;
        if to.domain() != ours || from.domain() == ours {
            return;
        }
        if let Stanza::Message(message) = &stanza {
            let mut payloads = message.payloads.iter();
            if let Some(payload) = payloads.find(|payload| is_privilege(payload)) {
                return self.handle_privilege(now.instant, from, payload);
            }
        }
        let user = from.to_bare();
        if self.shutting_down {
            let refusal = Refusal::new(Condition::ServiceUnavailable, words::RESTARTING)
                .with_type(xmpp_parsers::stanza_error::ErrorType::Wait);
            return self.refuse(stanza, &refusal);
        }
        if is_counted(&stanza) && !self.is_within_limits(now.instant, &user) {
            let refusal = Refusal::new(Condition::ResourceConstraint, words::TOO_FAST);
            return self.refuse(stanza, &refusal);
        }
        if self.excluded.contains(&user) {
            let refusal = Refusal::new(Condition::NotAllowed, words::NO_ACCESS);
            return self.refuse(stanza, &refusal);
        }
        let address = Address::read(to, settings.lowest_uin);
        if address == Address::Invalid && !matches!(stanza, Stanza::Presence(_)) {
            let refusal = Refusal::new(Condition::ItemNotFound, words::NOBODY);
            return self.refuse(stanza, &refusal);
        }
        match self.users.get(&user) {
            Some(known) if known.registered && address != Address::Invalid => {
                self.handle_stanza_of_user(now, user, stanza);
            }
            Some(_) if self.is_for_task(&stanza) => {
                self.deliver(user, UserInput::Stanza(stanza));
            }
            Some(_) | None => self.handle_stanza_of_stranger(now, address, stanza),
        }
    }

    fn handle_stanza_of_user(&mut self, now: Now, user: BareJid, stanza: Stanza) {
        if let Some(refusal) = self.refusal_of_change(now.instant, &user, &stanza) {
            return self.refuse(stanza, &refusal);
        }
        let linked = self.users.get(&user).is_some_and(|known| known.linked);
        if !linked && self.link.is_up() {
            self.introduce(&user);
        }
        self.deliver(user, UserInput::Stanza(stanza));
    }

    /// Whether somebody whose registration is being tried or undone is answered by the task that does it:
    /// it needs to know where they are online, and waits for answers itself.
    fn is_for_task(&self, stanza: &Stanza) -> bool {
        match stanza {
            Stanza::Presence(presence) => {
                matches!(presence.type_, Type::None | Type::Unavailable | Type::Error)
            }
            Stanza::Iq(iq) => matches!(**iq, Iq::Result { .. } | Iq::Error { .. }),
            Stanza::Message(_) => false,
        }
    }

    fn handle_stanza_of_stranger(&mut self, now: Now, address: Address, stanza: Stanza) {
        match stanza {
            Stanza::Presence(presence) => {
                let answers = self
                    .strangers
                    .answer_presence(now.instant, address, &presence);
                for answer in answers {
                    self.send(answer);
                }
            }
            Stanza::Message(message) => {
                let answer = self.strangers.answer_message(now.instant, address, message);
                if let Some(answer) = answer {
                    self.send(answer);
                }
            }
            Stanza::Iq(iq) => {
                if let Ok(request) = Request::read(iq) {
                    self.handle_request_of_stranger(now, address, request);
                }
            }
        }
    }

    fn handle_request_of_stranger(&mut self, now: Now, address: Address, request: Request) {
        if address != Address::Gateway {
            let refusal = Refusal::new(Condition::RegistrationRequired, words::NOT_REGISTERED);
            return self.send(request.refuse(&refusal));
        }
        if request.payload.ns() == ns::REGISTER {
            return self.handle_registration(now, request);
        }
        if request.payload.ns() == commands::NS {
            return self.handle_command_of_stranger(now, request);
        }
        let task = xep::answer(&Question {
            now,
            shared: &self.shared,
            place: Place::Gateway,
            contact: None,
            about: None,
            view: None,
            version: None,
            request: &request,
        });
        let refusal = || Refusal::new(Condition::RegistrationRequired, words::NOT_REGISTERED);
        let answer = match task {
            Ok(Task::Answer(payload)) => Ok(payload),
            // Only people with a login can have ICQ asked.
            Ok(Task::Act(..)) => Err(refusal()),
            Err(refusal) => Err(refusal),
        };
        self.send(request.answer(answer));
    }

    /// Answers a stanza that could not be read, by its header.
    fn handle_bad(&mut self, now: Now, bad: BadStanza) {
        let jid = |text: &Option<String>| Jid::new(text.as_deref()?).ok();
        let (Some(from), Some(to)) = (jid(&bad.from), jid(&bad.to)) else {
            return;
        };
        let ours = &*self.shared.settings.domain;
        if to.domain() != ours || from.domain() == ours {
            return;
        }
        let refusal = match bad.defect {
            Defect::Malformed => Refusal::new(Condition::BadRequest, words::NOT_UNDERSTOOD),
            Defect::TooDeep | Defect::TooLarge => {
                Refusal::new(Condition::PolicyViolation, words::TOO_LARGE)
                    .with_type(xmpp_parsers::stanza_error::ErrorType::Modify)
            }
            Defect::Unknown => return,
        };
        let user = from.to_bare();
        let refusal = match self.is_within_limits(now.instant, &user) {
            true => refusal,
            false => Refusal::new(Condition::ResourceConstraint, words::TOO_FAST),
        };
        let registered = self.users.get(&user).is_some_and(|known| known.registered);
        match (bad.kind, bad.type_.as_deref(), bad.id) {
            (StanzaKind::Iq, Some("result" | "error"), Some(id)) => {
                if self.users.contains_key(&user) {
                    self.deliver(user, UserInput::BadAnswer(id));
                }
            }
            (StanzaKind::Iq, _, Some(id)) => {
                self.send(Stanza::iq_error(to, from, id, &refusal));
            }
            (StanzaKind::Message, Some("error"), _) => {}
            (StanzaKind::Message, _, id) => {
                self.send(Stanza::message_error(to, from, id, &refusal));
            }
            // Whatever else it says, it says that the resource is there.
            (StanzaKind::Presence, None, _) if registered => {
                let presence = Presence::available().with_from(from).with_to(to);
                self.handle_stanza(now, Stanza::from(presence));
            }
            (StanzaKind::Iq, _, None)
            | (StanzaKind::Presence, _, _)
            | (StanzaKind::Other, _, _) => {}
        }
    }

    /// Whether this JID has not sent too much; if it has, it is not heard for five minutes.
    fn is_within_limits(&mut self, now: Instant, user: &BareJid) -> bool {
        let limits = &self.shared.settings.limits;
        let rate = Rate {
            burst: limits.stanza_burst.max(1),
            ..Rate::per(Duration::from_secs(1), limits.stanzas_per_second)
        };
        let (pace, blocked_until) = match self.users.get_mut(user) {
            Some(known) => (&mut known.pace, &mut known.blocked_until),
            None => self.registrations.stanzas_of(now, user),
        };
        if blocked_until.is_some_and(|until| until > now) {
            return false;
        }
        let within = pace.take(now, rate).is_ok();
        *blocked_until = (!within).then(|| now + BLOCKED_FOR);
        within
    }

    /// Tells a user that the link is up, and what it is worth.
    fn introduce(&mut self, user: &BareJid) {
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        known.outdated = false;
        let is_news = !std::mem::replace(&mut known.linked, true);
        let privileges = self.link.privileges(user);
        let input = match is_news {
            true => UserInput::LinkUp(privileges),
            false => UserInput::Privileges(privileges),
        };
        self.deliver(user.clone(), input);
    }

    fn link_down(&mut self) {
        self.link.down();
        for (user, known) in &mut self.users {
            if std::mem::take(&mut known.linked) {
                self.outputs.push_back(GatewayOutput::Deliver {
                    user: user.clone(),
                    input: UserInput::LinkDown,
                });
            }
        }
    }

    fn want_login(&mut self, user: BareJid) {
        if self.shutting_down {
            return;
        }
        let Some(known) = self.users.get_mut(&user) else {
            return;
        };
        if !std::mem::replace(&mut known.queued, true) {
            let urgent = !known.registered;
            self.gate.join(user, urgent);
        }
    }

    fn shut_down(&mut self) {
        self.shutting_down = true;
        self.gate = Gate::default();
        for user in self.users.keys() {
            self.outputs.push_back(GatewayOutput::Deliver {
                user: user.clone(),
                input: UserInput::Shutdown,
            });
        }
    }

    fn seat(&mut self, jid: BareJid) -> Seat {
        self.tasks = self.tasks.wrapping_add(1);
        self.seed = self.seed.wrapping_add(1);
        Seat {
            shared: Arc::clone(&self.shared),
            jid,
            run: self.run,
            task: self.tasks,
            seed: self.seed,
        }
    }

    fn deliver(&mut self, user: BareJid, input: UserInput) {
        self.outputs
            .push_back(GatewayOutput::Deliver { user, input });
    }

    fn send(&mut self, mut stanza: Stanza) {
        stanza.identify(|| {
            self.ids += 1;
            format!("g{:x}-{:x}", self.run, self.ids)
        });
        self.outputs.push_back(GatewayOutput::Send(stanza));
    }

    fn refuse(&mut self, stanza: Stanza, refusal: &Refusal) {
        if let Some(answer) = refuse(stanza, refusal) {
            self.send(answer);
        }
    }
}

impl Known {
    fn new(registration: &Registration) -> Self {
        Self {
            network: registration.network.clone(),
            uin: registration.uin,
            speaks: None,
            state: UserState::Offline.code(),
            registered: false,
            leaving: false,
            linked: false,
            outdated: false,
            queued: false,
            trying: None,
            pace: Pace::default(),
            blocked_until: None,
        }
    }
}

/// What a server sends by itself, to every contact, is not held against the user.
fn is_counted(stanza: &Stanza) -> bool {
    match stanza {
        Stanza::Presence(presence) => match presence.type_ {
            Type::None | Type::Unavailable | Type::Probe | Type::Error => false,
            Type::Subscribe | Type::Subscribed | Type::Unsubscribe | Type::Unsubscribed => true,
        },
        Stanza::Iq(_) | Stanza::Message(_) => true,
    }
}

/// Room for outputs that is kept while there are none.
const MAX_IDLE: usize = 1024;

/// How long somebody is not heard who sent too much (xmpp-gateway.md §28.1).
const BLOCKED_FOR: Duration = Duration::from_secs(300);
