//! The ICQ session of a user: from a turn to log in, through everything it tells, to its end.

use super::User;
use super::engine::Engine;
use crate::gateway::commands::Received;
use crate::gateway::versions::{self, Search};
use crate::gateway::{UserOutput, UserState, words};
use crate::icq::udp::Start;
use crate::icq::wire::Version;
use crate::icq::{self, Command, Event, LogoutReason, Receipt, VisibilityList};
use crate::model::{Message, Now, Uin, UnixTime};
use crate::store::SessionTrace;

/// Whose session it is, and in which version: a number that is only tried may be another one than the one
/// registered.
#[derive(Debug)]
pub(super) struct SessionOf {
    network: String,
    uin: Uin,
    version: Version,
}

impl User {
    /// It is this user's turn, if the wish still stands.
    pub(super) fn login_granted(&mut self, now: Now) {
        if self.facts.state != UserState::Queued {
            return;
        }
        self.set(now, UserState::Connecting);
        let Some(network) = self.facts.network() else {
            let why = LogoutReason::Unreachable(self.facts.registration.network.clone());
            let told = Some(words::NETWORK_GONE.to_owned());
            return self
                .login
                .failed(now, &mut self.facts, &mut self.fx, why, told);
        };
        let versions = match self.lacks_number() {
            true => self.versions_with_numbers(),
            false => versions::choices(&self.facts.registration, network),
        };
        if versions.is_empty() {
            return self.trial_failed(now, &LogoutReason::NoAnswer, &[]);
        }
        let worked = self.login.record().version.and_then(Version::of_word);
        let search = match &self.trial {
            Some(trial) => {
                let deadline = trial.deadline - versions::RESERVE;
                Search::of_trial(now.instant, &versions, deadline)
            }
            None => Search::of_login(&versions, worked),
        };
        self.search = Some(Box::new(search));
        self.connect();
    }

    /// Asks for a socket. Servers of the versions without session ids know a session by its port: one
    /// that may be open is ended from there.
    fn connect(&mut self) {
        let has_id = |trace: &&SessionTrace| trace.version == Version::V5.word();
        let ghosts = self.may_be_open();
        let ghost = ghosts.iter().rev().find(|trace| !has_id(trace));
        let port = ghost.map(|trace| trace.local_port);
        self.socket = true;
        self.fx.output(UserOutput::Connect {
            network: self.facts.registration.network.clone(),
            port: port.filter(|port| *port != 0),
        });
    }

    /// The socket is open: the session begins, once what may be open in other versions was said goodbye
    /// to. What is open in its own it ends itself, if need be.
    pub(super) fn connected(&mut self, now: Now, local_port: u16) {
        let is_expected = self.socket && self.facts.state == UserState::Connecting;
        if !is_expected || self.session.is_some() || self.begin_at.is_some() {
            return;
        }
        let Some(version) = self.search.as_ref().map(|search| search.version()) else {
            return;
        };
        self.local_port = local_port;
        let uin = self.facts.registration.uin;
        let mut is_alone = true;
        for trace in self.may_be_open() {
            let foreign = Version::of_word(trace.version).filter(|spoken| *spoken != version);
            let Some(spoken) = foreign else { continue };
            let seed = self.login.random();
            let goodbye = icq::udp::goodbye(spoken.dialect(), uin, trace.session_id, seed);
            self.fx.output(UserOutput::Transmit(goodbye));
            is_alone = false;
        }
        match is_alone {
            true => self.begin_session(now),
            false => self.begin_at = Some(now.instant + versions::PAUSE),
        }
    }

