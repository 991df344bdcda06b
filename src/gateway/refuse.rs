//! Stanzas that get nothing but a no.

use xmpp_parsers::message::{Message, MessageType};

use crate::xmpp::{Refusal, Request, Stanza, message};

/// The answer to a stanza that is refused as a whole, if one is due: each iq get or set has one, each
/// message that says something, and nothing else. An error is never answered.
pub(super) fn refuse(stanza: Stanza, refusal: &Refusal) -> Option<Stanza> {
    match stanza {
        Stanza::Iq(iq) => Some(Request::read(iq).ok()?.refuse(refusal)),
        Stanza::Message(message) => {
            // A file without a body says something, a receipt does not.
            let says_something = message.type_ != MessageType::Error
                && message::to_icq(&message, usize::MAX) != Ok(None);
            let Message {
                from: Some(from),
                to: Some(to),
                id,
                ..
            } = *message
            else {
                return None;
            };
            let id = id.map(|id| id.0);
            says_something.then(|| Stanza::message_error(to, from, id, refusal))
        }
        Stanza::Presence(_) => None,
    }
}
