//! A packet, field by field, for tests, logs and people.

use std::fmt;

use super::{Dialect, FromServer, Side, ToServer};
use crate::icq::wire::meta::MetaForm;
use crate::icq::wire::{DecodeError, Field, Password, Reader, Value};

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
        let mut reader = Reader::traced(plain).in_version(dialect.version());
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
        let mut dump = Self {
            name,
            fields: reader.into_trace(),
            error: read.err(),
        };
        dump.hide_broken_password();
        dump
    }

    /// A password that could not be read stands in what is left over.
    fn hide_broken_password(&mut self) {
        let Some(DecodeError::Truncated {
            field: "password", ..
        }) = self.error
        else {
            return;
        };
        if let Some(Field {
            value: value @ Value::Bytes(_),
            ..
        }) = self.fields.last_mut()
            && let Value::Bytes(bytes) = *value
        {
            *value = Value::Secret(Password(bytes));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::icq::udp::{Header, Noise, V5, Version};
    use crate::icq::wire::meta::MetaRequest;
    use crate::model::Uin;

    #[test]
    fn a_dump_names_every_field_with_its_place() {
        let plain = packet(
            Version::V5,
            Side::Server,
            0x01A4,
            b"\x39\x30\0\0\x01\0\0\0!",
        );
        let dump = Dump::new(&V5, Side::Server, &plain, MetaForm::Unknown);

        assert_eq!(dump.name, Some("STATUS_UPDATE"));
        assert_eq!(dump.error, None);
        let body: Vec<_> = dump
            .fields
            .iter()
            .skip(8)
            .map(|field| (field.name, &field.value, field.offset, field.length))
            .collect();
        assert_eq!(
            body,
            [
                ("target_uin", &Value::Number(12_345), 21, 4),
                ("status", &Value::Number(1), 25, 4),
                ("rest_hex", &Value::Bytes(b"!"), 29, 1),
            ]
        );
    }

    #[test]
    fn a_packet_that_cannot_be_read_is_dumped_up_to_there() {
        let plain = packet(Version::V5, Side::Server, 0x01A4, b"\x39\x30\0\0\x01\0");
        let dump = Dump::new(&V5, Side::Server, &plain, MetaForm::Unknown);

        assert_eq!(
            dump.error,
            Some(DecodeError::Truncated {
                field: "status",
                needed: 4,
                left: 2
            })
        );
        assert_eq!(
            dump.to_string(),
            "STATUS_UPDATE version=5 zero=0 session_id=0x00000007 command=0x01a4 seq1=1 seq2=2 \
             uin=12345 checkcode=0x01fa00a6 target_uin=12345 rest_hex=[2] \
             (packet ends inside status: 4 bytes needed, 2 left)"
        );
    }

    #[test]
    fn a_log_line_shows_the_length_of_a_text_and_the_long_form_the_text() {
        let plain = packet(Version::V5, Side::Client, 0x0438, b"\x04\0abc\0\x05\0");
        let dump = Dump::new(&V5, Side::Client, &plain, MetaForm::Unknown);
        assert!(dump.to_string().ends_with(" text=[3] code=5"));
        assert!(
            format!("{dump:#}").ends_with("\n   24    6  text = \"abc\"\n   30    2  code = 5")
        );
    }

    #[test]
    fn no_form_of_a_dump_shows_a_password() {
        const ALL: &[Version] = &Version::ALL;
        const V1: &[Version] = &[Version::V1];
        const V2: &[Version] = &[Version::V1, Version::V2];
        const V3: &[Version] = &[Version::V3];
        const V5: &[Version] = &[Version::V4, Version::V5];
        for (versions, command, before) in [
            (V2, 0x03E8, &[0; 4][..]),
            (V3, 0x03E8, &[0; 4]),
            (V5, 0x03E8, &[0; 8]),
            (V1, 0x03F2, &[]),
            (&ALL[1..], 0x03F2, &[0; 4]),
            (V2, 0x03FC, &[2, 0]),
            (ALL, 0x03FC, &[]),
            (ALL, 0x049C, &[]),
            (V3, 0x049C, &[0x24, 0x11, 0, 0]),
            (ALL, 0x064A, b"\x2e\x04"),
            (ALL, 0x064A, b"\xc4\x04\0\0\0\0"),
            (ALL, 0x05D2, b"\0\x02"),
            (ALL, 0x05E6, b"?"),
        ] {
            let text = b"\x08\0hunter2\0";
            let whole = match before {
                // Only a text that ends the packet can be found behind something else.
                [0x24, ..] => [before, text].concat(),
                _ => [before, text, &[0; 40]].concat(),
            };
            let cut_off = [before, b"\x99\0hunter2\0"].concat();
            for version in versions {
                for body in [&whole, &cut_off] {
                    assert_hidden(*version, command, body);
                }
            }
        }
    }

    fn assert_hidden(version: Version, command: u16, body: &[u8]) {
        let dialect = version.dialect();
        let plain = packet(version, Side::Client, command, body);
        let dump = Dump::new(dialect, Side::Client, &plain, MetaForm::Unknown);
        let secret = dump
            .fields
            .iter()
            .any(|field| matches!(field.value, Value::Secret(_)));
        assert!(secret, "{version:?} {command:#x}: {dump}");

        let opened = dialect
            .read(Side::Client, &mut Reader::new(&plain))
            .unwrap();
        let decoded = ToServer::decode(version, command, opened.body);
        let shown = format!("{dump} {dump:#} {dump:?} {opened:?} {decoded:?}");
        for form in ["hunter2", "68756e74657232", "104, 117, 110, 116"] {
            assert!(!shown.contains(form), "{version:?} {command:#x}: {shown}");
        }
    }

    fn packet(version: Version, from: Side, command: u16, body: &[u8]) -> Vec<u8> {
        let dialect = version.dialect();
        let header = Header {
            version,
            command,
            seq1: 1,
            seq2: 2,
            uin: Uin(12_345),
            session_id: 7,
        };
        let mut datagram = dialect.seal(from, &header, Noise::default(), body);
        dialect
            .decipher(from, &mut datagram)
            .expect("a sealed packet opens");
        datagram
    }

    fn forms() -> impl Strategy<Value = MetaForm> {
        select(&[MetaForm::Unknown, MetaForm::Old, MetaForm::New][..])
    }

    /// A command and a body with more zeros and small numbers than chance gives, so that lengths
    /// and counts often fit.
    fn bodies() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0_u8), 0_u8..6, any::<u8>()];
        proptest::collection::vec(byte, 0..120)
    }

    fn versions() -> impl Strategy<Value = Version> {
        select(&Version::ALL[..])
    }

    /// Whether the layout is a guess, which may come out otherwise for the packet made again.
    fn is_guessed(version: Version, command: u16) -> bool {
        match version {
            Version::V1 | Version::V2 => command == 0x03FC,
            Version::V3 => matches!(command, 0x0118 | 0x049C),
            Version::V4 | Version::V5 => false,
        }
    }

    fn commands(all: &'static [(u16, &'static str)]) -> impl Strategy<Value = u16> {
        prop_oneof![9 => select(all).prop_map(|(command, _)| command), 1 => any::<u16>()]
    }

    /// META packets begin with a number of their own.
    fn with_subcmd(command: u16, subcmd: u16, body: Vec<u8>) -> Vec<u8> {
        match command {
            0x064A => [&subcmd.to_le_bytes(), body.as_slice()].concat(),
            0x03DE => [&subcmd.to_le_bytes(), &[0x0A][..], body.as_slice()].concat(),
            _ => body,
        }
    }

    fn assert_complete(dump: &Dump<'_>, length: usize) {
        let mut at = 0;
        for field in &dump.fields {
            assert_eq!(field.offset, at, "{field:?}");
            at += field.length;
        }
        assert_eq!(at, length);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn clients_packets_are_read_dumped_and_made_again(
            version in versions(), command in commands(ToServer::ALL),
            subcmd in commands(MetaRequest::ALL), body in bodies(),
        ) {
            let body = with_subcmd(command, subcmd, body);
            let plain = packet(version, Side::Client, command, &body);
            let dump = Dump::new(version.dialect(), Side::Client, &plain, MetaForm::Unknown);
            assert_complete(&dump, plain.len());

            match ToServer::decode(version, command, &body) {
                // An empty body is replaced by filler, which may be readable.
                Err(_) if body.is_empty() && version == Version::V5 => {}
                Err(error) => prop_assert_eq!(dump.error, Some(error)),
                Ok(decoded) => {
                    let mut made = Vec::new();
                    decoded.packet.encode(version, &mut made);
                    made.extend_from_slice(decoded.rest);
                    let again = ToServer::decode(version, command, &made).map(|decoded| decoded.packet);
                    prop_assert!(again == Ok(decoded.packet) || is_guessed(version, command));
                }
            }
        }

        #[test]
        fn servers_packets_are_read_dumped_and_made_again(
            version in versions(), command in commands(FromServer::ALL),
            subcmd in select(&[
                0xC8, 0xD2, 0xDC, 0xE6, 0xF0, 0xFA, 0x104, 0x10E, 0x190, 0x19A, 0x1A4, 0x1AE, 0x64,
            ][..]),
            form in forms(), body in bodies(),
        ) {
            let body = with_subcmd(command, subcmd, body);
            let plain = packet(version, Side::Server, command, &body);
            let dump = Dump::new(version.dialect(), Side::Server, &plain, form);
            assert_complete(&dump, plain.len());

            match FromServer::decode(version, command, &body, form) {
                Err(error) => prop_assert_eq!(dump.error, Some(error)),
                Ok(decoded) => {
                    prop_assert_eq!(dump.error, None);
                    let mut made = Vec::new();
                    decoded.packet.encode(version, &mut made);
                    made.extend_from_slice(decoded.rest);
                    let again = FromServer::decode(version, command, &made, form).map(|decoded| decoded.packet);
                    prop_assert!(again == Ok(decoded.packet) || is_guessed(version, command));
                }
            }
        }

        #[test]
        fn anything_at_all_can_be_dumped(version in versions(), plain: Vec<u8>, form in forms()) {
            for from in [Side::Client, Side::Server] {
                assert_complete(&Dump::new(version.dialect(), from, &plain, form), plain.len());
            }
        }
    }
}
