//! What an independent decoder makes of the gateway's own packets: tshark's ICQ dissector.
//!
//! A real session runs through a relay that records each datagram; tshark then has to name every
//! client packet's command as it was sent, and its number, session and sequences. Where it decodes a
//! receiver or a text, these have to be right too.
//!
//! What the dissector cannot do, on genuine recordings either, is in [`KNOWN_LIMITS`]; a test below
//! shows each of them on the recordings.

#![allow(
    clippy::print_stdout,
    reason = "what tshark said belongs in the test's output"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use icq_transport::icq::udp::{Dialect, Side, ToServer, V5};
use icq_transport::runtime::demo::client::Client;
use icq_transport::runtime::demo::programs::{Gateway, IcqServer};
use icq_transport::runtime::demo::prosody::{COMPONENT, Prosody};
use support::{program, relay::Relay};

/// Commands whose client packets tshark 4.0 marks malformed although it names them rightly:
/// `CMD_CONTACT_LIST`, whose one-byte count it reads as two numbers.
const KNOWN_LIMITS: [u16; 1] = [0x0406];

#[tokio::test]
async fn tshark_reads_the_gateways_own_packets() {
    let folder = tempfile::tempdir().expect("a folder");
    let datagrams = record_a_session(folder.path()).await;
    assert!(
        datagrams.len() > 15,
        "only {} client packets were recorded",
        datagrams.len()
    );

    let read = dissect(folder.path(), &datagrams);

    assert_eq!(read.len(), datagrams.len());
    let mut commands = BTreeSet::new();
    for (datagram, line) in datagrams.iter().zip(&read) {
        let sent = Sent::open(datagram);
        commands.insert(sent.command);
        assert_eq!(line.version, "5", "{sent:?}");
        assert_eq!(line.command, sent.command.to_string(), "{sent:?}");
        assert_eq!(line.uin, sent.uin.to_string(), "{sent:?}");
        assert_eq!(
            line.session_id,
            format!("0x{:08x}", sent.session_id),
            "{sent:?}"
        );
        assert_eq!(line.seq1, format!("0x{:04x}", sent.seq1), "{sent:?}");
        assert_eq!(line.seq2, format!("0x{:04x}", sent.seq2), "{sent:?}");
        if let Some((receiver, kind, text)) = sent.message {
            assert_eq!(line.receiver, receiver.to_string());
            // tshark shows the text of plain messages; those in parts it leaves alone.
            assert!(
                line.text == text || kind != TEXT && line.text.is_empty(),
                "{line:?}: {text:?}"
            );
        }
        let exempt = KNOWN_LIMITS.contains(&sent.command);
        assert!(
            !line.malformed || exempt,
            "tshark calls {:#06x} malformed",
            sent.command
        );
    }
    for expected in [
        0x000A, 0x010E, 0x03E8, 0x0406, 0x0438, 0x044C, 0x04D8, 0x064A,
    ] {
        assert!(
            commands.contains(&expected),
            "the session had no {expected:#06x}"
        );
    }
}

#[test]
fn what_is_exempted_is_malformed_in_genuine_recordings_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = client_datagrams_of_the_recordings();

    let read = dissect(folder.path(), &recorded);

    for command in KNOWN_LIMITS {
        let genuine: Vec<bool> = read
            .iter()
            .filter(|line| line.command == command.to_string())
            .map(|line| line.malformed)
            .collect();
        assert!(!genuine.is_empty(), "no recording has {command:#06x}");
        assert!(
            genuine.iter().all(|&malformed| malformed),
            "{command:#06x} needs no exemption"
        );
    }
}

/// Registers, adds contacts, writes, changes the status and leaves, all through a recording relay.
async fn record_a_session(folder: &Path) -> Vec<Vec<u8>> {
    let prosody = Prosody::start(&folder.join("prosody"), &[("alice", "secret")])
        .await
        .expect("Prosody");
    let icq = IcqServer::start(program(), folder, &["100001:secret1".into()])
        .await
        .expect("the server");
    let relay = Relay::start(icq.port).await.expect("a relay");
    let timing = "[gateway]\nlogoff_delay = \"1s\"\n";
    let mut gateway = Gateway::start(
        program(),
        &folder.join("gateway"),
        prosody.component_port,
        ("127.0.0.1", relay.port),
        timing,
    )
    .await
    .expect("the gateway");
    let mut alice = Client::log_in(prosody.c2s_port, "alice", "secret", "pc")
        .await
        .expect("alice");

    for step in [
        "<presence/>".to_owned(),
        format!(
            "<iq type='set' id='reg' to='{COMPONENT}'><query xmlns='jabber:iq:register'>\
             <username>100001</username><password>secret1</password></query></iq>"
        ),
    ] {
        alice.send(&step).await.expect("it is sent");
    }
    let registered = |s: &minidom::Element| s.attr("id") == Some("reg");
    let answer = alice
        .wait(PATIENCE, registered, |_| ())
        .await
        .expect("an answer");
    assert_eq!(
        answer.attr("type"),
        Some("result"),
        "{}",
        String::from(&answer)
    );

    // 10001 echoes, 10004 wants to be asked for authorisation first, 999999 is nobody.
    for number in ["10001", "10004", "999999"] {
        let subscribe = format!(
            "<presence type='subscribe' to='{number}@{COMPONENT}'><status>please</status></presence>"
        );
        alice.send(&subscribe).await.expect("it is sent");
    }
    for text in [
        "plain words",
        "see http://example.org/ there",
        "two&#10;lines",
    ] {
        let message = format!(
            "<message type='chat' to='10001@{COMPONENT}' id='m'><body>{text}</body></message>"
        );
        alice.send(&message).await.expect("it is sent");
        let echo = |s: &minidom::Element| s.name() == "message" && s.attr("type") != Some("error");
        alice.wait(PATIENCE, echo, |_| ()).await.expect("an echo");
    }
    alice
        .send("<presence><show>away</show></presence>")
        .await
        .expect("it is sent");
    // The status goes out at most every three seconds; the grant of 10004 takes five.
    tokio::time::sleep(Duration::from_secs(7)).await;
    gateway.stop().await.expect("it ends");
    relay.client_datagrams()
}

