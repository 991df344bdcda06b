//! The thread that owns the store: its calls block, and one flush serves everybody who waits.

use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout_at};
use xmpp_parsers::jid::BareJid;

use crate::store::{Change, Error, Statistics, Store, UserRecord};

/// Asks the store's thread. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct StoreHandle {
    requests: mpsc::Sender<Request>,
}

/// The store's thread, to be waited for at the end.
#[derive(Debug)]
pub(super) struct StoreThread {
    ended: oneshot::Receiver<Result<(), Error>>,
}

/// There is no answer: the store has failed and the program is about to end, or what is kept about
/// this user cannot be read. The log says which.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the store gives no answer")]
pub(super) struct Gone;

#[derive(Debug)]
enum Request {
    Write {
        jid: BareJid,
        changes: Vec<Change>,
        done: Option<Done>,
    },
    Load {
        jid: BareJid,
        answer: oneshot::Sender<Option<UserRecord>>,
    },
    Statistics(oneshot::Sender<Statistics>),
    Close,
}

/// Answered when a change is durable.
type Done = oneshot::Sender<()>;

/// Moves `store` to a thread of its own, within a runtime.
pub(super) fn spawn(store: Store) -> std::io::Result<(StoreHandle, StoreThread)> {
    let (requests, receiver) = mpsc::channel(QUEUE);
    let (sender, ended) = oneshot::channel();
    let (flushed, to_tell) = mpsc::unbounded_channel();
    tokio::spawn(tell(to_tell));
    // A runtime of its own, for nothing but its timer: the thread outlives tasks, not the reverse.
    let timer = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || sender.send(timer.block_on(serve(store, receiver, flushed))))?;
    Ok((StoreHandle { requests }, StoreThread { ended }))
}

impl StoreHandle {
    /// Writes changes and waits until they are durable.
    pub(super) async fn save(&self, jid: BareJid, changes: Vec<Change>) -> Result<(), Gone> {
        let (done, durable) = oneshot::channel();
        let done = Some(done);
        self.ask(Request::Write { jid, changes, done }).await?;
        durable.await.map_err(|_| Gone)
    }

    /// Writes changes, soon.
    pub(super) async fn note(&self, jid: BareJid, changes: Vec<Change>) -> Result<(), Gone> {
        let done = None;
        self.ask(Request::Write { jid, changes, done }).await
    }

    /// What is kept about a user, after everything that was asked to be written before.
    pub(super) async fn load(&self, jid: BareJid) -> Result<Option<UserRecord>, Gone> {
        let (answer, record) = oneshot::channel();
        self.ask(Request::Load { jid, answer }).await?;
        record.await.map_err(|_| Gone)
    }

    /// What the store has to tell the operator.
    pub(super) async fn statistics(&self) -> Result<Statistics, Gone> {
        let (answer, statistics) = oneshot::channel();
        self.ask(Request::Statistics(answer)).await?;
        statistics.await.map_err(|_| Gone)
    }

    /// Ends the store in order. Whatever was written before is safe.
    pub(super) async fn close(&self) -> Result<(), Gone> {
        self.ask(Request::Close).await
    }

    /// Whoever asks seldom has to wait, so the room that waiting takes is not kept for it.
    async fn ask(&self, request: Request) -> Result<(), Gone> {
        match self.requests.try_send(request) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(Gone),
            Err(TrySendError::Full(request)) => Box::pin(self.requests.send(request))
                .await
                .map_err(|_| Gone),
        }
    }
}

impl StoreThread {
    /// Waits until the store has ended: in order, or because it failed.
    pub(super) async fn ended(&mut self) -> Result<(), Error> {
        // The thread does not panic: the store catches what sled throws.
        (&mut self.ended).await.unwrap_or(Ok(()))
    }
}

impl Request {
    /// Somebody waits for it.
    const fn is_urgent(&self) -> bool {
        !matches!(self, Self::Write { done: None, .. })
    }
}

