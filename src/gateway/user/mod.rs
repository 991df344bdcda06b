//! Everything that happens to one registered user.

mod acting;
mod charset;
mod chat;
mod commanding;
mod engine;
mod icq;
mod new_number;
mod presence;
mod registering;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use xmpp_parsers::jid::BareJid;
use xmpp_parsers::message::MessageType;
use xmpp_parsers::ns;
use xmpp_parsers::presence::Type;

use super::action::{Asker, Reply};
use super::commands::{self, Desk, Received};
use super::facts::Facts;
use super::login::{Login, Step};
use super::moods::Moods;
use super::outbox::not_connected;
use super::pace::Pace;
use super::questions::Questions;
use super::refuse::refuse;
use super::versions::Search;
use super::xep::{self, ContactView, Place, Question, Task};
use super::{
    Changes, Effects, Ending, Inbox, Journal, Outbox, Privileges, Resources, Roster, Settings,
    Shared, UserInput, UserOutput, UserState, own, versions, words,
};
use crate::icq::udp::Registration;
use crate::icq::wire::Version;
use crate::icq::{LogoutReason, Output};
use crate::model::Now;
use crate::store::UserRecord;
use crate::xmpp::{Address, Condition, Refusal, Request, Stanza};
use engine::Engine;
use icq::SessionOf;
pub(super) use new_number::NO_NUMBER;
use registering::Trial;

/// Everything that happens to one registered user, or to one who is registering.
///
/// Call a `handle_*` method when something happens; then take [`poll_changes`](Self::poll_changes), write
/// them down, and do what [`poll_output`](Self::poll_output) says until it says nothing; then sleep until
/// [`poll_timeout`](Self::poll_timeout).
pub struct User {
    facts: Facts,
    login: Login,
    roster: Roster,
    moods: Moods,
    outbox: Outbox,
    inbox: Inbox,
    journal: Journal,
    fx: Effects,
    session: Option<Box<Engine>>,
    /// A socket is open, or was asked for.
    socket: bool,
    local_port: u16,
    /// Whose session it is.
    session_of: Option<Box<SessionOf>>,
    /// The versions a login tries.
    search: Option<Box<Search>>,
    /// ICQ is being asked for a number.
    application: Option<Box<Registration>>,
    /// When the session begins that other sessions were said goodbye to for.
    begin_at: Option<Instant>,
    /// The network and the version that the operator was told.
    told_version: Option<(String, Version)>,
    /// The session was told to say goodbye.
    closing: bool,
    /// Why it was, if the socket was lost under it.
    lost: Option<LogoutReason>,
    /// No login follows by itself: messages that wait for one come back.
    giving_up: bool,
    trial: Option<Box<Trial>>,
    trials: Pace,
    /// The end that is coming, and whether it was told.
    ending: Option<Ending>,
    ended: bool,
    purge_at: Option<Instant>,
    probed: Option<Instant>,
    departures: presence::Departures,
    questions: Questions,
    desk: Desk,
    received: Option<Box<Received>>,
    /// The next words in the chat window are a password.
    password_expected: Option<chat::PasswordExpected>,
}

/// Who a [`User`] is, and what it shares with the others.
#[derive(Clone, Debug)]
pub struct Seat {
    /// What all users have in common.
    pub shared: Arc<Shared>,
    /// Whose.
    pub jid: BareJid,
    /// Differs from start to start.
    pub run: u32,
    /// No two tasks of a start have the same.
    pub task: u32,
    /// Differs from user to user and from start to start; all chance derives from it.
    pub seed: u64,
}

impl User {
    /// A user as written down.
    pub fn load(now: Now, seat: Seat, record: UserRecord) -> Self {
        let mut user = Self::new(now, seat, record);
        user.fx.output(UserOutput::State(user.facts.state.clone()));
        user.tell_version();
        user.plan_purge(now);
        user
    }

