//! Records as bytes: a version, then postcard, sealed.
//!
//! | bytes | field     | meaning                                                  |
//! |-------|-----------|----------------------------------------------------------|
//! | 1     | `VERSION` | [`Record::VERSION`] of the program that wrote it         |
//! | n     | `SEALED`  | the record in postcard, as [`Key::seal`] makes it        |
//!
//! The place a record is sealed for is its tree, its key and its version, so a record copied to
//! another user, another tree or another batch does not open.
//!
//! postcard does not describe itself: a field added even at the end breaks old bytes. So after a
//! release a record never changes. A new layout gets a new `VERSION`; the old struct is kept, frozen
//! under another name, for [`Record::upgrade`]; and [`SCHEMA`](super::SCHEMA) rises, which keeps
//! older programs from reading what they do not understand. `tests` shows the steps, and a test of
//! golden bytes tells when they are due.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::database::Tree;
use super::key::{Key, Unopened};
use super::older;
use super::{ContactRecord, Cursor, Entry, LoginRecord, Preferences, Registration};

/// Something that is kept in a tree of its own.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// Where.
    const TREE: Tree;
    /// The layout this program writes.
    const VERSION: u8;

    /// Makes this record of an older version's `body`.
    fn upgrade(_version: u8, _body: &[u8]) -> Result<Self, Unreadable> {
        Err(Unreadable::Layout)
    }
}

impl Record for Registration {
    const TREE: Tree = Tree::Registration;
    const VERSION: u8 = 2;

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, Unreadable> {
        older::registration(version, body)
    }
}

impl Record for LoginRecord {
    const TREE: Tree = Tree::Login;
    const VERSION: u8 = 2;

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, Unreadable> {
        older::login(version, body)
    }
}

impl Record for Preferences {
    const TREE: Tree = Tree::Preferences;
    const VERSION: u8 = 1;
}

impl Record for Vec<ContactRecord> {
    const TREE: Tree = Tree::Contacts;
    const VERSION: u8 = 1;
}

impl Record for Vec<Entry> {
    const TREE: Tree = Tree::Journal;
    const VERSION: u8 = 1;
}

impl Record for Cursor {
    const TREE: Tree = Tree::Cursor;
    const VERSION: u8 = 1;
}

/// Why bytes from the database are no record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unreadable {
    /// They do not open.
    Sealed(Unopened),
    /// They open and are something else than expected.
    Layout,
}

/// The bytes to keep under `key` for `record`.
pub(super) fn encode<R: Record>(sealing: &Key, key: &[u8], record: &R) -> Vec<u8> {
    let body = Zeroizing::new(body_in(Vec::with_capacity(TYPICAL_BYTES), record));
    seal_body::<R>(sealing, key, &body)
}

/// A record in postcard, not sealed.
pub(super) fn body<R: Record>(record: &R) -> Vec<u8> {
    body_in(Vec::new(), record)
}

/// The record that [`body`] made these bytes of.
pub(super) fn read_body<R: Record>(body: &[u8]) -> Result<R, Unreadable> {
    match postcard::take_from_bytes(body) {
        Ok((record, [])) => Ok(record),
        _ => Err(Unreadable::Layout),
    }
}

/// The bytes to keep under `key` for the record that [`body`] made these bytes of.
pub(super) fn seal_body<R: Record>(sealing: &Key, key: &[u8], body: &[u8]) -> Vec<u8> {
    seal(sealing, R::TREE, key, R::VERSION, body)
}

fn body_in<R: Record>(room: Vec<u8>, record: &R) -> Vec<u8> {
    postcard::to_extend(record, room)
        .expect("postcard refuses only sequences of unknown length, and no record has one")
}

/// The record kept under `key` as `bytes`.
pub(super) fn decode<R: Record>(sealing: &Key, key: &[u8], bytes: &[u8]) -> Result<R, Unreadable> {
    let (version, body) = open(sealing, R::TREE, key, bytes)?;
    if version != R::VERSION {
        return R::upgrade(version, &body);
    }
    read_body(&body)
}

/// The number of the key that `bytes` were sealed with.
pub(super) fn key_id(bytes: &[u8]) -> Option<u8> {
    bytes.get(1).copied()
}

/// Seals a body of this version for a place in the database.
pub(super) fn seal(sealing: &Key, tree: Tree, key: &[u8], version: u8, body: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(body.len() + SEAL_BYTES);
    sealed.push(version);
    sealing.seal(&place(tree, key, version), body, &mut sealed);
    sealed
}