    /// Begins the session in the version whose turn it is.
    pub(super) fn begin_session(&mut self, now: Now) {
        self.begin_at = None;
        let Some(network) = self.facts.network() else {
            return;
        };
        let keep_alive = network.keep_alive;
        let Some(search) = &mut self.search else {
            return;
        };
        search.begin(now.instant);
        let version = search.version();
        if self.lacks_number() {
            return self.apply(now, version);
        }
        let contacts = match self.new_number() {
            true => Vec::new(),
            false => self.roster.contacts().collect(),
        };
        let ghosts = self.may_be_open().into_iter();
        let ghosts = ghosts.filter(|trace| trace.version == version.word());
        let ghosts = ghosts.map(|trace| trace.session_id).collect();
        let visible = self.on_list(VisibilityList::Visible);
        let invisible = self.on_list(VisibilityList::Invisible);
        let (charset, charsets) = (self.own_charset(), self.charsets());
        let registration = &self.facts.registration;
        self.session_of = Some(Box::new(SessionOf {
            network: registration.network.clone(),
            uin: registration.uin,
            version,
        }));
        let start = Start {
            dialect: version.dialect(),
            uin: registration.uin,
            password: registration.password.clone(),
            status: self.login.initial_status(now, &self.facts),
            charset,
            charsets,
            keep_alive,
            login_time: now.unix,
            seed: self.login.random(),
            contacts,
            visible,
            invisible,
            ghosts,
        };
        self.session = Some(Box::new(Engine::new(now.instant, start)));
        self.closing = false;
    }

    /// This version has had its time and has led to nothing.
    pub(super) fn turn_is_over(&mut self, now: Now) {
        if self.application.is_some() {
            return self.session_ended(now, LogoutReason::NoAnswer);
        }
        if let Some(session) = &mut self.session
            && self.facts.state == UserState::Connecting
            && !self.closing
        {
            self.lost = Some(LogoutReason::NoAnswer);
            session.handle_command(now.instant, Command::LogOut);
        }
    }

    /// Sessions of the number that logs in that may be open on the server.
    fn may_be_open(&self) -> Vec<SessionTrace> {
        let record = self.login.record();
        if self.is_of_record() {
            return record.sessions.clone();
        }
        let strays = record.strays.iter();
        let strays = strays.filter(|stray| stray.is_of(&self.facts.registration));
        strays.map(|stray| stray.session).collect()
    }

    /// The last of them.
    fn last_trace(&self) -> Option<SessionTrace> {
        let record = self.login.record();
        if self.is_of_record() {
            return record.sessions.last().copied();
        }
        let mut strays = record.strays.iter().rev();
        let last = strays.find(|stray| stray.is_of(&self.facts.registration));
        last.map(|stray| stray.session)
    }

    /// Gives each part what concerns it.
    pub(super) fn handle_event(&mut self, now: Now, event: Event) {
        match event {
            Event::LoggedIn { .. } => self.logged_in(now),
            Event::ListLoaded => self.list_loaded(now),
            Event::Presence { uin, status } => {
                let status = status.filter(|_| !self.is_ignored(uin));
                let env = self.facts.env();
                self.roster.presence(now, &env, &mut self.fx, uin, status);
                let shown = self.roster.status(uin);
                self.moods.presence(now, &env, &mut self.fx, uin, shown);
            }
            // Neither seen nor heard, and not kept for later either.
            Event::Message { from, receipt, .. } if self.is_ignored(from) => {
                self.fx.command(Command::Safe(receipt));
            }
            Event::Message {
                from,
                message,
                sent,
                receipt,
            } => {
                self.note_unreadable(now, from, &message);
                self.take_message(now, from, message, sent, receipt);
            }
            Event::WritesIn { uin, charset } => {
                self.set_charset(uin, charset);
            }
            Event::OfflineMessagesEnd => {
                let env = self.facts.env();
                self.inbox
                    .offline_messages_end(now, &env, &mut self.fx, &mut self.journal);
            }
            Event::OfflineMessagesGone => self.inbox.offline_messages_gone(now),
            Event::Replaced { id, characters } => {
                if let Some(to) = self.outbox.receiver(id) {
                    let charset = self.charset_of(to).name();
                    self.login.characters_lost(
                        now,
                        &self.facts,
                        &mut self.fx,
                        to,
                        characters,
                        charset,
                    );
                }
            }
            Event::Sent(id) => self.outbox.sent(now, &mut self.journal, id),
            Event::NotSent { id, why } => {
                let env = self.facts.env();
                self.outbox
                    .not_sent(now, &env, &mut self.fx, &mut self.journal, id, why);
            }
            Event::Profile { uin, profile } => {
                let env = self.facts.env();
                self.roster.profile(now, &env, &mut self.fx, uin, profile);
            }
            Event::Answer { id, answer } => {
                if let Some(answered) = self.questions.answered(now, id, answer) {
                    self.answered(now, answered);
                }
            }
            Event::LoggedOut(reason) => {
                let reason = self.lost.take().unwrap_or(reason);
                self.session_ended(now, reason);
            }
        }
    }

