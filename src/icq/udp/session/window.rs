//! Packets on their way to the server: numbered, sealed, and repeated until something answers
//! (`icq-udp.md` §4.1 to §4.4).

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::icq::MessageId;
use crate::icq::udp::to_server::TextCode;
use crate::icq::udp::{Dialect, Header, Noise, Side, ToServer};
use crate::model::Uin;

/// Numbers and seals what leaves, and keeps what the server has not answered yet.
pub(super) struct Window {
    dialect: &'static dyn Dialect,
    uin: Uin,
    session_id: u32,
    next_seq1: u16,
    next_seq2: u16,
    random: SmallRng,
    unanswered: Vec<Unanswered>,
    lately_answered: Option<Lately>,
}

/// What a packet was sent for, and so whom its fate concerns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// The login.
    Login,
    /// The server is asked whether it still knows the session.
    KeepAlive,
    /// Something the session asks of the server, one after the other: lists, statuses.
    Request,
    /// The request for the messages that wait, until something answers it: its acknowledgement, or the
    /// word that these were all.
    OfflineMessages,
    /// The word that those messages may be forgotten. Not every server acknowledges it.
    Deletion,
    /// A part of a message.
    Message(MessageId),
    /// A question about somebody's short profile.
    Profile(Uin),
    /// A request that one of the gateway's questions takes.
    Question,
}

/// What became of a packet whose time was up.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Overdue {
    /// It is sent once more.
    Repeat(Vec<u8>),
    /// It was sent often enough.
    Failed(Purpose),
}

/// A packet that the server has answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Answered {
    /// What it was sent for.
    pub(super) purpose: Purpose,
    /// It was sent only once, so the server cannot have taken an earlier copy.
    pub(super) sent_once: bool,
}

/// The other numbers of a request that leaves again later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Renumbered {
    pub(super) purpose: Purpose,
    pub(super) was: u16,
    pub(super) is: u16,
}

/// The last packet that the server has answered.
#[derive(Clone, Copy, Debug)]
struct Lately {
    seq1: u16,
    seq2: u16,
    at: Instant,
}

#[derive(Debug)]
struct Unanswered {
    purpose: Purpose,
    seq1: u16,
    seq2: u16,
    command: u16,
    body: Box<[u8]>,
    sends: u8,
    due: Instant,
}

impl Window {
    /// Draws the first session id and sequence number from `seed`.
    pub(super) fn new(dialect: &'static dyn Dialect, uin: Uin, seed: u64) -> Self {
        let mut window = Self {
            dialect,
            uin,
            session_id: 0,
            next_seq1: dialect.manner().first_seq1.unwrap_or_default(),
            next_seq2: 1,
            random: SmallRng::seed_from_u64(seed),
            unanswered: Vec::new(),
            lately_answered: None,
        };
        window.start_over();
        window
    }

    /// Begins a session anew, under another id where there is one. Requests go on counting, so that a
    /// late answer to the old login does not look like one to the new; so do packets where they do not
    /// begin by chance.
    pub(super) fn start_over(&mut self) {
        self.unanswered.clear();
        self.lately_answered = None;
        let manner = self.dialect.manner();
        if manner.session_ids {
            let previous = self.session_id;
            while self.session_id == previous || self.session_id == 0 {
                self.session_id = self.random.next_u32() & SESSION_ID_MASK;
            }
        }
        if manner.first_seq1.is_none() {
            self.next_seq1 = (self.random.next_u32() & FIRST_SEQ1_MASK) as u16;
        }
    }

    /// What the session speaks.
    pub(super) const fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    /// What the server calls this session; 0 where sessions have no ids.
    pub(super) const fn session_id(&self) -> u32 {
        self.session_id
    }

    /// How many packets wait for an answer.
    pub(super) const fn len(&self) -> usize {
        self.unanswered.len()
    }

    /// How many numbers were given since the oldest part of a message that waits for an answer, itself
    /// included. To execute another packet twice does no harm.
    pub(super) fn span(&self) -> u16 {
        let is_message = |packet: &&Unanswered| matches!(packet.purpose, Purpose::Message(_));
        let age = |packet: &Unanswered| self.next_seq1.wrapping_sub(packet.seq1);
        let messages = self.unanswered.iter().filter(is_message);
        messages.map(age).max().unwrap_or(0)
    }

