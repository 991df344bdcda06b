//! The contacts of one user in memory: few bytes for each, because there are many.

use std::collections::BTreeMap;

use crate::model::{Contact, Listing, Status, Uin, UnixTime};
use crate::store::{ContactRecord, Request, Subscription};

/// The contacts of one user, by number.
#[derive(Debug, Default)]
pub(super) struct List {
    items: Vec<Item>,
    names: Names,
    /// What few contacts have.
    rare: BTreeMap<Uin, Rare>,
}

/// What is known about somebody (xmpp-gateway.md §11.1).
#[derive(Debug)]
pub(super) struct Item {
    uin: Uin,
    name: Span,
    pub(super) listing: Listing,
    pub(super) to: Subscription,
    pub(super) from: Subscription,
    pub(super) granted: bool,
    pub(super) offered: bool,
    pub(super) hidden: bool,
    pub(super) on_roster: bool,
    pub(super) seen: Seen,
}

/// Where a contact was last seen, and what the user was told of it. Times are seconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// `None` is offline.
    pub(super) status: Option<Status>,
    /// When all resources were told.
    pub(super) told: u32,
    /// When a probe was answered for a resource that has not announced itself since.
    pub(super) answered: u32,
    /// When the contact went offline; 0 is unknown.
    pub(super) left: u32,
}

#[derive(Debug, Default)]
struct Rare {
    request: Option<Request>,
    asked: Option<UnixTime>,
}

/// All names, one behind the other: a string of its own for each would cost five times as much.
#[derive(Debug, Default)]
struct Names {
    text: String,
    /// How many bytes belong to no name any more.
    unused: usize,
}

/// Where a name lies.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    len: u16,
}

impl List {
    /// As it was written down.
    pub(super) fn load(records: Vec<ContactRecord>) -> Self {
        let mut list = Self::default();
        // Grown bit by bit, each would leave holes behind that nothing else fits.
        let names = records.iter().map(|record| record.contact.name.len());
        list.names.text.reserve_exact(names.sum());
        list.items.reserve_exact(records.len());
        for record in records {
            let uin = record.contact.uin;
            let name = list.names.push(&record.contact.name);
            list.set_request(uin, record.request.map(|request| *request));
            list.set_asked(uin, record.asked);
            list.items.push(Item {
                uin,
                name,
                listing: record.contact.listing,
                to: record.xmpp_to,
                from: record.xmpp_from,
                granted: record.granted,
                offered: record.offered,
                hidden: record.hidden,
                on_roster: record.on_roster,
                seen: Seen::default(),
            });
        }
        list.items.sort_by_key(Item::uin);
        list.items.dedup_by_key(|item| item.uin());
        list.items.shrink_to_fit();
        list.names.text.shrink_to_fit();
        list
    }

    /// As it is to be written down.
    pub(super) fn records(&self) -> Vec<ContactRecord> {
        let record = |item: &Item| ContactRecord {
            contact: Contact {
                uin: item.uin,
                name: self.names.get(item.name).into(),
                listing: item.listing,
            },
            request: self.request(item.uin).cloned().map(Box::new),
            granted: item.granted,
            xmpp_to: item.to,
            xmpp_from: item.from,
            asked: self.asked(item.uin),
            offered: item.offered,
            hidden: item.hidden,
            on_roster: item.on_roster,
        };
        self.items.iter().map(record).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// All items, with their names.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&mut Item, &str)> {
        let names = &self.names;
        self.items.iter_mut().map(|item| {
            let name = names.get(item.name);
            (item, name)
        })
    }

    pub(super) fn find(&self, uin: Uin) -> Option<&Item> {
        let at = self.items.binary_search_by_key(&uin, Item::uin).ok()?;
        self.items.get(at)
    }

    pub(super) fn find_mut(&mut self, uin: Uin) -> Option<&mut Item> {
        let at = self.items.binary_search_by_key(&uin, Item::uin).ok()?;
        self.items.get_mut(at)
    }

    /// What is known about somebody; a new item if nothing was.
    pub(super) fn entry(&mut self, uin: Uin) -> &mut Item {
        let at = match self.items.binary_search_by_key(&uin, Item::uin) {
            Ok(at) => at,
            Err(at) => {
                self.items.insert(at, Item::new(uin));
                at
            }
        };
        &mut self.items[at]
    }

    pub(super) fn remove(&mut self, uin: Uin) {
        self.set_name(uin, "");
        self.items.retain(|item| item.uin != uin);
        self.rare.remove(&uin);
    }

    /// The name of somebody, or nothing.
    pub(super) fn name(&self, uin: Uin) -> &str {
        self.find(uin).map_or("", |item| self.names.get(item.name))
    }

    /// Gives somebody on the list a name.
    pub(super) fn set_name(&mut self, uin: Uin, name: &str) {
        let Ok(at) = self.items.binary_search_by_key(&uin, Item::uin) else {
            return;
        };
        self.names.unused += usize::from(self.items[at].name.len);
        self.items[at].name = self.names.push(name);
        if self.names.unused * 2 > self.names.text.len() {
            let old = std::mem::take(&mut self.names);
            for item in &mut self.items {
                item.name = self.names.push(old.get(item.name));
            }
        }
    }

    /// How many are on the ICQ list.
    pub(super) fn listed(&self) -> usize {
        self.iter().filter(|item| item.is_listed()).count()
    }

    /// How many are only remembered.
    pub(super) fn strangers(&self) -> usize {
        self.items.len() - self.listed()
    }

