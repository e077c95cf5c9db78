//! The plan: which steps lead from a snapshot to the design, in an order that is safe at every stop.

use super::look::{
    existing, is_excluded, is_member, is_permanent_global_administrator, passkeys, user_by_id, user_by_upn,
};
use crate::collect::text;
use breakglass_model::design::{AccountDesign, CredentialDesign, Design, ExclusionProfile};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, PolicyId, canonical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The format name of a plan file.
pub const FORMAT: &str = "breakglass-plan/1";

/// What a step does to the tenant (DESIGN section 5: stated before acting).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// Reads only.
    ReadOnly,
    /// Changes objects that nobody depends on yet.
    Mutating,
    /// Changes who can do what, or what protects whom.
    SecurityImpacting,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Create a cloud-only user with a generated password that is sealed before it is used.
    CreateAccount {
        /// Name in the design.
        account: String,
        /// User principal name.
        upn: String,
    },
    /// Register a passkey on the account.
    RegisterPasskey {
        /// Name in the design.
        account: String,
        /// Which of the account's keys, from 1.
        key: usize,
    },
    /// Put the account on the watch list and see its own creation (or change) in the audit log: proof that its traces reach us.
    Watch {
        /// Name in the design.
        account: String,
    },
    /// Create the role-assignable exclusion group.
    CreateExclusionGroup {
        /// Display name.
        name: String,
    },
    /// Put the account into the exclusion group.
    AddToExclusionGroup {
        /// Name in the design.
        account: String,
    },
    /// Exclude the group and the accounts themselves (so that deleting the group locks nobody out, F24).
    ExcludeFromPolicy {
        /// Policy id.
        policy: PolicyId,
        /// Its display name.
        name: String,
        /// Why this policy would block recovery.
        because: String,
    },
    /// Read the tenant again and prove that nobody is locked out, before anybody becomes administrator.
    Verify,
    /// Make the account a permanent, active Global Administrator.
    AssignRole {
        /// Name in the design.
        account: String,
    },
}

impl Action {
    /// What it does to the tenant.
    #[must_use]
    pub fn impact(&self) -> Impact {
        match self {
            Self::Verify | Self::Watch { .. } => Impact::ReadOnly,
            Self::CreateAccount { .. }
            | Self::CreateExclusionGroup { .. }
            | Self::AddToExclusionGroup { .. } => Impact::Mutating,
            Self::RegisterPasskey { .. } | Self::ExcludeFromPolicy { .. } | Self::AssignRole { .. } => {
                Impact::SecurityImpacting
            }
        }
    }

    /// One line for people.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::CreateAccount { account, upn } => format!("create cloud-only account `{account}` ({upn})"),
            Self::RegisterPasskey { account, key } => format!("register passkey {key} of `{account}`"),
            Self::Watch { account } => format!("watch `{account}` and see its trace in the audit log"),
            Self::CreateExclusionGroup { name } => format!("create role-assignable group `{name}`"),
            Self::AddToExclusionGroup { account } => format!("add `{account}` to the exclusion group"),
            Self::ExcludeFromPolicy { name, .. } => format!("exclude from policy `{name}`"),
            Self::Verify => "read the tenant again and prove that nobody is locked out".into(),
            Self::AssignRole { account } => format!("make `{account}` permanent Global Administrator"),
        }
    }

    /// How it is undone, for people.
    #[must_use]
    pub fn undo_title(&self) -> &'static str {
        match self {
            Self::CreateAccount { .. } => "delete the account (restorable for 30 days)",
            Self::RegisterPasskey { .. } => "delete the passkey",
            Self::Watch { .. } => "take it off the watch list, last of all",
            Self::CreateExclusionGroup { .. } => "delete the group (restorable for 30 days)",
            Self::AddToExclusionGroup { .. } => "take the account out of the group",
            Self::ExcludeFromPolicy { .. } => "take exactly these exclusions out again",
            Self::Verify => "nothing to undo",
            Self::AssignRole { .. } => "remove the role assignment, first of all",
        }
    }
}

