//! An Entra tenant on loopback: login, Graph, ARM, logs, faults. Decides sign-ins in its own plain way.
//!
//! It is not Microsoft Entra, and it takes nothing from the crates it is meant to contradict: it depends on none of them.
//! What it deliberately is not: complete. Whatever it does not know it answers with an error in the service's own shape.

mod arm;
mod caller;
pub mod decide;
mod files;
mod graph;
mod keys;
mod login;
mod presets;
mod state;
mod tls;
mod token;
mod webauthn;

pub use state::Account;
