//! A packet, field by field, for tests, logs and people.

use std::fmt;

use super::{Dialect, FromServer, Side, ToServer};
use crate::icq::wire::meta::MetaForm;
use crate::icq::wire::{DecodeError, Field, Reader, Value};

/// What a decoder read in a packet without cipher, header included.
///
/// [`Display`](fmt::Display) gives one line for a log: it shows how long texts are, not what they
/// say. The alternate form (`{:#}`) shows texts, one field a line. Neither shows a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dump<'a> {
    /// What the packet is, if it is something.
    pub name: Option<&'static str>,
    /// The fields, in the order they stand; what could not be read is the last, `rest_hex`.
    pub fields: Vec<Field<'a>>,
    /// Why the decoder stopped before the end.
    pub error: Option<DecodeError>,
}

impl<'a> Dump<'a> {
    /// Decodes `plain`, a packet whose cipher was taken off, and writes down what was read.
    pub fn new(dialect: &dyn Dialect, from: Side, plain: &'a [u8], form: MetaForm) -> Self {
        let mut reader = Reader::traced(plain);
        let mut name = None;
        let read = dialect.read(from, &mut reader).and_then(|opened| {
            let command = opened.header.command;
            match from {
                Side::Client => {
                    name = ToServer::name(command);
                    ToServer::read(command, &mut reader).map(drop)
                }
                Side::Server => {
                    name = FromServer::name(command);
                    FromServer::read(command, form, &mut reader).map(drop)
                }
            }
        });
        reader.rest("rest_hex");
        Self {
            name,
            fields: reader.into_trace(),
            error: read.err(),
        }
    }
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.unwrap_or("UNKNOWN"))?;
        for field in &self.fields {
            let Field {
                name,
                value,
                offset,
                length,
            } = field;
            if f.alternate() {
                write!(f, "\n{offset:5} {length:4}  {name} = {value:#}")?;
            } else {
                write!(f, " {name}={value}")?;
            }
        }
        match &self.error {
            Some(error) if f.alternate() => write!(f, "\n            {error}"),
            Some(error) => write!(f, " ({error})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) | Self::Constant(number) => write!(f, "{number}"),
            Self::Code(code) => write!(f, "{code:#06x}"),
            Self::Word(word) => write!(f, "{word:#010x}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Text(text) if f.alternate() => write!(f, "\"{}\"", text.escape_ascii()),
            Self::Text(text) => write!(f, "[{}]", text.len()),
            Self::Secret(_) => f.write_str("…"),
            Self::Uins(uins) if f.alternate() => f.debug_list().entries(uins).finish(),
            Self::Uins(uins) => write!(f, "[{}]", uins.len()),
            Self::Coded(coded) if f.alternate() => f
                .debug_list()
                .entries(
                    coded
                        .iter()
                        .map(|(code, text)| format!("{code} \"{}\"", text.escape_ascii())),
                )
                .finish(),
            Self::Coded(coded) => write!(f, "[{}]", coded.len()),
            Self::Bytes(bytes) if f.alternate() => {
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Bytes(bytes) => write!(f, "[{}]", bytes.len()),
            Self::Packets(packets) => f
                .debug_list()
                .entries(packets.iter().map(|packet| packet.len()))
                .finish(),
        }
    }
}
