//! Parts of a profile, as requests set them and replies tell them.

use crate::icq::wire::{DecodeError, Padding, Part, Reader, Rest, Writer, layout};

layout! {
    /// Names and addresses: 0x03E8, 0x03E9, 0x00C8.
    ///
    /// | bytes     | field                        | meaning                       |
    /// |-----------|------------------------------|-------------------------------|
    /// | lstr × 4  | `nick` `first` `last` `email1` |                             |
    /// | lstr × 2  | `email2` `email3`            |                               |
    /// | lstr × 6  | `city` `state` `phone` `fax` `street` `cellular` |           |
    /// | 4 or lstr | `zip`                        | old: a number                 |
    /// | 2         | `country`                    | §10.4                         |
    /// | 1         | `timezone`                   | half hours, sign inverted     |
    /// | n         | `rest_hex`                   | flags, see [`General::flags`] |
    pub struct General<'a, Zip> {
        /// Nickname.
        nick: &'a [u8],
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// E-mail address.
        email1: &'a [u8],
        /// Second e-mail address.
        email2: &'a [u8],
        /// Old e-mail address.
        email3: &'a [u8],
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Telephone number.
        phone: &'a [u8],
        /// Fax number.
        fax: &'a [u8],
        /// Street.
        street: &'a [u8],
        /// Mobile number.
        cellular: &'a [u8],
        /// Postal code.
        zip: Zip,
        /// Country (§10.4).
        country: u16,
        /// Half hours west of Greenwich, signed; 0x9C unspecified.
        timezone: u8,
        /// Flags.
        rest_hex: Rest<'a>,
    }

    /// Work: 0x03F2, 0x03F3, 0x00D2.
    ///
    /// | bytes     | field                                     | meaning         |
    /// |-----------|-------------------------------------------|-----------------|
    /// | lstr × 5  | `city` `state` `phone` `fax` `street`     |                 |
    /// | 4 or lstr | `zip`                                     | old: a number   |
    /// | 2         | `country`                                 | §10.4           |
    /// | lstr × 3  | `company` `department` `position`         |                 |
    /// | 2         | `occupation`                              | §10.4           |
    /// | lstr      | `homepage`                                |                 |
    pub struct Work<'a, Zip> {
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Telephone number.
        phone: &'a [u8],
        /// Fax number.
        fax: &'a [u8],
        /// Street.
        street: &'a [u8],
        /// Postal code.
        zip: Zip,
        /// Country (§10.4).
        country: u16,
        /// Company.
        company: &'a [u8],
        /// Department.
        department: &'a [u8],
        /// Position.
        position: &'a [u8],
        /// Occupation (§10.4).
        occupation: u16,
        /// The company's homepage.
        homepage: &'a [u8],
    }

    /// Age, homepage, languages: 0x03FC, 0x03FD, 0x00DC.
    ///
    /// | bytes  | field         | meaning                                             |
    /// |--------|---------------|-----------------------------------------------------|
    /// | 2      | `age`         | 0 or 0xFFFF unspecified                             |
    /// | 1      | `gender`      | 0 unspecified, 1 female, 2 male                     |
    /// | lstr   | `homepage`    |                                                     |
    /// | 1 or 2 | `birth_year`  | old: `birth_year_minus_1900`                        |
    /// | 1      | `birth_month` |                                                     |
    /// | 1      | `birth_day`   |                                                     |
    /// | 1 × 3  | `lang1` …     | §10.4                                               |
    pub struct More<'a, Year> {
        /// Age; 0 or 0xFFFF unspecified.
        age: u16,
        /// 0 unspecified, 1 female, 2 male.
        gender: u8,
        /// Homepage.
        homepage: &'a [u8],
        /// Year of birth.
        birth_year: Year,
        /// Month of birth.
        birth_month: u8,
        /// Day of birth.
        birth_day: u8,
        /// First language (§10.4).
        lang1: u8,
        /// Second language.
        lang2: u8,
        /// Third language.
        lang3: u8,
    }

    /// What somebody says about themselves: 0x0406, 0x00E6.
    ///
    /// | bytes | field   | meaning |
    /// |-------|---------|---------|
    /// | lstr  | `about` |         |
    pub struct About<'a> {
        /// What they say.
        about: &'a [u8],
    }

    /// Interests: 0x0410, 0x00F0.
    ///
    /// | bytes        | field       | meaning                       |
    /// |--------------|-------------|-------------------------------|
    /// | 1            | (count)     | at most 4                     |
    /// | (2 lstr) × n | `interests` | category (§10.4), text        |
    pub struct Interests<'a> {
        /// Category and text.
        interests: Vec<(u16, &'a [u8])>,
    }

    /// Affiliations: 0x041A, 0x00FA. In a request three of each, always.
    ///
    /// | bytes        | field          | meaning                |
    /// |--------------|----------------|------------------------|
    /// | 1            | (count)        | 3                      |
    /// | (2 lstr) × n | `past`         | category (§10.4), text |
    /// | 1            | (count)        | 3                      |
    /// | (2 lstr) × n | `affiliations` | category (§10.4), text |
    pub struct Affiliations<'a> {
        /// Where the person was.
        past: Vec<(u16, &'a [u8])>,
        /// Where the person is.
        affiliations: Vec<(u16, &'a [u8])>,
    }

    /// The category of the homepage: 0x0442, 0x010E.
    ///
    /// | bytes | field      | meaning            |
    /// |-------|------------|--------------------|
    /// | 1     | `enabled`  | 1 shown            |
    /// | 2     | `category` |                    |
    /// | lstr  | `text`     |                    |
    /// | 1     | (0)        | replies only       |
    pub struct HomepageCategory<'a> {
        /// Whether it is shown.
        enabled: u8,
        /// Which.
        category: u16,
        /// What the person says about it.
        text: &'a [u8],
        /// 0; only in replies.
        end: Option<Padding>,
    }
}

impl<Zip> General<'_, Zip> {
    /// The flags of a reply, without the second byte that some servers give to the time zone:
    /// authorisation (0 required), web aware, direct connections, e-mail hidden. Odd requests
    /// get other flags from IServerd, so the short profile is the better source.
    pub fn flags(&self) -> &[u8] {
        let flags = self.rest_hex.0;
        // §8.4: seven bytes after the country are a time zone of two bytes and five flags.
        if flags.len() == 6 { &flags[1..] } else { flags }
    }
}

/// A year of birth in one byte: years since 1900.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ShortYear(pub u8);

impl<'a> Part<'a> for ShortYear {
    fn read(reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        reader.u8("birth_year_minus_1900").map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}