/// A numbered step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Stable id, e.g. `03-register-passkey-ea-01-2`.
    pub id: String,
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
    /// What it does to the tenant.
    pub impact: Impact,
    /// One line for people.
    pub title: String,
    /// How `undo` takes it back.
    pub undo: String,
}

/// An ordered list of steps for one tenant as one snapshot showed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Always [`FORMAT`].
    pub format: String,
    /// Tenant id.
    pub tenant: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The snapshot it was made from.
    pub snapshot_digest: String,
    /// The design it leads to.
    pub design_digest: String,
    /// The steps.
    pub steps: Vec<Step>,
    /// Digest over everything above except the time.
    pub digest: String,
}

impl Plan {
    /// Digest of tenant, snapshot, design and steps.
    #[must_use]
    pub fn content_digest(&self) -> String {
        let view = (&self.format, &self.tenant, &self.snapshot_digest, &self.design_digest, &self.steps);
        canonical::digest(&view).unwrap_or_default()
    }

    /// Whether the file says what it was written to say.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.format == FORMAT && self.digest == self.content_digest()
    }
}

/// Why there is no plan.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The design is for another tenant.
    #[error(
        "the design is for tenant `{design}`, the snapshot is of tenant `{snapshot}`; use the file of this tenant"
    )]
    OtherTenant {
        /// Tenant of the design.
        design: String,
        /// Tenant of the snapshot.
        snapshot: String,
    },
    /// A collection that the plan rests on could not be read.
    #[error(
        "`{what}` could not be read ({why}); a plan made without it could lock people out: give the credential the permission and collect again"
    )]
    Unread {
        /// Collection.
        what: String,
        /// Reason from the snapshot.
        why: String,
    },
    /// An account's domain is not the tenant's initial domain.
    #[error(
        "account `{account}` has the user principal name `{upn}`, which is not on the initial domain `{initial}`; emergency accounts stay off custom and federated domains (R-03): change `upn` in the design"
    )]
    NotInitialDomain {
        /// Account name.
        account: String,
        /// Its UPN.
        upn: String,
        /// The initial domain.
        initial: String,
    },
    /// A user of that name exists and the design does not say that it is ours.
    #[error(
        "a user `{upn}` exists already (object id `{id}`); if it is the emergency account `{account}`, write `object_id = \"{id}\"` into the design to adopt it, else choose another name"
    )]
    Exists {
        /// Account name.
        account: String,
        /// UPN.
        upn: String,
        /// Object id found.
        id: String,
    },
    /// The declared object id does not exist.
    #[error(
        "account `{account}` declares object id `{id}`, which the tenant does not have; restore it from the deleted users (30 days) or remove `object_id` to create a new account"
    )]
    Missing {
        /// Account name.
        account: String,
        /// Object id.
        id: String,
    },
    /// Several groups of that name.
    #[error(
        "{count} groups are named `{name}`; write the `object_id` of the right one into `[exclusion_group]`"
    )]
    AmbiguousGroup {
        /// Name.
        name: String,
        /// How many.
        count: usize,
    },
    /// A group of that name exists that is not ours.
    #[error(
        "a group `{name}` exists already (object id `{id}`); if it is the exclusion group write `object_id = \"{id}\"` into `[exclusion_group]`, else choose another name"
    )]
    GroupExists {
        /// Name.
        name: String,
        /// Object id.
        id: String,
    },
}

/// A policy from which the accounts must be excluded, with the reason; from the prover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToExclude {
    /// Policy id.
    pub policy: PolicyId,
    /// Display name.
    pub name: String,
    /// Why it would block recovery.
    pub because: String,
}

