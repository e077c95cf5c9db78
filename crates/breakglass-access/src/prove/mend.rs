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

impl Round {
    /// Whether another round is the same question, whatever exclusions are added or taken out.
    fn is_like(&self, other: &Self) -> bool {
        let same_shape = self.accounts.iter().map(Vec::len).eq(other.accounts.iter().map(Vec::len));
        let mut pairs = self.accounts.iter().flatten().zip(other.accounts.iter().flatten());
        same_shape && pairs.all(|(a, b)| a.is_like(&self.ground, b, &other.ground))
    }
}

/// What is asked of the rounds together.
#[derive(Debug)]
pub(super) struct Rounds<'a> {
    /// Each question once: most scenarios change nothing for accounts that are well made.
    rounds: Vec<&'a Round>,
    /// How many policies there are.
    policies: usize,
    /// How many accounts must be safe in each round.
    required: usize,
}

impl<'a> Rounds<'a> {
    /// The rounds of a question.
    #[must_use]
    pub(super) fn new(all: &'a [Round], policies: usize, required: usize) -> Self {
        let mut rounds: Vec<&Round> = Vec::new();
        for round in all {
            if !rounds.iter().any(|r| r.is_like(round)) {
                rounds.push(round);
            }
        }
        Self { rounds, policies, required }
    }

    /// All sets of exclusions with the fewest elements after which enough accounts are proved safe in every round.
    #[must_use]
    pub(super) fn least_exclusions(&self) -> Least {
        let every = Bits::below(self.accounts() * self.policies);
        least(&every, Vec::new(), |added| self.left(added, &Bits::new()))
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
    /// because enough accounts are not proved safe now. `unnecessary` are those that can be taken out alone: the others
    /// stay, because taking out more never helps.
    #[must_use]
    pub(super) fn removable(&self, existing: &Bits, unnecessary: &Bits) -> Vec<Bits> {
        let stay = existing.minus(unnecessary).iter().map(|e| std::iter::once(e).collect()).collect();
        match least(existing, stay, |kept| self.left(&Bits::new(), &existing.minus(kept))) {
            Least::Sets { sets, .. } => sets.iter().map(|kept| existing.minus(kept)).collect(),
            Least::Impossible | Least::GaveUp => Vec::new(),
        }
    }

    fn accounts(&self) -> usize {
        self.rounds.iter().map(|r| r.accounts.len()).max().unwrap_or(0)
    }

    /// What still locks with some exclusions added and others taken out.
    fn left(&self, added: &Bits, lifted: &Bits) -> Left {
        let mut of_account: Vec<(Bits, Bits)> = vec![Default::default(); self.accounts()];
        let put = |set: &Bits, of_account: &mut [(Bits, Bits)], pick: fn(&mut (Bits, Bits)) -> &mut Bits| {
            for (account, policy) in set.iter().filter_map(|e| self.split(e)) {
                if let Some(both) = of_account.get_mut(account) {
                    pick(both).insert(policy);
                }
            }
        };
        put(added, &mut of_account, |both| &mut both.0);
        put(lifted, &mut of_account, |both| &mut both.1);
        let mut locks: Vec<Bits> = Vec::new();
        for round in &self.rounds {
            match self.left_in(round, &of_account) {
                Left::Nothing => {}
                Left::GaveUp => return Left::GaveUp,
                Left::Locks(more) => locks.extend(more),
            }
        }
        if locks.is_empty() { Left::Nothing } else { Left::Locks(locks) }
    }

    fn split(&self, element: usize) -> Option<(usize, usize)> {
        Some((element.checked_div(self.policies)?, element.checked_rem(self.policies)?))
    }

    /// In one round the accounts that may be locked must be fewer than all but the required ones. Where they are not, one
    /// of so many locks has to be broken: their union is what a repair must meet.
    fn left_in(&self, round: &Round, exclusions: &[(Bits, Bits)]) -> Left {
        let mut locks: Vec<Bits> = Vec::new();
        for (account, (trials, (added, lifted))) in round.accounts.iter().zip(exclusions).enumerate() {
            for trial in trials {
                // More exclusions never lock (CONDITIONAL_ACCESS 3.5).
                if trial.answer.is_yes() && !trial.is_touched(lifted) {
                    continue;
                }
                match trial.pessimistic_with(&round.ground, Exclusions { added, lifted }).smallest_lock() {
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
            return Left::Locks(vec![Bits::new()]);
        }
        let too_many = accounts + 1 - self.required;
        if self.required == 0 || locks.len() < too_many {
            return Left::Nothing;
        }
        locks.sort_by_key(Bits::len);
        let chosen = locks.iter().take(too_many);
        Left::Locks(vec![chosen.fold(Bits::new(), |all, lock| all.or(lock))])
    }
}
