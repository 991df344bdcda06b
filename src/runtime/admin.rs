//! The operator's socket: how is the gateway?
//!
//! A unix socket that only the gateway's own account and root can open. A client sends one line, the
//! request; the gateway sends one line of JSON, the answer, and closes:
//!
//! | request  | answer                                            |
//! |----------|---------------------------------------------------|
//! | `status` | [`Status`]                                        |
//! | others   | `{"error":"there is no such request"}`            |
//!
//! Requests are short, answers are limited, nobody is waited for longer than five seconds, and no
//! more than eight are served at the same time: the others wait.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::store::Statistics;

/// How the gateway is.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// The ICQ protocols it speaks.
    pub protocols: Vec<String>,
    /// How long it has been running.
    pub uptime_seconds: u64,
    /// The component's domain.
    pub domain: String,
    /// The XMPP server: host and port.
    pub xmpp_server: String,
    /// The link to it.
    pub link: Link,
    /// How long the link has been so.
    pub link_seconds: u64,
    /// Why there was no link the last time there was none: a code.
    pub link_problem: Option<String>,
    /// The ICQ networks, in the order of the configuration.
    pub networks: Vec<Network>,
    /// How many users there are.
    pub users: Users,
    /// What the store has to tell.
    pub store: Statistics,
}

/// The link to the XMPP server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// It stands.
    Up,
    /// There is none; the gateway is trying.
    #[default]
    Down,
}

/// An ICQ network.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Network {
    /// Its name in the configuration.
    pub name: String,
    /// The server: host and port.
    pub server: String,
    /// How many users have which version of the protocol: the one of their last login, or the first that
    /// will be tried.
    pub by_version: BTreeMap<String, u64>,
}

/// How many users there are.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Users {
    /// All who are registered.
    pub registered: u64,
    /// Those of them whose login is in the state of that code.
    #[serde(flatten)]
    pub by_state: BTreeMap<String, u64>,
}

/// The socket, open but not yet served. Its file goes when this does.
#[derive(Debug)]
pub struct Admin {
    listener: UnixListener,
    path: PathBuf,
    patience: Duration,
}

