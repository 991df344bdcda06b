//! Those who ask for authorisation: granted, or refused with a reason.

use super::{Command, Filled, Form, Place, Turn, View};
use crate::gateway::action::Action;
use crate::gateway::roster::Petition;
use crate::gateway::words;
use crate::model::Uin;

pub(super) const WAITING: Command = Command {
    node: "waiting",
    name: words::WAITING,
    place: Place::Gateway,
    needs: None,
    offered: |_| true,
    start: |view| match view.roster.petitions() {
        petitions if petitions.is_empty() => Turn::act(Action::Waiting),
        petitions => Turn::last(form(&petitions), answer),
    },
};

fn form(petitions: &[Petition<'_>]) -> Form {
    let options = petitions.iter().take(MOST_SHOWN);
    let options = options.map(|it| (it.uin.to_string(), words::petition(it)));
    let first = petitions.first().map(|it| it.uin.to_string());
    Form::new(words::WAITING, words::WAITING_INSTRUCTIONS)
        .choice("uin", words::WHO_ASKS, options, &first.unwrap_or_default())
        .choice("answer", words::YOUR_ANSWER, answers(), "grant")
        .text("reason", words::REASON_TO_REFUSE, "")
}

fn answers() -> [(String, String); 2] {
    [("grant", words::GRANT), ("refuse", words::REFUSE)]
        .map(|(value, label)| (value.to_owned(), label.to_owned()))
}

fn answer(_: &View<'_>, filled: &Filled) -> Turn {
    let Some(uin) = Uin::from_digits(filled.text("uin")) else {
        return Turn::Again(words::bad_field(words::WHO_ASKS, words::NOT_A_CHOICE).into());
    };
    match filled.text("answer") {
        "grant" => Turn::act(Action::Grant(uin)),
        "refuse" => Turn::act(Action::Refuse {
            uin,
            reason: filled.text("reason").to_owned(),
        }),
        _ => Turn::Again(words::bad_field(words::YOUR_ANSWER, words::NOT_A_CHOICE).into()),
    }
}

const MOST_SHOWN: usize = 50;
