//! Answers to the searches and questions from before META (`icq-udp.md` §8.1, §8.2), random chat (§8.6).

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Layout, Part, Reader, Version, Writer, layout};
use crate::model::Uin;

layout! {
    /// `USER_FOUND` (0x008C): somebody an old search found.
    ///
    /// | bytes | field         | meaning                                 |
    /// |-------|---------------|-----------------------------------------|
    /// | 4     | `target_uin`  | who                                     |
    /// | lstr  | `nick`        | nickname                                |
    /// | lstr  | `first`       | first name                              |
    /// | lstr  | `last`        | last name                               |
    /// | lstr  | `email`       | e-mail address                          |
    /// | 1     | `auth_byte`   | 0 authorisation required                |
    /// | 1     | `status_byte` | 0 offline, 1 online, 2 hidden; V5       |
    pub struct UserFound<'a> {
        /// Who it is.
        target_uin: Uin,
        /// Nickname.
        nick: &'a [u8],
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// E-mail address.
        email: &'a [u8],
        /// 0: authorisation required.
        auth_byte: Option<u8>,
        /// 0 offline, 1 online, 2 does not tell; servers say 0 of everybody.
        status_byte: Option<u8> where V5,
    }

    /// `EXT_INFO_REPLY` (0x0122): more of somebody's profile.
    ///
    /// | bytes | field        | meaning                         |
    /// |-------|--------------|---------------------------------|
    /// | 4     | `target_uin` | who                             |
    /// | lstr  | `city`       |                                 |
    /// | 2     | `country`    | §10.4                           |
    /// | 1     | `timezone`   | half hours, sign inverted       |
    /// | lstr  | `state`      |                                 |
    /// | 2     | `age`        | 0xFFFF unspecified              |
    /// | 1     | `gender`     | 0 unspecified, 1 female, 2 male |
    /// | lstr  | `phone`      |                                 |
    /// | lstr  | `homepage`   |                                 |
    /// | lstr  | `about`      |                                 |
    /// | 4     | `zip`        | may be missing                  |
    pub struct ExtendedInfo<'a> {
        /// Who it is.
        target_uin: Uin,
        /// City.
        city: &'a [u8],
        /// Country (§10.4).
        country: u16,
        /// Half hours west of Greenwich, signed; 0x9C unspecified.
        timezone: u8,
        /// State or province.
        state: &'a [u8],
        /// Age; 0xFFFF unspecified.
        age: u16,
        /// 0 unspecified, 1 female, 2 male.
        gender: u8,
        /// Telephone number.
        phone: &'a [u8],
        /// Homepage.
        homepage: &'a [u8],
        /// What the person says about themselves.
        about: &'a [u8],
        /// Postal code.
        zip: Option<u32>,
    }

    /// `END_OF_SEARCH` (0x00A0).
    ///
    /// | bytes | field  | meaning                                    |
    /// |-------|--------|--------------------------------------------|
    /// | 1     | `more` | 1: there were more matches; may be missing |
    pub struct EndOfSearch {
        /// 1: there were more matches than the server tells.
        more: Option<u8>,
    }

    /// What `RAND_USER` says about somebody.
    pub struct RandomUserDetails {
        /// Their address as the server sees it.
        ip: Ipv4Addr,
        /// Their listening port.
        tcp_port: u16,
        /// 0.
        x: u16,
        /// Their own address.
        real_ip: Ipv4Addr,
        /// Whether others may connect to them, as in the login.
        dc_mode: u8,
        /// Their status word.
        status: u32,
        /// Version of the direct protocol.
        tcp_version: u16,
    }
}

/// `INFO_REPLY` (0x0118): somebody's short profile (§8.1).
///
/// | bytes | field         | meaning                                              |
/// |-------|---------------|------------------------------------------------------|
/// | 4     | `target_uin`  | who; groupware servers leave it out                  |
/// | lstr  | `nick`        | nickname                                             |
/// | lstr  | `first`       | first name                                           |
/// | lstr  | `last`        | last name                                            |
/// | lstr  | `email`       | e-mail address                                       |
/// | 1     | `status_byte` | V3 and V4, if two bytes follow the names             |
/// | 1     | `auth_byte`   | 0 authorisation required                             |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InfoReply<'a> {
    /// Who it is. 0 if a V3 server does not say: whoever was asked about in the request that the
    /// header's `seq2` names.
    pub target_uin: Uin,
    /// Nickname.
    pub nick: &'a [u8],
    /// First name.
    pub first: &'a [u8],
    /// Last name.
    pub last: &'a [u8],
    /// E-mail address.
    pub email: &'a [u8],
    /// Some status; V3 and V4.
    pub status_byte: Option<u8>,
    /// 0: authorisation required.
    pub auth_byte: Option<u8>,
}

impl<'a> Layout<'a> for InfoReply<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let may_lack_uin = reader.version() == Version::V3;
        let may_tell_status = tells_status(reader.version());
        Ok(Self {
            target_uin: match may_lack_uin && begins_with_names(reader) {
                true => Uin(0),
                false => Part::read(reader, "target_uin")?,
            },
            nick: reader.lstr("nick")?,
            first: reader.lstr("first")?,
            last: reader.lstr("last")?,
            email: reader.lstr("email")?,
            status_byte: match may_tell_status && reader.left() == 2 {
                true => Part::read(reader, "status_byte")?,
                false => None,
            },
            auth_byte: Part::read(reader, "auth_byte")?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let may_lack_uin = writer.version() == Version::V3;
        if !(may_lack_uin && self.target_uin == Uin(0)) {
            self.target_uin.write(writer);
        }
        for name in [self.nick, self.first, self.last, self.email] {
            name.write(writer);
        }
        if tells_status(writer.version()) {
            self.status_byte.write(writer);
        }
        self.auth_byte.write(writer);
    }
}

