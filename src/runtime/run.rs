//! The gateway as a running program.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};

use super::admin::{Admin, Status, Users};
use super::store_thread::{self, StoreHandle};
use crate::config::Config;
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
    let socket = &config.admin_socket;
    let admin = Admin::bind(socket)
        .await
        .map_err(|error| Error::AdminSocket {
            path: socket.clone(),
            reason: error.to_string(),
        })?;
    let refused = |what| {
        move |error: io::Error| Error::System {
            what,
            reason: error.to_string(),
        }
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(refused("a signal"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused("a signal"))?;
    let (store, mut store_thread) = store_thread::spawn(store).map_err(refused("a thread"))?;

    let started = Instant::now();
    let config = Arc::new(config);
    let asked = (Arc::clone(&config), store.clone());
    let admin =
        tokio::spawn(admin.serve(move || status(asked.0.clone(), asked.1.clone(), started)));
    tracing::info!(domain = %config.settings.domain, "the gateway runs");

    let failed = tokio::select! {
        result = store_thread.ended() => Some(result),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    admin.abort();
    if let Some(result) = failed {
        return Ok(result?);
    }
    tracing::info!("the gateway ends");
    // If the store has failed meanwhile, its thread says why.
    let _ = store.close().await;
    Ok(store_thread.ended().await?)
}

/// How the gateway is, for the operator.
async fn status(config: Arc<Config>, store: StoreHandle, started: Instant) -> Status {
    let statistics = store.statistics().await.unwrap_or_default();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocols: vec!["V5".to_owned()],
        uptime_seconds: started.elapsed().as_secs(),
        domain: config.settings.domain.as_str().to_owned(),
        xmpp_server: address(&config.xmpp.host, config.xmpp.port),
        icq_server: address(&config.icq.host, config.icq.port),
        users: Users {
            registered: u64::try_from(statistics.users).unwrap_or(u64::MAX),
            by_state: BTreeMap::new(),
        },
        store: statistics,
        ..Status::default()
    }
}

/// Host and port as they are written together; an IPv6 address between brackets.
fn address(host: &str, port: u16) -> String {
    if host.contains(':') {
        return format!("[{host}]:{port}");
    }
    format!("{host}:{port}")
}
