//! The main job on real XMPP servers, seen by an independent client library (slixmpp).
//!
//! Prosody and ejabberd are started here, with this program's own ICQ server behind the gateway.
//! A real ICQ server is used in addition where the environment names one:
//!
//! ```text
//! ICQ_TEST_SERVER=127.0.0.1:4000 ICQ_TEST_ACCOUNTS=200001:pass0001,200002:pass0002
//! ```
//!
//! What such a server is known to do otherwise is said in `ICQ_TEST_FACTS`, separated by commas: the
//! names of those options of `tests/live/story.py` that stand for a server's own limits. For
//! open-oscar-server that is `stored-texts-lost,offline-told-early,profiles-in-part`.

#![allow(clippy::print_stdout, reason = "a test that is left out says so")]

mod support;

use std::path::Path;

use icq_transport::runtime::demo::programs::{Gateway, IcqServer};
use icq_transport::runtime::demo::prosody::Prosody;
use support::ejabberd::Ejabberd;
use support::{program, tell_story};

/// Alice's and Bob's numbers on the ICQ server of the tree.
const ACCOUNTS: [&str; 2] = ["100001:secret1", "100002:secret2"];

#[tokio::test]
async fn the_main_job_through_prosody() {
    let folder = tempfile::tempdir().expect("a folder");
    let prosody = prosody(folder.path()).await;
    let icq = icq_server(folder.path()).await;
    let gateway = gateway(
        folder.path(),
        prosody.component_port,
        ("127.0.0.1", icq.port),
    )
    .await;

    let mut arguments = arguments(prosody.c2s_port, &ACCOUNTS.map(str::to_owned), &gateway);
    arguments.extend([
        "--echo".to_owned(),
        ECHO.to_owned(),
        "--privileged".to_owned(),
    ]);
    tell_story(&arguments, || gateway.log()).await;

    assert_no_secret_in(&gateway.log());
    assert_packets_in(&gateway.log());
}

#[tokio::test]
async fn the_main_job_through_ejabberd() {
    let folder = tempfile::tempdir().expect("a folder");
    let ejabberd = Ejabberd::start(folder.path(), &[("alice", "secret"), ("bob", "secret")])
        .await
        .expect("ejabberd starts");
    let icq = icq_server(folder.path()).await;
    let gateway = gateway(
        folder.path(),
        ejabberd.component_port,
        ("127.0.0.1", icq.port),
    )
    .await;

    let mut arguments = arguments(ejabberd.c2s_port, &ACCOUNTS.map(str::to_owned), &gateway);
    arguments.extend(["--echo".to_owned(), ECHO.to_owned()]);
    tell_story(&arguments, || gateway.log()).await;
}

#[tokio::test]
async fn the_main_job_with_a_real_icq_server() {
    let (Ok(server), Ok(accounts)) = (
        std::env::var("ICQ_TEST_SERVER"),
        std::env::var("ICQ_TEST_ACCOUNTS"),
    ) else {
        println!("left out: ICQ_TEST_SERVER and ICQ_TEST_ACCOUNTS name no real ICQ server");
        return;
    };
    let (host, port) = server
        .rsplit_once(':')
        .expect("ICQ_TEST_SERVER is host:port");
    let port = port.parse().expect("a port number");
    let accounts: Vec<String> = accounts.split(',').map(str::to_owned).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let prosody = prosody(folder.path()).await;
    let gateway = gateway(folder.path(), prosody.component_port, (host, port)).await;

    let mut arguments = arguments(prosody.c2s_port, &accounts, &gateway);
    let facts = std::env::var("ICQ_TEST_FACTS").unwrap_or_default();
    let facts = facts.split(',').filter(|fact| !fact.is_empty());
    arguments.extend(facts.map(|fact| format!("--{fact}")));
    tell_story(&arguments, || gateway.log()).await;
}

/// The contact of the tree's ICQ server that answers every text with the same text.
const ECHO: &str = "10001";

async fn prosody(folder: &Path) -> Prosody {
    Prosody::start(
        &folder.join("prosody"),
        &[("alice", "secret"), ("bob", "secret")],
    )
    .await
    .expect("Prosody starts")
}

async fn icq_server(folder: &Path) -> IcqServer {
    IcqServer::start(program(), folder, &ACCOUNTS.map(str::to_owned))
        .await
        .expect("it starts")
}

async fn gateway(folder: &Path, component_port: u16, icq: (&str, u16)) -> Gateway {
    let folder = folder.join("gateway");
    let more = "[log]\nfilter = \"trace\"\n\n[gateway]\nlogoff_delay = \"2s\"\n";
    Gateway::start(program(), &folder, component_port, icq, more)
        .await
        .expect("it starts")
}

fn arguments(c2s_port: u16, accounts: &[String], gateway: &Gateway) -> Vec<String> {
    let mut arguments = vec![
        "--port".to_owned(),
        c2s_port.to_string(),
        "--status".to_owned(),
        gateway.status_command().join("\u{1f}"),
    ];
    for account in accounts {
        arguments.extend(["--account".to_owned(), account.clone()]);
    }
    arguments
}

/// The log was written at trace level, and no password is in it.
fn assert_no_secret_in(log: &str) {
    for account in ACCOUNTS {
        let password = account.split(':').nth(1).expect("a password");
        assert!(
            !log.contains(password),
            "the log shows the password {password}"
        );
    }
}

/// The log was written at trace level, and each packet is a line in it.
fn assert_packets_in(log: &str) {
    for packet in [
        "> LOGIN ",
        "< LOGIN_REPLY ",
        "> SEND_MESSAGE ",
        "< SYS_MESSAGE ",
    ] {
        assert!(log.contains(packet), "the log shows no {packet}");
    }
}
