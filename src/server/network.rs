//! Who has an account, who is online, who sees whom and what waits for whom.
//!
//! Nothing here knows a packet: sessions of any protocol and the contacts living in the server act on
//! one `Network`, and it tells them what concerns them in [`Notice`]s.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;

use crate::model::{Now, Uin, UnixTime};

use super::account::Account;
use super::journal::{Ending, Journal, JournalEvent, LetterNumber, Loss};
use super::letters::{Letter, Letters};

/// The users and what happens between them.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) accounts: BTreeMap<Uin, Account>,
    pub(super) journal: Journal,
    pub(super) letters: Letters,
    /// Who lives in the server: no client may log in as one of them.
    pub(super) residents: BTreeSet<Uin>,
    online: BTreeMap<Uin, Online>,
    /// Who has a UIN on a list, for every UIN on anybody's list: `contacts` of `online`, turned.
    watchers: BTreeMap<Uin, BTreeSet<Uin>>,
    /// When and whence those with an account came online last.
    last_logins: BTreeMap<Uin, (UnixTime, Ipv4Addr)>,
    notices: VecDeque<(Uin, Notice)>,
    rules: Rules,
}

/// What of [`Behaviour`](super::Behaviour) concerns the network and not a protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) stored_messages: usize,
    pub(super) invisible_blinks: bool,
}

/// Something a user's session has to be told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Notice {
    /// Somebody on the list came online, or changed what is known of them.
    Online(Uin, Presence),
    /// Somebody on the list went offline.
    Offline(Uin),
    /// Somebody on the list changed status.
    Status(Uin, u32),
    /// A message.
    Message(Letter),
    /// Somebody put the user on their list.
    Watched(Uin),
}

/// What others may know of an online user: the fields of 0x006E (icq-udp.md §7.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Presence {
    /// The address the server sees.
    pub(super) ip: Ipv4Addr,
    /// Where the client listens for direct connections.
    pub(super) port: u32,
    /// The address the client believes to have.
    pub(super) real_ip: Ipv4Addr,
    /// What the client can do about direct connections.
    pub(super) mode: u8,
    /// The status word.
    pub(super) status: u32,
    /// The version of the direct protocol.
    pub(super) tcp_version: u32,
    /// The word §7.6 calls web port.
    pub(super) web_port: u32,
    /// The word §7.6 calls features.
    pub(super) features: u32,
}

/// One of the two lists that make exceptions from one's status (icq-udp.md §6.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ExceptionList {
    /// Sees the user although the user is invisible.
    Visible,
    /// Never sees the user.
    Invisible,
}

/// What the server knows of a user only while they are online.
#[derive(Debug)]
struct Online {
    presence: Presence,
    contacts: BTreeSet<Uin>,
    visible: BTreeSet<Uin>,
    invisible: BTreeSet<Uin>,
    /// The group of random chat; 0 none.
    random_group: u32,
}

impl Network {
    pub(super) fn new(accounts: BTreeMap<Uin, Account>, journal_room: usize, rules: Rules) -> Self {
        Self {
            accounts,
            journal: Journal::new(journal_room),
            letters: Letters::default(),
            residents: BTreeSet::new(),
            online: BTreeMap::new(),
            watchers: BTreeMap::new(),
            last_logins: BTreeMap::new(),
            notices: VecDeque::new(),
            rules,
        }
    }

    /// The next thing to tell somebody.
    pub(super) fn poll_notice(&mut self) -> Option<(Uin, Notice)> {
        self.notices.pop_front()
    }

    /// A user comes online.
    pub(super) fn log_on(&mut self, now: Now, uin: Uin, presence: Presence) {
        self.online.insert(
            uin,
            Online {
                presence,
                contacts: BTreeSet::new(),
                visible: BTreeSet::new(),
                invisible: BTreeSet::new(),
                random_group: 0,
            },
        );
        if self.accounts.contains_key(&uin) {
            self.last_logins.insert(uin, (now.unix, presence.ip));
        }
        self.journal.note(now.unix, || JournalEvent::LoggedOn(uin));
        for watcher in self.watchers_of(uin) {
            if self.sees(watcher, uin) {
                self.tell(watcher, Notice::Online(uin, presence));
            }
        }
    }

    /// A user goes. Letters that were on their way to them are stored before.
    pub(super) fn log_off(&mut self, now: Now, uin: Uin, ending: Ending) {
        for watcher in self.watchers_of(uin) {
            if self.sees(watcher, uin) {
                self.tell(watcher, Notice::Offline(uin));
            }
        }
        let Some(online) = self.online.remove(&uin) else {
            return;
        };
        for contact in &online.contacts {
            self.unlist(uin, *contact);
        }
        self.letters.forget_offers(uin);
        self.journal
            .note(now.unix, || JournalEvent::LoggedOff(uin, ending));
    }

