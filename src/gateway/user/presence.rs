//! What the user's presence means: to the gateway (xmpp-gateway.md §6, §8, §11.9), and to contacts.

use std::time::{Duration, Instant};

use minidom::Element;
use xmpp_parsers::jid::FullJid;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza_error::{DefinedCondition, StanzaError};

use super::User;
use crate::gateway::{Announced, Ending, UserState, log, own, words};
use crate::model::{Now, Uin};
use crate::store::Mode;
use crate::xmpp::Address;

/// Tells resources that left the network from those that left only the gateway.
///
/// A server repeats *unavailable* to the gateway and to every contact that saw the resource; a client
/// that leaves the gateway says it to the gateway alone.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Who said *unavailable* to a contact last, and when.
    to_contact: Option<(FullJid, Instant)>,
    /// Who said it to the gateway, and until when a contact may hear it too.
    undecided: Option<(FullJid, Instant)>,
}

impl Departures {
    fn told_contact(&mut self, now: Instant, jid: &FullJid) {
        if self.undecided.as_ref().is_some_and(|(it, _)| it == jid) {
            self.undecided = None;
        }
        self.to_contact = Some((jid.clone(), now));
    }

    fn told_gateway(&mut self, now: Instant, jid: FullJid) {
        let broadcast = self
            .to_contact
            .as_ref()
            .is_some_and(|(it, at)| *it == jid && now - *at < BROADCAST_TAKES);
        if !broadcast {
            self.undecided = Some((jid, now + BROADCAST_TAKES));
        }
    }

    fn came_back(&mut self, jid: &FullJid) {
        if self.undecided.as_ref().is_some_and(|(it, _)| it == jid) {
            self.undecided = None;
        }
    }

    /// Whether somebody turns out to have left the gateway alone.
    fn settle(&mut self, now: Instant) -> bool {
        self.undecided.take_if(|(_, until)| *until <= now).is_some()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.undecided.as_ref().map(|(_, until)| *until)
    }
}

impl User {
    pub(super) fn handle_presence(&mut self, now: Now, address: Address, presence: &Presence) {
        match address {
            Address::Gateway => self.handle_presence_to_gateway(now, presence),
            Address::Contact(uin) => self.handle_presence_to_contact(now, uin, presence),
            Address::Invalid => {}
        }
    }

    fn handle_presence_to_gateway(&mut self, now: Now, presence: &Presence) {
        let Some(from) = &presence.from else {
            return;
        };
        match presence.type_ {
            Type::None => {
                if let Ok(jid) = from.try_as_full() {
                    self.resource_online(now, jid, Some(presence));
                }
            }
            Type::Unavailable => match from.try_as_full() {
                Ok(jid) => self.resource_offline(now, jid),
                // The account's answer to a probe: nobody is there.
                Err(_) => self.facts.resources.clear(),
            },
            Type::Error => match from.try_as_full() {
                Ok(jid) => {
                    self.facts.resources.remove(jid);
                }
                Err(_) => self.account_in_doubt(now, &presence.payloads, true),
            },
            Type::Probe => self
                .login
                .handle_probe(now, &self.facts, &mut self.fx, from),
            Type::Subscribe => self.gateway_added(now),
            Type::Subscribed => {}
            Type::Unsubscribe => {
                own::subscription(&self.facts.env(), &mut self.fx, Type::Unsubscribed);
                self.gateway_removed(now);
            }
            Type::Unsubscribed => {
                // A server may say so to a probe of an account it does not show; nobody removed anything.
                let asked = self
                    .probed
                    .is_some_and(|at| now.instant - at < PROBE_ANSWERS);
                if from.is_full() || !asked {
                    self.gateway_removed(now);
                }
            }
        }
    }

