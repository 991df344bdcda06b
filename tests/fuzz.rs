//! The harness of `fuzz/` in short, from the vectors; the same with a coverage-guided fuzzer is
//! `make fuzz`, which begins with what [`the_corpus_is_written`] writes.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

#[path = "../fuzz/harness.rs"]
mod harness;

use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs};

use icq_transport::icq::udp::{Side, Version};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value as Json;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn bodies_keep_their_promises(input in mutated(&BODIES)) {
        harness::bodies(&input);
    }

    #[test]
    fn datagrams_keep_their_promises(input in mutated(&DATAGRAMS)) {
        harness::datagrams(&input);
    }
}

#[test]
fn the_vectors_keep_their_promises() {
    BODIES.iter().for_each(|input| harness::bodies(input));
    DATAGRAMS.iter().for_each(|input| harness::datagrams(input));
}

/// For `make fuzz`: a file for each vector in `FUZZ_CORPUS`/target.
#[test]
fn the_corpus_is_written() {
    let Some(folder) = env::var_os("FUZZ_CORPUS") else {
        return;
    };
    for (target, inputs) in [("bodies", &BODIES), ("datagrams", &DATAGRAMS)] {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder).unwrap();
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("vector-{number}")), input).unwrap();
        }
    }
}

/// An input of the corpus, damaged in a few places: bytes changed, cut out, doubled, put in.
fn mutated(corpus: &'static LazyLock<Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    let damage = (0_u8..4, any::<Index>(), any::<u8>());
    let damages = proptest::collection::vec(damage, 0..5);
    (any::<Index>(), damages).prop_map(|(which, damages)| {
        let mut input = which.get(corpus).clone();
        for (kind, place, byte) in damages {
            if input.is_empty() {
                break;
            }
            let at = place.index(input.len());
            match kind {
                0 => input[at] = byte,
                1 => input.truncate(at),
                2 => input.insert(at, byte),
                _ => input.extend_from_within(at..),
            }
        }
        input
    })
}

static DATAGRAMS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    vectors()
        .map(|vector| harness::of_datagram(vector.version, vector.from, &vector.wire))
        .collect()
});

static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    vectors()
        .filter_map(|mut vector| {
            let dialect = vector.version.dialect();
            let opened = dialect.open(vector.from, &mut vector.wire).ok()?;
            let command = opened.header.command;
            Some(harness::of_body(
                vector.version,
                vector.from,
                command,
                opened.body,
            ))
        })
        .collect()
});

struct Vector {
    version: Version,
    from: Side,
    wire: Vec<u8>,
}

fn vectors() -> impl Iterator<Item = Vector> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vectors/icq-udp.json");
    let vectors: Json = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let vectors = vectors.as_array().unwrap().clone();
    vectors.into_iter().map(|entry| Vector {
        version: *Version::ALL
            .iter()
            .find(|version| entry["version"] == version.word())
            .unwrap(),
        from: match entry["direction"] == "client->server" {
            true => Side::Client,
            false => Side::Server,
        },
        wire: unhex(entry["wire_hex"].as_str().unwrap()),
    })
}

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}
