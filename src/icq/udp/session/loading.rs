//! What a login brings with it: who is online, up to 0x021C, and the messages that waited, up to
//! 0x00E6 (`icq-udp.md` §6.4, §7.5).
//!
//! The server forgets the messages that waited when it is told 0x0442, all of them, also one whose
//! packet was lost on the way: IServerd does not repeat (§4.2). So that is said only when the
//! numbers of the packets show that none is missing, and when every message is safe. Where one is
//! missing the list is sent again, on which IServerd tells everything once more; what it repeats is
//! left out here. On a bad line that may take many rounds: after the first few nobody waits for them,
//! and they become rare, but they do not end.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use super::requests::Told;
use super::seen::{Received, is_ahead};
use crate::icq::Receipt;
use crate::icq::udp::from_server::{OfflineMessage, Sent};
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
    /// The request for the messages that wait has left, or leaves with the list.
    messages_asked: bool,
    /// When the latest message of all was sent.
    latest: UnixTime,
    /// How often the list was sent again.
    rounds: u32,
    /// The first packet after the login or after the list was sent again, each 0x021C and each
    /// 0x00E6, by `seq1`.
    beginnings: Vec<u16>,
    /// The beginning before which there can be no message.
    first: Option<u16>,
    lists: Vec<u16>,
    ends: Vec<u16>,
    /// All that waited was told.
    is_whole: bool,
    end_told: bool,
    /// What the server keeps, told apart by a hash.
    known: BTreeMap<u64, Known>,
    /// Which of them came in which packet since they were last reported.
    told: Vec<(u16, u64)>,
    /// The same since the list was sent again, reported or not.
    heard: Vec<(u16, u64)>,
    has_more_than_is_known: bool,
    not_safe: BTreeSet<Receipt>,
    deletion_asked: bool,
    /// The server keeps nothing any more that was told, and whether that was said.
    is_gone: bool,
    gone_told: bool,
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
    /// Ask for the messages that wait. Not before the list was told: open-oscar-server works on packets
    /// in any order (§17) and begins to count with the number of the reply to the login, so a message
    /// told before the list could bear that number, and nobody would miss it.
    AskForMessages,
    /// Send this part of the list again, and the request for messages.
    AskAgain(Vec<Uin>),
    /// Report these; [`Loading::wait_for`] their receipts.
    Report(Vec<Stored>),
    /// All messages that waited were reported.
    OfflineMessagesEnd,
    /// Let the server forget them.
    Delete(Told),
    /// The server keeps none of them any more.
    OfflineMessagesGone,
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

/// One message of those that waited, or several that nothing tells apart.
#[derive(Debug)]
struct Known {
    /// Came before those with a larger one.
    order: usize,
    reported: usize,
    /// What to report when everything is there: they come in no order of time.
    stored: Option<Stored>,
}

impl Loading {
    /// Everything is to come; the list leaves in `chunks`, of which this is the last. The reply to
    /// the login was number `seq1`: the server counts on from there.
    pub(super) fn after_login(seq1: u16, chunks: usize, last_chunk: Vec<Uin>) -> Self {
        Self {
            phase: Phase::Asking,
            last_chunk: Some(last_chunk),
            chunks_left: chunks,
            lists_awaited: chunks,
            list_loaded: false,
            list_told: false,
            messages_asked: false,
            latest: UnixTime::default(),
            rounds: 0,
            beginnings: vec![seq1.wrapping_add(1)],
            first: Some(seq1.wrapping_add(1)),
            lists: Vec::new(),
            ends: Vec::new(),
            is_whole: false,
            end_told: false,
            known: BTreeMap::new(),
            told: Vec::new(),
            heard: Vec::new(),
            has_more_than_is_known: false,
            not_safe: BTreeSet::new(),
            deletion_asked: false,
            is_gone: false,
            gone_told: false,
        }
    }

