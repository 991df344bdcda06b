//! Online and offline.

use super::{Command, Place, Turn, always};
use crate::gateway::action::Action;
use crate::gateway::{UserState, words};

pub(super) const LOGIN: Command = Command {
    node: "login",
    name: words::LOG_IN,
    place: Place::Gateway,
    needs: None,
    offered: |view| !view.env.state.is_logged_in(),
    start: |view| {
        Turn::act(match view.env.state {
            UserState::Suspended => Action::Revive,
            _ => Action::LogIn,
        })
    },
};

pub(super) const LOGOUT: Command = Command {
    node: "logout",
    name: words::LOG_OUT,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |_| Turn::act(Action::LogOut),
};
