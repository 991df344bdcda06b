//! Learns when stanzas have reached the server: a ping to ourselves, written behind them, comes back
//! through the server in its turn.

use std::time::{Duration, Instant};

use crate::gateway::Mark;

/// The points in the outgoing stream whose arrival somebody waits for.
///
/// One ping is under way at a time and serves every mark before it, however many; so their number
/// depends on the server's pace and not on the number of messages.
#[derive(Debug)]
pub struct Marks<U> {
    /// Behind the last ping.
    waiting: Vec<MarkOf<U>>,
    /// Before it.
    covered: Vec<MarkOf<U>>,
    sent: Option<(u64, Instant)>,
    last_number: u64,
}

/// A user's mark.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MarkOf<U> {
    /// Whose it is.
    pub user: U,
    /// Which.
    pub mark: Mark,
}

impl<U> Default for Marks<U> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            covered: Vec::new(),
            sent: None,
            last_number: 0,
        }
    }
}

impl<U> Marks<U> {
    /// Somebody waits for everything that was written so far.
    pub fn add(&mut self, mark: MarkOf<U>) {
        self.waiting.push(mark);
    }

    /// The number of a ping that has to be written now. One that did not come back in time is
    /// replaced by a new one behind everything.
    pub fn poll_ping(&mut self, now: Instant) -> Option<u64> {
        let needed = match self.sent {
            None => !self.waiting.is_empty(),
            Some((_, sent)) => now - sent >= PATIENCE,
        };
        if !needed {
            return None;
        }
        self.covered.append(&mut self.waiting);
        self.last_number += 1;
        self.sent = Some((self.last_number, now));
        Some(self.last_number)
    }

    /// A ping came back: what was before it has reached the server.
    pub fn handle_returned(&mut self, number: u64) -> Vec<MarkOf<U>> {
        if self.sent.is_none_or(|(sent, _)| sent != number) {
            return Vec::new();
        }
        self.sent = None;
        std::mem::take(&mut self.covered)
    }

    /// When [`poll_ping`](Self::poll_ping) has to be asked again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.sent.map(|(_, sent)| sent + PATIENCE)
    }
}

/// A ping may be lost to another instance of this program (xmpp-gateway.md §10.6).
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ping_serves_all_marks_before_it() {
        let now = Instant::now();
        let mut marks = Marks::default();
        marks.add(mark(1));
        marks.add(mark(2));

        let ping = marks.poll_ping(now).unwrap();

        assert_eq!(marks.poll_ping(now), None);
        assert_eq!(marks.handle_returned(ping), [mark(1), mark(2)]);
        assert_eq!(marks.poll_ping(now), None);
    }

    #[test]
    fn a_mark_behind_a_ping_waits_for_the_next_one() {
        let now = Instant::now();
        let mut marks = Marks::default();
        marks.add(mark(1));
        let first = marks.poll_ping(now).unwrap();

        marks.add(mark(2));

        assert_eq!(marks.poll_ping(now), None);
        assert_eq!(marks.handle_returned(first), [mark(1)]);
        let second = marks.poll_ping(now).unwrap();
        assert_eq!(marks.handle_returned(second), [mark(2)]);
    }

    #[test]
    fn a_ping_that_is_lost_is_replaced() {
        let start = Instant::now();
        let mut marks = Marks::default();
        marks.add(mark(1));
        let lost = marks.poll_ping(start).unwrap();
        marks.add(mark(2));

        let due = marks.poll_timeout().unwrap();
        let second = marks.poll_ping(due).unwrap();

        assert_eq!(due, start + Duration::from_secs(10));
        assert_eq!(marks.handle_returned(lost), []);
        assert_eq!(marks.handle_returned(second), [mark(1), mark(2)]);
        assert_eq!(marks.handle_returned(second), []);
    }

    fn mark(number: u64) -> MarkOf<&'static str> {
        MarkOf {
            user: "romeo",
            mark: Mark(number),
        }
    }
}
