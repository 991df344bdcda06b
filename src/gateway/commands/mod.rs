//! Ad-hoc commands (XEP-0050, xmpp-gateway.md §23): forms through which a user has things done. One file a
//! command, and one line in [`ALL`].
//!
//! A command is a function from what is known to a [`Turn`]: a page to fill in, an
//! [`Action`](super::action::Action) to do, or the end. A page carries what follows from it, so a command
//! of several steps reads from top to bottom.

mod about;
mod answer;
mod contact;
mod find;
pub(super) mod form;
mod import;
mod login;
mod meet;
mod new_number;
mod password;
mod privacy;
mod profile;
mod settings;
mod unregister;
mod waiting;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use xmpp_parsers::jid::Jid;

use super::action::{Action, Done};
use super::xep::Place;
use super::{Env, Roster, words};
use crate::icq::Ability;
use crate::model::Uin;
use crate::store::Registration;
use crate::xmpp::{Condition, Refusal};
pub(super) use answer::{answer, asking, canceled, executing};
pub(super) use form::{Filled, Form};
pub(super) use meet::is_group;
pub(super) use settings::{ON_ADDED, setting};

/// The namespace, and the node under which the commands are listed.
pub(super) const NS: &str = "http://jabber.org/protocol/commands";

/// One command.
pub(super) struct Command {
    /// Its name for programs.
    pub(super) node: &'static str,
    /// Its name for people.
    pub(super) name: &'static str,
    /// Where it is offered: at the gateway, or at contacts.
    place: Place,
    /// What the user's version of ICQ must be able to do.
    needs: Option<Ability>,
    /// What else must be true.
    offered: fn(&View<'_>) -> bool,
    /// Begins it.
    pub(super) start: fn(&View<'_>) -> Turn,
}

/// What a command may know.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) env: Env<'a>,
    pub(super) registration: &'a Registration,
    pub(super) roster: &'a Roster,
    /// Contacts that somebody passed on lately.
    pub(super) received: Option<&'a Received>,
    /// At whose address.
    pub(super) contact: Option<Uin>,
}

/// Contacts that somebody passed on in a message.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) from: Uin,
    /// Numbers and nicknames.
    pub(super) contacts: Vec<(Uin, String)>,
}

