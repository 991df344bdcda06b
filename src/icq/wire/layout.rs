//! Packet bodies as plain structs whose fields, in order, are the layout.

use std::fmt;
use std::net::Ipv4Addr;

use super::{DecodeError, Reader, Value, Writer};
use crate::model::Uin;

/// A packet body: a sequence of fields.
pub trait Layout<'a>: Sized {
    /// Reads the body off the front of what `reader` has left.
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// Appends the body.
    fn write(&self, writer: &mut Writer<'_>);
}

/// A type that can be a field of a body.
pub trait Part<'a>: Sized {
    /// Reads the field.
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError>;

    /// Appends the field.
    fn write(&self, writer: &mut Writer<'_>);

    /// Whether enough bytes are left for it. What an optional field asks before it is read.
    fn fits(reader: &Reader<'a>) -> bool;
}

/// Declares a body: a struct whose fields, read from the top, are its layout. The name of a field
/// is its name in errors and dumps; its type says how many bytes it takes (see [`Part`]), and
/// `=> method` names another method of [`Reader`] to read it with. A field of an `Option` may be
/// missing at the end of a packet, and then everything behind it is, too. `where V4 | V5` names the
/// versions that have the field: in others it is not written, and read as its type's default.
macro_rules! layout {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident $(<$life:lifetime $(, $generic:ident)?>)? {
            $(
                $(#[$field_meta:meta])*
                $field:ident: $type:ty $(=> $reader:ident)? $(where $($version:ident)|+)?,
            )*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct $name $(<$life $(, $generic)?>)? {
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl<'a $($(, $generic: $crate::icq::wire::Part<'a>)?)?> $crate::icq::wire::Layout<'a>
            for $name $(<$life $(, $generic)?>)?
        {
            fn read(
                reader: &mut $crate::icq::wire::Reader<'a>,
            ) -> Result<Self, $crate::icq::wire::DecodeError> {
                Ok(Self {
                    $( $field: $crate::icq::wire::layout!(
                        @read_in reader [$($($version)|+)?] $field $($reader)?
                    ), )*
                })
            }

            fn write(&self, writer: &mut $crate::icq::wire::Writer<'_>) {
                $( $crate::icq::wire::layout!(
                    @write writer [$($($version)|+)?] &self.$field
                ); )*
            }
        }
    )*};
    (@read_in $reader:ident [] $field:ident $($method:ident)?) => {
        $crate::icq::wire::layout!(@read $reader $field $($method)?)
    };
    (@read_in $reader:ident [$($version:ident)|+] $field:ident $($method:ident)?) => {
        match $reader.version() {
            $($crate::icq::wire::Version::$version)|+ => {
                $crate::icq::wire::layout!(@read $reader $field $($method)?)
            }
            _ => Default::default(),
        }
    };
    (@read $reader:ident $field:ident) => {
        $crate::icq::wire::Part::read($reader, stringify!($field))?
    };
    (@read $reader:ident $field:ident $method:ident) => {
        $reader.$method(stringify!($field))?
    };
    (@write $writer:ident [] $part:expr) => {
        $crate::icq::wire::Part::write($part, $writer)
    };
    (@write $writer:ident [$($version:ident)|+] $part:expr) => {
        if matches!($writer.version(), $($crate::icq::wire::Version::$version)|+) {
            $crate::icq::wire::Part::write($part, $writer);
        }
    };
}

pub(crate) use layout;

/// A password inside a packet: an `lstr` that does not show itself.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct Password<'a>(pub &'a [u8]);

impl fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl<'a> Part<'a> for u8 {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.u8(name)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(*self);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}

impl<'a> Part<'a> for u16 {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.u16(name)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(*self);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

impl<'a> Part<'a> for u32 {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.u32(name)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(*self);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 4
    }
}

impl<'a> Part<'a> for Uin {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.u32(name).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 4
    }
}

impl<'a> Part<'a> for Ipv4Addr {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.ip4(name)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.ip4(*self);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 4
    }
}

/// A text: an `lstr`.
impl<'a> Part<'a> for &'a [u8] {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.lstr(name)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.lstr(self);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.lstr_fits()
    }
}

impl<'a> Part<'a> for Password<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.password(name)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.lstr(self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.lstr_fits()
    }
}

impl<'a, T: Part<'a>> Part<'a> for Option<T> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        if !T::fits(reader) {
            return Ok(None);
        }
        T::read(reader, name).map(Some)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        if let Some(part) = self {
            part.write(writer);
        }
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// Everything up to the end of the packet, uninterpreted. May be empty.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rest<'a>(pub &'a [u8]);

impl<'a> Part<'a> for Rest<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        Ok(Self(reader.rest(name)))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// Everything up to the end of the packet, with a password somewhere in it.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct SecretRest<'a>(pub &'a [u8]);

impl fmt::Debug for SecretRest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRest({} bytes)", self.0.len())
    }
}

impl<'a> Part<'a> for SecretRest<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        Ok(Self(reader.secret_rest(name).0))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// A byte that is always 0 and that nobody named.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Padding;

impl<'a> Part<'a> for Padding {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.constant_u8(name).map(|_| Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}

/// A list of UINs: one byte of count, then that many; a count above the UINs present is tolerated
/// (`icq-udp.md` §6.4). Written: at most 255, the rest is left out.
impl<'a> Part<'a> for Vec<Uin> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.compound(
            name,
            |reader| {
                let count = usize::from(reader.u8(name)?).min(reader.left() / 4);
                (0..count).map(|_| Uin::read(reader, name)).collect()
            },
            |uins: &Self| Value::Uins(uins.clone()),
        )
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let count = u8::try_from(self.len()).unwrap_or(u8::MAX);
        writer.u8(count);
        for uin in self.iter().take(count.into()) {
            uin.write(writer);
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}

/// Coded texts: one byte of count, then that many `u16` code and `lstr` text (`icq-udp.md` §8.4).
impl<'a> Part<'a> for Vec<(u16, &'a [u8])> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.compound(
            name,
            |reader| {
                let count = reader.u8(name)?;
                (0..count)
                    .map(|_| Ok((reader.u16_le(name)?, reader.lstr(name)?)))
                    .collect()
            },
            |coded: &Self| Value::Coded(coded.clone()),
        )
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let count = u8::try_from(self.len()).unwrap_or(u8::MAX);
        writer.u8(count);
        for (code, text) in self.iter().take(count.into()) {
            writer.u16_le(*code);
            writer.lstr(text);
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 1
    }
}
