//! The logs: sign-ins, directory audits, Azure activity.

use super::{State, text};
use crate::caller::Caller;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The three logs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs {
    /// `signIn` records with every property, those of beta too (`signInEventTypes`, `authenticationDetails` ...).
    pub(crate) sign_ins: Log,
    /// `directoryAudit` records.
    pub(crate) audits: Log,
    /// Events of the activity log, those at tenant level too.
    pub(crate) activities: Log,
}

/// One log, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    records: Vec<Record>,
}

#[derive(Clone, Debug)]
struct Record {
    visible_at: Timestamp,
    twice: bool,
    json: Value,
}

impl Log {
    /// The records that the API shows now, oldest first; a record may be there twice, when that was asked for.
    pub(crate) fn visible(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Value> {
        self.records
            .iter()
            .filter(move |r| r.visible_at <= now)
            .flat_map(|r| std::iter::repeat_n(&r.json, if r.twice { 2 } else { 1 }))
    }

    /// Puts in a record that is shown from `visible_at` on.
    pub(crate) fn push(&mut self, json: Value, visible_at: Timestamp, duplicate_every: u32) {
        let nth = u32::try_from(self.records.len()).unwrap_or(u32::MAX).saturating_add(1);
        let twice = duplicate_every != 0 && nth.is_multiple_of(duplicate_every);
        self.records.push(Record { visible_at, twice, json });
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}

/// What an audit record is about.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `User`, `Group`, `Policy`, `Role`, `ServicePrincipal` ...
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) upn: Option<String>,
    pub(crate) changes: Vec<Change>,
}

/// One changed property: old and new value are JSON texts, as the audit log has them.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) property: String,
    pub(crate) old: Option<Value>,
    pub(crate) new: Option<Value>,
}

impl Target {
    pub(crate) fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self { kind, id: id.into(), name: None, upn: None, changes: Vec::new() }
    }

    /// A target of the kind, with id and names from the object itself.
    pub(crate) fn object(kind: &'static str, object: &Value) -> Self {
        Self {
            name: text(object, "displayName").map(str::to_owned),
            upn: text(object, "userPrincipalName").map(str::to_owned),
            ..Self::new(kind, text(object, "id").unwrap_or_default())
        }
    }

    /// With one changed property more. Values are written as JSON texts.
    pub(crate) fn change(mut self, property: &str, old: Option<Value>, new: Option<Value>) -> Self {
        self.changes.push(Change { property: property.to_owned(), old, new });
        self
    }

    fn json(&self) -> Value {
        let value = |v: &Option<Value>| v.as_ref().map(Value::to_string);
        let changes: Vec<Value> = self
            .changes
            .iter()
            .map(|c| json!({ "displayName": c.property, "oldValue": value(&c.old), "newValue": value(&c.new) }))
            .collect();
        json!({ "id": self.id, "displayName": self.name, "type": self.kind, "userPrincipalName": self.upn,
            "groupType": null, "modifiedProperties": changes })
    }
}

/// An event of the activity log. Written twice as Azure does: once started, once finished, when `started` is set.
#[derive(Clone, Debug)]
pub(crate) struct ActivityEntry {
    /// For example `Microsoft.Authorization/roleAssignments/write`.
    pub(crate) operation: String,
    /// Name of the operation for people.
    pub(crate) operation_name: String,
    /// Where it happened: an ARM id; `None` or one outside a subscription is the tenant's own log.
    pub(crate) resource_id: String,
    /// `Succeeded` or `Failed`.
    pub(crate) succeeded: bool,
    /// HTTP status, e.g. `Created`.
    pub(crate) sub_status: String,
    pub(crate) properties: Value,
}

impl State {
    /// Writes a directory audit of the service that the category belongs to. Returns its id.
    pub(crate) fn audit(
        &mut self,
        actor: &Caller,
        activity: &str,
        category: &str,
        targets: Vec<Target>,
    ) -> String {
        let service = match category {
            "Policy" => "Conditional Access",
            _ => "Core Directory",
        };
        self.audit_of(service, actor, activity, category, targets, Ok(()))
    }

