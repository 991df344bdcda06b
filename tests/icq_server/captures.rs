//! Recordings of a real client and a real IServerd, played again: the client's datagrams as they
//! were, and what the in-tree server answers beside what IServerd answered.
//!
//! Compared are, per client, the packets in their order: form, command, both sequence numbers,
//! addressee, session and body. Left out are the check words, which are drawn by chance. Some bodies
//! differ, and may:
//!
//! - 0x0122: IServerd says 1 for every timezone and sends no postal code (icq-udp.md §8.2).
//! - 0x0352 and 0x00DC of groupware tell times: those of the day of the recording.
//! - 0x02E4: IServerd takes the first byte of 0x0514 for the flag, where its clients have something
//!   else (icq-udp.md §8.3), and repeats it.
//!
//! The sessions of V2 and V4 are with an open-oscar-server, which deviates from the reference in many
//! numbers and bodies; what is compared of them [`answers`] says. Their clients were made by hand.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use icq_transport::icq::udp::{Header, Version};
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

#[test]
fn a_groupware_session_beside_a_v5_session() {
    let Some(played) = play("v3-session", Behaviour::iserverd(), groupware_people()) else {
        return;
    };
    for (connection, Conversation { recorded, played }) in &played {
        assert_eq!(commands(recorded), commands(played), "client {connection}");
        for (at, (recorded, played)) in recorded.iter().zip(played).enumerate() {
            let (recorded, played) = (comparable(recorded), comparable(played));
            assert_eq!(recorded, played, "client {connection}, packet {at}");
        }
    }
}

#[test]
fn sessions_of_v2_and_v4_with_open_oscar_server() {
    for name in ["v2-session", "v4-session"] {
        let mut behaviour = Behaviour::open_oscar();
        behaviour.retransmission = None;
        let Some(played) = play(name, behaviour, unnamed_people()) else {
            return;
        };
        // 1 is the V5 client beside them, 4 has no number yet.
        for connection in [2, 3] {
            let Conversation { recorded, played } = &played[&connection];
            let recorded = answers(recorded);
            assert!(recorded.len() >= 5);
            assert_eq!(recorded, answers(played), "{name}, client {connection}");
        }
    }
}

/// What is compared of a packet beside its command: its number and its body.
type Comparable = Option<(u16, Vec<u8>)>;

/// What is not an acknowledgement, as far as open-oscar-server says what the reference says: command,
/// and number and body of most.
fn answers(heard: &[Heard]) -> Vec<(u16, Comparable)> {
    heard
        .iter()
        .filter(|heard| heard.header.command != ACK)
        .map(|heard| {
            let command = heard.header.command;
            let comparable = match (heard.version, command) {
                (Version::V4, LOGIN_REPLY | EXTENDED_INFO) => None,
                (_, LOGIN_REPLY | 0x008C | 0x00A0 | 0x00B4 | 0x00C8 | 0x00E6 | EXTENDED_INFO) => {
                    Some((heard.header.seq2, heard.body.clone()))
                }
                (_, 0x01E0 | 0x021C | 0x0032) => Some((heard.header.seq2, heard.body.clone())),
                _ => None,
            };
            (command, comparable)
        })
        .collect()
}

fn replay(name: &str) {
    let Some(played) = play(name, Behaviour::iserverd(), recorded_people()) else {
        return;
    };
    for (connection, Conversation { recorded, played }) in &played {
        assert_eq!(commands(recorded), commands(played), "client {connection}");
        for (recorded, played) in recorded.iter().zip(played) {
            let (recorded, played) = (comparable(recorded), comparable(played));
            assert_eq!(recorded, played, "client {connection}");
        }
    }
}

/// What one client heard: then, and now.
#[derive(Default)]
struct Conversation {
    recorded: Vec<Heard>,
    played: Vec<Heard>,
}

/// Plays what the clients of a recording sent; none if there is no such recording.
fn play(
    name: &str,
    behaviour: Behaviour,
    accounts: Vec<Account>,
) -> Option<BTreeMap<u64, Conversation>> {
    let packets = recording(name)?;
    let mut stage = Stage::with(Setup {
        accounts,
        behaviour,
        bots: false,
        ..Setup::default()
    });
    let mut versions: BTreeMap<u64, Version> = BTreeMap::new();
    let mut conversations: BTreeMap<u64, Conversation> = BTreeMap::new();
    let mut time = Duration::ZERO;

    for packet in &packets {
        if !packet.from_client {
            let version = versions[&packet.connection];
            let conversation = conversations.entry(packet.connection).or_default();
            // open-oscar-server tells V5 users in the form of V2 that a V2 user has gone.
            let is_v5 = Version::of(&packet.bytes) == Some(Version::V5);
            if !is_v5 || packet.bytes.len() >= SHORTEST_V5 {
                conversation.recorded.push(open_in(version, &packet.bytes));
            }
            continue;
        }
        let version = Version::of(&packet.bytes).expect("a client's packet says its version");
        versions.insert(packet.connection, version);
        stage.pass(packet.time.saturating_sub(time));
        time = packet.time;
        stage.send_datagram(address(packet.connection), &packet.bytes);
        for (to, datagram) in stage.elsewhere.drain(..) {
            let connection = u64::from(to.port()) - FIRST_PORT;
            let heard = open_in(versions[&connection], &datagram);
            conversations
                .entry(connection)
                .or_default()
                .played
                .push(heard);
        }
    }
    Some(conversations)
}

fn commands(heard: &[Heard]) -> Vec<u16> {
    heard.iter().map(|heard| heard.header.command).collect()
}

/// A packet without what may differ.
fn comparable(heard: &Heard) -> (Header, Vec<u8>) {
    let mut body = heard.body.clone();
    match (heard.version, heard.header.command) {
        (_, EXTENDED_INFO) => body.clear(),
        (Version::V3, OFFLINE_MESSAGE) => body[4..8].fill(0),
        (Version::V3, BASIC_INFO) => _ = body.pop(),
        (Version::V3, NOTES) => {
            let times = body.len() - 12..body.len() - 4;
            body[times].fill(0);
        }
        _ => {}
    }
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

/// The people of the recordings of groupware.
fn groupware_people() -> Vec<Account> {
    (1..=6)
        .map(|n| {
            let uin = Uin(200_000 + n);
            let mut account = Account::new(uin, format!("pass{n:04}")).named(
                format!("nick{n}"),
                format!("First{n}"),
                format!("Last{n}"),
            );
            account.emails[0] = format!("u{n}@example.test").into();
            account.emails[1] = format!("u{n}.second@example.test").into();
            account
        })
        .collect()
}

/// The people of an open-oscar-server: it calls them by their numbers and has them ask.
fn unnamed_people() -> Vec<Account> {
    (1..=6)
        .map(|n| {
            let uin = Uin(200_000 + n);
            let account = Account::new(uin, format!("pass{n:04}"));
            account
                .named(uin.0.to_string(), "", "")
                .requiring_authorisation()
        })
        .collect()
}

const ACK: u16 = 0x000A;
const LOGIN_REPLY: u16 = 0x005A;
const SHORTEST_V5: usize = 21;
const OFFLINE_MESSAGE: u16 = 0x00DC;
const EXTENDED_INFO: u16 = 0x0122;
const BASIC_INFO: u16 = 0x02E4;
const NOTES: u16 = 0x0352;
const FIRST_PORT: u64 = 20_000;
