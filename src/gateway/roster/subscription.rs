//! What the user wants of a contact (xmpp-gateway.md §11.2, §11.5).

use std::time::Duration;

use xmpp_parsers::presence::{Presence, Type};

use super::list::Item;
use super::lookup::Purpose;
use super::removal::{Kind, Verdict};
use super::{Roster, introduction, subscription};
use crate::gateway::pace::Rate;
use crate::gateway::{Effects, Env, words};
use crate::icq::{Command, NoProfile};
use crate::model::{Listing, Message, Now, Profile, Uin};
use crate::store::{RequestKind, Subscription};
use crate::xmpp::{Condition, Refusal, Stanza, address, presence as stanza, text};

impl Roster {
    /// `subscribe`, `subscribed`, `unsubscribe` or `unsubscribed` from the user to a contact (§11.2).
    pub fn handle_subscription(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        presence: &Presence,
    ) {
        match presence.type_ {
            Type::Subscribe => self.subscribe(now, env, fx, uin, presence),
            Type::Subscribed => self.subscribed(now, fx, uin),
            Type::Unsubscribe => self.unsubscribe(now, env, fx, uin),
            Type::Unsubscribed => self.unsubscribed(now, env, fx, uin, presence),
            Type::None | Type::Error | Type::Probe | Type::Unavailable => {}
        }
        self.advance(now, env, fx);
    }

    fn subscribe(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        presence: &Presence,
    ) {
        if uin == env.uin {
            return fx.send(subscription(
                Type::Unsubscribed,
                uin,
                env,
                words::OWN_NUMBER,
            ));
        }
        self.removals.forget_own(uin);
        let reason = text::clean_line(stanza::text(presence), MAX_REASON_CHARS);
        let listing = self.list.find(uin).map(|item| item.listing);
        match listing.unwrap_or_default() {
            Listing::Authorised => {
                let item = self.list.entry(uin);
                item.hidden = false;
                item.to = Subscription::Pending;
                self.save();
                self.confirm_subscription(env, fx, uin);
                self.ask_back(now, env, uin);
            }
            Listing::Waiting => {
                let item = self.list.entry(uin);
                item.hidden = false;
                item.to = Subscription::Pending;
                self.note(now);
                let asked = self.list.asked(uin).unwrap_or_default();
                if now.unix.since(asked) >= ASK_AGAIN_AFTER {
                    self.ask_for_authorisation(now, env, fx, uin, reason);
                }
            }
            Listing::None => {
                if self.lookups.is_adding(uin) {
                    return;
                }
                if let Err(refusal) = self.may_add(now, env) {
                    return self.refuse_to_add(env, fx, uin, presence.id.clone(), &refusal);
                }
                self.list.entry(uin).to = Subscription::Pending;
                self.note(now);
                let purpose = Purpose::Add {
                    reason,
                    stanza_id: presence.id.clone(),
                };
                self.lookups.push(uin, purpose);
            }
        }
    }

    pub(super) fn may_add(&mut self, now: Now, env: &Env<'_>) -> Result<(), Refusal> {
        let limits = &env.settings.limits;
        if self.list.listed() + self.lookups.adding() >= limits.contacts {
            let text = words::list_full(limits.contacts);
            return Err(Refusal::new(Condition::ResourceConstraint, text));
        }
        let rate = Rate::per(HOUR, limits.subscriptions_per_hour);
        self.asks
            .adding
            .take(now.instant, rate)
            .map_err(|_| Refusal::new(Condition::ResourceConstraint, words::TOO_MANY_ADDED))
    }

    fn refuse_to_add(
        &mut self,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        id: Option<String>,
        refusal: &Refusal,
    ) {
        let contact = address::contact(uin, &env.settings.domain);
        fx.send(Stanza::presence_error(
            contact.into(),
            env.jid.clone().into(),
            id,
            refusal,
        ));
        fx.send(subscription(Type::Unsubscribed, uin, env, &refusal.text));
    }

    /// Somebody's profile, or why there is none.
    pub fn profile(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        profile: Result<Profile, NoProfile>,
    ) {
        if let Some(purpose) = self.lookups.answered(uin) {
            self.looked_up(now, env, fx, uin, purpose, profile);
            self.advance(now, env, fx);
        }
    }

    pub(super) fn looked_up(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        purpose: Purpose,
        profile: Result<Profile, NoProfile>,
    ) {
        let name = profile.as_ref().ok().and_then(Profile::name);
        self.learn_name(now, env, fx, uin, &name.unwrap_or_default());
        let Purpose::Add { reason, stanza_id } = purpose else {
            return;
        };
        match profile {
            Err(NoProfile::NoSuchUser) => {
                let refusal = Refusal::new(Condition::ItemNotFound, words::NOBODY);
                self.refuse_to_add(env, fx, uin, stanza_id, &refusal);
                self.list.entry(uin).to = Subscription::None;
                self.forget_if_blank(uin);
                self.note(now);
            }
            Ok(profile) if profile.authorisation_required => {
                self.list.entry(uin).listing = Listing::Waiting;
                self.ask_for_authorisation(now, env, fx, uin, reason);
            }
            // Who cannot be asked about is added: the worst that can follow is silence.
            Ok(_) | Err(NoProfile::NoAnswer) => {
                fx.post(uin, Message::Added(introduction(env)));
                self.authorise(now, env, fx, uin);
            }
        }
    }

