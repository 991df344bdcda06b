//! What is wrong with a configuration.

use std::path::PathBuf;

/// What is wrong with a configuration. Names the place, the key and what was expected there, never
/// a value: it may be a secret, or one that was put under the wrong key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{} is not TOML: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Where, and what the parser says.
        reason: String,
    },
    /// There is no such key.
    #[error("{place}: there is no key {key}; the nearest is {nearest}")]
    Unknown {
        /// File or environment variable.
        place: String,
        /// The key as written.
        key: String,
        /// A key that there is.
        nearest: String,
    },
    /// A key has a value that it cannot have.
    #[error("{place}: {key}: expected {expected}")]
    Invalid {
        /// File or environment variable.
        place: String,
        /// The key.
        key: String,
        /// What it can have.
        expected: &'static str,
    },
    /// A key that must be there is not.
    #[error("{}: {key} is missing: expected {expected}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What it can have.
        expected: &'static str,
    },
    /// Both `xmpp.secret` and `xmpp.secret_file` are there, and neither goes before the other.
    #[error("{place}: xmpp.secret and xmpp.secret_file are both there: expected one of them")]
    TwoSecrets {
        /// The file, or the environment.
        place: String,
    },
    /// The file that `xmpp.secret_file` names cannot be read.
    #[error("{place}: xmpp.secret_file: cannot read {}: {reason}", path.display())]
    SecretFile {
        /// File or environment variable.
        place: String,
        /// The file with the secret.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
}
