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

    /// `ACK_MESSAGES` (0x0442): the messages that waited may be deleted (§7.5). In V2 its header's
    /// `seq1` is that of the `END_OFFLINE_MESSAGES`.
    ///
    /// | bytes | field       | meaning                                                     |
    /// |-------|-------------|-------------------------------------------------------------|
    /// | 4     | `timestamp` | the latest time received: what is later stays; V3           |
    #[derive(Copy, Default)]
    pub struct AckMessages {
        /// What was sent later than this stays on the server; 0 deletes nothing.
        timestamp: Option<u32> where V3,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::golden::assert_to_server;
    use crate::icq::udp::{ToServer, Version};

    #[test]
    fn only_v3_says_up_to_when_messages_may_be_deleted() {
        let timestamp = Some(0x386D_4380);
        let packet = ToServer::AckMessages(AckMessages { timestamp });
        for version in Version::ALL {
            let mut body = Vec::new();
            packet.encode(version, &mut body);
            let expected: &[u8] = match version {
                Version::V3 => b"\x80\x43\x6d\x38",
                _ => b"",
            };
            assert_eq!(body, expected, "{version:?}");

            let decoded = ToServer::decode(version, 0x0442, b"\x80\x43\x6d\x38").unwrap();
            assert_eq!(decoded.packet == packet, version == Version::V3);
        }
    }

    #[test]
    fn a_request_to_connect_is_laid_out_as_the_reference_says() {
        assert_to_server(
            &ToServer::TcpRequest(ReverseTcpRequest {
                target_uin: Uin(12_345),
                ip: Ipv4Addr::new(10, 0, 0, 7),
                tcp_port: 4000,
                dc_mode: 4,
                peer_port: 5000,
                own_port: 4000,
                tcp_version: 6,
            }),
            b"\x39\x30\0\0\x0a\0\0\x07\xa0\x0f\0\0\x04\x88\x13\0\0\xa0\x0f\0\0\x06\0",
        );
    }

    #[test]
    fn a_text_shorter_than_its_length_is_taken_as_it_is_and_reported() {
        let decoded =
            ToServer::decode(Version::V5, 0x010E, b"\x39\x30\0\0\x01\0\xff\0hi\0old").unwrap();
        assert_eq!(
            decoded.packet,
            ToServer::SendMessage(SendMessage {
                to_uin: Uin(12_345),
                msg_type: 1,
                text: b"hi",
            })
        );
        assert_eq!(decoded.clamped, Some("text"));
        assert!(ToServer::decode(Version::V5, 0x010E, b"\x39\x30\0\0\x01\0\x05").is_err());
    }

    #[test]
    fn what_stands_behind_a_nul_is_no_text() {
        let decoded =
            ToServer::decode(Version::V5, 0x010E, b"\x39\x30\0\0\x01\0\x06\0hi\0old!").unwrap();
        let ToServer::SendMessage(SendMessage { text, .. }) = decoded.packet else {
            panic!("{decoded:?}");
        };
        assert_eq!((text, decoded.rest), (&b"hi"[..], &b"!"[..]));
        assert_eq!(decoded.clamped, None);
    }
}
