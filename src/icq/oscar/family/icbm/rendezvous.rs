//! Proposals between two clients: channel 2 (`oscar.md` §3.4.2).

use std::net::Ipv4Addr;

use super::Relay;
use crate::icq::oscar::capability;
use crate::icq::oscar::family::generic::Room;
use crate::icq::oscar::parts::{Bytes, Cookie, Guid, Text, parts};
use crate::icq::oscar::tlv::{Chain, Tlv, tlvs};
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Value, Writer, layout};

/// TLV 0x05 of channel 2.
///
/// | bytes | field        | meaning                              |
/// |-------|--------------|--------------------------------------|
/// | 2     | `kind`       | 0 proposes, 1 cancels, 2 accepts     |
/// | 8     | `cookie`     | the message's                        |
/// | 16    | `capability` | what is proposed                     |
/// | TLVs  | `tlvs`       | [`RendezvousTlv`]                    |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rendezvous<'a> {
    /// What happens to the proposal.
    pub kind: u16,
    /// The message's.
    pub cookie: Cookie,
    /// What is proposed.
    pub capability: Guid,
    /// How.
    pub tlvs: Chain<RendezvousTlv<'a>>,
}

impl Rendezvous<'_> {
    /// `kind`: proposes.
    pub const PROPOSE: u16 = 0;
    /// `kind`: cancels.
    pub const CANCEL: u16 = 1;
    /// `kind`: accepts.
    pub const ACCEPT: u16 = 2;
}

tlvs! {
    /// The TLVs of a proposal.
    pub enum RendezvousTlv {
        /// Where to connect: the sender's address, or the proxy's.
        0x0002 rdv_ip Address(Ipv4Addr),
        /// The address the sender believes in.
        0x0003 internal_ip InternalAddress(Ipv4Addr),
        /// The sender's address, as the server sees it.
        0x0004 verified_ip VerifiedAddress(Ipv4Addr),
        /// The port there.
        0x0005 port Port(u16),
        /// Which proposal of a negotiation it is; of ICQ messages: 1 message, 2 reply.
        0x000A seqnum Sequence(u16),
        /// Why it is cancelled: 0 unknown, 1 refused, 2 too late, 3 accepted elsewhere.
        0x000B cancel_reason CancelReason(u16),
        /// The invitation in words.
        0x000C invitation Invitation(Text<'a>),
        /// The charset of the invitation.
        0x000D charset Charset(Text<'a>),
        /// The language of the invitation.
        0x000E lang Language(Text<'a>),
        /// The server should look whether the receiver can do it.
        0x000F host_check HostCheck,
        /// A proxy stands between.
        0x0010 use_proxy UseProxy,
        /// The newest version.
        0x0012 max_version MaxVersion(u16),
        /// The oldest version.
        0x0013 min_version MinVersion(u16),
        /// Why it is answered by a proposal.
        0x0014 counter_reason CounterReason(u16),
        /// The address, every bit turned.
        0x0016 ip_xor AddressCheck(Bytes<'a>),
        /// The port, every bit turned.
        0x0017 port_xor PortCheck(Bytes<'a>),
        /// What is proposed, by capability.
        0x2711 ext Service(Service<'a>),
        /// The charset of the file's name.
        0x2712 file_charset FileCharset(Text<'a>),
    }
}

/// TLV 0x2711: what is proposed, by capability.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Service<'a> {
    /// A message of ICQ.
    Relay(Box<Relay<'a>>),
    /// A file.
    File(FileOffer<'a>),
    /// A chat room.
    Room(Room<'a>),
    /// Something else.
    Other(Bytes<'a>),
}

layout! {
    /// Files somebody wants to send (§5.2).
    ///
    /// | bytes | field   | meaning                        |
    /// |-------|---------|--------------------------------|
    /// | 2     | `multi` | 1 one file, 2 several          |
    /// | 2     | `files` | how many                       |
    /// | 4     | `total` | their size                     |
    /// | n     | `name`  | a name, NUL at its end         |
    pub struct FileOffer<'a> {
        /// 1 one file, 2 several.
        multi: u16,
        /// How many.
        files: u16,
        /// Their size.
        total: u32,
        /// The name of the file, or of the folder.
        name: FileName<'a>,
    }
}

parts! {
    group FileOffer<'a>, 8;
}

/// The name of a file up to the end of its area, with or without NULs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileName<'a>(pub &'a [u8]);

impl<'a> FileName<'a> {
    /// The name up to its first NUL.
    pub fn name(&self) -> &'a [u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

impl<'a> Part<'a> for FileName<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        let bytes = reader.rest_as(name, |bytes| Value::Text(FileName(bytes).name()));
        Ok(Self(bytes))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

/// Read without knowing the capability, as chains do.
impl<'a> Part<'a> for Service<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        Part::read(reader, name).map(Self::Other)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Relay(relay) => Part::write(&**relay, writer),
            Self::File(offer) => Part::write(offer, writer),
            Self::Room(room) => Part::write(room, writer),
            Self::Other(bytes) => bytes.write(writer),
        }
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

impl<'a> Service<'a> {
    fn read_for(proposed: Guid, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let name = "ext";
        Ok(match proposed {
            capability::RELAY => Self::Relay(Box::new(Part::read(reader, name)?)),
            capability::FILES => Self::File(Part::read(reader, name)?),
            capability::CHAT => Self::Room(Part::read(reader, name)?),
            _ => Self::Other(Part::read(reader, name)?),
        })
    }
}

impl<'a> Part<'a> for Rendezvous<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.group(name, Layout::read)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        Layout::write(self, writer);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 26
    }
}

impl<'a> Layout<'a> for Rendezvous<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let kind = reader.u16("kind")?;
        let cookie = Part::read(reader, "cookie")?;
        let capability = Guid::read(reader, "capability")?;
        let tlvs = Chain::read_with(reader, usize::MAX, |kind, reader| match kind {
            0x2711 => Service::read_for(capability, reader)
                .map(RendezvousTlv::Service)
                .map(Some),
            _ => RendezvousTlv::read_value(kind, reader),
        })?;
        Ok(Self {
            kind,
            cookie,
            capability,
            tlvs,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.kind);
        self.cookie.write(writer);
        self.capability.write(writer);
        self.tlvs.write(writer);
    }
}
