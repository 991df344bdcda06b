//! Login reply, endings, and packets inside packets.

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Layout, Reader, Rest, Value, Version, Writer, layout};
use crate::model::Uin;

layout! {
    /// `LOGIN_REPLY` in V1 and V2.
    ///
    /// | bytes | field       | meaning                                    |
    /// |-------|-------------|--------------------------------------------|
    /// | 4     | `own_uin`   | who logged in                              |
    /// | 4     | `ip`        | the client's address as the server sees it |
    /// | 2     | `login_seq` | [`Login::login_seq`](crate::icq::udp::to_server::Login::login_seq), again |
    /// | n     | `rest_hex`  | [`LoginReplyV2::TAIL`]                     |
    pub struct LoginReplyV2<'a> {
        /// Who logged in.
        own_uin: Uin,
        /// The client's address as the server sees it.
        ip: Ipv4Addr,
        /// The number at the end of the login, again.
        login_seq: u16,
        /// Constants.
        rest_hex: Rest<'a>,
    }

    /// `LOGIN_REPLY` in V3.
    ///
    /// | bytes | field            | meaning                                    |
    /// |-------|------------------|--------------------------------------------|
    /// | 4     | `ip`             | the client's address as the server sees it |
    /// | 4     | `zero`           | 0                                          |
    /// | 4     | `externals`      | how many there are                         |
    /// | 4     | `deplist_version`| of the departments list                    |
    /// | 1     | `must_change_pw` | 1: the password has to be changed          |
    /// | 1     | `can_broadcast`  | 1: may write to everybody                  |
    /// | 4     | `xfa`            | 0xFA                                       |
    /// | 2     | `ping`           | seconds between keepalives                 |
    /// | 2     | `timeout`        | seconds until a packet is repeated         |
    /// | 2     | `xa`             | 0x0A                                       |
    /// | 2     | `retries`        | how often a packet is repeated             |
    pub struct LoginReplyV3 {
        /// The client's address as the server sees it.
        ip: Ipv4Addr,
        /// 0.
        zero: u32,
        /// How many external programs there are.
        externals: u32,
        /// Version of the departments list.
        deplist_version: u32,
        /// 1: the password has to be changed.
        must_change_pw: u8,
        /// 1: the client may write to everybody.
        can_broadcast: u8,
        /// 0xFA.
        xfa: u32,
        /// Seconds between keepalives.
        ping: u16,
        /// Seconds until a packet is repeated.
        timeout: u16,
        /// 0x0A.
        xa: u16,
        /// How often a packet is repeated.
        retries: u16,
    }

    /// `LOGIN_REPLY` in V4.
    ///
    /// | bytes | field     | meaning                                    |
    /// |-------|-----------|--------------------------------------------|
    /// | 4     | `ip`      | the client's address as the server sees it |
    /// | 2     | `w0`      | 0                                          |
    /// | 2     | `w1`      | 0                                          |
    /// | 2     | `x19`     | 0x19                                       |
    /// | 2     | `x2`      | 2                                          |
    /// | 2     | `x1`      | 1                                          |
    /// | 2     | `xfa`     | 0xFA                                       |
    /// | 2     | `ping`    | seconds between keepalives                 |
    /// | 2     | `timeout` | seconds until a packet is repeated         |
    /// | 2     | `xa`      | 0x0A                                       |
    /// | 2     | `retries` | how often a packet is repeated             |
    pub struct LoginReplyV4 {
        /// The client's address as the server sees it.
        ip: Ipv4Addr,
        /// 0.
        w0: u16,
        /// 0.
        w1: u16,
        /// 0x19.
        x19: u16,
        /// 2.
        x2: u16,
        /// 1.
        x1: u16,
        /// 0xFA.
        xfa: u16,
        /// Seconds between keepalives.
        ping: u16,
        /// Seconds until a packet is repeated.
        timeout: u16,
        /// 0x0A.
        xa: u16,
        /// How often a packet is repeated.
        retries: u16,
    }

    /// `LOGIN_REPLY` in V5.
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
    pub struct LoginReplyV5 {
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

    /// `GO_AWAY` (0x0028), `LOGIN_ERROR` (0x0370), `SYSTEM_MESSAGE` (0x01C2): a text (§4.8). And
    /// `REGISTRATION_OK` (0x0384).
    ///
    /// | bytes | field  | meaning                          |
    /// |-------|--------|----------------------------------|
    /// | lstr  | `text` | what the server says; may be missing |
    pub struct Reason<'a> {
        /// What the server says.
        text: Option<&'a [u8]>,
    }
}

/// `LOGIN_REPLY` (0x005A): the login is accepted (`icq-udp.md` §6.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LoginReply<'a> {
    /// In V1 and V2.
    V2(LoginReplyV2<'a>),
    /// In V3.
    V3(LoginReplyV3),
    /// In V4.
    V4(LoginReplyV4),
    /// In V5.
    V5(LoginReplyV5),
}

