//! State on disk.
//!
//! [`UserRecord`] is what is kept about a user, [`Change`] the only way to alter it, [`Store`] where
//! it is kept: in sled, every record sealed with a [`Key`] from a file. Follows rust-stack.md §5 and
//! xmpp-gateway.md §29. Calls block; `runtime` makes them on a thread of their own.

mod database;
mod encoding;
mod error;
mod key;
mod log;
mod older;
mod opening;
mod plan;
mod record;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod witness;

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use xmpp_parsers::jid::BareJid;
use zeroize::Zeroizing;

use crate::model::Uin;
use database::{Database, Tree, Writes};
use encoding::{Record, Unreadable};
use key::Unopened;
use log::Log;
use plan::{Plan, Planned};
use witness::Witness;

pub use database::expects_panic;
pub use error::Error;
pub use key::Key;
pub use record::{
    Change, ContactRecord, Cursor, Entry, Failure, Incoming, LoginRecord, Mode, OnAdded, Outgoing,
    Preferences, Registration, Request, RequestKind, SessionTrace, Stage, Stray, Subscription,
    Treatment, UserRecord,
};

/// What is kept about all users.
///
/// There is one writer: [`apply`](Self::apply) wants the store for itself.
pub struct Store {
    database: Database,
    key: Key,
    generation: u64,
    log: Log,
    counted: Counted,
}

/// What the store has to tell the operator.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Statistics {
    /// Registered users.
    pub users: usize,
    /// Batches of messages on their way.
    pub batches: usize,
    /// What the database takes on disk.
    pub bytes_on_disk: u64,
    /// Calls of [`Store::apply`] that had something to write, since the store was opened.
    pub writes: u64,
    /// How often it was waited for the operating system to take them.
    pub flushes: u64,
}

impl Store {
    /// Opens the database in `directory` with the key in `key_file`. Whatever is not there yet is
    /// created; a key file is never replaced, nor made anew for a database that exists.
    pub fn start(directory: &Path, key_file: &Path) -> Result<Self, Error> {
        let witness = Witness::lock(directory)?;
        let key = match Key::read(key_file)? {
            Some(key) => key,
            None if Database::exists(directory) => {
                return Err(Error::KeyMissing {
                    key_file: key_file.to_owned(),
                    directory: directory.to_owned(),
                });
            }
            None => Key::create(key_file)?,
        };
        Self::open_locked(witness, key)
    }

    /// Opens the database in `directory`, or creates it, with a key that is at hand.
    pub fn open(directory: &Path, key: Key) -> Result<Self, Error> {
        Self::open_locked(Witness::lock(directory)?, key)
    }

    /// Everybody who is registered, in the order of their JIDs.
    pub fn users(&self) -> Result<Vec<BareJid>, Error> {
        let keys = self.database.keys(Tree::Registration)?;
        keys.iter()
            .map(|key| self.jid(Tree::Registration, key))
            .collect()
    }

    /// Everybody who registered with this number, in the order of their JIDs.
    pub fn owners_of(&self, uin: Uin) -> Result<Vec<BareJid>, Error> {
        let owners = self
            .database
            .with_prefix(Tree::UinOwner, &uin.0.to_be_bytes())?;
        owners
            .iter()
            .map(|(key, _)| self.jid(Tree::UinOwner, &key[UIN_BYTES..]))
            .collect()
    }

    /// What is kept about a user, if anything is.
    pub fn load(&self, jid: &BareJid) -> Result<Option<UserRecord>, Error> {
        let key = jid.as_str().as_bytes();
        let Some(registration) = self.record(key)? else {
            return Ok(None);
        };
        let mut user = UserRecord::new(registration);
        if let Some(login) = self.record(key)? {
            user.login = login;
        }
        if let Some(preferences) = self.record(key)? {
            user.preferences = preferences;
        }
        if let Some(contacts) = self.record(key)? {
            user.contacts = contacts;
        }
        if let Some(cursor) = self.record(key)? {
            user.cursor = cursor;
        }
        let prefix = plan::journal_prefix(jid.as_str());
        for (key, bytes) in self.database.with_prefix(Tree::Journal, &prefix)? {
            let batch = key[prefix.len()..]
                .try_into()
                .map(u64::from_be_bytes)
                .map_err(|_| self.damaged(Tree::Journal, &key, "its key has another length"))?;
            user.journal.insert(batch, self.decode(&key, &bytes)?);
        }
        let name = jid.as_str();
        let completed = self.log.complete(name, &mut user);
        completed.map_err(|why| self.unreadable(Tree::Log, name.as_bytes(), why))?;
        Ok(Some(user))
    }