    /// A message came when nothing was expected any more.
    pub(super) fn unexpected() -> Self {
        Self {
            phase: Phase::Over { until: None },
            last_chunk: None,
            list_loaded: true,
            list_told: true,
            messages_asked: true,
            is_whole: true,
            end_told: true,
            ..Self::after_login(0, 0, Vec::new())
        }
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
    pub(super) fn list_done(&mut self, seq1: u16) -> bool {
        note(&mut self.lists, seq1);
        self.lists_awaited = self.lists_awaited.saturating_sub(1);
        let is_last = self.lists_awaited == 0 || self.chunks_left == 0;
        self.list_loaded |= is_last;
        is_last
    }

    /// 0x00DC came.
    pub(super) fn offline_message(
        &mut self,
        now: Instant,
        seq1: u16,
        packet: &OfflineMessage<'_>,
        read: impl FnOnce() -> Stored,
    ) {
        let waiting = Phase::Waiting {
            until: now + ANSWER_WAIT,
        };
        match self.phase {
            Phase::Asking => {}
            Phase::Waiting { .. } => self.phase = waiting,
            Phase::Over { .. } => {
                self.phase = waiting;
                if self.is_whole {
                    self.is_whole = false;
                    self.beginnings = vec![seq1];
                    self.first = Some(seq1);
                    self.lists.clear();
                    self.ends.clear();
                }
            }
        }
        self.deletion_asked = false;
        self.is_gone = false;
        self.gone_told = false;
        self.latest = self.latest.max(time_of(packet));
        let order = self.known.len();
        if order >= MOST_KNOWN || self.told.len() >= MOST_KNOWN {
            self.has_more_than_is_known = true;
            return;
        }
        let hash = fingerprint(packet);
        self.told.push((seq1, hash));
        if self.heard.len() < MOST_KNOWN {
            self.heard.push((seq1, hash));
        }
        let known = self.known.entry(hash).or_insert(Known {
            order,
            reported: 0,
            stored: None,
        });
        known.stored.get_or_insert_with(read);
    }

    /// 0x00E6 came.
    pub(super) fn offline_end(&mut self, seq1: u16) {
        note(&mut self.ends, seq1);
    }

    /// A message was reported: the server keeps it until this receipt is safe.
    pub(super) fn wait_for(&mut self, receipt: Receipt) {
        self.not_safe.insert(receipt);
    }

    /// What came with this receipt is safe.
    pub(super) fn safe(&mut self, receipt: Receipt) {
        self.not_safe.remove(&receipt);
    }

    /// The server was told to forget the messages, and `has_heard` it, or was told often enough.
    pub(super) fn deletion_ended(&mut self, now: Instant, has_heard: bool) {
        // One that came since is not among them.
        self.is_gone = has_heard && self.deletion_asked;
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
    pub(super) fn next(&mut self, now: Instant, received: &Received) -> Option<Step> {
        let is_overdue = self.due().is_some_and(|due| due <= now);
        if !self.list_told && (self.list_loaded || is_overdue) {
            self.list_told = true;
            return Some(Step::ListLoaded);
        }
        if self.list_loaded && !self.messages_asked {
            self.messages_asked = true;
            if let Phase::Waiting { until } = &mut self.phase {
                *until = now + ANSWER_WAIT;
            }
            return Some(Step::AskForMessages);
        }
        if self.told.len() >= MOST_COLLECTED
            && let Some(step) = self.report()
        {
            return Some(step);
        }
        // What was missing may come after it was waited for.
        self.is_whole = self.is_whole || self.nothing_is_missing(received);
        if let Phase::Over { .. } = self.phase {
            return self.clear_up(is_overdue, received);
        }
        if self.is_whole {
            if let Some(step) = self.report_what_there_is() {
                return Some(step);
            }
            if !self.list_told {
                return None;
            }
            let until = match self.known.len() {
                0 => Some(now),
                _ if self.has_more_than_is_known => Some(now + LATE_REPETITIONS),
                _ => None,
            };
            self.phase = Phase::Over { until };
            return self.next(now, received);
        }
        if !is_overdue {
            return None;
        }
        if self.rounds < QUICK_ROUNDS
            && let Some(step) = self.ask_again(received)
        {
            return Some(step);
        }
        self.phase = Phase::Over {
            until: Some(now + self.pause()),
        };
        self.next(now, received)
    }

    /// The list is sent once more, if it is known.
    fn ask_again(&mut self, received: &Received) -> Option<Step> {
        let chunk = self.last_chunk.clone()?;
        self.rounds = self.rounds.saturating_add(1);
        self.messages_asked = true;
        self.chunks_left = 1;
        self.heard.clear();
        self.phase = Phase::Asking;
        let next = received.newest().map(|newest| newest.wrapping_add(1));
        if let Some(next) = next {
            note(&mut self.beginnings, next);
        }
        Some(Step::AskAgain(chunk))
    }

    /// How long nothing is asked when something is still missing.
    fn pause(&self) -> Duration {
        let doublings = self.rounds.saturating_sub(QUICK_ROUNDS).min(16);
        LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.pow(doublings))
    }

    /// Whether the messages were told to the end and none was lost: every packet came from some
    /// beginning to an end behind it, or the packets between the word that the list is done, which goes
    /// before the messages, and the end can be nothing but the messages that are known.
    ///
    /// A telling that brings fewer than are known was no telling of all of them: some servers tell each
    /// message once. Only what came from the very first packet on needs no such proof.
    fn nothing_is_missing(&self, received: &Received) -> bool {
        let is_whole = |beginning: u16, end: u16| {
            received.has_all(beginning, end)
                && (Some(beginning) == self.first || self.brings_all(beginning, end))
        };
        self.ends.iter().any(|&end| {
            let mut beginnings = self.beginnings.iter();
            let mut lists = self.lists.iter();
            beginnings.any(|&beginning| is_whole(beginning, end))
                || lists.any(|&list| self.can_only_be_messages(received, list, end))
        })
    }

    /// Whether as many messages came between two packets as are known in all.
    fn brings_all(&self, beginning: u16, end: u16) -> bool {
        let is_between = |seq1: u16| seq1.wrapping_sub(beginning) <= end.wrapping_sub(beginning);
        let told = self.heard.iter().copied();
        let told = told.filter(|(seq1, _)| is_between(*seq1)).collect();
        let count: usize = counts_by_telling(told).values().sum();
        count >= self.count_known()
    }

    /// Whether there are as many packets between the end of the list and that of the messages as messages
    /// are known, and those of them that came are messages.
    fn can_only_be_messages(&self, received: &Received, list: u16, end: u16) -> bool {
        let count = usize::from(end.wrapping_sub(list).wrapping_sub(1));
        if !received.came_singly() || !is_ahead(end, list) || count != self.count_known() {
            return false;
        }
        let is_told = |seq1: u16| self.heard.iter().any(|(told, _)| *told == seq1);
        let came: Vec<u16> = (1..=count)
            .map(|nth| list.wrapping_add(nth as u16))
            .filter(|&seq1| received.has_all(seq1, seq1))
            .collect();
        came.iter().all(|&seq1| is_told(seq1)) && (count == 0 || !came.is_empty())
    }

    /// How many messages are known, those that nothing tells apart counted one by one.
    fn count_known(&self) -> usize {
        let counts = counts_by_telling(self.told.clone());
        let known = self.known.iter();
        let count = known.map(|(hash, known)| {
            let told = counts.get(hash).copied().unwrap_or_default();
            known.reported.max(told)
        });
        count.sum()
    }

    /// All messages that are not reported yet, then the word that this was all.
    fn report_what_there_is(&mut self) -> Option<Step> {
        if let Some(step) = self.report() {
            return Some(step);
        }
        if !self.end_told {
            self.end_told = true;
            return Some(Step::OfflineMessagesEnd);
        }
        None
    }

    fn report(&mut self) -> Option<Step> {
        let counts = counts_by_telling(std::mem::take(&mut self.told));
        let mut news = Vec::new();
        for (hash, known) in &mut self.known {
            let Some(stored) = known.stored.take() else {
                continue;
            };
            let count = counts.get(hash).copied().unwrap_or_default();
            for _ in known.reported..count {
                news.push((known.order, stored.clone()));
            }
            known.reported = known.reported.max(count);
        }
        news.sort_by_key(|(order, stored)| (stored.sent, *order));
        let news: Vec<_> = news.into_iter().map(|(_, stored)| stored).collect();
        (!news.is_empty()).then_some(Step::Report(news))
    }

    fn clear_up(&mut self, is_overdue: bool, received: &Received) -> Option<Step> {
        if let Some(step) = self.report_what_there_is() {
            return Some(step);
        }
        let may_be_deleted = self.is_whole
            && !self.known.is_empty()
            && !self.has_more_than_is_known
            && self.not_safe.is_empty();
        if may_be_deleted && !self.deletion_asked {
            self.deletion_asked = true;
            return Some(Step::Delete(Told {
                end: self.ends.last().copied().unwrap_or_default(),
                latest: self.latest,
            }));
        }
        let was_nothing = self.is_whole && self.known.is_empty();
        if (self.is_gone || was_nothing) && !self.gone_told {
            self.gone_told = true;
            return Some(Step::OfflineMessagesGone);
        }
        if !is_overdue {
            return None;
        }
        if !self.is_whole
            && let Some(step) = self.ask_again(received)
        {
            return Some(step);
        }
        Some(Step::Done)
    }
}

/// How often each message is there. What comes twice was told twice, unless both came in one
/// telling: then nothing but messages stands between them.
fn counts_by_telling(mut told: Vec<(u16, u64)>) -> BTreeMap<u64, usize> {
    let mut most = BTreeMap::new();
    let Some(&(base, _)) = told.first() else {
        return most;
    };
    // Numbers go round: those half a turn before the first come first.
    told.sort_by_key(|(seq1, _)| seq1.wrapping_sub(base).wrapping_add(0x8000));
    for telling in told.chunk_by(|(one, _), (next, _)| next.wrapping_sub(*one) <= 1) {
        let mut counts = BTreeMap::<u64, usize>::new();
        for (_, hash) in telling {
            *counts.entry(*hash).or_default() += 1;
        }
        for (hash, count) in counts {
            let most = most.entry(hash).or_default();
            *most = count.max(*most);
        }
    }
    most
}

/// Notes a number among the last few.
fn note(numbers: &mut Vec<u16>, seq1: u16) {
    if numbers.len() == MOST_NOTED {
        numbers.remove(0);
    }
    numbers.push(seq1);
}

/// Tells messages apart that a server tells twice: sender, time, kind and text (§7.5).
fn fingerprint(packet: &OfflineMessage<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    packet.from_uin.hash(&mut hasher);
    (packet.sent, packet.msg_type).hash(&mut hasher);
    packet.text.hash(&mut hasher);
    hasher.finish()
}

/// The calendar date as a time, to the minute, in UTC. What is no date gives some time: the message
/// matters more.
pub(super) fn time_of(packet: &OfflineMessage<'_>) -> UnixTime {
    let date = match packet.sent {
        Sent::Date(date) => date,
        Sent::Unix(time) => return UnixTime::from_secs(time.into()),
    };
    let year = u64::from(date.year.max(1970));
    let leap_days_before = |year: u64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let is_leap = leap_days_before(year + 1) > leap_days_before(year);
    let months_before = usize::from(date.month.clamp(1, 12) - 1);
    let leap_day = u64::from(is_leap && months_before >= 2);

    let days = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970)
        + DAYS_BEFORE_MONTH[months_before]
        + leap_day
        + u64::from(date.day.max(1) - 1);
    let minutes = u64::from(date.hour) * 60 + u64::from(date.minute);
    UnixTime::from_secs(days * 86_400 + minutes * 60)
}

