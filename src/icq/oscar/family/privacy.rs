//! Family 0x09: who may see one, for clients without a list on the server (`oscar.md` §3.7).

use super::buddy::Names;
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Asks for limits.
        0x0002 "RIGHTS_REQUEST" RightsRequest,
        /// Who may see one, by class.
        0x0004 "SET_CLASSES" SetClasses(Classes),
        /// These see one although one is invisible.
        0x0005 "ADD_VISIBLE" AddVisible(Names<'a>),
        /// These no longer.
        0x0006 "REMOVE_VISIBLE" RemoveVisible(Names<'a>),
        /// These never see one.
        0x0007 "ADD_INVISIBLE" AddInvisible(Names<'a>),
        /// These do again.
        0x0008 "REMOVE_INVISIBLE" RemoveInvisible(Names<'a>),
        /// These see one, for this session.
        0x000A "ADD_TEMPORARY" AddTemporary(Names<'a>),
        /// These no longer.
        0x000B "REMOVE_TEMPORARY" RemoveTemporary(Names<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// Limits.
        0x0003 "RIGHTS" Rights(Rights<'a>),
    }
}

layout! {
    /// Limits: 09/03, TLVs.
    pub struct Rights<'a> {
        /// The limits.
        tlvs: Chain<RightsTlv<'a>>,
    }

    /// Who may see one: 09/04.
    ///
    /// | bytes | field  | meaning                 |
    /// |-------|--------|-------------------------|
    /// | 4     | `mask` | flags of classes (§1.4) |
    pub struct Classes {
        /// Flags of classes.
        mask: u32,
    }
}

tlvs! {
    /// The TLVs of 09/03.
    pub enum RightsTlv {
        /// How many on the visible list.
        0x0001 max_permit MaxVisible(u16),
        /// How many on the invisible list.
        0x0002 max_deny MaxInvisible(u16),
        /// How many for a session.
        0x0003 max_temp_permit MaxTemporary(u16),
    }
}
