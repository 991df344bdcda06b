//! Messages from the user to ICQ: taken, written down, sent, and ended exactly once (xmpp-gateway.md §12, §17).
//!
//! A message taken waits, then it is in the session's hands, then it has its ending: ICQ acknowledged
//! it, or its sender gets an error with the stanza's own id. The error itself counts as sent only when
//! a mark behind it came back; until then it is sent again after each restart and at each new link.

mod failed;
mod letter;
mod refusals;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use xmpp_parsers::message::{Message as MessageStanza, MessageType};
use xmpp_parsers::stanza_error::ErrorType;

use super::journal::Journal;
use super::pace::{Pace, Rate};
use super::{Effects, Env, Mark, UserState, words};
use crate::icq::{Command, MessageId, NotSent};
use crate::model::{Message, Now, Uin};
use crate::store::{Failure, Outgoing, Stage};
use crate::xmpp::{Condition, Refusal, Stanza, message};
use failed::{Failed, refusal};
use letter::Letter;
use refusals::Refusals;

/// The messages of one user that wait for ICQ.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Not handed to the session yet, in the order they go.
    waiting: VecDeque<Letter>,
    /// In the session's hands, at most one for each receiver.
    in_flight: Vec<Letter>,
    /// Answered with an error that is not known to have arrived.
    failed: Vec<Failed>,
    /// The same, of messages that were refused at once.
    refusals: Refusals,
    pace: Pace,
    /// When the pace lets the next one go, if one waits for that.
    turn: Option<Instant>,
    /// The session takes no more: it is about to end, or has enough to do.
    closing: bool,
    /// Since when nothing has moved although the session is online and messages wait.
    still_since: Option<Instant>,
    /// Whom the user wrote to without knowing them, and when first.
    strangers: Vec<(Uin, Instant)>,
}

impl Outbox {
    /// What was written down. What may have left before the restart is answered with an error as soon
    /// as the link is up; the rest is sent at the next login.
    pub fn load(now: Now, outgoing: Vec<Outgoing>, journal: &mut Journal) -> Self {
        let mut outbox = Self::default();
        for outgoing in outgoing {
            let stage = journal.outgoing_stage(&outgoing);
            let letter = Letter {
                hold_until: (!outgoing.own).then(|| now.instant + HOLD_AFTER_RESTART),
                ..Letter::from(outgoing)
            };
            let failure = match stage {
                Stage::Failed(failure) => failure,
                Stage::Left if !letter.own => UNCONFIRMED,
                // One more authorisation does no harm; one that is missing does.
                Stage::Left | Stage::Waiting | Stage::Ended | Stage::Bounced => {
                    outbox.waiting.push_back(letter);
                    continue;
                }
            };
            outbox.failed.push(Failed::new(letter, refusal(failure)));
        }
        outbox
    }

    /// Takes a message from the user to a contact; refuses it with an error if it cannot be sent.
    /// `will_connect` says whether a login runs or is about to: then the message may wait for it.
    /// `known` says whether the receiver is on the list or has written lately: only so many strangers
    /// may be written to in an hour (xmpp-gateway.md §28.1).
    #[expect(clippy::too_many_arguments, reason = "a message and all it depends on")]
    pub fn take(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        to: Uin,
        message: &MessageStanza,
        will_connect: bool,
        known: bool,
    ) {
        match self.read(now, env, to, message, will_connect, known) {
            Ok(None) => {}
            Ok(Some(text)) => {
                let from = message.from.as_ref();
                let client = message.to.as_ref().and_then(|to| to.resource());
                let outgoing = Outgoing {
                    id: journal.number(),
                    stanza_id: message.id.as_ref().map(|id| id.0.clone()),
                    resource: from
                        .and_then(|from| from.resource())
                        .map(ToString::to_string),
                    to_client: client.is_some(),
                    to,
                    message: Message::Text(text),
                    taken: now.unix,
                    left: false,
                    own: false,
                };
                self.wait(env, now, journal, outgoing);
            }
            Err(refusal) => {
                let (Some(from), Some(to)) = (message.from.clone(), message.to.clone()) else {
                    return;
                };
                let id = message.id.as_ref().map(|id| id.0.clone());
                let error = Stanza::message_error(to, from, id, &refusal);
                self.refusals.send(env, fx, error);
            }
        }
    }

    /// The text to send, nothing if there is nothing to send, or why not.
    fn read(
        &mut self,
        now: Now,
        env: &Env<'_>,
        to: Uin,
        message: &MessageStanza,
        will_connect: bool,
        known: bool,
    ) -> Result<Option<String>, Refusal> {
        let text = message::to_icq(message, env.settings.limits.body_chars);
        if text == Ok(None) {
            return Ok(None);
        }
        if message.type_ == MessageType::Groupchat {
            return text;
        }
        if !env.icq_online && !will_connect {
            return Err(not_connected(env.state));
        }
        let text = text?;
        if to == env.uin {
            return Err(Refusal::new(Condition::NotAcceptable, words::OWN_NUMBER));
        }
        if self.waiting.len() + self.in_flight.len() >= env.settings.limits.queued_messages {
            return Err(Refusal::new(
                Condition::ResourceConstraint,
                words::QUEUE_FULL,
            ));
        }
        if !known {
            self.meet_stranger(now.instant, to)?;
        }
        Ok(text)
    }

