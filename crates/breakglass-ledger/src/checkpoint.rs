//! C2SP checkpoints: how large the log is and what its root is, signed.

use crate::key::{LogKey, VerifierKey};
use crate::merkle::Hash;
use crate::note::{self, NoteError};

/// What a checkpoint says. A log signs one after each entry, so each entry is covered by a signature of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log this is about.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a checkpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error("the checkpoint cannot be believed: {0}")]
    Note(#[from] NoteError),
    /// Signed, but no checkpoint.
    #[error("this is no checkpoint: {0}; it has three lines: origin, size, root")]
    Malformed(&'static str),
    /// Of another log.
    #[error("the checkpoint is about log `{found}`, not about `{expected}`")]
    Origin {
        /// What stands there.
        found: String,
        /// What was expected.
        expected: String,
    },
}

impl Checkpoint {
    /// Signs it as a note in the name of the key, which is the origin too.
    #[must_use]
    pub fn sign(size: u64, root: Hash, key: &LogKey) -> String {
        let checkpoint = Self { origin: key.verifier().name().into(), size, root };
        note::sign(&checkpoint.text(), key)
    }

    /// Checks the signature and reads it.
    ///
    /// # Errors
    /// [`CheckpointError`] when the key did not sign it, or it is about another log.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse_text(note::open(note, key)?)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin { found: checkpoint.origin, expected: key.name().into() });
        }
        Ok(checkpoint)
    }

    /// The text that is signed: origin, size in decimal, root in base64, one a line.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Lines after the third are extensions of the format and are passed over.
    fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines();
        let origin = lines
            .next()
            .filter(|o| !o.is_empty())
            .ok_or(CheckpointError::Malformed("the origin is missing"))?;
        let digits = lines.next().unwrap_or_default();
        let size = digits.parse::<u64>().ok().filter(|size| size.to_string() == digits);
        let size = size.ok_or(CheckpointError::Malformed("the size is no decimal number"))?;
        let root = lines.next().and_then(Hash::parse);
        let root = root.ok_or(CheckpointError::Malformed("the root is not 32 bytes in base64"))?;
        Ok(Self { origin: origin.into(), size, root })
    }
}
