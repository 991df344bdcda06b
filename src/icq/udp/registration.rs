//! A new number from a server (`icq-udp.md` §6.6).

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::to_server::Register;
use super::{Dialect, FromServer, Header, Noise, Side, ToServer};
use crate::icq::Ability;
use crate::icq::wire::meta::MetaForm;
use crate::icq::wire::text::Charset;
use crate::icq::wire::{Password, Reader};
use crate::model::{Secret, Uin};

/// Asks a server for a new number, and ends with it or with the reason why there is none.
///
/// Driven like a [`Session`](super::Session): call a `handle_*` method when something happens, then
/// [`poll_output`](Self::poll_output) until it returns `None`, then sleep until
/// [`poll_timeout`](Self::poll_timeout). To log in under the number make a session.
///
/// `NEW_USER` is sent a few times only: a server that answers each copy, as some do (§4.2), gives out as
/// many numbers.
pub struct Registration {
    dialect: &'static dyn Dialect,
    session_id: u32,
    seq1: u16,
    body: Box<[u8]>,
    random: SmallRng,
    state: State,
    outputs: VecDeque<RegistrationOutput>,
}

/// What a registration begins with.
pub struct Application {
    /// The version to speak.
    pub dialect: &'static dyn Dialect,
    /// The password the number is to have. Servers take 8 bytes of it at most.
    pub password: Secret,
    /// The code page of the password.
    pub charset: Charset,
    /// All chance derives from it.
    pub seed: u64,
}

/// What a registration wants done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RegistrationOutput {
    /// Send this datagram to the server.
    Transmit(Vec<u8>),
    /// It is over: the number, or why there is none. The last output.
    Ended(Result<Uin, NoNumber>),
}

/// Why there is no new number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NoNumber {
    /// The version has no packet for it that is known.
    Unsupported,
    /// The server refuses, perhaps with a text.
    Refused(String),
    /// The server is busy and asks to try again later.
    TryAgainLater,
    /// The server does not answer. So do those that give out no numbers.
    NoAnswer,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// On its way.
    Sent { sends: u8, due: Instant },
    /// The server has it; its word is due.
    Acknowledged { until: Instant },
    /// The end was told.
    Over,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("version", &self.dialect.version())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("version", &self.dialect.version())
            .finish_non_exhaustive()
    }
}

impl Registration {
    /// Asks for a number.
    pub fn new(now: Instant, application: Application) -> Self {
        let Application {
            dialect,
            password,
            charset,
            seed,
        } = application;
        let mut random = SmallRng::seed_from_u64(seed);
        let manner = dialect.manner();
        let mut password = charset.encode(password.reveal()).bytes;
        password.truncate(LONGEST_PASSWORD);
        let mut body = Vec::new();
        let packet = ToServer::Register(Register::new(Password(&password)));
        packet.encode(dialect.version(), &mut body);
        let mut registration = Self {
            dialect,
            session_id: match manner.session_ids {
                true => (random.next_u32() & SESSION_ID_MASK).max(1),
                false => 0,
            },
            seq1: manner
                .first_seq1
                .unwrap_or_else(|| (random.next_u32() & FIRST_SEQ1_MASK) as u16),
            body: body.into_boxed_slice(),
            random,
            state: State::Sent {
                sends: 1,
                due: now + REPEAT_AFTER,
            },
            outputs: VecDeque::new(),
        };
        match dialect.version().can(Ability::NewNumber) {
            true => registration.transmit_request(),
            false => registration.end(Err(NoNumber::Unsupported)),
        }
        registration
    }

