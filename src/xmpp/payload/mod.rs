//! Payloads that xmpp-parsers lacks: one file each, no behaviour.

pub mod privilege;
