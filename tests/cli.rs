//! The command line, as an operator meets it: what each command says, and its exit code.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use icq_transport::store::Store;
use tempfile::TempDir;

#[test]
fn check_says_ok_or_names_the_key() {
    let place = Place::new();
    let output = place.command(&["check"]).output().unwrap();
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "OK\n"));

    place.configure("[icq]\nport = 70000");
    let output = place.command(&["check"]).output().unwrap();
    assert_eq!(code(&output), 3);
    let said = stderr(&output);
    assert!(
        said.contains("gateway.toml: icq.port: expected a port"),
        "{said}"
    );

    place.configure("[icq]\nprot = 4000");
    let said = stderr(&place.command(&["check"]).output().unwrap());
    assert!(
        said.contains("no key icq.prot; the nearest is icq.port"),
        "{said}"
    );
}

#[test]
fn check_warns_of_a_server_on_another_machine() {
    let place = Place::new();
    let mut command = place.command(&["check"]);
    command.env("ICQ_TRANSPORT__XMPP__HOST", "192.0.2.1");

    let output = command.output().unwrap();

    assert_eq!((code(&output), stdout(&output).as_str()), (0, "OK\n"));
    assert!(stderr(&output).contains("warning: xmpp.host is 192.0.2.1"));
}

#[test]
fn a_wrong_command_line_is_code_2() {
    let place = Place::new();

    assert_eq!(code(&program(&["fly"]).output().unwrap()), 2);
    let output = program(&["icq-server", "--account", "10001-hunter2"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert!(!stderr(&output).contains("hunter2"));
    let file = place.path("accounts");
    fs::write(&file, "# people\n10001:a\nhunter2\n").unwrap();
    let output = program(&["icq-server", "--accounts", text(&file)])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("accounts, line 3: expected a number"));
}

#[test]
fn decode_shows_a_packet_given_in_digits_and_no_password() {
    // A login that licq made: number 2127503, password "[cePabC".
    let login = "0200 e803 0000 8f762000 344a0000 0800 5b636550616243 00 72000400 00000000 04 00000000 \
                 06000000 02000000000004007200";
    let output = program(&["decode", "--hex", login]).output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    let line = stdout(&output);
    assert!(
        line.starts_with("V2 to server LOGIN 0x03e8 0/0 uin=2127503 "),
        "{line}"
    );
    assert!(
        line.contains("password=(hidden)") && !line.contains("cePabC"),
        "{line}"
    );

    let asked = program(&["decode", "--full", "--passwords", "--hex", login]);
    let full = stdout(&{ asked }.output().unwrap());
    assert!(
        full.contains("\n     14    10  password = \"[cePabC\"\n"),
        "{full}"
    );
    assert!(full.contains("icq-udp.md §6.1"), "{full}");

    let json = stdout(
        &program(&["decode", "--json", "--hex", login])
            .output()
            .unwrap(),
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["fields"]["tcp_port"], 18_996);
    assert_eq!(json["fields"]["password"], serde_json::Value::Null);
}

#[test]
fn decode_says_what_it_cannot_show() {
    for (digits, complaint) in [
        ("", "even number of hexadecimal digits"),
        ("020", "even number of hexadecimal digits"),
        ("xyz", "even number of hexadecimal digits"),
        ("0900", "no ICQ packet is in it"),
    ] {
        let output = program(&["decode", "--hex", digits]).output().unwrap();
        assert_eq!(code(&output), 1, "{digits}");
        assert!(stderr(&output).contains(complaint), "{}", stderr(&output));
    }
    let place = Place::new();
    let file = place.path("recording");
    fs::write(&file, "not at all").unwrap();
    let output = program(&["decode", text(&file)]).output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("recording: "),
        "{}",
        stderr(&output)
    );
    assert_eq!(code(&program(&["decode"]).output().unwrap()), 2);
}

