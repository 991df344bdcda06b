//! Entity capabilities (XEP-0115, xmpp-gateway.md §4.4): what [`disco`](super::disco) answers, as a hash
//! in every available presence.

use minidom::Element;
use xmpp_parsers::caps::{Caps as Payload, compute_disco, hash_caps};
use xmpp_parsers::hashes::{Algo, Hash};
use xmpp_parsers::ns;

use super::{Extension, Place, Respond, disco};
use crate::gateway::Settings;
use crate::icq::wire::Version;

pub(super) const CAPS: Extension = Extension {
    namespace: ns::CAPS,
    places: &[Place::Gateway],
    needs: None,
    respond: Respond::Never,
};

/// What presences say about what their senders can do: the gateway, to users of each version of ICQ, and
/// all contacts.
#[derive(Debug)]
pub struct Caps {
    gateway: [Element; Version::ALL.len()],
    client: Element,
}

impl Caps {
    pub(in crate::gateway) fn new(settings: &Settings) -> Self {
        let element = |place, version| {
            let data = compute_disco(&disco::describe(settings, place, version, ""));
            let hash = hash_caps(&data, Algo::Sha_1).unwrap_or_else(|_| Hash {
                algo: Algo::Sha_1,
                hash: Vec::new(),
            });
            Element::from(Payload::new(NODE, hash))
        };
        Self {
            gateway: Version::ALL.map(|version| element(Place::Gateway, version)),
            client: element(Place::Client, disco::NEWEST),
        }
    }

    /// For the gateway's own presence, to somebody who speaks that version of ICQ.
    pub fn gateway(&self, version: Version) -> Element {
        self.of_gateway(version).clone()
    }

    fn of_gateway(&self, version: Version) -> &Element {
        let at = Version::ALL.iter().position(|known| *known == version);
        &self.gateway[at.unwrap_or_default()]
    }

    /// For the presence of a contact's client.
    pub fn client(&self) -> Element {
        self.client.clone()
    }

    /// Whether a question about `node` is one about what the presence from there said.
    pub(super) fn is_node(&self, place: Place, version: Version, node: &str) -> bool {
        let payload = match place {
            Place::Gateway => self.of_gateway(version),
            Place::Client => &self.client,
            Place::Account => return false,
        };
        let asked = node
            .strip_prefix(NODE)
            .and_then(|rest| rest.strip_prefix('#'));
        asked.is_some() && asked == payload.attr("ver")
    }
}

/// Names this program.
const NODE: &str = "https://icq-transport.example/caps";
