//! The one file that says `sled`: byte strings in named trees, written all or nothing.
//!
//! sled 0.34 returns an error for some kinds of damage and panics on others (rust-stack.md §5), so
//! every call into it goes through [`guarded`], which makes [`Error::Damaged`] of both. After a
//! failed write, on a full disk say, its next call never returns, so after any error sled is not
//! called again: the database is broken, and everything asked of it gets that same error.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;

use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};

use super::Error;
use super::witness::Witness;

/// What to write: per tree and key the new value, or `None` to remove it.
pub(super) type Writes = BTreeMap<(Tree, Vec<u8>), Option<Vec<u8>>>;

/// A key and its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// The trees (rust-stack.md §5). A JID is a bare one; numbers are big-endian, so that they sort.
///
/// | tree           | key                    | value                                                |
/// |----------------|------------------------|------------------------------------------------------|
/// | `meta`         | `schema`               | version of this layout, u32                          |
/// |                | `stanza_id_key`        | 32 random bytes, sealed; also proves the key file    |
/// |                | `generation`           | how far the database has come, u64: [`Witness`]      |
/// | `registration` | JID                    | [`Registration`](super::Registration), sealed        |
/// | `uin_owner`    | UIN, u32; JID          | nothing                                              |
/// | `login`        | JID                    | [`LoginRecord`](super::LoginRecord), sealed          |
/// | `preferences`  | JID                    | [`Preferences`](super::Preferences), sealed          |
/// | `contacts`     | JID                    | all [`ContactRecord`](super::ContactRecord)s, sealed |
/// | `journal`      | JID; 0x00; batch, u64  | the batch's [`Entry`](super::Entry) list, sealed     |
/// | `cursor`       | JID                    | [`Cursor`](super::Cursor), sealed                    |
/// | `log`          | page, u64              | what is yet to go to `journal` and `cursor`, sealed  |
///
/// 0x00 cannot occur in a JID, so it ends one: without it `a@example.org` would be a prefix of
/// `a@example.org.uk` too.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Tree {
    /// What concerns the database itself.
    Meta,
    /// What users registered with.
    Registration,
    /// Who uses a number.
    UinOwner,
    /// How logins stood.
    Login,
    /// Contact lists.
    Contacts,
    /// Messages on their way.
    Journal,
    /// How far they have come.
    Cursor,
    /// What the last two have yet to be told.
    Log,
    /// What users decided.
    Preferences,
}

impl Tree {
    /// All trees, each at the index it has as a number.
    pub(super) const ALL: [Self; 9] = [
        Self::Meta,
        Self::Registration,
        Self::UinOwner,
        Self::Login,
        Self::Contacts,
        Self::Journal,
        Self::Cursor,
        Self::Log,
        Self::Preferences,
    ];

    /// The tree's name on disk.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Registration => "registration",
            Self::UinOwner => "uin_owner",
            Self::Login => "login",
            Self::Contacts => "contacts",
            Self::Journal => "journal",
            Self::Cursor => "cursor",
            Self::Log => "log",
            Self::Preferences => "preferences",
        }
    }
}

/// An open database.
pub(super) struct Database {
    trees: Vec<sled::Tree>,
    /// The file sled writes to, opened once more for [`sync`](Self::sync).
    file: File,
    sled: sled::Db,
    /// The first error.
    broken: OnceLock<Error>,
    /// Dropped last: others stay out until sled has closed its file.
    witness: Witness,
}

impl Database {
    /// Opens the database in the directory of `witness`, or creates it.
    pub(super) fn open(witness: Witness) -> Result<Self, Error> {
        let directory = witness.directory();
        let (sled, trees) = guarded(directory, || {
            let sled = sled::Config::new()
                .path(directory)
                .cache_capacity(CACHE_BYTES)
                // Whoever writes also flushes.
                .flush_every_ms(None)
                .open()?;
            let trees = Tree::ALL
                .iter()
                .map(|tree| sled.open_tree(tree.name()))
                .collect::<Result<Vec<_>, _>>()?;
            Ok((sled, trees))
        })?;
        let path = directory.join(DATA_FILE);
        let file = File::open(&path).map_err(|error| Error::io("open", &path, &error))?;
        Ok(Self {
            trees,
            file,
            sled,
            broken: OnceLock::new(),
            witness,
        })
    }

    /// Whether there is a database in `directory`.
    pub(super) fn exists(directory: &Path) -> bool {
        directory.join(DATA_FILE).exists()
    }

    /// Where the database is.
    pub(super) fn directory(&self) -> &Path {
        self.witness.directory()
    }

    /// The value of `key`.
    pub(super) fn value(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.call(|| Ok(self.tree(tree).get(key)?.map(|value| value.to_vec())))
    }

    /// Whether there is something under `key`.
    pub(super) fn has(&self, tree: Tree, key: &[u8]) -> Result<bool, Error> {
        self.call(|| self.tree(tree).contains_key(key))
    }

