//! Payloads that xmpp-parsers lacks: one file each, no behaviour.

pub mod gateway;
pub mod last;
pub mod privilege;
