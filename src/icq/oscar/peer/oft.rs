//! OFT: headers between the bytes of files (`oscar.md` §5.2).

use super::Padded;
use crate::icq::oscar::parts::{Cookie, Octets};
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Value, Writer, layout};

/// A header of OFT: 256 bytes, more if the name needs them.
///
/// | off | size | field           | meaning                            |
/// |-----|------|-----------------|------------------------------------|
/// | 0   | 4    | `magic`         | `OFT2`                             |
/// | 4   | 2    | `length`        | of the header: 192 and the name    |
/// | 6   | 186  | `head`          | [`OftHead`]                        |
/// | 192 | 64…  | `name`          | NULs behind it                     |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OftHeader<'a> {
    /// All but the name.
    pub head: OftHead,
    /// The field of the name, NULs included: at least 64 bytes.
    pub name: &'a [u8],
}

layout! {
    /// What stands before the name in a header of OFT.
    ///
    /// | off | size | field              | meaning                                      |
    /// |-----|------|--------------------|----------------------------------------------|
    /// | 6   | 2    | `type`             | [`OftType`]                                  |
    /// | 8   | 8    | `cookie`           | of the proposal; 0 in the first              |
    /// | 16  | 2    | `encrypt`          | 0                                            |
    /// | 18  | 2    | `compress`         | 0                                            |
    /// | 20  | 2    | `total_files`      |                                              |
    /// | 22  | 2    | `files_left`       | 1: this is the last                          |
    /// | 24  | 2    | `total_parts`      | 1                                            |
    /// | 26  | 2    | `parts_left`       | 1                                            |
    /// | 28  | 4    | `total_size`       | of all files                                 |
    /// | 32  | 4    | `size`             | of this one                                  |
    /// | 36  | 4    | `mod_time`         | Unix time                                    |
    /// | 40  | 4    | `checksum`         | [`checksum`] of this one                     |
    /// | 44  | 4    | `rf_recv_checksum` | 0xFFFF0000                                   |
    /// | 48  | 4    | `rf_size`          | 0                                            |
    /// | 52  | 4    | `cre_time`         | Unix time                                    |
    /// | 56  | 4    | `rf_checksum`      | 0xFFFF0000                                   |
    /// | 60  | 4    | `received`         | bytes so far                                 |
    /// | 64  | 4    | `recv_checksum`    | of these; 0xFFFF0000 at first                |
    /// | 68  | 32   | `id_string`        | which program                                |
    /// | 100 | 1    | `flags`            | 0x20; 1 done                                 |
    /// | 101 | 1    | `name_offset`      | 0x1C                                         |
    /// | 102 | 1    | `size_offset`      | 0x11                                         |
    /// | 103 | 69   | `dummy`            | 0                                            |
    /// | 172 | 16   | `mac_info`         | 0                                            |
    /// | 188 | 2    | `charset`          | 0 ASCII, 2 UTF-16, 3 Latin-1                 |
    /// | 190 | 2    | `subset`           | 0                                            |
    pub struct OftHead {
        /// What it is.
        r#type: OftType,
        /// Of the proposal; 0 in the first.
        cookie: Cookie,
        /// 0.
        encrypt: u16,
        /// 0.
        compress: u16,
        /// How many files there are.
        total_files: u16,
        /// How many there are from this one on.
        files_left: u16,
        /// 1.
        total_parts: u16,
        /// 1.
        parts_left: u16,
        /// The size of all files.
        total_size: u32,
        /// The size of this one.
        size: u32,
        /// When it changed.
        mod_time: u32,
        /// The checksum of this one.
        checksum: Checksum,
        /// 0xFFFF0000.
        rf_recv_checksum: Checksum,
        /// 0.
        rf_size: u32,
        /// When it was made.
        cre_time: u32,
        /// 0xFFFF0000.
        rf_checksum: Checksum,
        /// Bytes so far.
        received: u32,
        /// The checksum of these.
        recv_checksum: Checksum,
        /// Which program.
        id_string: Padded<32>,
        /// 0x20; 1 done.
        flags: u8,
        /// 0x1C.
        name_offset: u8,
        /// 0x11.
        size_offset: u8,
        /// 0.
        dummy: Octets<69>,
        /// 0.
        mac_info: Octets<16>,
        /// Of the name: 0 ASCII, 2 UTF-16, 3 Latin-1.
        charset: u16,
        /// 0.
        subset: u16,
    }
}

