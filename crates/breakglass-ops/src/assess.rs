//! Judging: the question that a design asks, the proof, and what a proposed change would do to it.

use crate::provision::plan::{ToExclude, plan};
use crate::provision::project::{account_id, project};
use breakglass_access::prove::{self, AccountRef, Proof, Question, change};
use breakglass_model::design::Design;
use breakglass_model::snapshot::Snapshot;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The question that the design asks of a snapshot: its accounts, its `required_accounts`, the built-in scenarios and
/// its own.
#[must_use]
pub fn question(design: &Design, snapshot: &Snapshot) -> Question {
    let accounts = design
        .accounts
        .iter()
        .map(|a| AccountRef { name: a.name.clone(), id: account_id(a, snapshot) })
        .collect();
    let question = Question::for_accounts(accounts, design.required_accounts);
    let own = design.scenarios.iter().map(|s| (s.name.clone(), s.effects.clone())).collect::<Vec<_>>();
    if own.is_empty() { question } else { question.with_scenarios(&own) }
}

/// Proves, or shows why not.
#[must_use]
pub fn prove(design: &Design, snapshot: &Snapshot, now: Timestamp) -> Proof {
    prove::prove(snapshot, &question(design, snapshot), now)
}

/// The policies that would block recovery for the design's accounts, as the prover sees them: judged on the
/// tenant as it would be with the accounts, keys and roles of the design, so that it can be asked before they exist.
#[must_use]
pub fn blocking(design: &Design, snapshot: &Snapshot, now: Timestamp) -> Vec<ToExclude> {
    let ready = match plan(design, snapshot, &[], now) {
        Ok(plan) => project(snapshot, design, &plan),
        // What keeps a plan from being made is said by whoever plans; the accounts are then judged as they stand.
        Err(_) => snapshot.clone(),
    };
    prove::recovery_blocking(&ready, &question(design, &ready), now)
        .into_iter()
        .map(|b| ToExclude { policy: b.policy, name: b.name, because: b.because })
        .collect()
}

/// One line: the verdict and its first reason.
#[must_use]
pub fn headline(proof: &Proof) -> String {
    proof.headline()
}

/// What a proposed change does: the proof before, the proof after.
#[derive(Debug, Serialize)]
pub struct ChangeJudgement {
    /// The proof about the tenant as it is.
    pub before: Proof,
    /// The proof about the tenant as it would be.
    pub after: Proof,
}

impl ChangeJudgement {
    /// Whether the change may be applied: proved safe afterwards.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.after.no_lockout().is_some()
    }
}

/// Judges a proposed change before it is applied.
///
/// # Errors
/// When the change cannot be read; the error names the JSON path.
pub fn judge_change(
    design: &Design,
    snapshot: &Snapshot,
    proposed: &Value,
    now: Timestamp,
) -> Result<ChangeJudgement, change::ChangeError> {
    let after = change::apply_change(snapshot, proposed)?;
    Ok(ChangeJudgement { before: prove(design, snapshot, now), after: prove(design, &after, now) })
}
