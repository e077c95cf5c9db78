//! What has been done of a plan: written before and after every step, so that a run that was killed anywhere goes on.

use super::plan::{Plan, Step};
use crate::port::Documents;
use crate::{OpsError, World};
use breakglass_model::ObjectId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const KIND: &str = "apply";

/// The journal of one plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Journal {
    /// The plan, whole: `undo` and `resume` need nothing else.
    pub plan: Plan,
    /// Steps begun, by id.
    pub steps: BTreeMap<String, Entry>,
    /// Ids the tenant gave: `account/NAME`, `group`, `role/NAME`, `passkey/NAME/N`.
    pub ids: BTreeMap<String, String>,
    /// Set when `undo` has begun; such a plan is never applied again.
    #[serde(default)]
    pub undone: bool,
}

/// One step in the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When it was (last) begun.
    pub began: Timestamp,
    /// When it was done; none means it may or may not have taken effect.
    pub done: Option<Timestamp>,
    /// When it was undone.
    #[serde(default)]
    pub undone: Option<Timestamp>,
    /// What `undo` needs to know.
    #[serde(default)]
    pub before: Value,
}

impl Journal {
    /// Loads the journal of a plan, or begins one.
    ///
    /// # Errors
    /// When the store fails or holds something else under that name.
    pub async fn open(world: &World, plan: &Plan) -> Result<Self, OpsError> {
        match Self::load(&*world.documents, &plan.digest).await? {
            Some(journal) => Ok(journal),
            None => {
                Ok(Self { plan: plan.clone(), steps: BTreeMap::new(), ids: BTreeMap::new(), undone: false })
            }
        }
    }

    /// Loads the journal of a plan by the plan's digest.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub async fn load(documents: &dyn Documents, digest: &str) -> Result<Option<Self>, OpsError> {
        let Some((_, value)) = documents.get(KIND, digest).await? else { return Ok(None) };
        let damaged = |e: serde_json::Error| OpsError::Damaged {
            what: format!("{KIND}/{digest}"),
            detail: e.to_string(),
        };
        serde_json::from_value(value).map(Some).map_err(damaged)
    }

    /// All journals in the store, in no particular order of time.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub async fn all(documents: &dyn Documents) -> Result<Vec<Self>, OpsError> {
        let mut journals = Vec::new();
        for (key, value) in documents.list(KIND).await? {
            let damaged = |e: serde_json::Error| OpsError::Damaged {
                what: format!("{KIND}/{key}"),
                detail: e.to_string(),
            };
            journals.push(serde_json::from_value(value).map_err(damaged)?);
        }
        Ok(journals)
    }

    /// Writes it; durable when this returns.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save(&self, world: &World) -> Result<(), OpsError> {
        world.documents.put(KIND, &self.plan.digest, &json!(self), None).await?;
        Ok(())
    }

    /// Whether a step has been done.
    #[must_use]
    pub fn is_done(&self, step: &Step) -> bool {
        self.steps.get(&step.id).is_some_and(|e| e.done.is_some())
    }

    /// Whether a step was begun before and may have taken effect.
    #[must_use]
    pub fn was_begun(&self, step: &Step) -> bool {
        self.steps.contains_key(&step.id)
    }

    /// Whether it was noted, before a step acted, that what it makes was not there: then what is there now is from this
    /// plan, and `undo` may take it back although its id was never noted.
    #[must_use]
    pub fn was_absent(&self, step: &Step) -> bool {
        self.steps
            .get(&step.id)
            .is_some_and(|e| e.before.get("absent").and_then(Value::as_bool) == Some(true))
    }

    /// Notes that a step begins: ledger first, then journal, both durable.
    ///
    /// # Errors
    /// When either cannot be written; the step must not be taken then.
    pub async fn begin(&mut self, world: &World, step: &Step) -> Result<(), OpsError> {
        world.record("apply.step.begin", &step.id, json!({ "plan": self.plan.digest, "step": step })).await?;
        let before = self.steps.get(&step.id).map(|e| e.before.clone()).unwrap_or_default();
        self.steps.insert(step.id.clone(), Entry { began: world.now(), done: None, undone: None, before });
        self.save(world).await
    }

    /// Keeps what `undo` will need, before the effect.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn remember(&mut self, world: &World, step: &Step, before: Value) -> Result<(), OpsError> {
        if let Some(entry) = self.steps.get_mut(&step.id)
            && entry.before.is_null()
        {
            entry.before = before;
            self.save(world).await?;
        }
        Ok(())
    }

    /// Notes that a step is done: journal first (it is the truth about progress), then ledger.
    ///
    /// # Errors
    /// When either cannot be written; the step is then taken up again by the next run.
    pub async fn done(&mut self, world: &World, step: &Step, result: Value) -> Result<(), OpsError> {
        if let Some(entry) = self.steps.get_mut(&step.id) {
            entry.done = Some(world.now());
        }
        self.save(world).await?;
        world
            .record("apply.step.done", &step.id, json!({ "plan": self.plan.digest, "result": result }))
            .await?;
        Ok(())
    }

    /// The id of an account, once the tenant has given it one.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<ObjectId> {
        self.ids.get(&format!("account/{name}")).map(ObjectId::new)
    }

    /// The id of the exclusion group.
    #[must_use]
    pub fn group(&self) -> Option<ObjectId> {
        self.ids.get("group").map(ObjectId::new)
    }
}
