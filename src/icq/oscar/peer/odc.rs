//! ODC: messages between two clients (`oscar.md` §5.3).

use super::Padded;
use crate::icq::oscar::parts::{Cookie, Octets};
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Value, Writer};

/// A message, header and text.
///
/// | off | size | field         | meaning                                        |
/// |-----|------|---------------|------------------------------------------------|
/// | 0   | 4    | `magic`       | `ODC2`                                         |
/// | 4   | 2    | `header_len`  | 76                                             |
/// | 6   | 2    | `type`        | 1                                              |
/// | 8   | 2    | `subtype`     | 6                                              |
/// | 10  | 2    | `unk`         | 0                                              |
/// | 12  | 8    | `cookie`      | of the proposal                                |
/// | 20  | 8    |               | 0                                              |
/// | 28  | 4    | `payload_len` |                                                |
/// | 32  | 2    | `encoding`    | 0 ASCII, 2 UTF-16, 3 Latin-1                   |
/// | 34  | 4    |               | 0                                              |
/// | 38  | 2    | `flags`       | 1 automatic, 2 typing, 4 typed, 8 types, 0x60 hello |
/// | 40  | 4    |               | 0                                              |
/// | 44  | 32   | `screen_name` | who writes                                     |
/// | 76  | n    | `payload`     | HTML                                           |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OdcMessage<'a> {
    /// 1.
    pub kind: u16,
    /// 6.
    pub subtype: u16,
    /// 0.
    pub unk: u16,
    /// Of the proposal.
    pub cookie: Cookie,
    /// The zeros after it.
    pub zeros: Octets<8>,
    /// 0 ASCII, 2 UTF-16, 3 Latin-1.
    pub encoding: u16,
    /// The zeros after it.
    pub zeros2: Octets<4>,
    /// What kind of message it is.
    pub flags: u16,
    /// The zeros after it.
    pub zeros3: Octets<4>,
    /// Who writes.
    pub screen_name: Padded<32>,
    /// What they write.
    pub payload: &'a [u8],
}

impl<'a> Layout<'a> for OdcMessage<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let magic = Padded::<4>::read(reader, "magic")?;
        if magic.0 != *MAGIC {
            return Err(DecodeError::Invalid {
                field: "magic",
                value: u32::from_be_bytes(magic.0),
            });
        }
        let header_len = reader.u16("header_len")?;
        if header_len != LENGTH {
            return Err(DecodeError::Invalid {
                field: "header_len",
                value: header_len.into(),
            });
        }
        let kind = reader.u16("type")?;
        let subtype = reader.u16("subtype")?;
        let unk = reader.u16("unk")?;
        let cookie = Part::read(reader, "cookie")?;
        let zeros = zeros(reader)?;
        let payload_len = reader.u32("payload_len")?;
        let encoding = reader.u16("encoding")?;
        let zeros2 = self::zeros(reader)?;
        let flags = reader.u16("flags")?;
        let zeros3 = self::zeros(reader)?;
        let screen_name = Part::read(reader, "screen_name")?;
        let payload_len = usize::try_from(payload_len).unwrap_or(usize::MAX);
        let payload = reader.take_as("payload", payload_len, Value::Text)?;
        Ok(Self {
            kind,
            subtype,
            unk,
            cookie,
            zeros,
            encoding,
            zeros2,
            flags,
            zeros3,
            screen_name,
            payload,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(MAGIC);
        writer.u16(LENGTH);
        writer.u16(self.kind);
        writer.u16(self.subtype);
        writer.u16(self.unk);
        self.cookie.write(writer);
        self.zeros.write(writer);
        writer.u32(u32::try_from(self.payload.len()).unwrap_or(u32::MAX));
        writer.u16(self.encoding);
        self.zeros2.write(writer);
        writer.u16(self.flags);
        self.zeros3.write(writer);
        self.screen_name.write(writer);
        writer.bytes(self.payload);
    }
}

/// Bytes that are 0 and that nobody named.
fn zeros<const N: usize>(reader: &mut Reader<'_>) -> Result<Octets<N>, DecodeError> {
    let mut zeros = [0; N];
    for place in &mut zeros {
        *place = reader.constant_u8("zero")?;
    }
    Ok(Octets(zeros))
}

/// What a message begins with.
const MAGIC: &[u8; 4] = b"ODC2";

/// How long the header is.
const LENGTH: u16 = 76;
