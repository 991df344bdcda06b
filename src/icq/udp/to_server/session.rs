//! Login, registration, logout, status.

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Part, Password, Reader, Rest, Version, Writer, layout};
use crate::model::Uin;

layout! {
    /// `LOGIN` (0x03E8; `icq-udp.md` §6.1). V1 logs in with [`PreLogin`].
    ///
    /// | bytes | field            | meaning                                           |
    /// |-------|------------------|---------------------------------------------------|
    /// | 4     | `time`           | unix time; V4 and V5                              |
    /// | 4     | `tcp_port`       | listening port, 0 if none                         |
    /// | lstr  | `password`       | clear, at most 8 characters                       |
    /// | 4     | `x1`             | [`Login::X1`]; not in V3                          |
    /// | 2     | `client_version` | 0x7A; V3                                          |
    /// | 2     | `two`            | 2; V3                                             |
    /// | 4     | `ip`             | local address                                     |
    /// | 1     | `dc_mode`        | 4 direct connections, 2 behind a firewall, 6 none |
    /// | 4     | `status`         | low word status, high word flags                  |
    /// | 4     | `tcp_version`    | version of the direct protocol                    |
    /// | 4     | `x4`             | 0; V3                                             |
    /// | n     | `rest_hex`       | [`Login::tail`]; absent from older clients        |
    pub struct Login<'a> {
        /// Unix time of the login.
        time: u32 where V4 | V5,
        /// The client's listening port, 0 if none.
        tcp_port: u32,
        /// The password, at most 8 characters.
        password: Password<'a>,
        /// Unknown; differs by client.
        x1: u32 where V1 | V2 | V4 | V5,
        /// The build of a groupware client.
        client_version: u16 where V3,
        /// 2.
        two: u16 where V3,
        /// The client's own address.
        ip: Ipv4Addr,
        /// Whether others may connect: 4 yes, 2 behind a firewall, 6 no.
        dc_mode: u8,
        /// The status to begin with.
        status: u32,
        /// Version of the direct protocol.
        tcp_version: u32,
        /// 0.
        x4: u32 where V3,
        /// What follows.
        rest_hex: Rest<'a>,
    }

    /// `PRE_LOGIN` (0x03F2): asks for the departments list (§6.5), which no client needs. In V1 it
    /// is the login (§1.1).
    ///
    /// | bytes | field            | meaning                         |
    /// |-------|------------------|---------------------------------|
    /// | 4     | `login_uin`      | who; not in V1                  |
    /// | lstr  | `password`       | clear                           |
    /// | 4     | `status`         | the status to begin with; V1    |
    /// | 4     | `client_version` | may be missing; not in V1       |
    pub struct PreLogin<'a> {
        /// Who logs in. In V1 the header says it.
        login_uin: Uin where V2 | V3 | V4 | V5,
        /// The password.
        password: Password<'a>,
        /// The status to begin with.
        status: u32 where V1,
        /// The client's build.
        client_version: Option<u32> where V2 | V3 | V4 | V5,
    }

    /// `NEW_USER` (0x03FC): asks for a new UIN (§6.6).
    ///
    /// | bytes | field      | meaning                             |
    /// |-------|------------|-------------------------------------|
    /// | 2     | `x_0002`   | 2; V1 and V2, may be missing        |
    /// | lstr  | `password` | for the new account                 |
    /// | 4     | `x2`       | 0x72; V1 and V2                     |
    /// | 4     | `x3`       | 0; V1 and V2, may be missing        |
    /// | 4     | `xa`       | 0xA0; from V3 on, and what follows  |
    /// | 4     | `xb`       | 0x2461                              |
    /// | 4     | `xc`       | 0x00A00000                          |
    /// | 4     | `xd`       | 0                                   |
    pub struct Register<'a> {
        /// What early clients put before the password.
        x_0002: Option<Two> where V1 | V2,
        /// The password for the new account.
        password: Password<'a>,
        /// Unknown, 0x72.
        x2: u32 where V1 | V2,
        /// Unknown, 0.
        x3: Option<u32> where V1 | V2,
        /// Unknown, 0xA0.
        xa: u32 where V3 | V4 | V5,
        /// Unknown, 0x2461.
        xb: u32 where V3 | V4 | V5,
        /// Unknown, 0x00A00000.
        xc: u32 where V3 | V4 | V5,
        /// Unknown, 0.
        xd: u32 where V3 | V4 | V5,
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

    /// `CLIENT_STATE` (0x0528): what the client's window looks like (§9). Nobody needs it.
    ///
    /// | bytes | field   | meaning                                  |
    /// |-------|---------|------------------------------------------|
    /// | 4     | `time`  | unix time; V3                            |
    /// | 1     | `state` | 0 disabled, 1 maximised, 0xFF minimised  |
    pub struct ClientState {
        /// Unix time.
        time: u32 where V3,
        /// 0 disabled, 1 maximised, 0xFF minimised; in V2 always 0.
        state: u8,
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

impl<'a> Login<'a> {
    /// What a client says in `x1`.
    pub const X1: u32 = 0xD5;

    /// What a V5 client says after `tcp_version`: 0, its build, web port 80, features 3, and the
    /// times of three changes, none.
    pub const TAIL: &'static [u8] = &[
        0, 0, 0, 0, 0x02, 0x00, 0x3F, 0x01, 0x50, 0, 0, 0, 3, 0, 0, 0, // constants
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // times
    ];

    /// `dc_mode` of a client without direct connections.
    pub const NO_DIRECT_CONNECTIONS: u8 = 6;

    /// The login of a client without direct connections, with the constants of a client of record.
    pub const fn indirect(
        version: Version,
        time: u32,
        password: Password<'a>,
        status: u32,
    ) -> Self {
        let (x1, client_version, two, tcp_version) = match version {
            Version::V1 | Version::V2 => (0x78, 0, 0, 3),
            Version::V3 => (0, 0x7A, 2, 2),
            Version::V4 => (0x98, 0, 0, 3),
            Version::V5 => (Self::X1, 0, 0, 6),
        };
        Self {
            time,
            tcp_port: 0,
            password,
            x1,
            client_version,
            two,
            ip: Ipv4Addr::UNSPECIFIED,
            dc_mode: Self::NO_DIRECT_CONNECTIONS,
            status,
            tcp_version,
            x4: 0,
            rest_hex: Rest(Self::tail(version)),
        }
    }

    /// What a client of a version says last.
    pub const fn tail(version: Version) -> &'static [u8] {
        match version {
            // The number that the reply repeats, 0, the build.
            Version::V1 | Version::V2 => &[1, 0, 0, 0, 0, 0, 0x08, 0x00, 0x78, 0x00],
            // 3, the build.
            Version::V3 => &[3, 0, 0x7A, 0],
            // Zeros, the build.
            Version::V4 => &[0, 0, 0, 0, 0, 0, 0, 0, 0x98, 0],
            Version::V5 => Self::TAIL,
        }
    }

    /// The number that a V2 server repeats in its reply.
    pub fn login_seq(&self) -> u16 {
        self.rest_hex
            .0
            .first_chunk()
            .map_or(0, |seq| u16::from_le_bytes(*seq))
    }
}

