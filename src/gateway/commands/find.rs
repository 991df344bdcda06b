//! Looking for people, and at one of them (xmpp-gateway.md §20.2).

use super::{Command, Filled, Form, Place, Turn, View, always};
use crate::gateway::action::{Action, Done, Outcome};
use crate::gateway::{criteria, people, words};
use crate::icq::Ability;
use crate::model::{Found, Uin};

pub(super) const FIND: Command = Command {
    node: "find",
    name: words::FIND,
    place: Place::Gateway,
    needs: Some(Ability::Search),
    offered: always,
    start: |view| Turn::page(criteria::form(view.env.version), look),
};

pub(super) const LOOKUP: Command = Command {
    node: "lookup",
    name: words::LOOKUP,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |_| {
        let form = Form::new(words::LOOKUP, "").required("uin", words::FIELD_UIN);
        Turn::last(form, |view, filled| match number(view, filled) {
            Ok(uin) => Turn::act(Action::LookUp(uin)),
            Err(again) => again,
        })
    },
};

fn look(view: &View<'_>, filled: &Filled) -> Turn {
    let lowest = view.env.settings.lowest_uin;
    match criteria::search(filled, lowest, view.env.version) {
        Ok(search) => Turn::Act(Action::Find(search), Some(Box::new(choose))),
        Err(refusal) => Turn::Again(refusal.text),
    }
}

/// Shows whom a search found; those who are chosen are added.
pub(super) fn choose(view: &View<'_>, done: Done) -> Turn {
    let (people, more) = match done {
        Ok(Outcome::People { people, more }) => (people, more),
        other => return Turn::End(other),
    };
    let is_new = |person: &&Found| person.uin != view.env.uin && !view.roster.is_listed(person.uin);
    let new: Vec<&Found> = people.iter().filter(is_new).collect();
    if new.is_empty() {
        return Turn::End(Ok(Outcome::People { people, more }));
    }
    let options = new.iter().map(|it| (it.uin.to_string(), people::line(it)));
    let form = Form::new(&people::summary(&people, more), words::CHOOSE_WHOM_TO_ADD)
        .choices("add", words::ADD_THEM, options)
        .text("reason", words::REASON_TO_ADD, "");
    Turn::last(form, |_, filled| {
        let chosen = filled.values("add").iter();
        let chosen = chosen.filter_map(|value| Uin::from_digits(value));
        let chosen: Vec<Uin> = chosen.take(MOST_ADDED).collect();
        match chosen.is_empty() {
            true => Turn::End(Ok(Outcome::said(words::NOBODY_ADDED))),
            false => Turn::act(Action::Add {
                people: chosen,
                reason: filled.text("reason").to_owned(),
            }),
        }
    })
}

/// The number in the field `uin`.
pub(super) fn number(view: &View<'_>, filled: &Filled) -> Result<Uin, Turn> {
    let lowest = view.env.settings.lowest_uin;
    Uin::from_person(filled.text("uin"), lowest)
        .map_err(|_| Turn::Again(words::bad_field(words::FIELD_UIN, words::NOT_A_NUMBER).into()))
}

/// At once.
const MOST_ADDED: usize = 20;
