//! How a command says where it stands (XEP-0050).

use minidom::Element;
use minidom::rxml::xml_ncname;
use xmpp_parsers::jid::DomainRef;

use super::form::{Form, form_type};
use super::{NS, Page};
use crate::gateway::action::{Card, Done, Outcome};
use crate::gateway::{card, people};

/// Waits for a page.
pub(in crate::gateway) fn executing(
    node: &str,
    session: &str,
    page: &Page,
    has_earlier: bool,
    complaint: Option<&str>,
) -> Element {
    let next = if page.last { "complete" } else { "next" };
    let form = page.form.to_fill_in(node);
    asking(node, session, next, has_earlier, complaint, form)
}

/// The same with a form that came another way; `next` is what may be done with it.
pub(in crate::gateway) fn asking(
    node: &str,
    session: &str,
    next: &str,
    has_earlier: bool,
    complaint: Option<&str>,
    form: Element,
) -> Element {
    let mut actions = Element::builder("actions", NS).attr(xml_ncname!("execute").to_owned(), next);
    if has_earlier {
        actions = actions.append(Element::bare("prev", NS));
    }
    let actions = actions.append(Element::bare(next, NS));
    let mut command = command(node, session, "executing").append(actions.build());
    if let Some(complaint) = complaint {
        command = command.append(note("error", complaint));
    }
    command.append(form).build()
}

/// Is over, with an outcome.
pub(in crate::gateway) fn answer(
    node: &str,
    session: &str,
    domain: &DomainRef,
    done: &Done,
) -> Element {
    let command = command(node, session, "completed");
    match done {
        Err(refusal) => command.append(note("error", &refusal.text)),
        Ok(Outcome::Said(text)) if !text.trim_end().contains('\n') => {
            command.append(note("info", text.trim_end()))
        }
        Ok(Outcome::Said(text)) => {
            let form = Form::new("", "").lines("text", "", text);
            command.append(form.to_read(node))
        }
        Ok(Outcome::Card(card)) => command.append(reading(card).to_read(node)),
        Ok(Outcome::People { people, more }) => {
            let note = note("info", &people::summary(people, *more));
            let table = people::table(people, domain, &form_type(node));
            command
                .append(note)
                .append_all((!people.is_empty()).then_some(table))
        }
    }
    .build()
}

/// Is over by the user's wish.
pub(in crate::gateway) fn canceled(node: &str, session: &str) -> Element {
    command(node, session, "canceled").build()
}

/// What is known about one person, to be read.
fn reading(card: &Card) -> Form {
    let lines = card::lines(card);
    let form = Form::new(&card::title(card), "");
    lines
        .into_iter()
        .fold(form, |form, line| match line.value.contains('\n') {
            true => form.lines(line.var, line.label, &line.value),
            false => form.text(line.var, line.label, &line.value),
        })
}

fn command(node: &str, session: &str, status: &str) -> minidom::ElementBuilder {
    Element::builder("command", NS)
        .attr(xml_ncname!("node").to_owned(), node)
        .attr(xml_ncname!("sessionid").to_owned(), session)
        .attr(xml_ncname!("status").to_owned(), status)
}

fn note(type_: &str, text: &str) -> Element {
    Element::builder("note", NS)
        .attr(xml_ncname!("type").to_owned(), type_)
        .append(text)
        .build()
}
