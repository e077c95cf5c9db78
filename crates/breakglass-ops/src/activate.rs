//! Activations in operation: the state machine of `breakglass-workflow` between store, ledger, outbox and tenant.
//!
//! An activation is one document. A transition is written with the version it was made from, so two people at two machines
//! cannot both be first; what the transition demands (alerts, ledger entries) is carried out after that and noted, so that
//! whoever comes next after a kill carries out what is still open.

mod close;
mod desk;

pub use close::{Preserved, preserved};
pub use desk::{Desk, Wish};

use crate::custody::CustodyError;
use crate::port::{Alert, AlertSink, StoreError, TenantError};
use crate::{OpsError, World};
use breakglass_workflow::activation::{Activation, Duty, Event, Phase, Refusal, Taken};
use serde::{Deserialize, Serialize};
use serde_json::json;

const KIND: &str = "activation";

/// How often a transition is tried again because somebody else wrote in between.
const ATTEMPTS: usize = 5;

/// Why an activation did not go on. Nothing was changed, or what was changed is in the record and goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// The state machine refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is none of that id.
    #[error("there is no activation `{0}`; `breakglass activate show` lists them")]
    NoSuch(String),
    /// The design does not declare that account.
    #[error("the design declares no account `{0}`")]
    NoAccount(String),
    /// The account has no object id yet.
    #[error("account `{0}` has no `object_id` in the design; run `breakglass apply` first")]
    NoObjectId(String),
    /// The activation is for another tenant.
    #[error(
        "activation `{id}` is for tenant `{other}`, the design is for `{design}`; use the file of that tenant"
    )]
    OtherTenant {
        /// Activation.
        id: String,
        /// Tenant of the activation.
        other: String,
        /// Tenant of the design.
        design: String,
    },
    /// Approvers or counts are not those of the design any more.
    #[error(
        "activation `{0}` was requested under other approvers or another count than the design states now; withdraw it and request again"
    )]
    OtherRules(String),
    /// Another activation of the same account is open.
    #[error(
        "activation `{other}` of `{account}` is {phase}; close it first: closing rotates the password of both"
    )]
    AnotherOpen {
        /// Account.
        account: String,
        /// The other activation.
        other: String,
        /// Where it is.
        phase: Phase,
    },
    /// The elevation is still there.
    #[error(
        "`{account}` still holds {left} at scope `/`; remove it (`az role assignment delete`), then close again"
    )]
    StillElevated {
        /// Account.
        account: String,
        /// The assignments that are left.
        left: String,
    },
    /// Rotation failed.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// Tenant, store or ledger.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

impl From<StoreError> for ActivateError {
    fn from(error: StoreError) -> Self {
        Self::Ops(error.into())
    }
}

impl From<TenantError> for ActivateError {
    fn from(error: TenantError) -> Self {
        Self::Ops(error.into())
    }
}

/// The document of an activation.
#[derive(Serialize, Deserialize)]
struct Stored {
    activation: Activation,
    /// How many transitions (the request is the first) have been carried out: alerts kept, ledger written.
    settled: usize,
}

/// One activation.
///
/// # Errors
/// [`ActivateError::NoSuch`]; when the store fails; when the record is damaged, i.e. cannot have happened.
pub async fn load(world: &World, id: &str) -> Result<Activation, ActivateError> {
    Ok(fetch(world, id).await?.1.activation)
}

/// All activations by id; a damaged one with the reason.
///
/// # Errors
/// When the store fails.
pub async fn stored(world: &World) -> Result<Vec<(String, Result<Activation, OpsError>)>, OpsError> {
    let all = world.documents.list(KIND).await?;
    let read = |key: &str, value| crate::watch::read::<Stored>(KIND, key, value).map(|s| s.activation);
    Ok(all.into_iter().map(|(key, value)| (key.clone(), read(&key, value))).collect())
}

/// Looks at the timers of every activation and carries out what is still open of earlier transitions. Damaged records are
/// passed over here; whoever lists them sees them. Answers the alerts that were kept.
///
/// # Errors
/// When store, ledger or outbox fail.
pub async fn tick_all(world: &World, sink: &dyn AlertSink) -> Result<Vec<Alert>, OpsError> {
    let mut alerts = Vec::new();
    for (id, _) in stored(world).await?.into_iter().filter(|(_, activation)| activation.is_ok()) {
        match step(world, sink, &id, Event::Tick).await {
            Ok((_, kept)) => alerts.extend(kept),
            Err(ActivateError::Ops(error)) => return Err(error),
            // A tick is never refused; an activation that is gone by now has no timers.
            Err(_) => {}
        }
    }
    Ok(alerts)
}

