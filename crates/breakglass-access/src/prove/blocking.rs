//! Which policies would block recovery if the accounts were not excluded from them.
//!
//! Each policy is judged for itself, with every existing exclusion of the accounts taken out: it blocks recovery when, in
//! some scenario and some environment, it may close a whole road to a recovery action. What is left is then proved
//! together, because policies that close nothing alone can do so jointly; from those, one after another is added.

use super::arrange::{Arranged, Setting, arrange};
use super::bits::Bits;
use super::choices::Candidate;
use super::judge::{Exclusions, Trial};
use super::question::{AccountRef, Question};
use super::scenario::{Scenario, What};
use super::search::{Lock, Search};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::Snapshot;
use breakglass_model::view::{Lookup, PolicyState};
use breakglass_model::{ObjectId, PolicyId, Tri};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// A policy that would block recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecoveryBlocking {
    /// Its id.
    pub policy: PolicyId,
    /// Its display name.
    pub name: String,
    /// Why, for people: what is demanded, which road it closes, in what context.
    pub because: String,
}

/// Scenarios that are about accounts and keys standing in for each other: an exclusion is no remedy for losing them.
const NOT_ABOUT_POLICIES: &[&str] = &["account-lost", "key-lost"];

/// The policies that may block recovery for the accounts if they were not excluded, in the order of the snapshot. The
/// accounts are taken to be Global Administrators; those that do not exist yet, to have a password and a passkey (FIDO2)
/// of a model that nobody knows.
#[must_use]
pub fn recovery_blocking(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Vec<RecoveryBlocking> {
    let about_policies = |s: &Scenario| match &s.what {
        What::BuiltIn(names) => !names.iter().any(|n| NOT_ABOUT_POLICIES.contains(&n.as_str())),
        What::Exactly(_) => true,
    };
    let mut question = question.clone();
    question.scenarios.retain(about_policies);
    let arranged = arrange(snapshot, &question, now);
    let mut because: BTreeMap<usize, String> = BTreeMap::new();
    let bench = Bench { question: &question, arranged: &arranged };
    let trials = bench.trials();
    for (setting, account, candidate, trial) in &trials {
        for (policy, road) in closers(candidate, trial) {
            because
                .entry(policy)
                .or_insert_with(|| bench.words(setting, account, candidate, trial, policy, &road));
        }
    }
    bench.jointly(&trials, &mut because);
    let name = |n: usize| arranged.settings.first().map(|s| s.ground.policy_name(n)).unwrap_or_default();
    let found = because.into_iter().filter_map(|(n, because)| {
        Some(RecoveryBlocking { policy: arranged.ids.get(n)?.clone(), name: name(n), because })
    });
    found.collect()
}

/// One account judged without its exclusions.
type Judged<'a> = (&'a Setting, &'a AccountRef, Candidate<'a>, Trial);

struct Bench<'a> {
    question: &'a Question,
    arranged: &'a Arranged,
}

