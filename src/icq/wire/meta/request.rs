//! What clients ask and set: `META_USER` (0x064A).

use super::{
    About, Affiliations, General, HomepageCategory, Interests, MetaForm, More, ShortYear, Work,
};
use crate::icq::wire::{
    DecodeError, Layout, Part, Password, Reader, Rest, Writer, commands, layout,
};
use crate::model::Uin;

commands! {
    /// A META request.
    pub enum MetaRequest {
        /// Changes names and addresses; old.
        0x03E8 "SET_GENERAL_OLD" SetGeneralOld(General<'a, u32>),
        /// Changes names and addresses.
        0x03E9 "SET_GENERAL" SetGeneral(General<'a, &'a [u8]>),
        /// Changes what is known about work; old.
        0x03F2 "SET_WORK_OLD" SetWorkOld(Work<'a, u32>),
        /// Changes what is known about work.
        0x03F3 "SET_WORK" SetWork(Work<'a, &'a [u8]>),
        /// Changes age, homepage, languages; old.
        0x03FC "SET_MORE_OLD" SetMoreOld(More<'a, ShortYear>),
        /// Changes age, homepage, languages.
        0x03FD "SET_MORE" SetMore(More<'a, u16>),
        /// Changes what the person says about themselves.
        0x0406 "SET_ABOUT" SetAbout(About<'a>),
        /// Changes interests.
        0x0410 "SET_INTERESTS" SetInterests(Interests<'a>),
        /// Changes past and present affiliations: always three of each.
        0x041A "SET_AFFILIATIONS" SetAffiliations(Affiliations<'a>),
        /// Changes who may add the person, and who sees them.
        0x0424 "SET_SECURITY" SetSecurity(Security<'a>),
        /// Changes the password.
        0x042E "SET_PASSWORD" SetPassword(NewPassword<'a>),
        /// Changes the category of the homepage.
        0x0442 "SET_HOMEPAGE_CATEGORY" SetHomepageCategory(HomepageCategory<'a>),
        /// Asks for all of a profile; old.
        0x04B0 "FULL_INFO_OLD" FullInfoOld(Person),
        /// Asks for all of a profile.
        0x04B1 "FULL_INFO" FullInfo(Person),
        /// Asks for the short form of a profile.
        0x04BA "SHORT_INFO" ShortInfo(Person),
        /// Gives a UIN back.
        0x04C4 "UNREGISTER" Unregister(Unregister<'a>),
        /// Asks for all of one's own profile; old.
        0x04CE "OWN_INFO_OLD" OwnInfoOld(Person),
        /// Asks for all of one's own profile.
        0x04CF "OWN_INFO" OwnInfo(Person),
        /// Searches a name; old.
        0x0514 "SEARCH_NAME_OLD" SearchNameOld(SearchName<'a>),
        /// Searches a name.
        0x0515 "SEARCH_NAME" SearchName(SearchName<'a>),
        /// Searches a UIN; old.
        0x051E "SEARCH_UIN_OLD" SearchUinOld(Person),
        /// Searches a UIN.
        0x051F "SEARCH_UIN" SearchUin(Person),
        /// Searches an e-mail address; old.
        0x0528 "SEARCH_EMAIL_OLD" SearchEmailOld(SearchEmail<'a>),
        /// Searches an e-mail address.
        0x0529 "SEARCH_EMAIL" SearchEmail(SearchEmail<'a>),
        /// Searches everything; old.
        0x0532 "WHITE_PAGES_OLD" WhitePagesOld(WhitePages<'a, ()>),
        /// Searches everything.
        0x0533 "WHITE_PAGES" WhitePages(WhitePages<'a, Homepage<'a>>),
        /// What the client counted.
        0x06B8 "USAGE" Usage,
        /// Says that the client logged in.
        0x07D0 "LOGIN" Login,
    }
}

impl MetaRequest<'_> {
    /// The form of the replies.
    pub const fn form(&self) -> MetaForm {
        MetaForm::of(self.command())
    }
}

/// `META_USER` (0x064A): `u16` number of the request, then its body.
impl<'a> Layout<'a> for MetaRequest<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let subcmd = reader.code_le("subcmd")?;
        Self::read_body(subcmd, reader)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16_le(self.command());
        self.write_body(writer);
    }
}

layout! {
    /// A request that names somebody: 0x04B0, 0x04B1, 0x04BA, 0x04CE, 0x04CF, 0x051E, 0x051F.
    ///
    /// | bytes | field | meaning |
    /// |-------|-------|---------|
    /// | 4     | `uin` | who     |
    pub struct Person {
        /// Who.
        uin: Uin,
    }

    /// Searches a name: 0x0514, 0x0515.
    ///
    /// | bytes | field   | meaning    |
    /// |-------|---------|------------|
    /// | lstr  | `first` | first name |
    /// | lstr  | `last`  | last name  |
    /// | lstr  | `nick`  | nickname   |
    pub struct SearchName<'a> {
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// Nickname.
        nick: &'a [u8],
    }

    /// Searches an e-mail address: 0x0528, 0x0529.
    ///
    /// | bytes | field   | meaning |
    /// |-------|---------|---------|
    /// | lstr  | `email` |         |
    pub struct SearchEmail<'a> {
        /// The address.
        email: &'a [u8],
    }

    /// Searches everything: 0x0532, 0x0533 (§8.5). 0 and the empty text do not matter.
    ///
    /// | bytes    | field                                  | meaning           |
    /// |----------|----------------------------------------|-------------------|
    /// | lstr × 4 | `first` `last` `nick` `email`          |                   |
    /// | 2 × 2    | `min_age` `max_age`                    |                   |
    /// | 1 × 2    | `gender` `language`                    |                   |
    /// | lstr × 2 | `city` `state`                         |                   |
    /// | 2        | `country`                              |                   |
    /// | lstr × 3 | `company` `department` `position`      |                   |
    /// | 1        | `occupation`                           |                   |
    /// | 2, lstr  | `past_code` `past_key`                 |                   |
    /// | 2, lstr  | `interest_code` `interest_key`         |                   |
    /// | 2, lstr  | `affil_code` `affil_key`               |                   |
    /// | 2, lstr  | `homepage_code` `homepage_key`         | 0x0533 only       |
    /// | 1        | `online_only`                          | 1 who is online   |
    pub struct WhitePages<'a, Homepage> {
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
        /// Language (§10.4).
        language: u8,
        /// City.
        city: &'a [u8],
        /// State or province.
        state: &'a [u8],
        /// Country (§10.4).
        country: u16,
        /// Company.
        company: &'a [u8],
        /// Department.
        department: &'a [u8],
        /// Position.
        position: &'a [u8],
        /// Occupation (§10.4).
        occupation: u8,
        /// Past affiliation (§10.4).
        past_code: u16,
        /// A word of its text.
        past_key: &'a [u8],
        /// Interest (§10.4).
        interest_code: u16,
        /// A word of its text.
        interest_key: &'a [u8],
        /// Affiliation (§10.4).
        affil_code: u16,
        /// A word of its text.
        affil_key: &'a [u8],
        /// Category of the homepage.
        homepage: Homepage,
        /// 1: only who is online.
        online_only: u8,
    }

    /// Who may add the person, and who sees them: 0x0424.
    ///
    /// | bytes | field       | meaning                                             |
    /// |-------|-------------|-----------------------------------------------------|
    /// | 1     | `auth_byte` | 0 authorisation required                            |
    /// | 1     | `webaware`  | status may be shown on the web (some: hide ip)      |
    /// | 1     | `rest_hex`  | opaque: direct connections, from some web aware     |
    pub struct Security<'a> {
        /// 0: authorisation required.
        auth_byte: u8,
        /// Whether the status may be shown on the web.
        webaware: u8,
        /// One byte that every client understands differently.
        rest_hex: Rest<'a>,
    }

    /// A new password: 0x042E.
    ///
    /// | bytes | field      | meaning |
    /// |-------|------------|---------|
    /// | lstr  | `password` |         |
    pub struct NewPassword<'a> {
        /// The password.
        password: Password<'a>,
    }

    /// Gives a UIN back: 0x04C4.
    ///
    /// | bytes | field      | meaning |
    /// |-------|------------|---------|
    /// | 4     | `uin`      | who     |
    /// | lstr  | `password` |         |
    pub struct Unregister<'a> {
        /// The UIN.
        uin: Uin,
        /// Its password.
        password: Password<'a>,
    }
}

/// The category of a homepage, as a search has it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Homepage<'a> {
    /// Which category.
    pub code: u16,
    /// A word of its text.
    pub key: &'a [u8],
}

impl<'a> Part<'a> for Homepage<'a> {
    fn read(reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        Ok(Self {
            code: reader.u16_le("homepage_code")?,
            key: reader.lstr("homepage_key")?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16_le(self.code);
        writer.lstr(self.key);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// Nothing: what the old white pages say about homepages.
impl<'a> Part<'a> for () {
    fn read(_reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        Ok(())
    }

    fn write(&self, _writer: &mut Writer<'_>) {}

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `request` is written as `bytes`, and `bytes` is read as `request`.
    fn assert_layout(request: &MetaRequest<'_>, bytes: &[u8]) {
        let mut written = Vec::new();
        request.write(&mut Writer::new(&mut written));
        assert_eq!(
            written.escape_ascii().to_string(),
            bytes.escape_ascii().to_string()
        );

        let mut reader = Reader::new(bytes);
        assert_eq!(MetaRequest::read(&mut reader).as_ref(), Ok(request));
        assert_eq!(reader.left(), 0);
    }

    #[test]
    fn the_form_of_a_reply_follows_from_the_number_of_the_request() {
        let person = || Person { uin: Uin(1) };
        assert_eq!(MetaRequest::FullInfoOld(person()).form(), MetaForm::Old);
        assert_eq!(MetaRequest::FullInfo(person()).form(), MetaForm::New);
    }

    #[test]
    fn requests_that_name_somebody_are_a_number_and_a_uin() {
        let person = || Person { uin: Uin(12_345) };
        for (request, number) in [
            (MetaRequest::FullInfoOld(person()), 0xB0),
            (MetaRequest::FullInfo(person()), 0xB1),
            (MetaRequest::ShortInfo(person()), 0xBA),
            (MetaRequest::OwnInfoOld(person()), 0xCE),
            (MetaRequest::OwnInfo(person()), 0xCF),
        ] {
            assert_layout(&request, &[number, 0x04, 0x39, 0x30, 0, 0]);
        }
        assert_layout(
            &MetaRequest::SearchUinOld(person()),
            b"\x1e\x05\x39\x30\0\0",
        );
        assert_layout(&MetaRequest::SearchUin(person()), b"\x1f\x05\x39\x30\0\0");
    }

    #[test]
    fn searches_begin_with_the_first_name() {
        assert_layout(
            &MetaRequest::SearchName(SearchName {
                first: b"F",
                last: b"L",
                nick: b"N",
            }),
            b"\x15\x05\x02\0F\0\x02\0L\0\x02\0N\0",
        );
        assert_layout(
            &MetaRequest::SearchEmail(SearchEmail { email: b"a@b" }),
            b"\x29\x05\x04\0a@b\0",
        );
    }

    #[test]
    fn the_old_white_pages_know_no_homepages() {
        let pages = |last: &'static [u8]| {
            [
                b"\x02\0F\0\x01\0\0\x01\0\0\x01\0\0\x12\0\x16\0\x02\x0c\x01\0\0\x01\0\0\x2f\0\x01\0\0\
                \x01\0\0\x01\0\0\x05\0\0\x01\0\0\x6e\0\x03\0qt\0\0\0\x01\0\0",
                last,
            ]
            .concat()
        };
        fn search<Homepage>(homepage: Homepage) -> WhitePages<'static, Homepage> {
            WhitePages {
                first: b"F",
                last: b"",
                nick: b"",
                email: b"",
                min_age: 18,
                max_age: 22,
                gender: 2,
                language: 12,
                city: b"",
                state: b"",
                country: 47,
                company: b"",
                department: b"",
                position: b"",
                occupation: 5,
                past_code: 0,
                past_key: b"",
                interest_code: 110,
                interest_key: b"qt",
                affil_code: 0,
                affil_key: b"",
                homepage,
                online_only: 1,
            }
        }
        let old = [b"\x32\x05".to_vec(), pages(b"\x01")].concat();
        assert_layout(&MetaRequest::WhitePagesOld(search(())), &old);
        let homepage = Homepage { code: 7, key: b"k" };
        let new = [b"\x33\x05".to_vec(), pages(b"\x07\0\x02\0k\0\x01")].concat();
        assert_layout(&MetaRequest::WhitePages(search(homepage)), &new);
    }

    #[test]
    fn changes_are_laid_out_as_the_reference_says() {
        assert_layout(
            &MetaRequest::SetInterests(Interests {
                interests: vec![(110, b"icq"), (113, b"")],
            }),
            b"\x10\x04\x02\x6e\0\x04\0icq\0\x71\0\x01\0\0",
        );
        assert_layout(
            &MetaRequest::SetAffiliations(Affiliations {
                past: vec![(300, b"a"), (0, b""), (0, b"")],
                affiliations: vec![(0, b""); 3],
            }),
            b"\x1a\x04\x03\x2c\x01\x02\0a\0\0\0\x01\0\0\0\0\x01\0\0\
            \x03\0\0\x01\0\0\0\0\x01\0\0\0\0\x01\0\0",
        );
        assert_layout(
            &MetaRequest::SetSecurity(Security {
                auth_byte: 0,
                webaware: 1,
                rest_hex: Rest(b"\x02"),
            }),
            b"\x24\x04\0\x01\x02",
        );
        assert_layout(
            &MetaRequest::SetHomepageCategory(HomepageCategory {
                enabled: 1,
                category: 7,
                text: b"t",
                end: None,
            }),
            b"\x42\x04\x01\x07\0\x02\0t\0",
        );
        assert_layout(
            &MetaRequest::Unregister(Unregister {
                uin: Uin(12_345),
                password: Password(b"p"),
            }),
            b"\xc4\x04\x39\x30\0\0\x02\0p\0",
        );
        assert_layout(
            &MetaRequest::SetMoreOld(More {
                age: 31,
                gender: 2,
                homepage: b"h",
                birth_year: ShortYear(69),
                birth_month: 7,
                birth_day: 20,
                lang1: 12,
                lang2: 17,
                lang3: 0,
            }),
            b"\xfc\x03\x1f\0\x02\x02\0h\0\x45\x07\x14\x0c\x11\0",
        );
    }
}
