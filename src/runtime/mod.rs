//! Runtime.

pub mod demo;
