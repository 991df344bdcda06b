//! A new number, where the operator allows it and the protocol has it.

use super::{Command, Filled, Form, Place, Turn, View};
use crate::gateway::action::Action;
use crate::gateway::{versions, words};
use crate::icq::Ability;

pub(super) const NEW_NUMBER: Command = Command {
    node: "new-number",
    name: words::NEW_NUMBER,
    place: Place::Gateway,
    // Not only the version of the last login can be asked for one.
    needs: None,
    offered: is_offered,
    start: |_| {
        let form = Form::new(words::NEW_NUMBER, words::NEW_NUMBER_INSTRUCTIONS)
            .secret("password", words::NEW_PASSWORD)
            .secret("repeat", words::REPEAT_PASSWORD);
        Turn::last(form, ask)
    },
};

fn is_offered(view: &View<'_>) -> bool {
    let settings = view.env.settings;
    let network = settings.network(&view.registration.network);
    let versions = network.map(|it| versions::choices(view.registration, it));
    let versions = versions.unwrap_or_default();
    settings.new_numbers && versions.iter().any(|it| it.can(Ability::NewNumber))
}

fn ask(_: &View<'_>, filled: &Filled) -> Turn {
    match filled.new_password() {
        Ok(password) => Turn::act(Action::NewNumber(password)),
        Err(complaint) => Turn::Again(complaint.into()),
    }
}
