//! The entries of a pack against the tree that was signed: which one was edited, deleted, added or moved.

use super::report::{ProblemKind as Kind, VerifyReport};
use super::{CHECKPOINT, ENTRIES};
use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::merkle::{Hash, Tree, leaf_hash};
use crate::tile::{self, Tile};
use std::collections::BTreeSet;

/// A file of the pack by its name.
pub(super) type Get<'a> = dyn Fn(&str) -> Option<&'a [u8]> + 'a;

/// Checks lines, bundles and tiles against each other and against the checkpoint. Answers the tree over the lines.
pub(super) fn check(get: &Get<'_>, checkpoint: Option<&Checkpoint>, report: &mut VerifyReport) -> Tree {
    let lines = lines(get(ENTRIES).unwrap_or_default(), report);
    let tree: Tree = lines.iter().map(|line| leaf_hash(line)).collect();
    let size = checkpoint.map_or(tree.size(), |c| c.size);
    let before = report.problems.len();
    numbers(&lines, size, report);
    // When entries are missing or moved, every hash after them differs; saying so for each would bury what happened.
    let in_place = report.problems.len() == before;
    if in_place {
        for tile in tile::tiles(size) {
            check_tile(&tile, get, &tree, &lines, report);
        }
    }
    let Some(checkpoint) = checkpoint else { return tree };
    let found = tree.root_at(size);
    if in_place && found != Some(checkpoint.root) {
        let root = found.map_or_else(|| "none".to_owned(), |r| r.to_string());
        let detail = format!(
            "the signed root over {size} entries is {}, `{ENTRIES}` gives {root}: the entries are not those that were signed",
            checkpoint.root
        );
        report.problem(Kind::Edited, CHECKPOINT, detail);
    }
    tree
}

/// The lines of the file, each without its end.
fn lines<'a>(bytes: &'a [u8], report: &mut VerifyReport) -> Vec<&'a [u8]> {
    let whole = match bytes.strip_suffix(b"\n") {
        Some(whole) => whole,
        None if bytes.is_empty() => return Vec::new(),
        None => {
            report.problem(Kind::Truncated, ENTRIES, "its last line does not end: the end was cut off");
            bytes
        }
    };
    whole.split(|b| *b == b'\n').collect()
}

/// Reads each line, and finds what is missing, twice there, or in another place than it says.
fn numbers(lines: &[&[u8]], size: u64, report: &mut VerifyReport) {
    let mut seen = BTreeSet::new();
    let mut unread = Vec::new();
    let mut highest = None;
    let mut latest = None;
    for (position, line) in (0_u64..).zip(lines) {
        let entry = match Entry::parse(line) {
            Ok(entry) => entry,
            Err(error) => {
                report.problem(Kind::Edited, place(position), error.to_string());
                unread.push(position);
                continue;
            }
        };
        let index = entry.index;
        if !seen.insert(index) {
            report.problem(Kind::Added, place(position), format!("entry {index} stands here a second time"));
        } else if highest.is_some_and(|h| index < h) {
            report.problem(
                Kind::Reordered,
                place(position),
                format!("entry {index} stands here, after later ones"),
            );
        } else if index >= size {
            let detail = format!("entry {index} is beyond the {size} entries of the signed checkpoint");
            report.problem(Kind::Added, place(position), detail);
        }
        highest = highest.max(Some(index));
        if latest.is_some_and(|l| entry.at < l) {
            report.notes.push(format!(
                "entry {index} is dated {}, before the one in front of it: the clock of the machine was set back",
                entry.at
            ));
        }
        latest = Some(entry.at);
        report.entries.push(entry);
    }
    missing(&seen, &unread, size, report);
}

/// Names the entries that should be there and are not. Lines that could not be read may be some of them.
fn missing(seen: &BTreeSet<u64>, unread: &[u64], size: u64, report: &mut VerifyReport) {
    let range = |from: u64, to: u64| match from + 1 == to {
        true => format!("entry {from} is"),
        false => format!("entries {from} to {} are", to - 1),
    };
    let present: BTreeSet<u64> = seen.iter().chain(unread).copied().filter(|i| *i < size).collect();
    let mut next = 0;
    for index in present {
        if next < index {
            let place = format!("{ENTRIES}, entry {next}");
            report.problem(Kind::Deleted, place, format!("{} missing", range(next, index)));
        }
        next = index + 1;
    }
    if next < size {
        let detail = format!(
            "{} missing: the end was cut off; the signed checkpoint covers {size} entries",
            range(next, size)
        );
        report.problem(Kind::Truncated, format!("{ENTRIES}, entry {next}"), detail);
    }
}

/// One tile or bundle against what the lines give; differences are named entry by entry where they can be.
fn check_tile(tile: &Tile, get: &Get<'_>, tree: &Tree, lines: &[&[u8]], report: &mut VerifyReport) {
    let path = tile.path();
    let Some(bytes) = get(&path) else {
        report.problem(Kind::Deleted, path, "the file is missing");
        return;
    };
    if tile::content(tile, tree, lines).is_some_and(|expected| expected == bytes) {
        return;
    }
    let before = report.problems.len();
    match tile.level {
        None => check_bundle(tile, &path, bytes, lines, report),
        Some(0) => check_leaves(tile, &path, bytes, tree, report),
        Some(_) => {}
    }
    if report.problems.len() == before {
        report.problem(Kind::Edited, path, format!("its content is not what `{ENTRIES}` gives"));
    }
}

fn check_bundle(tile: &Tile, path: &str, bytes: &[u8], lines: &[&[u8]], report: &mut VerifyReport) {
    let Some(entries) = tile::unbundle(bytes) else { return };
    for (index, entry) in (tile.first_entry()..).zip(entries) {
        let line = usize::try_from(index).ok().and_then(|i| lines.get(i));
        if line.is_some_and(|line| *line != entry) {
            let detail =
                format!("entry {index} is another one here than in `{ENTRIES}`: one of the two was edited");
            report.problem(Kind::Edited, format!("{path}, entry {index}"), detail);
        }
    }
}

fn check_leaves(tile: &Tile, path: &str, bytes: &[u8], tree: &Tree, report: &mut VerifyReport) {
    for (index, hash) in (tile.first_entry()..).zip(bytes.chunks(32)) {
        let hash = hash.try_into().ok().map(Hash::from_bytes);
        if hash != tree.leaf(index) && index < tile.first_entry() + tile.width {
            let detail =
                format!("its hash in `{path}` belongs to other content: the entry or the hash was edited");
            report.problem(Kind::Edited, place(index), detail);
        }
    }
}

fn place(index: u64) -> String {
    format!("{ENTRIES}, entry {index}")
}
