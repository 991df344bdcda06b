//! The packet inspector on what other programs made: the vectors, and the recordings as pcap and pcapng.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use std::io::Cursor;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, iter};

use etherparse::PacketBuilder;
use icq_transport::icq::udp::{Side, ToServer, Version, fragments};
use icq_transport::inspect::recording::{NoRecording, Recording};
use icq_transport::inspect::{Datagram, Ends, Inspector, Known, Packet, Show};
use proptest::prelude::*;
use serde_json::Value as Json;

#[test]
fn a_vector_shows_its_fields_by_the_vectors_names() {
    for vector in vectors() {
        let [packet, ..] = &inspect(vector.known(), &vector.wire)[..] else {
            panic!("{}: nothing", vector.id);
        };
        let json = packet.json(EVERYTHING);
        for (name, expected) in vector.fields.as_object().unwrap() {
            let shown = match name.as_str() {
                "check_valid" => &json["check_valid"],
                // Noted in those vectors as a number (see `tests/vectors.rs`).
                "check" if expected.is_number() => continue,
                name => &json["fields"][name],
            };
            assert_eq!(shown, expected, "{}: {name}", vector.id);
        }
        assert_eq!(json["version"], vector.version.word(), "{}", vector.id);
        assert!(json["name"].is_string(), "{}", vector.id);
        assert!(json["section"].is_string(), "{}", vector.id);
    }
}

#[test]
fn a_packet_says_by_itself_who_sent_it() {
    let mistaken: Vec<String> = vectors()
        .into_iter()
        .filter(|vector| {
            let packets = inspect(Known::default(), &vector.wire);
            packets.first().map(Packet::from) != Some(vector.from)
        })
        .map(|vector| vector.id)
        .collect();

    // Both sides' acknowledgements look the same in V3's form; a recording tells them by the addresses.
    assert_eq!(
        mistaken,
        ["v3-s2c-go-ack", "v4-s2c-go-ack", "v3-s2c-cap-000a"]
    );
}

