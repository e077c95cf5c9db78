//! Questions of reachability with known answers: `breakglass-ca-case/1` of kind `reach`. The expectation is never read.

mod read;

use super::arrange::{Arranged, arrange};
use super::bits::Bits;
use super::mend::{Round, Rounds};
use super::proof::Verdict;
use super::question::Question;
use super::repair::Least;
use super::scenario::ScenarioError;
use super::whole::{answers, existing_exclusions, verdict_of, worst};
use crate::case::CaseProblem;
use breakglass_model::snapshot::collections as c;
use breakglass_model::{ObjectId, PolicyId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Why a case cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum ReachProblem {
    /// It is no such case.
    #[error(transparent)]
    Case(#[from] CaseProblem),
    /// The question is not as the format has it.
    #[error("at `{path}`: expected {expected}, found {found}")]
    Question {
        /// Where.
        path: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The scenario cannot be judged.
    #[error("at `$.question.scenario`: {0}")]
    Scenario(#[from] ScenarioError),
}

/// Answers a case of kind `reach`, with every field that the format names under `expect`.
///
/// # Errors
/// When it is no such case, or its question cannot be read.
pub fn answer_reach(text: &str) -> Result<Value, ReachProblem> {
    let (case, snapshot) = crate::case::read(text, "reach")?;
    let question = read::question(&case)?;
    let mut arranged = arrange(&snapshot, &question, snapshot.taken_at);
    if let Some((_, error)) = arranged.failed.pop() {
        return Err(error.into());
    }
    let rounds = arranged.rounds(&question);
    let policies = snapshot.get(c::POLICIES).unwrap_or_default().iter();
    let written = policies.filter_map(|p| p.get("id").and_then(Value::as_str)).map(str::to_owned);
    let names = written.map(|id| (PolicyId::new(&id), id)).collect();
    Ok(Answer { question: &question, arranged: &arranged, rounds: &rounds, names }.value())
}

struct Answer<'a> {
    question: &'a Question,
    arranged: &'a Arranged,
    rounds: &'a [Round],
    /// Ids as the case writes them.
    names: BTreeMap<PolicyId, String>,
}

impl Answer<'_> {
    fn value(&self) -> Value {
        let verdict = worst(self.rounds.iter().map(|r| verdict_of(r, self.question.required)));
        let word = match verdict {
            Verdict::ProvedSafe => "reachable",
            Verdict::Locked => "locked",
            Verdict::Unknown => "unknown",
        };
        let together = Rounds::new(self.rounds, self.arranged.ids.len(), self.question.required);
        let least = match together.least_exclusions() {
            Least::Sets { sets, .. } => sets,
            Least::Impossible | Least::GaveUp => Vec::new(),
        };
        let (mut singles, mut largest) = (Bits::new(), Vec::new());
        if verdict == Verdict::ProvedSafe {
            let existing = existing_exclusions(self.question, self.arranged, self.rounds);
            singles = together.unnecessary(&existing);
            largest = together.removable(&existing, &singles);
        }
        let all = |sets: &[Bits]| sets.iter().map(|set| self.pairs(set)).collect::<Vec<_>>();
        json!({
            "verdict": word,
            "accounts": self.accounts(),
            "minimalLockingSets": self.locking_sets(),
            "blocking": self.blocking(),
            "leastExclusions": all(&least),
            "individuallyUnnecessaryExclusions": self.pairs(&singles),
            "largestJointlyRemovableExclusions": all(&largest),
        })
    }

    fn accounts(&self) -> Map<String, Value> {
        let answers = self.rounds.first().map(answers).unwrap_or_default();
        self.question
            .accounts
            .iter()
            .map(|a| a.name.clone())
            .zip(answers.into_iter().map(|a| json!(a)))
            .collect()
    }

    fn policy(&self, n: usize) -> String {
        let id = self.arranged.ids.get(n);
        id.map(|id| self.names.get(id).cloned().unwrap_or_else(|| id.to_string())).unwrap_or_default()
    }

    /// For each account that is locked the minimal sets of policies that do it.
    fn locking_sets(&self) -> Map<String, Value> {
        let mut sets = Map::new();
        for round in self.rounds {
            for (account, trials) in self.question.accounts.iter().zip(&round.accounts) {
                for trial in trials.iter().filter(|t| t.answer.is_no()) {
                    let locks = trial.locks(&round.ground).found;
                    let ids = |killers: &Bits| killers.iter().map(|n| self.policy(n)).collect::<Vec<_>>();
                    let locks: Vec<_> = locks.iter().map(|lock| ids(&lock.killers)).collect();
                    sets.insert(account.name.clone(), json!(locks));
                }
            }
        }
        sets
    }

    /// The gates that lock without any policy.
    fn blocking(&self) -> Vec<Value> {
        let mut blocking = Vec::new();
        for round in self.rounds {
            for (account, trials) in self.question.accounts.iter().zip(&round.accounts) {
                for gate in trials.iter().filter(|t| t.answer.is_no()).flat_map(|t| t.locking_gates()) {
                    blocking.push(json!({ "account": account.name, "gate": gate.name() }));
                }
            }
        }
        blocking
    }

    fn pairs(&self, set: &Bits) -> Vec<Value> {
        let policies = self.arranged.ids.len().max(1);
        let pair = |e: usize| {
            let account = self.question.accounts.get(e / policies)?;
            Some(json!({ "account": account.name, "policy": self.policy(e % policies) }))
        };
        set.iter().filter_map(pair).collect()
    }
}

/// An account of a case is known by its id alone.
fn account(id: &str) -> super::question::AccountRef {
    super::question::AccountRef { name: id.to_owned(), id: ObjectId::new(id) }
}
