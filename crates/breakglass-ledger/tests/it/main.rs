//! The ledger against published vectors, against naive definitions, and against everybody who would edit a pack.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should stop; helpers of an integration test are not seen as tests"
)]

mod flips;
mod log;
mod merkle;
mod notes;
mod pack;
#[cfg(feature = "real-parts")]
mod stock;
mod tampering;
mod vectors;
