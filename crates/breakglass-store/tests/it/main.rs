//! The store on a real disk: the contract of documents, the vault, and the ledger's directory under kills, faults, two
//! processes and tampering.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests are tests too"
)]

mod contract;
mod crash;
mod documents;
mod kill;
mod ledger;
mod tampering;
mod vault;
mod world;