/// Plans the way from `snapshot` to `design`.
///
/// `blocking` is what the prover found to block recovery; with another exclusion profile in the design the list is
/// widened to all policies or narrowed to block policies here, and nowhere else. Steps already taken are left out, so
/// planning again after `apply` gives no steps.
///
/// # Errors
/// See [`PlanError`]; nothing is guessed.
pub fn plan(
    design: &Design,
    snapshot: &Snapshot,
    blocking: &[ToExclude],
    now: Timestamp,
) -> Result<Plan, PlanError> {
    if design.tenant.id.as_str() != snapshot.tenant.id {
        return Err(PlanError::OtherTenant {
            design: design.tenant.id.to_string(),
            snapshot: snapshot.tenant.id.clone(),
        });
    }
    for needed in
        [c::POLICIES, c::USERS, c::GROUPS, c::DOMAINS, c::ROLE_ASSIGNMENTS, c::AUTHENTICATION_METHODS]
    {
        if snapshot.get(needed).is_none() {
            let why = snapshot.why_unread(needed).unwrap_or("it is not in the snapshot").to_owned();
            return Err(PlanError::Unread { what: needed.into(), why });
        }
    }
    let mut actions = Vec::new();
    for account in &design.accounts {
        account_actions(account, snapshot, &mut actions)?;
    }
    let group = group_action(design, snapshot, &mut actions)?;
    let ids: Vec<Option<ObjectId>> = design.accounts.iter().map(|a| existing(a, snapshot)).collect();
    for (account, id) in design.accounts.iter().zip(&ids) {
        let inside = group.as_ref().zip(id.as_ref()).is_some_and(|(g, id)| is_member(snapshot, g, id));
        if !inside {
            actions.push(Action::AddToExclusionGroup { account: account.name.clone() });
        }
    }
    for wanted in wanted_exclusions(design, snapshot, blocking) {
        if !is_excluded(snapshot, &wanted.policy, group.as_ref(), &ids) {
            actions.push(Action::ExcludeFromPolicy {
                policy: wanted.policy,
                name: wanted.name,
                because: wanted.because,
            });
        }
    }
    let without_role: Vec<_> = design
        .accounts
        .iter()
        .zip(&ids)
        .filter(|(_, id)| !id.as_ref().is_some_and(|id| is_permanent_global_administrator(snapshot, id)))
        .map(|(account, _)| Action::AssignRole { account: account.name.clone() })
        .collect();
    if !actions.is_empty() || !without_role.is_empty() {
        actions.push(Action::Verify);
    }
    actions.extend(without_role);
    Ok(finish(design, snapshot, actions, now))
}

fn finish(design: &Design, snapshot: &Snapshot, actions: Vec<Action>, now: Timestamp) -> Plan {
    let steps = actions
        .into_iter()
        .enumerate()
        .map(|(i, action)| Step {
            id: format!("{:02}-{}", i + 1, slug(&action)),
            impact: action.impact(),
            title: action.title(),
            undo: action.undo_title().into(),
            action,
        })
        .collect();
    let mut plan = Plan {
        format: FORMAT.into(),
        tenant: snapshot.tenant.id.clone(),
        created_at: now,
        snapshot_digest: snapshot.digest.clone(),
        design_digest: canonical::digest(design).unwrap_or_default(),
        steps,
        digest: String::new(),
    };
    plan.digest = plan.content_digest();
    plan
}

fn slug(action: &Action) -> String {
    match action {
        Action::CreateAccount { account, .. } => format!("create-{account}"),
        Action::RegisterPasskey { account, key } => format!("register-passkey-{account}-{key}"),
        Action::Watch { account } => format!("watch-{account}"),
        Action::CreateExclusionGroup { .. } => "create-exclusion-group".into(),
        Action::AddToExclusionGroup { account } => format!("add-{account}-to-group"),
        Action::ExcludeFromPolicy { policy, .. } => {
            format!("exclude-from-{}", policy.as_str().split('-').next().unwrap_or_default())
        }
        Action::Verify => "verify".into(),
        Action::AssignRole { account } => format!("assign-role-{account}"),
    }
}

