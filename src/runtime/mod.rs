//! Sockets, clocks and tasks: the only module that has any.

pub mod admin;
mod clock;
pub mod component;
mod component_link;
pub mod demo;
pub mod icq_server;
mod inbox;
mod links;
mod store_thread;

pub use links::{Link, Links};