/// The version and the body of what was sealed for a place in the database.
pub(super) fn open(
    sealing: &Key,
    tree: Tree,
    key: &[u8],
    bytes: &[u8],
) -> Result<(u8, Zeroizing<Vec<u8>>), Unreadable> {
    let (&version, sealed) = bytes.split_first().ok_or(Unreadable::Layout)?;
    let body = sealing
        .open(&place(tree, key, version), sealed)
        .map_err(Unreadable::Sealed)?;
    Ok((version, body))
}

fn place(tree: Tree, key: &[u8], version: u8) -> Vec<u8> {
    [tree.name().as_bytes(), &[0, version], key].concat()
}

/// What sealing adds, and the version.
const SEAL_BYTES: usize = 42;

/// Enough for most records, so that few copies of a password stay behind in freed memory.
const TYPICAL_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::store::log::{Line, Note};
    use crate::store::samples;
    use crate::store::{Change, UserRecord};

    /// What a release that knew only [`Greeted`]'s first version wrote: a copy of the struct as it
    /// was, never touched again.
    #[derive(Serialize, Deserialize)]
    struct GreetedV1 {
        name: String,
    }

    /// The same record today.
    #[derive(Debug, Eq, PartialEq, Serialize, Deserialize)]
    struct Greeted {
        name: String,
        times: u32,
    }

    impl Record for Greeted {
        const TREE: Tree = Tree::Login;
        const VERSION: u8 = 2;

        fn upgrade(version: u8, body: &[u8]) -> Result<Self, Unreadable> {
            if version != 1 {
                return Err(Unreadable::Layout);
            }
            let old: GreetedV1 = postcard::from_bytes(body).map_err(|_| Unreadable::Layout)?;
            Ok(Self {
                name: old.name,
                times: 1,
            })
        }
    }

    #[test]
    fn a_record_of_an_older_version_is_upgraded_when_read() {
        let sealing = Key::random();
        let body = postcard::to_allocvec(&GreetedV1 {
            name: "Tybalt".into(),
        })
        .unwrap();
        let old = seal(&sealing, Tree::Login, b"tybalt@example.org", 1, &body);

        let read: Greeted = decode(&sealing, b"tybalt@example.org", &old).unwrap();

        let expected = Greeted {
            name: "Tybalt".into(),
            times: 1,
        };
        assert_eq!(read, expected);
        let new = encode(&sealing, b"tybalt@example.org", &expected);
        assert_eq!(new[0], 2);
        assert_eq!(decode(&sealing, b"tybalt@example.org", &new), Ok(expected));
    }

    #[test]
    fn a_version_nobody_knows_is_unreadable() {
        let sealing = Key::random();
        let bytes = seal(&sealing, Tree::Login, b"jid", 3, b"");
        assert_eq!(
            decode::<Greeted>(&sealing, b"jid", &bytes),
            Err(Unreadable::Layout)
        );

        let bytes = seal(&sealing, Tree::Cursor, b"jid", 2, b"");
        assert_eq!(
            decode::<Cursor>(&sealing, b"jid", &bytes),
            Err(Unreadable::Layout)
        );
    }

    #[test]
    fn a_record_opens_only_in_its_tree_under_its_key_and_as_its_version() {
        let sealing = Key::random();
        let bytes = encode(&sealing, b"jid", &Cursor::default());

        assert_eq!(decode(&sealing, b"jid", &bytes), Ok(Cursor::default()));
        let altered = Unreadable::Sealed(Unopened::Altered);
        assert_eq!(decode::<Cursor>(&sealing, b"other", &bytes), Err(altered));
        assert_eq!(open(&sealing, Tree::Login, b"jid", &bytes), Err(altered));
        let mut other_version = bytes;
        other_version[0] += 1;
        assert_eq!(
            decode::<Cursor>(&sealing, b"jid", &other_version),
            Err(altered)
        );
        assert_eq!(
            decode::<Cursor>(&sealing, b"jid", &[]),
            Err(Unreadable::Layout)
        );
    }

    #[test]
    fn bytes_behind_a_record_make_it_unreadable() {
        let sealing = Key::random();
        let body = postcard::to_extend(&Cursor::default(), vec![]).unwrap();
        let longer = seal(&sealing, Tree::Cursor, b"jid", 1, &[body, vec![0]].concat());

        assert_eq!(
            decode::<Cursor>(&sealing, b"jid", &longer),
            Err(Unreadable::Layout)
        );
    }

    /// Fails when the layout of a record has changed, also by a change in `model`.
    ///
    /// Before the first release: put in what the failure shows. After it: keep the struct as it was
    /// for `upgrade`, raise `VERSION` and `SCHEMA`, and keep these bytes in a test of the upgrade.
    #[test]
    fn the_layout_of_no_record_has_changed() {
        let user = samples::everything()
            .into_iter()
            .fold(None, |user, change: Change| UserRecord::apply(user, change))
            .unwrap();

        for (name, record, expected) in [
            ("REGISTRATION_V2", body(&user.registration), REGISTRATION_V2),
            ("LOGIN_V2", body(&user.login), LOGIN_V2),
            ("PREFERENCES_V1", body(&user.preferences), PREFERENCES_V1),
            ("CONTACTS_V1", body(&user.contacts), CONTACTS_V1),
            ("JOURNAL_V1", body(&user.journal[&5]), JOURNAL_V1),
            ("CURSOR_V1", body(&user.cursor), CURSOR_V1),
            ("LOG_V1", body(&lines()), LOG_V1),
        ] {
            let now = record.escape_ascii();
            assert!(record == expected, "{name} is now: {now}");
        }
    }

    fn lines() -> Vec<Line> {
        let notes = [
            Note::Add(5, vec![1, 2, 200]),
            Note::Drop(256),
            Note::Cursor(vec![3]),
        ];
        let line = |note| Line {
            jid: "romeo@example.org".to_owned(),
            note,
        };
        notes.map(line).into()
    }

    fn body<R: Record>(record: &R) -> Vec<u8> {
        postcard::to_allocvec(record).unwrap()
    }

    const LOG_V1: &[u8] = b"\
        \x03\x11romeo@example.org\x00\x05\x03\x01\x02\xc8\x11romeo@example.org\x01\x80\x02\x11ro\
        meo@example.org\x02\x01\x03";
    const REGISTRATION_V2: &[u8] = b"\
        \x91N\x10hunter2-montague\x01\x0cwindows-1251\x01\x80\xd0\x95\xff\xbc1\x07friends\x01\
        \x03";
    const LOGIN_V2: &[u8] = b"\
        \x01\x01\x01\x01\x01\x06kicked\x01\xf8\xac\xd1\x91\x01\xc0\xb8\x02\x04\x01\x01\x01\x06\
        kicked\x02\x01\x04\x01\x03icq\x92N\x07\xc1\xb8\x02\x03";
    const PREFERENCES_V1: &[u8] = b"\
        \x01\x01\x01\x01\xc0\xc4\x07\x01\x01\x01\x06Verona\x03gbk";
    const CONTACTS_V1: &[u8] = b"\
        \x01\xc0\xc4\x07\x08Benvolio\x01\x01\x1ca plague o\' both your houses\x03\x01\x00\
        \x01\x02\x01\x01\x04\x01\x01\x01";
    const JOURNAL_V1: &[u8] = b"\
        \x0c\x01\x02\x03i-2\xc0\xc4\x07\x002But soft! What light through yonder window break\
        s?\x01\x06\x07\x01\x03\x03i-3\xc0\xc4\x07\x01\x06a play\x14https://example.org/\x01\
        \x06\x07\x01\x04\x03i-4\xc0\xc4\x07\x02\x08Benvolio\x03Ben\x05Volio\x0fben@example.o\
        rg\x1ca plague o\' both your houses\x01\x06\x07\x01\x05\x03i-5\xc0\xc4\x07\x03\x1ca \
        plague o\' both your houses\x01\x06\x07\x01\x06\x03i-6\xc0\xc4\x07\x04\x01\x06\x07\
        \x01\x07\x03i-7\xc0\xc4\x07\x05\x08Benvolio\x03Ben\x05Volio\x0fben@example.org\x01\
        \x06\x07\x01\x08\x03i-8\xc0\xc4\x07\x06\x07closing\x01\x06\x07\x01\t\x03i-9\xc0\xc4\
        \x07\x07\x07visitor\x13visitor@example.org2But soft! What light through yonder windo\
        w breaks?\x01\x06\x07\x01\n\x04i-10\xc0\xc4\x07\x08\x06writer\x12writer@example.org2\
        But soft! What light through yonder window breaks?\x01\x06\x07\x01\x0b\x04i-11\xc0\
        \xc4\x07\t\x01\x93N\x08Mercutio\x01\x06\x07\x01\x0c\x04i-12\xc0\xc4\x07\n\x1a2But so\
        ft! What light through yonder window breaks?\x01\x06\x07\x00\x01\x01\x02a1\x01\x05ph\
        one\x01\xc0\xc4\x07\x002But soft! What light through yonder window breaks?\x05\x01\
        \x01";
    const CURSOR_V1: &[u8] = b"\
        \t\x04\x08\x05\x00\x05\x01\x05\x02\x00\x05\x02\x01\x05\x02\x02\x01\x02\x05\x02\x03\
        \x05\x03\x05\x04\x01\xc0\xc4\x07\x03";
}
