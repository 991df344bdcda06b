//! Somebody on a user's contact list.

use serde::{Deserialize, Serialize};

use super::Uin;

/// Somebody on a user's contact list, as far as ICQ is concerned.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Contact {
    /// Who it is.
    pub uin: Uin,
    /// The name to show; empty while none is known.
    pub name: Box<str>,
    /// Where the contact stands on the list.
    pub listing: Listing,
}

/// Where somebody stands on a user's contact list (xmpp-gateway.md §11.1, `list`).
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize,
)]
pub enum Listing {
    /// Not on it, but the gateway remembers something about them.
    #[default]
    None,
    /// On it, and asked for authorisation.
    Waiting,
    /// On it.
    Authorised,
}
