//! What the gateway says to people, in one place (xmpp-gateway.md §27 will translate it). The reasons why
//! a message does not go to ICQ as it is are where that is decided, in [`crate::xmpp::message`].
//!
//! What has parameters is a function, so that a catalogue can take its place.

mod people;

use std::borrow::Cow;

use super::UserState;
use crate::icq::LogoutReason;
use crate::icq::wire::Version;
use crate::icq::wire::text::Charset;
use crate::model::{Uin, UnixTime};
use crate::xmpp::text::clean_line;
pub(super) use people::*;

impl UserState {
    /// What the state means, for people: the same in presence, log and errors.
    pub fn sentence(&self) -> Cow<'static, str> {
        match self {
            Self::Offline => "Not connected to ICQ.".into(),
            Self::Queued => "Waiting for a turn to connect to ICQ.".into(),
            Self::Connecting => "Connecting to ICQ.".into(),
            Self::Loading => "Loading contacts.".into(),
            Self::Online => "Connected to ICQ.".into(),
            Self::Retrying(reason) | Self::Barred(reason) => logged_out(reason),
            Self::Paused => "Logged out of ICQ by your own wish. Send *login* to come back.".into(),
            Self::Suspended => {
                "You removed the gateway from your contact list. Add it again to continue.".into()
            }
        }
    }
}

/// Why an ICQ login ended or never was.
pub(super) fn logged_out(reason: &LogoutReason) -> Cow<'static, str> {
    match reason {
        LogoutReason::Asked => "Logged out of ICQ.".into(),
        LogoutReason::WrongPassword => "ICQ rejected the number or password.".into(),
        LogoutReason::Refused(text) if text.is_empty() => {
            "ICQ says this account is suspended.".into()
        }
        LogoutReason::Refused(text) => {
            format!("ICQ refuses this account: {}", servers_words(text)).into()
        }
        LogoutReason::AlreadyOnline => "This ICQ number is logged in somewhere else.".into(),
        LogoutReason::TryAgainLater => "ICQ asks to wait.".into(),
        LogoutReason::Kicked(text) if text.is_empty() => {
            "ICQ closed this login because the number logged in somewhere else.".into()
        }
        LogoutReason::Kicked(text) => {
            format!("ICQ closed this login: {}", servers_words(text)).into()
        }
        LogoutReason::SessionLost | LogoutReason::ConnectionLost => "ICQ connection lost.".into(),
        LogoutReason::NoAnswer => "ICQ did not answer.".into(),
        LogoutReason::Unreachable(_) => "ICQ cannot be reached.".into(),
    }
}

/// Why a message to ICQ comes back in this state.
pub(super) fn cannot_send(state: &UserState) -> Cow<'static, str> {
    match state {
        UserState::Queued | UserState::Connecting | UserState::Loading | UserState::Retrying(_) => {
            format!("Not connected to ICQ yet. {}", state.sentence()).into()
        }
        // Between two logins.
        UserState::Online => NOT_CONNECTED.into(),
        UserState::Offline | UserState::Barred(_) | UserState::Paused | UserState::Suspended => {
            state.sentence()
        }
    }
}

/// What a server says, as far as it fits into a line.
pub(super) fn servers_words(text: &str) -> String {
    clean_line(text, 200)
}

/// Status of the gateway while it waits to try again: `ICQ connection lost, next try 14:32 UTC`.
pub(super) fn next_try(state: &UserState, at: UnixTime) -> String {
    let minutes = at.secs() / 60;
    let sentence = state.sentence();
    let sentence = sentence.trim_end_matches('.');
    format!(
        "{sentence}, next try {:02}:{:02} UTC",
        minutes / 60 % 24,
        minutes % 60
    )
}

/// Status of the gateway while a login is on its way: the sentence without its full stop.
pub(super) fn progress(state: &UserState) -> String {
    state.sentence().trim_end_matches('.').to_owned()
}

/// What to do about a login that ended and is not repeated, or was not possible for a while.
pub(super) fn advice(reason: &LogoutReason) -> Cow<'static, str> {
    match reason {
        LogoutReason::WrongPassword => {
            "ICQ rejected the password. Set a new one by registering with the gateway again.".into()
        }
        LogoutReason::Kicked(_) => format!(
            "{} Reply *login* to come back here.",
            logged_out(reason).trim_end()
        )
        .into(),
        LogoutReason::Refused(_) => format!(
            "{} Reply *login* to try again.",
            logged_out(reason).trim_end()
        )
        .into(),
        LogoutReason::Asked => logged_out(reason),
        LogoutReason::AlreadyOnline
        | LogoutReason::TryAgainLater
        | LogoutReason::SessionLost
        | LogoutReason::ConnectionLost
        | LogoutReason::NoAnswer
        | LogoutReason::Unreachable(_) => format!(
            "{} I go on trying; my status shows when.",
            logged_out(reason)
        )
        .into(),
    }
}

