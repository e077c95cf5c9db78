//! The acts of a drill, each noted before it is done.

use super::clean_up::{self, Eyes, Known};
use super::{DrillRecord, Drilling, keep};
use crate::OpsError;
use crate::collect::text;
use crate::port::{Change, Query, Tenant};
use breakglass_model::ObjectId;
use serde_json::{Value, json};
use std::time::Duration;

/// How long an act waits for what it just made possible.
const WAIT: Duration = Duration::from_secs(60);

type Act = Result<(), (&'static str, OpsError)>;

/// A drill after its sign-in.
pub(super) struct Acting<'a, 'b> {
    pub(super) drilling: &'a Drilling<'b>,
    /// The tenant with the drilled account's tokens.
    pub(super) tenant: &'a dyn Tenant,
    pub(super) record: &'a mut DrillRecord,
    /// Whether the elevation was answered with yes.
    pub(super) elevated: Known,
}

impl Acting<'_, '_> {
    /// Write, elevate, list. Whatever comes back, [`Acting::clean_up`] must follow.
    pub(super) async fn act(&mut self) -> Act {
        self.write().await?;
        self.elevate().await?;
        self.list().await
    }

    /// Notes the act in store and ledger, and says it.
    async fn step(&self, act: &'static str, data: Value) -> Act {
        let world = self.drilling.world;
        (self.drilling.progress)(act);
        keep(world, self.record).await.map_err(|e| (act, e))?;
        world
            .record("drill.act", &self.record.drill.id, json!({ "act": act, "data": data }))
            .await
            .map_err(|e| (act, e))?;
        Ok(())
    }

    async fn write(&mut self) -> Act {
        let act = "write: create a group";
        self.record.traces.group = true;
        self.step(act, Value::Null).await?;
        let change = Change::CreateGroup {
            name: clean_up::group_name(&self.record.drill.id),
            description: "made and deleted by an emergency access drill".into(),
            role_assignable: false,
        };
        let group = self.tenant.write(&change).await.map_err(|e| (act, e.into()))?;
        self.record.drill.told.group = text(&group, "id").map(ObjectId::new);
        Ok(())
    }

    async fn elevate(&mut self) -> Act {
        let act = "elevate access";
        self.record.traces.elevated = true;
        self.step(act, json!({ "group": self.record.drill.told.group })).await?;
        self.tenant.write(&Change::ElevateAccess).await.map_err(|e| (act, e.into()))?;
        self.elevated = Known::Made;
        Ok(())
    }

    /// Which subscriptions the elevated account sees. None after a minute is noted as such and decides nothing: the tenant
    /// may have none.
    async fn list(&mut self) -> Act {
        let act = "list subscriptions";
        self.step(act, Value::Null).await?;
        let listed = self.drilling.world.eventually("a subscription", WAIT, || async {
            let list = self.tenant.read(&Query::Subscriptions).await?;
            Ok((!list.is_empty()).then_some(list))
        });
        let found = match listed.await {
            Ok(found) => found,
            Err(OpsError::Late { .. }) => Vec::new(),
            Err(error) => return Err((act, error)),
        };
        let ids: Vec<_> = found.iter().filter_map(|s| text(s, "subscriptionId")).map(str::to_owned).collect();
        self.record.drill.told.subscriptions = Some(ids.clone());
        self.step("subscriptions listed", json!({ "subscriptions": ids })).await
    }

    /// Undoes what this run began, whatever came before; answers what could not be undone.
    pub(super) async fn clean_up(&mut self) -> Vec<String> {
        let (world, progress) = (self.drilling.world, self.drilling.progress);
        let (id, account) = (self.record.drill.id.clone(), self.record.drill.account.clone());
        let mut left = Vec::new();
        if self.record.traces.elevated {
            progress("remove the elevation");
            let (who, known) = (&self.record.drill.object_id, self.elevated);
            let removed = clean_up::remove_known_elevation(world, self.tenant, who, known, Eyes::Own);
            match removed.await {
                Ok(()) => self.record.traces.elevated = false,
                Err(error) => {
                    left.push(format!("User Access Administrator of `{account}` at scope `/` ({error})"))
                }
            }
        }
        if self.record.traces.group {
            progress("delete the group");
            let group = self.record.drill.told.group.as_ref();
            let known = if group.is_some() { Known::Made } else { Known::Perhaps };
            match clean_up::delete_group(world, self.tenant, &id, group, known).await {
                Ok(()) => self.record.traces.group = false,
                Err(error) => left.push(format!("group `{}` ({error})", clean_up::group_name(&id))),
            }
        }
        // The note comes after the undoing: a kill in between undoes again, which does no harm. When the store fails here,
        // what matters is undone already.
        let noted = keep(world, self.record).await;
        let data = json!({ "act": "undone", "data": { "left": left } });
        let recorded = world.record("drill.act", &id, data).await;
        for error in [noted.err(), recorded.err()].into_iter().flatten() {
            left.push(format!("the note that everything was undone ({error})"));
        }
        left
    }
}
