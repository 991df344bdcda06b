//! What both networks mean: numbers, statuses, contacts, messages.
//!
//! Nothing here knows a packet or a stanza. `icq` turns bytes into these types, `xmpp` turns stanzas
//! into them, `gateway` decides with them and `store` keeps them, which is why they derive `serde`.

pub mod codes;
mod contact;
mod message;
mod person;
mod profile;
mod secret;
mod status;
mod time;
mod uin;

pub use contact::{Contact, Listing};
pub use message::{Introduction, Message};
pub use person::{
    Answer, Birthday, Details, Found, Gender, NoAnswer, Place, Question, RandomGroup, Search,
    WhitePages,
};
pub use profile::Profile;
pub use secret::Secret;
pub use status::{Availability, Status};
pub use time::{Now, UnixTime};
pub use uin::{NotAUin, Uin};
