//! Taking a plan back: the same journal, backwards, and only objects that the plan made.
//!
//! Role assignments go first and the watch list last, so that at no stop there is a Global Administrator that is not
//! watched or not excluded.

use super::journal::Journal;
use super::plan::{Action, Step};
use crate::collect::text;
use crate::port::{Change, Query, Tenant, TenantError};
use crate::{OpsError, World, watch};
use breakglass_model::{ObjectId, PolicyId};
use serde_json::{Value, json};
use std::time::Duration;

/// What was taken back.
#[derive(Debug)]
pub struct Undone {
    /// Step ids, in the order in which they were undone.
    pub steps: Vec<String>,
}

/// Why it was not taken back, or only in part. Running again goes on.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// Tenant, store or ledger.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// Takes back every step of the journal that was begun.
///
/// # Errors
/// At the first thing that cannot be taken back; what was taken back stays so and is not tried again.
pub async fn undo(world: &World, tenant: &dyn Tenant, journal: &mut Journal) -> Result<Undone, UndoError> {
    journal.undone = true;
    journal.save(world).await?;
    let steps: Vec<Step> = journal.plan.steps.clone();
    let open = |journal: &Journal, s: &Step| journal.steps.get(&s.id).is_some_and(|e| e.undone.is_none());
    let (watches, others): (Vec<_>, Vec<_>) = steps
        .into_iter()
        .rev()
        .filter(|s| open(journal, s))
        .partition(|s| matches!(s.action, Action::Watch { .. }));
    let mut undone = Vec::new();
    for step in others.into_iter().chain(watches) {
        world.record("undo.step.begin", &step.id, json!({ "plan": journal.plan.digest })).await?;
        take_back(world, tenant, journal, &step).await?;
        if let Some(entry) = journal.steps.get_mut(&step.id) {
            entry.undone = Some(world.now());
        }
        journal.save(world).await?;
        world.record("undo.step.done", &step.id, json!({ "plan": journal.plan.digest })).await?;
        undone.push(step.id);
    }
    Ok(Undone { steps: undone })
}

async fn take_back(
    world: &World,
    tenant: &dyn Tenant,
    journal: &Journal,
    step: &Step,
) -> Result<(), OpsError> {
    let id = |key: String| journal.ids.get(&key).cloned();
    match &step.action {
        Action::AssignRole { account } => {
            let Some(assignment) = id(format!("role/{account}")) else {
                return unfinished_role(tenant, journal, account).await;
            };
            gone_is_fine(tenant.write(&Change::RemoveRoleAssignment(assignment)).await)
        }
        Action::ExcludeFromPolicy { policy, .. } => include_again(tenant, journal, step, policy).await,
        Action::AddToExclusionGroup { account } => match (journal.group(), journal.account(account)) {
            (Some(group), Some(member)) => {
                gone_is_fine(tenant.write(&Change::RemoveGroupMember { group, member }).await)
            }
            _ => Ok(()),
        },
        Action::CreateExclusionGroup { name } => {
            let group = match journal.group() {
                Some(group) => Some(group),
                None => lost_id(world, tenant, journal, step, &Query::GroupsNamed(name.clone())).await?,
            };
            match group {
                Some(group) => gone_is_fine(tenant.write(&Change::DeleteGroup(group)).await),
                None => Ok(()),
            }
        }
        Action::RegisterPasskey { account, key } => {
            match (journal.account(account), id(format!("passkey/{account}/{key}"))) {
                (Some(user), Some(method)) => {
                    gone_is_fine(tenant.write(&Change::DeletePasskey(user, method)).await)
                }
                (Some(user), None) => unfinished_passkey(tenant, journal, step, &user).await,
                (None, _) => Ok(()),
            }
        }
        Action::CreateAccount { account, upn } => {
            let user = match journal.account(account) {
                Some(user) => Some(user),
                None => lost_id(world, tenant, journal, step, &Query::User(upn.clone())).await?,
            };
            match user {
                Some(user) => {
                    gone_is_fine(tenant.write(&Change::RevokeSessions(user.clone())).await)?;
                    gone_is_fine(tenant.write(&Change::DeleteUser(user)).await)
                }
                None => Ok(()),
            }
        }
        Action::Watch { account } => watch::remove(world, account).await,
        Action::Verify => Ok(()),
    }
}