/// Serves until asked to close, until nobody is left to ask, or until the store fails: after that
/// nothing may be promised.
async fn serve(
    mut store: Store,
    mut requests: mpsc::Receiver<Request>,
    to_tell: mpsc::UnboundedSender<Vec<Done>>,
) -> Result<(), Error> {
    let mut group = Vec::new();
    let mut turn = Instant::now();
    while requests.recv_many(&mut group, GROUP).await > 0 {
        gather(&mut requests, &mut group, turn).await;
        let mut writes = Writes::new(to_tell.clone());
        for request in group.drain(..) {
            match request {
                Request::Write { jid, changes, done } => writes.add(jid, changes, done),
                Request::Load { jid, answer } => {
                    writes.apply(&mut store)?;
                    match store.load(&jid) {
                        // Whoever asked may be gone.
                        Ok(record) => drop(answer.send(record)),
                        Err(error) => survive(&store, &jid, error)?,
                    }
                }
                Request::Statistics(answer) => {
                    let _ = answer.send(store.statistics()?);
                }
                Request::Close => {
                    writes.apply(&mut store)?;
                    return store.close();
                }
            }
        }
        if !writes.changes.is_empty() {
            let company = u32::try_from(writes.waiting.len()).unwrap_or(u32::MAX);
            writes.apply(&mut store)?;
            turn = Instant::now() + SPACING_EACH.saturating_mul(company).min(SPACING);
        }
    }
    store.close()
}

/// Waits for more that can share a flush: until `turn` if somebody waits for one in the group, for a
/// while longer if nobody does.
async fn gather(requests: &mut mpsc::Receiver<Request>, group: &mut Vec<Request>, turn: Instant) {
    let end = turn.max(Instant::now() + LINGER);
    let mut seen = 0;
    while group.len() < GROUP {
        if group[seen..].iter().any(Request::is_urgent) {
            // Asleep, it is not woken for each that comes.
            sleep_until(turn).await;
            let more = std::iter::from_fn(|| requests.try_recv().ok());
            group.extend(more.take(GROUP.saturating_sub(group.len())));
            return;
        }
        seen = group.len();
        let more = requests.recv_many(group, GROUP - seen);
        if !matches!(timeout_at(end, more).await, Ok(1..)) {
            return;
        }
    }
}

/// Tells those who waited, on their own side: they are woken together and not one by one across.
async fn tell(mut flushed: mpsc::UnboundedReceiver<Vec<Done>>) {
    while let Some(done) = flushed.recv().await {
        for done in done {
            // Whoever waited may be gone.
            let _ = done.send(());
        }
    }
}

/// What is written with one flush.
struct Writes {
    changes: Vec<(BareJid, Vec<Change>)>,
    /// Whoever waits for a change.
    waiting: Vec<Option<Done>>,
    to_tell: mpsc::UnboundedSender<Vec<Done>>,
}

impl Writes {
    const fn new(to_tell: mpsc::UnboundedSender<Vec<Done>>) -> Self {
        Self {
            changes: Vec::new(),
            waiting: Vec::new(),
            to_tell,
        }
    }

    fn add(&mut self, jid: BareJid, changes: Vec<Change>, done: Option<Done>) {
        self.changes.push((jid, changes));
        self.waiting.push(done);
    }

    fn apply(&mut self, store: &mut Store) -> Result<(), Error> {
        let changes = std::mem::take(&mut self.changes);
        let waiting = std::mem::take(&mut self.waiting);
        if let Err(error) = store.apply(&changes) {
            if store.broken().is_some() {
                return Err(error);
            }
            return apply_each(store, &changes, waiting);
        }
        let done: Vec<Done> = waiting.into_iter().flatten().collect();
        if !done.is_empty() {
            // If its runtime is gone, nobody waits.
            let _ = self.to_tell.send(done);
        }
        Ok(())
    }
}

/// Applies changes one user at a time, so that one whose record cannot be read stops nobody else.
fn apply_each(
    store: &mut Store,
    changes: &[(BareJid, Vec<Change>)],
    waiting: Vec<Option<Done>>,
) -> Result<(), Error> {
    for (change, done) in changes.iter().zip(waiting) {
        match store.apply(std::slice::from_ref(change)) {
            Ok(()) => drop(done.map(|done| done.send(()))),
            Err(error) => survive(store, &change.0, error)?,
        }
    }
    Ok(())
}

/// Tells of an error that concerns one user; one that concerns all ends the thread.
fn survive(store: &Store, jid: &BareJid, error: Error) -> Result<(), Error> {
    if store.broken().is_some() {
        return Err(error);
    }
    tracing::error!(%jid, "what is kept about a user is out of reach: {error}");
    Ok(())
}

/// Requests that may wait before whoever asks has to.
const QUEUE: usize = 1024;