const fn tells_status(version: Version) -> bool {
    matches!(version, Version::V3 | Version::V4)
}

/// Whether four texts stand here and hardly anything behind them: then no UIN is before them.
fn begins_with_names(reader: &Reader<'_>) -> bool {
    let mut names = Reader::new(reader.peek());
    (0..4).all(|_| names.lstr("names").is_ok()) && names.left() <= LONGEST_INFO_TAIL
}

/// The most bytes that servers put behind the names (§8.1).
const LONGEST_INFO_TAIL: usize = 5;

/// `RAND_USER` (0x024E): somebody of a random chat group (§8.6).
///
/// | bytes | field         | meaning                                            |
/// |-------|---------------|----------------------------------------------------|
/// | 4     | `target_uin`  | who, 0 nobody; then nothing follows                |
/// | 4     | `ip`          | their address as the server sees it                |
/// | 2     | `tcp_port`    | their listening port                               |
/// | 2     | `x`           | 0                                                  |
/// | 4     | `real_ip`     | their own address                                  |
/// | 1     | `dc_mode`     | as in `LOGIN`                                      |
/// | 4     | `status`      | low word status, high word flags                   |
/// | 2     | `tcp_version` | version of the direct protocol                     |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RandomUser {
    /// Who it is; 0 is nobody.
    pub target_uin: Uin,
    /// What follows if it is somebody.
    pub details: Option<RandomUserDetails>,
}

impl<'a> Layout<'a> for RandomUser {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let target_uin = Uin(reader.u32_le("target_uin")?);
        let details = match target_uin {
            Uin(0) => None,
            _ => Some(RandomUserDetails::read(reader)?),
        };
        Ok(Self {
            target_uin,
            details,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u32_le(self.target_uin.0);
        if let Some(details) = &self.details {
            details.write(writer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::FromServer;
    use crate::icq::udp::golden::{assert_from_server, assert_from_server_in};
    use crate::icq::wire::meta::MetaForm;

    #[test]
    fn nobody_in_a_random_group_is_a_zero() {
        let nobody = RandomUser {
            target_uin: Uin(0),
            details: None,
        };
        let packet = FromServer::RandomUser(nobody);
        assert_from_server(&packet, MetaForm::Unknown, &[0; 4]);
    }

    #[test]
    fn somebody_in_a_random_group_comes_with_an_address() {
        assert_from_server(
            &FromServer::RandomUser(RandomUser {
                target_uin: Uin(12_345),
                details: Some(RandomUserDetails {
                    ip: Ipv4Addr::new(10, 0, 0, 7),
                    tcp_port: 4000,
                    x: 0,
                    real_ip: Ipv4Addr::new(192, 168, 1, 5),
                    dc_mode: 4,
                    status: 0x20,
                    tcp_version: 6,
                }),
            }),
            MetaForm::Unknown,
            b"\x39\x30\0\0\x0a\0\0\x07\xa0\x0f\0\0\xc0\xa8\x01\x05\x04\x20\0\0\0\x06\0",
        );
    }

    fn bob(target_uin: Uin, status_byte: Option<u8>) -> FromServer<'static> {
        FromServer::InfoReply(InfoReply {
            target_uin,
            nick: b"Bob",
            first: b"",
            last: b"Bee",
            email: b"",
            status_byte,
            auth_byte: Some(1),
        })
    }

    const BOB: &[u8] = b"\x04\0Bob\0\x01\0\0\x04\0Bee\0\x01\0\0";

    #[test]
    fn a_groupware_server_may_leave_out_whose_profile_it_is() {
        let with_uin = [b"\x39\x30\0\0", BOB].concat();
        for (uin, status_byte, body) in [
            (Uin(0), None, [BOB, b"\x01"].concat()),
            (Uin(0), Some(2), [BOB, b"\x02\x01"].concat()),
            (Uin(12_345), None, [&with_uin[..], b"\x01"].concat()),
            (Uin(12_345), Some(2), [&with_uin[..], b"\x02\x01"].concat()),
        ] {
            let packet = bob(uin, status_byte);
            assert_from_server_in(Version::V3, &packet, MetaForm::Unknown, &body);
            if uin != Uin(0) {
                assert_from_server_in(Version::V4, &packet, MetaForm::Unknown, &body);
            }
        }
    }

    #[test]
    fn what_follows_the_flag_in_a_short_profile_is_left_alone() {
        let body = [b"\x39\x30\0\0", BOB, b"\x01\0\0\0\0"].concat();
        for version in Version::ALL {
            let decoded = FromServer::decode(version, 0x0118, &body, MetaForm::Unknown).unwrap();
            assert_eq!(decoded.packet, bob(Uin(12_345), None), "{version:?}");
            assert_eq!(decoded.rest, [0; 4]);
        }
        let two = [b"\x39\x30\0\0", BOB, b"\x01\0"].concat();
        let decoded = FromServer::decode(Version::V2, 0x0118, &two, MetaForm::Unknown).unwrap();
        assert_eq!(decoded.packet, bob(Uin(12_345), None));
    }

    #[test]
    fn a_search_may_end_without_saying_whether_there_is_more() {
        for (more, body) in [(None, &b""[..]), (Some(1), b"\x01")] {
            let packet = FromServer::EndOfSearch(EndOfSearch { more });
            assert_from_server(&packet, MetaForm::Unknown, body);
        }
    }
}
