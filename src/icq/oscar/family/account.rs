//! Family 0x07: name, e-mail and password of an account, on a connection of its own
//! (`oscar.md` §3.5).

use crate::icq::oscar::parts::{HiddenText, Text};
use crate::icq::oscar::tlv::{Chain, CountedChain, tlvs};
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Asks for one thing: an empty TLV.
        0x0002 "INFO_REQUEST" InfoRequest(Request<'a>),
        /// Changes one thing.
        0x0004 "CHANGE" Change(Request<'a>),
        /// Confirms the account.
        0x0006 "CONFIRM" Confirm,
        /// Deletes the account; no server does.
        0x0008 "DELETE" Delete,
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// What was asked for.
        0x0003 "INFO" Info(Reply<'a>),
        /// What was changed, or why not.
        0x0005 "CHANGED" Changed(Reply<'a>),
        /// Whether the account is confirmed.
        0x0007 "CONFIRMED" Confirmed(Confirmed<'a>),
    }
}

layout! {
    /// What is asked for, or the new value: 07/02, 07/04, TLVs.
    pub struct Request<'a> {
        /// Which, and its value.
        tlvs: Chain<AccountTlv<'a>>,
    }

    /// What there is: 07/03, 07/05.
    ///
    /// | bytes   | field   | meaning                  |
    /// |---------|---------|--------------------------|
    /// | 2       | `perms` |                          |
    /// | 2, TLVs | `tlvs`  | number, [`AccountTlv`]s  |
    pub struct Reply<'a> {
        /// Whether it can be read and written.
        perms: u16,
        /// What it is, or an error.
        tlvs: CountedChain<AccountTlv<'a>>,
    }

    /// Whether the account is confirmed: 07/07.
    ///
    /// | bytes | field    | meaning                                |
    /// |-------|----------|----------------------------------------|
    /// | 2     | `status` | 0 mail sent, 0x1E already, 0x23 error  |
    /// | TLVs  | `tlvs`   | an address                             |
    pub struct Confirmed<'a> {
        /// 0 mail sent, 0x1E already, 0x23 error.
        status: u16,
        /// An address to read more at.
        tlvs: Chain<AccountTlv<'a>>,
    }
}

tlvs! {
    /// The TLVs of an account.
    pub enum AccountTlv {
        /// The name, written nicely.
        0x0001 screen_name ScreenName(Text<'a>),
        /// The new password.
        0x0002 new_password NewPassword(HiddenText<'a>),
        /// An address to read more at.
        0x0004 error_url ErrorUrl(Text<'a>),
        /// Why not (§3.5).
        0x0008 error Error(u16),
        /// The e-mail address.
        0x0011 email Email(Text<'a>),
        /// The password until now.
        0x0012 old_password OldPassword(HiddenText<'a>),
        /// Whether others find the account by its e-mail address.
        0x0013 reg_status Registration(Text<'a>),
    }
}
