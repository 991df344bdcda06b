//! The tasks of the users: started, fed, and started again when one dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinError, JoinSet};
use xmpp_parsers::jid::BareJid;

use super::inbox::{Inbox, Item, LinkNumber};
use super::user_task::{FromUser, Return, UserTask, World};
use crate::gateway::{User, UserInput};
use crate::xmpp::Stanza;

/// The tasks of the users.
///
/// A task that panics takes nobody along: it is started anew from what the store knows, and what
/// waits for it meanwhile is kept.
pub(super) struct Users {
    world: World,
    places: BTreeMap<Arc<BareJid>, Place>,
    tasks: JoinSet<Return>,
    jids: BTreeMap<Id, Arc<BareJid>>,
}

/// A user's place among them.
#[derive(Default)]
struct Place {
    inbox: Arc<Inbox>,
    /// Few have any.
    crashes: Option<Box<Crashes>>,
}

impl Users {
    pub(super) const fn new(world: World, tasks: JoinSet<Return>) -> Self {
        Self {
            world,
            places: BTreeMap::new(),
            tasks,
            jids: BTreeMap::new(),
        }
    }

    /// Starts a task for `user`. If the one before it died, what waited for it is given back.
    pub(super) fn start(&mut self, jid: BareJid, user: Box<User>, link: LinkNumber) -> Vec<Stanza> {
        let earlier = self.places.remove(&jid);
        let left = earlier.as_ref().map(|place| stanzas(&place.inbox));
        let place = Place {
            inbox: Arc::default(),
            crashes: earlier.and_then(|place| place.crashes),
        };
        let (name, inbox) = (Arc::new(jid), place.inbox.clone());
        let task = UserTask::new(user, name.clone(), inbox, self.world.clone(), link);
        let id = self.tasks.spawn(task.run()).id();
        self.jids.insert(id, name.clone());
        self.places.insert(name, place);
        left.unwrap_or_default()
    }

    /// Gives something to a user's task. A stanza that finds no room comes back.
    pub(super) fn deliver(
        &self,
        jid: &BareJid,
        input: UserInput,
        link: LinkNumber,
    ) -> Result<(), Stanza> {
        let Some(place) = self.places.get(jid) else {
            return match input {
                UserInput::Stanza(stanza) => Err(stanza),
                _ => Ok(()),
            };
        };
        match input {
            UserInput::Stanza(stanza) => return place.inbox.push_stanza(stanza),
            UserInput::LinkUp(_) => place.inbox.push(Item::LinkUp(input, link)),
            UserInput::LinkDown
            | UserInput::Privileges(_)
            | UserInput::Confirmed(_)
            | UserInput::LoginGranted
            | UserInput::Connected { .. }
            | UserInput::ConnectFailed(_)
            | UserInput::BadAnswer(_)
            | UserInput::Shutdown => place.inbox.push(Item::Input(input)),
        }
        Ok(())
    }

    /// A user's task has said its last word; what it did not read is given back.
    pub(super) fn remove(&mut self, jid: &BareJid) -> Vec<Stanza> {
        let place = self.places.remove(jid);
        place.map_or_else(Vec::new, |place| stanzas(&place.inbox))
    }

    /// Waits for a task to end, and sees to it that one that died lives again. Cancel safe.
    pub(super) async fn tend(&mut self) {
        let (id, why) = match self.tasks.join_next_with_id().await {
            Some(Ok((id, Return::Abandoned))) => (id, "the store gives no answer".to_owned()),
            Some(Ok((id, Return::Ended))) => {
                self.jids.remove(&id);
                return;
            }
            Some(Err(error)) => (error.id(), reason(error)),
            None => return std::future::pending().await,
        };
        let Some(jid) = self.jids.remove(&id) else {
            return;
        };
        // One that said goodbye has no place any more, or its next task has.
        let known = self.places.get_key_value(&*jid);
        let is_its = known.is_some_and(|(known, _)| Arc::ptr_eq(known, &jid));
        if is_its && let Some(place) = self.places.get_mut(&*jid) {
            let crashes = place.crashes.get_or_insert_default();
            let after = crashes.handle_crash(Instant::now());
            tracing::error!(%jid, why, after = after.as_secs(), "a user's task died and starts again");
            tokio::spawn(reload(self.world.clone(), jid, after));
        }
    }
}

/// Asks the store what a new task should know.
async fn reload(world: World, jid: Arc<BareJid>, mut after: Duration) {
    loop {
        tokio::time::sleep(after).await;
        if let Ok(record) = world.store.load(BareJid::clone(&jid)).await {
            let reloaded = FromUser::Reloaded(jid, record.map(Box::new));
            // Nobody listens any more when the program ends.
            let _ = world.outbox.send(reloaded).await;
            return;
        }
        after = LONGEST_PAUSE;
    }
}

/// How often a user's task died of late.
#[derive(Debug, Default)]
struct Crashes {
    count: u32,
    last: Option<Instant>,
}

