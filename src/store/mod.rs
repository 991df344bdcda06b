//! State on disk.

mod record;

pub use record::{
    Change, ContactRecord, Cursor, Entry, Incoming, LoginRecord, Mode, Outgoing, Registration,
    Request, SessionTrace, Subscription, UserRecord,
};
