//! What servers answer: type 0x07DA (`oscar.md` §3.15.3 to §3.15.7).

use super::request::{Emails, Xml};
use super::{Basic, HomepageCategory, More, MoreOfReply, Security, Short, Work};
use crate::icq::oscar::parts::{Octets, Str16};
use crate::icq::wire::meta::{About, Affiliations, Interests};
use crate::icq::wire::{ByteOrder, DecodeError, Layout, Part, Reader, Rest, Value, Writer, layout};
use crate::model::Uin;

/// A reply.
///
/// | bytes | field     | meaning                                       |
/// |-------|-----------|-----------------------------------------------|
/// | 2     | `sub`     | what it answers                               |
/// | 1     | `success` | 0x0A yes, 0x14 failed, 0x1E read only, 0x32 nobody |
/// | n     | `info`    | [`Info`], by `sub`, if it is a yes            |
/// | n     | `rest`    | fillers                                       |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetaReply<'a> {
    /// What it answers.
    pub sub: u16,
    /// [`MetaReply::OK`], or why not.
    pub success: u8,
    /// What it says.
    pub info: Info<'a>,
    /// What follows.
    pub rest: Rest<'a>,
}

/// What a reply says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Info<'a> {
    /// Nothing but its result: a change is done, or something failed.
    Nothing,
    /// 0x00C8.
    Basic(Basic<'a, Security>),
    /// 0x00D2.
    Work(Work<'a>),
    /// 0x00DC.
    More(More<'a>, MoreOfReply<'a>),
    /// 0x00E6.
    About(About<'a>),
    /// 0x00EB.
    Emails(Emails<'a>),
    /// 0x00F0.
    Interests(Interests<'a>),
    /// 0x00FA.
    Affiliations(Affiliations<'a>),
    /// 0x0104.
    Short(Short<'a>),
    /// 0x010E.
    HomepageCategory(HomepageCategory<'a>),
    /// 0x01A4, 0x01AE.
    Found(FoundPerson<'a>),
    /// 0x0366.
    RandomFound(RandomFound),
    /// 0x08A2.
    Xml(Xml<'a>),
    /// 0x0096.
    Sms(SmsReply<'a>),
}

impl<'a> MetaReply<'a> {
    /// `success`: yes.
    pub const OK: u8 = 0x0A;
    /// `success`: it failed.
    pub const FAILED: u8 = 0x14;
    /// `success`: it may not be changed.
    pub const READ_ONLY: u8 = 0x1E;
    /// `success`: nobody was found.
    pub const NOBODY: u8 = 0x32;

    /// `sub`: somebody was found.
    pub const FOUND: u16 = 0x01A4;
    /// `sub`: the last was found. That, and not a flag in the header, is the end of a search.
    pub const LAST_FOUND: u16 = 0x01AE;

    /// Whether a search ends here.
    pub const fn is_last_found(&self) -> bool {
        self.sub == Self::LAST_FOUND
    }
}

impl<'a> Layout<'a> for MetaReply<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let sub = reader.code("sub")?;
        let success = reader.u8("success")?;
        let info = match success {
            Self::OK => Info::read(sub, reader)?,
            _ => Info::Nothing,
        };
        Ok(Self {
            sub,
            success,
            info,
            rest: Part::read(reader, "rest")?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.sub);
        writer.u8(self.success);
        self.info.write(writer);
        self.rest.write(writer);
    }
}

impl<'a> Info<'a> {
    fn read(sub: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match sub {
            0x00C8 => Self::Basic(Layout::read(reader)?),
            0x00D2 => Self::Work(Layout::read(reader)?),
            0x00DC => Self::More(Layout::read(reader)?, Layout::read(reader)?),
            0x00E6 => Self::About(Layout::read(reader)?),
            0x00EB => Self::Emails(Layout::read(reader)?),
            0x00F0 => Self::Interests(Layout::read(reader)?),
            0x00FA => Self::Affiliations(Layout::read(reader)?),
            0x0104 => Self::Short(Layout::read(reader)?),
            0x010E => Self::HomepageCategory(Layout::read(reader)?),
            MetaReply::FOUND => Self::Found(FoundPerson::read(reader, false)?),
            MetaReply::LAST_FOUND => Self::Found(FoundPerson::read(reader, true)?),
            0x0366 => Self::RandomFound(Layout::read(reader)?),
            0x08A2 => Self::Xml(Layout::read(reader)?),
            // The same number acknowledges a change of affiliations.
            0x0096 if reader.left() > 10 => Self::Sms(SmsReply::read(reader)?),
            _ => Self::Nothing,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Nothing => {}
            Self::Basic(basic) => basic.write(writer),
            Self::Work(work) => work.write(writer),
            Self::More(more, of_reply) => {
                more.write(writer);
                of_reply.write(writer);
            }
            Self::About(about) => about.write(writer),
            Self::Emails(emails) => emails.write(writer),
            Self::Interests(interests) => interests.write(writer),
            Self::Affiliations(affiliations) => affiliations.write(writer),
            Self::Short(short) => short.write(writer),
            Self::HomepageCategory(category) => category.write(writer),
            Self::Found(found) => found.write(writer),
            Self::RandomFound(found) => found.write(writer),
            Self::Xml(xml) => xml.write(writer),
            Self::Sms(sms) => sms.write(writer),
        }
    }
}

layout! {
    /// Somebody of a random chat group: 0x0366.
    ///
    /// | bytes | field |
    /// |-------|-------|
    /// | 4     | `uin` |
    pub struct RandomFound {
        /// Who.
        uin: Uin,
    }

    /// Somebody a search found, without the length before and the number behind.
    ///
    /// | bytes    | field                         | meaning                               |
    /// |----------|-------------------------------|---------------------------------------|
    /// | 4        | `uin`                         | 0 from `IServerd`: nobody             |
    /// | lstr × 4 | `nick` `first` `last` `email` |                                       |
    /// | 1        | `auth_flag`                   | 0: wants to be asked                  |
    /// | 2        | `online`                      | 0 offline, 1 online, 2 does not say   |
    /// | 1        | `gender`                      | 0 unspecified, 1 female, 2 male       |
    /// | 2        | `age`                         | 0 unspecified                         |
    pub struct FoundRecord<'a> {
        /// Who.
        uin: Uin,
        /// Nickname.
        nick: &'a [u8],
        /// First name.
        first: &'a [u8],
        /// Last name.
        last: &'a [u8],
        /// E-mail address.
        email: &'a [u8],
        /// 0: wants to be asked.
        auth_flag: u8,
        /// 0 offline, 1 online, 2 does not say.
        online: u16,
        /// 0 unspecified, 1 female, 2 male.
        gender: u8,
        /// Age; 0 unspecified.
        age: u16,
    }
}

/// Somebody a search found: 0x01A4, 0x01AE.
///
/// | bytes | field        | meaning                                                     |
/// |-------|--------------|-------------------------------------------------------------|
/// | 2     | `record_len` | not to be relied on                                         |
/// | n     | `record`     | [`FoundRecord`]                                             |
/// | 4     | `users_left` | only in the last: how many more there are; may be missing   |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundPerson<'a> {
    /// How long the record is, says the server.
    pub record_len: u16,
    /// Who was found.
    pub record: FoundRecord<'a>,
    /// How many more there are.
    pub users_left: Option<u32>,
}

impl<'a> FoundPerson<'a> {
    fn read(reader: &mut Reader<'a>, is_last: bool) -> Result<Self, DecodeError> {
        let record_len = reader.u16("record_len")?;
        let left = reader.left();
        let record = Layout::read(reader)?;
        let length = left - reader.left();
        reader.record("record_read", || {
            Value::Number(u32::try_from(length).unwrap_or(u32::MAX))
        });
        Ok(Self {
            record_len,
            record,
            users_left: match is_last {
                true => Part::read(reader, "users_left")?,
                false => None,
            },
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.record_len);
        Layout::write(&self.record, writer);
        self.users_left.write(writer);
    }
}

/// What became of a message for a telephone: 0x0096. Big-endian.
///
/// | bytes | field     | meaning                  |
/// |-------|-----------|--------------------------|
/// | 6     | `unk`     | 00 01 00 0D 00 0B        |
/// | 2, n  | `network` | of the telephone         |
/// | 2, n  | `xml`     |                          |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SmsReply<'a> {
    /// Meaning unknown.
    pub unk: Octets<6>,
    /// The network of the telephone.
    pub network: Str16<'a>,
    /// What became of it.
    pub xml: Str16<'a>,
}

impl<'a> SmsReply<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        reader.with_order(ByteOrder::Big, |reader| {
            Ok(Self {
                unk: Part::read(reader, "unk")?,
                network: Part::read(reader, "network")?,
                xml: Part::read(reader, "xml")?,
            })
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.with_order(ByteOrder::Big, |writer| {
            self.unk.write(writer);
            self.network.write(writer);
            self.xml.write(writer);
        });
    }
}
