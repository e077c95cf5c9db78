//! Sign-in records: interactive, non-interactive, service principal and managed identity.

use super::fields::{Fields, plain};
use super::{Body, RecordProblem, address, id_or_derived, put};
use crate::event::{Event, EventKind};
use breakglass_model::{ObjectId, Tri};
use serde_json::{Map, Value};

/// What Graph writes for a user that it does not know.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn read(body: &Body<'_>) -> Result<Event, RecordProblem> {
    let at = body.time(&["createdDateTime"])?;
    let user = body.text(&["userId"]).filter(|id| id != NOBODY);
    let service = body.text(&["servicePrincipalId"]);
    let name =
        body.text(&["userPrincipalName"]).or_else(|| body.text(&["signInIdentifier", "alternateSignInName"]));
    let actor = user.clone().or(service);
    let actor_name = name.or_else(|| body.text(&["servicePrincipalName", "userDisplayName", "identity"]));
    let correlation_id = body.text(&["correlationId"]);
    let error_code = error_code(body);
    let app_id = body.text(&["appId"]);
    let moment = at.to_string();
    let id = id_or_derived(
        body.text(&["id"]),
        &[
            Some("signIn"),
            Some(&moment),
            actor.as_deref(),
            actor_name.as_deref(),
            correlation_id.as_deref(),
            app_id.as_deref(),
        ],
    );
    let steps = steps(body);
    Ok(Event {
        id,
        kind: kind(body, user.is_none()),
        at,
        operation: "signIn".into(),
        succeeded: succeeded(body, error_code),
        actor: actor.map(ObjectId::new),
        actor_name,
        targets: Vec::new(),
        app_id,
        ip: body.text(&["ipAddress", "callerIpAddress"]).map(|ip| address(&ip)),
        correlation_id,
        error_code,
        methods: methods(body, &steps),
        details: details(body, &steps),
    })
}

fn kind(body: &Body<'_>, no_user: bool) -> EventKind {
    let said = |name: &str| body.outer.text(&[name]).unwrap_or_default().to_ascii_lowercase();
    let logs = [said("category"), said("Type")];
    let types: Vec<String> = body.list(&["signInEventTypes"]).iter().filter_map(plain).collect();
    let non_interactive = logs.iter().any(|l| {
        l.contains("noninteractive") || l.contains("serviceprincipal") || l.contains("managedidentity")
    }) || types.iter().any(|t| !t.eq_ignore_ascii_case("interactiveUser"))
        || body.flag(&["isInteractive"]) == Some(false)
        || (no_user && body.has(&["servicePrincipalId"]) && !body.has(&["userPrincipalName"]));
    if non_interactive { EventKind::NonInteractiveSignIn } else { EventKind::SignIn }
}

/// `status.errorCode`, else the envelope's `resultType` when it is a number.
fn error_code(body: &Body<'_>) -> Option<u32> {
    let status = body.object(&["status"]).and_then(|s| s.text(&["errorCode"]));
    let result = body.text(&["resultType"]);
    status.into_iter().chain(result).find_map(|text| text.parse().ok())
}

fn succeeded(body: &Body<'_>, code: Option<u32>) -> Tri {
    if let Some(code) = code {
        return (code == 0).into();
    }
    let word = body.text(&["resultType"]).or_else(|| body.text(&["resultSignature"])).unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "success" | "succeeded" => Tri::Yes,
        "failure" | "failed" => Tri::No,
        _ => Tri::Unknown,
    }
}

/// One step of the authentication.
struct Step {
    method: String,
    detail: Option<String>,
    succeeded: Option<bool>,
    result: Option<String>,
}

fn steps(body: &Body<'_>) -> Vec<Step> {
    body.list(&["authenticationDetails"])
        .iter()
        .filter_map(|value| {
            let step = Fields::of(value, "")?;
            Some(Step {
                method: step.text(&["authenticationMethod"])?,
                detail: step.text(&["authenticationMethodDetail"]),
                succeeded: step.flag(&["succeeded"]),
                result: step.text(&["authenticationStepResultDetail"]),
            })
        })
        .collect()
}