/// Requests that are served with one flush.
const GROUP: usize = 256;

/// From one flush to the next, for each request that the one served, and at most. What comes alone is
/// written at once, for each moment until then is one that a kill may strike; what comes thick and fast
/// is written together, for a flush costs as much as the rest of what is done for ten messages.
const SPACING_EACH: Duration = Duration::from_millis(1);
const SPACING: Duration = Duration::from_millis(10);

/// How long a change that nobody waits for may stay unwritten.
const LINGER: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::model::{Secret, Uin, UnixTime};
    use crate::store::{Cursor, Key, Mode, Registration};

    #[tokio::test]
    async fn writers_who_come_together_share_one_flush() {
        let (_folder, store) = store();
        let (handle, mut thread) = spawn(store).unwrap();
        let before = handle.statistics().await.unwrap().flushes;

        // On this runtime of one thread, all of them are in the queue before the first is answered.
        let writers: Vec<_> = (0..200)
            .map(|n| {
                let handle = handle.clone();
                tokio::spawn(async move { handle.save(user(n), register()).await })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap().unwrap();
        }

        let statistics = handle.statistics().await.unwrap();
        assert_eq!(statistics.users, 200);
        let flushes = statistics.flushes - before;
        assert!((1..20).contains(&flushes), "{flushes} flushes");
        handle.close().await.unwrap();
        assert_eq!(thread.ended().await, Ok(()));
    }

    #[tokio::test]
    async fn notes_wait_for_a_write_that_is_waited_for() {
        let (_folder, store) = store();
        let (handle, _thread) = spawn(store).unwrap();
        handle.save(user(1), register()).await.unwrap();
        let before = handle.statistics().await.unwrap().flushes;

        for last_id in 0..10 {
            handle.note(user(1), cursor(last_id)).await.unwrap();
        }
        handle.save(user(2), register()).await.unwrap();

        // On a busy machine the notes may have been written before.
        let flushes = handle.statistics().await.unwrap().flushes - before;
        assert!((1..=2).contains(&flushes), "{flushes} flushes");
        let record = handle.load(user(1)).await.unwrap().unwrap();
        assert_eq!(record.cursor.last_id, 9);
    }

    #[tokio::test]
    async fn a_note_is_written_although_nobody_waits() {
        let (folder, store) = store();
        let (handle, mut thread) = spawn(store).unwrap();
        handle.save(user(1), register()).await.unwrap();

        handle.note(user(1), cursor(7)).await.unwrap();
        drop(handle);

        assert_eq!(thread.ended().await, Ok(()));
        let store = Store::open(folder.path(), key()).unwrap();
        let record = store.load(&user(1)).unwrap().unwrap();
        assert_eq!(record.cursor.last_id, 7);
    }

    #[tokio::test]
    async fn a_broken_store_ends_the_thread_and_answers_nobody() {
        let (folder, mut store) = store();
        store.apply(&[(user(1), register())]).unwrap();
        drop(store);
        let store = Store::open(folder.path(), key()).unwrap();
        // What sled is about to read is gone.
        let file = folder.path().join("db");
        let length = std::fs::metadata(&file).unwrap().len();
        std::fs::write(&file, vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
        let (handle, mut thread) = spawn(store).unwrap();

        let answer = handle.load(user(1)).await;

        assert_eq!(answer, Err(Gone));
        assert!(matches!(thread.ended().await, Err(Error::Damaged { .. })));
        assert_eq!(handle.save(user(2), register()).await, Err(Gone));
    }

    fn store() -> (TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), key()).unwrap();
        (folder, store)
    }

    fn key() -> Key {
        Key::in_memory([7; 32])
    }

    fn user(number: u32) -> BareJid {
        BareJid::new(&format!("user{number}@example.org")).unwrap()
    }

    fn register() -> Vec<Change> {
        vec![Change::Registration(Box::new(Registration {
            uin: Uin(10_001),
            password: Secret::new("hunter2"),
            mode: Mode::Follow,
            charset: "windows-1251".into(),
            import_contacts: true,
            registered: UnixTime(0),
            network: "icq".to_owned(),
            version: None,
        }))]
    }

    fn cursor(last_id: u64) -> Vec<Change> {
        vec![Change::Cursor(Cursor {
            last_id,
            ..Cursor::default()
        })]
    }
}
