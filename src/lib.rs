//! icq-transport: an XMPP gateway to ICQ.

pub mod config;
pub mod gateway;
pub mod icq;
pub mod inspect;
pub mod model;
pub mod runtime;
pub mod server;
pub mod store;
pub mod xmpp;
