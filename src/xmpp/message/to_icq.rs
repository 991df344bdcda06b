//! What a message from XMPP says on ICQ (xmpp-gateway.md §12).

use std::borrow::Cow;
use std::collections::BTreeMap;

use minidom::Element;
use xmpp_parsers::message::{Lang, Message, MessageType};
use xmpp_parsers::ns;

use crate::xmpp::{Condition, Refusal, text};

/// The text to send to ICQ for `message`; `None` if it says nothing there: a chat state, a receipt, a
/// marker. `max_chars` is how much a message may say.
pub fn to_icq(message: &Message, max_chars: usize) -> Result<Option<String>, Refusal> {
    if message.type_ == MessageType::Groupchat {
        return Err(Refusal::new(
            Condition::NotAllowed,
            "A contact is not a chat room.",
        ));
    }
    let body = best(&message.bodies).unwrap_or_default();
    refuse_encrypted(message, body)?;
    refuse_what_icq_lacks(message, body)?;
    let link = message.payloads.iter().find_map(Link::read);
    if is_encrypted_address(link.as_ref().map_or("", |link| link.url.as_ref())) {
        return Err(encrypted());
    }

    let body = match message.payloads.iter().any(|p| p.is("reply", REPLY)) {
        true => shorten_quotation(body),
        false => Cow::Borrowed(body),
    };
    let mut said = with_link(&body, link.as_ref());
    if said.is_empty()
        && let Some(place) = message.payloads.iter().find_map(location)
    {
        said = place.into();
    }
    if !said.is_empty() && message.payloads.iter().any(is_correction) {
        said = format!("Correction: {said}").into();
    }
    if let Some(subject) = subject(message) {
        said = match said.is_empty() {
            true => format!("Subject: {subject}").into(),
            false => format!("Subject: {subject}\n\n{said}").into(),
        };
    }

    let said = text::clean_for_icq(&said);
    if said.chars().nth(max_chars).is_some() {
        let text = format!("A message to ICQ may have at most {max_chars} characters.");
        return Err(Refusal::new(Condition::NotAcceptable, text));
    }
    Ok((!said.is_empty()).then(|| said.into_owned()))
}

/// The text without a language, else the first.
fn best(texts: &BTreeMap<Lang, String>) -> Option<&str> {
    let text = texts.get("").or_else(|| texts.values().next());
    text.map(String::as_str)
}

fn refuse_encrypted(message: &Message, body: &str) -> Result<(), Refusal> {
    let is_encrypted = |payload: &Element| {
        ENCRYPTED
            .iter()
            .any(|(name, namespace)| payload.is(*name, *namespace))
    };
    if message.payloads.iter().any(is_encrypted)
        || body.starts_with("?OTR")
        || is_encrypted_address(body)
    {
        return Err(encrypted());
    }
    Ok(())
}

/// The address of a file whose key only XMPP clients understand.
fn is_encrypted_address(text: &str) -> bool {
    text.trim_start()
        .get(..AESGCM.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(AESGCM))
}

fn encrypted() -> Refusal {
    Refusal::new(
        Condition::NotAcceptable,
        "Encrypted messages cannot be delivered to ICQ. Turn encryption off for this chat.",
    )
}

/// What means something only to clients that know it: the text beside it is not what was meant.
fn refuse_what_icq_lacks(message: &Message, body: &str) -> Result<(), Refusal> {
    for payload in &message.payloads {
        let refusal = match (payload.name(), payload.ns().as_str()) {
            ("retract", RETRACT_0 | RETRACT_1) | ("apply-to", FASTEN) => Refusal::new(
                Condition::FeatureNotImplemented,
                "ICQ cannot take a message back.",
            ),
            ("reactions", ns::REACTIONS) => {
                Refusal::new(Condition::FeatureNotImplemented, "ICQ has no reactions.")
            }
            ("attention", ns::ATTENTION) if body.is_empty() => Refusal::new(
                Condition::FeatureNotImplemented,
                "ICQ cannot call for attention.",
            ),
            ("x", CONFERENCE) => no_invitations(),
            ("x", ns::MUC_USER) if payload.has_child("invite", ns::MUC_USER) => no_invitations(),
            _ => continue,
        };
        return Err(refusal);
    }
    Ok(())
}

