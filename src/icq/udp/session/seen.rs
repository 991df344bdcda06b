//! Which of the server's packets were seen already (`icq-udp.md` §4.3).

use std::hash::{DefaultHasher, Hash, Hasher};

/// The packets that came, alone and inside others. Those inside have a filter of their own, for the
/// first of them may have the number of the packet it is in (§4.6).
#[derive(Debug)]
pub(super) struct Received {
    alone: Seen,
    inside: Option<Box<Inside>>,
    first: Option<Box<First>>,
}

/// Kept from the first packet on that came inside another.
#[derive(Debug)]
struct Inside {
    seen: Seen,
    /// With those that came alone: where packets are sent one in another, each of the two is nothing but
    /// gaps.
    all: Seen,
}

/// What the first packets of a session said, by their numbers; 0 where none has come.
type First = [u32; FIRST];

impl Default for Received {
    fn default() -> Self {
        Self {
            alone: Seen::default(),
            inside: None,
            first: Some(Box::new([0; FIRST])),
        }
    }
}

impl Received {
    /// Whether a packet that comes alone says something else than the one that came under its number.
    ///
    /// A server that does not look for repetitions begins a session anew when the copy of a login comes
    /// late (open-oscar-server does), and counts from the start: what it says then would pass for
    /// repetitions, be acknowledged, and be lost.
    pub(super) fn contradicts(&mut self, seq1: u16, command: u16, body: &[u8]) -> bool {
        let place = usize::from(seq1).checked_sub(1);
        let first = self.first.as_mut();
        let Some(known) = first.zip(place).and_then(|(first, at)| first.get_mut(at)) else {
            return false;
        };
        let digest = digest(command, body);
        if *known == 0 {
            *known = digest;
        }
        *known != digest
    }

    /// No copy of the login can be on its way any more.
    pub(super) fn forget_the_first(&mut self) {
        self.first = None;
    }

    /// Notes a packet that came alone; `false` if it was seen before.
    pub(super) fn insert(&mut self, seq1: u16) -> bool {
        if let Some(inside) = &mut self.inside {
            inside.all.insert(seq1);
        }
        self.alone.insert(seq1)
    }

    /// Notes a packet inside another; `false` if it was seen before.
    pub(super) fn insert_inside(&mut self, seq1: u16) -> bool {
        let alone = &self.alone;
        let inside = self.inside.get_or_insert_with(|| {
            Box::new(Inside {
                seen: Seen::default(),
                all: alone.clone(),
            })
        });
        inside.all.insert(seq1);
        inside.seen.insert(seq1)
    }

    /// Whether every number from `first` to `last` came, alone or inside: servers that count both
    /// in one leave gaps among those that came alone.
    pub(super) fn has_all(&self, first: u16, last: u16) -> bool {
        let all = self.inside.as_ref().map_or(&self.alone, |it| &it.all);
        let end = all.end_of_run(first);
        !is_ahead(first, last)
            && end.is_some_and(|end| last.wrapping_sub(first) <= end.wrapping_sub(first))
    }

    /// Whether nothing came inside another packet.
    pub(super) const fn came_singly(&self) -> bool {
        self.inside.is_none()
    }

    /// Whether a number is near those that came: further ahead or behind no server counts within the
    /// time that a session lives without hearing it.
    pub(super) fn is_near(&self, seq1: u16) -> bool {
        self.newest().is_none_or(|newest| {
            seq1.wrapping_sub(newest) <= NEAR || newest.wrapping_sub(seq1) <= NEAR
        })
    }

    /// The number that is ahead of all others that came alone.
    pub(super) fn newest(&self) -> Option<u16> {
        self.alone.newest()
    }
}

/// The `seq1` values seen, as runs of consecutive numbers.
///
/// A server counts its packets, so the numbers seen are one run, and a gap in it is a packet that
/// was lost or is still on its way. That keeps thousands of numbers in a few bytes, where a list of
/// the last 20 would take a repetition for news as soon as 20 others came between.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// The oldest first, in no order of numbers: they go round.
    runs: Vec<Run>,
}

/// All numbers from `first` to `last`.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u16,
    last: u16,
}

impl Seen {
    /// Notes a number; `false` if it was seen before.
    fn insert(&mut self, seq1: u16) -> bool {
        if self.contains(seq1) {
            return false;
        }
        self.forget_what_is_far_behind(seq1);

        let before = self.position(|run| run.last.wrapping_add(1) == seq1);
        let after = self.position(|run| run.first == seq1.wrapping_add(1));
        match (before, after) {
            (Some(before), Some(after)) => {
                self.runs[before].last = self.runs[after].last;
                self.runs.remove(after);
            }
            (Some(before), None) => self.runs[before].last = seq1,
            (None, Some(after)) => self.runs[after].first = seq1,
            (None, None) => {
                if self.runs.len() == MAX_RUNS {
                    self.runs.remove(0);
                }
                self.runs.push(Run {
                    first: seq1,
                    last: seq1,
                });
            }
        }
        true
    }

    /// Whether a number was seen.
    fn contains(&self, seq1: u16) -> bool {
        self.end_of_run(seq1).is_some()
    }

    /// The last of the numbers seen without a gap from `seq1` on.
    fn end_of_run(&self, seq1: u16) -> Option<u16> {
        let run = self.runs.iter().find(|run| run.contains(seq1))?;
        Some(run.last)
    }

    /// The number that is ahead of all others.
    fn newest(&self) -> Option<u16> {
        self.runs
            .iter()
            .map(|run| run.last)
            .reduce(|newest, last| if is_ahead(last, newest) { last } else { newest })
    }

