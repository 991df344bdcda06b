//! A message to ICQ that came back: its error is sent until it is known to have arrived.

use xmpp_parsers::jid::Jid;

use super::letter::{Letter, Sender};
use super::not_connected;
use crate::gateway::{Effects, Env, Mark, UserState, words};
use crate::store::Failure;
use crate::xmpp::{Condition, Refusal, Stanza, address};

/// A message that came back.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) id: u64,
    sender: Sender,
    refusal: Refusal,
    /// Comes back when the error has arrived.
    pub(super) mark: Option<Mark>,
}

impl Failed {
    pub(super) fn new(letter: Letter, refusal: Refusal) -> Self {
        Self {
            id: letter.id,
            sender: letter.sender,
            refusal,
            mark: None,
        }
    }

    pub(super) fn tell(&mut self, env: &Env<'_>, fx: &mut Effects) {
        let sender = &self.sender;
        let from = match sender.to_client {
            true => Jid::from(address::contact_client(sender.to, &env.settings.domain)),
            false => Jid::from(address::contact(sender.to, &env.settings.domain)),
        };
        let to = match &sender.resource {
            Some(resource) => Jid::from(env.jid.with_resource(resource)),
            None => Jid::from(env.jid.clone()),
        };
        fx.send(Stanza::message_error(
            from,
            to,
            sender.stanza_id.clone(),
            &self.refusal,
        ));
        self.mark = Some(fx.next_mark());
    }
}

/// xmpp-gateway.md §15.2, as far as V5 can fail.
pub(super) fn refusal(failure: Failure) -> Refusal {
    match failure {
        // In which state the login was, nobody knows after a restart.
        Failure::NotConnected => not_connected(&UserState::Offline),
        Failure::TooSlow => Refusal::new(Condition::ResourceConstraint, words::ICQ_TOO_SLOW),
        Failure::Unconfirmed { parts_sent, parts } if parts > 1 => Refusal::new(
            Condition::RemoteServerTimeout,
            words::parts_confirmed(parts_sent, parts),
        ),
        Failure::Unconfirmed { .. } => {
            Refusal::new(Condition::RemoteServerTimeout, words::MAY_HAVE_ARRIVED)
        }
        Failure::Unsupported => Refusal::new(Condition::FeatureNotImplemented, words::NOT_ON_ICQ),
    }
}