fn no_invitations() -> Refusal {
    Refusal::new(
        Condition::NotAcceptable,
        "Invitations to chat rooms cannot be delivered to ICQ.",
    )
}

fn is_correction(payload: &Element) -> bool {
    payload.is("replace", ns::MESSAGE_CORRECT)
}

/// A subject that is meant to be read: in a chat it is a leftover of the client.
fn subject(message: &Message) -> Option<&str> {
    matches!(
        message.type_,
        MessageType::Normal | MessageType::Headline | MessageType::Error
    )
    .then(|| best(&message.subjects))?
    .map(str::trim)
    .filter(|subject| !subject.is_empty())
}

/// Keeps the first lines of the quotation a reply (XEP-0461) begins with.
fn shorten_quotation(body: &str) -> Cow<'_, str> {
    let is_quoted = |line: &&str| line.starts_with('>');
    let quoted = body.lines().take_while(is_quoted).count();
    if quoted <= QUOTED_LINES {
        return Cow::Borrowed(body);
    }
    let lines: Vec<&str> = body
        .lines()
        .enumerate()
        .filter(|(at, _)| *at < QUOTED_LINES || *at >= quoted)
        .map(|(_, line)| line)
        .collect();
    Cow::Owned(lines.join("\n"))
}

/// An address that a stanza carries beside its body.
struct Link {
    url: String,
    description: String,
}

impl Link {
    /// Reads XEP-0066, XEP-0447 and XEP-0385.
    fn read(payload: &Element) -> Option<Self> {
        if payload.is("x", ns::OOB) {
            let text = |name| payload.get_child(name, ns::OOB).map(Element::text);
            return Some(Self {
                url: text("url")?.trim().to_owned(),
                description: text("desc").unwrap_or_default().trim().to_owned(),
            })
            .filter(|link| !link.url.is_empty());
        }
        let is_file = payload.is("file-sharing", SFS) || payload.is("reference", REFERENCE);
        let url = is_file.then(|| web_address(payload, FILE_DEPTH)).flatten();
        url.map(|url| Self {
            url,
            description: String::new(),
        })
    }
}

/// The first web address among the sources of a shared file.
fn web_address(element: &Element, depth: u8) -> Option<String> {
    let target = match (element.name(), element.ns().as_str()) {
        ("url-data", URL_DATA) => element.attr("target"),
        ("reference", REFERENCE) => element.attr("uri"),
        _ => None,
    };
    let is_web = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    if let Some(url) = target.filter(is_web) {
        return Some(url.to_owned());
    }
    let deeper = depth.checked_sub(1)?;
    element
        .children()
        .find_map(|child| web_address(child, deeper))
}

fn with_link<'a>(body: &'a str, link: Option<&Link>) -> Cow<'a, str> {
    let Some(Link { url, description }) = link else {
        return body.into();
    };
    let described = match description.is_empty() || description == url {
        true => url.clone(),
        false => format!("{description} {url}"),
    };
    match body.trim() {
        "" => described.into(),
        body if body == url => url.clone().into(),
        _ if body.contains(url.as_str()) => body.into(),
        _ => format!("{body}\n{described}").into(),
    }
}

/// XEP-0080.
fn location(payload: &Element) -> Option<String> {
    if !payload.is("geoloc", GEOLOC) {
        return None;
    }
    let coordinate = |name| payload.get_child(name, GEOLOC).map(Element::text);
    let (latitude, longitude) = (coordinate("lat")?, coordinate("lon")?);
    Some(format!(
        "Location: {}, {}",
        latitude.trim(),
        longitude.trim()
    ))
}

/// Elements that say "what matters is encrypted" (XEP-0380 lists them).
const ENCRYPTED: &[(&str, &str)] = &[
    ("encryption", ns::EME),
    ("encrypted", ns::LEGACY_OMEMO),
    ("encrypted", "urn:xmpp:omemo:1"),
    ("encrypted", "urn:xmpp:omemo:2"),
    ("openpgp", ns::OX),
    ("x", "jabber:x:encrypted"),
];

const AESGCM: &str = "aesgcm://";
const CONFERENCE: &str = "jabber:x:conference";
const FASTEN: &str = "urn:xmpp:fasten:0";
const GEOLOC: &str = "http://jabber.org/protocol/geoloc";
const REFERENCE: &str = "urn:xmpp:reference:0";
const REPLY: &str = "urn:xmpp:reply:0";
const RETRACT_0: &str = "urn:xmpp:message-retract:0";
const RETRACT_1: &str = "urn:xmpp:message-retract:1";
const SFS: &str = "urn:xmpp:sfs:0";
const URL_DATA: &str = "http://jabber.org/protocol/url-data";

