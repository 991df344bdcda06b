//! Conversations about contacts.

mod anything;
mod authorisation;
mod farewell;
mod presence;
mod privileged;
mod subscription;

use crate::gateway::testing::World;
use crate::icq::{Command, NoProfile};
use crate::model::{Availability, Contact, Introduction, Listing, Message, Profile, Status, Uin};
use crate::store::{ContactRecord, Subscription};

/// Whom most conversations are about.
const BEN: u32 = 123_456_789;

/// Somebody whom anybody may add.
fn benvolio() -> Profile {
    Profile {
        nick: "Benvolio".into(),
        ..Profile::default()
    }
}

/// Somebody who wants to be asked.
fn juliet() -> Profile {
    Profile {
        nick: "Juliet".into(),
        authorisation_required: true,
        ..Profile::default()
    }
}

fn romeo() -> Introduction {
    Introduction {
        nick: "romeo".into(),
        ..Introduction::default()
    }
}

fn online() -> Option<Status> {
    Some(Availability::Online.into())
}

impl World {
    /// `type` from Romeo to Benvolio.
    fn subscription(&mut self, type_: &str, uin: u32) {
        self.says(&format!(
            "<presence type='{type_}' from='romeo@example.org' to='{uin}@icq.example.org'/>"
        ));
    }

    /// Benvolio is a contact like any other.
    fn has_contact(&mut self, uin: u32, profile: Profile) {
        self.subscription("subscribe", uin);
        self.icq_knows(uin, Ok(profile));
        self.subscription("subscribed", uin);
        self.confirm();
        self.wait(5);
        self.icq_acknowledges_all();
        self.look_away();
    }

    /// Juliet has not answered yet.
    fn has_waiting(&mut self, uin: u32) {
        self.subscription("subscribe", uin);
        self.icq_knows(uin, Ok(juliet()));
        self.wait(5);
        self.icq_acknowledges_all();
        self.look_away();
    }

    /// The list is this, and the program starts.
    fn starts_with(&mut self, contacts: Vec<ContactRecord>) {
        self.record.contacts = contacts;
        self.crash();
    }

    /// What is on disk about somebody.
    fn written(&mut self, uin: u32) -> Option<ContactRecord> {
        self.wait(2);
        let mut records = self.record.contacts.iter();
        records.find(|it| it.contact.uin == Uin(uin)).cloned()
    }

    fn listing(&mut self, uin: u32) -> Option<Listing> {
        self.written(uin).map(|it| it.contact.listing)
    }
}

/// A contact as it may be on disk.
fn record(uin: u32, name: &str) -> ContactRecord {
    ContactRecord {
        contact: Contact {
            uin: Uin(uin),
            name: name.into(),
            listing: Listing::Authorised,
        },
        request: None,
        granted: false,
        xmpp_to: Subscription::None,
        xmpp_from: Subscription::None,
        asked: None,
        offered: false,
        hidden: false,
        on_roster: false,
    }
}
