//! Demo.

pub mod client;
pub mod ports;
pub mod programs;
pub mod prosody;