impl<'a> Register<'a> {
    /// Asks for a UIN, with the constants of a client of record.
    pub const fn new(password: Password<'a>) -> Self {
        Self {
            x_0002: Some(Two),
            password,
            x2: 0x72,
            x3: Some(0),
            xa: 0xA0,
            xb: 0x2461,
            xc: 0x00A0_0000,
            xd: 0,
        }
    }
}

impl TextCode<'_> {
    /// The text that ends a session.
    pub const LOGOUT: &'static [u8] = b"B_USER_DISCONNECTED";

    /// The text that asks whether the server is there.
    pub const PROBE: &'static [u8] = b"B_MESSAGE_ACK";

    /// The code of both.
    pub const CODE: u16 = 5;
}

/// The number 2 before a text, which tells it from the text's length (§6.6).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Two;

impl<'a> Part<'a> for Two {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.u16_le(name).map(|_| Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16_le(2);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader
            .peek()
            .strip_prefix(&[2, 0])
            .is_some_and(|text| Reader::new(text).lstr_fits())
    }
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
    use crate::icq::udp::golden::{assert_to_server, assert_to_server_in};
    use crate::icq::udp::{ToServer, Version};

    #[test]
    fn a_pre_login_names_the_uin_and_the_password() {
        assert_to_server(
            &ToServer::PreLogin(PreLogin {
                login_uin: Uin(12_345),
                password: Password(b"secret"),
                status: 0,
                client_version: None,
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
                client_version: 0,
                two: 0,
                ip: Ipv4Addr::new(192, 168, 1, 5),
                dc_mode: Login::NO_DIRECT_CONNECTIONS,
                status: 0x1000_0001,
                tcp_version: 6,
                x4: 0,
                rest_hex: Rest(rest_hex),
            })
        };
        const SHORT: &[u8] = b"\0\x4f\x49\x38\0\0\0\0\x09\0secret12\0\xd5\0\0\0\
            \xc0\xa8\x01\x05\x06\x01\0\0\x10\x06\0\0\0";
        assert_to_server(&login(&[]), SHORT);

        let mut long = Vec::new();
        login(Login::TAIL).encode(Version::V5, &mut long);
        assert_eq!(long, [SHORT, Login::TAIL].concat());
        assert_eq!(
            ToServer::decode(Version::V5, 0x03E8, &long).unwrap().packet,
            login(Login::TAIL)
        );
    }

