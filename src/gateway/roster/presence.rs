//! Who is online, and who was told (xmpp-gateway.md §7.3, §7.4, §8).

use xmpp_parsers::jid::{FullJid, Jid};
use xmpp_parsers::presence::{Presence, Type};

use super::list::{Item, seconds};
use super::{Roster, subscription};
use crate::gateway::{Effects, Env};
use crate::model::{Now, Status, Uin, UnixTime};
use crate::store::Subscription;
use crate::xmpp::presence as stanza;

impl Roster {
    /// A contact's status, new or repeated; `None` is offline.
    pub fn presence(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        status: Option<Status>,
    ) {
        let Some(item) = self.list.find_mut(uin) else {
            return;
        };
        let before = item.status();
        if item.seen.status.is_some() && status.is_none() {
            item.seen.left = seconds(now.unix);
        }
        item.seen.status = status;
        if before.map(stanza::show) == item.status().map(stanza::show) {
            return;
        }
        item.seen.told = seconds(now.unix);
        self.tell_all(env, fx, uin);
    }

    /// Sends everybody a contact's presence as it is.
    fn tell_all(&self, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        let Some(item) = self.list.find(uin) else {
            return;
        };
        for resource in env.resources.iter() {
            tell(item, self.list.name(uin), env, fx, resource.clone().into());
        }
    }

    /// A resource came online: it is sent the presence of all contacts who are online. About the others
    /// there is nothing to say: its user sees them offline.
    pub fn resource_online(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, jid: &FullJid) {
        let now = seconds(now.unix);
        for (item, name) in self.list.iter_mut() {
            if item.status().is_none() {
                continue;
            }
            item.seen.told = now;
            // A probe is sent for one resource, and its answer serves no other.
            let answered = std::mem::take(&mut item.seen.answered);
            if !is_recent(answered, now) {
                tell(item, name, env, fx, jid.clone().into());
            }
        }
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
        let domain = &env.settings.domain;
        let absent = |since| stanza::absent(uin, domain, asker.clone(), since);
        let is_adding = self.lookups.is_adding(uin);
        let Some(item) = self.list.find_mut(uin).filter(|item| item.is_listed()) else {
            // The roster has a stale entry. While nobody knows the list, nobody can say so.
            if env.icq_online && !is_adding {
                return fx.send(subscription(Type::Unsubscribed, uin, env, ""));
            }
            return fx.send(absent(None));
        };
        let seconds = seconds(now.unix);
        let was_told = is_recent(item.seen.told, seconds);
        match asker.try_as_full() {
            Ok(jid) if !env.resources.contains(jid) => {}
            Ok(_) if was_told => return,
            Ok(_) => item.seen.told = seconds,
            Err(_) if was_told || is_recent(item.seen.answered, seconds) => return,
            Err(_) => item.seen.answered = seconds,
        }
        // The server asks on behalf of those who are subscribed, and it should know.
        let is_new = item.is_authorised() && item.to != Subscription::Yes;
        if is_new {
            item.to = Subscription::Yes;
        }
        let left = u64::from(item.seen.left);
        let since = (left != 0 && item.is_visible()).then(|| UnixTime::from_secs(left));
        let online = item.status();
        match online {
            Some(status) => fx.send(available(
                uin,
                self.list.name(uin),
                status,
                env,
                asker.clone(),
            )),
            None => fx.send(absent(since)),
        }
        if is_new {
            self.note(now);
        }
    }

    /// Shows a contact to whoever is there: the subscription has just come to stand.
    pub(super) fn show(&self, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        if self.status(uin).is_some() {
            self.tell_all(env, fx, uin);
        }
    }

    /// Shows a contact offline: the subscription is about to end, or ICQ is gone.
    pub(super) fn hide(&self, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        for resource in env.resources.iter() {
            let to = Jid::from(resource.clone());
            fx.send(stanza::unavailable(uin, &env.settings.domain, to));
        }
    }

    pub(super) fn show_all_offline(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let online = self.list.iter().filter(|item| item.status().is_some());
        let online: Vec<Uin> = online.map(Item::uin).collect();
        for uin in online {
            self.hide(env, fx, uin);
        }
        for (item, _) in self.list.iter_mut() {
            if item.seen.status.take().is_some() {
                item.seen.left = seconds(now.unix);
            }
        }
    }
}

/// Sends a contact's presence, as it is, to one address.
fn tell(item: &Item, name: &str, env: &Env<'_>, fx: &mut Effects, to: Jid) {
    fx.send(match item.status() {
        None => stanza::unavailable(item.uin(), &env.settings.domain, to),
        Some(status) => available(item.uin(), name, status, env, to),
    });
}

fn available(uin: Uin, name: &str, status: Status, env: &Env<'_>, to: Jid) -> Presence {
    stanza::available(
        uin,
        &env.settings.domain,
        to,
        status,
        name,
        env.caps.client(),
    )
}

/// The server's probes and the user's own presence come together: one answer is enough for both.
const fn is_recent(told: u32, now: u32) -> bool {
    now.saturating_sub(told) < 5
}