impl Crashes {
    /// How long to wait before the next start.
    fn handle_crash(&mut self, now: Instant) -> Duration {
        if self.last.is_some_and(|last| now - last >= FORGIVEN_AFTER) {
            self.count = 0;
        }
        self.last = Some(now);
        self.count += 1;
        let exponent = self.count.saturating_sub(1).min(16);
        Duration::from_secs(1 << exponent).min(LONGEST_PAUSE)
    }
}

fn stanzas(inbox: &Inbox) -> Vec<Stanza> {
    std::iter::from_fn(|| inbox.pop())
        .filter_map(|item| match item {
            Item::Input(UserInput::Stanza(stanza)) => Some(stanza),
            Item::Input(_) | Item::LinkUp(..) | Item::Opened(..) => None,
        })
        .collect()
}

fn reason(error: JoinError) -> String {
    let panic = match error.try_into_panic() {
        Ok(panic) => panic,
        Err(error) => return error.to_string(),
    };
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "panic".to_owned(),
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(300);
const FORGIVEN_AFTER: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use tokio::sync::mpsc;
    use xmpp_parsers::jid::Jid;
    use xmpp_parsers::message::Message;

    use super::super::clock::now;
    use super::super::links::Networks;
    use super::super::store_thread;
    use super::*;
    use crate::gateway::{Seat, Settings, Shared};
    use crate::model::{Secret, Uin};
    use crate::store::{Change, Key, Mode, Registration, Store};

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_and_what_waited_for_it_is_kept() {
        let (_folder, mut users, mut from_users) = users();
        let name = Arc::new(romeo());
        let id = users.tasks.spawn(async { panic!("poison") }).id();
        users.jids.insert(id, name.clone());
        users.places.insert(name, Place::default());

        users.tend().await;
        let input = UserInput::Stanza(stanza());
        let delivered = users.deliver(&romeo(), input, LinkNumber(1));
        let Some(FromUser::Reloaded(jid, Some(record))) = from_users.recv().await else {
            panic!("the store does not know Romeo");
        };
        let user = Box::new(User::load(now(), seat(), *record));
        let left = users.start(romeo(), user, LinkNumber(1));

        assert_eq!(delivered, Ok(()));
        assert_eq!(*jid, romeo());
        assert_eq!(left, [stanza()]);
        let input = UserInput::Stanza(stanza());
        assert_eq!(users.deliver(&romeo(), input, LinkNumber(1)), Ok(()));
    }

    #[tokio::test]
    async fn a_task_is_small_beside_its_user() {
        let (_folder, users, _from_users) = users();
        let jid = Arc::new(romeo());
        let record = users.world.store.load(romeo()).await.unwrap().unwrap();
        let user = Box::new(User::load(now(), seat(), record));

        let task = UserTask::new(
            user,
            jid,
            Arc::default(),
            users.world.clone(),
            LinkNumber(1),
        );

        let bytes = size_of_val(&task.run());
        assert!(bytes < 640, "{bytes} bytes");
    }

    #[tokio::test]
    async fn what_nobody_can_take_comes_back() {
        let (_folder, users, _from_users) = users();

        let input = UserInput::Stanza(stanza());

        assert_eq!(users.deliver(&romeo(), input, LinkNumber(1)), Err(stanza()));
        let word = users.deliver(&romeo(), UserInput::Shutdown, LinkNumber(1));
        assert_eq!(word, Ok(()));
    }

    #[test]
    fn a_task_that_dies_often_starts_ever_later() {
        let mut now = Instant::now();
        let mut crashes = Crashes::default();
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let pause = crashes.handle_crash(now);
            pauses.push(pause.as_secs());
            now += pause;
        }

        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        now += Duration::from_secs(3600);
        assert_eq!(crashes.handle_crash(now), Duration::from_secs(1));
    }

    fn users() -> (TempDir, Users, mpsc::Receiver<FromUser>) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), Key::in_memory([7; 32])).unwrap();
        let registration = Registration {
            uin: Uin(100_001),
            password: Secret::new("secret"),
            mode: Mode::Manual,
            charset: "windows-1252".to_owned(),
            import_contacts: false,
            registered: now().unix,
            network: "icq".to_owned(),
            version: None,
        };
        let changes = vec![Change::Registration(Box::new(registration))];
        store.apply(&[(romeo(), changes)]).unwrap();
        let (store, _thread) = store_thread::spawn(store).unwrap();
        let (outbox, from_users) = mpsc::channel(8);
        let networks = Arc::new(Networks::new(&[], &[]));
        let world = World {
            outbox,
            store,
            networks,
        };
        (folder, Users::new(world, JoinSet::new()), from_users)
    }

    fn seat() -> Seat {
        let settings = Settings::new("icq.example.org".parse().unwrap());
        Seat {
            shared: Arc::new(Shared::new(settings, now())),
            jid: romeo(),
            run: 1,
            task: 1,
            seed: 1,
        }
    }

    fn romeo() -> BareJid {
        BareJid::new("romeo@example.org").unwrap()
    }

    fn stanza() -> Stanza {
        Stanza::Message(Box::new(Message::new(Jid::from(romeo()))))
    }
}
