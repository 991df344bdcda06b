//! V2: everything in clear, one sequence number, no check word.

use super::dialect::take_version;
use super::manner::AS_CONFIGURED;
use super::{Deletion, Dialect, Directory, Header, Manner, Noise, Opened, Side, Version};
use crate::icq::wire::status::Statuses;
use crate::icq::wire::{DecodeError, Reader, Writer};
use crate::model::Uin;

/// Version 2, of the ICQs before ICQ 98 (`icq-udp.md` §2.1).
///
/// From a client:
///
/// | offset | bytes | field     |                                                           |
/// |--------|-------|-----------|-----------------------------------------------------------|
/// | 0      | 2     | (version) | 2                                                         |
/// | 2      | 2     | `command` |                                                           |
/// | 4      | 2     | `seq1`    |                                                           |
/// | 6      | 4     | `uin`     | sender; missing where no UIN exists yet: `NEW_USER`, `FIRST_LOGIN`, `PRE_LOGIN` |
/// | 10     | 2     | `sub_seq` | in `NUMBERED_REQUESTS` only; becomes [`Header::seq2`]   |
/// |        | n     | body      |                                                           |
///
/// From a server:
///
/// | offset | bytes | field        |                                                        |
/// |--------|-------|--------------|--------------------------------------------------------|
/// | 0      | 2     | (version)    | 2                                                      |
/// | 2      | 2     | `command`    |                                                        |
/// | 4      | 2     | `seq1`       |                                                        |
/// | 6      | 2     | `sub_seq`    | in `NUMBERED_REPLIES` only; becomes [`Header::seq2`] |
/// | 6      | 2     | `client_seq` | in `NEW_UIN` only; becomes [`Header::seq2`]            |
/// | 8      | 4     | `new_uin`    | in `NEW_UIN` only; becomes [`Header::uin`]             |
/// |        | n     | body         |                                                        |
///
/// The numbers behind `seq1` stand where bodies begin, but mean what later versions have in their
/// headers, so that is where they go: bodies are the same, and replies are matched the same way.
/// A client's packet without one gives its `seq1` as [`Header::seq2`], the one number that a reply
/// could repeat; a server's gives 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct V2;

impl Dialect for V2 {
    fn version(&self) -> Version {
        Version::V2
    }

    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn seal(&self, from: Side, header: &Header, _noise: Noise, body: &[u8]) -> Vec<u8> {
        seal(Version::V2, from, header, body)
    }

    fn decipher(&self, _from: Side, _datagram: &mut [u8]) -> Result<(), DecodeError> {
        Ok(())
    }

    fn read<'a>(&self, from: Side, reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
        read(Version::V2, from, reader)
    }
}

/// Sessions of V1 and V2 (§4.3, §7.5).
pub(super) const MANNER: Manner = Manner {
    session_ids: false,
    addressed: false,
    request_numbers: false,
    first_seq1: Some(1),
    longest_keep_alive: AS_CONFIGURED,
    deletion: Deletion::ByEnd,
    statuses: Statuses::Early,
    repeats_status: false,
    directory: Directory::Old,
};

/// Wraps a body in the header that V1 and V2 share.
pub(super) fn seal(version: Version, from: Side, header: &Header, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(LONGEST_HEADER + body.len());
    let mut writer = Writer::new(&mut packet);
    writer.u16_le(version.word());
    writer.u16_le(header.command);
    writer.u16_le(header.seq1);
    match from {
        Side::Client => {
            if names_sender(version, header.command) {
                writer.u32_le(header.uin.0);
            }
            if NUMBERED_REQUESTS.contains(&header.command) {
                writer.u16_le(header.seq2);
            }
        }
        Side::Server if header.command == NEW_UIN => {
            writer.u16_le(header.seq2);
            writer.u32_le(header.uin.0);
        }
        Side::Server => {
            if NUMBERED_REPLIES.contains(&header.command) {
                writer.u16_le(header.seq2);
            }
        }
    }
    writer.bytes(body);
    packet
}

