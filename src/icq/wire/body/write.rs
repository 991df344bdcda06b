//! Bodies as this program writes them: all parts, and never too long.

use super::{
    ADDED, AUTHORISATION_DENIED, AUTHORISATION_GRANTED, AUTHORISATION_REQUEST, CONTACTS,
    EMAIL_EXPRESS, SERVER, TEXT, URL, WEB_PAGER,
};
use crate::icq::wire::text::{Charset, Encoded, MESSAGE_LIMIT, SEPARATOR};
use crate::model::{Introduction, Message, Uin};

/// A message as a packet carries it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Body {
    /// What the text means.
    pub msg_type: u16,
    /// The text in a code page, without NUL.
    pub text: Vec<u8>,
    /// How many characters the code page lacks.
    pub replaced: usize,
}

/// Writes a message: a long text as several bodies, contacts as many as it takes, anything else as
/// one, cut where it is too long. All parts of a kind are written.
pub fn encode(message: &Message, charset: Charset) -> Vec<Body> {
    match message {
        Message::Text(text) => split(TEXT, text, charset),
        Message::Server(text) => split(SERVER, text, charset),
        Message::Url { description, url } => encode_url(description, url, charset),
        Message::AuthorisationRequest { from, reason } => {
            let mut parts = Parts::new(charset);
            parts.push_introduction(from);
            parts.push(ANYONE_MAY_ADD);
            parts.push(reason);
            vec![parts.into_body(AUTHORISATION_REQUEST)]
        }
        Message::AuthorisationDenied { reason } => {
            let mut reason = split(AUTHORISATION_DENIED, reason, charset);
            reason.truncate(1);
            reason
        }
        Message::AuthorisationGranted => split(AUTHORISATION_GRANTED, "", charset),
        Message::Added(from) => {
            let mut parts = Parts::new(charset);
            parts.push_introduction(from);
            parts.push(ANYONE_MAY_ADD);
            vec![parts.into_body(ADDED)]
        }
        Message::WebPager { name, email, text } => {
            vec![encode_pager(WEB_PAGER, name, email, text, charset)]
        }
        Message::EmailExpress { name, email, text } => {
            vec![encode_pager(EMAIL_EXPRESS, name, email, text, charset)]
        }
        Message::Contacts(contacts) => encode_contacts(contacts, charset),
        Message::Other { kind, text } => {
            let mut parts = Parts::new(charset);
            text.split('\n').for_each(|part| parts.push(part));
            vec![parts.into_body(*kind)]
        }
    }
}

fn split(msg_type: u16, text: &str, charset: Charset) -> Vec<Body> {
    charset
        .encode_split(text, MESSAGE_LIMIT)
        .into_iter()
        .map(|Encoded { bytes, replaced }| Body {
            msg_type,
            text: bytes,
            replaced,
        })
        .collect()
}

/// An address that leaves no room for itself is sent as text: cut, it would lead elsewhere.
fn encode_url(description: &str, url: &str, charset: Charset) -> Vec<Body> {
    let address = charset.encode_part(url, usize::MAX);
    let Some(room) = MESSAGE_LIMIT.checked_sub(address.bytes.len() + 1) else {
        let text = [description, url].join("\n");
        return split(TEXT, text.trim_start(), charset);
    };
    let description = charset.encode_part(description, room);
    vec![Body {
        msg_type: URL,
        text: [description.bytes, address.bytes].join(&SEPARATOR),
        replaced: description.replaced + address.replaced,
    }]
}

fn encode_pager(msg_type: u16, name: &str, email: &str, text: &str, charset: Charset) -> Body {
    let mut parts = Parts::new(charset);
    for part in [name, "", "", email, "3", text] {
        parts.push(part);
    }
    parts.into_body(msg_type)
}

fn encode_contacts(contacts: &[(Uin, String)], charset: Charset) -> Vec<Body> {
    let mut bodies = Vec::new();
    let mut left = contacts;
    loop {
        let mut entries = Encoded::default();
        let mut count = 0;
        for (uin, nick) in left {
            let nick = charset.encode_part(nick, LONGEST_NICK);
            let entry = [uin.to_string().into_bytes(), nick.bytes].join(&SEPARATOR);
            if COUNT_ROOM + entries.bytes.len() + entry.len() + 1 > MESSAGE_LIMIT {
                break;
            }
            entries.bytes.extend(entry);
            entries.bytes.push(SEPARATOR);
            entries.replaced += nick.replaced;
            count += 1;
        }
        bodies.push(Body {
            msg_type: CONTACTS,
            text: [count.to_string().into_bytes(), entries.bytes].join(&SEPARATOR),
            replaced: entries.replaced,
        });
        left = &left[count..];
        if left.is_empty() {
            return bodies;
        }
    }
}

/// The parts of a body in the making.
struct Parts {
    charset: Charset,
    text: Vec<u8>,
    replaced: usize,
    begun: bool,
}

impl Parts {
    const fn new(charset: Charset) -> Self {
        Self {
            charset,
            text: Vec::new(),
            replaced: 0,
            begun: false,
        }
    }

    /// Appends a part, cut to the room that is left.
    fn push(&mut self, part: &str) {
        if self.begun {
            self.text.push(SEPARATOR);
        }
        self.begun = true;
        let room = MESSAGE_LIMIT.saturating_sub(self.text.len());
        let Encoded { bytes, replaced } = self.charset.encode_part(part, room);
        self.text.extend(bytes);
        self.replaced += replaced;
    }

    /// Appends names and address, so short that something is left for what follows.
    fn push_introduction(&mut self, from: &Introduction) {
        for part in [&from.nick, &from.first, &from.last, &from.email] {
            let short: String = part.chars().take(LONGEST_NICK).collect();
            self.push(&short);
        }
    }

    fn into_body(mut self, msg_type: u16) -> Body {
        self.text.truncate(MESSAGE_LIMIT);
        Body {
            msg_type,
            text: self.text,
            replaced: self.replaced,
        }
    }
}

/// The flag between address and reason: no authorisation needed. Who adds a gateway's user is
/// asked by the gateway.
const ANYONE_MAY_ADD: &str = "1";

/// Names above this are not shown by old clients, and some servers drop their owner (§8.3).
const LONGEST_NICK: usize = 63;

/// Three digits and a separator.
const COUNT_ROOM: usize = 4;
