//! One account, one action, one scenario: is there a way in whatever the world does? (CONDITIONAL_ACCESS 3.6, 3.7)

use super::bits::{Bits, Region};
use super::choices::{Candidate, Choice};
use super::gates::Gate;
use super::ground::Ground;
use super::question::Question;
use super::roads::{Action, Road};
use super::search::{Instance, Locks, Search};
use breakglass_model::Tri;
use std::rc::Rc;

/// How many minimal locks are listed at most.
pub(super) const LOCKS: usize = 50;

/// An account's ways to an action.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// The action.
    pub action: Action,
    /// The roads to it.
    pub roads: Rc<Vec<Road>>,
    /// The ways in.
    pub choices: Vec<Choice>,
    /// Everything that the world may impose on this account.
    pub everywhere: Region,
    /// Those whose gates are open for sure, in brief and each once.
    ways: Vec<Way>,
    /// Whether the action is reachable in every context.
    pub answer: Tri,
    /// A search gave up: the answer is unknown for want of time and not of facts.
    pub gave_up: bool,
}

/// A way in, as far as pessimism goes: everything that may close it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    /// Policies that may close it.
    kills: Bits,
    /// Policies that might if the account were excluded from nothing.
    lifted: Bits,
    /// Whether the gates stay open then.
    lifted_open: bool,
}

impl Way {
    fn new(choice: &Choice) -> Self {
        let may = |kills: &[Tri]| kills.iter().enumerate().filter(|(_, k)| k.may()).map(|(n, _)| n).collect();
        let (kills, lifted) = (may(&choice.kills), may(&choice.lifted));
        Self { kills, lifted, lifted_open: choice.lifted_open.is_yes() }
    }
}

/// What changes about exclusions when a trial is judged again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exclusions<'a> {
    /// Policies from which the account is excluded in addition.
    pub added: &'a Bits,
    /// Policies whose exclusions of the account are taken out.
    pub lifted: &'a Bits,
}

impl Trial {
    /// Judges, for a question: once, when the operator may choose among the workstations; once for each workstation, when
    /// whichever is at hand must do.
    #[must_use]
    pub(super) fn all(
        question: &Question,
        candidate: &Candidate<'_>,
        action: Action,
        roads: &Rc<Vec<Road>>,
    ) -> Vec<Self> {
        let choices = candidate.choices(action, roads);
        if !question.every_workstation {
            return vec![Self::of(candidate, action, roads, choices)];
        }
        let at = |w: usize| choices.iter().filter(|c| c.workstation == w).cloned().collect();
        let workstations = 0..candidate.ground.workstations.len();
        workstations.map(|w| Self::of(candidate, action, roads, at(w))).collect()
    }

    fn of(candidate: &Candidate<'_>, action: Action, roads: &Rc<Vec<Road>>, choices: Vec<Choice>) -> Self {
        let user_risk = candidate.effects.user_risk.get(&candidate.id).copied();
        let mut ways: Vec<Way> = choices.iter().filter(|c| c.open().is_yes()).map(Way::new).collect();
        ways.sort();
        ways.dedup();
        let mut trial = Self {
            action,
            roads: Rc::clone(roads),
            choices,
            ways,
            everywhere: candidate.ground.atoms.everywhere(user_risk),
            answer: Tri::Unknown,
            gave_up: false,
        };
        let pessimistic = trial.pessimistic(candidate.ground).smallest_lock();
        trial.answer = match pessimistic {
            Search::Open => Tri::Yes,
            Search::Locked(_) => match trial.optimistic(candidate.ground).smallest_lock() {
                Search::Locked(_) => Tri::No,
                Search::Open => Tri::Unknown,
                Search::GaveUp => trial.give_up(),
            },
            Search::GaveUp => trial.give_up(),
        };
        trial
    }

    fn give_up(&mut self) -> Tri {
        self.gave_up = true;
        Tri::Unknown
    }

