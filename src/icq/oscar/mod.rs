//! OSCAR: ICQ 2000 and later, and AIM, over TCP. The wire side: bytes to packets and back
//! (`oscar.md` §1 to §3).
//!
//! A packet is taken apart in layers, each a file:
//!
//! ```text
//! bytes of a TCP stream, in any pieces
//!   └─ flap::Splitter ── Flap { channel, sequence, payload }        flap.rs
//!        └─ Frame::decode ── SignOn, Snac, SignOff, KeepAlive, …    frame.rs
//!             └─ Snac { header, body }                              snac.rs: header, errors
//!                  └─ FromServer::Icbm(icbm::FromServer::Message)   family/: a file each
//!                       └─ Chain<…Tlv>                              tlv.rs
//! ```
//!
//! and put together the same way: a [`Snac`] [`encode`](Frame::encode)s into a payload, and
//! [`flap::Framer`] gives it a number and a buffer of its own.
//!
//! A session decodes with [`Frame::from_server`] and matches twice, on the family and on what it is in
//! it:
//!
//! ```
//! use icq_transport::icq::oscar::family::{FromServer, buddy, icbm};
//! use icq_transport::icq::oscar::{Frame, FromServerFrame};
//!
//! fn is_of_interest(frame: &FromServerFrame<'_>) -> bool {
//!     let Frame::Snac(snac) = frame else {
//!         return false;
//!     };
//!     match &snac.body {
//!         FromServer::Icbm(icbm::FromServer::Message(message)) => message.text().is_some(),
//!         FromServer::Buddy(buddy::FromServer::Online(online)) => !online.users.0.is_empty(),
//!         FromServer::Error { error, .. } => error.error != 0,
//!         _ => false,
//!     }
//! }
//! ```
//!
//! Each direction has an enum of its own, [`ToServer`] and [`FromServer`], and each family in it: an
//! in-tree server reads the one and writes the other. Errors look the same in all families and are one
//! variant for all of them.
//!
//! Every place with TLVs has a list of those that may stand there, see [`tlv`]. A chain keeps what it
//! read, unknown and repeated ones as well, in order: it is written as it was read, and a method of
//! each name finds the first TLV of that name.
//!
//! Numbers are big-endian, except inside family 0x15, the registration, and the blocks of old ICQ in
//! messages: these switch the reader's [`ByteOrder`](crate::icq::wire::ByteOrder) where they begin.
//!
//! [`Dump`] is a packet's decoding, written down with the names of the test vectors, for logs and the
//! inspector. [`rate`] counts how fast one may send.

pub mod capability;
mod dump;
pub mod family;
pub mod flap;
mod frame;
pub mod parts;
pub mod peer;
pub mod rate;
pub mod snac;
pub mod tlv;
pub mod user;

pub use dump::Dump;
pub use family::{FromServer, ToServer};
pub use flap::{Channel, Flap};
pub use frame::{Frame, FromServerFrame, SignOff, SignOn, Snac, ToServerFrame};