fn account_actions(
    account: &AccountDesign,
    snapshot: &Snapshot,
    actions: &mut Vec<Action>,
) -> Result<(), PlanError> {
    let initial = snapshot
        .get(c::DOMAINS)
        .unwrap_or_default()
        .iter()
        .find(|d| d.get("isInitial").and_then(Value::as_bool) == Some(true))
        .and_then(|d| text(d, "id"))
        .unwrap_or_default();
    let domain = account.upn.rsplit('@').next().unwrap_or_default();
    if !domain.eq_ignore_ascii_case(initial) {
        return Err(PlanError::NotInitialDomain {
            account: account.name.clone(),
            upn: account.upn.clone(),
            initial: initial.into(),
        });
    }
    let by_upn = user_by_upn(snapshot, &account.upn);
    let id = match (&account.object_id, by_upn) {
        (Some(id), _) if user_by_id(snapshot, id).is_none() => {
            return Err(PlanError::Missing { account: account.name.clone(), id: id.to_string() });
        }
        (Some(id), _) => Some(id.clone()),
        (None, Some(user)) => {
            let id = text(user, "id").unwrap_or_default().to_owned();
            return Err(PlanError::Exists { account: account.name.clone(), upn: account.upn.clone(), id });
        }
        (None, None) => {
            actions.push(Action::CreateAccount { account: account.name.clone(), upn: account.upn.clone() });
            None
        }
    };
    let wanted = account.credentials.iter().filter(|c| matches!(c, CredentialDesign::Fido2 { .. })).count();
    let registered = id.as_ref().map_or(0, |id| passkeys(snapshot, id));
    for key in registered + 1..=wanted {
        actions.push(Action::RegisterPasskey { account: account.name.clone(), key });
    }
    // Being watched is not a fact of the tenant, so it is (re)confirmed in every plan that changes the account.
    let is_new = actions.iter().any(|a| matches!(a, Action::CreateAccount { account: n, .. } | Action::RegisterPasskey { account: n, .. } if *n == account.name));
    if is_new {
        actions.push(Action::Watch { account: account.name.clone() });
    }
    Ok(())
}

fn group_action(
    design: &Design,
    snapshot: &Snapshot,
    actions: &mut Vec<Action>,
) -> Result<Option<ObjectId>, PlanError> {
    let name = &design.exclusion_group.name;
    let groups = snapshot.get(c::GROUPS).unwrap_or_default();
    if let Some(id) = &design.exclusion_group.object_id {
        if groups.iter().any(|g| text(g, "id").is_some_and(|g| ObjectId::new(g) == *id)) {
            return Ok(Some(id.clone()));
        }
    } else {
        let named: Vec<_> = groups.iter().filter(|g| text(g, "displayName") == Some(name)).collect();
        match named.as_slice() {
            [] => {}
            [one] => {
                return Err(PlanError::GroupExists {
                    name: name.clone(),
                    id: text(one, "id").unwrap_or_default().into(),
                });
            }
            many => return Err(PlanError::AmbiguousGroup { name: name.clone(), count: many.len() }),
        }
    }
    actions.push(Action::CreateExclusionGroup { name: name.clone() });
    Ok(None)
}

fn wanted_exclusions(design: &Design, snapshot: &Snapshot, blocking: &[ToExclude]) -> Vec<ToExclude> {
    // The widest profile among the accounts decides: the group carries the exclusions of all of them.
    let profiles: Vec<_> = design.accounts.iter().map(|a| a.exclusion_profile).collect();
    let policies = snapshot.get(c::POLICIES).unwrap_or_default();
    let every = |because: &str, keep: &dyn Fn(&Value) -> bool| -> Vec<ToExclude> {
        let kept = policies.iter().filter(|p| text(p, "state") != Some("disabled") && keep(p));
        kept.filter_map(|p| {
            Some(ToExclude {
                policy: PolicyId::new(text(p, "id")?),
                name: text(p, "displayName").unwrap_or_default().into(),
                because: because.into(),
            })
        })
        .collect()
    };
    if profiles.contains(&ExclusionProfile::All) {
        return every("the design excludes emergency accounts from every policy", &|_| true);
    }
    if profiles.contains(&ExclusionProfile::RecoveryBlocking) {
        return blocking.to_vec();
    }
    every("the design excludes emergency accounts from every block policy", &|p| {
        let controls = p.pointer("/grantControls/builtInControls").and_then(Value::as_array);
        controls.is_some_and(|list| list.iter().any(|c| c.as_str() == Some("block")))
    })
}