/// The answer to a registration whose login failed.
pub(super) fn registration_failed(reason: &LogoutReason) -> Cow<'static, str> {
    match reason {
        // The one word for both (icq-udp.md §4.8).
        LogoutReason::TryAgainLater => {
            "ICQ asks to wait; try again in 20 minutes. If this number is \
                                        logged in somewhere else, log out there first."
                .into()
        }
        LogoutReason::AlreadyOnline => {
            "This ICQ number is logged in somewhere else. Log out there and try again.".into()
        }
        LogoutReason::NoAnswer => REGISTRATION_TIMEOUT.into(),
        LogoutReason::WrongPassword
        | LogoutReason::Refused(_)
        | LogoutReason::Unreachable(_)
        | LogoutReason::Asked
        | LogoutReason::Kicked(_)
        | LogoutReason::SessionLost
        | LogoutReason::ConnectionLost => logged_out(reason),
    }
}

/// What each version of the protocol answered to a login, as one sentence.
pub(super) fn versions_tried(answers: &[(Version, LogoutReason)]) -> String {
    let answer = |(version, why): &(Version, LogoutReason)| match why {
        LogoutReason::NoAnswer => format!("{version} was not answered"),
        LogoutReason::Refused(text) if text.is_empty() => format!("{version} was refused"),
        LogoutReason::Refused(text) => format!("{version} was refused: {}", servers_words(text)),
        LogoutReason::SessionLost => format!("{version} was answered with *not connected*"),
        LogoutReason::ConnectionLost => format!("{version} broke off"),
        LogoutReason::Asked
        | LogoutReason::WrongPassword
        | LogoutReason::AlreadyOnline
        | LogoutReason::TryAgainLater
        | LogoutReason::Kicked(_)
        | LogoutReason::Unreachable(_) => {
            let sentence = logged_out(why);
            format!("{version}: {}", sentence.trim_end_matches('.'))
        }
    };
    let answers: Vec<String> = answers.iter().map(answer).collect();
    format!(
        "No version of the ICQ protocol led to a login: {}.",
        answers.join("; ")
    )
}

/// The first message to somebody who has registered.
pub(super) fn welcome(uin: Uin, gateway: &str) -> String {
    format!(
        "Welcome to ICQ. Your number here is {uin}. To write to somebody, add NUMBER@{gateway} to your \
         contacts, with their ICQ number for NUMBER. Send *help* to see what I understand."
    )
}

/// The answer to *status*.
pub(super) fn status(uin: Uin, state: &UserState, online: usize, contacts: usize) -> String {
    format!(
        "{} Number {uin}, {online} of {contacts} contacts online.",
        state.sentence()
    )
}

/// The answer to a stranger who adds the gateway or writes to it.
pub(super) fn register_first(gateway: &str) -> String {
    format!(
        "You are not registered with this ICQ gateway. Register with {gateway} in your client's \
         service browser or account settings; it asks for your ICQ number and password."
    )
}

/// A field of a form that was left empty.
pub(super) fn empty_field(label: &str) -> String {
    format!("{label}: Please fill this in.")
}

/// A field of a form that holds something else than it may.
pub(super) fn bad_field(label: &str, why: &str) -> String {
    format!("{label}: {why}")
}

pub(super) const UNKNOWN_WORD: &str = "Unknown command. Send *help*.";
pub(super) const LOGGING_IN: &str = "Logging in to ICQ.";
pub(super) const ALREADY_LOGGED_IN: &str = "You are logged in to ICQ already.";
pub(super) const CONFIRM_UNREGISTER: &str = "This deletes your registration and everything stored for \
     it. Send *unregister yes* if you mean it. Your contact list on ICQ is not touched.";
pub(super) const UNREGISTERED: &str =
    "You are no longer registered. Everything stored was deleted.";
pub(super) const REVIVED: &str = "Welcome back. Your registration continues.";
pub(super) const ALREADY_REGISTERED: &str = "You are registered already.";
pub(super) const SUSPENDED: &str = "You removed the gateway from your contact list. Send *register* or \
     add it again to continue; your ICQ data is deleted after 30 days.";
pub(super) const RESTARTING: &str = "Gateway is restarting";

pub(super) const FORM_TITLE: &str = "ICQ account";
pub(super) const FORM_INSTRUCTIONS: &str = "Enter your ICQ number and ICQ password. ICQ passwords have \
     up to 8 characters; of a longer one, only the first 8 are used.";
