//! Last activity (XEP-0012).

use xmpp_parsers::iq::{IqGetPayload, IqResultPayload};
use xso::{AsXml, FromXml};

/// The namespace.
pub const NS: &str = "jabber:iq:last";

/// Asks for seconds without activity, or tells them.
#[derive(AsXml, Clone, Debug, Default, FromXml, PartialEq)]
#[xml(namespace = NS, name = "query")]
pub struct Last {
    /// The seconds; in a get there are none.
    #[xml(attribute(default))]
    pub seconds: Option<u64>,
}

impl IqGetPayload for Last {}
impl IqResultPayload for Last {}
