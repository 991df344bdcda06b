//! What shows of contacts as a mood (XEP-0107, xmpp-gateway.md §19.2): on a birthday they are happy.
//!
//! Events go to those resources only whose capabilities say that they want them. What capabilities mean
//! is asked of a resource (XEP-0115) when there is something to show, and remembered.

use std::collections::{BTreeMap, BTreeSet};

use minidom::Element;
use minidom::rxml::xml_ncname;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{FullJid, Jid};
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::ns;

use super::{Effects, Env, words};
use crate::model::{Now, Status, Uin};
use crate::xmpp::{Stanza, address};

/// The moods of one user's contacts.
#[derive(Debug, Default)]
pub(super) struct Moods {
    /// Whose birthday it is, and the day that was said on.
    happy: BTreeMap<Uin, u64>,
    /// Who was told of whom.
    told: BTreeSet<(FullJid, Uin)>,
    /// Which capabilities want moods, as far as that is known.
    wanted: BTreeMap<Box<str>, bool>,
    /// Questions about capabilities, by the id of the iq.
    asked: BTreeMap<String, Box<str>>,
}

impl Moods {
    /// A contact's status as the user is shown it; `None` is offline, which changes no mood.
    pub(super) fn presence(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        uin: Uin,
        status: Option<Status>,
    ) {
        let Some(status) = status else { return };
        let today = now.unix.secs() / DAY_SECS;
        match (status.birthday, self.happy.get(&uin)) {
            (true, Some(day)) if *day == today => {}
            (true, _) => {
                if self.happy.len() < MOST_BIRTHDAYS {
                    self.happy.insert(uin, today);
                    self.told.retain(|(_, told)| *told != uin);
                    self.tell(env, fx);
                }
            }
            (false, Some(_)) => {
                self.happy.remove(&uin);
                self.forget_gone(env);
                for (jid, _) in self.told.iter().filter(|(_, told)| *told == uin) {
                    fx.send(event(uin, false, env, jid));
                }
                self.told.retain(|(_, told)| *told != uin);
            }
            (false, None) => {}
        }
    }

    /// Resources came or left, or say that they can do something else.
    pub(super) fn resources_changed(&mut self, env: &Env<'_>, fx: &mut Effects) {
        if !self.happy.is_empty() {
            self.forget_gone(env);
            self.tell(env, fx);
        }
    }

    /// The link to the XMPP server is down: there are no resources, and no answers come.
    pub(super) fn link_down(&mut self) {
        self.told.clear();
        self.asked.clear();
    }

    /// Takes an answer to a question of its own; any other is ignored.
    pub(super) fn handle_answer(&mut self, env: &Env<'_>, fx: &mut Effects, answer: &Iq) {
        let (id, payload) = match answer {
            Iq::Result { id, payload, .. } => (id, payload.as_ref()),
            Iq::Error { id, .. } => (id, None),
            Iq::Get { .. } | Iq::Set { .. } => return,
        };
        let Some(caps) = self.asked.remove(id) else {
            return;
        };
        let wants = payload.is_some_and(wants_moods);
        if self.wanted.len() >= MOST_CAPS {
            self.wanted.clear();
        }
        self.wanted.insert(caps, wants);
        self.tell(env, fx);
    }

    /// Tells everybody who wants to know and does not, and asks those of whom that is not known.
    fn tell(&mut self, env: &Env<'_>, fx: &mut Effects) {
        for resource in env.resources.details() {
            let Some(caps) = &resource.caps else { continue };
            match self.wanted.get(caps) {
                Some(false) => {}
                Some(true) => {
                    for uin in self.happy.keys() {
                        if self.told.insert((resource.jid.clone(), *uin)) {
                            fx.send(event(*uin, true, env, &resource.jid));
                        }
                    }
                }
                None if self.asked.values().any(|asked| asked == caps) => {}
                None if self.asked.len() >= MOST_CAPS => {}
                None => {
                    let id = fx.id();
                    fx.send(question(caps, env, &resource.jid, id.clone()));
                    self.asked.insert(id, caps.clone());
                }
            }
        }
    }

    fn forget_gone(&mut self, env: &Env<'_>) {
        self.told.retain(|(jid, _)| env.resources.contains(jid));
    }
}

/// The features of a resource have the one that asks for moods.
fn wants_moods(info: &Element) -> bool {
    let mut features = info.children().filter(|child| child.name() == "feature");
    features.any(|feature| feature.attr("var") == Some(NOTIFY))
}

/// Asks a resource what its capabilities mean.
fn question(caps: &str, env: &Env<'_>, to: &FullJid, id: String) -> Stanza {
    let query = Element::builder("query", ns::DISCO_INFO)
        .attr(xml_ncname!("node").to_owned(), caps)
        .build();
    Stanza::from(Iq::Get {
        from: Some(address::gateway(&env.settings.domain).into()),
        to: Some(to.clone().into()),
        id,
        payload: query,
    })
}

/// A contact's mood, or that it is over, for one resource.
fn event(uin: Uin, is_happy: bool, env: &Env<'_>, to: &FullJid) -> Stanza {
    let mut mood = Element::builder("mood", MOOD);
    if is_happy {
        let text = Element::builder("text", MOOD).append(words::BIRTHDAY_MOOD);
        mood = mood.append(Element::bare("happy", MOOD)).append(text);
    }
    let item = Element::builder("item", ns::PUBSUB_EVENT)
        .attr(xml_ncname!("id").to_owned(), "current")
        .append(mood);
    let items = Element::builder("items", ns::PUBSUB_EVENT)
        .attr(xml_ncname!("node").to_owned(), MOOD)
        .append(item);
    let event = Element::builder("event", ns::PUBSUB_EVENT).append(items);
    let mut message = Message::new(Jid::from(to.clone()));
    message.type_ = MessageType::Headline;
    message.from = Some(address::contact(uin, &env.settings.domain).into());
    message.payloads.push(event.build());
    Stanza::from(message)
}

const MOOD: &str = "http://jabber.org/protocol/mood";
const NOTIFY: &str = "http://jabber.org/protocol/mood+notify";

const DAY_SECS: u64 = 24 * 3600;

/// Birthdays of one day.
const MOST_BIRTHDAYS: usize = 100;

/// Kinds of clients.
const MOST_CAPS: usize = 32;
