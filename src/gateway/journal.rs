//! Messages on their way, as they are written down: in batches, and how far each has come.
//!
//! Many messages are taken at once and soon end together, so they are written together: one batch for
//! each direction and each time the driver comes. An entry says everything that is known when its batch
//! is written; the [`Cursor`] says what became of it since, for as long as the batch is there; a batch
//! whose messages have all had their ending is dropped. A message that leaves at once costs two writes
//! shared with its batch.
//!
//! What an outgoing message goes through:
//!
//! ```text
//! add ── left ──┬── ended                     acknowledged
//!   │     │     └── failed ── ended           its sender was told
//!   │     └── came_back ── left, failed, …    surely never left
//!   └── failed ── ended
//! ```

use std::collections::BTreeMap;

use super::Effects;
use crate::model::Uin;
use crate::store::{Change, Cursor, Entry, Failure, Incoming, Outgoing, Stage};

/// Numbers messages and keeps the batches of both directions.
#[derive(Debug, Default)]
pub struct Journal {
    cursor: Cursor,
    /// The stages as they were written down last: what came and went since needs no writing.
    written: Vec<(u64, Stage)>,
    next_id: u64,
    to_icq: Batches,
    from_icq: Batches,
    /// Batches that are over since the last flush.
    dropped: Vec<u64>,
    /// Anything but the stages differs from what is written down.
    cursor_changed: bool,
    /// An output relies on what the next flush writes.
    barrier: bool,
}

/// The messages of a journal, by direction.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// To ICQ, without an ending.
    pub outgoing: Vec<Outgoing>,
    /// From ICQ, shown ones included: a repetition by the ICQ server is recognised by them.
    pub incoming: Vec<Incoming>,
}

impl Journal {
    /// As it was written down, and the messages in it: for [`Outbox::load`](super::Outbox::load) and
    /// [`Inbox::load`](super::Inbox::load).
    pub fn load(batches: BTreeMap<u64, Vec<Entry>>, cursor: Cursor) -> (Self, Unfinished) {
        let mut journal = Self {
            written: cursor.stages.clone(),
            cursor,
            ..Self::default()
        };
        let mut unfinished = Unfinished::default();
        let mut last_id = journal.cursor.last_id;
        for (number, entries) in batches {
            last_id = entries
                .iter()
                .map(id_of)
                .max()
                .max(Some(last_id))
                .unwrap_or(last_id);
            journal.load_batch(number, entries, &mut unfinished);
        }
        journal.next_id = last_id + 1;
        journal.forget_stages_of_others();
        (journal, unfinished)
    }

    fn load_batch(&mut self, number: u64, entries: Vec<Entry>, unfinished: &mut Unfinished) {
        let last = entries.iter().map(id_of).max().unwrap_or(number);
        let mut open = 0;
        let mut incoming = false;
        for entry in entries {
            match entry {
                Entry::ToIcq(outgoing) => {
                    if self.stage(outgoing.id) == Some(Stage::Ended) {
                        continue;
                    }
                    unfinished.outgoing.push(outgoing);
                }
                Entry::FromIcq(message) => {
                    incoming = true;
                    unfinished.incoming.push(message);
                }
            }
            open += 1;
        }
        if open == 0 {
            self.dropped.push(number);
            self.forget_stages(number, last);
            return;
        }
        let batches = if incoming {
            &mut self.from_icq
        } else {
            &mut self.to_icq
        };
        batches.written.push(Batch { number, last, open });
    }

    /// Whatever was written, the stages stay few: those of messages that are not there go.
    fn forget_stages_of_others(&mut self) {
        let is_there = |id| self.to_icq.find(id).is_some() || self.from_icq.find(id).is_some();
        self.cursor.stages.retain(|(id, _)| is_there(*id));
    }

    /// A number for a message: greater than all before, and never given again.
    pub fn number(&mut self) -> u64 {
        let id = self.next_id.max(1);
        self.next_id = id + 1;
        if id > self.cursor.last_id {
            self.cursor.last_id = id + NUMBERS_RESERVED - 1;
            self.change_cursor(true);
        }
        id
    }

    /// How far a message has come, if further than its entry says.
    pub fn stage(&self, id: u64) -> Option<Stage> {
        let stages = &self.cursor.stages;
        let at = stages.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(stages[at].1)
    }

    /// Where an outgoing message stood when the program ended.
    pub fn outgoing_stage(&self, outgoing: &Outgoing) -> Stage {
        let as_written = if outgoing.left {
            Stage::Left
        } else {
            Stage::Waiting
        };
        self.stage(outgoing.id).unwrap_or(as_written)
    }