    /// When [`overdue`](Self::overdue) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        self.unanswered.iter().map(|packet| packet.due).min()
    }

    /// Gives a packet a place in the window. Returns its datagram, and its `seq2`.
    pub(super) fn send(
        &mut self,
        now: Instant,
        purpose: Purpose,
        packet: &ToServer<'_>,
    ) -> (Vec<u8>, u16) {
        let seq1 = self.take_seq1();
        self.send_as(now, purpose, seq1, packet)
    }

    /// The same for a packet that bears a number of the server's instead of one of ours (§7.5).
    pub(super) fn send_as(
        &mut self,
        now: Instant,
        purpose: Purpose,
        seq1: u16,
        packet: &ToServer<'_>,
    ) -> (Vec<u8>, u16) {
        let mut body = Vec::new();
        packet.encode(self.dialect.version(), &mut body);
        self.send_body(now, purpose, seq1, packet.command(), body)
    }

    /// The same for a packet that is written already.
    pub(super) fn send_written(
        &mut self,
        now: Instant,
        purpose: Purpose,
        command: u16,
        body: Vec<u8>,
    ) -> (Vec<u8>, u16) {
        let seq1 = self.take_seq1();
        self.send_body(now, purpose, seq1, command, body)
    }

    fn send_body(
        &mut self,
        now: Instant,
        purpose: Purpose,
        seq1: u16,
        command: u16,
        body: Vec<u8>,
    ) -> (Vec<u8>, u16) {
        let packet = Unanswered {
            purpose,
            seq1,
            seq2: self.take_seq2(purpose),
            command,
            body: body.into_boxed_slice(),
            sends: 1,
            due: now + REPEAT_AFTER,
        };
        let datagram = self.seal(&packet);
        let seq2 = packet.seq2;
        self.unanswered.push(packet);
        (datagram, seq2)
    }

    /// The acknowledgement of a packet from the server.
    pub(super) fn acknowledge(&mut self, seq1: u16, seq2: u16) -> Vec<u8> {
        self.seal_as(self.session_id, ToServer::Ack.command(), seq1, seq2, &[])
    }

    /// The logout of a session, this one or an older one of the same user (§4.4, §4.9).
    pub(super) fn goodbye(&mut self, session_id: u32) -> Vec<u8> {
        let packet = ToServer::TextCode(TextCode {
            text: TextCode::LOGOUT,
            code: TextCode::CODE,
        });
        let mut body = Vec::new();
        packet.encode(self.dialect.version(), &mut body);
        let seq1 = self.take_seq1();
        self.seal_as(session_id, packet.command(), seq1, UNSOLICITED, &body)
    }

    /// The server acknowledged `seq1`.
    pub(super) fn acknowledged(&mut self, now: Instant, seq1: u16) -> Option<Answered> {
        self.take(now, |packet| packet.seq1 == seq1)
    }

    /// The server answered the request `seq2`: that ends its repetition as well (§4.1).
    pub(super) fn answered(&mut self, now: Instant, seq2: u16) -> Option<Answered> {
        if seq2 == UNSOLICITED {
            return None;
        }
        self.take(now, |packet| packet.seq2 == seq2)
    }

    /// The server answered the login.
    pub(super) fn login_answered(&mut self, now: Instant) -> Option<Answered> {
        self.take(now, |packet| packet.purpose == Purpose::Login)
    }

    /// The server's word on a packet, without an answer: it is busy, or does not know the session.
    pub(super) fn disowned(&mut self, now: Instant, word: &Header) -> Option<Answered> {
        let seq1 = self.subject(word)?.seq1;
        self.take(now, |packet| packet.seq1 == seq1)
    }

    /// No answer is wanted any more.
    pub(super) fn forget(&mut self, purpose: Purpose) {
        self.unanswered.retain(|packet| packet.purpose != purpose);
        self.give_memory_back();
    }

    /// No answer to anything is wanted any more.
    pub(super) fn close(&mut self) {
        self.unanswered = Vec::new();
    }

    /// The server is too busy for the request that this is the word on: it goes out again later, under
    /// new numbers, lest the server take it for the repetition of one it has answered.
    pub(super) fn postpone(&mut self, now: Instant, word: &Header) -> Option<Renumbered> {
        let seq1 = self
            .subject(word)
            .filter(|packet| packet.seq2 != UNSOLICITED)?
            .seq1;
        let (new_seq1, new_seq2) = (self.next_seq1, self.next_seq2);
        let packet = self
            .unanswered
            .iter_mut()
            .find(|packet| packet.seq1 == seq1)?;
        packet.due = match packet.sends {
            MAX_SENDS.. => now,
            sends => now + LONGEST_BUSY_WAIT.min(BUSY_WAIT * 2_u32.pow(u32::from(sends) - 1)),
        };
        let renumbered = Renumbered {
            purpose: packet.purpose,
            was: packet.seq2,
            is: new_seq2,
        };
        packet.seq1 = new_seq1;
        packet.seq2 = new_seq2;
        self.take_seq1();
        self.take_seq2(renumbered.purpose);
        Some(renumbered)
    }

    /// The packet that a word of the server is on: the one whose number it repeats (§4.3, §4.8); 0
    /// stands for a keep-alive. Where requests have no numbers the word repeats the packet's, and 0 says
    /// nothing: then it is the oldest.
    fn subject(&self, word: &Header) -> Option<&Unanswered> {
        let mut unanswered = self.unanswered.iter();
        if self.dialect.manner().request_numbers {
            return unanswered.find(|packet| packet.seq2 == word.seq2);
        }
        unanswered.find(|packet| packet.seq1 == word.seq1 || word.seq1 == NO_NUMBER)
    }

    /// Whether the request with these numbers waits for an answer.
    pub(super) fn awaits(&self, seq1: u16, seq2: u16) -> bool {
        self.unanswered
            .iter()
            .any(|packet| packet.seq1 == seq1 && packet.seq2 == seq2)
    }

    /// Whether this can be the server's word on something that waits for an answer (§12).
    pub(super) fn awaits_word(&self, word: &Header) -> bool {
        self.subject(word).is_some()
    }

    /// Whether a keep-alive waits for its acknowledgement.
    pub(super) fn awaits_keep_alive(&self) -> bool {
        let mut unanswered = self.unanswered.iter();
        unanswered.any(|packet| packet.purpose == Purpose::KeepAlive)
    }

    /// Whether this can be the server's word on something that was acknowledged a moment ago: some
    /// servers acknowledge first and say then that they do not know the session (§7.1, §17).
    pub(super) fn answered_lately(&self, now: Instant, word: &Header) -> bool {
        let by_request = self.dialect.manner().request_numbers;
        self.lately_answered.is_some_and(|lately| {
            let is_it = match by_request {
                true => lately.seq2 == word.seq2,
                false => lately.seq1 == word.seq1 || word.seq1 == NO_NUMBER,
            };
            is_it && now < lately.at + LATELY
        })
    }

    /// Takes one packet whose time is up: repeats it, or gives up on it.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Overdue> {
        let index = self
            .unanswered
            .iter()
            .position(|packet| packet.due <= now)?;
        if self.unanswered[index].sends >= MAX_SENDS {
            let packet = self.unanswered.remove(index);
            self.give_memory_back();
            return Some(Overdue::Failed(packet.purpose));
        }
        let mut packet = self.unanswered.remove(index);
        packet.sends += 1;
        packet.due = now + REPEAT_AFTER;
        let datagram = self.seal(&packet);
        self.unanswered.push(packet);
        Some(Overdue::Repeat(datagram))
    }

    fn take(&mut self, now: Instant, wanted: impl Fn(&Unanswered) -> bool) -> Option<Answered> {
        let index = self.unanswered.iter().position(wanted)?;
        let packet = self.unanswered.remove(index);
        self.give_memory_back();
        if packet.purpose != Purpose::Login {
            self.lately_answered = Some(Lately {
                seq1: packet.seq1,
                seq2: packet.seq2,
                at: now,
            });
        }
        Some(Answered {
            purpose: packet.purpose,
            sent_once: packet.sends == 1,
        })
    }

    /// Thousands of sessions are idle at a time; none keeps room it does not need.
    fn give_memory_back(&mut self) {
        if self.unanswered.is_empty() {
            self.unanswered = Vec::new();
        }
    }

    fn take_seq1(&mut self) -> u16 {
        let seq1 = self.next_seq1;
        self.next_seq1 = seq1.wrapping_add(1);
        seq1
    }

    /// Requests are counted, keep-alives are not (§4.3); 0 is no request, also when the count goes round.
    fn take_seq2(&mut self, purpose: Purpose) -> u16 {
        if purpose == Purpose::KeepAlive {
            return UNSOLICITED;
        }
        let seq2 = self.next_seq2;
        self.next_seq2 = seq2.checked_add(1).unwrap_or(1);
        seq2
    }

    /// Every send gets a check word of its own, the repetition too (§4.2).
    fn seal(&mut self, packet: &Unanswered) -> Vec<u8> {
        self.seal_as(
            self.session_id,
            packet.command,
            packet.seq1,
            packet.seq2,
            &packet.body,
        )
    }

    fn seal_as(
        &mut self,
        session_id: u32,
        command: u16,
        seq1: u16,
        seq2: u16,
        body: &[u8],
    ) -> Vec<u8> {
        let header = Header {
            version: self.dialect.version(),
            command,
            seq1,
            seq2,
            uin: self.uin,
            session_id,
        };
        let noise = Noise::from(self.random.next_u64());
        self.dialect.seal(Side::Client, &header, noise, body)
    }
}

/// Clients repeat after 10 s, and send 6 times in all (§4.2).
pub(super) const REPEAT_AFTER: Duration = Duration::from_secs(10);
pub(super) const MAX_SENDS: u8 = 6;

/// How long to wait when the server is busy, twice as long each time (§4.8).
const BUSY_WAIT: Duration = Duration::from_secs(5);
const LONGEST_BUSY_WAIT: Duration = Duration::from_secs(60);

/// How long after its acknowledgement a request can still be disowned.
const LATELY: Duration = Duration::from_secs(5);

/// `seq2` of packets that nobody asked for, and of keep-alives.
const UNSOLICITED: u16 = 0;

/// `seq1` of a word that does not say what it is on.
const NO_NUMBER: u16 = 0;

/// As clients of record do (§4.3, §4.4).
const SESSION_ID_MASK: u32 = 0x3FFF_FFFF;
const FIRST_SEQ1_MASK: u32 = 0x7FFF;
