//! Append-only Merkle log, checkpoints, evidence packs and their offline verifier.
//!
//! An [`Entry`] is canonical JSON. Entries are the leaves of an RFC 6962 Merkle [`Tree`], laid out as C2SP `tlog-tiles`
//! ([`tile`]) and signed as C2SP checkpoints ([`Checkpoint`], [`note`]), so that tools which nobody here wrote verify
//! inclusion and consistency. A [`pack`] carries all of it in one file for somebody who trusts neither us nor our host.
//!
//! Nothing here reads or writes a file, asks the time or draws randomness: keys come from bytes that are handed in. What
//! the ledger does not show by itself: that history was rewritten *and signed again* by whoever has the key. Only a
//! checkpoint that somebody else kept shows that; see [`pack::verify`] and `docs/threat-model.md`.

mod checkpoint;
mod entry;
mod key;
pub mod merkle;
pub mod note;
pub mod pack;
pub mod tile;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{Entry, EntryError, FORMAT as ENTRY_FORMAT, LONGEST as LONGEST_ENTRY};
pub use key::{KeyError, LogKey, VerifierKey};
pub use merkle::{Hash, Tree};