#[test]
fn a_gateway_that_runs_tells_its_state_and_ends_when_asked() {
    let place = Place::new();
    let output = place.command(&["status"]).output().unwrap();
    assert_eq!(code(&output), 9);
    assert!(stderr(&output).contains("no gateway listens at"));

    let mut gateway = Running::start(&mut place.command(&["run"]));
    let json = place.wait_for_status(&["status", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["link"], "down");
    assert_eq!(json["users"]["registered"], 0);
    assert_eq!(json["domain"], "icq.example.org");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    let human = place.wait_for_status(&["status"]);
    assert!(human.contains("users  0 registered"), "{human}");

    gateway.terminate();
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(!place.path("state/admin.sock").exists());
    // Everything is in its place, and nobody else can look at it.
    for (path, mode) in [("state/db", 0o700), ("state/key", 0o600)] {
        let found = fs::metadata(place.path(path)).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{path}");
    }
}

#[test]
fn what_is_wrong_with_the_database_has_its_own_exit_code() {
    let place = Place::new();
    let (directory, key) = (place.path("state/db"), place.path("state/key"));
    let store = Store::start(&directory, &key).unwrap();

    place.refuses(7, "another process uses the database in");
    store.close().unwrap();

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    place.refuses(6, "chmod 600");
    let right = fs::read(&key).unwrap();
    fs::write(&key, format!("1 {}", "ab".repeat(32))).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    place.refuses(6, "does not belong to the database");
    fs::remove_file(&key).unwrap();
    place.refuses(6, "is missing");
    fs::write(&key, right).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    write_schema(&directory, 99);
    place.refuses(4, "a newer version of this program");
    write_schema(&directory, 1);

    fs::write(directory.join("db"), "").unwrap();
    place.refuses(5, text(&directory));
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, "in the way").unwrap();
    place.refuses(8, "cannot create");
}

#[test]
fn json_logs_are_json_to_the_last_line() {
    let place = Place::new();
    place.configure("[log]\nformat = \"json\"\nfilter = \"trace\"");
    let directory = place.path("state/db");
    Store::start(&directory, &place.path("state/key"))
        .unwrap()
        .close()
        .unwrap();
    fs::write(directory.join("db"), "").unwrap();

    let output = place.command(&["run"]).output().unwrap();

    assert_eq!(code(&output), 5);
    let said = stderr(&output);
    assert!(said.lines().count() > 0);
    for line in said.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        assert!(line["level"].is_string());
    }
    assert!(
        said.contains("restore this directory from a backup"),
        "{said}"
    );
    assert!(!said.contains("hunter2"));
}

#[test]
fn the_icq_server_says_where_it_listens() {
    let mut command = program(&["icq-server", "--listen", "127.0.0.1:0"]);
    command.args(["--account", "20001:hunter2"]);
    let mut server = Running::start(command.stdout(Stdio::piped()));

    let lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let lines: Vec<String> = lines.take(3).map(Result::unwrap).collect();

    assert!(lines[0].contains("on 127.0.0.1:"), "{lines:?}");
    assert_eq!(lines[1], "accounts: 20001");
    assert!(lines[2].contains("10001"), "{lines:?}");
}

/// A folder with a configuration.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder is made"));
        place.configure("");
        place
    }

    /// Writes the configuration: what must be there, a port where nobody listens, and `more`.
    fn configure(&self, more: &str) {
        let file = self.path("gateway.toml");
        let minimal = "[xmpp]\ndomain = \"icq.example.org\"\nsecret = \"hunter2\"\nport = 1\n";
        fs::write(&file, format!("{minimal}{more}\n")).expect("the folder takes files");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.arg("--config").arg(self.path("gateway.toml"));
        command
    }

    /// Asks until a gateway answers.
    fn wait_for_status(&self, arguments: &[&str]) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let output = self.command(arguments).output().expect("it starts");
            if output.status.success() {
                return stdout(&output);
            }
            assert!(Instant::now() < deadline, "{}", stderr(&output));
        }
    }

    /// Shows that the gateway does not start, and with which exit code and words.
    fn refuses(&self, expected: i32, words: &str) {
        let output = self.command(&["run"]).output().expect("it starts");
        let said = stderr(&output);
        assert_eq!(code(&output), expected, "{said}");
        assert!(said.contains(words), "{said}");
    }
}

/// A program that is killed when the test is over.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stderr(Stdio::null()).spawn().expect("it starts"))
    }

    fn terminate(&self) {
        let pid = self.0.id().to_string();
        let killed = Command::new("kill")
            .arg(pid)
            .status()
            .expect("kill is there");
        assert!(killed.success());
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Most have ended before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes the database one of another layout. Its other contents stay.
fn write_schema(directory: &Path, version: u32) {
    let database = sled::open(directory).expect("it is free");
    let meta = database.open_tree("meta").expect("it is there");
    meta.insert("schema", &version.to_be_bytes())
        .expect("it takes it");
    database.flush().expect("it takes it");
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icq-transport"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}
