//! The store as its users see it.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::database::Writes;
use super::samples::{PASSWORD, REASON, TEXT, contact, everything, messages, register};
use super::*;

#[test]
fn what_was_applied_is_there_after_reopening() {
    let folder = folder();
    let key = Key::random();
    let mut store = Store::open(folder.path(), key.clone()).unwrap();

    store.apply(&[(romeo(), everything())]).unwrap();

    drop(store);
    let store = Store::open(folder.path(), key).unwrap();
    let loaded = store.load(&romeo()).unwrap().unwrap();
    assert_eq!(Some(loaded.clone()), model(None, &everything()));
    assert_eq!(loaded.registration.password.reveal(), PASSWORD);
    assert_eq!(loaded.journal.len(), 2);
    assert_eq!(store.users().unwrap(), [romeo()]);
}

#[test]
fn changes_to_somebody_unregistered_leave_nothing() {
    let folder = folder();
    let mut store = open(&folder);

    let mut changes = everything();
    changes.remove(0);
    store.apply(&[(romeo(), changes)]).unwrap();

    assert_eq!(store.load(&romeo()).unwrap(), None);
    assert_no_trace_of(&store, &romeo());
    assert_eq!(store.statistics().unwrap().flushes, 0);
}

#[test]
fn somebody_who_unregisters_leaves_no_record_in_any_tree() {
    let folder = folder();
    let mut store = open(&folder);
    let neighbour = BareJid::new("romeo@example.org.uk").unwrap();
    store
        .apply(&[(romeo(), everything()), (neighbour.clone(), everything())])
        .unwrap();

    // A batch that is only planned has to go as well.
    let last = Change::AddBatch {
        batch: 77,
        entries: messages(),
    };
    store
        .apply(&[(romeo(), vec![last, Change::Forget])])
        .unwrap();

    assert_eq!(store.load(&romeo()).unwrap(), None);
    assert_no_trace_of(&store, &romeo());
    assert_eq!(store.load(&neighbour).unwrap(), model(None, &everything()));
    assert_eq!(store.users().unwrap(), [neighbour]);
}

#[test]
fn somebody_who_comes_back_starts_with_nothing() {
    let folder = folder();
    let mut store = open(&folder);
    store.apply(&[(romeo(), everything())]).unwrap();

    let again = vec![Change::Forget, register(Uin(10_002))];
    store.apply(&[(romeo(), again.clone())]).unwrap();

    assert_eq!(store.load(&romeo()).unwrap(), model(None, &again));
}

#[test]
fn a_number_is_known_by_its_owners() {
    let folder = folder();
    let mut store = open(&folder);
    store
        .apply(&[
            (romeo(), vec![register(Uin(10_001))]),
            (juliet(), vec![register(Uin(10_001))]),
        ])
        .unwrap();
    assert_eq!(store.owners_of(Uin(10_001)).unwrap(), [juliet(), romeo()]);

    store
        .apply(&[(romeo(), vec![register(Uin(10_002)), register(Uin(10_003))])])
        .unwrap();
    store.apply(&[(juliet(), vec![Change::Forget])]).unwrap();

    assert!(store.owners_of(Uin(10_001)).unwrap().is_empty());
    assert!(store.owners_of(Uin(10_002)).unwrap().is_empty());
    assert_eq!(store.owners_of(Uin(10_003)).unwrap(), [romeo()]);
}

#[test]
fn many_changes_at_once_cost_one_flush() {
    let folder = folder();
    let mut store = open(&folder);

    let users = 0..50;
    let changes: Vec<_> = users
        .map(|n| {
            (
                BareJid::new(&format!("user{n}@example.org")).unwrap(),
                everything(),
            )
        })
        .collect();
    store.apply(&changes).unwrap();

    let statistics = store.statistics().unwrap();
    assert_eq!((statistics.writes, statistics.flushes), (1, 1));
    assert_eq!((statistics.users, statistics.batches), (50, 100));
    assert!(statistics.bytes_on_disk > 0);
}

