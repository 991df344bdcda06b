//! Errors about messages that were refused at once. Nothing of them is written down, but their senders
//! wait for an answer all the same: one that was lost with the link goes out again on the next.

use std::collections::VecDeque;

use crate::gateway::{Effects, Env, Mark};
use crate::xmpp::Stanza;

/// Errors that are not known to have reached the XMPP server.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// The oldest first, each with the mark that comes back when it has arrived. There is none while no
    /// link is up.
    errors: VecDeque<(Stanza, Option<Mark>)>,
}

impl Refusals {
    /// Answers a message with this error.
    pub(super) fn send(&mut self, env: &Env<'_>, fx: &mut Effects, error: Stanza) {
        if self.errors.len() == MOST_KEPT {
            self.errors.pop_front();
        }
        let mark = env.link_up.then(|| {
            fx.send(error.clone());
            fx.next_mark()
        });
        self.errors.push_back((error, mark));
    }

    /// Another link is up.
    pub(super) fn send_again(&mut self, fx: &mut Effects) {
        for (error, mark) in &mut self.errors {
            fx.send(error.clone());
            *mark = Some(fx.next_mark());
        }
    }

    /// Everything sent before this mark has reached the XMPP server.
    pub(super) fn confirmed(&mut self, mark: Mark) {
        self.errors
            .retain(|(_, sent)| sent.is_none_or(|sent| sent > mark));
        if self.errors.is_empty() {
            self.errors = VecDeque::new();
        }
    }
}

/// More than that at a time is no person.
const MOST_KEPT: usize = 100;
