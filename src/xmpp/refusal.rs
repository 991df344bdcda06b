//! A no, and the stanza error it becomes (xmpp-gateway.md §15).

use std::borrow::Cow;
use std::collections::BTreeMap;

use minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

/// Why something is refused: a condition for programs and a sentence for people.
///
/// The library's error type has 200 bytes, so this one travels and is converted at the edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What is wrong, for programs.
    pub condition: Condition,
    /// What the other side can do about it.
    pub type_: ErrorType,
    /// What is wrong, for people; never empty.
    pub text: Cow<'static, str>,
    /// A condition of one protocol's own beside the general one: namespace and name of its element.
    pub own: Option<(&'static str, &'static str)>,
}

/// The conditions the gateway uses, each with its usual type and its code in old clients' terms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Condition {
    /// Does not follow the schema.
    BadRequest,
    /// Somebody else has it.
    Conflict,
    /// Known, but not here.
    FeatureNotImplemented,
    /// This one may not.
    Forbidden,
    /// Our fault.
    InternalServerError,
    /// There is no such thing or person.
    ItemNotFound,
    /// Understood, but not to be done with these contents.
    NotAcceptable,
    /// Nobody may, or this one may not use the gateway at all.
    NotAllowed,
    /// Number or password are wrong.
    NotAuthorized,
    /// Breaks a rule of this gateway.
    PolicyViolation,
    /// The receiver cannot take it now.
    RecipientUnavailable,
    /// Register first.
    RegistrationRequired,
    /// ICQ does not answer.
    RemoteServerTimeout,
    /// Too much or too often.
    ResourceConstraint,
    /// Not offered here, or not now.
    ServiceUnavailable,
}

impl Refusal {
    /// A refusal with the condition's usual type.
    pub fn new(condition: Condition, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            condition,
            type_: condition.usual_type(),
            text: text.into(),
            own: None,
        }
    }

    /// The same with a condition of one protocol's own.
    #[must_use]
    pub fn with_own(self, namespace: &'static str, name: &'static str) -> Self {
        Self {
            own: Some((namespace, name)),
            ..self
        }
    }

    /// The same with another type.
    #[must_use]
    pub fn with_type(self, type_: ErrorType) -> Self {
        Self { type_, ..self }
    }

    /// The `<error/>` element, with the code that old clients go by.
    pub fn to_element(&self) -> Element {
        let mut element = Element::from(StanzaError::from(self));
        let code = minidom::rxml::xml_ncname!("code").to_owned();
        element.set_attr(minidom::rxml::Namespace::NONE, code, self.condition.code());
        element
    }
}

impl From<&Refusal> for StanzaError {
    fn from(refusal: &Refusal) -> Self {
        Self {
            type_: refusal.type_.clone(),
            by: None,
            defined_condition: refusal.condition.into(),
            texts: BTreeMap::from([("en".to_owned(), refusal.text.clone().into_owned())]),
            other: refusal
                .own
                .map(|(namespace, name)| Element::bare(name, namespace)),
        }
    }
}

impl Condition {
    /// The condition an error element names, if the gateway ever uses it.
    pub const fn of(condition: &DefinedCondition) -> Option<Self> {
        Some(match condition {
            DefinedCondition::BadRequest => Self::BadRequest,
            DefinedCondition::Conflict => Self::Conflict,
            DefinedCondition::FeatureNotImplemented => Self::FeatureNotImplemented,
            DefinedCondition::Forbidden => Self::Forbidden,
            DefinedCondition::InternalServerError => Self::InternalServerError,
            DefinedCondition::ItemNotFound => Self::ItemNotFound,
            DefinedCondition::NotAcceptable => Self::NotAcceptable,
            DefinedCondition::NotAllowed => Self::NotAllowed,
            DefinedCondition::NotAuthorized => Self::NotAuthorized,
            DefinedCondition::PolicyViolation => Self::PolicyViolation,
            DefinedCondition::RecipientUnavailable => Self::RecipientUnavailable,
            DefinedCondition::RegistrationRequired => Self::RegistrationRequired,
            DefinedCondition::RemoteServerTimeout => Self::RemoteServerTimeout,
            DefinedCondition::ResourceConstraint => Self::ResourceConstraint,
            DefinedCondition::ServiceUnavailable => Self::ServiceUnavailable,
            _ => return None,
        })
    }

    /// What the other side can usually do about it (RFC 6120 §8.3.3).
    pub const fn usual_type(self) -> ErrorType {
        match self {
            Self::BadRequest | Self::NotAcceptable => ErrorType::Modify,
            Self::Conflict
            | Self::FeatureNotImplemented
            | Self::InternalServerError
            | Self::ItemNotFound
            | Self::NotAllowed
            | Self::ServiceUnavailable => ErrorType::Cancel,
            Self::Forbidden | Self::NotAuthorized | Self::RegistrationRequired => ErrorType::Auth,
            Self::PolicyViolation
            | Self::RecipientUnavailable
            | Self::RemoteServerTimeout
            | Self::ResourceConstraint => ErrorType::Wait,
        }
    }

    /// The number clients went by before there were conditions (XEP-0086).
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "400",
            Self::NotAuthorized => "401",
            Self::Forbidden => "403",
            Self::ItemNotFound | Self::RecipientUnavailable => "404",
            Self::NotAllowed => "405",
            Self::NotAcceptable | Self::PolicyViolation => "406",
            Self::RegistrationRequired => "407",
            Self::Conflict => "409",
            Self::InternalServerError | Self::ResourceConstraint => "500",
            Self::FeatureNotImplemented => "501",
            Self::ServiceUnavailable => "503",
            Self::RemoteServerTimeout => "504",
        }
    }
}

impl From<Condition> for DefinedCondition {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::BadRequest => Self::BadRequest,
            Condition::Conflict => Self::Conflict,
            Condition::FeatureNotImplemented => Self::FeatureNotImplemented,
            Condition::Forbidden => Self::Forbidden,
            Condition::InternalServerError => Self::InternalServerError,
            Condition::ItemNotFound => Self::ItemNotFound,
            Condition::NotAcceptable => Self::NotAcceptable,
            Condition::NotAllowed => Self::NotAllowed,
            Condition::NotAuthorized => Self::NotAuthorized,
            Condition::PolicyViolation => Self::PolicyViolation,
            Condition::RecipientUnavailable => Self::RecipientUnavailable,
            Condition::RegistrationRequired => Self::RegistrationRequired,
            Condition::RemoteServerTimeout => Self::RemoteServerTimeout,
            Condition::ResourceConstraint => Self::ResourceConstraint,
            Condition::ServiceUnavailable => Self::ServiceUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_becomes_an_error_element_with_text_and_legacy_code() {
        let refusal = Refusal::new(Condition::NotAuthorized, "ICQ rejected the password.");

        let expected: Element = "<error xmlns='jabber:component:accept' type='auth' code='401'>\
            <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
            <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>ICQ rejected the password.</text>\
            </error>"
            .parse()
            .unwrap();
        assert_eq!(refusal.to_element(), expected);
    }

    #[test]
    fn the_type_may_differ_from_the_usual_one() {
        let refusal = Refusal::new(Condition::ServiceUnavailable, "Not connected to ICQ.")
            .with_type(ErrorType::Wait);

        assert_eq!(StanzaError::from(&refusal).type_, ErrorType::Wait);
    }
}
