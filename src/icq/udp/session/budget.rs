//! How much work the network may cause.

use std::time::{Duration, Instant};

/// Packets that may be worked on, refilled by time (`icq-udp.md` §12).
#[derive(Debug)]
pub(super) struct Budget {
    left: u16,
    filled: Instant,
}

impl Budget {
    /// A full one.
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            filled: now,
        }
    }

    /// Takes one packet's worth, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled);
        let earned = elapsed.as_nanos() / EACH.as_nanos();
        let room = BURST - self.left;
        if earned >= u128::from(room) {
            self.left = BURST;
            self.filled = now.max(self.filled);
            return;
        }
        // Smaller than `room`, so it fits; what is left of the time counts towards the next packet.
        let earned = u16::try_from(earned).unwrap_or(room);
        self.left += earned;
        self.filled += EACH * u32::from(earned);
    }
}

/// A list of several hundred contacts who are online comes as one burst.
const BURST: u16 = 1000;

/// 200 packets a second in the long run.
const EACH: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_packets_are_taken_at_a_steady_rate() {
        let mut now = Instant::now();
        let mut budget = Budget::new(now);

        let burst = (0..5000).filter(|_| budget.take(now)).count();
        assert_eq!(burst, usize::from(BURST));

        let mut taken = 0;
        for _ in 0..1000 {
            now += Duration::from_millis(1);
            taken += (0..10).filter(|_| budget.take(now)).count();
        }
        assert_eq!(taken, 200);
    }

    #[test]
    fn a_pause_does_not_save_up_more_than_a_burst() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let later = now + Duration::from_secs(1_000_000);

        assert_eq!((0..5000).filter(|_| budget.take(later)).count(), 1000);
    }
}
