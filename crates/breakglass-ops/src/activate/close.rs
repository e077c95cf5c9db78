//! Closing: a new password, no sessions, no elevation, and a copy of what the logs say.

use super::{ActivateError, Desk};
use crate::drill::{elevations, remove_elevation};
use crate::port::{Change, Tenant, TenantError};
use crate::watch::trail;
use crate::{OpsError, World, custody};
use breakglass_detect::Event as LogEvent;
use breakglass_model::canonical;
use breakglass_workflow::activation::{Activation, Done, Event, Phase};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

const LOGS: &str = "activation-logs";

/// The copy of the logs of an activation: they are gone from the tenant after 7 or 30 days (F57).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preserved {
    /// When they were read.
    pub at: Timestamp,
    /// What the account did, and what was done to it, oldest first; secrets are cut out.
    pub events: Vec<LogEvent>,
    /// Logs that could not be read, and why.
    pub unread: BTreeMap<String, String>,
}

/// The preserved logs of an activation.
///
/// # Errors
/// When the store fails or the document is damaged.
pub async fn preserved(world: &World, id: &str) -> Result<Option<Preserved>, OpsError> {
    match world.documents.get(LOGS, id).await? {
        Some((_, value)) => Ok(Some(crate::watch::read(LOGS, id, value)?)),
        None => Ok(None),
    }
}

impl Desk<'_> {
    /// Closes: ends the use, seals and sets a new password, revokes sessions, removes elevation and sees that it is gone,
    /// and keeps a copy of the logs. Each part is noted when it is done, so the same call goes on after a failure. It takes
    /// up an activation whose timer ran out just the same.
    ///
    /// # Errors
    /// [`ActivateError`]; what was done stays done and noted.
    pub async fn close(
        &self,
        tenant: &dyn Tenant,
        id: &str,
        by: &str,
        did: &str,
    ) -> Result<Activation, ActivateError> {
        let mut activation = self.step(id, Event::Tick).await?;
        if activation.phase() != Phase::Closing {
            activation = self.step(id, Event::Close { by: by.into(), did: did.into() }).await?;
        }
        let request = activation.request().clone();
        let mut account = self.account(&request.account)?.clone();
        account.object_id = Some(request.object_id.clone());
        let open = |a: &Activation| a.closing().cloned();
        if open(&activation).is_some_and(|c| c.rotated.is_none()) {
            let generation = custody::rotate(self.world, tenant, &account, &request.tenant).await?;
            activation = self.step(id, Event::Did(Done::Rotated(generation))).await?;
        }
        if open(&activation).is_some_and(|c| c.revoked.is_none()) {
            tenant.write(&Change::RevokeSessions(request.object_id.clone())).await?;
            activation = self.step(id, Event::Did(Done::Revoked)).await?;
        }
        if open(&activation).is_some_and(|c| c.removal_confirmed.is_none()) {
            self.see_removal(tenant, &activation).await?;
            activation = self.step(id, Event::Did(Done::RemovalConfirmed)).await?;
        }
        self.preserve(tenant, &activation).await?;
        Ok(activation)
    }

    async fn see_removal(&self, tenant: &dyn Tenant, activation: &Activation) -> Result<(), ActivateError> {
        let request = activation.request();
        let removed = remove_elevation(self.world, tenant, &request.object_id).await;
        let left = elevations(tenant, &request.object_id).await?;
        if left.is_empty() {
            return Ok(());
        }
        let why = match removed {
            Err(error @ OpsError::Tenant(TenantError::Refused { .. })) => format!(" ({error})"),
            _ => String::new(),
        };
        let left = format!("{}{why}", left.join(", "));
        Err(ActivateError::StillElevated { account: request.account.clone(), left })
    }

    /// Reads what the logs say of the account since it was opened and keeps it. A log that cannot be read does not stop
    /// closing; it is named.
    async fn preserve(&self, tenant: &dyn Tenant, activation: &Activation) -> Result<(), ActivateError> {
        let Some(opened) = activation.opened() else { return Ok(()) };
        let request = activation.request();
        let since = opened.at.saturating_sub(SignedDuration::from_mins(5)).unwrap_or(opened.at);
        let (mut events, unread) = trail(tenant, &request.object_id, since).await;
        events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let kept = Preserved { at: self.world.now(), events, unread };
        let digest = canonical::digest(&kept).unwrap_or_default();
        self.world.documents.put(LOGS, &request.id, &json!(kept), None).await?;
        let data = json!({ "events": kept.events.len(), "unread": kept.unread, "digest": digest });
        self.world.record("activate.logs-preserved", &request.id, data).await.map_err(ActivateError::from)?;
        Ok(())
    }
}
