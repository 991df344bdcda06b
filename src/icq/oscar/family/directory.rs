//! Family 0x0F: finds people of AIM, on a connection of its own (`oscar.md` §3.9).

use crate::icq::oscar::parts::{All, Text, parts};
use crate::icq::oscar::tlv::{Chain, CountedChain, tlvs};
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Writer, commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Searches.
        0x0002 "SEARCH" Search(Search<'a>),
        /// Asks for the list of interests.
        0x0004 "KEYWORDS_REQUEST" KeywordsRequest,
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// Who was found.
        0x0003 "FOUND" Found(Found<'a>),
        /// The list of interests. Its layout is of no interest here.
        0x0005 "KEYWORDS" Keywords(super::generic::Raw<'a>),
    }
}

layout! {
    /// A search: 0F/02, TLVs.
    pub struct Search<'a> {
        /// For what.
        tlvs: Chain<DirectoryTlv<'a>>,
    }

    /// Somebody, as the directory has them.
    pub struct Entry<'a> {
        /// What is known.
        tlvs: CountedChain<DirectoryTlv<'a>>,
    }
}

parts! {
    group Entry<'a>, 2;
}

/// Who was found: 0F/03.
///
/// | bytes | field     | meaning                                                 |
/// |-------|-----------|---------------------------------------------------------|
/// | 2     | `status`  | 5 found, 3 too many, 4 a name is missing, 1 or 2 no service |
/// | 2     |           | 0                                                       |
/// | 2     |           | how many follow                                         |
/// | n     | `entries` | a number and [`DirectoryTlv`]s each                     |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found<'a> {
    /// 5 found.
    pub status: u16,
    /// The word after it: 0.
    pub unknown: u16,
    /// Who.
    pub entries: Vec<Entry<'a>>,
}

impl<'a> Layout<'a> for Found<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let status = reader.u16("status")?;
        let unknown = reader.u16("unknown")?;
        let _count = reader.constant_u16("count")?;
        // Counts do not drive anything (§9): what is there is read.
        let All(entries) = Part::read(reader, "entries")?;
        Ok(Self {
            status,
            unknown,
            entries,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.status);
        writer.u16(self.unknown);
        writer.u16(u16::try_from(self.entries.len()).unwrap_or(u16::MAX));
        for entry in &self.entries {
            Part::write(entry, writer);
        }
    }
}

tlvs! {
    /// What the directory knows of somebody, or is asked.
    pub enum DirectoryTlv {
        /// First name.
        0x0001 first First(Text<'a>),
        /// Last name.
        0x0002 last Last(Text<'a>),
        /// Middle name.
        0x0003 middle Middle(Text<'a>),
        /// Maiden name.
        0x0004 maiden Maiden(Text<'a>),
        /// E-mail address.
        0x0005 email Email(Text<'a>),
        /// Country.
        0x0006 country Country(Text<'a>),
        /// State or province.
        0x0007 state State(Text<'a>),
        /// City.
        0x0008 city City(Text<'a>),
        /// Name of the account.
        0x0009 screen_name ScreenName(Text<'a>),
        /// 0 by name, 1 by e-mail or interest.
        0x000A search_type SearchType(u16),
        /// An interest.
        0x000B interest Interest(Text<'a>),
        /// Nickname.
        0x000C nick Nick(Text<'a>),
        /// Postal code.
        0x000D zip Zip(Text<'a>),
        /// The charset of these texts: `us-ascii`.
        0x001C charset Charset(Text<'a>),
        /// Street.
        0x0021 street Street(Text<'a>),
    }
}
