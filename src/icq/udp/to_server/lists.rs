//! Contact, visible and invisible list (`icq-udp.md` §6.4), and packets that name one UIN.

use crate::icq::wire::layout;
use crate::model::Uin;

layout! {
    /// `CONTACT_LIST` (0x0406), `INVISIBLE_LIST` (0x06A4), `VISIBLE_LIST` (0x06AE).
    ///
    /// | bytes | field   | meaning                             |
    /// |-------|---------|-------------------------------------|
    /// | 1     | (count) | how many follow                     |
    /// | 4 × n | `uins`  | who is on the list                  |
    ///
    /// At most [`UinList::MOST`] in a packet, and a last packet with fewer.
    pub struct UinList {
        /// Who is on the list.
        uins: Vec<Uin>,
    }

    /// `UPDATE_LIST` (0x06B8): one change to the visible or the invisible list.
    ///
    /// | bytes | field        | meaning                |
    /// |-------|--------------|------------------------|
    /// | 4     | `target_uin` | who                    |
    /// | 1     | `list`       | 1 invisible, 2 visible |
    /// | 1     | `add`        | 1 add, 0 remove        |
    pub struct UpdateList {
        /// Who is put on the list or taken off.
        target_uin: Uin,
        /// [`UpdateList::INVISIBLE`] or [`UpdateList::VISIBLE`].
        list: u8,
        /// 1 adds, 0 removes.
        add: u8,
    }

    /// A packet that only names somebody: `SEARCH_UIN` (0x041A), `INFO_REQ` (0x0460),
    /// `EXT_INFO_REQ` (0x046A), `ADD_TO_LIST` (0x053C); from servers `USER_OFFLINE` (0x0078),
    /// `INVALID_UIN` (0x012C).
    ///
    /// | bytes | field        | meaning |
    /// |-------|--------------|---------|
    /// | 4     | `target_uin` | who     |
    pub struct Target {
        /// Whom it concerns.
        target_uin: Uin,
    }
}

impl UinList {
    /// The most UINs a server takes in one packet; exactly so many mean that more follow. Above,
    /// IServerd drops the session.
    pub const MOST: usize = 100;
}

impl UpdateList {
    /// `list`: those on it never see the user. Some clients say 0.
    pub const INVISIBLE: u8 = 1;

    /// `list`: those on it see the user although invisible.
    pub const VISIBLE: u8 = 2;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::golden::assert_to_server;
    use crate::icq::udp::{ToServer, Version};

    #[test]
    fn an_empty_list_is_a_zero() {
        assert_to_server(&ToServer::ContactList(UinList { uins: Vec::new() }), b"\0");
    }

    #[test]
    fn a_count_above_the_uins_present_is_tolerated() {
        let decoded = ToServer::decode(Version::V5, 0x0406, b"\x05\x39\x30\0\0\x01\0").unwrap();
        assert_eq!(
            decoded.packet,
            ToServer::ContactList(UinList {
                uins: vec![Uin(12_345)]
            })
        );
        assert_eq!(decoded.rest, b"\x01\0");
    }

    #[test]
    fn a_list_too_long_for_its_count_is_cut() {
        let mut body = Vec::new();
        let uins = vec![Uin(1); 300];
        ToServer::VisibleList(UinList { uins }).encode(Version::V5, &mut body);
        assert_eq!((body[0], body.len()), (255, 1 + 4 * 255));
    }
}
