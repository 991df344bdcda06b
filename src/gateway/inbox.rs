//! Messages from ICQ to the user: written down, shown, and only then safe (xmpp-gateway.md §13, §17).

use std::time::Instant;

use xmpp_parsers::message::Message as Stanza;

use super::journal::Journal;
use super::{Effects, Env, Mark};
use crate::icq::Receipt;
use crate::model::{Message, Now, Uin, UnixTime};
use crate::store::Incoming;

/// The messages of one user that are not yet known to have reached the XMPP server.
#[derive(Debug, Default)]
pub struct Inbox {}

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

#[expect(unused_variables, reason = "the rules come with the inbox")]
impl Inbox {
    /// What was written down.
    pub fn load(now: Now, incoming: Vec<Incoming>, journal: &mut Journal) -> Self {
        Self::default()
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
    }

    /// All messages that waited on the ICQ server were reported.
    pub fn offline_messages_end(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
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
    }

    /// The link to the XMPP server is up: what was not confirmed is sent (again).
    pub fn link_up(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {}

    /// The link to the XMPP server is down: marks are void.
    pub fn link_down(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {}

    /// A message of ours came back as an error (§15.3).
    pub fn bounced(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
        error: &Stanza,
    ) {
    }

    /// A resource came online: what could not be stored for the user is tried again (§15.3).
    pub fn resource_online(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
    }

    /// This number wrote lately.
    pub fn heard_from(&self, uin: Uin) -> bool {
        false
    }

    /// The ICQ session has its contact list: messages that waited on the server are next.
    pub fn icq_online(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, journal: &mut Journal) {
    }

    /// The ICQ session is over: its receipts are void.
    pub fn icq_offline(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        journal: &mut Journal,
    ) {
    }

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
