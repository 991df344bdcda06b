//! Packets that other programs made, read and made again.
//!
//! The data lies in `tests/data`: `vectors/*.json` are single packets with their fields,
//! `captures/*.json` recorded sessions. `ICQ_TEST_DATA` names another folder of that form, or one
//! with the JSON files in it. What this program does not speak is skipped, and said so.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs, io};

use icq_transport::icq::udp::{Dump, FromServer, Noise, Opened, Side, ToServer, V3, Version};
use icq_transport::icq::wire::DecodeError;
use icq_transport::icq::wire::meta::MetaForm;
use icq_transport::inspect::{Show, fields};
use serde_json::{Map, Value as Json, json};

#[test]
fn every_vector_is_opened_read_made_again_and_sealed() {
    let vectors = vectors();
    let failures: Vec<String> = vectors
        .iter()
        .filter_map(|vector| {
            let why = check(vector).err()?;
            Some(format!("{}: {why}", vector.id))
        })
        .collect();

    say(&format!(
        "{} vectors checked, {} failed",
        vectors.len(),
        failures.len()
    ));
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_beginning_of_every_vector_is_refused_or_is_a_shorter_packet() {
    for vector in vectors() {
        for length in 0..vector.plain.len() {
            let plain = &vector.plain[..length];
            let dialect = vector.version.dialect();
            let dump = Dump::new(dialect, vector.from, plain, MetaForm::Unknown);
            assert_complete(&dump, plain.len(), &vector.id);

            let mut wire = vector.wire[..length].to_vec();
            if let Ok(opened) = dialect.open(vector.from, &mut wire) {
                let _decoded = decode(vector.version, vector.from, &opened, MetaForm::Unknown);
            }
        }
    }
}

#[test]
fn every_datagram_of_every_capture_is_opened_and_read() {
    let captures = captures();
    let mut datagrams = 0;
    let mut failures = Vec::new();
    for capture in &captures {
        // What a META reply looks like is up to the request it answers.
        let mut forms = HashMap::new();
        // Servers answer in the version that the client speaks, whatever their datagrams say.
        let mut versions = HashMap::new();
        for (number, datagram) in capture.datagrams.iter().enumerate() {
            datagrams += 1;
            if datagram.from == Side::Client {
                versions.extend(Version::of(&datagram.bytes).map(|of| (datagram.conn, of)));
            }
            let Some(&version) = versions.get(&datagram.conn) else {
                failures.push(format!("{}, datagram {number}: no client", capture.name));
                continue;
            };
            if let Err(why) = check_recorded(version, datagram, &mut forms) {
                failures.push(format!("{}, datagram {number}: {why}", capture.name));
            }
        }
    }

    say(&format!(
        "{datagrams} datagrams of {} captures checked, {} failed",
        captures.len(),
        failures.len()
    ));
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// One packet, and what its fields are known to be.
struct Vector {
    id: String,
    version: Version,
    from: Side,
    fields: Map<String, Json>,
    noted: bool,
    plain: Vec<u8>,
    wire: Vec<u8>,
}

/// A recorded session.
struct Capture {
    name: String,
    datagrams: Vec<Datagram>,
}

struct Datagram {
    conn: u64,
    from: Side,
    bytes: Vec<u8>,
}

fn check(vector: &Vector) -> Result<(), String> {
    let dialect = vector.version.dialect();
    let mut datagram = vector.wire.clone();
    let opened = dialect.open(vector.from, &mut datagram).map_err(text)?;
    same_bytes("opened", opened.plain, &vector.plain)?;

    let mut expected = vector.fields.clone();
    // Whether the check word is right is no field, but a few vectors list it.
    let check_valid = expected
        .remove("check_valid")
        .is_none_or(|valid| valid == true);
    if opened.check_valid != check_valid {
        return Err(format!("its check word is right: {}", opened.check_valid));
    }

    let dump = Dump::new(dialect, vector.from, opened.plain, MetaForm::Unknown);
    if let Some(error) = dump.error {
        return Err(error.to_string());
    }
    assert_complete(&dump, opened.plain.len(), &vector.id);
    if dump.name.is_none() {
        say(&format!("its command has no name here: {}", vector.id));
    }
    let mut read = fields(&dump.fields, EVERYTHING);
    write_as_captured(&mut read, &expected);
    same_fields(&read, &expected)?;

    let (body, rest) =
        decode(vector.version, vector.from, &opened, MetaForm::Unknown).map_err(text)?;
    let mut sealed = seal(vector.version, vector.from, &opened, body, rest);
    if (vector.version, vector.from, opened.check) == (Version::V4, Side::Server, 0) {
        // Its source makes check words, but not in 0x0064 and 0x00F0 (§2.3). This program always
        // does, as the reference asks; everything else is the same.
        say(&format!("made again with a check word: {}", vector.id));
        sealed[12..16].fill(0);
    }
    let made = same_bytes("sealed", &sealed, &vector.wire);
    if let Err(why) = &made
        && vector.noted
        && vector.from == Side::Server
    {
        // Making a server packet again is not asked where a note says what is odd about it (§14).
        say(&format!(
            "not made again, see its note: {}, {why}",
            vector.id
        ));
        return Ok(());
    }
    made
}

/// V3 vectors from recordings do not list the version word of a server's packet, which says nothing
/// new there, and write the check word as a number.
fn write_as_captured(read: &mut Map<String, Json>, expected: &Map<String, Json>) {
    if !expected.get("check").is_some_and(Json::is_number) {
        return;
    }
    read.remove("wire_version");
    if let Some(check) = read.get_mut("check")
        && check == "0x00000000"
    {
        *check = json!(0);
    }
}

fn check_recorded(
    version: Version,
    datagram: &Datagram,
    forms: &mut HashMap<(u64, u16), MetaForm>,
) -> Result<(), String> {
    let dialect = version.dialect();
    let mut bytes = datagram.bytes.clone();
    let opened = dialect.open(datagram.from, &mut bytes).map_err(text)?;
    if !opened.check_valid && !covers_a_byte_beyond_255(&opened) {
        return Err("its check word is wrong".into());
    }
    let request = (datagram.conn, opened.header.seq2);
    let form = match datagram.from {
        Side::Client => {
            let decoded =
                ToServer::decode(version, opened.header.command, opened.body).map_err(text)?;
            if let ToServer::Meta(meta) = decoded.packet {
                forms.insert(request, meta.form());
            }
            MetaForm::Unknown
        }
        Side::Server => forms.get(&request).copied().unwrap_or_default(),
    };

    let dump = Dump::new(dialect, datagram.from, opened.plain, form);
    if let Some(error) = dump.error {
        return Err(error.to_string());
    }
    if dump.name.is_none() {
        return Err(format!("command {:#06x} is unknown", opened.header.command));
    }
    assert_complete(&dump, opened.plain.len(), "a datagram");

    let (body, rest) = decode(version, datagram.from, &opened, form).map_err(text)?;
    if !opened.check_valid {
        // This program makes no such check words.
        return same_bytes("made again, its body", &[&body, rest].concat(), opened.body);
    }
    let sealed = seal(version, datagram.from, &opened, body, rest);
    same_bytes("sealed", &sealed, &datagram.bytes)
}

/// The body made again from the typed packet, and the bytes that belong to no field.
fn decode<'a>(
    version: Version,
    from: Side,
    opened: &Opened<'a>,
    form: MetaForm,
) -> Result<(Vec<u8>, &'a [u8]), DecodeError> {
    let command = opened.header.command;
    let mut body = Vec::new();
    let rest = match from {
        Side::Client => {
            let decoded = ToServer::decode(version, command, opened.body)?;
            decoded.packet.encode(version, &mut body);
            decoded.rest
        }
        Side::Server => {
            let decoded = FromServer::decode(version, command, opened.body, form)?;
            decoded.packet.encode(version, &mut body);
            decoded.rest
        }
    };
    Ok((body, rest))
}

/// Seals what was decoded with the randomness that the original was made with.
fn seal(
    version: Version,
    from: Side,
    opened: &Opened<'_>,
    mut body: Vec<u8>,
    rest: &[u8],
) -> Vec<u8> {
    let (r1, r2) = randomness(opened.plain, opened.check);
    let mut noise = Noise {
        r1,
        r2,
        ..Noise::default()
    };
    if let (Version::V4, Side::Client, [_, _, low, high, ..]) = (version, from, opened.plain) {
        noise.random = u16::from_le_bytes([*low, *high]);
    }
    // What stands where a body would, in a packet of V5 without one, is filler.
    match (version, from, body.is_empty(), <[u8; 4]>::try_from(rest)) {
        (Version::V5, Side::Client, true, Ok(filler)) => noise.filler = filler,
        _ => body.extend_from_slice(rest),
    }
    let dialect = match version {
        Version::V3 if opened.check != 0 => &V3::CONSUMER,
        _ => version.dialect(),
    };
    dialect.seal(from, &opened.header, noise, &body)
}

/// The random half of a check word (`icq-udp.md` §3.1, §14).
fn randomness(plain: &[u8], check: u32) -> (u8, u8) {
    let [r1, _, r2, _] = (check ^ check1(plain)).to_be_bytes();
    (r1, r2)
}

/// The half of a check word that depends on the header (`icq-udp.md` §3.1). V2 has none, and
/// packets too short for one.
fn check1(plain: &[u8]) -> u32 {
    let byte = |at: usize| plain.get(at).copied().unwrap_or_default();
    u32::from_be_bytes([byte(8), byte(4), byte(2), byte(6)])
}

/// Net::ICQ lets a check word cover any byte of a long packet, and has eight bits to say which
/// (`icq-udp.md` §12).
fn covers_a_byte_beyond_255(opened: &Opened<'_>) -> bool {
    let check1 = check1(opened.plain);
    let [r1, inverted, _, _] = (opened.check ^ check1).to_be_bytes();
    let covered = opened.plain.iter().skip(usize::from(r1)).step_by(256);
    covered.skip(1).any(|&byte| byte == !inverted)
}

/// Every byte of the packet belongs to exactly one field.
fn assert_complete(dump: &Dump<'_>, length: usize, id: &str) {
    let mut at = 0;
    for field in &dump.fields {
        assert_eq!(field.offset, at, "{id}: {} begins elsewhere", field.name);
        at += field.length;
    }
    if dump.error.is_none() {
        assert_eq!(at, length, "{id}: bytes without a name");
    }
}

fn same_fields(read: &Map<String, Json>, expected: &Map<String, Json>) -> Result<(), String> {
    let mut differences = String::new();
    for (name, value) in expected {
        match read.get(name) {
            Some(same) if same == value => {}
            Some(other) => {
                let _ = write!(differences, " {name} is {other}, not {value};");
            }
            None => {
                let _ = write!(differences, " {name} is missing, it is {value};");
            }
        }
    }
    for (name, value) in read {
        if !expected.contains_key(name) {
            let _ = write!(differences, " {name} is too much, it is {value};");
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(differences)
}

fn same_bytes(what: &str, made: &[u8], expected: &[u8]) -> Result<(), String> {
    if made == expected {
        return Ok(());
    }
    Err(format!("{what} it is {}, not {}", hex(made), hex(expected)))
}

/// The vectors of the UDP protocols, read once.
fn vectors() -> &'static [Vector] {
    static VECTORS: LazyLock<Vec<Vector>> = LazyLock::new(load_vectors);
    assert!(!VECTORS.is_empty(), "no vectors in {}", data().display());
    &VECTORS
}

fn load_vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    let mut skipped: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, json) in files("vectors") {
        let Json::Array(entries) = json else {
            if json["packets"].is_null() {
                say(&format!("skipped, no packets of the UDP protocols: {file}"));
            }
            continue;
        };
        for entry in entries {
            let id = entry["id"].as_str().unwrap_or("without id").to_owned();
            let direction = entry["direction"].as_str().unwrap_or_default();
            let from = match direction {
                "client->server" => Some(Side::Client),
                "server->client" => Some(Side::Server),
                _ => None,
            };
            let version = entry["version"].as_u64().and_then(|word| {
                Version::ALL
                    .into_iter()
                    .find(|version| u64::from(version.word()) == word)
            });
            let (Some(from), Some(version)) = (from, version) else {
                let kind = format!("{file} version {} {direction}", entry["version"]);
                skipped.entry(kind).or_default().push(id);
                continue;
            };
            vectors.push(Vector {
                version,
                from,
                noted: entry["note"].is_string(),
                fields: entry["fields"].as_object().cloned().unwrap_or_default(),
                plain: unhex(&entry["plain_hex"]),
                wire: unhex(&entry["wire_hex"]),
                id,
            });
        }
    }
    for (kind, ids) in skipped {
        say(&format!(
            "skipped, {kind}: {} ({})",
            ids.len(),
            ids.join(" ")
        ));
    }
    vectors
}

