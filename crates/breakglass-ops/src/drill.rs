//! A drill: really sign in, really do what recovery needs, undo it, and let the logs say whether it worked.
//!
//! Each act is written to the ledger before and after. Whatever fails, everything that was done is undone before the
//! error is returned: a drill must not leave a root assignment behind (F50).

use crate::collect::text;
use crate::port::{ActivityFilter, Browser, BrowserError, Change, Query, SignInFlow, Tenant, TenantError, UserSession};
use crate::{OpsError, World, watch};
use breakglass_detect::parse_record;
use breakglass_model::ObjectId;
use breakglass_workflow::drill::{Drill, DrillReport, judge};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// The role definition of User Access Administrator in Azure (REQUIREMENTS, ids).
const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

/// Why a drill could not be carried through. What had been done was undone; what could not be undone is named.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// The sign-in itself: this is the finding that drills exist for.
    #[error("`{account}` could not sign in: {cause}")]
    SignIn {
        /// Account name.
        account: String,
        /// What the login said.
        cause: BrowserError,
    },
    /// Another account came back than was to be drilled.
    #[error("the sign-in returned user `{found}`, the drill is for `{expected}`; sign out in the browser and run again")]
    OtherUser {
        /// Who was meant.
        expected: ObjectId,
        /// Who came.
        found: ObjectId,
    },
    /// An act failed.
    #[error("the drill failed at `{act}`: {cause}{}", if left.is_empty() { String::new() } else { format!("; NOT undone: {}", left.join("; ")) })]
    Act {
        /// What was being done.
        act: &'static str,
        /// Why it failed.
        cause: OpsError,
        /// What could not be undone and must be undone by hand.
        left: Vec<String>,
    },
    /// Store or ledger.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// What a drill acts with.
pub struct Drilling<'a> {
    /// Time, store, ledger.
    pub world: &'a World,
    /// The tenant with the reader's credential, to read the logs.
    pub reader: &'a dyn Tenant,
    /// How a person signs in.
    pub flow: &'a dyn SignInFlow,
    /// The browser in front of that person.
    pub browser: &'a dyn Browser,
    /// How long to wait for the traces.
    pub patience: Duration,
    /// Told before each act.
    pub progress: &'a (dyn Fn(&str) + Send + Sync),
}

/// Runs the drill and returns the report that the logs support.
///
/// # Errors
/// See [`DrillError`]. A drill whose traces do not appear in time is not an error: its report says what is missing.
pub async fn run(drilling: &Drilling<'_>, drill: &Drill, upn: &str) -> Result<DrillReport, DrillError> {
    let world = drilling.world;
    world.documents.put("drill", &drill.id, &json!({ "drill": drill, "state": "running" }), None).await.map_err(OpsError::from)?;
    world.record("drill.begin", &drill.id, json!({ "drill": drill })).await?;
    (drilling.progress)("sign in with the passkey");
    let session = drilling
        .flow
        .sign_in(upn, drilling.browser)
        .await
        .map_err(|cause| DrillError::SignIn { account: drill.account.clone(), cause })?;
    if session.user != drill.object_id {
        return Err(DrillError::OtherUser { expected: drill.object_id.clone(), found: session.user });
    }
    world.record("drill.signed-in", &drill.id, json!({ "correlation_id": session.correlation_id })).await?;
    let mut traces = Traces::default();
    let acted = act(drilling, drill, &session, &mut traces).await;
    let left = clean_up(drilling, drill, &session, &mut traces).await;
    if let Err((act, cause)) = acted {
        return Err(DrillError::Act { act, cause, left });
    }
    if !left.is_empty() {
        let cause = OpsError::from(TenantError::Malformed { what: "clean-up".into(), detail: "not everything was undone".into() });
        return Err(DrillError::Act { act: "clean-up", cause, left });
    }
    (drilling.progress)("take the proof from the logs");
    let report = wait_for_proof(drilling, drill, &session).await?;
    world.documents.put("drill", &drill.id, &json!({ "drill": drill, "state": "judged", "report": report }), None).await.map_err(OpsError::from)?;
    world.record("drill.done", &drill.id, json!({ "report": report })).await?;
    Ok(report)
}

#[derive(Default)]
struct Traces {
    group: Option<ObjectId>,
    elevated: bool,
}

