//! Azure's activity log, and resource logs in the same envelope.

use super::fields::{Fields, open, without_secrets};
use super::{Body, RecordProblem, address, id_or_derived, put};
use crate::event::{Event, EventKind};
use breakglass_model::{ObjectId, Tri};
use serde_json::{Map, Value};

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const MAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const AMR: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";

pub(super) fn read(body: &Body<'_>) -> Result<Event, RecordProblem> {
    let outer = body.outer;
    let at = body.time(&["eventTimestamp"])?;
    let operation =
        outer.text(&["operationNameValue"]).or_else(|| outer.text(&["operationName"])).ok_or_else(|| {
            RecordProblem::new(
                outer.path("operationName"),
                "is missing or has no `value`: the record does not say what was done",
            )
        })?;
    let identity = outer.object(&["identity"]);
    let own = outer.object(&["claims", "Claims_d"]);
    let inside = identity.as_ref().and_then(|i| i.object(&["claims"]));
    let claims = own.as_ref().or(inside.as_ref());
    let claim = |names: &[&str]| claims.and_then(|c| c.text(names));
    let actor = claim(&[OBJECT_ID, "oid"]);
    let actor_name = claim(&[UPN, "upn"])
        .or_else(|| outer.text(&["caller"]))
        .or_else(|| claim(&[NAME, MAIL, "name"]))
        .or_else(|| outer.text(&["identity"]));
    let request = request(body);
    let correlation_id = outer.text(&["correlationId"]);
    let resource = outer.text(&["resourceId", "_ResourceId"]);
    let status = outer.text(&["activityStatusValue", "status", "resultType"]);
    let moment = at.to_string();
    let id = id_or_derived(
        outer.text(&["eventDataId"]),
        &[
            Some("activity"),
            Some(&moment),
            Some(&operation),
            resource.as_deref(),
            status.as_deref(),
            correlation_id.as_deref(),
            actor_name.as_deref(),
        ],
    );
    let http = outer.object(&["httpRequest"]);
    let ip = outer
        .text(&["callerIpAddress"])
        .or_else(|| http.as_ref().and_then(|h| h.text(&["clientIpAddress"])))
        .or_else(|| claim(&["ipaddr"]));
    Ok(Event {
        id,
        kind: EventKind::Activity,
        at,
        succeeded: succeeded(outer, status.as_deref()),
        actor: actor.map(ObjectId::new),
        actor_name,
        targets: principal(body, request.as_ref()).map(ObjectId::new).into_iter().collect(),
        app_id: claim(&["appid"]),
        ip: ip.map(|ip| address(&ip)),
        correlation_id,
        error_code: None,
        methods: claim(&[AMR, "amr"])
            .map(|amr| amr.split(',').map(|m| m.trim().to_owned()).collect())
            .unwrap_or_default(),
        details: details(body, resource, status, request),
        operation: operation.to_uppercase(),
    })
}

/// An operation that only began or was accepted has not succeeded yet.
fn succeeded(outer: &Fields<'_>, status: Option<&str>) -> Tri {
    match status.unwrap_or_default().to_ascii_lowercase().as_str() {
        "success" | "succeeded" => return Tri::Yes,
        "failure" | "failed" => return Tri::No,
        "start" | "started" | "accept" | "accepted" => return Tri::Unknown,
        _ => {}
    }
    match outer.text(&["statusCode"]).and_then(|code| code.parse::<u16>().ok()) {
        Some(200..=299) => Tri::Yes,
        Some(400..) => Tri::No,
        _ => Tri::Unknown,
    }
}

/// The body of the request, which the log carries as JSON in a text.
fn request(body: &Body<'_>) -> Option<Value> {
    let text = body.inner.as_ref()?.text(&["requestbody"])?;
    open(&text)
}

/// The principal of a role assignment: in the request, or in the properties of the answer.
fn principal(body: &Body<'_>, request: Option<&Value>) -> Option<String> {
    let find = |value: &Value| {
        let request = Fields::of(value, "")?;
        request
            .object(&["properties"])
            .and_then(|p| p.text(&["principalId"]))
            .or_else(|| request.text(&["principalId"]))
    };
    request.and_then(find).or_else(|| body.inner.as_ref().and_then(|i| i.text(&["principalId"])))
}

fn details(
    body: &Body<'_>,
    resource: Option<String>,
    status: Option<String>,
    request: Option<Value>,
) -> Value {
    let outer = body.outer;
    let mut map = Map::new();
    put(&mut map, "category", outer.text(&["category", "categoryValue"]));
    put(&mut map, "level", outer.text(&["level"]));
    put(&mut map, "resource", resource);
    put(&mut map, "status", status);
    put(
        &mut map,
        "sub_status",
        outer.text(&["activitySubstatusValue", "subStatus", "resultSignature", "statusText"]),
    );
    let identity = outer.object(&["identity"]);
    let own = outer.object(&["authorization"]);
    let inside = identity.as_ref().and_then(|i| i.object(&["authorization"]));
    if let Some(authorization) = own.as_ref().or(inside.as_ref()) {
        put(&mut map, "scope", authorization.text(&["scope"]));
        let evidence = authorization.object(&["evidence"]);
        put(
            &mut map,
            "by_role",
            evidence.and_then(|e| e.text(&["role"])).or_else(|| authorization.text(&["role"])),
        );
    }
    put(&mut map, "request", request.map(|r| without_secrets(&r)));
    Value::Object(map)
}
