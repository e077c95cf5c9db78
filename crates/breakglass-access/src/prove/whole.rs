//! The whole proof, put together.

use super::arrange::{Arranged, Setting, arrange};
use super::bits::Bits;
use super::choices::Candidate;
use super::enumerate;
use super::evidence::Counterexample;
use super::facts;
use super::mend::{Round, Rounds};
use super::proof::{AccountProof, Exclusion, NoLockout, Proof, ScenarioProof, Unnecessary, Verdict};
use super::question::{AccountRef, Question};
use super::repair::Least;
use super::scenario::{self, ScenarioError};
use breakglass_model::Tri;
use breakglass_model::snapshot::Snapshot;
use breakglass_model::view::TenantView;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Proves that enough accounts can recover the tenant, or shows why not. `now` is the date of the question where the
/// snapshot tells none.
#[must_use]
pub fn prove(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Proof {
    let arranged = arrange(snapshot, question, now);
    let rounds = arranged.rounds(question);
    let whole = Whole { question, arranged: &arranged, rounds: &rounds };
    let scenarios = whole.scenarios();
    let verdict = worst(scenarios.iter().map(|s| s.verdict));
    let together = Rounds::new(&rounds, arranged.ids.len(), question.required);
    let least = if verdict == Verdict::ProvedSafe {
        vec![Bits::new()]
    } else {
        match together.least_exclusions() {
            Least::Sets { sets, .. } => sets,
            Least::Impossible | Least::GaveUp => Vec::new(),
        }
    };
    let mut proof = Proof {
        verdict,
        required_accounts: question.required,
        accounts: whole.accounts(),
        counterexamples: whole.counterexamples(verdict),
        least_exclusions: least.iter().map(|set| whole.exclusions(set)).collect(),
        unnecessary_exclusions: whole.unnecessary(verdict, &together),
        facts_needed: whole.facts(),
        assumptions: whole.assumptions(),
        snapshot_digest: snapshot.content_digest(),
        judged_at: arranged.at,
        scenarios,
        no_lockout: None,
    };
    proof.no_lockout = NoLockout::new(&proof);
    proof
}

/// The snapshot as a scenario of the question leaves it, one for each way in which it can happen: where a counterexample of
/// that scenario can be replayed.
///
/// # Errors
/// When the scenario does not exist or its changes cannot be read.
pub fn under(
    snapshot: &Snapshot,
    question: &Question,
    name: &str,
) -> Result<Vec<(String, Snapshot)>, ScenarioError> {
    let view = TenantView::new(snapshot);
    let Some(scenario) = question.scenarios.iter().find(|s| s.name == name) else {
        let known = question.scenario_names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        return Err(ScenarioError::Unknown { name: name.into(), known });
    };
    let variants = scenario.variants(&view, &question.named_accounts())?;
    let left = variants.into_iter().map(|v| Ok((v.words, v.effects.tenant(snapshot)?)));
    left.collect()
}

/// In how many environments an account cannot reach an action: the second opinion, environment by environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Name of the account.
    pub account: String,
    /// The action.
    pub action: String,
    /// How many environments there are.
    pub environments: usize,
    /// In how many of them the account is locked for sure.
    pub locked: usize,
    /// In how many of them it may be.
    pub may_be_locked: usize,
    /// What the search says.
    pub answer: Tri,
}

/// Counts environments one by one while nothing has failed, for each account and action (and for each machine that must
/// do), beside what the search says.
#[must_use]
pub fn census(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Vec<Share> {
    let mut question = question.clone();
    question.scenarios.retain(|s| s.name == scenario::NONE);
    let rounds = arrange(snapshot, &question, now).rounds(&question);
    let mut shares = Vec::new();
    for round in &rounds {
        for (account, trials) in question.accounts.iter().zip(&round.accounts) {
            shares.extend(trials.iter().map(|trial| {
                let sure = enumerate::census(&trial.optimistic(&round.ground));
                Share {
                    account: account.name.clone(),
                    action: trial.action.name().to_owned(),
                    environments: sure.cells,
                    locked: sure.locked,
                    may_be_locked: enumerate::census(&trial.pessimistic(&round.ground)).locked,
                    answer: trial.answer,
                }
            }));
        }
    }
    shares
}

pub(super) fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.fold(Verdict::ProvedSafe, |worst, verdict| match (worst, verdict) {
        (Verdict::Locked, _) | (_, Verdict::Locked) => Verdict::Locked,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::ProvedSafe, Verdict::ProvedSafe) => Verdict::ProvedSafe,
    })
}

/// The answer for each account of a round.
pub(super) fn answers(round: &Round) -> Vec<Tri> {
    round.accounts.iter().map(|trials| Tri::all(trials.iter().map(|t| t.answer))).collect()
}

/// Whether enough accounts are safe in a round.
pub(super) fn verdict_of(round: &Round, required: usize) -> Verdict {
    let answers = answers(round);
    let (safe, may) =
        (answers.iter().filter(|a| a.is_yes()).count(), answers.iter().filter(|a| a.may()).count());
    Verdict::of(required, safe, may)
}

