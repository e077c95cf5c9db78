//! Collect, assess, plan, apply, watch, drill, activate and report: the order in which core decisions become effects.
//!
//! This crate is written against traits that it owns ([`port`]); it knows no HTTP, no SQL and no file system layout.
//! Time and randomness come in through [`port::Clock`] and [`port::Entropy`].

pub mod collect;
pub mod port;
mod world;

pub use world::{OpsError, World};
