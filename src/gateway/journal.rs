//! Messages on their way, as they are written down: batches, and how far each message has come.

use std::collections::BTreeMap;

use crate::store::{Cursor, Entry};

/// Numbers messages and keeps the batches of both directions.
#[derive(Debug, Default)]
#[expect(dead_code, reason = "the rules come with the journal")]
pub struct Journal {
    batches: BTreeMap<u64, Vec<u64>>,
    cursor: Cursor,
}

impl Journal {
    /// As it was written down.
    pub fn load(journal: &BTreeMap<u64, Vec<Entry>>, cursor: Cursor) -> Self {
        let id = |entry: &Entry| match entry {
            Entry::ToIcq(outgoing) => outgoing.id,
            Entry::FromIcq(incoming) => incoming.id,
        };
        let ids = |entries: &Vec<Entry>| entries.iter().map(id).collect();
        Self {
            batches: journal
                .iter()
                .map(|(batch, entries)| (*batch, ids(entries)))
                .collect(),
            cursor,
        }
    }
}
