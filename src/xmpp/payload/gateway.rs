//! How a contact is named, and which JID that name makes (XEP-0100 §6.3).

use xmpp_parsers::iq::{IqGetPayload, IqResultPayload, IqSetPayload};
use xmpp_parsers::jid::Jid;
use xso::{AsXml, FromXml};

/// The namespace.
pub const NS: &str = "jabber:iq:gateway";

/// Asks for a name, or turns one into a JID.
#[derive(AsXml, Clone, Debug, Default, FromXml, PartialEq)]
#[xml(namespace = NS, name = "query")]
pub struct Gateway {
    /// What a person should type, in a sentence.
    #[xml(extract(default, fields(text(type_ = String))))]
    pub desc: Option<String>,
    /// The label of the field; in a set, what was typed.
    #[xml(extract(default, fields(text(type_ = String))))]
    pub prompt: Option<String>,
    /// The JID it makes.
    #[xml(extract(default, fields(text(type_ = Jid))))]
    pub jid: Option<Jid>,
}

impl IqGetPayload for Gateway {}
impl IqSetPayload for Gateway {}
impl IqResultPayload for Gateway {}
