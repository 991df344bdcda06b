//! Messages between the two networks: what a stanza says on ICQ, and what an ICQ message says in a
//! stanza.

mod to_icq;
mod to_xmpp;

pub use to_icq::to_icq;
pub use to_xmpp::{Reading, Speaker, to_xmpp};