struct Whole<'a> {
    question: &'a Question,
    arranged: &'a Arranged,
    rounds: &'a [Round],
}

impl<'a> Whole<'a> {
    fn pairs(&self) -> impl Iterator<Item = (&'a Setting, &'a Round)> + use<'a> {
        self.arranged.settings.iter().zip(self.rounds)
    }

    fn of_scenario(&self, n: usize) -> impl Iterator<Item = (&'a Setting, &'a Round)> + use<'a> {
        self.pairs().filter(move |(setting, _)| setting.scenario == n)
    }

    fn named(&self, answers: Vec<Tri>) -> BTreeMap<String, Tri> {
        self.question.accounts.iter().map(|a| a.name.clone()).zip(answers).collect()
    }

    fn scenarios(&self) -> Vec<ScenarioProof> {
        let of = |(n, scenario): (usize, &scenario::Scenario)| {
            let verdict = |round: &Round| verdict_of(round, self.question.required);
            let failed = self.arranged.failed.iter().find(|(f, _)| *f == n).map(|(_, e)| e.to_string());
            let mut all = worst(self.of_scenario(n).map(|(_, round)| verdict(round)));
            if failed.is_some() && all == Verdict::ProvedSafe {
                all = Verdict::Unknown;
            }
            let shown = self.of_scenario(n).find(|(_, round)| verdict(round) == all);
            let words = shown.map(|(s, _)| s.words.clone()).filter(|w| !w.is_empty());
            ScenarioProof {
                name: scenario.name.clone(),
                title: scenario::title(&scenario.name).to_owned(),
                verdict: all,
                ways: self.of_scenario(n).count(),
                fails_when: failed.or(words.filter(|_| all != Verdict::ProvedSafe)),
                accounts: shown.map(|(_, round)| self.named(answers(round))).unwrap_or_default(),
            }
        };
        self.question.scenarios.iter().enumerate().map(of).collect()
    }

    fn accounts(&self) -> BTreeMap<String, AccountProof> {
        let of = |(n, account): (usize, &AccountRef)| {
            let calm = self.pairs().next();
            let trials = calm.and_then(|(_, round)| round.accounts.get(n));
            let mut roads: BTreeMap<String, Tri> = BTreeMap::new();
            for (trial, (_, round)) in trials.into_iter().flatten().zip(std::iter::repeat(calm).flatten()) {
                for (r, road) in trial.roads.iter().enumerate() {
                    let answer = trial.by_road(&round.ground, r);
                    roads.entry(road.id.clone()).and_modify(|a| *a = a.and(answer)).or_insert(answer);
                }
            }
            let answer = trials.map_or(Tri::Unknown, |t| Tri::all(t.iter().map(|t| t.answer)));
            let proof = AccountProof {
                id: account.id.to_string(),
                verdict: Verdict::from_answer(answer),
                roads,
                scenarios: self.survives(n, account),
            };
            (account.name.clone(), proof)
        };
        self.question.accounts.iter().enumerate().map(of).collect()
    }

    /// What the account survives, the ways apart in which it is itself what is lost.
    fn survives(&self, n: usize, account: &AccountRef) -> BTreeMap<String, Tri> {
        let mut survives: BTreeMap<String, Tri> = BTreeMap::new();
        for (setting, round) in
            self.pairs().filter(|(s, _)| !s.effects.accounts_deleted.contains(&account.id))
        {
            let (Some(scenario), Some(trials)) =
                (self.question.scenarios.get(setting.scenario), round.accounts.get(n))
            else {
                continue;
            };
            let answer = Tri::all(trials.iter().map(|t| t.answer));
            survives.entry(scenario.name.clone()).and_modify(|a| *a = a.and(answer)).or_insert(answer);
        }
        survives
    }

    /// Locks in every round that is lost, and those without any failure even where enough other accounts are left. Once a
    /// lock has been told it is not told again for another scenario.
    fn counterexamples(&self, verdict: Verdict) -> Vec<Counterexample> {
        let mut all: Vec<Counterexample> = Vec::new();
        let mut told = BTreeSet::new();
        if verdict == Verdict::ProvedSafe {
            return all;
        }
        for (setting, round) in self.pairs() {
            let name = self.question.scenarios.get(setting.scenario).map_or("", |s| s.name.as_str());
            if name != scenario::NONE && verdict_of(round, self.question.required) != Verdict::Locked {
                continue;
            }
            let is_lost = |account: &AccountRef| {
                setting.effects.accounts_deleted.contains(&account.id)
                    || setting.effects.accounts_disabled.contains(&account.id)
            };
            let (mut found, mut of_lost) = (Vec::new(), Vec::new());
            for (account, trials) in self.question.accounts.iter().zip(&round.accounts) {
                let candidate = Candidate::new(&round.ground, &setting.effects, &account.id);
                for trial in trials.iter().filter(|t| t.answer.is_no()) {
                    for lock in &trial.locks(&round.ground).found {
                        let scenario = (name, setting.words.as_str());
                        let one = Counterexample::new(&account.name, scenario, &candidate, trial, lock);
                        if is_lost(account) { of_lost.push(one) } else { found.push(one) }
                    }
                }
            }
            // That the account which the scenario takes away is gone says nothing, unless it is all there is to say.
            let telling = if found.is_empty() { of_lost } else { found };
            all.extend(telling.into_iter().filter(|one| told.insert(one.kind())));
        }
        all.sort_by_key(Counterexample::rank);
        all
    }

    fn facts(&self) -> Vec<String> {
        let mut facts = BTreeSet::new();
        let unknown = |round: &Round| verdict_of(round, self.question.required) == Verdict::Unknown;
        for (setting, round) in self.pairs().filter(|(_, round)| unknown(round)) {
            for (account, trials) in self.question.accounts.iter().zip(&round.accounts) {
                let candidate = Candidate::new(&round.ground, &setting.effects, &account.id);
                for trial in trials {
                    facts.extend(facts::needed(&account.name, &candidate, trial));
                }
            }
        }
        facts.extend(self.arranged.failed.iter().map(|(_, error)| format!("what a scenario means: {error}")));
        facts.into_iter().collect()
    }

    fn exclusions(&self, set: &Bits) -> Vec<Exclusion> {
        let policies = self.arranged.ids.len();
        let of = |e: usize| {
            let account = self.question.accounts.get(e.checked_div(policies)?)?;
            let n = e.checked_rem(policies)?;
            let name = self.rounds.iter().find(|r| matches!(r.ground.policies.get(n), Some(Some(_))));
            Some(Exclusion {
                account: account.name.clone(),
                policy: self.arranged.ids.get(n)?.to_string(),
                policy_name: name.map(|r| r.ground.policy_name(n)).unwrap_or_default(),
            })
        };
        set.iter().filter_map(of).collect()
    }

    fn unnecessary(&self, verdict: Verdict, together: &Rounds<'_>) -> Unnecessary {
        if verdict != Verdict::ProvedSafe {
            return Unnecessary::default();
        }
        let existing = existing_exclusions(self.question, self.arranged, self.rounds);
        let unnecessary = together.unnecessary(&existing);
        let largest = together.removable(&existing, &unnecessary);
        Unnecessary {
            one_at_a_time: self.exclusions(&unnecessary),
            together: largest.iter().map(|set| self.exclusions(set)).collect(),
        }
    }

    fn assumptions(&self) -> Vec<String> {
        let mut list: Vec<String> = vec![
            "the keys are where custody says and their PINs are known: only a drill proves it".into(),
            "Entra, Microsoft Graph and Azure Resource Manager are up (L-26, L-29)".into(),
            "no classic policy and no legacy ID Protection policy is in force: neither can be read (ST-5, L-14)".into(),
            "nobody holds the accounts in smart lockout (L-3)".into(),
            "the recovery network lets sign-ins to this tenant through (L-22)".into(),
        ];
        let Some(setting) = self.arranged.settings.first() else { return list };
        let view = &setting.ground.view;
        if matches!(self.question.envelope, super::atoms::Envelope::Everywhere) {
            list.push(
                "an unregistered machine is at hand, with Windows, macOS or Linux: each of them was judged"
                    .into(),
            );
            list.push("any address may be seen as any country (its mapping is not public)".into());
        }
        if view.protected_actions.is_none() {
            list.push(
                "no action is protected with an authentication context that no policy is for: protected actions were not read (L-18)".into(),
            );
        }
        let states =
            |account: &AccountRef| view.user(&account.id).found().and_then(|u| u.per_user_mfa.clone());
        if self.question.accounts.iter().any(|a| states(a).is_none()) {
            list.push("per-user MFA is off for the accounts: it was not read (L-12)".into());
        }
        if self.arranged.settings.iter().any(|s| s.effects.licences_expired) {
            list.push("with licences expired, deleting the policy counts as recovery (L-21)".into());
        }
        if self.arranged.settings.iter().any(|s| s.effects.crl_unreachable) {
            list.push("every certificate authority has a revocation list configured (L-8)".into());
        }
        if setting.ground.policies.iter().flatten().any(|p| !p.conditions.users.exclude.is_empty()) {
            list.push(
                "changed memberships and policies have taken effect: it can take up to a day (U-12)".into(),
            );
        }
        list
    }
}

/// Exclusions of the accounts that are in force, or would be once a report-only policy is.
pub(super) fn existing_exclusions(question: &Question, arranged: &Arranged, rounds: &[Round]) -> Bits {
    let mut existing = Bits::new();
    for (setting, round) in arranged.settings.iter().zip(rounds) {
        for (a, account) in question.accounts.iter().enumerate() {
            let candidate = Candidate::new(&round.ground, &setting.effects, &account.id);
            for (p, policy) in round.ground.policies.iter().enumerate() {
                if policy.as_ref().is_some_and(|p| p.enforced().may())
                    && candidate.ground.excluded(p, &candidate.plain_identity()).is_yes()
                {
                    existing.insert(a * arranged.ids.len() + p);
                }
            }
        }
    }
    existing
}
