//! Family 0x0B: what the client counted; nobody needs it (`oscar.md` §3.6).

use super::generic::Raw;
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// What the client counted.
        0x0003 "REPORT" Report(Raw<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// How often to report.
        0x0002 "INTERVAL" Interval(Interval),
        /// The report came.
        0x0004 "REPORTED" Reported,
    }
}

layout! {
    /// How often to report: 0B/02.
    ///
    /// | bytes | field   | meaning          |
    /// |-------|---------|------------------|
    /// | 2     | `hours` | at most so often |
    pub struct Interval {
        /// At most so often.
        hours: u16,
    }
}
