//! Carrying out a plan: each step looks before it acts, is journaled before and after, and can be taken up again.

use super::journal::Journal;
use super::look::policy_by_id;
use super::plan::{Action, Plan, Step};
use super::project::{account_id, exclude, planned_id, project};
use super::{moved, steps};
use crate::collect::{CollectError, Scope, Silent, collect};
use crate::custody::CustodyError;
use crate::port::{KeyRing, SecurityKeyError, Tenant};
use crate::{OpsError, World, assess};
use breakglass_access::prove::NoLockout;
use breakglass_model::design::Design;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, PolicyId};
use serde_json::json;
use std::time::Duration;

/// A plan together with the proof that nobody is locked out once it is applied. Only [`ProvenPlan::new`] makes one.
#[derive(Debug)]
pub struct ProvenPlan {
    plan: Plan,
    base: Snapshot,
    proof: NoLockout,
}

impl ProvenPlan {
    /// Binds plan, base snapshot and proof to each other.
    ///
    /// # Errors
    /// When the plan is not intact, was not made from this snapshot and design, or the proof is about something else.
    pub fn new(plan: Plan, base: Snapshot, design: &Design, proof: NoLockout) -> Result<Self, ApplyError> {
        if !plan.is_intact() {
            return Err(ApplyError::Unbound(
                "the plan's digest is not that of its contents; plan again".into(),
            ));
        }
        if !base.is_intact() || plan.snapshot_digest != base.digest {
            return Err(ApplyError::Unbound("the plan was made from another snapshot; plan again".into()));
        }
        if proof.snapshot_digest() != project(&base, design, &plan).digest {
            return Err(ApplyError::Unbound(
                "the proof is not about the tenant after this plan; prove again".into(),
            ));
        }
        Ok(Self { plan, base, proof })
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The proof.
    #[must_use]
    pub fn proof(&self) -> &NoLockout {
        &self.proof
    }
}

/// What was reached.
#[derive(Debug)]
pub struct Applied {
    /// The journal, with the ids the tenant gave.
    pub journal: Journal,
    /// The design with these ids in it.
    pub design: Design,
    /// The tenant as read afterwards.
    pub snapshot: Snapshot,
    /// The proof about that snapshot.
    pub proof: NoLockout,
    /// Steps that this run carried out (none when there was nothing left to do).
    pub carried_out: usize,
}

/// Why a plan was not carried out, or only in part. What was done is in the journal; running again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Plan, snapshot and proof do not belong together.
    #[error("nothing was done: {0}")]
    Unbound(String),
    /// The tenant is not what the plan was made from.
    #[error("nothing more was done: the tenant has moved since the plan: {}; plan again", .0.join("; "))]
    Moved(Vec<String>),
    /// The plan was undone.
    #[error("this plan was undone; plan again")]
    Undone,
    /// The proof does not hold on the tenant as it is now.
    #[error(
        "stopped before anybody became administrator: the proof does not hold on the tenant as read again: {0}; look at `breakglass prove`"
    )]
    NotProven(String),
    /// A user or group of that name is there, and the journal does not know it as ours.
    #[error(
        "`{what}` exists already and is not from this plan; nothing was changed about it: plan again to decide about it"
    )]
    NotOurs {
        /// Which object.
        what: String,
    },
    /// Fewer keys than the design promises.
    #[error(
        "account `{account}` needs key {key}, and only {have} key(s) are at hand; plug it in (or give `--danger-software-keys` in a rehearsal) and run again"
    )]
    NoKey {
        /// Account name.
        account: String,
        /// Which key.
        key: usize,
        /// How many there are.
        have: usize,
    },
    /// A key failed.
    #[error(transparent)]
    Key(#[from] SecurityKeyError),
    /// Sealing failed.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// Reading the tenant failed.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Tenant, store or ledger.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// How long apply waits for replication and for the log pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a fresh object to be readable.
    pub replication: Duration,
    /// For a trace to appear in the audit log (minutes in a real tenant).
    pub logs: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { replication: Duration::from_secs(120), logs: Duration::from_secs(900) }
    }
}

