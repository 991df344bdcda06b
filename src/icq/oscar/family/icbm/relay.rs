//! Messages of ICQ inside messages of OSCAR, little-endian (`oscar.md` §3.4.3, §3.4.4, §4.3).

use crate::icq::oscar::parts::{Guid, Octets};
use crate::icq::wire::{ByteOrder, DecodeError, Field, Layout, Part, Reader, Rest, Value, Writer};
use crate::model::Uin;

/// A message of ICQ from client to client: TLV 0x2711 of a proposal with capability 09461349, and
/// its acknowledgement in 04/0B.
///
/// | bytes | field             | meaning                                                  |
/// |-------|-------------------|----------------------------------------------------------|
/// | 2     |                   | length of the first header: 27                           |
/// | 2     | `protocol`        | 7, 8, 9, 10                                              |
/// | 16    | `plugin`          | 0: a message                                             |
/// | 2     | `unk16`           | 0                                                        |
/// | 4     | `client_features` | 3                                                        |
/// | 1     | `unk8`            | 0                                                        |
/// | 2     | `seq`             | counts                                                   |
/// | 2     |                   | length of the second header: 14                          |
/// | 2     | `seq2`            | the same                                                 |
/// | 12    |                   | 0                                                        |
/// | 1     | `msg_type`        | as in `icq-udp.md` §7.3; 0xE8 … 0xEC ask for away texts  |
/// | 1     | `msg_flags`       | 1 normal, 3 automatic, 0x80 to many                      |
/// | 2     | `status`          | the sender's status; in replies whether it is accepted   |
/// | 2     | `priority`        | 1 normal, 2 urgent, 4 to the list                        |
/// | lstr  | `message`         |                                                          |
/// | n     | `end`             | [`RelayEnd`]                                             |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Relay<'a> {
    /// 7, 8, 9, 10.
    pub protocol: u16,
    /// 0: a message.
    pub plugin: Octets<16>,
    /// 0.
    pub unk16: u16,
    /// 3.
    pub client_features: u32,
    /// 0.
    pub unk8: u8,
    /// Counts.
    pub seq: u16,
    /// What the first header has behind it in newer clients.
    pub more1: &'a [u8],
    /// The same number.
    pub seq2: u16,
    /// The zeros of the second header.
    pub zeros: &'a [u8],
    /// What kind of message it is.
    pub msg_type: u8,
    /// 1 normal, 3 automatic, 0x80 to many.
    pub msg_flags: u8,
    /// The sender's status; in replies whether the message is accepted.
    pub status: u16,
    /// How urgent it is.
    pub priority: u16,
    /// The text; for other kinds its parts between separators.
    pub message: &'a [u8],
    /// What kinds of messages have behind their text.
    pub end: RelayEnd<'a>,
}

/// What stands behind the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RelayEnd<'a> {
    /// Nothing.
    Nothing,
    /// Behind a text: how it looks, and what it is written in.
    Colours(Colours<'a>),
    /// Behind type 0x1A: which plug-in it is for, and what for.
    Plugin(Plugin<'a>),
    /// Something else.
    Other(&'a [u8]),
}

/// How a text looks, and what it is written in.
///
/// | bytes | field  | meaning                                                     |
/// |-------|--------|-------------------------------------------------------------|
/// | 4     | `fg`   | 0x00BBGGRR                                                  |
/// | 4     | `bg`   | 0x00BBGGRR                                                  |
/// | 4, n  | `guid` | `{0946134E-…}` UTF-8, `{97B12751-…}` RTF; else: code page   |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Colours<'a> {
    /// Of the letters.
    pub fg: u32,
    /// Behind them.
    pub bg: u32,
    /// What the text is written in, as a GUID in words.
    pub guid: Option<&'a [u8]>,
}

impl Colours<'_> {
    /// `guid`: the text is UTF-8.
    pub const UTF_8: &'static [u8] = b"{0946134E-4C7F-11D1-8222-444553540000}";
    /// `guid`: the text is RTF.
    pub const RTF: &'static [u8] = b"{97B12751-243C-4334-AD22-D6ABF73F1492}";
}

