//! The fields that OSCAR packets are made of (`oscar.md`, conventions).

use std::borrow::Cow;
use std::fmt;

use crate::icq::wire::{DecodeError, Part, Password, Reader, Value, Writer, guid_text};
use crate::model::Uin;

/// Makes parts of layouts: inside others they are groups, or rows of a table without names.
macro_rules! parts {
    ($($how:ident $name:ident $(<$life:lifetime>)?, $least:literal;)*) => {$(
        impl<'a> $crate::icq::wire::Part<'a> for $name $(<$life>)? {
            fn read(
                reader: &mut $crate::icq::wire::Reader<'a>,
                name: &'static str,
            ) -> Result<Self, $crate::icq::wire::DecodeError> {
                reader.$how(name, $crate::icq::wire::Layout::read)
            }

            fn write(&self, writer: &mut $crate::icq::wire::Writer<'_>) {
                $crate::icq::wire::Layout::write(self, writer);
            }

            fn fits(reader: &$crate::icq::wire::Reader<'a>) -> bool {
                reader.left() >= $least
            }
        }
    )*};
}

pub(crate) use parts;

/// The name of an account, behind its length in a byte: digits for ICQ, anything for AIM (§1.5).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ScreenName<'a>(pub &'a [u8]);

impl<'a> ScreenName<'a> {
    /// The UIN, if it is one.
    pub fn uin(&self) -> Option<Uin> {
        Uin::from_digits(std::str::from_utf8(self.0).ok()?)
    }

    /// The form to compare names in: lower case, no spaces.
    pub fn normal(&self) -> Cow<'a, [u8]> {
        let is_odd = |byte: &u8| *byte == b' ' || byte.is_ascii_uppercase();
        if !self.0.iter().any(is_odd) {
            return Cow::Borrowed(self.0);
        }
        let bytes = self.0.iter().filter(|&&byte| byte != b' ');
        Cow::Owned(bytes.map(u8::to_ascii_lowercase).collect())
    }
}

impl<'a> Part<'a> for ScreenName<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let length = usize::from(reader.constant_u8("name_length")?);
        if length > LONGEST_NAME {
            return Err(DecodeError::Invalid {
                field: name,
                value: length as u32,
            });
        }
        reader.take_as(name, length, Value::Text).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.sized_u8(|writer| writer.bytes(&self.0[..self.0.len().min(LONGEST_NAME)]));
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}

/// A text behind its length in a `u16`: `STR16`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Str16<'a>(pub &'a [u8]);

impl<'a> Part<'a> for Str16<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let length = reader.constant_u16("text_length")?;
        reader.take_as(name, length.into(), Value::Text).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.sized_u16(|writer| writer.bytes(self.0));
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// Bytes behind their length in a `u16`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Data16<'a>(pub &'a [u8]);

impl<'a> Part<'a> for Data16<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let length = reader.constant_u16("data_length")?;
        reader.take_as(name, length.into(), Value::Bytes).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.sized_u16(|writer| writer.bytes(self.0));
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// Bytes behind their length in a byte.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Data8<'a>(pub &'a [u8]);

impl<'a> Part<'a> for Data8<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let length = reader.constant_u8("data_length")?;
        reader.take_as(name, length.into(), Value::Bytes).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.sized_u8(|writer| writer.bytes(self.0));
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}

/// A text up to the end of its area.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Text<'a>(pub &'a [u8]);

impl<'a> Part<'a> for Text<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        Ok(Self(reader.rest_as(name, Value::Text)))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// Bytes up to the end of their area, which dumps name even if there are none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Part<'a> for Bytes<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        Ok(Self(reader.rest_as(name, Value::Bytes)))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// Bytes up to the end of their area that open an account: a cookie, a digest, a roasted password.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct Hidden<'a>(pub &'a [u8]);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hidden({} bytes)", self.0.len())
    }
}

impl<'a> Part<'a> for Hidden<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let bytes = reader.rest_as(name, |bytes| Value::SecretBytes(Password(bytes)));
        Ok(Self(bytes))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// A password up to the end of its area.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct HiddenText<'a>(pub &'a [u8]);

impl fmt::Debug for HiddenText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HiddenText(…)")
    }
}

impl<'a> Part<'a> for HiddenText<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let text = reader.rest_as(name, |bytes| Value::Secret(Password(bytes)));
        Ok(Self(text))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// Bytes of a fixed number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Octets<const N: usize>(pub [u8; N]);

impl<'a, const N: usize> Part<'a> for Octets<N> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        fixed(reader, name, Value::Bytes).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(&self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= N
    }
}

/// What a message is known by: the sender chooses it, acknowledgements repeat it (§3.4).
pub type Cookie = Octets<8>;

/// A GUID: a capability, or the type of something that has capabilities. Byte for byte as it is
/// written (§3.2).
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// The GUID that a short capability stands for (§1.4).
    pub const fn of_short(short: u16) -> Self {
        let [high, low] = short.to_be_bytes();
        Self([
            0x09, 0x46, high, low, 0x4C, 0x7F, 0x11, 0xD1, 0x82, 0x22, 0x44, 0x45, 0x53, 0x54, 0, 0,
        ])
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&guid_text(&self.0))
    }
}

