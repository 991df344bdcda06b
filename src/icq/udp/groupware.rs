//! What only groupware has: profiles, notes and searches of V3, both directions (`icq-udp.md` §9).
//!
//! A client changes each part of its profile with the layout in which servers tell it.

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Layout, Part, Reader, SecretRest, Writer, layout};

layout! {
    /// Names: `BASIC_INFO` (0x02E4). Changed by `UPDATE_BASIC`.
    ///
    /// | bytes | field       | meaning                  |
    /// |-------|-------------|--------------------------|
    /// | lstr  | `nick`      | nickname                 |
    /// | lstr  | `first`     | first name               |
    /// | lstr  | `last`      | last name                |
    /// | lstr  | `email`     | e-mail address           |
    /// | 1     | `auth_byte` | 0 authorisation required |
    pub struct BasicInfo<'a> {
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

    /// Home: `HOME_INFO` (0x0320), `SET_HOME` (0x0582).
    ///
    /// | bytes    | field                           | meaning                         |
    /// |----------|---------------------------------|---------------------------------|
    /// | lstr × 3 | `street` `city` `state`         |                                 |
    /// | 2        | `country`                       | §10.4                           |
    /// | lstr × 3 | `phone` `fax` `cellular`        |                                 |
    /// | 4        | `zip`                           |                                 |
    /// | 1        | `gender`                        | 0 unspecified, 1 female, 2 male |
    /// | 2        | `age`                           | 0xFFFF unspecified              |
    /// | 1        | `birth_day`                     |                                 |
    /// | 1        | `birth_month`                   |                                 |
    /// | 1        | `birth_year_minus_1900`         |                                 |
    /// | 1        | `x`                             | 0; may be missing               |
    pub struct HomeInfo<'a> {
        /// Street.
        street: &'a [u8],
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Country (§10.4).
        country: u16,
        /// Telephone number.
        phone: &'a [u8],
        /// Fax number.
        fax: &'a [u8],
        /// Mobile number.
        cellular: &'a [u8],
        /// Postal code.
        zip: u32,
        /// 0 unspecified, 1 female, 2 male.
        gender: u8,
        /// Age; 0xFFFF unspecified.
        age: u16,
        /// Day of birth.
        birth_day: u8,
        /// Month of birth.
        birth_month: u8,
        /// Year of birth, counted from 1900.
        birth_year_minus_1900: u8,
        /// 0.
        x: Option<u8>,
    }

    /// Work: `WORK_INFO` (0x02F8), `SET_WORK` (0x0578).
    ///
    /// | bytes    | field                    | meaning                     |
    /// |----------|--------------------------|-----------------------------|
    /// | lstr × 3 | `street` `city` `state`  |                             |
    /// | 2        | `country`                | §10.4                       |
    /// | lstr × 2 | `company` `position`     |                             |
    /// | 4        | `department_id`          | one of the departments list |
    /// | lstr × 3 | `phone` `fax` `pager`    |                             |
    /// | 4        | `zip`                    |                             |
    pub struct WorkInfo<'a> {
        /// Street.
        street: &'a [u8],
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Country (§10.4).
        country: u16,
        /// Company.
        company: &'a [u8],
        /// Position.
        position: &'a [u8],
        /// Which department of the departments list.
        department_id: u32,
        /// Telephone number.
        phone: &'a [u8],
        /// Fax number.
        fax: &'a [u8],
        /// Pager number.
        pager: &'a [u8],
        /// Postal code.
        zip: u32,
    }

    /// A web page: `HOME_WEB` (0x0334), `SET_HOME_WEB` (0x058C), `WORK_WEB` (0x030C),
    /// `SET_WORK_WEB` (0x05BE).
    ///
    /// | bytes | field      | meaning |
    /// |-------|------------|---------|
    /// | lstr  | `homepage` |         |
    pub struct WebPage<'a> {
        /// Its address.
        homepage: &'a [u8],
    }

    /// Notes about oneself: `SET_NOTES` (0x0596).
    ///
    /// | bytes | field   | meaning |
    /// |-------|---------|---------|
    /// | lstr  | `notes` |         |
    pub struct SetNotes<'a> {
        /// What the person says.
        notes: &'a [u8],
    }

    /// Somebody's notes: `NOTES` (0x0352).
    ///
    /// | bytes | field         | meaning                   |
    /// |-------|---------------|---------------------------|
    /// | lstr  | `notes`       |                           |
    /// | 4     | `update_time` | when they changed         |
    /// | 4     | `last_login`  | when the person was there |
    /// | 4     | `last_ip`     | and from where            |
    pub struct Notes<'a> {
        /// What the person says.
        notes: &'a [u8],
        /// When they changed: unix time.
        update_time: u32,
        /// When the person logged in last: unix time.
        last_login: u32,
        /// From where.
        last_ip: Ipv4Addr,
    }

    /// Part of a packet too long for one datagram: `FRAGMENT`, 0x05D2 from a client, 0x0366 from a
    /// server (§4.7).
    ///
    /// | bytes | field   | meaning                                          |
    /// |-------|---------|--------------------------------------------------|
    /// | 1     | `index` | which part, from 0                               |
    /// | 1     | `count` | of how many                                      |
    /// | n     | `slice` | of the packet with its header, a password or not |
    pub struct Fragment<'a> {
        /// Which part, from 0.
        index: u8,
        /// Of how many.
        count: u8,
        /// The bytes. They are shown to nobody: there may be a password in them.
        slice: SecretRest<'a>,
    }

    /// `REGISTRATION_FORM` (0x05E6): asks for a new UIN. Its layout is not known.
    ///
    /// | bytes | field  | meaning                       |
    /// |-------|--------|-------------------------------|
    /// | n     | `form` | surely a password among it    |
    pub struct RegistrationForm<'a> {
        /// The bytes, shown to nobody.
        form: SecretRest<'a>,
    }
}

