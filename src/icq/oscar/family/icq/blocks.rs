//! Parts of a profile, as requests set them and replies tell them.

use crate::icq::oscar::parts::{Octets, Text, parts};
use crate::icq::wire::{ByteOrder, DecodeError, Layout, Part, Reader, Value, Writer, layout};

layout! {
    /// Names and the address at home: 0x03EA, 0x00C8. Replies have [`Security`] behind the time zone.
    ///
    /// | bytes    | field                                               | meaning            |
    /// |----------|-----------------------------------------------------|--------------------|
    /// | lstr × 4 | `nick` `first` `last` `email`                       |                    |
    /// | lstr × 7 | `city` `state` `phone` `fax` `address` `cell` `zip` |                    |
    /// | 2        | `country`                                           | appendix A         |
    /// | 1        | `gmt_offset`                                        | half hours, west positive |
    /// | 1 × 3    | `auth_flag` `webaware` `dc_perms`                   | only in replies    |
    /// | 1        | `publish_email`                                     | 1: hidden          |
    pub struct Basic<'a, Flags> {
        /// Nickname.
        nick: &'a [u8],
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// E-mail address.
        email: &'a [u8],
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Telephone number.
        phone: &'a [u8],
        /// Fax number.
        fax: &'a [u8],
        /// Street.
        address: &'a [u8],
        /// Mobile number.
        cell: &'a [u8],
        /// Postal code.
        zip: &'a [u8],
        /// Country.
        country: u16,
        /// Half hours west of Greenwich, signed; 0x9C unspecified.
        gmt_offset: GmtOffset,
        /// Who may add the person, and who sees them; requests have none.
        flags: Flags,
        /// 1: the e-mail address is hidden.
        publish_email: Option<u8>,
    }

    /// Who may add the person, and who sees them.
    ///
    /// | bytes | field       | meaning                               |
    /// |-------|-------------|---------------------------------------|
    /// | 1     | `auth_flag` | 0: wants to be asked                  |
    /// | 1     | `webaware`  | 1: status may be shown on the web     |
    /// | 1     | `dc_perms`  | 0 anybody connects, 1 contacts, 2 who was asked |
    pub struct Security {
        /// 0: wants to be asked.
        auth_flag: u8,
        /// 1: the status may be shown on the web.
        webaware: u8,
        /// Who may connect directly: 0 anybody, 1 contacts, 2 who was asked for.
        dc_perms: u8,
    }

    /// Work: 0x03F3, 0x00D2.
    ///
    /// | bytes    | field                                     | meaning      |
    /// |----------|-------------------------------------------|--------------|
    /// | lstr × 6 | `city` `state` `phone` `fax` `address` `zip` |           |
    /// | 2        | `country`                                 | appendix A   |
    /// | lstr × 3 | `company` `department` `position`         |              |
    /// | 2        | `occupation`                              |              |
    /// | lstr     | `web`                                     |              |
    pub struct Work<'a> {
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Telephone number.
        phone: &'a [u8],
        /// Fax number.
        fax: &'a [u8],
        /// Street.
        address: &'a [u8],
        /// Postal code.
        zip: &'a [u8],
        /// Country.
        country: u16,
        /// Company.
        company: &'a [u8],
        /// Department.
        department: &'a [u8],
        /// Position.
        position: &'a [u8],
        /// Occupation.
        occupation: u16,
        /// The company's homepage.
        web: &'a [u8],
    }

    /// Age, homepage, languages: 0x03FD, and the beginning of 0x00DC.
    ///
    /// | bytes | field       | meaning                          |
    /// |-------|-------------|----------------------------------|
    /// | 2     | `age`       | 0 unspecified                    |
    /// | 1     | `gender`    | 0 unspecified, 1 female, 2 male  |
    /// | lstr  | `homepage`  |                                  |
    /// | 4     | `birth`     | `u16` year, month, day           |
    /// | 3     | `languages` | appendix A                       |
    pub struct More<'a> {
        /// Age; 0 unspecified.
        age: u16,
        /// 0 unspecified, 1 female, 2 male.
        gender: u8,
        /// Homepage.
        homepage: &'a [u8],
        /// Birthday.
        birth: Birth,
        /// Three languages.
        languages: Row<3>,
    }

    /// A birthday.
    pub struct Birth {
        /// The year.
        year: u16,
        /// The month.
        month: u8,
        /// The day.
        day: u8,
    }

    /// What replies have behind [`More`]: 0x00DC.
    ///
    /// | bytes    | field                  | meaning                |
    /// |----------|------------------------|------------------------|
    /// | 2        | `unknown`              | 0                      |
    /// | lstr × 2 | `orig_city` `orig_state` | where the person is from |
    /// | 2        | `orig_country`         |                        |
    /// | 1        | `marital`              | may be missing         |
    pub struct MoreOfReply<'a> {
        /// 0.
        unknown: u16,
        /// Where the person is from: city.
        orig_city: &'a [u8],
        /// Where the person is from: state or province.
        orig_state: &'a [u8],
        /// Where the person is from: country.
        orig_country: u16,
        /// Married or not.
        marital: Option<u8>,
    }

    /// An e-mail address, and whether it is hidden: 0x040B, 0x00EB.
    ///
    /// | bytes | field     | meaning    |
    /// |-------|-----------|------------|
    /// | 1     | `publish` | 1: hidden  |
    /// | lstr  | `email`   |            |
    pub struct Email<'a> {
        /// 1: hidden.
        publish: u8,
        /// The address.
        email: &'a [u8],
    }

    /// A category and words: interests, affiliations.
    ///
    /// | bytes | field     | meaning        |
    /// |-------|-----------|----------------|
    /// | 2     | `code`    | which category |
    /// | lstr  | `keyword` |                |
    pub struct Category<'a> {
        /// Which.
        code: u16,
        /// What about it.
        keyword: Words<'a>,
    }

    /// The category of the homepage: 0x0442, 0x010E.
    ///
    /// | bytes | field      | meaning             |
    /// |-------|------------|---------------------|
    /// | 1     | `enabled`  | 1 shown             |
    /// | 2     | `code`     |                     |
    /// | lstr  | `keywords` |                     |
    /// | 1     | `unknown`  | may be missing      |
    pub struct HomepageCategory<'a> {
        /// Whether it is shown.
        enabled: u8,
        /// Which.
        code: u16,
        /// What the person says about it.
        keywords: &'a [u8],
        /// 0; mostly in replies.
        unknown: Option<u8>,
    }

    /// The short form of a profile: 0x0104.
    ///
    /// | bytes    | field                         | meaning                          |
    /// |----------|-------------------------------|----------------------------------|
    /// | lstr × 4 | `nick` `first` `last` `email` |                                  |
    /// | 1        | `auth_flag`                   | 0: wants to be asked             |
    /// | 1        | `unknown`                     | 0                                |
    /// | 1        | `gender`                      | 0 unspecified, 1 female, 2 male  |
    pub struct Short<'a> {
        /// Nickname.
        nick: &'a [u8],
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// E-mail address.
        email: &'a [u8],
        /// 0: wants to be asked.
        auth_flag: Option<u8>,
        /// 0.
        unknown: Option<u8>,
        /// 0 unspecified, 1 female, 2 male.
        gender: Option<u8>,
    }

    /// Searches everything: 0x0533, 0x0551. 0 and the empty text do not matter.
    ///
    /// | bytes    | field                                 | meaning                           |
    /// |----------|---------------------------------------|-----------------------------------|
    /// | lstr × 4 | `first` `last` `nick` `email`         |                                   |
    /// | 2 × 2    | `min_age` `max_age`                   |                                   |
    /// | 1 × 2    | `gender` `language`                   |                                   |
    /// | lstr × 2 | `city` `state`                        |                                   |
    /// | 2        | `country`                             |                                   |
    /// | lstr × 3 | `company` `department` `position`     |                                   |
    /// | 1        | `occupation`                          | open-oscar-server reads two, and closes |
    /// | n × 4    | `past` `interests` `affiliations` `homepage` | [`Category`]               |
    /// | 1        | `online_only`                         | 1 who is online                   |
    pub struct WhitePages<'a> {
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// Nickname.
        nick: &'a [u8],
        /// E-mail address.
        email: &'a [u8],
        /// Not younger.
        min_age: u16,
        /// Not older.
        max_age: u16,
        /// 1 female, 2 male.
        gender: u8,
        /// Language.
        language: u8,
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Country.
        country: u16,
        /// Company.
        company: &'a [u8],
        /// Department.
        department: &'a [u8],
        /// Position.
        position: &'a [u8],
        /// Occupation.
        occupation: u8,
        /// Where the person was.
        past: Category<'a>,
        /// What interests them.
        interests: Category<'a>,
        /// Where the person is.
        affiliations: Category<'a>,
        /// What the homepage is about.
        homepage: Category<'a>,
        /// 1: only who is online.
        online_only: u8,
    }
}

