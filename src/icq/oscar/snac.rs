//! SNACs: the header of everything on channel 2, and the errors all families share
//! (`oscar.md` §1.2).

use super::parts::Text;
use super::tlv::{Chain, tlvs};
use crate::icq::wire::{ByteOrder, DecodeError, Reader, Writer, layout};

/// The header of a SNAC.
///
/// | off | size | field      | meaning                                                      |
/// |-----|------|------------|--------------------------------------------------------------|
/// | 0   | 2    | `family`   |                                                              |
/// | 2   | 2    | `subtype`  | 1 is an error in every family                                |
/// | 4   | 2    | `snac_flags` | 0x0001 more replies follow, 0x8000 an extension follows    |
/// | 6   | 4    | `request_id` | a reply repeats it                                         |
/// | 10  | 2, n | `ext`      | length and TLVs, if the flag says so: skipped in every family |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header<'a> {
    /// The family.
    pub family: u16,
    /// What it is in the family.
    pub subtype: u16,
    /// Flags.
    pub flags: u16,
    /// A client's own number for a request. Those of servers say nothing.
    pub request_id: u32,
    /// The extension, which clients do not need.
    pub extension: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// More SNACs follow that answer the same request.
    pub const MORE: u16 = 0x0001;
    /// An extension stands before the body.
    pub const EXTENDED: u16 = 0x8000;

    /// A client's request. Of `request_id` the highest bit is the servers': `IServerd` closes the
    /// connection when a client sets it.
    pub const fn request(family: u16, subtype: u16, request_id: u32) -> Self {
        Self {
            family,
            subtype,
            flags: 0,
            request_id: request_id & LARGEST_ID,
            extension: None,
        }
    }

    /// Whether more SNACs answer the same request.
    pub const fn more_follow(&self) -> bool {
        self.flags & Self::MORE != 0
    }

    /// Reads the header, extension included.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let family = reader.constant_u16("family")?;
        let subtype = reader.constant_u16("subtype")?;
        let flags = reader.u16("snac_flags")?;
        let request_id = reader.u32("request_id")?;
        let extension = match flags & Self::EXTENDED {
            0 => None,
            _ => Some(read_extension(reader)?),
        };
        Ok(Self {
            family,
            subtype,
            flags,
            request_id,
            extension,
        })
    }

    /// Appends the header; the flag of an extension is set if there is one.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family);
        writer.u16(self.subtype);
        writer.u16(match self.extension {
            Some(_) => self.flags | Self::EXTENDED,
            None => self.flags & !Self::EXTENDED,
        });
        writer.u32(self.request_id);
        if let Some(extension) = self.extension {
            writer.sized_u16(|writer| writer.bytes(extension));
        }
    }
}

/// What follows the header is skipped by its length; whether it is TLVs matters to nobody.
fn read_extension<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let length = usize::from(reader.constant_u16("ext_length")?);
    let bytes = reader.peek();
    let Some(bytes) = bytes.get(..length) else {
        return Err(DecodeError::Truncated {
            field: "ext",
            needed: length,
            left: bytes.len(),
        });
    };
    reader.within("ext", length, |area| {
        area.list("ext", |area| {
            while area.left() >= 4 {
                let is_tlv = area.list("tlv", |area| {
                    let _kind = area.code("type")?;
                    let length = area.constant_u16("length")?;
                    area.bytes("value", length.into())
                });
                if is_tlv.is_err() {
                    break;
                }
            }
            area.rest("rest");
            Ok(())
        })
    })?;
    Ok(bytes)
}

/// The largest request id of a client.
pub const LARGEST_ID: u32 = 0x7FFF_FFFF;

/// Where an error stands in every family.
pub const ERROR: u16 = 0x0001;

layout! {
    /// An error: SNAC(xx,01).
    ///
    /// | bytes | field   | meaning              |
    /// |-------|---------|----------------------|
    /// | 2     | `error` | [`SnacError::words`] |
    /// | n     | `more`  | TLVs, often none     |
    pub struct SnacError<'a> {
        /// Which.
        error: u16,
        /// What else there is to say about it.
        more: Option<Chain<ErrorTlv<'a>>>,
    }
}

