//! An ICQ client without sockets: the words every ICQ engine speaks.
//!
//! [`udp`] holds the protocols of ICQ 98 and 99, [`oscar`] those after it. Direct connections get a
//! module of their own beside them and speak the same [`Command`]s and [`Event`]s.

mod ability;
pub mod oscar;
pub mod udp;
pub mod wire;

use std::net::Ipv4Addr;

pub use ability::Ability;

use wire::text::Charset;

use crate::model::{Answer, Message, NoAnswer, Profile, Question, Status, Uin, UnixTime};

/// What the gateway asks of an ICQ session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// Shows this status to the others.
    SetStatus(Status),
    /// Watches somebody: their presence is wanted from now on.
    AddContact(Uin),
    /// Watches somebody no longer.
    RemoveContact(Uin),
    /// Puts somebody on the visible or the invisible list, or takes them off.
    SetVisibility {
        /// Whom it concerns.
        uin: Uin,
        /// Which of the two lists.
        list: VisibilityList,
        /// On it, or off it.
        on: bool,
    },
    /// Sends a message. It ends in exactly one [`Event::Sent`] or [`Event::NotSent`] of that id;
    /// when the session ends first, before its [`Event::LoggedOut`]. Messages to one contact leave
    /// one after the other, each after the one before has ended.
    Send {
        /// The gateway's own number for this message, unique within the session.
        id: MessageId,
        /// Whom it is for.
        to: Uin,
        /// What it says.
        message: Message,
    },
    /// Somebody writes, and is written to, in this code page; without a number, the user and everybody who
    /// has no other.
    SetCharset {
        /// Who.
        of: Option<Uin>,
        /// Which code page.
        charset: Charset,
    },
    /// What came with this receipt is safe: the ICQ server may forget it.
    Safe(Receipt),
    /// Asks for somebody's short profile; answered by [`Event::Profile`] in any case. A second
    /// question about somebody is answered with the first.
    RequestProfile(Uin),
    /// Asks the server something. It ends in exactly one [`Event::Answer`] of that id; when the session
    /// ends first, before its [`Event::LoggedOut`].
    Ask {
        /// The gateway's own number for this question, unique within the session.
        id: QuestionId,
        /// What it asks.
        question: Question,
    },
    /// Says goodbye. Nothing follows but [`Event::LoggedOut`] with [`LogoutReason::Asked`].
    LogOut,
}

/// The two lists that make exceptions from one's own status.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum VisibilityList {
    /// Sees the user although the user is invisible.
    Visible,
    /// Never sees the user.
    Invisible,
}

/// The gateway's own number for an outgoing message.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId(pub u64);

/// The gateway's own number for a question.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct QuestionId(pub u64);

/// A session's number for an incoming message, to say [`Command::Safe`] with.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Receipt(pub u64);

