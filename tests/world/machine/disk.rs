//! The disk, and the thread that writes to it.

use std::time::Duration;

use icq_transport::store::{Change, UserRecord};
use xmpp_parsers::jid::BareJid;

use super::Place;
use crate::agenda::Event;
use crate::world::World;

impl World {
    /// Writes down what has changed, then does what is wanted. `false` if that has to wait, or never
    /// comes.
    pub(super) fn drain(&mut self, user: &BareJid) -> bool {
        let Some(task) = self.machine.task_mut(user) else {
            return false;
        };
        if let Some(changes) = task.user.poll_changes() {
            if self.dies_here(Place::BeforeChanges) {
                return false;
            }
            if !self.hand_over(user, changes.list, changes.barrier) {
                return false;
            }
        }
        self.put_out(user)
    }

    /// Hands changes to the thread that writes. `false` if they are waited for.
    fn hand_over(&mut self, user: &BareJid, list: Vec<Change>, barrier: bool) -> bool {
        let run = self.machine.run;
        let slowest = self.plan.disk.slowest;
        let linger = self.plan.disk.linger;
        let Some(process) = &mut self.machine.process else {
            return false;
        };
        process.notes.push_back((user.clone(), list));
        if barrier && slowest.is_zero() {
            self.commit();
            return !self.dies_here(Place::AfterChanges);
        }
        if barrier {
            if let Some(task) = process.tasks.get_mut(user) {
                task.waits_for_disk = true;
            }
            let at = self.now.instant + self.between(Duration::from_micros(100), slowest);
            let user = user.clone();
            self.agenda.plan(at, Event::DiskIsDone { run, user });
            return false;
        }
        if !std::mem::replace(&mut process.notes_are_due, true) {
            let at = self.now.instant + linger;
            self.agenda.plan(at, Event::NotesAreWritten { run });
        }
        true
    }

    pub(crate) fn disk_is_done(&mut self, run: u32, user: &BareJid) {
        if !self.machine.is_running(run) {
            return;
        }
        self.commit();
        if let Some(task) = self.machine.task_mut(user) {
            task.waits_for_disk = false;
        }
        if self.dies_here(Place::AfterChanges) {
            return;
        }
        if self.put_out(user) {
            self.work(user);
        }
        self.settle();
    }

    pub(crate) fn notes_are_written(&mut self, run: u32) {
        if self.machine.is_running(run) {
            self.commit();
        }
    }

    /// One flush serves everybody who waits.
    pub(super) fn commit(&mut self) {
        let Some(process) = &mut self.machine.process else {
            return;
        };
        process.notes_are_due = false;
        for (jid, changes) in std::mem::take(&mut process.notes) {
            self.write(&jid, changes);
        }
    }

    pub(super) fn write(&mut self, jid: &BareJid, changes: Vec<Change>) {
        for change in changes {
            let before = self.machine.disk.remove(jid);
            self.note_written(jid, before.as_ref(), &change);
            if let Some(record) = UserRecord::apply(before, change) {
                self.witness.bounded(jid, &record, &self.plan.settings);
                self.machine.disk.insert(jid.clone(), record);
            }
        }
    }
}
