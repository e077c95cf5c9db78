//! The box search: can the world be such that every way in is closed? (CONDITIONAL_ACCESS 3.6 B)
//!
//! Abstract on purpose: it knows choices, killers and boxes, and nothing of policies or accounts. A *choice* is a way in
//! that the operator may take; its *killers* are the policies that close it wherever they match; a policy matches in its
//! *box* of environments. The account is locked somewhere if and only if one can pick a killer for every choice such
//! that the boxes of all picked killers have a point in common.
//!
//! The search is exhaustive, so that "no lock" is a proof. It is bounded by a number of steps; when that is used up the
//! answer is [`Search::GaveUp`], which nobody may count as safe.

use super::bits::{Bits, Region};
use std::rc::Rc;

/// How many steps a search may take. Tenants of 200 policies need some hundreds; the bound is for hostile ones.
pub const STEPS: usize = 100_000;

/// The question: ways in, what closes each, and where.
#[derive(Clone, Debug)]
pub struct Instance {
    /// For each choice the set of its killers. No choice at all means that a gate outside the policies locks.
    pub choices: Vec<Bits>,
    /// For each killer the box where it matches.
    pub boxes: Rc<Vec<Region>>,
    /// All environments.
    pub everywhere: Region,
}

/// Killers that together close every choice, and the environments where they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The killers. Empty when there is no choice at all.
    pub killers: Bits,
    /// All environments where these killers suffice: the counterexample, already generalised.
    pub region: Region,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// There is no lock in any environment.
    Open,
    /// There is one.
    Locked(Lock),
    /// Not settled within [`STEPS`].
    GaveUp,
}

/// A list of locks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// The locks, those with fewest killers first.
    pub found: Vec<Lock>,
    /// Whether these are all there are.
    pub complete: bool,
}

impl Instance {
    /// The same question without some killers: what excluding the account from policies does.
    #[must_use]
    pub fn without(&self, removed: &Bits) -> Self {
        let choices = self.choices.iter().map(|k| k.minus(removed)).collect();
        Self { choices, ..self.clone() }
    }

    /// The choices that matter: killers with an empty box never act, and a choice with more killers than another is never
    /// needed.
    fn essential(&self) -> Vec<Bits> {
        let alive: Bits = self
            .boxes
            .iter()
            .enumerate()
            .filter(|(_, b)| b.meets(&self.everywhere))
            .map(|(i, _)| i)
            .collect();
        let mut all: Vec<Bits> = self.choices.iter().map(|k| k.and(&alive)).collect();
        all.sort_by_key(Bits::len);
        let mut kept: Vec<Bits> = Vec::new();
        for killers in all {
            if !kept.iter().any(|k| k.is_within(&killers)) {
                kept.push(killers);
            }
        }
        kept
    }

    /// A lock with the fewest killers, or the proof that there is none.
    #[must_use]
    pub fn smallest_lock(&self) -> Search {
        let Locks { found, complete } = self.locks(1);
        match (found.into_iter().next(), complete) {
            (Some(lock), _) => Search::Locked(lock),
            (None, true) => Search::Open,
            (None, false) => Search::GaveUp,
        }
    }

    /// The locks that are minimal (dropping any killer unlocks), up to `cap` of them, smallest first.
    #[must_use]
    pub fn locks(&self, cap: usize) -> Locks {
        if self.everywhere.is_empty() {
            return Locks { found: Vec::new(), complete: true };
        }
        let choices = self.essential();
        if choices.is_empty() {
            let lock = Lock { killers: Bits::new(), region: self.everywhere.clone() };
            return Locks { found: vec![lock], complete: true };
        }
        if choices.iter().any(Bits::is_empty) {
            return Locks { found: Vec::new(), complete: true };
        }
        let mut walk = Walk {
            choices: &choices,
            boxes: &self.boxes,
            cap,
            size: 0,
            steps: STEPS,
            deeper: false,
            found: Vec::new(),
        };
        for size in 1..=choices.len() {
            walk.size = size;
            walk.deeper = false;
            walk.descend(&mut Vec::new(), &self.everywhere, &Bits::new());
            if walk.steps == 0 || walk.found.len() >= cap {
                break;
            }
            if !walk.deeper {
                return Locks { found: walk.found, complete: true };
            }
        }
        // With the greatest size every choice has its own killer: nothing can be deeper.
        let complete = walk.steps > 0 && walk.found.len() < cap;
        Locks { found: walk.found, complete }
    }
}

/// Depth-first, one pass for each number of killers, so that the smallest locks come first.
struct Walk<'a> {
    choices: &'a [Bits],
    boxes: &'a [Region],
    cap: usize,
    /// How many killers the locks of this pass have.
    size: usize,
    steps: usize,
    /// Something was cut off that a greater size would reach.
    deeper: bool,
    found: Vec<Lock>,
}

impl Walk<'_> {
    fn descend(&mut self, picked: &mut Vec<usize>, region: &Region, forbidden: &Bits) {
        if self.steps == 0 || self.found.len() >= self.cap {
            return;
        }
        self.steps -= 1;
        let set: Bits = picked.iter().copied().collect();
        if !self.each_is_needed(picked, &set) {
            return;
        }
        let Some(killers) = self.hardest_open(&set, region, forbidden) else {
            if picked.len() == self.size {
                self.found.push(Lock { killers: set, region: region.clone() });
            }
            return;
        };
        if picked.len() == self.size {
            self.deeper |= !killers.is_empty();
            return;
        }
        let mut forbidden = forbidden.clone();
        for killer in killers {
            let Some(reach) = self.boxes.get(killer) else { continue };
            picked.push(killer);
            self.descend(picked, &region.and(reach), &forbidden);
            picked.pop();
            // Every lock with this killer has been seen: the later siblings do without it.
            forbidden.insert(killer);
        }
    }

    /// Each picked killer closes a choice that no other picked one closes; otherwise the lock is not minimal, and stays so.
    fn each_is_needed(&self, picked: &[usize], set: &Bits) -> bool {
        picked.iter().all(|p| self.choices.iter().any(|k| k.contains(*p) && k.and(set).len() == 1))
    }

    /// The viable killers of the open choice that has the fewest of them; `None` when no choice is open. Killers that
    /// close most open choices come first.
    fn hardest_open(&self, set: &Bits, region: &Region, forbidden: &Bits) -> Option<Vec<usize>> {
        let open: Vec<&Bits> = self.choices.iter().filter(|k| !k.meets(set)).collect();
        let viable = |k: &Bits| -> Vec<usize> {
            k.minus(forbidden)
                .iter()
                .filter(|p| self.boxes.get(*p).is_some_and(|b| b.meets(region)))
                .collect()
        };
        let mut best = open.iter().map(|k| viable(k)).min_by_key(Vec::len)?;
        best.sort_by_cached_key(|p| std::cmp::Reverse(open.iter().filter(|k| k.contains(*p)).count()));
        Some(best)
    }
}
