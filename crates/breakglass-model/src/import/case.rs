//! The tenant of a `breakglass-ca-case/1`: what is not there does not exist, because a case is a whole small tenant.

use crate::snapshot::{Snapshot, TenantInfo, collections as c};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The schema tag of a case.
pub(super) const SCHEMA: &str = "breakglass-ca-case/1";

/// The tenant of a case as a snapshot. Keys that a case leaves out mean "none", so every collection is there.
///
/// # Errors
/// The JSON path that is not as the case format has it, and what is there instead.
pub fn tenant_of_case(case: &Value, now: Timestamp) -> Result<Snapshot, (String, String)> {
    let wrong = |key: &str, found: &str| Err((format!("$.tenant.{key}"), found.to_owned()));
    let Some(tenant) = case.get("tenant").and_then(Value::as_object) else {
        return Err(("$.tenant".into(), "no object".into()));
    };
    let mut settings = tenant.get("settings").cloned().unwrap_or_else(|| json!({}));
    if let Some(told) = settings.as_object_mut() {
        told.entry("mfaTrustedIps").or_insert_with(|| json!([]));
    }
    let cloud = settings.get("cloud").and_then(Value::as_str).unwrap_or("global").to_owned();
    let taken_at = settings
        .get("asOf")
        .and_then(Value::as_str)
        .and_then(|d| format!("{d}T00:00:00Z").parse().ok())
        .unwrap_or(now);
    let name = case.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut snapshot = Snapshot::new(TenantInfo { id: String::new(), name, cloud }, taken_at);
    for list in [
        c::POLICIES,
        c::NAMED_LOCATIONS,
        c::STRENGTHS,
        c::USERS,
        c::GROUPS,
        c::ROLE_ASSIGNMENTS,
        c::SERVICE_PRINCIPALS,
        c::DOMAINS,
        c::PROTECTED_ACTIONS,
    ] {
        match tenant.get(list) {
            None => snapshot.set(list, Vec::new()),
            Some(Value::Array(objects)) => snapshot.set(list, objects.clone()),
            Some(_) => return wrong(list, "something that is no list"),
        }
    }
    for (by_id, key) in [(c::CAPABILITIES, "userId"), (c::ROLE_MANAGEMENT_POLICIES, "roleDefinitionId")] {
        match tenant.get(by_id) {
            None => snapshot.set(by_id, Vec::new()),
            Some(Value::Object(map)) => snapshot.set(by_id, keyed(map, key)),
            Some(_) => return wrong(by_id, "something that is no object"),
        }
    }
    for single in [c::METHODS_POLICY, c::SECURITY_DEFAULTS] {
        match tenant.get(single) {
            None => snapshot.set(single, Vec::new()),
            Some(object @ Value::Object(_)) => snapshot.set(single, vec![object.clone()]),
            Some(_) => return wrong(single, "something that is no object"),
        }
    }
    snapshot.set(c::SETTINGS, vec![settings]);
    Ok(snapshot.seal())
}

fn keyed(map: &Map<String, Value>, key: &str) -> Vec<Value> {
    let row = |(id, value): (&String, &Value)| {
        let mut row = value.as_object().cloned().unwrap_or_default();
        row.insert(key.into(), json!(id));
        Value::Object(row)
    };
    map.iter().map(row).collect()
}
