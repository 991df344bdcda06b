//! What people who are not registered are answered (xmpp-gateway.md §8, §11.8, §11.9, §24), and how often.

use std::time::{Duration, Instant};

use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::message::{Lang, Message, MessageType};
use xmpp_parsers::presence::{Presence, Type};

use crate::gateway::pace::{Pace, Rate};
use crate::gateway::recent::Recent;
use crate::gateway::refuse::refuse;
use crate::gateway::words;
use crate::xmpp::stanza::presence as bare_presence;
use crate::xmpp::{Address, Condition, Refusal, Stanza};

/// What is remembered about people who are not registered.
#[derive(Debug)]
pub(super) struct Strangers {
    known: Recent<BareJid, Stranger>,
}

#[derive(Debug, Default)]
struct Stranger {
    answers: Pace,
    help: Pace,
    unsubscribed: Pace,
}

impl Default for Strangers {
    fn default() -> Self {
        Self {
            known: Recent::new(MAX_STRANGERS),
        }
    }
}

impl Strangers {
    /// Answers a presence, not more often than five times an hour.
    pub(super) fn answer_presence(
        &mut self,
        now: Instant,
        address: Address,
        presence: &Presence,
    ) -> Vec<Stanza> {
        let (Some(from), Some(to)) = (&presence.from, &presence.to) else {
            return Vec::new();
        };
        let due = match (address, &presence.type_) {
            (_, Type::None | Type::Subscribed | Type::Unsubscribed | Type::Error) => false,
            (_, Type::Subscribe | Type::Probe) => true,
            (Address::Contact(_), Type::Unavailable) | (Address::Gateway, Type::Unsubscribe) => {
                true
            }
            (_, Type::Unavailable | Type::Unsubscribe) => false,
        };
        let user = from.to_bare();
        let stranger = self.known.of(now, user.clone());
        if !due || stranger.answers.take(now, ANSWERS).is_err() {
            return Vec::new();
        }
        // Subscriptions are between accounts, whatever resource somebody wrote.
        let here = Jid::from(to.to_bare());
        let answer = |type_| Stanza::from(bare_presence(type_, here.clone(), user.clone()));
        match (&presence.type_, address) {
            (Type::Subscribe, Address::Gateway) => {
                let text = words::register_first(here.as_str());
                vec![
                    answer(Type::Subscribed),
                    answer(Type::Unavailable),
                    chat(here.clone(), user.clone(), text),
                ]
            }
            (Type::Subscribe, Address::Contact(_) | Address::Invalid) => {
                let refusal = match address {
                    Address::Invalid => Refusal::new(Condition::ItemNotFound, words::NOBODY),
                    Address::Gateway | Address::Contact(_) => {
                        Refusal::new(Condition::RegistrationRequired, words::NOT_REGISTERED)
                    }
                };
                let id = presence.id.clone();
                vec![
                    Stanza::presence_error(here.clone(), from.clone(), id, &refusal),
                    answer(Type::Unsubscribed),
                ]
            }
            (Type::Probe, Address::Gateway) if stranger.unsubscribed.take(now, DAILY).is_ok() => {
                vec![answer(Type::Unsubscribed)]
            }
            (Type::Unsubscribe, _) => vec![answer(Type::Unsubscribed)],
            _ => {
                let unavailable = bare_presence(Type::Unavailable, here, from.clone());
                vec![Stanza::from(unavailable)]
            }
        }
    }

    /// Answers a message: to a contact with an error, to the gateway with one line of help an hour.
    pub(super) fn answer_message(
        &mut self,
        now: Instant,
        address: Address,
        message: Box<Message>,
    ) -> Option<Stanza> {
        if address != Address::Gateway {
            let refusal = Refusal::new(Condition::RegistrationRequired, words::NOT_REGISTERED);
            return refuse(Stanza::Message(message), &refusal);
        }
        let (from, to) = (message.from?.to_bare(), message.to?.to_bare());
        if message.type_ == MessageType::Error || message.bodies.is_empty() {
            return None;
        }
        let stranger = self.known.of(now, from.clone());
        stranger.help.take(now, HOURLY).ok()?;
        let text = words::register_first(to.as_str());
        Some(chat(to.into(), from, text))
    }
}

fn chat(from: Jid, to: BareJid, text: String) -> Stanza {
    let message = Message {
        from: Some(from),
        ..Message::chat(Jid::from(to))
    };
    Stanza::from(message.with_body(Lang::new(), text))
}

/// More strangers than this are not remembered at once.
const MAX_STRANGERS: usize = 10_000;

const HOURLY: Rate = Rate::every(Duration::from_secs(3600));
const DAILY: Rate = Rate::every(Duration::from_secs(24 * 3600));

/// So that the gateway is no reflector (xmpp-gateway.md §11.8).
const ANSWERS: Rate = Rate::per(Duration::from_secs(3600), 5);
