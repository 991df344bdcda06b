//! Words to the gateway in its chat window (xmpp-gateway.md §24): for many clients the only way to it. Each
//! word is an [`Action`]; what a command asks for in a form is written behind the word.

use std::time::{Duration, Instant};

use xmpp_parsers::message::Message;

use super::User;
use crate::gateway::action::{Action, Asker, PersonList};
use crate::gateway::commands::{Received, is_group};
use crate::gateway::{UserState, criteria, numbers, own, register, words};
use crate::icq::Ability;
use crate::model::codes::RANDOM_GROUPS;
use crate::model::{Now, RandomGroup, Secret, Uin};

/// The next words in the chat window are a password.
#[derive(Clone, Copy, Debug)]
pub(super) struct PasswordExpected {
    until: Instant,
    purpose: Purpose,
}

/// What a password is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Purpose {
    /// The gateway logs in with it.
    Store,
    /// ICQ is to know it instead of the old one.
    OnIcq,
    /// A new number is to have it.
    NewNumber,
}

/// What comes of a line in the chat window.
enum Word {
    /// This is done, and the user told what came of it.
    Do(Action),
    /// This is the answer.
    Say(String),
}

impl User {
    /// Answers a message to the gateway. One without text (typing, a receipt) needs no answer.
    pub(super) fn handle_chat(&mut self, now: Now, message: &Message) {
        let Some((_, body)) = message.get_best_body(Vec::new()) else {
            return;
        };
        let expected = self.password_expected.take();
        let expected = expected.filter(|expected| expected.until > now.instant);
        let word = match expected {
            Some(expected) => password_is(body.trim(), expected),
            None => self.understand(now, body.trim()),
        };
        match word {
            Word::Do(action) => self.act(now, action, Asker::Chat),
            Word::Say(text) => own::say(&self.facts.env(), &mut self.fx, text),
        }
    }

    fn understand(&mut self, now: Now, said: &str) -> Word {
        let (word, rest) = split(said);
        let number = |text: &str| {
            Uin::from_person(text, self.facts.shared.settings.lowest_uin)
                .map_err(|_| Word::Say(words::NOT_A_NUMBER.to_owned()))
        };
        // A number, and what is said about it.
        let about = |make: &dyn Fn(Uin, String) -> Action| {
            let (first, reason) = split(rest);
            match number(first).or_else(|_| number(rest)) {
                Ok(uin) => {
                    let reason = if number(first).is_ok() { reason } else { "" };
                    Word::Do(make(uin, reason.to_owned()))
                }
                Err(complaint) => complaint,
            }
        };
        let treat = |list, on| about(&|uin, _| Action::Treat { uin, list, on });
        match word.to_lowercase().as_str() {
            "help" | "?" => Word::Say(self.help()),
            "status" => Word::Do(Action::Status),
            "login" => Word::Do(Action::LogIn),
            "logout" => Word::Do(Action::LogOut),
            "register" => Word::Do(Action::Revive),
            "unregister" if rest.eq_ignore_ascii_case("yes") => Word::Do(Action::Unregister),
            "unregister" => Word::Say(words::CONFIRM_UNREGISTER.to_owned()),
            "find" | "search" => {
                let lowest = self.facts.shared.settings.lowest_uin;
                match criteria::typed(rest, lowest) {
                    Some(search) => Word::Do(Action::Find(search)),
                    None => Word::Say(words::NO_CRITERIA.to_owned()),
                }
            }
            "info" | "lookup" => about(&|uin, _| Action::LookUp(uin)),
            "contacts" | "list" => Word::Do(Action::Contacts(rest.to_owned())),
            "add" => about(&|uin, reason| Action::Add {
                people: vec![uin],
                reason,
            }),
            "ask" => about(&|uin, reason| Action::AskAgain { uin, reason }),
            "waiting" => Word::Do(Action::Waiting),
            "grant" => match self.petitioner(rest) {
                Some((uin, _)) => Word::Do(Action::Grant(uin)),
                None => Word::Say(words::NOBODY_ASKS.to_owned()),
            },
            "refuse" => match self.petitioner(rest) {
                Some((uin, reason)) => Word::Do(Action::Refuse { uin, reason }),
                None => Word::Say(words::NOBODY_ASKS.to_owned()),
            },
            "ignore" if rest.is_empty() => Word::Do(Action::Treatments),
            "lists" => Word::Do(Action::Treatments),
            "ignore" => treat(Some(PersonList::Ignored), true),
            "visible" => treat(Some(PersonList::Visible), true),
            "invisible" => treat(Some(PersonList::Invisible), true),
            "unignore" | "normal" => treat(None, false),
            "charset" => {
                let (number, name) = split(rest);
                Word::Say(self.choose_charset(number, &name.to_lowercase()))
            }
            "settings" => Word::Do(Action::Settings),
            "set" => {
                let (name, value) = split(rest);
                match self.setting(&name.to_lowercase(), value) {
                    Ok(setting) => Word::Do(Action::Set(vec![setting])),
                    Err(complaint) => Word::Say(complaint),
                }
            }
            "password" if rest.eq_ignore_ascii_case("icq") => {
                self.expect_password(now, Purpose::OnIcq)
            }
            "password" => self.expect_password(now, Purpose::Store),
            "new" if rest.eq_ignore_ascii_case("number") => {
                self.expect_password(now, Purpose::NewNumber)
            }
            "import" => self.import_typed(rest),
            "export" => Word::Do(Action::Export),
            "meet" => meet(rest),
            "profile" => Word::Do(Action::LookUp(self.facts.registration.uin)),
            _ => Word::Say(words::UNKNOWN_WORD.to_owned()),
        }
    }

