//! Login, registration, logout, status.

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Part, Password, Reader, Rest, Writer, layout};
use crate::model::Uin;

layout! {
    /// `LOGIN` (0x03E8), V5 (`icq-udp.md` §6.1).
    ///
    /// | bytes | field         | meaning                                           |
    /// |-------|---------------|---------------------------------------------------|
    /// | 4     | `time`        | unix time                                         |
    /// | 4     | `tcp_port`    | listening port, 0 if none                         |
    /// | lstr  | `password`    | clear, at most 8 characters                       |
    /// | 4     | `x1`          | [`Login::X1`]                                     |
    /// | 4     | `ip`          | local address                                     |
    /// | 1     | `dc_mode`     | 4 direct connections, 2 behind a firewall, 6 none |
    /// | 4     | `status`      | low word status, high word flags                  |
    /// | 4     | `tcp_version` | version of the direct protocol                    |
    /// | n     | `rest_hex`    | [`Login::TAIL`]; absent from older clients        |
    pub struct Login<'a> {
        /// Unix time of the login.
        time: u32,
        /// The client's listening port, 0 if none.
        tcp_port: u32,
        /// The password, at most 8 characters.
        password: Password<'a>,
        /// Unknown; differs by client.
        x1: u32,
        /// The client's own address.
        ip: Ipv4Addr,
        /// Whether others may connect: 4 yes, 2 behind a firewall, 6 no.
        dc_mode: u8,
        /// The status to begin with.
        status: u32,
        /// Version of the direct protocol.
        tcp_version: u32,
        /// What follows.
        rest_hex: Rest<'a>,
    }

    /// `PRE_LOGIN` (0x03F2): asks for the departments list (§6.5). V5 servers answer, no client needs it.
    ///
    /// | bytes | field       | meaning    |
    /// |-------|-------------|------------|
    /// | 4     | `login_uin` | who        |
    /// | lstr  | `password`  | clear      |
    pub struct PreLogin<'a> {
        /// Who logs in.
        login_uin: Uin,
        /// The password.
        password: Password<'a>,
    }

    /// `NEW_USER` (0x03FC): asks for a new UIN (§6.6).
    ///
    /// | bytes | field      | meaning              |
    /// |-------|------------|----------------------|
    /// | lstr  | `password` | for the new account  |
    /// | 4     | `xa`       | 0xA0                 |
    /// | 4     | `xb`       | 0x2461               |
    /// | 4     | `xc`       | 0x00A00000           |
    /// | 4     | `xd`       | 0                    |
    pub struct Register<'a> {
        /// The password for the new account.
        password: Password<'a>,
        /// Unknown, 0xA0.
        xa: u32,
        /// Unknown, 0x2461.
        xb: u32,
        /// Unknown, 0x00A00000.
        xc: u32,
        /// Unknown, 0.
        xd: u32,
    }

    /// `SEND_TEXT_CODE` (0x0438): the logout, or a probe (§4.9).
    ///
    /// | bytes | field  | meaning                                      |
    /// |-------|--------|----------------------------------------------|
    /// | lstr  | `text` | [`TextCode::LOGOUT`] or [`TextCode::PROBE`]  |
    /// | 2     | `code` | 5                                            |
    pub struct TextCode<'a> {
        /// What is said.
        text: &'a [u8],
        /// 5.
        code: u16,
    }

    /// `SET_STATUS` (0x04D8).
    ///
    /// | bytes | field    | meaning                          |
    /// |-------|----------|----------------------------------|
    /// | 4     | `status` | low word status, high word flags |
    pub struct SetStatus {
        /// The status word (§10.2, §10.3).
        status: u32,
    }

    /// `RAND_SET` (0x0564), `RAND_SEARCH` (0x056E): a random chat group (§8.6).
    ///
    /// | bytes  | field   | meaning     |
    /// |--------|---------|-------------|
    /// | 4 or 2 | `group` | which group |
    pub struct RandomGroup {
        /// Which group; 0 leaves.
        group: Group,
    }
}

impl Login<'_> {
    /// What a client says in `x1`.
    pub const X1: u32 = 0xD5;

    /// What a client says after `tcp_version`: 0, its build, web port 80, features 3, and the times
    /// of three changes, none.
    pub const TAIL: &'static [u8] = &[
        0, 0, 0, 0, 0x02, 0x00, 0x3F, 0x01, 0x50, 0, 0, 0, 3, 0, 0, 0, // constants
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // times
    ];

    /// `dc_mode` of a client without direct connections.
    pub const NO_DIRECT_CONNECTIONS: u8 = 6;
}

impl TextCode<'_> {
    /// The text that ends a session.
    pub const LOGOUT: &'static [u8] = b"B_USER_DISCONNECTED";

    /// The text that asks whether the server is there.
    pub const PROBE: &'static [u8] = b"B_MESSAGE_ACK";

    /// The code of both.
    pub const CODE: u16 = 5;
}

/// A group number: four bytes, from some clients two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Group {
    /// Four bytes.
    Long(u32),
    /// Two bytes.
    Short(u16),
}

impl<'a> Part<'a> for Group {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        if reader.left() >= 4 {
            return reader.u32_le(name).map(Self::Long);
        }
        reader.u16_le(name).map(Self::Short)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Long(group) => writer.u32_le(*group),
            Self::Short(group) => writer.u16_le(*group),
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::ToServer;
    use crate::icq::udp::golden::assert_to_server;

    #[test]
    fn a_pre_login_names_the_uin_and_the_password() {
        assert_to_server(
            &ToServer::PreLogin(PreLogin {
                login_uin: Uin(12_345),
                password: Password(b"secret"),
            }),
            b"\x39\x30\0\0\x07\0secret\0",
        );
    }

    #[test]
    fn a_login_may_end_after_the_version_of_the_direct_protocol() {
        let login = |rest_hex| {
            ToServer::Login(Login {
                time: 0x3849_4F00,
                tcp_port: 0,
                password: Password(b"secret12"),
                x1: Login::X1,
                ip: Ipv4Addr::new(192, 168, 1, 5),
                dc_mode: Login::NO_DIRECT_CONNECTIONS,
                status: 0x1000_0001,
                tcp_version: 6,
                rest_hex: Rest(rest_hex),
            })
        };
        const SHORT: &[u8] = b"\0\x4f\x49\x38\0\0\0\0\x09\0secret12\0\xd5\0\0\0\
            \xc0\xa8\x01\x05\x06\x01\0\0\x10\x06\0\0\0";
        assert_to_server(&login(&[]), SHORT);

        let mut long = Vec::new();
        login(Login::TAIL).encode(&mut long);
        assert_eq!(long, [SHORT, Login::TAIL].concat());
        assert_eq!(
            ToServer::decode(0x03E8, &long).unwrap().packet,
            login(Login::TAIL)
        );
    }

    #[test]
    fn a_random_group_has_four_bytes_or_two() {
        for (group, body) in [
            (Group::Long(4), &b"\x04\0\0\0"[..]),
            (Group::Short(4), b"\x04\0"),
        ] {
            let packet = ToServer::RandomSearch(RandomGroup { group });
            let mut written = Vec::new();
            packet.encode(&mut written);
            assert_eq!(written, body);
            assert_eq!(ToServer::decode(0x056E, body).unwrap().packet, packet);
        }
    }
}
