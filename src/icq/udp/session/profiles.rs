//! Questions about people, each of which gets an answer (`icq-udp.md` §8.1, §8.4).
//!
//! META first, where the version has it; where that stays silent the older packet, whose answer names
//! the person instead of the request. Groupware servers leave out whom they describe: there the answer
//! repeats the request's number.

use std::time::{Duration, Instant};

use crate::model::Uin;

/// The questions nobody has answered yet, one for each person.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    uin: Uin,
    stage: Stage,
    due: Instant,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Not sent yet.
    Waits,
    /// Asked with META 0x04BA, as request `seq2`.
    Meta { seq2: u16 },
    /// Asked with 0x0460, as request `seq2` or after META request `seq2`, whose late answer is as good.
    Old { seq2: u16 },
}

/// What a question about somebody needs next.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Ask with 0x0460.
    AskTheOldWay(Uin),
    /// Nobody answers.
    GiveUp(Uin),
}

impl Profiles {
    /// Takes a question; `false` if there are too many. A second one about the same person is
    /// answered with the first.
    #[must_use]
    pub(super) fn push(&mut self, now: Instant, uin: Uin) -> bool {
        if self.open.iter().any(|open| open.uin == uin) {
            return true;
        }
        let has_room = self.open.len() < MOST_OPEN;
        if has_room {
            self.open.push(Open {
                uin,
                stage: Stage::Waits,
                due: now + PATIENCE,
            });
        }
        has_room
    }

    /// The next question that may leave.
    pub(super) fn next(&mut self) -> Option<Uin> {
        let asked = self
            .open
            .iter()
            .filter(|open| open.stage != Stage::Waits)
            .count();
        if asked >= MOST_ASKED {
            return None;
        }
        let open = self.open.iter().find(|open| open.stage == Stage::Waits)?;
        Some(open.uin)
    }

    /// A question left as META request `seq2`.
    pub(super) fn asked(&mut self, now: Instant, uin: Uin, seq2: u16) {
        if let Some(open) = self.open.iter_mut().find(|open| open.uin == uin) {
            open.stage = Stage::Meta { seq2 };
            open.due = now + META_PATIENCE;
        }
    }

    /// The same in a version without META.
    pub(super) fn asked_the_old_way(&mut self, now: Instant, uin: Uin, seq2: u16) {
        if let Some(open) = self.open.iter_mut().find(|open| open.uin == uin) {
            open.stage = Stage::Old { seq2 };
            open.due = now + META_PATIENCE + OLD_PATIENCE;
        }
    }

    /// A request leaves again under another number.
    pub(super) fn renumbered(&mut self, was: u16, is: u16) {
        for open in &mut self.open {
            match &mut open.stage {
                Stage::Meta { seq2 } | Stage::Old { seq2 } if *seq2 == was => *seq2 = is,
                Stage::Waits | Stage::Meta { .. } | Stage::Old { .. } => {}
            }
        }
    }

    /// Whom request `seq2` asked about.
    pub(super) fn asked_as(&self, seq2: u16) -> Option<Uin> {
        self.open
            .iter()
            .find(|open| open.stage == Stage::Meta { seq2 } || open.stage == Stage::Old { seq2 })
            .map(|open| open.uin)
    }

    /// META has no answer: the older packet is next.
    pub(super) fn meta_failed(&mut self, now: Instant, uin: Uin) {
        let open = self.open.iter_mut().find(|open| open.uin == uin);
        if let Some(open) = open
            && matches!(open.stage, Stage::Meta { .. })
        {
            open.due = now;
        }
    }

    /// Somebody's profile, or the word that there is none, is here. `false` if nobody asked.
    pub(super) fn answered(&mut self, uin: Uin) -> bool {
        let before = self.open.len();
        self.open
            .retain(|open| open.uin != uin || open.stage == Stage::Waits);
        let was_asked = self.open.len() < before;
        self.give_memory_back();
        was_asked
    }

    /// When [`overdue`](Self::overdue) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        self.open.iter().map(|open| open.due).min()
    }

    /// Moves a question on whose time is up. To be called until it gives `None`.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Step> {
        let index = self.open.iter().position(|open| open.due <= now)?;
        let open = &mut self.open[index];
        let uin = open.uin;
        match open.stage {
            Stage::Meta { seq2 } => {
                open.stage = Stage::Old { seq2 };
                open.due = now + OLD_PATIENCE;
                Some(Step::AskTheOldWay(uin))
            }
            Stage::Waits | Stage::Old { .. } => {
                self.open.remove(index);
                self.give_memory_back();
                Some(Step::GiveUp(uin))
            }
        }
    }

    /// Ends all questions, because the session ends.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = Uin> + use<> {
        std::mem::take(&mut self.open)
            .into_iter()
            .map(|open| open.uin)
    }

    fn give_memory_back(&mut self) {
        if self.open.is_empty() {
            self.open = Vec::new();
        }
    }
}

/// How long a question may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long META may take, and how long the older packet: two sends of each.
const META_PATIENCE: Duration = Duration::from_secs(15);
const OLD_PATIENCE: Duration = Duration::from_secs(15);

/// How many questions are open, and how many of them the server is asked at a time.
pub(super) const MOST_OPEN: usize = 64;
const MOST_ASKED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const BEN: Uin = Uin(1001);

    #[test]
    fn a_question_goes_from_meta_to_the_older_packet_to_its_end() {
        let mut now = Instant::now();
        let mut profiles = Profiles::default();
        assert!(profiles.push(now, BEN));
        assert_eq!(profiles.next(), Some(BEN));
        profiles.asked(now, BEN, 5);
        assert_eq!(profiles.asked_as(5), Some(BEN));

        assert_eq!(profiles.overdue(now), None);
        now = profiles.due().unwrap();
        assert_eq!(profiles.overdue(now), Some(Step::AskTheOldWay(BEN)));
        assert_eq!(profiles.overdue(now), None);
        now = profiles.due().unwrap();
        assert_eq!(profiles.overdue(now), Some(Step::GiveUp(BEN)));

        assert_eq!(profiles.due(), None);
    }

    #[test]
    fn an_answer_ends_the_question_once() {
        let now = Instant::now();
        let mut profiles = Profiles::default();
        assert!(profiles.push(now, BEN));
        assert!(profiles.push(now, BEN));
        profiles.asked(now, BEN, 5);

        assert!(profiles.answered(BEN));
        assert!(!profiles.answered(BEN));
        assert_eq!(profiles.next(), None);
    }

    #[test]
    fn few_questions_are_asked_at_a_time_and_not_too_many_wait() {
        let now = Instant::now();
        let mut profiles = Profiles::default();
        for n in 0..MOST_OPEN as u32 {
            assert!(profiles.push(now, Uin(2000 + n)));
        }
        assert!(!profiles.push(now, BEN));

        let mut asked = 0;
        while let Some(uin) = profiles.next() {
            asked += 1;
            profiles.asked(now, uin, asked);
        }

        assert_eq!(usize::from(asked), MOST_ASKED);
    }
}
