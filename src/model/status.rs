//! How reachable somebody is.

use serde::{Deserialize, Serialize};

/// A status as ICQ knows it: an availability, and what the flags beside it say.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Deserialize, Serialize)]
pub struct Status {
    /// How reachable the person is.
    pub availability: Availability,
    /// Online without being seen, except by those on the visible list.
    pub invisible: bool,
    /// Allows the status to be shown on the web.
    pub web_aware: bool,
    /// It is the person's birthday.
    pub birthday: bool,
}

impl From<Availability> for Status {
    fn from(availability: Availability) -> Self {
        Self {
            availability,
            ..Self::default()
        }
    }
}

/// How reachable somebody is, in ICQ's words.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize,
)]
pub enum Availability {
    /// Online, and nothing more to say.
    #[default]
    Online,
    /// Free for chat.
    FreeForChat,
    /// Away for a short while.
    Away,
    /// Not available (N/A): away for long.
    NotAvailable,
    /// Occupied: urgent messages only.
    Occupied,
    /// Do not disturb: old clients hold messages back.
    DoNotDisturb,
}
