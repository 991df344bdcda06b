//! Stanzas the gateway sends in its own name to one user.

use xmpp_parsers::chatstates::ChatState;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Lang, Message};
use xmpp_parsers::presence::{Presence, Show, Type};

use super::{Effects, Env};
use crate::xmpp::stanza::presence;
use crate::xmpp::{Refusal, Stanza, address};

/// What the gateway's own presence says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OwnPresence {
    pub(super) available: bool,
    pub(super) show: Option<Show>,
    pub(super) text: Option<Box<str>>,
}

impl OwnPresence {
    /// The stanza, for one receiver.
    pub(super) fn to(&self, env: &Env<'_>, to: impl Into<Jid>) -> Presence {
        let type_ = match self.available {
            true => Type::None,
            false => Type::Unavailable,
        };
        let mut presence = presence(type_, address::gateway(&env.settings.domain), to);
        presence.show.clone_from(&self.show);
        if let Some(text) = &self.text {
            presence.set_status(Lang::new(), text.as_ref());
        }
        if self.available {
            presence.payloads.push(env.caps.gateway(env.version));
        }
        presence
    }
}

/// Sends the user a chat message from the gateway, to all devices.
pub(super) fn say(env: &Env<'_>, fx: &mut Effects, text: impl Into<String>) {
    let gateway = address::gateway(&env.settings.domain);
    let message = Message {
        from: Some(gateway.into()),
        ..Message::chat(Jid::from(env.jid.clone()))
    };
    fx.send(message.with_body(Lang::new(), text.into()));
}

/// Shows the user that an answer in the chat window takes a moment: ICQ has to be asked first.
pub(super) fn compose(env: &Env<'_>, fx: &mut Effects) {
    let gateway = address::gateway(&env.settings.domain);
    fx.send(Message {
        from: Some(gateway.into()),
        payloads: vec![ChatState::Composing.into()],
        ..Message::chat(Jid::from(env.jid.clone()))
    });
}

/// Sends a presence without content from the gateway to the user's account.
pub(super) fn subscription(env: &Env<'_>, fx: &mut Effects, type_: Type) {
    let gateway = address::gateway(&env.settings.domain);
    fx.send(presence(type_, gateway, env.jid.clone()));
}

/// Tells a resource that the presence it sent led to nothing.
pub(super) fn presence_error(env: &Env<'_>, fx: &mut Effects, to: Jid, refusal: &Refusal) {
    let gateway = address::gateway(&env.settings.domain);
    fx.send(Stanza::presence_error(gateway.into(), to, None, refusal));
}
