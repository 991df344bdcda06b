//! V3: everything in clear, the same header both ways. Servers use it towards V4 clients, too.

use std::time::Duration;

use super::dialect::take_version;
use super::{Deletion, Dialect, Directory, Header, Manner, Noise, Opened, Side, Version, check};
use crate::icq::wire::status::Statuses;
use crate::icq::wire::{DecodeError, Reader, Writer};
use crate::model::Uin;

/// Version 3, of ICQ groupware (`icq-udp.md` §2.2, §3.1, §9), and of a short-lived ICQ 1.3.
///
/// From a client and from a server:
///
/// | offset | bytes | field     |                                                          |
/// |--------|-------|-----------|----------------------------------------------------------|
/// | 0      | 2     | (version) | 3; from a server `wire_version`                          |
/// | 2      | 2     | `command` |                                                          |
/// | 4      | 2     | `seq1`    |                                                          |
/// | 6      | 2     | `seq2`    |                                                          |
/// | 8      | 4     | `uin`     | sender or addressee; the new one in `NEW_UIN`            |
/// | 12     | 4     | `check`   | 0 in groupware; servers send 0 and do not look at it     |
/// | 16     | n     | body      |                                                          |
#[derive(Clone, Copy, Debug)]
pub struct V3 {
    check_words: bool,
}

impl V3 {
    /// ICQ groupware: no check words.
    pub const GROUPWARE: Self = Self { check_words: false };

    /// ICQ 1.3: clients send check words. Known from a description only; that their table is V4's
    /// is a guess.
    pub const CONSUMER: Self = Self { check_words: true };
}

impl Dialect for V3 {
    fn version(&self) -> Version {
        Version::V3
    }

    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn seal(&self, from: Side, header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
        match from {
            Side::Client if self.check_words => seal_with_check_word(header, noise, body),
            Side::Client | Side::Server => seal(header, 0, body),
        }
    }

    fn decipher(&self, _from: Side, _datagram: &mut [u8]) -> Result<(), DecodeError> {
        Ok(())
    }

    fn read<'a>(&self, from: Side, reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
        let plain = reader.peek();
        take_version(reader, from, &[Version::V3])?;
        let mut opened = read_behind_version(plain, reader)?;
        opened.check_valid |= opened.check == 0;
        Ok(opened)
    }
}

/// Sessions of groupware (§4.3, §4.5, §7.5, §9): its servers forget a client after 55 s.
const MANNER: Manner = Manner {
    session_ids: false,
    addressed: true,
    request_numbers: true,
    first_seq1: Some(1),
    longest_keep_alive: Duration::from_secs(45),
    deletion: Deletion::ByTime,
    statuses: Statuses::All,
    repeats_status: false,
    directory: Directory::Groupware,
};

/// Wraps a body and makes the check word.
pub(super) fn seal_with_check_word(header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
    let mut packet = seal(header, 0, body);
    let r1 = check::beside(noise.r1, packet.len(), CHECK);
    let check = check::make(&packet, r1, noise.r2, TABLE);
    check::put(&mut packet, CHECK, check);
    packet
}

/// Wraps a body in the form of V3, whatever the header says of its version.
pub(super) fn seal(header: &Header, check: u32, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(HEADER + body.len());
    let mut writer = Writer::new(&mut packet);
    writer.u16_le(Version::V3.word());
    writer.u16_le(header.command);
    writer.u16_le(header.seq1);
    writer.u16_le(header.seq2);
    writer.u32_le(header.uin.0);
    writer.u32_le(check);
    writer.bytes(body);
    packet
}

