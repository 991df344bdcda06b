//! What there is to know.

use super::{Command, Place, Turn, always};
use crate::gateway::action::{Action, Outcome};
use crate::gateway::words;

pub(super) const STATUS: Command = Command {
    node: "status",
    name: words::STATUS,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |_| Turn::act(Action::Status),
};

pub(super) const HELP: Command = Command {
    node: "help",
    name: words::HELP_NAME,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |view| {
        Turn::End(Ok(Outcome::said(words::help(
            view.env.version,
            view.env.settings.new_numbers,
        ))))
    },
};
