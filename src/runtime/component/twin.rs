//! Finds out that a second instance of this program serves the same name.
//!
//! Prosody refuses one of the two with `conflict`. ejabberd takes both and deals every stanza to one
//! of them at random (xmpp-gateway.md §10.6), so some of a few messages to ourselves go astray.

use std::ops::Range;
use std::time::{Duration, Instant};

/// Sends ourselves a few messages now and then, and watches which come back.
#[derive(Debug)]
pub struct TwinWatch {
    next_round: Instant,
    round: Option<Round>,
    sent: u64,
    complained: Option<Instant>,
}

#[derive(Debug)]
struct Round {
    sent: Instant,
    numbers: Range<u64>,
    back: [bool; ROUND_LEN],
}

/// What a round has shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Nothing speaks for a second instance.
    Alone,
    /// Messages went astray, although later ones came back.
    Twin {
        /// How many of the ten.
        missing: usize,
        /// Write it to the log; otherwise it was written less than an hour ago.
        tell: bool,
    },
}

impl TwinWatch {
    /// Begins with a round at once.
    pub const fn new(now: Instant) -> Self {
        Self {
            next_round: now,
            round: None,
            sent: 0,
            complained: None,
        }
    }

    /// The numbers of the messages to send now.
    pub fn poll_round(&mut self, now: Instant) -> Option<Range<u64>> {
        if now < self.next_round || self.round.is_some() {
            return None;
        }
        let numbers = self.sent..self.sent + ROUND_LEN as u64;
        self.sent = numbers.end;
        self.next_round = now + ROUND_EVERY;
        self.round = Some(Round {
            sent: now,
            numbers: numbers.clone(),
            back: [false; ROUND_LEN],
        });
        Some(numbers)
    }

    /// The message of that number came back.
    pub fn handle_returned(&mut self, number: u64) {
        let Some(round) = &mut self.round else { return };
        if !round.numbers.contains(&number) {
            return;
        }
        let index = usize::try_from(number - round.numbers.start).unwrap_or(usize::MAX);
        if let Some(back) = round.back.get_mut(index) {
            *back = true;
        }
    }

    /// What the round has shown, once it is over.
    pub fn poll_verdict(&mut self, now: Instant) -> Option<Verdict> {
        let round = self.round.take_if(|round| now >= round.sent + PATIENCE)?;
        let last_back = round.back.iter().rposition(|back| *back).unwrap_or(0);
        let missing = round.back[..last_back]
            .iter()
            .filter(|back| !**back)
            .count();
        if missing == 0 {
            return Some(Verdict::Alone);
        }
        let recent = |last: Instant| now - last < COMPLAIN_EVERY;
        let tell = !self.complained.is_some_and(recent);
        if tell {
            self.complained = Some(now);
        }
        Some(Verdict::Twin { missing, tell })
    }

    /// When to poll again.
    pub fn poll_timeout(&self) -> Instant {
        match &self.round {
            Some(round) => round.sent + PATIENCE,
            None => self.next_round,
        }
    }
}

const ROUND_LEN: usize = 10;
const ROUND_EVERY: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(2);
const COMPLAIN_EVERY: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_alone_gets_everything_back() {
        let start = Instant::now();
        let mut watch = TwinWatch::new(start);

        for number in watch.poll_round(start).unwrap() {
            watch.handle_returned(number);
        }

        assert_eq!(watch.poll_verdict(after(start, 1)), None);
        assert_eq!(watch.poll_verdict(after(start, 2)), Some(Verdict::Alone));
        assert_eq!(watch.poll_verdict(after(start, 3)), None);
        assert_eq!(watch.poll_timeout(), after(start, 600));
    }

    #[test]
    fn a_gap_among_those_that_come_back_means_a_twin() {
        let start = Instant::now();
        let mut watch = TwinWatch::new(start);
        let numbers = watch.poll_round(start).unwrap();

        for number in numbers.filter(|number| number % 2 == 1) {
            watch.handle_returned(number);
        }

        let verdict = watch.poll_verdict(after(start, 2));
        assert_eq!(
            verdict,
            Some(Verdict::Twin {
                missing: 5,
                tell: true
            })
        );
    }

    #[test]
    fn a_slow_server_is_no_twin() {
        let start = Instant::now();
        let mut watch = TwinWatch::new(start);
        let numbers = watch.poll_round(start).unwrap();

        for number in numbers.take(3) {
            watch.handle_returned(number);
        }

        assert_eq!(watch.poll_verdict(after(start, 2)), Some(Verdict::Alone));

        watch.poll_round(after(start, 600)).unwrap();
        assert_eq!(watch.poll_verdict(after(start, 602)), Some(Verdict::Alone));
    }

    #[test]
    fn a_twin_is_told_once_an_hour() {
        let start = Instant::now();
        let mut watch = TwinWatch::new(start);
        let mut told = Vec::new();

        for round in 0..8 {
            let now = after(start, round * 600);
            let numbers = watch.poll_round(now).unwrap();
            watch.handle_returned(numbers.end - 1);
            if let Some(Verdict::Twin { tell, .. }) = watch.poll_verdict(now + PATIENCE) {
                told.push(tell);
            }
        }

        assert_eq!(told, [true, false, false, false, false, false, true, false]);
    }

    #[test]
    fn what_comes_back_too_late_belongs_to_no_round() {
        let start = Instant::now();
        let mut watch = TwinWatch::new(start);
        let first = watch.poll_round(start).unwrap();
        watch.poll_verdict(after(start, 2));
        watch.poll_round(after(start, 600)).unwrap();

        watch.handle_returned(first.start);

        assert_eq!(watch.poll_verdict(after(start, 602)), Some(Verdict::Alone));
    }

    fn after(start: Instant, secs: u64) -> Instant {
        start + Duration::from_secs(secs)
    }
}
