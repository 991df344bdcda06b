//! V4: the beginning of a client's packet is enciphered; servers answer in the form of V3.

use super::dialect::take_version;
use super::manner::AS_CONFIGURED;
use super::v3::{self, TABLE};
use super::{Deletion, Dialect, Directory, Header, Manner, Noise, Opened, Side, Version, check};
use crate::icq::wire::status::Statuses;
use crate::icq::wire::{DecodeError, Reader, Writer};
use crate::model::Uin;

/// Version 4, of ICQ 98 (`icq-udp.md` §2.3, §3.1, §3.3).
///
/// From a client; the first quarter of the packet is enciphered, but for version and check word:
///
/// | offset | bytes | field       |                             |
/// |--------|-------|-------------|-----------------------------|
/// | 0      | 2     | (version)   | 4                           |
/// | 2      | 2     | `random`    | [`Noise::random`]           |
/// | 4      | 2     | `zero`      |                             |
/// | 6      | 2     | `command`   |                             |
/// | 8      | 2     | `seq1`      |                             |
/// | 10     | 2     | `seq2`      |                             |
/// | 12     | 4     | `uin`       | sender                      |
/// | 16     | 4     | `checkcode` | in clear                    |
/// | 20     | n     | body        |                             |
///
/// From a server: the form of [`V3`](super::V3), with a check word. Servers leave it out of a few
/// packets, so it proves nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct V4;

impl Dialect for V4 {
    fn version(&self) -> Version {
        Version::V4
    }

    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn seal(&self, from: Side, header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
        match from {
            Side::Client => seal_to_server(header, noise, body),
            Side::Server => v3::seal_with_check_word(header, noise, body),
        }
    }

    fn decipher(&self, from: Side, datagram: &mut [u8]) -> Result<(), DecodeError> {
        if from == Side::Server {
            return Ok(());
        }
        let mut reader = Reader::new(datagram);
        take_version(&mut reader, from, &[Version::V4])?;
        reader.bytes("header", CHECK - 2)?;
        let cc = reader.u32_le("checkcode")?;
        apply_cipher(datagram, cc);
        Ok(())
    }

    fn read<'a>(&self, from: Side, reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
        let plain = reader.peek();
        match from {
            Side::Client => {
                take_version(reader, from, &[Version::V4])?;
                read_to_server(plain, reader)
            }
            Side::Server => {
                take_version(reader, from, &[Version::V3])?;
                v3::read_behind_version(plain, reader)
            }
        }
    }
}

/// Sessions of V4 (§4.3, §8): two numbers as in V5, but no session ids, and the commands of V2.
/// open-oscar-server reads the status of a login inside the password.
const MANNER: Manner = Manner {
    session_ids: false,
    addressed: true,
    request_numbers: true,
    first_seq1: None,
    longest_keep_alive: AS_CONFIGURED,
    deletion: Deletion::All,
    statuses: Statuses::All,
    repeats_status: true,
    directory: Directory::Old,
};

fn seal_to_server(header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(HEADER + body.len());
    let mut writer = Writer::new(&mut packet);
    writer.u16_le(Version::V4.word());
    writer.u16_le(noise.random);
    writer.u16_le(0);
    writer.u16_le(header.command);
    writer.u16_le(header.seq1);
    writer.u16_le(header.seq2);
    writer.u32_le(header.uin.0);
    writer.u32_le(0);
    writer.bytes(body);

    let r1 = check::beside(noise.r1, packet.len(), CHECK);
    let cc = check::make(&packet, r1, noise.r2, TABLE);
    check::put(&mut packet, CHECK, cc);
    apply_cipher(&mut packet, cc);
    packet
}

fn read_to_server<'a>(plain: &'a [u8], reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
    reader.u16_le("random")?;
    reader.u16_le("zero")?;
    let command = reader.code_le("command")?;
    let seq1 = reader.u16_le("seq1")?;
    let seq2 = reader.u16_le("seq2")?;
    let uin = Uin(reader.u32_le("uin")?);
    let check = reader.word_le("checkcode")?;
    Ok(Opened {
        header: Header {
            version: Version::V4,
            command,
            seq1,
            seq2,
            uin,
            session_id: 0,
        },
        check,
        check_valid: check::verify(plain, check, TABLE),
        plain,
        body: reader.peek(),
    })
}

/// XORs about the first quarter of a packet, version and check word left out; undoes itself (§3.3).
fn apply_cipher(packet: &mut [u8], cc: u32) {
    // Datagrams are far shorter than 4 GiB; the key is modulo 2^32 anyway.
    let length = packet.len() as u32;
    let key = length.wrapping_mul(0x6675_6B65).wrapping_add(cc);
    // A number of bytes, though it looks like one of words.
    let end = packet.len().div_ceil(4);
    for (block, start) in packet.chunks_mut(4).zip((0..end).step_by(4)) {
        if start == CHECK {
            continue;
        }
        let pad = key.wrapping_add(TABLE[start & 0xFF].into()).to_le_bytes();
        // The version stays in clear.
        let kept = if start == 0 { 2 } else { 0 };
        for (byte, pad) in block.iter_mut().zip(pad).skip(kept) {
            *byte ^= pad;
        }
    }
}

