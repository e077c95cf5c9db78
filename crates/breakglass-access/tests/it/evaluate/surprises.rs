//! Surprises of the field (CONDITIONAL_ACCESS 1.11 and the rules it points to) that the open cases do not show.

mod demands;
mod outcomes;
mod people;
mod places;
mod targets;

use breakglass_access::evaluate::{Evaluation, evaluate};
use breakglass_model::import::tenant_of_case;
use breakglass_model::sign_in::SignIn;
use breakglass_model::view::TenantView;
use breakglass_model::{PolicyId, Tri};
use jiff::Timestamp;
use serde_json::{Value, json};

const USER: &str = "a0000000-0000-4000-8000-000000000001";
const GROUP: &str = "b0000000-0000-4000-8000-000000000001";
const HQ: &str = "d0000000-0000-4000-8000-000000000001";
const STRENGTH: &str = "e0000000-0000-4000-8000-000000000001";
const OTHER_STRENGTH: &str = "e0000000-0000-4000-8000-000000000002";
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const ARM: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
const PORTAL: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";
const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// Puts `patch` into `value`, object by object; anything else replaces.
fn merge(value: &mut Value, patch: &Value) {
    match (value, patch) {
        (Value::Object(map), Value::Object(patch)) => {
            for (key, new) in patch {
                merge(map.entry(key.clone()).or_insert(Value::Null), new);
            }
        }
        (value, patch) => *value = patch.clone(),
    }
}

fn with(mut base: Value, patch: &Value) -> Value {
    merge(&mut base, patch);
    base
}

fn policy(patch: Value) -> Value {
    let base = json!({"id": "p", "displayName": "P", "state": "enabled", "templateId": null,
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"]},
        "grantControls": {"operator": "OR", "builtInControls": ["block"]}, "sessionControls": null});
    with(base, &patch)
}

fn demand(controls: Value) -> Value {
    json!({ "grantControls": { "builtInControls": controls } })
}

fn tenant(policies: Value, patch: Value) -> Value {
    let base = json!({"settings": {"asOf": "2026-11-21", "cloud": "global", "baselineScopes": "enforced"},
        "users": [{"id": USER, "userPrincipalName": "u@contoso.onmicrosoft.com", "userType": "Member", "accountEnabled": true}]});
    let mut tenant = with(base, &patch);
    tenant["conditionalAccessPolicies"] = policies;
    tenant
}

fn sign_in(patch: Value) -> Value {
    let base = json!({"signInIdentity": {"userId": USER, "externalUserType": "none", "externalTenantId": null},
        "signInContext": {"includeApplications": [PORTAL]},
        "signInConditions": {"devicePlatform": "windows", "clientAppType": "browser", "signInRiskLevel": "none", "userRiskLevel": "none",
            "insiderRiskLevel": "none", "country": "US", "ipAddress": "203.0.113.10", "authenticationFlow": {"transferMethod": "none"}, "deviceInfo": null},
        "x": {"compliantNetwork": false}});
    with(base, &patch)
}

fn ask(tenant: &Value, sign_in: &Value) -> Evaluation {
    let snapshot = tenant_of_case(&json!({ "tenant": tenant }), Timestamp::UNIX_EPOCH).unwrap();
    evaluate(&TenantView::new(&snapshot), &SignIn::read(sign_in).unwrap())
}

fn applies(patch: Value, extra: Value, asked: Value) -> Tri {
    let tenant = tenant(json!([policy(patch)]), extra);
    ask(&tenant, &sign_in(asked)).policies[&PolicyId::new("p")].applies
}

fn can(patch: Value, extra: Value, asked: Value) -> Tri {
    ask(&tenant(json!([policy(patch)]), extra), &sign_in(asked)).satisfiable.unwrap()
}

fn able(capabilities: Value) -> Value {
    json!({ "x": { "capabilities": capabilities } })
}
