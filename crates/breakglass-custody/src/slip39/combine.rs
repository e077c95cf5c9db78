//! From shares back to the secret, with every way to fail named.

use super::share::Share;
use super::split::{DIGEST_AT, DIGEST_LENGTH, SECRET_AT};
use super::{cipher, field};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// How far a group has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupState {
    /// The group, from 0.
    pub group: u8,
    /// Shares of it that are here.
    pub have: usize,
    /// Shares that it needs; unknown as long as none is here.
    pub need: Option<u8>,
}

/// Why shares do not give a secret. Positions count the shares as they were handed over, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// Nothing to combine.
    #[error("no share was given")]
    None,
    /// Shares of different sets.
    #[error("{} not belong to the same set as the others: {what}", shares_do(.odd))]
    Mixed {
        /// The shares in the minority.
        odd: Vec<usize>,
        /// In what they differ.
        what: &'static str,
    },
    /// The same place in the same group twice, with different words.
    #[error("shares {} and {} claim the same place in the same group with different words", .0 + 1, .1 + 1)]
    Clash(usize, usize),
    /// Too few shares.
    #[error("{complete} of {needed} groups are complete: {}", states(.groups))]
    TooFew {
        /// Groups that are complete.
        complete: usize,
        /// Groups that must come together.
        needed: u8,
        /// Every group.
        groups: Vec<GroupState>,
    },
    /// The shares of a group do not lie on one polynomial, or the digest denies it.
    #[error("the shares of group {} do not belong together{}", .group + 1, one_of(.suspects))]
    Digest {
        /// The group, from 0.
        group: u8,
        /// Shares without which the others belong together; empty when that cannot be told.
        suspects: Vec<usize>,
    },
    /// The groups do not belong together, although each does by itself or has threshold 1.
    #[error(
        "the groups do not belong together: a share is of another set with the same identifier, or was altered with a passing checksum"
    )]
    Groups,
}

fn shares_do(list: &[usize]) -> String {
    let all: Vec<String> = list.iter().map(|i| (i + 1).to_string()).collect();
    match all.as_slice() {
        [one] => format!("share {one} does"),
        several => format!("shares {} do", several.join(", ")),
    }
}

fn states(groups: &[GroupState]) -> String {
    let all: Vec<String> = groups
        .iter()
        .map(|g| match g.need {
            Some(need) => format!("group {}: {} of {need} shares", g.group + 1, g.have),
            None => format!("group {}: no share", g.group + 1),
        })
        .collect();
    all.join(", ")
}

fn one_of(list: &[usize]) -> String {
    let all: Vec<String> = list.iter().map(|i| (i + 1).to_string()).collect();
    match all.as_slice() {
        [] => {
            "; one of them is of another set with the same identifier, or was altered with a passing checksum"
                .into()
        }
        [one] => format!("; share {one} looks like the wrong one"),
        several => format!("; one of shares {} is the wrong one", several.join(", ")),
    }
}

