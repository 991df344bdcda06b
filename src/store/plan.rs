//! What changes come to in trees and keys.

use xmpp_parsers::jid::BareJid;

use super::database::{Tree, Writes};
use super::encoding::{self, Record};
use super::log::{Line, Note};
use super::{Change, Error, Registration, Store};
use crate::model::Uin;

/// The writes that changes to some users come to. Nothing is written yet.
pub(super) struct Plan<'a> {
    store: &'a Store,
    planned: Planned,
}

/// What a [`Plan`] comes to.
#[derive(Default)]
pub(super) struct Planned {
    /// What is written to the users' own records.
    pub(super) writes: Writes,
    /// What is put on a page of the [`Log`](super::log::Log).
    pub(super) lines: Vec<Line>,
    /// Of whom nothing that was put there before is true any more.
    pub(super) forgotten: Vec<String>,
}

impl<'a> Plan<'a> {
    /// No writes.
    pub(super) fn new(store: &'a Store) -> Self {
        Self {
            store,
            planned: Planned::default(),
        }
    }

    /// Adds what `changes` make, in their order, of the user's records as they will be after
    /// everything added before.
    ///
    /// The same as [`UserRecord::apply`](super::UserRecord::apply), which says what is meant.
    pub(super) fn add(&mut self, jid: &BareJid, changes: &[Change]) -> Result<(), Error> {
        let key = jid.as_str().as_bytes();
        let mut registered = self.is_registered(jid)?;
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
                Change::AddBatch { batch, entries } => {
                    self.note(jid, Note::Add(*batch, encoding::body(entries)));
                }
                Change::DropBatch(batch) => self.note(jid, Note::Drop(*batch)),
                Change::Cursor(cursor) => self.note(jid, Note::Cursor(encoding::body(cursor))),
                Change::Forget => {
                    self.forget(jid)?;
                    registered = false;
                }
            }
        }
        Ok(())
    }

    /// All that was added.
    pub(super) fn done(self) -> Planned {
        self.planned
    }

    fn register(&mut self, jid: &BareJid, registration: &Registration) -> Result<(), Error> {
        self.disown(jid)?;
        let owner = (Tree::UinOwner, owner_key(registration.uin, jid));
        self.planned.writes.insert(owner, Some(Vec::new()));
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
        let name = jid.as_str();
        self.planned.lines.retain(|line| line.jid != name);
        self.planned.forgotten.push(name.to_owned());
        let prefix = journal_prefix(name);
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

    fn is_registered(&self, jid: &BareJid) -> Result<bool, Error> {
        let key = jid.as_str().as_bytes();
        match self.planned(Tree::Registration, key) {
            Some(planned) => Ok(planned.is_some()),
            None if self.store.log.knows(jid.as_str()) => Ok(true),
            None => self.store.database.has(Tree::Registration, key),
        }
    }

    /// What is going to be under `key`, if that is in the plan.
    fn planned(&self, tree: Tree, key: &[u8]) -> Option<Option<&[u8]>> {
        let planned = self.planned.writes.get(&(tree, key.to_vec()))?;
        Some(planned.as_deref())
    }

    fn note(&mut self, jid: &BareJid, note: Note) {
        let jid = jid.as_str().to_owned();
        self.planned.lines.push(Line { jid, note });
    }

    fn put<R: Record>(&mut self, key: &[u8], record: &R) {
        let bytes = encoding::encode(&self.store.key, key, record);
        self.planned
            .writes
            .insert((R::TREE, key.to_vec()), Some(bytes));
    }

    fn remove(&mut self, tree: Tree, key: Vec<u8>) {
        self.planned.writes.insert((tree, key), None);
    }
}

/// The key in [`Tree::UinOwner`] that says that `jid` uses `uin`.
fn owner_key(uin: Uin, jid: &BareJid) -> Vec<u8> {
    [&uin.0.to_be_bytes(), jid.as_str().as_bytes()].concat()
}

/// What the keys of a user's batches in [`Tree::Journal`] begin with.
pub(super) fn journal_prefix(jid: &str) -> Vec<u8> {
    [jid.as_bytes(), &[0]].concat()
}

/// The key of one of them.
pub(super) fn journal_key(jid: &str, batch: u64) -> Vec<u8> {
    [journal_prefix(jid).as_slice(), &batch.to_be_bytes()].concat()
}
