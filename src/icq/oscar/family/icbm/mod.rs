//! Family 0x04: messages, and what goes with them (`oscar.md` §3.4).
//!
//! A [`Message`] is one packet with many faces. Its channel says which of its TLVs matters:
//!
//! | channel | TLV  | what it is                                                                  |
//! |---------|------|-----------------------------------------------------------------------------|
//! | 1       | 0x02 | [`Fragments`]: a text                                                       |
//! | 2       | 0x05 | [`Rendezvous`]: a proposal between clients; [`Relay`] is a message of ICQ in one |
//! | 4       | 0x05 | [`IcqBlock`]: a message of old ICQ                                          |

mod relay;
mod rendezvous;
mod text;

pub(super) use relay::read_message;
pub use relay::{Colours, IcqBlock, Plugin, Relay, RelayEnd};
pub use rendezvous::{FileName, FileOffer, Rendezvous, RendezvousTlv, Service};
pub use text::{Fragment, Fragments};

use crate::icq::oscar::parts::{Bytes, Cookie, ScreenName, Text, parts};
use crate::icq::oscar::tlv::{Chain, Tlv, tlvs};
use crate::icq::oscar::user::UserInfo;
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Rest, Writer, commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Says what messages the client wants.
        0x0002 "SET_PARAMETERS" SetParameters(Parameters),
        /// Wants messages as if nothing was said.
        0x0003 "RESET_PARAMETERS" ResetParameters,
        /// Asks what messages the client wants.
        0x0004 "PARAMETERS_REQUEST" ParametersRequest,
        /// A message for somebody.
        0x0006 "SEND" Send(Message<'a, ScreenName<'a>>),
        /// Complains about somebody.
        0x0008 "WARN" Warn(Warn<'a>),
        /// The client's answer to a message.
        0x000B "CLIENT_REPLY" Reply(Reply<'a>),
        /// Asks for the messages that waited. `IServerd` does not answer; ICQ has a way of its own.
        0x0010 "OFFLINE_REQUEST" OfflineRequest,
        /// Tells somebody that one types.
        0x0014 "TYPING" Typing(Typing<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// What messages the client wants.
        0x0005 "PARAMETERS" Parameters(Parameters),
        /// A message.
        0x0007 "MESSAGE" Message(Message<'a, UserInfo<'a>>),
        /// The complaint did harm.
        0x0009 "WARNED" Warned(Warned),
        /// Messages did not get through.
        0x000A "MISSED" Missed(Missed<'a>),
        /// The answer of somebody's client to a message.
        0x000B "CLIENT_REPLY" Reply(Reply<'a>),
        /// The server took the message.
        0x000C "HOST_ACK" HostAck(HostAck<'a>),
        /// Somebody types, or no longer.
        0x0014 "TYPING" Typing(Typing<'a>),
        /// All messages that waited were sent.
        0x0017 "OFFLINE_DONE" OfflineDone,
    }
}

layout! {
    /// What messages the client wants: 04/02, 04/05. Without it `IServerd` drops whatever is longer
    /// than 512 bytes, and tells nobody's typing.
    ///
    /// | bytes | field               | meaning                                                   |
    /// |-------|---------------------|-----------------------------------------------------------|
    /// | 2     | `channel`           | 0 all                                                     |
    /// | 4     | `flags`             | 1 allowed, 2 missed ones are told, 8 typing, 0x100 offline |
    /// | 2     | `max_len`           | the longest                                               |
    /// | 2 × 2 | `max_sender_warn` `max_receiver_warn` | 999                                     |
    /// | 2     | `min_interval`      | between two, milliseconds                                 |
    /// | 2     | `unknown`           | 0                                                         |
    pub struct Parameters {
        /// 0: all.
        channel: u16,
        /// What is wanted.
        flags: u32,
        /// The longest message.
        max_len: u16,
        /// How much the sender may be complained about.
        max_sender_warn: u16,
        /// How much the receiver may be.
        max_receiver_warn: u16,
        /// Between two messages, milliseconds.
        min_interval: u16,
        /// 0.
        unknown: u16,
    }

    /// A complaint: 04/08.
    ///
    /// | bytes | field         | meaning        |
    /// |-------|---------------|----------------|
    /// | 2     | `anonymous`   | 1 without name |
    /// | 1, n  | `screen_name` | about whom     |
    pub struct Warn<'a> {
        /// 1: without name.
        anonymous: u16,
        /// About whom.
        screen_name: ScreenName<'a>,
    }

    /// What the complaint did: 04/09.
    ///
    /// | bytes | field   | meaning                       |
    /// |-------|---------|-------------------------------|
    /// | 2     | `delta` | so much more, tenths of a percent |
    /// | 2     | `new`   | so much in all                |
    pub struct Warned {
        /// So much more.
        delta: u16,
        /// So much in all.
        new: u16,
    }

    /// Messages did not get through: 04/0A.
    pub struct Missed<'a> {
        /// Which.
        missed: crate::icq::oscar::parts::All<MissedMessages<'a>>,
    }

    /// Messages of somebody that did not get through.
    ///
    /// | bytes | field     | meaning                                                           |
    /// |-------|-----------|-------------------------------------------------------------------|
    /// | 2     | `channel` |                                                                   |
    /// | n     | `sender`  | [`UserInfo`]                                                      |
    /// | 2     | `count`   | how many                                                          |
    /// | 2     | `reason`  | 0 invalid, 1 too long, 2 too fast, 3 sender, 4 receiver complained about |
    pub struct MissedMessages<'a> {
        /// On which channel.
        channel: u16,
        /// Who wrote.
        sender: UserInfo<'a>,
        /// How many.
        count: u16,
        /// Why.
        reason: u16,
    }

    /// The server took the message, which says nothing about the receiver: 04/0C.
    ///
    /// | bytes | field         | meaning         |
    /// |-------|---------------|-----------------|
    /// | 8     | `cookie`      | the message's   |
    /// | 2     | `channel`     | the message's   |
    /// | 1, n  | `screen_name` | whom it was for |
    pub struct HostAck<'a> {
        /// The message's.
        cookie: Cookie,
        /// The message's.
        channel: u16,
        /// Whom it was for.
        screen_name: ScreenName<'a>,
    }

    /// Somebody types, or no longer: 04/14.
    ///
    /// | bytes | field         | meaning                                                |
    /// |-------|---------------|--------------------------------------------------------|
    /// | 8     | `cookie`      | 0                                                      |
    /// | 2     | `channel`     | 1                                                      |
    /// | 1, n  | `screen_name` | to whom; from a server: who                            |
    /// | 2     | `event`       | 0 done, 1 has typed, 2 types, 0x0F closed the window   |
    pub struct Typing<'a> {
        /// 0.
        cookie: Cookie,
        /// 1.
        channel: u16,
        /// To whom; from a server: who.
        screen_name: ScreenName<'a>,
        /// What happens.
        event: u16,
    }
}