const DAYS_BEFORE_MONTH: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// A little more than a server that repeats lets pass before it does (§4.2).
const ANSWER_WAIT: Duration = Duration::from_secs(12);

/// How often the list is sent again at once for what is missing, and how long it takes from then on: twice
/// as long each time.
const QUICK_ROUNDS: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(480);

/// How long after the deletion repetitions may still arrive.
const LATE_REPETITIONS: Duration = Duration::from_secs(60);

/// How many messages are put in order at a time, and how many are told apart in all.
const MOST_COLLECTED: usize = 256;
const MOST_KNOWN: usize = 4096;

/// How many ends of lists and of messages are remembered.
const MOST_NOTED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::from_server::Date;

    fn packet(minute: u8, text: &str) -> OfflineMessage<'_> {
        OfflineMessage {
            from_uin: Uin(1001),
            sent: Sent::Date(Date {
                year: 2001,
                month: 9,
                day: 9,
                hour: 1,
                minute,
            }),
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
                sent: Sent::Date(Date {
                    year,
                    month,
                    day,
                    hour,
                    minute,
                }),
                ..packet(0, "")
            };
            assert_eq!(time_of(&packet), UnixTime::from_secs(secs), "{date:?}");
        }
    }

    #[test]
    fn what_is_no_date_is_no_panic() {
        for byte in [0, 13, 255] {
            for year in [0, 1969, u16::MAX] {
                time_of(&OfflineMessage {
                    sent: Sent::Date(Date {
                        year,
                        month: byte,
                        day: byte,
                        hour: byte,
                        minute: byte,
                    }),
                    ..packet(0, "")
                });
            }
        }
    }

    #[test]
    fn two_equal_messages_of_one_telling_are_two_and_of_two_tellings_one() {
        let telling = |from: u16, hashes: &[u64]| -> Vec<_> {
            let seq1s = (0..).map(|n| from.wrapping_add(n));
            seq1s.zip(hashes.to_vec()).collect()
        };

        let once = telling(7, &[1, 1, 2]);
        let twice = [telling(7, &[1, 1, 2]), telling(20, &[1, 1, 2])].concat();

        assert_eq!(counts_by_telling(once), BTreeMap::from([(1, 2), (2, 1)]));
        assert_eq!(counts_by_telling(twice), BTreeMap::from([(1, 2), (2, 1)]));
        assert_eq!(
            counts_by_telling(telling(65_535, &[1, 1])),
            BTreeMap::from([(1, 2)])
        );
    }
}
