//! What sets the versions of the UDP protocol apart: the envelope around a body.

use std::fmt;

use crate::icq::wire::{DecodeError, Reader};
use crate::model::Uin;

/// A version word, the first two bytes of every datagram.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// ICQ groupware; also the form in which servers send a few packets to V5 clients
    /// (`icq-udp.md` §2.5).
    V3,
    /// ICQ 99 and 2000.
    V5,
}

impl Version {
    /// The version word.
    pub const fn word(self) -> u16 {
        match self {
            Self::V3 => 3,
            Self::V5 => 5,
        }
    }
}

/// A packet's header, in the terms all versions share. A version ignores what it cannot carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// The version word: which form the packet came in, or is to be sealed in.
    pub version: Version,
    /// What the body is.
    pub command: u16,
    /// Counts packets; the acknowledgement repeats it.
    pub seq1: u16,
    /// Counts requests; the reply repeats it. From V3 on.
    pub seq2: u16,
    /// Sender of a client's packet, addressee of a server's; 0 before a UIN exists.
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
    /// What a packet without a body carries instead.
    pub filler: [u8; 4],
}

impl From<u64> for Noise {
    /// Makes noise of a random number.
    fn from(random: u64) -> Self {
        let [r1, r2, a, b, c, d, ..] = random.to_le_bytes();
        Self {
            r1,
            r2,
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

/// One version of the UDP protocol: its envelope and its cipher.
pub trait Dialect: Send + Sync {
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