parts! {
    group MissedMessages<'a>, 11;
}

impl Typing<'_> {
    /// `event`: done.
    pub const DONE: u16 = 0;
    /// `event`: has typed, and pauses.
    pub const PAUSED: u16 = 1;
    /// `event`: types.
    pub const BEGUN: u16 = 2;
    /// `event`: closed the window.
    pub const GONE: u16 = 0x0F;
}

/// The name of the peer in messages: the receiver's account, the sender's block.
pub trait Peer<'a>: Part<'a> {
    /// What dumps call it.
    const NAME: &'static str;
}

impl<'a> Peer<'a> for ScreenName<'a> {
    const NAME: &'static str = "screen_name";
}

impl<'a> Peer<'a> for UserInfo<'a> {
    const NAME: &'static str = "sender";
}

/// A message: 04/06 to a name, 04/07 from a user.
///
/// | bytes | field     | meaning                                        |
/// |-------|-----------|------------------------------------------------|
/// | 8     | `cookie`  | what it is known by                            |
/// | 2     | `channel` | 1, 2, 4                                        |
/// | n     | `peer`    | [`ScreenName`] to servers, [`UserInfo`] from them |
/// | TLVs  | `tlvs`    | [`MessageTlv`]                                 |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message<'a, P> {
    /// What it is known by.
    pub cookie: Cookie,
    /// Which kind of message it is.
    pub channel: u16,
    /// Whom it is for, or who wrote it.
    pub peer: P,
    /// What it says, and how to treat it.
    pub tlvs: Chain<MessageTlv<'a>>,
}

impl<'a, P: Peer<'a>> Layout<'a> for Message<'a, P> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let cookie = Part::read(reader, "cookie")?;
        let channel = reader.u16("channel")?;
        let peer = P::read(reader, P::NAME)?;
        let tlvs = Chain::read_with(reader, usize::MAX, |kind, reader| match (channel, kind) {
            (2, 5) => Part::read(reader, "rdv")
                .map(MessageTlv::Rendezvous)
                .map(Some),
            (4, 5) => Part::read(reader, "icq").map(MessageTlv::Icq).map(Some),
            _ => MessageTlv::read_value(kind, reader),
        })?;
        Ok(Self {
            cookie,
            channel,
            peer,
            tlvs,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.cookie.write(writer);
        writer.u16(self.channel);
        self.peer.write(writer);
        self.tlvs.write(writer);
    }
}