    fn new(now: Now, seat: Seat, record: UserRecord) -> Self {
        let domain = seat.shared.settings.domain.clone();
        let speaks = speaks(&seat.shared.settings, &record);
        let login = Login::load(record.login, seat.seed);
        let (mut journal, unfinished) = Journal::load(record.journal, record.cursor);
        Self {
            facts: Facts {
                shared: seat.shared,
                jid: seat.jid,
                registration: record.registration,
                preferences: record.preferences,
                registered: true,
                resources: Resources::default(),
                privileges: Arc::default(),
                link_up: false,
                icq_online: false,
                state: login.resting_state(),
                speaks,
            },
            login,
            roster: Roster::load(record.contacts),
            moods: Moods::default(),
            outbox: Outbox::load(now, unfinished.outgoing, &mut journal),
            inbox: Inbox::load(now, &domain, unfinished.incoming, &mut journal),
            journal,
            fx: Effects::new(seat.run, seat.task),
            session: None,
            socket: false,
            local_port: 0,
            session_of: None,
            search: None,
            application: None,
            begin_at: None,
            told_version: None,
            closing: false,
            lost: None,
            giving_up: false,
            trial: None,
            trials: Pace::default(),
            ending: None,
            ended: false,
            purge_at: None,
            probed: None,
            departures: presence::Departures::default(),
            questions: Questions::default(),
            desk: Desk::default(),
            received: None,
            password_expected: None,
        }
    }

    /// Takes what happened, datagrams and time aside.
    pub fn handle_input(&mut self, now: Now, input: UserInput) {
        match input {
            UserInput::Stanza(stanza) => self.handle_stanza(now, stanza),
            UserInput::BadAnswer(id) => {
                let env = self.facts.env();
                self.roster.handle_bad_answer(now, &env, &mut self.fx, &id);
            }
            UserInput::LinkUp(privileges) => self.link_up(now, privileges),
            UserInput::Privileges(privileges) => {
                self.facts.privileges = privileges;
                let env = self.facts.env();
                self.roster.privileges_changed(now, &env, &mut self.fx);
            }
            UserInput::LinkDown => self.link_down(),
            UserInput::Confirmed(mark) => {
                let env = self.facts.env();
                self.roster.confirmed(now, mark);
                self.outbox.confirmed(&mut self.journal, mark);
                self.inbox
                    .confirmed(now, &env, &mut self.fx, &mut self.journal, mark);
            }
            UserInput::LoginGranted => self.login_granted(now),
            UserInput::Connected { local_port } => self.connected(now, local_port),
            UserInput::ConnectFailed(reason) => self.socket_lost(now, reason),
            UserInput::Shutdown => self.shut_down(now),
        }
        self.finish(now);
    }