impl Admin {
    /// Opens the socket at `path`, in place of one that a dead process left there.
    pub async fn bind(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).create(folder)?;
        }
        remove_stale(path).await?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        // Nobody can connect before it listens, so nobody can before this.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self {
            listener: socket.listen(BACKLOG)?,
            path: path.to_owned(),
            patience: PATIENCE,
        })
    }

    /// Answers until it is dropped; `status` is asked anew for each answer.
    pub async fn serve<F>(self, status: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Status> + Send + 'static,
    {
        let status = Arc::new(status);
        let places = Arc::new(Semaphore::new(AT_ONCE));
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the operator's socket takes no connection");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let (status, patience) = (Arc::clone(&status), self.patience);
            tokio::spawn(async move {
                // A client that went away, or that sends nothing, has nobody to be told.
                let _ = timeout(patience, answer(stream, || status())).await;
                drop(place);
            });
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // Whoever finds the file later finds nobody there, and replaces it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Why the gateway does not say how it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoStatus {
    /// Nobody listens there.
    #[error("no gateway listens at {}: is it running, with this configuration?", path.display())]
    NotRunning {
        /// The socket.
        path: PathBuf,
    },
    /// The socket belongs to another account.
    #[error("no permission to use {}: ask as the gateway's account or as root", path.display())]
    NotAllowed {
        /// The socket.
        path: PathBuf,
    },
    /// It listens and does not answer, or with something else.
    #[error("the gateway at {} gives no answer: {reason}", path.display())]
    NoAnswer {
        /// The socket.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

/// Asks the gateway that listens at `path`.
pub async fn ask(path: &Path) -> Result<Status, NoStatus> {
    let no_answer = |reason: String| NoStatus::NoAnswer {
        path: path.to_owned(),
        reason,
    };
    let mut stream = UnixStream::connect(path).await.map_err(|error| {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                NoStatus::NotRunning { path }
            }
            io::ErrorKind::PermissionDenied => NoStatus::NotAllowed { path },
            _ => no_answer(error.to_string()),
        }
    })?;
    let mut text = String::new();
    let exchange = async {
        stream.write_all(b"status\n").await?;
        let mut limited = stream.take(LONGEST_ANSWER);
        limited.read_to_string(&mut text).await
    };
    match timeout(PATIENCE, exchange).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(no_answer(error.to_string())),
        Err(_) => return Err(no_answer("it takes too long".to_owned())),
    }
    serde_json::from_str(&text).map_err(|error| no_answer(error.to_string()))
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "icq-transport {}, running for {}, speaks {}",
            self.version,
            Span(self.uptime_seconds),
            self.protocols.join(", ")
        )?;
        write!(f, "XMPP   {} at {}: ", self.domain, self.xmpp_server)?;
        let span = Span(self.link_seconds);
        match (self.link, &self.link_problem) {
            (Link::Up, _) => writeln!(f, "up for {span}")?,
            (Link::Down, None) => writeln!(f, "down for {span}")?,
            (Link::Down, Some(problem)) => writeln!(f, "down for {span} ({problem})")?,
        }
        for network in &self.networks {
            write!(f, "ICQ    {} at {}", network.name, network.server)?;
            for (index, (version, count)) in network.by_version.iter().enumerate() {
                let before = if index == 0 { ": " } else { ", " };
                write!(f, "{before}{count} in {version}")?;
            }
            writeln!(f)?;
        }
        write!(f, "users  {} registered", self.users.registered)?;
        for (index, (state, count)) in self.users.by_state.iter().enumerate() {
            let before = if index == 0 { ": " } else { ", " };
            write!(f, "{before}{count} {state}")?;
        }
        let kilobytes = self.store.bytes_on_disk.div_ceil(1000);
        let batches = self.store.batches;
        write!(
            f,
            "\nstore  {kilobytes} kB, {batches} batches of messages on their way"
        )
    }
}

/// A span of time, in the two largest units.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, hours, days) = (self.0 / 60, self.0 / 3600, self.0 / 86_400);
        match self.0 {
            0..60 => write!(f, "{} s", self.0),
            60..3600 => write!(f, "{minutes} min {} s", self.0 % 60),
            3600..86_400 => write!(f, "{hours} h {} min", minutes % 60),
            _ => write!(f, "{days} d {} h", hours % 24),
        }
    }
}

/// Removes the socket of a process that is gone. Anything else in its place is an error.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::other("something else than a socket is there"));
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::Error::from(io::ErrorKind::AddrInUse)),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

/// Reads one request and answers it.
async fn answer<F>(mut stream: UnixStream, status: impl Fn() -> F) -> io::Result<()>
where
    F: Future<Output = Status>,
{
    let (reading, mut writing) = stream.split();
    let mut request = String::new();
    let mut reading = BufReader::new(reading.take(LONGEST_REQUEST));
    reading.read_line(&mut request).await?;
    let mut answer = match request.trim_end() {
        "status" => serde_json::to_string(&status().await)?,
        _ => r#"{"error":"there is no such request"}"#.to_owned(),
    };
    answer.push('\n');
    writing.write_all(answer.as_bytes()).await?;
    writing.shutdown().await
}

