//! What is said about people, and in the forms and answers of commands.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::gateway::action::PersonList;
use crate::gateway::commands::ON_ADDED as ON_ADDED_NAMES;
use crate::gateway::register;
use crate::gateway::roster::{Entry, Petition};
use crate::icq::Ability;
use crate::icq::wire::Version;
use crate::model::codes::RANDOM_GROUPS;
use crate::model::{Availability, Uin};
use crate::store::{Preferences, Registration, Treatment};

// --- names of commands ---------------------------------------------------------------------------

pub(in crate::gateway) const COMMANDS: &str = "Commands";
pub(in crate::gateway) const LOG_IN: &str = "Log in";
pub(in crate::gateway) const LOG_OUT: &str = "Log out";
pub(in crate::gateway) const STATUS: &str = "Status";
pub(in crate::gateway) const FIND: &str = "Find people";
pub(in crate::gateway) const LOOKUP: &str = "Who is this number";
pub(in crate::gateway) const MEET: &str = "Meet somebody";
pub(in crate::gateway) const WAITING: &str = "Requests waiting";
pub(in crate::gateway) const IMPORT: &str = "Import contacts";
pub(in crate::gateway) const EXPORT: &str = "Export contacts";
pub(in crate::gateway) const PRIVACY: &str = "Visible, invisible and ignore lists";
pub(in crate::gateway) const SETTINGS: &str = "Settings";
pub(in crate::gateway) const PROFILE: &str = "Publish my profile on ICQ";
pub(in crate::gateway) const CHANGE_PASSWORD: &str = "Change password";
pub(in crate::gateway) const UNREGISTER: &str = "Unregister";
pub(in crate::gateway) const HELP_NAME: &str = "Help";
pub(in crate::gateway) const INFORMATION: &str = "Information";
pub(in crate::gateway) const ADD: &str = "Add to my contacts";
pub(in crate::gateway) const ASK_AGAIN: &str = "Ask for authorisation again";
pub(in crate::gateway) const GRANT_AUTHORISATION: &str = "Grant authorisation";
pub(in crate::gateway) const REFUSE_AUTHORISATION: &str = "Refuse authorisation";
pub(in crate::gateway) const TREATMENT: &str = "Ignore, always visible, always invisible";

// --- about people --------------------------------------------------------------------------------

pub(in crate::gateway) const NICK: &str = "Nickname";
pub(in crate::gateway) const FIRST: &str = "First name";
pub(in crate::gateway) const LAST: &str = "Last name";
pub(in crate::gateway) const FULL_NAME: &str = "Name";
pub(in crate::gateway) const OWN_NAME: &str = "On your list as";
pub(in crate::gateway) const EMAIL: &str = "E-mail";
pub(in crate::gateway) const ADDRESS: &str = "Address";
pub(in crate::gateway) const WANTS_TO_BE_ASKED: &str = "Wants to be asked";
pub(in crate::gateway) const HOME: &str = "Home";
pub(in crate::gateway) const CITY: &str = "City";
pub(in crate::gateway) const STATE: &str = "State or province";
pub(in crate::gateway) const COUNTRY: &str = "Country";
pub(in crate::gateway) const PHONE: &str = "Telephone";
pub(in crate::gateway) const FAX: &str = "Fax";
pub(in crate::gateway) const CELLULAR: &str = "Mobile";
pub(in crate::gateway) const HOMEPAGE: &str = "Homepage";
pub(in crate::gateway) const WORK: &str = "Work";
pub(in crate::gateway) const WORK_PLACE: &str = "Place of work";
pub(in crate::gateway) const WORK_PHONE: &str = "Telephone at work";
pub(in crate::gateway) const WORK_HOMEPAGE: &str = "Homepage of the company";
pub(in crate::gateway) const COMPANY: &str = "Company";
pub(in crate::gateway) const POSITION: &str = "Position";
pub(in crate::gateway) const OCCUPATION: &str = "Occupation";
pub(in crate::gateway) const GENDER: &str = "Gender";
pub(in crate::gateway) const FEMALE: &str = "female";
pub(in crate::gateway) const MALE: &str = "male";
pub(in crate::gateway) const AGE: &str = "Age";
pub(in crate::gateway) const AGE_MIN: &str = "Not younger than";
pub(in crate::gateway) const AGE_MAX: &str = "Not older than";
pub(in crate::gateway) const BIRTHDAY: &str = "Birthday";
pub(in crate::gateway) const BIRTHDAY_FORM: &str = "Birthday (1980-05-01; year 0000 is not told)";
pub(in crate::gateway) const LANGUAGE: &str = "Language";
pub(in crate::gateway) const LANGUAGES: &str = "Languages";
pub(in crate::gateway) const INTERESTS: &str = "Interests";
pub(in crate::gateway) const AFFILIATIONS: &str = "Organisations";
pub(in crate::gateway) const PAST: &str = "Past";
pub(in crate::gateway) const TIME_ZONE: &str = "Time zone";
pub(in crate::gateway) const ABOUT: &str = "About";
pub(in crate::gateway) const KEYWORD: &str = "A word of the interests";
pub(in crate::gateway) const ONLINE_ONLY: &str = "Only who is online";
pub(in crate::gateway) const IS_ONLINE: &str = "(online)";
pub(in crate::gateway) const REMARK: &str = "Note";
pub(in crate::gateway) const ICQ_TOLD_NOTHING: &str = "ICQ tells no more than this at the moment.";
pub(in crate::gateway) const NOT_YOUR_CARD: &str = "Only the person can change this.";
pub(in crate::gateway) const GATEWAY_DESCRIPTION: &str =
    "A gateway to ICQ. A chat with this address understands: help.";

