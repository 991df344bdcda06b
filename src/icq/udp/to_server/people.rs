//! Searches and profile changes from before META (`icq-udp.md` §8.1, §8.3).

use crate::icq::wire::{DecodeError, Part, Password, Reader, Writer, layout};

layout! {
    /// `SEARCH_USER` (0x0424).
    ///
    /// | bytes | field   | meaning         |
    /// |-------|---------|-----------------|
    /// | lstr  | `nick`  | nickname        |
    /// | lstr  | `first` | first name      |
    /// | lstr  | `last`  | last name       |
    /// | lstr  | `email` | e-mail address  |
    pub struct SearchUser<'a> {
        /// Nickname.
        nick: &'a [u8],
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// E-mail address; the names are to be empty if this is set.
        email: &'a [u8],
    }

    /// `CHANGE_PASSWORD` (0x049C).
    ///
    /// | bytes | field      | meaning                                    |
    /// |-------|------------|--------------------------------------------|
    /// | 4     | `x`        | unknown, and usually missing; V3           |
    /// | lstr  | `password` | the new password                           |
    pub struct ChangePassword<'a> {
        /// What one client puts before the password.
        x: Option<Odd> where V3,
        /// The new password.
        password: Password<'a>,
    }

    /// `UPDATE_BASIC` (0x050A), and its older spelling (0x04A6): names and address.
    ///
    /// | bytes | field       | meaning                            |
    /// |-------|-------------|------------------------------------|
    /// | lstr  | `nick`      | nickname                           |
    /// | lstr  | `first`     | first name                         |
    /// | lstr  | `last`      | last name                          |
    /// | lstr  | `email`     | e-mail address                     |
    /// | 1     | `auth_byte` | 0 authorisation required; may be missing |
    pub struct UpdateBasic<'a> {
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

    /// `UPDATE_EXT` (0x04B0): the rest of a profile.
    ///
    /// | bytes | field      | meaning                         |
    /// |-------|------------|---------------------------------|
    /// | lstr  | `city`     |                                 |
    /// | 2     | `country`  | §10.4                           |
    /// | 1     | `timezone` | half hours, sign inverted       |
    /// | lstr  | `state`    |                                 |
    /// | 2     | `age`      | 0xFFFF unspecified              |
    /// | 1     | `gender`   | 0 unspecified, 1 female, 2 male |
    /// | lstr  | `phone`    |                                 |
    /// | lstr  | `homepage` |                                 |
    /// | lstr  | `about`    |                                 |
    /// | 4     | `zip`      | may be missing                  |
    pub struct UpdateExtended<'a> {
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

    /// `SET_AUTH` (0x0514).
    ///
    /// | bytes | field       | meaning                  |
    /// |-------|-------------|--------------------------|
    /// | 4     | `x`         | unknown                  |
    /// | 1     | `auth_byte` | 0 authorisation required |
    pub struct SetAuthorisation {
        /// Unknown.
        x: u32,
        /// 0: authorisation required.
        auth_byte: u8,
    }
}

/// Four bytes before a text that fills the packet (§5.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Odd(pub u32);

impl<'a> Part<'a> for Odd {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.u32_le(name).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u32_le(self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        let is_text = |bytes: &[u8]| {
            bytes.split_first_chunk().is_some_and(|(length, text)| {
                usize::from(u16::from_le_bytes(*length)) == text.len()
            })
        };
        !is_text(reader.peek()) && reader.peek().get(4..).is_some_and(is_text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::golden::{assert_to_server, assert_to_server_in};
    use crate::icq::udp::{ToServer, Version};

    #[test]
    fn old_changes_are_laid_out_as_the_reference_says() {
        assert_to_server(
            &ToServer::ChangePassword(ChangePassword {
                x: None,
                password: Password(b"new"),
            }),
            b"\x04\0new\0",
        );
        assert_to_server(
            &ToServer::SetAuthorisation(SetAuthorisation {
                x: 0x1124,
                auth_byte: 1,
            }),
            b"\x24\x11\0\0\x01",
        );
    }

    #[test]
    fn a_groupware_client_may_put_something_before_the_new_password() {
        let change = |x| {
            let password = Password(b"new");
            ToServer::ChangePassword(ChangePassword { x, password })
        };
        let body = b"\x24\x11\0\0\x04\0new\0";
        assert_to_server_in(Version::V3, &change(None), &body[4..]);
        let decoded = ToServer::decode(Version::V3, 0x049C, body).unwrap();
        assert_eq!(decoded.packet, change(Some(Odd(0x1124))));
        let mut written = Vec::new();
        decoded.packet.encode(Version::V3, &mut written);
        assert_eq!(written, body);

        // A text that fills the packet is the password, whatever is in it.
        let odd_password = b"\x08\0ab\x04\0new\0";
        let decoded = ToServer::decode(Version::V3, 0x049C, odd_password).unwrap();
        let password = Password(b"ab\x04");
        assert_eq!(
            decoded.packet,
            ToServer::ChangePassword(ChangePassword { x: None, password })
        );
    }

    #[test]
    fn an_update_may_lack_its_last_field() {
        let update = |auth_byte| {
            ToServer::UpdateBasic(UpdateBasic {
                nick: b"a",
                first: b"",
                last: b"",
                email: b"",
                auth_byte,
            })
        };
        let body = b"\x02\0a\0\x01\0\0\x01\0\0\x01\0\0";
        assert_to_server(&update(None), body);
        let with = [&body[..], b"\x01"].concat();
        assert_eq!(
            ToServer::decode(Version::V5, 0x050A, &with).unwrap().packet,
            update(Some(1))
        );
    }
}