pub(super) const FORM_WARNING: &str = "The password is kept encrypted on this server, because ICQ needs \
     it at each login.";
pub(super) const FORM_WARNING_REMOTE: &str = "The password is kept encrypted on this server, because ICQ \
     needs it at each login. On its way here it crosses your own server, whose operator can read it.";
pub(super) const FORM_UNCHANGED: &str = "Leave the password empty to keep the one that is stored.";
pub(super) const FIELD_UIN: &str = "ICQ number";
pub(super) const FIELD_PASSWORD: &str = "ICQ password";
pub(super) const FIELD_IMPORT: &str = "Put my ICQ contacts into my contact list";
pub(super) const FIELD_MODE: &str = "When to be online on ICQ";
pub(super) const MODE_FOLLOW: &str = "While I am online";
pub(super) const MODE_ALWAYS: &str = "Always";
pub(super) const MODE_MANUAL: &str = "Only when I say so";
pub(super) const FIELD_NETWORK: &str = "ICQ network";
pub(super) const FIELD_VERSION: &str = "Version of the ICQ protocol";
pub(super) const VERSION_AUTOMATIC: &str = "Automatic";
pub(super) const NOT_IN_NETWORK: &str = "This network is not spoken to in that version.";
pub(super) const NETWORK_GONE: &str = "The ICQ network you registered with is not offered any more. Register again to choose another.";
pub(super) const NOTHING_STORED: &str = "Nothing was stored; please try again.";
pub(super) const FIELD_CHARSET: &str = "Old clients write in";
pub(super) const BIRTHDAY_MOOD: &str = "It is their birthday today.";

/// A version as it is offered.
pub(super) const fn version(version: Version) -> &'static str {
    match version {
        Version::V1 => "V1 (1996, experimental)",
        Version::V2 => "V2 (ICQ up to 98 beta)",
        Version::V3 => "V3 (ICQ Groupware)",
        Version::V4 => "V4 (ICQ 98)",
        Version::V5 => "V5 (ICQ 99 and 2000)",
    }
}

pub(super) const NOT_A_CHOICE: &str = "This is none of the choices.";
pub(super) const PASSWORD_TOO_LONG: &str =
    "This is too long. ICQ passwords have up to 8 characters.";

pub(super) const REGISTRATION_TIMEOUT: &str =
    "ICQ did not answer. Nothing was stored; please try again.";
pub(super) const REGISTRATION_RUNNING: &str =
    "A registration of yours is under way. Wait for its end.";
pub(super) const REMOVAL_RUNNING: &str =
    "Your last registration is still being removed. Try again in a minute.";
pub(super) const REGISTRATIONS_TOO_MANY: &str = "Too many registrations. Try again in an hour.";
pub(super) const USERS_TOO_MANY: &str = "This gateway serves as many users as it may.";
pub(super) const NUMBER_TAKEN: &str = "Somebody else has registered this ICQ number here.";
pub(super) const NOT_A_FORM: &str = "This is neither the form nor its fields.";
pub(super) const REMOVE_ALONE: &str = "To unregister, send <remove/> and nothing beside it.";
pub(super) const NOT_REGISTERED: &str = "You are not registered with this ICQ gateway.";
pub(super) const NO_PERSON: &str = "Only people can register, with a name before the @.";
pub(super) const NO_LOOP: &str = "Addresses of this gateway cannot register with it.";
pub(super) const NO_ACCESS: &str = "The operator of this gateway does not let you use it.";
pub(super) const TOO_FAST: &str =
    "You send more than this gateway takes. Try again in five minutes.";
pub(super) const NO_ROOM: &str = "Too much of yours is waiting already. Try again later.";

pub(super) const NOT_UNDERSTOOD: &str = "This does not follow the schema.";
pub(super) const TOO_LARGE: &str = "This is nested too deeply or too large.";
pub(super) const UNKNOWN_NAMESPACE: &str = "This is not offered here.";
pub(super) const WRONG_PLACE: &str = "This is not offered at this address.";
pub(super) const NO_SUCH_NODE: &str = "There is no such node.";
pub(super) const NOBODY: &str = "Nobody on ICQ has this address.";
pub(super) const NOT_KNOWN: &str = "ICQ does not tell.";
pub(super) const CONTACT_OFFLINE: &str = "This contact is offline.";
pub(super) const PROMPT: &str = "Enter the ICQ number of the person.";
pub(super) const PROMPT_FIELD: &str = "ICQ number";
pub(super) const NOT_A_NUMBER: &str = "This is not an ICQ number. Numbers have five to ten digits.";