/// Enough to know what is answered.
const QUOTED_LINES: usize = 3;

/// `file-sharing/sources/url-data` and `reference/media-sharing/sources/reference`.
const FILE_DEPTH: u8 = 3;

#[cfg(test)]
mod tests {
    use xmpp_parsers::stanza_error::ErrorType;

    use super::*;

    fn read(xml: &str) -> Result<Option<String>, Refusal> {
        let element: Element = xml
            .replacen("<message", "<message xmlns='jabber:component:accept'", 1)
            .parse()
            .unwrap();
        to_icq(&Message::try_from(element).unwrap(), 100)
    }

    fn said(xml: &str) -> Option<String> {
        read(xml).unwrap()
    }

    fn refused(xml: &str) -> (Condition, ErrorType) {
        let refusal = read(xml).unwrap_err();
        assert!(!refusal.text.is_empty());
        (refusal.condition, refusal.type_)
    }

    /// The rows of xmpp-gateway.md §12.2.
    #[test]
    fn a_stanza_becomes_the_text_the_table_asks_for() {
        for (xml, text) in [
            (
                "<message type='chat'><body>привет</body><thread>t1</thread></message>",
                "привет",
            ),
            (
                "<message><body xml:lang='de'>Hallo</body><body>Hi</body></message>",
                "Hi",
            ),
            (
                "<message><body xml:lang='de'>Hallo</body></message>",
                "Hallo",
            ),
            (
                "<message><subject>News</subject><body>None</body></message>",
                "Subject: News\n\nNone",
            ),
            (
                "<message type='headline'><subject>News</subject></message>",
                "Subject: News",
            ),
            (
                "<message type='chat'><subject>News</subject><body>None</body></message>",
                "None",
            ),
            (
                "<message type='chat'><body>right</body>\
                 <replace xmlns='urn:xmpp:message-correct:0' id='m1'/></message>",
                "Correction: right",
            ),
            (
                "<message type='chat'><body>&gt; a\n&gt; b\n&gt; c\n&gt; d\nyes\n&gt; no</body>\
                 <reply xmlns='urn:xmpp:reply:0' id='m1'/></message>",
                "> a\n> b\n> c\nyes\n> no",
            ),
            (
                "<message type='chat'><body>&gt; a\n&gt; b\n&gt; c\n&gt; d\nyes</body></message>",
                "> a\n> b\n> c\n> d\nyes",
            ),
            (
                "<message type='chat'><body>*bold*</body>\
                 <html xmlns='http://jabber.org/protocol/xhtml-im'/></message>",
                "*bold*",
            ),
            (
                "<message type='chat'><body>/me waves</body></message>",
                "/me waves",
            ),
            (
                "<message type='chat'><body>https://a.example/1.png</body>\
                 <x xmlns='jabber:x:oob'><url>https://a.example/1.png</url><desc>x</desc></x></message>",
                "https://a.example/1.png",
            ),
            (
                "<message type='chat'><body>look</body>\
                 <x xmlns='jabber:x:oob'><url>https://a.example/1.png</url><desc>A cat</desc></x></message>",
                "look\nA cat https://a.example/1.png",
            ),
            (
                "<message type='chat'><body>look: https://a.example/1.png!</body>\
                 <x xmlns='jabber:x:oob'><url>https://a.example/1.png</url></x></message>",
                "look: https://a.example/1.png!",
            ),
            (
                "<message type='chat'>\
                 <x xmlns='jabber:x:oob'><url>https://a.example/1.png</url></x></message>",
                "https://a.example/1.png",
            ),
            (
                "<message type='chat'><file-sharing xmlns='urn:xmpp:sfs:0'><sources>\
                 <url-data xmlns='http://jabber.org/protocol/url-data' target='ftp://a.example/1'/>\
                 <url-data xmlns='http://jabber.org/protocol/url-data' target='https://a.example/1'/>\
                 </sources></file-sharing></message>",
                "https://a.example/1",
            ),
            (
                "<message type='chat'><reference xmlns='urn:xmpp:reference:0' type='data'>\
                 <media-sharing xmlns='urn:xmpp:sims:1'><sources>\
                 <reference xmlns='urn:xmpp:reference:0' type='data' uri='https://a.example/2'/>\
                 </sources></media-sharing></reference></message>",
                "https://a.example/2",
            ),
            (
                "<message type='chat'><geoloc xmlns='http://jabber.org/protocol/geoloc'>\
                 <lat>45.44</lat><lon>12.33</lon></geoloc></message>",
                "Location: 45.44, 12.33",
            ),
            (
                "<message type='chat'><body>wake up</body>\
                 <attention xmlns='urn:xmpp:attention:0'/></message>",
                "wake up",
            ),
            (
                "<message type='chat'><body>a&#xd;&#xa;b&#xd;c </body></message>",
                "a\nb\nc ",
            ),
        ] {
            assert_eq!(said(xml).as_deref(), Some(text), "{xml}");
        }
    }

