//! Append-only Merkle log, checkpoints, evidence packs and their offline verifier.
