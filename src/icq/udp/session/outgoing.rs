//! Messages on their way to contacts: one after the other to each of them (`icq-udp.md` §4.3).

use std::collections::VecDeque;

use crate::icq::wire::body::Body;
use crate::icq::{MessageId, NotSent};
use crate::model::Uin;

/// Messages that have not ended yet, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    letters: VecDeque<Letter>,
}

/// A message as the wire carries it: in one body, or in several.
#[derive(Debug)]
struct Letter {
    id: MessageId,
    to: Uin,
    bodies: Vec<Body>,
    /// How many of the bodies were acknowledged.
    acknowledged: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// No part of it has left.
    Waits,
    /// A part of it waits for its acknowledgement.
    OnTheWay,
    /// A part of it was acknowledged, the next has not left.
    Between,
}

/// A part of a message that may leave now.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Part<'a> {
    pub(super) id: MessageId,
    pub(super) to: Uin,
    pub(super) body: &'a Body,
}

impl Outgoing {
    /// Takes a message, which has a body at least; `false` if there are too many already.
    #[must_use]
    pub(super) fn push(&mut self, id: MessageId, to: Uin, bodies: Vec<Body>) -> bool {
        if self.letters.len() >= MAX_LETTERS {
            return false;
        }
        self.letters.push_back(Letter {
            id,
            to,
            bodies,
            acknowledged: 0,
            state: State::Waits,
        });
        true
    }

    /// The next part that may leave: the oldest message of a contact, none of whose parts is on its way.
    pub(super) fn next(&mut self) -> Option<Part<'_>> {
        let on_the_way = self
            .letters
            .iter()
            .filter(|letter| letter.state == State::OnTheWay)
            .count();
        if on_the_way >= MAX_ON_THE_WAY {
            return None;
        }
        let mut contacts = Vec::new();
        let letter = self.letters.iter_mut().find(|letter| {
            let first_for_this_contact = !contacts.contains(&letter.to);
            if first_for_this_contact {
                contacts.push(letter.to);
            }
            first_for_this_contact && letter.state != State::OnTheWay
        })?;
        let body = letter.bodies.get(letter.acknowledged)?;
        letter.state = State::OnTheWay;
        Some(Part {
            id: letter.id,
            to: letter.to,
            body,
        })
    }

    /// A part was acknowledged; `true` if that ends the message.
    pub(super) fn acknowledged(&mut self, id: MessageId) -> bool {
        let Some(index) = self.on_its_way(id) else {
            return false;
        };
        let letter = &mut self.letters[index];
        letter.acknowledged += 1;
        letter.state = State::Between;
        let is_whole = letter.acknowledged >= letter.bodies.len();
        if is_whole {
            self.remove(index);
        }
        is_whole
    }

    /// A part was never acknowledged: the rest stays here.
    pub(super) fn failed(&mut self, id: MessageId) -> Option<NotSent> {
        let index = self.on_its_way(id)?;
        let letter = self.remove(index)?;
        Some(NotSent::Unacknowledged {
            parts_sent: u16::try_from(letter.acknowledged).unwrap_or(u16::MAX),
            parts: u16::try_from(letter.bodies.len()).unwrap_or(u16::MAX),
        })
    }

    /// The server refused the part that is on its way, unread.
    pub(super) fn refused(&mut self, id: MessageId) {
        if let Some(index) = self.on_its_way(id) {
            let letter = &mut self.letters[index];
            letter.state = match letter.acknowledged {
                0 => State::Waits,
                _ => State::Between,
            };
        }
    }

    /// Ends all messages, because the session ends.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = (MessageId, NotSent)> + use<> {
        std::mem::take(&mut self.letters)
            .into_iter()
            .map(|letter| match letter.state {
                State::Waits => (letter.id, NotSent::NeverLeft),
                State::OnTheWay | State::Between => (letter.id, NotSent::SessionEnded),
            })
    }

    fn on_its_way(&self, id: MessageId) -> Option<usize> {
        self.letters
            .iter()
            .position(|letter| letter.id == id && letter.state == State::OnTheWay)
    }

    fn remove(&mut self, index: usize) -> Option<Letter> {
        let letter = self.letters.remove(index);
        if self.letters.is_empty() {
            self.letters = VecDeque::new();
        }
        letter
    }
}

