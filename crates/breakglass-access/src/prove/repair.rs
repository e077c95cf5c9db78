//! Least repairs: the fewest killers to take away so that no lock is left (CONDITIONAL_ACCESS 3.9).
//!
//! Minimal repairs are exactly the minimal hitting sets of the minimal locks. The locks are not listed beforehand: a
//! cheapest hitting set of those known so far is tried, and what it leaves is the next lock (implicit hitting sets).

use super::bits::Bits;
use super::search::STEPS;

/// How many optimal repairs are listed at most.
pub const CAP: usize = 50;

/// What is left after a repair was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// No lock.
    Nothing,
    /// Some of the locks that are left, at least one. An empty one, or one without removable elements, cannot be repaired.
    Locks(Vec<Bits>),
    /// The search gave up.
    GaveUp,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Least {
    /// Every repair with the fewest elements; one empty set when none is needed. `complete` is false when there are more
    /// than [`CAP`].
    Sets {
        /// The repairs, all of the same size.
        sets: Vec<Bits>,
        /// Whether these are all.
        complete: bool,
    },
    /// No set of removable elements repairs it.
    Impossible,
    /// Not settled within the bound.
    GaveUp,
}

/// Finds all repairs with the fewest elements out of `removable`. `known` are locks that are known beforehand.
/// `left_after` searches once more with a set of elements taken away; it must answer *minimal* locks for the search to be
/// quick, any locks for it to be right.
pub fn least(removable: &Bits, known: Vec<Bits>, mut left_after: impl FnMut(&Bits) -> Left) -> Least {
    let mut locks: Vec<Bits> = Vec::new();
    let mut new = known;
    loop {
        for lock in new {
            let lock = lock.and(removable);
            if lock.is_empty() {
                return Least::Impossible;
            }
            // A lock that holds another one is hit with it.
            if !locks.iter().any(|l| l.is_within(&lock)) {
                locks.retain(|l| !lock.is_within(l));
                locks.push(lock);
            }
        }
        let Some(Sets { sets, complete }) = smallest_hitting_sets(&locks, CAP) else { return Least::GaveUp };
        new = Vec::new();
        for set in &sets {
            match left_after(set) {
                Left::Nothing => {}
                Left::GaveUp => return Least::GaveUp,
                // A lock that the tried set hits already would turn this into an endless loop.
                Left::Locks(left) if left.iter().any(|lock| lock.meets(set)) => return Least::GaveUp,
                Left::Locks(left) => {
                    new = left;
                    break;
                }
            }
        }
        if new.is_empty() {
            return Least::Sets { sets, complete };
        }
    }
}

struct Sets {
    sets: Vec<Bits>,
    complete: bool,
}

/// All smallest sets that meet every set of the family, up to `cap`; `None` when that takes too long.
fn smallest_hitting_sets(family: &[Bits], cap: usize) -> Option<Sets> {
    let mut hit = Hit { family, cap, steps: STEPS, sets: Vec::new() };
    for size in 0..=family.len() {
        hit.descend(&Bits::new(), &Bits::new(), size);
        if hit.steps == 0 {
            return None;
        }
        if !hit.sets.is_empty() {
            let complete = hit.sets.len() <= cap;
            hit.sets.truncate(cap);
            return Some(Sets { sets: hit.sets, complete });
        }
    }
    None
}

struct Hit<'a> {
    family: &'a [Bits],
    cap: usize,
    steps: usize,
    sets: Vec<Bits>,
}

impl Hit<'_> {
    fn descend(&mut self, picked: &Bits, forbidden: &Bits, more: usize) {
        if self.steps == 0 || self.sets.len() > self.cap {
            return;
        }
        self.steps -= 1;
        let open = self.family.iter().filter(|f| !f.meets(picked));
        let Some(hardest) = open.map(|f| f.minus(forbidden)).min_by_key(Bits::len) else {
            self.sets.push(picked.clone());
            return;
        };
        if more == 0 {
            return;
        }
        let mut forbidden = forbidden.clone();
        for element in hardest.iter() {
            let mut next = picked.clone();
            next.insert(element);
            self.descend(&next, &forbidden, more - 1);
            forbidden.insert(element);
        }
    }
}
