//! The queue into a user's task.
//!
//! Ten thousand of these lie empty most of the time, so an empty one holds no memory of its own, and
//! a full one never stops whoever fills it: stanzas are refused, the rest has always room.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use xmpp_parsers::presence::{Presence, Type};

use super::links::Link;
use crate::gateway::UserInput;
use crate::icq::LogoutReason;
use crate::xmpp::Stanza;

/// What waits for a user's task.
#[derive(Debug)]
pub(super) enum Item {
    /// Something for the [`User`](crate::gateway::User).
    Input(UserInput),
    /// The same, and which link to the XMPP server it speaks of.
    LinkUp(UserInput, LinkNumber),
    /// A socket was opened, or not, or lost; and for which wish.
    Opened(u32, Result<Link, LogoutReason>),
}

/// Counts the links to the XMPP server, so that nothing sent on one is believed to be on the next.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct LinkNumber(pub(super) u32);

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    items: Mutex<VecDeque<Item>>,
    filled: Notify,
}

impl Inbox {
    /// Puts a stanza in, or gives it back if there is no room.
    ///
    /// A presence replaces the one before it of the same resource to the same address when there is
    /// no room; it is the newest that counts.
    pub(super) fn push_stanza(&self, stanza: Stanza) -> Result<(), Stanza> {
        let mut items = self.lock();
        if items.len() >= CAPACITY {
            return replace_presence(&mut items, stanza);
        }
        self.put(items, Item::Input(UserInput::Stanza(stanza)));
        Ok(())
    }

    /// Puts in what a user's task may not miss. There is little of it: each is an answer to the task,
    /// or an event of the whole program.
    pub(super) fn push(&self, item: Item) {
        self.put(self.lock(), item);
    }

    /// Takes the next item. Only one, so that a task that dies of it takes no others along.
    pub(super) fn pop(&self) -> Option<Item> {
        let mut items = self.lock();
        let item = items.pop_front();
        if items.is_empty() {
            *items = VecDeque::new();
        }
        item
    }

    /// Waits until something is there. Cancel safe; one task may wait.
    pub(super) async fn filled(&self) {
        while self.lock().is_empty() {
            self.filled.notified().await;
        }
    }

    fn put(&self, mut items: MutexGuard<'_, VecDeque<Item>>, item: Item) {
        items.push_back(item);
        let first = items.len() == 1;
        drop(items);
        if first {
            self.filled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Item>> {
        // Nothing that could panic is done while it is held.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn replace_presence(items: &mut VecDeque<Item>, stanza: Stanza) -> Result<(), Stanza> {
    let Stanza::Presence(new) = stanza else {
        return Err(stanza);
    };
    let older = items.iter_mut().rev().find_map(|item| match item {
        Item::Input(UserInput::Stanza(Stanza::Presence(old))) => replaces(&new, old).then_some(old),
        Item::Input(_) | Item::LinkUp(..) | Item::Opened(..) => None,
    });
    match older {
        Some(older) => {
            *older = new;
            Ok(())
        }
        None => Err(Stanza::Presence(new)),
    }
}

fn replaces(new: &Presence, old: &Presence) -> bool {
    let tells = |presence: &Presence| matches!(presence.type_, Type::None | Type::Unavailable);
    tells(new) && tells(old) && new.from == old.from && new.to == old.to
}

/// Stanzas that may wait.
const CAPACITY: usize = 1000;

#[cfg(test)]
mod tests {
    use xmpp_parsers::jid::Jid;
    use xmpp_parsers::message::Message;

    use super::*;

    #[test]
    fn items_come_out_in_their_order() {
        let inbox = Inbox::default();
        for number in 0..200 {
            inbox.push_stanza(message(number)).unwrap();
        }
        for number in 0..200 {
            assert_eq!(inbox.pop().map(stanza), Some(message(number)));
        }
        assert!(inbox.pop().is_none());
        assert_eq!(inbox.lock().capacity(), 0);
    }

    #[test]
    fn a_full_inbox_gives_stanzas_back_and_keeps_everything_else() {
        let inbox = full();

        let refused = inbox.push_stanza(message(1000));
        inbox.push(Item::Input(UserInput::Shutdown));

        assert_eq!(refused, Err(message(1000)));
        let last = std::iter::from_fn(|| inbox.pop()).last();
        assert!(matches!(last, Some(Item::Input(UserInput::Shutdown))));
    }

    #[test]
    fn in_a_full_inbox_the_newest_presence_takes_the_place_of_the_older_one() {
        let inbox = Inbox::default();
        inbox.push_stanza(presence(Type::None, "pc")).unwrap();
        for number in 1..CAPACITY {
            inbox.push_stanza(message(number)).unwrap();
        }

        let replaced = inbox.push_stanza(presence(Type::Unavailable, "pc"));
        let other_resource = inbox.push_stanza(presence(Type::None, "phone"));
        let subscription = inbox.push_stanza(presence(Type::Subscribe, "pc"));

        assert_eq!(replaced, Ok(()));
        assert!(other_resource.is_err());
        assert!(subscription.is_err());
        assert_eq!(
            inbox.pop().map(stanza),
            Some(presence(Type::Unavailable, "pc"))
        );
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_the_first_item() {
        let inbox = std::sync::Arc::new(Inbox::default());
        let waiting = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.filled().await }
        });
        tokio::task::yield_now().await;

        inbox.push_stanza(message(1)).unwrap();

        waiting.await.unwrap();
        inbox.pop();
        let empty = tokio::time::timeout(std::time::Duration::ZERO, inbox.filled());
        assert!(empty.await.is_err());
    }

    #[test]
    fn an_item_is_small() {
        assert!(size_of::<Item>() <= 64, "{}", size_of::<Item>());
    }

    fn full() -> Inbox {
        let inbox = Inbox::default();
        for number in 0..CAPACITY {
            inbox.push_stanza(message(number)).unwrap();
        }
        inbox
    }

    fn message(number: usize) -> Stanza {
        let to = Jid::new(&format!("{}@icq.example.org", 10_000 + number)).unwrap();
        Stanza::Message(Box::new(Message::new(to)))
    }

    fn presence(type_: Type, resource: &str) -> Stanza {
        let from = Jid::new(&format!("romeo@example.org/{resource}")).unwrap();
        Stanza::Presence(Box::new(Presence::new(type_).with_from(from)))
    }

    fn stanza(item: Item) -> Stanza {
        match item {
            Item::Input(UserInput::Stanza(stanza)) => stanza,
            other => panic!("not a stanza: {other:?}"),
        }
    }
}