/// Methods that were passed, each once, in order. A record without steps may still name the second factor.
fn methods(body: &Body<'_>, steps: &[Step]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let passed = steps.iter().filter(|s| s.succeeded != Some(false)).map(|s| s.method.clone());
    let used = body.list(&["authenticationMethodsUsed"]);
    let second = body.object(&["mfaDetail"]).and_then(|m| m.text(&["authMethod"]));
    for method in passed.chain(used.iter().filter_map(plain)).chain(second) {
        if !found.iter().any(|f| f.eq_ignore_ascii_case(&method)) {
            found.push(method);
        }
    }
    found
}

fn details(body: &Body<'_>, steps: &[Step]) -> Value {
    let mut map = Map::new();
    for (key, names) in [
        ("app", &["appDisplayName"][..]),
        ("resource", &["resourceDisplayName"]),
        ("client", &["clientAppUsed"]),
        ("user_agent", &["userAgent"]),
        ("conditional_access", &["conditionalAccessStatus"]),
        ("requirement", &["authenticationRequirement"]),
        ("protocol", &["authenticationProtocol"]),
        ("risk", &["riskLevelDuringSignIn"]),
        ("risk_aggregated", &["riskLevelAggregated"]),
        ("risk_state", &["riskState"]),
        ("session", &["sessionId"]),
        ("user", &["userDisplayName"]),
    ] {
        put(&mut map, key, body.text(names).filter(|t| t != "none" && t != "hidden"));
    }
    if let Some(status) = body.object(&["status"]) {
        put(&mut map, "reason", status.text(&["failureReason"]).filter(|r| r != "Other."));
        put(&mut map, "status_detail", status.text(&["additionalDetails"]));
    }
    if !map.contains_key("reason") {
        put(&mut map, "reason", body.text(&["resultDescription"]));
    }
    if let Some(place) = body.object(&["location", "locationDetails"]) {
        let parts = [place.text(&["city"]), place.text(&["state"]), place.text(&["countryOrRegion"])];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        put(&mut map, "location", (!text.is_empty()).then_some(text));
    }
    if let Some(device) = body.object(&["deviceDetail"]) {
        let parts =
            [device.text(&["displayName"]), device.text(&["operatingSystem"]), device.text(&["browser"])];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        put(&mut map, "device", (!text.is_empty()).then_some(text));
        put(&mut map, "device_compliant", device.flag(&["isCompliant"]));
    }
    let policies: Vec<Value> =
        body.list(&["appliedConditionalAccessPolicies"]).iter().filter_map(policy).collect();
    put(&mut map, "policies", (!policies.is_empty()).then_some(policies));
    let steps: Vec<Value> = steps.iter().map(Step::json).collect();
    put(&mut map, "steps", (!steps.is_empty()).then_some(steps));
    Value::Object(map)
}

/// A policy that took part: those that did not apply are left out.
fn policy(value: &Value) -> Option<Value> {
    let policy = Fields::of(value, "")?;
    let result = policy.text(&["result"])?;
    if ["notApplied", "notEnabled", "reportOnlyNotApplied"].iter().any(|n| result.eq_ignore_ascii_case(n)) {
        return None;
    }
    let mut map = Map::new();
    put(&mut map, "id", policy.text(&["id", "policyId"]));
    put(&mut map, "name", policy.text(&["displayName"]));
    map.insert("result".into(), result.into());
    Some(Value::Object(map))
}

impl Step {
    fn json(&self) -> Value {
        let mut map = Map::new();
        map.insert("method".into(), self.method.clone().into());
        put(&mut map, "detail", self.detail.clone());
        put(&mut map, "succeeded", self.succeeded);
        put(&mut map, "result", self.result.clone());
        Value::Object(map)
    }
}
