//! Messages from the user to ICQ: taken, written down, sent, and ended exactly once (xmpp-gateway.md §12, §17).

use std::time::Instant;

use xmpp_parsers::message::Message;

use super::journal::Journal;
use super::{Effects, Env, Mark};
use crate::icq::{MessageId, NotSent};
use crate::model::{Now, Uin};
use crate::store::Outgoing;
use crate::xmpp::Refusal;

/// The messages of one user that wait for ICQ.
#[derive(Debug, Default)]
pub struct Outbox {}

#[expect(unused_variables, reason = "the rules come with the outbox")]
impl Outbox {
    /// What was written down. What may have left before the restart is answered with an error as soon
    /// as the link is up; the rest is sent at the next login.
    pub fn load(now: Now, outgoing: Vec<Outgoing>, journal: &mut Journal) -> Self {
        Self::default()
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
        message: &Message,
        will_connect: bool,
        known: bool,
    ) {
    }

    /// Hands ICQ what may leave now, [`Effects::post`] included. To be called at the end of everything
    /// that happens.
    pub fn pump(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {}

    /// Messages wait for a login.
    pub fn is_waiting(&self) -> bool {
        false
    }

    /// No login follows by itself: whatever waits for one comes back, and says why.
    pub fn give_up(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        why: &Refusal,
    ) {
    }

    /// The ICQ session takes messages now.
    pub fn icq_online(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {
    }

    /// The ICQ session is over; each message it had has had its ending.
    pub fn icq_offline(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
    }

    /// ICQ acknowledged a message.
    pub fn sent(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        id: MessageId,
    ) {
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
    }

    /// Everything sent before this mark has reached the XMPP server, errors included.
    pub fn confirmed(&mut self, journal: &mut Journal, mark: Mark) {}

    /// The link to the XMPP server is up: errors that were not confirmed are sent (again).
    pub fn link_up(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {}

    /// Does what is due.
    pub fn handle_timeout(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
