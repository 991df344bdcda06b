//! The clocks, read.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::{Now, UnixTime};

/// This moment.
pub(super) fn now() -> Now {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since_1970.unwrap_or_default().as_millis();
    Now {
        instant: Instant::now(),
        unix: UnixTime(u64::try_from(millis).unwrap_or(u64::MAX)),
    }
}
