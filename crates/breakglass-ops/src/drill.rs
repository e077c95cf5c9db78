//! A drill: really sign in, really do what recovery needs, undo it, and let the logs say whether it worked.
//!
//! Each act is written to the store and the ledger before and after, so that whatever fails, wherever the run is killed,
//! what was done is known and is undone: by this run before it answers, or by the next one. A drill must not leave a root
//! assignment behind (F50).

mod acts;
mod clean_up;
mod proof;

pub use clean_up::{elevations, remove_elevation};

use crate::port::{Browser, BrowserError, SignInFlow, Tenant, TenantError};
use crate::{OpsError, World};
use acts::Acting;
use breakglass_model::ObjectId;
use breakglass_workflow::drill::{Drill, DrillReport};
use clean_up::Known;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

const KIND: &str = "drill";

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
    #[error(
        "the sign-in returned user `{found}`, the drill is for `{expected}`; sign out in the browser and run again"
    )]
    OtherUser {
        /// Who was meant.
        expected: ObjectId,
        /// Who came.
        found: ObjectId,
    },
    /// An act failed.
    #[error("the drill failed at `{act}`: {cause}{}", not_undone(.left))]
    Act {
        /// What was being done.
        act: &'static str,
        /// Why it failed.
        cause: OpsError,
        /// What could not be undone and must be undone by hand.
        left: Vec<String>,
    },
    /// Everything was done, but not everything undone.
    #[error("the drill is done, but not everything could be undone; undo by hand: {}", .0.join("; "))]
    Left(Vec<String>),
    /// Store or ledger.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

fn not_undone(left: &[String]) -> String {
    if left.is_empty() { String::new() } else { format!("; NOT undone, do it by hand: {}", left.join("; ")) }
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

/// How far a drill has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrillState {
    /// Begun. Of a run that was killed it stays so until the next drill of the account has cleaned up after it.
    Running,
    /// It failed; `error` says why.
    Failed,
    /// Done and undone, and the logs were asked.
    Judged,
}

/// What is kept of a drill, as `drill/ID` in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrillRecord {
    /// The drill, with what the run noted.
    pub drill: Drill,
    /// How far it has come.
    pub state: DrillState,
    /// What was begun and has to be undone.
    #[serde(default)]
    pub traces: Traces,
    /// When it was over.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// What the logs say.
    #[serde(default)]
    pub report: Option<DrillReport>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// What could not be undone.
    #[serde(default)]
    pub left: Vec<String>,
}

/// What was begun, noted before it was begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traces {
    /// The group may be there.
    #[serde(default)]
    pub group: bool,
    /// The elevation may be there.
    #[serde(default)]
    pub elevated: bool,
}

impl Traces {
    fn is_clean(self) -> bool {
        self == Self::default()
    }
}

/// Every drill by id; a damaged record with the reason.
///
/// # Errors
/// When the store fails.
pub async fn stored(world: &World) -> Result<Vec<(String, Result<DrillRecord, OpsError>)>, OpsError> {
    let all = world.documents.list(KIND).await?;
    Ok(all.into_iter().map(|(key, value)| (key.clone(), crate::watch::read(KIND, &key, value))).collect())
}

/// Runs the drill and returns the report that the logs support. What an earlier run for the same account left behind when
/// it was killed is undone on the way.
///
/// # Errors
/// See [`DrillError`]. A drill whose traces do not appear in time is not an error: its report says what is missing.
pub async fn run(drilling: &Drilling<'_>, drill: &Drill, upn: &str) -> Result<DrillReport, DrillError> {
    let world = drilling.world;
    let mut record = DrillRecord {
        drill: drill.clone(),
        state: DrillState::Running,
        traces: Traces::default(),
        ended_at: None,
        report: None,
        error: None,
        left: Vec::new(),
    };
    // The window of the drill opens before the sign-in, so that its alert says what it belongs to.
    keep(world, &record).await?;
    world.record("drill.begin", &drill.id, json!({ "drill": drill })).await?;
    let carried = carry_out(drilling, &mut record, upn).await;
    record.ended_at = Some(world.now());
    record.drill.told.finished_at = record.ended_at;
    if let Err(error) = carried {
        record.state = DrillState::Failed;
        record.error = Some(error.to_string());
        keep(world, &record).await?;
        let data = json!({ "error": record.error, "left": record.left });
        world.record("drill.failed", &drill.id, data).await?;
        return Err(error);
    }
    keep(world, &record).await?;
    (drilling.progress)("take the proof from the logs");
    let report = proof::wait(drilling, &mut record.drill).await?;
    record.state = DrillState::Judged;
    record.report = Some(report.clone());
    keep(world, &record).await?;
    world.record("drill.done", &drill.id, json!({ "report": report })).await?;
    Ok(report)
}

async fn carry_out(drilling: &Drilling<'_>, record: &mut DrillRecord, upn: &str) -> Result<(), DrillError> {
    let world = drilling.world;
    let (id, expected) = (record.drill.id.clone(), record.drill.object_id.clone());
    (drilling.progress)("sign in with the passkey");
    let signed_in = drilling.flow.sign_in(upn, drilling.browser).await;
    let account = record.drill.account.clone();
    let session = signed_in.map_err(|cause| DrillError::SignIn { account, cause })?;
    if session.user != expected {
        return Err(DrillError::OtherUser { expected, found: session.user });
    }
    record.drill.told.correlation_id = Some(session.correlation_id.clone());
    record.drill.told.signed_in_at = Some(world.now());
    keep(world, record).await?;
    world.record("drill.signed-in", &id, json!({ "correlation_id": session.correlation_id })).await?;
    // Before anything of ours is there that could be mistaken for it.
    let mut left = clean_up::after_killed_runs(drilling, &*session.tenant, &expected, &id).await;
    let mut acting = Acting { drilling, tenant: &*session.tenant, record, elevated: Known::Perhaps };
    let acted = acting.act().await;
    // From here on nothing returns before everything was tried to be undone.
    left.extend(acting.clean_up().await);
    (drilling.progress)("sign out everywhere");
    left.extend(clean_up::sign_out(world, &*session.tenant, &expected).await);
    record.left.clone_from(&left);
    match acted {
        Err((act, cause)) => Err(DrillError::Act { act, cause, left }),
        Ok(()) if !left.is_empty() => Err(DrillError::Left(left)),
        Ok(()) => Ok(()),
    }
}

async fn keep(world: &World, record: &DrillRecord) -> Result<(), OpsError> {
    world.documents.put(KIND, &record.drill.id, &json!(record), None).await?;
    Ok(())
}

/// Whether trying again may help: nobody knows what became of the request, or the object is not visible yet.
fn may_pass(error: &TenantError) -> bool {
    matches!(error, TenantError::Unavailable { .. } | TenantError::NotFound { .. })
}
