//! V5: enciphered from offset 10 on towards the server, in clear towards the client.

use super::dialect::take_version;
use super::manner::AS_CONFIGURED;
use super::{
    Deletion, Dialect, Directory, Header, Manner, Noise, Opened, Side, Version, check, v3,
};
use crate::icq::wire::status::Statuses;
use crate::icq::wire::{DecodeError, Reader, Writer};
use crate::model::Uin;

/// Version 5, of ICQ 99 and 2000 (`icq-udp.md` §2.4, §2.5, §3.1, §3.4).
///
/// From a client:
///
/// | offset | bytes | field        |                           |
/// |--------|-------|--------------|---------------------------|
/// | 0      | 2     | (version)    | 5                         |
/// | 2      | 4     | `zero`       |                           |
/// | 6      | 4     | `uin`        | sender                    |
/// | 10     | 4     | `session_id` | enciphered from here on   |
/// | 14     | 2     | `command`    |                           |
/// | 16     | 2     | `seq1`       |                           |
/// | 18     | 2     | `seq2`       |                           |
/// | 20     | 4     | `checkcode`  | scrambled, not enciphered |
/// | 24     | n     | body         | at least one byte         |
///
/// From a server, in clear:
///
/// | offset | bytes | field        |                     |
/// |--------|-------|--------------|---------------------|
/// | 0      | 2     | (version)    | 5                   |
/// | 2      | 1     | `zero`       |                     |
/// | 3      | 4     | `session_id` | the client's, again |
/// | 7      | 2     | `command`    |                     |
/// | 9      | 2     | `seq1`       |                     |
/// | 11     | 2     | `seq2`       |                     |
/// | 13     | 4     | `uin`        | addressee           |
/// | 17     | 4     | `checkcode`  | not scrambled       |
/// | 21     | n     | body         |                     |
///
/// Servers send a few packets in the form of [`V3`](super::V3) even to a V5 client (§2.5). Their
/// check word is a constant.
#[derive(Clone, Copy, Debug, Default)]
pub struct V5;

impl Dialect for V5 {
    fn version(&self) -> Version {
        Version::V5
    }

    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn seal(&self, from: Side, header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
        match (from, header.version) {
            (Side::Client, _) => seal_to_server(header, noise, body),
            (Side::Server, Version::V3) => seal_to_client_as_v3(header, body),
            (Side::Server, _) => seal_to_client(header, noise, body),
        }
    }

    fn decipher(&self, from: Side, datagram: &mut [u8]) -> Result<(), DecodeError> {
        if from == Side::Server {
            return Ok(());
        }
        let mut reader = Reader::new(datagram);
        take_version(&mut reader, from, &[Version::V5])?;
        reader.bytes("header", CLIENT_CHECK - 2)?;
        let cc = unscramble(reader.u32_le("checkcode")?);
        // A check word covers a byte of the body, so there is one (§3.1).
        reader.u8("body")?;
        apply_cipher(datagram, cc);
        check::put(datagram, CLIENT_CHECK, cc);
        Ok(())
    }

    fn read<'a>(&self, from: Side, reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
        let plain = reader.peek();
        let accepted: &[Version] = match from {
            Side::Client => &[Version::V5],
            Side::Server => &[Version::V5, Version::V3],
        };
        match (from, take_version(reader, from, accepted)?) {
            (Side::Client, _) => read_to_server(plain, reader),
            (Side::Server, Version::V3) => read_to_client_as_v3(plain, reader),
            (Side::Server, _) => read_to_client(plain, reader),
        }
    }
}

/// Sessions of V5 (§4.3, §4.4, §8.4).
const MANNER: Manner = Manner {
    session_ids: true,
    addressed: true,
    request_numbers: true,
    first_seq1: None,
    longest_keep_alive: AS_CONFIGURED,
    deletion: Deletion::All,
    statuses: Statuses::All,
    repeats_status: false,
    directory: Directory::Meta,
};