impl<'a> Bench<'a> {
    fn trials(&self) -> Vec<Judged<'a>> {
        let mut trials = Vec::new();
        for setting in &self.arranged.settings {
            for account in &self.question.accounts {
                for (action, roads) in self.arranged.actions(self.question, &setting.effects) {
                    for trial in Trial::all(self.question, &supposed(setting, account), action, &roads) {
                        trials.push((setting, account, supposed(setting, account), trial));
                    }
                }
            }
        }
        trials
    }

    /// Policies that close nothing alone and lock together.
    fn jointly(&self, trials: &[Judged<'a>], because: &mut BTreeMap<usize, String>) {
        for (setting, account, candidate, trial) in trials {
            let everything = Bits::below(self.arranged.ids.len());
            loop {
                let added: Bits = because.keys().copied().collect();
                let exclusions = Exclusions { added: &added, lifted: &everything };
                let search = trial.pessimistic_with(candidate.ground, exclusions).smallest_lock();
                let Search::Locked(lock) = search else { break };
                let Some(next) = self.heaviest(candidate, &lock) else { break };
                let others: Vec<String> = lock
                    .killers
                    .iter()
                    .filter(|n| *n != next)
                    .map(|n| format!("`{}`", candidate.ground.policy_name(n)))
                    .collect();
                let alone = self.words(setting, account, candidate, trial, next, "some ways in");
                because.insert(
                    next,
                    format!("together with {} it closes every way in: {alone}", others.join(", ")),
                );
            }
        }
    }

    /// The policy of a lock that is excluded from first: a block before a demand.
    fn heaviest(&self, candidate: &Candidate<'_>, lock: &Lock) -> Option<usize> {
        let at = self.arranged.at;
        let policy = |n: &usize| candidate.ground.policies.get(*n).and_then(Option::as_ref);
        let blocks = |n: &usize| policy(n).is_some_and(|p| crate::controls::blocks(p, at).is_yes());
        lock.killers.iter().filter(|n| policy(n).is_some()).min_by_key(|n| !blocks(n))
    }

    fn words(
        &self,
        setting: &Setting,
        account: &AccountRef,
        candidate: &Candidate<'_>,
        trial: &Trial,
        n: usize,
        road: &str,
    ) -> String {
        let ground = candidate.ground;
        let Some(Some(policy)) = ground.policies.get(n) else { return String::new() };
        let sure = trial.choices.iter().any(|c| c.lifted.get(n) == Some(&Tri::Yes));
        let closes = if sure { "closes" } else { "may close" };
        let controls: Vec<String> = policy.grant.controls.iter().map(ToString::to_string).collect();
        let what = match controls.as_slice() {
            _ if crate::controls::blocks(policy, self.arranged.at).is_yes() => "it blocks".to_owned(),
            [] => "its session controls may leave no session".to_owned(),
            controls => {
                let met = if sure { "cannot" } else { "may not be able to" };
                format!(
                    "`{}` {met} meet {}",
                    account.name,
                    controls.join(&format!(" {} ", policy.grant.operator))
                )
            }
        };
        let region = ground.may.get(n).map(|r| r.and(&trial.everywhere));
        let context = region.map(|r| ground.atoms.describe(&r, &trial.everywhere)).unwrap_or_default();
        let scenario =
            self.question.scenarios.get(setting.scenario).map(|s| s.name.as_str()).unwrap_or_default();
        let when = match (scenario, setting.words.as_str()) {
            (super::scenario::NONE, _) => String::new(),
            (name, "") => format!(" in scenario `{name}`"),
            (name, words) => format!(" in scenario `{name}` ({words})"),
        };
        let sees_machine = policy.conditions.platforms.is_some() || policy.conditions.device_filter.is_some();
        let at = trial.choices.iter().find(|c| c.lifted.get(n).is_some_and(|k| k.may()));
        let station = at.and_then(|c| ground.workstations.get(c.workstation)).filter(|_| sees_machine);
        let from = station.map(|w| format!(" on {}", w.words())).unwrap_or_default();
        format!("{what}, which {closes} {road}{from}{when} ({context})")
    }
}

/// The account as it will be: Global Administrator, and with the credentials of a new account when it does not exist yet.
fn supposed<'a>(setting: &'a Setting, account: &AccountRef) -> Candidate<'a> {
    let view = &setting.ground.view;
    let exists = matches!(view.user(&account.id), Lookup::Found(_));
    let mut candidate = if exists {
        Candidate::new(&setting.ground, &setting.effects, &account.id)
    } else {
        Candidate::planned(&setting.ground, &setting.effects, &account.id)
    };
    candidate.supposed_roles.insert(ObjectId::new(GLOBAL_ADMINISTRATOR));
    candidate
}

/// Policies that may close a whole road somewhere, with these roads. Ways whose gates are closed anyway do not count.
fn closers(candidate: &Candidate<'_>, trial: &Trial) -> Vec<(usize, String)> {
    let ground = candidate.ground;
    let mut found = Vec::new();
    for (n, policy) in ground.policies.iter().enumerate() {
        if policy.as_ref().is_none_or(|p| p.state == PolicyState::Disabled) {
            continue;
        }
        if !ground.may.get(n).is_some_and(|reach| reach.meets(&trial.everywhere)) {
            continue;
        }
        let closed = trial.roads.iter().enumerate().filter(|(r, _)| {
            let mut ways = trial.choices.iter().filter(|c| c.road == *r && c.open().may()).peekable();
            ways.peek().is_some() && ways.all(|c| c.lifted.get(n).is_some_and(|kill| kill.may()))
        });
        let closed: Vec<String> = closed.map(|(_, road)| format!("`{}`", road.id)).collect();
        if !closed.is_empty() {
            found.push((n, closed.join(", ")));
        }
    }
    found
}
