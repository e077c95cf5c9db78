//! Ids that repeat with the seed, and secrets that do not.

use sha2::{Digest as _, Sha256};

/// GUIDs from a seed: the same seed gives the same ids in the same order, so that tests and screenshots repeat.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    seed: u64,
    given: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, given: 0 }
    }

    /// The next one.
    pub(crate) fn guid(&mut self) -> String {
        self.given += 1;
        named(self.seed, &self.given.to_string())
    }
}

/// A GUID that belongs to a name: the same seed and name give the same one, whatever was made before.
pub(crate) fn named(seed: u64, name: &str) -> String {
    let hash = Sha256::digest(format!("{seed} {name}"));
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    // The operating system's generator fails in sandboxes only. Zeros would be predictable, so ids of time and place stand in.
    if getrandom::fill(&mut bytes).is_err() {
        let fallback = Sha256::digest(format!("{:?}{:p}", std::time::Instant::now(), &raw const bytes));
        bytes.iter_mut().zip(fallback.iter().cycle()).for_each(|(to, from)| *to = *from);
    }
    bytes
}
