//! The ICQ protocols over UDP: one [`Dialect`] per version, and one list of packets per direction.
//!
//! A datagram is opened by a dialect, which gives a [`Header`] and a body; the body is decoded into
//! [`ToServer`] or [`FromServer`], by who sent it. And back: encode, then seal.
//! Document: `icq-udp.md`.

mod check;
mod dialect;
mod dump;
pub mod fragments;
pub mod from_server;
#[cfg(test)]
mod golden;
pub mod groupware;
mod manner;
mod registration;
mod session;
pub mod to_server;
mod v1;
mod v2;
mod v3;
mod v4;
mod v5;

pub use dialect::{Dialect, Header, Noise, Opened, Side};
pub use dump::Dump;
pub use from_server::FromServer;
pub use manner::{Deletion, Directory, Manner};
pub use registration::{Application, NoNumber, Registration, RegistrationOutput};
pub use session::{Dropped, Session, Start, goodbye};
pub use to_server::ToServer;
pub use v1::V1;
pub use v2::V2;
pub use v3::V3;
pub use v4::V4;
pub use v5::V5;

pub use crate::icq::wire::Version;
