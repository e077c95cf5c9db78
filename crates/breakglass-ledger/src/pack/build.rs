//! Making a pack.

use super::manifest::{self, Manifest};
use super::report::About;
use super::{ATTACHMENTS, CHECKPOINT, ENTRIES, KEY, NOTE, README, SUMS, readme, tar};
use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, EntryError};
use crate::key::LogKey;
use crate::merkle::{Tree, leaf_hash};
use crate::tile;
use std::collections::BTreeMap;

/// What goes into a pack.
#[derive(Debug)]
pub struct Contents<'a> {
    /// Signs the pack and its checkpoint.
    pub key: &'a LogKey,
    /// Every entry of the log, in order.
    pub entries: &'a [Entry],
    /// Title, time and period, for people.
    pub about: About,
    /// More files for the auditor, by name: reports, snapshots, the design. Names as [`PackError::Name`] says.
    pub attachments: &'a BTreeMap<String, Vec<u8>>,
}

/// Why a pack cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// An entry is not where its index says.
    #[error("entry {index} stands at position {position}: the entries are not a whole log")]
    Order {
        /// What the entry says.
        index: u64,
        /// Where it stands.
        position: u64,
    },
    /// An entry cannot be written.
    #[error("entry {0} cannot be packed: {1}")]
    Entry(u64, EntryError),
    /// A name that some file system would not take.
    #[error(
        "`{0}` cannot be the name of an attachment; use up to {max} letters, digits, `-`, `_` and `.`, in folders apart by `/`, none beginning with `.`",
        max = tar::LONGEST_NAME - ATTACHMENTS.len()
    )]
    Name(String),
    /// The title must stand in one line.
    #[error("the title of the pack must be one line of text without control characters")]
    Title,
}

/// Makes a pack. The same contents give the same bytes.
///
/// # Errors
/// [`PackError`] when the contents are not a whole log, or a name cannot be one.
pub fn build(contents: &Contents<'_>) -> Result<Vec<u8>, PackError> {
    if contents.about.title.chars().any(char::is_control) {
        return Err(PackError::Title);
    }
    let mut lines = Vec::new();
    for (position, entry) in (0..).zip(contents.entries) {
        if entry.index != position {
            return Err(PackError::Order { index: entry.index, position });
        }
        lines.push(entry.to_bytes().map_err(|e| PackError::Entry(position, e))?);
    }
    let tree: Tree = lines.iter().map(|line| leaf_hash(line)).collect();
    let mut jsonl = Vec::new();
    for line in &lines {
        jsonl.extend(line);
        jsonl.push(b'\n');
    }
    let mut files = vec![
        (README.to_owned(), readme::text(contents, &tree).into_bytes()),
        (KEY.to_owned(), format!("{}\n", contents.key.verifier()).into_bytes()),
        (CHECKPOINT.to_owned(), Checkpoint::sign(tree.size(), tree.root(), contents.key).into_bytes()),
        (ENTRIES.to_owned(), jsonl),
    ];
    for tile in tile::tiles(tree.size()) {
        // Every entry fits a bundle: `Entry::to_bytes` saw to it.
        files.extend(tile::content(&tile, &tree, &lines).map(|bytes| (tile.path(), bytes)));
    }
    for (name, bytes) in contents.attachments {
        check_name(name)?;
        files.push((format!("{ATTACHMENTS}{name}"), bytes.clone()));
    }
    let sums = manifest::sums(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let manifest = Manifest {
        log: contents.key.verifier().name().into(),
        about: contents.about.clone(),
        entries: tree.size(),
        sums: manifest::digest(sums.as_bytes()),
    };
    let mut out = Vec::new();
    let first =
        [(NOTE.to_owned(), manifest.sign(contents.key).into_bytes()), (SUMS.to_owned(), sums.into_bytes())];
    for (name, bytes) in first.into_iter().chain(files) {
        if !tar::append(&mut out, &name, &bytes) {
            return Err(PackError::Name(name));
        }
    }
    tar::finish(&mut out);
    Ok(out)
}

fn check_name(name: &str) -> Result<(), PackError> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let fits = ATTACHMENTS.len() + name.len() <= tar::LONGEST_NAME;
    if fits && name.split('/').all(plain) { Ok(()) } else { Err(PackError::Name(name.into())) }
}