/// The line of a vCard that tells the number.
pub(in crate::gateway) fn icq_number(uin: Uin) -> String {
    format!("ICQ: {uin}")
}

/// Somebody has added the user, who wants to know and no more.
pub(in crate::gateway) fn added_you(uin: Uin, name: &str) -> String {
    match name.is_empty() {
        true => format!("{uin} added you to the ICQ list."),
        false => format!("{name} ({uin}) added you to the ICQ list."),
    }
}

// --- searching -----------------------------------------------------------------------------------

pub(in crate::gateway) const FIND_TITLE: &str = "Find people on ICQ";
pub(in crate::gateway) const FIND_INSTRUCTIONS: &str =
    "Fill in what you know. ICQ looks for people to whom all of it applies.";
pub(in crate::gateway) const NO_CRITERIA: &str =
    "Whom do you look for? Tell a name, an e-mail address or an ICQ number.";
pub(in crate::gateway) const NOT_AN_AGE: &str = "This is not an age.";
pub(in crate::gateway) const SEARCHES_TOO_MANY: &str = "You search too often. Wait five seconds.";
pub(in crate::gateway) const TOO_MANY_QUESTIONS: &str =
    "Too many questions wait for an answer of ICQ already.";
pub(in crate::gateway) const NOBODY_FOUND: &str = "Nobody on ICQ has this e-mail address.";
pub(in crate::gateway) const SEVERAL_PEOPLE: &str = "Several people; use search.";
pub(in crate::gateway) const CHOOSE_WHOM_TO_ADD: &str = "Choose whom you want to add, if anybody.";
pub(in crate::gateway) const ADD_THEM: &str = "Add to my contacts";
pub(in crate::gateway) const REASON_TO_ADD: &str = "What to tell a person who wants to be asked";
pub(in crate::gateway) const NOBODY_ADDED: &str = "Nobody was added.";
pub(in crate::gateway) const ALREADY_LISTED: &str = "This contact is on your list already.";

/// How many people a search found.
pub(in crate::gateway) fn found(count: usize, more: bool) -> String {
    match (count, more) {
        (0, _) => "ICQ found nobody.".to_owned(),
        (1, false) => "ICQ found one person:".to_owned(),
        (count, false) => format!("ICQ found {count} people:"),
        (count, true) => format!("ICQ found many people; these are {count} of them:"),
    }
}

/// So many people are about to be added.
pub(in crate::gateway) fn adding(count: usize) -> String {
    match count {
        1 => "One contact is being added.".to_owned(),
        count => format!("{count} contacts are being added."),
    }
}

// --- authorisation -------------------------------------------------------------------------------

pub(in crate::gateway) const NOT_WAITING_FOR_THEM: &str =
    "You are not waiting for this contact's authorisation.";
pub(in crate::gateway) const ASKED_AGAIN: &str = "Asked again.";
pub(in crate::gateway) const NOBODY_ASKS: &str =
    "Nobody of that number asks for your authorisation.";
