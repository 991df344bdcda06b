//! A message to ICQ, from the moment it is taken until it has its ending.

use std::time::Instant;

use xmpp_parsers::jid::ResourcePart;

use crate::model::{Message, Uin, UnixTime};
use crate::store::Outgoing;

/// A message on its way.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: u64,
    pub(super) sender: Sender,
    pub(super) message: Message,
    pub(super) taken: UnixTime,
    /// Nobody is told when it fails.
    pub(super) own: bool,
    /// It waits for a login, and only until then.
    pub(super) hold_until: Option<Instant>,
}

/// What an error needs.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) stanza_id: Option<String>,
    pub(super) resource: Option<ResourcePart>,
    pub(super) to: Uin,
    pub(super) to_client: bool,
}

impl From<Outgoing> for Letter {
    fn from(outgoing: Outgoing) -> Self {
        let resource = outgoing.resource.as_deref();
        Self {
            id: outgoing.id,
            sender: Sender {
                // It was one when it was taken; without it the error goes to the account.
                resource: resource.and_then(|name| name.parse().ok()),
                stanza_id: outgoing.stanza_id,
                to: outgoing.to,
                to_client: outgoing.to_client,
            },
            message: outgoing.message,
            taken: outgoing.taken,
            own: outgoing.own,
            hold_until: None,
        }
    }
}
