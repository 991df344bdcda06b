//! Family 0x0A: whose e-mail address this is (`oscar.md` §3.6).

use crate::icq::oscar::parts::Text;
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Asks whose address it is.
        0x0002 "LOOKUP" Lookup(Lookup<'a>),
    }
}

commands! {
    /// What servers send. Nobody's address is error 0x14.
    pub enum FromServer else "rest" {
        /// Whose it is.
        0x0003 "FOUND" Found(Found<'a>),
    }
}

layout! {
    /// An e-mail address, without a length: 0A/02.
    pub struct Lookup<'a> {
        /// The address.
        email: Text<'a>,
    }

    /// Whose it is: 0A/03, TLVs.
    pub struct Found<'a> {
        /// One TLV for each.
        tlvs: Chain<FoundTlv<'a>>,
    }
}

tlvs! {
    /// The TLV of 0A/03.
    pub enum FoundTlv {
        /// Somebody.
        0x0001 screen_name ScreenName(Text<'a>),
    }
}
