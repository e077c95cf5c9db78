//! Durable state on one machine: documents in SQLite, sealed files, and the ledger's directory.
//!
//! Each of the three implements a trait of `breakglass_ops::port` and keeps its promise there: what a call has answered
//! survives `kill -9` and a power cut right after it. Two processes may use one data directory at once. Nothing is
//! decided here; what the ledger's bytes mean is `breakglass-ledger`'s business.
//!
//! Who could change these files, and what they would gain, is in `docs/threat-model.md` (rows "envelopes", "ledger",
//! "ledger key" and "store"). All of it is made for its owner alone: directories 0700, files 0600.

mod documents;
mod durable;
mod file_vault;
pub mod ledger_dir;

pub use documents::SqliteDocuments;
pub use file_vault::FileVault;
