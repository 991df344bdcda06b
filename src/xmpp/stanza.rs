//! What travels on the component's stream.

use xmpp_parsers::{iq::Iq, message::Message, presence::Presence};

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
