//! Addresses of the gateway's domain (xmpp-gateway.md §2).
//!
//! | address                           | names                                               |
//! |-----------------------------------|-----------------------------------------------------|
//! | `icq.example.org`                 | the gateway                                         |
//! | `icq.example.org/registered`      | the gateway, as old rosters write it                |
//! | `123456789@icq.example.org`       | a contact: subscriptions, the account               |
//! | `123456789@icq.example.org/ICQ`   | a contact's client: presence, messages              |

use std::fmt::Write;

use xmpp_parsers::jid::{BareJid, DomainRef, FullJid, Jid, NodePart, ResourcePart};

use crate::model::Uin;

/// The one resource of every contact. Others are read as if they were this one.
pub const RESOURCE: &str = "ICQ";

/// Whom an address in the gateway's domain names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Address {
    /// The gateway itself.
    Gateway,
    /// A contact, whatever the resource.
    Contact(Uin),
    /// Nobody: answered with `item-not-found` (xmpp-gateway.md §2.4).
    Invalid,
}

impl Address {
    /// Reads `jid`, whose domain is the gateway's. `lowest` is the smallest number that counts.
    ///
    /// Only the normal form is an address: with zeros in front, one person would have several.
    pub fn read(jid: &Jid, lowest: Uin) -> Self {
        let Some(node) = jid.node() else {
            return Self::Gateway;
        };
        let digits = node.as_str();
        match Uin::from_digits(digits) {
            Some(uin) if uin >= lowest && !digits.starts_with('0') => Self::Contact(uin),
            Some(_) | None => Self::Invalid,
        }
    }
}

/// The gateway's own address.
pub fn gateway(domain: &DomainRef) -> BareJid {
    BareJid::from_parts(None, domain)
}

/// A contact's account: `123456789@icq.example.org`.
pub fn contact(uin: Uin, domain: &DomainRef) -> BareJid {
    let digits = uin.to_string();
    let node = NodePart::new(&digits).expect("one to ten ASCII digits are a localpart");
    BareJid::from_parts(Some(&node), domain)
}

/// A contact's client: `123456789@icq.example.org/ICQ`.
pub fn contact_client(uin: Uin, domain: &DomainRef) -> FullJid {
    let resource = ResourcePart::new(RESOURCE).expect("three ASCII letters are a resource");
    contact(uin, domain).with_resource(&resource)
}

/// Writes a name that is not a number as a localpart (XEP-0106): what a localpart cannot hold becomes
/// `\` and two hexadecimal digits, and so does a `\` that would read as such an escape.
pub fn escape(name: &str) -> String {
    let mut local = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        let must_escape = match c {
            '\\' => escaped_at(&name[at..]).is_some(),
            c => ESCAPED.contains(&c),
        };
        if must_escape {
            // Writing to a String cannot fail.
            let _ = write!(local, "\\{:02x}", u32::from(c));
        } else {
            local.push(c);
        }
    }
    local
}

/// Reads a localpart that [`escape`] wrote, once and from left to right. A `\` that starts no known
/// escape stays as it is, also at the end.
pub fn unescape(local: &str) -> String {
    let mut name = String::with_capacity(local.len());
    let mut rest = local;
    while let Some(c) = rest.chars().next() {
        let (read, length) = match escaped_at(rest) {
            Some(original) => (original, ESCAPE_LENGTH),
            None => (c, c.len_utf8()),
        };
        name.push(read);
        rest = &rest[length..];
    }
    name
}

/// The character that an escape at the start of `text` stands for. An escape is ASCII, so the text
/// may be cut behind it.
fn escaped_at(text: &str) -> Option<char> {
    let digits = text.strip_prefix('\\')?.get(..2)?;
    ESCAPED
        .into_iter()
        .chain(['\\'])
        .find(|&c| digits.eq_ignore_ascii_case(&format!("{:02x}", u32::from(c))))
}