#[test]
fn many_pages_are_folded_and_what_they_say_stays() {
    let folder = folder();
    let key = Key::random();
    let mut store = Store::open(folder.path(), key.clone()).unwrap();
    let mut expected = model(None, &everything());
    store.apply(&[(romeo(), everything())]).unwrap();

    for batch in 1000..1000 + log::MAX_PAGES + 10 {
        let add = Change::AddBatch {
            batch,
            entries: messages(),
        };
        let changes = vec![add, Change::DropBatch(batch - 1)];
        store.apply(&[(romeo(), changes.clone())]).unwrap();
        expected = model(expected, &changes);
    }

    let pages = |store: &Store| store.database.keys(Tree::Log).unwrap().len();
    assert!((1..20).contains(&pages(&store)), "{}", pages(&store));
    assert_eq!(store.load(&romeo()).unwrap(), expected);
    assert_eq!(store.statistics().unwrap().batches, 3);
    // As after a kill: nobody has closed it.
    drop(store);
    let store = open_again(folder.path(), &key);
    assert_eq!(pages(&store), 0);
    assert_eq!(store.load(&romeo()).unwrap(), expected);
    assert_eq!(store.database.keys(Tree::Journal).unwrap().len(), 3);
}

#[test]
fn a_page_that_does_not_open_is_damage() {
    let folder = folder();
    let key = Key::random();
    let mut store = Store::open(folder.path(), key.clone()).unwrap();
    store.apply(&[(romeo(), everything())]).unwrap();
    let pages = store.database.with_prefix(Tree::Log, b"").unwrap();
    let elsewhere = (
        (Tree::Log, 9_u64.to_be_bytes().to_vec()),
        Some(pages[0].1.clone()),
    );
    store.database.write(&Writes::from([elsewhere])).unwrap();
    drop(store);

    let refused = Store::open(folder.path(), key).err().unwrap();

    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
}

#[test]
fn neither_password_nor_text_nor_reason_is_in_any_file() {
    let folder = folder();
    let mut store = open(&folder);
    store.apply(&[(romeo(), everything())]).unwrap();
    drop(store);

    let mut looked_at = 0;
    for file in files_below(folder.path()) {
        let bytes = fs::read(&file).unwrap();
        looked_at += bytes.len();
        for secret in [PASSWORD, TEXT, REASON, "Benvolio"] {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} is in {}", file.display());
        }
    }
    assert!(looked_at > 1000);
}

#[test]
fn a_record_copied_to_another_user_does_not_open() {
    let folder = folder();
    let mut store = open(&folder);
    store
        .apply(&[
            (romeo(), everything()),
            (juliet(), vec![register(Uin(10_002))]),
        ])
        .unwrap();

    let key = |jid: &BareJid| jid.as_str().as_bytes().to_vec();
    let stolen = store
        .database
        .value(Tree::Registration, &key(&romeo()))
        .unwrap();
    store
        .database
        .write(&Writes::from([(
            (Tree::Registration, key(&juliet())),
            stolen,
        )]))
        .unwrap();

    let error = store.load(&juliet()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("registration of juliet@example.org: it does not open")
    );
    assert!(store.load(&romeo()).is_ok());
}

#[test]
fn what_is_missing_is_created_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let (directory, key_file) = (
        folder.path().join("state/db"),
        folder.path().join("keys/key"),
    );

    let mut store = Store::start(&directory, &key_file).unwrap();
    store.apply(&[(romeo(), everything())]).unwrap();
    drop(store);

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&key_file)), (0o700, 0o600));
    let store = Store::start(&directory, &key_file).unwrap();
    assert_eq!(store.load(&romeo()).unwrap(), model(None, &everything()));
}

#[test]
fn a_second_opening_is_refused_while_the_first_lasts() {
    let folder = folder();
    let key = Key::random();
    let store = Store::open(folder.path(), key.clone()).unwrap();

    let refused = Store::open(folder.path(), key.clone()).err().unwrap();

    let directory = folder.path().to_owned();
    assert_eq!(refused, Error::Locked { directory });
    drop(store);
    assert!(Store::open(folder.path(), key).is_ok());
}

#[test]
fn another_key_is_refused() {
    let folder = folder();
    drop(open(&folder));

    let refused = Store::open(folder.path(), Key::random()).err().unwrap();

    assert!(matches!(refused, Error::WrongKey { .. }), "{refused}");
}

