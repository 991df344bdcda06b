//! What a user can have done: one list for the forms of [`commands`](super::commands), the words of the chat
//! window and the requests of XMPP's own protocols. [`User`](super::User) does it and tells whoever asked.

use std::borrow::Cow;

use xmpp_parsers::jid::Jid;

use super::Settings;
use super::commands::After;
use super::numbers::Line;
use super::xep::Answer;
use crate::model::{Details, Found, RandomGroup, Search, Secret, Uin};
use crate::store::{Mode, OnAdded};
use crate::xmpp::{Refusal, Request, Stanza};

/// What a user can have done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// Tells how everything stands.
    Status,
    /// Goes online.
    LogIn,
    /// Goes offline until further notice.
    LogOut,
    /// Undoes that the gateway was taken off the roster.
    Revive,
    /// Looks for people.
    Find(Search),
    /// Tells everything about somebody.
    LookUp(Uin),
    /// Tells who is on the list, if this is part of the name or number.
    Contacts(String),
    /// Puts people on the list.
    Add {
        /// Whom.
        people: Vec<Uin>,
        /// What to tell a person who wants to be asked; may be empty.
        reason: String,
    },
    /// Asks somebody for authorisation once more.
    AskAgain {
        /// Whom.
        uin: Uin,
        /// Why; may be empty.
        reason: String,
    },
    /// Tells who asks for authorisation.
    Waiting,
    /// Grants somebody's request.
    Grant(Uin),
    /// Refuses somebody's request.
    Refuse {
        /// Whose.
        uin: Uin,
        /// Why; may be empty.
        reason: String,
    },
    /// Puts somebody on a list of people treated in a way of their own, or takes them off.
    Treat {
        /// Whom.
        uin: Uin,
        /// On which; `None` is all of them.
        list: Option<PersonList>,
        /// On it, or off it.
        on: bool,
    },
    /// Tells who is on these lists.
    Treatments,
    /// Takes people over from another list.
    Import(Vec<Line>),
    /// Gives the list in a form that can be taken elsewhere.
    Export,
    /// Uses another password from now on.
    ChangePassword {
        /// Which.
        new: Secret,
        /// ICQ is to know it instead of the old one.
        on_icq: bool,
    },
    /// Shows this of oneself on ICQ.
    Publish(Box<Details>),
    /// Decides about the gateway's behaviour.
    Set(Vec<Setting>),
    /// Tells what was decided.
    Settings,
    /// Is found by those who want to meet somebody of this group, or of none.
    JoinRandom(Option<RandomGroup>),
    /// Wants to meet somebody of this group.
    Meet(RandomGroup),
    /// Registers under a new number of ICQ's, with this password.
    NewNumber(Secret),
    /// Ends the registration.
    Unregister,
}

/// A list of people treated in a way of their own (xmpp-gateway.md §25.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PersonList {
    /// They see the user although the user is invisible.
    Visible,
    /// They never see the user.
    Invisible,
    /// They are neither seen nor heard.
    Ignored,
}

/// One decision about the gateway's behaviour (xmpp-gateway.md §23.4).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Setting {
    Mode(Mode),
    Charset(String),
    Import(bool),
    OnAdded(OnAdded),
    Invisible(bool),
    WebAware(bool),
}

/// What came of an action.
pub(super) type Done = Result<Outcome, Refusal>;

/// What there is to tell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// In words.
    Said(Cow<'static, str>),
    /// About one person.
    Card(Box<Card>),
    /// About people.
    People {
        people: Vec<Found>,
        /// There are more than the server tells.
        more: bool,
    },
}

/// What is known about one person.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Card {
    pub(super) uin: Uin,
    /// What the user calls them; may be empty.
    pub(super) name: String,
    pub(super) details: Details,
    /// ICQ has told it, and not long ago.
    pub(super) fresh: bool,
}

/// Who wants to be told.
pub(super) enum Asker {
    /// The user, in the chat window.
    Chat,
    /// A program, in the words of its protocol.
    Iq { reply: Reply, write: Writing },
    /// A command that goes on with it.
    Command {
        reply: Reply,
        node: &'static str,
        session: String,
        then: Option<After>,
    },
}

impl Asker {
    /// Whoever registers by an iq, and is told yes or no.
    pub(super) fn registering(request: &Request) -> Self {
        Self::Iq {
            reply: Reply::to(request),
            write: |_, done| done.map(|_| None),
        }
    }
}

/// How a protocol says what came of an action.
pub(super) type Writing = fn(&Settings, Done) -> Answer;

/// Where the answer to an iq goes.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) from: Jid,
    pub(super) to: Jid,
    pub(super) id: String,
}

impl Reply {
    pub(super) fn to(request: &Request) -> Self {
        Self {
            from: request.to.clone(),
            to: request.from.clone(),
            id: request.id.clone(),
        }
    }

    /// The answer.
    pub(super) fn stanza(self, answer: Answer) -> Stanza {
        match answer {
            Ok(payload) => Stanza::iq_result(self.from, self.to, self.id, payload),
            Err(refusal) => Stanza::iq_error(self.from, self.to, self.id, &refusal),
        }
    }
}

impl Outcome {
    /// In words.
    pub(super) fn said(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Said(text.into())
    }
}

impl Card {
    /// What ICQ tells, without the user's own name for the person.
    pub(super) fn of(uin: Uin, name: &str, details: Details, fresh: bool) -> Box<Self> {
        Box::new(Self {
            uin,
            name: name.to_owned(),
            details,
            fresh,
        })
    }
}