/// Reads the header that V1 and V2 share.
pub(super) fn read<'a>(
    version: Version,
    from: Side,
    reader: &mut Reader<'a>,
) -> Result<Opened<'a>, DecodeError> {
    let plain = reader.peek();
    take_version(reader, from, &[version])?;
    let command = reader.code_le("command")?;
    let seq1 = reader.u16_le("seq1")?;
    let (mut uin, mut seq2) = (Uin(0), 0);
    match from {
        Side::Client => {
            if names_sender(version, command) {
                uin = Uin(reader.u32_le("uin")?);
            }
            seq2 = seq1;
            if NUMBERED_REQUESTS.contains(&command) {
                seq2 = reader.u16_le("sub_seq")?;
            }
        }
        Side::Server if command == NEW_UIN => {
            seq2 = reader.u16_le("client_seq")?;
            uin = Uin(reader.u32_le("new_uin")?);
        }
        Side::Server => {
            // Some answers say nothing but their number, and some servers not even that.
            if NUMBERED_REPLIES.contains(&command) && reader.left() > 0 {
                seq2 = reader.u16_le("sub_seq")?;
            }
        }
    }
    Ok(Opened {
        header: Header {
            version,
            command,
            seq1,
            seq2,
            uin,
            session_id: 0,
        },
        check: 0,
        // There is none that could be wrong.
        check_valid: true,
        plain,
        body: reader.peek(),
    })
}

/// Whether a client's packet says in its header whom it is from. V1 logs in with `PRE_LOGIN` (§1.1).
const fn names_sender(version: Version, command: u16) -> bool {
    match command {
        NEW_USER | FIRST_LOGIN => false,
        PRE_LOGIN => matches!(version, Version::V1),
        _ => true,
    }
}

const PRE_LOGIN: u16 = 0x03F2;
const NEW_USER: u16 = 0x03FC;
const FIRST_LOGIN: u16 = 0x04EC;
const NEW_UIN: u16 = 0x0046;

/// Searches, questions and changes: their bodies begin with a number of their own (§8.1, §8.3).
const NUMBERED_REQUESTS: [u16; 7] = [
    0x041A, // SEARCH_UIN
    0x0424, // SEARCH_USER
    0x0460, // INFO_REQ
    0x046A, // EXT_INFO_REQ
    0x049C, // CHANGE_PASSWORD
    0x04A6, // UPDATE_BASIC_OLD
    0x04B0, // UPDATE_EXT
];

/// What answers them, with the same number.
const NUMBERED_REPLIES: [u16; 8] = [
    0x008C, // USER_FOUND
    0x00A0, // END_OF_SEARCH
    0x00B4, // BASIC_UPDATED_OLD
    0x00BE, // BASIC_REFUSED_OLD
    0x00C8, // EXTENDED_UPDATED
    0x00D2, // EXTENDED_REFUSED
    0x0118, // INFO_REPLY
    0x0122, // EXT_INFO_REPLY
];

