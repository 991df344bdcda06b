//! Records for tests, with something in every field.

use std::collections::BTreeMap;

use super::*;
use crate::model::{Contact, Introduction, Listing, Message, Secret, UnixTime};

/// One change of each kind but the last, registration first.
pub(super) fn everything() -> Vec<Change> {
    vec![
        register(Uin(10_001)),
        Change::Login(Box::new(LoginRecord {
            paused: true,
            summoned: true,
            suspended: Some(UnixTime(1)),
            barred: Some("kicked".into()),
            sessions: vec![SessionTrace {
                session_id: 0x1234_5678,
                local_port: 40_000,
                version: 4,
            }],
            welcomed: true,
            asked_for_presence: true,
            notices: vec![("kicked".into(), UnixTime(2))],
            version: Some(4),
            strays: vec![Stray {
                network: "icq".into(),
                uin: Uin(10_002),
                session: SessionTrace {
                    session_id: 7,
                    local_port: 40_001,
                    version: 3,
                },
            }],
        })),
        Change::Preferences(Box::new(Preferences {
            on_added: OnAdded::Note,
            invisible: true,
            web_aware: true,
            people: BTreeMap::from([(
                Uin(123_456),
                Treatment {
                    visible: true,
                    invisible: true,
                    ignored: true,
                    group: "Verona".into(),
                    charset: "gbk".into(),
                },
            )]),
        })),
        Change::Contacts(vec![contact()]),
        Change::AddBatch {
            batch: 5,
            entries: messages(),
        },
        Change::AddBatch {
            batch: 256,
            entries: messages(),
        },
        Change::AddBatch {
            batch: 257,
            entries: Vec::new(),
        },
        Change::DropBatch(257),
        Change::Cursor(Cursor {
            last_id: 9,
            shown: 4,
            stages: [
                Stage::Waiting,
                Stage::Left,
                Stage::Failed(Failure::NotConnected),
                Stage::Failed(Failure::TooSlow),
                Stage::Failed(Failure::Unconfirmed {
                    parts_sent: 1,
                    parts: 2,
                }),
                Stage::Failed(Failure::Unsupported),
                Stage::Ended,
                Stage::Bounced,
            ]
            .map(|stage| (5, stage))
            .to_vec(),
            lost: vec![(Uin(123_456), 3)],
        }),
    ]
}

pub(super) fn register(uin: Uin) -> Change {
    Change::Registration(Box::new(Registration {
        uin,
        password: Secret::new(PASSWORD),
        mode: Mode::Always,
        charset: "windows-1251".into(),
        import_contacts: true,
        registered: UnixTime(1_700_000_000_000),
        network: "friends".into(),
        version: Some(3),
    }))
}

pub(super) fn contact() -> ContactRecord {
    ContactRecord {
        contact: Contact {
            uin: Uin(123_456),
            name: "Benvolio".into(),
            listing: Listing::Waiting,
        },
        request: Some(Box::new(Request {
            reason: REASON.into(),
            received: UnixTime(3),
            told: true,
            kind: RequestKind::Question,
        })),
        granted: true,
        xmpp_to: Subscription::Yes,
        xmpp_from: Subscription::Pending,
        asked: Some(UnixTime(4)),
        offered: true,
        hidden: true,
        on_roster: true,
    }
}

/// One message of each kind.
pub(super) fn messages() -> Vec<Entry> {
    let introduction = Introduction {
        nick: "Benvolio".into(),
        first: "Ben".into(),
        last: "Volio".into(),
        email: "ben@example.org".into(),
    };
    let mut entries: Vec<Entry> = [
        Message::Text(TEXT.into()),
        Message::Url {
            description: "a play".into(),
            url: "https://example.org/".into(),
        },
        Message::AuthorisationRequest {
            from: introduction.clone(),
            reason: REASON.into(),
        },
        Message::AuthorisationDenied {
            reason: REASON.into(),
        },
        Message::AuthorisationGranted,
        Message::Added(introduction),
        Message::Server("closing".into()),
        Message::WebPager {
            name: "visitor".into(),
            email: "visitor@example.org".into(),
            text: TEXT.into(),
        },
        Message::EmailExpress {
            name: "writer".into(),
            email: "writer@example.org".into(),
            text: TEXT.into(),
        },
        Message::Contacts(vec![(Uin(10_003), "Mercutio".into())]),
        Message::Other {
            kind: 0x1a,
            text: TEXT.into(),
        },
    ]
    .into_iter()
    .zip(2..)
    .map(|(message, id)| {
        Entry::FromIcq(Incoming {
            id,
            stanza_id: format!("i-{id}"),
            from: Uin(123_456),
            message,
            sent: Some(UnixTime(6)),
            arrived: UnixTime(7),
        })
    })
    .collect();
    entries.push(Entry::ToIcq(Outgoing {
        id: 1,
        stanza_id: Some("a1".into()),
        resource: Some("phone".into()),
        to_client: true,
        to: Uin(123_456),
        message: Message::Text(TEXT.into()),
        taken: UnixTime(5),
        left: true,
        own: true,
    }));
    entries
}

pub(super) const PASSWORD: &str = "hunter2-montague";
pub(super) const TEXT: &str = "But soft! What light through yonder window breaks?";
pub(super) const REASON: &str = "a plague o' both your houses";
