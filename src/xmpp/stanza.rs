//! What travels on the component's stream, and the few builders everything uses.

use std::borrow::Cow;

use minidom::Element;
use minidom::rxml::Namespace;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Id, Message, MessageType};
use xmpp_parsers::presence::{self, Presence};
use xmpp_parsers::stanza_error::StanzaError;
use xso::{AsXml, Item};

use super::{Condition, Refusal};

/// A stanza, boxed so that queues of stanzas stay small.
#[derive(Clone, Debug, PartialEq)]
pub enum Stanza {
    /// `<iq/>`
    Iq(Box<Iq>),
    /// `<message/>`
    Message(Box<Message>),
    /// `<presence/>`
    Presence(Box<Presence>),
}

/// A stanza that was not built: its content does not parse, or it broke a limit. What its header
/// said is kept, so that an answer can be given where one is due.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BadStanza {
    /// Which of the three it was.
    pub kind: StanzaKind,
    /// The attribute `from`, as written.
    pub from: Option<String>,
    /// The attribute `to`, as written.
    pub to: Option<String>,
    /// The attribute `id`, as written.
    pub id: Option<String>,
    /// The attribute `type`, as written.
    pub type_: Option<String>,
    /// What was wrong with it.
    pub defect: Defect,
}

/// Which element a stanza is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum StanzaKind {
    /// `<iq/>`
    Iq,
    /// `<message/>`
    Message,
    /// `<presence/>`
    Presence,
    /// None of the three.
    #[default]
    Other,
}

/// Why a stanza was not built.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Defect {
    /// Its content does not follow the schema: answered with `bad-request`.
    #[default]
    Malformed,
    /// Nested too deeply: answered with `policy-violation`.
    TooDeep,
    /// Larger than allowed: answered with `policy-violation`.
    TooLarge,
    /// Not a stanza this program knows; nobody waits for an answer.
    Unknown,
}

impl Stanza {
    /// The error that answers a message: addresses swapped, its id kept, its body not.
    pub fn message_error(from: Jid, to: Jid, id: Option<String>, refusal: &Refusal) -> Self {
        Self::from(Message {
            from: Some(from),
            id: id.map(Id),
            payloads: vec![refusal.to_element()],
            ..Message::new_with_type(MessageType::Error, to)
        })
    }

    /// The error that answers a presence.
    pub fn presence_error(from: Jid, to: Jid, id: Option<String>, refusal: &Refusal) -> Self {
        let mut presence = presence(presence::Type::Error, from, to);
        presence.id = id;
        presence.payloads.push(refusal.to_element());
        Self::from(presence)
    }

    /// The answer to an iq that was done, with what was asked for.
    pub fn iq_result(from: Jid, to: Jid, id: String, payload: Option<Element>) -> Self {
        Self::from(Iq::Result {
            from: Some(from),
            to: Some(to),
            id,
            payload,
        })
    }

    /// The error that answers an iq, without its payload: that may hold a password.
    pub fn iq_error(from: Jid, to: Jid, id: String, refusal: &Refusal) -> Self {
        Self::from(Iq::Error {
            from: Some(from),
            to: Some(to),
            id,
            error: StanzaError::from(refusal),
            payload: None,
        })
    }

    /// Who sent it.
    pub fn sender(&self) -> Option<&Jid> {
        match self {
            Self::Iq(iq) => iq.from(),
            Self::Message(message) => message.from.as_ref(),
            Self::Presence(presence) => presence.from.as_ref(),
        }
    }

    /// Whom it is for.
    pub fn recipient(&self) -> Option<&Jid> {
        match self {
            Self::Iq(iq) => iq.to(),
            Self::Message(message) => message.to.as_ref(),
            Self::Presence(presence) => presence.to.as_ref(),
        }
    }

    /// Gives it an id, if it has none.
    pub fn identify(&mut self, id: impl FnOnce() -> String) {
        match self {
            Self::Iq(_) => {}
            Self::Message(message) => {
                message.id.get_or_insert_with(|| Id(id()));
            }
            Self::Presence(presence) => {
                presence.id.get_or_insert_with(id);
            }
        }
    }
}

/// A presence with nothing but addresses: `unavailable`, `subscribe`, `subscribed`, ….
pub fn presence(type_: presence::Type, from: impl Into<Jid>, to: impl Into<Jid>) -> Presence {
    Presence::new(type_).with_from(from).with_to(to)
}

impl From<Iq> for Stanza {
    fn from(iq: Iq) -> Self {
        Self::Iq(Box::new(iq))
    }
}

impl From<Message> for Stanza {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<Presence> for Stanza {
    fn from(presence: Presence) -> Self {
        Self::Presence(Box::new(presence))
    }
}

/// An iq get or set: somebody waits for exactly one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who asks.
    pub from: Jid,
    /// Which of our addresses is asked.
    pub to: Jid,
    /// The id the answer repeats.
    pub id: String,
    /// A set rather than a get.
    pub set: bool,
    /// The language it is asked in, if that is said: `ru`, `de-AT`.
    pub lang: Option<String>,
    /// What is asked.
    pub payload: Element,
}