    /// Takes a datagram from the ICQ server.
    pub fn handle_datagram(&mut self, now: Now, datagram: &[u8]) {
        if let Some(session) = &mut self.session {
            session.handle_datagram(now.instant, datagram);
        } else if let Some(application) = &mut self.application {
            application.handle_datagram(now.instant, datagram);
        }
        self.finish(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        if let Some(session) = &mut self.session {
            session.handle_timeout(now.instant);
        }
        if let Some(application) = &mut self.application {
            application.handle_timeout(now.instant);
        }
        let env = self.facts.env();
        self.roster.handle_timeout(now, &env, &mut self.fx);
        self.outbox
            .handle_timeout(now, &env, &mut self.fx, &mut self.journal);
        self.inbox
            .handle_timeout(now, &env, &mut self.fx, &mut self.journal);
        self.login.handle_timeout(now, &self.facts, &mut self.fx);
        while let Some(answered) = self.questions.overdue(now) {
            self.answered(now, answered);
        }
        let env = self.facts.env();
        self.questions.advance(now, &env, &mut self.fx);
        self.settle_departures(now);
        if let Some(trial) = &self.trial
            && trial.deadline <= now.instant
        {
            self.trial_timed_out(now);
        }
        if self.begin_at.is_some_and(|at| at <= now.instant) {
            self.begin_session(now);
        }
        let turn = self.search.as_ref().and_then(|search| search.due());
        if turn.is_some_and(|due| due <= now.instant) {
            self.turn_is_over(now);
        }
        if self.purge_at.is_some_and(|at| at <= now.instant) {
            self.unregister(now, None);
        }
        self.finish(now);
    }

    /// What has to be written down before any further output is done.
    pub fn poll_changes(&mut self) -> Option<Changes> {
        self.roster.flush(&mut self.fx);
        self.journal.flush(&mut self.fx);
        self.fx.take_changes()
    }

    /// The next thing for the driver to do.
    pub fn poll_output(&mut self) -> Option<UserOutput> {
        self.fx.next_output()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let session = self.session.as_ref().and_then(|it| it.poll_timeout());
        let trial = self.trial.as_ref().map(|trial| trial.deadline);
        let turn = self.search.as_ref().and_then(|search| search.due());
        [
            session,
            trial,
            turn,
            self.begin_at,
            self.application.as_ref().and_then(|it| it.poll_timeout()),
            self.roster.poll_timeout(),
            self.outbox.poll_timeout(),
            self.inbox.poll_timeout(),
            self.login.poll_timeout(&self.facts),
            self.departures.poll_timeout(),
            self.questions.poll_timeout(),
            self.purge_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Brings everything into accord with what has happened: the login with the wish for it, the session
    /// with what the parts ask of it, the parts with what it tells.
    fn finish(&mut self, now: Now) {
        loop {
            self.settle(now);
            let env = self.facts.env();
            self.outbox.pump(now, &env, &mut self.fx, &mut self.journal);
            while let Some(command) = self.fx.next_command() {
                if let Some(session) = &mut self.session {
                    session.handle_command(now.instant, command);
                }
            }
            let Some(output) = self.session.as_mut().and_then(|it| it.poll_output()) else {
                match self.advance_application(now) {
                    true => continue,
                    false => break,
                }
            };
            match output {
                Output::Transmit(datagram) => self.fx.output(UserOutput::Transmit(datagram)),
                Output::Event(event) => self.handle_event(now, event),
            }
        }
        self.note_session();
        self.end_if_done();
    }

    fn settle(&mut self, now: Now) {
        if self.ending.is_none() {
            let closing = self.session.is_some() && self.closing;
            let needed = self.trial.is_some();
            match self.login.next(now, &self.facts, needed, closing) {
                Step::Stay => {}
                Step::Open => {
                    self.set(now, UserState::Queued);
                    self.fx.output(UserOutput::WantLogin);
                }
                Step::Close => self.log_off(now, UserState::Offline),
            }
            self.login.settle_status(now, &self.facts, &mut self.fx);
        }
        if self.giving_up && self.session.is_none() {
            self.giving_up = false;
            let refusal = not_connected(&self.facts.state);
            let env = self.facts.env();
            self.outbox
                .give_up(&env, &mut self.fx, &mut self.journal, &refusal);
        }
    }

    fn set(&mut self, now: Now, state: UserState) {
        self.login.set(now, &mut self.facts, &mut self.fx, state);
    }

    fn link_up(&mut self, now: Now, privileges: Arc<Privileges>) {
        self.facts.link_up = true;
        self.facts.privileges = privileges;
        self.facts.resources.clear();
        self.login.link_changed();
        self.probe(now);
        let env = self.facts.env();
        self.roster.link_up(now, &env, &mut self.fx);
        self.outbox.link_up(&env, &mut self.fx);
        self.inbox
            .link_up(now, &env, &mut self.fx, &mut self.journal);
    }

    fn link_down(&mut self) {
        self.facts.link_up = false;
        self.login.link_changed();
        self.roster.link_down();
        self.moods.link_down();
    }

    /// Asks where the user is online (xmpp-gateway.md §3.4). Somebody who took the gateway off the roster
    /// is left alone.
    fn probe(&mut self, now: Now) {
        if self.facts.state == UserState::Suspended || !self.facts.registered {
            return;
        }
        self.probed = Some(now.instant);
        own::subscription(&self.facts.env(), &mut self.fx, Type::Probe);
    }

    fn handle_stanza(&mut self, now: Now, stanza: Stanza) {
        if self.ending.is_some() || !self.facts.registered {
            return self.handle_stanza_of_nobody(now, stanza);
        }
        let Some(to) = stanza.recipient() else {
            return;
        };
        let address = Address::read(to, self.facts.shared.settings.lowest_uin);
        match stanza {
            Stanza::Iq(iq) => match Request::read(iq) {
                Ok(request) => self.handle_request(now, address, request),
                Err(answer) => {
                    let env = self.facts.env();
                    self.roster
                        .handle_iq_answer(now, &env, &mut self.fx, &answer);
                    self.moods.handle_answer(&env, &mut self.fx, &answer);
                }
            },
            Stanza::Message(message) => {
                if message.type_ == MessageType::Error {
                    self.inbox.bounced(now, &mut self.journal, &message);
                    return self.account_in_doubt(now, &message.payloads, false);
                }
                match address {
                    Address::Gateway => self.handle_chat(now, &message),
                    Address::Contact(uin) => {
                        self.login.wake(&self.facts, &mut self.fx);
                        self.settle(now);
                        let will_connect = self.facts.state.is_coming();
                        let known = self.roster.is_listed(uin) || self.inbox.heard_from(uin);
                        let env = self.facts.env();
                        self.outbox.take(
                            now,
                            &env,
                            &mut self.fx,
                            &mut self.journal,
                            uin,
                            &message,
                            will_connect,
                            known,
                        );
                    }
                    Address::Invalid => {}
                }
            }
            Stanza::Presence(presence) => self.handle_presence(now, address, &presence),
        }
    }

    /// Answers somebody who is not registered yet, or no longer.
    fn handle_stanza_of_nobody(&mut self, now: Now, stanza: Stanza) {
        match stanza {
            Stanza::Presence(presence) => self.note_resource(now, &presence),
            Stanza::Iq(iq) if is_answer(&iq) => {
                let env = self.facts.env();
                self.roster.handle_iq_answer(now, &env, &mut self.fx, &iq);
            }
            Stanza::Iq(_) | Stanza::Message(_) => {
                let refusal = match self.ending {
                    Some(Ending::Shutdown) => {
                        Refusal::new(Condition::ServiceUnavailable, words::RESTARTING)
                    }
                    _ => Refusal::new(Condition::RegistrationRequired, words::NOT_REGISTERED),
                };
                if let Some(answer) = refuse(stanza, &refusal) {
                    self.fx.send(answer);
                }
            }
        }
    }

    fn handle_request(&mut self, now: Now, address: Address, request: Request) {
        if address == Address::Gateway && request.payload.ns() == ns::REGISTER {
            return self.handle_registration(now, request);
        }
        let about = match address {
            Address::Contact(uin) => Some(uin),
            Address::Gateway | Address::Invalid => None,
        };
        if request.payload.ns() == commands::NS {
            return self.handle_command(now, about, request);
        }
        let contact = about.map(|uin| ContactView {
            name: self.roster.name(uin),
            online: self.roster.status(uin).is_some(),
            last_seen: self.roster.last_seen(uin),
        });
        let task = xep::answer(&Question {
            now,
            shared: &self.facts.shared,
            place: Place::of(address, &request.to),
            contact,
            about,
            view: Some(self.view(about)),
            version: Some(self.facts.version()),
            request: &request,
        });
        match task {
            Ok(Task::Answer(payload)) => self.fx.send(request.result(payload)),
            Ok(Task::Act(action, write)) => {
                let reply = Reply::to(&request);
                self.act(now, action, Asker::Iq { reply, write });
            }
            Err(refusal) => self.fx.send(request.refuse(&refusal)),
        }
    }

    fn shut_down(&mut self, now: Now) {
        if self.ending.is_none() {
            self.contacts_offline(now);
            self.say_goodbye();
            self.log_off(now, UserState::Offline);
        }
        // What cannot end in time goes on after the restart.
        self.giving_up = false;
        self.trial = None;
        self.ending = Some(Ending::Shutdown);
    }

    /// Tells all resources that the gateway restarts (xmpp-gateway.md §3.6).
    fn say_goodbye(&mut self) {
        if !self.facts.link_up || !self.facts.registered {
            return;
        }
        let goodbye = own::OwnPresence {
            available: false,
            show: None,
            text: Some(words::RESTARTING.into()),
        };
        let env = self.facts.env();
        for jid in self.facts.resources.iter() {
            self.fx.send(goodbye.to(&env, jid.clone()));
        }
        self.facts.resources.clear();
    }

    fn end_if_done(&mut self) {
        let Some(ending) = self.ending else {
            return;
        };
        let tidy = ending != Ending::Unregistered || self.roster.is_idle();
        if tidy && self.session.is_none() && !self.ended {
            self.ended = true;
            let strays = &self.login.record().strays;
            // Nothing is written down about somebody who is not registered.
            if !self.facts.registered && !strays.is_empty() {
                self.fx.output(UserOutput::LeftOpen(strays.clone()));
            }
            self.fx.output(UserOutput::Ended(ending));
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("jid", &self.facts.jid)
            .field("state", &self.facts.state)
            .finish_non_exhaustive()
    }
}

/// What a user speaks before the first login: what the last one was in, or else the best there is to try.
fn speaks(settings: &Settings, record: &UserRecord) -> Version {
    let network = settings.network(&record.registration.network);
    let choices = network.map(|network| versions::choices(&record.registration, network));
    let choices = choices.unwrap_or_default();
    let last = record.login.version.and_then(Version::of_word);
    let last = last.filter(|version| choices.contains(version));
    last.or_else(|| choices.first().copied())
        .unwrap_or(Version::V5)
}

fn is_answer(iq: &xmpp_parsers::iq::Iq) -> bool {
    use xmpp_parsers::iq::Iq;
    matches!(iq, Iq::Result { .. } | Iq::Error { .. })
}
