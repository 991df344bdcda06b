//! What is fuzzed, one function a layer: for `cargo fuzz`, and in short for `tests/fuzz.rs`.
//!
//! Each takes any bytes and panics where a promise is broken.

use std::time::Instant;

use icq_transport::icq::udp::{Dump, FromServer, Side, ToServer, Version};
use icq_transport::icq::wire::meta::MetaForm;
use icq_transport::inspect::{Datagram, Inspector, Known, Show};

/// Bodies without cipher, in both directions: what can be read is the same when written and read
/// again, whatever reading cannot use is left over, and a dump names every byte.
///
/// | bytes | meaning                                                      |
/// |-------|--------------------------------------------------------------|
/// | 1     | version, direction and form of META replies, see [`choice`]  |
/// | 2     | command                                                      |
/// | n     | body                                                         |
pub(crate) fn bodies(data: &[u8]) {
    let Some((&[first, low, high], body)) = data.split_first_chunk() else {
        return;
    };
    let (version, from, form) = choice(first);
    let command = u16::from_le_bytes([low, high]);
    let mut made = Vec::new();
    match from {
        Side::Client => {
            let Ok(decoded) = ToServer::decode(version, command, body) else {
                return;
            };
            decoded.packet.encode(version, &mut made);
            if is_guessed(version, command) {
                return;
            }
            made.extend_from_slice(decoded.rest);
            let again = ToServer::decode(version, command, &made).map(|again| again.packet);
            assert_eq!(again, Ok(decoded.packet), "{version:?} {command:#06x}");
        }
        Side::Server => {
            let Ok(decoded) = FromServer::decode(version, command, body, form) else {
                return;
            };
            decoded.packet.encode(version, &mut made);
            // A META reply says only together with its request what it looks like (§8.4).
            let is_unknown = command == META_REPLY && form == MetaForm::Unknown;
            if is_unknown || is_guessed(version, command) {
                return;
            }
            made.extend_from_slice(decoded.rest);
            let again = FromServer::decode(version, command, &made, form).map(|again| again.packet);
            assert_eq!(again, Ok(decoded.packet), "{version:?} {command:#06x}");
        }
    }
}

/// Whole datagrams as they come from the network, in both directions, and what is shown of them.
///
/// | bytes | meaning                                                      |
/// |-------|--------------------------------------------------------------|
/// | 1     | version and direction, see [`choice`]                        |
/// | n     | the datagram                                                 |
pub(crate) fn datagrams(data: &[u8]) {
    let Some((&first, datagram)) = data.split_first() else {
        return;
    };
    let (version, from, form) = choice(first);
    let dialect = version.dialect();
    let mut plain = datagram.to_vec();
    if let Ok(opened) = dialect.open(from, &mut plain) {
        let header = opened.header;
        let body = opened.body.to_vec();
        let mut sealed = dialect.seal(from, &header, 0.into(), &body);
        let again = dialect
            .open(from, &mut sealed)
            .expect("what was sealed can be opened");
        assert!(again.check_valid, "{version:?} {from:?}");
        assert_eq!(again.header.command, header.command);
        assert_eq!(again.header.seq1, header.seq1);
        // V5 puts four bytes where a client has none.
        if !body.is_empty() {
            assert_eq!(again.body, body);
        }
    }
    // A cipher that does not come off leaves the datagram as it was.
    let mut plain = datagram.to_vec();
    let _ = dialect.decipher(from, &mut plain);
    let dump = Dump::new(dialect, from, &plain, form);
    let named: usize = dump.fields.iter().map(|field| field.length).sum();
    assert_eq!(named, plain.len(), "bytes without a name");

    let known = Known {
        from: Some(from),
        version: Some(version),
        ..Known::default()
    };
    let datagram = Datagram {
        time: None,
        ends: None,
        bytes: datagram.to_vec(),
    };
    let show = Show {
        passwords: first & 0x40 != 0,
        texts: first & 0x80 != 0,
        charset: None,
    };
    for packet in Inspector::new(known).datagram(Instant::now(), datagram) {
        let _shown = (packet.line(show), packet.full(show), packet.json(show));
    }
}

/// The input that stands for a packet somebody made.
pub(crate) fn of_datagram(version: Version, from: Side, datagram: &[u8]) -> Vec<u8> {
    [&[chosen(version, from)], datagram].concat()
}

/// The input that stands for a body somebody made.
pub(crate) fn of_body(version: Version, from: Side, command: u16, body: &[u8]) -> Vec<u8> {
    let [low, high] = command.to_le_bytes();
    [&[chosen(version, from), low, high], body].concat()
}

/// Bits 0 to 2 version, bit 3 direction, bits 4 and 5 what the META reply answers.
fn choice(byte: u8) -> (Version, Side, MetaForm) {
    let version = Version::ALL[usize::from(byte & 7) % Version::ALL.len()];
    let from = match byte & 8 {
        0 => Side::Client,
        _ => Side::Server,
    };
    let form = match byte >> 4 & 3 {
        0 => MetaForm::Unknown,
        1 => MetaForm::Old,
        _ => MetaForm::New,
    };
    (version, from, form)
}

fn chosen(version: Version, from: Side) -> u8 {
    let side = match from {
        Side::Client => 0,
        Side::Server => 8,
    };
    (version.word() as u8 - 1) | side
}

const META_REPLY: u16 = 0x03DE;

/// Whether the layout is a guess, which may come out otherwise for the packet made again.
fn is_guessed(version: Version, command: u16) -> bool {
    match version {
        Version::V1 | Version::V2 => command == 0x03FC,
        Version::V3 => matches!(command, 0x0118 | 0x049C),
        Version::V4 | Version::V5 => false,
    }
}