impl LoginReply<'_> {
    /// The client's address as the server sees it.
    pub const fn ip(&self) -> Option<Ipv4Addr> {
        match self {
            Self::V2(reply) => Some(reply.ip),
            Self::V3(reply) => Some(reply.ip),
            Self::V4(reply) => Some(reply.ip),
            Self::V5(reply) => reply.ip,
        }
    }

    /// Who logged in, where the header does not say it.
    pub const fn own_uin(&self) -> Option<Uin> {
        match self {
            Self::V2(reply) => Some(reply.own_uin),
            Self::V3(_) | Self::V4(_) | Self::V5(_) => None,
        }
    }
}

impl<'a> Layout<'a> for LoginReply<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match reader.version() {
            Version::V1 | Version::V2 => Layout::read(reader).map(Self::V2),
            Version::V3 => Layout::read(reader).map(Self::V3),
            Version::V4 => Layout::read(reader).map(Self::V4),
            Version::V5 => Layout::read(reader).map(Self::V5),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::V2(reply) => reply.write(writer),
            Self::V3(reply) => reply.write(writer),
            Self::V4(reply) => reply.write(writer),
            Self::V5(reply) => reply.write(writer),
        }
    }
}

impl LoginReplyV2<'_> {
    /// What servers say last. Nobody knows what it means.
    pub const TAIL: &'static [u8] = &[
        0x01, 0x00, 0x05, 0x00, 0, 0, 0, 0, 0x8C, 0, 0, 0, //
        0xF0, 0x00, 0x0A, 0x00, 0x0A, 0x00, 0x05, 0x00, 0x0A, 0x00, 0x01,
    ];
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
    use crate::icq::udp::golden::{assert_from_server, assert_from_server_in};
    use crate::icq::udp::{FromServer, Version};
    use crate::icq::wire::meta::MetaForm;

    #[test]
    fn a_login_reply_shorter_than_the_usual_is_one_all_the_same() {
        let body = b"\x8c\0\0\0\x6e\0\x0a\0\x0a\0\x05\0\x7f\0\0\x01\x9b\xc1\xcd\x80";
        let reply = LoginReplyV5 {
            x8c: 0x8C,
            ping: 110,
            timeout: 10,
            xa: 10,
            retries: 5,
            ip: Some(Ipv4Addr::LOCALHOST),
            server_id: Some(0x80CD_C19B),
        };
        assert_from_server(
            &FromServer::LoginReply(LoginReply::V5(reply.clone())),
            MetaForm::Unknown,
            body,
        );

        let decoded =
            FromServer::decode(Version::V5, 0x005A, &body[..14], MetaForm::Unknown).unwrap();
        assert_eq!(
            decoded.packet,
            FromServer::LoginReply(LoginReply::V5(LoginReplyV5 {
                ip: None,
                server_id: None,
                ..reply
            }))
        );
        assert_eq!(decoded.rest, b"\x7f\0");
    }

    #[test]
    fn every_version_accepts_a_login_in_its_own_words_and_tells_the_address() {
        let ip = Ipv4Addr::new(203, 0, 113, 9);
        let v2 = LoginReply::V2(LoginReplyV2 {
            own_uin: Uin(12_345),
            ip,
            login_seq: 2,
            rest_hex: Rest(LoginReplyV2::TAIL),
        });
        let v3 = LoginReply::V3(LoginReplyV3 {
            ip,
            zero: 0,
            externals: 0,
            deplist_version: 1,
            must_change_pw: 0,
            can_broadcast: 1,
            xfa: 0xFA,
            ping: 45,
            timeout: 10,
            xa: 10,
            retries: 3,
        });
        let v4 = LoginReply::V4(LoginReplyV4 {
            ip,
            w0: 0,
            w1: 0,
            x19: 0x19,
            x2: 2,
            x1: 1,
            xfa: 0xFA,
            ping: 45,
            timeout: 5,
            xa: 10,
            retries: 5,
        });
        for (version, reply, body) in [
            (
                Version::V4,
                v4,
                &b"\xcb\0\x71\x09\0\0\0\0\x19\0\x02\0\x01\0\xfa\0\x2d\0\x05\0\x0a\0\x05\0"[..],
            ),
            (
                Version::V2,
                v2,
                &b"\x39\x30\0\0\xcb\0\x71\x09\x02\0\x01\0\x05\0\0\0\0\0\x8c\0\0\0\
                \xf0\0\x0a\0\x0a\0\x05\0\x0a\0\x01"[..],
            ),
            (
                Version::V3,
                v3,
                b"\xcb\0\x71\x09\0\0\0\0\0\0\0\0\x01\0\0\0\0\x01\xfa\0\0\0\
                \x2d\0\x0a\0\x0a\0\x03\0",
            ),
        ] {
            assert_eq!(reply.ip(), Some(ip));
            let packet = FromServer::LoginReply(reply);
            assert_from_server_in(version, &packet, MetaForm::Unknown, body);
        }
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
            FromServer::decode(Version::V5, 0x0212, b"\x01\xff\0short", MetaForm::Unknown),
            Err(DecodeError::Truncated {
                field: "packets",
                needed: 255,
                left: 5
            })
        );
    }
}