    /// Takes a datagram from the server's address.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        if matches!(self.state, State::Over) {
            return;
        }
        let mut reader = Reader::new(datagram);
        let Ok(opened) = self.dialect.read(Side::Server, &mut reader) else {
            return;
        };
        let (version, header) = (self.dialect.version(), opened.header);
        let is_foreign = header.version == version && header.session_id != self.session_id;
        let packet = FromServer::decode(version, header.command, opened.body, MetaForm::Unknown);
        let Ok(packet) = packet.map(|decoded| decoded.packet) else {
            return;
        };
        if is_foreign || !self.is_about_us(&header, &packet) {
            return;
        }
        let end = match packet {
            FromServer::Ack => {
                if let State::Sent { .. } = self.state {
                    let until = now + ANSWER_WAIT;
                    self.state = State::Acknowledged { until };
                }
                return;
            }
            FromServer::NewUin => Ok(header.uin),
            FromServer::TryAgain => Err(NoNumber::TryAgainLater),
            FromServer::LoginError(reason) => {
                let text = reason.text.unwrap_or_default();
                Err(NoNumber::Refused(Charset::WINDOWS_1252.decode(text)))
            }
            _ => Err(NoNumber::Refused(String::new())),
        };
        let acknowledgement = self.seal(ToServer::Ack.command(), header.seq1, header.seq2, &[]);
        self.outputs
            .push_back(RegistrationOutput::Transmit(acknowledgement));
        self.end(end);
    }

    /// Repeats what is overdue, or gives up.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match self.state {
            State::Sent { sends, .. } if sends < MAX_SENDS => {
                self.state = State::Sent {
                    sends: sends + 1,
                    due: now + REPEAT_AFTER,
                };
                self.transmit_request();
            }
            State::Sent { .. } | State::Acknowledged { .. } => self.end(Err(NoNumber::NoAnswer)),
            State::Over => {}
        }
    }

    /// The next thing for the driver to do.
    pub fn poll_output(&mut self) -> Option<RegistrationOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Sent { due, .. } => Some(due),
            State::Acknowledged { until } => Some(until),
            State::Over => None,
        }
    }

    /// Whether a packet answers what was sent, as far as its numbers tell. Where requests have none, the
    /// number of the packet is repeated: in the answer behind the header, in other words in it.
    fn is_about_us(&self, header: &Header, packet: &FromServer<'_>) -> bool {
        let has_request_numbers = self.dialect.manner().request_numbers;
        match packet {
            FromServer::Ack => header.seq1 == self.seq1,
            FromServer::NewUin if header.uin == Uin(0) => false,
            FromServer::NewUin if !has_request_numbers => header.seq2 == self.seq1,
            FromServer::NewUin
            | FromServer::TryAgain
            | FromServer::BadPassword
            | FromServer::NotConnected
            | FromServer::LoginError(_)
            | FromServer::GoAway(_) => header.seq2 == SEQ2 || !has_request_numbers,
            _ => false,
        }
    }

    fn transmit_request(&mut self) {
        let body = std::mem::take(&mut self.body);
        let datagram = self.seal(NEW_USER, self.seq1, SEQ2, &body);
        self.body = body;
        self.outputs
            .push_back(RegistrationOutput::Transmit(datagram));
    }

    fn seal(&mut self, command: u16, seq1: u16, seq2: u16, body: &[u8]) -> Vec<u8> {
        let header = Header {
            version: self.dialect.version(),
            command,
            seq1,
            seq2,
            // There is none yet.
            uin: Uin(0),
            session_id: self.session_id,
        };
        let noise = Noise::from(self.random.next_u64());
        self.dialect.seal(Side::Client, &header, noise, body)
    }

    fn end(&mut self, end: Result<Uin, NoNumber>) {
        self.state = State::Over;
        self.outputs.push_back(RegistrationOutput::Ended(end));
    }
}

const NEW_USER: u16 = 0x03FC;

/// The number of the only request.
const SEQ2: u16 = 1;

/// Each send may cost the server a number, so there are fewer than of other packets (§4.2).
const REPEAT_AFTER: Duration = Duration::from_secs(10);
const MAX_SENDS: u8 = 3;

/// How long the server's word may take after its acknowledgement.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// What a packet carries of a password at most (§6.1).
const LONGEST_PASSWORD: usize = 8;

