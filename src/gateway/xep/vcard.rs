//! vCards of contacts and of the gateway (XEP-0054, and XEP-0292 for the same in the form of vCard 4;
//! xmpp-gateway.md §18.1).

use minidom::Element;
use xmpp_parsers::ns;

use super::{Extension, Place, Question, Respond, Task, malformed};
use crate::gateway::action::{Action, Card, Done, Outcome};
use crate::gateway::{Settings, card, words};
use crate::model::{self, Gender};
use crate::xmpp::{Condition, Refusal, address, text};

pub(super) const VCARD: Extension = Extension {
    namespace: ns::VCARD,
    places: &[Place::Gateway, Place::Account],
    needs: None,
    respond: Respond::By(|question| answer(question, "vCard", write_temp, gateway_temp)),
};

pub(super) const VCARD4: Extension = Extension {
    namespace: VCARD4_NS,
    places: &[Place::Gateway, Place::Account],
    needs: None,
    respond: Respond::By(|question| answer(question, "vcard", write_4, gateway_4)),
};

fn answer(
    question: &Question<'_>,
    name: &str,
    write: fn(&Settings, Done) -> super::Answer,
    gateway: fn(&Settings) -> Element,
) -> Result<Task, Refusal> {
    if question.request.payload.name() != name {
        return Err(malformed());
    }
    if question.request.set {
        return Err(Refusal::new(Condition::Forbidden, words::NOT_YOUR_CARD));
    }
    match question.about {
        None => Ok(Task::Answer(Some(gateway(&question.shared.settings)))),
        Some(uin) => Ok(Task::Act(Action::LookUp(uin), write)),
    }
}

fn card_of(done: Done) -> Result<Box<Card>, Refusal> {
    match done? {
        Outcome::Card(card) => Ok(card),
        Outcome::Said(_) | Outcome::People { .. } => Err(Refusal::new(
            Condition::InternalServerError,
            words::NOT_KNOWN,
        )),
    }
}

fn write_temp(settings: &Settings, done: Done) -> super::Answer {
    Ok(Some(temp(settings, &*card_of(done)?)))
}

fn write_4(settings: &Settings, done: Done) -> super::Answer {
    Ok(Some(four(settings, &*card_of(done)?)))
}

/// A vCard of XEP-0054.
fn temp(settings: &Settings, card: &Card) -> Element {
    let details = &card.details;
    let leaf = |name: &str, value: &str| leaf(name, ns::VCARD, value);
    let node = |name: &str, children: Vec<Option<Element>>| node(name, ns::VCARD, children);
    let mark = |name: &str| Some(Element::bare(name, ns::VCARD));
    let phone = |place: &str, kind: &str, number: &str| {
        let number = leaf("NUMBER", &card::line(number))?;
        Some(node("TEL", vec![mark(place), mark(kind), Some(number)]))
    };
    let adr = |kind: &str, place: &model::Place| {
        let fields = vec![
            leaf("STREET", &card::line(&place.street)),
            leaf("LOCALITY", &card::line(&place.city)),
            leaf("REGION", &card::line(&place.state)),
            leaf("PCODE", &card::line(&place.zip)),
            leaf("CTRY", card::country(place.country)),
        ];
        let is_empty = fields.iter().all(Option::is_none);
        let fields = std::iter::once(mark(kind)).chain(fields).collect();
        (!is_empty).then(|| node("ADR", fields))
    };
    let emails = card::emails(details);
    let emails = emails.iter().enumerate().map(|(at, email)| {
        let pref = mark("PREF").filter(|_| at == 0);
        Some(node(
            "EMAIL",
            vec![mark("INTERNET"), pref, leaf("USERID", email)],
        ))
    });
    let profile = &details.profile;
    let (first, last) = (card::line(&profile.first), card::line(&profile.last));
    let has_name = !first.is_empty() || !last.is_empty();
    let company = card::line(&details.company);
    let department = card::line(&details.department);
    let has_company = !company.is_empty() || !department.is_empty();
    let mut fields = vec![
        leaf("FN", &formatted_name(card)),
        has_name.then(|| node("N", vec![leaf("FAMILY", &last), leaf("GIVEN", &first)])),
        leaf("NICKNAME", &card::line(&profile.nick)),
        leaf("BDAY", &card::birthday(details).unwrap_or_default()),
        adr("HOME", &details.home),
        adr("WORK", &details.work),
        phone("HOME", "VOICE", &details.home.phone),
        phone("HOME", "FAX", &details.home.fax),
        phone("HOME", "CELL", &details.cellular),
        phone("WORK", "VOICE", &details.work.phone),
        phone("WORK", "FAX", &details.work.fax),
    ];
    fields.extend(emails);
    fields.extend([
        has_company.then(|| {
            node(
                "ORG",
                vec![leaf("ORGNAME", &company), leaf("ORGUNIT", &department)],
            )
        }),
        leaf("TITLE", &card::line(&details.position)),
        leaf("URL", &card::line(&details.homepage)),
        leaf("URL", &card::line(&details.work_homepage)),
        leaf(
            "JABBERID",
            address::contact(card.uin, &settings.domain).as_str(),
        ),
        leaf("DESC", &description(card)),
    ]);
    node("vCard", fields)
}

