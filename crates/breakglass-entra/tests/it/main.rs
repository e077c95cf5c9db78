//! The client against a scripted service on loopback, over real TLS with its own CA. Time is a fake clock: nothing
//! waits, whatever the service asks for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod reading;
mod script;
mod signing_in;
mod tokens;
mod writing;
