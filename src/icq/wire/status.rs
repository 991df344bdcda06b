//! Status words (`icq-udp.md` §10.2, §10.3): the low half says how reachable somebody is, the high
//! half carries flags.

use crate::model::{Availability, Status};

/// What a status word says; `None` is offline.
///
/// The low half is read bit by bit, because clients set more bits than one: "occupied" comes as
/// 0x10 and as 0x11. Statuses of later clients (0x2001 lunch, 0x3000 evil, …) have the bits of the
/// status they are a kind of, where there is one.
pub fn from_word(word: u32) -> Option<Status> {
    let low = word & 0xFFFF;
    if low == OFFLINE {
        return None;
    }
    let availability = BITS
        .iter()
        .find(|(bit, _)| low & bit != 0)
        .map_or(Availability::Online, |(_, availability)| *availability);
    Some(Status {
        availability,
        invisible: low & INVISIBLE != 0,
        web_aware: word & WEB_AWARE != 0,
        birthday: word & BIRTHDAY != 0,
    })
}

/// The word for a status.
pub const fn to_word(status: Status) -> u32 {
    let mut word = match status.availability {
        Availability::Online => 0,
        Availability::FreeForChat => 0x20,
        Availability::Away => 0x01,
        Availability::NotAvailable => 0x05,
        Availability::Occupied => 0x11,
        Availability::DoNotDisturb => 0x13,
    };
    if status.invisible {
        word |= INVISIBLE;
    }
    if status.web_aware {
        word |= WEB_AWARE;
    }
    if status.birthday {
        word |= BIRTHDAY;
    }
    word
}

/// Which statuses a version has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Statuses {
    /// Online, away, do not disturb and invisible, without flags: V1 and V2. The nearest of them stands
    /// for the others. Do not disturb is 0x11, which later clients mean as occupied (§10.2).
    Early,
    /// All of them, and flags.
    All,
}

impl Statuses {
    /// What a status word says; `None` is offline.
    pub fn read(self, word: u32) -> Option<Status> {
        let mut status = from_word(word)?;
        if self == Self::Early && status.availability == Availability::Occupied {
            status.availability = Availability::DoNotDisturb;
        }
        Some(status)
    }

    /// The word for one's own status, of a client without direct connections.
    pub const fn own_word(self, status: Status) -> u32 {
        match self {
            Self::All => to_word(status) | DIRECT_NEEDS_AUTHORISATION,
            Self::Early => {
                let low = match status.availability {
                    Availability::Online | Availability::FreeForChat => 0,
                    Availability::Away | Availability::NotAvailable => 0x01,
                    Availability::Occupied | Availability::DoNotDisturb => 0x11,
                };
                if status.invisible {
                    low | INVISIBLE
                } else {
                    low
                }
            }
        }
    }
}

/// Flag for one's own status word: direct connections need authorisation. What a client without
/// direct connections adds.
pub const DIRECT_NEEDS_AUTHORISATION: u32 = 0x1000_0000;

/// Tested from the top, for several can be set.
const BITS: [(u32, Availability); 5] = [
    (0x02, Availability::DoNotDisturb),
    (0x10, Availability::Occupied),
    (0x04, Availability::NotAvailable),
    (0x01, Availability::Away),
    (0x20, Availability::FreeForChat),
];

const OFFLINE: u32 = 0xFFFF;
const INVISIBLE: u32 = 0x0100;
const WEB_AWARE: u32 = 0x0001_0000;
const BIRTHDAY: u32 = 0x0008_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_reference_is_read_as_it_says() {
        for (word, availability) in [
            (0x0000, Availability::Online),
            (0x0001, Availability::Away),
            (0x0002, Availability::DoNotDisturb),
            (0x0013, Availability::DoNotDisturb),
            (0x0004, Availability::NotAvailable),
            (0x0005, Availability::NotAvailable),
            (0x0010, Availability::Occupied),
            (0x0011, Availability::Occupied),
            (0x0020, Availability::FreeForChat),
        ] {
            assert_eq!(from_word(word), Some(availability.into()), "{word:#x}");
        }
        assert_eq!(from_word(0xFFFF), None);
        assert_eq!(from_word(0x0003_FFFF), None);
    }

    #[test]
    fn statuses_of_later_clients_become_the_nearest_old_one() {
        assert_eq!(from_word(0x2001), Some(Availability::Away.into()));
        for word in [0x3000, 0x4000, 0x5000, 0x6000] {
            assert_eq!(from_word(word), Some(Availability::Online.into()));
        }
    }

    #[test]
    fn flags_stand_beside_the_availability() {
        assert_eq!(
            from_word(0x1009_0101),
            Some(Status {
                availability: Availability::Away,
                invisible: true,
                web_aware: true,
                birthday: true,
            })
        );
    }

    #[test]
    fn early_versions_know_four_statuses_and_no_flags() {
        let status = |availability| Status {
            availability,
            invisible: false,
            web_aware: true,
            birthday: true,
        };
        for (availability, word, heard) in [
            (Availability::Online, 0, Availability::Online),
            (Availability::FreeForChat, 0, Availability::Online),
            (Availability::Away, 0x01, Availability::Away),
            (Availability::NotAvailable, 0x01, Availability::Away),
            (Availability::Occupied, 0x11, Availability::DoNotDisturb),
            (Availability::DoNotDisturb, 0x11, Availability::DoNotDisturb),
        ] {
            let own = Statuses::Early.own_word(status(availability));
            assert_eq!(own, word, "{availability:?}");
            assert_eq!(Statuses::Early.read(own), Some(heard.into()));
            assert_eq!(
                Statuses::All.own_word(status(availability)),
                to_word(status(availability)) | DIRECT_NEEDS_AUTHORISATION
            );
        }
        let invisible = Status {
            invisible: true,
            ..Status::default()
        };
        assert_eq!(Statuses::Early.own_word(invisible), 0x100);
        assert_eq!(Statuses::Early.read(0x100), Some(invisible));
        assert_eq!(Statuses::Early.read(0xFFFF), None);
        assert_eq!(
            Statuses::All.read(0x11),
            Some(Availability::Occupied.into())
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        for availability in [
            Availability::Online,
            Availability::FreeForChat,
            Availability::Away,
            Availability::NotAvailable,
            Availability::Occupied,
            Availability::DoNotDisturb,
        ] {
            for flags in 0..8 {
                let status = Status {
                    availability,
                    invisible: flags & 1 != 0,
                    web_aware: flags & 2 != 0,
                    birthday: flags & 4 != 0,
                };
                assert_eq!(from_word(to_word(status)), Some(status));
            }
        }
    }
}
