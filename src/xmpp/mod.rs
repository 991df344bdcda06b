//! Stanzas without a stream.

pub mod stanza;

pub use stanza::{BadStanza, Defect, Stanza, StanzaKind};
