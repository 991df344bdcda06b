//! What servers answer: `META_USER` (0x03DE).

use super::{
    About, Affiliations, General, HomepageCategory, Interests, MetaForm, More, ShortYear, Work,
};
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Rest, Writer, layout};
use crate::model::Uin;

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
    let flags = match info {
        // Four zero bytes are a number, unless the old form does not fit either: an empty text
        // has a NUL.
        MetaInfo::General(general) if general.zip.is_empty() && general.country == 0 => {
            return general.rest_hex.0.len() <= 4;
        }
        MetaInfo::General(general) => general.rest_hex.0,
        MetaInfo::GeneralOld(general) => general.rest_hex.0,
        _ => return false,
    };
    matches!(flags.len(), 1..=4 | 6)
}

/// A length counts what follows it, in the last result without the four bytes of `users_left`.
const fn is_entry_length(length: usize, left: usize) -> bool {
    length + 2 == left || length + 6 == left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply and its bytes; both ways, and with the form unknown as well as known.
    fn assert_layout(subcmd: u16, info: &MetaInfo<'_>, form: MetaForm, body: &[u8]) {
        let reply = MetaReply {
            subcmd,
            result: MetaReply::OK,
            info: info.clone(),
        };
        let bytes = [&subcmd.to_le_bytes(), &[0x0A][..], body].concat();
        let mut written = Vec::new();
        reply.write(&mut Writer::new(&mut written));
        assert_eq!(
            written.escape_ascii().to_string(),
            bytes.escape_ascii().to_string()
        );

        for form in [form, MetaForm::Unknown] {
            let mut reader = Reader::new(&bytes);
            assert_eq!(MetaReply::read_as(form, &mut reader).as_ref(), Ok(&reply));
            assert_eq!(reader.left(), 0);
        }
    }

    fn general<Zip>(zip: Zip, rest: &[u8]) -> General<'_, Zip> {
        General {
            nick: b"Zed",
            first: b"",
            last: b"",
            email1: b"",
            email2: b"",
            email3: b"",
            city: b"",
            state: b"",
            phone: b"",
            fax: b"",
            street: b"",
            cellular: b"",
            zip,
            country: 371,
            timezone: 0xFC,
            rest_hex: Rest(rest),
        }
    }

    fn work<Zip>(zip: Zip) -> Work<'static, Zip> {
        Work {
            city: b"Riga",
            state: b"",
            phone: b"",
            fax: b"",
            street: b"",
            zip,
            country: 371,
            company: b"ACME",
            department: b"",
            position: b"",
            occupation: 4,
            homepage: b"",
        }
    }

    #[test]
    fn the_general_block_has_a_number_or_a_text_for_the_postal_code() {
        let names = [&b"\x04\0Zed\0"[..], &b"\x01\0\0".repeat(11)].concat();
        for flags in [&b"\0\x01\0\0"[..], b"\xff\x01\x01\0\0\0"] {
            for zip in [0, 1, 1000, 0x0101_0101] {
                let body = [&names[..], &u32::to_le_bytes(zip), b"\x73\x01\xfc", flags].concat();
                let info = MetaInfo::GeneralOld(general(zip, flags));
                assert_layout(0x00C8, &info, MetaForm::Old, &body);
            }
            for zip in [&b""[..], b"1", b"LV-1000"] {
                let mut lstr = Vec::new();
                Writer::new(&mut lstr).lstr(zip);
                let body = [&names[..], &lstr, b"\x73\x01\xfc", flags].concat();
                let info = MetaInfo::General(general(zip, flags));
                assert_layout(0x00C8, &info, MetaForm::New, &body);
            }
        }
    }

    #[test]
    fn the_second_byte_of_a_time_zone_is_no_flag() {
        assert_eq!(general(0, b"\xff\x01\x01\0\0\0").flags(), b"\x01\x01\0\0\0");
        assert_eq!(general(0, b"\x01\x01\0\0").flags(), b"\x01\x01\0\0");
        assert_eq!(general(0, b"").flags(), b"");
    }

    #[test]
    fn the_work_block_has_a_number_or_a_text_for_the_postal_code() {
        let before = [&b"\x05\0Riga\0"[..], &b"\x01\0\0".repeat(4)].concat();
        let after = b"\x73\x01\x05\0ACME\0\x01\0\0\x01\0\0\x04\0\x01\0\0";
        let old = [&before[..], b"\xe8\x03\0\0", after].concat();
        assert_layout(0x00D2, &MetaInfo::WorkOld(work(1000)), MetaForm::Old, &old);
        let new = [&before[..], b"\x05\x001000\0", after].concat();
        assert_layout(0x00D2, &MetaInfo::Work(work(b"1000")), MetaForm::New, &new);
    }

    #[test]
    fn a_year_of_birth_has_one_byte_or_two() {
        fn more<Year>(birth_year: Year) -> More<'static, Year> {
            More {
                age: 30,
                gender: 2,
                homepage: b"h",
                birth_year,
                birth_month: 2,
                birth_day: 3,
                lang1: 12,
                lang2: 0,
                lang3: 0,
            }
        }
        assert_layout(
            0x00DC,
            &MetaInfo::MoreOld(more(ShortYear(70))),
            MetaForm::Old,
            b"\x1e\0\x02\x02\0h\0\x46\x02\x03\x0c\0\0",
        );
        assert_layout(
            0x00DC,
            &MetaInfo::More(more(1970)),
            MetaForm::New,
            b"\x1e\0\x02\x02\0h\0\xb2\x07\x02\x03\x0c\0\0",
        );
    }

    #[test]
    fn a_search_result_may_stand_behind_its_length() {
        let found = |entry_length, rest| {
            MetaInfo::Found(Found {
                entry_length,
                person: FoundPerson {
                    target_uin: Uin(54_321),
                    nick: b"Zed",
                    first: b"",
                    last: b"",
                    email: b"",
                    auth_byte: Some(1),
                    webaware: Some(0),
                    rest_hex: Rest(rest),
                },
            })
        };
        const PERSON: &[u8] = b"\x31\xd4\0\0\x04\0Zed\0\x01\0\0\x01\0\0\x01\0\0\x01\0";
        assert_layout(0x0190, &found(None, b""), MetaForm::Old, PERSON);
        let last = [PERSON, b"\x02\0\0\0"].concat();
        assert_layout(0x019A, &found(None, b"\x02\0\0\0"), MetaForm::Old, &last);
        let new = [b"\x16\0", PERSON, b"\0"].concat();
        assert_layout(0x01A4, &found(Some(22), b"\0"), MetaForm::New, &new);
        let last = [b"\x16\0", PERSON, b"\0\0\0\0\0"].concat();
        assert_layout(
            0x01AE,
            &found(Some(22), b"\0\0\0\0\0"),
            MetaForm::New,
            &last,
        );
    }

    #[test]
    fn a_failure_has_no_body_but_what_a_search_says() {
        let read = |bytes: &'static [u8]| {
            let mut reader = Reader::new(bytes);
            let reply = MetaReply::read(&mut reader).unwrap();
            (reply.result, reply.info, reader.left())
        };
        assert_eq!(
            read(b"\xc8\0\x32"),
            (MetaReply::FAILED, MetaInfo::Nothing, 0)
        );
        assert_eq!(
            read(b"\xae\x01\x32\0\0\0\0"),
            (
                MetaReply::FAILED,
                MetaInfo::NobodyFound(NobodyFound {
                    users_left: Some(0)
                }),
                0
            )
        );
        assert_eq!(
            read(b"\x9a\x01\x14"),
            (
                MetaReply::NOT_FOUND,
                MetaInfo::NobodyFound(NobodyFound { users_left: None }),
                0
            )
        );
    }
}
