//! From a question about a snapshot to rounds: every scenario in every way in which it can happen, each on its ground.

use super::atoms::Envelope;
use super::choices::Candidate;
use super::ground::Ground;
use super::judge::Trial;
use super::mend::Round;
use super::question::{Question, Roads};
use super::roads::{Action, Road};
use super::scenario::{Effects, ScenarioError, Variant};
use breakglass_model::PolicyId;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::view::TenantView;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A way in which a scenario happens, with the tenant that it leaves.
#[derive(Debug)]
pub(super) struct Setting {
    /// Position of the scenario in the question.
    pub(super) scenario: usize,
    /// The way, in words.
    pub(super) words: String,
    /// What it does.
    pub(super) effects: Effects,
    /// The tenant.
    pub(super) ground: Rc<Ground>,
}

/// All settings of a question.
#[derive(Debug)]
pub(super) struct Arranged {
    /// The settings, scenario by scenario.
    pub(super) settings: Vec<Setting>,
    /// Scenarios that could not be arranged, with the reason.
    pub(super) failed: Vec<(usize, ScenarioError)>,
    /// The numbers of the policies.
    pub(super) ids: Vec<PolicyId>,
    /// The date that is judged.
    pub(super) at: Timestamp,
}

/// Arranges the settings. The date of the question is the one that the snapshot tells, else `now`.
pub(super) fn arrange(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Arranged {
    let snapshot = dated(snapshot, now);
    let base = TenantView::new(&snapshot);
    let at = base.settings.as_of;
    let accounts = question.named_accounts();
    let mut failed = Vec::new();
    let mut drafts: Vec<(usize, Variant, Option<TenantView>)> = Vec::new();
    for (n, scenario) in question.scenarios.iter().enumerate() {
        let variants = match scenario.variants(&base, &accounts) {
            Ok(variants) => variants,
            Err(error) => {
                failed.push((n, error));
                continue;
            }
        };
        for variant in variants {
            let changed =
                variant.effects.changes_tenant().then(|| variant.effects.tenant(&snapshot)).transpose();
            match changed {
                Ok(tenant) => drafts.push((n, variant, tenant.as_ref().map(TenantView::new))),
                Err(error) => failed.push((n, error.into())),
            }
        }
    }
    let mut ids: Vec<PolicyId> = base.policies.iter().map(|p| p.id.clone()).collect();
    for view in drafts.iter().filter_map(|(.., view)| view.as_ref()) {
        for policy in &view.policies {
            if !ids.contains(&policy.id) {
                ids.push(policy.id.clone());
            }
        }
    }
    let plain = Effects::default();
    let ground = |view: TenantView, effects: &Effects| {
        Rc::new(Ground::new(view, &ids, &question.envelope, &question.workstations, effects))
    };
    let shared = ground(base.clone(), &plain);
    let mut settings = Vec::new();
    for (scenario, variant, view) in drafts {
        let effects = variant.effects;
        let ground = match view {
            Some(view) => ground(view, &effects),
            None if changes_ground(question, &effects) => ground(base.clone(), &effects),
            None => Rc::clone(&shared),
        };
        settings.push(Setting { scenario, words: variant.words, effects, ground });
    }
    Arranged { settings, failed, ids, at }
}

/// Whether a scenario that leaves the tenant's objects alone still changes the classes or the workstations.
fn changes_ground(question: &Question, effects: &Effects) -> bool {
    let other_levels = matches!(question.envelope, Envelope::Listed { .. }) && !effects.user_risk.is_empty();
    other_levels || effects.compliance_unavailable
}

/// A snapshot that tells no date is judged at `now`.
fn dated(snapshot: &Snapshot, now: Timestamp) -> Snapshot {
    let mut snapshot = snapshot.clone();
    let settings = snapshot.collections.entry(c::SETTINGS.into()).or_default();
    if settings.is_empty() {
        settings.push(json!({}));
    }
    if let Some(map) = settings.first_mut().and_then(Value::as_object_mut) {
        map.entry("asOf").or_insert_with(|| json!(now.to_string()));
    }
    snapshot
}

impl Arranged {
    /// The actions of a setting with their roads. With licences expired a policy can no longer be changed, but deleted:
    /// then that is the action that counts, unless the question names its own.
    pub(super) fn actions(&self, question: &Question, effects: &Effects) -> Vec<(Action, Rc<Vec<Road>>)> {
        let instead = |action: &Action| match (action, &question.roads) {
            (Action::ManagePolicies, Roads::BuiltIn) if effects.licences_expired => Action::DeletePolicies,
            (action, _) => *action,
        };
        question.actions.iter().map(instead).map(|action| (action, question.roads(action, self.at))).collect()
    }

    /// Every account judged in every setting.
    pub(super) fn rounds(&self, question: &Question) -> Vec<Round> {
        let mut roads: BTreeMap<Action, Rc<Vec<Road>>> = BTreeMap::new();
        let mut judge = |setting: &Setting| {
            let mut trials = |account: &super::question::AccountRef| {
                let candidate = Candidate::new(&setting.ground, &setting.effects, &account.id);
                let actions = self.actions(question, &setting.effects).into_iter();
                actions
                    .flat_map(|(action, all)| {
                        let roads = roads.entry(action).or_insert(all);
                        Trial::all(question, &candidate, action, roads)
                    })
                    .collect()
            };
            let accounts = question.accounts.iter().map(&mut trials).collect();
            Round { ground: Rc::clone(&setting.ground), accounts }
        };
        self.settings.iter().map(&mut judge).collect::<Vec<_>>()
    }
}