/// What an ICQ session has to tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// The server took number and password.
    LoggedIn {
        /// The address the server sees, where it tells it.
        seen_as: Option<Ipv4Addr>,
    },
    /// The contact list is with the server, and everybody on it who is online was reported, or the
    /// server does not say so in time. Comes once after each login.
    ListLoaded,
    /// A contact's status, new or repeated; `None` is offline.
    Presence {
        /// Whose.
        uin: Uin,
        /// Their status now.
        status: Option<Status>,
    },
    /// A message. The server keeps it until [`Command::Safe`] is said with its receipt. Those that
    /// waited on the server come oldest first.
    Message {
        /// Who wrote. Not proven, and perhaps not on the list.
        from: Uin,
        /// What it says.
        message: Message,
        /// When it was sent, if it waited on the server; `None` is just now.
        sent: Option<UnixTime>,
        /// To say that it is safe.
        receipt: Receipt,
    },
    /// Somebody turns out to write in another code page than was thought. What follows is read, and what
    /// is sent to them written, in that one.
    WritesIn {
        /// Who.
        uin: Uin,
        /// Which code page.
        charset: Charset,
    },
    /// All messages that waited on the server were reported, or the server does not say so in time.
    /// Comes once after each login; a message that waited may still follow.
    OfflineMessagesEnd,
    /// The server keeps none of the messages any more that waited on it: what is told from now on was not
    /// told before. It may come late or never, where packets get lost.
    OfflineMessagesGone,
    /// This message goes out with question marks: the code page lacks so many of its characters.
    Replaced {
        /// Which.
        id: MessageId,
        /// How many.
        characters: usize,
    },
    /// The server acknowledged this message, all its parts.
    Sent(MessageId),
    /// This message did not go out whole.
    NotSent {
        /// Which.
        id: MessageId,
        /// Why, and whether it may have arrived all the same.
        why: NotSent,
    },
    /// The answer to [`Command::RequestProfile`].
    Profile {
        /// Of whom.
        uin: Uin,
        /// The profile, or why there is none.
        profile: Result<Profile, NoProfile>,
    },
    /// The answer to [`Command::Ask`].
    Answer {
        /// Of which question.
        id: QuestionId,
        /// The answer, or why there is none.
        answer: Result<Answer, NoAnswer>,
    },
    /// The session is over. The last event.
    LoggedOut(LogoutReason),
}

/// Why a message did not go out whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotSent {
    /// It was sent as often as the protocol asks and never acknowledged: it may have arrived.
    Unacknowledged {
        /// How many of its parts were acknowledged before.
        parts_sent: u16,
        /// How many parts it had.
        parts: u16,
    },
    /// This protocol cannot carry this kind of message or one so long, or the server refuses it.
    /// Nothing arrived.
    Unsupported,
    /// The session ended with the message unacknowledged; it had left, so it may have arrived.
    SessionEnded,
    /// The session ended before the message left, or too many wait for their turn. It surely did
    /// not arrive.
    NeverLeft,
}

/// Why there is no profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoProfile {
    /// The server says that nobody has this number.
    NoSuchUser,
    /// The server did not answer.
    NoAnswer,
}

/// Why a session is over: the one list of endings, with a code for logs and a sentence for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LogoutReason {
    /// The gateway asked for it.
    Asked,
    /// Number or password are wrong.
    WrongPassword,
    /// The server refuses the login and says why.
    Refused(String),
    /// The number is online already, and the server keeps the older login.
    AlreadyOnline,
    /// The server is busy and asks to try again later. IServerd says the same of a V5 number that is online
    /// already, and nothing tells the two apart.
    TryAgainLater,
    /// The server ended the session: a second login elsewhere, or a restart.
    Kicked(String),
    /// The server no longer knows this session.
    SessionLost,
    /// The server did not answer the login.
    NoAnswer,
    /// The server stopped answering.
    ConnectionLost,
    /// The server's name or port cannot be reached.
    Unreachable(String),
}

impl LogoutReason {
    /// A stable word for logs, metrics and tests.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::WrongPassword => "wrong-password",
            Self::Refused(_) => "refused",
            Self::AlreadyOnline => "already-online",
            Self::TryAgainLater => "try-again-later",
            Self::Kicked(_) => "kicked",
            Self::SessionLost => "session-lost",
            Self::NoAnswer => "no-answer",
            Self::ConnectionLost => "connection-lost",
            Self::Unreachable(_) => "unreachable",
        }
    }

    /// What the server or the operating system adds in its own words.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Refused(text) | Self::Kicked(text) | Self::Unreachable(text) => Some(text)
                .filter(|text| !text.is_empty())
                .map(String::as_str),
            Self::Asked
            | Self::WrongPassword
            | Self::AlreadyOnline
            | Self::TryAgainLater
            | Self::SessionLost
            | Self::NoAnswer
            | Self::ConnectionLost => None,
        }
    }
}

/// What an engine wants done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Send this datagram to the server.
    Transmit(Vec<u8>),
    /// Tell the gateway.
    Event(Event),
}
