//! What two clients of OSCAR say to each other without a server of SNACs between them: files, the
//! proxy they may need, and messages (`oscar.md` §5.2, §5.3). Sessions do not need it.
//!
//! Each of the three begins with a length, so a stream is cut by [`length_of`]; what follows it, a
//! file's bytes or a message's text, is counted by the header.

mod ars;
mod odc;
mod oft;

pub use ars::{Ars, ArsBody, ArsTlv};
pub use odc::OdcMessage;
pub use oft::{Checksum, OftHead, OftHeader, OftType, checksum};

use super::parts::fixed;
use crate::icq::wire::{ByteOrder, DecodeError, Field, Layout, Part, Reader, Value, Writer};

/// Which of the three a stream speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speech {
    /// Files.
    Oft,
    /// The proxy.
    Ars,
    /// Messages.
    Odc,
}

/// How long the header is that `bytes` begin with, once they say so: with ARS, the packet. 0 if it
/// is none.
pub fn length_of(speech: Speech, bytes: &[u8]) -> Option<usize> {
    let word = |at: usize| -> Option<usize> {
        let word = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(usize::from(u16::from_be_bytes(word)))
    };
    let magic = |magic: &[u8; 4]| Some(bytes.first_chunk::<4>()? == magic);
    Some(match speech {
        Speech::Oft if magic(b"OFT2")? => word(4)?,
        Speech::Odc if magic(b"ODC2")? => word(4)?,
        Speech::Oft | Speech::Odc => 0,
        Speech::Ars => word(0)? + 2,
    })
}

/// Reads one packet of the kind `L`, whole and nothing else.
pub fn decode<'a, L: Layout<'a>>(bytes: &'a [u8]) -> Result<L, DecodeError> {
    let mut reader = Reader::new(bytes).in_order(ByteOrder::Big);
    L::read(&mut reader)
}

/// The bytes of a packet.
pub fn encode<'a>(packet: &impl Layout<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.write(&mut Writer::new(&mut bytes).in_order(ByteOrder::Big));
    bytes
}

/// The fields of a packet of the kind `L`, as far as it can be read; what could not be is the last,
/// `rest`.
pub fn dump<'a, L: Layout<'a>>(bytes: &'a [u8]) -> (Vec<Field<'a>>, Option<DecodeError>) {
    let mut reader = Reader::traced(bytes).in_order(ByteOrder::Big);
    let read = L::read(&mut reader);
    reader.rest("rest");
    (reader.into_trace(), read.err())
}

/// A text in a field of a fixed length, NULs behind it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Padded<const N: usize>(pub [u8; N]);

impl<const N: usize> Padded<N> {
    /// What fits of `text`.
    pub fn of(text: &[u8]) -> Self {
        let mut bytes = [0; N];
        for (place, byte) in bytes.iter_mut().zip(text) {
            *place = *byte;
        }
        Self(bytes)
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        until_nul(&self.0)
    }
}

impl<'a, const N: usize> Part<'a> for Padded<N> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        fixed(reader, name, |bytes| Value::Text(until_nul(bytes))).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(&self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= N
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_says_how_long_its_packet_is() {
        assert_eq!(length_of(Speech::Oft, b"OFT2\x01\0"), Some(256));
        assert_eq!(length_of(Speech::Oft, b"OFT2\x01"), None);
        assert_eq!(length_of(Speech::Oft, b"GET / "), Some(0));
        assert_eq!(length_of(Speech::Odc, b"ODC2\0\x4c"), Some(76));
        assert_eq!(length_of(Speech::Ars, b"\0\x0a"), Some(12));
        assert_eq!(length_of(Speech::Ars, b"\0"), None);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        assert_eq!(Padded::<3>::of(b"abcd").text(), b"abc");
        assert_eq!(Padded::<3>::of(b"a").0, *b"a\0\0");
    }
}