pub(in crate::gateway) const GRANTED: &str = "Granted.";
pub(in crate::gateway) const REFUSED: &str = "Refused.";
pub(in crate::gateway) const GRANT: &str = "Grant";
pub(in crate::gateway) const REFUSE: &str = "Refuse";
pub(in crate::gateway) const WHO_ASKS: &str = "Who asks";
pub(in crate::gateway) const YOUR_ANSWER: &str = "Your answer";
pub(in crate::gateway) const REASON_TO_REFUSE: &str = "Reason, if you refuse";
pub(in crate::gateway) const WAITING_INSTRUCTIONS: &str =
    "These people ask to be allowed to add you on ICQ.";

/// One who asks, on a line.
pub(in crate::gateway) fn petition(petition: &Petition<'_>) -> String {
    let mut line = petition.uin.to_string();
    if !petition.name.is_empty() {
        line.push_str(&format!(" {}", petition.name));
    }
    if !petition.reason.is_empty() {
        line.push_str(&format!(": {}", petition.reason));
    }
    line
}

/// All who ask.
pub(in crate::gateway) fn petitions(petitions: &[Petition<'_>]) -> String {
    if petitions.is_empty() {
        return "Nobody waits for your authorisation.".to_owned();
    }
    let lines = petitions.iter().take(MOST_LINES).zip(1..);
    let lines: Vec<String> = lines
        .map(|(it, place)| format!("{place}. {}", petition(it)))
        .collect();
    format!(
        "These people ask to be allowed to add you. Send *grant 1* or *refuse 1 because …*.\n{}",
        lines.join("\n")
    )
}

/// In the answer to *status*.
pub(in crate::gateway) fn requests_open(count: usize) -> String {
    match count {
        1 => "One person waits for your authorisation: *waiting*.".to_owned(),
        count => format!("{count} people wait for your authorisation: *waiting*."),
    }
}

// --- lists ---------------------------------------------------------------------------------------

pub(in crate::gateway) const LIST: &str = "List";
pub(in crate::gateway) const ON_THE_LIST: &str = "On this list";
pub(in crate::gateway) const VISIBLE_LIST: &str =
    "Always visible: sees you also when you are invisible";
pub(in crate::gateway) const INVISIBLE_LIST: &str = "Always invisible: never sees you";
pub(in crate::gateway) const IGNORE_LIST: &str = "Ignored: neither seen nor heard";
pub(in crate::gateway) const TREAT_NORMALLY: &str = "None: as everybody";
pub(in crate::gateway) const PRIVACY_INSTRUCTIONS: &str =
    "Put a number on one of the lists, or take it off.";
pub(in crate::gateway) const TOO_MANY_TREATED: &str =
    "There are too many numbers on your lists already.";

/// Who is on the lists.
pub(in crate::gateway) fn treatments(people: &BTreeMap<Uin, Treatment>) -> String {
    let list = |name: &str, is_on: fn(&Treatment) -> bool| {
        let on = people.iter().filter(|(_, it)| is_on(it));
        let on: Vec<String> = on.map(|(uin, _)| uin.to_string()).collect();
        match on.is_empty() {
            true => format!("{name}: nobody."),
            false => format!("{name}: {}.", on.join(", ")),
        }
    };
    [
        list("Ignored", |it| it.ignored),
        list("Always visible", |it| it.visible),
        list("Always invisible", |it| it.invisible),
    ]
    .join("\n")
}

/// Somebody was put on a list, or taken off.
pub(in crate::gateway) fn treated(uin: Uin, list: Option<PersonList>, on: bool) -> String {
    let list = match list {
        Some(PersonList::Visible) => "list of those who always see you",
        Some(PersonList::Invisible) => "list of those who never see you",
        Some(PersonList::Ignored) => "ignore list",
        None => return format!("{uin} is on none of your lists."),
    };
    match on {
        true => format!("{uin} is on your {list}."),
        false => format!("{uin} is not on your {list}."),
    }
}

/// The contact list.
pub(in crate::gateway) fn contacts(entries: &[Entry<'_>]) -> String {
    if entries.is_empty() {
        return NO_CONTACTS.to_owned();
    }
    let line = |entry: &Entry<'_>| {
        let status = match entry.status {
            _ if entry.waiting => "has not authorised you",
            None => "offline",
            Some(status) => match status.availability {
                Availability::Online => "online",
                Availability::FreeForChat => "free for chat",
                Availability::Away => "away",
                Availability::NotAvailable => "not available",
                Availability::Occupied => "occupied",
                Availability::DoNotDisturb => "do not disturb",
            },
        };
        match entry.name.is_empty() {
            true => format!("{}: {status}", entry.uin),
            false => format!("{} {}: {status}", entry.uin, entry.name),
        }
    };
    let mut lines: Vec<String> = entries.iter().take(MOST_LINES).map(line).collect();
    if entries.len() > MOST_LINES {
        lines.push(format!("… and {} more", entries.len() - MOST_LINES));
    }
    lines.join("\n")
}

pub(in crate::gateway) const NO_CONTACTS: &str = "There are no such contacts.";

// --- import --------------------------------------------------------------------------------------

pub(in crate::gateway) const CONTACTS: &str = "Contacts";
pub(in crate::gateway) const IMPORT_INSTRUCTIONS: &str = "One contact a line: the ICQ number, and if you \
     like a name and a group, with semicolons, commas or tabs between them. You can paste a CSV file.";
pub(in crate::gateway) const IMPORT_BY_CHAT: &str = "Send *import* with one contact a line behind it: the \
     ICQ number, and if you like a name and a group, with semicolons between them.";
pub(in crate::gateway) const NO_NUMBERS: &str = "There are no ICQ numbers in this.";
pub(in crate::gateway) const NOTHING_RECEIVED: &str = "Nobody has sent you contacts lately.";

/// What an import found in a text.
pub(in crate::gateway) fn import_summary(new: usize, known: usize, unread: usize) -> String {
    let mut text = format!("{new} new contacts.");
    if known > 0 {
        text.push_str(&format!(" {known} are on your list already."));
    }
    if unread > 0 {
        text.push_str(&format!(" {unread} lines could not be read."));
    }
    text
}

/// So many were imported.
pub(in crate::gateway) fn imported(count: usize) -> String {
    match count {
        0 => "Nobody was added: all of them are on your list, or it is full.".to_owned(),
        1 => "One contact was added.".to_owned(),
        count => format!("{count} contacts were added."),
    }
}

/// Contacts that somebody sent.
pub(in crate::gateway) fn contacts_from(uin: Uin, count: usize) -> String {
    format!("These {count} are what {uin} sent you last.")
}

/// What to do about them in the chat window.
pub(in crate::gateway) fn import_received(uin: Uin, count: usize) -> String {
    format!("{uin} sent you {count} contacts: *import received* adds them. {IMPORT_BY_CHAT}")
}

// --- password ------------------------------------------------------------------------------------

pub(in crate::gateway) const PASSWORD_INSTRUCTIONS: &str = "The gateway uses this password to log in to \
     ICQ from now on.";
pub(in crate::gateway) const NEW_PASSWORD: &str = "New password";
pub(in crate::gateway) const REPEAT_PASSWORD: &str = "New password again";
pub(in crate::gateway) const OLD_PASSWORD: &str = "Old password, to change it on ICQ too";
pub(in crate::gateway) const PASSWORD_ON_ICQ: &str = "Also change it on ICQ";
pub(in crate::gateway) const PASSWORDS_DIFFER: &str = "The two passwords differ.";
pub(in crate::gateway) const OLD_PASSWORD_WRONG: &str = "This is not your old password.";
pub(in crate::gateway) const PASSWORD_STORED: &str =
    "The password is stored, and is used at your next login.";
pub(in crate::gateway) const PASSWORD_TRIED: &str = "The password is stored. I log in with it now.";
pub(in crate::gateway) const PASSWORD_CHANGED_ON_ICQ: &str = "ICQ took your new password.";
pub(in crate::gateway) const PASSWORD_UNCONFIRMED: &str = "ICQ did not confirm the new password, and may \
     have taken it all the same. If I cannot log in any more, tell me the new one with *password*.";
pub(in crate::gateway) const PASSWORD_NEXT: &str = "Your next message is taken as the password. Delete it \
     afterwards, it stays in your history. A form that does not is in your client's list of commands.";
pub(in crate::gateway) const PASSWORD_BY_FORM: &str = "Passwords are not for the chat here. Use the form \
     in your client's list of commands, or register with the gateway again.";

// --- new number ----------------------------------------------------------------------------------

pub(in crate::gateway) const NEW_NUMBER: &str = "Get a new ICQ number";
pub(in crate::gateway) const NEW_NUMBER_INSTRUCTIONS: &str = "ICQ gives you a new number, with the password \
     you choose here. It takes the place of the number you have registered, whose contacts leave your list \
     with it: export them first. Your old number stays yours on ICQ.";
pub(in crate::gateway) const NUMBER_IN_MESSAGE: &str =
    "You have a new ICQ number. A message tells which.";
pub(in crate::gateway) const NO_NEW_NUMBERS: &str =
    "ICQ gives out no new number here, or does not answer.";
pub(in crate::gateway) const NUMBERS_NOT_ALLOWED: &str = "The operator does not let this gateway ask for new \
     numbers.";
pub(in crate::gateway) const ONE_NUMBER_A_DAY: &str = "You can get one new number a day.";
pub(in crate::gateway) const NUMBERS_TOO_MANY: &str =
    "This gateway has given out as many numbers today as it may.";
pub(in crate::gateway) const FORM_NEW_NUMBER: &str = "If you have no number yet, leave it empty: you get a \
     new one, with the password you choose.";
pub(in crate::gateway) const NUMBER_PASSWORD_NEXT: &str = "ICQ gives you a new number, which takes the place \
     of the one you have here; the contacts of that one leave your list with it. Your next message is taken \
     as the password of the new number. Delete it afterwards, it stays in your history.";

/// The number, told once.
pub(in crate::gateway) fn new_number(uin: Uin) -> String {
    format!("Your new ICQ number is {uin}. Keep it, and its password: ICQ tells neither again.")
}

/// There is a number, and no login with it.
pub(in crate::gateway) fn number_without_login(uin: Uin) -> String {
    format!(
        "ICQ gave you the number {uin}, but I could not log in with it, and nothing was changed here. Register \
         with it and the password you chose to try again."
    )
}

// --- settings ------------------------------------------------------------------------------------

pub(in crate::gateway) const BE_INVISIBLE: &str = "Be invisible on ICQ";
pub(in crate::gateway) const WEB_AWARE: &str = "Let ICQ show my status on the web";
pub(in crate::gateway) const ON_ADDED: &str = "When somebody adds me";
pub(in crate::gateway) const ON_ADDED_ASK: &str = "Ask me whether to add them";
pub(in crate::gateway) const ON_ADDED_NOTE: &str = "Tell me";
pub(in crate::gateway) const ON_ADDED_IGNORE: &str = "Do nothing";
pub(in crate::gateway) const SAVED: &str = "Saved.";
pub(in crate::gateway) const NO_SUCH_SETTING: &str = "There is no such setting. Send *settings*.";
pub(in crate::gateway) const INVISIBLE: &str = "Invisible";
pub(in crate::gateway) const YOU_ARE_INVISIBLE: &str = "You are invisible on ICQ.";

/// All settings, as *set* takes them.
pub(in crate::gateway) fn settings(
    registration: &Registration,
    preferences: &Preferences,
) -> String {
    let flag = |on| if on { "yes" } else { "no" };
    let mut on_added = ON_ADDED_NAMES.iter();
    let on_added = on_added.find(|(it, ..)| *it == preferences.on_added);
    let lines = [
        (
            "mode",
            register::mode_name(registration.mode),
            "follow, always, manual",
        ),
        (
            "charset",
            registration.charset.as_str(),
            "windows-1252, windows-1251, …",
        ),
        ("import", flag(registration.import_contacts), "yes, no"),
        ("invisible", flag(preferences.invisible), "yes, no"),
        ("web-aware", flag(preferences.web_aware), "yes, no"),
        (
            "on-added",
            on_added.map_or("", |(_, name, _)| name),
            "ask, note, ignore",
        ),
    ]
    .map(|(name, value, choices)| format!("{name} = {value}   ({choices})"));
    format!("Send *set NAME VALUE* to change one.\n{}", lines.join("\n"))
}

// --- profile -------------------------------------------------------------------------------------

pub(in crate::gateway) const PROFILE_INSTRUCTIONS: &str = "Everybody on ICQ can see this. It is as ICQ \
     shows it now; change what you like.";
pub(in crate::gateway) const REQUIRE_AUTHORISATION: &str = "Whoever wants to add me has to ask";
pub(in crate::gateway) const NOT_A_DATE: &str = "This is not a date like 1980-05-01.";
pub(in crate::gateway) const PUBLISHED: &str = "ICQ shows your profile like that from now on.";

// --- meeting somebody ----------------------------------------------------------------------------

pub(in crate::gateway) const MEET_INSTRUCTIONS: &str = "ICQ can look for somebody who wants to meet people, \
     too. You can also let yourself be found, for as long as you are online.";
pub(in crate::gateway) const MEET_WHAT: &str = "What to do";
pub(in crate::gateway) const MEET_ASK: &str = "Look for somebody";
pub(in crate::gateway) const MEET_JOIN: &str = "Let others find me";
pub(in crate::gateway) const MEET_LEAVE: &str = "Let nobody find me any more";
pub(in crate::gateway) const MEET_GROUP: &str = "Group";
pub(in crate::gateway) const MEET_FOUND: &str =
    "Write to this number, or add it to your contacts if you like.";
pub(in crate::gateway) const NOBODY_TO_MEET: &str =
    "Nobody of this group wants to meet at the moment.";
pub(in crate::gateway) const JOINED_RANDOM: &str = "Others can find you now.";
pub(in crate::gateway) const LEFT_RANDOM: &str = "Nobody finds you any more.";

/// How to say which group.
pub(in crate::gateway) fn meet_groups() -> String {
    let groups = RANDOM_GROUPS.iter();
    let groups: Vec<String> = groups
        .map(|(code, name)| format!("{code} {name}"))
        .collect();
    format!(
        "Send *meet 1*, *meet join 1* or *meet leave*. The groups are: {}.",
        groups.join(", ")
    )
}

// --- everything else -----------------------------------------------------------------------------

pub(in crate::gateway) const NO_SUCH_COMMAND: &str = "There is no such command.";
pub(in crate::gateway) const NOT_OFFERED_NOW: &str = "This command is not offered at the moment.";
pub(in crate::gateway) const BAD_SESSION: &str = "This command is over. Begin it anew.";
pub(in crate::gateway) const SESSION_EXPIRED: &str = "This took more than ten minutes. Begin anew.";
pub(in crate::gateway) const REGISTER: &str = "Register";
pub(in crate::gateway) const REGISTERED: &str = "You are registered.";
pub(in crate::gateway) const UNREGISTER_MEANS: &str = "This deletes your registration and everything stored \
     for it. Your contact list on ICQ is not touched.";
pub(in crate::gateway) const I_MEAN_IT: &str = "I mean it";
pub(in crate::gateway) const NOTHING_DONE: &str = "Nothing was done.";
pub(in crate::gateway) const VERSION_CANNOT: &str =
    "Your version of ICQ's protocol cannot do this.";
pub(in crate::gateway) const ICQ_REFUSES: &str = "ICQ refuses.";
pub(in crate::gateway) const ICQ_IS_SILENT: &str =
    "ICQ does not answer. It may be unable to do this.";

/// In the answer to *status*.
pub(in crate::gateway) fn online_for(version: Version, time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!(
        "Protocol V{}, online for {hours}:{minutes:02} hours.",
        version.word()
    )
}

/// In the answer to *status*.
pub(in crate::gateway) fn messages_waiting(count: usize) -> String {
    match count {
        1 => "One message waits to be sent.".to_owned(),
        count => format!("{count} messages wait to be sent."),
    }
}

/// The answer to *help*: what the user's version of ICQ can do.
pub(in crate::gateway) fn help(version: Version, new_numbers: bool) -> String {
    let can = |ability, line: &'static str| version.can(ability).then_some(line);
    let lines = [
        Some("I understand:"),
        Some("*status*, *login*, *logout*"),
        Some("*contacts*, *add 123456 Hello!*, *ask 123456*, *info 123456*"),
        can(
            Ability::Search,
            "*find Benvolio*, *find ben@verona.example*",
        ),
        can(Ability::MeetRandom, "*meet 1*, *meet join 1*, *meet leave*"),
        Some("*waiting*, *grant 1*, *refuse 1 Who are you?*"),
        Some("*ignore 123456*, *visible 123456*, *invisible 123456*, *normal 123456*, *lists*"),
        Some("*import*, *export*"),
        can(Ability::NewNumber, "*new number*").filter(|_| new_numbers),
        Some("*settings*, *set NAME VALUE*, *password*, *profile*"),
        Some("*charset 123456 windows-1251*"),
        Some("*unregister*"),
    ];
    let lines: Vec<&str> = lines.into_iter().flatten().collect();
    lines.join("\n")
}

/// More are not read in a chat window.
const MOST_LINES: usize = 50;