/// Combines shares. More than needed are welcome and are checked against each other; groups that are not complete are
/// left aside when enough others are. SLIP-0039 cannot notice a wrong passphrase: it gives another secret.
///
/// # Errors
/// [`CombineError`]; nothing of the secret is given away by it.
pub fn combine(shares: &[Share], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, CombineError> {
    let first = shares.first().ok_or(CombineError::None)?;
    same(shares, "the identifier differs", |s| s.set.identifier)?;
    same(shares, "the iteration exponent or the extendable flag differs", |s| s.set)?;
    same(shares, "the number of groups that must come together differs", |s| s.group_threshold)?;
    same(shares, "the number of groups differs", |s| s.group_count)?;
    same(shares, "the length differs", |s| s.value.len())?;

    let mut groups: BTreeMap<u8, Vec<(usize, &Share)>> = BTreeMap::new();
    for (i, share) in shares.iter().enumerate() {
        let group = groups.entry(share.group_index).or_default();
        match group.iter().find(|(_, other)| other.member_index == share.member_index) {
            None => group.push((i, share)),
            Some((_, other))
                if other.value == share.value && other.member_threshold == share.member_threshold => {}
            Some((other, _)) => return Err(CombineError::Clash(*other, i)),
        }
    }
    for group in groups.values() {
        same_in(group, "the number of members of the group that must come together differs", |s| {
            s.member_threshold
        })?;
    }

    let need = |members: &[(usize, &Share)]| members.first().map_or(1, |(_, s)| s.member_threshold);
    let complete: Vec<_> =
        groups.iter().filter(|(_, members)| members.len() >= usize::from(need(members))).collect();
    if complete.len() < usize::from(first.group_threshold) {
        let state = |group: u8| GroupState {
            group,
            have: groups.get(&group).map_or(0, Vec::len),
            need: groups.get(&group).map(|m| need(m)),
        };
        return Err(CombineError::TooFew {
            complete: complete.len(),
            needed: first.group_threshold,
            groups: (0..first.group_count).map(state).collect(),
        });
    }

    let mut values = Vec::with_capacity(complete.len());
    for (group, members) in complete {
        let points: Vec<(u8, &[u8])> =
            members.iter().map(|(_, s)| (s.member_index, s.value.as_slice())).collect();
        let value = recover(need(members), &points).ok_or_else(|| CombineError::Digest {
            group: *group,
            suspects: odd_ones(need(members), &points)
                .into_iter()
                .filter_map(|i| members.get(i).map(|(position, _)| *position))
                .collect(),
        })?;
        values.push((*group, value));
    }
    let points: Vec<(u8, &[u8])> = values.iter().map(|(group, value)| (*group, value.as_slice())).collect();
    let encrypted = recover(first.group_threshold, &points).ok_or(CombineError::Groups)?;
    Ok(cipher::decrypt(&encrypted, passphrase, &first.set))
}

/// All the same, or the positions of the minority.
fn same<T: PartialEq + Ord + Copy>(
    shares: &[Share],
    what: &'static str,
    of: impl Fn(&Share) -> T,
) -> Result<(), CombineError> {
    let all: Vec<(usize, &Share)> = shares.iter().enumerate().collect();
    same_in(&all, what, of)
}

fn same_in<T: PartialEq + Ord + Copy>(
    shares: &[(usize, &Share)],
    what: &'static str,
    of: impl Fn(&Share) -> T,
) -> Result<(), CombineError> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for (_, share) in shares {
        *counts.entry(of(share)).or_default() += 1;
    }
    // The most frequent value is right; of equals the one that came first.
    let most = counts.values().max().copied().unwrap_or_default();
    let usual = shares.iter().map(|(_, s)| of(s)).find(|value| counts.get(value) == Some(&most));
    let odd: Vec<usize> = shares.iter().filter(|(_, s)| Some(of(s)) != usual).map(|(i, _)| *i).collect();
    if odd.is_empty() { Ok(()) } else { Err(CombineError::Mixed { odd, what }) }
}

/// The value that the points share, when they lie on one polynomial and the digest agrees.
fn recover(threshold: u8, points: &[(u8, &[u8])]) -> Option<Zeroizing<Vec<u8>>> {
    let (base, extra) = points.split_at_checked(usize::from(threshold))?;
    if threshold == 1 {
        let (_, value) = base.first()?;
        return extra.iter().all(|(_, other)| equal(other, value)).then(|| Zeroizing::new(value.to_vec()));
    }
    let secret = field::interpolate(base, SECRET_AT);
    let digest = field::interpolate(base, DIGEST_AT);
    let (stated, key) = digest.split_at_checked(DIGEST_LENGTH)?;
    let fits = equal(stated, &cipher::digest(key, &secret))
        && extra.iter().all(|(at, value)| equal(&field::interpolate(base, *at), value));
    fits.then_some(secret)
}

/// Points without which the rest belongs together.
fn odd_ones(threshold: u8, points: &[(u8, &[u8])]) -> Vec<usize> {
    let without = |i: usize| -> Vec<(u8, &[u8])> {
        points.iter().enumerate().filter(|(at, _)| *at != i).map(|(_, p)| *p).collect()
    };
    if threshold == 1 {
        return Vec::new();
    }
    (0..points.len()).filter(|i| recover(threshold, &without(*i)).is_some()).collect()
}

/// Compares without stopping at the first difference.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0u8, |diff, (x, y)| diff | (x ^ y)) == 0
}