/// What a message of type 0x1A is for (§4.3).
///
/// | bytes | field      | meaning                                            |
/// |-------|------------|----------------------------------------------------|
/// | 2     |            | length up to and with `unknown`                    |
/// | 16    | `id`       | [`Plugin::SCRIPT`] and others                      |
/// | 2     | `function` | 8 notify                                           |
/// | 4, n  | `name`     | of the function                                    |
/// | n     | `unknown`  | 15 bytes                                           |
/// | 4     |            | length of what follows                             |
/// | 4, n  | `text`     | XML                                                |
/// | n     | `rest`     |                                                    |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plugin<'a> {
    /// Which plug-in.
    pub id: Guid,
    /// Which of its functions.
    pub function: u16,
    /// The same in words.
    pub name: &'a [u8],
    /// 15 bytes.
    pub unknown: &'a [u8],
    /// XML.
    pub text: &'a [u8],
    /// What else there is.
    pub rest: &'a [u8],
}

impl Plugin<'_> {
    /// `id`: scripts, which tell extended statuses.
    pub const SCRIPT: Guid = Guid([
        0x3B, 0x60, 0xB3, 0xEF, 0xD8, 0x2A, 0x6C, 0x45, 0xA4, 0xE0, 0x9C, 0x5A, 0x5E, 0x67, 0xE8,
        0x65,
    ]);
    /// `function`: something is told.
    pub const NOTIFY: u16 = 0x0008;
    /// `name` of [`NOTIFY`](Self::NOTIFY).
    pub const NOTIFY_NAME: &'static [u8] = b"Script Plug-in: Remote Notification Arrive";
    /// `unknown` of [`NOTIFY`](Self::NOTIFY).
    pub const NOTIFY_UNKNOWN: &'static [u8] = &[0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
}

impl Relay<'_> {
    /// `msg_type`: a text.
    pub const TEXT: u8 = 0x01;
    /// `msg_type`: for a plug-in.
    pub const PLUGIN: u8 = 0x1A;
    /// The zeros of the second header.
    pub const ZEROS: &'static [u8] = &[0; 12];
}

impl<'a> Part<'a> for Relay<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.group(name, |reader| {
            reader.with_order(ByteOrder::Little, Layout::read)
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.with_order(ByteOrder::Little, |writer| Layout::write(self, writer));
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 45
    }
}

impl<'a> Layout<'a> for Relay<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let length = header_length(reader, FIRST_HEADER)?;
        let (protocol, plugin, unk16, client_features, unk8, seq, more1) =
            reader.within("header1", length, |area| {
                Ok((
                    area.u16("protocol")?,
                    Part::read(area, "plugin")?,
                    area.u16("unk16")?,
                    area.u32("client_features")?,
                    area.u8("unk8")?,
                    area.u16("seq")?,
                    area.rest("more1"),
                ))
            })?;
        let length = header_length(reader, SECOND_HEADER)?;
        let (seq2, zeros) = reader.within("header2", length, |area| {
            Ok((area.u16("seq2")?, rest_of_header(area)))
        })?;
        let msg_type = reader.u8("msg_type")?;
        let msg_flags = reader.u8("msg_flags")?;
        let status = reader.u16("status")?;
        let priority = reader.u16("priority")?;
        let message = read_message(msg_type, reader)?;
        Ok(Self {
            protocol,
            plugin,
            unk16,
            client_features,
            unk8,
            seq,
            more1,
            seq2,
            zeros,
            msg_type,
            msg_flags,
            status,
            priority,
            message,
            end: RelayEnd::read(msg_type, reader),
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.sized_u16(|writer| {
            writer.u16(self.protocol);
            self.plugin.write(writer);
            writer.u16(self.unk16);
            writer.u32(self.client_features);
            writer.u8(self.unk8);
            writer.u16(self.seq);
            writer.bytes(self.more1);
        });
        writer.sized_u16(|writer| {
            writer.u16(self.seq2);
            writer.bytes(self.zeros);
        });
        writer.u8(self.msg_type);
        writer.u8(self.msg_flags);
        writer.u16(self.status);
        writer.u16(self.priority);
        writer.lstr(self.message);
        self.end.write(writer);
    }
}

/// The length of a header. One that cannot be is taken for the usual one.
fn header_length(reader: &mut Reader<'_>, usual: u16) -> Result<usize, DecodeError> {
    let length = reader.constant_u16("header_length")?;
    let fits = length >= usual && usize::from(length) <= reader.left();
    Ok(usize::from(if fits { length } else { usual }))
}

/// The zeros of the second header, which no vector lists; recorded only if they are none.
fn rest_of_header<'a>(area: &mut Reader<'a>) -> &'a [u8] {
    let zeros = area.peek();
    if zeros.iter().any(|&byte| byte != 0) {
        return area.rest("zeros");
    }
    while area.constant_u8("zero").is_ok() {}
    zeros
}

