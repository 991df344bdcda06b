//! Messages from ICQ to the user: written down, then safe, then shown (xmpp-gateway.md §13, §15.3, §17).
//!
//! A message is written down before ICQ may forget it and before its stanza leaves. It counts as shown
//! when a mark behind the stanza came back; until then it is sent again, with the same id, after each
//! restart and at each new link. What was shown is remembered for some minutes more: an ICQ server
//! whose acknowledgement was lost repeats a message as one that waited, and it is known again.

mod letter;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use xmpp_parsers::jid::DomainRef;
use xmpp_parsers::message::{Id, Message as Stanza};
use xmpp_parsers::stanza_error::{DefinedCondition, StanzaError};

use super::journal::Journal;
use super::{Effects, Env, Mark, own, words};
use crate::icq::{Command, Receipt};
use crate::model::{Message, Now, Uin, UnixTime};
use crate::store::{Incoming, Stage};
use crate::xmpp::message::to_xmpp;
use letter::{Content, Frame, Letter, State};

/// The messages of one user that are not yet known to have reached the XMPP server, and those that
/// lately have.
#[derive(Debug, Default)]
pub struct Inbox {
    /// By number.
    letters: VecDeque<Letter>,
    /// How many of them wait for the link or for a mark.
    open: usize,
    /// Messages that waited on the ICQ server, until all of them have come: they come in no order.
    held: Vec<Held>,
    held_since: Option<Instant>,
    /// The session has yet to tell what waited on the ICQ server.
    is_fetching: bool,
    /// Counts the ICQ sessions: each tells a stored message once, so one that is known from the same
    /// session is another one that says the same.
    session: u32,
    online_since: Option<Instant>,
    /// Who sent messages of an unknown kind, and when.
    unknown_kinds: Vec<(Uin, UnixTime)>,
    /// The lost messages that the user was told of, and the mark that comes back when that has arrived.
    told_of_lost: Option<(Mark, Vec<(Uin, u32)>)>,
    /// How many were shown since those above the limit were looked for.
    shown_lately: usize,
    tidy_at: Option<Instant>,
}

/// What there is to know about who wrote.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sender<'a> {
    /// The name, or nothing.
    pub name: &'a str,
    /// On the user's list.
    pub listed: bool,
    /// Shown online to the user.
    pub online: bool,
}

/// A message not taken yet.
#[derive(Debug)]
struct Held {
    from: Uin,
    frame: Frame,
    message: Message,
    sent: Option<UnixTime>,
    arrived: UnixTime,
    receipt: Receipt,
}

impl Inbox {
    /// What was written down. `domain` is the gateway's.
    pub fn load(
        now: Now,
        domain: &DomainRef,
        incoming: Vec<Incoming>,
        journal: &mut Journal,
    ) -> Self {
        let mut inbox = Self::default();
        for incoming in incoming {
            let digest = digest(&incoming.message);
            let content = to_xmpp(&incoming.message, domain).map(|reading| {
                Box::new(Content {
                    stanza_id: incoming.stanza_id,
                    reading,
                    frame: Frame::default(),
                    again: false,
                })
            });
            let state = match journal.stage(incoming.id) {
                _ if content.is_none() => State::Shown(now.instant),
                Some(Stage::Bounced) => State::Bounced,
                _ if journal.is_shown(incoming.id) => State::Shown(now.instant),
                _ => State::Waiting,
            };
            inbox.push(Letter {
                id: incoming.id,
                from: incoming.from,
                digest,
                sent: incoming.sent,
                arrived: incoming.arrived,
                session: inbox.session,
                doubtful: true,
                state,
                content: content.filter(|_| !matches!(state, State::Shown(_))),
            });
        }
        inbox.session += 1;
        inbox.plan_to_tidy(now);
        inbox
    }

    fn push(&mut self, letter: Letter) {
        self.open += usize::from(letter.is_open());
        self.letters.push_back(letter);
    }

