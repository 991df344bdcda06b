//! What changes come to in trees and keys.

use xmpp_parsers::jid::BareJid;

use super::database::{Tree, Writes};
use super::encoding::{self, Record};
use super::{Change, Error, Registration, Store};
use crate::model::Uin;

/// The writes that changes to some users come to. Nothing is written yet.
pub(super) struct Plan<'a> {
    store: &'a Store,
    writes: Writes,
}

impl<'a> Plan<'a> {
    /// No writes.
    pub(super) fn new(store: &'a Store) -> Self {
        Self {
            store,
            writes: Writes::new(),
        }
    }

    /// Adds what `changes` make, in their order, of the user's records as they will be after
    /// everything added before.
    ///
    /// The same as [`UserRecord::apply`](super::UserRecord::apply), which says what is meant.
    pub(super) fn add(&mut self, jid: &BareJid, changes: &[Change]) -> Result<(), Error> {
        let key = jid.as_str().as_bytes();
        let mut registered = self.has(Tree::Registration, key)?;
        for change in changes {
            match change {
                Change::Registration(registration) => {
                    self.register(jid, registration)?;
                    registered = true;
                }
                _ if !registered => {}
                Change::Login(login) => self.put(key, &**login),
                Change::Preferences(preferences) => self.put(key, &**preferences),
                Change::Contacts(contacts) => self.put(key, contacts),
                Change::AddBatch { batch, entries } => self.put(&journal_key(jid, *batch), entries),
                Change::DropBatch(batch) => self.remove(Tree::Journal, journal_key(jid, *batch)),
                Change::Cursor(cursor) => self.put(key, cursor),
                Change::Forget => {
                    self.forget(jid)?;
                    registered = false;
                }
            }
        }
        Ok(())
    }

    /// All that was added.
    pub(super) fn into_writes(self) -> Writes {
        self.writes
    }

    fn register(&mut self, jid: &BareJid, registration: &Registration) -> Result<(), Error> {
        self.disown(jid)?;
        let owner = (Tree::UinOwner, owner_key(registration.uin, jid));
        self.writes.insert(owner, Some(Vec::new()));
        self.put(jid.as_str().as_bytes(), registration);
        Ok(())
    }

    fn forget(&mut self, jid: &BareJid) -> Result<(), Error> {
        self.disown(jid)?;
        let key = jid.as_str().as_bytes();
        for tree in [
            Tree::Registration,
            Tree::Login,
            Tree::Preferences,
            Tree::Contacts,
            Tree::Cursor,
        ] {
            self.remove(tree, key.to_vec());
        }
        let prefix = journal_prefix(jid);
        for ((tree, key), value) in &mut self.writes {
            if *tree == Tree::Journal && key.starts_with(&prefix) {
                *value = None;
            }
        }
        for (key, _) in self.store.database.with_prefix(Tree::Journal, &prefix)? {
            self.remove(Tree::Journal, key);
        }
        Ok(())
    }

    /// Takes the user off the number they have, if they have one.
    fn disown(&mut self, jid: &BareJid) -> Result<(), Error> {
        let key = jid.as_str().as_bytes();
        let before: Option<Registration> = match self.planned(Tree::Registration, key) {
            Some(planned) => planned
                .map(|bytes| self.store.decode(key, bytes))
                .transpose()?,
            None => self.store.record(key)?,
        };
        if let Some(before) = before {
            self.remove(Tree::UinOwner, owner_key(before.uin, jid));
        }
        Ok(())
    }

    fn has(&self, tree: Tree, key: &[u8]) -> Result<bool, Error> {
        match self.planned(tree, key) {
            Some(planned) => Ok(planned.is_some()),
            None => self.store.database.has(tree, key),
        }
    }

    /// What is going to be under `key`, if that is in the plan.
    fn planned(&self, tree: Tree, key: &[u8]) -> Option<Option<&[u8]>> {
        let planned = self.writes.get(&(tree, key.to_vec()))?;
        Some(planned.as_deref())
    }

    fn put<R: Record>(&mut self, key: &[u8], record: &R) {
        let bytes = encoding::encode(&self.store.key, key, record);
        self.writes.insert((R::TREE, key.to_vec()), Some(bytes));
    }

    fn remove(&mut self, tree: Tree, key: Vec<u8>) {
        self.writes.insert((tree, key), None);
    }
}

/// The key in [`Tree::UinOwner`] that says that `jid` uses `uin`.
fn owner_key(uin: Uin, jid: &BareJid) -> Vec<u8> {
    [&uin.0.to_be_bytes(), jid.as_str().as_bytes()].concat()
}

/// What the keys of a user's batches in [`Tree::Journal`] begin with.
pub(super) fn journal_prefix(jid: &BareJid) -> Vec<u8> {
    [jid.as_str().as_bytes(), &[0]].concat()
}

fn journal_key(jid: &BareJid, batch: u64) -> Vec<u8> {
    [journal_prefix(jid).as_slice(), &batch.to_be_bytes()].concat()
}
