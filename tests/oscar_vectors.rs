//! Packets of OSCAR that other programs made, read and made again.
//!
//! The data lies in `tests/data`: `vectors/oscar.json` are single packets with their fields,
//! `captures/*.json` recorded sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::LazyLock;
use std::{fs, io};

use icq_transport::icq::oscar::family::generic::RateClass;
use icq_transport::icq::oscar::family::login;
use icq_transport::icq::oscar::flap::{self, End, Splitter};
use icq_transport::icq::oscar::peer::{self, Ars, Checksum, OdcMessage, OftHeader, checksum};
use icq_transport::icq::oscar::rate::{Rate, RateState};
use icq_transport::icq::oscar::{Dump, Flap, Frame};
use icq_transport::icq::udp::Side;
use icq_transport::icq::wire::{DecodeError, Field, Layout, Value};
use icq_transport::inspect::{Show, tree};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value as Json, json};

#[test]
fn every_vector_is_read_and_made_again() {
    let mut failures = Vec::new();
    let mut checked = 0;
    for vector in flaps() {
        for &side in &vector.sides {
            checked += 1;
            if let Err(why) = check(vector, side) {
                failures.push(format!("{}: {why}", vector.id));
            }
        }
    }

    say(&format!(
        "{checked} vectors checked, {} failed",
        failures.len()
    ));
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn no_log_shows_what_opens_an_account() {
    let mut hidden = 0;
    for vector in flaps() {
        for name in SECRETS {
            let Some(secret) = vector.fields[name].as_str() else {
                continue;
            };
            // The cookie of a message, of a room and of a registration opens nothing.
            let opens_nothing = ["channel", "exchange", "cookie2"];
            if name == "cookie" && opens_nothing.iter().any(|it| !vector.fields[it].is_null()) {
                continue;
            }
            hidden += 1;
            for &side in &vector.sides {
                let dump = Dump::new(side, &vector.wire);
                for shown in [dump.to_string(), format!("{dump:#}")] {
                    // A vector has the password "password".
                    let values = shown.replace("password=", "").replace("password =", "");
                    assert!(!values.contains(secret), "{}: {name} in {shown}", vector.id);
                }
                let shown = Json::Object(tree(&dump.fields, Show::default()));
                assert_eq!(shown[name], Json::Null, "{}", vector.id);
            }
        }
    }
    assert_eq!(hidden, 17);
}

#[test]
fn every_packet_between_clients_is_read_and_made_again() {
    let mut failures = Vec::new();
    let mut checked = 0;
    for vector in vectors() {
        let checked_one = match vector.kind.as_str() {
            "oft" => check_peer::<OftHeader<'_>>(vector),
            "ars" => check_peer::<Ars<'_>>(vector),
            "odc" => check_peer::<OdcMessage<'_>>(vector),
            _ => continue,
        };
        checked += 1;
        if let Err(why) = checked_one {
            failures.push(format!("{}: {why}", vector.id));
        }
    }

    assert_eq!(checked, 10);
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_algorithm_gives_what_its_vector_says() {
    for vector in vectors().iter().filter(|vector| vector.kind == "algorithm") {
        let input = &vector.fields["in"];
        let text = |name: &str| input[name].as_str().unwrap_or_default().as_bytes().to_vec();
        let out = match input["algorithm"].as_str().unwrap_or_default() {
            "roast" => hex(&login::roast(&text("password"))),
            "md5-weak" => hex(&login::weak_digest(&text("auth_key"), &text("password")).0),
            "md5-strong" => hex(&login::strong_digest(&text("auth_key"), &text("password")).0),
            "rate" => {
                check_rate(&vector.fields);
                continue;
            }
            "oft-checksum" => {
                let sum = |name: &str| unhex(input[name].as_str().unwrap_or_default());
                let previous = sum("previous").try_into().expect("four bytes");
                let previous = Checksum(u32::from_be_bytes(previous));
                let Checksum(sum) = checksum(previous, 0, &sum("data_hex"));
                format!("{sum:08x}")
            }
            other => panic!("{}: there is no algorithm {other}", vector.id),
        };
        assert_eq!(json!(out), vector.fields["out"], "{}", vector.id);
    }
}

#[test]
fn every_beginning_of_every_vector_is_refused_or_is_a_shorter_packet() {
    for vector in flaps() {
        for &side in &vector.sides {
            for length in 0..vector.wire.len() {
                let bytes = &vector.wire[..length];
                assert_complete(&Dump::new(side, bytes), length, &vector.id);
                let Some(payload) = bytes.get(6..) else {
                    continue;
                };
                if let Ok(again) = again(side, bytes[1], payload) {
                    assert_eq!(hex(&again), hex(payload), "{}", vector.id);
                }
                let shorter = flap::encode(bytes[1], 1, payload).expect("it is short");
                assert_complete(&Dump::new(side, &shorter), length, &vector.id);
            }
        }
    }
}

#[test]
fn every_frame_of_every_capture_is_read_and_made_again() {
    let mut failures = Vec::new();
    let mut frames = 0;
    let mut unnamed: BTreeMap<String, usize> = BTreeMap::new();
    for capture in captures() {
        for (side, flap) in &capture.frames {
            frames += 1;
            let bytes =
                flap::encode(flap.channel, flap.sequence, &flap.payload).expect("it was a frame");
            let why = check_recorded(*side, flap, &bytes, &mut unnamed);
            if let Err(why) = why {
                failures.push(format!("{} {side:?} {}: {why}", capture.name, hex(&bytes)));
            }
        }
    }

    say(&format!(
        "{frames} frames checked, {} failed",
        failures.len()
    ));
    for (what, count) in &unnamed {
        say(&format!("without a name, {count} times: {what}"));
    }
    assert!(frames > 500, "{frames}");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    let unknown: Vec<_> = unnamed
        .keys()
        .filter(|what| !WITHOUT_A_NAME.iter().any(|(known, _)| known == what))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    for (known, _why) in WITHOUT_A_NAME {
        assert!(unnamed.contains_key(*known), "no longer there: {known}");
    }
}

/// The fields of the vectors that open an account.
const SECRETS: [&str; 6] = [
    "roasted_password",
    "md5_digest",
    "cookie",
    "password",
    "new_password",
    "old_password",
];

/// Bytes of the captures that have no name, and why.
const WITHOUT_A_NAME: &[(&str, &str)] = &[
    (
        "SSI ASK rest",
        "libpurple writes one byte more than the reason needs",
    ),
    (
        "SSI RIGHTS tlv_0008[2]",
        "limits that oscar.md §3.13.2 does not name",
    ),
    ("SSI RIGHTS tlv_0009[4]", "the same"),
    ("SSI RIGHTS tlv_000a[4]", "the same"),
    (
        "ICQ ICQ_REPLY 0x00f0 rest",
        "IServerd counts no interests, and sends four empty ones (§3.15.3)",
    ),
    (
        "ICQ ICQ_REPLY 0x00fa rest",
        "IServerd has five bytes more (§3.15.3)",
    ),
    (
        "ICQ ICQ_REQUEST 0x0758 rest",
        "climm tells its direct connection as well, in a form of its own",
    ),
];

proptest! {
    /// Whatever can be read is written so that it is read as the same again.
    #[test]
    fn what_was_read_of_a_damaged_packet_is_read_again_the_same(
        which in any::<Index>(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<Index>()),
        from_server in any::<bool>(),
    ) {
        let vector = which.get(flaps());
        let mut bytes = vector.wire.clone();
        for (place, byte) in damage {
            *place.get_mut(&mut bytes[6..]) = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(6 + cut.index(bytes.len() - 6));
        }
        let side = if from_server { Side::Server } else { Side::Client };
        assert_stable(side, bytes[1], &bytes[6..]);
        let whole = flap::encode(bytes[1], 7, &bytes[6..]).expect("it is short");
        assert_complete(&Dump::new(side, &whole), whole.len(), &vector.id);
    }

    #[test]
    fn no_bytes_are_too_odd(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        channel in 0_u8..7,
        snac in prop::option::of((0_u8..0x19, 0_u8..0x22)),
    ) {
        let payload = match snac {
            Some((family, subtype)) => {
                [&[0, family, 0, subtype, 0, 0, 0, 0, 0, 1][..], &bytes].concat()
            }
            None => bytes,
        };
        for side in [Side::Client, Side::Server] {
            assert_stable(side, channel, &payload);
            let whole = flap::encode(channel, 7, &payload).expect("it is short");
            assert_complete(&Dump::new(side, &whole), whole.len(), "any bytes");
            let _any = Dump::new(side, &payload).to_string();
        }
    }
}

/// What is read of `payload` is the same after it was written and read again.
fn assert_stable(side: Side, channel: u8, payload: &[u8]) {
    macro_rules! assert_stable {
        ($decode:path) => {
            if let Ok(first) = $decode(channel, payload) {
                let written = first.packet.encode();
                let second = $decode(channel, &written);
                assert_eq!(
                    second.map(|decoded| decoded.packet),
                    Ok(first.packet),
                    "{}",
                    hex(payload)
                );
            }
        };
    }
    match side {
        Side::Client => assert_stable!(Frame::from_client),
        Side::Server => assert_stable!(Frame::from_server),
    }
}

/// One packet, and what its fields are known to be.
struct Vector {
    id: String,
    kind: String,
    sides: Vec<Side>,
    fields: Json,
    wire: Vec<u8>,
}

/// A recorded session.
struct Capture {
    name: String,
    frames: Vec<(Side, Flap)>,
}

fn check(vector: &Vector, side: Side) -> Result<(), String> {
    let dump = Dump::new(side, &vector.wire);
    if let Some(error) = dump.error {
        return Err(format!("{error} in {:#?}", dump.fields));
    }
    assert_complete(&dump, vector.wire.len(), &vector.id);
    if dump.name.is_none() {
        return Err("it has no name here".into());
    }
    let expected = vector.fields.as_object().expect("fields are an object");
    same_fields(&tree(&dump.fields, EVERYTHING), expected)?;

    let mut splitter = Splitter::new();
    splitter
        .push(&vector.wire)
        .map_err(|error| error.to_string())?;
    let flap = splitter.poll().ok_or("it is no whole frame")?;
    assert_eq!(splitter.end(), End::Clean);
    let payload = again(side, flap.channel, &flap.payload).map_err(|error| error.to_string())?;
    let made = flap::encode(flap.channel, flap.sequence, &payload).ok_or("it is too long")?;
    same_bytes(&made, &vector.wire)
}

fn check_peer<'a, L: Layout<'a>>(vector: &'a Vector) -> Result<(), String> {
    let (fields, error) = peer::dump::<L>(&vector.wire);
    if let Some(error) = error {
        return Err(format!("{error} in {fields:#?}"));
    }
    assert_eq!(end_of(&fields, 0, &vector.id), vector.wire.len());
    let expected = vector.fields.as_object().expect("fields are an object");
    same_fields(&tree(&fields, EVERYTHING), expected)?;
    for length in 0..vector.wire.len() {
        let is_refused = peer::decode::<L>(&vector.wire[..length]).is_err();
        assert!(is_refused, "{}: {length} bytes were enough", vector.id);
    }
    let packet = peer::decode::<L>(&vector.wire).map_err(|error| error.to_string())?;
    same_bytes(&peer::encode(&packet), &vector.wire)
}

fn check_recorded(
    side: Side,
    flap: &Flap,
    bytes: &[u8],
    unnamed: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let dump = Dump::new(side, bytes);
    if let Some(error) = dump.error {
        return Err(format!("{error} in {:#?}", dump.fields));
    }
    assert_complete(&dump, bytes.len(), "a frame");
    let mut what = format!(
        "{} {}",
        dump.family.unwrap_or("-"),
        dump.name.ok_or("it has no name")?
    );
    if let Some(sub) = tree(&dump.fields, EVERYTHING).get("sub") {
        let _ = write!(what, " {}", sub.as_str().unwrap_or_default());
    }
    for name in without_a_name(&dump.fields) {
        *unnamed.entry(format!("{what} {name}")).or_default() += 1;
    }
    let payload = again(side, flap.channel, &flap.payload).map_err(|error| error.to_string())?;
    same_bytes(&payload, &flap.payload)
}

/// The payload made again from the typed packet, and the bytes that belong to no field.
fn again(side: Side, channel: u8, payload: &[u8]) -> Result<Vec<u8>, DecodeError> {
    Ok(match side {
        Side::Client => {
            let decoded = Frame::from_client(channel, payload)?;
            [decoded.packet.encode(), decoded.rest.to_vec()].concat()
        }
        Side::Server => {
            let decoded = Frame::from_server(channel, payload)?;
            [decoded.packet.encode(), decoded.rest.to_vec()].concat()
        }
    })
}

/// The fields whose meaning is not known here.
fn without_a_name(fields: &[Field<'_>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for field in fields {
        match &field.value {
            Value::Group(fields) | Value::List(fields) => {
                for name in without_a_name(fields) {
                    names.insert(format!("{}.{name}", field.name));
                }
            }
            Value::Tlv(kind, value) => {
                names.insert(format!("tlv_{kind:04x}[{}]", value.len()));
            }
            _ if field.name == "rest" => {
                names.insert("rest".to_owned());
            }
            _ => {}
        }
    }
    names
}

fn check_rate(fields: &Json) {
    let class = &fields["in"]["class"];
    let number = |name: &str| class[name].as_u64().expect("a number") as u32;
    let mut rate = Rate::new(&RateClass {
        id: 3,
        window: number("window"),
        clear: number("clear"),
        alert: number("alert"),
        limit: number("limit"),
        disconnect: number("disconnect"),
        current: number("initial"),
        max: number("max"),
        last_ms: None,
        state: None,
    });
    let steps = fields["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 15);
    for step in steps {
        let state = match rate.count(step["gap_ms"].as_u64().expect("a gap")) {
            RateState::Disconnected => 0,
            RateState::Limited => 1,
            RateState::Alert => 2,
            RateState::Clear => 3,
        };
        assert_eq!(json!(rate.level()), step["level"], "{step}");
        assert_eq!(json!(state), step["state"], "{step}");
    }
}

/// Every byte of the packet belongs to exactly one field, and every byte of a field to one of its.
fn assert_complete(dump: &Dump<'_>, length: usize, id: &str) {
    let end = end_of(&dump.fields, 0, id);
    assert_eq!(
        end, length,
        "{id}: bytes without a name in {:#?}",
        dump.fields
    );
}

fn end_of(fields: &[Field<'_>], start: usize, id: &str) -> usize {
    let mut at = start;
    for field in fields.iter().filter(|field| field.length > 0) {
        assert_eq!(field.offset, at, "{id}: {} begins elsewhere", field.name);
        at += field.length;
        if let Value::Group(inner) | Value::List(inner) = &field.value
            && inner.iter().any(|field| field.length > 0)
        {
            let end = end_of(inner, field.offset, id);
            assert_eq!(end, at, "{id}: {} ends elsewhere", field.name);
        }
    }
    at
}

fn same_fields(read: &Map<String, Json>, expected: &Map<String, Json>) -> Result<(), String> {
    let mut differences = String::new();
    for (name, value) in expected {
        match read.get(name) {
            Some(same) if same == value => {}
            Some(other) => {
                let _ = write!(differences, "\n  {name} is {other},\n      not {value};");
            }
            None => {
                let _ = write!(differences, "\n  {name} is missing, it is {value};");
            }
        }
    }
    for (name, value) in read {
        if !expected.contains_key(name) {
            let _ = write!(differences, "\n  {name} is too much, it is {value};");
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(differences)
}

fn same_bytes(made: &[u8], expected: &[u8]) -> Result<(), String> {
    if made == expected {
        return Ok(());
    }
    Err(format!("made\n  {}, not\n  {}", hex(made), hex(expected)))
}

/// The vectors, read once.
fn vectors() -> &'static [Vector] {
    static VECTORS: LazyLock<Vec<Vector>> = LazyLock::new(|| {
        let json = file("vectors/oscar.json");
        let vectors = json["vectors"].as_array().expect("a list of vectors");
        assert_eq!(vectors.len(), 311);
        let vector = |entry: &Json| Vector {
            id: entry["id"].as_str().unwrap_or("without id").to_owned(),
            kind: entry["kind"].as_str().unwrap_or_default().to_owned(),
            sides: match entry["direction"].as_str().unwrap_or_default() {
                "c2s" => vec![Side::Client],
                "s2c" => vec![Side::Server],
                "both" => vec![Side::Client, Side::Server],
                _ => Vec::new(),
            },
            fields: entry["fields"].clone(),
            wire: entry["wire_hex"].as_str().map(unhex).unwrap_or_default(),
        };
        vectors.iter().map(vector).collect()
    });
    &VECTORS
}

/// The vectors that are whole frames.
fn flaps() -> &'static [&'static Vector] {
    static FLAPS: LazyLock<Vec<&'static Vector>> = LazyLock::new(|| {
        let flaps = vectors().iter().filter(|vector| vector.kind == "flap");
        flaps.collect()
    });
    &FLAPS
}

/// The captures with OSCAR in them, their streams put together and cut into frames.
fn captures() -> Vec<Capture> {
    let folder = data().join("captures");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry of a folder is readable"))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut captures = Vec::new();
    for name in names {
        let json = file(&format!("captures/{name}"));
        if json["transport"] != "tcp" {
            continue;
        }
        let mut streams: BTreeMap<(u64, bool), Splitter> = BTreeMap::new();
        let mut frames = Vec::new();
        for packet in json["packets"].as_array().expect("packets") {
            let Some(digits) = packet["hex"].as_str() else {
                continue;
            };
            let is_client = packet["dir"] == "c2s";
            let conn = packet["conn"].as_u64().expect("a connection");
            let splitter = streams.entry((conn, is_client)).or_default();
            splitter
                .push(&unhex(digits))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let side = if is_client {
                Side::Client
            } else {
                Side::Server
            };
            frames.extend(std::iter::from_fn(|| splitter.poll()).map(|flap| (side, flap)));
        }
        for (stream, splitter) in &streams {
            assert_eq!(splitter.end(), End::Clean, "{name} {stream:?}");
        }
        captures.push(Capture { name, frames });
    }
    captures
}

fn file(name: &str) -> Json {
    let path = data().join(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn data() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn unhex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "half a byte in {digits}");
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Says something even when the test passes, which `println!` would not.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

const EVERYTHING: Show = Show {
    passwords: true,
    texts: true,
    charset: None,
};
