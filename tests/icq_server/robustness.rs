//! Hostile and broken input, and a lossy network: nothing panics, nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use icq_transport::icq::udp::{Side, ToServer, Version};
use icq_transport::server::{Behaviour, JournalEvent, LetterNumber, Loss, Setup};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::stage::*;

#[test]
fn every_beginning_of_every_packet_is_survived_with_and_without_a_session() {
    for behaviour in [
        Behaviour::reference(),
        Behaviour::iserverd(),
        Behaviour::open_oscar(),
    ] {
        let mut behaviour = behaviour;
        behaviour.packets_per_second = None;
        let mut stage = Stage::new(behaviour.clone());
        for (version, wire) in client_vectors() {
            stage.version = version;
            for length in 0..=wire.len() {
                stage.connect(DAVE);
                let address = stage.client(DAVE).address;
                stage.send_datagram(address, &wire[..length]);
            }
            if !behaviour.versions.contains(&version) {
                continue;
            }
            let (command, body) = command_and_body(version, &wire);
            for length in 0..=body.len() {
                // The packet before may have changed the password.
                stage.server.kick(stage.now, ALICE);
                stage.deliver();
                for account in accounts() {
                    stage.server.set_account(account);
                }
                stage.log_in(ALICE);
                stage.send_body(ALICE, command, &body[..length]);
                stage.pass(secs(3));
            }
        }
    }
}

#[test]
fn a_packet_too_short_for_what_it_says_is_acknowledged_and_nothing_else() {
    for version in Version::ALL {
        too_short_packets_in(version);
    }
}

fn too_short_packets_in(version: Version) {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_as(version, ALICE, 0, &[]);
    for (command, body) in [
        (0x010E, &b"\x42"[..]),
        (0x04D8, b"\x01\x00"),
        (0x053C, b"\x01"),
        (0x064A, b"\xE9"),
        (0x064A, b"\xE9\x03\xFF\xFFabc"),
        (0x0424, b"\xFF\xFF"),
        (0x06B8, b"\x01\x00\x00\x00\x01"),
        (0x0406, b"\xFF"),
    ] {
        stage.send_body(ALICE, command, body);
        let heard = stage.all_commands(ALICE);
        assert_eq!(heard.first(), Some(&0x000A), "{version:?} {command:#06x}");
        assert!(stage.is_online(ALICE));
    }
}

#[test]
fn what_is_no_icq_gets_no_answer() {
    let mut stage = Stage::new(Behaviour::reference());
    let address = stage.connect(ALICE).address;
    for datagram in [
        &b""[..],
        b"\x05",
        b"\x05\x00",
        b"GET / HTTP/1.0\r\n\r\n",
        b"\x00\x00\xE8\x03\x01\x00\x41\x0D\x03\x00",
        &[5; 24],
        &[0; 3000],
        &[5; 3000],
    ] {
        stage.send_datagram(address, datagram);
    }
    let mut too_long = vec![5, 0];
    too_long.resize(2049, 0);
    stage.send_datagram(address, &too_long);

    assert!(stage.all_commands(ALICE).is_empty());
    assert_eq!(stage.server.counters().undecodable, 9);
}

#[test]
fn nobody_gets_more_than_they_sent_before_they_have_logged_in() {
    for behaviour in [
        Behaviour::reference(),
        Behaviour::iserverd(),
        Behaviour::open_oscar(),
    ] {
        let mut stage = Stage::new(behaviour);
        for (version, wire) in client_vectors() {
            let address = stage.connect_in(version, NOBODY).address;
            let (command, _) = command_and_body(version, &wire);
            stage.send_datagram(address, &wire);
            let heard = stage.client(NOBODY).take_inbox();
            let header = match version {
                Version::V1 | Version::V2 => 6,
                Version::V3 | Version::V4 => 16,
                Version::V5 => 21,
            };
            let answered: usize = heard.iter().map(|heard| header + heard.body.len()).sum();
            // An acknowledgement and a refusal may be longer than a login, and what is asked before
            // it has an answer that is always the same.
            let may_be_longer = matches!(command, 0x03E8 | 0x03F2 | 0x04EC | 0x05DC);
            assert!(
                answered <= wire.len() || (may_be_longer && answered < 150),
                "{version:?} {command:#06x}: {answered} for {}",
                wire.len()
            );
            stage.pass(secs(1));
        }
    }
}

