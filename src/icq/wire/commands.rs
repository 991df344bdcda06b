//! The lists of commands, and what decoding one of them gives.

/// A decoded body, and what there is to say about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decoded<'a, P> {
    /// The packet.
    pub packet: P,
    /// What follows the fields this program knows: fillers, and what newer peers append.
    pub rest: &'a [u8],
    /// The text that was shorter than its length said; the reason for a line in the log.
    pub clamped: Option<&'static str>,
}

/// Declares all packets of one direction, or all requests inside one: the number of each command,
/// its name, its variant, its body. A variant without a body is a command without parameters.
/// In a list `by Version`, `where V4 | V5` names the versions that know it, if not all do.
/// `else "raw"` is what dumps call the body of a command without a name, instead of `rest_hex`.
///
/// This is the one list of them: numbers, names, reading and writing are made from it.
macro_rules! commands {
    (
        $(#[$meta:meta])*
        pub enum $name:ident $(by $by:ident)? $(else $rest:literal)? {
            $(
                $(#[$variant_meta:meta])*
                $code:literal $label:literal $variant:ident $(($body:ty))?
                $(where $($version:ident)|+)?,
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum $name<'a> {
            $( $(#[$variant_meta])* $variant $(($body))?, )*
            /// A command this program has no name for.
            Unknown {
                /// Its number.
                command: u16,
                /// Its body.
                body: &'a [u8],
            },
        }

        impl<'a> $name<'a> {
            /// Every command with a name: its number, and the name the reference has for it.
            pub const ALL: &'static [(u16, &'static str)] = &[$( ($code, $label), )*];

            /// The number of the command.
            pub const fn command(&self) -> u16 {
                match self {
                    $( $crate::icq::wire::commands!(@pattern $variant $($body)?) => $code, )*
                    Self::Unknown { command, .. } => *command,
                }
            }

            /// The name the reference has for a command's number.
            pub const fn name(command: u16) -> Option<&'static str> {
                match command {
                    $( $code => Some($label), )*
                    _ => None,
                }
            }

            pub(crate) fn write_body(&self, writer: &mut $crate::icq::wire::Writer<'_>) {
                match self {
                    $( $crate::icq::wire::commands!(@bind $variant body $($body)?) => {
                        $crate::icq::wire::commands!(@write writer body $($body)?)
                    } )*
                    Self::Unknown { body, .. } => writer.bytes(body),
                }
            }

            pub(crate) fn read_body(
                command: u16,
                reader: &mut $crate::icq::wire::Reader<'a>,
            ) -> Result<Self, $crate::icq::wire::DecodeError> {
                Ok(match command {
                    $( $code => $crate::icq::wire::commands!(@read $variant reader $($body)?), )*
                    _ => Self::Unknown {
                        command,
                        body: reader.rest($crate::icq::wire::commands!(@rest $($rest)?)),
                    },
                })
            }
        }

        $crate::icq::wire::commands!(
            @exists_in $name [$($by)?] $( $code [$($($version)|+)?] )*
        );
    };
    (@rest) => { "rest_hex" };
    (@rest $rest:literal) => { $rest };
    (@exists_in $name:ident []) => {};
    (@exists_in $name:ident [] $code:literal [] $($others:tt)*) => {};
    (@exists_in $name:ident [Version] $( $code:literal [$($($version:ident)|+)?] )*) => {
        impl $name<'_> {
            /// Whether a version has this command. In others it is read and written all the same:
            /// peers say what they should not.
            pub const fn exists_in(command: u16, version: $crate::icq::wire::Version) -> bool {
                match command {
                    $( $( $code => matches!(version, $($crate::icq::wire::Version::$version)|+), )? )*
                    _ => Self::name(command).is_some(),
                }
            }
        }
    };
    (@pattern $variant:ident) => { Self::$variant };
    (@pattern $variant:ident $body:ty) => { Self::$variant(_) };
    (@bind $variant:ident $bound:ident) => { Self::$variant };
    (@bind $variant:ident $bound:ident $body:ty) => { Self::$variant($bound) };
    (@write $writer:ident $bound:ident) => { {} };
    (@write $writer:ident $bound:ident $body:ty) => {
        $crate::icq::wire::Layout::write($bound, $writer)
    };
    (@read $variant:ident $reader:ident) => { Self::$variant };
    (@read $variant:ident $reader:ident $body:ty) => {
        Self::$variant($crate::icq::wire::Layout::read($reader)?)
    };
}

pub(crate) use commands;
