//! From a secret to shares.

use super::share::{SetId, Share};
use super::{cipher, field};
use zeroize::Zeroizing;

/// Position of the digest on the polynomial.
pub(super) const DIGEST_AT: u8 = 254;
/// Position of the secret on the polynomial.
pub(super) const SECRET_AT: u8 = 255;
/// Length of the digest before the random key that made it.
pub(super) const DIGEST_LENGTH: usize = 4;

/// How a secret is split: how many groups must come together, and of each group how many of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How many groups must come together, 1 to 16.
    pub group_threshold: u8,
    /// Of each group: how many members must come together, and how many there are; each 1 to 16.
    pub groups: Vec<(u8, u8)>,
}

/// Why a secret cannot be split so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// The secret is too short, or of odd length.
    #[error("a secret of {0} bytes cannot be split; it must have 16 bytes or more, an even number")]
    SecretLength(usize),
    /// The passphrase has other characters.
    #[error("the passphrase has characters outside printable ASCII, which SLIP-39 does not allow")]
    Passphrase,
    /// The identifier or the exponent is out of range.
    #[error("the identifier must fit 15 bits and the iteration exponent 4")]
    Set,
    /// Impossible group threshold.
    #[error(
        "{threshold} of {count} groups cannot come together; both are 1 to 16, the first not above the second"
    )]
    Groups {
        /// How many should come together.
        threshold: u8,
        /// How many there are.
        count: usize,
    },
    /// Impossible member threshold.
    #[error(
        "group {group}: {threshold} of {count} members cannot come together; both are 1 to 16, the first not above the second"
    )]
    Members {
        /// The group, from 1.
        group: usize,
        /// How many should come together.
        threshold: u8,
        /// How many there are.
        count: u8,
    },
    /// One of many: every member would hold the secret of the group.
    #[error(
        "group {group}: threshold 1 with {count} members is not allowed; raise the threshold to 2 or give each member a group"
    )]
    OneOfMany {
        /// The group, from 1.
        group: usize,
        /// How many members it has.
        count: u8,
    },
}

impl Layout {
    fn check(&self) -> Result<(), SplitError> {
        let count = self.groups.len();
        if self.group_threshold == 0 || count > 16 || usize::from(self.group_threshold) > count {
            return Err(SplitError::Groups { threshold: self.group_threshold, count });
        }
        for (group, (threshold, count)) in (1..).zip(self.groups.iter().copied()) {
            if threshold == 0 || count > 16 || threshold > count {
                return Err(SplitError::Members { group, threshold, count });
            }
            if threshold == 1 && count > 1 {
                return Err(SplitError::OneOfMany { group, count });
            }
        }
        Ok(())
    }
}

/// Splits a secret; answers the shares by group and member. `entropy` fills buffers with random bytes.
///
/// # Errors
/// [`SplitError`] when the secret or the layout is not one that SLIP-0039 knows.
pub fn split(
    secret: &[u8],
    passphrase: &[u8],
    set: SetId,
    layout: &Layout,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<Vec<Share>>, SplitError> {
    if secret.len() < 16 || !secret.len().is_multiple_of(2) {
        return Err(SplitError::SecretLength(secret.len()));
    }
    if !passphrase.iter().all(|b| (32..127).contains(b)) {
        return Err(SplitError::Passphrase);
    }
    if set.identifier >= 1 << 15 || set.iteration_exponent >= 1 << 4 {
        return Err(SplitError::Set);
    }
    layout.check()?;
    let encrypted = cipher::encrypt(secret, passphrase, &set);
    let group_count = layout.groups.len() as u8;
    let groups = polynomial(layout.group_threshold, group_count, &encrypted, entropy);
    let share_of = |group_index, member_index, member_threshold, value| Share {
        set,
        group_index,
        group_threshold: layout.group_threshold,
        group_count,
        member_index,
        member_threshold,
        value,
    };
    Ok((0..)
        .zip(layout.groups.iter().zip(groups))
        .map(|(group, ((threshold, count), value))| {
            let members = polynomial(*threshold, *count, &value, entropy);
            (0..).zip(members).map(|(member, value)| share_of(group, member, *threshold, value)).collect()
        })
        .collect())
}

/// Values of `count` shares, any `threshold` of which give `secret` back.
fn polynomial(
    threshold: u8,
    count: u8,
    secret: &[u8],
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Vec<Zeroizing<Vec<u8>>> {
    if threshold <= 1 {
        return (0..count).map(|_| Zeroizing::new(secret.to_vec())).collect();
    }
    let mut shares: Vec<Zeroizing<Vec<u8>>> = Vec::with_capacity(usize::from(count));
    for _ in 0..threshold - 2 {
        let mut value = Zeroizing::new(vec![0u8; secret.len()]);
        entropy(&mut value);
        shares.push(value);
    }
    let mut key = Zeroizing::new(vec![0u8; secret.len() - DIGEST_LENGTH]);
    entropy(&mut key);
    let mut digest = Zeroizing::new(cipher::digest(&key, secret).to_vec());
    digest.extend_from_slice(&key);
    let free = shares.clone();
    let mut base: Vec<(u8, &[u8])> = (0..).zip(free.iter().map(|v| v.as_slice())).collect();
    base.push((DIGEST_AT, &digest));
    base.push((SECRET_AT, secret));
    for at in threshold - 2..count {
        shares.push(field::interpolate(&base, at));
    }
    shares
}
