//! Sockets, clocks and tasks: the only module that has any.

pub mod component;
