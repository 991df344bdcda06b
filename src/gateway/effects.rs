//! Where the parts of a user put what they want done.

use std::collections::VecDeque;

use super::{Changes, Mark, UserOutput};
use crate::icq::Command;
use crate::model::{Message, Uin};
use crate::store::Change;
use crate::xmpp::Stanza;

/// Collects what one user wants done, until the driver takes it.
///
/// The parts of a [`User`](super::User) (roster, outbox, inbox, login, …) are state machines of
/// their own; each of their methods takes the moment and this.
#[derive(Debug, Default)]
pub struct Effects {
    outputs: VecDeque<UserOutput>,
    commands: VecDeque<Command>,
    posts: VecDeque<(Uin, Message)>,
    changes: Changes,
    marks: u64,
    mark_wanted: bool,
    /// Differs between runs, so that no id of the last one is used again.
    run: u32,
    /// Differs between the tasks of a run: somebody who registers again is another one.
    task: u32,
    ids: u64,
}

impl Effects {
    /// Nothing wanted yet. `run` differs from start to start, `task` between the users of one.
    pub fn new(run: u32, task: u32) -> Self {
        Self {
            run,
            task,
            ..Self::default()
        }
    }

    /// An id for a stanza of our own. No other stanza to this user has it.
    pub fn id(&mut self) -> String {
        self.ids += 1;
        format!("{:x}-{:x}-{:x}", self.run, self.task, self.ids)
    }

    /// Sends a stanza, with an id of its own if it has none.
    pub fn send(&mut self, stanza: impl Into<Stanza>) {
        let mut stanza = stanza.into();
        stanza.identify(|| self.id());
        self.outputs.push_back(UserOutput::Stanza(stanza));
    }

    /// Wants anything else of the driver.
    pub fn output(&mut self, output: UserOutput) {
        self.outputs.push_back(output);
    }

    /// Asks the ICQ session for something. Ignored by [`User`](super::User) when there is none.
    pub fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    /// Sends a message of the gateway's own to somebody on ICQ, an answer to an authorisation request
    /// for one. [`Outbox::pump`](super::Outbox::pump) takes it from here.
    pub fn post(&mut self, to: Uin, message: Message) {
        self.posts.push_back((to, message));
    }

    /// Writes something down, whenever convenient.
    pub fn note(&mut self, change: Change) {
        self.changes.list.push(change);
    }

    /// Writes something down that an output promises: none leaves before it is durable.
    pub fn save(&mut self, change: Change) {
        self.changes.list.push(change);
        self.changes.barrier = true;
    }

    /// Asks to be told when everything sent so far has reached the XMPP server.
    pub fn mark(&mut self) -> Mark {
        self.marks += 1;
        self.mark_wanted = false;
        let mark = Mark(self.marks);
        self.outputs.push_back(UserOutput::Mark(mark));
        mark
    }

    /// The mark that will be set behind everything sent until the driver comes: one for all who ask.
    pub fn next_mark(&mut self) -> Mark {
        self.mark_wanted = true;
        Mark(self.marks + 1)
    }

    /// What has to be written before [`next_output`](Self::next_output) is done.
    pub fn take_changes(&mut self) -> Option<Changes> {
        if self.mark_wanted {
            self.mark();
        }
        (!self.changes.list.is_empty()).then(|| std::mem::take(&mut self.changes))
    }

    /// The next thing for the driver to do.
    pub fn next_output(&mut self) -> Option<UserOutput> {
        let next = self.outputs.pop_front();
        // There are many users, and most are idle: they keep no room.
        if next.is_none() {
            self.outputs = VecDeque::new();
        }
        next
    }

    /// The next message of the gateway's own.
    pub fn next_post(&mut self) -> Option<(Uin, Message)> {
        self.posts.pop_front()
    }

    /// The next thing for the ICQ session to do.
    pub fn next_command(&mut self) -> Option<Command> {
        let next = self.commands.pop_front();
        if next.is_none() {
            self.commands = VecDeque::new();
        }
        next
    }
}