impl<'a> RelayEnd<'a> {
    fn read(msg_type: u8, reader: &mut Reader<'a>) -> Self {
        if reader.left() == 0 {
            return Self::Nothing;
        }
        let attempt = match msg_type {
            Relay::TEXT => attempt(reader, |reader| read_colours(reader).map(Self::Colours)),
            Relay::PLUGIN => attempt(reader, |reader| read_plugin(reader).map(Self::Plugin)),
            _ => None,
        };
        attempt.unwrap_or_else(|| Self::Other(reader.rest("rest")))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Nothing => {}
            Self::Colours(colours) => {
                writer.u32(colours.fg);
                writer.u32(colours.bg);
                if let Some(guid) = colours.guid {
                    string32(writer, guid);
                }
            }
            Self::Plugin(plugin) => {
                writer.sized_u16(|writer| {
                    plugin.id.write(writer);
                    writer.u16(plugin.function);
                    string32(writer, plugin.name);
                    writer.bytes(plugin.unknown);
                });
                let length = 4 + plugin.text.len() + plugin.rest.len();
                writer.u32(u32::try_from(length).unwrap_or(u32::MAX));
                string32(writer, plugin.text);
                writer.bytes(plugin.rest);
            }
            Self::Other(bytes) => writer.bytes(bytes),
        }
    }
}

/// Reads all that is left, or nothing.
fn attempt<'a, T>(
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Option<T> {
    let mut attempt = reader.clone();
    let value = read(&mut attempt).ok()?;
    if attempt.left() > 0 {
        return None;
    }
    *reader = attempt;
    Some(value)
}

fn read_colours<'a>(reader: &mut Reader<'a>) -> Result<Colours<'a>, DecodeError> {
    Ok(Colours {
        fg: reader.u32("fg")?,
        bg: reader.u32("bg")?,
        guid: match reader.left() {
            0 => None,
            _ => Some(read_string32(reader, "guid")?),
        },
    })
}

fn read_plugin<'a>(reader: &mut Reader<'a>) -> Result<Plugin<'a>, DecodeError> {
    reader.group("plugin_data", |reader| {
        let length = reader.constant_u16("length")?;
        let (id, function, name, unknown) = reader.within("descriptor", length.into(), |area| {
            Ok((
                Part::read(area, "id")?,
                area.u16("function")?,
                read_string32(area, "name")?,
                area.rest("unknown"),
            ))
        })?;
        let length = constant_u32(reader)?;
        let (text, rest) = reader.within("data", length, |area| {
            Ok((read_string32(area, "text")?, area.rest("rest")))
        })?;
        Ok(Plugin {
            id,
            function,
            name,
            unknown,
            text,
            rest,
        })
    })
}

fn read_string32<'a>(reader: &mut Reader<'a>, name: &'static str) -> Result<&'a [u8], DecodeError> {
    let length = constant_u32(reader)?;
    reader.take_as(name, length, Value::Text)
}

fn constant_u32(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let low = reader.constant_u16("length")?;
    let high = reader.constant_u16("length")?;
    Ok(usize::from(high) << 16 | usize::from(low))
}

fn string32(writer: &mut Writer<'_>, text: &[u8]) {
    writer.u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
    writer.bytes(text);
}

/// A message of old ICQ: TLV 0x05 of channel 4, little-endian.
///
/// | bytes | field       | meaning                                              |
/// |-------|-------------|------------------------------------------------------|
/// | 4     | `uin`       | who wrote; to be believed only if the server agrees  |
/// | 1     | `msg_type`  | as in `icq-udp.md` §7.3                              |
/// | 1     | `msg_flags` | 0x80 to many                                         |
/// | lstr  | `message`   | its parts between separators                         |
/// | n     | `rest`      |                                                      |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IcqBlock<'a> {
    /// Who wrote.
    pub uin: Uin,
    /// What kind of message it is.
    pub msg_type: u8,
    /// 0x80 to many.
    pub msg_flags: u8,
    /// The message.
    pub message: &'a [u8],
    /// What follows it.
    pub rest: Rest<'a>,
}

