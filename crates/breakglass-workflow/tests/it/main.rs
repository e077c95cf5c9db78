//! The state machines as their callers see them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod activation;
mod approvals;
mod drills;
mod people;
mod sequences;
