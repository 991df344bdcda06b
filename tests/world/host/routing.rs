//! What the server does with the stanzas of the gateway.

use icq_transport::xmpp::{Condition, Refusal, Stanza};
use minidom::Element;
use std::time::Duration;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::roster::{Ask, Item as RosterItem, Roster as RosterQuery, Subscription};

use super::full;
use crate::people::Deed;
use crate::plan::Privilege;
use crate::world::World;

impl World {
    pub(super) fn route(&mut self, stanza: Stanza) {
        let Some(to) = stanza.recipient().cloned() else {
            return;
        };
        let user = to.to_bare();
        if !self.host.accounts.contains_key(&user) {
            return;
        }
        match stanza {
            Stanza::Presence(presence) => self.route_presence(&user, &to, *presence),
            Stanza::Message(message) => self.route_message(&user, *message),
            Stanza::Iq(iq) => self.route_iq(&user, &to, *iq),
        }
    }

    fn route_presence(&mut self, user: &BareJid, to: &Jid, presence: Presence) {
        let Some(from) = presence.from.clone() else {
            return;
        };
        let contact = from.to_bare();
        match presence.type_ {
            Type::None | Type::Unavailable => self.show_presence(user, to, &contact, &presence),
            Type::Subscribe => self.contact_asks(user, contact),
            Type::Subscribed => {
                let Some(account) = self.host.accounts.get_mut(user) else {
                    return;
                };
                if let Some(entry) = account.roster.get_mut(&contact).filter(|it| it.ask) {
                    entry.ask = false;
                    entry.to = true;
                }
            }
            Type::Unsubscribe => {
                let Some(account) = self.host.accounts.get_mut(user) else {
                    return;
                };
                account.asking.remove(&contact);
                let entry = account.roster.get_mut(&contact);
                if entry.is_some_and(|entry| std::mem::take(&mut entry.from)) {
                    self.say_unavailable(user, &contact);
                }
            }
            Type::Unsubscribed => {
                let Some(account) = self.host.accounts.get_mut(user) else {
                    return;
                };
                if let Some(entry) = account.roster.get_mut(&contact) {
                    entry.to = false;
                    entry.ask = false;
                }
                for client in account.clients.values_mut() {
                    client.view.remove(&contact);
                }
            }
            Type::Probe => self.answer_probe(user, &contact),
            Type::Error => {}
        }
    }

