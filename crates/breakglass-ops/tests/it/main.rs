//! Operations against a tenant in memory: with replication lag, late and repeated logs, lost answers, and a run that is
//! killed at every call. Time is a fake clock; randomness is a printed seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod activating;
mod applying;
mod drilling;
mod twin;
mod watching;
