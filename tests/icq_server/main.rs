//! The in-tree ICQ server, tried packet by packet on virtual time: a story per test, a file per
//! subject. The clients here are scripts that seal and open packets; they share nothing with the
//! gateway's own session.

mod bots;
mod captures;
mod groupware;
mod licq;
mod login;
mod messages;
mod people;
mod presence;
mod robustness;
mod sessions;
mod stage;
mod versions;
