//! The ICQ protocols over UDP: V5 so far, V2 to V4 can join as further [`Dialect`]s.
//!
//! A datagram is opened by a dialect, which gives a [`Header`] and a body; the body is decoded into
//! [`ToServer`] or [`FromServer`], by who sent it. And back: encode, then seal.
//! Document: `icq-udp.md`.

mod check;
mod dialect;
mod dump;
pub mod from_server;
#[cfg(test)]
mod golden;
mod session;
pub mod to_server;
mod v5;

pub use dialect::{Dialect, Header, Noise, Opened, Side, Version};
pub use dump::Dump;
pub use from_server::FromServer;
pub use session::{Dropped, Session, Start};
pub use to_server::ToServer;
pub use v5::V5;