impl<'a> Layout<'a> for OftHeader<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let magic = Padded::<4>::read(reader, "magic")?;
        if magic.0 != *MAGIC {
            return Err(DecodeError::Invalid {
                field: "magic",
                value: u32::from_be_bytes(magic.0),
            });
        }
        let length = reader.u16("length")?;
        let Some(name_length) = usize::from(length).checked_sub(FIXED + SHORTEST_NAME) else {
            return Err(DecodeError::Invalid {
                field: "length",
                value: length.into(),
            });
        };
        let head = Layout::read(reader)?;
        let name_length = name_length + SHORTEST_NAME;
        let name = reader.take_as("name", name_length, |name| {
            Value::Text(super::until_nul(name))
        })?;
        reader.record("name_field_len", || {
            Value::Number(u32::try_from(name_length).unwrap_or(u32::MAX))
        });
        Ok(Self { head, name })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let name = &self.name[..self.name.len().min(LONGEST_NAME)];
        let padding = vec![0; SHORTEST_NAME.saturating_sub(name.len())];
        writer.bytes(MAGIC);
        let length = FIXED + name.len() + padding.len();
        writer.u16(u16::try_from(length).unwrap_or(u16::MAX));
        Layout::write(&self.head, writer);
        writer.bytes(name);
        writer.bytes(&padding);
    }
}

/// What a header of OFT is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OftType(pub u16);

impl OftType {
    /// The sender offers a file.
    pub const PROMPT: Self = Self(0x0101);
    /// The receiver takes it; its bytes follow.
    pub const ACK: Self = Self(0x0202);
    /// The receiver has it.
    pub const DONE: Self = Self(0x0204);
    /// The receiver has a part of it already.
    pub const RESUME: Self = Self(0x0205);
    /// The sender goes on from there.
    pub const RESUME_ACCEPTED: Self = Self(0x0106);
    /// The receiver takes the rest.
    pub const RESUME_ACK: Self = Self(0x0207);
}

/// The field's name is a word of the language, so it says its name itself.
impl<'a> Part<'a> for OftType {
    fn read(reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        reader.code("type").map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// A checksum, which people read in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Checksum(pub u32);

impl Checksum {
    /// Of nothing.
    pub const EMPTY: Self = Self(0xFFFF_0000);
}

impl<'a> Part<'a> for Checksum {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let bytes: Octets<4> = Part::read(reader, name)?;
        Ok(Self(u32::from_be_bytes(bytes.0)))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(&self.0.to_be_bytes());
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 4
    }
}

/// The checksum after `data`, which stands at `offset` of its file, from the one before it
/// (§5.2). A file begins with [`Checksum::EMPTY`].
pub fn checksum(previous: Checksum, offset: u64, data: &[u8]) -> Checksum {
    let mut sum = previous.0 >> 16;
    let mut is_odd = !offset.is_multiple_of(2);
    for &byte in data {
        let value = match is_odd {
            true => u32::from(byte),
            false => u32::from(byte) << 8,
        };
        let (less, has_wrapped) = sum.overflowing_sub(value);
        sum = less.wrapping_sub(u32::from(has_wrapped));
        is_odd = !is_odd;
    }
    for _ in 0..2 {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    Checksum(sum << 16)
}

/// What a header begins with.
const MAGIC: &[u8; 4] = b"OFT2";

/// How long a header is without its name.
const FIXED: usize = 192;

/// The shortest field for a name.
const SHORTEST_NAME: usize = 64;

/// The longest field for a name.
const LONGEST_NAME: usize = u16::MAX as usize - FIXED;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_checksum_goes_on_where_another_ended() {
        assert_eq!(checksum(Checksum::EMPTY, 0, b"abc"), Checksum(0x3B9D_0000));
        assert_eq!(checksum(Checksum::EMPTY, 0, b""), Checksum::EMPTY);
    }

    #[test]
    fn a_header_that_is_too_short_for_a_name_is_refused() {
        let mut bytes = vec![0; 300];
        bytes[..6].copy_from_slice(b"OFT2\0\xff");
        assert!(super::super::decode::<OftHeader<'_>>(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn a_file_may_be_summed_in_any_pieces(
            data in prop::collection::vec(any::<u8>(), 0..500),
            at in any::<prop::sample::Index>(),
        ) {
            let (first, second) = data.split_at(at.index(data.len() + 1));
            let sum = checksum(Checksum::EMPTY, 0, first);
            prop_assert_eq!(
                checksum(sum, first.len() as u64, second),
                checksum(Checksum::EMPTY, 0, &data)
            );
        }
    }
}