    /// The server repeats the user's presence to every contact: once a resource is known, only the
    /// manner of its leaving is read from that.
    fn handle_presence_to_contact(&mut self, now: Now, uin: Uin, presence: &Presence) {
        let Some(from) = &presence.from else {
            return;
        };
        let env = self.facts.env();
        match presence.type_ {
            Type::None => {
                let Ok(jid) = from.try_as_full() else {
                    return;
                };
                if !self.facts.resources.contains(jid) {
                    self.resource_online(now, jid, Some(presence));
                }
                self.facts.resources.seen_by_contact(jid);
            }
            Type::Unavailable => {
                if let Ok(jid) = from.try_as_full() {
                    self.departures.told_contact(now.instant, jid);
                }
            }
            Type::Error => {}
            Type::Probe => {
                self.roster.handle_probe(now, &env, &mut self.fx, uin, from);
            }
            Type::Subscribe | Type::Subscribed | Type::Unsubscribe | Type::Unsubscribed => {
                self.roster
                    .handle_subscription(now, &env, &mut self.fx, uin, presence);
            }
        }
    }

    /// Notes where somebody is online who is not registered yet: the login that is being tried goes on
    /// if there is a resource by then.
    pub(super) fn note_resource(&mut self, now: Now, presence: &Presence) {
        let from = presence.from.as_ref();
        let Some(Ok(jid)) = from.map(|from| from.try_as_full()) else {
            return;
        };
        match presence.type_ {
            Type::None => {
                self.facts.resources.announce(now, jid, Some(presence));
            }
            Type::Unavailable | Type::Error => {
                self.facts.resources.remove(jid);
            }
            Type::Probe
            | Type::Subscribe
            | Type::Subscribed
            | Type::Unsubscribe
            | Type::Unsubscribed => {}
        }
    }

    fn resource_online(&mut self, now: Now, jid: &FullJid, presence: Option<&Presence>) {
        if self.facts.state == UserState::Suspended {
            return;
        }
        self.departures.came_back(jid);
        let announced = self.facts.resources.announce(now, jid, presence);
        match announced {
            Announced::TooMany | Announced::Same => return,
            Announced::New | Announced::Changed => self.login.asked_by(&self.facts, jid),
        }
        self.account_exists();
        if announced == Announced::Changed {
            let env = self.facts.env();
            return self.moods.resources_changed(&env, &mut self.fx);
        }
        let before = self.facts.state.clone();
        self.settle(now);
        // A new state is shown to all resources, this one included.
        if self.facts.state == before {
            self.login
                .show_to(now, &self.facts, &mut self.fx, jid.clone());
        }
        let env = self.facts.env();
        self.roster.resource_online(now, &env, &mut self.fx, jid);
        self.inbox.resource_online(now, &env, &mut self.fx);
        self.moods.resources_changed(&env, &mut self.fx);
    }

    fn resource_offline(&mut self, now: Now, jid: &FullJid) {
        let broadcasts = self.facts.resources.is_seen_by_contacts(jid);
        if !self.facts.resources.remove(jid) {
            return;
        }
        // Its server tells it about contacts; the gateway it may have left alone.
        let goodbye = own::OwnPresence {
            available: false,
            show: None,
            text: None,
        };
        self.fx.send(goodbye.to(&self.facts.env(), jid.clone()));
        if broadcasts {
            self.departures.told_gateway(now.instant, jid.clone());
        }
    }

    /// A resource left the gateway and nothing else: if it was the last one, the user means it.
    pub(super) fn settle_departures(&mut self, now: Now) {
        let left = self.departures.settle(now.instant);
        if !left || self.facts.resources.want_login() || !self.facts.state.is_coming() {
            return;
        }
        match self.facts.registration.mode {
            Mode::Always => self.pause(now),
            Mode::Follow | Mode::Manual => self.login.leave_now(now),
        }
    }

    /// The user logs out until further notice.
    pub(super) fn pause(&mut self, now: Now) {
        if self.facts.state == UserState::Suspended {
            return;
        }
        self.login.note(&mut self.fx, |record| record.paused = true);
        self.log_off(now, UserState::Paused);
    }