    #[test]
    fn what_says_nothing_on_icq_is_no_error() {
        for xml in [
            "<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
            "<message type='chat'><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
            "<message><received xmlns='urn:xmpp:receipts' id='m1'/></message>",
            "<message><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/></message>",
            "<message type='chat'><subject>News</subject></message>",
            "<message type='chat'><body/></message>",
            "<message/>",
        ] {
            assert_eq!(said(xml), None, "{xml}");
        }
    }

    #[test]
    fn an_encrypted_message_is_refused_and_its_fallback_not_sent() {
        for payload in [
            "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
            "<encrypted xmlns='urn:xmpp:omemo:2'/>",
            "<openpgp xmlns='urn:xmpp:openpgp:0'>x</openpgp>",
            "<x xmlns='jabber:x:encrypted'>x</x>",
            "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'/>",
            "<x xmlns='jabber:x:oob'><url>aesgcm://a.example/1</url></x>",
        ] {
            let xml = format!("<message type='chat'><body>I sent you…</body>{payload}</message>");
            let expected = (Condition::NotAcceptable, ErrorType::Modify);
            assert_eq!(refused(&xml), expected, "{xml}");
        }
        for body in ["?OTRv23?", "aesgcm://a.example/1", " AESGCM://a.example/1"] {
            let xml = format!("<message type='chat'><body>{body}</body></message>");
            assert_eq!(refused(&xml).0, Condition::NotAcceptable, "{xml}");
        }
    }

    #[test]
    fn what_icq_lacks_is_refused_with_its_reason() {
        let cancel = ErrorType::Cancel;
        for (payload, condition, type_) in [
            (
                "<body>This message was retracted</body>\
                 <retract xmlns='urn:xmpp:message-retract:1' id='m1'/>",
                Condition::FeatureNotImplemented,
                cancel.clone(),
            ),
            (
                "<apply-to xmlns='urn:xmpp:fasten:0' id='m1'/>",
                Condition::FeatureNotImplemented,
                cancel.clone(),
            ),
            (
                "<body>:)</body><reactions xmlns='urn:xmpp:reactions:0' id='m1'/>",
                Condition::FeatureNotImplemented,
                cancel.clone(),
            ),
            (
                "<attention xmlns='urn:xmpp:attention:0'/>",
                Condition::FeatureNotImplemented,
                cancel,
            ),
            (
                "<x xmlns='jabber:x:conference' jid='room@conference.example.org'/>",
                Condition::NotAcceptable,
                ErrorType::Modify,
            ),
            (
                "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>",
                Condition::NotAcceptable,
                ErrorType::Modify,
            ),
        ] {
            let xml = format!("<message type='chat'>{payload}</message>");
            assert_eq!(refused(&xml), (condition, type_), "{xml}");
        }
        assert_eq!(
            refused("<message type='groupchat'><body>hi</body></message>"),
            (Condition::NotAllowed, ErrorType::Cancel)
        );
    }

    #[test]
    fn a_message_has_a_limit_in_characters() {
        let body = |chars| {
            let body = "ё".repeat(chars);
            format!("<message type='chat'><body>{body}</body></message>")
        };
        assert_eq!(said(&body(100)), Some("ё".repeat(100)));
        assert_eq!(
            refused(&body(101)),
            (Condition::NotAcceptable, ErrorType::Modify)
        );
    }
}