/// As clients of record do (§4.3, §4.4).
const SESSION_ID_MASK: u32 = 0x3FFF_FFFF;
const FIRST_SEQ1_MASK: u32 = 0x7FFF;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::icq::udp::Version;
    use crate::icq::udp::from_server::Reason;

    const NEW: Uin = Uin(99_999_999);
    const ABLE: [Version; 4] = [Version::V1, Version::V2, Version::V4, Version::V5];

    fn registration(version: Version) -> (Registration, Instant) {
        let now = Instant::now();
        let application = Application {
            dialect: version.dialect(),
            password: Secret::new("balcony-scene"),
            charset: Charset::WINDOWS_1251,
            seed: 1,
        };
        (Registration::new(now, application), now)
    }

    fn sent(registration: &mut Registration) -> (Header, Vec<u8>) {
        match registration.poll_output() {
            Some(RegistrationOutput::Transmit(mut datagram)) => {
                let opened = registration
                    .dialect
                    .open(Side::Client, &mut datagram)
                    .unwrap();
                (opened.header, opened.body.to_vec())
            }
            other => panic!("{other:?}"),
        }
    }

    fn end(registration: &mut Registration) -> Result<Uin, NoNumber> {
        match registration.poll_output() {
            Some(RegistrationOutput::Ended(end)) => end,
            other => panic!("{other:?}"),
        }
    }

    /// A packet of the server as it comes in a version, the new number in its header.
    fn says(registration: &Registration, request: Header, packet: &FromServer<'_>) -> Vec<u8> {
        let version = registration.dialect.version();
        let names_packet = matches!(version, Version::V1 | Version::V2);
        let header = Header {
            // Servers write this one in the form of V3 to V5 clients (§6.6).
            version: match (packet, version) {
                (FromServer::NewUin, Version::V5) => Version::V3,
                _ => version,
            },
            command: packet.command(),
            seq1: match packet {
                FromServer::Ack => request.seq1,
                _ => 0,
            },
            seq2: if names_packet {
                request.seq1
            } else {
                request.seq2
            },
            uin: NEW,
            ..request
        };
        let mut body = Vec::new();
        packet.encode(version, &mut body);
        registration
            .dialect
            .seal(Side::Server, &header, Noise::default(), &body)
    }

    #[test]
    fn a_number_is_asked_for_and_its_answer_acknowledged() {
        for version in ABLE {
            let (mut registration, now) = registration(version);
            let (request, body) = sent(&mut registration);
            assert_eq!((request.command, request.uin), (NEW_USER, Uin(0)));
            let packet = ToServer::decode(version, NEW_USER, &body).unwrap().packet;
            let ToServer::Register(register) = packet else {
                panic!("{packet:?}");
            };
            assert_eq!(register.password.0, b"balcony-");

            let ack = says(&registration, request, &FromServer::Ack);
            registration.handle_datagram(now, &ack);
            assert_eq!(registration.poll_output(), None);
            let answer = says(&registration, request, &FromServer::NewUin);
            registration.handle_datagram(now, &answer);

            assert_eq!(sent(&mut registration).0.command, 0x000A, "{version:?}");
            assert_eq!(end(&mut registration), Ok(NEW), "{version:?}");
            assert_eq!(registration.poll_timeout(), None);
            registration.handle_datagram(now, &answer);
            assert_eq!(registration.poll_output(), None);
        }
    }

    #[test]
    fn a_version_without_a_known_packet_for_it_says_so() {
        let (mut registration, _) = registration(Version::V3);

        assert_eq!(end(&mut registration), Err(NoNumber::Unsupported));
        assert_eq!(registration.poll_timeout(), None);
    }

    #[test]
    fn silence_is_answered_with_three_copies_and_given_up() {
        for version in ABLE {
            let (mut registration, _) = registration(version);
            let (request, body) = sent(&mut registration);
            for _ in 1..MAX_SENDS {
                let due = registration.poll_timeout().unwrap();
                registration.handle_timeout(due);
                assert_eq!(sent(&mut registration), (request, body.clone()));
                assert_eq!(registration.poll_output(), None);
            }
            let due = registration.poll_timeout().unwrap();
            registration.handle_timeout(due);

            assert_eq!(end(&mut registration), Err(NoNumber::NoAnswer));
        }
    }

    #[test]
    fn what_is_acknowledged_is_not_repeated_but_waited_for() {
        let (mut registration, now) = registration(Version::V5);
        let (request, _) = sent(&mut registration);
        let ack = says(&registration, request, &FromServer::Ack);
        registration.handle_datagram(now, &ack);

        let due = registration.poll_timeout().unwrap();
        assert_eq!(due, now + ANSWER_WAIT);
        registration.handle_timeout(due);

        assert_eq!(end(&mut registration), Err(NoNumber::NoAnswer));
    }

    #[test]
    fn a_refusal_ends_it_with_its_text() {
        let text = Reason {
            text: Some(b"Closed"),
        };
        for version in ABLE {
            for (packet, why) in [
                (FromServer::TryAgain, NoNumber::TryAgainLater),
                (FromServer::NotConnected, NoNumber::Refused(String::new())),
                (
                    FromServer::LoginError(text.clone()),
                    NoNumber::Refused("Closed".into()),
                ),
            ] {
                let (mut registration, now) = registration(version);
                let (request, _) = sent(&mut registration);
                let answer = says(&registration, request, &packet);
                registration.handle_datagram(now, &answer);
                sent(&mut registration);
                assert_eq!(end(&mut registration), Err(why), "{version:?}");
            }
        }
    }

    #[test]
    fn a_number_that_answers_something_else_is_nobody_s() {
        for version in ABLE {
            let (mut registration, now) = registration(version);
            let (request, _) = sent(&mut registration);
            let other = Header {
                seq1: request.seq1 + 1,
                seq2: request.seq2 + 1,
                ..request
            };
            let answer = says(&registration, other, &FromServer::NewUin);
            registration.handle_datagram(now, &answer);
            assert_eq!(registration.poll_output(), None, "{version:?}");
        }
        let (mut registration, now) = registration(Version::V5);
        let (request, _) = sent(&mut registration);
        let foreign = Header {
            session_id: request.session_id ^ 1,
            ..request
        };
        let answer = says(&registration, foreign, &FromServer::TryAgain);
        registration.handle_datagram(now, &answer);
        assert_eq!(registration.poll_output(), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_there_is_one_end(datagrams: Vec<(Vec<u8>, u8)>) {
            for version in Version::ALL {
                let (mut registration, now) = registration(version);
                for (datagram, word) in &datagrams {
                    let mut datagram = datagram.clone();
                    if let Some(first) = datagram.first_chunk_mut::<2>() {
                        *first = [word % 6, 0];
                    }
                    registration.handle_datagram(now, &datagram);
                }
                while let Some(due) = registration.poll_timeout() {
                    registration.handle_timeout(due);
                }
                let mut ends = 0;
                while let Some(output) = registration.poll_output() {
                    ends += u8::from(matches!(output, RegistrationOutput::Ended(_)));
                }
                prop_assert_eq!(ends, 1);
            }
        }
    }
}
