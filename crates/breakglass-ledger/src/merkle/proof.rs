//! Checking proofs, as RFC 9162 sections 2.1.3.2 and 2.1.4.2 write it down. These know nothing of [`super::Tree`].

use super::hash::{Hash, node_hash};

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A leaf that the tree cannot have, a tree that shrank, or a tree without leaves.
    #[error("a proof about {of} in a tree of {size} leaves cannot exist")]
    Sizes {
        /// The leaf's index or the earlier size.
        of: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Too many or too few hashes for these sizes.
    #[error("the proof has {0} hashes, which is not what trees of these sizes need")]
    Length(usize),
    /// The hashes lead to another root than the one given for the tree.
    #[error("the proof leads to root {found}, the tree has root {expected}")]
    Root {
        /// What it leads to.
        found: Hash,
        /// What was given.
        expected: Hash,
    },
}

/// Checks that a leaf stands at `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// [`ProofError`] when it does not, or cannot.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Sizes { of: index, size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // The last node of a level that has no sibling stands for its own parent.
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length(proof.len()));
    }
    same(hash, *root)
}

/// Checks that the tree of `from` leaves is the beginning of the tree of `to` leaves.
///
/// # Errors
/// [`ProofError`] when it is not, or when `from` is 0: an empty tree says nothing, so nothing can be proved about it.
pub fn verify_consistency(
    from: u64,
    to: u64,
    from_root: &Hash,
    to_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if from == 0 || from > to {
        return Err(ProofError::Sizes { of: from, size: to });
    }
    if from == to {
        return if proof.is_empty() {
            same(*from_root, *to_root)
        } else {
            Err(ProofError::Length(proof.len()))
        };
    }
    let mut hashes = proof.iter();
    // A complete earlier tree is itself the first hash, and the verifier has it already.
    let first = if from.is_power_of_two() { Some(from_root) } else { hashes.next() };
    let Some(first) = first else { return Err(ProofError::Length(proof.len())) };
    let shift = (from - 1).trailing_ones();
    let (mut node, mut last) = ((from - 1) >> shift, (to - 1) >> shift);
    let (mut old, mut new) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length(proof.len()));
    }
    same(old, *from_root)?;
    same(new, *to_root)
}

fn same(found: Hash, expected: Hash) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Root { found, expected }) }
}