    #[test]
    fn every_version_logs_in_with_its_own_fields() {
        let login = |version| {
            let time = 0x3849_4F00;
            ToServer::Login(Login::indirect(version, time, Password(b"efg"), 0x100))
        };
        const V2: &[u8] = b"\0\0\0\0\x04\0efg\0\x78\0\0\0\0\0\0\0\x06\0\x01\0\0\x03\0\0\0";
        const V3: &[u8] =
            b"\0\0\0\0\x04\0efg\0\x7a\0\x02\0\0\0\0\0\x06\0\x01\0\0\x02\0\0\0\0\0\0\0";
        const V4: &[u8] = b"\0\x4f\x49\x38\0\0\0\0\x04\0efg\0\x98\0\0\0\0\0\0\0\x06\0\x01\0\0\
            \x03\0\0\0";
        const V5: &[u8] = b"\0\x4f\x49\x38\0\0\0\0\x04\0efg\0\xd5\0\0\0\0\0\0\0\x06\0\x01\0\0\
            \x06\0\0\0";
        for version in Version::ALL {
            let (body, tail): (&[u8], &[u8]) = match version {
                Version::V1 | Version::V2 => (V2, b"\x01\0\0\0\0\0\x08\0\x78\0"),
                Version::V3 => (V3, b"\x03\0\x7a\0"),
                Version::V4 => (V4, b"\0\0\0\0\0\0\0\0\x98\0"),
                Version::V5 => (V5, Login::TAIL),
            };
            let mut written = Vec::new();
            login(version).encode(version, &mut written);
            assert_eq!(written, [body, tail].concat(), "{version:?}");

            let decoded = ToServer::decode(version, 0x03E8, &written).unwrap().packet;
            let ToServer::Login(read) = &decoded else {
                panic!("{decoded:?}");
            };
            if version <= Version::V2 {
                let time = 0x3849_4F00;
                assert_eq!((read.time, read.login_seq()), (0, 1));
                assert_eq!(
                    ToServer::Login(Login {
                        time,
                        ..read.clone()
                    }),
                    login(version)
                );
            } else {
                assert_eq!(read.time != 0, version >= Version::V4);
            }
            for length in 0..body.len() {
                let shorter = ToServer::decode(version, 0x03E8, &written[..length]);
                assert!(shorter.is_err(), "{version:?}, {length} bytes were enough");
            }
        }
    }

    #[test]
    fn v1_logs_in_with_password_and_status() {
        assert_to_server_in(
            Version::V1,
            &ToServer::PreLogin(PreLogin {
                login_uin: Uin(0),
                password: Password(b"efg"),
                status: 0x100,
                client_version: None,
            }),
            b"\x04\0efg\0\0\x01\0\0",
        );
    }

    #[test]
    fn early_registrations_begin_with_a_two_or_with_the_password() {
        let register = Register::new(Password(b"efg"));
        let whole = b"\x02\0\x04\0efg\0\x72\0\0\0\0\0\0\0";
        let mut written = Vec::new();
        ToServer::Register(register).encode(Version::V2, &mut written);
        assert_eq!(written, whole);

        for (body, password) in [
            (&whole[..], &b"efg"[..]),
            (&whole[..12], b"efg"),
            (&whole[2..], b"efg"),
            (&whole[2..12], b"efg"),
            (b"\x02\0a\0\x72\0\0\0", b"a"),
        ] {
            let decoded = ToServer::decode(Version::V2, 0x03FC, body).unwrap();
            let ToServer::Register(read) = &decoded.packet else {
                panic!("{decoded:?}");
            };
            assert_eq!((read.password.0, read.x2), (password, 0x72));
            let mut again = Vec::new();
            decoded.packet.encode(Version::V2, &mut again);
            assert_eq!((again.as_slice(), decoded.rest), (body, &b""[..]));
        }
    }

    #[test]
    fn a_groupware_client_says_when_its_window_changed() {
        let state = |time| ToServer::ClientState(ClientState { time, state: 0xFF });
        assert_to_server_in(Version::V3, &state(0x3849_4F00), b"\0\x4f\x49\x38\xff");
        assert_to_server_in(Version::V2, &state(0), b"\xff");
    }

    #[test]
    fn a_random_group_has_four_bytes_or_two() {
        for (group, body) in [
            (Group::Long(4), &b"\x04\0\0\0"[..]),
            (Group::Short(4), b"\x04\0"),
        ] {
            let packet = ToServer::RandomSearch(RandomGroup { group });
            let mut written = Vec::new();
            packet.encode(Version::V5, &mut written);
            assert_eq!(written, body);
            assert_eq!(
                ToServer::decode(Version::V5, 0x056E, body).unwrap().packet,
                packet
            );
        }
    }
}
