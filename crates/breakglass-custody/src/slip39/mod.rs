//! SLIP-0039: a secret as groups of shares written in words, any quorum of which gives it back.
//!
//! Written from the specification because no published crate passes all of its vectors; the word list comes with its
//! licence. Values are wiped when dropped, and the arithmetic takes no branch and no table on them. The checksum finds
//! up to three wrong words for certain; the digest finds shares that do not belong together.

mod checksum;
mod cipher;
mod combine;
mod field;
mod share;
mod split;
mod words;

pub use combine::{CombineError, GroupState, combine};
pub use share::{SetId, Share, ShareError, Suspicion};
pub use split::{Layout, SplitError, split};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::entropy as test_entropy;
