//! The running gateway between two networks: an XMPP server that follows a script on one side, the
//! in-tree ICQ server on the other, real sockets in between.

use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use icq_transport::config::Config;
use icq_transport::model::Uin;
use icq_transport::runtime::admin::{self, Link};
use icq_transport::runtime::{self, Stop, icq_server, run_until};
use icq_transport::server::{self, Account, ECHO, Setup};
use icq_transport::store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

#[tokio::test]
async fn somebody_registers_writes_is_answered_and_hears_of_the_end() {
    let mut world = World::start().await;

    let refused = world.register("r1", "wrong").await;
    let accepted = world.register("r2", PASSWORD).await;
    assert!(refused.contains("<not-authorized"), "{refused}");
    assert!(accepted.contains("type='result'"), "{accepted}");

    world.xmpp.say(&message("m1", "How are you?")).await;
    let answer = world.xmpp.hears(&["<message", "How are you?"]).await;
    assert!(
        answer.contains(&format!("from='{ECHO}@icq.localhost")),
        "{answer}"
    );

    let status = admin::ask(&world.socket()).await.unwrap();
    assert_eq!(status.link, Link::Up);
    assert_eq!(status.users.registered, 1);
    assert_eq!(status.users.by_state.get("online"), Some(&1));

    world.wish.send(()).await.unwrap();
    let goodbye = world
        .xmpp
        .hears(&["from='icq.localhost'", "type='unavailable'"])
        .await;
    assert!(goodbye.contains("Gateway is restarting"), "{goodbye}");
    world.xmpp.hears(&["</stream:stream>"]).await;
    world.ends_within(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn an_odd_stanza_is_answered_and_everything_goes_on() {
    let mut world = World::start().await;
    world.register("r1", PASSWORD).await;
    let deep = format!("{}{}", "<a>".repeat(33_000), "</a>".repeat(33_000));
    let large = format!("<body>{}</body>", "x".repeat(600_000));
    let head = "from='romeo@localhost/pc' to='10001@icq.localhost'";

    for (stanza, answer) in [
        (
            format!("<iq type='get' id='o1' {head}/>"),
            Some("<bad-request"),
        ),
        (
            format!("<iq type='get' id='o2' {head}>{deep}</iq>"),
            Some("<policy-violation"),
        ),
        (
            format!("<message id='o3' {head}>{large}</message>"),
            Some("<policy-violation"),
        ),
        (
            format!("<message id='o4' type='odd' {head}><body/></message>"),
            Some("<bad-request"),
        ),
        (
            format!("<presence {head}><show>busy</show></presence>"),
            None,
        ),
        (format!("<unheard-of xmlns='urn:x' {head}/> 123"), None),
        (format!("<iq type='error' id='o5' {head}/>"), None),
    ] {
        world.xmpp.say(&stanza).await;
        if let Some(condition) = answer {
            let error = world.xmpp.hears(&["type='error'", condition]).await;
            assert!(error.contains("to='romeo@localhost/pc'"), "{error}");
        }
    }

    world.xmpp.say(&message("m1", "still there?")).await;
    world.xmpp.hears(&["<message", "still there?"]).await;
}

#[tokio::test]
async fn a_server_that_restarts_finds_everybody_again() {
    let mut world = World::start().await;
    world.register("r1", PASSWORD).await;

    world.xmpp.say("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>").await;
    world.xmpp.accepts_again().await;

    world
        .xmpp
        .hears(&["<presence", "type='probe'", "to='romeo@localhost'"])
        .await;
    world.xmpp.say(&available()).await;
    world.xmpp.say(&message("m1", "back again")).await;
    world.xmpp.hears(&["<message", "back again"]).await;
}

#[tokio::test]
async fn what_was_registered_is_there_after_a_restart() {
    let mut world = World::start().await;
    world.register("r1", PASSWORD).await;

    let mut world = world.restart().await;

    world
        .xmpp
        .hears(&["<presence", "type='probe'", "to='romeo@localhost'"])
        .await;
    world.xmpp.say(&available()).await;
    world.xmpp.say(&message("m1", "remember me?")).await;
    world.xmpp.hears(&["<message", "remember me?"]).await;
}

#[tokio::test]
async fn an_icq_server_whose_port_is_closed_is_told_at_once() {
    let mut world = World::start().await;
    world.icq.abort();
    let _ = (&mut world.icq).await;
    let start = Instant::now();

    let refused = world.register("r1", PASSWORD).await;

    assert!(refused.contains("<remote-server-timeout"), "{refused}");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_server_that_stopped_reading_does_not_hold_up_the_end() {
    let mut world = World::start().await;
    world.register("r1", PASSWORD).await;
    world.xmpp.say("<iq type='get' id='1' from='a@b/c' to='icq.localhost'><query xmlns='jabber:iq:version'/></iq>".repeat(20_000).as_str()).await;

    world.wish.send(()).await.unwrap();

    world.ends_within(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_second_wish_ends_everything_at_once() {
    let world = World::start().await;

    world.wish.send(()).await.unwrap();
    world.wish.send(()).await.unwrap();

    world.ends_within(Duration::from_secs(2)).await;
}

const PASSWORD: &str = "secret12";

fn message(id: &str, body: &str) -> String {
    format!(
        "<message type='chat' id='{id}' from='romeo@localhost/pc' to='{ECHO}@icq.localhost'>\
         <body>{body}</body></message>"
    )
}

fn available() -> String {
    "<presence from='romeo@localhost/pc' to='icq.localhost'/>".to_owned()
}

/// Both networks, and the gateway between them.
struct World {
    xmpp: Xmpp,
    icq: JoinHandle<()>,
    icq_port: u16,
    gateway: JoinHandle<Result<(), runtime::Error>>,
    wish: mpsc::Sender<()>,
    folder: TempDir,
}

impl World {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let icq_port = socket.local_addr().expect("it is bound").port();
        let server = server::Server::new(Setup {
            accounts: vec![Account::new(Uin(100_001), PASSWORD)],
            ..Setup::default()
        });
        let icq = tokio::spawn(async move {
            icq_server::serve(server, socket)
                .await
                .expect("the socket works")
        });
        Self::with(icq, icq_port, tempfile::tempdir().expect("a folder")).await
    }

    async fn with(icq: JoinHandle<()>, icq_port: u16, folder: TempDir) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .expect("connected");
        let xmpp_port = listener.local_addr().expect("it is bound").port();
        let config = config(folder.path(), xmpp_port, icq_port);
        let store =
            Store::start(&config.store.directory, &config.store.key_file).expect("a new store");
        let (wish, stop) = Stop::channel();
        let gateway = tokio::spawn(run_until(stop, config, store));
        Self {
            xmpp: Xmpp::accepts(listener).await,
            icq,
            icq_port,
            gateway,
            wish,
            folder,
        }
    }

    async fn restart(self) -> Self {
        self.wish.send(()).await.expect("the gateway runs");
        self.gateway.await.expect("no panic").expect("in order");
        Self::with(self.icq, self.icq_port, self.folder).await
    }

    /// Registers Romeo, and announces him if that worked; gives the answer.
    async fn register(&mut self, id: &str, password: &str) -> String {
        let form = format!(
            "<iq type='set' id='{id}' from='romeo@localhost/pc' to='icq.localhost'>\
             <query xmlns='jabber:iq:register'><username>100001</username>\
             <password>{password}</password></query></iq>"
        );
        self.xmpp.say(&form).await;
        let answer = self.xmpp.hears(&["<iq", &format!("id='{id}'")]).await;
        if answer.contains("type='result'") {
            self.xmpp.say(&available()).await;
            self.xmpp
                .hears(&["<presence", "from='icq.localhost'", "<c "])
                .await;
        }
        answer
    }

    async fn ends_within(self, limit: Duration) {
        let ended = in_time(limit, "the end", self.gateway).await;
        ended.expect("no panic").expect("in order");
    }

    fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("state/admin.sock")
    }
}

fn config(folder: &Path, xmpp_port: u16, icq_port: u16) -> Config {
    let file = folder.join("gateway.toml");
    let text = format!(
        "[xmpp]\ndomain = 'icq.localhost'\nsecret = 'x'\nport = {xmpp_port}\n\
         [icq]\nport = {icq_port}\n"
    );
    fs::write(&file, text).expect("the folder is writable");
    Config::load(&file, []).expect("it is valid")
}

/// An XMPP server that says what it is told and takes everything.
struct Xmpp {
    listener: TcpListener,
    stream: TcpStream,
    heard: String,
}

impl Xmpp {
    async fn accepts(listener: TcpListener) -> Self {
        let stream = handshake(&listener).await;
        Self {
            listener,
            stream,
            heard: String::new(),
        }
    }

    async fn accepts_again(&mut self) {
        self.stream = in_time(PATIENCE, "a new connection", handshake(&self.listener)).await;
        self.heard.clear();
    }

    async fn say(&mut self, text: &str) {
        self.stream
            .write_all(text.as_bytes())
            .await
            .expect("connected");
    }

    /// Waits for a stanza, or the end of the stream, with all these `parts`; skips what comes before.
    async fn hears(&mut self, parts: &[&str]) -> String {
        let what = parts.join(" … ");
        in_time(PATIENCE, &what, self.next_with(parts)).await
    }

    async fn next_with(&mut self, parts: &[&str]) -> String {
        loop {
            while let Some(length) = first_stanza(&self.heard) {
                let rest = self.heard.split_off(length);
                let stanza = std::mem::replace(&mut self.heard, rest);
                if parts.iter().all(|part| stanza.contains(part)) {
                    return stanza;
                }
                if stanza.contains(" to='icq.localhost/") {
                    self.stream
                        .write_all(stanza.as_bytes())
                        .await
                        .expect("connected");
                }
            }
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk).await.expect("connected");
            assert!(read > 0, "the connection ended");
            self.heard += std::str::from_utf8(&chunk[..read]).expect("ASCII");
        }
    }
}

/// How long the first stanza in `text` is, if it is whole.
fn first_stanza(text: &str) -> Option<usize> {
    let name: String = text
        .strip_prefix('<')?
        .chars()
        .take_while(|c| !" />".contains(*c))
        .collect();
    let tag_end = text.find('>')? + 1;
    if name.is_empty() || text[..tag_end].ends_with("/>") {
        return Some(tag_end);
    }
    let end = format!("</{name}>");
    text.find(&end).map(|at| at + end.len())
}

async fn handshake(listener: &TcpListener) -> TcpStream {
    let mut stream = listener.accept().await.expect("somebody connects").0;
    stream
        .write_all(
            b"<stream:stream xmlns='jabber:component:accept' \
              xmlns:stream='http://etherx.jabber.org/streams' id='1'>",
        )
        .await
        .expect("connected");
    let mut text = Vec::new();
    while !text.ends_with(b"</handshake>") {
        text.push(stream.read_u8().await.expect("connected"));
    }
    stream
        .write_all(
            b"<handshake/><message from='localhost' to='icq.localhost'>\
              <privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='none'/>\
              </privilege></message>",
        )
        .await
        .expect("connected");
    stream
}

async fn in_time<T>(limit: Duration, what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, work).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {limit:?}"),
    }
}

const PATIENCE: Duration = Duration::from_secs(15);
