//! What the user asks for in words or by a command rather than by a subscription: the same deeds, begun at
//! the other end (xmpp-gateway.md §11.4, §23, §24).

use super::list::Item;
use super::lookup::Purpose;
use super::subscription::{MAX_NAME_CHARS, MAX_REASON_CHARS, SYNC_DELAY};
use super::{Roster, offer};
use crate::gateway::{Effects, Env, own, words};
use crate::icq::Command;
use crate::model::{Listing, Message, Now, Status, Uin, UnixTime};
use crate::store::RequestKind;
use crate::xmpp::{Condition, Refusal, text};

/// Somebody who waits for the user's word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) struct Petition<'a> {
    pub(in crate::gateway) uin: Uin,
    /// The name, or nothing.
    pub(in crate::gateway) name: &'a str,
    /// Why they ask; may be empty.
    pub(in crate::gateway) reason: &'a str,
    pub(in crate::gateway) received: UnixTime,
}

/// Somebody on the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) struct Entry<'a> {
    pub(in crate::gateway) uin: Uin,
    /// The name, or nothing.
    pub(in crate::gateway) name: &'a str,
    /// Asked for authorisation, and has not answered.
    pub(in crate::gateway) waiting: bool,
    pub(in crate::gateway) status: Option<Status>,
}

/// Somebody to put on the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::gateway) struct Newcomer {
    pub(in crate::gateway) uin: Uin,
    /// The name; may be empty.
    pub(in crate::gateway) name: String,
}

impl Roster {
    /// Everybody on the list whom the user sees, by number.
    pub(in crate::gateway) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let listed = self.list.iter().filter(|item| item.is_listed());
        listed.filter(|item| !item.hidden).map(|item| Entry {
            uin: item.uin(),
            name: self.list.name(item.uin()),
            waiting: item.listing == Listing::Waiting,
            status: item.status(),
        })
    }

    /// Those who asked for authorisation and have no answer, the one who waits longest first.
    pub(in crate::gateway) fn petitions(&self) -> Vec<Petition<'_>> {
        let open = self.list.requests();
        let open = open.filter(|(_, request)| request.kind == RequestKind::Question);
        let mut open: Vec<Petition<'_>> = open
            .map(|(uin, request)| Petition {
                uin,
                name: self.list.name(uin),
                reason: &request.reason,
                received: request.received,
            })
            .collect();
        open.sort_by_key(|petition| (petition.received, petition.uin));
        open
    }

    /// The user's own question to this contact has no answer.
    pub(in crate::gateway) fn is_waiting(&self, uin: Uin) -> bool {
        let item = self.list.find(uin);
        item.is_some_and(|item| item.listing == Listing::Waiting)
    }

    /// Grants somebody's request. `false` if they have none.
    pub(in crate::gateway) fn grant(&mut self, fx: &mut Effects, uin: Uin) -> bool {
        let is_answered = self.answer_request(uin, None);
        if is_answered {
            self.list.entry(uin).granted = true;
            fx.post(uin, Message::AuthorisationGranted);
        }
        is_answered
    }

    /// Refuses somebody's request. `false` if they have none.
    pub(in crate::gateway) fn refuse(&mut self, fx: &mut Effects, uin: Uin, reason: &str) -> bool {
        let is_answered = self.answer_request(uin, Some(RequestKind::Refused));
        if is_answered {
            self.list.entry(uin).granted = false;
            let reason = text::clean_line(reason, MAX_REASON_CHARS);
            fx.post(uin, Message::AuthorisationDenied { reason });
        }
        is_answered
    }

    /// Asks somebody for authorisation once more.
    pub(in crate::gateway) fn ask_again(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        reason: &str,
    ) -> Result<(), Refusal> {
        if !self.is_waiting(uin) {
            return Err(Refusal::new(
                Condition::ItemNotFound,
                words::NOT_WAITING_FOR_THEM,
            ));
        }
        let reason = text::clean_line(reason, MAX_REASON_CHARS);
        self.ask_for_authorisation(now, env, fx, uin, reason);
        Ok(())
    }

    /// Begins to add somebody: as a `subscribe` would, but the roster learns of it from here.
    pub(in crate::gateway) fn add(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        reason: &str,
    ) -> Result<(), Refusal> {
        let refuse = |condition, text| Err(Refusal::new(condition, text));
        if uin == env.uin {
            return refuse(Condition::NotAcceptable, words::OWN_NUMBER);
        }
        let item = self.list.find(uin);
        if item.is_some_and(|item| item.is_listed() && !item.hidden) || self.lookups.is_adding(uin)
        {
            return refuse(Condition::Conflict, words::ALREADY_LISTED);
        }
        let is_hidden = item.is_some_and(Item::is_listed);
        self.may_add(now, env)?;
        let item = self.list.entry(uin);
        item.hidden = false;
        // It is the user who asks now.
        item.offered = false;
        if is_hidden {
            self.ask_back(now, env, uin);
        } else {
            let purpose = Purpose::Add {
                reason: text::clean_line(reason, MAX_REASON_CHARS),
                stanza_id: None,
            };
            self.lookups.push(uin, purpose);
        }
        self.note(now);
        self.advance(now, env, fx);
        Ok(())
    }

    /// Puts people on the list as they were on that of another ICQ client: there they were authorised.
    /// How many were new, as far as there is room.
    pub(in crate::gateway) fn import(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        newcomers: &[Newcomer],
    ) -> usize {
        let room = env.settings.limits.contacts;
        let room = room.saturating_sub(self.list.listed() + self.lookups.adding());
        let is_new = |newcomer: &&Newcomer| {
            let item = self.list.find(newcomer.uin);
            newcomer.uin != env.uin && !item.is_some_and(|item| item.is_listed() && !item.hidden)
        };
        let newcomers: Vec<Newcomer> = newcomers.iter().filter(is_new).cloned().collect();
        let mut added = Vec::new();
        for Newcomer { uin, name } in newcomers.into_iter().take(room) {
            self.lookups.cancel(uin);
            let item = self.list.entry(uin);
            item.listing = Listing::Authorised;
            item.hidden = false;
            item.offered = false;
            let name = text::clean_line(&name, MAX_NAME_CHARS);
            if !name.is_empty() {
                self.list.set_name(uin, &name);
            }
            fx.command(Command::AddContact(uin));
            added.push(uin);
        }
        if !added.is_empty() {
            self.save();
            self.offer_imported(now, env, fx, &added);
            self.advance(now, env, fx);
        }
        added.len()
    }

    /// By privilege they are written; else a few are offered one by one, and many by a sentence.
    fn offer_imported(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, added: &[Uin]) {
        if self.is_privileged(env) {
            return self.sync_by(now.instant + SYNC_DELAY);
        }
        if added.len() <= offer::AUTO_SUBSCRIBE_MAX {
            return added.iter().for_each(|uin| self.ask_back(now, env, *uin));
        }
        let sentence = words::contacts_to_add(added.len(), &env.settings.domain);
        own::say(env, fx, sentence);
        for uin in added {
            self.list.entry(*uin).offered = true;
        }
    }

    /// Shows somebody offline whom the user no longer wants to see.
    pub(in crate::gateway) fn lose_sight_of(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
    ) {
        if self.status(uin).is_some() {
            self.presence(now, env, fx, uin, None);
        }
    }
}