/// How many messages may wait (§12).
pub(super) const MAX_LETTERS: usize = 200;

/// How many contacts are written to at a time.
pub(super) const MAX_ON_THE_WAY: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    const BEN: Uin = Uin(1001);
    const TYBALT: Uin = Uin(1002);

    fn letter(outgoing: &mut Outgoing, id: u64, to: Uin, bodies: &[&str]) {
        let bodies = bodies.iter().map(|text| body(text)).collect();
        assert!(outgoing.push(MessageId(id), to, bodies));
    }

    fn body(text: &str) -> Body {
        Body {
            msg_type: 1,
            text: text.into(),
            replaced: 0,
        }
    }

    fn leaving(outgoing: &mut Outgoing) -> Vec<(u64, String)> {
        let mut parts = Vec::new();
        while let Some(part) = outgoing.next() {
            parts.push((
                part.id.0,
                String::from_utf8_lossy(&part.body.text).into_owned(),
            ));
        }
        parts
    }

    fn part(id: u64, body: &str) -> (u64, String) {
        (id, body.to_owned())
    }

    #[test]
    fn one_message_at_a_time_leaves_for_each_contact() {
        let mut outgoing = Outgoing::default();
        letter(&mut outgoing, 1, BEN, &["first"]);
        letter(&mut outgoing, 2, BEN, &["second"]);
        letter(&mut outgoing, 3, TYBALT, &["other"]);

        assert_eq!(leaving(&mut outgoing), [part(1, "first"), part(3, "other")]);

        assert!(outgoing.acknowledged(MessageId(1)));
        assert_eq!(leaving(&mut outgoing), [part(2, "second")]);
    }

    #[test]
    fn the_parts_of_a_message_leave_one_after_the_other() {
        let mut outgoing = Outgoing::default();
        letter(&mut outgoing, 1, BEN, &["a", "b"]);

        assert_eq!(leaving(&mut outgoing), [part(1, "a")]);
        assert!(!outgoing.acknowledged(MessageId(1)));
        assert_eq!(leaving(&mut outgoing), [part(1, "b")]);
        assert!(outgoing.acknowledged(MessageId(1)));
        assert_eq!(leaving(&mut outgoing), []);
    }

    #[test]
    fn a_message_that_lost_a_part_keeps_the_rest_back_and_the_next_one_leaves() {
        let mut outgoing = Outgoing::default();
        letter(&mut outgoing, 1, BEN, &["a", "b", "c"]);
        letter(&mut outgoing, 2, BEN, &["next"]);
        leaving(&mut outgoing);
        outgoing.acknowledged(MessageId(1));
        leaving(&mut outgoing);

        assert_eq!(
            outgoing.failed(MessageId(1)),
            Some(NotSent::Unacknowledged {
                parts_sent: 1,
                parts: 3
            })
        );
        assert_eq!(leaving(&mut outgoing), [part(2, "next")]);
    }

    #[test]
    fn at_the_end_it_is_told_which_messages_may_have_arrived() {
        let mut outgoing = Outgoing::default();
        letter(&mut outgoing, 1, BEN, &["left"]);
        letter(&mut outgoing, 2, BEN, &["waits"]);
        letter(&mut outgoing, 3, TYBALT, &["refused unread"]);
        leaving(&mut outgoing);
        outgoing.refused(MessageId(3));

        let ends: Vec<_> = outgoing.give_up().collect();

        assert_eq!(
            ends,
            [
                (MessageId(1), NotSent::SessionEnded),
                (MessageId(2), NotSent::NeverLeft),
                (MessageId(3), NotSent::NeverLeft),
            ]
        );
    }

    #[test]
    fn only_so_many_contacts_are_written_to_at_a_time_and_so_many_messages_wait() {
        let mut outgoing = Outgoing::default();
        for n in 0..MAX_LETTERS as u64 {
            letter(&mut outgoing, n, Uin(2000 + n as u32), &["hi"]);
        }

        assert!(!outgoing.push(MessageId(9999), BEN, vec![body("hi")]));
        assert_eq!(leaving(&mut outgoing).len(), MAX_ON_THE_WAY);
    }
}
