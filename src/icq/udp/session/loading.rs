//! What a login brings with it: who is online, up to 0x021C, and the messages that waited, up to
//! 0x00E6 (`icq-udp.md` §6.4, §7.5).
//!
//! The server forgets the messages that waited when it is told 0x0442, all of them, also one whose
//! packet was lost on the way: IServerd does not repeat (§4.2). So that is said only after 0x00E6
//! came, every number before it was seen, and every message is safe. Where something is missing the
//! list is sent again, on which IServerd tells everything once more; what it repeats is left out here.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use super::seen::{Seen, is_ahead};
use crate::icq::Receipt;
use crate::icq::udp::from_server::OfflineMessage;
use crate::model::{Message, Uin, UnixTime};

/// What is still to come, and what is kept until it has come.
#[derive(Debug)]
pub(super) struct Loading {
    phase: Phase,
    /// Sent again when something is missing.
    last_chunk: Option<Vec<Uin>>,
    chunks_left: usize,
    lists_awaited: usize,
    list_loaded: bool,
    list_told: bool,
    round: Round,
    rounds_left: u8,
    /// All that waited was reported, and the server said so.
    is_whole: bool,
    end_told: bool,
    /// Reported when the round is over: they come in no order.
    collected: Vec<Stored>,
    /// What the server keeps, told apart by a hash, and how often.
    known: BTreeMap<u64, Count>,
    has_more_than_is_known: bool,
    not_safe: BTreeSet<Receipt>,
    deletion_asked: bool,
}

/// A message that waited on the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stored {
    pub(super) from: Uin,
    pub(super) sent: UnixTime,
    pub(super) message: Message,
}

/// What to do now.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Everybody on the list who is online was reported.
    ListLoaded,
    /// Send this part of the list again.
    AskAgain(Vec<Uin>),
    /// Report these; [`Loading::wait_for`] their receipts.
    Report(Vec<Stored>),
    /// All messages that waited were reported.
    OfflineMessagesEnd,
    /// Let the server forget them.
    Delete,
    /// Nothing more will come.
    Done,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The list is on its way.
    Asking,
    /// The server has the list; by then its answers are overdue.
    Waiting { until: Instant },
    /// Nothing more is waited for; repetitions are still known for what they are.
    Over { until: Option<Instant> },
}

/// One telling of everything by the server.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// `seq1` of its first packet, seen or not.
    first: Option<u16>,
    /// `seq1` of its 0x00E6.
    last: Option<u16>,
    /// It brought a message that no round before had.
    has_news: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    taken: u16,
    in_this_round: u16,
}

impl Loading {
    /// Everything is to come; the list leaves in `chunks`, of which this is the last.
    pub(super) fn after_login(chunks: usize, last_chunk: Vec<Uin>) -> Self {
        Self {
            phase: Phase::Asking,
            last_chunk: Some(last_chunk),
            chunks_left: chunks,
            lists_awaited: chunks,
            list_loaded: false,
            list_told: false,
            round: Round::default(),
            rounds_left: MORE_ROUNDS,
            is_whole: false,
            end_told: false,
            collected: Vec::new(),
            known: BTreeMap::new(),
            has_more_than_is_known: false,
            not_safe: BTreeSet::new(),
            deletion_asked: false,
        }
    }

    /// A message came when nothing was expected any more.
    pub(super) fn unexpected() -> Self {
        Self {
            phase: Phase::Over { until: None },
            last_chunk: None,
            list_loaded: true,
            list_told: true,
            rounds_left: 0,
            end_told: true,
            ..Self::after_login(0, Vec::new())
        }
    }

    /// A packet came that had not been seen.
    pub(super) fn note(&mut self, seq1: u16) {
        self.round.first.get_or_insert(seq1);
    }

    /// The server has a chunk of the list, or will never have it.
    pub(super) fn chunk_ended(&mut self, now: Instant) {
        self.chunks_left = self.chunks_left.saturating_sub(1);
        if self.chunks_left == 0 && matches!(self.phase, Phase::Asking) {
            self.phase = Phase::Waiting {
                until: now + ANSWER_WAIT,
            };
        }
    }

    /// 0x021C came, which the server says after each chunk. `true` if it answers the last of them.
    pub(super) fn list_done(&mut self) -> bool {
        self.lists_awaited = self.lists_awaited.saturating_sub(1);
        let is_last = self.lists_awaited == 0 || self.chunks_left == 0;
        self.list_loaded |= is_last;
        is_last
    }

