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

    /// Adds what `change` makes of the records as they will be after everything added before.
    ///
    /// The same as [`UserRecord::apply`](super::UserRecord::apply), which says what is meant.
    pub(super) fn add(&mut self, jid: &BareJid, change: &Change) -> Result<(), Error> {
        let key = jid.as_str().as_bytes();
        let registered = self.registration(key)?;
        if let Change::Registration(registration) = change {
            if let Some(before) = registered {
                self.remove(Tree::UinOwner, owner_key(before.uin, jid));
            }
            let owner = (Tree::UinOwner, owner_key(registration.uin, jid));
            self.writes.insert(owner, Some(Vec::new()));
            self.put(key, &**registration);
            return Ok(());
        }
        let Some(registration) = registered else {
            return Ok(());
        };
        match change {
            Change::Registration(_) => {}
            Change::Login(login) => self.put(key, &**login),
            Change::Contacts(contacts) => self.put(key, contacts),
            Change::AddBatch { batch, entries } => self.put(&journal_key(jid, *batch), entries),
            Change::DropBatch(batch) => self.remove(Tree::Journal, journal_key(jid, *batch)),
            Change::Cursor(cursor) => self.put(key, cursor),
            Change::Forget => self.forget(jid, registration.uin)?,
        }
        Ok(())
    }

    /// All that was added.
    pub(super) fn into_writes(self) -> Writes {
        self.writes
    }

    fn forget(&mut self, jid: &BareJid, uin: Uin) -> Result<(), Error> {
        let key = jid.as_str().as_bytes();
        for tree in [
            Tree::Registration,
            Tree::Login,
            Tree::Contacts,
            Tree::Cursor,
        ] {
            self.remove(tree, key.to_vec());
        }
        self.remove(Tree::UinOwner, owner_key(uin, jid));

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

    fn registration(&self, key: &[u8]) -> Result<Option<Registration>, Error> {
        match self.writes.get(&(Tree::Registration, key.to_vec())) {
            Some(planned) => planned
                .as_ref()
                .map(|bytes| self.store.decode(key, bytes))
                .transpose(),
            None => self.store.record(key),
        }
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
