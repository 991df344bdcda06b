//! People whom a search found: in words, and as the table of a form.

use minidom::Element;
use minidom::rxml::xml_ncname;
use xmpp_parsers::jid::DomainRef;
use xmpp_parsers::ns;

use super::{card, words};
use crate::model::Found;
use crate::xmpp::address;

/// How many there are.
pub(super) fn summary(people: &[Found], more: bool) -> String {
    words::found(people.len(), more)
}

/// Who they are, a line each.
pub(super) fn text(people: &[Found], more: bool) -> String {
    let lines = people.iter().take(MOST_IN_A_MESSAGE).map(line);
    let lines: Vec<String> = std::iter::once(summary(people, more))
        .chain(lines)
        .collect();
    lines.join("\n")
}

/// One of them on a line.
pub(super) fn line(person: &Found) -> String {
    let profile = &person.profile;
    let nick = card::line(&profile.nick);
    let name = card::line(&format!("{} {}", profile.first, profile.last));
    let email = card::line(&profile.email);
    let mut line = person.uin.to_string();
    let mut add = |text: String| {
        line.push(' ');
        line.push_str(&text);
    };
    if !nick.is_empty() {
        add(nick);
    }
    if !name.is_empty() {
        add(format!("({name})"));
    }
    if !email.is_empty() {
        add(format!("<{email}>"));
    }
    if person.online == Some(true) {
        add(words::IS_ONLINE.to_owned());
    }
    line
}

/// The rows of a search's answer: of a result form (XEP-0055, XEP-0004 §3.4), or of an old one.
pub(super) fn row(person: &Found, domain: &DomainRef) -> [(&'static str, String); 7] {
    let profile = &person.profile;
    let status = match person.online {
        Some(true) => "online",
        Some(false) => "offline",
        None => "unknown",
    };
    let auth = if profile.authorisation_required {
        "yes"
    } else {
        "no"
    };
    [
        ("jid", address::contact(person.uin, domain).to_string()),
        ("nick", card::line(&profile.nick)),
        ("first", card::line(&profile.first)),
        ("last", card::line(&profile.last)),
        ("email", card::line(&profile.email)),
        ("status", status.to_owned()),
        ("auth", auth.to_owned()),
    ]
}

/// The table, as a form with that type.
pub(super) fn table(people: &[Found], domain: &DomainRef, form_type: &str) -> Element {
    let value = |text: String| {
        Element::builder("value", ns::DATA_FORMS)
            .append(text)
            .build()
    };
    let field = |var: &str| {
        Element::builder("field", ns::DATA_FORMS).attr(xml_ncname!("var").to_owned(), var)
    };
    let hidden = field("FORM_TYPE")
        .attr(xml_ncname!("type").to_owned(), "hidden")
        .append(value(form_type.to_owned()));
    let labels = COLUMNS.iter().map(|(var, label)| {
        let type_ = if *var == "jid" {
            "jid-single"
        } else {
            "text-single"
        };
        field(var)
            .attr(xml_ncname!("label").to_owned(), *label)
            .attr(xml_ncname!("type").to_owned(), type_)
            .build()
    });
    let reported = Element::builder("reported", ns::DATA_FORMS).append_all(labels);
    let items = people.iter().map(|person| {
        let fields = row(person, domain).map(|(var, text)| field(var).append(value(text)).build());
        Element::builder("item", ns::DATA_FORMS)
            .append_all(fields)
            .build()
    });
    Element::builder("x", ns::DATA_FORMS)
        .attr(xml_ncname!("type").to_owned(), "result")
        .append(hidden.build())
        .append(reported.build())
        .append_all(items)
        .build()
}

const COLUMNS: [(&str, &str); 7] = [
    ("jid", words::ADDRESS),
    ("nick", words::NICK),
    ("first", words::FIRST),
    ("last", words::LAST),
    ("email", words::EMAIL),
    ("status", words::STATUS),
    ("auth", words::WANTS_TO_BE_ASKED),
];

/// More are not read in a chat window.
const MOST_IN_A_MESSAGE: usize = 20;
