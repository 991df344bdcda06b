//! When to connect again after the stream ended (xmpp-gateway.md §3.2).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::error::LinkError;

/// Decides when to connect again, and whether the log has to hear of it.
#[derive(Debug, Default)]
pub struct Reconnect {
    /// Attempts since the last time all was well.
    failures: u32,
    up_since: Option<Instant>,
    conflict: Conflict,
    /// When each complaint about the configuration was last made.
    complained: BTreeMap<&'static str, Instant>,
}

/// What to do about the end of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retry {
    /// Connect again so much later.
    pub after: Duration,
    /// Write it to the log; otherwise it was written less than an hour ago.
    pub tell: bool,
}

/// Two instances that both insist would throw each other out for ever, and every user with them.
#[derive(Debug, Default, Eq, PartialEq)]
enum Conflict {
    #[default]
    None,
    /// Another instance took over from us once.
    Once,
    /// It did so again.
    Often,
}

impl Reconnect {
    /// The handshake was accepted.
    pub fn handle_up(&mut self, now: Instant) {
        self.up_since = Some(now);
    }

    /// The stream ended, or there was none. `chance` is a number from 0 to 1 that spreads several
    /// gateways out.
    pub fn handle_down(&mut self, now: Instant, why: &LinkError, chance: f64) -> Retry {
        let up = self.up_since.take().map(|since| now - since);
        if up.is_some_and(|up| up >= PROVEN_AFTER) {
            self.failures = 0;
        }
        if up.is_some_and(|up| up >= PEACE_AFTER) {
            self.conflict = Conflict::None;
        }
        self.failures += 1;
        Retry {
            after: self.delay(why, up.is_some()).mul_f64(0.8 + 0.4 * chance),
            tell: self.must_tell(now, why),
        }
    }

    fn delay(&mut self, why: &LinkError, was_up: bool) -> Duration {
        match why {
            LinkError::Conflict { .. } if was_up || self.conflict != Conflict::None => {
                self.give_way()
            }
            LinkError::ConnectionTimeout | LinkError::Silence if self.failures == 1 => {
                Duration::ZERO
            }
            LinkError::HostUnknown | LinkError::NotAuthorized => self.back_off(PATIENT),
            LinkError::Conflict { .. }
            | LinkError::ConnectionTimeout
            | LinkError::Silence
            | LinkError::Unresolved { .. }
            | LinkError::Unreachable(_)
            | LinkError::NoHandshake(_)
            | LinkError::Ours(_)
            | LinkError::SystemShutdown
            | LinkError::StreamError(_)
            | LinkError::Stuck
            | LinkError::Closed
            | LinkError::Broken(_)
            | LinkError::NotAStream(_) => self.back_off(EAGER),
        }
    }

    fn give_way(&mut self) -> Duration {
        match self.conflict {
            Conflict::None => {
                self.conflict = Conflict::Once;
                GIVE_WAY_ONCE
            }
            Conflict::Once | Conflict::Often => {
                self.conflict = Conflict::Often;
                GIVE_WAY_OFTEN
            }
        }
    }

    /// 1, 2, 4, … seconds.
    fn back_off(&self, longest: Duration) -> Duration {
        let exponent = self.failures.saturating_sub(1).min(16);
        Duration::from_secs(1 << exponent).min(longest)
    }

    fn must_tell(&mut self, now: Instant, why: &LinkError) -> bool {
        if !why.is_configuration() {
            return true;
        }
        let recent = |last: &Instant| now - *last < COMPLAIN_EVERY;
        if self.complained.get(why.code()).is_some_and(recent) {
            return false;
        }
        self.complained.insert(why.code(), now);
        true
    }
}

/// A link that was up for so long counts as good.
const PROVEN_AFTER: Duration = Duration::from_secs(60);

/// After so long without a conflict, the other instance is taken to be gone. Longer than two
/// instances wait for each other, or they would forget what they wait for.
const PEACE_AFTER: Duration = Duration::from_secs(900);

