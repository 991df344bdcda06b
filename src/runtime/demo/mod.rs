//! `icq-transport demo`: a first conversation on this machine, with real parts.
//!
//! Starts Prosody, the ICQ server of the tree and the gateway on loopback, below one temporary
//! folder, and lets a client of Prosody live through the main job. Each line it prints below
//! "Alice sees" is a stanza that this client received; when one does not come, the demo fails.

pub mod client;
mod conversation;
pub mod elements;
pub mod ports;
pub mod programs;
pub mod prosody;

use std::io;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};

use client::Client;
use conversation::Conversation;
use programs::{Gateway, IcqServer};
use prosody::{COMPONENT, HOST, Prosody};

/// Runs the demo; afterwards stays up until Ctrl-C, unless it is to run only `once`.
///
/// # Errors
///
/// When a server does not start or a stanza does not come. Whatever was started is stopped and the
/// folder is removed in any case.
pub async fn run(once: bool) -> io::Result<()> {
    let folder = Folder::new()?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = show(folder.path(), once) => result,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

async fn show(folder: &Path, once: bool) -> io::Result<()> {
    let program = std::env::current_exe()?;
    say("Starting Prosody, an ICQ server and the gateway on this machine …");
    let prosody = Prosody::start(
        &folder.join("prosody"),
        &[("alice", PASSWORD), ("you", PASSWORD)],
    )
    .await?;
    let icq = IcqServer::start(&program, folder, &accounts()).await?;
    let gateway = Gateway::start(
        &program,
        &folder.join("gateway"),
        prosody.component_port,
        ("127.0.0.1", icq.port),
        "",
    )
    .await?;

    let client = Client::log_in(prosody.c2s_port, "alice", PASSWORD, "demo").await?;
    let told = Conversation::new(client, say).hold().await;
    if let Err(error) = told {
        return Err(io::Error::other(format!(
            "{error}\nThe gateway's log:\n{}",
            gateway.log()
        )));
    }
    if once {
        return Ok(());
    }
    say(&invitation(prosody.c2s_port));
    std::future::pending().await
}

/// The XMPP password of both accounts.
const PASSWORD: &str = "secret";

/// The number and password that Alice registers with, and those left for the visitor.
const ALICE: (u32, &str) = (100_001, "alice123");
const VISITOR: (u32, &str) = (100_002, "guest123");

fn accounts() -> Vec<String> {
    [ALICE, VISITOR]
        .map(|(number, password)| format!("{number}:{password}"))
        .to_vec()
}

fn invitation(c2s_port: u16) -> String {
    let (number, password) = VISITOR;
    format!(
        "\nIt stays up. Join with your own client:\n\
         \x20 account   you@{HOST}, password {PASSWORD}, server 127.0.0.1 port {c2s_port}, no encryption\n\
         \x20 gateway   {COMPONENT}: register there (service discovery, \"add account\" or \"transport\")\n\
         \x20 ICQ       number {number}, password {password}\n\
         \x20 contacts  10001 echoes, 10004 asks to be asked, 10006 writes first, {} is Alice\n\
         Ctrl-C ends it and leaves nothing behind.",
        ALICE.0
    )
}

#[expect(
    clippy::print_stdout,
    reason = "the demo's whole purpose is what it prints"
)]
fn say(line: &str) {
    println!("{line}");
}

/// A temporary folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("icq-transport-demo-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it; a folder that stays is in the system's temporary place.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