    /// Takes a message to ICQ.
    pub fn add_outgoing(&mut self, outgoing: Outgoing) {
        self.barrier = true;
        self.to_icq.fresh.push(Entry::ToIcq(outgoing));
    }

    /// A message is handed to ICQ: it may leave with the outputs that follow.
    pub fn left(&mut self, id: u64) {
        match self.to_icq.fresh(id) {
            Some(Entry::ToIcq(outgoing)) => outgoing.left = true,
            Some(Entry::FromIcq(_)) | None => self.set_stage(id, Stage::Left, true),
        }
    }

    /// A message that was handed to ICQ surely never left, and waits again.
    pub fn came_back(&mut self, id: u64) {
        match self.to_icq.fresh(id) {
            Some(Entry::ToIcq(outgoing)) => outgoing.left = false,
            Some(Entry::FromIcq(_)) | None => self.set_stage(id, Stage::Waiting, false),
        }
    }

    /// A message will not be sent any more: its sender is told. Written before that, so that it is not
    /// sent after a restart.
    pub fn failed(&mut self, id: u64, failure: Failure) {
        self.set_stage(id, Stage::Failed(failure), true);
    }

    /// An outgoing message has had its ending.
    pub fn ended(&mut self, id: u64) {
        if self.to_icq.forget_fresh(id) {
            return self.forget_stages(id, id);
        }
        match self.to_icq.close(id) {
            Closed::Entry => self.set_stage(id, Stage::Ended, false),
            Closed::Batch(batch) => {
                self.dropped.push(batch.number);
                self.forget_stages(batch.number, batch.last);
            }
            Closed::Nothing => {}
        }
    }

    /// The sender of a message that failed has the error: written at once, because until then a restart
    /// would have it sent again.
    pub fn told(&mut self, id: u64) {
        self.ended(id);
        self.barrier = true;
    }

    /// Takes a message from ICQ.
    pub fn add_incoming(&mut self, incoming: Incoming) {
        self.barrier = true;
        self.from_icq.fresh.push(Entry::FromIcq(incoming));
    }

    /// Incoming messages up to this one have reached the XMPP server.
    pub fn shown(&mut self, id: u64) {
        if id > self.cursor.shown {
            self.cursor.shown = id;
            self.change_cursor(false);
        }
    }

    /// This incoming message has reached the XMPP server.
    pub const fn is_shown(&self, id: u64) -> bool {
        id <= self.cursor.shown
    }

    /// The XMPP server sent an incoming message back: it is kept for another try.
    pub fn bounced(&mut self, id: u64) {
        self.set_stage(id, Stage::Bounced, false);
    }

    /// The other try was made, or is not worth it any more.
    pub fn settled(&mut self, id: u64) {
        self.forget_stages_if(id, id, |stage| stage == Stage::Bounced);
    }

    /// An incoming message is needed no longer, not even to recognise a repetition.
    pub fn forget_incoming(&mut self, id: u64) {
        self.settled(id);
        if self.from_icq.forget_fresh(id) {
            return;
        }
        if let Closed::Batch(batch) = self.from_icq.close(id) {
            self.dropped.push(batch.number);
        }
    }

    /// There was no room for a message from ICQ. Only so many senders are told apart.
    pub fn lose(&mut self, from: Uin) {
        let lost = &mut self.cursor.lost;
        let known = lost.iter().position(|(uin, _)| *uin == from);
        match known {
            Some(at) => lost[at].1 = lost[at].1.saturating_add(1),
            None if lost.len() < LOST_SENDERS => lost.push((from, 1)),
            None => lost[LOST_SENDERS - 1].1 = lost[LOST_SENDERS - 1].1.saturating_add(1),
        }
        self.change_cursor(true);
    }

    /// The messages for which there was no room, by sender.
    pub fn lost(&self) -> &[(Uin, u32)] {
        &self.cursor.lost
    }

    /// The user was told about these. Others may have been lost since.
    pub fn told_of_lost(&mut self, told: &[(Uin, u32)]) {
        for (uin, lost) in &mut self.cursor.lost {
            let told = told.iter().find(|(known, _)| known == uin);
            *lost = lost.saturating_sub(told.map_or(0, |(_, told)| *told));
        }
        self.cursor.lost.retain(|(_, lost)| *lost > 0);
        self.change_cursor(false);
    }

    /// Writes down what was taken and what has ended since the last time. To be called before
    /// [`Effects::take_changes`], each time.
    pub fn flush(&mut self, fx: &mut Effects) {
        let barrier = std::mem::take(&mut self.barrier);
        let mut write = |change| match barrier {
            true => fx.save(change),
            false => fx.note(change),
        };
        for batches in [&mut self.to_icq, &mut self.from_icq] {
            if let Some((batch, entries)) = batches.take_fresh() {
                write(Change::AddBatch { batch, entries });
            }
        }
        if std::mem::take(&mut self.cursor_changed) || self.cursor.stages != self.written {
            self.written.clone_from(&self.cursor.stages);
            write(Change::Cursor(self.cursor.clone()));
        }
        for batch in self.dropped.drain(..) {
            write(Change::DropBatch(batch));
        }
    }

