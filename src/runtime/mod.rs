//! Sockets, clocks and tasks: the only module that has any.
//!
//! | module           | drives                                                              |
//! |------------------|---------------------------------------------------------------------|
//! | `gateway_task`   | [`Gateway`](crate::gateway::Gateway), the link to the XMPP server,   |
//! |                  | and the tasks of the users                                          |
//! | `user_task`      | one [`User`](crate::gateway::User) and its socket to the ICQ server |
//! | `store_thread`   | [`Store`](crate::store::Store): a thread, because its calls block   |
//! | [`admin`]        | the operator's socket                                               |
//!
//! All tasks share one thread: whatever passes between them costs no system call, and one core of ours
//! does several times what one core of an XMPP server can feed it with (rust-stack.md §4).

pub mod admin;
mod clock;
pub mod component;
mod component_link;
pub mod decode;
pub mod demo;
mod gateway_task;
pub mod icq_server;
mod inbox;
mod links;
pub mod logging;
mod run;
mod stop;
mod store_thread;
mod user_task;
mod users;

pub use links::{Link, Links};
pub use run::{Error, run, run_until};
pub use stop::Stop;