    /// The one of those who ask who is named by number, or by the place in the list that *waiting* shows,
    /// and what is said about them.
    fn petitioner(&self, said: &str) -> Option<(Uin, String)> {
        let petitions = self.roster.petitions();
        let (first, reason) = split(said);
        let number: u32 = first.replace(['-', '.'], "").parse().ok()?;
        let by_number = petitions.iter().find(|it| it.uin == Uin(number));
        let at = usize::try_from(number).ok()?.checked_sub(1);
        let by_place = at.and_then(|at| petitions.get(at));
        let petition = by_number.or(by_place)?;
        Some((petition.uin, reason.to_owned()))
    }

    fn expect_password(&mut self, now: Now, purpose: Purpose) -> Word {
        let say = |text: &str| Word::Say(text.to_owned());
        let settings = &self.facts.shared.settings;
        match purpose {
            Purpose::NewNumber if !settings.new_numbers => return say(words::NUMBERS_NOT_ALLOWED),
            Purpose::NewNumber if self.versions_with_numbers().is_empty() => {
                return say(words::VERSION_CANNOT);
            }
            Purpose::OnIcq if !self.facts.version().can(Ability::ChangePassword) => {
                return say(words::VERSION_CANNOT);
            }
            Purpose::Store | Purpose::OnIcq | Purpose::NewNumber => {}
        }
        if !settings.chat_password {
            return say(words::PASSWORD_BY_FORM);
        }
        self.password_expected = Some(PasswordExpected {
            until: now.instant + PASSWORD_PATIENCE,
            purpose,
        });
        say(match purpose {
            Purpose::Store | Purpose::OnIcq => words::PASSWORD_NEXT,
            Purpose::NewNumber => words::NUMBER_PASSWORD_NEXT,
        })
    }

    fn import_typed(&self, said: &str) -> Word {
        let lowest = self.facts.shared.settings.lowest_uin;
        let received = self.received.as_deref();
        let lines = match (said.to_lowercase().as_str(), received) {
            ("received", Some(Received { contacts, .. })) => {
                let lines = contacts.iter().map(|(uin, nick)| (*uin, nick.as_str(), ""));
                numbers::read(&numbers::write(lines), lowest).lines
            }
            ("received", None) => return Word::Say(words::NOTHING_RECEIVED.to_owned()),
            ("", Some(Received { from, contacts })) => {
                return Word::Say(words::import_received(*from, contacts.len()));
            }
            _ => numbers::read(said, lowest).lines,
        };
        match lines.is_empty() {
            true => Word::Say(words::IMPORT_BY_CHAT.to_owned()),
            false => Word::Do(Action::Import(lines)),
        }
    }

    pub(super) fn log_in(&mut self, now: Now) -> String {
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

    pub(super) fn register_again(&mut self, now: Now) -> String {
        if self.facts.state != UserState::Suspended {
            return words::ALREADY_REGISTERED.into();
        }
        self.purge_at = None;
        self.login.revive(now, &mut self.facts, &mut self.fx);
        self.ask_for_presence(now);
        words::REVIVED.into()
    }
}

/// The first word, and the rest.
fn split(said: &str) -> (&str, &str) {
    match said.split_once(char::is_whitespace) {
        Some((first, rest)) => (first, rest.trim()),
        None => (said, ""),
    }
}

fn password_is(said: &str, expected: PasswordExpected) -> Word {
    let new = Secret::new(said);
    match register::is_password(&new) {
        true if expected.purpose == Purpose::NewNumber => Word::Do(Action::NewNumber(new)),
        true => Word::Do(Action::ChangePassword {
            new,
            on_icq: expected.purpose == Purpose::OnIcq,
        }),
        false => Word::Say(words::PASSWORD_TOO_LONG.to_owned()),
    }
}

/// `meet 3`, `meet join 3`, `meet leave`: a group by its number or its name.
fn meet(said: &str) -> Word {
    let (first, rest) = split(said);
    let group = |said: &str| {
        let code = said.parse().ok().filter(|code| is_group(*code));
        let named = |(_, name): &&(u16, &str)| name.eq_ignore_ascii_case(said);
        let named = RANDOM_GROUPS.iter().find(named).map(|(code, _)| *code);
        code.or(named).map(RandomGroup)
    };
    let unknown = || Word::Say(words::meet_groups());
    match first.to_lowercase().as_str() {
        "leave" => Word::Do(Action::JoinRandom(None)),
        "join" => group(rest).map_or_else(unknown, |it| Word::Do(Action::JoinRandom(Some(it)))),
        _ => group(said).map_or_else(unknown, |it| Word::Do(Action::Meet(it))),
    }
}

/// Whoever was asked for a password and says nothing for that long has changed their mind.
const PASSWORD_PATIENCE: Duration = Duration::from_secs(300);
