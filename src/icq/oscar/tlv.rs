//! TLVs: type, length, value (`oscar.md` §1.3).
//!
//! What a type means depends on where it stands, so each place has a list of its own, declared with
//! `tlvs!`: an enum of the TLVs that may stand there. A [`Chain`] keeps them as they came, in their
//! order, repetitions and unknown ones included, so it writes itself as it was read.

use crate::icq::wire::{DecodeError, Part, Reader, Value, Writer};

/// A TLV by the list of its place.
pub trait Tlv<'a>: Sized {
    /// Its type.
    fn kind(&self) -> u16;

    /// Reads the value of a TLV of a known type, which is all that `reader` has; `None` if there
    /// is no such type in the list.
    fn read_value(kind: u16, reader: &mut Reader<'a>) -> Result<Option<Self>, DecodeError>;

    /// Appends the value.
    fn write_value(&self, writer: &mut Writer<'_>);

    /// A TLV of a type that is not in the list, or whose value is not what the list says.
    fn unknown(tlv: UnknownTlv<'a>) -> Self;
}

/// A TLV nobody here understands. It is kept, and passed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownTlv<'a> {
    /// Its type.
    pub kind: u16,
    /// Its value.
    pub value: &'a [u8],
}

/// TLVs up to the end of the area they stand in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chain<T>(pub Vec<T>);

/// TLVs behind their number, a `u16`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CountedChain<T>(pub Chain<T>);

/// TLVs behind the number of their bytes, a `u16`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SizedChain<'a, T> {
    /// The TLVs.
    pub tlvs: Chain<T>,
    /// What stands behind them and is none.
    pub rest: &'a [u8],
}

impl<T> SizedChain<'_, T> {
    /// TLVs and nothing else.
    pub const fn new(tlvs: Vec<T>) -> Self {
        Self {
            tlvs: Chain(tlvs),
            rest: b"",
        }
    }
}

impl<T> Chain<T> {
    /// Reads TLVs while there are any, at most `count`, with `read` for values it wants to read
    /// otherwise than the list does.
    pub fn read_with<'a>(
        reader: &mut Reader<'a>,
        count: usize,
        read: impl Fn(u16, &mut Reader<'a>) -> Result<Option<T>, DecodeError>,
    ) -> Result<Self, DecodeError>
    where
        T: Tlv<'a>,
    {
        let mut tlvs = Vec::new();
        while reader.left() > 0 && tlvs.len() < count {
            if tlvs.len() == MOST_TLVS {
                return Err(DecodeError::Invalid {
                    field: "tlv_count",
                    value: MOST_TLVS as u32 + 1,
                });
            }
            tlvs.push(read_one(reader, &read)?);
        }
        let chain = Self(tlvs);
        reader.record("tlv_order", || chain.order());
        Ok(chain)
    }

    fn order<'a, 'v>(&self) -> Value<'v>
    where
        T: Tlv<'a>,
    {
        let codes = self.0.iter().map(|tlv| crate::icq::wire::Field {
            name: "type",
            value: Value::Code(tlv.kind()),
            offset: 0,
            length: 0,
        });
        Value::List(codes.collect())
    }
}

