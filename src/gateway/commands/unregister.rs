//! The end of a registration, after a page that says what that means.

use super::{Command, Form, Place, Turn, always};
use crate::gateway::action::{Action, Outcome};
use crate::gateway::words;

pub(super) const UNREGISTER: Command = Command {
    node: "unregister",
    name: words::UNREGISTER,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |_| {
        let form = Form::new(words::UNREGISTER, words::UNREGISTER_MEANS).flag(
            "sure",
            words::I_MEAN_IT,
            false,
        );
        Turn::last(form, |_, filled| match filled.flag("sure") {
            Some(true) => Turn::act(Action::Unregister),
            _ => Turn::End(Ok(Outcome::said(words::NOTHING_DONE))),
        })
    },
};
