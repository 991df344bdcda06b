//! The gateway's figures, each beside something real of the same run.
//!
//! ```text
//! cargo bench --bench gateway                        # everything, about five minutes
//! cargo bench --bench gateway -- throughput
//! cargo bench --bench gateway -- memory --users 1000
//! ```
//!
//! `throughput`: messages through a real Prosody, saturated and paced, in each direction, with the
//! processor time of Prosody and of the gateway apart. `memory`: the whole gateway with many users
//! logged in, an XMPP server that is scripted and an ICQ server in a process of its own.

#![expect(
    clippy::print_stdout,
    reason = "a benchmark's purpose is what it prints"
)]
#![allow(missing_docs, unreachable_pub, reason = "a program, not a library")]

#[path = "../../tests/support/icq.rs"]
mod icq;
mod memory;
mod process;
mod throughput;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let wanted = |name: &str| {
        let named: Vec<&String> = arguments
            .iter()
            .filter(|a| !a.starts_with('-') && a.parse::<u32>().is_err())
            .collect();
        named.is_empty() || named.iter().any(|n| *n == name)
    };
    let number = |flag: &str, default: u32| {
        let place = arguments.iter().position(|a| a == flag);
        place
            .and_then(|place| arguments.get(place + 1)?.parse().ok())
            .unwrap_or(default)
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if wanted("throughput") {
        runtime.block_on(throughput::run(number("--messages", 20_000)));
    }
    if wanted("memory") {
        runtime.block_on(memory::run(number("--users", 10_000)));
    }
}

/// The program whose figures these are, built as it is released.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_icq-transport"))
}