    /// 0x00DC came. `false` for a message that is known already.
    pub(super) fn is_news(&mut self, now: Instant, seq1: u16, packet: &OfflineMessage<'_>) -> bool {
        match &mut self.phase {
            Phase::Asking => {}
            Phase::Waiting { until } => *until = now + ANSWER_WAIT,
            Phase::Over { .. } => self.begin_round(
                Phase::Waiting {
                    until: now + ANSWER_WAIT,
                },
                Some(seq1),
            ),
        }
        self.deletion_asked = false;
        if self.known.len() >= MOST_KNOWN {
            self.has_more_than_is_known = true;
            return false;
        }
        let count = self.known.entry(fingerprint(packet)).or_default();
        count.in_this_round += 1;
        let is_news = count.in_this_round > count.taken;
        if is_news {
            count.taken = count.in_this_round;
            self.round.has_news = true;
        }
        is_news
    }

    /// A new message, to be reported when its round is over.
    pub(super) fn collect(&mut self, stored: Stored) {
        self.collected.push(stored);
    }

    /// 0x00E6 came.
    pub(super) fn offline_end(&mut self, seq1: u16) {
        self.round.last = Some(seq1);
    }

    /// A message was reported: the server keeps it until this receipt is safe.
    pub(super) fn wait_for(&mut self, receipt: Receipt) {
        self.not_safe.insert(receipt);
    }

    /// What came with this receipt is safe.
    pub(super) fn safe(&mut self, receipt: Receipt) {
        self.not_safe.remove(&receipt);
    }

    /// The server was told to forget the messages.
    pub(super) fn deletion_ended(&mut self, now: Instant) {
        if let Phase::Over { until } = &mut self.phase {
            *until = Some(now + LATE_REPETITIONS);
        }
    }

    /// When time alone brings a [`Step`].
    pub(super) const fn due(&self) -> Option<Instant> {
        match self.phase {
            Phase::Asking => None,
            Phase::Waiting { until } => Some(until),
            Phase::Over { until } => until,
        }
    }

    /// The next thing to do. To be called until it gives `None`.
    pub(super) fn next(&mut self, now: Instant, seen: &Seen) -> Option<Step> {
        let is_overdue = self.due().is_some_and(|due| due <= now);
        if !self.list_told && (self.list_loaded || is_overdue) {
            self.list_told = true;
            return Some(Step::ListLoaded);
        }
        if self.collected.len() >= MOST_COLLECTED {
            return Some(self.report());
        }
        if let Phase::Over { .. } = self.phase {
            return self.clear_up(is_overdue);
        }
        if self.round_is_whole(seen) {
            self.is_whole = true;
            if let Some(step) = self.report_what_there_is() {
                return Some(step);
            }
            if self.list_told {
                let until = match self.known.len() {
                    0 => Some(now),
                    _ if self.has_more_than_is_known => Some(now + LATE_REPETITIONS),
                    _ => None,
                };
                self.phase = Phase::Over { until };
                return self.next(now, seen);
            }
            return None;
        }
        if !is_overdue {
            return None;
        }
        if self.rounds_left > 0
            && let Some(chunk) = self.last_chunk.clone()
        {
            self.rounds_left -= 1;
            self.chunks_left = 1;
            self.begin_round(
                Phase::Asking,
                seen.newest().map(|newest| newest.wrapping_add(1)),
            );
            return Some(Step::AskAgain(chunk));
        }
        self.phase = Phase::Over {
            until: Some(now + LATE_REPETITIONS),
        };
        self.next(now, seen)
    }

    fn begin_round(&mut self, phase: Phase, first: Option<u16>) {
        self.phase = phase;
        self.is_whole = false;
        self.round = Round {
            first,
            ..Round::default()
        };
        for count in self.known.values_mut() {
            count.in_this_round = 0;
        }
    }

    /// Whether 0x00E6 came and nothing before it is missing. A server whose numbers have gaps of their
    /// own is taken at its word when a second telling brought nothing new.
    fn round_is_whole(&self, seen: &Seen) -> bool {
        let (Some(first), Some(last)) = (self.round.first, self.round.last) else {
            return false;
        };
        let is_second = self.rounds_left < MORE_ROUNDS && self.last_chunk.is_some();
        seen.contains_all(first, last)
            || (is_second && is_ahead(last, first) && !self.round.has_news)
    }

    /// The end of a round: its messages, then the word that this was all.
    fn report_what_there_is(&mut self) -> Option<Step> {
        if !self.collected.is_empty() {
            return Some(self.report());
        }
        if !self.end_told {
            self.end_told = true;
            return Some(Step::OfflineMessagesEnd);
        }
        None
    }