    pub(super) fn ask_for_authorisation(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        reason: String,
    ) {
        let reason = match reason.is_empty() {
            true => words::PLEASE_AUTHORISE.to_owned(),
            false => reason,
        };
        let from = introduction(env);
        fx.post(uin, Message::AuthorisationRequest { from, reason });
        self.list.set_asked(uin, Some(now.unix));
        self.save();
    }

    /// Somebody is on the ICQ list from now on, for good: the user is told, and asked in turn.
    pub(super) fn authorise(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        let item = self.list.entry(uin);
        item.listing = Listing::Authorised;
        let is_asked_for = item.to == Subscription::Pending;
        self.list.set_asked(uin, None);
        self.save();
        fx.command(Command::AddContact(uin));
        if is_asked_for {
            self.confirm_subscription(env, fx, uin);
        }
        self.ask_back(now, env, uin);
    }

    /// Takes a name over for somebody who has none.
    pub(super) fn learn_name(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        name: &str,
    ) {
        let name = text::clean_line(name, MAX_NAME_CHARS);
        if name.is_empty() || self.list.find(uin).is_none() || !self.list.name(uin).is_empty() {
            return;
        }
        self.list.set_name(uin, &name);
        self.note(now);
        if self.status(uin).is_some() {
            self.show(env, fx, uin);
            self.sync_by(now.instant + SYNC_DELAY);
        }
    }

    fn subscribed(&mut self, now: Now, fx: &mut Effects, uin: Uin) {
        let Some(item) = self.list.find_mut(uin) else {
            return;
        };
        if item.from != Subscription::Yes {
            item.from = Subscription::Yes;
            self.note(now);
        }
        if self.answer_request(uin, None) {
            self.list.entry(uin).granted = true;
            fx.post(uin, Message::AuthorisationGranted);
        }
    }

    fn unsubscribed(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        presence: &Presence,
    ) {
        if self.removals.is_own(now.instant, uin) {
            return;
        }
        let Some(item) = self.list.find_mut(uin) else {
            return;
        };
        let to = item.to;
        item.from = Subscription::None;
        // Whoever says no is not asked again.
        item.offered = true;
        self.note(now);
        if self.answer_request(uin, Some(RequestKind::Refused)) {
            let reason = text::clean_line(stanza::text(presence), MAX_REASON_CHARS);
            self.list.entry(uin).granted = false;
            fx.post(uin, Message::AuthorisationDenied { reason });
        }
        let removals = &mut self.removals;
        if removals.completes(now.instant, uin, Kind::Unsubscribed, to) {
            self.removed(now, env, fx, uin);
        }
    }

    /// The question somebody waits with has its answer, and what remains of it. `false` if there is
    /// none that ICQ wants an answer to.
    pub(super) fn answer_request(&mut self, uin: Uin, remains: Option<RequestKind>) -> bool {
        let Some(request) = self.list.request_mut(uin) else {
            return false;
        };
        let wants_answer = request.kind == RequestKind::Question;
        match remains {
            Some(kind) => (request.kind, request.told) = (kind, true),
            None => self.list.set_request(uin, None),
        }
        self.save();
        wants_answer
    }

    fn unsubscribe(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        if self.removals.is_own(now.instant, uin) {
            return;
        }
        fx.send(subscription(Type::Unsubscribed, uin, env, ""));
        self.lookups.cancel(uin);
        let Some(item) = self.list.find_mut(uin) else {
            return;
        };
        let to = std::mem::take(&mut item.to);
        item.offered = true;
        if item.is_listed() {
            self.hide(env, fx, uin);
        }
        self.unconfirmed
            .retain(|(_, unconfirmed)| *unconfirmed != uin);
        // After a restart, `subscribed` would be said once more to nobody who asked.
        self.save();
        let removals = &mut self.removals;
        if removals.completes(now.instant, uin, Kind::Unsubscribe, to) {
            self.removed(now, env, fx, uin);
        }
    }

    /// A person took this contact off the roster (rule R).
    pub(super) fn removed(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, uin: Uin) {
        if !self.is_listed(uin) {
            self.list.remove(uin);
            return self.note(now);
        }
        match self.removals.judge(now.instant) {
            Verdict::Delete => {
                let is_shown = |item: &Item| item.status().is_some();
                if self.list.find(uin).is_some_and(is_shown) {
                    self.hide(env, fx, uin);
                }
                self.list.remove(uin);
                fx.command(Command::RemoveContact(uin));
                self.save();
            }
            Verdict::Keep => self.keep(now, uin),
        }
    }

    /// This contact is off the roster, and no person may have meant that: it stays on the ICQ list, out
    /// of sight.
    pub(super) fn keep(&mut self, now: Now, uin: Uin) {
        self.removals.note_kept(now.instant);
        let item = self.list.entry(uin);
        item.hidden = true;
        item.on_roster = false;
        item.to = Subscription::None;
        item.from = Subscription::None;
        self.save();
    }
}

/// xmpp-gateway.md §28.1.
pub(super) const MAX_NAME_CHARS: usize = 100;

/// What an ICQ client has room for beside the names (icq-udp.md §7.3).
pub(super) const MAX_REASON_CHARS: usize = 300;

/// xmpp-gateway.md §11.2.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(24 * 3600);

const HOUR: Duration = Duration::from_secs(3600);

/// What a user does with a contact is done before the roster is looked at.
pub(super) const SYNC_DELAY: Duration = Duration::from_secs(2);