/// The TLVs of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MessageTlv<'a> {
    /// 0x05 on channel 2: a proposal.
    Rendezvous(Rendezvous<'a>),
    /// 0x05 on channel 4: a message of old ICQ.
    Icq(IcqBlock<'a>),
    /// All others.
    Common(CommonTlv<'a>),
}

tlvs! {
    /// The TLVs of a message that are the same on all channels.
    pub enum CommonTlv {
        /// The text of channel 1.
        0x0002 im Text(Fragments<'a>),
        /// The server should acknowledge.
        0x0003 want_ack WantAck,
        /// Nobody typed it.
        0x0004 auto Automatic,
        /// The server should keep it if the receiver is offline.
        0x0006 store Store,
        /// The sender has an icon.
        0x0008 icon_info IconInfo(Bytes<'a>),
        /// The sender wants the receiver's icon.
        0x0009 want_icon WantIcon,
        /// The sender wants to know when the receiver types.
        0x000B typing_capable TypingCapable,
        /// Meaning unknown.
        0x0013 unk13 Unknown13(u8),
        /// When it was sent, of a message that waited.
        0x0016 sent_time SentTime(u32),
        /// What the sender calls themselves.
        0x0017 friendly_name FriendlyName(Text<'a>),
    }
}

impl<'a> Tlv<'a> for MessageTlv<'a> {
    fn kind(&self) -> u16 {
        match self {
            Self::Rendezvous(_) | Self::Icq(_) => 5,
            Self::Common(tlv) => tlv.kind(),
        }
    }

    fn read_value(kind: u16, reader: &mut Reader<'a>) -> Result<Option<Self>, DecodeError> {
        Ok(CommonTlv::read_value(kind, reader)?.map(Self::Common))
    }

    fn write_value(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Rendezvous(rendezvous) => Part::write(rendezvous, writer),
            Self::Icq(block) => Part::write(block, writer),
            Self::Common(tlv) => tlv.write_value(writer),
        }
    }

    fn unknown(tlv: crate::icq::oscar::tlv::UnknownTlv<'a>) -> Self {
        Self::Common(CommonTlv::Unknown(tlv))
    }
}

impl<'a, P> Message<'a, P> {
    /// The proposal of a message on channel 2.
    pub fn rendezvous(&self) -> Option<&Rendezvous<'a>> {
        self.tlvs.0.iter().find_map(|tlv| match tlv {
            MessageTlv::Rendezvous(rendezvous) => Some(rendezvous),
            MessageTlv::Icq(_) | MessageTlv::Common(_) => None,
        })
    }

    /// The block of a message on channel 4.
    pub fn icq(&self) -> Option<&IcqBlock<'a>> {
        self.tlvs.0.iter().find_map(|tlv| match tlv {
            MessageTlv::Icq(block) => Some(block),
            MessageTlv::Rendezvous(_) | MessageTlv::Common(_) => None,
        })
    }

    /// The text of a message on channel 1.
    pub fn text(&self) -> Option<&Fragments<'a>> {
        self.common().find_map(|tlv| match tlv {
            CommonTlv::Text(text) => Some(text),
            _ => None,
        })
    }

    /// When it was sent, if it waited on the server of AIM.
    pub fn sent_time(&self) -> Option<u32> {
        self.common().find_map(|tlv| match tlv {
            CommonTlv::SentTime(time) => Some(*time),
            _ => None,
        })
    }

    /// Whether nobody typed it: it must not be answered by a machine.
    pub fn is_automatic(&self) -> bool {
        self.common().any(|tlv| matches!(tlv, CommonTlv::Automatic))
    }

    /// The TLVs that all channels have.
    pub fn common(&self) -> impl Iterator<Item = &CommonTlv<'a>> {
        self.tlvs.0.iter().filter_map(|tlv| match tlv {
            MessageTlv::Common(tlv) => Some(tlv),
            MessageTlv::Rendezvous(_) | MessageTlv::Icq(_) => None,
        })
    }
}