/// One line for all messages from ICQ there was no room for: senders and how many from each.
pub(super) fn messages_lost(lost: &[(Uin, u32)]) -> String {
    let total: u64 = lost.iter().map(|(_, count)| u64::from(*count)).sum();
    let senders: Vec<String> = lost
        .iter()
        .map(|(uin, count)| format!("{count} from {uin}"))
        .collect();
    format!(
        "While your Jabber server was away, {total} messages from ICQ found no room and were lost: {}.",
        senders.join(", ")
    )
}

/// Many contacts were taken off the roster at once.
pub(super) fn contacts_kept(count: usize) -> String {
    format!(
        "Contacts went off your contact list all at once. In case that was a mistake, {count} of them \
         were kept on your ICQ list, out of sight. Add one again to see it; remove it by itself to delete \
         it."
    )
}

/// There are too many contacts to ask about each.
pub(super) fn contacts_to_add(count: usize, gateway: &str) -> String {
    format!(
        "You have {count} ICQ contacts that are not in your contact list. To see one, add \
         NUMBER@{gateway}, with its ICQ number for NUMBER."
    )
}

/// More people ask for authorisation than a person can be asked about at once.
pub(super) fn requests_waiting(numbers: &[Uin]) -> String {
    let shown: Vec<String> = numbers.iter().take(20).map(ToString::to_string).collect();
    let more = if numbers.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!(
        "{} more people on ICQ want to add you: {}{more}. I will ask you about them little by little.",
        numbers.len(),
        shown.join(", ")
    )
}

/// A message holds characters that the code page lacks.
pub(super) fn characters_lost(count: usize, to: Uin, charset: &str) -> String {
    let characters = match count {
        1 => "One character".to_owned(),
        count => format!("{count} characters"),
    };
    format!(
        "{characters} of your message to {to} could not be shown to an old ICQ client that writes in \
         {charset}, and became question marks. If your contacts write in another alphabet, register \
         again and choose it in the form; your password may stay empty there. For this contact alone, \
         send *charset {to} NAME*."
    )
}

/// A message holds bytes that are no characters of the code page.
pub(super) fn characters_unreadable(count: usize, from: Uin, charset: &str) -> String {
    let characters = match count {
        1 => "One character".to_owned(),
        count => format!("{count} characters"),
    };
    format!(
        "{characters} of a message from {from} could not be shown: it does not seem to be written in \
         {charset}. To choose something else for this contact, send *charset {from} NAME*."
    )
}

/// What somebody writes in.
pub(super) fn charset_is(uin: Uin, charset: Charset) -> String {
    format!(
        "{uin} writes in {}, and is written to in it.",
        charset.name()
    )
}

/// There is no such code page.
pub(super) fn no_charset<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    format!(
        "I know no code page {}. There are utf-8, {} and others.",
        clean_line(name, 40),
        known.join(", ")
    )
}

pub(super) const CHARSET_HELP: &str = "Send *charset NUMBER NAME*, with the ICQ number of a contact and \
     what that contact's client writes in, or *default*.";
pub(super) const CHARSETS_TOO_MANY: &str =
    "There is no room for another contact with a code page of its own.";

/// A long message did not go out whole, as far as is known.
pub(super) fn parts_confirmed(sent: u16, parts: u16) -> String {
    format!("{MAY_HAVE_ARRIVED} {sent} of its {parts} parts were confirmed.")
}

/// There is no room for another contact.
pub(super) fn list_full(limit: usize) -> String {
    format!("Your list has {limit} contacts already, and that is all this gateway allows.")
}

pub(super) const OWN_NUMBER: &str = "This is your own ICQ number.";
pub(super) const TOO_MANY_ADDED: &str =
    "You added many new numbers within an hour. Try again later.";
pub(super) const PLEASE_AUTHORISE: &str = "Please authorise me.";
pub(super) const ADDED_YOU: &str = "Added you to the ICQ list.";
pub(super) const ON_YOUR_LIST: &str = "Already on your ICQ list.";

pub(super) const NOT_CONNECTED: &str = "Not connected to ICQ.";
pub(super) const QUEUE_FULL: &str = "Too many messages wait for ICQ already.";
pub(super) const ICQ_TOO_SLOW: &str =
    "ICQ takes no messages at the moment. Please try again later.";
pub(super) const MAY_HAVE_ARRIVED: &str = "ICQ did not confirm this message; it may have arrived.";
pub(super) const NOT_ON_ICQ: &str = "ICQ cannot carry this message.";
pub(super) const TOO_MANY_STRANGERS: &str = "You wrote to many new people within an hour. Add this one to \
     your contacts, or wait.";
