//! Undoing: found by what it is and not by what we remember, tried until it is gone, and seen to be gone.

use super::{DrillState, Drilling, keep, may_pass, stored};
use crate::collect::text;
use crate::port::{Change, Query, Tenant, TenantError};
use crate::{OpsError, World};
use breakglass_model::ObjectId;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The role definition of User Access Administrator in Azure (REQUIREMENTS, ids).
const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

/// How long undoing tries. An answer that was lost may have taken effect, and what took effect may show late.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often in a row there must be nothing left: a single look may be at a replica that is behind.
const LOOKS: usize = 2;

/// How long there must be nothing when nobody knows whether there ever was something.
const PERHAPS: SignedDuration = SignedDuration::from_secs(20);

/// How long there must be nothing after an undoing that was answered with "not found": what answered may have been a
/// replica that is behind.
const UNSURE: SignedDuration = SignedDuration::from_secs(10);

/// What a round of undoing came to.
#[derive(Debug)]
enum Round {
    /// There was nothing.
    Nothing,
    /// Everything that was there was undone, and the tenant said so.
    Undone,
    /// Something that was listed was not found when it was undone.
    Unsure,
    /// The answer to an undoing was lost.
    Lost(TenantError),
}

/// Undoes everything that was found.
async fn undo_all(tenant: &dyn Tenant, undoings: Vec<Change>) -> Result<Round, TenantError> {
    let mut round = if undoings.is_empty() { Round::Nothing } else { Round::Undone };
    for undoing in &undoings {
        match tenant.write(undoing).await {
            Ok(_) => {}
            Err(TenantError::NotFound { .. }) => round = Round::Unsure,
            Err(error) if may_pass(&error) => return Ok(Round::Lost(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(round)
}

/// What is known of the thing that has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It was made: it shows sooner or later, and "nothing there" before that is a replica that is behind.
    Made,
    /// The answer was lost: it may still show.
    Perhaps,
    /// If it is there it has been there for long.
    Old,
}

/// The name of a drill's group: unique, so that it can be found when the answer with its id was lost.
pub(super) fn group_name(drill: &str) -> String {
    format!("breakglass drill {drill}")
}

/// Resource ids of the User Access Administrator assignments that an account holds at root.
///
/// # Errors
/// When they cannot be read.
pub async fn elevations(tenant: &dyn Tenant, principal: &ObjectId) -> Result<Vec<String>, TenantError> {
    let assignments = tenant.read(&Query::AzureRootAssignments(Some(principal.clone()))).await?;
    let is_ours = |assignment: &&Value| {
        let property = |key: &str| {
            assignment.pointer(&format!("/properties/{key}")).and_then(Value::as_str).unwrap_or_default()
        };
        ObjectId::new(property("principalId")) == *principal
            && property("scope") == "/"
            && property("roleDefinitionId").to_ascii_lowercase().ends_with(USER_ACCESS_ADMINISTRATOR)
    };
    Ok(assignments.iter().filter(is_ours).filter_map(|a| text(a, "id")).map(str::to_owned).collect())
}

/// Removes an account's User Access Administrator at root, and looks until none is left. Answers that were lost are asked
/// again.
///
/// # Errors
/// When the assignments cannot be read, or cannot be removed within a minute.
pub async fn remove_elevation(
    world: &World,
    tenant: &dyn Tenant,
    principal: &ObjectId,
) -> Result<(), OpsError> {
    remove_known_elevation(world, tenant, principal, Known::Old, Eyes::Others).await
}

/// Whose tokens look at the root of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eyes {
    /// The account's own: it may look for as long as it holds the elevation, so a refusal says that it does not hold it, or
    /// that what answers does not know of it yet.
    Own,
    /// Somebody else's: a refusal says nothing about the account.
    Others,
}

pub(super) async fn remove_known_elevation(
    world: &World,
    tenant: &dyn Tenant,
    principal: &ObjectId,
    known: Known,
    eyes: Eyes,
) -> Result<(), OpsError> {
    let mut removed = false;
    until_gone(world, "the end of the elevation", known, async || {
        let held = match elevations(tenant, principal).await {
            // The proof that it is gone comes from the activity log.
            Err(TenantError::Refused { status: 403, .. }) if removed || eyes == Eyes::Own => Vec::new(),
            held => held?,
        };
        let round =
            undo_all(tenant, held.into_iter().map(Change::RemoveAzureRoleAssignment).collect()).await?;
        removed |= matches!(round, Round::Undone);
        Ok(round)
    })
    .await
}

/// Deletes a drill's group, found by its unique name and by its id.
pub(super) async fn delete_group(
    world: &World,
    tenant: &dyn Tenant,
    drill: &str,
    id: Option<&ObjectId>,
    known: Known,
) -> Result<(), OpsError> {
    let mut questions = vec![Query::GroupsNamed(group_name(drill))];
    questions.extend(id.cloned().map(Query::Group));
    until_gone(world, "the end of the drill's group", known, async || {
        let mut groups = BTreeSet::new();
        for question in &questions {
            groups
                .extend(tenant.read(question).await?.iter().filter_map(|g| text(g, "id")).map(ObjectId::new));
        }
        undo_all(tenant, groups.into_iter().map(Change::DeleteGroup).collect()).await
    })
    .await
}

/// Revokes the account's sessions; answers what was left.
pub(super) async fn sign_out(world: &World, tenant: &dyn Tenant, account: &ObjectId) -> Option<String> {
    let revoke = Change::RevokeSessions(account.clone());
    let mut error = None;
    for pause in [0, 1, 5] {
        world.clock.sleep(Duration::from_secs(pause)).await;
        match tenant.write(&revoke).await {
            Ok(_) => return None,
            Err(e) if may_pass(&e) => error = Some(e),
            Err(e) => return Some(format!("sessions of `{account}` ({e})")),
        }
    }
    error.map(|e| format!("sessions of `{account}` ({e})"))
}

/// Undoes what earlier runs for the same account left when they were killed. The elevation is the account's own and is
/// removed with any session of it; their groups are found by name.
pub(super) async fn after_killed_runs(
    drilling: &Drilling<'_>,
    tenant: &dyn Tenant,
    account: &ObjectId,
    this: &str,
) -> Vec<String> {
    let world = drilling.world;
    let mut left = Vec::new();
    let earlier = match stored(world).await {
        Ok(earlier) => earlier,
        Err(error) => return vec![format!("what earlier drills may have left ({error})")],
    };
    for mut record in earlier.into_iter().filter_map(|(_, r)| r.ok()) {
        let open = record.drill.object_id == *account && record.drill.id != this;
        if !open || (record.state != DrillState::Running && record.traces.is_clean()) {
            continue;
        }
        let id = record.drill.id.clone();
        (drilling.progress)("undo what an interrupted drill left");
        if record.traces.elevated
            && let Err(error) = remove_known_elevation(world, tenant, account, Known::Old, Eyes::Own).await
        {
            left.push(format!(
                "User Access Administrator of `{}` at scope `/` ({error})",
                record.drill.account
            ));
            continue;
        }
        if record.traces.group
            && let Err(error) =
                delete_group(world, tenant, &id, record.drill.told.group.as_ref(), Known::Old).await
        {
            left.push(format!("group `{}` ({error})", group_name(&id)));
            continue;
        }
        record.traces = super::Traces::default();
        record.left.clear();
        if record.state == DrillState::Running {
            record.state = DrillState::Failed;
            record.error = Some(format!("the run was interrupted; drill `{this}` cleaned up after it"));
            record.ended_at = Some(world.now());
        }
        let noted = keep(world, &record).await;
        let recorded = world.record("drill.cleaned-up", &id, json!({ "by": this })).await;
        for error in [noted.err(), recorded.err()].into_iter().flatten() {
            left.push(format!("the note that drill `{id}` was cleaned up ({error})"));
        }
    }
    left
}

/// Does `round`, which undoes what it finds, until there is nothing. Errors that may pass are tried again.
async fn until_gone(
    world: &World,
    what: &str,
    known: Known,
    mut round: impl AsyncFnMut() -> Result<Round, TenantError>,
) -> Result<(), OpsError> {
    let began = world.now();
    let (mut ever, mut nothing, mut unsure) = (known != Known::Made, 0, None);
    let mut pause = Duration::from_millis(250);
    loop {
        let mut last = None;
        match round().await {
            Ok(Round::Nothing) => nothing += 1,
            Ok(Round::Undone) => (ever, nothing, unsure) = (true, 0, None),
            Ok(Round::Unsure) => (ever, nothing, unsure) = (true, 0, Some(world.now())),
            Ok(Round::Lost(error)) => {
                (ever, nothing, unsure, last) = (true, 0, Some(world.now()), Some(error))
            }
            Err(error) if may_pass(&error) => last = Some(error),
            Err(error) => return Err(error.into()),
        }
        let waited = world.now().duration_since(began);
        let sure = unsure.is_none_or(|at| world.now().duration_since(at) >= UNSURE);
        let long_enough = sure && (known != Known::Perhaps || waited >= PERHAPS);
        if ever && nothing >= LOOKS && long_enough {
            return Ok(());
        }
        if waited >= SignedDuration::try_from(PATIENCE).unwrap_or(PERHAPS) {
            let late = || OpsError::Late { what: what.into(), seconds: PATIENCE.as_secs() };
            return Err(last.map_or_else(late, OpsError::from));
        }
        world.clock.sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}