    /// Writes a directory audit of a service, with its result (`Err` is the reason of a failure). Returns its id.
    pub(crate) fn audit_of(
        &mut self,
        service: &str,
        actor: &Caller,
        activity: &str,
        category: &str,
        targets: Vec<Target>,
        result: Result<(), &str>,
    ) -> String {
        let correlation = self.ids.guid();
        let id = format!("Directory_{correlation}_{:06}", self.logs.audits.len());
        let operation = match activity.split(' ').next().unwrap_or_default() {
            "Add" => "Add",
            "Delete" | "Remove" | "Hard" => "Delete",
            "Assign" => "Assign",
            _ => "Update",
        };
        let initiated_by = match &actor.user {
            Some(user) => json!({ "app": null, "user": { "id": user.id, "displayName": user.name,
                "userPrincipalName": user.upn, "ipAddress": actor.ip } }),
            None => json!({ "user": null, "app": { "appId": actor.app_id, "displayName": actor.app_name,
                "servicePrincipalId": actor.service_principal, "servicePrincipalName": null } }),
        };
        let record = json!({
            "id": id, "category": category, "correlationId": correlation,
            "result": if result.is_ok() { "success" } else { "failure" },
            "resultReason": result.err().unwrap_or_default(),
            "activityDisplayName": activity, "activityDateTime": graph_time(self.now()),
            "loggedByService": service, "operationType": operation, "initiatedBy": initiated_by,
            "targetResources": targets.iter().map(Target::json).collect::<Vec<_>>(),
            "additionalDetails": [],
        });
        let (at, every) = (self.log_time(), self.faults.duplicate_every);
        self.logs.audits.push(record, at, every);
        id
    }

    /// Writes an event of the Azure activity log, at the tenant's level when the resource is in no subscription. Returns its
    /// correlation id.
    pub(crate) fn activity(&mut self, actor: &Caller, entry: &ActivityEntry) -> String {
        let correlation = self.ids.guid();
        let event = self.ids.guid();
        let at = self.now();
        let named = |value: &str| json!({ "value": value, "localizedValue": value });
        let subscription =
            entry.resource_id.strip_prefix("/subscriptions/").and_then(|r| r.split('/').next());
        let provider = entry.operation.split('/').next().unwrap_or_default();
        let caller = actor.user.as_ref().map_or(actor.id(), |user| &user.upn);
        let record = json!({
            "id": format!("{}/events/{event}/ticks/{}", entry.resource_id, ticks(at)),
            "eventDataId": event, "correlationId": correlation, "operationId": correlation,
            "caller": caller, "channels": "Operation", "level": if entry.succeeded { "Informational" } else { "Error" },
            "eventTimestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
            "submissionTimestamp": graph_time(self.log_time()),
            "eventName": { "value": "EndRequest", "localizedValue": "End request" },
            "category": { "value": "Administrative", "localizedValue": "Administrative" },
            "operationName": { "value": entry.operation, "localizedValue": entry.operation_name },
            "resourceProviderName": named(provider),
            "resourceType": named(entry.operation.rsplit_once('/').map_or("", |(kind, _)| kind)),
            "resourceId": entry.resource_id, "resourceGroupName": "",
            "status": if entry.succeeded { named("Succeeded") } else { named("Failed") },
            "subStatus": { "value": entry.sub_status, "localizedValue": entry.sub_status },
            "authorization": { "action": entry.operation, "scope": entry.resource_id },
            "claims": actor.claims(&self.tenant_id),
            "httpRequest": { "clientRequestId": correlation, "clientIpAddress": actor.ip, "method": "POST" },
            "subscriptionId": subscription, "tenantId": self.tenant_id, "description": "",
            "properties": entry.properties,
        });
        let (visible, every) = (self.log_time(), self.faults.duplicate_every);
        self.logs.activities.push(record, visible, every);
        correlation
    }

    /// Writes a sign-in record as it is.
    pub(crate) fn sign_in(&mut self, record: Value) {
        let (at, every) = (self.log_time(), self.faults.duplicate_every);
        self.logs.sign_ins.push(record, at, every);
    }

    /// When a record that is written now is shown.
    pub(crate) fn log_time(&self) -> Timestamp {
        self.clock.after(self.faults.log_delay)
    }
}

/// A time as Graph writes it.
pub(crate) fn graph_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// 100-nanosecond steps since the year 1, as event ids have them.
fn ticks(at: Timestamp) -> i64 {
    const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
    at.duration_since(Timestamp::UNIX_EPOCH)
        .max(SignedDuration::ZERO)
        .as_micros()
        .try_into()
        .map_or(UNIX_EPOCH, |micros: i64| micros.saturating_mul(10).saturating_add(UNIX_EPOCH))
}
