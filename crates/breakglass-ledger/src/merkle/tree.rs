//! The tree itself: every complete subtree's hash, so that roots and proofs of any size cost a handful of hashes.

use super::hash::{Hash, node_hash};

/// A Merkle tree that only grows. Level 0 holds the leaves' hashes; level k the hashes of complete subtrees of 2^k.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(level) else { return };
            hashes.push(hash);
            // A second of two completes their parent.
            match hashes.as_slice() {
                [.., left, right] if hashes.len() % 2 == 0 => hash = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The hash of a leaf.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.complete(0, index)
    }

    /// The hash of the complete subtree over leaves `index * 2^level` up to `(index + 1) * 2^level`.
    #[must_use]
    pub fn complete(&self, level: u32, index: u64) -> Option<Hash> {
        let hashes = self.levels.get(usize::try_from(level).ok()?)?;
        hashes.get(usize::try_from(index).ok()?).copied()
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root_at(self.size()).unwrap_or(Hash::EMPTY)
    }

    /// The root that the tree had when it had `size` leaves; `None` when it never had so many.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        if size == 0 { Some(Hash::EMPTY) } else { self.range(0, size) }
    }

    /// The audit path of a leaf in the tree of `size` leaves (RFC 6962 section 2.1.1); `None` outside of it.
    #[must_use]
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut start, mut end) = (0, size);
        let mut path = Vec::new();
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(start, middle)?);
                start = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof that the tree of `from` leaves is the beginning of the tree of `to` (RFC 6962 section 2.1.2); `None`
    /// when either is not a size that this tree had. Nothing needs to be shown about a tree without leaves.
    #[must_use]
    pub fn consistency_proof(&self, from: u64, to: u64) -> Option<Vec<Hash>> {
        if from > to || to > self.size() {
            return None;
        }
        if from == 0 || from == to {
            return Some(Vec::new());
        }
        let (mut start, mut end) = (0, to);
        let mut path = Vec::new();
        while from != end {
            let middle = start + split(end - start);
            if from <= middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(start, middle)?);
                start = middle;
            }
        }
        // The old tree is this very subtree when it starts at the first leaf: its root is known to the verifier.
        if start != 0 {
            path.push(self.range(start, end)?);
        }
        path.reverse();
        Some(path)
    }

    /// The hash over leaves `start` up to `end`, where `start` is a place at which RFC 6962 splits.
    fn range(&self, start: u64, end: u64) -> Option<Hash> {
        let length = end.checked_sub(start)?;
        if length.is_power_of_two() {
            return self.complete(length.trailing_zeros(), start / length);
        }
        let middle = start + split(length);
        Some(node_hash(&self.range(start, middle)?, &self.range(middle, end)?))
    }
}

/// The largest power of two below `n`, for n above 1.
fn split(n: u64) -> u64 {
    1 << (u64::BITS - 1 - n.saturating_sub(1).max(1).leading_zeros())
}

impl FromIterator<Hash> for Tree {
    fn from_iter<T: IntoIterator<Item = Hash>>(leaves: T) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}
