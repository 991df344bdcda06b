//! Family 0x0E: a chat room, on a connection of its own (`oscar.md` §3.8).

use super::buddy::Users;
use super::chat_nav::RoomInfo;
use crate::icq::oscar::parts::{Cookie, Text, parts};
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::oscar::user::UserInfo;
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Says something.
        0x0005 "SAY" Say(ChatMessage<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// What the room is like.
        0x0002 "ROOM" Room(RoomInfo<'a>),
        /// These came.
        0x0003 "JOINED" Joined(Users<'a>),
        /// These went.
        0x0004 "LEFT" Left(Users<'a>),
        /// Somebody said something.
        0x0006 "SAID" Said(ChatMessage<'a>),
    }
}

layout! {
    /// What somebody says: 0E/05, 0E/06.
    ///
    /// | bytes | field     | meaning             |
    /// |-------|-----------|---------------------|
    /// | 8     | `cookie`  |                     |
    /// | 2     | `channel` | 3                   |
    /// | TLVs  | `tlvs`    | [`ChatTlv`]         |
    pub struct ChatMessage<'a> {
        /// What it is known by.
        cookie: Cookie,
        /// 3.
        channel: u16,
        /// The message.
        tlvs: Chain<ChatTlv<'a>>,
    }
}

tlvs! {
    /// The TLVs of a message.
    pub enum ChatTlv {
        /// For all.
        0x0001 public Public,
        /// For one only.
        0x0002 whisper_to WhisperTo(Text<'a>),
        /// Who said it.
        0x0003 sender Sender(UserInfo<'a>),
        /// What was said.
        0x0005 message Message(ChatText<'a>),
        /// Also for oneself.
        0x0006 reflect Reflect,
    }

    /// The TLVs of what was said. open-oscar-server closes without a text.
    pub enum ChatTextTlv {
        /// The text.
        0x0001 text Text(Text<'a>),
        /// Its charset.
        0x0002 charset Charset(Text<'a>),
        /// Its language.
        0x0003 lang Language(Text<'a>),
    }
}

layout! {
    /// What was said, TLVs.
    pub struct ChatText<'a> {
        /// Text, charset, language.
        tlvs: Chain<ChatTextTlv<'a>>,
    }
}

parts! {
    group ChatText<'a>, 4;
}