/// What a localpart cannot hold (XEP-0106 §3).
const ESCAPED: [char; 9] = [' ', '"', '&', '\'', '/', ':', '<', '>', '@'];

/// A `\` and two digits.
const ESCAPE_LENGTH: usize = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use xmpp_parsers::jid::DomainPart;

    use super::*;

    fn read(text: &str) -> Address {
        Address::read(&Jid::new(text).unwrap(), Uin(10_000))
    }

    #[test]
    fn the_bare_domain_and_its_old_form_are_the_gateway() {
        assert_eq!(read("icq.example.org"), Address::Gateway);
        assert_eq!(read("icq.example.org/registered"), Address::Gateway);
    }

    #[test]
    fn digits_are_a_contact_whatever_the_resource() {
        let benvolio = Address::Contact(Uin(123_456_789));
        assert_eq!(read("123456789@icq.example.org"), benvolio);
        assert_eq!(read("123456789@icq.example.org/ICQ"), benvolio);
        assert_eq!(read("123456789@icq.example.org/foo"), benvolio);
        // The JID library maps full-width digits before anybody compares.
        assert_eq!(read("１２３456789@icq.example.org"), benvolio);
        assert_eq!(
            read("4294967295@icq.example.org"),
            Address::Contact(Uin(u32::MAX))
        );
    }

    #[test]
    fn what_cannot_be_a_number_is_nobody() {
        for text in [
            "juliet@icq.example.org",
            "9999@icq.example.org",
            "0123456@icq.example.org",
            "4294967296@icq.example.org",
            "123456\\@icq.example.org",
            "\\20foo@icq.example.org",
            "123-456@icq.example.org",
        ] {
            assert_eq!(read(text), Address::Invalid, "{text}");
        }
        let small = Jid::new("1001@icq.example.org").unwrap();
        assert_eq!(Address::read(&small, Uin(1)), Address::Contact(Uin(1001)));
    }

    #[test]
    fn contacts_are_written_in_normal_form() {
        let domain: DomainPart = "icq.example.org".parse().unwrap();

        assert_eq!(gateway(&domain).as_str(), "icq.example.org");
        assert_eq!(
            contact(Uin(123_456_789), &domain).as_str(),
            "123456789@icq.example.org"
        );
        let client = contact_client(Uin(u32::MAX), &domain);
        assert_eq!(client.as_str(), "4294967295@icq.example.org/ICQ");
        assert_eq!(client.to_bare(), contact(Uin(u32::MAX), &domain));
    }

    #[test]
    fn names_are_escaped_as_the_reference_shows() {
        for (name, local) in [
            ("foobar", "foobar"),
            ("juliet@mac.com", "juliet\\40mac.com"),
            ("o'hara", "o\\27hara"),
            ("a\\40b", "a\\5c40b"),
            ("a\\5cb", "a\\5c5cb"),
            ("c:\\net", "c\\3a\\net"),
            ("\\", "\\"),
        ] {
            assert_eq!(escape(name), local, "{name:?}");
            assert_eq!(unescape(local), name, "{local:?}");
        }
    }

    #[test]
    fn an_unfinished_or_unknown_escape_stays() {
        for local in ["foo\\", "foo\\2", "\\", "\\zz", "\\3", "\\2é", "\\é"] {
            assert_eq!(unescape(local), local);
        }
        assert_eq!(unescape("\\5c5c20\\3A"), "\\5c20:");
    }

    proptest! {
        #[test]
        fn what_is_escaped_unescapes_to_itself(name in "[a-c\\\\0-9 @/'éü]{0,12}") {
            prop_assert_eq!(unescape(&escape(&name)), name);
        }

        #[test]
        fn no_localpart_breaks_anything(local in any::<String>()) {
            let _ = unescape(&local);
            let _ = escape(&local);
            if let Ok(jid) = Jid::new(&format!("{local}@icq.example.org")) {
                let _ = Address::read(&jid, Uin(10_000));
            }
        }
    }
}
