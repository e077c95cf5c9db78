//! The checks against tenants as data: `healthy.json` and, for each check, cases that change it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod cases;
mod laws;
mod observe;
mod risks;
mod support;
