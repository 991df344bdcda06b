//! Messages on their way to the server.

use std::net::Ipv4Addr;

use crate::icq::wire::layout;
use crate::model::Uin;

layout! {
    /// `SEND_MESSAGE` (0x010E), `AUTHORIZE` (0x0456): a message relayed by the server
    /// (`icq-udp.md` §7.1, §7.4).
    ///
    /// | bytes | field      | meaning                                       |
    /// |-------|------------|-----------------------------------------------|
    /// | 4     | `to_uin`   | who it is for                                 |
    /// | 2     | `msg_type` | 1 text, 4 URL, … (§7.3)                       |
    /// | lstr  | `text`     | in the user's code page, at most 450 bytes    |
    pub struct SendMessage<'a> {
        /// Who it is for.
        to_uin: Uin,
        /// What the text means: 1 text, 4 URL, …
        msg_type: u16,
        /// The text in the sender's code page, parts separated by 0xFE.
        text: &'a [u8] => lstr_clamped,
    }

    /// `TCP_REQUEST` (0x015E), from a client: asks somebody to connect (§7.7).
    ///
    /// | bytes | field         | meaning                      |
    /// |-------|---------------|------------------------------|
    /// | 4     | `target_uin`  | who is to connect            |
    /// | 4     | `ip`          | own address                  |
    /// | 4     | `tcp_port`    | own port                     |
    /// | 1     | `dc_mode`     | as in `LOGIN`                |
    /// | 4     | `peer_port`   | the port that was tried      |
    /// | 4     | `own_port`    | own port, again              |
    /// | 2     | `tcp_version` | version of the direct protocol |
    pub struct ReverseTcpRequest {
        /// Who is to connect.
        target_uin: Uin,
        /// The sender's own address.
        ip: Ipv4Addr,
        /// The sender's port.
        tcp_port: u32,
        /// Whether others may connect, as in the login.
        dc_mode: u8,
        /// The port the sender tried.
        peer_port: u32,
        /// The sender's port, again.
        own_port: u32,
        /// Version of the direct protocol.
        tcp_version: u16,
    }
}
