//! Directory audits of Entra.

use super::fields::{Fields, is_secret, open_deep, plain, without_secrets};
use super::{Body, RecordProblem, address, id_or_derived, put};
use crate::event::{AuditTarget, Event, EventKind, PropertyChange};
use breakglass_model::{ObjectId, Tri, ids};
use serde_json::{Map, Value};

pub(super) fn read(body: &Body<'_>) -> Result<Event, RecordProblem> {
    let at = body.time(&["activityDateTime"])?;
    let operation =
        body.text(&["activityDisplayName"]).or_else(|| body.text(&["operationName"])).ok_or_else(|| {
            let path = body.inner.as_ref().unwrap_or(body.outer).path("activityDisplayName");
            RecordProblem::new(
                path,
                "is missing, and so is `operationName`: the record does not say what was done",
            )
        })?;
    let who = body.object(&["initiatedBy"]);
    let user = who.as_ref().and_then(|w| w.object(&["user"]));
    let app = who.as_ref().and_then(|w| w.object(&["app"]));
    let field = |part: &Option<Fields<'_>>, names: &[&str]| part.as_ref().and_then(|p| p.text(names));
    let actor = field(&user, &["id"]).or_else(|| field(&app, &["servicePrincipalId"]));
    let actor_name = field(&user, &["userPrincipalName"])
        .or_else(|| field(&user, &["displayName"]))
        .or_else(|| field(&app, &["displayName", "servicePrincipalName"]))
        .or_else(|| body.text(&["identity"]));
    let targets = targets(body);
    let correlation_id = body.text(&["correlationId"]);
    let moment = at.to_string();
    let first = targets.first().and_then(|t| t.id.as_ref()).map(ObjectId::as_str);
    let id = id_or_derived(
        body.text(&["id"]),
        &[Some("audit"), Some(&moment), Some(&operation), actor.as_deref(), first, correlation_id.as_deref()],
    );
    let ip = field(&user, &["ipAddress"]).or_else(|| body.text(&["callerIpAddress"]));
    Ok(Event {
        id,
        kind: EventKind::Audit,
        at,
        succeeded: succeeded(body),
        actor: actor.map(ObjectId::new),
        actor_name,
        targets: ids_of(&targets),
        app_id: field(&app, &["appId"]),
        ip: ip.map(|ip| address(&ip)),
        correlation_id,
        error_code: None,
        methods: Vec::new(),
        details: details(body, &targets, user.is_some()),
        operation,
    })
}

fn succeeded(body: &Body<'_>) -> Tri {
    let word =
        ["result", "resultType", "resultSignature"].iter().find_map(|n| body.text(&[n])).unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "success" | "succeeded" => Tri::Yes,
        "failure" | "failed" => Tri::No,
        _ => Tri::Unknown,
    }
}

fn targets(body: &Body<'_>) -> Vec<AuditTarget> {
    // `targetResource` is how one page of the Graph reference spells it.
    body.list(&["targetResources", "targetResource"])
        .iter()
        .filter_map(|value| {
            let target = Fields::of(value, "")?;
            Some(AuditTarget {
                id: target.text(&["id"]).map(ObjectId::new),
                kind: target.text(&["type"]),
                name: target.text(&["displayName"]),
                upn: target.text(&["userPrincipalName"]),
                changes: target.list(&["modifiedProperties"]).iter().filter_map(change).collect(),
            })
        })
        .collect()
}

fn change(value: &Value) -> Option<PropertyChange> {
    let change = Fields::of(value, "")?;
    let property = change.text(&["displayName", "name"])?;
    let side = |name: &str| {
        let Some((_, value)) = change.get(&[name]) else { return Value::Null };
        if is_secret(&property) { "(cut out)".into() } else { without_secrets(&open_deep(value, 3)) }
    };
    let (old, new) = (side("oldValue"), side("newValue"));
    Some(PropertyChange { property, old, new })
}

/// Target resources, and the objects that changes name: a member's audit has the group under `Group.ObjectID` and not
/// always as a target of its own.
fn ids_of(targets: &[AuditTarget]) -> Vec<ObjectId> {
    let mut found: Vec<ObjectId> = Vec::new();
    let mut add = |id: ObjectId| {
        if !found.contains(&id) {
            found.push(id);
        }
    };
    targets.iter().filter_map(|t| t.id.clone()).for_each(&mut add);
    let named = targets.iter().flat_map(|t| &t.changes).filter(|c| {
        let property = c.property.to_ascii_lowercase();
        property.ends_with(".objectid") || property.ends_with(".templateid")
    });
    for value in named.flat_map(|c| [&c.old, &c.new]).filter_map(Value::as_str) {
        if ids::is_guid(value.trim()) {
            add(ObjectId::new(value));
        }
    }
    found
}

fn details(body: &Body<'_>, targets: &[AuditTarget], by_user: bool) -> Value {
    let mut map = Map::new();
    // The envelope's category is the name of the log; the record's own is meant.
    let own = body.inner.as_ref().unwrap_or(body.outer);
    put(&mut map, "category", own.text(&["category"]).filter(|c| c != "AuditLogs"));
    put(&mut map, "service", body.text(&["loggedByService"]));
    put(&mut map, "type", body.text(&["operationType", "AADOperationType"]));
    put(&mut map, "reason", body.text(&["resultReason"]).or_else(|| body.text(&["resultDescription"])));
    map.insert("actor".into(), if by_user { "user" } else { "app" }.into());
    if !targets.is_empty() {
        put(&mut map, "targets", serde_json::to_value(targets).ok());
    }
    let mut more = Map::new();
    for item in body.list(&["additionalDetails"]) {
        let Some(item) =
            Fields::of(&item, "").map(|f| (f.text(&["key"]), f.get(&["value"]).and_then(|(_, v)| plain(v))))
        else {
            continue;
        };
        if let (Some(key), Some(value)) = item {
            let value = if is_secret(&key) { "(cut out)".to_owned() } else { value };
            more.insert(key, value.into());
        }
    }
    put(&mut map, "additional", (!more.is_empty()).then_some(Value::Object(more)));
    Value::Object(map)
}