async fn fetch(world: &World, id: &str) -> Result<(u64, Stored), ActivateError> {
    let Some((version, value)) = world.documents.get(KIND, id).await? else {
        return Err(ActivateError::NoSuch(id.into()));
    };
    Ok((version, crate::watch::read(KIND, id, value)?))
}

/// Keeps a new activation and carries out what its request demands.
async fn begin(
    world: &World,
    sink: &dyn AlertSink,
    activation: Activation,
) -> Result<Activation, ActivateError> {
    let id = activation.request().id.clone();
    let stored = Stored { activation, settled: 0 };
    let version = world.documents.put(KIND, &id, &json!(stored), Some(0)).await?;
    let (activation, _) = settle(world, sink, version, stored).await?;
    Ok(activation)
}

/// One transition: load, check, write over exactly the version that was loaded, carry out. When somebody else was faster
/// it is judged again on what they made of it.
async fn step(
    world: &World,
    sink: &dyn AlertSink,
    id: &str,
    event: Event,
) -> Result<(Activation, Vec<Alert>), ActivateError> {
    let mut attempt = 1;
    loop {
        let (version, mut stored) = fetch(world, id).await?;
        // What an interrupted run left open comes first.
        if stored.settled <= stored.activation.entries().len() {
            settle(world, sink, version, stored).await?;
            if attempt < ATTEMPTS {
                attempt += 1;
                continue;
            }
            (_, stored) = fetch(world, id).await?;
        }
        let now = world.now();
        if event != Event::Tick {
            stored.activation.take(Event::Tick, now)?;
        }
        let before = stored.activation.entries().len();
        let taken = stored.activation.take(event.clone(), now)?;
        if taken.action.is_none() && stored.activation.entries().len() == before {
            return Ok((stored.activation, Vec::new()));
        }
        match world.documents.put(KIND, id, &json!(stored), Some(version)).await {
            Ok(version) => return settle(world, sink, version, stored).await,
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Carries out every transition that nobody has carried out yet: alerts into the outbox (their ids are stable), one line a
/// transition into the ledger, and then the note that it was done.
async fn settle(
    world: &World,
    sink: &dyn AlertSink,
    version: u64,
    mut stored: Stored,
) -> Result<(Activation, Vec<Alert>), ActivateError> {
    let history = stored.activation.history();
    let id = stored.activation.request().id.clone();
    let mut kept = Vec::new();
    for (index, taken) in history.iter().enumerate().skip(stored.settled) {
        for alert in alerts(&stored.activation, &id, index, taken, world) {
            if sink.enqueue(&alert).await? {
                kept.push(alert);
            }
        }
        if let Some(action) = &taken.action {
            let data = json!({ "who": action.who, "at": action.at, "why": action.why, "data": action.data, "duties": taken.duties });
            world.record(&action.kind, &id, data).await?;
        }
    }
    if stored.settled < history.len() {
        stored.settled = history.len();
        match world.documents.put(KIND, &id, &json!(stored), Some(version)).await {
            // Somebody else went on with it and settles the rest.
            Ok(_) | Err(StoreError::Stale { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((stored.activation, kept))
}

fn alerts(activation: &Activation, id: &str, index: usize, taken: &Taken, world: &World) -> Vec<Alert> {
    let request = activation.request();
    let at = taken.action.as_ref().map_or(request.requested_at, |a| a.at);
    let of = |(n, duty): (usize, &Duty)| match duty {
        Duty::Alert { severity, title } => Some(Alert {
            id: format!("activation-{id}-{index}-{n}"),
            severity: *severity,
            title: title.clone(),
            details: json!({
                "rule": "activation", "accounts": [request.account], "context": "activation", "window": id,
                "requester": request.requester, "reason": request.reason, "ticket": request.ticket,
                "phase": activation.phase(),
            }),
            event_at: at,
            seen_at: world.now(),
        }),
        _ => None,
    };
    taken.duties.iter().enumerate().filter_map(of).collect()
}
