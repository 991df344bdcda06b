//! What people say to each other on ICQ.

use serde::{Deserialize, Serialize};

use super::Uin;

/// A message as ICQ knows it: a kind, and the parts that kind has.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
pub enum Message {
    /// Plain text. Lines end with a line feed, whatever the wire does.
    Text(String),
    /// A web address and what the sender says about it.
    Url {
        /// What the sender says about the address; may be empty.
        description: String,
        /// The address.
        url: String,
    },
    /// The sender asks to be allowed to put the receiver on a contact list.
    AuthorisationRequest {
        /// Who asks.
        from: Introduction,
        /// Why; may be empty.
        reason: String,
    },
    /// The sender refuses such a request.
    AuthorisationDenied {
        /// Why; may be empty.
        reason: String,
    },
    /// The sender grants such a request.
    AuthorisationGranted,
    /// The sender has put the receiver on a contact list.
    Added(Introduction),
    /// Text of the ICQ service itself.
    Server(String),
    /// A visitor of somebody's web page wrote.
    WebPager {
        /// The name the visitor gave.
        name: String,
        /// The e-mail address the visitor gave.
        email: String,
        /// What the visitor wrote.
        text: String,
    },
    /// Somebody wrote an e-mail to `number@pager.…`.
    EmailExpress {
        /// The sender's name.
        name: String,
        /// The sender's address.
        email: String,
        /// What the sender wrote.
        text: String,
    },
    /// Contacts the sender passes on: number and nickname.
    Contacts(Vec<(Uin, String)>),
    /// A kind this program has no name for, or one that only makes sense between two ICQ clients.
    Other {
        /// The kind's number on the wire.
        kind: u16,
        /// Its text, separators shown as line feeds; may be empty.
        text: String,
    },
}

/// How the sender of an authorisation request or of an "added" notice introduces themselves.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Deserialize, Serialize)]
pub struct Introduction {
    /// Nickname.
    pub nick: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// E-mail address.
    pub email: String,
}