#[test]
fn a_recording_is_shown_whole_in_every_format() {
    let captures = captures();
    assert!(captures.len() >= 7);
    for (name, datagrams) in &captures {
        for format in Format::ALL {
            let file = format.file(datagrams);
            let recorded: Vec<Datagram> = Recording::new(Cursor::new(file))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert_eq!(recorded, *datagrams, "{name}, {format:?}");
        }
        let mut inspector = Inspector::new(Known::default());
        for datagram in datagrams {
            let is_client = datagram.ends.unwrap().to.port() == SERVER_PORT;
            let packets = inspector.datagram(Instant::now(), datagram.clone());
            let line = packets[0].line(EVERYTHING);
            assert_eq!(
                packets[0].from() == Side::Client,
                is_client,
                "{name}: {line}"
            );
            assert_eq!(
                packets[0].json(EVERYTHING)["error"],
                Json::Null,
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn the_packets_inside_a_packet_are_shown_behind_it() {
    let inner = unhex("050000010000007801020003000100000000000000d2040000");
    let length = [inner.len() as u8, 0];
    let multi = [
        &unhex("050000010000001202020000000100000000000000")[..],
        &[2],
        &length,
        &inner,
        &length,
        &inner,
    ]
    .concat();
    let from = Some(Side::Server);
    let packets = inspect(
        Known {
            from,
            ..Known::default()
        },
        &multi,
    );

    let inside = 2;
    assert_eq!(packets.len(), 1 + inside);
    assert!(!packets[0].is_inside() && packets[1..].iter().all(Packet::is_inside));
}

#[test]
fn a_packet_in_fragments_is_shown_behind_the_last_of_them() {
    let long = [
        &unhex("0300c805020003004776200000000000ff010100")[..],
        &[0xE8, 0x03],
        &[b'x'; 999],
        &[0],
    ]
    .concat();
    let known = Known {
        from: Some(Side::Client),
        ..Known::default()
    };
    let mut inspector = Inspector::new(known);

    let mut shown = Vec::new();
    for fragment in fragments::cut(&long) {
        let mut body = Vec::new();
        ToServer::Fragment(fragment).encode(Version::V3, &mut body);
        let bytes = [&unhex("0300d205020003004776200000000000")[..], &body].concat();
        let datagram = Datagram {
            time: None,
            ends: None,
            bytes,
        };
        shown.push(inspector.datagram(Instant::now(), datagram));
    }

    let counts: Vec<usize> = shown.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 1, 2]);
    assert_eq!(shown[2][1].json(EVERYTHING)["name"], "SEARCH");
    assert_eq!(shown[2][1].plain(), long);
}

#[test]
fn nobody_sees_a_text_or_a_password_unasked() {
    for vector in vectors() {
        let secrets: Vec<&str> = [
            "password", "text", "message", "nick", "first", "email", "about",
        ]
        .iter()
        .filter_map(|name| vector.fields[name].as_str())
        .filter(|secret| secret.len() > 5)
        .collect();
        for packet in inspect(vector.known(), &vector.wire) {
            let nothing = Show::default();
            let shown = [
                packet.line(nothing),
                packet.full(nothing),
                packet.json(nothing).to_string(),
            ]
            .concat();
            for secret in &secrets {
                assert!(!shown.contains(secret), "{}: {shown}", vector.id);
            }
        }
    }
}

#[test]
fn what_somebody_wrote_cannot_command_the_terminal() {
    let wire = b"\x05\0\0\x01\0\0\0\x28\0\x01\0\0\0\x01\0\0\0\0\0\0\0\x07\0\x1b[2J\x07\n\0";

    let packets = inspect(
        Known {
            from: Some(Side::Server),
            ..Known::default()
        },
        wire,
    );

    let line = packets[0].line(EVERYTHING);
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
}

#[test]
fn a_recording_that_is_cut_off_is_shown_up_to_there() {
    let (_, datagrams) = captures().swap_remove(0);
    for format in Format::ALL {
        let file = format.file(&datagrams[..3]);
        let mut most = 0;
        for length in 0..file.len() {
            let Ok(recording) = Recording::new(Cursor::new(file[..length].to_vec())) else {
                continue;
            };
            let recorded: Vec<_> = recording.collect();
            let whole = recorded.iter().filter(|datagram| datagram.is_ok()).count();
            assert!(whole >= most, "{format:?} {length}");
            most = whole;
        }
        assert_eq!(most, 2, "{format:?}");
    }
}

#[test]
fn what_is_no_recording_is_refused() {
    let refused = Recording::new(Cursor::new(
        b"To be, or not to be, that is the question".to_vec(),
    ));
    assert!(matches!(refused.err(), Some(NoRecording::Format)));
    assert!(Recording::new(Cursor::new(Vec::new())).is_err());
}

proptest! {
    #[test]
    fn a_damaged_recording_ends(at in 0_usize..2000, byte: u8, format in 0..Format::ALL.len()) {
        let (_, datagrams) = captures().swap_remove(0);
        let mut file = Format::ALL[format].file(&datagrams[..6]);
        let at = at % file.len();
        file[at] = byte;
        if let Ok(recording) = Recording::new(Cursor::new(file)) {
            prop_assert!(recording.count() <= 7);
        }
    }

    #[test]
    fn any_datagrams_are_shown_or_passed_over(
        datagrams in proptest::collection::vec((0_u8..7, any::<Vec<u8>>(), any::<bool>()), 0..8),
        forced: bool,
    ) {
        let mut inspector = Inspector::new(Known {
            server_port: forced.then_some(SERVER_PORT),
            ..Known::default()
        });
        for (word, rest, from_server) in datagrams {
            let bytes = [&[word, 0][..], &rest].concat();
            let ends = ends(from_server, 1);
            let datagram = Datagram { time: None, ends: Some(ends), bytes };
            for packet in inspector.datagram(Instant::now(), datagram) {
                let _shown = (packet.line(EVERYTHING), packet.full(EVERYTHING), packet.json(EVERYTHING));
            }
        }
    }
}

fn inspect(known: Known, wire: &[u8]) -> Vec<Packet> {
    let datagram = Datagram {
        time: None,
        ends: None,
        bytes: wire.to_vec(),
    };
    Inspector::new(known).datagram(Instant::now(), datagram)
}

const EVERYTHING: Show = Show {
    passwords: true,
    texts: true,
    charset: None,
};

struct Vector {
    id: String,
    version: Version,
    from: Side,
    fields: Json,
    wire: Vec<u8>,
}

impl Vector {
    fn known(&self) -> Known {
        Known {
            from: Some(self.from),
            version: Some(self.version),
            ..Known::default()
        }
    }
}

fn vectors() -> Vec<Vector> {
    let Json::Array(entries) = json("vectors/icq-udp.json") else {
        panic!("the vectors are an array");
    };
    entries
        .into_iter()
        .map(|entry| Vector {
            id: entry["id"].as_str().unwrap().to_owned(),
            version: *Version::ALL
                .iter()
                .find(|version| entry["version"] == version.word())
                .unwrap(),
            from: side(entry["direction"] == "client->server"),
            wire: unhex(entry["wire_hex"].as_str().unwrap()),
            fields: entry["fields"].clone(),
        })
        .collect()
}

/// The recorded sessions over UDP, as datagrams of this machine.
fn captures() -> Vec<(String, Vec<Datagram>)> {
    let mut names: Vec<_> = fs::read_dir(data("captures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let recorded = |name: &String| {
        let capture = json(&format!("captures/{name}"));
        if capture["transport"] != "udp" {
            return Vec::new();
        }
        let datagrams = capture["packets"].as_array().unwrap().iter();
        datagrams
            .zip(0..)
            .map(|(packet, number)| Datagram {
                time: Some(Duration::from_micros(1_700_000_000_000_000 + number)),
                ends: Some(ends(
                    packet["dir"] == "s2c",
                    packet["conn"].as_u64().unwrap_or_default() as u16,
                )),
                bytes: unhex(packet["hex"].as_str().unwrap()),
            })
            .collect()
    };
    names
        .into_iter()
        .map(|name| (name.clone(), recorded(&name)))
        .filter(|(_, datagrams)| !datagrams.is_empty())
        .collect()
}

fn json(file: &str) -> Json {
    serde_json::from_str(&fs::read_to_string(data(file)).unwrap()).unwrap()
}

fn data(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(file)
}

fn ends(from_server: bool, client: u16) -> Ends {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, SERVER_PORT));
    let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000 + client));
    match from_server {
        true => Ends {
            from: server,
            to: client,
        },
        false => Ends {
            from: client,
            to: server,
        },
    }
}

