//! Evidence packs: the whole ledger and what belongs to it in one file, for somebody who trusts neither us nor our host.
//!
//! A pack is a plain tar that is written in one way only: `tar xf` opens it, `sha256sum -c SHA256SUMS` checks its files,
//! any text viewer shows `entries.jsonl`, and a `tlog-tiles` client reads the folder as a log. `docs/decisions/0006` says
//! why. Who signed what:
//!
//! * `pack.note`, a signed note, covers `SHA256SUMS`; that covers every other file;
//! * `checkpoint` covers the entries, and goes on to do so when they have left the pack;
//! * a checkpoint that the auditor kept from an earlier day shows a history that was rewritten and signed again.

mod build;
mod entries;
mod manifest;
mod readme;
mod report;
mod tar;
mod verify;

pub use build::{Contents, PackError, build};
pub use report::{About, EarlierCheckpoint, Problem, ProblemKind, VerifyReport};
pub use verify::verify;

/// The folder that everything in a pack stands in.
pub(crate) const FOLDER: &str = "breakglass-pack/";
/// The signed note over the digests; always the first file.
pub(crate) const NOTE: &str = "pack.note";
/// The digests; always the second file.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// For the auditor.
pub(crate) const README: &str = "README.txt";
/// The verifier key in its text form.
pub(crate) const KEY: &str = "verifier.key";
/// The signed checkpoint over the entries.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// One entry a line.
pub(crate) const ENTRIES: &str = "entries.jsonl";
/// Where reports, snapshots and the like stand.
pub(crate) const ATTACHMENTS: &str = "attachments/";