    fn take_message(
        &mut self,
        now: Now,
        from: Uin,
        message: Message,
        sent: Option<UnixTime>,
        receipt: Receipt,
    ) {
        match message {
            Message::AuthorisationRequest { .. }
            | Message::AuthorisationDenied { .. }
            | Message::AuthorisationGranted
            | Message::Added(_) => {
                let env = self.facts.env();
                self.roster
                    .authorisation(now, &env, &mut self.fx, from, &message);
                // Leaves after the roster's changes are on disk.
                self.fx.command(Command::Safe(receipt));
            }
            Message::Text(_)
            | Message::Url { .. }
            | Message::Server(_)
            | Message::WebPager { .. }
            | Message::EmailExpress { .. }
            | Message::Contacts(_)
            | Message::Other { .. } => {
                if let Message::Contacts(contacts) = &message {
                    let contacts = contacts.clone();
                    self.received = Some(Box::new(Received { from, contacts }));
                }
                let env = self.facts.env();
                self.inbox.receive(
                    now,
                    &env,
                    &mut self.fx,
                    &mut self.journal,
                    from,
                    self.roster.sender(from),
                    message,
                    sent,
                    receipt,
                );
            }
        }
    }

    fn logged_in(&mut self, now: Now) {
        if self.closing {
            return;
        }
        self.search = None;
        if let Some(session_of) = &self.session_of {
            self.facts.speaks = session_of.version;
        }
        if self.trial.is_some() {
            self.trial_succeeded(now);
        }
        self.inbox.icq_logged_in();
        self.login.logged_in(now, &mut self.facts, &mut self.fx);
        // The server has this one, and so no other.
        if let Some(session) = &self.session {
            self.sessions_may_be_open(&session.open_sessions());
        }
        self.tell_version();
    }

    fn list_loaded(&mut self, now: Now) {
        if self.closing {
            return;
        }
        self.facts.icq_online = true;
        let env = self.facts.env();
        self.roster.list_loaded(now, &env, &mut self.fx);
        self.outbox.icq_online();
        self.inbox.icq_online(now);
        self.set(now, UserState::Online);
    }

    /// Ends the login for a reason of ours: contacts go offline, then the gateway takes on `state`, then
    /// ICQ is told (xmpp-gateway.md §6.7).
    pub(super) fn log_off(&mut self, now: Now, state: UserState) {
        self.contacts_offline(now);
        self.giving_up |= !state.is_coming();
        self.search = None;
        self.application = None;
        self.set(now, state);
        match &mut self.session {
            Some(session) => {
                self.closing = true;
                session.handle_command(now.instant, Command::LogOut);
            }
            None => self.close_socket(),
        }
    }

    /// There is no socket, or no longer. A session that had it is ended the orderly way, so that each of
    /// its messages has its ending.
    pub(super) fn socket_lost(&mut self, now: Now, reason: LogoutReason) {
        if !std::mem::take(&mut self.socket) {
            return;
        }
        match &mut self.session {
            Some(session) => {
                self.lost = Some(reason);
                session.handle_command(now.instant, Command::LogOut);
            }
            None => self.session_ended(now, reason),
        }
    }