const fn side(is_client: bool) -> Side {
    if is_client {
        Side::Client
    } else {
        Side::Server
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

const SERVER_PORT: u16 = 4000;

/// What recorders write.
#[derive(Clone, Copy, Debug)]
enum Format {
    /// pcap in microseconds, Ethernet.
    Pcap,
    /// pcap in microseconds, bytes of numbers the other way round, bare IP.
    PcapBigEndian,
    /// pcap in nanoseconds, Linux's "any" interface.
    PcapNanoseconds,
    /// pcapng, nanoseconds by option, Ethernet.
    PcapNg,
}

impl Format {
    const ALL: [Self; 4] = [
        Self::Pcap,
        Self::PcapBigEndian,
        Self::PcapNanoseconds,
        Self::PcapNg,
    ];

    fn file(self, datagrams: &[Datagram]) -> Vec<u8> {
        let header = match self {
            Self::Pcap => pcap_header(0xA1B2_C3D4, 1, u32::to_le_bytes, u16::to_le_bytes),
            Self::PcapBigEndian => {
                pcap_header(0xA1B2_C3D4, 101, u32::to_be_bytes, u16::to_be_bytes)
            }
            Self::PcapNanoseconds => {
                pcap_header(0xA1B2_3C4D, 276, u32::to_le_bytes, u16::to_le_bytes)
            }
            Self::PcapNg => [
                block(
                    0x0A0D_0D0A,
                    &[&words(&[0x1A2B_3C4D, 1])[..], &[0xFF; 8]].concat(),
                ),
                // Link type 1, no limit, if_tsresol 9, end of options.
                block(
                    1,
                    &[&words(&[1, 0])[..], &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat(),
                ),
            ]
            .concat(),
        };
        let records = datagrams.iter().map(|datagram| self.record(datagram));
        iter::once(header).chain(records).flatten().collect()
    }

    fn record(self, datagram: &Datagram) -> Vec<u8> {
        let frame = self.frame(datagram);
        let time = datagram.time.unwrap();
        let (seconds, length) = (time.as_secs() as u32, frame.len() as u32);
        match self {
            Self::Pcap => [
                words(&[seconds, time.subsec_micros(), length, length]),
                frame,
            ]
            .concat(),
            Self::PcapNanoseconds => [
                words(&[seconds, time.subsec_nanos(), length, length]),
                frame,
            ]
            .concat(),
            Self::PcapBigEndian => {
                let words = [seconds, time.subsec_micros(), length, length];
                [
                    words.iter().flat_map(|word| word.to_be_bytes()).collect(),
                    frame,
                ]
                .concat()
            }
            Self::PcapNg => {
                let ticks = time.as_nanos() as u64;
                let padding = vec![0; frame.len().next_multiple_of(4) - frame.len()];
                let head = words(&[0, (ticks >> 32) as u32, ticks as u32, length, length]);
                block(6, &[head, frame, padding].concat())
            }
        }
    }

    fn frame(self, datagram: &Datagram) -> Vec<u8> {
        let ends = datagram.ends.unwrap();
        let (SocketAddr::V4(from), SocketAddr::V4(to)) = (ends.from, ends.to) else {
            panic!("the tests' addresses are of IPv4");
        };
        let (source, destination) = (from.ip().octets(), to.ip().octets());
        let mut frame = Vec::new();
        match self {
            Self::Pcap | Self::PcapNg => PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4(source, destination, 64)
                .udp(from.port(), to.port())
                .write(&mut frame, &datagram.bytes)
                .unwrap(),
            Self::PcapBigEndian | Self::PcapNanoseconds => {
                if matches!(self, Self::PcapNanoseconds) {
                    frame.extend_from_slice(&[8, 0]);
                    frame.extend_from_slice(&[0; 18]);
                }
                PacketBuilder::ipv4(source, destination, 64)
                    .udp(from.port(), to.port())
                    .write(&mut frame, &datagram.bytes)
                    .unwrap();
            }
        }
        frame
    }
}

fn pcap_header(
    magic: u32,
    link: u32,
    long: fn(u32) -> [u8; 4],
    short: fn(u16) -> [u8; 2],
) -> Vec<u8> {
    [
        &long(magic)[..],
        &short(2),
        &short(4),
        &long(0),
        &long(0),
        &long(65_535),
        &long(link),
    ]
    .concat()
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u32 + 12;
    [&words(&[kind, length])[..], body, &words(&[length])].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn datagrams_of_ipv6_are_read_and_other_packets_passed_over() {
    let mut frames = vec![Vec::new(); 3];
    let (from, to) = (Ipv6Addr::LOCALHOST.octets(), Ipv6Addr::LOCALHOST.octets());
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv6(from, to, 64)
        .udp(40_000, 4000)
        .write(&mut frames[0], b"\x05\0")
        .unwrap();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
        .tcp(40_000, 4000, 1, 1)
        .write(&mut frames[1], b"\x05\0")
        .unwrap();
    frames[2] = b"nothing".to_vec();
    let header = pcap_header(0xA1B2_C3D4, 1, u32::to_le_bytes, u16::to_le_bytes);
    let records = frames.iter().map(|frame| {
        let length = frame.len() as u32;
        [words(&[0, 0, length, length]), frame.clone()].concat()
    });
    let file: Vec<u8> = iter::once(header).chain(records).flatten().collect();

    let mut recording = Recording::new(Cursor::new(file)).unwrap();
    let datagrams: Vec<Datagram> = recording.by_ref().map(Result::unwrap).collect();

    assert_eq!(datagrams.len(), 1);
    assert_eq!(datagrams[0].ends.unwrap().to.to_string(), "[::1]:4000");
    assert_eq!(recording.passed_over(), 2);
}
