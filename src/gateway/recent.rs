//! A table that cannot grow without end.

use std::collections::BTreeMap;
use std::time::Instant;

/// What is remembered about whoever was heard of lately: when the table is full, the half that has been
/// silent longest is forgotten.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    known: BTreeMap<K, (Instant, V)>,
    capacity: usize,
}

impl<K: Ord, V: Default> Recent<K, V> {
    /// An empty table for so many.
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            known: BTreeMap::new(),
            capacity,
        }
    }

    /// What is remembered about `key`, which is heard of now.
    pub(super) fn of(&mut self, now: Instant, key: K) -> &mut V {
        if self.known.len() >= self.capacity && !self.known.contains_key(&key) {
            self.forget_older_half();
        }
        let entry = self.known.entry(key).or_insert_with(|| (now, V::default()));
        entry.0 = now;
        &mut entry.1
    }

    fn forget_older_half(&mut self) {
        let mut heard: Vec<Instant> = self.known.values().map(|(at, _)| *at).collect();
        let half = heard.len() / 2;
        let (_, median, _) = heard.select_nth_unstable(half);
        let median = *median;
        let before = self.known.len();
        self.known.retain(|_, (at, _)| *at > median);
        if self.known.len() == before {
            self.known.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_older_half_goes_when_the_table_is_full() {
        let start = Instant::now();
        let mut table: Recent<u32, u32> = Recent::new(4);
        for key in 0..4 {
            let now = start + Duration::from_secs(key.into());
            *table.of(now, key) = key + 100;
        }

        let now = start + Duration::from_secs(9);
        *table.of(now, 9) = 9;

        assert_eq!(*table.of(now, 3), 103);
        assert_eq!(*table.of(now, 0), 0);
        assert!(table.known.len() <= 4);
    }

    #[test]
    fn it_stays_bounded_when_all_come_at_once() {
        let now = Instant::now();
        let mut table: Recent<u32, u32> = Recent::new(10);
        for key in 0..1000 {
            table.of(now, key);
            assert!(table.known.len() <= 10);
        }
    }
}