fn seal_to_server(header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(CLIENT_HEADER + body.len().max(noise.filler.len()));
    let mut writer = Writer::new(&mut packet);
    writer.u16_le(Version::V5.word());
    writer.u32_le(0);
    writer.u32_le(header.uin.0);
    writer.u32_le(header.session_id);
    writer.u16_le(header.command);
    writer.u16_le(header.seq1);
    writer.u16_le(header.seq2);
    writer.u32_le(0);
    writer.bytes(if body.is_empty() { &noise.filler } else { body });

    let covered = CLIENT_HEADER..packet.len().min(256);
    let cc = check::make(&packet, check::within(noise.r1, covered), noise.r2, &TABLE);
    apply_cipher(&mut packet, cc);
    check::put(&mut packet, CLIENT_CHECK, scramble(cc));
    packet
}

fn seal_to_client(header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(SERVER_HEADER + body.len());
    let mut writer = Writer::new(&mut packet);
    writer.u16_le(Version::V5.word());
    writer.u8(0);
    writer.u32_le(header.session_id);
    writer.u16_le(header.command);
    writer.u16_le(header.seq1);
    writer.u16_le(header.seq2);
    writer.u32_le(header.uin.0);
    writer.u32_le(0);
    writer.bytes(body);

    let r1 = check::within(noise.r1, 0..SERVER_COVERED);
    let cc = check::make(&packet, r1, noise.r2, &TABLE);
    check::put(&mut packet, SERVER_CHECK, cc);
    packet
}

fn seal_to_client_as_v3(header: &Header, body: &[u8]) -> Vec<u8> {
    let check = match header.command {
        PRE_LOGIN_LIST => PRE_LOGIN_LIST_CHECK,
        _ => 0,
    };
    v3::seal(header, check, body)
}

fn read_to_server<'a>(plain: &'a [u8], reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
    reader.u32_le("zero")?;
    let uin = Uin(reader.u32_le("uin")?);
    let session_id = reader.word_le("session_id")?;
    let command = reader.code_le("command")?;
    let seq1 = reader.u16_le("seq1")?;
    let seq2 = reader.u16_le("seq2")?;
    let check = reader.word_le("checkcode")?;
    Ok(Opened {
        header: Header {
            version: Version::V5,
            command,
            seq1,
            seq2,
            uin,
            session_id,
        },
        check,
        check_valid: check::verify(plain, check, &TABLE),
        plain,
        body: reader.peek(),
    })
}

fn read_to_client<'a>(plain: &'a [u8], reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
    reader.u8("zero")?;
    let session_id = reader.word_le("session_id")?;
    let command = reader.code_le("command")?;
    let seq1 = reader.u16_le("seq1")?;
    let seq2 = reader.u16_le("seq2")?;
    let uin = Uin(reader.u32_le("uin")?);
    let check = reader.word_le("checkcode")?;
    Ok(Opened {
        header: Header {
            version: Version::V5,
            command,
            seq1,
            seq2,
            uin,
            session_id,
        },
        check,
        check_valid: check::verify(plain, check, &TABLE),
        plain,
        body: reader.peek(),
    })
}

fn read_to_client_as_v3<'a>(
    plain: &'a [u8],
    reader: &mut Reader<'a>,
) -> Result<Opened<'a>, DecodeError> {
    let mut opened = v3::read_behind_version(plain, reader)?;
    // A constant that says nothing.
    opened.check_valid = true;
    Ok(opened)
}

/// XORs everything from offset 10 on but the check word; undoes itself (§3.4, step 4).
fn apply_cipher(packet: &mut [u8], cc: u32) {
    // Datagrams are far shorter than 4 GiB; the key is modulo 2^32 anyway.
    let length = packet.len() as u32;
    let key = length.wrapping_mul(0x6865_6C6C).wrapping_add(cc);
    let check: [u8; 4] = packet[CLIENT_CHECK..CLIENT_HEADER]
        .try_into()
        .unwrap_or_default();
    for (block, start) in packet[CIPHER_START..]
        .chunks_mut(4)
        .zip((CIPHER_START..).step_by(4))
    {
        let pad = key.wrapping_add(TABLE[start & 0xFF].into()).to_le_bytes();
        for (byte, pad) in block.iter_mut().zip(pad) {
            *byte ^= pad;
        }
    }
    packet[CLIENT_CHECK..CLIENT_HEADER].copy_from_slice(&check);
}

