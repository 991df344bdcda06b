//! The lists of people who are treated in a way of their own (xmpp-gateway.md §25.1).

use super::find::number;
use super::{Command, Filled, Form, Place, Turn, View, always};
use crate::gateway::action::{Action, PersonList};
use crate::gateway::words;

pub(super) const PRIVACY: Command = Command {
    node: "privacy",
    name: words::PRIVACY,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |view| Turn::last(form(view), change),
};

fn form(view: &View<'_>) -> Form {
    let lists = words::treatments(&view.env.preferences.people);
    Form::new(words::PRIVACY, words::PRIVACY_INSTRUCTIONS)
        .words(&lists)
        .required("uin", words::FIELD_UIN)
        .choice("list", words::LIST, lists_to_choose(), "ignored")
        .flag("on", words::ON_THE_LIST, true)
}

fn lists_to_choose() -> [(String, String); 3] {
    [
        ("visible", words::VISIBLE_LIST),
        ("invisible", words::INVISIBLE_LIST),
        ("ignored", words::IGNORE_LIST),
    ]
    .map(|(value, label)| (value.to_owned(), label.to_owned()))
}

fn change(view: &View<'_>, filled: &Filled) -> Turn {
    let list = match filled.text("list") {
        "visible" => PersonList::Visible,
        "invisible" => PersonList::Invisible,
        "ignored" => PersonList::Ignored,
        _ => return Turn::Again(words::bad_field(words::LIST, words::NOT_A_CHOICE).into()),
    };
    match number(view, filled) {
        Ok(uin) => Turn::act(Action::Treat {
            uin,
            list: Some(list),
            on: filled.flag("on").unwrap_or(true),
        }),
        Err(again) => again,
    }
}
