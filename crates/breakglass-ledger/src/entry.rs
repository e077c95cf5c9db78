//! One entry of the ledger: what happened, about what, when, with what data.

use breakglass_model::canonical;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The format that this program writes.
pub const FORMAT: &str = "breakglass-entry/1";

/// The longest entry in bytes: `tlog-tiles` gives each entry of a bundle a length of 16 bits.
pub const LONGEST: usize = u16::MAX as usize;

/// One entry. Its bytes are its canonical JSON; they are what is hashed, kept and packed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `breakglass-entry/1`.
    pub format: String,
    /// Position in the log, from 0.
    pub index: u64,
    /// When it was recorded, by the clock of the machine that recorded it.
    pub at: Timestamp,
    /// What happened: `apply.step.done`, `custody.opened` ...
    pub kind: String,
    /// About what: an account's name, a plan's step, a tenant.
    pub subject: String,
    /// With what data. Never a secret.
    pub data: Value,
}

/// Why something is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Longer than a bundle can hold.
    #[error(
        "the entry `{kind}` has {length} bytes, an entry holds at most {LONGEST}; keep the content in a file and record its digest"
    )]
    TooLong {
        /// What happened.
        kind: String,
        /// How long its canonical JSON is.
        length: usize,
    },
    /// Not JSON, or not the fields of an entry.
    #[error("this is no entry: {0}")]
    Malformed(String),
    /// Another format.
    #[error("the entry has format `{0}`, expected `{FORMAT}`; use the program version that wrote it")]
    Format(String),
    /// The same values written differently than canonical JSON writes them.
    #[error("the entry is not written as canonical JSON: somebody edited it or another program wrote it")]
    NotCanonical,
}

impl Entry {
    /// A new entry.
    #[must_use]
    pub fn new(index: u64, at: Timestamp, kind: &str, subject: &str, data: Value) -> Self {
        Self { format: FORMAT.into(), index, at, kind: kind.into(), subject: subject.into(), data }
    }

    /// Its canonical JSON, one line without a line end. What comes out is read back by [`Entry::parse`].
    ///
    /// # Errors
    /// [`EntryError::TooLong`], or [`EntryError::Malformed`] when data is nested too deep to be read again.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        let text = canonical::to_string(self).map_err(|e| EntryError::Malformed(e.to_string()))?;
        if text.len() > LONGEST {
            return Err(EntryError::TooLong { kind: self.kind.clone(), length: text.len() });
        }
        let bytes = text.into_bytes();
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads an entry and refuses any bytes but its own canonical ones, so that nothing can hide in how it is written.
    ///
    /// # Errors
    /// [`EntryError`] when the bytes are not exactly those of one entry.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let entry: Self = serde_json::from_slice(bytes).map_err(|e| EntryError::Malformed(e.to_string()))?;
        if entry.format != FORMAT {
            return Err(EntryError::Format(entry.format));
        }
        let written = canonical::to_string(&entry).map_err(|e| EntryError::Malformed(e.to_string()))?;
        if written.as_bytes() == bytes { Ok(entry) } else { Err(EntryError::NotCanonical) }
    }
}
