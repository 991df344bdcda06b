//! Meeting somebody at random (icq-udp.md §8.6): to be found, to be found no longer, and to ask for one.

use super::find::choose;
use super::{Command, Filled, Form, Place, Turn, View, always};
use crate::gateway::action::{Action, Card, Done, Outcome};
use crate::gateway::{card, words};
use crate::icq::Ability;
use crate::model::RandomGroup;
use crate::model::codes::{self, RANDOM_GROUPS};

pub(super) const MEET: Command = Command {
    node: "meet",
    name: words::MEET,
    place: Place::Gateway,
    needs: Some(Ability::MeetRandom),
    offered: always,
    start: |_| Turn::page(form(), meet),
};

fn form() -> Form {
    let deeds = [
        ("ask", words::MEET_ASK),
        ("join", words::MEET_JOIN),
        ("leave", words::MEET_LEAVE),
    ]
    .map(|(value, label)| (value.to_owned(), label.to_owned()));
    let groups = RANDOM_GROUPS.iter();
    let groups = groups.map(|(code, name)| (code.to_string(), (*name).to_owned()));
    Form::new(words::MEET, words::MEET_INSTRUCTIONS)
        .choice("do", words::MEET_WHAT, deeds, "ask")
        .choice("group", words::MEET_GROUP, groups, "1")
}

fn meet(_: &View<'_>, filled: &Filled) -> Turn {
    let group = filled.code("group").filter(|code| is_group(*code));
    let (deed, group) = (filled.text("do"), group.map(RandomGroup));
    match (deed, group) {
        ("leave", _) => Turn::act(Action::JoinRandom(None)),
        ("join", Some(group)) => Turn::act(Action::JoinRandom(Some(group))),
        ("ask", Some(group)) => Turn::Act(Action::Meet(group), Some(Box::new(introduce))),
        (_, None) => Turn::Again(words::bad_field(words::MEET_GROUP, words::NOT_A_CHOICE).into()),
        (_, Some(_)) => Turn::Again(words::bad_field(words::MEET_WHAT, words::NOT_A_CHOICE).into()),
    }
}

/// Somebody was found: first, what they tell about themselves.
fn introduce(view: &View<'_>, done: Done) -> Turn {
    let person = match &done {
        Ok(Outcome::People { people, .. }) => people.first().map(|person| person.uin),
        _ => None,
    };
    match person {
        Some(uin) => Turn::Act(
            Action::LookUp(uin),
            Some(Box::new(move |view, card| match card {
                Ok(Outcome::Card(card)) => offer(&card),
                _ => choose(view, done),
            })),
        ),
        None => choose(view, done),
    }
}

fn offer(card: &Card) -> Turn {
    let uin = card.uin;
    let form = Form::new(&card::title(card), words::MEET_FOUND)
        .words(&card::text(card))
        .flag("add", words::ADD_THEM, false)
        .text("reason", words::REASON_TO_ADD, "");
    Turn::last(form, move |_, filled| match filled.flag("add") {
        Some(true) => Turn::act(Action::Add {
            people: vec![uin],
            reason: filled.text("reason").to_owned(),
        }),
        _ => Turn::End(Ok(Outcome::said(words::NOBODY_ADDED))),
    })
}

/// There is such a group.
pub(in crate::gateway) fn is_group(code: u16) -> bool {
    codes::name(RANDOM_GROUPS, code).is_some()
}
