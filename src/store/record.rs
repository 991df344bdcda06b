//! What is kept about a user, and how it changes.
//!
//! [`UserRecord`] is the whole of it, [`Change`] the only way to alter it. A change states the new
//! value, never an increment, so that applying one twice does no harm.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{Contact, Message, Secret, Uin, UnixTime};

/// Everything that is kept about one registered user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRecord {
    /// What the user registered with.
    pub registration: Registration,
    /// How the login stood.
    pub login: LoginRecord,
    /// What the user decided about the gateway's behaviour, and about single people.
    pub preferences: Preferences,
    /// The contact list. V2 to V5 know none on the server: this is it (xmpp-gateway.md §9.1).
    pub contacts: Vec<ContactRecord>,
    /// Messages on their way, by batch.
    pub journal: BTreeMap<u64, Vec<Entry>>,
    /// How far the messages of the journal have come.
    pub cursor: Cursor,
}

/// What the user registered with.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Registration {
    /// The user's own number.
    pub uin: Uin,
    /// The ICQ password.
    #[serde(serialize_with = "reveal", deserialize_with = "conceal")]
    pub password: Secret,
    /// When to be online on ICQ.
    pub mode: Mode,
    /// Label of the code page old clients write in, as encoding_rs knows it: `windows-1251`.
    pub charset: String,
    /// Offer contacts to the roster without being asked.
    pub import_contacts: bool,
    /// When this was.
    pub registered: UnixTime,
    /// The name of the ICQ network, as the configuration has it.
    pub network: String,
    /// The version of the ICQ protocol that the user chose, by its version word; `None` leaves it to the
    /// gateway to find one that works.
    pub version: Option<u16>,
}

impl Registration {
    /// The same number on the same network, whatever else differs.
    pub fn is_same_account(&self, other: &Self) -> bool {
        self.uin == other.uin && self.network == other.network
    }
}

impl Stray {
    /// It is of this registration's number.
    pub fn is_of(&self, registration: &Registration) -> bool {
        self.uin == registration.uin && self.network == registration.network
    }
}

/// When to be online on ICQ (xmpp-gateway.md §6.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub enum Mode {
    /// While at least one resource is.
    #[default]
    Follow,
    /// Always.
    Always,
    /// Only when told.
    Manual,
}

/// How a user's login stood when it was last written down.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct LoginRecord {
    /// Logged out by the user's own wish; survives restarts (xmpp-gateway.md §6.2).
    pub paused: bool,
    /// In mode *manual*: the user said *log in*, and nothing has undone that. Survives restarts, too.
    pub summoned: bool,
    /// The user took the gateway off the roster at that time (xmpp-gateway.md §5.5).
    pub suspended: Option<UnixTime>,
    /// The code of the failure that forbids trying again by itself: a wrong password, a kick.
    pub barred: Option<String>,
    /// The ICQ sessions that may be open on the server: a server that keeps one of them can be told to
    /// drop it (icq-udp.md §4.4). First the one it is known to have had, then those of logins it did
    /// not answer. A list of one looks on disk like the single optional trace of old.
    pub sessions: Vec<SessionTrace>,
    /// The welcome message was sent.
    pub welcomed: bool,
    /// The gateway asked for the user's presence, once.
    pub asked_for_presence: bool,
    /// When each kind of notice was last given, so that one is given once a day: code and time.
    pub notices: Vec<(String, UnixTime)>,
    /// The version of the ICQ protocol in which the last login succeeded, by its version word.
    pub version: Option<u16>,
    /// Sessions that trials of other numbers may have left open, the oldest first.
    pub strays: Vec<Stray>,
}

/// What it takes to tell an ICQ server to drop a session that this program no longer has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct SessionTrace {
    /// The session id of V5; the other versions have none, and this only tells them apart.
    pub session_id: u32,
    /// The local UDP port it was bound to; 0 if unknown. Servers of V3 know a session by it.
    pub local_port: u16,
    /// The version it speaks, by its version word: it can be ended in no other.
    pub version: u16,
}

