//! Messages on their way, as they are written down: batches, and how far each message has come.

use std::collections::BTreeMap;

use super::Effects;
use crate::store::{Cursor, Entry, Incoming, Outgoing};

/// Numbers messages and keeps the batches of both directions.
#[derive(Debug, Default)]
pub struct Journal {
    cursor: Cursor,
}

/// The messages of a journal, by direction.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// To ICQ, each as far as it had come.
    pub outgoing: Vec<Outgoing>,
    /// From ICQ, shown ones included: a repetition by the ICQ server is recognised by them.
    pub incoming: Vec<Incoming>,
}

impl Journal {
    /// As it was written down, and the messages in it: for [`Outbox::load`](super::Outbox::load) and
    /// [`Inbox::load`](super::Inbox::load).
    pub fn load(batches: BTreeMap<u64, Vec<Entry>>, cursor: Cursor) -> (Self, Unfinished) {
        let mut unfinished = Unfinished::default();
        for entry in batches.into_values().flatten() {
            match entry {
                Entry::ToIcq(outgoing) => unfinished.outgoing.push(outgoing),
                Entry::FromIcq(incoming) => unfinished.incoming.push(incoming),
            }
        }
        (Self { cursor }, unfinished)
    }

    /// Writes down what was taken and what has ended since the last time. To be called before
    /// [`Effects::take_changes`], each time.
    pub fn flush(&mut self, _fx: &mut Effects) {}
}