    /// Everything in `tree` whose key begins with `prefix`, in the order of the keys.
    pub(super) fn with_prefix(&self, tree: Tree, prefix: &[u8]) -> Result<Vec<Pair>, Error> {
        self.call(|| {
            self.tree(tree)
                .scan_prefix(prefix)
                .map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec())))
                .collect()
        })
    }

    /// The keys of `tree`, in order.
    pub(super) fn keys(&self, tree: Tree) -> Result<Vec<Vec<u8>>, Error> {
        self.call(|| {
            self.tree(tree)
                .iter()
                .keys()
                .map(|key| key.map(|key| key.to_vec()))
                .collect()
        })
    }

    /// Writes all of `writes` or, if the program dies on the way, nothing. Survives the program's
    /// death from the next [`flush`](Self::flush) on.
    pub(super) fn write(&self, writes: &Writes) -> Result<(), Error> {
        let mut all = writes.iter();
        if let (Some(((tree, key), Some(value))), None) = (all.next(), all.next()) {
            // The usual case, and a transaction costs several times as much.
            return self.call(|| {
                let before = self.tree(*tree).insert(key.as_slice(), value.as_slice())?;
                drop(before);
                Ok(())
            });
        }
        self.call(|| {
            let written = self.trees.as_slice().transaction(|trees| {
                for ((tree, key), value) in writes {
                    let tree = &trees[*tree as usize];
                    match value {
                        Some(value) => tree.insert(key.as_slice(), value.as_slice())?,
                        None => tree.remove(key.as_slice())?,
                    };
                }
                Ok::<(), ConflictableTransactionError<()>>(())
            });
            match written {
                // The closure never aborts.
                Ok(()) | Err(TransactionError::Abort(())) => Ok(()),
                Err(TransactionError::Storage(error)) => Err(error),
            }
        })
    }

    /// Hands everything written so far to the operating system: it survives the program's death.
    pub(super) fn flush(&self) -> Result<(), Error> {
        self.call(|| self.sled.flush().map(drop))
    }

    /// Forces everything flushed so far onto the drive, where it survives a power cut, and has the
    /// witness note which generation that is.
    ///
    /// sled's own flush is `sync_file_range`, which leaves the drive's cache alone.
    pub(super) fn sync(&self, generation: u64) -> Result<(), Error> {
        self.file
            .sync_data()
            .map_err(|error| Error::io("write to", &self.directory().join(DATA_FILE), &error))
            .and_then(|()| self.witness.note(generation))
            .inspect_err(|error| self.break_with(error))
    }

    /// What the database takes on disk.
    pub(super) fn bytes_on_disk(&self) -> Result<u64, Error> {
        self.call(|| self.sled.size_on_disk())
    }

    /// Why nothing works any more, if that is so.
    pub(super) fn broken(&self) -> Option<&Error> {
        self.broken.get()
    }

    fn call<T>(&self, call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
        if let Some(error) = self.broken.get() {
            return Err(error.clone());
        }
        guarded(self.directory(), call).inspect_err(|error| self.break_with(error))
    }

    fn break_with(&self, error: &Error) {
        // Only the first says what is wrong.
        let _ = self.broken.set(error.clone());
    }

    fn tree(&self, tree: Tree) -> &sled::Tree {
        &self.trees[tree as usize]
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.broken.get().is_some() {
            // Closing a broken sled hangs; what is forgotten here is never closed.
            mem::forget(self.trees.clone());
            mem::forget(self.sled.clone());
        }
    }
}

/// Whether this thread is inside a call whose panic is caught and becomes [`Error::Damaged`]: a
/// panic hook may then keep quiet.
pub fn expects_panic() -> bool {
    GUARDED.get()
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls into sled, and makes one kind of error of its errors and its panics.
///
/// Nothing of ours is half changed when sled panics: `call` only passes things on. sled itself may
/// be, but it is not called again.
fn guarded<T>(directory: &Path, call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(false);
    let damaged = |detail: String| Error::Damaged {
        directory: directory.to_owned(),
        detail,
    };
    match result {
        Ok(Ok(value)) => Ok(value),
        // The file is shorter than what it says about itself.
        Ok(Err(sled::Error::Io(error))) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(damaged(error.to_string()))
        }
        Ok(Err(sled::Error::Io(error))) => Err(Error::io("use the database in", directory, &error)),
        Ok(Err(sled::Error::Corruption { at: Some(at), .. })) => {
            Err(damaged(format!("unreadable data at {at}")))
        }
        Ok(Err(sled::Error::Corruption { at: None, .. })) => Err(damaged("unreadable data".into())),
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(panic) => Err(damaged(panic_message(panic.as_ref()))),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("panic")
        .to_owned()
}

/// What sled keeps in memory, roughly; it is no limit (rust-stack.md §5).
const CACHE_BYTES: u64 = 2 << 20;
const DATA_FILE: &str = "db";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_damage_and_is_expected_only_inside() {
        let panics = || -> sled::Result<()> {
            assert!(expects_panic());
            panic!("tried to serialize Uninitialized")
        };

        let error = guarded(Path::new("/database"), panics).unwrap_err();

        assert!(!expects_panic());
        let expected = Error::Damaged {
            directory: "/database".into(),
            detail: "tried to serialize Uninitialized".into(),
        };
        assert_eq!(error, expected);
    }

    #[test]
    fn after_an_error_sled_is_not_called_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(Witness::lock(folder.path()).unwrap()).unwrap();
        assert_eq!(database.broken(), None);

        let first = database.call(|| -> sled::Result<()> { panic!("once") });
        let second = database.call(|| -> sled::Result<()> { panic!("twice") });

        assert!(first.is_err());
        assert_eq!(first, second);
        assert_eq!(database.broken(), first.as_ref().err());
        assert_eq!(database.flush(), first);
    }
}
