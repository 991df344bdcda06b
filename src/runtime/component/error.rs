//! Why the stream ended, or why there is none.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio_xmpp::parsers::stream_error::DefinedCondition;

/// Why the stream to the XMPP server ended, or why there is none: one variant for each cause that an
/// operator would do something different about (xmpp-gateway.md §3.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LinkError {
    /// The server's name cannot be resolved.
    Unresolved {
        /// What the resolver said.
        why: String,
    },
    /// Nobody listens there, or no packet gets there.
    Unreachable(io::ErrorKind),
    /// The server took the connection and then said nothing in time.
    NoHandshake(HandshakeStep),
    /// The server does not know the component's name.
    HostUnknown,
    /// The secret is wrong. ejabberd also says so of a name it does not know.
    NotAuthorized,
    /// Another connection holds the component's name.
    Conflict {
        /// We were the one that was running.
        replaced: bool,
    },
    /// A stanza of ours broke the server's rules: a programming error.
    Ours(StreamError),
    /// The server is going down.
    SystemShutdown,
    /// The server says that we were silent for too long.
    ConnectionTimeout,
    /// A stream error that has no meaning of its own here.
    StreamError(StreamError),
    /// The server was silent and did not return a ping.
    Silence,
    /// The server takes nothing from us any more.
    Stuck,
    /// The server closed the stream without a word.
    Closed,
    /// The connection broke.
    Broken(io::ErrorKind),
    /// What came is no XML stream of a component.
    NotAStream(String),
}

/// The words of a stream error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamError {
    /// The name of the condition, as on the wire.
    pub condition: String,
    /// What the server adds for people.
    pub text: Option<String>,
}

/// What a handshake waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HandshakeStep {
    /// The connection itself.
    Connecting,
    /// The server's stream header.
    Header,
    /// The server's word on our secret.
    Verdict,
}

impl LinkError {
    /// What a stream error means.
    pub(super) fn from_stream_error(condition: &DefinedCondition, error: StreamError) -> Self {
        use DefinedCondition as Condition;
        match condition {
            Condition::HostUnknown | Condition::HostGone => Self::HostUnknown,
            Condition::NotAuthorized => Self::NotAuthorized,
            Condition::Conflict => Self::Conflict { replaced: false },
            Condition::InvalidFrom
            | Condition::ImproperAddressing
            | Condition::PolicyViolation
            | Condition::NotWellFormed
            | Condition::InvalidXml
            | Condition::RestrictedXml
            | Condition::BadFormat
            | Condition::InvalidNamespace
            | Condition::BadNamespacePrefix
            | Condition::UnsupportedStanzaType
            | Condition::UnsupportedEncoding => Self::Ours(error),
            Condition::SystemShutdown | Condition::Reset => Self::SystemShutdown,
            Condition::ConnectionTimeout => Self::ConnectionTimeout,
            Condition::InternalServerError
            | Condition::RemoteConnectionFailed
            | Condition::ResourceConstraint
            | Condition::SeeOtherHost(_)
            | Condition::UndefinedCondition
            | Condition::UnsupportedFeature
            | Condition::UnsupportedVersion => Self::StreamError(error),
        }
    }

    /// A stable word for logs, metrics and tests.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unresolved { .. } => "unresolved",
            Self::Unreachable(io::ErrorKind::ConnectionRefused) => "connection-refused",
            Self::Unreachable(_) => "unreachable",
            Self::NoHandshake(_) => "no-handshake",
            Self::HostUnknown => "host-unknown",
            Self::NotAuthorized => "not-authorized",
            Self::Conflict { .. } => "conflict",
            Self::Ours(_) => "our-mistake",
            Self::SystemShutdown => "system-shutdown",
            Self::ConnectionTimeout => "connection-timeout",
            Self::StreamError(_) => "stream-error",
            Self::Silence => "silence",
            Self::Stuck => "stuck",
            Self::Closed => "closed",
            Self::Broken(_) => "broken",
            Self::NotAStream(_) => "not-a-stream",
        }
    }

    /// The operator has to change something, and the same line every minute would not help.
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::HostUnknown | Self::NotAuthorized)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved { why } => write!(f, "the server's name cannot be resolved: {why}"),
            Self::Unreachable(io::ErrorKind::ConnectionRefused) => f.write_str(
                "the connection was refused: nothing listens there, or the server is down",
            ),
            Self::Unreachable(why) => write!(f, "the server cannot be reached: {why}"),
            Self::NoHandshake(step) => write!(
                f,
                "the server gave no {step} within {} s: is this its component port?",
                HANDSHAKE_TIMEOUT.as_secs()
            ),
            Self::HostUnknown => f.write_str("the server does not know this component's name"),
            Self::NotAuthorized => f.write_str(
                "the server refuses the secret (ejabberd says the same of a name it does not know)",
            ),
            Self::Conflict { replaced: true } => {
                f.write_str("another instance has taken this component's name over")
            }
            Self::Conflict { replaced: false } => {
                f.write_str("another instance holds this component's name")
            }
            Self::Ours(error) => write!(f, "the server did not accept a stanza of ours: {error}"),
            Self::SystemShutdown => f.write_str("the server is shutting down"),
            Self::ConnectionTimeout => f.write_str("the server says that this side was silent"),
            Self::StreamError(error) => write!(f, "the server ended the stream: {error}"),
            Self::Silence => f.write_str("the server is silent and returned no ping"),
            Self::Stuck => f.write_str("the server has stopped to read what is sent to it"),
            Self::Closed => f.write_str("the server closed the stream"),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::NotAStream(why) => write!(f, "what the server sent is no XML stream: {why}"),
        }
    }
}

impl std::error::Error for LinkError {}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            None => f.write_str(&self.condition),
            Some(text) => write!(f, "{} ({text:?})", self.condition),
        }
    }
}

impl fmt::Display for HandshakeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connection",
            Self::Header => "stream header",
            Self::Verdict => "answer to the handshake",
        })
    }
}

/// How long each step of the handshake may take.
pub(super) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
