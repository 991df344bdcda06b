//! The ICQ session of a user: from a turn to log in, through everything it tells, to its end.

use super::User;
use super::engine::Engine;
use crate::gateway::commands::Received;
use crate::gateway::{UserOutput, UserState};
use crate::icq::udp::{Start, V5};
use crate::icq::wire::text::Charset;
use crate::icq::{Command, Event, LogoutReason, VisibilityList};
use crate::model::{Message, Now};
use crate::store::SessionTrace;

impl User {
    /// It is this user's turn, if the wish still stands.
    pub(super) fn login_granted(&mut self, now: Now) {
        if self.facts.state == UserState::Queued {
            self.set(now, UserState::Connecting);
            self.socket = true;
            self.fx.output(UserOutput::Connect);
        }
    }

    /// The socket is open: the session begins.
    pub(super) fn connected(&mut self, now: Now, local_port: u16) {
        if !self.socket || self.facts.state != UserState::Connecting || self.session.is_some() {
            return;
        }
        self.local_port = local_port;
        self.session_of = self.facts.registration.uin;
        let contacts = match self.new_number() {
            true => Vec::new(),
            false => self.roster.contacts().collect(),
        };
        let ghosts = match self.new_number() {
            true => Vec::new(),
            false => {
                let sessions = self.login.record().sessions.iter();
                sessions.map(|trace| trace.session_id).collect()
            }
        };
        let visible = self.on_list(VisibilityList::Visible);
        let invisible = self.on_list(VisibilityList::Invisible);
        let registration = &self.facts.registration;
        let start = Start {
            dialect: &V5,
            uin: registration.uin,
            password: registration.password.clone(),
            status: self.login.initial_status(now, &self.facts),
            charset: Charset::from_label(&registration.charset).unwrap_or(Charset::WINDOWS_1252),
            keep_alive: self.facts.shared.settings.keep_alive,
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

    /// Gives each part what concerns it.
    pub(super) fn handle_event(&mut self, now: Now, event: Event) {
        match event {
            Event::LoggedIn { .. } => self.logged_in(now),
            Event::ListLoaded => self.list_loaded(now),
            Event::Presence { uin, status } => {
                let status = status.filter(|_| !self.is_ignored(uin));
                let env = self.facts.env();
                self.roster.presence(now, &env, &mut self.fx, uin, status);
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
            } => match message {
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
            },
            Event::OfflineMessagesEnd => {
                let env = self.facts.env();
                self.inbox
                    .offline_messages_end(now, &env, &mut self.fx, &mut self.journal);
            }
            Event::Replaced { id, characters } => {
                if let Some(to) = self.outbox.receiver(id) {
                    self.login
                        .characters_lost(now, &self.facts, &mut self.fx, to, characters);
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

    fn logged_in(&mut self, now: Now) {
        if self.closing {
            return;
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
        if self.trial.is_some() {
            return self.trial_failed(now, &reason);
        }
        self.login
            .failed(now, &mut self.facts, &mut self.fx, reason);
        self.giving_up |= !self.facts.state.is_coming();
    }

    /// Notes the number under which the session logs in, if it is another one.
    pub(super) fn note_session(&mut self) {
        let Some(session) = &self.session else {
            return;
        };
        let known = self.login.record().sessions.last();
        if known.is_none_or(|known| known.session_id != session.session_id()) {
            self.sessions_may_be_open(&session.open_sessions());
        }
    }

    /// What is open under a number that is only tried is not for the record of the one registered.
    fn sessions_may_be_open(&mut self, session_ids: &[u32]) {
        let is_of_record = self.facts.registered
            && !self.new_number()
            && self.session_of == self.facts.registration.uin;
        if !is_of_record {
            return;
        }
        let known = &self.login.record().sessions;
        let trace = |&session_id| {
            let known = known.iter().find(|known| known.session_id == session_id);
            known.copied().unwrap_or(SessionTrace {
                session_id,
                local_port: self.local_port,
            })
        };
        let traces = session_ids.iter().map(trace).collect();
        self.login.may_be_open(&mut self.fx, traces);
    }

    /// ICQ is gone, as far as the user's resources are concerned.
    pub(super) fn contacts_offline(&mut self, now: Now) {
        self.facts.icq_online = false;
        let env = self.facts.env();
        self.roster.icq_offline(now, &env, &mut self.fx);
    }

    pub(super) fn close_socket(&mut self) {
        if std::mem::take(&mut self.socket) {
            self.fx.output(UserOutput::Disconnect);
        }
    }
}
