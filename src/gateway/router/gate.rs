//! Whose turn it is to log in to ICQ (xmpp-gateway.md §28.1): after a restart thousands want to.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use xmpp_parsers::jid::BareJid;

use crate::gateway::pace::{Pace, Rate};

/// The queue of those who want to log in.
#[derive(Debug, Default)]
pub(super) struct Gate {
    queue: VecDeque<BareJid>,
    pace: Pace,
    next: Option<Instant>,
}

impl Gate {
    /// Queues somebody who is not queued yet; `urgent` goes first: a person waits for the answer.
    pub(super) fn join(&mut self, user: BareJid, urgent: bool) {
        match urgent {
            true => self.queue.push_front(user),
            false => self.queue.push_back(user),
        }
        self.next = None;
    }

    /// The next one, if it is time.
    pub(super) fn next(&mut self, now: Instant, per_second: u32) -> Option<BareJid> {
        if self.queue.is_empty() {
            return None;
        }
        match self
            .pace
            .take(now, Rate::per(Duration::from_secs(1), per_second))
        {
            Ok(()) => self.queue.pop_front(),
            Err(turn) => {
                self.next = Some(turn);
                None
            }
        }
    }

    /// When to ask again, if ever.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.next.filter(|_| !self.queue.is_empty())
    }
}
