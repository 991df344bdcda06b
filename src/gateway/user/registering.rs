//! From a form to a login that works, and back (xmpp-gateway.md §5.3 to §5.5).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::new_number::{self, EXTRA_TIME};
use super::{Seat, User};
use crate::gateway::action::{Asker, Outcome};
use crate::gateway::outbox::not_connected;
use crate::gateway::pace::Rate;
use crate::gateway::register::{self, Fields, Submission};
use crate::gateway::{Ending, Inbox, Privileges, UserOutput, UserState, log, own, words};
use crate::icq::wire::Version;
use crate::icq::{Command, LogoutReason};
use crate::model::Now;
use crate::store::{Change, Registration, Stray, UserRecord};
use crate::xmpp::{Condition, Refusal, Request};

/// A registration that is tried by logging in with it. Nothing of it is written down before that worked.
pub(super) struct Trial {
    asker: Asker,
    pub(super) deadline: Instant,
    /// ICQ is to give out its number.
    pub(super) wanted_number: bool,
    /// What is registered now, and stays so if the trial fails.
    previous: Option<Registration>,
}

impl User {
    /// Somebody who sent a registration that may be tried. `strays` are sessions that earlier trials of the
    /// number may have left open. `asker` is told what came of it.
    pub(in crate::gateway) fn register(
        now: Now,
        seat: Seat,
        privileges: Arc<Privileges>,
        registration: Registration,
        strays: Vec<Stray>,
        asker: Asker,
    ) -> Self {
        let mut record = UserRecord::new(registration);
        record.login.strays = strays;
        let mut user = Self::new(now, seat, record);
        user.facts.registered = false;
        user.facts.link_up = true;
        user.facts.privileges = privileges;
        user.begin_trial(now, asker, None);
        user.finish(now);
        user
    }

    pub(super) fn begin_trial(&mut self, now: Now, asker: Asker, previous: Option<Registration>) {
        let wanted_number = self.lacks_number();
        let extra = match wanted_number {
            true => EXTRA_TIME,
            false => Duration::ZERO,
        };
        let deadline = self.facts.shared.settings.registration_deadline + extra;
        self.trial = Some(Box::new(Trial {
            asker,
            deadline: now.instant + deadline,
            wanted_number,
            previous,
        }));
    }

    /// The number that is being tried is not the one that is registered.
    pub(super) fn new_number(&self) -> bool {
        let previous = self.trial.as_ref().and_then(|it| it.previous.as_ref());
        previous.is_some_and(|previous| !self.facts.registration.is_same_account(previous))
    }

    /// `jabber:iq:register` from somebody who is registered.
    pub(super) fn handle_registration(&mut self, now: Now, request: Request) {
        if !request.set {
            let local = self.facts.shared.is_local(&self.facts.jid);
            let known = match &self.trial {
                Some(trial) => trial.previous.as_ref(),
                None => Some(&self.facts.registration),
            };
            let form = register::form(
                &self.facts.shared.settings,
                known,
                request.lang.as_deref(),
                local,
            );
            return self.fx.send(request.result(Some(form)));
        }
        match Submission::read(&request.payload) {
            Ok(Submission::Remove) => self.unregister(now, Some(request)),
            Ok(Submission::Fields(fields)) => self.change_registration(now, request, fields),
            Err(refusal) => self.fx.send(request.refuse(&refusal)),
        }
    }

    fn change_registration(&mut self, now: Now, request: Request, fields: Fields) {
        let refuse = |condition, why| Refusal::new(condition, why);
        if self.trial.is_some() {
            let refusal = refuse(Condition::ResourceConstraint, words::REGISTRATION_RUNNING);
            return self.fx.send(request.refuse(&refusal));
        }
        let settings = &self.facts.shared.settings;
        let limit = settings.limits.registrations_per_hour;
        let known = &self.facts.registration;
        let registration =
            match fields.complete(Some(known), settings, request.lang.as_deref(), now.unix) {
                Ok(registration) => registration,
                Err(refusal) => return self.fx.send(request.refuse(&refusal)),
            };
        let same_way = registration.is_same_account(known) && registration.version == known.version;
        let same_login = same_way && registration.password == known.password;
        // A password that changes while its number is online is tried at the next login.
        if same_login || (same_way && self.facts.state.is_logged_in()) {
            let before = self.own_charset();
            self.facts.registration = registration;
            let charset = self.own_charset();
            if charset != before {
                self.fx.command(Command::SetCharset { of: None, charset });
            }
            log::registered(&self.facts, false);
            self.save_registration();
            self.welcome_back(now);
            return self.fx.send(request.result(None));
        }
        let rate = Rate::per(HOUR, limit);
        if self.trials.take(now.instant, rate).is_err() {
            let refusal = refuse(Condition::ResourceConstraint, words::REGISTRATIONS_TOO_MANY);
            return self.fx.send(request.refuse(&refusal));
        }
        let previous = std::mem::replace(&mut self.facts.registration, registration);
        self.begin_trial(now, Asker::registering(&request), Some(previous));
        self.log_off(now, UserState::Offline);
        self.giving_up = false;
    }

