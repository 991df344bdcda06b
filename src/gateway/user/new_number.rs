//! A new number from ICQ (icq-udp.md §6.6): a registration without one asks for it first, and is then tried
//! like any other.

use std::time::Duration;

use super::User;
use super::registering::Trial;
use crate::gateway::action::Asker;
use crate::gateway::{UserOutput, UserState, own, versions, words};
use crate::icq::udp::{Application, NoNumber, Registration as Application_, RegistrationOutput};
use crate::icq::wire::Version;
use crate::icq::{Ability, LogoutReason};
use crate::model::{Now, Secret, Uin};
use crate::xmpp::{Condition, Refusal};

impl User {
    /// Begins to register under a number that ICQ has yet to give out, once a day.
    pub(super) fn want_number(&mut self, now: Now, password: Secret, asker: Asker) {
        let refuse = |condition, text| Err(Refusal::new(condition, text));
        let refusal = match () {
            () if self.trial.is_some() => {
                refuse(Condition::ResourceConstraint, words::REGISTRATION_RUNNING)
            }
            () if self.versions_with_numbers().is_empty() => {
                refuse(Condition::FeatureNotImplemented, words::NO_NEW_NUMBERS)
            }
            () if !self.login.may_have_number(now, &mut self.fx) => {
                refuse(Condition::ResourceConstraint, words::ONE_NUMBER_A_DAY)
            }
            () => {
                let mut registration = self.facts.registration.clone();
                registration.uin = NO_NUMBER;
                registration.password = password;
                let previous = std::mem::replace(&mut self.facts.registration, registration);
                self.begin_trial(now, asker, Some(previous));
                self.log_off(now, UserState::Offline);
                self.giving_up = false;
                return;
            }
        };
        self.deliver(now, asker, refusal);
    }

    /// The registration that is tried has no number yet.
    pub(super) fn lacks_number(&self) -> bool {
        self.facts.registration.uin == NO_NUMBER
    }

    /// The versions in which a number can be had, as far as the operator allows it.
    pub(super) fn versions_with_numbers(&self) -> Vec<Version> {
        let settings = &self.facts.shared.settings;
        let network = self.facts.network().filter(|_| settings.new_numbers);
        let versions = network.map(|it| versions::choices(&self.facts.registration, it));
        let versions = versions.unwrap_or_default().into_iter();
        versions
            .filter(|version| version.can(Ability::NewNumber))
            .collect()
    }

    /// Asks for a number in the version whose turn it is.
    pub(super) fn apply(&mut self, now: Now, version: Version) {
        let application = Application {
            dialect: version.dialect(),
            password: self.facts.registration.password.clone(),
            charset: self.own_charset(),
            seed: self.login.random(),
        };
        self.application = Some(Box::new(Application_::new(now.instant, application)));
    }

    /// Does the next thing the application for a number wants. `false` if it wants nothing.
    pub(super) fn advance_application(&mut self, now: Now) -> bool {
        let application = self.application.as_mut();
        let Some(output) = application.and_then(|it| it.poll_output()) else {
            return false;
        };
        match output {
            RegistrationOutput::Transmit(datagram) => {
                self.fx.output(UserOutput::Transmit(datagram));
            }
            RegistrationOutput::Ended(Ok(uin)) => {
                tracing::info!(jid = %self.facts.jid, %uin, "ICQ gave out a new number");
                self.application = None;
                self.facts.registration.uin = uin;
                self.begin_session(now);
            }
            RegistrationOutput::Ended(Err(why)) => {
                let why = match why {
                    NoNumber::Unsupported | NoNumber::NoAnswer => LogoutReason::NoAnswer,
                    NoNumber::Refused(text) => LogoutReason::Refused(text),
                    NoNumber::TryAgainLater => LogoutReason::TryAgainLater,
                };
                self.session_ended(now, why);
            }
        }
        true
    }

    /// The user has a number that nobody has seen yet: it is told, whatever became of the login.
    pub(super) fn tell_number(&mut self, trial: &Trial, is_registered: bool) {
        let uin = self.facts.registration.uin;
        if !trial.wanted_number || uin == NO_NUMBER {
            return;
        }
        let text = match is_registered {
            true => words::new_number(uin),
            false => words::number_without_login(uin),
        };
        own::say(&self.facts.env(), &mut self.fx, text);
    }
}

/// Why a number could not be had, for people.
pub(super) fn refusal(reason: &LogoutReason) -> Refusal {
    let refuse = |condition, text: String| Refusal::new(condition, text);
    match reason {
        LogoutReason::Refused(text) if !text.is_empty() => refuse(
            Condition::NotAcceptable,
            format!("{} {}", words::NO_NEW_NUMBERS, words::servers_words(text)),
        ),
        LogoutReason::TryAgainLater => {
            let text = words::registration_failed(reason).into_owned();
            refuse(Condition::ResourceConstraint, text)
        }
        LogoutReason::Refused(_)
        | LogoutReason::NoAnswer
        | LogoutReason::Asked
        | LogoutReason::WrongPassword
        | LogoutReason::AlreadyOnline
        | LogoutReason::Kicked(_)
        | LogoutReason::SessionLost
        | LogoutReason::ConnectionLost
        | LogoutReason::Unreachable(_) => {
            let text = words::NO_NEW_NUMBERS.to_owned();
            refuse(Condition::RemoteServerTimeout, text)
        }
    }
}

/// Nobody has it: a registration with it wants one.
pub(in crate::gateway) const NO_NUMBER: Uin = Uin(0);

/// What asking for a number adds to the time a registration may take.
pub(super) const EXTRA_TIME: Duration = Duration::from_secs(20);
