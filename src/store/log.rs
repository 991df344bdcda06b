//! What became of messages of late, on pages that many users share.
//!
//! A message on its way is written down and, a moment later, struck off again. In its user's own
//! records that would be a handful of writes for each of them. So whatever comes together is put on
//! one page, sealed and written as one, and kept in memory beside it. When there are many pages they
//! are folded: what they come to, which is little, is written to the users' own records, and the
//! pages go. Starting and ending the store fold them too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize, Serializer};

use super::database::{Database, Tree, Writes};
use super::encoding::{self, Record, Unreadable};
use super::key::Key;
use super::{Cursor, Entry, Error, UserRecord, plan};

/// The pages that are not folded yet, as they are on disk.
#[derive(Debug, Default)]
pub(super) struct Log {
    users: BTreeMap<String, Recent>,
    /// Their numbers.
    pages: Range<u64>,
    bytes: usize,
}

/// One change to the messages of one user.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Line {
    /// Whose.
    pub(super) jid: String,
    /// What.
    pub(super) note: Note,
}

/// What a [`Line`] says.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Note {
    /// A batch was taken: its number, and its [`Entry`] list as [`encoding::body`] makes it.
    Add(u64, #[serde(serialize_with = "as_bytes")] Vec<u8>),
    /// Nothing of this batch is needed any more.
    Drop(u64),
    /// The [`Cursor`], encoded.
    Cursor(#[serde(serialize_with = "as_bytes")] Vec<u8>),
}

/// What the pages say about one user.
#[derive(Debug, Default)]
struct Recent {
    added: BTreeMap<u64, Vec<u8>>,
    /// Batches that the user's own records may still have.
    dropped: BTreeSet<u64>,
    cursor: Option<Vec<u8>>,
}

impl Record for Vec<Line> {
    const TREE: Tree = Tree::Log;
    const VERSION: u8 = 1;
}

impl Note {
    fn bytes(&self) -> usize {
        match self {
            Self::Add(_, body) | Self::Cursor(body) => body.len(),
            Self::Drop(_) => size_of::<u64>(),
        }
    }
}

impl Log {
    /// The log as the database has it.
    pub(super) fn read(database: &Database, key: &Key) -> Result<Self, ReadError> {
        let mut log = Self::default();
        for (number, bytes) in database.with_prefix(Tree::Log, b"")? {
            let unreadable = |why| ReadError::Unreadable(number.clone(), why);
            let lines = encoding::decode(key, &number, &bytes).map_err(unreadable)?;
            let number = number.as_slice().try_into().map(u64::from_be_bytes);
            let number = number.map_err(|_| unreadable(Unreadable::Layout))?;
            if log.pages.is_empty() {
                log.pages.start = number;
            }
            log.pages.end = number + 1;
            log.add(lines);
        }
        Ok(log)
    }

    /// Puts lines on pages, which `writes` gets.
    pub(super) fn write(&mut self, key: &Key, lines: Vec<Line>, writes: &mut Writes) {
        let mut lines = lines.into_iter().peekable();
        while lines.peek().is_some() {
            let mut bytes = 0;
            let page: Vec<Line> = std::iter::from_fn(|| {
                let line = lines.next_if(|_| bytes < PAGE_BYTES)?;
                bytes += line.note.bytes();
                Some(line)
            })
            .collect();
            let number = self.pages.end.to_be_bytes();
            let sealed = encoding::encode(key, &number, &page);
            writes.insert((Tree::Log, number.to_vec()), Some(sealed));
            self.pages.end += 1;
            self.add(page);
        }
    }

    /// Takes lines that are not, or need not be, on a page.
    pub(super) fn add(&mut self, lines: Vec<Line>) {
        for Line { jid, note } in lines {
            self.bytes += note.bytes();
            let user = match self.users.get_mut(&jid) {
                Some(user) => user,
                None => self.users.entry(jid).or_default(),
            };
            match note {
                Note::Add(batch, body) => drop(user.added.insert(batch, body)),
                Note::Drop(batch) => {
                    user.added.remove(&batch);
                    user.dropped.insert(batch);
                }
                Note::Cursor(body) => user.cursor = Some(body),
            }
        }
    }

    /// This user is on a page, so they are registered.
    pub(super) fn knows(&self, jid: &str) -> bool {
        self.users.contains_key(jid)
    }

    /// Nothing of this user's is kept any more; the pages have to be folded.
    pub(super) fn forget(&mut self, jid: &str) {
        self.users.remove(jid);
    }

    /// There is so much that it should be folded.
    pub(super) fn is_full(&self) -> bool {
        self.pages.end - self.pages.start >= MAX_PAGES || self.bytes >= MAX_BYTES
    }

    /// Brings a record of a user up to date.
    pub(super) fn complete(&self, jid: &str, record: &mut UserRecord) -> Result<(), Unreadable> {
        let Some(user) = self.users.get(jid) else {
            return Ok(());
        };
        for batch in &user.dropped {
            record.journal.remove(batch);
        }
        for (batch, body) in &user.added {
            let entries = encoding::read_body::<Vec<Entry>>(body)?;
            record.journal.insert(*batch, entries);
        }
        if let Some(body) = &user.cursor {
            record.cursor = encoding::read_body(body)?;
        }
        Ok(())
    }

    /// Brings the keys of [`Tree::Journal`] up to date.
    pub(super) fn complete_keys(&self, keys: &mut BTreeSet<Vec<u8>>) {
        for (jid, user) in &self.users {
            for batch in &user.dropped {
                keys.remove(&plan::journal_key(jid, *batch));
            }
            let added = user.added.keys();
            keys.extend(added.map(|batch| plan::journal_key(jid, *batch)));
        }
    }

    /// Moves everything to the users' own records: `writes` gets that, and the end of the pages.
    pub(super) fn fold(
        &mut self,
        key: &Key,
        database: &Database,
        writes: &mut Writes,
    ) -> Result<(), Error> {
        let Self { users, pages, .. } = std::mem::take(self);
        self.pages = pages.end..pages.end;
        for (jid, user) in users {
            let jid = jid.as_str();
            for batch in user.dropped {
                let place = plan::journal_key(jid, batch);
                if !user.added.contains_key(&batch) && database.has(Tree::Journal, &place)? {
                    writes.insert((Tree::Journal, place), None);
                }
            }
            for (batch, body) in &user.added {
                let place = plan::journal_key(jid, *batch);
                let sealed = encoding::seal_body::<Vec<Entry>>(key, &place, body);
                writes.insert((Tree::Journal, place), Some(sealed));
            }
            if let Some(body) = &user.cursor {
                let place = jid.as_bytes();
                let sealed = encoding::seal_body::<Cursor>(key, place, body);
                writes.insert((Tree::Cursor, place.to_vec()), Some(sealed));
            }
        }
        for page in pages {
            writes.insert((Tree::Log, page.to_be_bytes().to_vec()), None);
        }
        Ok(())
    }
}

/// The same in postcard as the list of numbers it is, and several times as fast.
fn as_bytes<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(body)
}

/// Why the log cannot be read.
pub(super) enum ReadError {
    /// The database does not give it.
    Database(Error),
    /// The page of this key says something else.
    Unreadable(Vec<u8>, Unreadable),
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// A page is full from this on.
const PAGE_BYTES: usize = 32 * 1024;

/// How much may be on pages, and so in memory twice over, before it is folded.
pub(super) const MAX_PAGES: u64 = 2048;
const MAX_BYTES: usize = 4 * 1024 * 1024;