    fn set_stage(&mut self, id: u64, stage: Stage, barrier: bool) {
        let stages = &mut self.cursor.stages;
        match stages.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => stages[at].1 = stage,
            Err(at) => stages.insert(at, (id, stage)),
        }
        self.barrier |= barrier;
    }

    /// Forgets the stages of the outgoing messages between two numbers: their batch is over.
    fn forget_stages(&mut self, first: u64, last: u64) {
        self.forget_stages_if(first, last, |stage| stage != Stage::Bounced);
    }

    fn forget_stages_if(&mut self, first: u64, last: u64, which: impl Fn(Stage) -> bool) {
        let stages = &mut self.cursor.stages;
        stages.retain(|(id, stage)| !((first..=last).contains(id) && which(*stage)));
    }

    fn change_cursor(&mut self, barrier: bool) {
        self.cursor_changed = true;
        self.barrier |= barrier;
    }
}

/// The batches of one direction. Their numbers are those of their first messages, so they are in order
/// and do not overlap.
#[derive(Debug, Default)]
struct Batches {
    /// In the journal.
    written: Vec<Batch>,
    /// Taken since the last flush, by number.
    fresh: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Batch {
    /// That of its first message.
    number: u64,
    /// The number of its last message.
    last: u64,
    /// How many of its messages are still needed.
    open: usize,
}

/// What became of a batch when one of its messages was closed.
enum Closed {
    /// There is no such message.
    Nothing,
    /// Others of the batch are still open.
    Entry,
    /// It was the last one.
    Batch(Batch),
}

impl Batches {
    fn fresh(&mut self, id: u64) -> Option<&mut Entry> {
        let at = self.fresh.binary_search_by_key(&id, id_of).ok()?;
        self.fresh.get_mut(at)
    }

    /// Forgets a message that was never written down. `false` if it was.
    fn forget_fresh(&mut self, id: u64) -> bool {
        let at = self.fresh.binary_search_by_key(&id, id_of);
        at.map(|at| self.fresh.remove(at)).is_ok()
    }

    /// Where the written batch is that has, or had, this message.
    fn find(&self, id: u64) -> Option<usize> {
        let behind = self.written.partition_point(|batch| batch.number <= id);
        let at = behind.checked_sub(1)?;
        (id <= self.written[at].last).then_some(at)
    }

    fn close(&mut self, id: u64) -> Closed {
        let Some(at) = self.find(id) else {
            return Closed::Nothing;
        };
        let batch = &mut self.written[at];
        batch.open -= 1;
        match batch.open {
            0 => Closed::Batch(self.written.remove(at)),
            _ => Closed::Entry,
        }
    }

