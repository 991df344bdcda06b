//! META: profiles and searches from V5 on, the same blocks later inside OSCAR family 0x15
//! (`icq-udp.md` §8.4, §8.5).
//!
//! Requests come in an old (even) and a new (odd) variant: a postal code is a number or a text, a
//! birth year one byte or two, a search result bare or behind its length. Replies bear the same
//! number either way, so who reads one should know the [`MetaForm`] of the request; without it the
//! form that fits is taken.

use super::{DecodeError, Layout, Padding, Part, Password, Reader, Rest, Writer, commands, layout};
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

/// Which variant of a request a reply answers.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum MetaForm {
    /// Not known: take what fits.
    #[default]
    Unknown,
    /// Even requests: postal code a number, birth year one byte, results bare.
    Old,
    /// Odd requests: postal code a text, birth year two bytes, results behind their length.
    New,
}

impl MetaForm {
    /// The form of the replies to request `subcmd`.
    pub const fn of(subcmd: u16) -> Self {
        if subcmd.is_multiple_of(2) {
            Self::Old
        } else {
            Self::New
        }
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

/// `META_USER` (0x03DE), from a server.
///
/// | bytes | field    | meaning                                       |
/// |-------|----------|-----------------------------------------------|
/// | 2     | `subcmd` | what it answers                               |
/// | 1     | `result` | 0x0A yes, 0x32 no, 0x14 nothing found         |
/// | n     |          | [`MetaInfo`], by `subcmd`                     |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetaReply<'a> {
    /// What it answers.
    pub subcmd: u16,
    /// [`MetaReply::OK`], or why not.
    pub result: u8,
    /// What it says.
    pub info: MetaInfo<'a>,
}

/// What a META reply says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MetaInfo<'a> {
    /// Nothing but its result.
    Nothing,
    /// 0x00C8, to an old request.
    GeneralOld(General<'a, u32>),
    /// 0x00C8.
    General(General<'a, &'a [u8]>),
    /// 0x00D2, to an old request.
    WorkOld(Work<'a, u32>),
    /// 0x00D2.
    Work(Work<'a, &'a [u8]>),
    /// 0x00DC, to an old request.
    MoreOld(More<'a, ShortYear>),
    /// 0x00DC.
    More(More<'a, u16>),
    /// 0x00E6.
    About(About<'a>),
    /// 0x00F0.
    Interests(Interests<'a>),
    /// 0x00FA.
    Affiliations(Affiliations<'a>),
    /// 0x0104.
    Short(Short<'a>),
    /// 0x010E.
    HomepageCategory(HomepageCategory<'a>),
    /// 0x0190, 0x019A, 0x01A4, 0x01AE.
    Found(Found<'a>),
    /// 0x019A, 0x01AE: nobody.
    NobodyFound(NobodyFound),
}

impl MetaReply<'_> {
    /// `result`: yes.
    pub const OK: u8 = 0x0A;
    /// `result`: no.
    pub const FAILED: u8 = 0x32;
    /// `result`: the search found nothing.
    pub const NOT_FOUND: u8 = 0x14;
}

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

    /// A request that names somebody: 0x04B0, 0x04B1, 0x04BA, 0x04CE, 0x04CF, 0x051E, 0x051F.
    ///
    /// | bytes | field | meaning |
    /// |-------|-------|---------|
    /// | 4     | `uin` | who     |
    pub struct Person {
        /// Who.
        uin: Uin,
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

    /// The short form of a profile: 0x0104.
    ///
    /// | bytes | field               | meaning                        |
    /// |-------|---------------------|--------------------------------|
    /// | lstr  | `nick`              |                                |
    /// | lstr  | `first`             |                                |
    /// | lstr  | `last`              |                                |
    /// | lstr  | `email`             |                                |
    /// | 1     | `auth_byte`         | 0 authorisation required       |
    /// | 2     | `gender_or_unknown` | 1 female, 2 male; high byte 0  |
    pub struct Short<'a> {
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
        /// 1 female, 2 male; its high byte is 0.
        gender_or_unknown: Option<u16>,
    }

    /// Somebody a search found, without the length before it.
    ///
    /// | bytes | field        | meaning                                           |
    /// |-------|--------------|---------------------------------------------------|
    /// | 4     | `target_uin` | who                                               |
    /// | lstr  | `nick`       |                                                   |
    /// | lstr  | `first`      |                                                   |
    /// | lstr  | `last`       |                                                   |
    /// | lstr  | `email`      |                                                   |
    /// | 1     | `auth_byte`  | 0 authorisation required                          |
    /// | 1     | `webaware`   | some servers leave garbage here                   |
    /// | n     | `rest_hex`   | new: 0; the last result: `u32` users left         |
    pub struct FoundPerson<'a> {
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
        /// Whether the status may be shown on the web; garbage from IServerd.
        webaware: Option<u8>,
        /// A zero in new replies, and in the last result how many more there are.
        rest_hex: Rest<'a>,
    }

    /// The answer to a search that found nobody: 0x019A, 0x01AE.
    ///
    /// | bytes | field        | meaning                |
    /// |-------|--------------|------------------------|
    /// | 4     | `users_left` | 0; may be missing      |
    pub struct NobodyFound {
        /// 0.
        users_left: Option<u32>,
    }
}

/// Somebody a search found: 0x0190, 0x01A4, and as the last result 0x019A, 0x01AE.
///
/// | bytes | field          | meaning                        |
/// |-------|----------------|--------------------------------|
/// | 2     | `entry_length` | new replies only               |
/// | n     |                | [`FoundPerson`]                |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found<'a> {
    /// How many bytes follow, `users_left` not counted; new replies only.
    pub entry_length: Option<u16>,
    /// Who was found.
    pub person: FoundPerson<'a>,
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

impl<'a> MetaReply<'a> {
    /// Reads a reply to a request of the given form.
    pub fn read_as(form: MetaForm, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let subcmd = reader.code_le("subcmd")?;
        let result = reader.u8("result")?;
        let info = match result {
            Self::OK => MetaInfo::read_as(subcmd, form, reader)?,
            _ => MetaInfo::read_failure(subcmd, reader)?,
        };
        Ok(Self {
            subcmd,
            result,
            info,
        })
    }
}

impl<'a> Layout<'a> for MetaReply<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::read_as(MetaForm::Unknown, reader)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16_le(self.subcmd);
        writer.u8(self.result);
        self.info.write(writer);
    }
}

impl<'a> MetaInfo<'a> {
    fn read_as(subcmd: u16, form: MetaForm, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match subcmd {
            0x00C8 => either(
                form,
                reader,
                Self::GeneralOld,
                Self::General,
                plausible_general,
            )?,
            0x00D2 => either(form, reader, Self::WorkOld, Self::Work, nothing_left)?,
            0x00DC => either(form, reader, Self::MoreOld, Self::More, nothing_left)?,
            0x00E6 => Self::About(Layout::read(reader)?),
            0x00F0 => Self::Interests(Layout::read(reader)?),
            0x00FA => Self::Affiliations(Layout::read(reader)?),
            0x0104 => Self::Short(Layout::read(reader)?),
            0x010E => Self::HomepageCategory(Layout::read(reader)?),
            0x0190 | 0x019A | 0x01A4 | 0x01AE => Self::Found(Found::read_as(form, reader)?),
            _ => Self::Nothing,
        })
    }

    fn read_failure(subcmd: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match subcmd {
            0x019A | 0x01AE => Self::NobodyFound(Layout::read(reader)?),
            _ => Self::Nothing,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Nothing => {}
            Self::GeneralOld(general) => general.write(writer),
            Self::General(general) => general.write(writer),
            Self::WorkOld(work) => work.write(writer),
            Self::Work(work) => work.write(writer),
            Self::MoreOld(more) => more.write(writer),
            Self::More(more) => more.write(writer),
            Self::About(about) => about.write(writer),
            Self::Interests(interests) => interests.write(writer),
            Self::Affiliations(affiliations) => affiliations.write(writer),
            Self::Short(short) => short.write(writer),
            Self::HomepageCategory(category) => category.write(writer),
            Self::Found(found) => found.write(writer),
            Self::NobodyFound(nobody) => nobody.write(writer),
        }
    }
}

impl<'a> Found<'a> {
    fn read_as(form: MetaForm, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entry_length = match form {
            MetaForm::Old => None,
            // Believed only if it is one: a server may answer in the old form all the same.
            MetaForm::New | MetaForm::Unknown => match reader.peek().first_chunk() {
                Some(word) if is_entry_length(u16::from_le_bytes(*word).into(), reader.left()) => {
                    Some(reader.u16_le("entry_length")?)
                }
                _ => None,
            },
        };
        Ok(Self {
            entry_length,
            person: Layout::read(reader)?,
        })
    }
}

impl<'a> Layout<'a> for Found<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::read_as(MetaForm::Unknown, reader)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.entry_length.write(writer);
        self.person.write(writer);
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

impl Short<'_> {
    /// 0 unspecified, 1 female, 2 male.
    pub fn gender(&self) -> u8 {
        self.gender_or_unknown.unwrap_or_default().to_le_bytes()[0]
    }
}

/// Reads the old or the new variant of a block; without a known form the one that fits, which
/// `fits` tells from what is left in the reader, and the new one if both do.
fn either<'a, Old: Layout<'a>, New: Layout<'a>>(
    form: MetaForm,
    reader: &mut Reader<'a>,
    old: fn(Old) -> MetaInfo<'a>,
    new: fn(New) -> MetaInfo<'a>,
    fits: fn(&MetaInfo<'a>, &Reader<'a>) -> bool,
) -> Result<MetaInfo<'a>, DecodeError> {
    if form == MetaForm::Old {
        return Old::read(reader).map(old);
    }
    if form == MetaForm::Unknown {
        let mut attempt = reader.clone();
        let as_new = New::read(&mut attempt).map(new);
        if !as_new.is_ok_and(|info| fits(&info, &attempt)) {
            let mut attempt = reader.clone();
            if let Ok(info) = Old::read(&mut attempt).map(old)
                && fits(&info, &attempt)
            {
                *reader = attempt;
                return Ok(info);
            }
        }
    }
    New::read(reader).map(new)
}

fn nothing_left<'a>(_info: &MetaInfo<'a>, reader: &Reader<'a>) -> bool {
    reader.left() == 0
}

/// After the time zone stand one to four flags, or the second byte of a time zone and five flags.
fn plausible_general<'a>(info: &MetaInfo<'a>, _reader: &Reader<'a>) -> bool {
    match info {
        MetaInfo::General(general) => matches!(general.rest_hex.0.len(), 1..=4 | 6),
        MetaInfo::GeneralOld(general) => matches!(general.rest_hex.0.len(), 1..=4 | 6),
        _ => false,
    }
}

/// A length counts what follows it, in the last result without the four bytes of `users_left`.
const fn is_entry_length(length: usize, left: usize) -> bool {
    length + 2 == left || length + 6 == left
}
