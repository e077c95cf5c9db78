//! Collect, assess, plan, apply, watch, drill, activate and report: the order in which core decisions become effects.
//!
//! This crate is written against traits that it owns ([`port`]); it knows no HTTP, no SQL and no file system layout.
//! Time and randomness come in through [`port::Clock`] and [`port::Entropy`].

pub mod activate;
pub mod assess;
pub mod collect;
pub mod custody;
pub mod drill;
pub mod facts;
pub mod port;
pub mod provision;
pub mod watch;
mod world;

pub use world::{OpsError, World};