parts! {
    list Birth, 4;
    group Email<'a>, 3;
    group Category<'a>, 4;
}

/// Numbers of a byte each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row<const N: usize>(pub [u8; N]);

impl<'a, const N: usize> Part<'a> for Row<N> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.list(name, |reader| {
            let mut row = [0; N];
            for place in &mut row {
                *place = reader.u8(name)?;
            }
            Ok(Self(row))
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(&self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= N
    }
}

/// Flat, unlike other parts: its fields are the reply's.
impl<'a> Part<'a> for Security {
    fn read(reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        Layout::read(reader)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        Layout::write(self, writer);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 3
    }
}

/// A text, an `lstr`; `None` has a length of 0, not even a NUL, as some clients write an empty one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Words<'a>(pub Option<&'a [u8]>);

impl<'a> Part<'a> for Words<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let is_bare = reader.peek().starts_with(&[0, 0]);
        let text = reader.lstr(name)?;
        Ok(Self(Some(text).filter(|_| !is_bare)))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self.0 {
            Some(text) => writer.lstr(text),
            None => writer.u16(0),
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.lstr_fits()
    }
}

/// A time zone: half hours, the sign inverted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GmtOffset(pub u8);

impl GmtOffset {
    /// Not told.
    pub const UNKNOWN: Self = Self(0x9C);