/// Permutes the bits of a check word for the wire (§3.4).
const fn scramble(cc: u32) -> u32 {
    (cc & 0x0000_001F) << 12
        | (cc & 0x03E0_03E0) << 1
        | (cc & 0xF800_0400) >> 10
        | (cc & 0x0000_F800) << 16
        | (cc & 0x041F_0000) >> 15
}

/// Undoes [`scramble`].
const fn unscramble(wire: u32) -> u32 {
    (wire & 0x0001_F000) >> 12
        | (wire & 0x07C0_07C0) >> 1
        | (wire & 0x003E_0001) << 10
        | (wire & 0xF800_0000) >> 16
        | (wire & 0x0000_083E) << 15
}

const CIPHER_START: usize = 10;
const CLIENT_CHECK: usize = 20;
const CLIENT_HEADER: usize = 24;
const SERVER_CHECK: usize = 17;
const SERVER_HEADER: usize = 21;
/// Servers of record let their check words cover these bytes only (§3.1).
const SERVER_COVERED: usize = 16;

/// The one V3-form packet with a check word, and the word (§2.5).
const PRE_LOGIN_LIST: u16 = 0x0032;
const PRE_LOGIN_LIST_CHECK: u32 = 0x8FFC_ACBF;

/// T5 of §3.5.
#[rustfmt::skip]
const TABLE: [u8; 256] = [
    0x59, 0x60, 0x37, 0x6B, 0x65, 0x62, 0x46, 0x48, 0x53, 0x61, 0x4C, 0x59, 0x60, 0x57, 0x5B, 0x3D,
    0x5E, 0x34, 0x6D, 0x36, 0x50, 0x3F, 0x6F, 0x67, 0x53, 0x61, 0x4C, 0x59, 0x40, 0x47, 0x63, 0x39,
    0x50, 0x5F, 0x5F, 0x3F, 0x6F, 0x47, 0x43, 0x69, 0x48, 0x33, 0x31, 0x64, 0x35, 0x5A, 0x4A, 0x42,
    0x56, 0x40, 0x67, 0x53, 0x41, 0x07, 0x6C, 0x49, 0x58, 0x3B, 0x4D, 0x46, 0x68, 0x43, 0x69, 0x48,
    0x33, 0x31, 0x44, 0x65, 0x62, 0x46, 0x48, 0x53, 0x41, 0x07, 0x6C, 0x69, 0x48, 0x33, 0x51, 0x54,
    0x5D, 0x4E, 0x6C, 0x49, 0x38, 0x4B, 0x55, 0x4A, 0x62, 0x46, 0x48, 0x33, 0x51, 0x34, 0x6D, 0x36,
    0x50, 0x5F, 0x5F, 0x5F, 0x3F, 0x6F, 0x47, 0x63, 0x59, 0x40, 0x67, 0x33, 0x31, 0x64, 0x35, 0x5A,
    0x6A, 0x52, 0x6E, 0x3C, 0x51, 0x34, 0x6D, 0x36, 0x50, 0x5F, 0x5F, 0x3F, 0x4F, 0x37, 0x4B, 0x35,
    0x5A, 0x4A, 0x62, 0x66, 0x58, 0x3B, 0x4D, 0x66, 0x58, 0x5B, 0x5D, 0x4E, 0x6C, 0x49, 0x58, 0x3B,
    0x4D, 0x66, 0x58, 0x3B, 0x4D, 0x46, 0x48, 0x53, 0x61, 0x4C, 0x59, 0x40, 0x67, 0x33, 0x31, 0x64,
    0x55, 0x6A, 0x32, 0x3E, 0x44, 0x45, 0x52, 0x6E, 0x3C, 0x31, 0x64, 0x55, 0x6A, 0x52, 0x4E, 0x6C,
    0x69, 0x48, 0x53, 0x61, 0x4C, 0x39, 0x30, 0x6F, 0x47, 0x63, 0x59, 0x60, 0x57, 0x5B, 0x3D, 0x3E,
    0x64, 0x35, 0x3A, 0x3A, 0x5A, 0x6A, 0x52, 0x4E, 0x6C, 0x69, 0x48, 0x53, 0x61, 0x6C, 0x49, 0x58,
    0x3B, 0x4D, 0x46, 0x68, 0x63, 0x39, 0x50, 0x5F, 0x5F, 0x3F, 0x6F, 0x67, 0x53, 0x41, 0x25, 0x41,
    0x3C, 0x51, 0x54, 0x3D, 0x5E, 0x54, 0x5D, 0x4E, 0x4C, 0x39, 0x50, 0x5F, 0x5F, 0x5F, 0x3F, 0x6F,
    0x47, 0x43, 0x69, 0x48, 0x33, 0x51, 0x54, 0x5D, 0x6E, 0x3C, 0x31, 0x64, 0x35, 0x5A, 0x00, 0x00,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The worked example of §3.6: an acknowledgement with filler `DE AD BE EF`.
    const PLAIN: &[u8] = b"\x05\0\0\0\0\0\x68\xa1\x82\0\x7d\x6c\x5b\x2a\x0a\0\x07\0\0\0\xab\x73\x52\x9b\xde\xad\xbe\xef";
    const WIRE: &[u8] = b"\x05\0\0\0\0\0\x68\xa1\x82\0\xba\x23\x31\x2c\xdc\x4f\x6d\x06\xe8\x4f\x64\xb7\xa6\x76\xb4\xab\x79\xa0";
    const HEADER: Header = Header {
        version: Version::V5,
        command: 0x000A,
        seq1: 7,
        seq2: 0,
        uin: Uin(8_561_000),
        session_id: 0x2A5B_6C7D,
    };
    const NOISE: Noise = Noise {
        r1: 27,
        r2: 0,
        random: 0,
        filler: [0xDE, 0xAD, 0xBE, 0xEF],
    };

    #[test]
    fn the_worked_example_of_the_reference_is_sealed_and_opened() {
        let mut datagram = V5.seal(Side::Client, &HEADER, example_noise(), &[]);
        assert_eq!(datagram, WIRE);

        let opened = V5.open(Side::Client, &mut datagram).unwrap();
        assert_eq!(opened.header, HEADER);
        assert_eq!(opened.plain, PLAIN);
        assert_eq!(opened.body, &[0xDE, 0xAD, 0xBE, 0xEF]);
        assert_eq!(opened.check, 0x9B52_73AB);
        assert!(opened.check_valid);
    }

    #[test]
    fn scrambling_moves_every_bit_and_unscrambling_moves_it_back() {
        for bit in 0..32 {
            let scrambled = scramble(1 << bit);
            assert_eq!(scrambled.count_ones(), 1);
            assert_eq!(unscramble(scrambled), 1 << bit);
        }
    }

    #[test]
    fn a_packet_without_body_gets_the_filler_and_one_with_a_body_does_not() {
        let noise = Noise::from(0x0123_4567_89AB_CDEF);
        let mut bare = V5.seal(Side::Client, &HEADER, noise, &[]);
        assert_eq!(bare.len(), 28);
        assert_eq!(V5.open(Side::Client, &mut bare).unwrap().body, noise.filler);

        let mut full = V5.seal(Side::Client, &HEADER, noise, &[7]);
        assert_eq!(full.len(), 25);
        assert_eq!(V5.open(Side::Client, &mut full).unwrap().body, [7]);
    }

    #[test]
    fn a_changed_byte_under_the_check_word_is_noticed() {
        let noise = example_noise();
        let mut datagram = V5.seal(Side::Client, &HEADER, noise, &[]);
        datagram[usize::from(noise.r1)] ^= 1;
        assert!(!V5.open(Side::Client, &mut datagram).unwrap().check_valid);
    }

    #[test]
    fn a_server_packet_carries_its_fields_at_odd_offsets() {
        let mut datagram = V5.seal(Side::Server, &HEADER, Noise::default(), b"!");
        assert_eq!(
            datagram[..17],
            *b"\x05\0\0\x7d\x6c\x5b\x2a\x0a\0\x07\0\0\0\x68\xa1\x82\0"
        );
        let opened = V5.open(Side::Server, &mut datagram).unwrap();
        assert_eq!((opened.header, opened.body), (HEADER, &b"!"[..]));
        assert!(opened.check_valid);
    }

    #[test]
    fn the_v3_form_of_a_server_packet_says_that_it_is_one() {
        let header = Header {
            version: Version::V3,
            command: 0x0064,
            session_id: 0,
            ..HEADER
        };
        let mut datagram = V5.seal(Side::Server, &header, Noise::default(), &[0, 0]);
        assert_eq!(
            datagram,
            b"\x03\0\x64\0\x07\0\0\0\x68\xa1\x82\0\0\0\0\0\0\0"
        );
        let opened = V5.open(Side::Server, &mut datagram).unwrap();
        assert_eq!((opened.header, opened.body), (header, &[0, 0][..]));
    }

    #[test]
    fn other_versions_and_shorter_packets_are_refused() {
        let wrong_version = |from, version: u8| {
            let mut datagram = [0; 64];
            datagram[0] = version;
            V5.open(from, &mut datagram).is_err()
        };
        assert!(
            [0, 1, 2, 4, 6]
                .iter()
                .all(|&v| wrong_version(Side::Server, v))
        );
        assert!(
            [0, 1, 2, 3, 4, 6]
                .iter()
                .all(|&v| wrong_version(Side::Client, v))
        );

        for length in 0..25 {
            let mut datagram = WIRE[..length].to_vec();
            assert!(V5.open(Side::Client, &mut datagram).is_err(), "{length}");
        }
        let server = V5.seal(Side::Server, &HEADER, Noise::default(), &[]);
        for length in 0..server.len() {
            let mut datagram = server[..length].to_vec();
            assert!(V5.open(Side::Server, &mut datagram).is_err(), "{length}");
        }
    }

    #[test]
    fn a_check_word_covers_what_the_receiver_can_find() {
        for random in 0..=u8::MAX {
            let noise = Noise {
                r1: random,
                r2: 255 - random,
                ..Noise::default()
            };
            for (from, length) in [(Side::Client, 1), (Side::Client, 400), (Side::Server, 0)] {
                let body = vec![0xAB; length];
                let mut datagram = V5.seal(from, &HEADER, noise, &body);
                assert!(V5.open(from, &mut datagram).unwrap().check_valid);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(
            command: u16, seq1: u16, seq2: u16, uin: u32, session_id: u32, random: u64,
            as_v3: bool, body in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            for from in [Side::Client, Side::Server] {
                let as_v3 = as_v3 && from == Side::Server;
                let header = Header {
                    version: if as_v3 { Version::V3 } else { Version::V5 },
                    command,
                    seq1,
                    seq2,
                    uin: Uin(uin),
                    session_id: if as_v3 { 0 } else { session_id },
                };
                let noise = Noise::from(random);
                let mut datagram = V5.seal(from, &header, noise, &body);
                let opened = V5.open(from, &mut datagram).unwrap();
                prop_assert_eq!(opened.header, header);
                prop_assert!(opened.check_valid);
                if from == Side::Client && body.is_empty() {
                    prop_assert_eq!(opened.body, &noise.filler);
                } else {
                    prop_assert_eq!(opened.body, &body);
                }
            }
        }
    }

    /// The noise that the example was made with, found in its check word.
    fn example_noise() -> Noise {
        let (r1, r2) = check::noise(PLAIN, 0x9B52_73AB);
        Noise { r1, r2, ..NOISE }
    }
}
