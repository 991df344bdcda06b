//! What was read of a packet, as a dump has it.

use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;

use super::Password;
use crate::model::Uin;

/// One field of a packet, as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field<'a> {
    /// The name the reference and the test vectors use.
    pub name: &'static str,
    /// What it says.
    pub value: Value<'a>,
    /// Where it begins, from the start of the packet.
    pub offset: usize,
    /// How many bytes it takes, length words included.
    pub length: usize,
}

/// The value of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value<'a> {
    /// A number people read in decimal.
    Number(u32),
    /// A 16-bit code people read in hexadecimal.
    Code(u16),
    /// A 32-bit word people read in hexadecimal.
    Word(u32),
    /// An address.
    Address(Ipv4Addr),
    /// A text in the sender's code page, without its NUL.
    Text(&'a [u8]),
    /// A password.
    Secret(Password<'a>),
    /// UINs.
    Uins(Vec<Uin>),
    /// Coded texts: interests, affiliations.
    Coded(Vec<(u16, &'a [u8])>),
    /// A number that is the same in all packets of its kind; the test vectors do not list it.
    Constant(u32),
    /// Bytes without a known meaning.
    Bytes(&'a [u8]),
    /// Whole packets inside this one.
    Packets(Vec<&'a [u8]>),
    /// Nothing: that the field is there says it all.
    Flag,
    /// Bytes that open an account, such as a cookie or a digest.
    SecretBytes(Password<'a>),
    /// A text in UTF-16, the high byte first.
    Wide(&'a [u8]),
    /// A GUID, such as a capability.
    Guid([u8; 16]),
    /// The two bytes in which a short capability differs from the others.
    ShortGuid(u16),
    /// A family and a subtype.
    Snac(u16, u16),
    /// A TLV of a type without a name here.
    Tlv(u16, &'a [u8]),
    /// Fields that belong together.
    Group(Vec<Field<'a>>),
    /// Fields of one kind, one after the other; their names say nothing.
    List(Vec<Field<'a>>),
}

/// Shows how long texts are, the alternate form (`{:#}`) what they say. Neither shows a password.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = f.alternate();
        match self {
            Self::Number(number) | Self::Constant(number) => write!(f, "{number}"),
            Self::Code(code) => write!(f, "{code:#06x}"),
            Self::Word(word) => write!(f, "{word:#010x}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Text(text) if texts => write!(f, "\"{}\"", text.escape_ascii()),
            Self::Secret(_) | Self::SecretBytes(_) => f.write_str("…"),
            Self::Uins(uins) if texts => f.debug_list().entries(uins).finish(),
            Self::Uins(uins) => write!(f, "[{}]", uins.len()),
            Self::Coded(coded) if texts => f
                .debug_list()
                .entries(
                    coded
                        .iter()
                        .map(|(code, text)| format!("{code} \"{}\"", text.escape_ascii())),
                )
                .finish(),
            Self::Coded(coded) => write!(f, "[{}]", coded.len()),
            Self::Bytes(bytes) | Self::Wide(bytes) if texts => write_hex(f, bytes),
            Self::Tlv(kind, bytes) if texts => {
                write!(f, "{kind:#06x} ")?;
                write_hex(f, bytes)
            }
            Self::Text(bytes) | Self::Bytes(bytes) | Self::Wide(bytes) | Self::Tlv(_, bytes) => {
                write!(f, "[{}]", bytes.len())
            }
            Self::Packets(packets) => f
                .debug_list()
                .entries(packets.iter().map(|packet| packet.len()))
                .finish(),
            Self::Flag => f.write_str("yes"),
            Self::Guid(guid) => f.write_str(&guid_text(guid)),
            Self::ShortGuid(short) => write!(f, "{short:04X}"),
            Self::Snac(family, subtype) => write!(f, "{family:04x}/{subtype:04x}"),
            Self::Group(fields) => {
                f.write_str("{")?;
                for (index, field) in fields
                    .iter()
                    .filter(|field| field.is_worth_a_word())
                    .enumerate()
                {
                    let gap = if index == 0 { "" } else { " " };
                    write!(f, "{gap}{}=", field.name)?;
                    fmt::Display::fmt(&field.value, f)?;
                }
                f.write_str("}")
            }
            Self::List(fields) => {
                f.write_str("[")?;
                for (index, field) in fields
                    .iter()
                    .filter(|field| field.is_worth_a_word())
                    .enumerate()
                {
                    f.write_str(if index == 0 { "" } else { " " })?;
                    fmt::Display::fmt(&field.value, f)?;
                }
                f.write_str("]")
            }
        }
    }
}

impl Field<'_> {
    const fn is_worth_a_word(&self) -> bool {
        !matches!(self.value, Value::Constant(_))
    }
}

/// A GUID as people write it: the bytes in their order, upper case.
pub fn guid_text(guid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in guid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
