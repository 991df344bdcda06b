//! The versions of the UDP protocol.

/// A version word, the first two bytes of every datagram (`icq-udp.md` §1).
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
