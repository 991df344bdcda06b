//! Opening a database: what is checked, what an empty one gets, and how a key is changed.

use zeroize::Zeroizing;

use super::database::{Database, Tree, Writes};
use super::encoding;
use super::log::{Log, ReadError};
use super::witness::Witness;
use super::{Counted, Error, Key, SCHEMA, Store};

impl Store {
    /// Opens the database that `witness` is for, if this program and this key can read it and
    /// nothing was lost.
    pub(super) fn open_locked(witness: Witness, key: Key) -> Result<Self, Error> {
        let reached = witness.generation()?;
        let mut store = Self {
            database: Database::open(witness)?,
            key,
            generation: 0,
            log: Log::default(),
            counted: Counted::default(),
        };
        let mut writes = Writes::new();
        if let Some(version) = store.database.value(Tree::Meta, SCHEMA_KEY)? {
            store.check_schema(&version)?;
            store.check_key()?;
            store.generation = store.read_generation()?;
        } else {
            store.check_empty()?;
            writes.insert(
                (Tree::Meta, STANZA_ID_KEY.to_vec()),
                Some(store.new_stanza_id_key()),
            );
        }
        if store.generation < reached {
            return Err(store.damage(format!(
                "its generation is {}, but it had reached {reached}",
                store.generation
            )));
        }
        store.log = store.read_log()?;
        store.log.fold(&store.key, &store.database, &mut writes)?;
        // Records of an older layout are upgraded as they are read, and newer ones are written.
        writes.insert(
            (Tree::Meta, SCHEMA_KEY.to_vec()),
            Some(SCHEMA.to_be_bytes().to_vec()),
        );
        store.write_generation(writes)?;
        Ok(store)
    }

    /// Writes something that must never be lost unnoticed: a power cut does not undo it, and the
    /// witness will know of it.
    pub(super) fn write_generation(&mut self, mut writes: Writes) -> Result<(), Error> {
        let generation = self.generation + 1;
        writes.insert(
            (Tree::Meta, GENERATION_KEY.to_vec()),
            Some(generation.to_be_bytes().to_vec()),
        );
        self.database.write(&writes)?;
        self.generation = generation;
        self.database.flush()?;
        self.database.sync(generation)
    }

    fn read_log(&self) -> Result<Log, Error> {
        Log::read(&self.database, &self.key).map_err(|error| match error {
            ReadError::Database(error) => error,
            ReadError::Unreadable(key, why) => self.unreadable(Tree::Log, &key, why),
        })
    }

    fn read_generation(&self) -> Result<u64, Error> {
        let bytes = self.database.value(Tree::Meta, GENERATION_KEY)?;
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(u64::from_be_bytes)
            .ok_or_else(|| self.damaged(Tree::Meta, GENERATION_KEY, "it is no number"))
    }

    /// Only an empty directory may lack what [`open_locked`](Self::open_locked) writes.
    fn check_empty(&self) -> Result<(), Error> {
        for tree in Tree::ALL {
            if let Some(key) = self.database.keys(tree)?.first() {
                return Err(self.damaged(tree, key, "it is there, but not the layout's version"));
            }
        }
        Ok(())
    }

    fn new_stanza_id_key(&self) -> Vec<u8> {
        let random = Zeroizing::new(rand::random::<[u8; 32]>());
        encoding::seal(
            &self.key,
            Tree::Meta,
            STANZA_ID_KEY,
            STANZA_ID_KEY_VERSION,
            random.as_slice(),
        )
    }

    /// Refuses a layout that this program does not know yet.
    fn check_schema(&self, version: &[u8]) -> Result<(), Error> {
        let Ok(version) = version.try_into() else {
            return Err(self.damaged(Tree::Meta, SCHEMA_KEY, "it is no number"));
        };
        let found = u32::from_be_bytes(version);
        if found > SCHEMA {
            return Err(Error::Newer {
                directory: self.database.directory().to_owned(),
                found,
                known: SCHEMA,
            });
        }
        Ok(())
    }

    /// Refuses a key that does not open the database, and seals everything again after a change of
    /// the key.
    fn check_key(&self) -> Result<(), Error> {
        let Some(proof) = self.database.value(Tree::Meta, STANZA_ID_KEY)? else {
            return Err(self.damaged(Tree::Meta, STANZA_ID_KEY, "it is missing"));
        };
        if encoding::open(&self.key, Tree::Meta, STANZA_ID_KEY, &proof).is_err() {
            return Err(Error::WrongKey {
                key_file: self.key.file().to_owned(),
                directory: self.database.directory().to_owned(),
            });
        }
        if encoding::key_id(&proof) == Some(self.key.id()) {
            return Ok(());
        }
        // The proof comes last, so that an interrupted change goes on at the next start.
        for tree in SEALED {
            for key in self.database.keys(tree)? {
                self.seal_again(tree, key)?;
            }
        }
        self.seal_again(Tree::Meta, STANZA_ID_KEY.to_vec())
    }

    fn seal_again(&self, tree: Tree, key: Vec<u8>) -> Result<(), Error> {
        let Some(bytes) = self.database.value(tree, &key)? else {
            return Ok(());
        };
        if encoding::key_id(&bytes) == Some(self.key.id()) {
            return Ok(());
        }
        let (version, body) = encoding::open(&self.key, tree, &key, &bytes)
            .map_err(|why| self.unreadable(tree, &key, why))?;
        let sealed = encoding::seal(&self.key, tree, &key, version, &body);
        self.database
            .write(&Writes::from([((tree, key), Some(sealed))]))
    }
}

/// The trees whose values are sealed records.
const SEALED: [Tree; 7] = [
    Tree::Registration,
    Tree::Login,
    Tree::Contacts,
    Tree::Journal,
    Tree::Cursor,
    Tree::Log,
    Tree::Preferences,
];
const GENERATION_KEY: &[u8] = b"generation";
pub(super) const SCHEMA_KEY: &[u8] = b"schema";
/// Random bytes that outlive everything else in the database; being sealed, they also prove the key.
pub(super) const STANZA_ID_KEY: &[u8] = b"stanza_id_key";
const STANZA_ID_KEY_VERSION: u8 = 1;
