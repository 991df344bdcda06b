//! Presences of contacts (xmpp-gateway.md §7.3, §9.5, §11).

use minidom::Element;
use xmpp_parsers::jid::{BareJid, DomainRef, Jid};
use xmpp_parsers::message::Lang;
use xmpp_parsers::nick::Nick;
use xmpp_parsers::presence::{Presence, Show, Type};

use super::{address, delay, stanza};
use crate::model::{Availability, Status, Uin, UnixTime};

/// What a status shows in XMPP; `None` is plainly online.
pub const fn show(status: Status) -> Option<Show> {
    match status.availability {
        Availability::Online => None,
        Availability::FreeForChat => Some(Show::Chat),
        Availability::Away => Some(Show::Away),
        Availability::NotAvailable => Some(Show::Xa),
        Availability::Occupied | Availability::DoNotDisturb => Some(Show::Dnd),
    }
}

/// A contact is online. `caps` says what a contact's client can do.
pub fn available(
    uin: Uin,
    domain: &DomainRef,
    to: Jid,
    status: Status,
    nick: &str,
    caps: Element,
) -> Presence {
    let mut presence = stanza::presence(Type::None, address::contact_client(uin, domain), to);
    presence.show = show(status);
    presence.payloads.push(caps);
    push_nick(&mut presence, nick);
    presence
}

/// A contact is no longer online.
pub fn unavailable(uin: Uin, domain: &DomainRef, to: Jid) -> Presence {
    stanza::presence(Type::Unavailable, address::contact_client(uin, domain), to)
}

/// A contact is not online, and since when if that is known: the answer to a probe.
pub fn absent(uin: Uin, domain: &DomainRef, to: Jid, since: Option<UnixTime>) -> Presence {
    let mut presence = stanza::presence(Type::Unavailable, address::contact(uin, domain), to);
    let delay = since.map(|since| delay::delay(domain, since));
    presence.payloads.extend(delay);
    presence
}

/// A presence about subscriptions, between bare addresses, with a sentence if there is one.
pub fn subscription(type_: Type, from: BareJid, to: &BareJid, text: &str) -> Presence {
    let mut presence = stanza::presence(type_, from, to.clone());
    if !text.is_empty() {
        presence.set_status(Lang::new(), text);
    }
    presence
}

/// Adds a name (XEP-0172), if there is one.
pub fn push_nick(presence: &mut Presence, nick: &str) {
    if !nick.is_empty() {
        presence.payloads.push(Nick(nick.to_owned()).into());
    }
}

/// The sentence in a presence: the one without a language, else the first; may be empty.
pub fn text(presence: &Presence) -> &str {
    let texts = &presence.statuses;
    let text = texts.get("").or_else(|| texts.values().next());
    text.map_or("", |text| text.trim())
}

#[cfg(test)]
mod tests {
    use xmpp_parsers::jid::DomainPart;

    use super::*;

    #[test]
    fn each_status_shows_as_the_table_says() {
        for (availability, shown) in [
            (Availability::Online, None),
            (Availability::FreeForChat, Some(Show::Chat)),
            (Availability::Away, Some(Show::Away)),
            (Availability::NotAvailable, Some(Show::Xa)),
            (Availability::Occupied, Some(Show::Dnd)),
            (Availability::DoNotDisturb, Some(Show::Dnd)),
        ] {
            assert_eq!(show(availability.into()), shown, "{availability:?}");
        }
        // Seen by those on the visible list only: the base status is what they see.
        let invisible = Status {
            invisible: true,
            ..Availability::Away.into()
        };
        assert_eq!(show(invisible), Some(Show::Away));
    }

    #[test]
    fn presence_comes_from_the_client_and_subscriptions_from_the_account() {
        let domain: DomainPart = "icq.example.org".parse().unwrap();
        let user = BareJid::new("romeo@example.org").unwrap();
        let caps = Element::bare("c", "http://jabber.org/protocol/caps");

        let online = available(
            Uin(123_456_789),
            &domain,
            user.clone().into(),
            Availability::Away.into(),
            "Benvolio",
            caps,
        );
        let ask = subscription(
            Type::Subscribe,
            address::contact(Uin(123_456_789), &domain),
            &user,
            "",
        );

        let expected: Element = "<presence xmlns='jabber:component:accept' \
            from='123456789@icq.example.org/ICQ' to='romeo@example.org'><show>away</show><priority>0</priority>\
            <c xmlns='http://jabber.org/protocol/caps'/>\
            <nick xmlns='http://jabber.org/protocol/nick'>Benvolio</nick></presence>"
            .parse()
            .unwrap();
        assert_eq!(Element::from(online), expected);
        assert_eq!(ask.from.unwrap().as_str(), "123456789@icq.example.org");
        assert!(ask.statuses.is_empty());
    }
}
