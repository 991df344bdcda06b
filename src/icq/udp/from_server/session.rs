//! Login reply, endings, and packets inside packets.

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Layout, Reader, Value, Writer, layout};

layout! {
    /// `LOGIN_REPLY` (0x005A), V5 (`icq-udp.md` §6.3).
    ///
    /// | bytes | field       | meaning                                     |
    /// |-------|-------------|---------------------------------------------|
    /// | 4     | `x8c`       | 0x8C                                        |
    /// | 2     | `ping`      | seconds between keepalives                  |
    /// | 2     | `timeout`   | seconds until a packet is repeated          |
    /// | 2     | `xa`        | 0x0A                                        |
    /// | 2     | `retries`   | how often a packet is repeated              |
    /// | 4     | `ip`        | the client's address as the server sees it  |
    /// | 4     | `server_id` | which server                                |
    pub struct LoginReply {
        /// 0x8C.
        x8c: u32,
        /// Seconds between keepalives.
        ping: u16,
        /// Seconds until a packet is repeated.
        timeout: u16,
        /// 0x0A.
        xa: u16,
        /// How often a packet is repeated.
        retries: u16,
        /// The client's address as the server sees it.
        ip: Option<Ipv4Addr>,
        /// Which server.
        server_id: Option<u32>,
    }

    /// `GO_AWAY` (0x0028), `LOGIN_ERROR` (0x0370), `SYSTEM_MESSAGE` (0x01C2): a text (§4.8).
    ///
    /// | bytes | field  | meaning                          |
    /// |-------|--------|----------------------------------|
    /// | lstr  | `text` | what the server says; may be missing |
    pub struct Reason<'a> {
        /// What the server says.
        text: Option<&'a [u8]>,
    }
}

/// `MULTI` (0x0212): several server packets in one (§4.6).
///
/// | bytes | field     | meaning                                            |
/// |-------|-----------|----------------------------------------------------|
/// | 1     | (count)   | how many packets                                   |
/// | 2     | (length)  | of the packet that follows                         |
/// | n     | `packets` | a complete packet with its header; and the next …  |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Multi<'a> {
    /// The packets, each with its header. They may not be MULTI themselves.
    pub packets: Vec<&'a [u8]>,
}

impl<'a> Layout<'a> for Multi<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let packets = reader.compound(
            "packets",
            |reader| {
                let count = reader.u8("count")?;
                (0..count)
                    .map(|_| {
                        let length = reader.u16_le("length")?;
                        reader.bytes("packets", length.into())
                    })
                    .collect()
            },
            |packets: &Vec<&'a [u8]>| Value::Packets(packets.clone()),
        )?;
        Ok(Self { packets })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let count = u8::try_from(self.packets.len()).unwrap_or(u8::MAX);
        writer.u8(count);
        for packet in self.packets.iter().take(count.into()) {
            writer.u16_le(u16::try_from(packet.len()).unwrap_or(u16::MAX));
            writer.bytes(packet);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::FromServer;
    use crate::icq::udp::golden::assert_from_server;
    use crate::icq::wire::meta::MetaForm;

    #[test]
    fn a_login_reply_shorter_than_the_usual_is_one_all_the_same() {
        let body = b"\x8c\0\0\0\x6e\0\x0a\0\x0a\0\x05\0\x7f\0\0\x01\x9b\xc1\xcd\x80";
        let reply = LoginReply {
            x8c: 0x8C,
            ping: 110,
            timeout: 10,
            xa: 10,
            retries: 5,
            ip: Some(Ipv4Addr::LOCALHOST),
            server_id: Some(0x80CD_C19B),
        };
        assert_from_server(
            &FromServer::LoginReply(reply.clone()),
            MetaForm::Unknown,
            body,
        );

        let decoded = FromServer::decode(0x005A, &body[..14], MetaForm::Unknown).unwrap();
        assert_eq!(
            decoded.packet,
            FromServer::LoginReply(LoginReply {
                ip: None,
                server_id: None,
                ..reply
            })
        );
        assert_eq!(decoded.rest, b"\x7f\0");
    }

    #[test]
    fn a_reason_may_be_missing() {
        for (text, body) in [
            (None, &b""[..]),
            (Some(&b""[..]), b"\x01\0\0"),
            (Some(b"bye"), b"\x04\0bye\0"),
        ] {
            let packet = FromServer::GoAway(Reason { text });
            assert_from_server(&packet, MetaForm::Unknown, body);
        }
    }

    #[test]
    fn multi_holds_whole_packets() {
        assert_from_server(
            &FromServer::Multi(Multi {
                packets: vec![b"first", b"2."],
            }),
            MetaForm::Unknown,
            b"\x02\x05\0first\x02\x002.",
        );
    }

    #[test]
    fn a_packet_inside_multi_does_not_reach_beyond_it() {
        assert_eq!(
            FromServer::decode(0x0212, b"\x01\xff\0short", MetaForm::Unknown),
            Err(DecodeError::Truncated {
                field: "packets",
                needed: 255,
                left: 5
            })
        );
    }
}