impl<'a> Part<'a> for IcqBlock<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.group(name, |reader| {
            reader.with_order(ByteOrder::Little, |reader| {
                let uin = Part::read(reader, "uin")?;
                let msg_type = reader.u8("msg_type")?;
                Ok(Self {
                    uin,
                    msg_type,
                    msg_flags: reader.u8("msg_flags")?,
                    message: read_message(msg_type, reader)?,
                    rest: Part::read(reader, "rest")?,
                })
            })
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.with_order(ByteOrder::Little, |writer| {
            self.uin.write(writer);
            writer.u8(self.msg_type);
            writer.u8(self.msg_flags);
            writer.lstr(self.message);
            self.rest.write(writer);
        });
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 8
    }
}

/// The `lstr` of a message, which dumps show part by part.
pub(crate) fn read_message<'a>(
    msg_type: u8,
    reader: &mut Reader<'a>,
) -> Result<&'a [u8], DecodeError> {
    reader.compound(
        "message",
        |reader| reader.lstr("message"),
        |text| match msg_type {
            Relay::TEXT => Value::Text(text),
            _ if text.contains(&SEPARATOR) => Value::List(message_parts(text)),
            _ => Value::Text(text),
        },
    )
}

fn message_parts(text: &[u8]) -> Vec<Field<'_>> {
    let parts = text.split(|&byte| byte == SEPARATOR);
    parts
        .map(|part| Field {
            name: "part",
            value: Value::Text(part),
            offset: 0,
            length: 0,
        })
        .collect()
}

/// Stands between the parts of a message.
const SEPARATOR: u8 = 0xFE;

/// The usual length of the first header.
const FIRST_HEADER: u16 = 27;
/// The usual length of the second header.
const SECOND_HEADER: u16 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(end: RelayEnd<'static>, msg_type: u8) -> Relay<'static> {
        Relay {
            protocol: 8,
            plugin: Octets([0; 16]),
            unk16: 0,
            client_features: 3,
            unk8: 0,
            seq: 0xFFFE,
            more1: b"",
            seq2: 0xFFFE,
            zeros: Relay::ZEROS,
            msg_type,
            msg_flags: 0,
            status: 0,
            priority: 1,
            message: b"",
            end,
        }
    }

    fn written(relay: &Relay<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        Part::write(relay, &mut Writer::new(&mut out).in_order(ByteOrder::Big));
        out
    }

    fn read(bytes: &[u8]) -> Result<Relay<'_>, DecodeError> {
        Part::read(&mut Reader::new(bytes).in_order(ByteOrder::Big), "ext")
    }

    #[test]
    fn a_notification_has_the_lengths_that_the_reference_says() {
        let relay = relay(
            RelayEnd::Plugin(Plugin {
                id: Plugin::SCRIPT,
                function: Plugin::NOTIFY,
                name: Plugin::NOTIFY_NAME,
                unknown: Plugin::NOTIFY_UNKNOWN,
                text: b"<N>x</N>",
                rest: b"",
            }),
            Relay::PLUGIN,
        );
        let bytes = written(&relay);
        // Behind both headers, type, flags, status, priority and the empty text.
        let end = &bytes[29 + 16 + 6 + 3..];
        assert_eq!(end[..2], [0x4F, 0]);
        assert_eq!(end[20..24], [0x2A, 0, 0, 0]);
        assert_eq!(end[2 + 0x4F..][..8], [12, 0, 0, 0, 8, 0, 0, 0]);
        assert_eq!(read(&bytes), Ok(relay));
    }

    #[test]
    fn an_end_that_is_none_is_kept_as_it_is() {
        for (msg_type, end) in [
            (Relay::TEXT, &b"short"[..]),
            (Relay::PLUGIN, b"x"),
            (4, b"y"),
        ] {
            let relay = relay(RelayEnd::Other(end), msg_type);
            assert_eq!(read(&written(&relay)), Ok(relay));
        }
    }

    #[test]
    fn a_header_has_its_usual_length_if_its_own_cannot_be() {
        let expected = relay(RelayEnd::Nothing, 4);
        for (place, odd) in [(0, 0_u8), (0, 0xFF), (29, 0), (29, 0xFF)] {
            let mut bytes = written(&expected);
            bytes[place] = odd;
            assert_eq!(read(&bytes).as_ref(), Ok(&expected), "{place} {odd}");
        }
    }

    #[test]
    fn a_longer_header_is_skipped_by_its_length() {
        let expected = Relay {
            more1: b"new",
            zeros: b"\0\0\0\0\0\0\0\0\0\0\0\0\0",
            ..relay(RelayEnd::Nothing, 4)
        };
        assert_eq!(read(&written(&expected)), Ok(expected));
    }
}
