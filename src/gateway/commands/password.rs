//! Another password, for the gateway's record or for ICQ too.

use super::{Command, Filled, Form, Place, Turn, View, always};
use crate::gateway::action::Action;
use crate::gateway::words;
use crate::icq::Ability;

pub(super) const PASSWORD: Command = Command {
    node: "password",
    name: words::CHANGE_PASSWORD,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |view| Turn::last(form(view), change),
};

fn form(view: &View<'_>) -> Form {
    let form = Form::new(words::CHANGE_PASSWORD, words::PASSWORD_INSTRUCTIONS)
        .secret("password", words::NEW_PASSWORD)
        .secret("repeat", words::REPEAT_PASSWORD);
    match view.can(Ability::ChangePassword) {
        true => form
            .flag("on-icq", words::PASSWORD_ON_ICQ, false)
            .secret("old", words::OLD_PASSWORD),
        false => form,
    }
}

fn change(view: &View<'_>, filled: &Filled) -> Turn {
    let new = match filled.new_password() {
        Ok(new) => new,
        Err(complaint) => return Turn::Again(complaint.into()),
    };
    let on_icq = view.can(Ability::ChangePassword) && filled.flag("on-icq") == Some(true);
    // Whoever changes it for good knows it.
    if on_icq && filled.secret("old").as_ref() != Some(&view.registration.password) {
        return Turn::Again(words::OLD_PASSWORD_WRONG.into());
    }
    Turn::act(Action::ChangePassword { new, on_icq })
}
