//! Repairs and their opposite: the fewest exclusions that make the accounts safe, and the most that can be taken out
//! (CONDITIONAL_ACCESS 3.9), over all scenarios at once.
//!
//! An element is a pair of account and policy, numbered `account * policies + policy`.

use super::bits::Bits;
use super::ground::Ground;
use super::judge::{Exclusions, Trial};
use super::repair::{Least, Left, least};
use super::search::Search;
use std::rc::Rc;

/// One way in which a scenario happens, with every account judged in it.
#[derive(Debug)]
pub(super) struct Round {
    /// The tenant.
    pub ground: Rc<Ground>,
    /// The trials of each account, one for each action.
    pub accounts: Vec<Vec<Trial>>,
}

/// What is asked of the rounds together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds<'a> {
    /// All rounds.
    pub rounds: &'a [Round],
    /// How many policies there are.
    pub policies: usize,
    /// How many accounts must be safe in each round.
    pub required: usize,
}

impl Rounds<'_> {
    /// All sets of exclusions with the fewest elements after which enough accounts are proved safe in every round.
    #[must_use]
    pub(super) fn least_exclusions(&self) -> Least {
        let accounts = self.rounds.iter().map(|r| r.accounts.len()).max().unwrap_or(0);
        let every = Bits::below(accounts * self.policies);
        least(&every, |added| self.left(added, &Bits::new()))
    }

    /// Existing exclusions (of accounts from policies) that can be taken out one at a time: enough accounts are still
    /// proved safe in every round.
    #[must_use]
    pub(super) fn unnecessary(&self, existing: &Bits) -> Bits {
        let nothing = Bits::new();
        let alone = |e: &usize| self.left(&nothing, &std::iter::once(*e).collect()) == Left::Nothing;
        existing.iter().filter(alone).collect()
    }

    /// Every largest set of existing exclusions that can be taken out together; none when not even the empty set can,
    /// because enough accounts are not proved safe now.
    #[must_use]
    pub(super) fn removable(&self, existing: &Bits) -> Vec<Bits> {
        match least(existing, |kept| self.left(&Bits::new(), &existing.minus(kept))) {
            Least::Sets { sets, .. } => sets.iter().map(|kept| existing.minus(kept)).collect(),
            Least::Impossible | Least::GaveUp => Vec::new(),
        }
    }

    /// What still locks with some exclusions added and others taken out.
    fn left(&self, added: &Bits, lifted: &Bits) -> Left {
        for round in self.rounds {
            match self.left_in(round, added, lifted) {
                Left::Nothing => {}
                other => return other,
            }
        }
        Left::Nothing
    }

    /// In one round the accounts that may be locked must be fewer than all but the required ones. Where they are not, one
    /// of so many locks has to be broken: their union is what a repair must meet.
    fn left_in(&self, round: &Round, added: &Bits, lifted: &Bits) -> Left {
        let mut locks: Vec<Bits> = Vec::new();
        for (account, trials) in round.accounts.iter().enumerate() {
            let of_account = |set: &Bits| -> Bits {
                (0..self.policies).filter(|p| set.contains(account * self.policies + p)).collect()
            };
            let (added, lifted) = (of_account(added), of_account(lifted));
            for trial in trials {
                // More exclusions never lock (CONDITIONAL_ACCESS 3.5).
                if trial.answer.is_yes() && !trial.is_touched(&lifted) {
                    continue;
                }
                let exclusions = Exclusions { added: &added, lifted: &lifted };
                match trial.pessimistic_with(&round.ground, exclusions).smallest_lock() {
                    Search::Open => {}
                    Search::GaveUp => return Left::GaveUp,
                    Search::Locked(lock) => {
                        // The one that stands for policies that could not be read is nothing to be excluded from.
                        let known = lock.killers.iter().filter(|p| *p < self.policies);
                        locks.push(known.map(|p| account * self.policies + p).collect());
                        break;
                    }
                }
            }
        }
        let accounts = round.accounts.len();
        if self.required > accounts {
            return Left::Lock(Bits::new());
        }
        let too_many = accounts + 1 - self.required;
        if self.required == 0 || locks.len() < too_many {
            return Left::Nothing;
        }
        locks.sort_by_key(Bits::len);
        let chosen = locks.iter().take(too_many);
        Left::Lock(chosen.fold(Bits::new(), |all, lock| all.or(lock)))
    }
}