    /// Everybody is offline at once, nobody is told, and letters on their way are stored.
    pub(super) fn forget_sessions(&mut self, now: Now) {
        self.notices.clear();
        self.watchers.clear();
        for (uin, _) in std::mem::take(&mut self.online) {
            self.letters.forget_offers(uin);
            self.journal
                .note(now.unix, || JournalEvent::LoggedOff(uin, Ending::Restarted));
        }
    }

    /// Whether somebody is online, seen or not.
    pub(super) fn is_online(&self, uin: Uin) -> bool {
        self.online.contains_key(&uin)
    }

    /// Who is online, by UIN, with their status word.
    pub(super) fn online(&self) -> impl Iterator<Item = (Uin, u32)> + '_ {
        self.online
            .iter()
            .map(|(uin, online)| (*uin, online.presence.status))
    }

    /// When and whence somebody came online last.
    pub(super) fn last_login(&self, uin: Uin) -> Option<(UnixTime, Ipv4Addr)> {
        self.last_logins.get(&uin).copied()
    }

    /// Puts somebody into a group of random chat; 0 takes them out.
    pub(super) fn join_random_group(&mut self, uin: Uin, group: u32) {
        if let Some(online) = self.online.get_mut(&uin) {
            online.random_group = group;
        }
    }

    /// Whom `asker` may meet in a group of random chat, and what may be known of them.
    pub(super) fn random_group(&self, asker: Uin, group: u32) -> Vec<(Uin, Presence)> {
        let members = self
            .online
            .iter()
            .filter(|(uin, online)| group != 0 && online.random_group == group && **uin != asker);
        members
            .filter(|(uin, _)| self.sees(asker, **uin))
            .map(|(uin, online)| (*uin, online.presence))
            .collect()
    }

    /// What `watcher` may know of `uin`, if they may know that `uin` is online.
    pub(super) fn presence_for(&self, watcher: Uin, uin: Uin) -> Option<Presence> {
        self.sees(watcher, uin)
            .then(|| self.online.get(&uin).map(|online| online.presence))
            .flatten()
    }

    /// Puts `contact` on the list of `uin`.
    pub(super) fn watch(&mut self, uin: Uin, contact: Uin) {
        let Some(online) = self.online.get_mut(&uin) else {
            return;
        };
        if contact == uin
            || online.contacts.len() >= MAX_CONTACTS
            || !online.contacts.insert(contact)
        {
            return;
        }
        self.watchers.entry(contact).or_default().insert(uin);
        self.tell(contact, Notice::Watched(uin));
    }

    /// Changes a user's status.
    pub(super) fn set_status(&mut self, uin: Uin, status: u32) {
        let watchers = self.watchers_of(uin);
        let seen_before: BTreeSet<Uin> = watchers
            .iter()
            .copied()
            .filter(|watcher| self.sees(*watcher, uin))
            .collect();
        let Some(online) = self.online.get_mut(&uin) else {
            return;
        };
        let before = online.presence.status;
        online.presence.status = status;
        let presence = online.presence;
        let hides = !is_invisible(before) && is_invisible(status);
        for watcher in watchers {
            match (seen_before.contains(&watcher), self.sees(watcher, uin)) {
                (false, false) => {}
                (false, true) => self.tell(watcher, Notice::Online(uin, presence)),
                (true, false) => self.tell(watcher, Notice::Offline(uin)),
                (true, true) => {
                    if hides && self.rules.invisible_blinks {
                        self.tell(watcher, Notice::Offline(uin));
                    }
                    if before != status {
                        self.tell(watcher, Notice::Status(uin, status));
                    }
                }
            }
        }
    }

    /// Puts `target` on one of the lists of exceptions of `uin`, or takes it off; the target sees the
    /// effect at once.
    pub(super) fn set_exception(&mut self, uin: Uin, list: ExceptionList, target: Uin, on: bool) {
        let before = self.presence_for(target, uin);
        let Some(online) = self.online.get_mut(&uin) else {
            return;
        };
        let entries = online.exceptions(list);
        if on && entries.len() < MAX_CONTACTS {
            entries.insert(target);
        } else if !on {
            entries.remove(&target);
        }
        if !self.watchers_of(uin).contains(&target) {
            return;
        }
        match (before, self.presence_for(target, uin)) {
            (None, Some(presence)) => self.tell(target, Notice::Online(uin, presence)),
            (Some(_), None) => self.tell(target, Notice::Offline(uin)),
            (None, None) | (Some(_), Some(_)) => {}
        }
    }

    /// Adds a whole list of exceptions. Who is newly on the visible list of an invisible user sees
    /// them; who is newly on the invisible list is told nothing and hears no more (icq-udp.md §6.4).
    pub(super) fn add_exceptions(&mut self, uin: Uin, list: ExceptionList, targets: &[Uin]) {
        match list {
            ExceptionList::Visible => {
                for target in targets {
                    self.set_exception(uin, list, *target, true);
                }
            }
            ExceptionList::Invisible => {
                let Some(online) = self.online.get_mut(&uin) else {
                    return;
                };
                for target in targets {
                    if online.invisible.len() < MAX_CONTACTS {
                        online.invisible.insert(*target);
                    }
                }
            }
        }
    }

    /// Takes a message from its sender, delivers it if its receiver is online and stores it if not.
    /// Nobody learns which, nor that a receiver does not exist (icq-udp.md §7.1).
    pub(super) fn send(
        &mut self,
        now: Now,
        from: Uin,
        to: Uin,
        kind: u16,
        body: &[u8],
    ) -> LetterNumber {
        self.send_as(now, 0, from, to, kind, body)
    }

    /// The same for a request with this number.
    pub(super) fn send_as(
        &mut self,
        now: Now,
        senders_seq2: u16,
        from: Uin,
        to: Uin,
        kind: u16,
        body: &[u8],
    ) -> LetterNumber {
        let mut letter = self.accept(now, from, to, kind, body);
        letter.senders_seq2 = senders_seq2;
        let number = letter.number;
        if self.is_online(to) {
            self.tell(to, Notice::Message(letter));
        } else if !self.accounts.contains_key(&to) {
            self.lose(now, number, Loss::UnknownReceiver);
        } else if self.letters.stored(to).len() >= self.rules.stored_messages {
            self.lose(now, number, Loss::StoreFull);
        } else {
            self.keep(now, letter);
        }
        number
    }

    /// Takes a message from its sender and drops it.
    pub(super) fn swallow(
        &mut self,
        now: Now,
        from: Uin,
        to: Uin,
        kind: u16,
        body: &[u8],
        loss: Loss,
    ) {
        let letter = self.accept(now, from, to, kind, body);
        self.lose(now, letter.number, loss);
    }

    /// Stores a letter that was on its way when its receiver's session ended. It is kept beyond
    /// the ordinary limit: the server had promised to deliver it.
    pub(super) fn keep(&mut self, now: Now, letter: Letter) {
        let number = letter.number;
        if self.letters.keep(letter) {
            self.journal.note(now.unix, || JournalEvent::Stored(number));
        } else {
            self.lose(now, number, Loss::StoreFull);
        }
    }

    fn accept(&mut self, now: Now, from: Uin, to: Uin, kind: u16, body: &[u8]) -> Letter {
        let letter = self.letters.write(now, from, to, kind, body);
        self.journal.note(now.unix, || JournalEvent::Accepted {
            letter: letter.number,
            from,
            to,
            kind,
            body: body.to_vec(),
        });
        letter
    }

    fn lose(&mut self, now: Now, letter: LetterNumber, loss: Loss) {
        self.journal
            .note(now.unix, || JournalEvent::Lost(letter, loss));
    }

    /// Drops what is not yet told to a user who has gone, and returns the letters among it.
    pub(super) fn take_untold(&mut self, uin: Uin) -> Vec<Letter> {
        let (theirs, others) = std::mem::take(&mut self.notices)
            .into_iter()
            .partition::<VecDeque<_>, _>(|(to, _)| *to == uin);
        self.notices = others;
        theirs
            .into_iter()
            .filter_map(|(_, notice)| match notice {
                Notice::Message(letter) => Some(letter),
                Notice::Online(..)
                | Notice::Offline(_)
                | Notice::Status(..)
                | Notice::Watched(_) => None,
            })
            .collect()
    }

    /// Whether `watcher` may see that `uin` is online.
    fn sees(&self, watcher: Uin, uin: Uin) -> bool {
        self.online.get(&uin).is_some_and(|online| {
            if is_invisible(online.presence.status) {
                online.visible.contains(&watcher)
            } else {
                !online.invisible.contains(&watcher)
            }
        })
    }

    fn watchers_of(&self, uin: Uin) -> Vec<Uin> {
        self.watchers
            .get(&uin)
            .map(|watchers| watchers.iter().copied().collect())
            .unwrap_or_default()
    }

    fn unlist(&mut self, watcher: Uin, contact: Uin) {
        let Some(watchers) = self.watchers.get_mut(&contact) else {
            return;
        };
        watchers.remove(&watcher);
        if watchers.is_empty() {
            self.watchers.remove(&contact);
        }
    }

    fn tell(&mut self, uin: Uin, notice: Notice) {
        if self.is_online(uin) {
            self.notices.push_back((uin, notice));
        }
    }
}

impl Online {
    const fn exceptions(&mut self, list: ExceptionList) -> &mut BTreeSet<Uin> {
        match list {
            ExceptionList::Visible => &mut self.visible,
            ExceptionList::Invisible => &mut self.invisible,
        }
    }
}

const fn is_invisible(status: u32) -> bool {
    status & 0x0100 != 0
}

/// Contacts one user may have on each list: far more than any list of the time had.
const MAX_CONTACTS: usize = 2048;