    /// The login that was tried works: from here on the registration stands.
    pub(super) fn trial_succeeded(&mut self, now: Now) {
        let new_number = self.new_number();
        let Some(trial) = self.trial.take() else {
            return;
        };
        let first = trial.previous.is_none();
        self.facts.registered = true;
        let previous = trial.previous.as_ref().filter(|_| new_number);
        self.login.number_proven(&self.facts, previous);
        log::registered(&self.facts, first);
        self.save_registration();
        self.fx.output(UserOutput::Registered(true));
        if new_number {
            let env = self.facts.env();
            self.roster.forget(now, &env, &mut self.fx, false);
            // They had numbers of the old one's network.
            self.facts.preferences.people.clear();
            let preferences = Box::new(self.facts.preferences.clone());
            self.fx.save(Change::Preferences(preferences));
            // What was written under the old number is not sent under the new one.
            let refusal = not_connected(&UserState::Offline);
            let env = self.facts.env();
            self.outbox
                .give_up(&env, &mut self.fx, &mut self.journal, &refusal);
        }
        self.welcome_back(now);
        if first {
            // The welcome tells the number.
            self.answer_trial(now, *trial, Ok(()));
            self.enter_roster(now);
        } else {
            self.tell_number(&trial, true);
            self.answer_trial(now, *trial, Ok(()));
        }
    }

    /// The time for a trial is over.
    pub(super) fn trial_timed_out(&mut self, now: Now) {
        let silence = LogoutReason::NoAnswer;
        let (reason, answers) = match self.search.take() {
            Some(search) => search.verdict(silence),
            None => (silence, Vec::new()),
        };
        self.trial_failed(now, &reason, &answers);
    }

    /// The login that was tried does not work, or took too long: everything is as it was. `answers` is what
    /// each version led to, if several were tried.
    pub(super) fn trial_failed(
        &mut self,
        now: Now,
        reason: &LogoutReason,
        answers: &[(Version, LogoutReason)],
    ) {
        let Some(mut trial) = self.trial.take() else {
            return;
        };
        log::registration_failed(&self.facts, reason);
        let refusal = match self.lacks_number() {
            true => new_number::refusal(reason),
            false => register::refusal(reason, answers),
        };
        self.tell_number(&trial, false);
        let previous = trial.previous.take();
        self.answer_trial(now, *trial, Err(refusal));
        let state = match previous {
            Some(previous) => {
                self.facts.registration = previous;
                self.login.resting_state()
            }
            None => {
                self.ending = Some(Ending::NotRegistered);
                UserState::Offline
            }
        };
        self.log_off(now, state);
    }

    fn answer_trial(&mut self, now: Now, trial: Trial, answer: Result<(), Refusal>) {
        // In the chat window, the number itself is the answer.
        if matches!(trial.asker, Asker::Chat) && answer.is_ok() {
            return;
        }
        let done = answer.map(|()| {
            Outcome::said(match trial.wanted_number {
                true => words::NUMBER_IN_MESSAGE,
                false => words::REGISTERED,
            })
        });
        self.deliver(now, trial.asker, done);
    }

    /// Nothing that is said after this may reach anybody before it is on disk.
    pub(super) fn save_registration(&mut self) {
        let registration = self.facts.registration.clone();
        self.fx.save(Change::Registration(Box::new(registration)));
    }

    /// Who registers wants to be served, whatever was before.
    fn welcome_back(&mut self, now: Now) {
        self.purge_at = None;
        if self.login.record().suspended.is_some() {
            self.login.revive(now, &mut self.facts, &mut self.fx);
        }
        self.login.resume(now, &mut self.facts, &mut self.fx);
    }

    /// The gateway becomes a contact, and says what can be done with it: for clients without any other
    /// sign of a gateway, the message is the way to it.
    fn enter_roster(&mut self, now: Now) {
        self.ask_for_presence(now);
        let uin = self.facts.registration.uin;
        let welcome = words::welcome(uin, &self.facts.shared.settings.domain);
        own::say(&self.facts.env(), &mut self.fx, welcome);
        self.login
            .note(&mut self.fx, |record| record.welcomed = true);
    }

    /// Ends the registration (xmpp-gateway.md §5.5), for a request, or because it was suspended for long.
    ///
    /// The record goes before the answer leaves: what was said to be deleted is deleted.
    pub(super) fn unregister(&mut self, now: Now, request: Option<Request>) {
        if let Some(trial) = self.trial.take() {
            let refusal = Refusal::new(Condition::NotAcceptable, words::UNREGISTERED);
            self.answer_trial(now, *trial, Err(refusal));
        }
        self.log_off(now, UserState::Offline);
        self.giving_up = false;
        let refusal = Refusal::new(Condition::RegistrationRequired, words::NOT_REGISTERED);
        let env = self.facts.env();
        self.outbox
            .give_up(&env, &mut self.fx, &mut self.journal, &refusal);
        if let Some(request) = request {
            self.fx.send(request.result(None));
        }
        // What waited to be shown is deleted, or still with ICQ.
        self.inbox = Inbox::default();
        log::unregistered(&self.facts);
        self.facts.registered = false;
        self.purge_at = None;
        self.ending = Some(Ending::Unregistered);
        self.fx.output(UserOutput::Registered(false));
        self.fx.save(Change::Forget);
        let env = self.facts.env();
        self.roster.forget(now, &env, &mut self.fx, true);
    }
}

const HOUR: Duration = Duration::from_secs(3600);