/// Connections that are served at the same time.
const AT_ONCE: usize = 8;
/// How long a request and its answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait after a connection could not be taken: for want of file descriptors, say.
const PAUSE: Duration = Duration::from_secs(1);
const BACKLOG: u32 = 16;
const LONGEST_REQUEST: u64 = 64;
const LONGEST_ANSWER: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_status_arrives_as_it_was_given() {
        let (_folder, path) = place();
        let admin = Admin::bind(&path).await.unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let server = tokio::spawn(admin.serve(|| async { sample() }));

        assert_eq!(ask(&path).await, Ok(sample()));
        assert_eq!(ask(&path).await, Ok(sample()));

        server.abort();
        assert!(server.await.is_err());
        assert!(!path.exists());
        assert_eq!(ask(&path).await, Err(NoStatus::NotRunning { path }));
    }

    #[tokio::test]
    async fn other_requests_are_refused_and_long_ones_are_cut() {
        let (_folder, path) = place();
        let admin = Admin::bind(&path).await.unwrap();
        tokio::spawn(admin.serve(|| async { sample() }));

        for request in [
            "shutdown\n".to_owned(),
            "status".repeat(10_000),
            "\n".to_owned(),
        ] {
            let answer = exchange(&path, &request).await;

            assert!(
                answer.contains("no such request") || answer.is_empty(),
                "{answer}"
            );
            assert!(!answer.contains("version"));
        }
    }

    #[tokio::test]
    async fn those_who_say_nothing_do_not_keep_others_out() {
        let (_folder, path) = place();
        let mut admin = Admin::bind(&path).await.unwrap();
        admin.patience = Duration::from_millis(20);
        tokio::spawn(admin.serve(|| async { sample() }));
        let mut silent = Vec::new();
        for _ in 0..AT_ONCE {
            silent.push(UnixStream::connect(&path).await.unwrap());
        }

        assert_eq!(ask(&path).await, Ok(sample()));
    }

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced_and_a_living_one_is_not() {
        let (_folder, path) = place();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());

        let admin = Admin::bind(&path).await.unwrap();

        let second = Admin::bind(&path).await.unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        drop(admin);
        fs::write(&path, "precious").unwrap();
        assert!(Admin::bind(&path).await.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_server_that_answers_nonsense_is_no_gateway() {
        let (_folder, path) = place();
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"hello\n").await.unwrap();
        });

        assert!(matches!(ask(&path).await, Err(NoStatus::NoAnswer { .. })));
    }

    #[test]
    fn people_read_it_as_five_lines() {
        let mut status = sample();
        assert_eq!(
            status.to_string(),
            "icq-transport 0.1.0, running for 1 h 1 min, speaks V5\n\
             XMPP   icq.example.org at 127.0.0.1:5347: up for 1 min 5 s\n\
             ICQ    icq at 127.0.0.1:4000: 1 in V3, 2 in V5\n\
             users  3 registered: 1 offline, 2 online\n\
             store  525 kB, 4 batches of messages on their way"
        );

        status.link = Link::Down;
        status.link_problem = Some("not-authorized".into());
        assert!(
            status
                .to_string()
                .contains("down for 1 min 5 s (not-authorized)")
        );
    }

    #[test]
    fn programs_read_the_same_names() {
        let json = serde_json::to_string(&sample()).unwrap();

        for part in [
            r#""version":"0.1.0""#,
            r#""link":"up""#,
            r#""users":{"registered":3,"offline":1,"online":2}"#,
        ] {
            assert!(json.contains(part), "{json}");
        }
    }

    async fn exchange(path: &Path, request: &str) -> String {
        let mut stream = UnixStream::connect(path).await.unwrap();
        // The gateway may have closed before everything was said.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        (folder, path)
    }

    fn sample() -> Status {
        Status {
            version: "0.1.0".into(),
            protocols: vec!["V5".into()],
            uptime_seconds: 3665,
            domain: "icq.example.org".into(),
            xmpp_server: "127.0.0.1:5347".into(),
            link: Link::Up,
            link_seconds: 65,
            link_problem: None,
            networks: vec![Network {
                name: "icq".into(),
                server: "127.0.0.1:4000".into(),
                by_version: [("V3".into(), 1), ("V5".into(), 2)].into(),
            }],
            users: Users {
                registered: 3,
                by_state: [("online".into(), 2), ("offline".into(), 1)].into(),
            },
            store: Statistics {
                users: 3,
                batches: 4,
                bytes_on_disk: 524_288,
                writes: 7,
                flushes: 6,
            },
        }
    }
}