/// `MESSAGE_TYPE` of plain text.
const TEXT: u16 = 1;

const PATIENCE: Duration = Duration::from_secs(30);

/// A client packet, read by the gateway's own decoder.
#[derive(Debug)]
struct Sent {
    command: u16,
    uin: u32,
    session_id: u32,
    seq1: u16,
    seq2: u16,
    /// Receiver, type and text of a message.
    message: Option<(u32, u16, String)>,
}

impl Sent {
    fn open(datagram: &[u8]) -> Self {
        let mut datagram = datagram.to_vec();
        let opened = V5
            .open(Side::Client, &mut datagram)
            .expect("our own packet");
        let decoded = ToServer::decode(V5.version(), opened.header.command, opened.body)
            .expect("our own packet");
        let message = match decoded.packet {
            ToServer::SendMessage(message) => Some((
                message.to_uin.0,
                message.msg_type,
                String::from_utf8_lossy(message.text).into_owned(),
            )),
            _ => None,
        };
        Self {
            command: opened.header.command,
            uin: opened.header.uin.0,
            session_id: opened.header.session_id,
            seq1: opened.header.seq1,
            seq2: opened.header.seq2,
            message,
        }
    }
}

/// A packet as tshark reads it.
#[derive(Debug)]
struct Line {
    version: String,
    command: String,
    uin: String,
    session_id: String,
    seq1: String,
    seq2: String,
    receiver: String,
    text: String,
    malformed: bool,
}

/// The fields asked for, in the order of [`Line`].
const FIELDS: [&str; 9] = [
    "icq.version",
    "icq.client_cmd",
    "icq.uin",
    "icq.sessionid",
    "icq.seqnum1",
    "icq.seqnum2",
    "icq.receiver_uin",
    "icq.msg",
    "_ws.malformed",
];

fn dissect(folder: &Path, datagrams: &[Vec<u8>]) -> Vec<Line> {
    let capture = folder.join("client.pcap");
    fs::write(&capture, pcap(datagrams)).expect("the capture is written");
    let mut tshark = Command::new("tshark");
    tshark
        .arg("-r")
        .arg(&capture)
        .args(["-d", "udp.port==4000,icq", "-T", "fields"]);
    tshark.args(["-E", "separator=|", "-E", "occurrence=f"]);
    for field in FIELDS {
        tshark.args(["-e", field]);
    }
    let output = tshark.output().expect("tshark runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(line)
        .collect()
}

fn line(text: &str) -> Line {
    let fields: Vec<String> = text.split('|').map(str::to_owned).collect();
    let [
        version,
        command,
        uin,
        session_id,
        seq1,
        seq2,
        receiver,
        text,
        malformed,
    ] = <[String; 9]>::try_from(fields).expect("one value for each field");
    Line {
        version,
        command,
        uin,
        session_id,
        seq1,
        seq2,
        receiver,
        // tshark writes line ends as C does.
        text: text.replace("\\r\\n", "\r\n"),
        malformed: !malformed.is_empty(),
    }
}

/// A capture file of bare IPv4 packets, each a datagram from port 5000 to port 4000.
fn pcap(datagrams: &[Vec<u8>]) -> Vec<u8> {
    const LINKTYPE_RAW: u32 = 101;
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 0xFFFF, LINKTYPE_RAW] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for (place, datagram) in (0_u32..).zip(datagrams) {
        let packet = ipv4(datagram);
        let length = u32::try_from(packet.len()).expect("a datagram is short");
        for word in [place, 0, length, length] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&packet);
    }
    file
}

fn ipv4(payload: &[u8]) -> Vec<u8> {
    let udp_length = u16::try_from(payload.len() + 8).expect("a datagram is short");
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&(udp_length + 20).to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    for port in [5000_u16, 4000] {
        packet.extend_from_slice(&port.to_be_bytes());
    }
    packet.extend_from_slice(&udp_length.to_be_bytes());
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(payload);
    packet
}

fn client_datagrams_of_the_recordings() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let mut datagrams = Vec::new();
    for entry in fs::read_dir(folder)
        .expect("the recordings are there")
        .flatten()
    {
        if !entry.file_name().to_string_lossy().starts_with("v5-") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("it is readable");
        let recording: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let packets = recording["packets"].as_array().expect("it has packets");
        let sent = packets.iter().filter(|packet| packet["dir"] == "c2s");
        datagrams.extend(sent.filter_map(|packet| unhex(packet["hex"].as_str()?)));
    }
    datagrams
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
