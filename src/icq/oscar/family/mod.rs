//! The families of SNACs, a file each, and the one list of them (`oscar.md` §3).

pub mod account;
pub mod bart;
pub mod buddy;
pub mod chat;
pub mod chat_nav;
pub mod directory;
pub mod generic;
pub mod icbm;
pub mod icq;
pub mod invite;
pub mod location;
pub mod login;
pub mod lookup;
pub mod popup;
pub mod privacy;
pub mod ssi;
pub mod stats;

use super::snac::{self, SnacError};
use crate::icq::wire::{DecodeError, Layout, Reader, Writer};

/// The body of a SNAC in one direction.
pub trait Body<'a>: Sized {
    /// The family.
    fn family(&self) -> u16;

    /// What it is in the family.
    fn subtype(&self) -> u16;

    /// The names that the family and what it is in it have here.
    fn names(family: u16, subtype: u16) -> (Option<&'static str>, Option<&'static str>);

    /// Reads the body; what is left in the reader belongs to no field.
    fn read(family: u16, subtype: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// Appends the body.
    fn write(&self, writer: &mut Writer<'_>);
}

/// Declares the families: number, name, variant, module.
macro_rules! families {
    ($( $(#[$meta:meta])* $number:literal $label:literal $variant:ident $module:ident, )*) => {
        /// What a client sends, by family.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum ToServer<'a> {
            $( $(#[$meta])* $variant($module::ToServer<'a>), )*
            /// A family this program has no name for.
            Unknown {
                /// Its number.
                family: u16,
                /// What it is in it.
                subtype: u16,
                /// Its body.
                body: &'a [u8],
            },
        }

        /// What a server sends, by family.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum FromServer<'a> {
            $( $(#[$meta])* $variant($module::FromServer<'a>), )*
            /// An error, in answer to a request of this family.
            Error {
                /// The family.
                family: u16,
                /// What went wrong.
                error: SnacError<'a>,
            },
            /// A family this program has no name for.
            Unknown {
                /// Its number.
                family: u16,
                /// What it is in it.
                subtype: u16,
                /// Its body.
                body: &'a [u8],
            },
        }

        /// Every family with a name: its number, and the name.
        pub const ALL: &[(u16, &str)] = &[$( ($number, $label), )*];

        impl<'a> Body<'a> for ToServer<'a> {
            fn family(&self) -> u16 {
                match self {
                    $( Self::$variant(_) => $number, )*
                    Self::Unknown { family, .. } => *family,
                }
            }

            fn subtype(&self) -> u16 {
                match self {
                    $( Self::$variant(body) => body.command(), )*
                    Self::Unknown { subtype, .. } => *subtype,
                }
            }

            fn names(family: u16, subtype: u16) -> (Option<&'static str>, Option<&'static str>) {
                match family {
                    $( $number => (Some($label), $module::ToServer::name(subtype)), )*
                    _ => (None, None),
                }
            }

            fn read(
                family: u16,
                subtype: u16,
                reader: &mut Reader<'a>,
            ) -> Result<Self, DecodeError> {
                Ok(match family {
                    $( $number => Self::$variant($module::ToServer::read_body(subtype, reader)?), )*
                    _ => Self::Unknown { family, subtype, body: reader.rest("rest") },
                })
            }

            fn write(&self, writer: &mut Writer<'_>) {
                match self {
                    $( Self::$variant(body) => body.write_body(writer), )*
                    Self::Unknown { body, .. } => writer.bytes(body),
                }
            }
        }

        impl<'a> Body<'a> for FromServer<'a> {
            fn family(&self) -> u16 {
                match self {
                    $( Self::$variant(_) => $number, )*
                    Self::Error { family, .. } | Self::Unknown { family, .. } => *family,
                }
            }

            fn subtype(&self) -> u16 {
                match self {
                    $( Self::$variant(body) => body.command(), )*
                    Self::Error { .. } => snac::ERROR,
                    Self::Unknown { subtype, .. } => *subtype,
                }
            }

            fn names(family: u16, subtype: u16) -> (Option<&'static str>, Option<&'static str>) {
                match (family, subtype) {
                    $( ($number, snac::ERROR) => (Some($label), Some("ERROR")), )*
                    $( ($number, _) => (Some($label), $module::FromServer::name(subtype)), )*
                    _ => (None, None),
                }
            }

            fn read(
                family: u16,
                subtype: u16,
                reader: &mut Reader<'a>,
            ) -> Result<Self, DecodeError> {
                Ok(match (family, subtype) {
                    (_, snac::ERROR) => Self::Error { family, error: Layout::read(reader)? },
                    $( ($number, _) => {
                        Self::$variant($module::FromServer::read_body(subtype, reader)?)
                    } )*
                    _ => Self::Unknown { family, subtype, body: reader.rest("rest") },
                })
            }

            fn write(&self, writer: &mut Writer<'_>) {
                match self {
                    $( Self::$variant(body) => body.write_body(writer), )*
                    Self::Error { error, .. } => Layout::write(error, writer),
                    Self::Unknown { body, .. } => writer.bytes(body),
                }
            }
        }
    };
}

families! {
    /// Services, versions, rates, one's own status.
    0x0001 "GENERIC" Generic generic,
    /// What people say about themselves, and what their clients can.
    0x0002 "LOCATION" Location location,
    /// Whose presence is wanted, and their presence.
    0x0003 "BUDDY" Buddy buddy,
    /// Messages.
    0x0004 "ICBM" Icbm icbm,
    /// Asks somebody to come.
    0x0006 "INVITE" Invite invite,
    /// Name, e-mail and password of an account.
    0x0007 "ACCOUNT" Account account,
    /// Windows that the server opens.
    0x0008 "POPUP" Popup popup,
    /// Who may see one, for clients without a list on the server.
    0x0009 "PRIVACY" Privacy privacy,
    /// Whose e-mail address it is.
    0x000A "LOOKUP" Lookup lookup,
    /// What the client counted.
    0x000B "STATS" Stats stats,
    /// Finds and makes chat rooms.
    0x000D "CHAT_NAV" ChatNav chat_nav,
    /// A chat room.
    0x000E "CHAT" Chat chat,
    /// Finds people of AIM.
    0x000F "DIRECTORY" Directory directory,
    /// Buddy icons.
    0x0010 "BART" Bart bart,
    /// The contact list on the server.
    0x0013 "SSI" Ssi ssi,
    /// What ICQ had before OSCAR.
    0x0015 "ICQ" Icq icq,
    /// The login.
    0x0017 "LOGIN" Login login,
}
