//! For tests that read as conversations: stanzas in and out as XML, without the namespace of the stream,
//! and what is logged meanwhile.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use minidom::{Element, Node};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::message::Message;
use xmpp_parsers::ns;
use xmpp_parsers::presence::Presence;

use super::Settings;
use crate::icq::wire::Version;
use crate::model::{Now, UnixTime};
use crate::xmpp::Stanza;

/// A moment to begin with: 2026-11-24 14:00 UTC.
pub(super) fn now() -> Now {
    Now {
        instant: Instant::now(),
        unix: UnixTime::from_secs(1_795_528_800),
    }
}

pub(super) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// One network, in one version.
pub(super) fn settings() -> Settings {
    let mut settings = Settings::new("icq.example.org".parse().unwrap());
    settings.networks[0].versions = vec![Version::V5];
    settings
}

/// Reads a stanza.
pub(super) fn stanza(xml: &str) -> Stanza {
    let element = element(xml);
    match element.name() {
        "iq" => Stanza::from(Iq::try_from(element).unwrap()),
        "message" => Stanza::from(Message::try_from(element).unwrap()),
        "presence" => Stanza::from(Presence::try_from(element).unwrap()),
        name => panic!("<{name}/> is no stanza"),
    }
}

/// Reads an element, in the namespace of the stream unless it says otherwise.
fn element(xml: &str) -> Element {
    let root = format!("<x xmlns='{}'>{xml}</x>", ns::DEFAULT_NS);
    let root: Element = root.parse().unwrap_or_else(|e| panic!("{xml}: {e}"));
    root.children().next().unwrap().clone()
}

/// Writes a stanza in a form that can be compared: attributes in order, no ids of our own making, no
/// default priority, no capabilities.
pub(super) fn shown(stanza: &Stanza) -> String {
    show(&xso::transform::<Element, _>(stanza).unwrap())
}

/// The same form of what a test expects.
pub(super) fn expected(xml: &str) -> String {
    show(&element(xml))
}

fn show(element: &Element) -> String {
    let mut out = String::new();
    write(element, ns::DEFAULT_NS, &mut out);
    out
}

fn write(element: &Element, outer: &str, out: &mut String) {
    let namespace = element.ns();
    out.push('<');
    out.push_str(element.name());
    if namespace != outer {
        out.push_str(&format!(" xmlns='{namespace}'"));
    }
    let made_up = matches!(element.name(), "message" | "presence");
    let mut attributes: Vec<String> = element
        .attrs()
        .iter()
        .filter(|((_, name), value)| !(made_up && *name == "id" && is_made_up(value)))
        .map(|((_, name), value)| format!(" {name}='{}'", escaped(value)))
        .collect();
    attributes.sort();
    out.extend(attributes);
    out.push('>');
    for node in element.nodes() {
        match node {
            Node::Element(child) if child.is("priority", ns::DEFAULT_NS) => {}
            Node::Element(child) if child.is("c", ns::CAPS) => {}
            Node::Element(child) => write(child, &namespace, out),
            Node::Text(text) => out.push_str(&escaped(text)),
        }
    }
    out.push_str(&format!("</{}>", element.name()));
}

/// What is written can be read again.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Ids of our own are two or three hexadecimal numbers; those of others that are repeated are not.
fn is_made_up(id: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_hexdigit());
    id.contains('-') && id.trim_start_matches(['g', 'i']).split('-').all(digits)
}

/// The lines that are logged while `story` goes on, without time and place.
pub(super) fn logged(story: impl FnOnce()) -> Vec<String> {
    let page = Page::default();
    let writer = page.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, story);
    let bytes = page.0.lock().unwrap_or_else(PoisonError::into_inner);
    let text = String::from_utf8(bytes.clone()).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        page.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
