//! Software keys as a relying party sees them, and the scripted browser against a login that answers by script.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod browser;
mod keys;
mod login;
mod relying_party;
mod ring;