    fn meet_stranger(&mut self, now: Instant, uin: Uin) -> Result<(), Refusal> {
        self.strangers.retain(|(_, met)| *met + HOUR > now);
        if self.strangers.iter().any(|(known, _)| *known == uin) {
            return Ok(());
        }
        if self.strangers.len() >= STRANGERS_PER_HOUR {
            return Err(Refusal::new(
                Condition::PolicyViolation,
                words::TOO_MANY_STRANGERS,
            ));
        }
        self.strangers.push((uin, now));
        Ok(())
    }

    fn wait(&mut self, env: &Env<'_>, now: Now, journal: &mut Journal, outgoing: Outgoing) {
        journal.add_outgoing(outgoing.clone());
        let mut letter = Letter::from(outgoing);
        letter.hold_until = hold_until(now, env, letter.own);
        self.waiting.push_back(letter);
    }

    /// Hands ICQ what may leave now, [`Effects::post`] included. To be called at the end of everything
    /// that happens: nothing else here gives a session work, so none is given to one that has just
    /// ended.
    pub fn pump(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {
        while let Some((to, message)) = fx.next_post() {
            let outgoing = Outgoing {
                id: journal.number(),
                stanza_id: None,
                resource: None,
                to_client: false,
                to,
                message,
                taken: now.unix,
                left: false,
                own: true,
            };
            self.wait(env, now, journal, outgoing);
        }
        self.turn = None;
        if env.icq_online && !self.closing {
            self.send(now, env, fx, journal);
        }
        match self.waiting.is_empty() || !env.icq_online {
            true => self.still_since = None,
            false => _ = self.still_since.get_or_insert(now.instant),
        }
    }

    fn send(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {
        let limits = &env.settings.limits;
        let rate = Rate {
            burst: limits.message_burst.max(1),
            ..Rate::per(Duration::from_secs(1), limits.messages_per_second)
        };
        while let Some(at) = self.next_to_leave() {
            if let Err(turn) = self.pace.take(now.instant, rate) {
                self.turn = Some(turn);
                break;
            }
            let Some(letter) = self.waiting.remove(at) else {
                break;
            };
            journal.left(letter.id);
            fx.command(Command::Send {
                id: MessageId(letter.id),
                to: letter.sender.to,
                message: letter.message.clone(),
            });
            self.in_flight.push(letter);
            self.still_since = Some(now.instant);
        }
    }

    /// The first message whose receiver has none in flight: the order of messages to one receiver is
    /// kept, and nobody waits for somebody else's.
    fn next_to_leave(&self) -> Option<usize> {
        let is_busy = |to: Uin| self.in_flight.iter().any(|letter| letter.sender.to == to);
        self.waiting
            .iter()
            .position(|letter| !is_busy(letter.sender.to))
    }

    /// Messages wait for a login.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How many messages wait for a login or for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// No login follows by itself: whatever waits for one comes back, and says why.
    pub fn give_up(
        &mut self,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        why: &Refusal,
    ) {
        self.fail_waiting(env, fx, journal, Failure::NotConnected, Some(why), |_| true);
    }

    /// The ICQ session takes messages now.
    pub fn icq_online(&mut self) {
        for letter in &mut self.waiting {
            letter.hold_until = None;
        }
        self.closing = false;
        self.still_since = None;
    }

    /// The ICQ session is over; each message it had has had its ending. One without was handed to a
    /// session that had just ended, and surely never left.
    pub fn icq_offline(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
        for letter in std::mem::take(&mut self.in_flight) {
            self.wait_again(now, env, fx, journal, letter);
        }
        for letter in &mut self.waiting {
            letter.hold_until = hold_until(now, env, letter.own);
        }
        self.still_since = None;
        self.turn = None;
    }

    /// Whom a message is for that is in the session's hands, if it is the user's own.
    pub fn receiver(&self, id: MessageId) -> Option<Uin> {
        let mut in_flight = self.in_flight.iter();
        let letter = in_flight.find(|letter| letter.id == id.0 && !letter.own)?;
        Some(letter.sender.to)
    }

    /// ICQ acknowledged a message.
    pub fn sent(&mut self, now: Now, journal: &mut Journal, id: MessageId) {
        if let Some(letter) = self.land(now, id) {
            self.closing = false;
            journal.ended(letter.id);
        }
    }

    /// A message did not go out whole.
    pub fn not_sent(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        id: MessageId,
        why: NotSent,
    ) {
        let Some(letter) = self.land(now, id) else {
            return;
        };
        match why {
            NotSent::NeverLeft => {
                self.closing = true;
                self.wait_again(now, env, fx, journal, letter);
            }
            NotSent::Unsupported => {
                self.fail(env, fx, journal, letter, Failure::Unsupported, None);
            }
            NotSent::SessionEnded => self.fail(env, fx, journal, letter, UNCONFIRMED, None),
            NotSent::Unacknowledged { parts_sent, parts } => {
                let failure = Failure::Unconfirmed { parts_sent, parts };
                self.fail(env, fx, journal, letter, failure, None);
            }
        }
    }

    /// Takes a message out of the session's hands.
    fn land(&mut self, now: Now, id: MessageId) -> Option<Letter> {
        let at = self.in_flight.iter().position(|letter| letter.id == id.0)?;
        self.still_since = (!self.waiting.is_empty()).then_some(now.instant);
        Some(self.in_flight.remove(at))
    }

    /// A message that surely never left waits once more, at its old place in the line, unless it has
    /// been on its way for too long.
    fn wait_again(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        mut letter: Letter,
    ) {
        if now.unix.since(letter.taken) > GIVE_UP_AFTER {
            return self.fail(env, fx, journal, letter, Failure::NotConnected, None);
        }
        journal.came_back(letter.id);
        letter.hold_until = hold_until(now, env, letter.own);
        let at = self.waiting.partition_point(|other| other.id < letter.id);
        self.waiting.insert(at, letter);
    }

    fn fail_waiting(
        &mut self,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        failure: Failure,
        why: Option<&Refusal>,
        which: impl Fn(&Letter) -> bool,
    ) {
        let (failing, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<VecDeque<_>, _>(|letter| !letter.own && which(letter));
        self.waiting = waiting;
        for letter in failing {
            self.fail(env, fx, journal, letter, failure, why);
        }
    }

    fn fail(
        &mut self,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        letter: Letter,
        failure: Failure,
        why: Option<&Refusal>,
    ) {
        if letter.own {
            return journal.ended(letter.id);
        }
        journal.failed(letter.id, failure);
        let refusal = match (why, failure) {
            (Some(why), _) => why.clone(),
            (None, Failure::NotConnected) => not_connected(env.state),
            (None, _) => refusal(failure),
        };
        let mut failed = Failed::new(letter, refusal);
        if env.link_up {
            failed.tell(env, fx);
        }
        self.failed.push(failed);
    }

    /// Everything sent before this mark has reached the XMPP server, errors included.
    pub fn confirmed(&mut self, journal: &mut Journal, mark: Mark) {
        self.failed.retain(|failed| {
            let told = failed.mark.is_some_and(|told| told <= mark);
            if told {
                journal.told(failed.id);
            }
            !told
        });
        self.refusals.confirmed(mark);
    }

    /// The link to the XMPP server is up: errors that were not confirmed are sent (again).
    pub fn link_up(&mut self, env: &Env<'_>, fx: &mut Effects) {
        self.refusals.send_again(fx);
        for failed in &mut self.failed {
            failed.tell(env, fx);
        }
    }

    /// Does what is due.
    pub fn handle_timeout(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
        self.fail_waiting(env, fx, journal, Failure::NotConnected, None, |letter| {
            letter.hold_until.is_some_and(|until| until <= now.instant)
        });
        if self.still_until().is_some_and(|until| until <= now.instant) {
            self.still_since = None;
            self.fail_waiting(env, fx, journal, Failure::TooSlow, None, |_| true);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let held = self.waiting.iter().filter_map(|letter| letter.hold_until);
        held.chain(self.turn).chain(self.still_until()).min()
    }

    /// Until when the queue may stand still. A long message moves in parts nobody reports, so one in
    /// flight earns those behind it more patience.
    fn still_until(&self) -> Option<Instant> {
        let parts = |letter: &Letter| match &letter.message {
            Message::Text(text) => text.len() / PART_BYTES,
            _ => 0,
        };
        let parts = self.in_flight.iter().map(parts).max().unwrap_or(0);
        let patience = PATIENCE.saturating_mul(u32::try_from(parts + 1).unwrap_or(u32::MAX));
        self.still_since.map(|since| since + patience)
    }
}

/// How long a message may wait for a login, if it has to. The gateway's own messages have time.
fn hold_until(now: Now, env: &Env<'_>, own: bool) -> Option<Instant> {
    (!env.icq_online && !own).then(|| now.instant + env.settings.message_hold)
}

/// The answer to a message that this state does not let out.
pub(super) fn not_connected(state: &UserState) -> Refusal {
    Refusal::new(Condition::ServiceUnavailable, words::cannot_send(state))
        .with_type(ErrorType::Wait)
}

/// Nothing is known of any parts.
const UNCONFIRMED: Failure = Failure::Unconfirmed {
    parts_sent: 0,
    parts: 1,
};

/// Who is online is logged in again after a restart, but from a queue.
const HOLD_AFTER_RESTART: Duration = Duration::from_secs(300);

/// A message that came back from session after session is not carried around for ever.
const GIVE_UP_AFTER: Duration = Duration::from_secs(600);

/// xmpp-gateway.md §12.3 says 60 s. A session gives an unacknowledged message up after just that time,
/// which lets those behind it move: let it go first.
const PATIENCE: Duration = Duration::from_secs(65);

/// Roughly what one packet carries (icq-udp.md §7.1).
const PART_BYTES: usize = 400;

/// xmpp-gateway.md §28.1, "distinct new recipients not on the list".
const STRANGERS_PER_HOUR: usize = 10;
const HOUR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