/// The id of an object that this plan may have made in a run that was killed before it could note the id: by its name, and
/// only when the journal says that nobody had that name before.
async fn lost_id(
    world: &World,
    tenant: &dyn Tenant,
    journal: &Journal,
    step: &Step,
    by_name: &Query,
) -> Result<Option<ObjectId>, OpsError> {
    if !journal.was_absent(step) {
        return Ok(None);
    }
    let look =
        || async { Ok(tenant.read(by_name).await?.first().and_then(|o| text(o, "id")).map(ObjectId::new)) };
    match world.eventually("an object of an interrupted run", Duration::from_secs(10), look).await {
        Ok(id) => Ok(Some(id)),
        Err(OpsError::Late { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The same for a passkey: by the name of its key.
async fn unfinished_passkey(
    tenant: &dyn Tenant,
    journal: &Journal,
    step: &Step,
    user: &ObjectId,
) -> Result<(), OpsError> {
    let key = journal.steps.get(&step.id).and_then(|e| text(&e.before, "key"));
    let Some(key) = key.filter(|_| journal.was_absent(step)) else { return Ok(()) };
    let methods = match tenant.read(&Query::AuthenticationMethods(user.clone())).await {
        Err(TenantError::NotFound { .. }) => return Ok(()),
        other => other?,
    };
    for method in methods.iter().filter(|m| text(m, "displayName") == Some(key)) {
        if let Some(method) = text(method, "id") {
            gone_is_fine(tenant.write(&Change::DeletePasskey(user.clone(), method.into())).await)?;
        }
    }
    Ok(())
}

/// The role may have been granted by a run that was killed before it could note the assignment's id.
async fn unfinished_role(tenant: &dyn Tenant, journal: &Journal, account: &str) -> Result<(), OpsError> {
    let Some(principal) = journal.account(account) else { return Ok(()) };
    let role = ObjectId::new(breakglass_model::ids::GLOBAL_ADMINISTRATOR);
    for assignment in tenant.read(&Query::RoleAssignments(Some(role))).await? {
        if text(&assignment, "principalId").is_some_and(|p| ObjectId::new(p) == principal)
            && let Some(id) = text(&assignment, "id")
        {
            gone_is_fine(tenant.write(&Change::RemoveRoleAssignment(id.into())).await)?;
        }
    }
    Ok(())
}

/// Takes exactly the ids out that this plan put in, and leaves what others have changed since.
async fn include_again(
    tenant: &dyn Tenant,
    journal: &Journal,
    step: &Step,
    policy: &PolicyId,
) -> Result<(), OpsError> {
    let Some(before) = journal.steps.get(&step.id).map(|e| &e.before).filter(|b| !b.is_null()) else {
        return Ok(());
    };
    let Some(mut body) = tenant.read(&Query::Policy(policy.clone())).await?.into_iter().next() else {
        return Ok(());
    };
    let was = |list: &str, x: &str| {
        ids(before.pointer(&format!("/users/{list}"))).any(|y| y.eq_ignore_ascii_case(x))
    };
    let ours: Vec<String> =
        ids(before.get("group")).chain(ids(before.get("accounts"))).map(str::to_owned).collect();
    let mut changed = false;
    for list in ["excludeGroups", "excludeUsers"] {
        if let Some(items) =
            body.pointer_mut(&format!("/conditions/users/{list}")).and_then(Value::as_array_mut)
        {
            let count = items.len();
            items.retain(|x| {
                let x = x.as_str().unwrap_or_default();
                was(list, x) || !ours.iter().any(|o| o.eq_ignore_ascii_case(x))
            });
            changed |= items.len() != count;
        }
    }
    if !changed {
        return Ok(());
    }
    let fragment = json!({ "conditions": body.get("conditions") });
    gone_is_fine(tenant.write(&Change::UpdatePolicy(policy.clone(), fragment)).await)
}

fn ids(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = value.and_then(Value::as_str);
    let many = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many)
}

fn gone_is_fine(result: Result<Value, TenantError>) -> Result<(), OpsError> {
    match result {
        Ok(_) | Err(TenantError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
