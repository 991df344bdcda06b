//! What happened to every message and every session, for checkers of histories.
//!
//! The journal is a test hook: no client sees it. It is off unless
//! [`Setup::journal`](super::Setup::journal) gives it room, and forgets its oldest entries when that
//! is full.

use std::collections::VecDeque;

use crate::model::{Uin, UnixTime};

/// The server's own number for a message, unique within one [`Server`](super::Server) and rising.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LetterNumber(pub u64);

/// One line of the journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// When.
    pub at: UnixTime,
    /// What.
    pub event: JournalEvent,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JournalEvent {
    /// A session began.
    LoggedOn(Uin),
    /// A session ended.
    LoggedOff(Uin, Ending),
    /// A message was taken from its sender. Every later line about it carries its number.
    Accepted {
        /// The number it got.
        letter: LetterNumber,
        /// Its sender.
        from: Uin,
        /// Its receiver.
        to: Uin,
        /// Its type.
        kind: u16,
        /// Its bytes, without the NUL.
        body: Vec<u8>,
    },
    /// It left for its receiver for the first time in this session, relayed or as a stored message.
    Sent(LetterNumber),
    /// Its receiver acknowledged it; a contact living in the server does so by reading it.
    Acknowledged(LetterNumber),
    /// It joined those stored for its receiver.
    Stored(LetterNumber),
    /// Its receiver asked to delete it from those stored.
    Deleted(LetterNumber),
    /// It vanished.
    Lost(LetterNumber, Loss),
}

/// Why a message vanished.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loss {
    /// Nobody has the receiver's UIN.
    UnknownReceiver,
    /// Too many are stored for the receiver already.
    StoreFull,
    /// It is longer than the server relays.
    TooLong,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Its client said so.
    LoggedOff,
    /// Another login took its place.
    Replaced,
    /// It said nothing for too long.
    Silent,
    /// A packet was sent as often as allowed and not acknowledged.
    Unacknowledged,
    /// More was due to it than the server keeps.
    Overfull,
    /// It sent more than the server's limits allow.
    OverLimit,
    /// A test hook kicked it.
    Kicked,
    /// The server went down and said so.
    ShutDown,
    /// Its account went.
    Unregistered,
    /// The server forgot everything that is not kept.
    Restarted,
}

/// The journal itself.
#[derive(Debug)]
pub(super) struct Journal {
    room: usize,
    entries: VecDeque<Entry>,
}

impl Journal {
    pub(super) const fn new(room: usize) -> Self {
        Self {
            room,
            entries: VecDeque::new(),
        }
    }

    pub(super) fn note(&mut self, at: UnixTime, event: impl FnOnce() -> JournalEvent) {
        if self.room == 0 {
            return;
        }
        if self.entries.len() == self.room {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { at, event: event() });
    }

    pub(super) fn take(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_journal_forgets_its_oldest_lines() {
        let mut journal = Journal::new(2);

        for uin in 1..=3 {
            journal.note(UnixTime(0), || JournalEvent::LoggedOn(Uin(uin)));
        }

        let events: Vec<_> = journal.take().into_iter().map(|e| e.event).collect();
        let expected = [2, 3].map(|uin| JournalEvent::LoggedOn(Uin(uin)));
        assert_eq!(events, expected);
        assert!(journal.take().is_empty());
    }

    #[test]
    fn a_journal_without_room_notes_nothing() {
        let mut journal = Journal::new(0);

        journal.note(UnixTime(0), || unreachable!());

        assert!(journal.take().is_empty());
    }
}