    /// Half hours east of Greenwich.
    pub const fn half_hours_east(self) -> Option<i8> {
        match self {
            Self::UNKNOWN => None,
            Self(offset) => (offset as i8).checked_neg(),
        }
    }
}

impl<'a> Part<'a> for GmtOffset {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.u8(name).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}

/// A message for a telephone: 0x1482. No server does anything with it.
///
/// | bytes | field    | meaning                                                  |
/// |-------|----------|----------------------------------------------------------|
/// | 22    | `header` | 0x0001, 0x0016, zeros                                    |
/// | 2     |          | length of what follows, big-endian, its NUL included     |
/// | n     | `xml`    |                                                          |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sms<'a> {
    /// 0x0001, 0x0016, zeros.
    pub header: Octets<22>,
    /// The message, without its NUL.
    pub xml: Text<'a>,
}

impl<'a> Layout<'a> for Sms<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let header = Part::read(reader, "header")?;
        let xml = reader.with_order(ByteOrder::Big, |reader| {
            let length = usize::from(reader.constant_u16("length")?);
            let text = reader.take_as("xml", length.saturating_sub(1), Value::Text)?;
            if length > 0 {
                reader.constant_u8("nul")?;
            }
            Ok(Text(text))
        })?;
        Ok(Self { header, xml })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.header.write(writer);
        writer.with_order(ByteOrder::Big, |writer| {
            writer.sized_u16(|writer| {
                writer.bytes(self.xml.0);
                writer.u8(0);
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_are_half_hours_west() {
        assert_eq!(GmtOffset(0xFA).half_hours_east(), Some(6));
        assert_eq!(GmtOffset(0xEC).half_hours_east(), Some(20));
        assert_eq!(GmtOffset::UNKNOWN.half_hours_east(), None);
        assert_eq!(GmtOffset(0x80).half_hours_east(), None);
    }
}
