//! The component's stream to the XMPP server (XEP-0114; xmpp-gateway.md §3, §32).
//!
//! [`connect`] makes one; a [`Reader`] and a [`Writer`] work on it until it ends in a [`LinkError`].
//! What follows from such an end is a [`Reconnect`]'s to say. The rest are small state machines that
//! need the stream going round through the server: [`KeepAlive`], [`Marks`] and [`TwinWatch`].
//!
//! tokio-xmpp's ready-made component is not used: it ends at the first stanza that does not parse, and
//! the layer below it still ends at a long attribute and overflows the stack at deep nesting, both of
//! which any account can send (rust-stack.md §2).

mod error;
mod handshake;
mod keepalive;
mod marks;
mod prune;
mod reader;
mod reconnect;
mod round_trip;
mod twin;
mod writer;

pub use error::{HandshakeStep, LinkError, StreamError};
pub use handshake::{Connection, Endpoint, connect};
pub use keepalive::{KeepAlive, Life};
pub use marks::{MarkOf, Marks};
pub use reader::{Guard, Incoming, Limits, Reader};
pub use reconnect::{Reconnect, Retry};
pub use round_trip::{Probe, RoundTrips};
pub use twin::{TwinWatch, Verdict};
pub use writer::{Unwritable, Writer};
