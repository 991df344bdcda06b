//! What the clients do: come and go, ask for subscriptions and answer them.

use std::collections::{BTreeMap, BTreeSet};

use icq_transport::xmpp::Stanza;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::presence::{Presence, Type};

use super::{Client, Item, Towards, full};
use crate::plan::DOMAIN;
use crate::world::World;

impl World {
    /// A client comes online: its presence goes to whoever is subscribed, and it asks for theirs.
    pub(crate) fn come_online(&mut self, user: &BareJid, resource: &str, presence: Presence) {
        self.say(|| format!("{user}/{resource} comes online"));
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        account.clients.insert(
            resource.to_owned(),
            Client {
                presence: presence.clone(),
                directed: BTreeSet::new(),
                view: BTreeMap::new(),
            },
        );
        let watched = account.roster.iter().filter(|(_, entry)| entry.to);
        let watched: Vec<BareJid> = watched.map(|(jid, _)| jid.clone()).collect();
        let again = account.roster.iter().filter(|(_, entry)| entry.ask);
        let again: Vec<BareJid> = again.map(|(jid, _)| jid.clone()).collect();
        let asking: Vec<BareJid> = account.asking.iter().cloned().collect();
        self.broadcast(user, resource, &presence);
        for contact in watched {
            self.send_presence(user, &contact, Type::Probe);
        }
        // A server repeats what was asked and not answered (RFC 6121 §3.1.2).
        for contact in again {
            self.send_presence(user, &contact, Type::Subscribe);
        }
        for contact in asking {
            self.decide_later(user, contact);
        }
    }

    /// A client changes its presence.
    pub(crate) fn change_presence(&mut self, user: &BareJid, resource: &str, presence: Presence) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let Some(client) = account.clients.get_mut(resource) else {
            return;
        };
        client.presence = presence.clone();
        self.broadcast(user, resource, &presence);
    }

    /// A client goes, or is gone.
    pub(crate) fn go_offline(&mut self, user: &BareJid, resource: &str) {
        self.say(|| format!("{user}/{resource} goes offline"));
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let Some(client) = account.clients.remove(resource) else {
            return;
        };
        self.broadcast(user, resource, &Presence::new(Type::Unavailable));
        let account = self.host.accounts.get(user);
        let is_subscribed = |jid: &BareJid| {
            let entry = account.and_then(|account| account.roster.get(jid));
            entry.is_some_and(|entry| entry.from)
        };
        let directed = client.directed.into_iter();
        let directed: Vec<BareJid> = directed.filter(|jid| !is_subscribed(jid)).collect();
        for jid in directed {
            let presence = Presence::new(Type::Unavailable)
                .with_from(full(user, resource))
                .with_to(jid);
            self.host_sends(Stanza::from(presence));
        }
    }

    /// Presence of a client to one address alone.
    pub(crate) fn send_directed(
        &mut self,
        user: &BareJid,
        resource: &str,
        to: &BareJid,
        type_: Type,
    ) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let Some(client) = account.clients.get_mut(resource) else {
            return;
        };
        let mut presence = match type_ {
            Type::None => {
                client.directed.insert(to.clone());
                client.presence.clone()
            }
            other => {
                client.directed.remove(to);
                Presence::new(other)
            }
        };
        presence.from = Some(Jid::from(full(user, resource)));
        presence.to = Some(Jid::from(to.clone()));
        self.host_sends(Stanza::from(presence));
    }

    fn broadcast(&mut self, user: &BareJid, resource: &str, presence: &Presence) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        let receivers = account.roster.iter().filter(|(_, entry)| entry.from);
        let receivers: Vec<BareJid> = receivers.map(|(jid, _)| jid.clone()).collect();
        for to in receivers {
            let mut presence = presence.clone();
            presence.from = Some(Jid::from(full(user, resource)));
            presence.to = Some(Jid::from(to));
            self.host_sends(Stanza::from(presence));
        }
    }

    pub(super) fn say_unavailable(&mut self, user: &BareJid, to: &BareJid) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        let resources: Vec<String> = account.clients.keys().cloned().collect();
        for resource in resources {
            let presence = Presence::new(Type::Unavailable)
                .with_from(full(user, &resource))
                .with_to(to.clone());
            self.host_sends(Stanza::from(presence));
        }
    }

    /// A presence between accounts: a subscription, or a probe.
    pub(super) fn send_presence(&mut self, user: &BareJid, contact: &BareJid, type_: Type) {
        let presence = Presence::new(type_)
            .with_from(user.clone())
            .with_to(contact.clone());
        self.host_sends(Stanza::from(presence));
    }

    /// A client asks to see somebody.
    pub(crate) fn subscribe(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let entry = account.roster.entry(contact.clone()).or_default();
        entry.ask = !entry.to;
        self.send_presence(user, contact, Type::Subscribe);
    }

    /// A client lets somebody see its user, or does not.
    pub(crate) fn answer_subscription(&mut self, user: &BareJid, contact: &BareJid, yes: bool) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        if !account.asking.remove(contact) {
            return;
        }
        if !yes {
            return self.send_presence(user, contact, Type::Unsubscribed);
        }
        account.roster.entry(contact.clone()).or_default().from = true;
        self.send_presence(user, contact, Type::Subscribed);
        self.introduce(user, contact);
    }

    /// Somebody newly subscribed is sent the presence of all clients.
    fn introduce(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        let mut presences = Vec::new();
        for (resource, client) in &account.clients {
            let mut presence = client.presence.clone();
            presence.from = Some(Jid::from(full(user, resource)));
            presence.to = Some(Jid::from(contact.clone()));
            presences.push(Stanza::from(presence));
        }
        for presence in presences {
            self.host_sends(presence);
        }
    }

    /// A client removes somebody from the roster (RFC 6121 §2.5).
    pub(crate) fn remove_from_roster(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        account.asking.remove(contact);
        let Some(entry) = account.roster.remove(contact) else {
            return;
        };
        for client in account.clients.values_mut() {
            client.view.remove(contact);
        }
        let mut goodbyes = Vec::new();
        if entry.to || entry.ask {
            goodbyes.push(Type::Unsubscribe);
        }
        if entry.from {
            goodbyes.push(Type::Unsubscribed);
        }
        if self.host.manners.unsubscribed_first {
            goodbyes.reverse();
        }
        for type_ in goodbyes {
            self.send_presence(user, contact, type_);
        }
    }

    /// A stanza of a client's or the server's, for the gateway.
    pub(crate) fn host_sends(&mut self, stanza: Stanza) {
        let to_us = stanza
            .recipient()
            .is_some_and(|to| to.domain().as_str() == DOMAIN);
        if !to_us {
            return;
        }
        if self.host.link.is_up {
            return self.push_on_link(Towards::Gateway, Item::Stanza(stanza));
        }
        // The server itself says that nobody is there: the gateway has taken nothing.
        let user = stanza.sender().map(Jid::to_bare);
        match (&stanza, user) {
            (Stanza::Iq(iq), Some(user)) if matches!(**iq, Iq::Get { .. } | Iq::Set { .. }) => {
                let id = iq.id().to_owned();
                self.drop_question(&user, &id);
            }
            _ => {}
        }
    }
}
