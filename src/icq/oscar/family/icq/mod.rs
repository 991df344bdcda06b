//! Family 0x15: what ICQ had before OSCAR: offline messages, profiles, searches
//! (`oscar.md` §3.15). Little-endian inside.
//!
//! The blocks are those of META in the UDP protocols (`icq-udp.md` §8.4), and where they are the same
//! byte for byte they are the same types: [`wire::meta`](crate::icq::wire::meta). Those here have a
//! field more or less.

mod blocks;
mod detail;
mod reply;
mod request;

pub use blocks::{
    Basic, Birth, Category, Email, GmtOffset, HomepageCategory, More, MoreOfReply, Row, Security,
    Short, Sms, WhitePages, Words, Work,
};
pub use detail::{AgeRange, BirthDetail, Detail, EmailDetail};
pub use reply::{FoundPerson, FoundRecord, Info, MetaReply, RandomFound, SmsReply};
pub use request::{Details, Emails, MetaRequest, RandomGroup, SetSecurity, Xml};

use super::icbm::read_message;
use crate::icq::oscar::parts::parts;
use crate::icq::wire::{
    ByteOrder, DecodeError, Layout, Part, Reader, Rest, Writer, commands, layout,
};
use crate::model::Uin;

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// A request.
        0x0002 "ICQ_REQUEST" Request(Envelope<Request<'a>>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// A reply. The header says whether more follow, except in searches: there
        /// [`MetaReply::is_last_found`].
        0x0003 "ICQ_REPLY" Reply(Envelope<Reply<'a>>),
    }
}

/// What both directions are wrapped in: a TLV of type 1, big-endian, whose value is little-endian.
///
/// | bytes | field       | meaning                                    |
/// |-------|-------------|--------------------------------------------|
/// | 2     |             | type 1                                     |
/// | 2     |             | length of what follows                     |
/// | 2     | `chunk_len` | the same, without itself                   |
/// | 4     | `owner_uin` | the client's                               |
/// | 2     | `type`      | what it is                                 |
/// | 2     | `seq`       | the reply repeats it                       |
/// | n     | `body`      | by `type`                                  |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Envelope<B> {
    /// The client's number.
    pub owner_uin: Uin,
    /// A number that the reply repeats: the lower half of the request id.
    pub seq: u16,
    /// What it is.
    pub body: B,
}

/// The body of an envelope.
pub trait Body<'a>: Sized {
    /// What it is.
    fn kind(&self) -> u16;

    /// Reads the body of that kind, up to its end.
    fn read(kind: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// Appends the body.
    fn write(&self, writer: &mut Writer<'_>);
}

impl<'a, B: Body<'a>> Layout<'a> for Envelope<B> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let _kind = reader.constant_u16("tlv_type")?;
        let length = reader.constant_u16("tlv_length")?;
        reader.within("block", length.into(), |area| {
            area.with_order(ByteOrder::Little, |area| {
                // Some count wrongly: the smaller of the two lengths is believed (§9).
                let length = usize::from(area.u16("chunk_len")?).min(area.left());
                area.within("chunk", length, |area| {
                    let owner_uin = Part::read(area, "owner_uin")?;
                    let kind = area.code("type")?;
                    Ok(Self {
                        owner_uin,
                        seq: area.u16("seq")?,
                        body: B::read(kind, area)?,
                    })
                })
            })
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(1);
        writer.sized_u16(|writer| {
            writer.with_order(ByteOrder::Little, |writer| {
                writer.sized_u16(|writer| {
                    self.owner_uin.write(writer);
                    writer.u16(self.body.kind());
                    writer.u16(self.seq);
                    self.body.write(writer);
                });
            });
        });
    }
}

/// What clients ask.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request<'a> {
    /// For the messages that waited.
    Offline,
    /// The messages that waited are safe: the server may forget them.
    OfflineSafe,
    /// Profiles and searches, and what some clients have behind them.
    Meta(Box<MetaRequest<'a>>, Rest<'a>),
    /// Something else.
    Other(u16, Rest<'a>),
}

impl<'a> Request<'a> {
    /// A request for a profile, a search, or a change.
    pub fn meta(request: MetaRequest<'a>) -> Self {
        Self::Meta(Box::new(request), Rest(b""))
    }
}

impl<'a> Body<'a> for Request<'a> {
    fn kind(&self) -> u16 {
        match self {
            Self::Offline => 0x003C,
            Self::OfflineSafe => 0x003E,
            Self::Meta(..) => 0x07D0,
            Self::Other(kind, _) => *kind,
        }
    }

    fn read(kind: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match (kind, reader.left()) {
            (0x003C, 0) => Self::Offline,
            (0x003E, 0) => Self::OfflineSafe,
            (0x07D0, _) => Self::Meta(Box::new(Layout::read(reader)?), Part::read(reader, "rest")?),
            _ => Self::Other(kind, Part::read(reader, "rest")?),
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Offline | Self::OfflineSafe => {}
            Self::Meta(request, rest) => {
                Layout::write(&**request, writer);
                rest.write(writer);
            }
            Self::Other(_, rest) => rest.write(writer),
        }
    }
}