impl Request {
    /// Reads a get or set with both addresses; anything else comes back.
    pub fn read(iq: Box<Iq>) -> Result<Self, Box<Iq>> {
        let set = matches!(*iq, Iq::Set { .. });
        match *iq {
            Iq::Get {
                from: Some(from),
                to: Some(to),
                id,
                mut payload,
            }
            | Iq::Set {
                from: Some(from),
                to: Some(to),
                id,
                mut payload,
            } => Ok(Self {
                from,
                to,
                id,
                set,
                // Payloads are read strictly, and few expect it.
                lang: payload.attrs_mut().remove(&Namespace::XML, "lang"),
                payload,
            }),
            other => Err(Box::new(other)),
        }
    }

    /// The answer that it was done, or what was asked for.
    pub fn result(self, payload: Option<Element>) -> Stanza {
        Stanza::iq_result(self.to, self.from, self.id, payload)
    }

    /// The answer that it is refused.
    pub fn refuse(self, refusal: &Refusal) -> Stanza {
        Stanza::iq_error(self.to, self.from, self.id, refusal)
    }

    /// The answer either way.
    pub fn answer(self, answer: Result<Option<Element>, Refusal>) -> Stanza {
        match answer {
            Ok(payload) => self.result(payload),
            Err(refusal) => self.refuse(&refusal),
        }
    }
}

/// Written whole, an iq error gets the code that old clients go by, which the library leaves out.
/// Those of messages and presences have it from [`Refusal::to_element`].
impl AsXml for Stanza {
    type ItemIter<'x> = Box<dyn Iterator<Item = Result<Item<'x>, xso::error::Error>> + 'x>;

    fn as_xml_iter(&self) -> Result<Self::ItemIter<'_>, xso::error::Error> {
        match self {
            Self::Message(message) => message.as_xml_dyn_iter(),
            Self::Presence(presence) => presence.as_xml_dyn_iter(),
            Self::Iq(iq) => {
                let items = iq.as_xml_dyn_iter()?;
                let Iq::Error { error, .. } = &**iq else {
                    return Ok(items);
                };
                let Some(condition) = Condition::of(&error.defined_condition) else {
                    return Ok(items);
                };
                Ok(Box::new(with_code(items, condition.code())))
            }
        }
    }
}

/// Puts the attribute `code` into the element `<error/>` of an iq.
fn with_code<'x>(
    items: impl Iterator<Item = Result<Item<'x>, xso::error::Error>>,
    code: &'static str,
) -> impl Iterator<Item = Result<Item<'x>, xso::error::Error>> {
    let mut done = false;
    items.flat_map(move |item| {
        let is_error = matches!(
            &item,
            Ok(Item::ElementHeadStart(namespace, name))
                if !done && name.as_str() == "error" && *namespace == xmpp_parsers::ns::DEFAULT_NS
        );
        done |= is_error;
        let code = is_error.then(|| {
            Ok(Item::Attribute(
                Namespace::NONE,
                Cow::Borrowed(minidom::rxml::xml_ncname!("code")),
                code.into(),
            ))
        });
        [Some(item), code].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_answers_with_swapped_addresses_its_id_and_a_code() {
        let iq: Element = "<iq xmlns='jabber:component:accept' type='set' id='r1' \
             from='romeo@example.org/pc' to='icq.example.org'>\
             <query xmlns='jabber:iq:register'><password>secret</password></query></iq>"
            .parse()
            .unwrap();
        let request = Request::read(Box::new(Iq::try_from(iq).unwrap())).unwrap();

        let answer = request.refuse(&Refusal::new(Condition::NotAllowed, "Not here."));

        let expected: Element = "<iq xmlns='jabber:component:accept' type='error' id='r1' \
             from='icq.example.org' to='romeo@example.org/pc'>\
             <error type='cancel' code='405'>\
             <not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>Not here.</text>\
             </error></iq>"
            .parse()
            .unwrap();
        assert_eq!(xso::transform::<Element, _>(&answer).unwrap(), expected);
    }

    #[test]
    fn a_stanza_gets_an_id_only_if_it_has_none() {
        let from = Jid::new("icq.example.org").unwrap();
        let to = Jid::new("romeo@example.org").unwrap();
        let mut stanza = Stanza::from(presence(presence::Type::Subscribe, from, to));

        stanza.identify(|| "first".into());
        stanza.identify(|| "second".into());

        let Stanza::Presence(presence) = stanza else {
            panic!("it was a presence");
        };
        assert_eq!(presence.id.as_deref(), Some("first"));
    }
}
