//! Reading and writing the fields of a packet.
//!
//! Every read names its field. The names end up in errors and, when somebody asks for it, in a
//! record of what was read: the dump of a packet is its decoding, written down. There is no second
//! parser that could disagree.

mod nested;

use std::net::Ipv4Addr;

use super::{Field, Password, Value, Version};

/// Why bytes from the network could not be read.
///
/// Carries names and lengths, never the bytes themselves: a packet may hold a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// The packet ended inside `field`.
    #[error("packet ends inside {field}: {needed} bytes needed, {left} left")]
    Truncated {
        /// Name of the field, as the reference spells it.
        field: &'static str,
        /// How many bytes the field has.
        needed: usize,
        /// How many were left.
        left: usize,
    },
    /// `field` has a value the protocol does not allow.
    #[error("{field} cannot be {value:#x}")]
    Invalid {
        /// Name of the field, as the reference spells it.
        field: &'static str,
        /// The value received.
        value: u32,
    },
}

/// Takes fields off the front of a packet.
///
/// A read that fails takes nothing, a nested one what it could read. Multi-byte numbers are in the
/// reader's [`ByteOrder`], little-endian unless told, or in the one that the method names; addresses
/// are four raw bytes in the order they are written (`icq-udp.md`, conventions).
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    version: Version,
    order: ByteOrder,
    offset: usize,
    clamped: Option<&'static str>,
    trace: Option<Vec<Field<'a>>>,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, as V5 writes them.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            version: Version::V5,
            order: ByteOrder::Little,
            offset: 0,
            clamped: None,
            trace: None,
        }
    }

    /// Reads `bytes` and keeps a record of every field; [`into_trace`](Self::into_trace) gives it out.
    pub fn traced(bytes: &'a [u8]) -> Self {
        Self {
            trace: Some(Vec::new()),
            ..Self::new(bytes)
        }
    }

    /// Reads what follows as `version` writes it.
    #[must_use]
    pub fn in_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Which version's layouts are read.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Reads what follows in `order`.
    #[must_use]
    pub const fn in_order(mut self, order: ByteOrder) -> Self {
        self.order = order;
        self
    }

    /// The order in which numbers are read.
    pub const fn order(&self) -> ByteOrder {
        self.order
    }

    /// How many bytes are left.
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The bytes that are left, without taking them.
    pub const fn peek(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes a byte.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        let [value] = self.array(field)?;
        self.note(field, 1, || Value::Number(value.into()));
        Ok(value)
    }

    /// Takes a little-endian `u16`.
    pub fn u16_le(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        let value = u16::from_le_bytes(self.array(field)?);
        self.note(field, 2, || Value::Number(value.into()));
        Ok(value)
    }

    /// Takes a little-endian `u32`.
    pub fn u32_le(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let value = u32::from_le_bytes(self.array(field)?);
        self.note(field, 4, || Value::Number(value));
        Ok(value)
    }

    /// Takes a `u16` in the reader's byte order.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        let value = self.order.u16(self.array(field)?);
        self.note(field, 2, || Value::Number(value.into()));
        Ok(value)
    }

    /// Takes a `u32` in the reader's byte order.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let value = self.order.u32(self.array(field)?);
        self.note(field, 4, || Value::Number(value));
        Ok(value)
    }

    /// Takes a `u16` in the reader's byte order that people read in hexadecimal.
    pub fn code(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        let value = self.order.u16(self.array(field)?);
        self.note(field, 2, || Value::Code(value));
        Ok(value)
    }

    /// Takes a `u16` in the reader's byte order that says nothing which the other fields do not.
    pub fn constant_u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        let value = self.order.u16(self.array(field)?);
        self.note(field, 2, || Value::Constant(value.into()));
        Ok(value)
    }

    /// Takes a little-endian `u16` that people read in hexadecimal.
    pub fn code_le(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        let value = u16::from_le_bytes(self.array(field)?);
        self.note(field, 2, || Value::Code(value));
        Ok(value)
    }

    /// Takes a little-endian `u32` that people read in hexadecimal.
    pub fn word_le(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let value = u32::from_le_bytes(self.array(field)?);
        self.note(field, 4, || Value::Word(value));
        Ok(value)
    }

    /// Takes a little-endian `u16` that is the same in all packets of its kind.
    pub fn constant_u16_le(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        let value = u16::from_le_bytes(self.array(field)?);
        self.note(field, 2, || Value::Constant(value.into()));
        Ok(value)
    }

    /// Takes a byte that is the same in all packets of its kind.
    pub fn constant_u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        let [value] = self.array(field)?;
        self.note(field, 1, || Value::Constant(value.into()));
        Ok(value)
    }

    /// Takes four raw bytes of an address.
    pub fn ip4(&mut self, field: &'static str) -> Result<Ipv4Addr, DecodeError> {
        let value = Ipv4Addr::from(self.array(field)?);
        self.note(field, 4, || Value::Address(value));
        Ok(value)
    }

    /// Takes an `lstr`: a little-endian length, then that many bytes, the last of which is NUL.
    ///
    /// Gives what stands before the first NUL. Length 0 and a missing NUL are accepted.
    pub fn lstr(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let (text, length) = self.lstr_bytes(field)?;
        self.note(field, length, || Value::Text(text));
        Ok(text)
    }

    /// Takes an `lstr`, and what there is of it if its length says more
    /// (`icq-udp.md` §12: allowed for message texts); [`clamped`](Self::clamped) then names it.
    pub fn lstr_clamped(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        if self.lstr_fits() {
            return self.lstr(field);
        }
        let _length = self.array::<2>(field)?;
        self.clamped = Some(field);
        let bytes = std::mem::take(&mut self.rest);
        self.offset += bytes.len();
        let text = until_nul(bytes);
        self.note(field, 2 + bytes.len(), || Value::Text(text));
        Ok(text)
    }

    /// Takes an `lstr` that holds a password.
    pub fn password(&mut self, field: &'static str) -> Result<Password<'a>, DecodeError> {
        let (text, length) = self.lstr_bytes(field)?;
        let password = Password(text);
        self.note(field, length, || Value::Secret(password));
        Ok(password)
    }

    /// Takes `length` bytes that have no structure of their own.
    pub fn bytes(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        let bytes = self.take(field, length)?;
        self.note(field, length, || Value::Bytes(bytes));
        Ok(bytes)
    }

    /// Takes everything that is left; records it only if there is something.
    pub fn rest(&mut self, field: &'static str) -> &'a [u8] {
        let bytes = std::mem::take(&mut self.rest);
        self.offset += bytes.len();
        if !bytes.is_empty() {
            self.note(field, bytes.len(), || Value::Bytes(bytes));
        }
        bytes
    }

    /// Takes everything that is left; there is a password in it.
    pub fn secret_rest(&mut self, field: &'static str) -> Password<'a> {
        let bytes = Password(std::mem::take(&mut self.rest));
        self.offset += bytes.0.len();
        if !bytes.0.is_empty() {
            self.note(field, bytes.0.len(), || Value::Secret(bytes));
        }
        bytes
    }

    /// Takes a field that is made of smaller ones: they are not recorded, `value` of them is.
    pub fn compound<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
        value: impl FnOnce(&T) -> Value<'a>,
    ) -> Result<T, DecodeError> {
        let trace = self.trace.take();
        let (start, rest) = (self.offset, self.rest);
        let read = read(self);
        self.trace = trace;
        match &read {
            Ok(read) => self.note(field, self.offset - start, || value(read)),
            Err(_) => (self.offset, self.rest) = (start, rest),
        }
        read
    }

    /// Whether an `lstr` stands here with all its bytes.
    pub fn lstr_fits(&self) -> bool {
        self.rest
            .split_first_chunk()
            .is_some_and(|(length, rest)| usize::from(u16::from_le_bytes(*length)) <= rest.len())
    }

    /// The text that was shorter than its length said, if there was one.
    pub const fn clamped(&self) -> Option<&'static str> {
        self.clamped
    }

    /// The record of everything read; empty unless the reader was made by [`traced`](Self::traced).
    pub fn into_trace(self) -> Vec<Field<'a>> {
        self.trace.unwrap_or_default()
    }

    /// The text of an `lstr`, and how many bytes all of it takes.
    fn lstr_bytes(&mut self, field: &'static str) -> Result<(&'a [u8], usize), DecodeError> {
        let Some(length) = self.rest.first_chunk() else {
            return Err(self.truncated(field, 2));
        };
        let length = 2 + usize::from(u16::from_le_bytes(*length));
        let bytes = self.take(field, length)?;
        Ok((until_nul(&bytes[2..]), length))
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            return Err(self.truncated(field, N));
        };
        self.rest = rest;
        self.offset += N;
        Ok(*head)
    }

    fn take(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.truncated(field, length));
        };
        self.rest = rest;
        self.offset += length;
        Ok(head)
    }

    const fn truncated(&self, field: &'static str, needed: usize) -> DecodeError {
        DecodeError::Truncated {
            field,
            needed,
            left: self.rest.len(),
        }
    }

    /// Records a field that ends here.
    fn note(&mut self, name: &'static str, length: usize, value: impl FnOnce() -> Value<'a>) {
        if let Some(trace) = &mut self.trace {
            trace.push(Field {
                name,
                value: value(),
                offset: self.offset - length,
                length,
            });
        }
    }
}