    fn position(&self, wanted: impl Fn(&Run) -> bool) -> Option<usize> {
        self.runs.iter().position(wanted)
    }

    /// Numbers come round again; what lies a quarter turn behind `seq1` cannot be a repetition of it.
    fn forget_what_is_far_behind(&mut self, seq1: u16) {
        let is_far_behind = |number: u16| {
            let behind = seq1.wrapping_sub(number);
            (FAR_BEHIND..HALF_A_TURN).contains(&behind)
        };
        self.runs.retain(|run| !is_far_behind(run.last));
        for run in &mut self.runs {
            if is_far_behind(run.first) {
                run.first = seq1.wrapping_sub(FAR_BEHIND - 1);
            }
        }
    }
}

impl Run {
    const fn contains(&self, seq1: u16) -> bool {
        seq1.wrapping_sub(self.first) <= self.last.wrapping_sub(self.first)
    }
}

/// Whether one number is ahead of another, which goes for the half of all numbers after it.
pub(super) const fn is_ahead(seq1: u16, of: u16) -> bool {
    seq1 != of && seq1.wrapping_sub(of) < HALF_A_TURN
}

fn digest(command: u16, body: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    (command, body).hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}

/// How many packets of a session's beginning are known by what they said: as many as a server may send
/// before one of them is acknowledged, so that the first that comes of a new beginning is among them.
const FIRST: usize = 32;

/// Gaps that are remembered at a time; beyond that the oldest numbers are forgotten.
const MAX_RUNS: usize = 64;

/// No server repeats a packet after it has sent so many others.
const FAR_BEHIND: u16 = 0x4000;

/// How far a number may be from the newest: guessed, one of thirty is.
const NEAR: u16 = 0x0400;

const HALF_A_TURN: u16 = 0x8000;

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let mut seen = Seen::default();

        assert!(seen.insert(7));
        assert!(!seen.insert(7));
        assert!(seen.insert(6));
        assert!(seen.insert(9));
        assert!(seen.insert(8));

        for seq1 in 6..=9 {
            assert!(!seen.insert(seq1), "{seq1}");
        }
        assert!(!seen.contains(5));
        assert!(!seen.contains(10));
    }

    #[test]
    fn a_repetition_is_known_after_thousands_of_others_and_costs_four_bytes() {
        let mut seen = Seen::default();
        for seq1 in 0..5000 {
            seen.insert(seq1);
        }

        assert!(!seen.insert(3));
        assert_eq!(seen.runs.len() * size_of::<Run>(), 4);
    }

    #[test]
    fn a_number_far_from_the_newest_is_not_near() {
        let mut received = Received::default();
        assert!(received.is_near(40_000));

        received.insert(10);

        for near in [10, 11, 9, 1000, 65_000] {
            assert!(received.is_near(near), "{near}");
        }
        for far in [1035, 30_000, 64_000] {
            assert!(!received.is_near(far), "{far}");
        }
    }

    #[test]
    fn gaps_show_until_they_are_filled() {
        let mut received = Received::default();
        for seq1 in [65_534, 65_535, 1, 2] {
            received.insert(seq1);
        }
        assert!(!received.has_all(65_534, 2));
        assert!(received.has_all(1, 2));
        assert!(!received.has_all(2, 1));
        assert_eq!(received.newest(), Some(2));

        received.insert(0);

        assert!(received.has_all(65_534, 2));
    }

    #[test]
    fn what_came_inside_fills_gaps_and_is_filtered_apart() {
        let mut received = Received::default();
        for seq1 in [5, 8] {
            received.insert(seq1);
        }
        assert!(!received.has_all(5, 8));

        for seq1 in [5, 6, 7] {
            assert!(received.insert_inside(seq1), "{seq1}");
        }

        assert!(received.has_all(5, 8));
        assert!(!received.insert_inside(6));
        assert!(received.insert(6));
    }

    #[test]
    fn hundreds_of_packets_inside_others_leave_no_gap() {
        let mut received = Received::default();
        let outers = (3..=900).step_by(3);
        for outer in outers {
            received.insert(outer);
            received.insert_inside(outer - 2);
            received.insert_inside(outer - 1);
        }

        assert!(received.has_all(1, 900));
        assert!(!received.has_all(1, 901));
    }

    #[test]
    fn numbers_that_came_round_are_new_again_even_where_gaps_stayed_open() {
        let mut seen = Seen::default();
        let mut taken = 0_u32;

        for turn in 0..3_u32 {
            for seq1 in 0..=u16::MAX {
                let lost = seq1 % 1000 == 17;
                if !lost {
                    assert!(seen.insert(seq1), "turn {turn}, {seq1}");
                    taken += 1;
                }
            }
        }

        assert_eq!(taken, 3 * (65_536 - 66));
    }

    #[test]
    fn a_number_that_comes_again_with_something_else_is_no_repetition() {
        let mut received = Received::default();
        assert!(!received.contradicts(1, 7, b"a"));
        assert!(!received.contradicts(1, 7, b"a"));
        assert!(!received.contradicts(2, 7, b"b"));

        assert!(received.contradicts(1, 7, b"b"));
        assert!(received.contradicts(1, 8, b"a"));
        // The answers to logins all have this number.
        assert!(!received.contradicts(0, 7, b"a"));
        assert!(!received.contradicts(0, 7, b"b"));

        received.forget_the_first();
        assert!(!received.contradicts(1, 7, b"b"));
    }

    #[test]
    fn numbers_without_order_take_bounded_memory() {
        let mut seen = Seen::default();
        for step in 0..2000_u16 {
            seen.insert(step.wrapping_mul(9973));
        }

        assert!(seen.runs.len() <= MAX_RUNS);
    }
}