    /// Whether taking out some exclusions changes anything for this account.
    #[must_use]
    pub(super) fn is_touched(&self, lifted: &Bits) -> bool {
        let differs = |w: &Way| !w.lifted_open || w.kills.and(lifted) != w.lifted.and(lifted);
        !lifted.is_empty() && self.ways.iter().any(differs)
    }

    /// Whether another trial, on another ground, is the same question with other exclusions whatever they are.
    #[must_use]
    pub(super) fn is_like(&self, ground: &Ground, other: &Self, its: &Ground) -> bool {
        if self.everywhere != other.everywhere || self.ways != other.ways || self.answer != other.answer {
            return false;
        }
        let mut involved = self.ways.iter().flat_map(|w| w.kills.iter().chain(w.lifted.iter()));
        Rc::ptr_eq(&ground.may, &its.may) || involved.all(|n| ground.may.get(n) == its.may.get(n))
    }

    /// Everything that may close a way closes it; only gates that are surely open count. No lock here is a proof.
    #[must_use]
    pub(super) fn pessimistic(&self, ground: &Ground) -> Instance {
        let nothing = Bits::new();
        self.pessimistic_with(ground, Exclusions { added: &nothing, lifted: &nothing })
    }

    /// The same with other exclusions.
    #[must_use]
    pub(super) fn pessimistic_with(&self, ground: &Ground, exclusions: Exclusions<'_>) -> Instance {
        let Exclusions { added, lifted } = exclusions;
        let ways = self.ways.iter().filter(|w| lifted.is_empty() || w.lifted_open);
        let killers = ways.map(|w| w.kills.minus(lifted).or(&w.lifted.and(lifted)).minus(added));
        Instance {
            choices: killers.collect(),
            boxes: Rc::clone(&ground.may),
            everywhere: self.everywhere.clone(),
        }
    }

    /// Only what surely closes a way closes it; gates that may be open count. A lock here is certain.
    #[must_use]
    pub(super) fn optimistic(&self, ground: &Ground) -> Instance {
        self.optimistic_on(ground, |_| true)
    }

    fn optimistic_on(&self, ground: &Ground, on: impl Fn(&Choice) -> bool) -> Instance {
        let choices = self.choices.iter().filter(|c| c.open().may() && on(c));
        let sure = |choice: &Choice| -> Bits {
            choice.kills.iter().enumerate().filter(|(_, k)| k.is_yes()).map(|(n, _)| n).collect()
        };
        Instance {
            choices: choices.map(sure).collect(),
            boxes: Rc::clone(&ground.sure),
            everywhere: self.everywhere.clone(),
        }
    }

    /// Whether one road alone is a way in whatever the world does.
    #[must_use]
    pub(super) fn by_road(&self, ground: &Ground, road: usize) -> Tri {
        let open = self.choices.iter().filter(|c| c.road == road && c.open().is_yes());
        let choices = open.map(|c| Way::new(c).kills);
        let alone = Instance { choices: choices.collect(), ..self.pessimistic(ground) };
        if alone.smallest_lock() == Search::Open {
            return Tri::Yes;
        }
        match self.optimistic_on(ground, |c| c.road == road).smallest_lock() {
            Search::Locked(_) => Tri::No,
            Search::Open | Search::GaveUp => Tri::Unknown,
        }
    }

    /// Every minimal lock that is certain; none when the answer is not `no`.
    #[must_use]
    pub(super) fn locks(&self, ground: &Ground) -> Locks {
        if self.answer.is_no() { self.optimistic(ground).locks(LOCKS) } else { Locks::default() }
    }

    /// The gates that lock by themselves: the first closed one of each way, when every way has one.
    #[must_use]
    pub(super) fn locking_gates(&self) -> Vec<Gate> {
        if self.choices.is_empty() {
            return vec![Gate::Service];
        }
        let first = |c: &Choice| c.passages.iter().find(|p| p.open.is_no()).map(|p| p.gate);
        let mut gates: Vec<Gate> = self.choices.iter().map(first).collect::<Option<_>>().unwrap_or_default();
        gates.sort();
        gates.dedup();
        gates
    }
}
