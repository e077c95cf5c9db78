//! Subscriptions and tenants.

use super::access::{may, principals, property};
use super::answer::{Answer, Failure};
use super::{Request, access};
use crate::state::{State, text};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// What is asked of a scope itself.
pub(super) fn scope(request: &Request, state: &State, method: &str) -> Result<Answer, Failure> {
    let parts: Vec<String> = request.scope.split('/').skip(1).map(str::to_ascii_lowercase).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (method, parts.as_slice()) {
        ("GET", ["subscriptions"]) => Ok(Answer::list(visible(request, state))),
        ("GET", ["subscriptions", id]) => {
            access::require(request, state, "Microsoft.Resources/subscriptions/read")?;
            let found = state.azure.subscriptions.find("subscriptionId", id).cloned();
            Ok(Answer::ok(found.unwrap_or_default()))
        }
        ("GET", ["subscriptions", id, "locations"]) => {
            let places = [("westeurope", "West Europe"), ("northeurope", "North Europe")];
            let places = places.iter().map(|(name, title)| {
                json!({ "id": format!("/subscriptions/{id}/locations/{name}"), "name": name, "displayName": title,
                    "regionalDisplayName": title, "type": "Region" })
            });
            Ok(Answer::list(places.collect()))
        }
        ("GET", ["subscriptions", _, "resourcegroups" | "resources"]) => {
            access::require(request, state, "Microsoft.Resources/subscriptions/resourceGroups/read")?;
            Ok(Answer::list(Vec::new()))
        }
        ("GET", ["tenants"]) => Ok(Answer::list(vec![tenant(state)])),
        _ => Err(Failure::new(
            StatusCode::NOT_FOUND,
            "InvalidResourceType",
            format!("The resource type could not be found for '{}'.", request.path),
        )),
    }
}

/// The subscriptions in which the caller has any role: none for a Global Administrator who has not elevated.
fn visible(request: &Request, state: &State) -> Vec<Value> {
    let caller = &request.caller;
    let own = principals(state, caller.id());
    let has_role_in = |scope: &str| {
        state.azure.role_assignments.iter().any(|a| {
            own.contains(&property(a, "principalId").to_ascii_lowercase())
                && (access::covers(property(a, "scope"), scope)
                    || access::covers(scope, property(a, "scope")))
        })
    };
    let all = state.azure.subscriptions.iter();
    let seen = all.filter(|s| {
        let id = text(s, "id").unwrap_or_default();
        may(state, caller, "Microsoft.Resources/subscriptions/read", id) || has_role_in(id)
    });
    seen.cloned().collect()
}

fn tenant(state: &State) -> Value {
    let organization = state.directory.organization.iter().next();
    let domains: Vec<&str> = state.directory.domains.iter().filter_map(|d| text(d, "id")).collect();
    let default = state.directory.domains.iter().find(|d| d.get("isDefault") == Some(&Value::Bool(true)));
    json!({
        "id": format!("/tenants/{}", state.tenant_id), "tenantId": state.tenant_id, "tenantCategory": "Home",
        "displayName": organization.and_then(|o| text(o, "displayName")),
        "countryCode": organization.and_then(|o| text(o, "countryLetterCode")),
        "defaultDomain": default.and_then(|d| text(d, "id")), "domains": domains, "tenantType": "AAD",
    })
}