    /// The question this contact waits with.
    pub(super) fn request(&self, uin: Uin) -> Option<&Request> {
        self.rare.get(&uin)?.request.as_ref()
    }

    pub(super) fn request_mut(&mut self, uin: Uin) -> Option<&mut Request> {
        self.rare.get_mut(&uin)?.request.as_mut()
    }

    pub(super) fn set_request(&mut self, uin: Uin, request: Option<Request>) {
        self.change_rare(uin, |rare| rare.request = request);
    }

    /// All questions, by number of the asker.
    pub(super) fn requests(&self) -> impl Iterator<Item = (Uin, &Request)> {
        let request = |(uin, rare): (&Uin, &'_ Rare)| rare.request.is_some().then_some(*uin);
        self.rare
            .iter()
            .filter_map(request)
            .filter_map(|uin| Some((uin, self.request(uin)?)))
    }

    /// When this contact was last asked for authorisation.
    pub(super) fn asked(&self, uin: Uin) -> Option<UnixTime> {
        self.rare.get(&uin)?.asked
    }

    pub(super) fn set_asked(&mut self, uin: Uin, asked: Option<UnixTime>) {
        self.change_rare(uin, |rare| rare.asked = asked);
    }

    fn change_rare(&mut self, uin: Uin, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.remove(&uin).unwrap_or_default();
        change(&mut rare);
        if rare.request.is_some() || rare.asked.is_some() {
            self.rare.insert(uin, rare);
        } else if self.rare.is_empty() {
            // One that had something once keeps room for more.
            self.rare = BTreeMap::new();
        }
    }
}

impl Names {
    /// Adds a name; one too long to be one is none.
    fn push(&mut self, name: &str) -> Span {
        let start = u32::try_from(self.text.len());
        let (Ok(start), Ok(len)) = (start, u16::try_from(name.len())) else {
            return Span::default();
        };
        self.text.push_str(name);
        Span { start, len }
    }

    fn get(&self, span: Span) -> &str {
        let start = span.start as usize;
        let end = start + usize::from(span.len);
        self.text.get(start..end).unwrap_or_default()
    }
}

impl Item {
    fn new(uin: Uin) -> Self {
        Self {
            uin,
            name: Span::default(),
            listing: Listing::None,
            to: Subscription::None,
            from: Subscription::None,
            granted: false,
            offered: false,
            hidden: false,
            on_roster: false,
            seen: Seen::default(),
        }
    }

    pub(super) const fn uin(&self) -> Uin {
        self.uin
    }

    /// On the ICQ list, waiting or not.
    pub(super) const fn is_listed(&self) -> bool {
        !matches!(self.listing, Listing::None)
    }

    pub(super) const fn is_authorised(&self) -> bool {
        matches!(self.listing, Listing::Authorised)
    }

    /// The user is shown this contact's presence. A subscription that is granted but not yet known to
    /// have reached the server counts.
    pub(super) const fn is_visible(&self) -> bool {
        self.is_authorised() && !self.hidden && !matches!(self.to, Subscription::None)
    }

    /// The status the user is shown; `None` is offline or none of the user's business.
    pub(super) fn status(&self) -> Option<Status> {
        self.seen.status.filter(|_| self.is_visible())
    }

    /// Nothing is worth remembering about this person.
    pub(super) const fn is_blank(&self) -> bool {
        !self.is_listed()
            && !self.granted
            && !self.offered
            && matches!(self.to, Subscription::None)
            && matches!(self.from, Subscription::None)
    }
}

/// Seconds since 1970 in 32 bits, which last until 2106.
pub(super) fn seconds(time: UnixTime) -> u32 {
    u32::try_from(time.secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RequestKind;

    #[test]
    fn what_is_loaded_is_written_again() {
        let record = |uin, name: &str| ContactRecord {
            contact: Contact {
                uin: Uin(uin),
                name: name.into(),
                listing: Listing::Waiting,
            },
            request: Some(Box::new(Request {
                reason: "hi".into(),
                received: UnixTime(5),
                told: true,
                kind: RequestKind::Question,
            })),
            granted: true,
            xmpp_to: Subscription::Pending,
            xmpp_from: Subscription::Yes,
            asked: Some(UnixTime(7)),
            offered: true,
            hidden: true,
            on_roster: true,
        };
        let records = vec![record(20_000, "Ben"), record(10_000, "")];

        let list = List::load(records);

        assert_eq!(list.records(), [record(10_000, ""), record(20_000, "Ben")]);
        assert_eq!(list.requests().count(), 2);
        assert!(list.find(Uin(20_000)).is_some());
        assert!(list.find(Uin(15_000)).is_none());
    }

    #[test]
    fn a_contact_costs_few_bytes() {
        assert!(size_of::<Item>() <= 40, "{}", size_of::<Item>());
    }

    #[test]
    fn names_change_and_leave_nothing_behind() {
        let mut list = List::default();
        for round in 0..100 {
            for uin in 1..=40 {
                list.entry(Uin(uin));
                list.set_name(Uin(uin), &format!("name {uin} {round}"));
            }
            list.remove(Uin(7));
        }

        assert_eq!(list.name(Uin(8)), "name 8 99");
        assert_eq!(list.name(Uin(7)), "");
        assert!(list.names.text.len() < 2 * 40 * "name 40 99".len());
        // Nobody has such a name.
        list.set_name(Uin(8), &"x".repeat(70_000));
        assert_eq!(list.name(Uin(8)), "");
    }
}
