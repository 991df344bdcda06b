//! Time, as an argument: nothing below `runtime` reads a clock.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// This moment, on both clocks. Timers use [`instant`](Self::instant); what people read and what is
/// kept on disk uses [`unix`](Self::unix).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now {
    /// The clock that never jumps.
    pub instant: Instant,
    /// The calendar.
    pub unix: UnixTime,
}

impl Now {
    /// The moment `later` from now.
    pub fn after(self, later: Duration) -> Self {
        Self {
            instant: self.instant + later,
            unix: self.unix.after(later),
        }
    }
}

/// Milliseconds since 1970-01-01 00:00 UTC.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize,
)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The time `secs` seconds after 1970 began.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole seconds since 1970 began.
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// This time and `later`.
    pub fn after(self, later: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// How long ago `earlier` was; zero if it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