/// What comes next.
pub(super) enum Turn {
    /// This is to be filled in.
    Page(Page),
    /// The page before is to be filled in once more, for this reason.
    Again(Cow<'static, str>),
    /// This is done, and its outcome told: that is the end, or what is to be made of it.
    Act(Action, Option<After>),
    /// The end.
    End(Done),
}

/// A form, and what follows from it.
pub(super) struct Page {
    pub(super) form: Form,
    /// It is the last one.
    pub(super) last: bool,
    pub(super) then: Next,
}

/// What follows from a page.
type Next = Box<dyn Fn(&View<'_>, &Filled) -> Turn + Send + Sync>;

/// What follows from the outcome of an action.
pub(super) type After = Box<dyn FnOnce(&View<'_>, Done) -> Turn + Send + Sync>;

/// All commands, in the order in which they are listed.
const ALL: &[&Command] = &[
    &login::LOGIN,
    &login::LOGOUT,
    &about::STATUS,
    &find::FIND,
    &find::LOOKUP,
    &meet::MEET,
    &waiting::WAITING,
    &import::IMPORT,
    &import::EXPORT,
    &privacy::PRIVACY,
    &settings::SETTINGS,
    &profile::PROFILE,
    &password::PASSWORD,
    &new_number::NEW_NUMBER,
    &unregister::UNREGISTER,
    &about::HELP,
    &contact::INFORMATION,
    &contact::ADD,
    &contact::ASK_AGAIN,
    &contact::GRANT,
    &contact::REFUSE,
    &contact::TREATMENT,
];

/// What somebody who is not registered is offered: nodes and names.
pub(super) const GUEST: [(&str, &str); 2] = [
    (GUEST_REGISTER, words::REGISTER),
    (GUEST_HELP, words::HELP_NAME),
];
pub(super) const GUEST_REGISTER: &str = "register";
pub(super) const GUEST_HELP: &str = "help";

/// The commands that `view` offers at its place.
pub(super) fn offered<'v>(view: &'v View<'_>) -> impl Iterator<Item = &'static Command> + 'v {
    ALL.iter().copied().filter(|it| it.is_offered(view))
}

/// The command at `node`, if it is offered.
pub(super) fn find(view: &View<'_>, node: &str) -> Result<&'static Command, Refusal> {
    let place = view.place();
    let mut all = ALL.iter();
    let command = all.find(|it| it.node == node && it.place == place);
    let Some(command) = command else {
        return Err(Refusal::new(
            Condition::ItemNotFound,
            words::NO_SUCH_COMMAND,
        ));
    };
    match command.is_offered(view) {
        true => Ok(command),
        false => Err(Refusal::new(Condition::Forbidden, words::NOT_OFFERED_NOW)),
    }
}

impl Command {
    fn is_offered(&self, view: &View<'_>) -> bool {
        let can = self.needs.is_none_or(|it| view.can(it));
        self.place == view.place() && can && (self.offered)(view)
    }
}

impl View<'_> {
    /// Contacts and their clients offer the same.
    const fn place(&self) -> Place {
        match self.contact {
            Some(_) => Place::Account,
            None => Place::Gateway,
        }
    }

    /// Whether the user's version of ICQ can do this.
    pub(super) fn can(&self, ability: Ability) -> bool {
        self.env.version.can(ability)
    }
}

impl Turn {
    /// A page after which something is done.
    pub(super) fn last(
        form: Form,
        then: impl Fn(&View<'_>, &Filled) -> Self + Send + Sync + 'static,
    ) -> Self {
        Self::Page(Page {
            form,
            last: true,
            then: Box::new(then),
        })
    }

    /// A page after which another one comes.
    pub(super) fn page(
        form: Form,
        then: impl Fn(&View<'_>, &Filled) -> Self + Send + Sync + 'static,
    ) -> Self {
        Self::Page(Page {
            form,
            last: false,
            then: Box::new(then),
        })
    }

    /// Something is done, and its outcome is the end.
    pub(super) const fn act(action: Action) -> Self {
        Self::Act(action, None)
    }
}

/// The commands of one user that have begun and not ended.
#[derive(Default)]
pub(super) struct Desk {
    sessions: Vec<Session>,
    count: u64,
}

struct Session {
    id: String,
    node: &'static str,
    owner: Jid,
    contact: Option<Uin>,
    until: Instant,
    /// Those that were shown, the latest last.
    pages: Vec<Page>,
}

impl Desk {
    /// Begins a command. Too many at a time, and the oldest is over.
    pub(super) fn open(
        &mut self,
        now: Instant,
        id: impl FnOnce(u64) -> String,
        node: &'static str,
        owner: Jid,
        contact: Option<Uin>,
    ) -> String {
        if self.sessions.len() >= MOST_OPEN {
            self.sessions.remove(0);
        }
        self.count += 1;
        let id = id(self.count);
        self.sessions.push(Session {
            id: id.clone(),
            node,
            owner,
            contact,
            until: now + LIFETIME,
            pages: Vec::new(),
        });
        id
    }

    /// Checks that a command may be gone on with, and which it is. One that was left alone for too long is over.
    pub(super) fn check(
        &mut self,
        now: Instant,
        id: &str,
        node: &str,
        owner: &Jid,
        contact: Option<Uin>,
    ) -> Result<&'static str, Refusal> {
        let is_it = |session: &Session| {
            session.id == id
                && session.node == node
                && session.owner == *owner
                && session.contact == contact
        };
        let Some(at) = self.sessions.iter().position(is_it) else {
            let refusal = Refusal::new(Condition::BadRequest, words::BAD_SESSION);
            return Err(refusal.with_own(NS, "bad-sessionid"));
        };
        if self.sessions[at].until <= now {
            self.sessions.remove(at);
            let refusal = Refusal::new(Condition::NotAllowed, words::SESSION_EXPIRED);
            return Err(refusal.with_own(NS, "session-expired"));
        }
        self.sessions[at].until = now + LIFETIME;
        Ok(self.sessions[at].node)
    }

    /// The page that is being filled in.
    pub(super) fn page(&self, id: &str) -> Option<&Page> {
        self.find(id)?.pages.last()
    }

    /// There is a page before that.
    pub(super) fn has_earlier(&self, id: &str) -> bool {
        self.find(id).is_some_and(|session| session.pages.len() > 1)
    }

    /// Turns to a new page.
    pub(super) fn turn_to(&mut self, id: &str, page: Page) {
        let mut sessions = self.sessions.iter_mut();
        let Some(session) = sessions.find(|session| session.id == id) else {
            return;
        };
        // No command has that many; one that went round and round would.
        if session.pages.len() >= MOST_PAGES {
            session.pages.remove(0);
        }
        session.pages.push(page);
    }

    /// Turns back to the page before.
    pub(super) fn turn_back(&mut self, id: &str) {
        let mut sessions = self.sessions.iter_mut();
        if let Some(session) = sessions.find(|session| session.id == id)
            && session.pages.len() > 1
        {
            session.pages.pop();
        }
    }

    /// Ends a command.
    pub(super) fn close(&mut self, id: &str) {
        self.sessions.retain(|session| session.id != id);
    }

    /// Whose address a command was given at; `None` if it has ended.
    pub(super) fn contact(&self, id: &str) -> Option<Option<Uin>> {
        self.find(id).map(|session| session.contact)
    }

    fn find(&self, id: &str) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }
}

/// What every command needs: nothing.
const fn always(_: &View<'_>) -> bool {
    true
}

/// xmpp-gateway.md §23.
const LIFETIME: Duration = Duration::from_secs(600);
const MOST_OPEN: usize = 5;
const MOST_PAGES: usize = 8;
