//! Where a user is online in XMPP, and the one status that follows from it (xmpp-gateway.md §6.1, §7.1).

use xmpp_parsers::jid::FullJid;

/// The resources that have announced themselves to the gateway.
#[derive(Debug, Default)]
pub struct Resources {
    online: Vec<FullJid>,
}

impl Resources {
    /// The full JIDs of all resources that are available to the gateway.
    pub fn iter(&self) -> impl Iterator<Item = &FullJid> {
        self.online.iter()
    }

    /// No resource is available.
    pub fn is_empty(&self) -> bool {
        self.online.is_empty()
    }
}
