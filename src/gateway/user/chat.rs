//! Words to the gateway in its chat window (xmpp-gateway.md §24): for many clients the only way to it.

use xmpp_parsers::message::Message;

use super::User;
use crate::gateway::{UserState, own, words};
use crate::model::Now;

impl User {
    /// Answers a message to the gateway. One without text (typing, a receipt) needs no answer.
    pub(super) fn handle_chat(&mut self, now: Now, message: &Message) {
        let Some((_, body)) = message.get_best_body(Vec::new()) else {
            return;
        };
        let mut said = body.split_whitespace().map(str::to_lowercase);
        let first = said.next().unwrap_or_default();
        let second = said.next().unwrap_or_default();
        let third = said.next().unwrap_or_default();
        let answer = match (first.as_str(), second.as_str()) {
            ("help" | "?", _) => words::HELP.into(),
            ("status", _) => self.describe(),
            ("login", _) => self.log_in(now),
            ("logout", _) => {
                self.pause(now);
                self.facts.state.sentence().into_owned()
            }
            ("charset", number) => self.choose_charset(number, &third),
            ("register", _) => self.register_again(now),
            ("unregister", "yes") => {
                own::say(&self.facts.env(), &mut self.fx, words::UNREGISTERED);
                return self.unregister(now, None);
            }
            ("unregister", _) => words::CONFIRM_UNREGISTER.into(),
            _ => words::UNKNOWN_WORD.into(),
        };
        own::say(&self.facts.env(), &mut self.fx, answer);
    }

    fn log_in(&mut self, now: Now) -> String {
        match self.facts.state {
            UserState::Online | UserState::Loading => words::ALREADY_LOGGED_IN.into(),
            UserState::Suspended => self.facts.state.sentence().into_owned(),
            UserState::Offline
            | UserState::Queued
            | UserState::Connecting
            | UserState::Retrying(_)
            | UserState::Barred(_)
            | UserState::Paused => {
                self.login.resume(now, &mut self.facts, &mut self.fx);
                self.settle(now);
                match self.facts.state.is_coming() {
                    true => words::LOGGING_IN.into(),
                    false => self.facts.state.sentence().into_owned(),
                }
            }
        }
    }

    fn register_again(&mut self, now: Now) -> String {
        if self.facts.state != UserState::Suspended {
            return words::ALREADY_REGISTERED.into();
        }
        self.purge_at = None;
        self.login.revive(now, &mut self.facts, &mut self.fx);
        self.ask_for_presence(now);
        words::REVIVED.into()
    }

    fn describe(&self) -> String {
        let contacts = self.roster.contacts().count();
        let online = self.roster.contacts();
        let online = online.filter(|uin| self.roster.status(*uin).is_some());
        words::status(
            self.facts.registration.uin,
            &self.facts.state,
            online.count(),
            contacts,
        )
    }
}
