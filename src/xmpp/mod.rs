//! Stanzas without a stream.

pub mod address;
pub mod payload;
mod refusal;
pub mod stanza;

pub use address::Address;
pub use refusal::{Condition, Refusal};
pub use stanza::{BadStanza, Defect, Request, Stanza, StanzaKind};
