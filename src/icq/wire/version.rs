//! The versions of the UDP protocol.

use std::fmt;

/// A version word, the first two bytes of every datagram (`icq-udp.md` §1).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// The betas of 1996. Experimental: one server knows it, nobody recorded it (§1.1).
    V1,
    /// ICQ up to the first beta of ICQ 98.
    V2,
    /// ICQ groupware; also the form in which servers send a few packets to V5 clients
    /// (`icq-udp.md` §2.5).
    V3,
    /// ICQ 98. Its servers write the form of V3.
    V4,
    /// ICQ 99 and 2000.
    V5,
}

impl Version {
    /// All of them, the oldest first.
    pub const ALL: [Self; 5] = [Self::V1, Self::V2, Self::V3, Self::V4, Self::V5];

    /// The version word.
    pub const fn word(self) -> u16 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }

    /// The version of that version word.
    pub fn of_word(word: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.word() == word)
    }

    /// The version that a datagram says it is of: the word is in clear in every version.
    pub fn of(datagram: &[u8]) -> Option<Self> {
        Self::of_word(u16::from_le_bytes(*datagram.first_chunk()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V{}", self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_bytes_of_a_datagram_are_its_version() {
        assert_eq!(Version::of(b"\x05\0rest"), Some(Version::V5));
        assert_eq!(Version::of(b"\x02\0"), Some(Version::V2));
        for other in [&b""[..], b"\x02", b"\x02\x01", b"\0\0", b"\x06\0"] {
            assert_eq!(Version::of(other), None, "{other:?}");
        }
    }
}
