//! Real servers for tests: each starts on free ports of 127.0.0.1 and is gone when dropped.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses what it needs of this"
)]

pub mod ejabberd;
pub mod history;
pub mod icq;
pub mod relay;

use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_icq-transport"))
}

/// Debian's Python, which is the one that has Debian's slixmpp.
pub const PYTHON: &str = "/usr/bin/python3";

/// A script of `tests/live`.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/live")
        .join(name)
}

/// Runs `tests/live/story.py` and fails the test with its output unless every story went well.
pub async fn tell_story(arguments: &[String], gateway_log: impl FnOnce() -> String) {
    let told = Command::new(PYTHON)
        .arg(script("story.py"))
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .expect("python3 runs");
    let Output {
        status,
        stdout,
        stderr,
    } = told;
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    println!("{stdout}");
    assert!(
        status.success(),
        "{stdout}\n{stderr}\nThe gateway's log:\n{}",
        gateway_log()
    );
}
