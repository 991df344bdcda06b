//! What all ICQ protocols share: bytes in and out, texts, statuses, message bodies, META blocks.
//!
//! The contract of this layer: reading never panics, whatever the bytes; every length is checked;
//! an error names the field it met and never the bytes in it. Layouts follow `icq-udp.md`.

pub mod body;
mod commands;
mod cursor;
mod layout;
pub mod meta;
pub mod status;
pub mod text;
mod value;
mod version;

pub use commands::Decoded;
pub(crate) use commands::commands;
pub use cursor::{ByteOrder, DecodeError, Reader, Writer};
pub(crate) use layout::layout;
pub use layout::{Layout, Padding, Part, Password, Rest, SecretRest};
pub use value::{Field, Value, guid_text};
pub use version::Version;