#[test]
fn a_lost_key_file_is_not_replaced() {
    let folder = folder();
    let (directory, key_file) = (folder.path().join("db"), folder.path().join("key"));
    drop(Store::start(&directory, &key_file).unwrap());
    fs::remove_file(&key_file).unwrap();

    let refused = Store::start(&directory, &key_file).err().unwrap();

    assert!(matches!(refused, Error::KeyMissing { .. }), "{refused}");
    assert!(!key_file.exists());
}

#[test]
fn a_newer_database_is_refused() {
    let folder = folder();
    let key = Key::random();
    let store = Store::open(folder.path(), key.clone()).unwrap();
    write_schema(&store, SCHEMA + 1);
    drop(store);

    let refused = Store::open(folder.path(), key).err().unwrap();

    assert_eq!(
        refused,
        Error::Newer {
            directory: folder.path().to_owned(),
            found: SCHEMA + 1,
            known: SCHEMA
        }
    );
}

#[test]
fn an_older_database_is_marked_as_of_today() {
    let folder = folder();
    let key = Key::random();
    let store = Store::open(folder.path(), key.clone()).unwrap();
    write_schema(&store, SCHEMA - 1);
    drop(store);

    let store = Store::open(folder.path(), key).unwrap();

    let version = store.database.value(Tree::Meta, opening::SCHEMA_KEY);
    assert_eq!(version.unwrap().unwrap(), SCHEMA.to_be_bytes());
}

#[test]
fn after_a_change_of_the_key_the_old_one_is_needed_no_more() {
    let folder = folder();
    let (directory, key_file) = (folder.path().join("db"), folder.path().join("key"));
    let mut store = Store::start(&directory, &key_file).unwrap();
    store.apply(&[(romeo(), everything())]).unwrap();
    let stanza_id_key = store.stanza_id_key().unwrap();
    drop(store);

    let old = fs::read_to_string(&key_file).unwrap();
    let new = format!("2 {}\n", "5a".repeat(32));
    fs::write(&key_file, format!("{new}{old}")).unwrap();
    drop(Store::start(&directory, &key_file).unwrap());
    fs::write(&key_file, &new).unwrap();

    let store = Store::start(&directory, &key_file).unwrap();
    assert_eq!(store.load(&romeo()).unwrap(), model(None, &everything()));
    assert_eq!(store.stanza_id_key().unwrap(), stanza_id_key);
    drop(store);
    fs::write(&key_file, old).unwrap();
    let refused = Store::start(&directory, &key_file).err().unwrap();
    assert!(matches!(refused, Error::WrongKey { .. }), "{refused}");
}