    fn take_fresh(&mut self) -> Option<(u64, Vec<Entry>)> {
        let number = id_of(self.fresh.first()?);
        let entries = std::mem::take(&mut self.fresh);
        self.written.push(Batch {
            number,
            last: entries.last().map_or(number, id_of),
            open: entries.len(),
        });
        Some((number, entries))
    }
}

const fn id_of(entry: &Entry) -> u64 {
    match entry {
        Entry::ToIcq(outgoing) => outgoing.id,
        Entry::FromIcq(incoming) => incoming.id,
    }
}

/// How many numbers one write of the cursor is good for.
const NUMBERS_RESERVED: u64 = 1000;

/// How many senders of lost messages are told apart; the rest counts as the last one's.
const LOST_SENDERS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Message, Secret, UnixTime};
    use crate::store::{Mode, Registration, UserRecord};

    fn record() -> UserRecord {
        UserRecord::new(Registration {
            uin: Uin(111_111),
            password: Secret::new("secret"),
            mode: Mode::Follow,
            charset: "windows-1252".into(),
            import_contacts: false,
            registered: UnixTime(0),
            network: "icq".to_owned(),
            version: None,
        })
    }

    /// Takes a message to ICQ and says its number.
    fn take(journal: &mut Journal) -> u64 {
        let id = journal.number();
        journal.add_outgoing(Outgoing {
            id,
            stanza_id: None,
            resource: None,
            to_client: false,
            to: Uin(123_456_789),
            message: Message::Text("hi".into()),
            taken: UnixTime(0),
            left: false,
            own: false,
        });
        id
    }

    /// Writes everything down, and reads it as after a crash.
    fn write(journal: &mut Journal, record: &mut UserRecord) -> (Journal, Vec<(u64, Stage)>, bool) {
        let mut fx = Effects::new(0, 0);
        journal.flush(&mut fx);
        let changes = fx.take_changes().unwrap_or_default();
        for change in changes.list {
            *record = UserRecord::apply(Some(record.clone()), change).unwrap();
        }
        let (loaded, unfinished) = Journal::load(record.journal.clone(), record.cursor.clone());
        let stages = unfinished.outgoing.iter();
        let stages = stages
            .map(|it| (it.id, loaded.outgoing_stage(it)))
            .collect();
        (loaded, stages, changes.barrier)
    }

    #[test]
    fn after_a_crash_at_any_step_every_message_is_where_it_was() {
        let mut record = record();
        let mut journal = Journal::default();
        let (one, two, three) = (take(&mut journal), take(&mut journal), take(&mut journal));
        journal.left(one);
        let (_, stages, barrier) = write(&mut journal, &mut record);
        let expected = [
            (one, Stage::Left),
            (two, Stage::Waiting),
            (three, Stage::Waiting),
        ];
        assert_eq!((&stages[..], barrier), (&expected[..], true));

        // Leaving is written before it happens, the rest when convenient.
        journal.left(two);
        let (_, stages, barrier) = write(&mut journal, &mut record);
        assert_eq!((stages[1], barrier), ((two, Stage::Left), true));
        journal.came_back(one);
        let (_, stages, barrier) = write(&mut journal, &mut record);
        assert_eq!((stages[0], barrier), ((one, Stage::Waiting), false));
        journal.ended(two);
        let (_, stages, _) = write(&mut journal, &mut record);
        assert_eq!(stages, [(one, Stage::Waiting), (three, Stage::Waiting)]);
        journal.failed(three, Failure::NotConnected);
        let (mut journal, stages, barrier) = write(&mut journal, &mut record);
        let failed = (three, Stage::Failed(Failure::NotConnected));
        assert_eq!(
            (stages, barrier),
            (vec![(one, Stage::Waiting), failed], true)
        );

        // The rest ends in another run.
        journal.ended(one);
        journal.ended(three);
        let (_, stages, barrier) = write(&mut journal, &mut record);
        assert_eq!((stages, barrier), (Vec::new(), false));
        assert!(record.journal.is_empty() && record.cursor.stages.is_empty());
    }

    #[test]
    fn what_ends_before_it_is_written_is_never_written() {
        let mut record = record();
        let mut journal = Journal::default();
        let id = take(&mut journal);
        journal.failed(id, Failure::TooSlow);
        journal.ended(id);

        let (_, stages, _) = write(&mut journal, &mut record);

        assert!(stages.is_empty() && record.journal.is_empty());
        assert!(record.cursor.stages.is_empty());
    }

    #[test]
    fn numbers_go_on_after_a_restart_even_if_nothing_is_left() {
        let mut record = record();
        let mut journal = Journal::default();
        let mut last = 0;
        for _ in 0..2500 {
            let id = take(&mut journal);
            assert!(id > last);
            last = id;
            write(&mut journal, &mut record);
            journal.ended(id);
        }
        let (mut journal, ..) = write(&mut journal, &mut record);

        assert!(record.journal.is_empty());
        assert!(journal.number() > last);
    }

    #[test]
    fn whatever_is_on_disk_can_be_loaded() {
        let cursor = Cursor {
            last_id: 3,
            shown: 9,
            stages: vec![(1, Stage::Ended), (7, Stage::Left), (900, Stage::Bounced)],
            lost: Vec::new(),
        };
        let entry = |id| {
            Entry::ToIcq(Outgoing {
                id,
                stanza_id: None,
                resource: None,
                to_client: false,
                to: Uin(1),
                message: Message::AuthorisationGranted,
                taken: UnixTime(0),
                left: false,
                own: true,
            })
        };
        let batches = BTreeMap::from([(1, vec![entry(1)]), (5, Vec::new()), (6, vec![entry(7)])]);

        let (mut journal, unfinished) = Journal::load(batches, cursor);

        assert_eq!(unfinished.outgoing.len(), 1);
        assert_eq!(journal.number(), 8);
        // Batches in which nothing is open, and stages of nothing, are cleared away.
        let mut fx = Effects::new(0, 0);
        journal.flush(&mut fx);
        let changes = fx.take_changes().unwrap().list;
        assert!(changes.contains(&Change::DropBatch(1)) && changes.contains(&Change::DropBatch(5)));
        let stages = changes.iter().find_map(|change| match change {
            Change::Cursor(cursor) => Some(&cursor.stages[..]),
            _ => None,
        });
        assert_eq!(stages, Some(&[(7, Stage::Left)][..]));
    }
}
