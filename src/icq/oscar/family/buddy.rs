//! Family 0x03: whose presence is wanted, and their presence (`oscar.md` §3.3).

use crate::icq::oscar::parts::{All, ScreenName};
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::oscar::user::UserInfo;
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Asks for limits.
        0x0002 "RIGHTS_REQUEST" RightsRequest(Rights<'a>),
        /// Watches people. On `IServerd` without their authorisation, for this session.
        0x0004 "ADD" Add(Names<'a>),
        /// Watches people no longer.
        0x0005 "REMOVE" Remove(Names<'a>),
        /// Asks who watches.
        0x0006 "WATCHERS_REQUEST" WatchersRequest,
        /// Watches people for this session.
        0x000F "ADD_TEMPORARY" AddTemporary(Names<'a>),
        /// Watches them no longer.
        0x0010 "REMOVE_TEMPORARY" RemoveTemporary(Names<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// Limits.
        0x0003 "RIGHTS" Rights(Rights<'a>),
        /// Who watches.
        0x0007 "WATCHERS" Watchers(Names<'a>),
        /// These cannot be watched: they want to be asked.
        0x000A "REJECTED" Rejected(Names<'a>),
        /// These came, or something about them changed.
        0x000B "ONLINE" Online(Users<'a>),
        /// These went.
        0x000C "OFFLINE" Offline(Users<'a>),
    }
}

layout! {
    /// Limits: 03/02, 03/03, TLVs.
    pub struct Rights<'a> {
        /// The limits; in requests often none.
        tlvs: Chain<RightsTlv<'a>>,
    }

    /// People by name, and nothing between them.
    pub struct Names<'a> {
        /// Who.
        screen_names: All<ScreenName<'a>>,
    }

    /// People, and what the server says of them.
    pub struct Users<'a> {
        /// Who; one or more.
        users: All<UserInfo<'a>>,
    }
}

tlvs! {
    /// The TLVs of 03/03.
    pub enum RightsTlv {
        /// How many one may watch.
        0x0001 max_buddies MaxBuddies(u16),
        /// How many may watch one.
        0x0002 max_watchers MaxWatchers(u16),
        /// How many are told at once.
        0x0003 max_broadcast MaxBroadcast(u16),
        /// How many one may watch for a session.
        0x0004 max_temp MaxTemporary(u16),
        /// Only in requests: what the client understands.
        0x0005 understood Understood(u16),
    }
}
