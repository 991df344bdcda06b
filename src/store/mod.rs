//! State on disk.

mod record;

pub use record::{
    Change, ContactRecord, Cursor, Entry, Failure, Incoming, LoginRecord, Mode, Outgoing,
    Registration, Request, RequestKind, SessionTrace, Stage, Subscription, UserRecord,
};