impl<'a> Part<'a> for Guid {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let value = |bytes: &'a [u8]| Value::Guid(bytes.try_into().unwrap_or_default());
        fixed(reader, name, value).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(&self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 16
    }
}

/// A capability in two bytes; [`Guid::of_short`] is what it stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShortGuid(pub u16);

impl<'a> Part<'a> for ShortGuid {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let value = |bytes: &'a [u8]| {
            Value::ShortGuid(
                bytes
                    .iter()
                    .fold(0, |short, &byte| short << 8 | u16::from(byte)),
            )
        };
        fixed(reader, name, value).map(|bytes| Self(u16::from_be_bytes(bytes)))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(&self.0.to_be_bytes());
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// A number of one, two or four bytes, up to the end of its area: servers differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Number {
    /// One byte.
    Byte(u8),
    /// Two.
    Short(u16),
    /// Four.
    Long(u32),
}

impl Number {
    /// The number.
    pub const fn get(self) -> u32 {
        match self {
            Self::Byte(number) => number as u32,
            Self::Short(number) => number as u32,
            Self::Long(number) => number,
        }
    }
}

impl<'a> Part<'a> for Number {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        Ok(match reader.left() {
            0 | 1 => Self::Byte(reader.u8(name)?),
            2 | 3 => Self::Short(reader.u16(name)?),
            _ => Self::Long(reader.u32(name)?),
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match *self {
            Self::Byte(number) => writer.u8(number),
            Self::Short(number) => writer.u16(number),
            Self::Long(number) => writer.u32(number),
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() > 0
    }
}

/// Parts of one kind, up to the end of their area.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct All<T>(pub Vec<T>);

impl<'a, T: Part<'a>> Part<'a> for All<T> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader
            .list(name, |reader| {
                let mut parts = Vec::new();
                let mut left = reader.left();
                while left > 0 {
                    parts.push(T::read(reader, name)?);
                    // A part of no bytes would never come to an end.
                    if reader.left() == left {
                        break;
                    }
                    left = reader.left();
                }
                Ok(parts)
            })
            .map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        for part in &self.0 {
            part.write(writer);
        }
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// Parts of one kind behind their number, a `u16`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counted<T>(pub Vec<T>);

impl<'a, T: Part<'a>> Part<'a> for Counted<T> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let count = reader.constant_u16("count")?;
        reader
            .list(name, |reader| {
                (0..count).map(|_| T::read(reader, name)).collect()
            })
            .map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(u16::try_from(self.0.len()).unwrap_or(u16::MAX));
        for part in &self.0 {
            part.write(writer);
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// Parts of one kind behind their number, a byte.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FewCounted<T>(pub Vec<T>);

impl<'a, T: Part<'a>> Part<'a> for FewCounted<T> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let count = reader.constant_u8("count")?;
        reader
            .list(name, |reader| {
                (0..count).map(|_| T::read(reader, name)).collect()
            })
            .map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let count = u8::try_from(self.0.len()).unwrap_or(u8::MAX);
        writer.u8(count);
        for part in self.0.iter().take(count.into()) {
            part.write(writer);
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}

/// Takes bytes of a fixed number.
pub(super) fn fixed<'a, const N: usize>(
    reader: &mut Reader<'a>,
    name: &'static str,
    value: impl FnOnce(&'a [u8]) -> Value<'a>,
) -> Result<[u8; N], DecodeError> {
    let bytes = reader.take_as(name, N, value)?;
    bytes.try_into().map_err(|_| DecodeError::Truncated {
        field: name,
        needed: N,
        left: bytes.len(),
    })
}

/// The longest name of an account (§1.5).
const LONGEST_NAME: usize = 97;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_whatever_their_case_and_spaces() {
        let normal = |name: &'static [u8]| ScreenName(name).normal().into_owned();
        assert_eq!(normal(b"Some AIM Name"), b"someaimname");
        assert_eq!(normal(b"123456"), b"123456");
    }

    #[test]
    fn a_name_of_digits_is_a_uin() {
        assert_eq!(ScreenName(b"123456").uin(), Some(Uin(123_456)));
        assert_eq!(ScreenName(b"a1").uin(), None);
        assert_eq!(ScreenName(b"").uin(), None);
    }

    #[test]
    fn a_name_longer_than_names_are_is_refused() {
        let bytes = [&[98][..], &[b'x'; 98]].concat();
        let mut reader = Reader::new(&bytes);
        assert!(ScreenName::read(&mut reader, "screen_name").is_err());
    }

    #[test]
    fn a_short_capability_stands_for_a_long_one() {
        assert_eq!(
            guid_text(&Guid::of_short(0x1349).0),
            "09461349-4C7F-11D1-8222-444553540000"
        );
    }

    #[test]
    fn what_opens_an_account_does_not_show_itself() {
        let shown = format!("{:?} {:?}", Hidden(b"cookie"), HiddenText(b"hunter2"));
        assert_eq!(shown, "Hidden(6 bytes) HiddenText(…)");
    }
}
