//! A session with a UDP server, one behaviour each, on virtual time.

mod guard;
mod lists;
mod login;
mod lossy;
mod messages;
mod multi;
mod offline;
mod pairs;
mod peer;
mod profiles;
mod properties;
mod questions;
mod repetition;
mod scene;
mod versions;