#[test]
fn the_answer_before_a_login_that_is_longer_than_its_question_is_seldom_given() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect_in(Version::V3, NOBODY);

    for _ in 0..300 {
        stage.send_body(NOBODY, 0x05DC, b"");
        stage.send_body(NOBODY, 0x03F2, b"\x41\x0d\x03\0\x01\0\0");
    }

    let heard = stage.all_commands(NOBODY).len();
    assert!(heard < 100, "{heard}");
}

#[test]
fn under_heavy_loss_every_message_is_acknowledged_or_kept() {
    for seed in 0..100 {
        lossy_evening(seed, [Version::V5; 3]);
    }
    for (seed, version) in (100..).zip(Version::ALL.into_iter().cycle().take(100)) {
        let mixed = [version, Version::ALL[seed as usize % 4], Version::V3];
        lossy_evening(seed, mixed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_datagrams_are_survived(
        version in prop::sample::select(&Version::ALL[..]),
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
    ) {
        let mut stage = busy_stage(version);
        stage.strict = false;
        let address = stage.client(ALICE).address;
        for mut datagram in datagrams {
            stage.send_datagram(address, &datagram);
            for word in 0..7 {
                datagram.splice(0..datagram.len().min(2), [word, 0]);
                stage.send_datagram(address, &datagram);
            }
            stage.pass(secs(2));
        }
    }

    #[test]
    fn random_fragments_are_survived(
        fragments in prop::collection::vec(
            (0_u16..3, 0_u8..4, 0_u8..4, prop::collection::vec(any::<u8>(), 0..60)),
            1..60,
        ),
        command in prop::sample::select(commands()),
    ) {
        let mut stage = busy_stage(Version::V3);
        for (key, index, count, slice) in fragments {
            let client = stage.client(ALICE);
            client.seq2 = key;
            let mut body = vec![index, count];
            if index == 0 {
                let header = client.header(command);
                body.extend(seal(&header, b""));
            }
            body.extend(slice);
            stage.send_body(ALICE, 0x05D2, &body);
        }
        stage.pass(secs(600));
        stage.log_in(CAROL);
    }

    #[test]
    fn random_bodies_of_known_commands_are_survived(
        version in prop::sample::select(&Version::ALL[..]),
        packets in prop::collection::vec(
            (prop::sample::select(commands()), prop::collection::vec(any::<u8>(), 0..300)),
            1..30,
        ),
    ) {
        let mut stage = busy_stage(version);
        for (command, body) in packets {
            stage.send_body(ALICE, command, &body);
            stage.pass(secs(1));
        }
        stage.pass(secs(600));
        stage.log_in(CAROL);
    }

    #[test]
    fn damaged_packets_are_survived(
        index in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let vectors = client_vectors();
        let (version, wire) = &vectors[index.index(vectors.len())];
        let (command, mut body) = command_and_body(*version, wire);
        for (at, byte) in damage {
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
        }
        let mut stage = busy_stage(*version);
        stage.send_body(ALICE, command, &body);
        stage.pass(secs(100));
    }
}

/// Three people write to each other over a network that loses three datagrams in ten, come and go,
/// and are kicked; the server restarts. In the end everybody fetches what waited.
fn lossy_evening(seed: u64, versions: [Version; 3]) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut stage = Stage::new(Behaviour::reference());
    stage.lose(0.3, seed);
    let people = [ALICE, BOB, CAROL];
    for (uin, version) in people.into_iter().zip(versions) {
        stage.connect_in(version, uin);
    }
    for _ in 0..200 {
        let uin = people[random.random_range(0..3)];
        match random.random_range(0..20) {
            0 => {
                let version = stage.client(uin).version;
                stage.connect_in(version, uin);
                stage.send_login(uin, 0);
            }
            1 => stage.send_list(uin, &people),
            2 => {
                stage.send(uin, &ToServer::RequestOffline);
            }
            3 => {
                let heard = stage.client(uin).take_inbox();
                stage.send_deletion(uin, &heard);
            }
            4 => stage.log_off(uin),
            5 => {
                stage.server.kick(stage.now, uin);
                stage.deliver();
            }
            6 if random.random_ratio(1, 10) => {
                stage.server.restart(stage.now);
            }
            7..=10 => stage.pass(secs(random.random_range(1..30))),
            _ => stage.send_text(uin, people[random.random_range(0..3)], b"hello"),
        }
    }

    stage.lose(0.0, seed);
    for (uin, version) in people.into_iter().zip(versions) {
        stage.log_in_as(version, uin, 0, &[]);
        stage.send(uin, &ToServer::RequestOffline);
        stage.pass(secs(20));
        let heard = stage.hears(uin);
        stage.send_deletion(uin, &heard);
    }
    check_history(&mut stage, seed);
}

/// Every message that the server took was acknowledged by its receiver before it was deleted, or
/// the journal says how it was lost; nothing is left.
fn check_history(stage: &mut Stage, seed: u64) {
    let mut last: BTreeMap<LetterNumber, &str> = BTreeMap::new();
    let mut acknowledged = BTreeSet::new();
    for entry in stage.server.take_journal() {
        match entry.event {
            JournalEvent::Accepted { letter, .. } => {
                last.insert(letter, "accepted");
            }
            JournalEvent::Acknowledged(letter) => {
                acknowledged.insert(letter);
                last.insert(letter, "acknowledged");
            }
            JournalEvent::Stored(letter) => {
                last.insert(letter, "stored");
            }
            JournalEvent::Deleted(letter) => {
                assert!(acknowledged.contains(&letter), "seed {seed}: {letter:?}");
                last.insert(letter, "deleted");
            }
            JournalEvent::Lost(letter, Loss::StoreFull) => {
                last.insert(letter, "lost");
            }
            JournalEvent::Lost(letter, loss) => panic!("seed {seed}: {letter:?} {loss:?}"),
            JournalEvent::Sent(_) | JournalEvent::LoggedOn(_) | JournalEvent::LoggedOff(..) => {}
        }
    }
    for (letter, state) in last {
        let settled = matches!(state, "acknowledged" | "deleted" | "lost");
        assert!(settled, "seed {seed}: {letter:?} is {state}");
    }
}

/// Alice is logged in with a version beside bots, and things are under way.
fn busy_stage(version: Version) -> Stage {
    let mut stage = Stage::with(Setup {
        accounts: accounts(),
        ..Setup::default()
    });
    stage.log_in_with(BOB, 0, &[ALICE]);
    stage.log_in_as(version, ALICE, 0, &[BOB]);
    stage.client(BOB).acknowledges = false;
    stage.send_text(ALICE, BOB, b"hello");
    stage
}

fn commands() -> Vec<u16> {
    (0..=u16::MAX)
        .filter(|command| ToServer::name(*command).is_some())
        .collect()
}

/// The datagrams of the test vectors that clients sent.
fn client_vectors() -> Vec<(Version, Vec<u8>)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let folder = env::var_os("ICQ_TEST_DATA").map_or(own, Into::into);
    let mut datagrams = Vec::new();
    for file in fs::read_dir(folder.join("vectors"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let text = fs::read_to_string(file.path()).expect("vectors are readable");
        let json: Value = serde_json::from_str(&text).expect("vectors are JSON");
        for vector in json.as_array().into_iter().flatten() {
            let Some(hex) = vector["wire_hex"].as_str() else {
                continue;
            };
            let wire = bytes(hex);
            if let Some(version) = Version::of(&wire)
                && vector["version"] == version.word()
                && vector["direction"] == "client->server"
            {
                datagrams.push((version, wire));
            }
        }
    }
    assert!(!datagrams.is_empty() || env::var_os("ICQ_TEST_DATA").is_some());
    datagrams
}

fn command_and_body(version: Version, wire: &[u8]) -> (u16, Vec<u8>) {
    let mut bytes = wire.to_vec();
    let opened = version
        .dialect()
        .open(Side::Client, &mut bytes)
        .expect("a vector opens");
    (opened.header.command, opened.body.to_vec())
}