/// What apply acts with.
pub struct Hands<'a> {
    /// Time, store, ledger.
    pub world: &'a World,
    /// The tenant, with a credential that may write.
    pub tenant: &'a dyn Tenant,
    /// The keys on the table.
    pub keys: &'a dyn KeyRing,
    /// How long to wait.
    pub patience: Patience,
    /// Told before each step.
    pub progress: &'a (dyn Fn(&Step, usize, usize) + Send + Sync),
}

/// Carries out a proven plan, or goes on with it.
///
/// # Errors
/// See [`ApplyError`]. Every error leaves a journal from which the same call goes on.
pub async fn apply(hands: &Hands<'_>, design: &Design, proven: ProvenPlan) -> Result<Applied, ApplyError> {
    let ProvenPlan { plan, base, proof } = proven;
    let world = hands.world;
    let mut journal = Journal::open(world, &plan).await?;
    if journal.undone {
        return Err(ApplyError::Undone);
    }
    let scope = scope(design, &journal);
    let fresh = collect(hands.tenant, &scope, world.now(), &Silent).await?;
    let moves = moved::since(&base, &fresh, &journal);
    if !moves.is_empty() {
        return Err(ApplyError::Moved(moves));
    }
    world
        .record("apply.begin", &plan.tenant, json!({
            "plan": plan.digest, "proof": proof.snapshot_digest(), "touches": hands.tenant.describe(), "steps": plan.steps.len(),
        }))
        .await?;
    let mut carried_out = 0;
    for (i, step) in plan.steps.iter().enumerate() {
        if journal.is_done(step) {
            continue;
        }
        (hands.progress)(step, i + 1, plan.steps.len());
        let resumed = journal.was_begun(step);
        journal.begin(world, step).await?;
        let result = take(hands, design, &mut journal, step, resumed).await?;
        journal.done(world, step, result).await?;
        carried_out += 1;
    }
    let design = with_ids(design, &journal);
    let (snapshot, proof) = confirm(hands, &design, &journal).await?;
    world
        .record("apply.done", &plan.tenant, json!({ "plan": plan.digest, "snapshot": snapshot.digest }))
        .await?;
    Ok(Applied { journal, design, snapshot, proof, carried_out })
}

async fn take(
    hands: &Hands<'_>,
    design: &Design,
    journal: &mut Journal,
    step: &Step,
    resumed: bool,
) -> Result<serde_json::Value, ApplyError> {
    match &step.action {
        Action::CreateAccount { account, upn } => {
            steps::create_account(hands, journal, step, account, upn, resumed).await
        }
        Action::RegisterPasskey { account, key } => {
            steps::register_passkey(hands, design, journal, step, account, *key, resumed).await
        }
        Action::Watch { account } => steps::watch(hands, design, journal, account).await,
        Action::CreateExclusionGroup { name } => {
            steps::create_group(hands, journal, step, name, resumed).await
        }
        Action::AddToExclusionGroup { account } => steps::add_to_group(hands, journal, design, account).await,
        Action::ExcludeFromPolicy { policy, .. } => {
            steps::exclude_from_policy(hands, design, journal, step, policy).await
        }
        Action::Verify => {
            let design = with_ids(design, journal);
            verify_before_roles(hands, &design, journal).await
        }
        Action::AssignRole { account } => steps::assign_role(hands, journal, design, account).await,
    }
}

/// Reads the tenant again, grants the roles in the projection only, and proves. A replica may be behind what was just
/// written: only what does not hold until the limit is a failure.
async fn verify_before_roles(
    hands: &Hands<'_>,
    design: &Design,
    journal: &Journal,
) -> Result<serde_json::Value, ApplyError> {
    let deadline = deadline(hands);
    loop {
        let snapshot = collect(hands.tenant, &scope(design, journal), hands.world.now(), &Silent).await?;
        match holds_with_roles(hands, design, journal, &snapshot) {
            Ok(()) => return Ok(json!({ "snapshot": snapshot.digest, "verdict": "proved-safe" })),
            Err(error) if hands.world.now() >= deadline => return Err(error),
            Err(_) => hands.world.clock.sleep(Duration::from_secs(1)).await,
        }
    }
}