const CHECK: usize = 16;
const HEADER: usize = 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The worked example of §3.6: an acknowledgement.
    const PLAIN: &[u8] = b"\x04\0\x1a\xa2\0\0\x0a\0\x0b\0\x03\0\x8f\x76\x20\0\xbc\x05\xff\x0a";
    const WIRE: &[u8] = b"\x04\0\x31\xae\xc0\x69\x21\x0c\x0b\0\x03\0\x8f\x76\x20\0\xbc\x05\xff\x0a";
    const HEADER: Header = Header {
        version: Version::V4,
        command: 0x000A,
        seq1: 11,
        seq2: 3,
        uin: Uin(2_127_503),
        session_id: 0,
    };

    #[test]
    fn the_worked_example_of_the_reference_is_sealed_and_opened() {
        let (r1, r2) = check::noise(PLAIN, 0x0AFF_05BC);
        let noise = Noise {
            r1,
            r2,
            random: 0xA21A,
            ..Noise::default()
        };
        let mut datagram = V4.seal(Side::Client, &HEADER, noise, &[]);
        assert_eq!(datagram, WIRE);

        let opened = V4.open(Side::Client, &mut datagram).unwrap();
        assert_eq!(opened.header, HEADER);
        assert_eq!(opened.plain, PLAIN);
        assert_eq!((opened.body, opened.check), (&b""[..], 0x0AFF_05BC));
        assert!(opened.check_valid);
    }

    #[test]
    fn about_a_quarter_of_a_packet_is_enciphered_and_never_the_check_word() {
        for (length, enciphered) in [
            (20, 8),
            (40, 12),
            (64, 16),
            (80, 20),
            (81, 24),
            (84, 24),
            (85, 24),
        ] {
            let mut packet = vec![0; length];
            apply_cipher(&mut packet, 0x0101_0101);
            assert_eq!(packet[..2], [0; 2]);
            assert_eq!(packet[16..20], [0; 4]);
            assert!(
                packet[enciphered..].iter().all(|&byte| byte == 0),
                "{length}"
            );
            assert_ne!(packet[4..8], [0; 4]);
            let last = if enciphered == 20 { 12 } else { enciphered - 4 };
            assert_ne!(packet[last..last + 4], [0; 4], "{length}");
        }
    }

    #[test]
    fn a_servers_packet_has_the_form_of_v3_and_a_check_word() {
        let header = Header {
            version: Version::V4,
            command: 0x021C,
            seq1: 5,
            seq2: 4,
            uin: Uin(1002),
            session_id: 0,
        };
        let noise = Noise {
            r1: 4,
            ..Noise::default()
        };
        let mut datagram = V4.seal(Side::Server, &header, noise, &[]);
        // From a server of record.
        assert_eq!(
            datagram,
            b"\x03\0\x1c\x02\x05\0\x04\0\xea\x03\0\0\xf1\x1c\xff\xee"
        );
        let opened = V4.open(Side::Server, &mut datagram).unwrap();
        let version = Version::V3;
        assert_eq!(opened.header, Header { version, ..header });
        assert!(opened.check_valid);
    }

    #[test]
    fn a_changed_byte_under_the_check_word_is_noticed() {
        for r1 in [5, 7, 15, 20, 23] {
            let noise = Noise {
                r1,
                ..Noise::default()
            };
            let mut datagram = V4.seal(Side::Client, &HEADER, noise, b"body");
            datagram[usize::from(r1)] ^= 1;
            let opened = V4.open(Side::Client, &mut datagram).unwrap();
            assert!(!opened.check_valid, "{r1}");
        }
    }

    #[test]
    fn other_versions_and_shorter_packets_are_refused() {
        for (from, own) in [(Side::Client, 4), (Side::Server, 3)] {
            for version in (0..7).filter(|version| *version != own) {
                let mut datagram = [0; 64];
                datagram[0] = version;
                assert!(V4.open(from, &mut datagram).is_err(), "{version}");
            }
            let whole = V4.seal(from, &HEADER, Noise::default(), &[]);
            for length in 0..whole.len() {
                let mut datagram = whole[..length].to_vec();
                assert!(V4.open(from, &mut datagram).is_err(), "{length}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(
            command: u16, seq1: u16, seq2: u16, uin: u32, random: u64,
            body in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            for (from, version) in [(Side::Client, Version::V4), (Side::Server, Version::V3)] {
                let header = Header { version, command, seq1, seq2, uin: Uin(uin), session_id: 0 };
                let mut datagram = V4.seal(from, &header, Noise::from(random), &body);
                let opened = V4.open(from, &mut datagram).unwrap();
                prop_assert_eq!(opened.header, header);
                prop_assert!(opened.check_valid);
                prop_assert_eq!(opened.body, &body);
            }
        }
    }
}
