//! The rules of a gateway, still without I/O.
//!
//! [`Gateway`] decides whose a stanza is: a registered user's, or the gateway's own. [`User`] is
//! everything that happens to one registered user. Both are fed with inputs and time and drained of
//! outputs; `runtime` does what the outputs say.

mod action;
mod card;
mod charsets;
mod commands;
mod criteria;
mod effects;
mod env;
mod face;
mod facts;
mod inbox;
mod journal;
mod log;
mod login;
mod moods;
mod numbers;
mod outbox;
mod own;
mod pace;
mod people;
#[cfg(test)]
mod properties;
mod questions;
mod recent;
mod refuse;
mod register;
mod resources;
mod roster;
mod router;
mod settings;
mod shared;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testkit;
mod user;
mod versions;
mod words;
mod xep;

use std::sync::Arc;

use crate::icq::LogoutReason;
use crate::icq::wire::Version;
use crate::store::{Change, Stray};
use crate::xmpp::Stanza;

pub use effects::Effects;
pub use env::Env;
pub use inbox::{Inbox, Sender};
pub use journal::{Journal, Unfinished};
pub use outbox::Outbox;
pub use resources::{Announced, Resource, Resources};
pub use roster::Roster;
pub use router::{Gateway, GatewayInput, GatewayOutput};
pub use settings::{AccessRule, ContactAddresses, Limits, Network, Settings, Who};
pub use shared::Shared;
pub use user::{Seat, User};
pub use xep::Caps;

/// What can happen to a [`User`], apart from datagrams and time.
#[derive(Clone, Debug)]
pub enum UserInput {
    /// A stanza from this user.
    Stanza(Stanza),
    /// The link to the XMPP server is up (again). Everything known about resources is void; the user
    /// is about to be probed by [`User`] itself.
    LinkUp(Arc<Privileges>),
    /// The XMPP server grants something else than before, on the same link.
    Privileges(Arc<Privileges>),
    /// The link to the XMPP server is down.
    LinkDown,
    /// Everything this user sent before that mark has reached the XMPP server.
    Confirmed(Mark),
    /// The answer to [`UserOutput::WantLogin`]: it is this user's turn.
    LoginGranted,
    /// The answer to [`UserOutput::Connect`]: the socket is open, on this local port.
    Connected {
        /// The local UDP port.
        local_port: u16,
    },
    /// The answer to [`UserOutput::Connect`], or later: there is no socket (any more), and why.
    ConnectFailed(LogoutReason),
    /// The answer to an iq of this user's could not be read: the request with this id has failed.
    BadAnswer(String),
    /// The program ends: say goodbye on both sides (xmpp-gateway.md §3.6), then [`UserOutput::Ended`].
    Shutdown,
}

/// What a [`User`] wants done, in this order.
#[derive(Clone, Debug)]
pub enum UserOutput {
    /// Send this stanza to the XMPP server.
    Stanza(Stanza),
    /// Answer with [`UserInput::Confirmed`] as soon as all stanzas before this are known to have
    /// reached the XMPP server. Void when the link goes down first.
    Mark(Mark),
    /// Asks for a turn to log in; answered with [`UserInput::LoginGranted`] when it is there.
    WantLogin,
    /// Open a UDP socket to an ICQ server, its name resolved anew.
    Connect {
        /// The server's network: one of [`Settings::networks`].
        network: String,
        /// The local port it should have, if that is free: some servers know a session by it.
        port: Option<u16>,
    },
    /// Send this datagram on it.
    Transmit(Vec<u8>),
    /// Close it.
    Disconnect,
    /// The user's state, for the operator: sent whenever it changes.
    State(UserState),
    /// The network and the version of its protocol the user has, for the operator: sent whenever it
    /// changes.
    Speaks(String, Version),
    /// Sessions that may still be open on the ICQ server, where they keep the next login out: for whoever
    /// tries the number next. Sent before the end of somebody who is not registered, or no longer.
    LeftOpen(Vec<Stray>),
    /// The user is registered from now on, for the first time or with what was tried last, or no longer;
    /// what an earlier registration left to be done goes on until [`Ended`](Self::Ended).
    Registered(bool),
    /// Nothing more will come: the task may end.
    Ended(Ending),
}

/// Numbers the points of a user's outgoing stanzas whose arrival is asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mark(pub u64);

/// Why a user's task ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// A registration that came to nothing: this user was never registered.
    NotRegistered,
    /// The user unregistered.
    Unregistered,
    /// The program shuts down.
    Shutdown,
}

/// What has to be on disk before the outputs that were drained with it may leave.
///
/// The driver takes this first ([`User::poll_changes`]), hands it to the store, waits for the disk
/// if [`barrier`](Self::barrier) says so, and only then does the outputs. No change ever takes back
/// what an output drained with it still relies on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The changes, in order.
    pub list: Vec<Change>,
    /// An output that follows acknowledges something: wait until the changes are durable.
    pub barrier: bool,
}

/// The states a user's ICQ login can be in: one closed list, the same in presence, log and `status`
/// (xmpp-gateway.md §6.3).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum UserState {
    /// No resource is online, so there is no login.
    #[default]
    Offline,
    /// Waits for a turn to log in.
    Queued,
    /// The server was asked.
    Connecting,
    /// The server said yes; the contact list is being loaded.
    Loading,
    /// Online.
    Online,
    /// Not online; the next attempt is on the clock.
    Retrying(LogoutReason),
    /// Not online, and no attempt follows by itself.
    Barred(LogoutReason),
    /// Logged out by the user's own wish.
    Paused,
    /// The user took the gateway off the roster.
    Suspended,
}

impl UserState {
    /// A stable word for logs, `status` and tests.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Queued => "queued",
            Self::Connecting => "connecting",
            Self::Loading => "loading",
            Self::Online => "online",
            Self::Retrying(_) => "retrying",
            Self::Barred(_) => "barred",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
        }
    }

    /// Nothing but the user's word leads out of it.
    pub const fn needs_a_word(&self) -> bool {
        match self {
            Self::Barred(_) | Self::Paused | Self::Suspended => true,
            Self::Offline
            | Self::Queued
            | Self::Connecting
            | Self::Loading
            | Self::Online
            | Self::Retrying(_) => false,
        }
    }

    /// The ICQ server has taken the login.
    pub const fn is_logged_in(&self) -> bool {
        match self {
            Self::Loading | Self::Online => true,
            Self::Offline
            | Self::Queued
            | Self::Connecting
            | Self::Retrying(_)
            | Self::Barred(_)
            | Self::Paused
            | Self::Suspended => false,
        }
    }

    /// A login runs, is on its way, or is on the clock: a message may wait for it.
    pub const fn is_coming(&self) -> bool {
        match self {
            Self::Queued | Self::Connecting | Self::Loading | Self::Online | Self::Retrying(_) => {
                true
            }
            Self::Offline | Self::Barred(_) | Self::Paused | Self::Suspended => false,
        }
    }
}

/// What the XMPP server lets the gateway do for the users of one of its domains (XEP-0356).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Privileges {
    /// May read the roster.
    pub roster_get: bool,
    /// May write the roster.
    pub roster_set: bool,
    /// May send messages in the user's name, and the namespace to do it in.
    pub message: Option<String>,
}
