//! Bodies as they come, from clients that differ.

use super::{
    ADDED, AUTHORISATION_DENIED, AUTHORISATION_GRANTED, AUTHORISATION_REQUEST, CONTACTS,
    EMAIL_EXPRESS, MASS, PLUGIN, SERVER, TEXT, URL, WEB_PAGER,
};
use crate::icq::wire::text::{Charset, SEPARATOR};
use crate::model::{Introduction, Message, Uin};

/// Reads a message of the given type.
///
/// Forgives what clients are known to get wrong: parts missing or too many, description and
/// address of a URL swapped. A separator too many is taken for the letter that has its number.
pub fn decode(msg_type: u16, text: &[u8], charset: Charset) -> Message {
    let kind = msg_type & !MASS;
    // The high byte of a type is noise.
    match u16::from(kind.to_le_bytes()[0]) {
        TEXT => Message::Text(charset.decode(text)),
        URL => url(text, charset),
        AUTHORISATION_REQUEST => authorisation_request(text, charset),
        AUTHORISATION_DENIED => Message::AuthorisationDenied {
            reason: charset.decode(text),
        },
        AUTHORISATION_GRANTED => Message::AuthorisationGranted,
        SERVER => Message::Server(charset.decode(text)),
        ADDED => Message::Added(introduction(&parts(text), charset)),
        WEB_PAGER => {
            let (name, email, text) = pager(text, charset);
            Message::WebPager { name, email, text }
        }
        EMAIL_EXPRESS => {
            let (name, email, text) = pager(text, charset);
            Message::EmailExpress { name, email, text }
        }
        CONTACTS => Message::Contacts(contacts(text, charset)),
        // Opaque: what a plugin says means nothing to a person.
        PLUGIN => Message::Other {
            kind,
            text: String::new(),
        },
        _ => Message::Other {
            kind,
            text: parts(text)
                .iter()
                .map(|part| charset.decode(part))
                .collect::<Vec<_>>()
                .join("\n"),
        },
    }
}

/// Reads what a service tells everybody (`SYSTEM_MESSAGE`, §4.8): a text, or an address and a text.
pub fn announcement(text: &[u8], charset: Charset) -> Message {
    let parts = parts(text);
    let lines = parts.iter().map(|part| charset.decode(part));
    Message::Server(lines.collect::<Vec<_>>().join("\n"))
}

/// Who really sent a message: one version of ICQ 99b swaps the bytes of its UIN, and shows it by
/// noise in the type's high byte (§7.3). The flag of mass messages is no noise.
pub const fn sender(from: Uin, msg_type: u16) -> Uin {
    if from.0 > 0x07FF_FFFF && msg_type & !MASS > 0xFF {
        return Uin(from.0.swap_bytes());
    }
    from
}

fn url(text: &[u8], charset: Charset) -> Message {
    let parts = parts(text);
    let address = match parts.as_slice() {
        [first, .., last] if !looks_like_url(last) && looks_like_url(first) => 0,
        [only] if !looks_like_url(only) => 1,
        all => all.len() - 1,
    };
    let (url, description) = match (parts.get(address), address) {
        (Some(url), 0) => (*url, text.get(url.len() + 1..).unwrap_or_default()),
        (Some(url), _) => (*url, &text[..text.len() - url.len() - 1]),
        (None, _) => (&[][..], text),
    };
    Message::Url {
        description: charset.decode(description),
        url: charset.decode(url),
    }
}

fn authorisation_request(text: &[u8], charset: Charset) -> Message {
    let all = parts(text);
    if let [reason] = all.as_slice() {
        return Message::AuthorisationRequest {
            from: Introduction::default(),
            reason: charset.decode(reason),
        };
    }
    // Some clients leave the flag out; the part behind the address is the reason then.
    let before_reason = match all.get(4) {
        Some([b'0' | b'1']) if all.len() > 5 => 5,
        _ => 4,
    };
    Message::AuthorisationRequest {
        from: introduction(&all, charset),
        reason: charset.decode(behind(text, before_reason)),
    }
}

fn introduction(parts: &[&[u8]], charset: Charset) -> Introduction {
    let part = |at: usize| charset.decode(parts.get(at).copied().unwrap_or_default());
    Introduction {
        nick: part(0),
        first: part(1),
        last: part(2),
        email: part(3),
    }
}

/// Name, address and text of a web pager or e-mail express message: six parts, of which the
/// second, third and fifth say nothing.
fn pager(text: &[u8], charset: Charset) -> (String, String, String) {
    let all = parts(text);
    match all.as_slice() {
        [name, _, _, email, _, _, ..] => (
            charset.decode(name),
            charset.decode(email),
            charset.decode(behind(text, 5)),
        ),
        [name, middle @ .., last] => (
            charset.decode(name),
            charset.decode(
                middle
                    .iter()
                    .find(|part| part.contains(&b'@'))
                    .copied()
                    .unwrap_or_default(),
            ),
            charset.decode(last),
        ),
        _ => (String::new(), String::new(), charset.decode(text)),
    }
}

/// The contacts of a list whose count is not believed. What is no number belongs to the name
/// before it, which has a letter that looks like the separator.
fn contacts(text: &[u8], charset: Charset) -> Vec<(Uin, String)> {
    let all = parts(text);
    let mut contacts: Vec<(Uin, Vec<&[u8]>)> = Vec::new();
    for part in all.iter().skip(1) {
        let named = contacts.last().is_none_or(|(_, name)| !name.is_empty());
        let uin = std::str::from_utf8(part).ok().and_then(Uin::from_digits);
        match (uin, contacts.last_mut()) {
            (Some(uin), _) if named => contacts.push((uin, Vec::new())),
            (_, Some((_, name))) => name.push(part),
            (_, None) => {}
        }
    }
    // A separator at the end makes an empty part that is no name.
    let ends_open = text.last() == Some(&SEPARATOR);
    let last = contacts.len().saturating_sub(1);
    contacts
        .into_iter()
        .enumerate()
        .map(|(at, (uin, mut name))| {
            if at == last && ends_open && name.len() > 1 {
                name.pop();
            }
            (uin, charset.decode(&name.join(&SEPARATOR)))
        })
        .collect()
}

fn parts(text: &[u8]) -> Vec<&[u8]> {
    text.split(|&byte| byte == SEPARATOR).collect()
}

/// What stands behind the first `count` parts, separators in it included.
fn behind(text: &[u8], count: usize) -> &[u8] {
    text.splitn(count + 1, |&byte| byte == SEPARATOR)
        .nth(count)
        .unwrap_or_default()
}

fn looks_like_url(part: &[u8]) -> bool {
    part.windows(3).any(|window| window == b"://")
        || part
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"www."))
}
