//! kill -9 on the store: what was acknowledged is there afterwards, and nothing is there by half.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use icq_transport::model::{Message, Secret, Uin, UnixTime};
use icq_transport::store::{Change, Cursor, Entry, Incoming, Mode, Registration, Store};
use xmpp_parsers::jid::BareJid;

/// Starts itself again as a process that does nothing but write, and kills that at random instants.
/// Each round goes on with what the one before left behind.
#[test]
fn a_killed_program_loses_nothing_it_acknowledged_and_tears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;

    for round in 0..rounds() {
        let mut writer = start_writer(folder.path());
        let numbers = read_numbers(writer.stdout.take().unwrap());
        // Every third dies at any time, also while it opens the database; the others while writing.
        if round % 3 != 0 {
            acknowledged = numbers.recv().expect("the writer writes");
        }
        let end = Instant::now() + Duration::from_micros(rand::random_range(0..30_000));
        while let Ok(number) = numbers.recv_timeout(end - Instant::now()) {
            acknowledged = number;
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        acknowledged = numbers.iter().last().unwrap_or(acknowledged);

        let store = open(folder.path());
        let reached = check(&store);
        assert!(
            reached >= acknowledged,
            "round {round}: {acknowledged} was acknowledged, {reached} is there"
        );
    }
    assert!(acknowledged > rounds(), "only {acknowledged} writes");
}

/// The other process runs into a limit on the size of its files, which is to it as a full disk.
#[test]
fn a_full_disk_ends_the_store_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let writer = format!("{} --exact --nocapture {WRITER}", current_exe());
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f 1000; exec {writer}"))
        .env(FOLDER, folder.path())
        .env(UNTIL_IT_FAILS, "1")
        .output()
        .unwrap();

    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let acknowledged = said.lines().rev().find_map(acknowledged).unwrap();
    assert!(acknowledged > 10);
    assert!(check(&open(folder.path())) >= acknowledged);
}

/// The other process: it has no more to do with these tests than its name.
#[test]
fn writer_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let mut store = open(&folder);
    for number in check(&store) + 1.. {
        if let Err(error) = store.apply(&changes(number)) {
            assert!(std::env::var_os(UNTIL_IT_FAILS).is_some(), "{error}");
            // sled would wait here for ever.
            assert_eq!(store.apply(&changes(number)), Err(error.clone()));
            assert_eq!(store.load(&users()[0]), Err(error));
            return;
        }
        println!("{MARK}{number}");
    }
}

/// What the writer writes as number `number`: afterwards all trees of all users say that number.
fn changes(number: u64) -> Vec<(BareJid, Vec<Change>)> {
    let written = vec![
        Change::AddBatch {
            batch: number,
            entries: messages(number),
        },
        Change::Cursor(Cursor {
            last_id: number,
            ..Cursor::default()
        }),
        Change::DropBatch(number.saturating_sub(KEPT)),
    ];
    // Registrations are written with more care than messages: both have to hold.
    let [juliet, romeo] = match number % 10 {
        1 => [vec![register()], vec![register()]],
        9 => [vec![Change::Forget, register()], vec![]],
        _ => [vec![], vec![]],
    };
    let [her, his] = users();
    vec![
        (her, [juliet, written.clone()].concat()),
        (his, [romeo, written].concat()),
    ]
}

/// The last number written, after seeing that everything belongs to it.
fn check(store: &Store) -> u64 {
    let users = users().map(|jid| store.load(&jid).expect("it is readable"));
    let [Some(juliet), Some(romeo)] = users else {
        assert_eq!(users, [None, None], "a registration is torn");
        return 0;
    };
    let number = juliet.cursor.last_id;
    let oldest = number.saturating_sub(KEPT) + 1;
    let forgotten_at = ((number + 1) / 10 * 10).saturating_sub(1);
    for (user, oldest) in [(&juliet, oldest.max(forgotten_at)), (&romeo, oldest)] {
        assert_eq!(user.cursor.last_id, number, "torn between users");
        assert!(
            user.journal.keys().copied().eq(oldest..=number),
            "torn between trees: {:?} after {number}",
            user.journal.keys()
        );
        for (batch, entries) in &user.journal {
            assert_eq!(*entries, messages(*batch));
        }
    }
    number
}

fn users() -> [BareJid; 2] {
    ["juliet@example.org", "romeo@example.org"].map(|jid| BareJid::new(jid).expect("it is a JID"))
}

fn register() -> Change {
    Change::Registration(Box::new(Registration {
        uin: Uin(10_001),
        password: Secret::new("hunter2"),
        mode: Mode::Follow,
        charset: "windows-1251".into(),
        import_contacts: true,
        registered: UnixTime(0),
        network: "icq".to_owned(),
        version: None,
    }))
}

fn messages(batch: u64) -> Vec<Entry> {
    let message = Incoming {
        id: batch,
        stanza_id: format!("i-{batch}"),
        from: Uin(10_002),
        message: Message::Text("text ".repeat(50)),
        sent: None,
        arrived: UnixTime(batch),
    };
    vec![Entry::FromIcq(message); 4]
}

fn open(folder: &Path) -> Store {
    Store::start(&folder.join("db"), &folder.join("key")).expect("it opens")
}

fn start_writer(folder: &Path) -> Child {
    Command::new(current_exe())
        .args(["--exact", "--nocapture", WRITER])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program starts again")
}

/// The numbers the writer has acknowledged, up to its end. A line without its end does not count.
fn read_numbers(output: ChildStdout) -> Receiver<u64> {
    let (numbers, received) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(output);
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
            if let Some(number) = line.strip_suffix('\n').and_then(acknowledged) {
                let _ = numbers.send(number);
            }
            line.clear();
        }
    });
    received
}

fn acknowledged(line: &str) -> Option<u64> {
    // The test harness may have said something before.
    let (_, number) = line.split_once(MARK)?;
    Some(number.parse().expect("it is a number"))
}

fn current_exe() -> String {
    let path = std::env::current_exe().expect("this program has a path");
    path.to_str().expect("its path is UTF-8").to_owned()
}

/// 30, or as many as the environment asks for.
fn rounds() -> u64 {
    std::env::var("STORE_CRASH_ROUNDS").map_or(30, |rounds| rounds.parse().expect("it is a number"))
}

/// Batches that stay in the journal.
const KEPT: u64 = 5;
const FOLDER: &str = "STORE_CRASH_FOLDER";
const UNTIL_IT_FAILS: &str = "STORE_CRASH_UNTIL_IT_FAILS";
const WRITER: &str = "writer_that_is_killed";
const MARK: &str = "written ";
