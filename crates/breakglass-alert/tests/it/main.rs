//! The outbox through kills and failing channels, webhooks over real sockets, and the receiver that believes nobody.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod kill;
mod outbox;
mod server;
mod webhook;
mod world;
