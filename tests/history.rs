//! The checker of message histories, checked.

#[path = "support/history.rs"]
mod history;