/// Appends fields to a packet.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    version: Version,
    order: ByteOrder,
}

impl<'a> Writer<'a> {
    /// Appends to `out`, as V5 does.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            version: Version::V5,
            order: ByteOrder::Little,
        }
    }

    /// Writes in `order`.
    #[must_use]
    pub const fn in_order(mut self, order: ByteOrder) -> Self {
        self.order = order;
        self
    }

    /// Writes as `version` does.
    #[must_use]
    pub const fn in_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Which version's layouts are written.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Appends a byte.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Appends a little-endian `u16`.
    pub fn u16_le(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends a little-endian `u32`.
    pub fn u32_le(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends a `u16` in the writer's byte order.
    pub fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&self.order.u16_bytes(value));
    }

    /// Appends a `u32` in the writer's byte order.
    pub fn u32(&mut self, value: u32) {
        self.out.extend_from_slice(&self.order.u32_bytes(value));
    }

    /// Appends four raw bytes of an address.
    pub fn ip4(&mut self, address: Ipv4Addr) {
        self.out.extend_from_slice(&address.octets());
    }

    /// Appends an `lstr`: length, text, NUL. A text ends at its first NUL and at 65 534 bytes.
    pub fn lstr(&mut self, text: &[u8]) {
        let text = until_nul(text);
        let text = &text[..text.len().min(LONGEST_LSTR)];
        let length = u16::try_from(text.len() + 1).unwrap_or(u16::MAX);
        self.u16_le(length);
        self.out.extend_from_slice(text);
        self.out.push(0);
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ByteOrder {
    /// The lowest: the UDP protocols, direct connections, and the ICQ blocks inside OSCAR.
    Little,
    /// The highest: OSCAR.
    Big,
}

impl ByteOrder {
    const fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    const fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    const fn u16_bytes(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    const fn u32_bytes(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The longest text whose length, NUL included, fits in the length word.
const LONGEST_LSTR: usize = u16::MAX as usize - 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_little_endian_and_addresses_are_not() {
        let bytes = b"\x01\x02\x03\x04\x05\x06\x07\xc0\xa8\x01\x05";
        let mut reader = Reader::new(bytes);
        assert_eq!(reader.u8("a"), Ok(1));
        assert_eq!(reader.u16_le("b"), Ok(0x0302));
        assert_eq!(reader.u32_le("c"), Ok(0x0706_0504));
        assert_eq!(reader.ip4("d"), Ok(Ipv4Addr::new(192, 168, 1, 5)));

        let mut written = Vec::new();
        let mut writer = Writer::new(&mut written);
        writer.u8(1);
        writer.u16_le(0x0302);
        writer.u32_le(0x0706_0504);
        writer.ip4(Ipv4Addr::new(192, 168, 1, 5));
        assert_eq!(written, bytes);
    }

    #[test]
    fn a_text_ends_at_its_first_nul_and_may_lack_one() {
        for (bytes, text) in [
            (&b"\x03\0hi\0"[..], &b"hi"[..]),
            (b"\x02\0hi", b"hi"),
            (b"\x06\0hi\0old", b"hi"),
            (b"\x01\0\0", b""),
            (b"\0\0", b""),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.lstr("text"), Ok(text), "{}", bytes.escape_ascii());
            assert_eq!(reader.left(), 0);
        }
    }

    #[test]
    fn a_written_text_counts_its_nul_and_holds_no_other() {
        let written = |text: &[u8]| {
            let mut out = Vec::new();
            Writer::new(&mut out).lstr(text);
            out
        };
        assert_eq!(written(b""), b"\x01\0\0");
        assert_eq!(written(b"hi"), b"\x03\0hi\0");
        assert_eq!(written(b"hi\0there"), b"\x03\0hi\0");
        let longest = written(&vec![b'x'; 70_000]);
        assert_eq!(
            (longest.len(), &longest[..2]),
            (2 + 65_535, &b"\xff\xff"[..])
        );
    }

    #[test]
    fn only_a_clamped_read_takes_a_text_that_is_too_short() {
        let bytes = b"\x09\0hi\0x";
        let mut reader = Reader::new(bytes);
        assert_eq!(
            reader.lstr("text"),
            Err(DecodeError::Truncated {
                field: "text",
                needed: 11,
                left: 6
            })
        );
        assert_eq!((reader.left(), reader.clamped()), (6, None));
        assert_eq!(reader.lstr_clamped("text"), Ok(&b"hi"[..]));
        assert_eq!((reader.left(), reader.clamped()), (0, Some("text")));
        assert!(Reader::new(b"\x09").lstr_clamped("text").is_err());
    }

    #[test]
    fn a_failed_read_takes_nothing() {
        let mut reader = Reader::traced(b"\x01\x02\x03");
        let failed = reader.compound(
            "pair",
            |reader| Ok((reader.u16_le("a")?, reader.u16_le("b")?)),
            |(a, _)| Value::Number((*a).into()),
        );
        assert!(failed.is_err() && reader.u32_le("c").is_err());
        assert_eq!(reader.left(), 3);
        assert_eq!(reader.rest("rest"), b"\x01\x02\x03");
        let trace = reader.into_trace();
        assert_eq!((trace.len(), trace[0].offset), (1, 0));
    }

    #[test]
    fn a_record_has_name_value_and_place_of_every_field() {
        let mut reader = Reader::traced(b"\x01\x03\0hi\0\x07");
        reader.u8("number").unwrap();
        reader.lstr("text").unwrap();
        reader.rest("rest");
        reader.rest("nothing");
        let places: Vec<_> = reader
            .into_trace()
            .into_iter()
            .map(|field| (field.name, field.value, field.offset, field.length))
            .collect();
        assert_eq!(
            places,
            [
                ("number", Value::Number(1), 0, 1),
                ("text", Value::Text(b"hi"), 1, 5),
                ("rest", Value::Bytes(b"\x07"), 6, 1),
            ]
        );
    }

    proptest! {
        #[test]
        fn a_text_is_written_and_read_again(text in proptest::collection::vec(1_u8.., 0..300)) {
            let mut out = Vec::new();
            Writer::new(&mut out).lstr(&text);
            prop_assert_eq!(Reader::new(&out).lstr("text"), Ok(&text[..]));
        }
    }
}
