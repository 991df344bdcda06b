//! Family 0x06: asks somebody by e-mail to come (`oscar.md` §3.6).

use crate::icq::oscar::parts::Text;
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Invites somebody.
        0x0002 "INVITE" Invite(Invite<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// The invitation is on its way.
        0x0003 "INVITED" Invited,
    }
}

layout! {
    /// An invitation: 06/02, TLVs.
    pub struct Invite<'a> {
        /// Whom, and with what words.
        tlvs: Chain<InviteTlv<'a>>,
    }
}

tlvs! {
    /// The TLVs of an invitation.
    pub enum InviteTlv {
        /// Whom.
        0x0011 email Email(Text<'a>),
        /// With what words.
        0x0015 text Text(Text<'a>),
    }
}
