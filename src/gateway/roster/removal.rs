//! When a person really removed a contact (xmpp-gateway.md §11.2, rule R).

use std::time::{Duration, Instant};

use crate::model::Uin;
use crate::store::Subscription;

/// Watches `unsubscribe` and `unsubscribed` go by. Only the two together mean that a contact was taken
/// off the roster, and only so many at once that a person did it.
#[derive(Debug, Default)]
pub(super) struct Removals {
    halves: Vec<Half>,
    /// When contacts were deleted on ICQ lately.
    deleted: Vec<Instant>,
    /// Contacts the gateway took off the roster itself: the server says so in the user's name.
    own: Vec<(Uin, Instant)>,
    /// How many were kept although they were removed, and when the user is told.
    kept: usize,
    tell_at: Option<Instant>,
}

/// One half of a removal.
#[derive(Clone, Copy, Debug)]
struct Half {
    uin: Uin,
    kind: Kind,
    at: Instant,
    /// What the user's subscription was before.
    to: Subscription,
}

/// Which half.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// The user wants no presence of the contact any more.
    Unsubscribe,
    /// The user gives the contact none any more.
    Unsubscribed,
}

/// What to do with a contact that was removed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// Delete it on ICQ.
    Delete,
    /// Too many at once: keep it, out of sight.
    Keep,
}

impl Removals {
    /// Notes one half; `true` if it completes a removal. `to` is the user's subscription before it.
    pub(super) fn completes(
        &mut self,
        now: Instant,
        uin: Uin,
        kind: Kind,
        to: Subscription,
    ) -> bool {
        self.halves.retain(|half| half.at + TOGETHER > now);
        let is_other = |half: &Half| half.uin == uin && half.kind != kind;
        let Some(at) = self.halves.iter().position(is_other) else {
            if self.halves.len() < MAX_HALVES {
                self.halves.push(Half {
                    uin,
                    kind,
                    at: now,
                    to,
                });
            }
            return false;
        };
        let other = self.halves.swap_remove(at);
        to != Subscription::None || other.to != Subscription::None
    }

    /// Decides about a contact that was removed.
    pub(super) fn judge(&mut self, now: Instant) -> Verdict {
        self.deleted.retain(|at| *at + DELETE_PERIOD > now);
        if self.deleted.len() < DELETE_AT_MOST {
            self.deleted.push(now);
            return Verdict::Delete;
        }
        Verdict::Keep
    }

    /// So many removals found at once are not believed.
    pub(super) const fn are_too_many(count: usize) -> bool {
        count > DELETE_AT_MOST
    }

    /// A contact was kept although it was removed.
    pub(super) fn note_kept(&mut self, now: Instant) {
        self.kept += 1;
        self.tell_at = Some(now + TELL_AFTER);
    }

    /// The gateway itself takes a contact off the roster.
    pub(super) fn note_own(&mut self, now: Instant, uin: Uin) {
        self.own.retain(|(_, at)| *at + ECHO > now);
        self.own.push((uin, now));
    }

    /// The user wants this contact again: what follows is no echo.
    pub(super) fn forget_own(&mut self, uin: Uin) {
        self.own.retain(|(own, _)| *own != uin);
    }

    /// The server repeats what the gateway did.
    pub(super) fn is_own(&self, now: Instant, uin: Uin) -> bool {
        let is_it = |(own, at): &(Uin, Instant)| *own == uin && *at + ECHO > now;
        self.own.iter().any(is_it)
    }

    /// How many contacts were kept, once it is time to say so.
    pub(super) fn take_kept(&mut self, now: Instant) -> Option<usize> {
        self.tell_at.filter(|at| *at <= now)?;
        self.tell_at = None;
        Some(std::mem::take(&mut self.kept))
    }

    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.tell_at
    }
}

/// Servers send both halves back to back (RFC 6121 §2.5).
const TOGETHER: Duration = Duration::from_secs(3);
const MAX_HALVES: usize = 1000;

/// More than a person removes by hand: a client that cleans up, or a server that lost a roster.
const DELETE_AT_MOST: usize = 10;
const DELETE_PERIOD: Duration = Duration::from_secs(60);

/// So that one sentence counts all of them.
const TELL_AFTER: Duration = Duration::from_secs(5);

/// xmpp-gateway.md §9.3.
const ECHO: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const UIN: Uin = Uin(123_456_789);
    const YES: Subscription = Subscription::Yes;

    #[test]
    fn both_halves_within_three_seconds_are_a_removal_in_either_order() {
        let now = Instant::now();
        let soon = now + Duration::from_secs(2);
        for (first, second) in [
            (Kind::Unsubscribe, Kind::Unsubscribed),
            (Kind::Unsubscribed, Kind::Unsubscribe),
        ] {
            let mut removals = Removals::default();
            assert!(!removals.completes(now, UIN, first, YES));
            // The first half has ended the subscription.
            assert!(removals.completes(soon, UIN, second, Subscription::None));
            assert!(!removals.completes(soon, UIN, first, YES));
        }
    }

    #[test]
    fn halves_far_apart_of_different_contacts_or_of_one_kind_are_none() {
        let now = Instant::now();
        let late = now + Duration::from_secs(3);
        let mut removals = Removals::default();

        assert!(!removals.completes(now, UIN, Kind::Unsubscribed, YES));
        assert!(!removals.completes(now, UIN, Kind::Unsubscribed, YES));
        assert!(!removals.completes(now, Uin(20_000), Kind::Unsubscribe, YES));
        assert!(!removals.completes(late, UIN, Kind::Unsubscribe, YES));
    }

    #[test]
    fn without_a_subscription_there_is_nothing_to_remove() {
        let now = Instant::now();
        let none = Subscription::None;
        let mut removals = Removals::default();

        assert!(!removals.completes(now, UIN, Kind::Unsubscribed, none));
        assert!(!removals.completes(now, UIN, Kind::Unsubscribe, none));
    }

    #[test]
    fn many_removals_at_once_are_not_believed_and_counted() {
        let now = Instant::now();
        let mut removals = Removals::default();

        let verdicts: Vec<Verdict> = (0..50).map(|_| removals.judge(now)).collect();
        (0..40).for_each(|_| removals.note_kept(now));

        assert!(verdicts[..10].iter().all(|v| *v == Verdict::Delete));
        assert!(verdicts[10..].iter().all(|v| *v == Verdict::Keep));
        assert_eq!(removals.take_kept(now), None);
        let later = removals.poll_timeout().unwrap();
        assert_eq!(removals.take_kept(later), Some(40));
        assert_eq!(removals.poll_timeout(), None);
        assert_eq!(removals.judge(now + DELETE_PERIOD), Verdict::Delete);
    }
}
