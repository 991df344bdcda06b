//! What stands in a FLAP, by channel (`oscar.md` §1.1, §2).

use super::family::login::LoginTlv;
use super::family::{Body, FromServer, ToServer};
use super::flap::Channel;
use super::snac::{self, Header};
use super::tlv::Chain;
use crate::icq::wire::{
    ByteOrder, DecodeError, Decoded, Layout, Part, Reader, Rest, Writer, layout,
};

/// What stands in a FLAP. `B` is [`ToServer`] or [`FromServer`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Frame<'a, B> {
    /// Channel 1: hello, the login of old, the cookie.
    SignOn(SignOn<'a>),
    /// Channel 2.
    Snac(Snac<'a, B>),
    /// Channel 3: an error. Nobody has seen one.
    Error(Rest<'a>),
    /// Channel 4: the end, and to the login of old its answer.
    SignOff(SignOff<'a, B>),
    /// Channel 5: still there. Empty.
    KeepAlive(Rest<'a>),
    /// A channel this program has no name for.
    Unknown {
        /// Its number.
        channel: u8,
        /// What stands in it.
        payload: &'a [u8],
    },
}

/// What a client sends.
pub type ToServerFrame<'a> = Frame<'a, ToServer<'a>>;
/// What a server sends.
pub type FromServerFrame<'a> = Frame<'a, FromServer<'a>>;

layout! {
    /// Channel 1.
    ///
    /// | bytes | field     | meaning                                                    |
    /// |-------|-----------|------------------------------------------------------------|
    /// | 4     | `version` | 1                                                          |
    /// | TLVs  | `tlvs`    | a cookie has to be the first, or `IServerd` does not answer |
    pub struct SignOn<'a> {
        /// 1.
        version: u32,
        /// Account and roasted password, or a cookie, or nothing.
        tlvs: Chain<LoginTlv<'a>>,
    }
}

/// A SNAC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snac<'a, B> {
    /// The header. Its family and subtype are those of `body`.
    pub header: Header<'a>,
    /// What it says.
    pub body: B,
}

impl<'a, B: Body<'a>> Snac<'a, B> {
    /// A client's request.
    pub fn request(request_id: u32, body: B) -> Self {
        Self {
            header: Header::request(body.family(), body.subtype(), request_id),
            body,
        }
    }
}

/// Channel 4.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignOff<'a, B> {
    /// Why: nothing, an error, a reason; or where to go with what cookie.
    Tlvs(Chain<LoginTlv<'a>>),
    /// `IServerd` says the answer to a login once more, SNAC header included (§2.3).
    Again(Snac<'a, B>),
    /// Something else.
    Other(Rest<'a>),
}

impl<'a> ToServerFrame<'a> {
    /// Reads what a client sends.
    pub fn from_client(channel: u8, payload: &'a [u8]) -> Result<Decoded<'a, Self>, DecodeError> {
        Self::decode(channel, payload)
    }
}

impl<'a> FromServerFrame<'a> {
    /// Reads what a server sends.
    pub fn from_server(channel: u8, payload: &'a [u8]) -> Result<Decoded<'a, Self>, DecodeError> {
        Self::decode(channel, payload)
    }
}

impl<'a, B: Body<'a>> Frame<'a, B> {
    /// Reads the payload of a FLAP. What fails is this frame; the connection is as good as before.
    pub fn decode(channel: u8, payload: &'a [u8]) -> Result<Decoded<'a, Self>, DecodeError> {
        let mut reader = snac::reader(payload);
        let packet = Self::read(channel, &mut reader)?;
        Ok(Decoded {
            packet,
            clamped: reader.clamped(),
            rest: reader.rest("rest"),
        })
    }

    /// Reads the payload that `reader` stands at; what is left in the reader belongs to no field.
    pub(super) fn read(channel: u8, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match channel {
            Channel::SIGN_ON => Self::SignOn(Layout::read(reader)?),
            Channel::SNAC => Self::Snac(Snac::read(reader)?),
            Channel::ERROR => Self::Error(Part::read(reader, "rest")?),
            Channel::SIGN_OFF => Self::SignOff(SignOff::read(reader)?),
            Channel::KEEP_ALIVE => Self::KeepAlive(Part::read(reader, "rest")?),
            channel => Self::Unknown {
                channel,
                payload: reader.rest("rest"),
            },
        })
    }

    /// The channel it goes on.
    pub const fn channel(&self) -> u8 {
        match self {
            Self::SignOn(_) => Channel::SIGN_ON,
            Self::Snac(_) => Channel::SNAC,
            Self::Error(_) => Channel::ERROR,
            Self::SignOff(_) => Channel::SIGN_OFF,
            Self::KeepAlive(_) => Channel::KEEP_ALIVE,
            Self::Unknown { channel, .. } => *channel,
        }
    }

    /// The payload of a FLAP.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut writer = Writer::new(&mut payload).in_order(ByteOrder::Big);
        match self {
            Self::SignOn(sign_on) => Layout::write(sign_on, &mut writer),
            Self::Snac(snac) => snac.write(&mut writer),
            Self::SignOff(sign_off) => sign_off.write(&mut writer),
            Self::Error(bytes) | Self::KeepAlive(bytes) => bytes.write(&mut writer),
            Self::Unknown { payload, .. } => writer.bytes(payload),
        }
        payload
    }
}

impl<'a, B: Body<'a>> Snac<'a, B> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let header = Header::read(reader)?;
        Ok(Self {
            header,
            body: B::read(header.family, header.subtype, reader)?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let header = Header {
            family: self.body.family(),
            subtype: self.body.subtype(),
            ..self.header
        };
        header.write(writer);
        self.body.write(writer);
    }
}

impl<'a, B: Body<'a>> SignOff<'a, B> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        if reader.peek().starts_with(LOGIN_REPLY) {
            return Snac::read(reader).map(Self::Again);
        }
        let mut attempt = reader.area("sign_off", reader.left())?;
        let mut area = attempt.clone();
        if let Ok(tlvs) = Part::read(&mut attempt, "tlvs") {
            reader.adopt(attempt);
            return Ok(Self::Tlvs(tlvs));
        }
        let rest = Part::read(&mut area, "rest")?;
        reader.adopt(area);
        Ok(Self::Other(rest))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Tlvs(tlvs) => tlvs.write(writer),
            Self::Again(snac) => snac.write(writer),
            Self::Other(rest) => rest.write(writer),
        }
    }
}