    /// Takes a message from ICQ that is for the user to read. `sender` is what
    /// [`Roster::sender`](super::Roster::sender) says.
    #[expect(
        clippy::too_many_arguments,
        reason = "they are one event of ICQ's, unpacked"
    )]
    pub fn receive(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        from: Uin,
        sender: Sender<'_>,
        message: Message,
        sent: Option<UnixTime>,
        receipt: Receipt,
    ) {
        let stranger = !sender.listed && !sender.name.is_empty();
        let held = Held {
            from,
            frame: Frame {
                online: sender.online,
                nick: stranger.then(|| sender.name.into()),
            },
            message,
            sent,
            arrived: now.unix,
            receipt,
        };
        // A live message stands behind those that waited, which nobody knows yet after a login.
        let must_wait =
            sent.is_some() || self.is_fetching || self.held.iter().any(|held| held.from == from);
        if !must_wait {
            return self.accept(now, env, fx, journal, held);
        }
        self.held_since.get_or_insert(now.instant);
        self.held.push(held);
        if self.held.len() >= MAX_HELD {
            self.release(now, env, fx, journal);
        }
    }

    /// All messages that waited on the ICQ server were reported.
    pub fn offline_messages_end(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
        self.is_fetching = false;
        self.release(now, env, fx, journal);
    }

    /// Takes what was held: what waited on the server first, each kind oldest first.
    fn release(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {
        self.held_since = None;
        let mut held = std::mem::take(&mut self.held);
        held.sort_by_key(|held| (held.sent.is_none(), held.sent.unwrap_or(held.arrived)));
        for held in held {
            self.accept(now, env, fx, journal, held);
        }
    }

    fn accept(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        held: Held,
    ) {
        fx.command(Command::Safe(held.receipt));
        let digest = digest(&held.message);
        if self.recognise(now, &held, digest) {
            return;
        }
        let Some(reading) = to_xmpp(&held.message, &env.settings.domain) else {
            return;
        };
        if self.says_too_little(now, held.from, &held.message) {
            return;
        }
        if !self.has_room(env) {
            return journal.lose(held.from);
        }
        let id = journal.number();
        let stanza_id = format!("i-{:x}-{id:x}", now.unix.secs());
        journal.add_incoming(Incoming {
            id,
            stanza_id: stanza_id.clone(),
            from: held.from,
            message: held.message,
            sent: held.sent,
            arrived: held.arrived,
        });
        let content = Box::new(Content {
            stanza_id,
            reading,
            frame: held.frame,
            again: false,
        });
        let mut letter = Letter {
            id,
            from: held.from,
            digest,
            sent: held.sent,
            arrived: held.arrived,
            session: self.session,
            doubtful: false,
            state: State::Waiting,
            content: Some(content),
        };
        if env.link_up {
            letter.send(now, env, fx);
        }
        self.push(letter);
    }

    /// Whether ICQ repeats what is here already. A message repeats another once in each session: a person
    /// may say the same thing twice, even within the minute that stamps are cut to.
    fn recognise(&mut self, now: Now, held: &Held, digest: u64) -> bool {
        let Some(sent) = held.sent else {
            return false;
        };
        let session = self.session;
        let known = self.letters.iter_mut().find(|letter| {
            letter.from == held.from
                && letter.digest == digest
                && letter.session != session
                && letter.may_come_again(now, sent)
        });
        match known {
            Some(letter) => {
                letter.session = session;
                true
            }
            None => false,
        }
    }

    /// Messages that only say that something of an unknown kind came are worth a few a day.
    fn says_too_little(&mut self, now: Now, from: Uin, message: &Message) -> bool {
        let Message::Other { text, .. } = message else {
            return false;
        };
        if !text.is_empty() {
            return false;
        }
        self.unknown_kinds
            .retain(|(_, at)| now.unix.since(*at) < DAY);
        let seen = self.unknown_kinds.iter().filter(|(uin, _)| *uin == from);
        if seen.count() >= UNKNOWN_KINDS_PER_DAY || self.unknown_kinds.len() >= MAX_UNKNOWN_KINDS {
            return true;
        }
        self.unknown_kinds.push((from, now.unix));
        false
    }

    fn has_room(&self, env: &Env<'_>) -> bool {
        let limit = env.settings.limits.held_messages;
        // With the link up, a mark is all they wait for.
        let limit = if env.link_up { limit * 10 } else { limit };
        self.open < limit
    }

    /// Everything sent before this mark has reached the XMPP server.
    pub fn confirmed(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        mark: Mark,
    ) {
        // Those that wait for a mark are among the latest, as a rule.
        let mut waiting = self.open;
        for letter in self.letters.iter_mut().rev() {
            if waiting == 0 {
                break;
            }
            waiting -= usize::from(letter.is_open());
            if letter.confirm(now, journal, mark) {
                self.open -= 1;
                self.shown_lately += 1;
                self.tidy_at.get_or_insert(now.instant + KEEP_CONTENT);
            }
        }
        if let Some((_, told)) = self.told_of_lost.take_if(|(told, _)| *told <= mark) {
            journal.told_of_lost(&told);
        }
        self.tell_of_lost(env, fx, journal);
        if self.shown_lately >= TIDY_EVERY {
            self.tidy(now, journal);
        }
    }

    /// The link to the XMPP server is up: what was not confirmed is sent (again).
    pub fn link_up(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {
        for letter in self.letters.iter_mut().filter(|letter| letter.is_open()) {
            letter.send(now, env, fx);
        }
        self.told_of_lost = None;
        self.tell_of_lost(env, fx, journal);
    }

    /// One line for all messages there was no room for.
    fn tell_of_lost(&mut self, env: &Env<'_>, fx: &mut Effects, journal: &Journal) {
        if journal.lost().is_empty() || self.told_of_lost.is_some() || !env.link_up {
            return;
        }
        own::say(env, fx, words::messages_lost(journal.lost()));
        self.told_of_lost = Some((fx.next_mark(), journal.lost().to_vec()));
    }

    /// A message of ours came back as an error (§15.3).
    pub fn bounced(&mut self, now: Now, journal: &mut Journal, error: &Stanza) {
        let Some(Id(stanza_id)) = &error.id else {
            return;
        };
        let id = stanza_id.rsplit('-').next();
        let Some(id) = id.and_then(|digits| u64::from_str_radix(digits, 16).ok()) else {
            return;
        };
        if !is_full_store(error) {
            return;
        }
        let Ok(at) = self.letters.binary_search_by_key(&id, |letter| letter.id) else {
            return;
        };
        let letter = &mut self.letters[at];
        let was_open = letter.is_open();
        if letter.bounce(stanza_id) {
            self.open -= usize::from(was_open);
            journal.bounced(id);
            self.drop_surplus_bounced(now, journal);
            self.plan_to_tidy(now);
        }
    }

    /// Gives the oldest bounced messages up when there are too many.
    fn drop_surplus_bounced(&mut self, now: Now, journal: &mut Journal) {
        let bounced = self.letters.iter().filter(|letter| letter.is_bounced());
        let surplus = bounced.count().saturating_sub(MAX_BOUNCED);
        let bounced = self.letters.iter_mut().filter(|letter| letter.is_bounced());
        for letter in bounced.take(surplus) {
            letter.give_up(now, journal);
        }
    }

    /// A resource came online: what could not be stored for the user is tried again (§15.3).
    pub fn resource_online(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        for letter in &mut self.letters {
            if letter.try_again(now, env, fx) {
                self.open += 1;
            }
        }
    }

    /// This number wrote lately.
    pub fn heard_from(&self, uin: Uin) -> bool {
        self.letters.iter().any(|letter| letter.from == uin)
    }

    /// An ICQ session is open: what waited on the server comes before what is written now (§17).
    pub const fn icq_logged_in(&mut self) {
        self.is_fetching = true;
    }

    /// The ICQ session has its contact list: messages that waited on the server are next.
    pub fn icq_online(&mut self, now: Now) {
        self.online_since = Some(now.instant);
        self.plan_to_tidy(now);
    }

    /// The ICQ session is over: its receipts are void.
    pub fn icq_offline(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
        self.release(now, env, fx, journal);
        self.is_fetching = false;
        self.session += 1;
        self.online_since = None;
        for letter in &mut self.letters {
            letter.doubt(now);
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
        if self.release_at().is_some_and(|at| at <= now.instant) {
            self.is_fetching = false;
            self.release(now, env, fx, journal);
        }
        if self.tidy_at.is_some_and(|at| at <= now.instant) {
            self.tidy(now, journal);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.release_at().into_iter().chain(self.tidy_at).min()
    }

    fn release_at(&self) -> Option<Instant> {
        self.held_since.map(|since| since + HOLD)
    }

    /// Forgets what is of no use any more: first contents, then the letters.
    fn tidy(&mut self, now: Now, journal: &mut Journal) {
        self.shown_lately = 0;
        let mut newer = 0;
        for letter in self.letters.iter_mut().rev() {
            if letter.is_bounced() && now.unix.since(letter.arrived) > KEEP_BOUNCED {
                letter.give_up(now, journal);
            }
            if let State::Shown(since) = letter.state {
                if newer >= MAX_CONTENTS || since + KEEP_CONTENT <= now.instant {
                    letter.content = None;
                }
                newer += 1;
            }
        }
        let mut live_surplus = self.shown(Letter::came_live).saturating_sub(MAX_LIVE);
        let mut stored_surplus = self.shown(Letter::was_stored).saturating_sub(MAX_STORED);
        let rested = |since: Instant| since + KEEP_SHOWN <= now.instant;
        // Offline, nobody repeats anything: what is remembered is for the next login.
        let online_for_long = self.online_since.is_some_and(rested);
        self.letters.retain(|letter| {
            let State::Shown(since) = letter.state else {
                return true;
            };
            let surplus = match letter.came_live() {
                true => &mut live_surplus,
                false => &mut stored_surplus,
            };
            let is_surplus = *surplus > 0;
            *surplus -= usize::from(is_surplus);
            let is_over = is_surplus || (online_for_long && rested(since));
            if is_over {
                journal.forget_incoming(letter.id);
            }
            !is_over
        });
        self.plan_to_tidy(now);
    }

    /// How many shown ones of a kind are remembered.
    fn shown(&self, is_of_kind: fn(&Letter) -> bool) -> usize {
        let is_shown = |letter: &Letter| matches!(letter.state, State::Shown(_));
        let letters = self.letters.iter();
        letters
            .filter(|letter| is_shown(letter) && is_of_kind(letter))
            .count()
    }

    fn plan_to_tidy(&mut self, now: Now) {
        let online_since = self.online_since;
        let due = self.letters.iter().filter_map(|letter| match letter.state {
            State::Shown(since) if letter.content.is_some() => Some(since + KEEP_CONTENT),
            State::Shown(since) => online_since.map(|online| since.max(online) + KEEP_SHOWN),
            State::Bounced => {
                let left = KEEP_BOUNCED.saturating_sub(now.unix.since(letter.arrived));
                Some(now.instant + left + Duration::from_secs(1))
            }
            State::Waiting | State::Sent(_) => None,
        });
        self.tidy_at = due.min();
    }
}

fn digest(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    hasher.finish()
}

/// The user's server could not keep the message, or, where it shields its users from strangers, would
/// not (xmpp-gateway.md §10.6, §15.3).
fn is_full_store(error: &Stanza) -> bool {
    let errors = error.payloads.iter().cloned().map(StanzaError::try_from);
    errors.flatten().any(|error| {
        matches!(
            error.defined_condition,
            DefinedCondition::RecipientUnavailable
                | DefinedCondition::ServiceUnavailable
                | DefinedCondition::PolicyViolation
        )
    })
}

/// How long all waiting messages may take to come. They come within a second or two, on a bad line after
/// some repetitions; a server that never says that they were all is not waited for. It must be less than
/// such a server waits for the acknowledgement of a live message that is held back behind them.
const HOLD: Duration = Duration::from_secs(30);
const MAX_HELD: usize = 1000;

/// xmpp-gateway.md §15.3.
const MAX_BOUNCED: usize = 50;
const KEEP_BOUNCED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A stanza comes back as an error soon or never.
const KEEP_CONTENT: Duration = Duration::from_secs(60);
const MAX_CONTENTS: usize = 50;

/// How long, and how many, shown messages are remembered. Those that waited on the server are there until
/// they are deleted, which on a bad line takes many logins: of them, as many as a server may keep.
const KEEP_SHOWN: Duration = Duration::from_secs(600);
const MAX_LIVE: usize = 200;
const MAX_STORED: usize = 1000;

/// How many more may gather before those above the limit are looked for.
const TIDY_EVERY: usize = 50;

/// xmpp-gateway.md §13.2, "message of unknown kind".
const UNKNOWN_KINDS_PER_DAY: usize = 3;
const MAX_UNKNOWN_KINDS: usize = 100;
const DAY: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests;
