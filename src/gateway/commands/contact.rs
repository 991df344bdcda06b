//! Commands on a contact (xmpp-gateway.md §23.2): clients show them in the menu of a chat.

use super::{Command, Filled, Form, Place, Turn, View, always};
use crate::gateway::action::{Action, Outcome, PersonList};
use crate::gateway::words;
use crate::model::Uin;

pub(super) const INFORMATION: Command = Command {
    node: "information",
    name: words::INFORMATION,
    place: Place::Account,
    needs: None,
    offered: always,
    start: |view| with(view, Action::LookUp),
};

pub(super) const ADD: Command = Command {
    node: "add",
    name: words::ADD,
    place: Place::Account,
    needs: None,
    offered: |view| contact(view).is_some_and(|uin| !view.roster.is_listed(uin)),
    start: |view| {
        ask_why(view, words::ADD, words::REASON_TO_ADD, |uin, reason| {
            let people = vec![uin];
            Action::Add { people, reason }
        })
    },
};

pub(super) const ASK_AGAIN: Command = Command {
    node: "ask-again",
    name: words::ASK_AGAIN,
    place: Place::Account,
    needs: None,
    offered: |view| contact(view).is_some_and(|uin| view.roster.is_waiting(uin)),
    start: |view| {
        ask_why(
            view,
            words::ASK_AGAIN,
            words::REASON_TO_ADD,
            |uin, reason| Action::AskAgain { uin, reason },
        )
    },
};

pub(super) const GRANT: Command = Command {
    node: "grant",
    name: words::GRANT_AUTHORISATION,
    place: Place::Account,
    needs: None,
    offered: is_asking,
    start: |view| with(view, Action::Grant),
};

pub(super) const REFUSE: Command = Command {
    node: "refuse",
    name: words::REFUSE_AUTHORISATION,
    place: Place::Account,
    needs: None,
    offered: is_asking,
    start: |view| {
        let why = words::REASON_TO_REFUSE;
        ask_why(view, words::REFUSE_AUTHORISATION, why, |uin, reason| {
            Action::Refuse { uin, reason }
        })
    },
};

pub(super) const TREATMENT: Command = Command {
    node: "treatment",
    name: words::TREATMENT,
    place: Place::Account,
    needs: None,
    offered: always,
    start: |view| match contact(view) {
        Some(uin) => Turn::last(treatment_form(view, uin), treat),
        None => nothing(),
    },
};

fn treatment_form(view: &View<'_>, uin: Uin) -> Form {
    let known = view.env.preferences.people.get(&uin);
    let is = |which: fn(&crate::store::Treatment) -> bool| known.is_some_and(which);
    let value = match () {
        () if is(|it| it.ignored) => "ignored",
        () if is(|it| it.invisible) => "invisible",
        () if is(|it| it.visible) => "visible",
        () => "normal",
    };
    let choices = [
        ("normal", words::TREAT_NORMALLY),
        ("visible", words::VISIBLE_LIST),
        ("invisible", words::INVISIBLE_LIST),
        ("ignored", words::IGNORE_LIST),
    ]
    .map(|(value, label)| (value.to_owned(), label.to_owned()));
    Form::new(words::TREATMENT, "").choice("list", words::LIST, choices, value)
}

fn treat(view: &View<'_>, filled: &Filled) -> Turn {
    let Some(uin) = contact(view) else {
        return nothing();
    };
    let put = |list| {
        Turn::act(Action::Treat {
            uin,
            list: Some(list),
            on: true,
        })
    };
    match filled.text("list") {
        "visible" => put(PersonList::Visible),
        "invisible" => put(PersonList::Invisible),
        "ignored" => put(PersonList::Ignored),
        "normal" => Turn::act(Action::Treat {
            uin,
            list: None,
            on: false,
        }),
        _ => Turn::Again(words::bad_field(words::LIST, words::NOT_A_CHOICE).into()),
    }
}

const fn contact(view: &View<'_>) -> Option<Uin> {
    view.contact
}

fn is_asking(view: &View<'_>) -> bool {
    let asking = view.roster.petitions();
    asking.iter().any(|it| Some(it.uin) == view.contact)
}

/// Does something that needs nothing but the contact.
fn with(view: &View<'_>, action: impl FnOnce(Uin) -> Action) -> Turn {
    contact(view).map_or_else(nothing, |uin| Turn::act(action(uin)))
}

/// Asks for a reason first.
fn ask_why(
    view: &View<'_>,
    title: &str,
    label: &str,
    action: impl Fn(Uin, String) -> Action + Send + Sync + 'static,
) -> Turn {
    let Some(uin) = contact(view) else {
        return nothing();
    };
    let form = Form::new(title, "").text("reason", label, "");
    Turn::last(form, move |_, filled| {
        Turn::act(action(uin, filled.text("reason").to_owned()))
    })
}

/// Without a contact, these commands are offered to nobody.
fn nothing() -> Turn {
    Turn::End(Ok(Outcome::said(words::NOTHING_DONE)))
}