const GIVE_WAY_ONCE: Duration = Duration::from_secs(60);
const GIVE_WAY_OFTEN: Duration = Duration::from_secs(300);
const EAGER: Duration = Duration::from_secs(60);
const PATIENT: Duration = Duration::from_secs(300);
const COMPLAIN_EVERY: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::error::StreamError;
    use super::*;

    const MIDDLE: f64 = 0.5;

    #[test]
    fn a_server_that_is_away_is_asked_ever_more_rarely() {
        let mut reconnect = Reconnect::default();
        let refused = LinkError::Unreachable(io::ErrorKind::ConnectionRefused);

        let delays = delays(&mut reconnect, &refused, 9);

        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_wrong_configuration_is_tried_even_more_rarely_and_told_once_an_hour() {
        for why in [LinkError::NotAuthorized, LinkError::HostUnknown] {
            let mut reconnect = Reconnect::default();
            let mut now = Instant::now();
            let mut told = Vec::new();
            let mut longest = Duration::ZERO;

            for _ in 0..30 {
                let retry = reconnect.handle_down(now, &why, MIDDLE);
                longest = longest.max(retry.after);
                told.push(retry.tell);
                now += retry.after;
            }

            assert_eq!(longest, Duration::from_secs(300));
            // 30 attempts take two hours: 1 + 2 + … + 256 s, then 21 times 300 s.
            assert_eq!(told.iter().filter(|told| **told).count(), 2, "{told:?}");
            assert!(told[0]);
        }
    }

    #[test]
    fn a_link_that_lasted_a_minute_starts_from_the_beginning() {
        let mut reconnect = Reconnect::default();
        let mut now = Instant::now();
        delays(&mut reconnect, &LinkError::Closed, 5);

        reconnect.handle_up(now);
        now += Duration::from_secs(59);
        let short = reconnect.handle_down(now, &LinkError::Closed, MIDDLE);
        reconnect.handle_up(now);
        now += Duration::from_secs(60);
        let long = reconnect.handle_down(now, &LinkError::Closed, MIDDLE);

        assert_eq!(short.after, Duration::from_secs(32));
        assert_eq!(long.after, Duration::from_secs(1));
    }

    #[test]
    fn chance_moves_a_delay_by_a_fifth() {
        let why = LinkError::SystemShutdown;
        let with = |chance| {
            let mut reconnect = Reconnect::default();
            reconnect.handle_down(Instant::now(), &why, chance).after
        };

        assert_eq!(with(0.0), Duration::from_millis(800));
        assert_eq!(with(1.0), Duration::from_millis(1200));
    }

    #[test]
    fn who_was_replaced_waits_a_minute_and_then_five_each_time() {
        let mut reconnect = Reconnect::default();
        let mut now = Instant::now();
        let conflict = LinkError::Conflict { replaced: true };
        let mut waited = Vec::new();

        for _ in 0..4 {
            reconnect.handle_up(now);
            now += Duration::from_secs(310);
            let retry = reconnect.handle_down(now, &conflict, MIDDLE);
            waited.push(retry.after.as_secs());
            now += retry.after;
        }

        assert_eq!(waited, [60, 300, 300, 300]);
    }

    #[test]
    fn who_was_replaced_and_is_now_refused_stays_patient() {
        let mut reconnect = Reconnect::default();
        let now = Instant::now();
        reconnect.handle_up(now);
        reconnect.handle_down(now, &LinkError::Conflict { replaced: true }, MIDDLE);

        let refused = LinkError::Conflict { replaced: false };
        let retry = reconnect.handle_down(now, &refused, MIDDLE);

        assert_eq!(retry.after, Duration::from_secs(300));
    }

    #[test]
    fn a_newcomer_that_is_refused_tries_again_soon() {
        let mut reconnect = Reconnect::default();
        let refused = LinkError::Conflict { replaced: false };

        assert_eq!(delays(&mut reconnect, &refused, 3), [1, 2, 4]);
    }

    #[test]
    fn an_old_conflict_is_forgotten() {
        let mut reconnect = Reconnect::default();
        let mut now = Instant::now();
        let conflict = LinkError::Conflict { replaced: true };
        reconnect.handle_up(now);
        reconnect.handle_down(now, &conflict, MIDDLE);
        reconnect.handle_up(now);
        now += Duration::from_secs(900);

        let retry = reconnect.handle_down(now, &conflict, MIDDLE);

        assert_eq!(retry.after, Duration::from_secs(60));
    }

    #[test]
    fn silence_is_answered_at_once_but_not_twice() {
        for why in [LinkError::Silence, LinkError::ConnectionTimeout] {
            assert_eq!(delays(&mut Reconnect::default(), &why, 3), [0, 2, 4]);
        }
    }

    #[test]
    fn other_ends_are_told_every_time() {
        let mut reconnect = Reconnect::default();
        let now = Instant::now();
        let error = StreamError {
            condition: "invalid-from".into(),
            text: None,
        };

        for _ in 0..3 {
            assert!(
                reconnect
                    .handle_down(now, &LinkError::Ours(error.clone()), MIDDLE)
                    .tell
            );
        }
    }

    fn delays(reconnect: &mut Reconnect, why: &LinkError, times: usize) -> Vec<u64> {
        let now = Instant::now();
        (0..times)
            .map(|_| reconnect.handle_down(now, why, MIDDLE).after.as_secs())
            .collect()
    }
}
