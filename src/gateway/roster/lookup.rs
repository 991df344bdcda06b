//! Questions to ICQ about people: before one is added, and for a name (xmpp-gateway.md §11.2, §29.8).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::gateway::pace::{Pace, Rate};
use crate::gateway::{Effects, Env};
use crate::icq::Command;
use crate::model::{Now, Uin};

/// Profiles to ask for, one every two seconds, and those asked for.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    queue: VecDeque<Lookup>,
    pace: Pace,
    turn: Option<Instant>,
}

#[derive(Debug)]
struct Lookup {
    uin: Uin,
    purpose: Purpose,
    /// Asked, and until when an answer counts.
    until: Option<Instant>,
}

/// What a profile is wanted for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// The user wants to add this person.
    Add {
        /// What to tell a person who wants to be asked; may be empty.
        reason: String,
        /// The id of the stanza that said so.
        stanza_id: Option<String>,
    },
    /// The person is on the list, and has no name there.
    Name,
}

impl Lookups {
    /// Asks for a profile when its turn comes. One question about each person is enough.
    pub(super) fn push(&mut self, uin: Uin, purpose: Purpose) {
        let known = self.queue.iter_mut().find(|lookup| lookup.uin == uin);
        match known {
            Some(lookup) if purpose != Purpose::Name => lookup.purpose = purpose,
            Some(_) => {}
            None => self.queue.push_back(Lookup {
                uin,
                purpose,
                until: None,
            }),
        }
    }

    /// Nobody wants to know any more.
    pub(super) fn cancel(&mut self, uin: Uin) {
        self.queue.retain(|lookup| lookup.uin != uin);
    }

    /// How many people are about to be added.
    pub(super) fn adding(&self) -> usize {
        let is_add = |lookup: &&Lookup| lookup.purpose != Purpose::Name;
        self.queue.iter().filter(is_add).count()
    }

    /// This person is about to be added.
    pub(super) fn is_adding(&self, uin: Uin) -> bool {
        let is_it = |lookup: &Lookup| lookup.uin == uin && lookup.purpose != Purpose::Name;
        self.queue.iter().any(is_it)
    }

    /// Asks what may be asked now: for those to be added first.
    pub(super) fn advance(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.turn = None;
        if !env.icq_online {
            return;
        }
        while let Some(at) = self.next() {
            if let Err(turn) = self.pace.take(now.instant, Rate::every(INTERVAL)) {
                self.turn = Some(turn);
                return;
            }
            let lookup = &mut self.queue[at];
            lookup.until = Some(now.instant + DEADLINE);
            fx.command(Command::RequestProfile(lookup.uin));
        }
    }

    fn next(&self) -> Option<usize> {
        let is_open = |lookup: &Lookup| lookup.until.is_none();
        let is_add = |lookup: &Lookup| is_open(lookup) && lookup.purpose != Purpose::Name;
        let add = self.queue.iter().position(is_add);
        add.or_else(|| self.queue.iter().position(is_open))
    }

    /// A profile came: what it was wanted for, if it was.
    pub(super) fn answered(&mut self, uin: Uin) -> Option<Purpose> {
        let is_it = |lookup: &Lookup| lookup.uin == uin && lookup.until.is_some();
        let at = self.queue.iter().position(is_it)?;
        self.queue.remove(at).map(|lookup| lookup.purpose)
    }

    /// Somebody whose profile did not come in time.
    pub(super) fn overdue(&mut self, now: Now) -> Option<(Uin, Purpose)> {
        let is_late = |lookup: &Lookup| lookup.until.is_some_and(|until| until <= now.instant);
        let at = self.queue.iter().position(is_late)?;
        let lookup = self.queue.remove(at)?;
        Some((lookup.uin, lookup.purpose))
    }

    /// The session is over: whatever it was asked will be asked again.
    pub(super) fn icq_offline(&mut self) {
        for lookup in &mut self.queue {
            lookup.until = None;
        }
        self.turn = None;
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let until = self.queue.iter().filter_map(|lookup| lookup.until);
        until.chain(self.turn).min()
    }
}

/// xmpp-gateway.md §29.8, "adds are queued at 1 per 2 s".
const INTERVAL: Duration = Duration::from_secs(2);

/// A session repeats a question for a minute; a person who adds somebody does not wait that long.
const DEADLINE: Duration = Duration::from_secs(20);
