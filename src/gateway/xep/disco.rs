//! Service discovery (XEP-0030, with the forms of XEP-0128; xmpp-gateway.md §4.1 to §4.3).

use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::disco::{DiscoInfoResult, DiscoItemsResult, Identity};
use xmpp_parsers::ns;

use super::{Answer, Extension, Place, Question, Respond, commands, features};
use crate::gateway::{Settings, words};
use crate::icq::wire::Version;
use crate::xmpp::{Condition, Refusal};

pub(super) const INFO: Extension = Extension {
    namespace: ns::DISCO_INFO,
    places: &[Place::Gateway, Place::Account, Place::Client],
    needs: None,
    respond: Respond::With(info),
};

pub(super) const ITEMS: Extension = Extension {
    namespace: ns::DISCO_ITEMS,
    places: &[Place::Gateway, Place::Account, Place::Client],
    needs: None,
    respond: Respond::With(items),
};

fn info(question: &Question<'_>) -> Answer {
    question.expect_get("query")?;
    let node = question.request.payload.attr("node");
    let caps = &question.shared.caps;
    let version = question.version.unwrap_or(NEWEST);
    if let Some(node) = node
        && !caps.is_node(question.place, version, node)
    {
        return commands::info(question, node)
            .ok_or_else(no_such_node)
            .map(Some);
    }
    let name = question.contact.map_or("", |contact| contact.name);
    let settings = &question.shared.settings;
    let mut result = describe(settings, question.place, version, name);
    result.node = node.map(str::to_owned);
    Ok(Some(result.into()))
}

/// Nothing but commands stands below the gateway: contacts are nobody else's business, and there are no
/// rooms.
fn items(question: &Question<'_>) -> Answer {
    question.expect_get("query")?;
    let node = question.request.payload.attr("node");
    let items = match node {
        None => Vec::new(),
        Some(node) => commands::items(question, node).ok_or_else(no_such_node)?,
    };
    let result = DiscoItemsResult {
        node: node.map(str::to_owned),
        items,
        rsm: None,
    };
    Ok(Some(result.into()))
}

/// What an address is and can do. `name` is the contact's, if it has one; a client has none of its own,
/// so that all clients have the same capabilities.
pub(super) fn describe(
    settings: &Settings,
    place: Place,
    version: Version,
    name: &str,
) -> DiscoInfoResult {
    let identities = match place {
        Place::Gateway => vec![
            identity("gateway", "icq", &settings.name),
            // For clients that chat with an account, but not with a service: §24 is on.
            identity("account", "registered", &settings.name),
        ],
        Place::Account => vec![identity("account", "registered", name)],
        Place::Client => vec![identity("client", "pc", "ICQ")],
    };
    let extensions = match place {
        Place::Gateway => forms(settings),
        Place::Account | Place::Client => Vec::new(),
    };
    DiscoInfoResult {
        node: None,
        identities,
        features: features(place, version).map(str::to_owned).collect(),
        extensions,
    }
}

pub(super) fn identity(category: &str, type_: &str, name: &str) -> Identity {
    Identity {
        category: category.to_owned(),
        type_: type_.to_owned(),
        lang: None,
        name: (!name.is_empty()).then(|| name.to_owned()),
    }
}

/// XEP-0157 and XEP-0504. Fields stand in the order of their names: the caps hash wants it so, and the
/// library does not sort them.
fn forms(settings: &Settings) -> Vec<DataForm> {
    let contact = &settings.contact_addresses;
    let addresses = [
        ("abuse-addresses", &contact.abuse),
        ("admin-addresses", &contact.admin),
        ("support-addresses", &contact.support),
    ];
    let addresses: Vec<Field> = addresses
        .into_iter()
        .filter(|(_, addresses)| !addresses.is_empty())
        .map(|(var, addresses)| Field {
            values: addresses.clone(),
            ..Field::new(var, FieldType::ListMulti)
        })
        .collect();
    let policy = POLICY
        .iter()
        .map(|(var, value)| Field::text_single(var, value))
        .collect();
    let retention = vec![Field::text_single("data_retention", "unknown")];

    let mut forms = vec![
        DataForm::new(DataFormType::Result_, "urn:xmpp:data-policy:0", policy),
        DataForm::new(
            DataFormType::Result_,
            "urn:xmpp:data-policy:identity:gateway:icq:0",
            retention,
        ),
    ];
    if !addresses.is_empty() {
        let form_type = "http://jabber.org/network/serverinfo";
        forms.push(DataForm::new(DataFormType::Result_, form_type, addresses));
    }
    forms
}

fn no_such_node() -> Refusal {
    Refusal::new(Condition::ItemNotFound, words::NO_SUCH_NODE)
}

/// What is described to somebody who is not registered.
pub(super) const NEWEST: Version = Version::V5;

/// What becomes of a user's data (XEP-0504): ICQ's protocol of 1999 encrypts nothing worth the name,
/// passwords and texts are sealed on disk, and 720 hours after leaving everything is gone.
const POLICY: [(&str, &str); 5] = [
    ("auth_data", "plain"),
    ("data_deletion", "true"),
    ("data_retention", "720"),
    ("data_transmission", "plain"),
    ("encryption_at_rest", "true"),
];