/// A client's answer to a message: 04/0B.
///
/// | bytes | field         | meaning                                              |
/// |-------|---------------|------------------------------------------------------|
/// | 8     | `cookie`      | the message's                                        |
/// | 2     | `channel`     | the message's                                        |
/// | 1, n  | `screen_name` | who sent the message; from a server: who answers     |
/// | 2     | `reason`      | 1 unknown channel, 2 broken, 3 see `answer`          |
/// | n     | `answer`      | on channel 2 with reason 3: [`Relay`]                |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply<'a> {
    /// The message's.
    pub cookie: Cookie,
    /// The message's.
    pub channel: u16,
    /// Who sent the message; from a server: who answers.
    pub screen_name: ScreenName<'a>,
    /// Why.
    pub reason: u16,
    /// What there is to say.
    pub answer: ReplyAnswer<'a>,
}

/// What a client's answer says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReplyAnswer<'a> {
    /// A message of ICQ arrived; its text may be an away text.
    Relay(Box<Relay<'a>>),
    /// Something else, or nothing.
    Other(Rest<'a>),
}

impl Reply<'_> {
    /// `reason`: the client does not know the channel, or the capability.
    pub const UNSUPPORTED: u16 = 1;
    /// `reason`: the channel has its own answers.
    pub const BY_CHANNEL: u16 = 3;
}

impl<'a> Layout<'a> for Reply<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let cookie = Part::read(reader, "cookie")?;
        let channel = reader.u16("channel")?;
        let screen_name = Part::read(reader, "screen_name")?;
        let reason = reader.u16("reason")?;
        let answer = match (channel, reason) {
            (2, Self::BY_CHANNEL) => ReplyAnswer::read(reader)?,
            _ => ReplyAnswer::Other(Part::read(reader, "rest")?),
        };
        Ok(Self {
            cookie,
            channel,
            screen_name,
            reason,
            answer,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.cookie.write(writer);
        writer.u16(self.channel);
        self.screen_name.write(writer);
        writer.u16(self.reason);
        match &self.answer {
            ReplyAnswer::Relay(relay) => Part::write(&**relay, writer),
            ReplyAnswer::Other(rest) => rest.write(writer),
        }
    }
}

impl<'a> ReplyAnswer<'a> {
    /// Other clients answer proposals of other kinds, so what is no relay is something else.
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut attempt = reader.area("ext", reader.left())?;
        let area = attempt.clone();
        if let Ok(relay) = Part::read(&mut attempt, "ext") {
            reader.adopt(attempt);
            return Ok(Self::Relay(Box::new(relay)));
        }
        let mut area = area;
        let rest = Part::read(&mut area, "rest")?;
        reader.adopt(area);
        Ok(Self::Other(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::wire::ByteOrder;

    type Sent<'a> = Message<'a, ScreenName<'a>>;

    fn read<'a, L: Layout<'a>>(bytes: &'a [u8]) -> L {
        L::read(&mut Reader::new(bytes).in_order(ByteOrder::Big)).unwrap()
    }

    fn message(channel: u8, tlvs: &[u8]) -> Vec<u8> {
        [b"cookie!!\0", &[channel][..], b"\x03123", tlvs].concat()
    }

    #[test]
    fn the_channel_says_what_a_tlv_is() {
        let block = b"\0\x05\0\x09\x39\x30\0\0\x08\0\x01\0\0";
        let bytes = message(4, block);
        let old: Sent<'_> = read(&bytes);
        assert_eq!(old.icq().map(|block| block.msg_type), Some(8));
        for channel in [1, 2, 3] {
            let bytes = message(channel, block);
            let other: Sent<'_> = read(&bytes);
            assert_eq!((other.icq(), other.rendezvous()), (None, None));
            assert_eq!(other.tlvs.0.len(), 1);
        }
    }

    #[test]
    fn a_message_says_whether_a_machine_wrote_it_and_when() {
        let bytes = message(1, b"\0\x04\0\0\0\x16\0\x04\0\0\0\x07");
        let message: Sent<'_> = read(&bytes);
        assert!(message.is_automatic());
        assert_eq!(message.sent_time(), Some(7));
        assert_eq!(message.text(), None);
    }

    #[test]
    fn an_answer_that_is_no_relay_is_kept_as_it_is() {
        for (reason, rest) in [(3, &b"short"[..]), (1, b""), (2, b"\x1b\0")] {
            let bytes = [b"cookie!!\0\x02\x03123\0", &[reason][..], rest].concat();
            let reply: Reply<'_> = read(&bytes);
            assert_eq!(reply.answer, ReplyAnswer::Other(Rest(rest)));
            let mut out = Vec::new();
            reply.write(&mut Writer::new(&mut out).in_order(ByteOrder::Big));
            assert_eq!(out, bytes);
        }
    }
}
