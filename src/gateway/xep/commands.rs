//! Where the ad-hoc commands are found (XEP-0050 §2.2). The commands themselves are in
//! [`commands`](crate::gateway::commands).

use minidom::Element;
use xmpp_parsers::disco::{DiscoInfoResult, Item};
use xmpp_parsers::ns;

use super::disco::identity;
use super::{Extension, Place, Question, Respond};
use crate::gateway::commands::{self, NS};
use crate::gateway::words;

pub(super) const COMMANDS: Extension = Extension {
    namespace: NS,
    places: &[Place::Gateway, Place::Account, Place::Client],
    needs: None,
    respond: Respond::Never,
};

/// The commands at the asked address, if `node` is where they are listed.
pub(super) fn items(question: &Question<'_>, node: &str) -> Option<Vec<Item>> {
    let item = |(node, name): (&str, &str)| Item {
        jid: question.request.to.clone(),
        node: Some(node.to_owned()),
        name: Some(name.to_owned()),
    };
    let items = || match &question.view {
        Some(view) => commands::offered(view)
            .map(|it| item((it.node, it.name)))
            .collect(),
        None => commands::GUEST.map(item).into(),
    };
    (node == NS).then(items)
}

/// What the list or a command on it is.
pub(super) fn info(question: &Question<'_>, node: &str) -> Option<Element> {
    let (type_, name) = match node {
        NS => ("command-list", words::COMMANDS),
        node => {
            let name = match &question.view {
                Some(view) => commands::find(view, node).ok()?.name,
                None => commands::GUEST.iter().find(|it| it.0 == node)?.1,
            };
            ("command-node", name)
        }
    };
    let features = match node {
        NS => [ns::DISCO_INFO, ns::DISCO_ITEMS],
        _ => [NS, ns::DATA_FORMS],
    };
    let result = DiscoInfoResult {
        node: Some(node.to_owned()),
        identities: vec![identity("automation", type_, name)],
        features: features.map(str::to_owned).into(),
        extensions: Vec::new(),
    };
    Some(result.into())
}
