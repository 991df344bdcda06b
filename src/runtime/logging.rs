//! What the program says while it runs: lines on standard error, for people or for programs.

use std::io::{self, IsTerminal as _};
use std::panic;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use crate::config::{Log, LogFormat};
use crate::store;

/// Starts logging as `log` says. Panics are logged from now on, too.
///
/// Does nothing if somebody else in this process, a test perhaps, has begun to log before.
pub fn start(log: &Log) {
    // `config` has parsed it before.
    let filter = EnvFilter::builder().parse_lossy(&log.filter);
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let lines = match log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(may_be_said))
        .with(lines)
        .try_init();
    if started.is_ok() {
        panic::set_hook(Box::new(say_panic));
    }
}

/// At its finest level tokio-xmpp says every stanza, the passwords of registrations included
/// (rust-stack.md §2): that level stays shut, whatever the filter says.
fn may_be_said(metadata: &Metadata<'_>) -> bool {
    *metadata.level() != Level::TRACE || !metadata.target().starts_with("tokio_xmpp")
}

fn say_panic(panic: &panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let what = panic.payload_as_str().unwrap_or_default();
    if store::expects_panic() {
        // It becomes an error that says more.
        tracing::debug!(place, "the database gave up: {what}");
    } else {
        tracing::error!(place, "a bug in this program: {what}");
    }
}