/// Reads what follows the version word of `plain`.
pub(super) fn read_behind_version<'a>(
    plain: &'a [u8],
    reader: &mut Reader<'a>,
) -> Result<Opened<'a>, DecodeError> {
    let command = reader.code_le("command")?;
    let seq1 = reader.u16_le("seq1")?;
    let seq2 = reader.u16_le("seq2")?;
    let uin = Uin(reader.u32_le("uin")?);
    let check = reader.word_le("check")?;
    Ok(Opened {
        header: Header {
            version: Version::V3,
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

const HEADER: usize = 16;
const CHECK: usize = 12;

/// T4 of §3.5: two tips that ICQ showed its users.
pub(super) const TABLE: &[u8; 256] = b"\n[1] You can modify the sounds ICQ makes. \
    Just select \"Sounds\" from the \"preferences/misc\" in ICQ \
    or from the \"Sounds\" in the control panel. Credit: Eran\n\
    [2] Can't remember what was said?  \
    Double-click on a user to get a dialog of all messages sent incomin";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: Header = Header {
        version: Version::V3,
        command: 0x01A4,
        seq1: 7,
        seq2: 0x0102,
        uin: Uin(8_561_000),
        session_id: 0,
    };

    #[test]
    fn both_sides_have_the_same_header_and_no_check_word() {
        for from in [Side::Client, Side::Server] {
            let mut datagram = V3::GROUPWARE.seal(from, &HEADER, Noise::default(), b"!");
            assert_eq!(
                datagram,
                b"\x03\0\xa4\x01\x07\0\x02\x01\x68\xa1\x82\0\0\0\0\0!"
            );
            let opened = V3::GROUPWARE.open(from, &mut datagram).unwrap();
            assert_eq!((opened.header, opened.body), (HEADER, &b"!"[..]));
            assert!(opened.check_valid);
        }
    }

    #[test]
    fn the_check_word_of_a_consumer_client_is_taken_by_every_server() {
        for random in 0..=u8::MAX {
            let noise = Noise {
                r1: random,
                r2: random,
                ..Noise::default()
            };
            for length in [0, 400] {
                let body = vec![0xAB; length];
                let mut datagram = V3::CONSUMER.seal(Side::Client, &HEADER, noise, &body);
                let opened = V3::GROUPWARE.open(Side::Client, &mut datagram).unwrap();
                assert!(opened.check_valid && opened.check != 0);
                datagram[12] ^= 1;
                let opened = V3::GROUPWARE.open(Side::Client, &mut datagram).unwrap();
                assert!(!opened.check_valid);
            }
        }
        let datagram = V3::CONSUMER.seal(Side::Server, &HEADER, Noise::default(), b"");
        assert_eq!(datagram[12..], [0; 4]);
    }

    #[test]
    fn the_table_is_the_one_of_the_reference() {
        // Its first and last row of sixteen.
        assert_eq!(
            TABLE[..16],
            *b"\x0A\x5B\x31\x5D\x20\x59\x6F\x75\x20\x63\x61\x6E\x20\x6D\x6F\x64"
        );
        assert_eq!(
            TABLE[240..],
            *b"\x67\x65\x73\x20\x73\x65\x6E\x74\x20\x69\x6E\x63\x6F\x6D\x69\x6E"
        );
        let sum: u32 = TABLE.iter().map(|&byte| u32::from(byte)).sum();
        assert_eq!(sum, 22_534);
    }

    #[test]
    fn other_versions_and_shorter_packets_are_refused() {
        for from in [Side::Client, Side::Server] {
            for version in [0, 1, 2, 4, 5, 6] {
                let mut datagram = [0; 64];
                datagram[0] = version;
                assert!(
                    V3::GROUPWARE.open(from, &mut datagram).is_err(),
                    "{version}"
                );
            }
            let whole = V3::GROUPWARE.seal(from, &HEADER, Noise::default(), &[]);
            for length in 0..whole.len() {
                let mut datagram = whole[..length].to_vec();
                assert!(V3::GROUPWARE.open(from, &mut datagram).is_err(), "{length}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(
            command: u16, seq1: u16, seq2: u16, uin: u32, random: u64, consumer: bool,
            body in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let dialect = if consumer { V3::CONSUMER } else { V3::GROUPWARE };
            let header = Header { version: Version::V3, command, seq1, seq2, uin: Uin(uin), session_id: 0 };
            for from in [Side::Client, Side::Server] {
                let mut datagram = dialect.seal(from, &header, Noise::from(random), &body);
                let opened = dialect.open(from, &mut datagram).unwrap();
                prop_assert_eq!(opened.header, header);
                prop_assert!(opened.check_valid);
                prop_assert_eq!(opened.body, &body);
            }
        }
    }
}