/// `SEARCH` (0x05C8).
///
/// | bytes     | field        | meaning                                                         |
/// |-----------|--------------|-----------------------------------------------------------------|
/// | 1         | `x_ff`       | 0xFF                                                            |
/// | 1         | `type`       | what is searched: 0 UIN, 1 nick, 2 first, 3 last, 4 e-mail, 5 age; work: 6 city, 7 state, 8 country, 9 company, 0x0A position, 0x0B department; home: 0x0C city, 0x0D state, 0x0E country |
/// | 1         | `x`          | any                                                             |
/// | 1         | `comparison` | 0 contains, 1 does not, 2 is, 3 is not, 4 begins, 5 ends        |
/// | 2 or lstr | `number` or `text` | a number for countries and departments, else a text       |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Search<'a> {
    /// 0xFF.
    pub x_ff: u8,
    /// What is searched.
    pub kind: u8,
    /// Any.
    pub x: u8,
    /// How it is compared.
    pub comparison: u8,
    /// With what.
    pub wanted: Wanted<'a>,
}

/// What a [`Search`] compares with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted<'a> {
    /// A country (§10.4) or a department.
    Number(u16),
    /// Anything else, numbers in digits.
    Text(&'a [u8]),
}

impl Search<'_> {
    /// `kind`: the UIN.
    pub const UIN: u8 = 0x00;
    /// `kind`: the nickname.
    pub const NICK: u8 = 0x01;
    /// `kind`: the first name.
    pub const FIRST: u8 = 0x02;
    /// `kind`: the last name.
    pub const LAST: u8 = 0x03;
    /// `kind`: the e-mail address.
    pub const EMAIL: u8 = 0x04;
    /// `kind`: the country of work.
    pub const WORK_COUNTRY: u8 = 0x08;
    /// `kind`: the department.
    pub const DEPARTMENT: u8 = 0x0B;
    /// `kind`: the country.
    pub const HOME_COUNTRY: u8 = 0x0E;

    /// `comparison`: contains.
    pub const CONTAINS: u8 = 0;
    /// `comparison`: is.
    pub const IS: u8 = 2;
}