const LONGEST_HEADER: usize = 12;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::icq::udp::{FromServer, ToServer, V1};

    const HEADER: Header = Header {
        version: Version::V2,
        command: 0x042E,
        seq1: 7,
        seq2: 7,
        uin: Uin(8_561_000),
        session_id: 0,
    };

    fn seal_v2(from: Side, header: &Header, body: &[u8]) -> Vec<u8> {
        V2.seal(from, header, Noise::default(), body)
    }

    #[test]
    fn a_clients_packet_names_its_sender_and_a_servers_names_nobody() {
        let mut datagram = seal_v2(Side::Client, &HEADER, b"!");
        assert_eq!(datagram, b"\x02\0\x2e\x04\x07\0\x68\xa1\x82\0!");
        let opened = V2.open(Side::Client, &mut datagram).unwrap();
        assert_eq!((opened.header, opened.body), (HEADER, &b"!"[..]));

        let mut datagram = seal_v2(Side::Server, &HEADER, b"!");
        assert_eq!(datagram, b"\x02\0\x2e\x04\x07\0!");
        let opened = V2.open(Side::Server, &mut datagram).unwrap();
        let header = Header {
            uin: Uin(0),
            seq2: 0,
            ..HEADER
        };
        assert_eq!((opened.header, opened.body), (header, &b"!"[..]));
    }

    #[test]
    fn searches_questions_and_their_answers_bear_a_number_before_the_body() {
        let header = Header {
            command: 0x0460,
            seq2: 0x0304,
            ..HEADER
        };
        let mut question = seal_v2(Side::Client, &header, b"!");
        assert_eq!(question, b"\x02\0\x60\x04\x07\0\x68\xa1\x82\0\x04\x03!");
        assert_eq!(V2.open(Side::Client, &mut question).unwrap().header, header);

        let header = Header {
            command: 0x0118,
            uin: Uin(0),
            ..header
        };
        let mut answer = seal_v2(Side::Server, &header, b"!");
        assert_eq!(answer, b"\x02\0\x18\x01\x07\0\x04\x03!");
        assert_eq!(V2.open(Side::Server, &mut answer).unwrap().header, header);
        // A number that is cut in half is no number.
        assert!(V2.open(Side::Server, &mut answer[..7]).is_err());
        let bare = V2.open(Side::Server, &mut answer[..6]).unwrap();
        assert_eq!(bare.header.seq2, 0);
    }

    #[test]
    fn a_registration_names_nobody_and_its_answer_the_new_uin() {
        let header = Header {
            command: NEW_USER,
            ..HEADER
        };
        let mut request = seal_v2(Side::Client, &header, b"!");
        assert_eq!(request, b"\x02\0\xfc\x03\x07\0!");
        let opened = V2.open(Side::Client, &mut request).unwrap().header;
        assert_eq!((opened.uin, opened.seq1, opened.seq2), (Uin(0), 7, 7));

        let header = Header {
            command: NEW_UIN,
            seq1: 1,
            ..HEADER
        };
        let mut answer = seal_v2(Side::Server, &header, b"");
        assert_eq!(answer, b"\x02\0\x46\0\x01\0\x07\0\x68\xa1\x82\0");
        assert_eq!(V2.open(Side::Server, &mut answer).unwrap().header, header);
    }

    #[test]
    fn v1_is_v2_with_another_word_and_another_login() {
        let header = Header {
            version: Version::V1,
            command: PRE_LOGIN,
            ..HEADER
        };
        let mut first = V1.seal(Side::Client, &header, Noise::default(), b"!");
        assert_eq!(first, b"\x01\0\xf2\x03\x07\0\x68\xa1\x82\0!");
        assert_eq!(V1.open(Side::Client, &mut first).unwrap().header, header);
        assert!(V2.open(Side::Client, &mut first).is_err());

        let second = seal_v2(Side::Client, &header, b"!");
        assert_eq!(second, b"\x02\0\xf2\x03\x07\0!");
    }

    #[test]
    fn other_versions_and_shorter_packets_are_refused() {
        for from in [Side::Client, Side::Server] {
            for version in [0, 1, 3, 4, 5, 6] {
                let mut datagram = [0; 64];
                datagram[0] = version;
                assert!(V2.open(from, &mut datagram).is_err(), "{version}");
            }
            let whole = seal_v2(from, &HEADER, &[]);
            for length in 0..whole.len() {
                let mut datagram = whole[..length].to_vec();
                assert!(V2.open(from, &mut datagram).is_err(), "{length}");
            }
        }
    }

    #[test]
    fn what_bears_a_number_is_in_the_lists() {
        for request in NUMBERED_REQUESTS {
            assert!(ToServer::exists_in(request, Version::V2), "{request:#x}");
        }
        for reply in NUMBERED_REPLIES {
            assert!(FromServer::exists_in(reply, Version::V2), "{reply:#x}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(
            command in prop_oneof![
                proptest::sample::select(&NUMBERED_REQUESTS[..]),
                proptest::sample::select(&NUMBERED_REPLIES[..]),
                proptest::sample::select(&[PRE_LOGIN, NEW_USER, FIRST_LOGIN, NEW_UIN][..]),
                any::<u16>(),
            ],
            seq1: u16, sub_seq: u16, uin: u32, body in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            for dialect in [&V1 as &dyn Dialect, &V2] {
                for from in [Side::Client, Side::Server] {
                    let version = dialect.version();
                    let (names, numbers) = match from {
                        Side::Client => (names_sender(version, command), NUMBERED_REQUESTS.contains(&command)),
                        Side::Server if command == NEW_UIN => (true, true),
                        Side::Server => (false, NUMBERED_REPLIES.contains(&command)),
                    };
                    let seq2 = match from {
                        _ if numbers => sub_seq,
                        Side::Client => seq1,
                        Side::Server => 0,
                    };
                    let uin = if names { Uin(uin) } else { Uin(0) };
                    let header = Header { version, command, seq1, seq2, uin, session_id: 0 };
                    let mut datagram = dialect.seal(from, &header, Noise::default(), &body);
                    let opened = dialect.open(from, &mut datagram).unwrap();
                    prop_assert_eq!(opened.header, header);
                    prop_assert_eq!(opened.body, &body);
                }
            }
        }
    }
}
