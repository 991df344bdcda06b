//! Who is online, and how (`icq-udp.md` §7.6).

use std::net::Ipv4Addr;

use crate::icq::wire::layout;
use crate::model::Uin;

layout! {
    /// `USER_ONLINE` (0x006E).
    ///
    /// | bytes | field         | meaning                                        |
    /// |-------|---------------|------------------------------------------------|
    /// | 4     | `uin`         | who                                            |
    /// | 4     | `ip`          | their address as the server sees it, 0 hidden  |
    /// | 4     | `tcp_port`    | their listening port                           |
    /// | 4     | `real_ip`     | their own address                              |
    /// | 1     | `dc_mode`     | as in `LOGIN`                                  |
    /// | 4     | `status`      | low word status, high word flags               |
    /// | 4     | `tcp_version` | version of the direct protocol                 |
    /// | 4     | `dc_cookie`   | from here on V5, and any of it may be missing  |
    /// | 4     | `web_port`    |                                                |
    /// | 4     | `futures`     | features                                       |
    /// | 4     | `info_time`   | when the profile changed                       |
    /// | 4     | `more_time`   |                                                |
    /// | 4     | `stat_time`   | when the status text changed                   |
    pub struct UserOnline {
        /// Who is online.
        uin: Uin,
        /// Their address as the server sees it; 0 if they hide it.
        ip: Ipv4Addr,
        /// Their listening port.
        tcp_port: u32,
        /// Their own address.
        real_ip: Ipv4Addr,
        /// Whether others may connect to them, as in the login.
        dc_mode: u8,
        /// Their status word (§10.2, §10.3).
        status: u32,
        /// Version of the direct protocol.
        tcp_version: Option<u32>,
        /// Proves a direct connection.
        dc_cookie: Option<u32>,
        /// Port of the web page they serve.
        web_port: Option<u32>,
        /// What their client can do.
        futures: Option<u32>,
        /// When their profile changed.
        info_time: Option<u32>,
        /// When more of it changed.
        more_time: Option<u32>,
        /// When their status text changed.
        stat_time: Option<u32>,
    }

    /// `STATUS_UPDATE` (0x01A4).
    ///
    /// | bytes | field        | meaning                                                   |
    /// |-------|--------------|-----------------------------------------------------------|
    /// | 4     | `target_uin` | whose                                                     |
    /// | 4     | `status`     | the low word; some servers leave the flags out of it      |
    pub struct StatusUpdate {
        /// Whose status changed.
        target_uin: Uin,
        /// Their status word.
        status: u32,
    }

    /// `USER_LIST_DONE` (0x021C).
    ///
    /// | bytes | field     | meaning                                  |
    /// |-------|-----------|------------------------------------------|
    /// | 4     | `own_uin` | whose list; some servers leave it out    |
    pub struct ListDone {
        /// Whose list was told.
        own_uin: Option<Uin>,
    }
}