    /// `subscribe` to the gateway (xmpp-gateway.md §11.9).
    fn gateway_added(&mut self, now: Now) {
        own::subscription(&self.facts.env(), &mut self.fx, Type::Subscribed);
        if self.facts.state == UserState::Suspended {
            self.purge_at = None;
            self.login.revive(now, &mut self.facts, &mut self.fx);
            own::say(&self.facts.env(), &mut self.fx, words::REVIVED);
        }
        self.login
            .show_to(now, &self.facts, &mut self.fx, self.facts.jid.clone());
        if !self.facts.resources.is_empty() {
            return;
        }
        let was_asked = self.login.record().asked_for_presence;
        if !was_asked {
            self.ask_for_presence(now);
        }
        // A server that knows the gateway already has nothing new to say by itself, and presence that came
        // while the registration was suspended was not looked at.
        if was_asked || !self.facts.privileges.roster_set {
            self.probe(now);
        }
    }

    /// Puts the gateway on the roster, so that it sees where the user is online: by privilege, or by
    /// asking, once.
    pub(super) fn ask_for_presence(&mut self, now: Now) {
        self.login
            .note(&mut self.fx, |record| record.asked_for_presence = true);
        let env = self.facts.env();
        self.roster.add_gateway(now, &env, &mut self.fx);
        if self.facts.privileges.roster_set {
            self.probe(now);
        }
    }

    /// The gateway is off the roster. A client that tidied up, or a server that lost a roster, must not
    /// cost anybody a registration (xmpp-gateway.md §5.5).
    fn gateway_removed(&mut self, now: Now) {
        if self.facts.state == UserState::Suspended {
            return;
        }
        own::say(&self.facts.env(), &mut self.fx, words::SUSPENDED);
        self.suspend(now);
    }

    fn suspend(&mut self, now: Now) {
        self.login.note(&mut self.fx, |record| {
            record.suspended = Some(now.unix);
            record.asked_for_presence = false;
        });
        self.log_off(now, UserState::Suspended);
        self.facts.resources.clear();
        self.plan_purge(now);
    }

    /// What came back as an error may say that there is no such account. Three days of that, and it is
    /// believed (xmpp-gateway.md §5.6). A probe of nobody may also be `service-unavailable`; for a
    /// message that only means that it cannot be kept.
    pub(super) fn account_in_doubt(&mut self, now: Now, payloads: &[Element], probe: bool) {
        let mut errors = payloads.iter().filter(|it| it.name() == "error");
        let Some(Ok(error)) = errors.next().cloned().map(StanzaError::try_from) else {
            return;
        };
        let gone = match error.defined_condition {
            DefinedCondition::ItemNotFound | DefinedCondition::Gone { .. } => true,
            DefinedCondition::ServiceUnavailable => probe,
            _ => false,
        };
        if !gone {
            return log::message_error(&self.facts, &error.defined_condition);
        }
        if self.facts.state != UserState::Suspended && self.login.doubt(now, &mut self.fx) {
            self.suspend(now);
        }
    }

    fn account_exists(&mut self) {
        self.login.trust(&mut self.fx);
    }

    /// Sets the time at which a suspended registration is deleted.
    pub(super) fn plan_purge(&mut self, now: Now) {
        self.purge_at = self.login.record().suspended.map(|since| {
            let left = PURGE_AFTER.saturating_sub(now.unix.since(since));
            now.instant + left
        });
        if self.ending == Some(Ending::Shutdown) {
            self.purge_at = None;
        }
    }
}

/// How long a server may take to tell everybody that a resource has left.
const BROADCAST_TAKES: Duration = Duration::from_secs(2);

/// How long an answer to a probe may take.
const PROBE_ANSWERS: Duration = Duration::from_secs(30);

/// How long a suspended registration is kept (xmpp-gateway.md §5.5).
const PURGE_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);
