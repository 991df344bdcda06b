//! Stanzas that get nothing but a no.

use xmpp_parsers::message::{Message, MessageType};

use crate::xmpp::{Refusal, Request, Stanza};

/// The answer to a stanza that is refused as a whole, if one is due: each iq get or set has one, each
/// message that says something, and nothing else. An error is never answered.
pub(super) fn refuse(stanza: Stanza, refusal: &Refusal) -> Option<Stanza> {
    match stanza {
        Stanza::Iq(iq) => Some(Request::read(iq).ok()?.refuse(refusal)),
        Stanza::Message(message) => {
            let Message {
                from: Some(from),
                to: Some(to),
                id,
                type_,
                bodies,
                ..
            } = *message
            else {
                return None;
            };
            let says_something = type_ != MessageType::Error && !bodies.is_empty();
            let id = id.map(|id| id.0);
            says_something.then(|| Stanza::message_error(to, from, id, refusal))
        }
        Stanza::Presence(_) => None,
    }
}
