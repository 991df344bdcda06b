//! The file beside the database that keeps others out and knows how far the database had come.
//!
//! sled keeps a log, and takes a log that was cut off for one whose end was never written: it opens
//! with what is left, in the worst case with nothing. So the database counts its generations, one
//! for each start, each orderly end and each registration, and this file says which one was reached.
//! It is written only after that generation is on the drive, so the database is never behind it
//! unless something was lost.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Error;

/// The right to use a database directory, until this is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Witness {
    directory: PathBuf,
    /// Holds the lock, and the generation in decimal.
    file: File,
}

impl Witness {
    /// Creates `directory` if need be, for nobody else to read, and keeps other processes out of it.
    pub(super) fn lock(directory: &Path) -> Result<Self, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| Error::io("create", directory, &error))?;
        let path = directory.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Error::io("write to", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                directory: directory.to_owned(),
                file,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                directory: directory.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &path, &error)),
        }
    }

    /// The directory it is for.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The generation the database is known to have reached; 0 if it was never set up.
    pub(super) fn generation(&self) -> Result<u64, Error> {
        let path = self.directory.join(FILE);
        let mut text = String::new();
        (&self.file)
            .take(MOST_DIGITS)
            .read_to_string(&mut text)
            .map_err(|error| Error::io("read", &path, &error))?;
        if text.is_empty() {
            return Ok(0);
        }
        text.trim().parse().map_err(|_| Error::Damaged {
            directory: self.directory.clone(),
            detail: format!("its file {FILE} holds no number"),
        })
    }

    /// Notes that the database has reached `generation`, and that this is on the drive.
    pub(super) fn note(&self, generation: u64) -> Result<(), Error> {
        // Always as long, so that one write replaces the number whole.
        self.file
            .write_all_at(format!("{generation:020}\n").as_bytes(), 0)
            .map_err(|error| Error::io("write to", &self.directory.join(FILE), &error))
    }
}

const FILE: &str = "generation";
/// More than [`Witness::note`] writes.
const MOST_DIGITS: u64 = 40;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_generation_is_what_was_noted_last() {
        let folder = tempfile::tempdir().unwrap();
        let witness = Witness::lock(folder.path()).unwrap();
        assert_eq!(witness.generation(), Ok(0));

        witness.note(u64::MAX).unwrap();
        witness.note(7).unwrap();

        drop(witness);
        let witness = Witness::lock(folder.path()).unwrap();
        assert_eq!(witness.generation(), Ok(7));
    }

    #[test]
    fn two_do_not_hold_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let first = Witness::lock(folder.path()).unwrap();

        assert!(matches!(
            Witness::lock(folder.path()),
            Err(Error::Locked { .. })
        ));
        drop(first);
        assert!(Witness::lock(folder.path()).is_ok());
    }

    #[test]
    fn a_file_with_something_else_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "seven").unwrap();

        let witness = Witness::lock(folder.path()).unwrap();

        assert!(matches!(witness.generation(), Err(Error::Damaged { .. })));
    }
}
