//! Stanzas without a stream.

pub mod address;
pub mod delay;
pub mod message;
pub mod payload;
pub mod presence;
mod refusal;
pub mod stanza;
pub mod text;

pub use address::Address;
pub use refusal::{Condition, Refusal};
pub use stanza::{BadStanza, Defect, Request, Stanza, StanzaKind};
