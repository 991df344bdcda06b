//! What a message from ICQ says in a stanza (xmpp-gateway.md §13.2).

use xmpp_parsers::jid::DomainRef;

use crate::model::Message;
use crate::xmpp::text;

/// A message from ICQ, ready to be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reading {
    /// Whose words they are.
    pub speaker: Speaker,
    /// The words; never empty.
    pub body: String,
}

/// Whose words a message holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speaker {
    /// Whoever ICQ says it is from.
    Sender,
    /// The ICQ service, or somebody outside ICQ: shown as coming from the gateway.
    Service,
}

/// What there is to read in `message`; `None` if nothing is left of it, or if it is about
/// authorisation, which is no message in XMPP. `domain` is the gateway's.
pub fn to_xmpp(message: &Message, domain: &DomainRef) -> Option<Reading> {
    let by_sender = |body: String| (Speaker::Sender, body);
    let by_service = |body: String| (Speaker::Service, body);
    let (speaker, body) = match message {
        Message::Text(said) => by_sender(said.clone()),
        Message::Url { description, url } => by_sender(lines(&[description, url])),
        Message::Contacts(contacts) => {
            let line = |(uin, nick): &(_, String)| match text::clean_line(nick, MAX_NAME_CHARS) {
                nick if nick.is_empty() => format!("{uin} — xmpp:{uin}@{domain}?roster"),
                nick => format!("{nick} — {uin} — xmpp:{uin}@{domain}?roster"),
            };
            by_sender(contacts.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Message::Other { kind, text } => by_sender(match *kind {
            CHAT_REQUEST => lines(&["[ICQ chat request]", text]),
            FILE_REQUEST => lines(&["[ICQ file offer]", text]),
            kind => lines(&[&format!("[ICQ message of unknown type {kind:#04x}]"), text]),
        }),
        Message::Server(said) => by_service(said.clone()),
        Message::WebPager { name, email, text } => {
            by_service(format!("Web message from {}: {text}", person(name, email)))
        }
        Message::EmailExpress { name, email, text } => {
            by_service(format!("E-mail from {}: {text}", person(name, email)))
        }
        Message::AuthorisationRequest { .. }
        | Message::AuthorisationDenied { .. }
        | Message::AuthorisationGranted
        | Message::Added(_) => return None,
    };
    let body = text::clean(&body).into_owned();
    (!body.is_empty()).then_some(Reading { speaker, body })
}

/// The parts that say something, each on a line of its own.
fn lines(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n")
}

fn person(name: &str, email: &str) -> String {
    let name = text::clean_line(name, MAX_NAME_CHARS);
    let email = text::clean_line(email, MAX_NAME_CHARS);
    match (name.is_empty(), email.is_empty()) {
        (false, false) => format!("{name} <{email}>"),
        (false, true) => name,
        (true, false) => format!("<{email}>"),
        (true, true) => "somebody".to_owned(),
    }
}

/// icq-udp.md §7.3: features between two clients, which a server only passes on.
const CHAT_REQUEST: u16 = 2;
const FILE_REQUEST: u16 = 3;

/// xmpp-gateway.md §28.1.
const MAX_NAME_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use xmpp_parsers::jid::DomainPart;

    use super::*;
    use crate::model::{Introduction, Uin};

    fn read(message: &Message) -> Option<(Speaker, String)> {
        let domain: DomainPart = "icq.example.org".parse().unwrap();
        to_xmpp(message, &domain).map(|reading| (reading.speaker, reading.body))
    }

    /// The rows of xmpp-gateway.md §13.2 that V5 has.
    #[test]
    fn every_kind_of_message_can_be_read() {
        let (sender, service) = (Speaker::Sender, Speaker::Service);
        let mail = |text: &str| Message::EmailExpress {
            name: String::new(),
            email: "ben@verona.example".into(),
            text: text.into(),
        };
        for (message, speaker, body) in [
            (Message::Text("a\r\nb\0".into()), sender, "a\nb\u{FFFD}"),
            (
                Message::Url {
                    description: "look".into(),
                    url: "http://a.example".into(),
                },
                sender,
                "look\nhttp://a.example",
            ),
            (
                Message::Url {
                    description: String::new(),
                    url: "http://a.example".into(),
                },
                sender,
                "http://a.example",
            ),
            (
                Message::Contacts(vec![
                    (Uin(123_456_789), "Benvolio\n".into()),
                    (Uin(987_654), String::new()),
                ]),
                sender,
                "Benvolio — 123456789 — xmpp:123456789@icq.example.org?roster\n\
                 987654 — xmpp:987654@icq.example.org?roster",
            ),
            (
                Message::Other {
                    kind: 0x1A,
                    text: String::new(),
                },
                sender,
                "[ICQ message of unknown type 0x1a]",
            ),
            (
                Message::Other {
                    kind: 0x7F,
                    text: "hm".into(),
                },
                sender,
                "[ICQ message of unknown type 0x7f]\nhm",
            ),
            (
                Message::Other {
                    kind: 2,
                    text: "come".into(),
                },
                sender,
                "[ICQ chat request]\ncome",
            ),
            (
                Message::Server("Maintenance tonight".into()),
                service,
                "Maintenance tonight",
            ),
            (
                Message::WebPager {
                    name: "Ben".into(),
                    email: "ben@verona.example".into(),
                    text: "hi".into(),
                },
                service,
                "Web message from Ben <ben@verona.example>: hi",
            ),
            (mail("hi"), service, "E-mail from <ben@verona.example>: hi"),
        ] {
            assert_eq!(
                read(&message),
                Some((speaker, body.to_owned())),
                "{message:?}"
            );
        }
    }

    #[test]
    fn empty_texts_and_authorisation_are_nothing_to_read() {
        for message in [
            Message::Text(String::new()),
            Message::Text("\u{FEFF}".into()),
            Message::Contacts(Vec::new()),
            Message::AuthorisationGranted,
            Message::AuthorisationDenied {
                reason: "no".into(),
            },
            Message::AuthorisationRequest {
                from: Introduction::default(),
                reason: "hi".into(),
            },
            Message::Added(Introduction::default()),
        ] {
            assert_eq!(read(&message), None, "{message:?}");
        }
    }
}
