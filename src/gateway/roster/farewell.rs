//! Everything of ours taken off the user's roster again (xmpp-gateway.md §5.5 step 4).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use xmpp_parsers::presence::Type;
use xmpp_parsers::roster::Subscription as State;
use xmpp_parsers::stanza_error::DefinedCondition;

use super::list::Item;
use super::privileged::WRITE_INTERVAL;
use super::roster_iq::{Answer, Who, item, items, jid, read, set};
use super::{Changed, Roster};
use crate::gateway::pace::{Pace, Rate};
use crate::gateway::{Effects, Env};
use crate::model::{Now, Uin};
use crate::store::Subscription;
use crate::xmpp::presence as stanza;

/// What is still to be taken off, and how.
#[derive(Debug)]
pub(super) struct Farewell {
    /// The gateway itself is the last.
    left: VecDeque<Parting>,
    /// An answer that decides how to go on.
    awaited: Option<Awaited>,
    /// The server has done once what it was asked for.
    trusted: bool,
    pace: Pace,
    turn: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Parting {
    who: Who,
    /// By privilege, its item is taken off the roster. Otherwise its subscriptions are ended, which
    /// leaves an item without meaning.
    privileged: bool,
}

#[derive(Debug)]
struct Awaited {
    id: String,
    until: Instant,
    /// `None`: the roster, to see what is really there.
    parting: Option<Parting>,
}

impl Farewell {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let awaited = self.awaited.as_ref().map(|awaited| awaited.until);
        awaited.or(self.turn)
    }

    /// Items of ours on the roster that the list did not know. They go first: the gateway is the last.
    fn add_strays(&mut self, theirs: impl Iterator<Item = Who>) {
        for who in theirs {
            let is_known = self.left.iter().any(|parting| parting.who == who);
            if !is_known && who != Who::Gateway {
                let privileged = true;
                self.left.push_front(Parting { who, privileged });
            }
        }
    }

    /// The server does not do it: without privilege, then.
    fn distrust(&mut self, parting: Option<Parting>) {
        if let Some(parting) = parting {
            self.left.push_front(parting);
        }
        for parting in &mut self.left {
            parting.privileged = false;
        }
    }
}

impl Roster {
    /// Takes every contact off the user's roster, and the gateway last if `gateway` says so: the user
    /// unregisters, or changes the number (§5.5 step 4). Nothing remains on the list.
    pub fn forget(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, gateway: bool) {
        self.show_all_offline(now, env, fx);
        let contacts = self.list.iter().map(Item::uin).map(Who::Contact);
        let everybody = contacts.chain(gateway.then_some(Who::Gateway));
        let left = everybody.map(|who| Parting {
            who,
            privileged: false,
        });
        let left = left.collect();
        let awaited = self.is_privileged(env).then(|| Awaited {
            id: read(env, fx),
            until: now.instant + DEADLINE,
            parting: None,
        });
        *self = Self {
            changed: Changed::Before,
            farewell: Some(Box::new(Farewell {
                left,
                awaited,
                trusted: false,
                pace: Pace::default(),
                turn: None,
            })),
            ..Self::default()
        };
        self.advance_farewell(now, env, fx);
    }

    /// Nothing is left to be done of [`forget`](Self::forget).
    pub const fn is_idle(&self) -> bool {
        self.farewell.is_none()
    }

    pub(super) fn advance_farewell(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let Some(mut farewell) = self.farewell.take().filter(|_| env.link_up) else {
            return;
        };
        let is_overdue = |awaited: &mut Awaited| awaited.until <= now.instant;
        if let Some(overdue) = farewell.awaited.take_if(is_overdue) {
            farewell.distrust(overdue.parting);
        }
        farewell.turn = None;
        while farewell.awaited.is_none()
            && let Some(parting) = farewell.left.front().copied()
        {
            if let Err(turn) = farewell.pace.take(now.instant, Rate::every(WRITE_INTERVAL)) {
                farewell.turn = Some(turn);
                break;
            }
            farewell.left.pop_front();
            if let Who::Contact(uin) = parting.who {
                if self.is_wanted_again(uin) {
                    continue;
                }
                self.removals.note_own(now.instant, uin);
            }
            if !parting.privileged {
                part(env, fx, parting.who);
                continue;
            }
            let id = set(env, fx, item(parting.who, env, State::Remove));
            if !farewell.trusted {
                farewell.awaited = Some(Awaited {
                    id,
                    until: now.instant + DEADLINE,
                    parting: Some(parting),
                });
            }
        }
        if farewell.awaited.is_some() || !farewell.left.is_empty() {
            self.farewell = Some(farewell);
        }
    }

    /// The user has changed the number, and subscribed to this contact under the new one meanwhile.
    fn is_wanted_again(&self, uin: Uin) -> bool {
        let item = self.list.find(uin);
        item.is_some_and(|item| item.to != Subscription::None)
    }

    pub(super) fn farewell_answered(&mut self, env: &Env<'_>, id: &str, answer: Answer<'_>) {
        let Some(farewell) = &mut self.farewell else {
            return;
        };
        let is_it = |awaited: &mut Awaited| awaited.id == id;
        let Some(awaited) = farewell.awaited.take_if(is_it) else {
            return;
        };
        match awaited.parting {
            Some(parting) => match answer {
                Ok(_) | Err(Some(DefinedCondition::ItemNotFound)) => farewell.trusted = true,
                Err(_) => farewell.distrust(Some(parting)),
            },
            None => match items(answer, env) {
                Some(theirs) => {
                    for parting in &mut farewell.left {
                        parting.privileged = theirs.contains_key(&parting.who);
                    }
                    farewell.add_strays(theirs.into_keys());
                }
                None => farewell.distrust(None),
            },
        }
    }
}

/// Ends both subscriptions between the user and one of ours.
fn part(env: &Env<'_>, fx: &mut Effects, who: Who) {
    for type_ in [Type::Unsubscribe, Type::Unsubscribed] {
        fx.send(stanza::subscription(type_, jid(who, env), env.jid, ""));
    }
}

/// xmpp-gateway.md §10.6: what is not answered soon is not answered.
const DEADLINE: Duration = Duration::from_secs(10);
