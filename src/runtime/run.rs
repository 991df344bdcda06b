//! The gateway as a running program.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::admin::{self, Admin, Status};
use super::clock::now;
use super::component::{Endpoint, Limits};
use super::component_link::ComponentLink;
use super::gateway_task::{Answer, GatewayTask, Question};
use super::links::{self, Networks};
use super::stop::Stop;
use super::store_thread::{self, StoreHandle};
use super::user_task::World;
use super::users::Users;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::store::{self, Store};

/// Why the gateway does not start, or ends although nobody asked it to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The store has failed; nothing may be promised any more.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The operator's socket cannot be opened.
    #[error("cannot open the operator's socket {}: {reason}", path.display())]
    AdminSocket {
        /// Where it should be.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The system refuses a thread or a signal.
    #[error("the system refuses {what}: {reason}")]
    System {
        /// What.
        what: &'static str,
        /// What it says.
        reason: String,
    },
}

/// Runs the gateway until the process is asked to end, by SIGTERM or SIGINT, or until the store
/// fails.
pub async fn run(config: Config, store: Store) -> Result<(), Error> {
    let stop = Stop::on_signals().map_err(refused("a signal"))?;
    run_until(stop, config, store).await
}

/// Runs the gateway until `stop`, or until the store fails.
pub async fn run_until(stop: Stop, config: Config, store: Store) -> Result<(), Error> {
    let gateway = load(&config, &store)?;
    let socket = &config.admin_socket;
    let admin = Admin::bind(socket).await;
    let admin = admin.map_err(|error| Error::AdminSocket {
        path: socket.clone(),
        reason: error.to_string(),
    })?;
    let (store, mut store_thread) = store_thread::spawn(store).map_err(refused("a thread"))?;
    let (outbox, from_users) = mpsc::channel(OUTBOX);
    let (questions, receiver) = mpsc::channel(QUESTIONS);
    let desk = Desk::new(&config, questions, store.clone());
    let admin = tokio::spawn(admin.serve(move || desk.clone().status()));
    let networks = Networks::new(&config.settings.networks, &config.source_addresses);
    let world = World {
        outbox,
        store: store.clone(),
        networks: Arc::new(networks),
    };
    let task = GatewayTask {
        gateway,
        link: ComponentLink::new(endpoint(&config), Instant::now()),
        users: Users::new(world, JoinSet::new()),
        from_users,
        questions: receiver,
    };
    tracing::info!(domain = %config.settings.domain, "the gateway runs");
    let ended = task.run(stop, &mut store_thread).await;
    admin.abort();
    ended?;
    tracing::info!("the gateway ends");
    // If the store has failed meanwhile, its thread says why.
    let _ = store.close().await;
    Ok(store_thread.ended().await?)
}

/// The gateway with everybody who is registered.
fn load(config: &Config, store: &Store) -> Result<Gateway, store::Error> {
    let now = now();
    let (run, seed) = (rand::random(), rand::random());
    let mut gateway = Gateway::new(now, config.settings.clone(), run, seed);
    let users = store.users()?;
    tell_worries(config, users.len());
    for jid in users {
        match store.load(&jid) {
            Ok(Some(record)) => gateway.load(now, jid, record),
            Ok(None) => {}
            Err(error) if store.broken().is_some() => return Err(error),
            Err(error) => {
                tracing::error!(%jid, "what is kept about a user is out of reach: {error}");
            }
        }
    }
    Ok(gateway)
}

/// Says what the system allows too little of.
fn tell_worries(config: &Config, users: usize) {
    // What cannot be read gives no reason to worry.
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let limits = read("/proc/self/limits");
    let ports = read("/proc/sys/net/ipv4/ip_local_port_range");
    let sources = config.source_addresses.len();
    for worry in links::too_small(users, sources, &limits, &ports) {
        tracing::warn!("{worry}");
    }
}

fn endpoint(config: &Config) -> Endpoint {
    Endpoint {
        host: config.xmpp.host.clone(),
        port: config.xmpp.port,
        domain: config.settings.domain.to_string(),
        secret: config.xmpp.secret.clone(),
        limits: Limits::default(),
        max_stanza: MAX_STANZA,
    }
}

/// Where the operator's questions are answered.
#[derive(Clone)]
struct Desk {
    /// What does not change.
    constant: Arc<Status>,
    started: Instant,
    questions: mpsc::Sender<Question>,
    store: StoreHandle,
}

impl Desk {
    fn new(config: &Config, questions: mpsc::Sender<Question>, store: StoreHandle) -> Self {
        let networks = config.settings.networks.iter();
        let mut protocols: Vec<_> = networks.clone().flat_map(|it| &it.versions).collect();
        protocols.sort_unstable();
        protocols.dedup();
        let networks = networks.map(|network| admin::Network {
            name: network.name.clone(),
            server: address(&network.host, network.port),
            by_version: BTreeMap::new(),
        });
        let constant = Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocols: protocols.iter().map(ToString::to_string).collect(),
            domain: config.settings.domain.to_string(),
            xmpp_server: address(&config.xmpp.host, config.xmpp.port),
            networks: networks.collect(),
            ..Status::default()
        };
        Self {
            constant: Arc::new(constant),
            started: Instant::now(),
            questions,
            store,
        }
    }

    async fn status(self) -> Status {
        let mut status = Status::clone(&self.constant);
        status.uptime_seconds = self.started.elapsed().as_secs();
        status.store = self.store.statistics().await.unwrap_or_default();
        let (question, answer) = oneshot::channel();
        if self.questions.send(question).await.is_ok()
            && let Ok(answer) = answer.await
        {
            put(answer, &mut status);
        }
        status
    }
}

fn put(answer: Answer, status: &mut Status) {
    let Answer {
        link,
        users,
        versions,
    } = answer;
    status.link = match link.up {
        true => admin::Link::Up,
        false => admin::Link::Down,
    };
    status.link_seconds = link.since.elapsed().as_secs();
    status.link_problem = link.problem.map(str::to_owned);
    for (state, count) in users {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        status.users.registered += count;
        status.users.by_state.insert(state.to_owned(), count);
    }
    for ((name, version), count) in versions {
        let mut networks = status.networks.iter_mut();
        if let Some(network) = networks.find(|network| network.name == name) {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            network.by_version.insert(version.to_string(), count);
        }
    }
}

/// Host and port as they are written together; an IPv6 address between brackets.
fn address(host: &str, port: u16) -> String {
    if host.contains(':') {
        return format!("[{host}]:{port}");
    }
    format!("{host}:{port}")
}

fn refused(what: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::System {
        what,
        reason: error.to_string(),
    }
}

/// Servers end the stream at 512 KiB (xmpp-gateway.md §3.7).
const MAX_STANZA: usize = 256 * 1024;

/// What users have for the gateway and it has not taken yet.
const OUTBOX: usize = 4096;

const QUESTIONS: usize = 16;
