//! The RFC 6962 Merkle tree: hashes, roots, proofs and how to check them.

mod hash;
mod proof;
mod tree;

pub use hash::{Hash, leaf_hash, node_hash};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use tree::Tree;