/// The captures with the UDP protocols in them.
fn captures() -> Vec<Capture> {
    let mut captures = Vec::new();
    for (name, json) in files("captures") {
        let Some(packets) = json["packets"].as_array() else {
            continue;
        };
        let datagrams: Vec<Datagram> = packets
            .iter()
            .filter(|packet| packet["hex"].is_string())
            .map(|packet| Datagram {
                conn: packet["conn"].as_u64().unwrap_or_default(),
                from: match packet["dir"].as_str() {
                    Some("c2s") => Side::Client,
                    _ => Side::Server,
                },
                bytes: unhex(&packet["hex"]),
            })
            .collect();
        let is_known = |datagram: &Datagram| {
            datagram.from == Side::Client && Version::of(&datagram.bytes).is_some()
        };
        if json["transport"] != "udp" || !datagrams.iter().any(is_known) {
            say(&format!("skipped, not over UDP: {name}"));
            continue;
        }
        captures.push(Capture { name, datagrams });
    }
    if captures.is_empty() {
        say("there are no captures");
        assert!(
            env::var_os(DATA).is_some(),
            "the project has some of its own"
        );
    }
    captures
}

/// The JSON files of a kind, by name.
fn files(kind: &str) -> Vec<(String, Json)> {
    let folder = data();
    let folder = match folder.join(kind) {
        sub if sub.is_dir() => sub,
        _ => folder,
    };
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry of a folder is readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let json = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), json)
        })
        .collect()
}

fn data() -> PathBuf {
    env::var_os(DATA).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"),
        PathBuf::from,
    )
}

fn unhex(json: &Json) -> Vec<u8> {
    let digits = json.as_str().expect("a vector's bytes are hexadecimal");
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

fn text(error: DecodeError) -> String {
    error.to_string()
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

const DATA: &str = "ICQ_TEST_DATA";
