//! The memory of the whole gateway with many users logged in.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use icq_transport::model::{Contact, Listing, Secret, Uin, UnixTime};
use icq_transport::runtime::demo::elements::ElementStream;
use icq_transport::runtime::demo::programs::{Gateway, IcqServer};
use icq_transport::runtime::demo::prosody::COMPONENT;
use icq_transport::store::{Change, ContactRecord, Mode, Registration, Store, Subscription};
use minidom::Element;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::{Instant, sleep};
use xmpp_parsers::jid::BareJid;

use crate::process::{kernel_slabs, private_memory};
use crate::program;

/// Contacts of each user, half of them online.
const CONTACTS: u32 = 40;

/// Measures and prints.
pub async fn run(users: u32) {
    let empty = measure(0).await;
    let full = measure(users).await;
    let each = |full: u64, empty: u64| full.saturating_sub(empty) as f64 / f64::from(users);
    println!(
        "\nmemory: {users} users logged in, one resource each, {CONTACTS} contacts, half online"
    );
    println!("| | nobody | {users} users | each |");
    println!("|---|---|---|---|");
    println!(
        "| user memory | {:.1} MiB | {:.1} MiB | {:.2} KiB |",
        mebibytes(empty.user),
        mebibytes(full.user),
        each(full.user, empty.user) / 1024.0
    );
    println!(
        "| kernel memory (slabs, before and after) | {:.1} MiB | {:.1} MiB | {:.2} KiB |",
        mebibytes(empty.kernel),
        mebibytes(full.kernel),
        each(full.kernel, empty.kernel) / 1024.0
    );
    println!("logging them all in took {:.1} s", full.took.as_secs_f64());
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

struct Measured {
    user: u64,
    /// The growth of the kernel's slabs.
    kernel: u64,
    took: Duration,
}

async fn measure(users: u32) -> Measured {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway_folder = folder.path().join("gateway");
    std::fs::create_dir_all(&gateway_folder).expect("a folder");
    fill_store(&gateway_folder, users);
    let icq = IcqServer::start(program(), folder.path(), &accounts(users))
        .await
        .expect("the server");
    let slabs = kernel_slabs().expect("Linux");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let xmpp = tokio::spawn(serve_component(listener));
    let started = Instant::now();
    let more = "[limits]\nlogins_per_second = 500\nprobes_per_second = 2000\n";
    let gateway = Gateway::start(
        program(),
        &gateway_folder,
        port,
        ("127.0.0.1", icq.port),
        more,
    )
    .await
    .expect("the gateway");
    wait_until_online(&gateway, users).await;
    let took = started.elapsed();
    sleep(SETTLED).await;
    let measured = Measured {
        user: private_memory(gateway.pid()).expect("it lives"),
        kernel: kernel_slabs().expect("Linux").saturating_sub(slabs),
        took,
    };
    xmpp.abort();
    measured
}

const FIRST: u32 = 400_000;

/// Every user's contacts: the next twenty users, who are online, and twenty who never are.
fn contacts(user: u32, users: u32) -> Vec<ContactRecord> {
    (1..=CONTACTS)
        .map(|place| {
            let online = place <= CONTACTS / 2;
            let uin = if online {
                FIRST + (user + place) % users
            } else {
                FIRST + users + place
            };
            ContactRecord {
                contact: Contact {
                    uin: Uin(uin),
                    name: format!("Contact number {place}").into(),
                    listing: Listing::Authorised,
                },
                request: None,
                granted: true,
                xmpp_to: Subscription::Yes,
                xmpp_from: Subscription::Yes,
                asked: None,
                offered: true,
                hidden: false,
                on_roster: true,
            }
        })
        .collect()
}

fn fill_store(folder: &Path, users: u32) {
    let state = folder.join("state");
    std::fs::create_dir_all(&state).expect("a folder");
    let mut store = Store::start(&state.join("db"), &state.join("key")).expect("a store");
    for chunk in (0..users).collect::<Vec<_>>().chunks(500) {
        let changes: Vec<(BareJid, Vec<Change>)> = chunk
            .iter()
            .map(|&user| {
                let jid = BareJid::new(&format!("user{user}@localhost")).expect("a JID");
                let registration = Registration {
                    uin: Uin(FIRST + user),
                    password: Secret::new("secret1"),
                    mode: Mode::Follow,
                    charset: "windows-1251".into(),
                    import_contacts: false,
                    registered: UnixTime::from_secs(1),
                    network: "icq".to_owned(),
                    version: None,
                };
                let list = contacts(user, users);
                (
                    jid,
                    vec![
                        Change::Registration(Box::new(registration)),
                        Change::Contacts(list),
                    ],
                )
            })
            .collect();
        store.apply(&changes).expect("it is written");
    }
    store.close().expect("it closes");
}

/// The ICQ server's accounts.
fn accounts(users: u32) -> Vec<String> {
    (0..users)
        .map(|user| format!("{}:secret1", FIRST + user))
        .collect()
}

async fn wait_until_online(gateway: &Gateway, users: u32) {
    let command = gateway.status_command();
    let deadline = Instant::now() + Duration::from_secs(300);
    loop {
        let asked = Command::new(&command[0])
            .args(&command[1..])
            .output()
            .await
            .expect("status runs");
        let status: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap_or_default();
        // A state that nobody is in is not listed.
        let online = status["users"]["online"].as_u64().unwrap_or_default();
        if status.is_object() && online >= u64::from(users) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "not everybody gets online: {status}\n{}",
            gateway.log()
        );
        sleep(Duration::from_millis(500)).await;
    }
}

/// An XMPP server of few words: the handshake, pings that come back, and a presence for each probe.
async fn serve_component(listener: TcpListener) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        tokio::spawn(answer(connection));
    }
}

async fn answer(connection: TcpStream) -> io::Result<()> {
    let mut stream = ElementStream::new(connection);
    stream
        .write(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' id='bench' \
             xmlns:stream='http://etherx.jabber.org/streams' from='icq.localhost'>",
        )
        .await?;
    loop {
        let element = stream.next().await?;
        let answer = match (element.name(), element.attr("type")) {
            ("handshake", _) => "<handshake/>".to_owned(),
            ("presence", Some("probe")) if element.attr("from") == Some(COMPONENT) => {
                let user = element.attr("to").unwrap_or_default();
                format!(
                    "<presence from='{user}/pc' to='{COMPONENT}'><priority>0</priority></presence>"
                )
            }
            ("iq", _) if is_for_ourselves(&element) => String::from(&element),
            ("message", _) if is_for_ourselves(&element) => String::from(&element),
            _ => continue,
        };
        stream.write(&answer).await?;
    }
}

fn is_for_ourselves(element: &Element) -> bool {
    element
        .attr("to")
        .is_some_and(|to| to.split('/').next() == Some(COMPONENT))
}

/// A session is done with its login a minute after it: what the server may still repeat is remembered so long.
const SETTLED: Duration = Duration::from_secs(90);
