//! Why a ledger cannot be used.

use breakglass_ledger::EntryError;
use breakglass_ledger::pack::PackError;
use std::io;
use std::path::Path;

/// Why the ledger's directory cannot be used, or an entry was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system. What was being written may or may not be there; it is not acknowledged, and is cut off.
    #[error("{doing} `{path}`: {cause}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A file does not fit the signed checkpoint, or the key.
    #[error(
        "the ledger was changed by something else than this program: `{path}`: {detail}; keep the directory as it is for whoever looks into this, and go on with a copy from before or with a new data directory"
    )]
    Tampered {
        /// Which file.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Others can read the signing key.
    #[error(
        "`{0}` signs the ledger and can be read by others than its owner; run `chmod 600` on it, and if others may have read it, keep the last checkpoint elsewhere and begin a new ledger"
    )]
    KeyExposed(String),
    /// The entry cannot be kept.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The pack cannot be made.
    #[error(transparent)]
    Pack(#[from] PackError),
}

impl LedgerError {
    pub(super) fn io(doing: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io { doing, path: path.display().to_string(), cause }
    }

    pub(super) fn tampered(path: &Path, detail: impl Into<String>) -> Self {
        Self::Tampered { path: path.display().to_string(), detail: detail.into() }
    }
}
