//! Search (XEP-0055, xmpp-gateway.md §20.2).

use minidom::Element;
use minidom::rxml::xml_ncname;
use xmpp_parsers::ns;

use super::{Answer, Extension, Place, Question, Respond, Task, malformed, wrong_place};
use crate::gateway::action::{Action, Done, Outcome};
use crate::gateway::commands::Filled;
use crate::gateway::{Settings, criteria, people, words};
use crate::icq::Ability;
use crate::icq::wire::Version;
use crate::xmpp::{Condition, Refusal};

pub(super) const SEARCH: Extension = Extension {
    namespace: NS,
    places: &[Place::Gateway],
    needs: Some(Ability::Search),
    respond: Respond::By(search),
};

fn search(question: &Question<'_>) -> Result<Task, Refusal> {
    match question.place {
        Place::Gateway => {}
        Place::Account | Place::Client => return Err(wrong_place()),
    }
    if question.request.payload.name() != "query" {
        return Err(malformed());
    }
    let version = question.version.unwrap_or(Version::V5);
    if !version.can(Ability::Search) {
        return Err(wrong_place());
    }
    if !question.request.set {
        return Ok(Task::Answer(Some(form(version))));
    }
    let payload = &question.request.payload;
    let (filled, write): (Filled, fn(&Settings, Done) -> Answer) =
        match payload.get_child("x", ns::DATA_FORMS) {
            Some(form) => (Filled::read(form), write_form),
            None => (plain(payload), write_plain),
        };
    let lowest = question.shared.settings.lowest_uin;
    let search = criteria::search(&filled, lowest, version)?;
    Ok(Task::Act(Action::Find(search), write))
}

fn form(version: Version) -> Element {
    let plain = PLAIN.map(|name| Element::bare(name, NS));
    let instructions = Element::builder("instructions", NS)
        .append(words::FIND_INSTRUCTIONS)
        .build();
    Element::builder("query", NS)
        .append(instructions)
        .append_all(plain)
        .append(criteria::form(version).with_type(NS))
        .build()
}

/// The fields of a search without a form.
fn plain(query: &Element) -> Filled {
    let text = |name: &'static str| Some((name, query.get_child(name, NS)?.text()));
    Filled::of(PLAIN.into_iter().filter_map(text))
}

fn found(done: Done) -> Result<(Vec<crate::model::Found>, bool), Refusal> {
    match done? {
        Outcome::People { people, more } => Ok((people, more)),
        Outcome::Said(_) | Outcome::Card(_) => Err(Refusal::new(
            Condition::InternalServerError,
            words::NOT_KNOWN,
        )),
    }
}

fn write_form(settings: &Settings, done: Done) -> Answer {
    let (people, _) = found(done)?;
    let table = people::table(&people, &settings.domain, NS);
    Ok(Some(Element::builder("query", NS).append(table).build()))
}

fn write_plain(settings: &Settings, done: Done) -> Answer {
    let (people, _) = found(done)?;
    let items = people.iter().map(|person| {
        let mut item = Element::builder("item", NS);
        for (name, value) in people::row(person, &settings.domain) {
            item = match name {
                "jid" => item.attr(xml_ncname!("jid").to_owned(), value),
                name if PLAIN.contains(&name) => {
                    item.append(Element::builder(name, NS).append(value).build())
                }
                _ => item,
            };
        }
        item.build()
    });
    Ok(Some(
        Element::builder("query", NS).append_all(items).build(),
    ))
}

const NS: &str = "jabber:iq:search";

/// What a search without a form can ask for.
const PLAIN: [&str; 4] = ["first", "last", "nick", "email"];