    fn report(&mut self) -> Step {
        let mut stored = std::mem::take(&mut self.collected);
        stored.sort_by_key(|stored| stored.sent);
        Step::Report(stored)
    }

    fn clear_up(&mut self, is_overdue: bool) -> Option<Step> {
        if let Some(step) = self.report_what_there_is() {
            return Some(step);
        }
        let may_be_deleted = self.is_whole
            && !self.known.is_empty()
            && !self.has_more_than_is_known
            && self.not_safe.is_empty();
        if may_be_deleted && !self.deletion_asked {
            self.deletion_asked = true;
            return Some(Step::Delete);
        }
        is_overdue.then_some(Step::Done)
    }
}

/// Tells messages apart that a server tells twice: sender, time, kind and text (§7.5).
fn fingerprint(packet: &OfflineMessage<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    packet.from_uin.hash(&mut hasher);
    (packet.year, packet.month, packet.day).hash(&mut hasher);
    (packet.hour, packet.minute, packet.msg_type).hash(&mut hasher);
    packet.text.hash(&mut hasher);
    hasher.finish()
}

/// The calendar date as a time, to the minute, in UTC. What is no date gives some time: the message
/// matters more.
pub(super) fn time_of(packet: &OfflineMessage<'_>) -> UnixTime {
    let year = u64::from(packet.year.max(1970));
    let leap_days_before = |year: u64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let is_leap = leap_days_before(year + 1) > leap_days_before(year);
    let months_before = usize::from(packet.month.clamp(1, 12) - 1);
    let leap_day = u64::from(is_leap && months_before >= 2);

    let days = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970)
        + DAYS_BEFORE_MONTH[months_before]
        + leap_day
        + u64::from(packet.day.max(1) - 1);
    let minutes = u64::from(packet.hour) * 60 + u64::from(packet.minute);
    UnixTime::from_secs(days * 86_400 + minutes * 60)
}

const DAYS_BEFORE_MONTH: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// A little more than a server that repeats lets pass before it does (§4.2).
const ANSWER_WAIT: Duration = Duration::from_secs(12);

/// How often the list is sent again for what is missing.
const MORE_ROUNDS: u8 = 2;

/// How long after the deletion repetitions may still arrive.
const LATE_REPETITIONS: Duration = Duration::from_secs(60);

/// How many messages are put in order at a time, and how many are told apart in all.
const MOST_COLLECTED: usize = 256;
const MOST_KNOWN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(minute: u8, text: &str) -> OfflineMessage<'_> {
        OfflineMessage {
            from_uin: Uin(1001),
            year: 2001,
            month: 9,
            day: 9,
            hour: 1,
            minute,
            msg_type: 1,
            text: text.as_bytes(),
        }
    }

    #[test]
    fn dates_become_times() {
        for (date, secs) in [
            ((1970, 1, 1, 0, 0), 0),
            ((1999, 12, 31, 23, 59), 946_684_740),
            ((2000, 2, 29, 12, 0), 951_825_600),
            ((2000, 3, 1, 0, 0), 951_868_800),
            ((2001, 9, 9, 1, 46), 999_999_960),
            ((2100, 3, 1, 0, 0), 4_107_542_400),
        ] {
            let (year, month, day, hour, minute) = date;
            let packet = OfflineMessage {
                year,
                month,
                day,
                hour,
                ..packet(minute, "")
            };
            assert_eq!(time_of(&packet), UnixTime::from_secs(secs), "{date:?}");
        }
    }

    #[test]
    fn what_is_no_date_is_no_panic() {
        for byte in [0, 13, 255] {
            for year in [0, 1969, u16::MAX] {
                time_of(&OfflineMessage {
                    year,
                    month: byte,
                    day: byte,
                    hour: byte,
                    ..packet(byte, "")
                });
            }
        }
    }

    #[test]
    fn two_equal_messages_of_one_round_are_two_and_of_two_rounds_one() {
        let now = Instant::now();
        let mut loading = Loading::after_login(1, Vec::new());

        assert!(loading.is_news(now, 1, &packet(46, "hi")));
        assert!(loading.is_news(now, 2, &packet(46, "hi")));

        loading.begin_round(Phase::Asking, None);
        assert!(!loading.is_news(now, 3, &packet(46, "hi")));
        assert!(!loading.is_news(now, 4, &packet(46, "hi")));
        assert!(loading.is_news(now, 5, &packet(46, "hi")));
    }
}
