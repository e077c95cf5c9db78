//! ScubaGear's provider output: one object with the tenant's parts under its own names, as PowerShell prints them.

use super::build::{Builder, Hint, Place, text};
use super::normalise::{self, Met};
use crate::ids::GLOBAL_ADMINISTRATOR;
use crate::snapshot::collections as c;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn read(builder: &mut Builder, place: Place<'_>, mut map: Map<String, Value>) {
    let mut part = |key: &str| map.remove(key);
    if let Some(time) = part("timestamp_zulu").and_then(|t| t.as_str()?.parse().ok()) {
        builder.snapshot.taken_at = time;
    }
    if !tenant(builder, place, part("tenant_details")) {
        return;
    }
    let failed = part("aad_unsuccessful_commands");
    for command in failed.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        builder
            .snapshot
            .note_unread(format!("ScubaGear/{command}"), "the command failed when the tenant was read");
    }
    let policies = part("conditional_access_policies");
    list(builder, place, "conditional_access_policies", policies, c::POLICIES);
    list(builder, place, "license_information", part("license_information"), c::SUBSCRIBED_SKUS);
    methods(builder, place, part("authentication_method"));
    let roles = part("privileged_roles");
    let templates = role_names(roles.as_ref());
    rules(builder, place, roles.as_ref());
    assignments(builder, place, roles);
    users(builder, place, part("privileged_users"), &templates);
}

fn tenant(builder: &mut Builder, place: Place<'_>, details: Option<Value>) -> bool {
    let Some(details) =
        details.as_ref().and_then(|d| d.as_array().and_then(|a| a.first()).or(d.as_object().map(|_| d)))
    else {
        return true;
    };
    if !builder.tenant(place, text(details, "TenantId").unwrap_or_default()) {
        return false;
    }
    if let Some(name) = text(details, "DisplayName") {
        builder.snapshot.tenant.name = name.into();
    }
    let extra =
        details.get("AADAdditionalData").and_then(|d| d.as_array().and_then(|a| a.first()).or(Some(d)));
    if let Some(extra) = extra.filter(|e| e.is_object()) {
        let mut organization = normalise::object(extra.clone(), "$.tenant_details", &mut Met::default());
        // The sample's own `Id` differs from its `TenantId`, which is the one that names the tenant.
        if let Some(map) = organization.as_object_mut() {
            map.insert("id".into(), json!(builder.snapshot.tenant.id));
            map.remove("assignedPlans");
            map.remove("provisionedPlans");
        }
        builder.add(place, c::ORGANIZATION, organization, "");
    }
    true
}

fn list(builder: &mut Builder, place: Place<'_>, key: &str, value: Option<Value>, collection: &'static str) {
    let path = format!("{}.{key}", place.path);
    let place = Place { file: place.file, path: &path };
    let hint = Hint { collection: Some(collection), certain: true, context: "" };
    match value {
        Some(Value::Array(items)) => builder.list(place, items, hint),
        Some(one @ Value::Object(_)) => builder.list(place, vec![one], hint),
        Some(_) => {
            builder.problem(place, "a list", "something else", "run ScubaGear again");
            builder.snapshot.note_unread(collection, format!("{} at {path}: no list", place.file));
        }
        None => {}
    }
}

fn methods(builder: &mut Builder, place: Place<'_>, value: Option<Value>) {
    let Some(entry) = value.as_ref().and_then(|v| v.as_array().and_then(|a| a.first()).or(Some(v))) else {
        return;
    };
    let Some(policy) = entry.get("authentication_method_policy").filter(|p| p.is_object()) else { return };
    let mut met = Met::default();
    let mut policy = normalise::object(policy.clone(), "$.authentication_method", &mut met);
    let configurations = entry.get("authentication_method_feature_settings").and_then(Value::as_array);
    let configurations: Option<Vec<Value>> = configurations.map(|list| {
        list.iter().map(|m| normalise::object(m.clone(), "$.authentication_method", &mut met)).collect()
    });
    if let (Some(map), Some(configurations)) = (policy.as_object_mut(), configurations) {
        map.insert("authenticationMethodConfigurations".into(), json!(configurations));
    }
    builder.add(place, c::METHODS_POLICY, policy, "");
}

