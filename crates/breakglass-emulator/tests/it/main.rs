//! The emulator from outside: only what it publishes, over TLS, as a client has it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod graph_http;
mod graph_shapes;
mod metadata;
mod site;
mod starting;
