//! Why the store cannot do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store cannot do what it was asked. Each sentence is meant for the operator: it says what
/// is wrong, where, and what to do. None holds anything of a record but whose it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// A newer version of this program wrote the database.
    #[error(
        "the database in {} was written by a newer version of this program (layout {found}, this \
         one knows {known}): install that version again, or restore a backup from before it ran",
        directory.display()
    )]
    Newer {
        /// Where the database is.
        directory: PathBuf,
        /// The layout it has.
        found: u32,
        /// The newest layout this program knows.
        known: u32,
    },
    /// The database cannot be read.
    #[error(
        "the database in {} is damaged ({detail}): stop the gateway and restore this directory from \
         a backup",
        directory.display()
    )]
    Damaged {
        /// Where the database is.
        directory: PathBuf,
        /// What was noticed.
        detail: String,
    },
    /// Another process has the database open.
    #[error(
        "another process uses the database in {}: is the gateway running already?",
        directory.display()
    )]
    Locked {
        /// Where the database is.
        directory: PathBuf,
    },
    /// There is a database, but its key file is gone.
    #[error(
        "the key file {} is missing, and without it the database in {} cannot be read: restore it \
         from a backup",
        key_file.display(),
        directory.display()
    )]
    KeyMissing {
        /// Where the key file should be.
        key_file: PathBuf,
        /// Where the database is.
        directory: PathBuf,
    },
    /// Other accounts of the machine can read the key file.
    #[error(
        "the key file {} has mode {mode:04o}, so other accounts can read or change it: run \
         `chmod 600 {}`",
        key_file.display(),
        key_file.display()
    )]
    KeyExposed {
        /// The key file.
        key_file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file holds something else.
    #[error(
        "line {line} of the key file {} is not a key: expected a number from 0 to 255, a space and \
         64 hexadecimal digits, each number once",
        key_file.display()
    )]
    KeyMalformed {
        /// The key file.
        key_file: PathBuf,
        /// The line at fault; the one after the last if a key is lacking.
        line: usize,
    },
    /// The key is not the one the database was sealed with.
    #[error(
        "the key file {} does not belong to the database in {}: put the right one back, or point to \
         another database directory",
        key_file.display(),
        directory.display()
    )]
    WrongKey {
        /// The key file.
        key_file: PathBuf,
        /// Where the database is.
        directory: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {doing} {}: {reason}", path.display())]
    Io {
        /// What was tried, to go between "cannot" and the path.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The store was closed while the question was on its way.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// The operating system refused `doing` with `path`.
    pub(super) fn io(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }
}
