//! C2SP `tlog-tiles`: the tree in files of up to 256 hashes, the entries in bundles of up to 256.
//!
//! A tile of level L holds hashes of complete subtrees of 256^L leaves. Full tiles never change; the last one of a level
//! is partial, and its width is part of its path, so that no path ever has two contents.

use crate::merkle::Tree;
use std::collections::BTreeMap;

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;

/// Bits of a tree's height that one level of tiles stands for.
const HEIGHT: u32 = 8;

/// One file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// Which hashes; `None` for a bundle of entries.
    pub level: Option<u32>,
    /// Its place in its level, from 0.
    pub index: u64,
    /// How many hashes or entries are in it: 1 to 256.
    pub width: u64,
}

impl Tile {
    /// `tile/0/x001/x234/067`, with `.p/W` when it is not full; `tile/entries/...` for a bundle.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = match self.level {
            Some(level) => format!("tile/{level}/"),
            None => "tile/entries/".to_owned(),
        };
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while let Some(group) = groups.pop() {
            path.push_str(&if groups.is_empty() { format!("{group:03}") } else { format!("x{group:03}/") });
        }
        if self.width < WIDTH {
            path.push_str(&format!(".p/{}", self.width));
        }
        path
    }

    /// The index of its first entry, for a bundle or a tile of level 0.
    #[must_use]
    pub fn first_entry(&self) -> u64 {
        self.index.saturating_mul(WIDTH)
    }

    /// The hashes of a hash tile, one after another; `None` for a bundle, or when the tree is too small.
    #[must_use]
    pub fn hashes(&self, tree: &Tree) -> Option<Vec<u8>> {
        let level = self.level?.checked_mul(HEIGHT)?;
        let first = self.first_entry();
        let mut bytes = Vec::new();
        for index in first..first.checked_add(self.width)? {
            bytes.extend(tree.complete(level, index)?.as_bytes());
        }
        Some(bytes)
    }
}

/// Every tile of a log of `size` entries: bundles first, then hashes by level.
#[must_use]
pub fn tiles(size: u64) -> Vec<Tile> {
    new_tiles(0, size)
}

/// The tiles of a log of `to` entries that a log of `from` entries does not have.
#[must_use]
pub fn new_tiles(from: u64, to: u64) -> Vec<Tile> {
    let mut found = level_tiles(None, from, to);
    for level in 0.. {
        let shift = level * HEIGHT;
        let (before, now) = (from.checked_shr(shift).unwrap_or(0), to.checked_shr(shift).unwrap_or(0));
        if now == 0 {
            break;
        }
        found.extend(level_tiles(Some(level), before, now));
    }
    found
}

fn level_tiles(level: Option<u32>, before: u64, now: u64) -> Vec<Tile> {
    let tile = |index: u64| Tile { level, index, width: (now - index * WIDTH).min(WIDTH) };
    if before >= now { Vec::new() } else { (before / WIDTH..now.div_ceil(WIDTH)).map(tile).collect() }
}

/// The partial tiles of a log of `from` entries that one of `to` entries has replaced.
#[must_use]
pub fn replaced_tiles(from: u64, to: u64) -> Vec<Tile> {
    let now: Vec<Tile> = tiles(to);
    tiles(from).into_iter().filter(|tile| tile.width < WIDTH && !now.contains(tile)).collect()
}

/// A bundle: each entry after its length in 16 bits, big end first. `None` when an entry is too long.
#[must_use]
pub fn bundle<T: AsRef<[u8]>>(entries: &[T]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        bytes.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bytes.extend(entry);
    }
    Some(bytes)
}

/// The entries of a bundle; `None` when it is cut.
#[must_use]
pub fn unbundle(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bytes = rest;
    }
    Some(entries)
}

/// Every file of a log by its path: the static form that `tlog-tiles` clients read, the checkpoint apart. `None` when
/// an entry is too long for a bundle.
#[must_use]
pub fn files<T: AsRef<[u8]>>(tree: &Tree, entries: &[T]) -> Option<BTreeMap<String, Vec<u8>>> {
    tiles(tree.size()).into_iter().map(|tile| Some((tile.path(), content(&tile, tree, entries)?))).collect()
}

/// The content of one tile or bundle; `None` when tree or entries do not reach so far.
#[must_use]
pub fn content<T: AsRef<[u8]>>(tile: &Tile, tree: &Tree, entries: &[T]) -> Option<Vec<u8>> {
    if tile.level.is_some() {
        return tile.hashes(tree);
    }
    let first = usize::try_from(tile.first_entry()).ok()?;
    bundle(entries.get(first..first.checked_add(usize::try_from(tile.width).ok()?)?)?)
}
