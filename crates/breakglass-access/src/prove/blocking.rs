//! Which policies would block recovery if nobody were excluded from anything (REQUIREMENTS ).
//!
//! A policy blocks recovery when it is one of a smallest set of policies that together close every way in, in some context
//! of some scenario. A policy that closes a road while another stays open is none of them: excluding from it would weaken
//! the tenant and repair nothing.

use super::arrange::{Setting, arrange};
use super::bits::Bits;
use super::choices::Candidate;
use super::ground::Ground;
use super::judge::{LOCKS, Trial};
use super::question::{AccountRef, Question};
use super::scenario;
use super::search::{Instance, Lock};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::Snapshot;
use breakglass_model::{ObjectId, PolicyId};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A policy that may block recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryBlocking {
    /// Its id.
    pub policy: PolicyId,
    /// Its display name.
    pub name: String,
    /// Why it may block, one sentence.
    pub because: String,
}

/// The policies that may block recovery for at least one of the accounts, judged as if the accounts held Global
/// Administrator and were excluded from nothing, in every scenario of the question. What may block counts (unknown is never
/// safe), and where a search was cut short every policy that closes a road counts.
#[must_use]
pub fn recovery_blocking(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Vec<RecoveryBlocking> {
    let arranged = arrange(snapshot, question, now);
    let mut because: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    for setting in &arranged.settings {
        for account in &question.accounts {
            let lost = &setting.effects;
            if lost.accounts_deleted.contains(&account.id) || lost.accounts_disabled.contains(&account.id) {
                continue;
            }
            let mut candidate = Candidate::new(&setting.ground, &setting.effects, &account.id);
            candidate.supposed_roles.insert(ObjectId::new(GLOBAL_ADMINISTRATOR));
            for (action, roads) in arranged.actions(question, &setting.effects) {
                let trial = Trial::new(&candidate, action, &roads);
                for (policy, size, words) in blockers(question, setting, account, &trial) {
                    let entry = because.entry(policy).or_insert_with(|| (size, words.clone()));
                    // The plainest reason is told: fewest policies, the first scenario.
                    if size < entry.0 {
                        *entry = (size, words);
                    }
                }
            }
        }
    }
    let known = arranged.settings.first().map(|s| &s.ground);
    because
        .into_iter()
        .filter_map(|(n, (_, because))| {
            let policy = arranged.ids.get(n)?.clone();
            let name = known.map(|g| g.policy_name(n)).unwrap_or_default();
            Some(RecoveryBlocking { policy, name, because })
        })
        .collect()
}

/// Policies of minimal locks, each with the size of its lock and why.
fn blockers(question: &Question, setting: &Setting, account: &AccountRef, trial: &Trial) -> Vec<(usize, usize, String)> {
    let ground = &setting.ground;
    let instance = without_exclusions(trial, ground);
    let locks = instance.locks(LOCKS);
    let mut found = Vec::new();
    for lock in &locks.found {
        for policy in lock.killers.iter().filter(|p| *p < ground.unread_policy()) {
            found.push((policy, lock.killers.len(), words(question, setting, account, trial, lock, policy)));
        }
    }
    if !locks.complete {
        for policy in instance.choices.iter().flat_map(Bits::iter).filter(|p| *p < ground.unread_policy()) {
            found.push((policy, usize::MAX, "closes a road, and the search for all combinations was cut short".into()));
        }
    }
    found
}

/// Everything that may close a way, for an account that is excluded from nothing. Gates are not asked: they are no policy's
/// fault, and the account may not be ready yet.
fn without_exclusions(trial: &Trial, ground: &Ground) -> Instance {
    let choices = trial.choices.iter().map(|choice| {
        let kills = choice.lifted.iter().enumerate().filter(|(_, kill)| kill.may());
        kills.map(|(n, _)| n).collect()
    });
    Instance { choices: choices.collect(), boxes: Rc::clone(&ground.may), everywhere: trial.everywhere.clone() }
}

fn words(
    question: &Question,
    setting: &Setting,
    account: &AccountRef,
    trial: &Trial,
    lock: &Lock,
    policy: usize,
) -> String {
    let ground = &setting.ground;
    let mut roads: Vec<&str> = trial
        .choices
        .iter()
        .filter(|c| c.lifted.get(policy).is_some_and(|k| k.may()))
        .filter_map(|c| trial.roads.get(c.road).map(|r| r.id.as_str()))
        .collect();
    roads.dedup();
    let others: Vec<String> = lock
        .killers
        .iter()
        .filter(|p| *p != policy)
        .map(|p| format!("`{}`", ground.policy_name(p)))
        .collect();
    let with = if others.is_empty() { String::new() } else { format!(" together with {}", others.join(" and ")) };
    let context = ground.atoms.describe(&lock.region, &trial.everywhere);
    let name = question.scenarios.get(setting.scenario).map(|s| s.name.as_str()).unwrap_or_default();
    let when = match (name, scenario::title(name)) {
        (scenario::NONE, _) => String::new(),
        (name, "") => format!(" in scenario `{name}`"),
        (_, title) => format!(" when {title}"),
    };
    format!("it would close {} to `{}`{with}{when} (in {context})", roads.join(", "), account.name)
}