fn holds_with_roles(
    hands: &Hands<'_>,
    design: &Design,
    journal: &Journal,
    snapshot: &Snapshot,
) -> Result<(), ApplyError> {
    not_excluded(snapshot, design, journal)?;
    let roles: Vec<_> = journal
        .plan
        .steps
        .iter()
        .filter(|s| matches!(s.action, Action::AssignRole { .. }))
        .cloned()
        .collect();
    let rest = Plan { steps: roles, ..journal.plan.clone() };
    let proof = assess::prove(design, &project(snapshot, design, &rest), hands.world.now());
    if proof.no_lockout().is_none() {
        return Err(ApplyError::NotProven(assess::headline(&proof)));
    }
    Ok(())
}

fn deadline(hands: &Hands<'_>) -> jiff::Timestamp {
    let limit = jiff::SignedDuration::try_from(hands.patience.replication).unwrap_or_default();
    hands.world.now().saturating_add(limit).unwrap_or(jiff::Timestamp::MAX)
}

/// After the last step: the tenant as it is, read again, must carry the proof itself.
async fn confirm(
    hands: &Hands<'_>,
    design: &Design,
    journal: &Journal,
) -> Result<(Snapshot, NoLockout), ApplyError> {
    // Reads may lag behind writes for a while: only a proof that fails until the limit is a failure.
    let deadline = deadline(hands);
    loop {
        let snapshot = collect(hands.tenant, &scope(design, journal), hands.world.now(), &Silent).await?;
        let proof = assess::prove(design, &snapshot, hands.world.now());
        if let Some(no_lockout) = proof.no_lockout() {
            return Ok((snapshot, no_lockout));
        }
        if hands.world.now() >= deadline {
            return Err(ApplyError::NotProven(assess::headline(&proof)));
        }
        hands.world.clock.sleep(Duration::from_secs(1)).await;
    }
}

fn not_excluded(snapshot: &Snapshot, design: &Design, journal: &Journal) -> Result<(), ApplyError> {
    let accounts: Vec<ObjectId> = design.accounts.iter().map(|a| account_id(a, snapshot)).collect();
    let group = journal.group().or_else(|| design.exclusion_group.object_id.clone());
    let group = group.unwrap_or_else(|| planned_id("exclusion-group"));
    for step in &journal.plan.steps {
        let Action::ExcludeFromPolicy { policy, name, .. } = &step.action else { continue };
        let mut copy = policy_by_id(snapshot, policy).cloned().unwrap_or_default();
        if copy.is_null() || exclude(&mut copy, &group, &accounts) {
            return Err(ApplyError::NotProven(format!(
                "the exclusion from policy `{name}` ({policy}) is not there"
            )));
        }
    }
    Ok(())
}

/// What to collect for this design and this journal.
pub(crate) fn scope(design: &Design, journal: &Journal) -> Scope {
    let known = |name: &str| journal.account(name).map(|id| id.to_string());
    Scope {
        accounts: design
            .accounts
            .iter()
            .map(|a| {
                a.object_id
                    .as_ref()
                    .map(ToString::to_string)
                    .or_else(|| known(&a.name))
                    .unwrap_or_else(|| a.upn.clone())
            })
            .collect(),
        groups: design.exclusion_group.object_id.clone().or_else(|| journal.group()).into_iter().collect(),
        cloud: design.tenant.cloud.name().into(),
        name: design.tenant.name.clone(),
    }
}

/// The design with the ids that the tenant gave.
#[must_use]
pub fn with_ids(design: &Design, journal: &Journal) -> Design {
    let mut design = design.clone();
    for account in &mut design.accounts {
        account.object_id = journal.account(&account.name).or(account.object_id.take());
    }
    design.exclusion_group.object_id = journal.group().or(design.exclusion_group.object_id.take());
    design
}

/// The current object of a policy, read alone from the list (one request in the tightest bucket).
pub(crate) async fn read_policy(hands: &Hands<'_>, id: &PolicyId) -> Result<serde_json::Value, ApplyError> {
    let mut holder = Snapshot::new(
        breakglass_model::snapshot::TenantInfo {
            id: String::new(),
            name: String::new(),
            cloud: String::new(),
        },
        hands.world.now(),
    );
    holder.set(
        c::POLICIES,
        hands.tenant.read(&crate::port::Query::Policy(id.clone())).await.map_err(OpsError::from)?,
    );
    policy_by_id(&holder, id)
        .cloned()
        .ok_or_else(|| ApplyError::Moved(vec![format!("policy `{id}` is gone")]))
}
