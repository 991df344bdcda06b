//! Recordings of a real client and a real IServerd, played again: the client's datagrams as they
//! were, and what the in-tree server answers beside what IServerd answered.
//!
//! Compared are, per client, the packets in their order: form, command, both sequence numbers,
//! addressee, session and body. Left out are the check words, which are drawn by chance. Two bodies
//! differ, and may:
//!
//! - 0x0122: IServerd says 1 for every timezone and sends no postal code (icq-udp.md §8.2).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use icq_transport::icq::udp::Header;
use icq_transport::model::Uin;
use icq_transport::server::{Account, Behaviour, Setup};
use serde_json::Value;

use crate::stage::*;

#[test]
fn login_contacts_logout() {
    replay("v5-login-contacts-logout");
}

#[test]
fn keepalive() {
    replay("v5-keepalive");
}

#[test]
fn messages() {
    replay("v5-messages");
}

#[test]
fn presence_status() {
    replay("v5-presence-status");
}

#[test]
fn search_info() {
    replay("v5-search-info");
}

#[test]
fn bad_password() {
    replay("v5-bad-password");
}

#[test]
fn double_login() {
    replay("v5-double-login");
}

fn replay(name: &str) {
    let Some(packets) = recording(name) else {
        return;
    };
    let mut stage = Stage::with(Setup {
        accounts: recorded_people(),
        behaviour: Behaviour::iserverd(),
        bots: false,
        ..Setup::default()
    });
    let mut recorded: BTreeMap<u64, Vec<Heard>> = BTreeMap::new();
    let mut played: BTreeMap<u64, Vec<Heard>> = BTreeMap::new();
    let mut time = Duration::ZERO;

    for packet in &packets {
        if !packet.from_client {
            let heard = recorded.entry(packet.connection).or_default();
            heard.push(open(&packet.bytes));
            continue;
        }
        stage.pass(packet.time.saturating_sub(time));
        time = packet.time;
        stage.send_datagram(address(packet.connection), &packet.bytes);
        for (to, datagram) in stage.elsewhere.drain(..) {
            let connection = u64::from(to.port()) - FIRST_PORT;
            played.entry(connection).or_default().push(open(&datagram));
        }
    }

    assert_eq!(recorded.len(), played.len());
    for (connection, recorded) in &recorded {
        let played = &played[connection];
        let commands = |heard: &[Heard]| -> Vec<u16> {
            heard.iter().map(|heard| heard.header.command).collect()
        };
        assert_eq!(commands(recorded), commands(played), "client {connection}");
        for (recorded, played) in recorded.iter().zip(played) {
            let (recorded, played) = (comparable(recorded), comparable(played));
            assert_eq!(recorded, played, "client {connection}");
        }
    }
}

/// A packet without what may differ.
fn comparable(heard: &Heard) -> (Header, &[u8]) {
    let body: &[u8] = match heard.header.command {
        EXTENDED_INFO => &[],
        _ => &heard.body,
    };
    (heard.header, body)
}

struct Packet {
    time: Duration,
    connection: u64,
    from_client: bool,
    bytes: Vec<u8>,
}

/// The packets of a recording; none if another folder of test data has no such file.
fn recording(name: &str) -> Option<Vec<Packet>> {
    let elsewhere = env::var_os("ICQ_TEST_DATA").map(std::path::PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let is_own = elsewhere.is_none();
    let path = elsewhere
        .unwrap_or(own)
        .join(format!("captures/{name}.json"));
    let Ok(text) = fs::read_to_string(&path) else {
        assert!(!is_own, "{} is part of the tree", path.display());
        return None;
    };
    let json: Value = serde_json::from_str(&text).expect("a recording is JSON");
    let packets = json["packets"].as_array().expect("it has packets");
    Some(
        packets
            .iter()
            .filter_map(|packet| {
                Some(Packet {
                    time: Duration::from_secs_f64(packet["t"].as_f64()?),
                    connection: packet["conn"].as_u64()?,
                    from_client: packet["dir"] == "c2s",
                    bytes: bytes(packet["hex"].as_str()?),
                })
            })
            .collect(),
    )
}

fn address(connection: u64) -> SocketAddr {
    let port = u16::try_from(FIRST_PORT + connection).expect("few connections");
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The people in the recordings, as far as these tell of them.
fn recorded_people() -> Vec<Account> {
    let names = [
        ("alice", "Alice", "Anders"),
        ("bob", "Bob", "Brown"),
        ("carol", "Carol", "Clark"),
        ("dave", "Dave", "Dunn"),
        ("erin", "Erin", "Ekman"),
        ("frank", "Frank", "Fischer"),
    ];
    (200_001..)
        .zip(names)
        .map(|(uin, (nick, first, last))| {
            let password = format!("pass{:04}", uin % 10_000);
            Account::new(Uin(uin), password).named(nick, first, last)
        })
        .collect()
}

const EXTENDED_INFO: u16 = 0x0122;
const FIRST_PORT: u64 = 20_000;
