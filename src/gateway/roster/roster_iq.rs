//! The user's roster in iqs: questions, answers, items (RFC 6121 §2, XEP-0356).

use std::collections::BTreeMap;

use minidom::Element;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::BareJid;
use xmpp_parsers::roster::{Ask, Item as RosterItem, Roster as RosterQuery, Subscription as State};
use xmpp_parsers::stanza_error::DefinedCondition;

use super::subscription::MAX_NAME_CHARS;
use crate::gateway::{Effects, Env};
use crate::model::Uin;
use crate::store::Subscription;
use crate::xmpp::{Address, address, text};

/// What the user's server answered: a payload, or that there is none, or why not.
pub(super) type Answer<'a> = Result<Option<&'a Element>, Option<&'a DefinedCondition>>;

/// Whose item on a roster is meant.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Who {
    Contact(Uin),
    Gateway,
}

/// Whose address on the user's roster this is.
fn who(jid: &BareJid, env: &Env<'_>) -> Option<Who> {
    if jid.domain() != &*env.settings.domain {
        return None;
    }
    match Address::read(&jid.clone().into(), env.settings.lowest_uin) {
        Address::Gateway => Some(Who::Gateway),
        Address::Contact(uin) => Some(Who::Contact(uin)),
        Address::Invalid => None,
    }
}

/// The items of our domain in an answer to [`read`].
pub(super) fn items(answer: Answer<'_>, env: &Env<'_>) -> Option<BTreeMap<Who, RosterItem>> {
    let payload = answer.ok()??;
    let roster = RosterQuery::try_from(payload.clone()).ok()?;
    let items = roster.items.into_iter();
    Some(
        items
            .filter_map(|item| Some((who(&item.jid, env)?, item)))
            .collect(),
    )
}

/// An item with nothing but an address and a state.
pub(super) fn item(who: Who, env: &Env<'_>, subscription: State) -> RosterItem {
    RosterItem {
        jid: jid(who, env),
        name: None,
        subscription,
        ask: Ask::None,
        groups: Vec::new(),
        approved: None,
    }
}

pub(super) fn jid(who: Who, env: &Env<'_>) -> BareJid {
    match who {
        Who::Gateway => address::gateway(&env.settings.domain),
        Who::Contact(uin) => address::contact(uin, &env.settings.domain),
    }
}

/// Asks for the user's roster.
pub(super) fn read(env: &Env<'_>, fx: &mut Effects) -> String {
    let id = fx.id();
    fx.send(Iq::Get {
        from: Some(address::gateway(&env.settings.domain).into()),
        to: Some(env.jid.clone().into()),
        id: id.clone(),
        payload: query(Vec::new()),
    });
    id
}

/// Writes one item to the user's roster: more than one is not allowed (RFC 6121 §2.1.5).
pub(super) fn set(env: &Env<'_>, fx: &mut Effects, item: RosterItem) -> String {
    let id = fx.id();
    fx.send(Iq::Set {
        from: Some(address::gateway(&env.settings.domain).into()),
        to: Some(env.jid.clone().into()),
        id: id.clone(),
        payload: query(vec![item]),
    });
    id
}

fn query(items: Vec<RosterItem>) -> Element {
    RosterQuery { ver: None, items }.into()
}

/// The name a person gave an item.
pub(super) fn name_of(item: Option<&RosterItem>) -> Option<String> {
    let name = item?.name.as_deref()?;
    let name = text::clean_line(name, MAX_NAME_CHARS);
    (!name.is_empty()).then_some(name)
}

/// What an item says about the two subscriptions.
pub(super) fn directions(item: &RosterItem) -> (Subscription, Subscription) {
    let to = match item.subscription {
        State::To | State::Both => Subscription::Yes,
        _ if item.ask == Ask::Subscribe => Subscription::Pending,
        State::None | State::From | State::Remove => Subscription::None,
    };
    let from = match item.subscription {
        State::From | State::Both => Subscription::Yes,
        State::None | State::To | State::Remove => Subscription::None,
    };
    (to, from)
}