    fn show_presence(&mut self, user: &BareJid, to: &Jid, contact: &BareJid, presence: &Presence) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let news = match presence.type_ {
            Type::None => Some(presence.show.clone()),
            _ => None,
        };
        for (resource, client) in &mut account.clients {
            let is_meant = to.resource().is_none_or(|it| it.as_str() == resource);
            if is_meant {
                client.view.insert(contact.clone(), news.clone());
            }
        }
    }

    fn contact_asks(&mut self, user: &BareJid, contact: BareJid) {
        let Some(account) = self.host.accounts.get_mut(user) else {
            return;
        };
        let is_known = account.roster.get(&contact).is_some_and(|entry| entry.from);
        if is_known {
            return self.send_presence(user, &contact, Type::Subscribed);
        }
        let is_new = account.asking.insert(contact.clone());
        let is_there = !account.clients.is_empty();
        if is_new && is_there {
            self.decide_later(user, contact);
        }
    }

    /// Somebody is asked, and takes a while.
    pub(crate) fn decide_later(&mut self, user: &BareJid, contact: BareJid) {
        let Some(person) = self.people.iter().position(|person| person.jid == *user) else {
            return;
        };
        let delay = self.between(Duration::from_millis(300), Duration::from_secs(12));
        self.do_later(delay, Deed::Decide(person, contact));
    }

    fn answer_probe(&mut self, user: &BareJid, contact: &BareJid) {
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        if !account.roster.get(contact).is_some_and(|entry| entry.from) {
            return;
        }
        let mut answers: Vec<Stanza> = Vec::new();
        for (resource, client) in &account.clients {
            let mut presence = client.presence.clone();
            presence.from = Some(Jid::from(full(user, resource)));
            presence.to = Some(Jid::from(contact.clone()));
            answers.push(Stanza::from(presence));
        }
        if answers.is_empty() && self.host.manners.answers_for_the_absent {
            let presence = Presence::new(Type::Unavailable)
                .with_from(user.clone())
                .with_to(contact.clone());
            answers.push(Stanza::from(presence));
        }
        for answer in answers {
            self.host_sends(answer);
        }
    }

    fn route_message(&mut self, user: &BareJid, message: Message) {
        if message.type_ == MessageType::Error {
            self.note_error(user, &message);
            return;
        }
        let Some(account) = self.host.accounts.get(user) else {
            return;
        };
        if account.takes_messages() || self.host.manners.keeps_messages {
            self.note_shown(user, &message);
            return;
        }
        self.note_returned(&message);
        let (Some(from), Some(to)) = (message.from, message.to) else {
            return;
        };
        let refusal = Refusal::new(Condition::ServiceUnavailable, "Nobody is there.");
        let id = message.id.map(|id| id.0);
        self.host_sends(Stanza::message_error(to, from, id, &refusal));
    }

    fn route_iq(&mut self, user: &BareJid, to: &Jid, iq: Iq) {
        match iq {
            Iq::Result { id, .. } => self.note_answer(user, &id, None),
            Iq::Error { id, error, .. } => {
                self.note_answer(user, &id, Some(error.defined_condition));
            }
            Iq::Get {
                from: Some(from),
                id,
                payload,
                ..
            } => {
                let answer = match payload.is("query", xmpp_parsers::ns::ROSTER) {
                    true => self.read_roster(user),
                    false => None,
                };
                self.answer_iq(to, &from, id, answer.map(Some));
            }
            Iq::Set {
                from: Some(from),
                id,
                payload,
                ..
            } => {
                let is_roster = payload.is("query", xmpp_parsers::ns::ROSTER);
                let query = RosterQuery::try_from(payload).ok().filter(|_| is_roster);
                let is_done = query.is_some_and(|query| self.write_roster(user, query));
                self.answer_iq(to, &from, id, is_done.then_some(None));
            }
            Iq::Get { .. } | Iq::Set { .. } => {}
        }
    }

    fn answer_iq(&mut self, to: &Jid, from: &Jid, id: String, answer: Option<Option<Element>>) {
        let (own, theirs) = (to.clone(), from.clone());
        let stanza = match answer {
            Some(payload) => Stanza::iq_result(own, theirs, id, payload),
            None => {
                let refusal = Refusal::new(Condition::Forbidden, "No.");
                Stanza::iq_error(own, theirs, id, &refusal)
            }
        };
        self.host_sends(stanza);
    }

    fn read_roster(&self, user: &BareJid) -> Option<Element> {
        if self.host.manners.privilege == Privilege::None {
            return None;
        }
        let account = self.host.accounts.get(user)?;
        let items = account.roster.iter().map(|(jid, entry)| RosterItem {
            jid: jid.clone(),
            name: entry.name.clone(),
            subscription: match (entry.to, entry.from) {
                (true, true) => Subscription::Both,
                (true, false) => Subscription::To,
                (false, true) => Subscription::From,
                (false, false) => Subscription::None,
            },
            ask: match entry.ask {
                true => Ask::Subscribe,
                false => Ask::None,
            },
            groups: Vec::new(),
            approved: None,
        });
        let items = items.collect();
        Some(RosterQuery { ver: None, items }.into())
    }

    fn write_roster(&mut self, user: &BareJid, query: RosterQuery) -> bool {
        let privilege = self.host.manners.privilege;
        let Some(account) = self.host.accounts.get_mut(user) else {
            return false;
        };
        if privilege == Privilege::None {
            return false;
        }
        let mut became_known = Vec::new();
        for item in query.items {
            if item.subscription == Subscription::Remove {
                account.roster.remove(&item.jid);
                continue;
            }
            let entry = account.roster.entry(item.jid.clone()).or_default();
            entry.name = item.name;
            if privilege == Privilege::Obeyed {
                let (to, from) = match item.subscription {
                    Subscription::Both => (true, true),
                    Subscription::To => (true, false),
                    Subscription::From => (false, true),
                    Subscription::None | Subscription::Remove => (false, false),
                };
                if from && !entry.from {
                    became_known.push(item.jid);
                }
                (entry.to, entry.from) = (to, from);
                entry.ask &= !to;
            }
        }
        for jid in became_known {
            account.asking.remove(&jid);
        }
        true
    }
}