#[test]
fn the_key_of_stanza_ids_lasts_and_differs_between_databases() {
    let (one, two) = (folder(), folder());
    let key = Key::random();
    let first = Store::open(one.path(), key.clone())
        .unwrap()
        .stanza_id_key();

    let again = Store::open(one.path(), key.clone())
        .unwrap()
        .stanza_id_key();
    let other = Store::open(two.path(), key).unwrap().stanza_id_key();

    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn a_damaged_file_is_damage_or_harmless_and_never_half_a_list() {
    let folder = folder();
    let key = Key::random();
    let whole = folder.path().join("whole");
    let users = fill(&whole, &key);
    let length = fs::metadata(whole.join("db")).unwrap().len();

    let mut refused = 0;
    for step in 0..12 {
        for damage in [truncate, zero] {
            let copy = folder.path().join(format!("copy{step}"));
            copy_folder(&whole, &copy);
            damage(&copy.join("db"), length * step / 12);

            let read = Store::open(&copy, key.clone()).and_then(|store| {
                let names = store.users()?;
                let loaded = names.iter().map(|jid| store.load(jid));
                Ok((names.clone(), loaded.collect::<Result<Vec<_>, _>>()?))
            });

            match read {
                Err(Error::Damaged { directory, .. }) => {
                    assert_eq!(directory, copy);
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
                Ok((names, loaded)) => {
                    assert_eq!(names, users);
                    assert!(loaded.iter().all(|user| *user == model(None, &bulk())));
                }
            }
        }
    }
    assert!(refused >= 12, "only {refused} of 24 were noticed");
}

#[test]
fn damage_that_shows_only_while_reading_is_damage_too() {
    let folder = folder();
    let key = Key::random();
    let users = fill(folder.path(), &key);
    let store = Store::open(folder.path(), key).unwrap();

    let file = folder.path().join("db");
    let length = fs::metadata(&file).unwrap().len();
    fs::write(&file, vec![0xa5; usize::try_from(length).unwrap()]).unwrap();

    let results = users.iter().map(|jid| store.load(jid));
    let errors: Vec<Error> = results.filter_map(Result::err).collect();
    assert!(!errors.is_empty());
    for error in errors {
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_write_that_was_cut_off_anywhere_is_undone_whole() {
    let folder = folder();
    let key = Key::random();
    let whole = folder.path().join("whole");
    let mut store = Store::open(&whole, key.clone()).unwrap();
    store.apply(&[(romeo(), everything())]).unwrap();
    let before = store.load(&romeo()).unwrap();
    let begin = fs::metadata(whole.join("db")).unwrap().len();

    // Longer than the half MiB that sled writes at once.
    let mut changes: Vec<Change> = (1000..1100)
        .map(|batch| Change::AddBatch {
            batch,
            entries: (0..5).flat_map(|_| messages()).collect(),
        })
        .collect();
    changes.push(Change::Login(Box::default()));
    store.apply(&[(romeo(), changes)]).unwrap();
    let after = store.load(&romeo()).unwrap();
    drop(store);
    let end = fs::metadata(whole.join("db")).unwrap().len();

    let mut undone = 0;
    for step in 0..12 {
        let copy = folder.path().join(format!("copy{step}"));
        copy_folder(&whole, &copy);
        truncate(&copy.join("db"), begin + (end - begin) * step / 12);

        let store = Store::open(&copy, key.clone()).unwrap();

        let found = store.load(&romeo()).unwrap();
        assert!(found == before || found == after, "torn at step {step}");
        undone += u32::from(found == before);
    }
    assert!(undone > 0);
}

#[test]
fn after_an_orderly_end_a_lost_message_is_damage() {
    let folder = folder();
    let key = Key::random();
    let mut store = Store::open(folder.path(), key.clone()).unwrap();
    store.apply(&[(romeo(), everything())]).unwrap();
    let file = folder.path().join("db");
    let before = fs::read(&file).unwrap();
    let add = Change::AddBatch {
        batch: 300,
        entries: messages(),
    };
    store.apply(&[(romeo(), vec![add])]).unwrap();
    store.close().unwrap();

    fs::write(&file, before).unwrap();

    let refused = Store::open(folder.path(), key).err().unwrap();
    assert!(refused.to_string().contains("generation"), "{refused}");
    assert!(matches!(refused, Error::Damaged { .. }));
}

#[test]
fn a_database_without_its_layout_version_is_damaged() {
    let folder = folder();
    let key = Key::random();
    let store = Store::open(folder.path(), key.clone()).unwrap();
    let gone = ((Tree::Meta, opening::SCHEMA_KEY.to_vec()), None);
    store.database.write(&Writes::from([gone])).unwrap();
    drop(store);

    let refused = Store::open(folder.path(), key).err().unwrap();

    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
}

/// Opens a database that was just closed. A child process of another test holds the lock with it from
/// its fork to its exec, so the first attempts may find it taken.
fn open_again(directory: &Path, key: &Key) -> Store {
    for _ in 0..500 {
        match Store::open(directory, key.clone()) {
            Err(Error::Io { .. } | Error::Locked { .. }) => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            opened => return opened.unwrap(),
        }
    }
    panic!("the database stays locked");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// The store keeps what [`UserRecord::apply`] says, whatever comes together in one call and
    /// whenever the program restarts.
    #[test]
    fn the_store_does_what_the_model_says(
        rounds in prop::collection::vec((prop::collection::vec(step(), 1..12), any::<bool>()), 1..12)
    ) {
        let folder = folder();
        let key = Key::random();
        let mut store = Store::open(folder.path(), key.clone()).unwrap();
        let mut expected: [Option<UserRecord>; 3] = [None, None, None];

        for (steps, reopen) in rounds {
            let mut changes: Vec<(BareJid, Vec<Change>)> = Vec::new();
            for (who, change) in steps {
                expected[who] = UserRecord::apply(expected[who].take(), change.clone());
                match changes.last_mut() {
                    Some((jid, list)) if *jid == people()[who] => list.push(change),
                    _ => changes.push((people()[who].clone(), vec![change])),
                }
            }
            store.apply(&changes).unwrap();
            if reopen {
                drop(store);
                store = open_again(folder.path(), &key);
            }

            for (jid, expected) in people().iter().zip(&expected) {
                prop_assert_eq!(&store.load(jid).unwrap(), expected);
                if expected.is_none() {
                    assert_no_trace_of(&store, jid);
                }
            }
            for uin in [10_001, 10_002].map(Uin) {
                let owners: Vec<BareJid> = people()
                    .iter()
                    .zip(&expected)
                    .filter(|(_, user)| user.as_ref().is_some_and(|u| u.registration.uin == uin))
                    .map(|(jid, _)| jid.clone())
                    .collect();
                prop_assert_eq!(store.owners_of(uin).unwrap(), owners);
            }
        }
    }
}

/// A change to one of [`people`].
fn step() -> impl Strategy<Value = (usize, Change)> {
    let change = prop_oneof![
        4 => (10_001u32..10_003).prop_map(|uin| register(Uin(uin))),
        2 => any::<bool>().prop_map(|paused| Change::Login(Box::new(LoginRecord {
            paused,
            ..LoginRecord::default()
        }))),
        2 => (0usize..4).prop_map(|count| Change::Contacts(vec![contact(); count])),
        6 => (0u64..6, 0usize..3).prop_map(|(batch, count)| Change::AddBatch {
            batch: batch << 8,
            entries: messages().into_iter().take(count).collect(),
        }),
        4 => (0u64..6).prop_map(|batch| Change::DropBatch(batch << 8)),
        2 => any::<u64>().prop_map(|last_id| Change::Cursor(Cursor {
            last_id,
            ..Cursor::default()
        })),
        1 => Just(Change::Forget),
    ];
    (0..3usize, change)
}

/// One is a prefix of another.
fn people() -> [BareJid; 3] {
    [
        "juliet@example.org",
        "romeo@example.org",
        "romeo@example.org.uk",
    ]
    .map(|jid| BareJid::new(jid).unwrap())
}

fn model(record: Option<UserRecord>, changes: &[Change]) -> Option<UserRecord> {
    changes.iter().cloned().fold(record, UserRecord::apply)
}

fn assert_no_trace_of(store: &Store, jid: &BareJid) {
    // As a whole name: `romeo@example.org.uk` is no trace of `romeo@example.org`.
    let name = jid.as_str().as_bytes();
    for tree in Tree::ALL {
        for (key, value) in store.database.with_prefix(tree, b"").unwrap() {
            for text in [&key, &value] {
                let mut windows = text.windows(name.len()).enumerate();
                let trace = windows.find(|(at, window)| {
                    *window == name && matches!(text.get(at + name.len()), None | Some(0))
                });
                assert!(
                    trace.is_none(),
                    "{} has {}",
                    tree.name(),
                    text.escape_ascii()
                );
            }
        }
    }
}

fn write_schema(store: &Store, version: u32) {
    let key = (Tree::Meta, opening::SCHEMA_KEY.to_vec());
    let entry = (key, Some(version.to_be_bytes().to_vec()));
    store.database.write(&Writes::from([entry])).unwrap();
    store.database.flush().unwrap();
}

/// A database of some segments, most of whose pages were rewritten.
fn fill(directory: &Path, key: &Key) -> Vec<BareJid> {
    let mut store = Store::open(directory, key.clone()).unwrap();
    let users: Vec<BareJid> = (0..60)
        .map(|n| BareJid::new(&format!("user{n:02}@example.org")).unwrap())
        .collect();
    for _ in 0..3 {
        for users in users.chunks(20) {
            let changes: Vec<_> = users.iter().map(|jid| (jid.clone(), bulk())).collect();
            store.apply(&changes).unwrap();
        }
    }
    users
}

fn bulk() -> Vec<Change> {
    let mut changes = everything();
    changes.push(Change::Contacts(vec![contact(); 100]));
    changes
}

fn truncate(file: &Path, at: u64) {
    fs::OpenOptions::new()
        .write(true)
        .open(file)
        .unwrap()
        .set_len(at)
        .unwrap();
}

fn zero(file: &Path, at: u64) {
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[0; 10_000]).unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), Key::random()).unwrap()
}

fn romeo() -> BareJid {
    BareJid::new("romeo@example.org").unwrap()
}

fn juliet() -> BareJid {
    BareJid::new("juliet@example.org").unwrap()
}
