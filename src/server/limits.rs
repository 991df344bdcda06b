//! What one source may cost the server (icq-udp.md §12, "Robust server").

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A token bucket: so many a second, and four seconds' worth saved up at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Thousandths of a token.
    level: u64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(now: Instant, per_second: u32) -> Self {
        Self {
            level: Self::capacity(per_second),
            filled: now,
        }
    }

    /// Takes a token if there is one.
    pub(super) fn take(&mut self, now: Instant, per_second: u32) -> bool {
        let since = now.saturating_duration_since(self.filled);
        let gained = u64::try_from(since.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_mul(u64::from(per_second));
        self.level = self
            .level
            .saturating_add(gained)
            .min(Self::capacity(per_second));
        self.filled = now;
        if self.level < TOKEN {
            return false;
        }
        self.level -= TOKEN;
        true
    }

    fn is_full(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.filled) >= BURST
    }

    fn capacity(per_second: u32) -> u64 {
        u64::from(per_second)
            .saturating_mul(TOKEN)
            .saturating_mul(BURST.as_secs())
    }
}

/// A bucket for each of many sources, bounded: when too many are busy at once, new ones get nothing.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    buckets: BTreeMap<K, Bucket>,
}

impl<K: Ord> Buckets<K> {
    /// No source seen yet.
    pub(super) const fn new() -> Self {
        Self {
            buckets: BTreeMap::new(),
        }
    }

    /// Takes a token of this source if it has one.
    pub(super) fn take(&mut self, now: Instant, source: K, per_second: u32) -> bool {
        if self.buckets.len() >= MAX_SOURCES && !self.buckets.contains_key(&source) {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            if self.buckets.len() >= MAX_SOURCES {
                return false;
            }
        }
        self.buckets
            .entry(source)
            .or_insert_with(|| Bucket::new(now, per_second))
            .take(now, per_second)
    }
}

/// Wrong passwords lately, by whom they were tried on or whence they came.
#[derive(Debug)]
pub(super) struct Guesses<K> {
    counts: BTreeMap<K, (u32, Instant)>,
}

impl<K: Ord> Guesses<K> {
    /// Nobody guessed yet.
    pub(super) const fn new() -> Self {
        Self {
            counts: BTreeMap::new(),
        }
    }

    /// Whether `limit` guesses were made and the last was less than a minute ago.
    pub(super) fn exhausted(&self, now: Instant, key: &K, limit: u32) -> bool {
        self.counts.get(key).is_some_and(|&(count, last)| {
            count >= limit && now.saturating_duration_since(last) < GUESS_PAUSE
        })
    }

    /// Counts a wrong password.
    pub(super) fn count(&mut self, now: Instant, key: K) {
        self.counts
            .retain(|_, (_, last)| now.saturating_duration_since(*last) < GUESS_PAUSE);
        if self.counts.len() >= MAX_SOURCES && !self.counts.contains_key(&key) {
            return;
        }
        let (count, last) = self.counts.entry(key).or_insert((0, now));
        *count = count.saturating_add(1);
        *last = now;
    }

    /// Forgets them: the password was right.
    pub(super) fn forget(&mut self, key: &K) {
        self.counts.remove(key);
    }
}

const TOKEN: u64 = 1000;
const BURST: Duration = Duration::from_secs(4);
const GUESS_PAUSE: Duration = Duration::from_secs(60);
/// As many as a gateway with its users on one port each may be after a restart.
const MAX_SOURCES: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start, 5);

        let burst = (0..100).filter(|_| bucket.take(start, 5)).count();
        let later = start + Duration::from_secs(2);
        let refilled = (0..100).filter(|_| bucket.take(later, 5)).count();

        assert_eq!((burst, refilled), (20, 10));
    }

    #[test]
    fn sources_beyond_the_bound_get_nothing_until_others_rest() {
        let start = Instant::now();
        let mut buckets = Buckets::new();
        for source in 0..MAX_SOURCES {
            assert!(buckets.take(start, source, 1));
        }

        assert!(!buckets.take(start, MAX_SOURCES, 1));
        assert!(buckets.take(start + BURST, MAX_SOURCES, 1));
    }

    #[test]
    fn guesses_are_forgiven_after_a_minute_or_the_right_password() {
        let start = Instant::now();
        let mut guesses = Guesses::new();
        for _ in 0..3 {
            assert!(!guesses.exhausted(start, &1, 3));
            guesses.count(start, 1);
        }

        assert!(guesses.exhausted(start, &1, 3));
        assert!(!guesses.exhausted(start + GUESS_PAUSE, &1, 3));
        guesses.forget(&1);
        assert!(!guesses.exhausted(start, &1, 3));
    }
}
