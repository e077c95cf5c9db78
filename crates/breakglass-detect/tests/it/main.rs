//! The crate as its users see it: rules as data, records of the shared collections, the cursor under random schedules.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests too"
)]

mod cursor;
mod panther;
mod rules;
mod shapes;

use std::path::PathBuf;

/// The collection of real data beside the checkout.
pub(crate) fn shared(path: &str) -> PathBuf {
    let root = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    root.join("data").join(path)
}
