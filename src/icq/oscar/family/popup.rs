//! Family 0x08: windows that the server opens (`oscar.md` §3.6).

use crate::icq::oscar::parts::Text;
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::wire::{commands, layout};

commands! {
    /// Clients send nothing.
    pub enum ToServer else "rest" {}
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// Opens a window.
        0x0002 "POPUP" Popup(Popup<'a>),
    }
}

layout! {
    /// A window: 08/02, TLVs.
    pub struct Popup<'a> {
        /// What is in it.
        tlvs: Chain<PopupTlv<'a>>,
    }
}

tlvs! {
    /// The TLVs of a window.
    pub enum PopupTlv {
        /// What it says.
        0x0001 text Text(Text<'a>),
        /// A page to open.
        0x0002 url Url(Text<'a>),
        /// How wide it is.
        0x0003 width Width(u16),
        /// How high it is.
        0x0004 height Height(u16),
        /// After how long.
        0x0005 delay Delay(u16),
    }
}