    /// There is no session any more, or there never came one.
    pub(super) fn session_ended(&mut self, now: Now, reason: LogoutReason) {
        self.application = None;
        if let Some(session) = self.session.take() {
            self.sessions_may_be_open(&session.open_sessions());
        }
        self.close_socket();
        self.contacts_offline(now);
        for answered in self.questions.icq_offline() {
            self.answered(now, answered);
        }
        let env = self.facts.env();
        self.outbox
            .icq_offline(now, &env, &mut self.fx, &mut self.journal);
        self.inbox
            .icq_offline(now, &env, &mut self.fx, &mut self.journal);

        if std::mem::take(&mut self.closing) {
            return;
        }
        if let Some(search) = &mut self.search
            && search.failed(&reason)
        {
            return self.connect();
        }
        let (reason, answers) = match self.search.take() {
            Some(search) => search.verdict(reason),
            None => (reason, Vec::new()),
        };
        if self.trial.is_some() {
            return self.trial_failed(now, &reason, &answers);
        }
        let tried = (!answers.is_empty()).then(|| words::versions_tried(&answers));
        self.login
            .failed(now, &mut self.facts, &mut self.fx, reason, tried);
        self.giving_up |= !self.facts.state.is_coming();
    }

    /// Notes the number under which the session logs in, if it is another one.
    pub(super) fn note_session(&mut self) {
        let (Some(session), Some(session_of)) = (&self.session, &self.session_of) else {
            return;
        };
        let session_id = session.session_id();
        let trace = SessionTrace {
            session_id,
            local_port: self.local_port,
            version: session_of.version.word(),
        };
        let is_it = |known: SessionTrace| {
            // Where there are no ids, a session is known by its port.
            let has_id = session_id != 0;
            known == trace || (has_id && known.session_id == session_id)
        };
        if !self.last_trace().is_some_and(is_it) {
            self.sessions_may_be_open(&session.open_sessions());
        }
    }

    /// What is open under a number that is only tried is not for the record of the one registered. Until
    /// the server has taken a login, what may be open elsewhere stays so.
    fn sessions_may_be_open(&mut self, session_ids: &[u32]) {
        let registration = &self.facts.registration;
        let is_current =
            |it: &&SessionOf| it.uin == registration.uin && it.network == registration.network;
        let Some(session_of) = self.session_of.as_deref().filter(is_current) else {
            return;
        };
        let version = session_of.version.word();
        let known = self.may_be_open();
        let own = |session_id| SessionTrace {
            session_id,
            local_port: self.local_port,
            version,
        };
        let trace = |&session_id| {
            let is_it = |known: &&SessionTrace| {
                session_id != 0 && (known.session_id, known.version) == (session_id, version)
            };
            known
                .iter()
                .find(is_it)
                .copied()
                .unwrap_or_else(|| own(session_id))
        };
        let is_elsewhere = |known: &&SessionTrace| {
            let is_without_id = known.session_id == 0 && known.local_port != self.local_port;
            known.version != version || is_without_id
        };
        let accepted = self.facts.state.is_logged_in();
        let elsewhere = known.iter().filter(is_elsewhere).filter(|_| !accepted);
        let mut traces: Vec<_> = elsewhere.copied().collect();
        traces.extend(session_ids.iter().map(trace));
        let surplus = traces.len().saturating_sub(MOST_TRACES);
        traces.drain(..surplus);
        if self.is_of_record() {
            self.login.may_be_open(&mut self.fx, traces);
        } else {
            self.login.may_be_astray(&self.facts, &mut self.fx, traces);
        }
    }

    /// The number that logs in is the one that is registered.
    fn is_of_record(&self) -> bool {
        self.facts.registered && !self.new_number()
    }

    /// Tells the operator's count which network and version the user has.
    pub(super) fn tell_version(&mut self) {
        let network = self.facts.registration.network.clone();
        let speaks = (network, self.facts.version());
        if self.told_version.as_ref() != Some(&speaks) {
            let (network, version) = speaks.clone();
            self.fx.output(UserOutput::Speaks(network, version));
            self.told_version = Some(speaks);
        }
    }

    /// ICQ is gone, as far as the user's resources are concerned.
    pub(super) fn contacts_offline(&mut self, now: Now) {
        self.facts.icq_online = false;
        let env = self.facts.env();
        self.roster.icq_offline(now, &env, &mut self.fx);
    }

    pub(super) fn close_socket(&mut self) {
        self.begin_at = None;
        if std::mem::take(&mut self.socket) {
            self.fx.output(UserOutput::Disconnect);
        }
    }
}

/// How many sessions that may be open are remembered.
const MOST_TRACES: usize = 16;
