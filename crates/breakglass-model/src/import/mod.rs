//! From files that people already have to a [`Snapshot`]: bytes in, values out, nothing guessed.
//!
//! Recognised, file by file: `breakglass-snapshot/1`, `breakglass-ca-case/1`, Graph JSON (one object, a list,
//! `{"value": [...]}`, several documents, one file for each object in folders), IntuneManagement's `MigrationTable.json`,
//! what PowerShell's Graph SDK prints (Pascal case, `/Date(...)/`), and ScubaGear's provider output; in UTF-8 or UTF-16.
//!
//! A collection that no file holds stays absent, which means "not read" and never "empty". What is malformed becomes a
//! [`FileProblem`] for the person and a note in `unread` for everyone who decides; the other files are still read. This
//! is not a validator of policies: nulls and members that nobody knows are handed on as they are.

mod build;
mod case;
mod json;
mod normalise;
mod recognise;
mod scuba;

#[cfg(test)]
mod tests;

pub use case::tenant_of_case;
pub use json::decode;

use crate::snapshot::Snapshot;
use build::Builder;
use jiff::Timestamp;
use std::fmt;

/// What became of the files.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Everything that was understood, sealed.
    pub snapshot: Snapshot,
    /// What was not, in the order of the files.
    pub problems: Vec<FileProblem>,
    /// What each file was taken for.
    pub read: Vec<FileRead>,
}

/// What one file was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// The file as the caller named it.
    pub file: String,
    /// What it is, for people: `1 object of conditionalAccessPolicies`.
    pub what: String,
}

/// Something in a file that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1, where the text itself is broken.
    pub line: Option<usize>,
    /// Where in the document, `$` being all of it.
    pub json_path: Option<String>,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// What to do about it.
    pub next: String,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(path) = &self.json_path {
            write!(f, ": at {path}")?;
        }
        write!(f, ": expected {}, found {}\n  try: {}", self.expected, self.found, self.next)
    }
}

/// Reads files into one snapshot. `files` are names (for messages, and folders as hints) with their bytes; `now` is the
/// time of reading, which counts when no file says when the tenant was read.
///
/// Problems never stop it: every file is looked at, and what could not be read is noted in the snapshot.
#[must_use]
pub fn files(files: &[(String, Vec<u8>)], now: Timestamp) -> Imported {
    let mut builder = Builder::new(now);
    for (name, bytes) in files {
        builder.file(name, bytes);
    }
    builder.finish()
}