/// A session that the trial of a registration may have left open on a server: whoever tries the number
/// next has to end it first.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Stray {
    /// The network it is on.
    pub network: String,
    /// The number that was tried.
    pub uin: Uin,
    /// The session.
    pub session: SessionTrace,
}

/// What the user decided about the gateway's behaviour (xmpp-gateway.md §23.4), and about single people.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Preferences {
    /// What happens when somebody says that they have added the user.
    pub on_added: OnAdded,
    /// Be seen by nobody but those on the visible list.
    pub invisible: bool,
    /// Allow ICQ to show the status on the web.
    pub web_aware: bool,
    /// People who are treated in a way of their own.
    pub people: BTreeMap<Uin, Treatment>,
}

/// What happens when somebody on ICQ says that they have added the user (xmpp-gateway.md §11.3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub enum OnAdded {
    /// The user is asked to subscribe to them.
    #[default]
    Ask,
    /// The user is told in a line.
    Note,
    /// Nothing.
    Ignore,
}

/// How the user wants one person to be treated (xmpp-gateway.md §25.1).
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Treatment {
    /// Sees the user although the user is invisible.
    pub visible: bool,
    /// Never sees the user.
    pub invisible: bool,
    /// Is neither seen nor heard.
    pub ignored: bool,
    /// The group that an import wants this contact in; empty is none.
    pub group: String,
    /// Label of the code page this person writes in; empty is the user's.
    pub charset: String,
}

/// Somebody on the user's list, with what both networks are told about it (xmpp-gateway.md §11.1).
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct ContactRecord {
    /// Who it is, the name, and where they stand on the ICQ list.
    pub contact: Contact,
    /// The contact asked for authorisation and waits for the user's answer.
    pub request: Option<Box<Request>>,
    /// The user has given authorisation, as far as known.
    pub granted: bool,
    /// The user's subscription to the contact, as last seen.
    pub xmpp_to: Subscription,
    /// The contact's subscription to the user.
    pub xmpp_from: Subscription,
    /// When authorisation was last asked for.
    pub asked: Option<UnixTime>,
    /// The user was once asked to subscribe to this contact (strategy D, or asking back).
    pub offered: bool,
    /// Taken off the roster by the user and kept on ICQ (rule R).
    pub hidden: bool,
    /// Was seen on the user's roster, or put there: if it is missing now, a person removed it.
    pub on_roster: bool,
}

/// Somebody's question to be authorised, or notice of having added the user.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Request {
    /// Why, in the asker's words.
    pub reason: String,
    /// When.
    pub received: UnixTime,
    /// The user was asked.
    pub told: bool,
    /// What it is.
    pub kind: RequestKind,
}

/// What a [`Request`] is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum RequestKind {
    /// A question that ICQ wants an answer to.
    Question,
    /// Somebody has added the user and says so.
    Notice,
    /// A question that the user refused, kept for a while so that it is not put again at once.
    Refused,
}

/// One direction of a subscription.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub enum Subscription {
    /// There is none.
    #[default]
    None,
    /// Asked for, not answered.
    Pending,
    /// It stands.
    Yes,
}

/// One message on its way.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Entry {
    /// Taken from XMPP, not yet acknowledged by ICQ.
    ToIcq(Outgoing),
    /// Taken from ICQ, not yet known to have reached the XMPP server.
    FromIcq(Incoming),
}

/// A message from the user to ICQ.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Outgoing {
    /// The gateway's number for it; grows with time, never used twice for a user.
    pub id: u64,
    /// The stanza's id, if it had one: an error carries it.
    pub stanza_id: Option<String>,
    /// The resource that sent it; an error goes there.
    pub resource: Option<String>,
    /// It was addressed to the contact's client rather than to the account; an error comes from there.
    pub to_client: bool,
    /// Whom it is for.
    pub to: Uin,
    /// What it says.
    pub message: Message,
    /// When it was taken.
    pub taken: UnixTime,
    /// It was handed to ICQ together with being written down: it may have left.
    pub left: bool,
    /// The gateway's own message, an answer to an authorisation request for one: if it fails, nobody
    /// is told.
    pub own: bool,
}

