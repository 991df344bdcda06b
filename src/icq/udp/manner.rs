//! What a session does otherwise in one version than in another.
//!
//! Envelopes are the [`Dialect`](super::Dialect)'s, bodies say themselves `where` a field exists, and
//! whether a version has a command stands in the list of commands. This is the rest.

use std::time::Duration;

use crate::icq::wire::status::Statuses;

/// How sessions of one version behave: the facts in which the versions differ (`icq-udp.md` §4 to §9).
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The envelope names the session, so that a packet of another one is known by it (§4.4). Where it
    /// does not, the server is known by its address and its count alone: whoever can send from that
    /// address and guess a number near the last one is believed (§12).
    pub session_ids: bool,
    /// The server says in the envelope for whom a packet is.
    pub addressed: bool,
    /// Every request has a number beside the packet's, and whatever the server says to it repeats that
    /// one (§4.3). Without, only searches, questions and changes have one; of anything else the server
    /// repeats the packet's number, or none.
    pub request_numbers: bool,
    /// With what a client begins to count its packets; `None` is by chance.
    pub first_seq1: Option<u16>,
    /// The longest pause that servers of this version are known to bear.
    pub longest_keep_alive: Duration,
    /// How messages that waited are deleted on the server.
    pub deletion: Deletion,
    /// The statuses that exist.
    pub statuses: Statuses,
    /// The status of the login is said again after it: servers are known to misread it there.
    pub repeats_status: bool,
    /// How people are found and described.
    pub directory: Directory,
}

/// What `ACK_MESSAGES` says of the messages that may be deleted (§7.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deletion {
    /// Nothing: all of them.
    All,
    /// It bears the number of the packet that said that this was all.
    ByEnd,
    /// The time of the latest: those after it stay.
    ByTime,
}

/// The commands with which people are found and described.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Directory {
    /// One for each purpose (§8.1 to §8.3).
    Old,
    /// Groupware's own (§9).
    Groupware,
    /// META (§8.4).
    Meta,
}

/// No version's servers are known to ask for more than the configured interval, but for V3's (§4.5).
pub(super) const AS_CONFIGURED: Duration = Duration::from_secs(3600);
