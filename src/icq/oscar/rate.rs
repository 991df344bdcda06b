//! Rates: how fast SNACs of a class may follow each other (`oscar.md` §2.6).

use super::family::generic::RateClass;

/// A rate class as it goes: an average of the milliseconds between its SNACs. High is good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    window: u32,
    clear: u32,
    alert: u32,
    limit: u32,
    disconnect: u32,
    max: u32,
    level: u32,
    is_limited: bool,
}

/// What a server makes of a level.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RateState {
    /// It closes the connection.
    Disconnected,
    /// It drops what comes, until the level is clear again.
    Limited,
    /// It warns.
    Alert,
    /// It is content.
    Clear,
}

impl Rate {
    /// A class as the server tells it.
    pub const fn new(class: &RateClass) -> Self {
        Self {
            window: class.window,
            clear: class.clear,
            alert: class.alert,
            limit: class.limit,
            disconnect: class.disconnect,
            max: class.max,
            level: class.current,
            is_limited: false,
        }
    }

    /// The average.
    pub const fn level(&self) -> u32 {
        self.level
    }

    /// Below it the server warns.
    pub const fn alert(&self) -> u32 {
        self.alert
    }

    /// As high as the average gets.
    pub const fn max(&self) -> u32 {
        self.max
    }

    /// The average after a SNAC that comes `gap` milliseconds after the one before.
    pub fn level_after(&self, gap: u64) -> u32 {
        let window = u64::from(self.window.max(1));
        let sum = u64::from(self.level) * (window - 1);
        let level = sum.saturating_add(gap) / window;
        u32::try_from(level).unwrap_or(u32::MAX).min(self.max)
    }

    /// Counts a SNAC that comes `gap` milliseconds after the one before. Those that the server drops
    /// count, too.
    pub fn count(&mut self, gap: u64) -> RateState {
        self.level = self.level_after(gap);
        let state = self.state();
        self.is_limited = matches!(state, RateState::Limited | RateState::Disconnected);
        state
    }

    fn state(&self) -> RateState {
        if self.level < self.disconnect {
            return RateState::Disconnected;
        }
        if self.is_limited {
            return match self.level >= self.clear {
                true => RateState::Clear,
                false => RateState::Limited,
            };
        }
        if self.level < self.limit {
            return RateState::Limited;
        }
        if self.level < self.alert {
            return RateState::Alert;
        }
        RateState::Clear
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> Rate {
        Rate::new(&RateClass {
            id: 3,
            window: 20,
            clear: 5100,
            alert: 5000,
            limit: 4000,
            disconnect: 3000,
            current: 6000,
            max: 6000,
            last_ms: None,
            state: None,
        })
    }

    #[test]
    fn who_is_limited_stays_so_until_the_level_is_clear() {
        let mut rate = messages();
        while rate.count(100) != RateState::Limited {}
        while rate.level_after(6000) < 5100 {
            assert_eq!(rate.count(6000), RateState::Limited);
        }
        assert_eq!(rate.count(6000), RateState::Clear);
    }

    #[test]
    fn no_numbers_of_a_server_break_the_average() {
        let mut rate = messages();
        rate.window = 0;
        rate.max = u32::MAX;
        assert_eq!(rate.level_after(u64::MAX), u32::MAX);
        rate.window = u32::MAX;
        rate.level = u32::MAX;
        rate.count(u64::MAX);
    }
}