fn role_names(roles: Option<&Value>) -> BTreeMap<String, String> {
    let known = [("Global Administrator".to_owned(), GLOBAL_ADMINISTRATOR.to_owned())];
    let read = roles.and_then(Value::as_array).into_iter().flatten();
    let read = read.filter_map(|r| {
        Some((text(r, "DisplayName")?.to_owned(), text(r, "RoleTemplateId")?.to_ascii_lowercase()))
    });
    known.into_iter().chain(read).collect()
}

/// What activating a role asks for, from its PIM rules.
fn rules(builder: &mut Builder, place: Place<'_>, roles: Option<&Value>) {
    for role in roles.and_then(Value::as_array).into_iter().flatten() {
        let (Some(id), Some(rules)) =
            (text(role, "RoleTemplateId"), role.get("Rules").and_then(Value::as_array))
        else {
            continue;
        };
        let rule = |id: &str| rules.iter().find(|r| text(r, "Id") == Some(id));
        let Some(approval) = rule("Approval_EndUser_Assignment") else { continue };
        let enabled = rule("Enablement_EndUser_Assignment")
            .and_then(|r| r.get("EnabledRules"))
            .and_then(Value::as_array);
        let context = rule("AuthenticationContext_EndUser_Assignment")
            .filter(|r| r.get("IsEnabled").and_then(Value::as_bool) == Some(true))
            .and_then(|r| text(r, "ClaimValue"));
        let object = json!({
            "id": id.to_ascii_lowercase(),
            "roleDefinitionId": id.to_ascii_lowercase(),
            "approvalRequired": approval.pointer("/Setting/IsApprovalRequired"),
            "mfa": enabled.map(|l| l.iter().any(|e| e == "MultiFactorAuthentication")),
            "authenticationContextId": context,
        });
        builder.add(place, c::ROLE_MANAGEMENT_POLICIES, object, "");
    }
}

fn assignments(builder: &mut Builder, place: Place<'_>, roles: Option<Value>) {
    for role in roles.iter().filter_map(Value::as_array).flatten() {
        for assignment in role.get("Assignments").and_then(Value::as_array).into_iter().flatten() {
            let assignment = normalise::object(assignment.clone(), "$.privileged_roles", &mut Met::default());
            builder.add(place, c::ROLE_ASSIGNMENTS, assignment, "");
        }
        builder.snapshot.collections.entry(c::ROLE_ASSIGNMENTS.into()).or_default();
    }
    if roles.is_some() {
        let why = "ScubaGear reads the highly privileged roles only, and of those the active assignments";
        builder.snapshot.note_unread(format!("{}/other roles", c::ROLE_ASSIGNMENTS), why);
        builder.snapshot.note_unread(format!("{}/eligible schedules", c::ROLE_ASSIGNMENTS), why);
    }
}

/// Users by id, with the names of their roles. Whether a role named here is active or only eligible is not said.
fn users(
    builder: &mut Builder,
    place: Place<'_>,
    users: Option<Value>,
    templates: &BTreeMap<String, String>,
) {
    let Some(users) = users.as_ref().and_then(Value::as_object) else { return };
    for (id, user) in users {
        let id = id.to_ascii_lowercase();
        let roles =
            user.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut object = json!({ "id": id });
        let properties = [
            ("DisplayName", "displayName"),
            ("OnPremisesImmutableId", "onPremisesImmutableId"),
            ("UserPrincipalName", "userPrincipalName"),
        ];
        for (from, to) in properties {
            if let (Some(value), Some(map)) = (user.get(from), object.as_object_mut()) {
                map.insert(to.into(), value.clone());
            }
        }
        builder.add(place, c::USERS, object, "");
        for role in roles {
            let Some(template) = templates.get(role) else { continue };
            let held = builder.snapshot.get(c::ROLE_ASSIGNMENTS).unwrap_or_default().iter().any(|a| {
                text(a, "principalId") == Some(&id) && text(a, "roleDefinitionId") == Some(template)
            });
            if !held {
                let row = json!({"principalId": id, "roleDefinitionId": template, "directoryScopeId": "/", "assignmentType": "unknown"});
                builder.add(place, c::ROLE_ASSIGNMENTS, row, "");
            }
        }
    }
}
