//! What the gateway and its contacts answer: one file per extension, and one list of them, from which
//! service discovery follows (xmpp-gateway.md §4, §26).
//!
//! An extension in [`ALL`] is answered and advertised; one that is not there is neither.

mod caps;
mod commands;
mod disco;
mod gateway_prompt;
mod last;
mod ping;
mod search;
mod time;
mod vcard;
mod version;

use minidom::Element;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ns;

use super::action::{Action, Writing};
use super::commands::View;
use super::{Shared, words};
use crate::icq::Ability;
use crate::icq::wire::Version;
use crate::model::{Now, Uin, UnixTime};
use crate::xmpp::{Address, Condition, Refusal, Request};

pub use caps::Caps;

/// One extension of XMPP.
pub(super) struct Extension {
    /// Its namespace: of the requests it answers, and of the feature in service discovery.
    namespace: &'static str,
    /// Where it is advertised.
    places: &'static [Place],
    /// What the user's version of ICQ must be able to do for it.
    needs: Option<Ability>,
    /// How requests in that namespace are answered, wherever they were sent.
    respond: Respond,
}

/// How requests are answered.
enum Respond {
    /// There are none, or they change things (registration, commands) and were answered before.
    Never,
    /// By a look at the state.
    With(fn(&Question<'_>) -> Answer),
    /// By having something done.
    By(fn(&Question<'_>) -> Result<Task, Refusal>),
}

/// What it takes to answer a request.
pub(super) enum Task {
    /// Nothing: this is it.
    Answer(Option<Element>),
    /// This has to be done, and so is told what came of it.
    Act(Action, Writing),
}

/// What is sent back: a payload, nothing but a yes, or a no.
pub(super) type Answer = Result<Option<Element>, Refusal>;

/// The kinds of addresses in the gateway's domain, as far as what they can do differs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// `icq.example.org`
    Gateway,
    /// `123456789@icq.example.org`
    Account,
    /// `123456789@icq.example.org/ICQ`
    Client,
}

impl Place {
    /// The kind of `jid`, which names `address`.
    pub(super) fn of(address: Address, jid: &Jid) -> Self {
        match address {
            Address::Gateway => Self::Gateway,
            Address::Contact(_) | Address::Invalid if jid.is_full() => Self::Client,
            Address::Contact(_) | Address::Invalid => Self::Account,
        }
    }
}

/// A request, and what it takes to answer it.
pub(super) struct Question<'a> {
    pub(super) now: Now,
    pub(super) shared: &'a Shared,
    pub(super) place: Place,
    /// Whom it is about, as far as the asker may know; `None` at the gateway.
    pub(super) contact: Option<ContactView<'a>>,
    /// At whose address it is; `None` at the gateway.
    pub(super) about: Option<Uin>,
    /// What a registered user's commands may know.
    pub(super) view: Option<View<'a>>,
    /// The version of ICQ a registered user speaks.
    pub(super) version: Option<Version>,
    pub(super) request: &'a Request,
}

/// What one user may know about a contact.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContactView<'a> {
    /// The name, or nothing.
    pub(super) name: &'a str,
    /// Shown online to this user.
    pub(super) online: bool,
    /// When it went offline, if that is known.
    pub(super) last_seen: Option<UnixTime>,
}

/// All extensions, in the order of their namespaces.
const ALL: &[&Extension] = &[
    &caps::CAPS,
    &commands::COMMANDS,
    &disco::INFO,
    &disco::ITEMS,
    &gateway_prompt::GATEWAY,
    &last::LAST,
    &REGISTER,
    &search::SEARCH,
    &version::VERSION,
    &FORMS,
    &OOB,
    &vcard::VCARD4,
    &ping::PING,
    &time::TIME,
    &vcard::VCARD,
];

/// XEP-0077. Answered by `register`, because it changes things.
const REGISTER: Extension = Extension {
    namespace: ns::REGISTER,
    places: &[Place::Gateway],
    needs: None,
    respond: Respond::Never,
};

/// XEP-0066: addresses sent to a contact reach it as text.
const OOB: Extension = Extension {
    namespace: ns::OOB,
    places: &[Place::Client],
    needs: None,
    respond: Respond::Never,
};

/// XEP-0004: registration has a form.
const FORMS: Extension = Extension {
    namespace: ns::DATA_FORMS,
    places: &[Place::Gateway],
    needs: None,
    respond: Respond::Never,
};

/// What it takes to answer any iq get or set that is not about registering and no command.
pub(super) fn answer(question: &Question<'_>) -> Result<Task, Refusal> {
    let namespace = question.request.payload.ns();
    let Some(extension) = ALL.iter().find(|it| it.namespace == namespace) else {
        return Err(Refusal::new(
            Condition::ServiceUnavailable,
            words::UNKNOWN_NAMESPACE,
        ));
    };
    match extension.respond {
        Respond::With(answer) => answer(question).map(Task::Answer),
        Respond::By(task) => task(question),
        Respond::Never => Err(wrong_place()),
    }
}

/// The namespaces advertised at `place`, to somebody who speaks that version of ICQ.
fn features(place: Place, version: Version) -> impl Iterator<Item = &'static str> {
    ALL.iter()
        .filter(move |extension| extension.places.contains(&place))
        .filter(move |extension| extension.needs.is_none_or(|it| version.can(it)))
        .map(|extension| extension.namespace)
}

impl Question<'_> {
    /// Refuses what is not a get of `name`.
    fn expect_get(&self, name: &str) -> Result<(), Refusal> {
        if self.request.set || self.request.payload.name() != name {
            return Err(malformed());
        }
        Ok(())
    }

    /// Refuses to speak for a client that is not there.
    fn expect_online(&self) -> Result<(), Refusal> {
        if self.contact.is_some_and(|contact| contact.online) {
            return Ok(());
        }
        Err(Refusal::new(
            Condition::ServiceUnavailable,
            words::CONTACT_OFFLINE,
        ))
    }
}

fn malformed() -> Refusal {
    Refusal::new(Condition::BadRequest, words::NOT_UNDERSTOOD)
}

/// The namespace is known, but not at this address (xmpp-gateway.md §15.4).
fn wrong_place() -> Refusal {
    Refusal::new(Condition::FeatureNotImplemented, words::WRONG_PLACE)
}

#[cfg(test)]
mod tests;
