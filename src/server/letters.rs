//! Messages on their way, and those that wait for somebody offline (icq-udp.md §7.5).

use std::collections::BTreeMap;

use crate::model::{Now, Uin, UnixTime};

use super::journal::LetterNumber;

/// A message the server took from its sender. Its bytes are relayed unread.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Letter {
    pub(super) number: LetterNumber,
    pub(super) from: Uin,
    pub(super) to: Uin,
    /// The type, flags included.
    pub(super) kind: u16,
    /// The text without its NUL.
    pub(super) body: Vec<u8>,
    /// When the server took it.
    pub(super) sent: UnixTime,
    /// The number of the request with which it came; 0 if it came otherwise.
    pub(super) senders_seq2: u16,
}

/// A letter that waits for its receiver.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) letter: Letter,
    /// How far it came in the receiver's present session.
    pub(super) offer: Offer,
}

/// How far a stored letter came in its receiver's present session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Offer {
    /// Not sent.
    Waiting,
    /// Sent or about to be; nobody knows whether it arrived.
    OnTheWay,
    /// The same, and the client has said already that it may be deleted: on a network packets overtake.
    Unwanted,
    /// Arrived: it may be deleted when the client says so.
    Arrived,
}

/// All stored letters.
#[derive(Debug, Default)]
pub(super) struct Letters {
    last: u64,
    stored: BTreeMap<Uin, Vec<Stored>>,
}

impl Letters {
    /// Makes a letter.
    pub(super) fn write(&mut self, now: Now, from: Uin, to: Uin, kind: u16, body: &[u8]) -> Letter {
        self.last += 1;
        Letter {
            number: LetterNumber(self.last),
            from,
            to,
            kind,
            body: body.to_vec(),
            sent: now.unix,
            senders_seq2: 0,
        }
    }

    /// Stores a letter among the others of its receiver, in the order they were written.
    pub(super) fn keep(&mut self, letter: Letter) -> bool {
        let stored = self.stored.entry(letter.to).or_default();
        if stored.len() >= MAX_STORED {
            return false;
        }
        let place = stored.partition_point(|other| other.letter.number < letter.number);
        stored.insert(
            place,
            Stored {
                letter,
                offer: Offer::Waiting,
            },
        );
        true
    }

    /// What waits for somebody.
    pub(super) fn stored(&self, uin: Uin) -> &[Stored] {
        self.stored.get(&uin).map_or(&[], Vec::as_slice)
    }

    /// Puts on the way what was not offered in this session, or everything once more.
    pub(super) fn offer(&mut self, uin: Uin, again: bool) -> Vec<Letter> {
        self.stored
            .get_mut(&uin)
            .into_iter()
            .flatten()
            .filter(|stored| again || stored.offer == Offer::Waiting)
            .map(|stored| {
                if stored.offer == Offer::Waiting {
                    stored.offer = Offer::OnTheWay;
                }
                stored.letter.clone()
            })
            .collect()
    }

    /// Notes that a stored letter reached its receiver; `true` if that deletes it.
    pub(super) fn arrived(&mut self, uin: Uin, number: LetterNumber) -> bool {
        let Some(stored) = self.stored.get_mut(&uin) else {
            return false;
        };
        let Some(at) = stored.iter().position(|it| it.letter.number == number) else {
            return false;
        };
        let is_unwanted = stored[at].offer == Offer::Unwanted;
        match is_unwanted {
            true => _ = stored.remove(at),
            false => stored[at].offer = Offer::Arrived,
        }
        if stored.is_empty() {
            self.stored.remove(&uin);
        }
        is_unwanted
    }

    /// Deletes what arrived of those that are unwanted, and says what that was. What is still on its way
    /// is deleted when it arrives.
    pub(super) fn delete_arrived(
        &mut self,
        uin: Uin,
        is_unwanted: impl Fn(&Letter) -> bool,
    ) -> Vec<LetterNumber> {
        let Some(stored) = self.stored.get_mut(&uin) else {
            return Vec::new();
        };
        let deleted = stored
            .extract_if(.., |stored| {
                stored.offer == Offer::Arrived && is_unwanted(&stored.letter)
            })
            .map(|stored| stored.letter.number)
            .collect();
        for stored in stored.iter_mut() {
            if stored.offer == Offer::OnTheWay && is_unwanted(&stored.letter) {
                stored.offer = Offer::Unwanted;
            }
        }
        if stored.is_empty() {
            self.stored.remove(&uin);
        }
        deleted
    }

    /// Takes everything out: the account goes, or a contact living in the server reads it.
    pub(super) fn take_all(&mut self, uin: Uin) -> Vec<Letter> {
        self.stored
            .remove(&uin)
            .unwrap_or_default()
            .into_iter()
            .map(|stored| stored.letter)
            .collect()
    }

    /// The receiver's session ended: everything has to be offered again.
    pub(super) fn forget_offers(&mut self, uin: Uin) {
        for stored in self.stored.get_mut(&uin).into_iter().flatten() {
            stored.offer = Offer::Waiting;
        }
    }
}

/// Letters kept for one UIN at the very most. The ordinary limit is the behaviour's; what was on the
/// way when a session ended may go beyond that, up to here.
const MAX_STORED: usize = 1024;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn letters_wait_in_the_order_they_were_written_however_they_come_back() {
        let (mut letters, now) = (Letters::default(), now());
        let written: Vec<Letter> = (0..3)
            .map(|n| letters.write(now, Uin(1), Uin(2), 1, &[n]))
            .collect();

        for index in [2, 0, 1] {
            assert!(letters.keep(written[index].clone()));
        }

        assert_eq!(letters.offer(Uin(2), false), written);
    }

    #[test]
    fn only_what_arrived_is_deleted_and_a_new_session_is_offered_the_rest() {
        let (mut letters, now) = (Letters::default(), now());
        for _ in 0..2 {
            let letter = letters.write(now, Uin(1), Uin(2), 1, b"x");
            letters.keep(letter);
        }
        letters.offer(Uin(2), false);
        letters.arrived(Uin(2), LetterNumber(2));

        assert_eq!(letters.delete_arrived(Uin(2), |_| true), [LetterNumber(2)]);
        assert!(letters.offer(Uin(2), false).is_empty());
        letters.forget_offers(Uin(2));
        assert_eq!(letters.offer(Uin(2), false).len(), 1);
    }

    #[test]
    fn what_arrives_after_its_deletion_is_deleted_then() {
        let (mut letters, now) = (Letters::default(), now());
        let letter = letters.write(now, Uin(1), Uin(2), 1, b"x");
        letters.keep(letter);
        letters.offer(Uin(2), false);

        assert!(letters.delete_arrived(Uin(2), |_| true).is_empty());
        assert_eq!(letters.stored(Uin(2)).len(), 1);
        assert!(letters.arrived(Uin(2), LetterNumber(1)));

        assert!(letters.stored(Uin(2)).is_empty());
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let (mut letters, now) = (Letters::default(), now());
        let kept = (0..2 * MAX_STORED).filter(|_| {
            let letter = letters.write(now, Uin(1), Uin(2), 1, b"x");
            letters.keep(letter)
        });

        assert_eq!(kept.count(), MAX_STORED);
    }

    fn now() -> Now {
        Now {
            instant: Instant::now(),
            unix: UnixTime(0),
        }
    }
}
