//! Contact lists from elsewhere and to elsewhere, as text (see [`numbers`](crate::gateway::numbers)).

use super::{Command, Filled, Form, Page, Place, Received, Turn, View, always};
use crate::gateway::action::{Action, Outcome};
use crate::gateway::numbers::{self, Line};
use crate::gateway::words;

pub(super) const IMPORT: Command = Command {
    node: "import",
    name: words::IMPORT,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |view| Turn::page(form(view), choose),
};

pub(super) const EXPORT: Command = Command {
    node: "export",
    name: words::EXPORT,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |_| Turn::act(Action::Export),
};

/// Asks for a list; what somebody passed on in a message is there already.
fn form(view: &View<'_>) -> Form {
    let form = Form::new(words::IMPORT, words::IMPORT_INSTRUCTIONS);
    match view.received {
        None => form.lines("contacts", words::CONTACTS, ""),
        Some(Received { from, contacts }) => {
            let lines = contacts.iter().map(|(uin, nick)| (*uin, nick.as_str(), ""));
            form.words(&words::contacts_from(*from, contacts.len()))
                .lines("contacts", words::CONTACTS, &numbers::write(lines))
        }
    }
}

/// Shows who is new; all of them are chosen unless somebody takes them out.
fn choose(view: &View<'_>, filled: &Filled) -> Turn {
    let reading = numbers::read(&filled.lines("contacts"), view.env.settings.lowest_uin);
    if reading.lines.is_empty() {
        return Turn::Again(words::NO_NUMBERS.into());
    }
    let is_new = |line: &Line| line.uin != view.env.uin && !view.roster.is_listed(line.uin);
    let (new, known): (Vec<Line>, Vec<Line>) = reading.lines.into_iter().partition(is_new);
    let summary = words::import_summary(new.len(), known.len(), reading.unread);
    if new.is_empty() {
        return Turn::End(Ok(Outcome::said(summary)));
    }
    let options = new.iter().map(|line| (line.uin.to_string(), label(line)));
    let form = Form::new(words::IMPORT, summary).choices("add", words::ADD_THEM, options);
    Turn::Page(Page {
        form: form.all_chosen(),
        last: true,
        then: Box::new(move |_, filled| {
            let chosen = filled.values("add");
            // A client of few words sends nothing: everybody is meant.
            let is_chosen = |line: &&Line| {
                !filled.has("add") || chosen.iter().any(|value| *value == line.uin.to_string())
            };
            let chosen: Vec<Line> = new.iter().filter(is_chosen).cloned().collect();
            Turn::act(Action::Import(chosen))
        }),
    })
}

fn label(line: &Line) -> String {
    let parts = [line.name.as_str(), line.group.as_str()];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let mut label = line.uin.to_string();
    for part in parts {
        label.push_str(" — ");
        label.push_str(part);
    }
    label
}