/// What the answer to a login begins with: family, subtype, no flags.
const LOGIN_REPLY: &[u8] = &[0x00, 0x17, 0x00, 0x03, 0x00, 0x00];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::oscar::family::login;
    use crate::icq::oscar::parts::{Hidden, Number};

    fn frame(channel: u8, payload: &[u8]) -> FromServerFrame<'_> {
        Frame::from_server(channel, payload).unwrap().packet
    }

    #[test]
    fn a_goodbye_says_nothing_or_a_reason_of_one_byte_or_two() {
        let reason = |payload: &[u8]| match frame(Channel::SIGN_OFF, payload) {
            Frame::SignOff(SignOff::Tlvs(tlvs)) => tlvs.disconnect_reason().map(|why| why.get()),
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(b""), None);
        assert_eq!(reason(b"\0\x09\0\x01\x01"), Some(1));
        assert_eq!(reason(b"\0\x09\0\x02\0\x01"), Some(1));
    }

    #[test]
    fn a_goodbye_may_be_the_answer_to_the_login_once_more() {
        let payload = b"\0\x17\0\x03\0\0\0\0\0\x01\0\x08\0\x02\0\x05";
        let Frame::SignOff(SignOff::Again(snac)) = frame(Channel::SIGN_OFF, payload) else {
            panic!("the answer");
        };
        let FromServer::Login(login::FromServer::LoginReply(reply)) = &snac.body else {
            panic!("the answer to a login");
        };
        assert_eq!(reply.tlvs.error(), Some(&Number::Short(5)));
        assert_eq!(frame(Channel::SIGN_OFF, payload).encode(), payload);
    }

    #[test]
    fn a_goodbye_that_is_neither_is_one_all_the_same() {
        let frame = frame(Channel::SIGN_OFF, b"odd");
        assert_eq!(frame, Frame::SignOff(SignOff::Other(Rest(b"odd"))));
    }

    #[test]
    fn an_error_is_one_in_every_family() {
        for family in [1, 4, 0x13, 0x99] {
            let payload = [b"\0", &[family][..], b"\0\x01\0\0\0\0\0\x07\0\x0d"].concat();
            let Frame::Snac(snac) = frame(Channel::SNAC, &payload) else {
                panic!("a SNAC");
            };
            assert_eq!(snac.header.request_id, 7);
            let FromServer::Error { error, .. } = &snac.body else {
                panic!("an error");
            };
            assert_eq!(error.words(), "request denied");
        }
    }

    #[test]
    fn a_request_has_the_numbers_of_its_body() {
        let body = ToServer::Login(login::ToServer::KeyRequest(login::Login {
            tlvs: Chain(vec![LoginTlv::Cookie(Hidden(b"c"))]),
        }));
        let frame = Frame::Snac(Snac::request(5, body));
        let payload = frame.encode();
        assert_eq!(payload, b"\0\x17\0\x06\0\0\0\0\0\x05\0\x06\0\x01c");
        assert_eq!(Frame::from_client(2, &payload).unwrap().packet, frame);
        assert!(!format!("{frame:?}").contains("99"), "the cookie shows");
    }

    #[test]
    fn what_has_no_name_is_kept() {
        let snac = b"\0\x18\0\x05\0\0\0\0\0\x01body";
        for (channel, payload) in [(2, &snac[..]), (9, b"x"), (5, b"y"), (3, b"z")] {
            assert_eq!(frame(channel, payload).encode(), payload, "{channel}");
        }
    }
}
