//! Contacts between two networks: subscriptions, presence, the list (xmpp-gateway.md §8, §9, §11).

use std::time::Instant;

use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{FullJid, Jid};
use xmpp_parsers::presence::Presence;

use super::{Effects, Env, Sender};
use crate::icq::NoProfile;
use crate::model::{Contact, Message, Now, Profile, Status, Uin};
use crate::store::ContactRecord;

/// The contacts of one user.
#[derive(Debug, Default)]
pub struct Roster {
    contacts: Vec<ContactRecord>,
}

#[expect(unused_variables, reason = "the rules come with the roster")]
impl Roster {
    /// The list as it was written down.
    pub fn load(contacts: Vec<ContactRecord>) -> Self {
        Self { contacts }
    }

    /// Who is on the ICQ list: what a session watches from its login on.
    pub fn contacts(&self) -> impl Iterator<Item = Uin> {
        self.contacts.iter().map(|record| record.contact.uin)
    }

    /// What is known about somebody, on the list or not.
    pub fn contact(&self, uin: Uin) -> Option<&Contact> {
        self.contacts
            .iter()
            .map(|record| &record.contact)
            .find(|contact| contact.uin == uin)
    }

    /// What an [`Inbox`](super::Inbox) wants to know about who wrote.
    pub fn sender(&self, uin: Uin) -> Sender<'_> {
        Sender::default()
    }

    /// On the list, waiting for authorisation or not.
    pub fn is_listed(&self, uin: Uin) -> bool {
        false
    }

    /// The status a contact was last seen with; `None` is offline or unknown.
    pub fn status(&self, uin: Uin) -> Option<Status> {
        None
    }

    /// `subscribe`, `subscribed`, `unsubscribe` or `unsubscribed` from the user to a contact (§11.2).
    pub fn handle_subscription(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        presence: &Presence,
    ) {
    }

    /// A probe of a contact; the answer goes to `asker` (§8).
    pub fn handle_probe(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        asker: &Jid,
    ) {
    }

    /// An answer to an iq of the roster's own; any other is ignored.
    pub fn handle_iq_answer(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, answer: &Iq) {}

    /// An answer that could not be read: the request with this id has failed.
    pub fn handle_bad_answer(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, id: &str) {}

    /// A resource came online: it is sent the presence of all contacts who are online.
    pub fn resource_online(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, jid: &FullJid) {}

    /// A contact's status, new or repeated; `None` is offline.
    pub fn presence(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        status: Option<Status>,
    ) {
    }

    /// The ICQ session has its contact list: from now on silence about a contact means offline.
    pub fn list_loaded(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {}

    /// Somebody's profile, or why there is none.
    pub fn profile(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        profile: Result<Profile, NoProfile>,
    ) {
    }

    /// A message about authorisation: a request, a grant, a denial, or "you were added" (§11.3).
    pub fn authorisation(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        message: &Message,
    ) {
    }

    /// The ICQ session is over: every contact who was online is shown offline.
    pub fn icq_offline(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {}

    /// The link to the XMPP server is up; nothing is known about what it still knows.
    pub fn link_up(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {}

    /// The link to the XMPP server is down: open requests have failed.
    pub fn link_down(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {}

    /// The user has registered: the gateway is put on the roster, by privilege, else by `subscribe`
    /// from the gateway (§5.3 step 4).
    pub fn add_gateway(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {}

    /// Takes every contact off the user's roster, and the gateway last if `gateway` says so: the user
    /// unregisters, or changes the number (§5.5 step 4). Nothing remains on the list.
    pub fn forget(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, gateway: bool) {}

    /// Nothing is left to be done of [`forget`](Self::forget).
    pub fn is_idle(&self) -> bool {
        true
    }

    /// Writes the list down if it has changed. To be called before [`Effects::take_changes`], each
    /// time.
    pub fn flush(&mut self, fx: &mut Effects) {}

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {}

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
