//! The thread that owns the store: its calls block, and one flush serves everybody who waits.

use std::thread;

use tokio::sync::{mpsc, oneshot};
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

/// The store is gone: it has failed, and the program is about to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the store has ended")]
pub(super) struct Gone;

#[derive(Debug)]
enum Request {
    Write {
        jid: BareJid,
        changes: Vec<Change>,
        done: Option<oneshot::Sender<()>>,
    },
    Load {
        jid: BareJid,
        answer: oneshot::Sender<Option<UserRecord>>,
    },
    Statistics(oneshot::Sender<Statistics>),
    Close,
}

/// Moves `store` to a thread of its own.
pub(super) fn spawn(store: Store) -> std::io::Result<(StoreHandle, StoreThread)> {
    let (requests, receiver) = mpsc::channel(QUEUE);
    let (sender, ended) = oneshot::channel();
    thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || sender.send(serve(store, receiver)))?;
    Ok((StoreHandle { requests }, StoreThread { ended }))
}

impl StoreHandle {
    /// Writes changes and waits until they are durable.
    pub(super) async fn save(&self, jid: BareJid, changes: Vec<Change>) -> Result<(), Gone> {
        let (done, durable) = oneshot::channel();
        self.write(jid, changes, Some(done)).await?;
        durable.await.map_err(|_| Gone)
    }

    /// Writes changes, soon.
    pub(super) async fn note(&self, jid: BareJid, changes: Vec<Change>) -> Result<(), Gone> {
        self.write(jid, changes, None).await
    }

    /// What is kept about a user.
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

    async fn write(
        &self,
        jid: BareJid,
        changes: Vec<Change>,
        done: Option<oneshot::Sender<()>>,
    ) -> Result<(), Gone> {
        self.ask(Request::Write { jid, changes, done }).await
    }

    async fn ask(&self, request: Request) -> Result<(), Gone> {
        self.requests.send(request).await.map_err(|_| Gone)
    }
}

impl StoreThread {
    /// Waits until the store has ended, by [`StoreHandle::close`] or because it failed.
    pub(super) async fn ended(&mut self) -> Result<(), Error> {
        match (&mut self.ended).await {
            Ok(result) => result,
            // It cannot panic: the store catches what sled throws.
            Err(_) => Ok(()),
        }
    }
}

/// Serves until asked to close, or until the store fails: after that nothing may be promised.
fn serve(mut store: Store, mut requests: mpsc::Receiver<Request>) -> Result<(), Error> {
    let mut batch = Vec::new();
    while requests.blocking_recv_many(&mut batch, BATCH) > 0 {
        let mut writes = Writes::default();
        for request in batch.drain(..) {
            match request {
                Request::Write { jid, changes, done } => writes.add(jid, changes, done),
                Request::Load { jid, answer } => {
                    writes.apply(&mut store)?;
                    // Whoever asked may be gone.
                    let _ = answer.send(store.load(&jid)?);
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
        writes.apply(&mut store)?;
    }
    store.close()
}

/// What is written with one flush.
#[derive(Default)]
struct Writes {
    changes: Vec<(BareJid, Vec<Change>)>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Writes {
    fn add(&mut self, jid: BareJid, changes: Vec<Change>, done: Option<oneshot::Sender<()>>) {
        self.changes.push((jid, changes));
        self.waiting.extend(done);
    }

    fn apply(&mut self, store: &mut Store) -> Result<(), Error> {
        if !self.changes.is_empty() {
            store.apply(&std::mem::take(&mut self.changes))?;
        }
        for done in self.waiting.drain(..) {
            let _ = done.send(());
        }
        Ok(())
    }
}

/// Requests that may wait before whoever asks has to.
const QUEUE: usize = 1024;

/// Requests that are served with one flush.
const BATCH: usize = 256;
