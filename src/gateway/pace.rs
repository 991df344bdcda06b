//! How often something may happen.

use std::time::{Duration, Instant};

/// Lets things happen once per interval, several at once after a rest.
///
/// One moment is all it has to remember: when the rest would be complete.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Pace {
    rested: Option<Instant>,
}

/// How often: `burst` at once, then one per `interval`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rate {
    pub(crate) interval: Duration,
    pub(crate) burst: u32,
}

impl Rate {
    /// One per `interval`, never two at once.
    pub(crate) const fn every(interval: Duration) -> Self {
        Self { interval, burst: 1 }
    }

    /// `count` at once and `count` per `period`.
    pub(crate) const fn per(period: Duration, count: u32) -> Self {
        let interval = match period.checked_div(count) {
            Some(interval) => interval,
            None => period,
        };
        let burst = if count == 0 { 1 } else { count };
        Self { interval, burst }
    }
}

impl Pace {
    /// Takes one turn if it is time; else says when it will be.
    pub(crate) fn take(&mut self, now: Instant, rate: Rate) -> Result<(), Instant> {
        let rested = self.rested.filter(|&rested| rested > now).unwrap_or(now);
        let ahead = rate.interval.saturating_mul(rate.burst.saturating_sub(1));
        if let Some(turn) = rested.checked_sub(ahead).filter(|&turn| turn > now) {
            return Err(turn);
        }
        self.rested = Some(rested + rate.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_pace() {
        let start = Instant::now();
        let rate = Rate {
            interval: Duration::from_millis(200),
            burst: 3,
        };
        let mut pace = Pace::default();

        let mut now = start;
        let mut taken = Vec::new();
        while taken.len() < 5 {
            match pace.take(now, rate) {
                Ok(()) => taken.push((now - start).as_millis()),
                Err(turn) => now = turn,
            }
        }

        assert_eq!(taken, [0, 0, 0, 200, 400]);
    }

    #[test]
    fn a_rest_restores_the_burst_and_no_more() {
        let now = Instant::now();
        let rate = Rate::per(Duration::from_secs(3600), 5);
        let mut pace = Pace::default();
        let take_all = |pace: &mut Pace, now| {
            (0..100)
                .take_while(|_| pace.take(now, rate).is_ok())
                .count()
        };

        assert_eq!(take_all(&mut pace, now), 5);
        assert_eq!(take_all(&mut pace, now + Duration::from_secs(1440)), 2);
        assert_eq!(take_all(&mut pace, now + Duration::from_secs(36_000)), 5);
    }
}