/// A message from ICQ to the user.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Incoming {
    /// The gateway's number for it; grows with time, never used twice for a user.
    pub id: u64,
    /// The id its stanza has, also when it is sent again.
    pub stanza_id: String,
    /// Who wrote.
    pub from: Uin,
    /// What it says.
    pub message: Message,
    /// When it was sent, if it waited on the ICQ server.
    pub sent: Option<UnixTime>,
    /// When it came.
    pub arrived: UnixTime,
}

/// How far the messages of the journal have come, beyond what their entries say.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Cursor {
    /// Numbers up to this one may have been given to messages; after a restart they go on above it.
    pub last_id: u64,
    /// Incoming messages up to this number have reached the XMPP server.
    pub shown: u64,
    /// Messages of batches still in the journal that have come further than their entries say, by
    /// number.
    pub stages: Vec<(u64, Stage)>,
    /// Messages from ICQ for which there was no room, by sender: the user is yet to be told.
    pub lost: Vec<(Uin, u32)>,
}

/// How far one message has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Stage {
    /// Outgoing: waits for ICQ. Written down for one that came back from a session it had not left.
    Waiting,
    /// Outgoing: handed to ICQ, so it may have left.
    Left,
    /// Outgoing: its sender gets this error, and it is not yet known to have reached them.
    Failed(Failure),
    /// Outgoing: it has had its ending.
    Ended,
    /// Incoming: the XMPP server could not keep it for the user and sent it back.
    Bounced,
}

/// Why a message to ICQ comes back to its sender (xmpp-gateway.md §15.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Failure {
    /// There was no ICQ login, and none came in time.
    NotConnected,
    /// ICQ took nothing for too long.
    TooSlow,
    /// It left and was not acknowledged: it may have arrived.
    Unconfirmed {
        /// How many of its parts were acknowledged.
        parts_sent: u16,
        /// How many parts it had.
        parts: u16,
    },
    /// ICQ has no such kind of message.
    Unsupported,
}

/// A change to what is kept about one user.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The user registered, or changed the registration. A user without one has no record.
    Registration(Box<Registration>),
    /// The login stands differently.
    Login(Box<LoginRecord>),
    /// The user decided otherwise.
    Preferences(Box<Preferences>),
    /// The whole contact list.
    Contacts(Vec<ContactRecord>),
    /// A batch of messages was taken.
    AddBatch {
        /// Its number, new.
        batch: u64,
        /// The messages.
        entries: Vec<Entry>,
    },
    /// Nothing of this batch is needed any more.
    DropBatch(u64),
    /// The messages have come further.
    Cursor(Cursor),
    /// The user unregistered: nothing is kept.
    Forget,
}

impl UserRecord {
    /// A record that holds a registration and nothing else.
    pub fn new(registration: Registration) -> Self {
        Self {
            registration,
            login: LoginRecord::default(),
            preferences: Preferences::default(),
            contacts: Vec::new(),
            journal: BTreeMap::new(),
            cursor: Cursor::default(),
        }
    }

    /// What `record` is after `change`. Changes to a user without a registration are void.
    pub fn apply(record: Option<Self>, change: Change) -> Option<Self> {
        if let Change::Registration(registration) = change {
            return Some(match record {
                Some(record) => Self {
                    registration: *registration,
                    ..record
                },
                None => Self::new(*registration),
            });
        }
        let mut record = record?;
        match change {
            Change::Registration(_) => {}
            Change::Login(login) => record.login = *login,
            Change::Preferences(preferences) => record.preferences = *preferences,
            Change::Contacts(contacts) => record.contacts = contacts,
            Change::AddBatch { batch, entries } => {
                record.journal.insert(batch, entries);
            }
            Change::DropBatch(batch) => {
                record.journal.remove(&batch);
            }
            Change::Cursor(cursor) => record.cursor = cursor,
            Change::Forget => return None,
        }
        Some(record)
    }
}

/// Writes a password into a record, which is sealed before it is kept.
fn reveal<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.reveal())
}

/// Takes a password out of an opened record.
fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}
