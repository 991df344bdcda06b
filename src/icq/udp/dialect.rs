//! What sets the versions of the UDP protocol apart: the envelope around a body, and manners.

use std::fmt;

use super::{Manner, V1, V2, V3, V4, V5};
use crate::icq::wire::{DecodeError, Reader, Version};
use crate::model::Uin;

/// A packet's header, in the terms all versions share. A version ignores what it cannot carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// The version word: which form the packet came in, or is to be sealed in.
    pub version: Version,
    /// What the body is.
    pub command: u16,
    /// Counts packets; the acknowledgement repeats it.
    pub seq1: u16,
    /// Counts requests; the reply repeats it. V2 has it in searches, questions and their answers.
    pub seq2: u16,
    /// Sender of a client's packet, addressee of a server's; 0 before a UIN exists, and in what
    /// V2 servers send.
    pub uin: Uin,
    /// Chosen at login and echoed by the server. V5 form only, else 0.
    pub session_id: u32,
}

/// Who sent a packet: the two directions have different layouts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// An ICQ client.
    Client,
    /// An ICQ server.
    Server,
}

/// The randomness a packet takes, as an argument so that a packet can be made again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Noise {
    /// Which byte of the packet the check word covers; moved into the range the version allows.
    pub r1: u8,
    /// Which byte of the table the check word covers.
    pub r2: u8,
    /// What a V4 client puts into its header.
    pub random: u16,
    /// What a V5 client's packet without a body carries instead.
    pub filler: [u8; 4],
}

impl From<u64> for Noise {
    /// Makes noise of a random number.
    fn from(random: u64) -> Self {
        let [r1, r2, a, b, c, d, e, f] = random.to_le_bytes();
        Self {
            r1,
            r2,
            random: u16::from_le_bytes([e, f]),
            filler: [a, b, c, d],
        }
    }
}

/// A datagram without its envelope. Its `Debug` shows no bytes: there may be a password in them.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Opened<'a> {
    /// What the envelope says.
    pub header: Header,
    /// The check word.
    pub check: u32,
    /// The check word fits the packet. Proves nothing about who sent it, and senders of record
    /// get it wrong (`icq-udp.md` §12): a reason to warn, not to drop.
    pub check_valid: bool,
    /// The whole packet, cipher removed.
    pub plain: &'a [u8],
    /// What follows the header.
    pub body: &'a [u8],
}

impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("header", &self.header)
            .field("check", &self.check)
            .field("check_valid", &self.check_valid)
            .field("length", &self.plain.len())
            .finish_non_exhaustive()
    }
}

/// One version of the UDP protocol: its envelope, its cipher, and how its sessions behave.
pub trait Dialect: Send + Sync {
    /// Which version: what the bodies are read and written as, whatever the header's form.
    fn version(&self) -> Version;

    /// How sessions behave.
    fn manner(&self) -> &'static Manner;

    /// Wraps `body`. The header says in which form; `noise` is the randomness it may take.
    fn seal(&self, from: Side, header: &Header, noise: Noise, body: &[u8]) -> Vec<u8>;

    /// Takes the cipher off a datagram, in place. What is not enciphered stays as it is.
    fn decipher(&self, from: Side, datagram: &mut [u8]) -> Result<(), DecodeError>;

    /// Reads the header off a packet without cipher.
    fn read<'a>(&self, from: Side, reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError>;

    /// Unwraps a datagram, deciphering it in place.
    fn open<'a>(&self, from: Side, datagram: &'a mut [u8]) -> Result<Opened<'a>, DecodeError> {
        self.decipher(from, datagram)?;
        self.read(from, &mut Reader::new(datagram))
    }
}

impl Version {
    /// The dialect of this version.
    pub const fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::V1 => &V1,
            Self::V2 => &V2,
            Self::V3 => &V3::GROUPWARE,
            Self::V4 => &V4,
            Self::V5 => &V5,
        }
    }
}

/// Takes the version word, which has to be one of `accepted`.
pub(super) fn take_version(
    reader: &mut Reader<'_>,
    from: Side,
    accepted: &[Version],
) -> Result<Version, DecodeError> {
    let version = Version::of(reader.peek()).filter(|version| accepted.contains(version));
    match (from, version) {
        // The form of a server's packet is not always that of its session.
        (Side::Server, Some(Version::V3)) => reader.u16_le("wire_version").map(|_| Version::V3),
        (_, Some(version)) => reader.constant_u16_le("version").map(|_| version),
        (_, None) => Err(DecodeError::Invalid {
            field: "version",
            value: reader.u16_le("version")?.into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_version_has_its_own_dialect() {
        for version in Version::ALL {
            assert_eq!(version.dialect().version(), version);
        }
    }

    proptest! {
        #[test]
        fn any_datagram_is_opened_or_refused_by_every_dialect(datagram: Vec<u8>, word in 0_u8..7) {
            for version in Version::ALL {
                for from in [Side::Client, Side::Server] {
                    let _opened = version.dialect().open(from, &mut datagram.clone());
                    let mut datagram = datagram.clone();
                    if let Some(first) = datagram.first_chunk_mut::<2>() {
                        *first = [word, 0];
                    }
                    let _opened = version.dialect().open(from, &mut datagram);
                }
            }
        }
    }
}
