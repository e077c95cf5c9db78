//! An Entra tenant on loopback: login, Graph, ARM, logs, faults. Decides sign-ins in its own plain way.
//!
//! It is not Microsoft Entra, and it takes nothing from the crates it is meant to contradict: it depends on none of them.
//! What it deliberately is not: complete. Whatever it does not know it answers with an error in the service's own shape.
//!
//! [`Emulator::start`] takes [`Options`] and gives a [`Running`] whose [`Ready`] says where everything is. What goes on
//! inside can be changed over the control origin (clock, faults, logs); [`decide::answer_case`] is the evaluator by itself.

mod arm;
mod caller;
mod control;
pub mod decide;
mod files;
mod graph;
mod keys;
mod login;
mod mandatory_mfa;
mod presets;
mod serve;
mod state;
#[cfg(test)]
mod testing;
mod tls;
mod token;
mod webauthn;

pub use serve::{Emulator, Options, Ready, Running, StartError};
pub use state::Account;
