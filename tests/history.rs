//! The checker of message histories, checked.

#![allow(
    unreachable_pub,
    reason = "the checker is shared by several test programs"
)]

#[path = "support/history.rs"]
mod history;
