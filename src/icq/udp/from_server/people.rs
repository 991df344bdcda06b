//! Answers to the searches and questions from before META (`icq-udp.md` §8.1, §8.2), random chat (§8.6).

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Layout, Reader, Writer, layout};
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
        status_byte: Option<u8>,
    }

    /// `INFO_REPLY` (0x0118): somebody's short profile. In V5 one byte follows the names.
    ///
    /// | bytes | field        | meaning                  |
    /// |-------|--------------|--------------------------|
    /// | 4     | `target_uin` | who                      |
    /// | lstr  | `nick`       | nickname                 |
    /// | lstr  | `first`      | first name               |
    /// | lstr  | `last`       | last name                |
    /// | lstr  | `email`      | e-mail address           |
    /// | 1     | `auth_byte`  | 0 authorisation required |
    pub struct InfoReply<'a> {
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
    use crate::icq::udp::golden::assert_from_server;
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

    #[test]
    fn a_search_may_end_without_saying_whether_there_is_more() {
        for (more, body) in [(None, &b""[..]), (Some(1), b"\x01")] {
            let packet = FromServer::EndOfSearch(EndOfSearch { more });
            assert_from_server(&packet, MetaForm::Unknown, body);
        }
    }
}