/// One TLV. A value that its list cannot read does not spoil the others.
fn read_one<'a, T: Tlv<'a>>(
    reader: &mut Reader<'a>,
    read: &impl Fn(u16, &mut Reader<'a>) -> Result<Option<T>, DecodeError>,
) -> Result<T, DecodeError> {
    let kind = reader.constant_u16("tlv_type")?;
    let length = reader.constant_u16("tlv_length")?;
    let mut area = reader.area("tlv_value", length.into())?;
    let mut attempt = area.clone();
    if let Ok(Some(tlv)) = read(kind, &mut attempt)
        && attempt.left() == 0
    {
        reader.adopt(attempt);
        return Ok(tlv);
    }
    let value = area.rest_as("tlv", |value| Value::Tlv(kind, value));
    reader.adopt(area);
    Ok(T::unknown(UnknownTlv { kind, value }))
}

impl<'a, T: Tlv<'a>> Part<'a> for Chain<T> {
    fn read(reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        Self::read_with(reader, usize::MAX, T::read_value)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        for tlv in &self.0 {
            writer.u16(tlv.kind());
            writer.sized_u16(|writer| tlv.write_value(writer));
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() > 0
    }
}

impl<'a, T: Tlv<'a>> Part<'a> for CountedChain<T> {
    fn read(reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        let count = usize::from(reader.constant_u16("tlv_count")?);
        let chain = Chain::read_with(reader, count, T::read_value)?;
        if chain.0.len() < count {
            return Err(DecodeError::Truncated {
                field: "tlv_type",
                needed: 4,
                left: 0,
            });
        }
        Ok(Self(chain))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(u16::try_from(self.0.0.len()).unwrap_or(u16::MAX));
        self.0.write(writer);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// An item of a list that cannot be read would cost the whole list, so what is no TLV is kept as it is.
impl<'a, T: Tlv<'a>> Part<'a> for SizedChain<'a, T> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let length = reader.constant_u16("data_length")?;
        reader.within(name, length.into(), |area| {
            let count = whole_tlvs(area);
            Ok(Self {
                tlvs: Chain::read_with(area, count, T::read_value)?,
                rest: area.rest("rest"),
            })
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.sized_u16(|writer| {
            self.tlvs.write(writer);
            writer.bytes(self.rest);
        });
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// How many TLVs stand here whole, as far as a chain may go.
fn whole_tlvs(reader: &Reader<'_>) -> usize {
    let mut ahead = Reader::new(reader.peek()).in_order(reader.order());
    let mut count = 0;
    while count < MOST_TLVS
        && ahead.u16("tlv_type").is_ok()
        && let Ok(length) = ahead.u16("tlv_length")
        && ahead.bytes("tlv_value", length.into()).is_ok()
    {
        count += 1;
    }
    count
}

/// Declares the TLVs of one place: the type of each, its name in dumps, its variant, and what its
/// value is (see [`Part`]). A variant without a value is a TLV whose presence says it all. Chains of
/// them get a method of each name, for the first TLV of that type.
macro_rules! tlvs {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $kind:literal $field:ident $variant:ident $(($type:ty))?,
            )*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum $name<'a> {
            $( $(#[$variant_meta])* $variant $(($type))?, )*
            /// A TLV that is not in this list, or whose value is not what the list says.
            Unknown($crate::icq::oscar::tlv::UnknownTlv<'a>),
        }

        impl<'a> $crate::icq::oscar::tlv::Tlv<'a> for $name<'a> {
            fn kind(&self) -> u16 {
                match self {
                    $( $crate::icq::oscar::tlv::tlvs!(@pattern $variant $($type)?) => $kind, )*
                    Self::Unknown(tlv) => tlv.kind,
                }
            }

            fn read_value(
                kind: u16,
                reader: &mut $crate::icq::wire::Reader<'a>,
            ) -> Result<Option<Self>, $crate::icq::wire::DecodeError> {
                Ok(Some(match kind {
                    $( $kind => $crate::icq::oscar::tlv::tlvs!(
                        @read reader $variant $field $($type)?
                    ), )*
                    _ => return Ok(None),
                }))
            }

            fn write_value(&self, writer: &mut $crate::icq::wire::Writer<'_>) {
                match self {
                    $( $crate::icq::oscar::tlv::tlvs!(@bind $variant value $($type)?) => {
                        $crate::icq::oscar::tlv::tlvs!(@write writer value $($type)?)
                    } )*
                    Self::Unknown(tlv) => writer.bytes(tlv.value),
                }
            }

            fn unknown(tlv: $crate::icq::oscar::tlv::UnknownTlv<'a>) -> Self {
                Self::Unknown(tlv)
            }
        }

        impl<'a> $crate::icq::oscar::tlv::Chain<$name<'a>> {
            $( $crate::icq::oscar::tlv::tlvs!(
                @find $name [$(#[$variant_meta])*] $field $variant $($type)?
            ); )*
        }
    )*};
    (@pattern $variant:ident) => { Self::$variant };
    (@pattern $variant:ident $type:ty) => { Self::$variant(_) };
    (@bind $variant:ident $bound:ident) => { Self::$variant };
    (@bind $variant:ident $bound:ident $type:ty) => { Self::$variant($bound) };
    (@write $writer:ident $bound:ident) => { {} };
    (@write $writer:ident $bound:ident $type:ty) => {
        $crate::icq::wire::Part::write($bound, $writer)
    };
    (@read $reader:ident $variant:ident $field:ident) => {{
        $reader.record(stringify!($field), || $crate::icq::wire::Value::Flag);
        Self::$variant
    }};
    (@read $reader:ident $variant:ident $field:ident $type:ty) => {
        Self::$variant($crate::icq::wire::Part::read($reader, stringify!($field))?)
    };
    (@find $name:ident [$($doc:tt)*] $field:ident $variant:ident) => {
        $($doc)*
        pub fn $field(&self) -> bool {
            self.0.iter().any(|tlv| matches!(tlv, $name::$variant))
        }
    };
    (@find $name:ident [$($doc:tt)*] $field:ident $variant:ident $type:ty) => {
        $($doc)*
        pub fn $field(&self) -> Option<&$type> {
            self.0.iter().find_map(|tlv| match tlv {
                $name::$variant(value) => Some(value),
                _ => None,
            })
        }
    };
}

pub(crate) use tlvs;

/// More TLVs than any SNAC has (§9).
const MOST_TLVS: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::oscar::parts::Text;
    use crate::icq::wire::ByteOrder;

    tlvs! {
        /// A list to try out.
        #[expect(unnameable_types, reason = "the macro declares lists for others")]
        pub enum Trial {
            /// A name.
            0x0001 name Name(Text<'a>),
            /// A number.
            0x0002 number Number(u16),
            /// A flag.
            0x0003 flag Flag,
        }
    }

    fn read(bytes: &[u8]) -> Result<Chain<Trial<'_>>, DecodeError> {
        let mut reader = Reader::new(bytes).in_order(ByteOrder::Big);
        Chain::read(&mut reader, "chain")
    }

    fn written(chain: &Chain<Trial<'_>>) -> Vec<u8> {
        let mut out = Vec::new();
        chain.write(&mut Writer::new(&mut out).in_order(ByteOrder::Big));
        out
    }

    #[test]
    fn order_repetitions_and_unknown_types_are_kept() {
        let bytes = b"\0\x03\0\0\0\x02\0\x02\0\x07\x99\x99\0\x01x\0\x01\0\x01a\0\x01\0\x01b";
        let chain = read(bytes).unwrap();
        assert_eq!(chain.name(), Some(&Text(b"a")));
        assert_eq!(chain.number(), Some(&7));
        assert!(chain.flag());
        assert_eq!(chain.0.len(), 5);
        assert_eq!(written(&chain), bytes);
    }

    #[test]
    fn a_value_of_another_form_is_kept_as_it_is() {
        for bytes in [
            &b"\0\x02\0\x01\x07"[..],
            b"\0\x02\0\x03\x07\x07\x07",
            b"\0\x03\0\x01\0",
        ] {
            let chain = read(bytes).unwrap();
            assert!(matches!(chain.0[..], [Trial::Unknown(_)]), "{bytes:?}");
            assert_eq!(written(&chain), bytes);
        }
    }

    #[test]
    fn a_tlv_longer_than_its_area_is_refused() {
        for bytes in [&b"\0\x01\0\x02a"[..], b"\0\x01\0", b"\0"] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn more_tlvs_than_any_packet_has_are_refused() {
        assert!(read(&b"\0\x03\0\0".repeat(MOST_TLVS)).is_ok());
        assert!(read(&b"\0\x03\0\0".repeat(MOST_TLVS + 1)).is_err());
    }
}
