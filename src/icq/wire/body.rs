//! Message bodies: a type and a text, whose parts stand between separators (`icq-udp.md` §7.3).

use super::text::{Charset, Encoded, MESSAGE_LIMIT, SEPARATOR};
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

/// One message to many (bit 15 of the type).
const MASS: u16 = 0x8000;

const TEXT: u16 = 0x01;
const URL: u16 = 0x04;
const AUTHORISATION_REQUEST: u16 = 0x06;
const AUTHORISATION_DENIED: u16 = 0x07;
const AUTHORISATION_GRANTED: u16 = 0x08;
const SERVER: u16 = 0x09;
const ADDED: u16 = 0x0C;
const WEB_PAGER: u16 = 0x0D;
const EMAIL_EXPRESS: u16 = 0x0E;
const CONTACTS: u16 = 0x13;
const PLUGIN: u16 = 0x1A;

/// The flag between address and reason: no authorisation needed. Who adds a gateway's user is
/// asked by the gateway.
const ANYONE_MAY_ADD: &str = "1";

/// Names above this are not shown by old clients, and some servers drop their owner (§8.3).
const LONGEST_NICK: usize = 63;

/// Three digits and a separator.
const COUNT_ROOM: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUSSIAN: Charset = Charset::WINDOWS_1251;

    #[test]
    fn the_high_byte_and_the_mass_flag_do_not_change_the_kind() {
        for msg_type in [0x0001, 0x8001, 0x0101, 0xFF01] {
            assert_eq!(
                decode(msg_type, b"hi", RUSSIAN),
                Message::Text("hi".into()),
                "{msg_type:#x}"
            );
        }
    }

    #[test]
    fn the_separator_is_a_letter_in_plain_text() {
        let love = RUSSIAN.encode("люблю").bytes;
        assert_eq!(decode(1, &love, RUSSIAN), Message::Text("люблю".into()));
    }

    #[test]
    fn a_url_is_found_on_either_side_and_alone() {
        let url = |description: &str, url: &str| Message::Url {
            description: description.into(),
            url: url.into(),
        };
        for (body, expected) in [
            (
                &b"A site\xfehttp://example.org/"[..],
                url("A site", "http://example.org/"),
            ),
            (
                b"http://example.org/\xfeA site",
                url("A site", "http://example.org/"),
            ),
            (
                b"WWW.example.org\xfeA site",
                url("A site", "WWW.example.org"),
            ),
            (b"ftp://a\xfehttp://b", url("ftp://a", "http://b")),
            (b"http://example.org/", url("", "http://example.org/")),
            (b"\xfehttp://example.org/", url("", "http://example.org/")),
            (b"http://example.org/\xfe", url("", "http://example.org/")),
            (b"just words", url("just words", "")),
            (b"words\xfeexample.org", url("words", "example.org")),
            (b"\xebfe\xfehttp://b", url("лfe", "http://b")),
            (b"\xeb\xfe\xe1\xfehttp://b", url("люб", "http://b")),
            (b"", url("", "")),
            (b"\xfe", url("", "")),
        ] {
            assert_eq!(
                decode(4, body, RUSSIAN),
                expected,
                "{}",
                body.escape_ascii()
            );
        }
    }

    #[test]
    fn an_authorisation_request_may_lack_its_flag() {
        let ann = Introduction {
            nick: "Ann".into(),
            first: "Ann".into(),
            last: "Other".into(),
            email: "ann@example.org".into(),
        };
        for (body, reason) in [
            (
                &b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfe1\xfePlease"[..],
                "Please",
            ),
            (
                b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfePlease",
                "Please",
            ),
            (b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfe1\xfe", ""),
            (b"Ann\xfeAnn\xfeOther\xfeann@example.org", ""),
            (
                b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfe0\xfe\xeb\xfe",
                "лю",
            ),
        ] {
            assert_eq!(
                decode(6, body, RUSSIAN),
                Message::AuthorisationRequest {
                    from: ann.clone(),
                    reason: reason.into()
                },
                "{}",
                body.escape_ascii()
            );
        }
        assert_eq!(
            decode(6, b"let me in", RUSSIAN),
            Message::AuthorisationRequest {
                from: Introduction::default(),
                reason: "let me in".into()
            }
        );
    }

    #[test]
    fn an_added_notice_may_have_any_number_of_parts() {
        for (body, email) in [
            (&b"zed\xfeZed\xfeZ\xfez@example.net"[..], "z@example.net"),
            (
                b"zed\xfeZed\xfeZ\xfez@example.net\xfe0\xfe",
                "z@example.net",
            ),
            (b"zed\xfeZed\xfeZ", ""),
        ] {
            let Message::Added(from) = decode(0x0C, body, RUSSIAN) else {
                panic!("{}", body.escape_ascii());
            };
            assert_eq!((from.nick.as_str(), from.email.as_str()), ("zed", email));
        }
    }

    #[test]
    fn contacts_are_read_whatever_the_count_says() {
        let two = vec![
            (Uin(7_397_853), "Flunki".to_owned()),
            (Uin(7_357_219), "Uhu".to_owned()),
        ];
        for body in [
            &b"2\xfe7397853\xfeFlunki\xfe7357219\xfeUhu\xfe"[..],
            b"2\xfe7397853\xfeFlunki\xfe7357219\xfeUhu",
            b"9\xfe7397853\xfeFlunki\xfe7357219\xfeUhu\xfe",
            b"\xfe7397853\xfeFlunki\xfe7357219\xfeUhu\xfe",
        ] {
            assert_eq!(decode(0x13, body, RUSSIAN), Message::Contacts(two.clone()));
        }
        assert_eq!(
            decode(
                0x13,
                b"2\xfe12345\xfe\xc8\xfe\xeb\xfe777\xfe42\xfe",
                RUSSIAN
            ),
            Message::Contacts(vec![(Uin(12345), "Июл".into()), (Uin(777), "42".into())])
        );
        assert_eq!(decode(0x13, b"", RUSSIAN), Message::Contacts(Vec::new()));
        assert_eq!(
            decode(0x13, b"1\xfenobody", RUSSIAN),
            Message::Contacts(Vec::new())
        );
    }

    #[test]
    fn a_web_pager_message_is_taken_apart() {
        assert_eq!(
            decode(
                0x0D,
                b"Joe\xfe\xfe\xfejoe@example.org\xfe3\xfehello\xfe!",
                RUSSIAN
            ),
            Message::WebPager {
                name: "Joe".into(),
                email: "joe@example.org".into(),
                text: "helloю!".into()
            }
        );
        assert_eq!(
            decode(0x0E, b"hello", RUSSIAN),
            Message::EmailExpress {
                name: String::new(),
                email: String::new(),
                text: "hello".into()
            }
        );
    }

    #[test]
    fn an_unknown_kind_shows_its_text_line_by_line() {
        assert_eq!(
            decode(0x03, b"photo.jpg\xfe1234", RUSSIAN),
            Message::Other {
                kind: 3,
                text: "photo.jpg\n1234".into()
            }
        );
        assert_eq!(
            decode(0x1A, b"\x01\x02", RUSSIAN),
            Message::Other {
                kind: 0x1A,
                text: String::new()
            }
        );
    }

    #[test]
    fn a_sender_is_swapped_back_only_with_noise_in_the_type() {
        assert_eq!(sender(Uin(0x3930_0000), 0x0401), Uin(12_345));
        assert_eq!(sender(Uin(0x3930_0000), 0x0001), Uin(0x3930_0000));
        assert_eq!(sender(Uin(0x3930_0000), 0x8001), Uin(0x3930_0000));
        assert_eq!(sender(Uin(12_345), 0x0401), Uin(12_345));
    }

    #[test]
    fn a_granted_request_is_an_empty_body() {
        let bodies = encode(&Message::AuthorisationGranted, RUSSIAN);
        assert_eq!(
            bodies,
            [Body {
                msg_type: 8,
                text: Vec::new(),
                replaced: 0
            }]
        );
        assert_eq!(decode(8, b"\x03", RUSSIAN), Message::AuthorisationGranted);
    }

    #[test]
    fn a_long_text_becomes_several_messages() {
        let text = "слово ".repeat(200);
        let bodies = encode(&Message::Text(text.clone()), RUSSIAN);
        assert_eq!(bodies.len(), 3);
        assert!(bodies.iter().all(|body| body.text.len() <= 450));
        let joined: Vec<u8> = bodies.into_iter().flat_map(|body| body.text).collect();
        assert_eq!(RUSSIAN.decode(&joined), text);
    }

    #[test]
    fn an_address_is_never_cut() {
        let url = format!("http://example.org/{}", "a".repeat(425));
        let message = Message::Url {
            description: "long words".into(),
            url: url.clone(),
        };
        let [body] = encode(&message, RUSSIAN).try_into().unwrap();
        assert_eq!(
            decode(body.msg_type, &body.text, RUSSIAN),
            Message::Url {
                description: "long ".into(),
                url
            }
        );

        let message = Message::Url {
            description: String::new(),
            url: "a".repeat(460),
        };
        let bodies = encode(&message, RUSSIAN);
        assert!(
            bodies
                .iter()
                .all(|body| body.msg_type == 1 && body.text.len() <= 450)
        );
    }

    #[test]
    fn many_contacts_become_several_messages() {
        let contacts: Vec<(Uin, String)> = (0..60)
            .map(|n| (Uin(100_000_000 + n), format!("contact {n}")))
            .collect();
        let bodies = encode(&Message::Contacts(contacts.clone()), RUSSIAN);
        assert!(bodies.len() > 1 && bodies.iter().all(|body| body.text.len() <= 450));
        let read: Vec<(Uin, String)> = bodies
            .iter()
            .flat_map(|body| match decode(body.msg_type, &body.text, RUSSIAN) {
                Message::Contacts(contacts) => contacts,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(read, contacts);
    }

    fn messages() -> impl Strategy<Value = Message> {
        let text = || "[a-z юя\n]{0,80}";
        let introduction = || {
            (
                "[a-zю]{0,40}",
                "[a-z]{0,40}",
                "[a-z]{0,40}",
                "[a-z@.]{0,40}",
            )
                .prop_map(|(nick, first, last, email)| Introduction {
                    nick,
                    first,
                    last,
                    email,
                })
        };
        prop_oneof![
            text().prop_map(Message::Text),
            text().prop_map(Message::Server),
            (text(), "http://[a-z]{1,20}")
                .prop_map(|(description, url)| Message::Url { description, url }),
            (introduction(), text())
                .prop_map(|(from, reason)| Message::AuthorisationRequest { from, reason }),
            text().prop_map(|reason| Message::AuthorisationDenied { reason }),
            Just(Message::AuthorisationGranted),
            introduction().prop_map(Message::Added),
            ("[a-z]{1,20}", "[a-z]@[a-z]{1,20}", text())
                .prop_map(|(name, email, text)| Message::WebPager { name, email, text }),
            proptest::collection::vec((1_u32.., "[a-zю]{1,30}"), 0..8).prop_map(|contacts| {
                Message::Contacts(
                    contacts
                        .into_iter()
                        .map(|(uin, nick)| (Uin(uin), nick))
                        .collect(),
                )
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(message in messages()) {
            let bodies = encode(&message, RUSSIAN);
            prop_assume!(bodies.len() == 1);
            let read = decode(bodies[0].msg_type, &bodies[0].text, RUSSIAN);
            // The letter that is the separator changes its case inside parts.
            prop_assert_eq!(format!("{read:?}").to_lowercase(), format!("{message:?}").to_lowercase());
        }

        #[test]
        fn any_body_is_read(msg_type: u16, text: Vec<u8>) {
            decode(msg_type, &text, RUSSIAN);
        }
    }
}