/// A vCard 4 in XML (RFC 6351, XEP-0292).
fn four(settings: &Settings, card: &Card) -> Element {
    let details = &card.details;
    let typed = |kind: &str, value: &str| leaf(kind, VCARD4_NS, value);
    let node = |name: &str, children: Vec<Option<Element>>| node(name, VCARD4_NS, children);
    let text = |name: &str, value: &str| Some(node(name, vec![Some(typed("text", value)?)]));
    let uri = |name: &str, value: &str| Some(node(name, vec![Some(typed("uri", value)?)]));
    let marks = |kinds: &[&str]| {
        let kinds = kinds.iter().map(|kind| typed("text", kind)).collect();
        Some(node("parameters", vec![Some(node("type", kinds))]))
    };
    let phone = |kinds: &[&str], number: &str| {
        let number = typed("text", &card::line(number))?;
        Some(node("tel", vec![marks(kinds), Some(number)]))
    };
    let adr = |kind: &str, place: &model::Place| {
        let fields = [
            ("street", card::line(&place.street)),
            ("locality", card::line(&place.city)),
            ("region", card::line(&place.state)),
            ("code", card::line(&place.zip)),
            ("country", card::country(place.country).to_owned()),
        ];
        let fields = fields.map(|(name, value)| typed(name, &value));
        let is_empty = fields.iter().all(Option::is_none);
        let fields = std::iter::once(marks(&[kind])).chain(fields).collect();
        (!is_empty).then(|| node("adr", fields))
    };
    let profile = &details.profile;
    let (first, last) = (card::line(&profile.first), card::line(&profile.last));
    let has_name = !first.is_empty() || !last.is_empty();
    let organisation = [&details.company, &details.department].map(|it| card::line(it));
    let organisation: Vec<_> = organisation.iter().map(|it| typed("text", it)).collect();
    let has_organisation = organisation.iter().any(Option::is_some);
    let birthday = card::birthday(details);
    let gender = match details.gender {
        Some(Gender::Female) => "F",
        Some(Gender::Male) => "M",
        None => "",
    };
    let jid = format!("xmpp:{}", address::contact(card.uin, &settings.domain));
    let mut fields = vec![
        text("fn", &formatted_name(card)),
        has_name.then(|| node("n", vec![typed("surname", &last), typed("given", &first)])),
        text("nickname", &card::line(&profile.nick)),
        birthday.map(|date| node("bday", vec![typed("date", &date)])),
        typed("sex", gender).map(|sex| node("gender", vec![Some(sex)])),
        adr("home", &details.home),
        adr("work", &details.work),
        phone(&["home", "voice"], &details.home.phone),
        phone(&["home", "fax"], &details.home.fax),
        phone(&["cell"], &details.cellular),
        phone(&["work", "voice"], &details.work.phone),
        phone(&["work", "fax"], &details.work.fax),
    ];
    let emails = card::emails(details);
    fields.extend(emails.iter().map(|email| text("email", email)));
    fields.extend([
        has_organisation.then(|| node("org", organisation)),
        text("title", &card::line(&details.position)),
        uri("url", &card::line(&details.homepage)),
        uri("url", &card::line(&details.work_homepage)),
        uri("impp", &jid),
        text("note", &description(card)),
    ]);
    node("vcard", fields)
}

/// First and last name, else nickname, else what the user calls the person, else the number.
fn formatted_name(card: &Card) -> String {
    let name = card::full_name(&card.details);
    match name.is_empty() {
        true => card::title(card),
        false => name,
    }
}

/// What the person says, and what has no place of its own.
fn description(card: &Card) -> String {
    let about = text::clean(&card.details.about).trim().to_owned();
    let number = words::icq_number(card.uin);
    let remarks = card::remarks(&card.details).into_iter();
    let remarks = remarks.map(|line| format!("{}: {}", line.label, line.value));
    let lines = std::iter::once(about).filter(|it| !it.is_empty());
    let lines: Vec<String> = lines.chain([number]).chain(remarks).collect();
    lines.join("\n")
}

fn gateway_temp(settings: &Settings) -> Element {
    let leaf = |name: &str, value: &str| leaf(name, ns::VCARD, value);
    let email = admin_email(settings).map(|email| {
        let internet = Some(Element::bare("INTERNET", ns::VCARD));
        node("EMAIL", ns::VCARD, vec![internet, leaf("USERID", email)])
    });
    let fields = vec![
        leaf("FN", &settings.name),
        leaf("DESC", words::GATEWAY_DESCRIPTION),
        email,
        leaf("JABBERID", settings.domain.as_str()),
    ];
    node("vCard", ns::VCARD, fields)
}

fn gateway_4(settings: &Settings) -> Element {
    let property = |name: &str, kind: &str, value: &str| {
        let value = leaf(kind, VCARD4_NS, value)?;
        Some(node(name, VCARD4_NS, vec![Some(value)]))
    };
    let fields = vec![
        property("fn", "text", &settings.name),
        property("note", "text", words::GATEWAY_DESCRIPTION),
        property("email", "text", admin_email(settings).unwrap_or_default()),
    ];
    node("vcard", VCARD4_NS, fields)
}

fn admin_email(settings: &Settings) -> Option<&str> {
    let mut admins = settings.contact_addresses.admin.iter();
    admins.find_map(|address| address.strip_prefix("mailto:"))
}

/// An element with text; none without.
fn leaf(name: &str, namespace: &str, value: &str) -> Option<Element> {
    let build = || Element::builder(name, namespace).append(value).build();
    (!value.is_empty()).then(build)
}

fn node(name: &str, namespace: &str, children: Vec<Option<Element>>) -> Element {
    let children = children.into_iter().flatten();
    Element::builder(name, namespace)
        .append_all(children)
        .build()
}

const VCARD4_NS: &str = "urn:ietf:params:xml:ns:vcard-4.0";
