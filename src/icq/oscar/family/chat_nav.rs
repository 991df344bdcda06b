//! Family 0x0D: finds and makes chat rooms, on a connection of its own (`oscar.md` §3.8).

use super::generic::Room;
use crate::icq::oscar::parts::{ScreenName, Text, parts};
use crate::icq::oscar::tlv::{Chain, CountedChain, tlvs};
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Asks for limits.
        0x0002 "RIGHTS_REQUEST" RightsRequest,
        /// Asks about an exchange.
        0x0003 "EXCHANGE_REQUEST" ExchangeRequest(Exchange),
        /// Asks about a room.
        0x0004 "ROOM_REQUEST" RoomRequest(RoomRequest<'a>),
        /// Makes a room.
        0x0008 "CREATE" Create(RoomInfo<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// Limits, exchanges, a room.
        0x0009 "INFO" Info(Info<'a>),
    }
}

layout! {
    /// An exchange: 0D/03.
    pub struct Exchange {
        /// Which.
        exchange: u16,
    }

    /// Asks about a room: 0D/04.
    ///
    /// | bytes | field    | meaning            |
    /// |-------|----------|--------------------|
    /// | n     | `room`   | [`Room`]           |
    /// | 1     | `detail` | how much to tell   |
    pub struct RoomRequest<'a> {
        /// Which.
        room: Room<'a>,
        /// How much to tell.
        detail: u8,
    }

    /// A room to make, or one that there is: 0D/08, 0E/02, inside 0D/09.
    ///
    /// | bytes   | field      | meaning                                   |
    /// |---------|------------|-------------------------------------------|
    /// | 2       | `exchange` | 4 private, 5 public                       |
    /// | 1, n    | `cookie`   | which; `create` to make one               |
    /// | 2       | `instance` | 0xFFFF to make one                        |
    /// | 1       | `detail`   |                                           |
    /// | 2, TLVs | `tlvs`     | number, [`RoomTlv`]                       |
    pub struct RoomInfo<'a> {
        /// 4 private, 5 public.
        exchange: u16,
        /// Which.
        cookie: ScreenName<'a>,
        /// Which of them.
        instance: u16,
        /// How much is told.
        detail: u8,
        /// What it is like.
        tlvs: CountedChain<RoomTlv<'a>>,
    }

    /// An exchange, and what its rooms are like.
    ///
    /// | bytes   | field      | meaning             |
    /// |---------|------------|---------------------|
    /// | 2       | `exchange` |                     |
    /// | 2, TLVs | `tlvs`     | number, [`RoomTlv`] |
    pub struct ExchangeInfo<'a> {
        /// Which.
        exchange: u16,
        /// What its rooms are like.
        tlvs: CountedChain<RoomTlv<'a>>,
    }

    /// Limits, exchanges, a room: 0D/09, TLVs.
    pub struct Info<'a> {
        /// What there is.
        tlvs: Chain<InfoTlv<'a>>,
    }
}

parts! {
    group RoomInfo<'a>, 8;
    group ExchangeInfo<'a>, 4;
}

tlvs! {
    /// The TLVs of 0D/09.
    pub enum InfoTlv {
        /// In how many rooms one may be.
        0x0002 max_rooms MaxRooms(u8),
        /// An exchange.
        0x0003 exchange_info Exchange(ExchangeInfo<'a>),
        /// A room.
        0x0004 room_info Room(RoomInfo<'a>),
    }

    /// What a room is like.
    pub enum RoomTlv {
        /// Its full name.
        0x006A full_name FullName(Text<'a>),
        /// Flags.
        0x00C9 room_flags Flags(u16),
        /// When it was made.
        0x00CA created Created(u32),
        /// The longest message.
        0x00D1 max_message MaxMessage(u16),
        /// How many may be in it.
        0x00D2 max_users MaxUsers(u16),
        /// Its name.
        0x00D3 name Name(Text<'a>),
        /// Who may make rooms.
        0x00D5 create_perms CreatePermissions(u8),
        /// The charset of its name.
        0x00D6 charset1 Charset(Text<'a>),
        /// The language of its name.
        0x00D7 lang1 Language(Text<'a>),
    }
}