/// What servers answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply<'a> {
    /// A message that waited.
    Offline(OfflineMessage<'a>),
    /// All that waited were sent.
    OfflineEnd(OfflineEnd<'a>),
    /// Profiles and searches.
    Meta(MetaReply<'a>),
    /// Something else.
    Other(u16, Rest<'a>),
}

impl<'a> Body<'a> for Reply<'a> {
    fn kind(&self) -> u16 {
        match self {
            Self::Offline(_) => 0x0041,
            Self::OfflineEnd(_) => 0x0042,
            Self::Meta(_) => 0x07DA,
            Self::Other(kind, _) => *kind,
        }
    }

    fn read(kind: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match kind {
            0x0041 => Self::Offline(Layout::read(reader)?),
            0x0042 => Self::OfflineEnd(Layout::read(reader)?),
            0x07DA => Self::Meta(Layout::read(reader)?),
            _ => Self::Other(kind, Part::read(reader, "rest")?),
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Offline(message) => Layout::write(message, writer),
            Self::OfflineEnd(end) => Layout::write(end, writer),
            Self::Meta(reply) => Layout::write(reply, writer),
            Self::Other(_, rest) => rest.write(writer),
        }
    }
}

layout! {
    /// All that waited were sent: 0x0042.
    ///
    /// | bytes | field     | meaning                          |
    /// |-------|-----------|----------------------------------|
    /// | 1     | `dropped` | whether some did not fit         |
    pub struct OfflineEnd<'a> {
        /// Whether some did not fit.
        dropped: Option<u8>,
        /// Nothing.
        rest: Rest<'a>,
    }
}

/// A message that waited: 0x0041.
///
/// | bytes | field        | meaning                                              |
/// |-------|--------------|------------------------------------------------------|
/// | 4     | `sender_uin` |                                                      |
/// | 2     | `date`       | year, then                                           |
/// | 1 × 4 |              | month, day, hour, minute: UTC, on `IServerd` its own |
/// | 1     | `msg_type`   | as in `icq-udp.md` §7.3                              |
/// | 1     | `msg_flags`  |                                                      |
/// | lstr  | `message`    |                                                      |
/// | n     | `rest`       |                                                      |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfflineMessage<'a> {
    /// Who wrote.
    pub sender_uin: Uin,
    /// When.
    pub date: Date,
    /// What kind of message it is.
    pub msg_type: u8,
    /// 0x80 to many.
    pub msg_flags: u8,
    /// The message.
    pub message: &'a [u8],
    /// What follows it.
    pub rest: Rest<'a>,
}

layout! {
    /// A date and a time.
    pub struct Date {
        /// The year.
        year: u16,
        /// The month, from 1.
        month: u8,
        /// The day.
        day: u8,
        /// The hour.
        hour: u8,
        /// The minute.
        minute: u8,
    }
}

parts! {
    list Date, 6;
}

impl<'a> Layout<'a> for OfflineMessage<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let sender_uin = Part::read(reader, "sender_uin")?;
        let date = Part::read(reader, "date")?;
        let msg_type = reader.u8("msg_type")?;
        Ok(Self {
            sender_uin,
            date,
            msg_type,
            msg_flags: reader.u8("msg_flags")?,
            message: read_message(msg_type, reader)?,
            rest: Part::read(reader, "rest")?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.sender_uin.write(writer);
        Part::write(&self.date, writer);
        writer.u8(self.msg_type);
        writer.u8(self.msg_flags);
        writer.lstr(self.message);
        self.rest.write(writer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::wire::meta::Person;

    fn read(bytes: &[u8]) -> Result<Envelope<Reply<'_>>, DecodeError> {
        Layout::read(&mut Reader::new(bytes).in_order(ByteOrder::Big))
    }

    #[test]
    fn a_request_is_wrapped_in_two_lengths_of_both_byte_orders() {
        let request = Envelope {
            owner_uin: Uin(12_345),
            seq: 7,
            body: Request::meta(MetaRequest::ShortInfo(Person { uin: Uin(54_321) })),
        };
        let mut out = Vec::new();
        request.write(&mut Writer::new(&mut out).in_order(ByteOrder::Big));
        assert_eq!(
            out,
            b"\0\x01\0\x10\x0e\0\x39\x30\0\0\xd0\x07\x07\0\xba\x04\x31\xd4\0\0"
        );
    }

    #[test]
    fn of_two_lengths_that_differ_the_smaller_counts() {
        let whole = read(b"\0\x01\0\x0b\x09\0\x39\x30\0\0\x42\0\x07\0\0").unwrap();
        assert!(matches!(whole.body, Reply::OfflineEnd(_)));
        let too_long = read(b"\0\x01\0\x0b\xff\0\x39\x30\0\0\x42\0\x07\0\0");
        assert_eq!(too_long.as_ref(), Ok(&whole));
        let longer_outside = read(b"\0\x01\0\x0d\x09\0\x39\x30\0\0\x42\0\x07\0\0xx");
        assert_eq!(longer_outside.as_ref(), Ok(&whole));
    }

    #[test]
    fn the_end_of_a_search_is_its_number_and_not_a_flag() {
        let reply = read(b"\0\x01\0\x0d\x0b\0\x39\x30\0\0\xda\x07\x07\0\xae\x01\x32").unwrap();
        let Reply::Meta(reply) = reply.body else {
            panic!("a META reply");
        };
        assert!(reply.is_last_found());
        assert_eq!(
            (reply.success, reply.info),
            (MetaReply::NOBODY, Info::Nothing)
        );
    }
}