impl<'a> Layout<'a> for Search<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let x_ff = reader.u8("x_ff")?;
        let kind = reader.u8("type")?;
        Ok(Self {
            x_ff,
            kind,
            x: reader.u8("x")?,
            comparison: reader.u8("comparison")?,
            wanted: match kind {
                Self::WORK_COUNTRY | Self::DEPARTMENT | Self::HOME_COUNTRY => {
                    Wanted::Number(reader.u16_le("number")?)
                }
                _ => Wanted::Text(reader.lstr("text")?),
            },
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(self.x_ff);
        writer.u8(self.kind);
        writer.u8(self.x);
        writer.u8(self.comparison);
        match self.wanted {
            Wanted::Number(number) => number.write(writer),
            Wanted::Text(text) => text.write(writer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::golden::{assert_from_server_in, assert_to_server_in};
    use crate::icq::udp::{FromServer, ToServer, Version};
    use crate::icq::wire::meta::MetaForm;

    /// `body` is what both directions say, the one to change and the other to tell.
    fn assert_both(change: &ToServer<'_>, tell: &FromServer<'_>, body: &[u8]) {
        assert_to_server_in(Version::V3, change, body);
        assert_from_server_in(Version::V3, tell, MetaForm::Unknown, body);
    }

    #[test]
    fn a_home_is_changed_and_told_in_the_same_layout() {
        let home = |x| HomeInfo {
            street: b"S",
            city: b"C",
            state: b"",
            country: 47,
            phone: b"1",
            fax: b"2",
            cellular: b"3",
            zip: 12_345,
            gender: 1,
            age: 31,
            birth_day: 20,
            birth_month: 7,
            birth_year_minus_1900: 69,
            x,
        };
        let body = b"\x02\0S\0\x02\0C\0\x01\0\0\x2f\0\x02\x001\0\x02\x002\0\x02\x003\0\
            \x39\x30\0\0\x01\x1f\0\x14\x07\x45";
        assert_both(
            &ToServer::SetHome(home(None)),
            &FromServer::HomeInfo(home(None)),
            body,
        );
        let body = [&body[..], b"\0"].concat();
        let told = FromServer::HomeInfo(home(Some(0)));
        assert_from_server_in(Version::V3, &told, MetaForm::Unknown, &body);
    }

    #[test]
    fn work_is_changed_and_told_in_the_same_layout() {
        let work = WorkInfo {
            street: b"S",
            city: b"C",
            state: b"",
            country: 47,
            company: b"ACME",
            position: b"Boss",
            department_id: 7,
            phone: b"1",
            fax: b"",
            pager: b"3",
            zip: 12_345,
        };
        assert_both(
            &ToServer::SetWork(work.clone()),
            &FromServer::WorkInfo(work),
            b"\x02\0S\0\x02\0C\0\x01\0\0\x2f\0\x05\0ACME\0\x05\0Boss\0\x07\0\0\0\
            \x02\x001\0\x01\0\0\x02\x003\0\x39\x30\0\0",
        );
    }

    #[test]
    fn web_pages_are_changed_and_told_in_the_same_layout() {
        let page = || WebPage { homepage: b"h" };
        let body = b"\x02\0h\0";
        let (set, told) = (ToServer::SetHomeWeb(page()), FromServer::HomeWeb(page()));
        assert_both(&set, &told, body);
        let (set, told) = (ToServer::SetWorkWeb(page()), FromServer::WorkWeb(page()));
        assert_both(&set, &told, body);
    }

    #[test]
    fn notes_are_told_with_the_time_and_place_of_the_last_login() {
        let set = ToServer::SetNotes(SetNotes { notes: b"n" });
        assert_to_server_in(Version::V3, &set, b"\x02\0n\0");
        assert_from_server_in(
            Version::V3,
            &FromServer::Notes(Notes {
                notes: b"n",
                update_time: 1,
                last_login: 2,
                last_ip: Ipv4Addr::new(10, 0, 0, 7),
            }),
            MetaForm::Unknown,
            b"\x02\0n\0\x01\0\0\0\x02\0\0\0\x0a\0\0\x07",
        );
    }

    #[test]
    fn names_may_lack_their_flag() {
        for (auth_byte, body) in [
            (None, &b"\x02\0N\0\x01\0\0\x01\0\0\x01\0\0"[..]),
            (Some(1), b"\x02\0N\0\x01\0\0\x01\0\0\x01\0\0\x01"),
        ] {
            let packet = FromServer::BasicInfo(BasicInfo {
                nick: b"N",
                first: b"",
                last: b"",
                email: b"",
                auth_byte,
            });
            assert_from_server_in(Version::V3, &packet, MetaForm::Unknown, body);
        }
    }

    #[test]
    fn a_search_is_for_a_text_or_for_the_number_of_a_country_or_department() {
        let search = |kind, wanted| {
            ToServer::Search(Search {
                x_ff: 0xFF,
                kind,
                x: 0,
                comparison: Search::IS,
                wanted,
            })
        };
        assert_to_server_in(
            Version::V3,
            &search(Search::NICK, Wanted::Text(b"Bob")),
            b"\xff\x01\0\x02\x04\0Bob\0",
        );
        for kind in [
            Search::WORK_COUNTRY,
            Search::DEPARTMENT,
            Search::HOME_COUNTRY,
        ] {
            assert_to_server_in(
                Version::V3,
                &search(kind, Wanted::Number(47)),
                &[0xFF, kind, 0, 2, 47, 0],
            );
        }
    }

    #[test]
    fn a_fragment_is_a_number_a_count_and_bytes() {
        let body = b"\x01\x03\x03\0slice";
        for length in 0..2 {
            assert!(ToServer::decode(Version::V3, 0x05D2, &body[..length]).is_err());
        }
        for length in 2..body.len() {
            let fragment = || Fragment {
                index: 1,
                count: 3,
                slice: SecretRest(&body[2..length]),
            };
            let decoded = ToServer::decode(Version::V3, 0x05D2, &body[..length]).unwrap();
            assert_eq!(decoded.packet, ToServer::Fragment(fragment()));
            let decoded =
                FromServer::decode(Version::V3, 0x0366, &body[..length], MetaForm::Unknown)
                    .unwrap();
            assert_eq!(decoded.packet, FromServer::Fragment(fragment()));
            let mut written = Vec::new();
            decoded.packet.encode(Version::V3, &mut written);
            assert_eq!(written, body[..length]);
        }
    }
}