    /// Makes all these changes, in their order, or none of them. On return they are safe from the
    /// death of the program; if a registration is among them, from a power cut too.
    pub fn apply(&mut self, changes: &[(BareJid, Vec<Change>)]) -> Result<(), Error> {
        let mut plan = Plan::new(self);
        let mut precious = false;
        for (jid, changes) in changes {
            plan.add(jid, changes)?;
            precious |= changes
                .iter()
                .any(|change| matches!(change, Change::Registration(_) | Change::Forget));
        }
        let planned = plan.done();
        let Planned {
            mut writes,
            lines,
            forgotten,
        } = planned;
        if writes.is_empty() && lines.is_empty() {
            return Ok(());
        }
        for jid in &forgotten {
            self.log.forget(jid);
        }
        if forgotten.is_empty() && !self.log.is_full() {
            self.log.write(&self.key, lines, &mut writes);
        } else {
            self.log.add(lines);
            self.log.fold(&self.key, &self.database, &mut writes)?;
        }
        self.counted.writes += 1;
        self.counted.flushes += 1;
        if precious {
            return self.write_generation(writes);
        }
        self.database.write(&writes)?;
        self.database.flush()
    }

    /// Ends the store in order: what was lost afterwards is noticed at the next start.
    pub fn close(mut self) -> Result<(), Error> {
        let mut writes = Writes::new();
        self.log.fold(&self.key, &self.database, &mut writes)?;
        self.write_generation(writes)
    }

    /// Random bytes that stay the same for the life of the database: stanza ids made with them can
    /// be repeated after a restart, and guessed by nobody.
    pub fn stanza_id_key(&self) -> Result<Zeroizing<[u8; 32]>, Error> {
        let key = opening::STANZA_ID_KEY;
        let Some(bytes) = self.database.value(Tree::Meta, key)? else {
            return Err(self.damaged(Tree::Meta, key, "it is missing"));
        };
        let (_, body) = encoding::open(&self.key, Tree::Meta, key, &bytes)
            .map_err(|why| self.unreadable(Tree::Meta, key, why))?;
        body.as_slice()
            .try_into()
            .map(Zeroizing::new)
            .map_err(|_| self.damaged(Tree::Meta, key, "it has another length"))
    }

    /// The error after which nothing works any more, if there was one: damage, a full disk. Another
    /// error concerns one user's records only.
    pub fn broken(&self) -> Option<&Error> {
        self.database.broken()
    }

    /// What the store has to tell the operator. Counts records, so not for every second.
    pub fn statistics(&self) -> Result<Statistics, Error> {
        let mut batches: BTreeSet<_> = self.database.keys(Tree::Journal)?.into_iter().collect();
        self.log.complete_keys(&mut batches);
        Ok(Statistics {
            users: self.database.keys(Tree::Registration)?.len(),
            batches: batches.len(),
            bytes_on_disk: self.database.bytes_on_disk()?,
            writes: self.counted.writes,
            flushes: self.counted.flushes,
        })
    }

    fn record<R: Record>(&self, key: &[u8]) -> Result<Option<R>, Error> {
        let bytes = self.database.value(R::TREE, key)?;
        bytes.map(|bytes| self.decode(key, &bytes)).transpose()
    }

    fn decode<R: Record>(&self, key: &[u8], bytes: &[u8]) -> Result<R, Error> {
        encoding::decode(&self.key, key, bytes).map_err(|why| self.unreadable(R::TREE, key, why))
    }

    fn jid(&self, tree: Tree, key: &[u8]) -> Result<BareJid, Error> {
        std::str::from_utf8(key)
            .ok()
            .and_then(|jid| BareJid::new(jid).ok())
            .ok_or_else(|| self.damaged(tree, key, "its key is not a JID"))
    }

    fn unreadable(&self, tree: Tree, key: &[u8], why: Unreadable) -> Error {
        let what = match why {
            Unreadable::Sealed(Unopened::UnknownKey) => "its key is not in the key file",
            Unreadable::Sealed(Unopened::Altered) => "it does not open",
            Unreadable::Layout => "its content is something else",
        };
        self.damaged(tree, key, what)
    }

    fn damaged(&self, tree: Tree, key: &[u8], what: &str) -> Error {
        self.damage(format!("{} of {}: {what}", tree.name(), key.escape_ascii()))
    }

    fn damage(&self, detail: String) -> Error {
        Error::Damaged {
            directory: self.database.directory().to_owned(),
            detail,
        }
    }
}

/// What is counted while the store is open.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    writes: u64,
    flushes: u64,
}

/// The layout this program writes: the trees, their keys, and the versions of all records. Rises
/// whenever one of them changes.
const SCHEMA: u32 = 2;
const UIN_BYTES: usize = 4;
