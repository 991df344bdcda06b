//! A FLAP, field by field, for tests, logs and people.

use std::fmt;

use super::family::{Body, FromServer, ToServer};
use super::flap::{self, Channel};
use super::frame::Frame;
use super::snac::{self, Header};
use crate::icq::udp::Side;
use crate::icq::wire::{DecodeError, Field, Password, Reader, Value};

/// What a decoder read in a FLAP, header included.
///
/// [`Display`](fmt::Display) gives one line for a log: it shows how long texts are, not what they
/// say. The alternate form (`{:#}`) shows texts, one field a line. Neither shows a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dump<'a> {
    /// The name of its family, if it is a SNAC of a known one.
    pub family: Option<&'static str>,
    /// What it is, if it is something.
    pub name: Option<&'static str>,
    /// The fields, in the order they stand; what could not be read is the last, `rest`.
    pub fields: Vec<Field<'a>>,
    /// Why the decoder stopped before the end.
    pub error: Option<DecodeError>,
}

impl<'a> Dump<'a> {
    /// Decodes `bytes`, one FLAP, and writes down what was read.
    pub fn new(from: Side, bytes: &'a [u8]) -> Self {
        let mut reader = Reader::traced(bytes).in_order(crate::icq::wire::ByteOrder::Big);
        let mut names = (None, None);
        let read = read_header(&mut reader).and_then(|(channel, length)| {
            names = names_of(from, channel, reader.peek());
            reader.within("payload", length, |area| match from {
                Side::Client => Frame::<ToServer<'_>>::read(channel, area).map(drop),
                Side::Server => Frame::<FromServer<'_>>::read(channel, area).map(drop),
            })
        });
        reader.rest("rest");
        let mut dump = Self {
            family: names.0,
            name: names.1,
            fields: reader.into_trace(),
            error: read.err(),
        };
        if dump.error.is_some() {
            hide_leftovers(&mut dump.fields);
        }
        dump
    }
}

/// Channel and length.
fn read_header(reader: &mut Reader<'_>) -> Result<(u8, usize), DecodeError> {
    let marker = reader.constant_u8("marker")?;
    if marker != flap::MARKER {
        return Err(DecodeError::Invalid {
            field: "marker",
            value: marker.into(),
        });
    }
    let channel = reader.u8("flap_channel")?;
    let _sequence = reader.u16("flap_seq")?;
    let length = reader.constant_u16("length")?;
    Ok((channel, length.into()))
}

type Names = (Option<&'static str>, Option<&'static str>);

fn names_of(from: Side, channel: u8, payload: &[u8]) -> Names {
    let name = match channel {
        Channel::SIGN_ON => "SIGN_ON",
        Channel::SNAC => {
            let Ok(header) = Header::read(&mut snac::reader(payload)) else {
                return (None, None);
            };
            return match from {
                Side::Client => ToServer::names(header.family, header.subtype),
                Side::Server => FromServer::names(header.family, header.subtype),
            };
        }
        Channel::ERROR => "ERROR",
        Channel::SIGN_OFF => "SIGN_OFF",
        Channel::KEEP_ALIVE => "KEEP_ALIVE",
        _ => return (None, None),
    };
    (None, Some(name))
}

/// What could not be read may hold a password or a cookie, wherever it is.
fn hide_leftovers(fields: &mut [Field<'_>]) {
    for field in fields {
        match &mut field.value {
            Value::Group(fields) | Value::List(fields) => hide_leftovers(fields),
            value => {
                if let Value::Bytes(bytes) = *value
                    && field.name == "rest"
                {
                    *value = Value::SecretBytes(Password(bytes));
                }
            }
        }
    }
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(family) = self.family {
            write!(f, "{family} ")?;
        }
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
            } else if !matches!(value, Value::Constant(_)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The old login of a number and a password.
    const LOGIN: &[u8] = b"*\x01\0\x01\0\x10\0\0\0\x01\0\x01\0\x01z\0\x02\0\x03qed";

    #[test]
    fn a_line_says_how_long_texts_are_and_nothing_of_passwords() {
        let dump = Dump::new(Side::Client, LOGIN);
        assert_eq!(
            dump.to_string(),
            "SIGN_ON flap_channel=1 flap_seq=1 version=1 screen_name=[1] roasted_password=… \
            tlv_order=[0x0001 0x0002]"
        );
        let full = format!("{dump:#}");
        assert!(full.contains("screen_name = \"z\""), "{full}");
        assert!(!full.contains("qed") && !full.contains("716564"), "{full}");
    }

    #[test]
    fn what_could_not_be_read_may_be_a_password_and_is_hidden() {
        for length in 6..LOGIN.len() {
            let mut bytes = LOGIN[..length].to_vec();
            bytes[5] = u8::try_from(length - 6).unwrap();
            let full = format!("{:#}", Dump::new(Side::Client, &bytes));
            assert!(!full.contains("qe") && !full.contains("7165"), "{full}");
        }
    }

    #[test]
    fn a_packet_has_the_names_of_its_direction() {
        let names = |from| {
            let dump = Dump::new(from, b"*\x02\0\x01\0\x0a\0\x03\0\x04\0\0\0\0\0\x01");
            (dump.family, dump.name)
        };
        assert_eq!(names(Side::Client), (Some("BUDDY"), Some("ADD")));
        assert_eq!(names(Side::Server), (Some("BUDDY"), None));
    }
}