tlvs! {
    /// The TLVs of an error.
    pub enum ErrorTlv {
        /// An address to read more at.
        0x0004 error_url Url(Text<'a>),
        /// What it is in its family.
        0x0008 subcode Subcode(u16),
        /// What it is, in words.
        0x001B error_text Text(Text<'a>),
        /// What a refused registration has with it (§3.17).
        0x0021 info Info(super::parts::Bytes<'a>),
    }
}

impl SnacError<'_> {
    /// Not logged in, which `IServerd` says for ever once a session is lost (§2.5).
    pub const REQUEST_DENIED: u16 = 0x0D;

    /// The second code, where there is one.
    pub fn subcode(&self) -> Option<u16> {
        self.more.as_ref()?.subcode().copied()
    }

    /// What the code says (§1.2).
    pub const fn words(&self) -> &'static str {
        words(self.error)
    }
}

impl std::fmt::Display for SnacError<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error {:#06x}: {}", self.error, self.words())?;
        match self.subcode() {
            Some(subcode) => write!(f, " ({subcode:#06x})"),
            None => Ok(()),
        }
    }
}

const fn words(code: u16) -> &'static str {
    match code {
        0x01 => "unknown SNAC",
        0x02 => "rate limit to host",
        0x03 => "rate limit to client",
        0x04 => "not logged on",
        0x05 => "service unavailable",
        0x06 => "service not defined",
        0x07 => "obsolete SNAC",
        0x08 => "not supported by host",
        0x09 => "not supported by client",
        0x0A => "refused by client",
        0x0B => "reply too big",
        0x0C => "responses lost",
        0x0D => "request denied",
        0x0E => "broken SNAC",
        0x0F => "insufficient rights",
        0x10 => "in local permit or deny list",
        0x11 => "sender too evil",
        0x12 => "receiver too evil",
        0x13 => "user temporarily unavailable",
        0x14 => "no match",
        0x15 => "list overflow",
        0x16 => "request ambiguous",
        0x17 => "queue full",
        0x18 => "not while on AOL",
        0x19 => "query failed",
        0x1A => "timeout",
        0x1B => "see its text",
        0x1C => "general failure",
        0x1D => "progress",
        0x1E => "in free area",
        0x1F => "restricted by parental controls",
        0x20 => "remote restricted by parental controls",
        _ => "no known error",
    }
}

/// A reader of what stands in a FLAP.
pub(super) const fn reader(bytes: &[u8]) -> Reader<'_> {
    Reader::new(bytes).in_order(ByteOrder::Big)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::wire::Layout;

    #[test]
    fn an_extension_is_skipped_in_every_family() {
        for family in [0x0001, 0x0013, 0x1234_u16] {
            let [high, low] = family.to_be_bytes();
            let bytes = [
                &[high, low][..],
                b"\0\x19\x80\0\0\0\0\x07\0\x06\0\x01\0\x02\0\x02body",
            ]
            .concat();
            let mut reader = reader(&bytes);
            let header = Header::read(&mut reader).unwrap();
            assert_eq!(header.family, family);
            assert_eq!(header.extension, Some(&b"\0\x01\0\x02\0\x02"[..]));
            assert_eq!(reader.peek(), b"body");

            let mut out = Vec::new();
            header.write(&mut Writer::new(&mut out).in_order(ByteOrder::Big));
            assert_eq!(out, bytes[..bytes.len() - 4]);
        }
    }

    #[test]
    fn an_extension_that_is_no_tlv_is_skipped_too() {
        let mut reader = reader(b"\0\x13\0\x06\x80\0\0\0\0\x07\0\x05\0\x01\0\x09xbody");
        let header = Header::read(&mut reader).unwrap();
        assert_eq!(header.extension, Some(&b"\0\x01\0\x09x"[..]));
        assert_eq!(reader.peek(), b"body");
    }

    #[test]
    fn a_client_never_sets_the_highest_bit_of_its_numbers() {
        assert_eq!(Header::request(1, 2, 0x8000_0005).request_id, 5);
    }

    #[test]
    fn an_error_has_a_code_and_perhaps_a_second() {
        let mut plain = reader(b"\0\x04");
        let error = SnacError::read(&mut plain).unwrap();
        assert_eq!((error.error, error.subcode()), (4, None));
        assert_eq!(error.to_string(), "error 0x0004: not logged on");

        let mut full = reader(b"\0\x04\0\x08\0\x02\0\x0f");
        let error = SnacError::read(&mut full).unwrap();
        assert_eq!((error.error, error.subcode()), (4, Some(0x0F)));
    }

    #[test]
    fn an_error_may_have_nothing_else() {
        let error = SnacError {
            error: 5,
            more: None,
        };
        let mut out = Vec::new();
        Layout::write(&error, &mut Writer::new(&mut out).in_order(ByteOrder::Big));
        assert_eq!(out, b"\0\x05");
        let _unused = Chain::<ErrorTlv<'_>>(Vec::new()).subcode();
    }
}