async fn act(
    drilling: &Drilling<'_>,
    drill: &Drill,
    session: &UserSession,
    traces: &mut Traces,
) -> Result<(), (&'static str, OpsError)> {
    let tenant = &*session.tenant;
    let world = drilling.world;
    let step = async |name: &'static str, data: Value| {
        (drilling.progress)(name);
        world.record("drill.act", &drill.id, json!({ "act": name, "data": data })).await.map_err(|e| (name, e))
    };
    step("write: create a group", json!({})).await?;
    let change = Change::CreateGroup {
        name: format!("breakglass drill {}", drill.id),
        description: "made and deleted by an emergency access drill".into(),
        role_assignable: false,
    };
    let group = tenant.write(&change).await.map_err(|e| ("write: create a group", e.into()))?;
    traces.group = text(&group, "id").map(ObjectId::new);
    step("elevate access", json!({})).await?;
    tenant.write(&Change::ElevateAccess).await.map_err(|e| ("elevate access", e.into()))?;
    traces.elevated = true;
    step("list subscriptions", json!({})).await?;
    let subscriptions = world
        .eventually("a subscription", Duration::from_secs(60), || async {
            let list = tenant.read(&Query::Subscriptions).await?;
            Ok((!list.is_empty()).then_some(list))
        })
        .await
        .map_err(|e| ("list subscriptions", e))?;
    let ids: Vec<_> = subscriptions.iter().filter_map(|s| text(s, "subscriptionId")).collect();
    step("subscriptions listed", json!({ "subscriptions": ids })).await?;
    Ok(())
}

/// Undoes everything, whatever came before; answers what could not be undone.
async fn clean_up(drilling: &Drilling<'_>, drill: &Drill, session: &UserSession, traces: &mut Traces) -> Vec<String> {
    let mut left = Vec::new();
    if traces.elevated {
        (drilling.progress)("remove the elevation");
        if let Err(error) = remove_elevation(&*session.tenant, &drill.object_id).await {
            left.push(format!("User Access Administrator of `{}` at scope `/` ({error})", drill.account));
        }
    }
    if let Some(group) = traces.group.take() {
        (drilling.progress)("delete the group");
        match session.tenant.write(&Change::DeleteGroup(group.clone())).await {
            Ok(_) | Err(TenantError::NotFound { .. }) => {}
            Err(error) => left.push(format!("group `{group}` ({error})")),
        }
    }
    (drilling.progress)("sign out everywhere");
    if let Err(error) = session.tenant.write(&Change::RevokeSessions(drill.object_id.clone())).await {
        left.push(format!("sessions of `{}` ({error})", drill.account));
    }
    left
}

/// Removes the caller's User Access Administrator at root.
///
/// # Errors
/// When it cannot be read or removed.
pub async fn remove_elevation(tenant: &dyn Tenant, principal: &ObjectId) -> Result<(), TenantError> {
    for assignment in tenant.read(&Query::AzureRootAssignments(Some(principal.clone()))).await? {
        let property = |key: &str| assignment.pointer(&format!("/properties/{key}")).and_then(Value::as_str).unwrap_or_default();
        let is_ours = ObjectId::new(property("principalId")) == *principal
            && property("scope") == "/"
            && property("roleDefinitionId").to_ascii_lowercase().ends_with(USER_ACCESS_ADMINISTRATOR);
        if is_ours && let Some(id) = text(&assignment, "id") {
            match tenant.write(&Change::RemoveAzureRoleAssignment(id.into())).await {
                Ok(_) | Err(TenantError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

async fn wait_for_proof(drilling: &Drilling<'_>, drill: &Drill, session: &UserSession) -> Result<DrillReport, OpsError> {
    let since = drill.began - SignedDuration::from_mins(1);
    let mut report = None;
    let waited = drilling
        .world
        .eventually("the drill's traces", drilling.patience, || async {
            let events = records(drilling.reader, &*session.tenant, since, &drill.object_id).await?;
            let judged = judge(drill, &events, &watch::alert_times(drilling.world, since).await?);
            Ok(judged.is_complete().then_some(judged))
        })
        .await;
    match waited {
        Ok(complete) => Ok(complete),
        Err(OpsError::Late { .. }) => {
            let events = records(drilling.reader, &*session.tenant, since, &drill.object_id).await?;
            let partial = judge(drill, &events, &watch::alert_times(drilling.world, since).await?);
            Ok(report.take().unwrap_or(partial))
        }
        Err(other) => Err(other),
    }
}

/// Sign-ins and audits with the reader's eyes; the tenant-level activity log with the reader's, else the drilled
/// account's, since seeing it needs an Azure role.
async fn records(
    reader: &dyn Tenant,
    own: &dyn Tenant,
    since: Timestamp,
    account: &ObjectId,
) -> Result<Vec<breakglass_detect::Event>, OpsError> {
    let mut records = reader.read(&Query::SignIns { since, user: Some(account.clone()) }).await?;
    records.extend(reader.read(&Query::DirectoryAudits { since }).await?);
    let activity = Query::ActivityLog(ActivityFilter { since, subscription: None });
    match reader.read(&activity).await {
        Ok(found) => records.extend(found),
        Err(TenantError::Refused { .. }) => records.extend(own.read(&activity).await?),
        Err(other) => return Err(other.into()),
    }
    Ok(records.iter().filter_map(|r| parse_record(r).ok()).collect())
}
