//! What every tenant has: roles, strengths, default policies.

use crate::state::{State, text};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Builtin {
    roles: Vec<Named>,
    strengths: Vec<Value>,
    azure_roles: Vec<AzureRole>,
    licences: Vec<Licence>,
    methods_policy: Value,
    method_configurations: Vec<Value>,
    authorization_policy: Value,
    security_defaults: Value,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    name: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AzureRole {
    id: String,
    name: String,
    description: String,
    actions: Vec<String>,
    not_actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Licence {
    sku_id: String,
    sku_part_number: String,
    units: u32,
    service_plans: Vec<Value>,
}

static BUILTIN: LazyLock<Result<Builtin, String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/builtin.json")).map_err(|e| e.to_string())
});

fn builtin() -> Result<&'static Builtin, String> {
    BUILTIN.as_ref().map_err(|e| format!("builtin.json: {e}"))
}

/// The template id of a directory role by name.
pub(super) fn role(name: &str) -> Result<String, String> {
    let found = builtin()?.roles.iter().find(|r| r.name == name);
    found.map(|r| r.id.clone()).ok_or_else(|| format!("there is no directory role `{name}` in builtin.json"))
}

/// Administrator roles as the baseline lists them: all that can change the tenant, and Global Reader.
pub(super) fn administrators() -> Result<Vec<String>, String> {
    let all = builtin()?.roles.iter();
    let picked = all.filter(|r| r.name.ends_with("Administrator") || r.name == "Global Reader");
    Ok(picked.map(|r| r.id.clone()).collect())
}

/// Puts in what every tenant has, with these licences.
pub(super) fn fill(state: &mut State, licences: &[String]) -> Result<(), String> {
    let builtin = builtin()?;
    for role in &builtin.roles {
        state.directory.role_definitions.insert(json!({
            "id": role.id, "templateId": role.id, "displayName": role.name, "description": role.description,
            "isBuiltIn": true, "isEnabled": true, "resourceScopes": ["/"], "rolePermissions": [], "version": "1",
        }));
    }
    for strength in &builtin.strengths {
        state.directory.authentication_strengths.insert(strength.clone());
    }
    for role in &builtin.azure_roles {
        state.azure.role_definitions.insert(json!({
            "id": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", role.id), "name": role.id,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": { "roleName": role.name, "type": "BuiltInRole", "description": role.description,
                "assignableScopes": ["/"], "createdOn": "2015-02-02T21:55:09.8806423Z",
                "updatedOn": "2021-11-11T20:13:07.4993029Z", "createdBy": null, "updatedBy": null,
                "permissions": [{ "actions": role.actions, "notActions": role.not_actions, "dataActions": [],
                    "notDataActions": [] }] },
        }));
    }
    for licence in builtin.licences.iter().filter(|l| licences.contains(&l.sku_part_number)) {
        let account = state.tenant_id.clone();
        state.directory.subscribed_skus.insert(json!({
            "id": format!("{account}_{}", licence.sku_id), "accountId": account, "accountName": "contoso",
            "appliesTo": "User", "capabilityStatus": "Enabled", "consumedUnits": 0, "skuId": licence.sku_id,
            "skuPartNumber": licence.sku_part_number, "subscriptionIds": [state.ids.guid()],
            "prepaidUnits": { "enabled": licence.units, "suspended": 0, "warning": 0, "lockedOut": 0 },
            "servicePlans": licence.service_plans,
        }));
    }
    let mut policy = builtin.methods_policy.clone();
    if let Some(map) = policy.as_object_mut() {
        let configurations = builtin.method_configurations.clone();
        map.insert("authenticationMethodConfigurations".into(), Value::Array(configurations));
    }
    state.directory.methods_policy = policy;
    state.directory.security_defaults = builtin.security_defaults.clone();
    let path = "policies/authorizationPolicy".to_owned();
    state.directory.singletons.insert(path, builtin.authorization_policy.clone());
    Ok(())
}

/// Assigns an Azure role at root, as ARM keeps it.
pub(super) fn assign_at_root(state: &mut State, role: &str, principal: &str, kind: &str) {
    let name = crate::state::ids::named(1, &format!("{} {role} {principal}", state.tenant_id));
    let id = format!("/providers/Microsoft.Authorization/roleAssignments/{name}");
    state.azure.role_assignments.insert(json!({
        "id": id, "name": name, "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": principal, "principalType": kind, "scope": "/", "condition": null,
            "conditionVersion": null, "createdOn": "2026-03-02T08:15:00.0000000Z",
            "updatedOn": "2026-03-02T08:15:00.0000000Z", "createdBy": "", "updatedBy": "",
            "delegatedManagedIdentityResourceId": null, "description": null,
        },
    }));
}

/// The rules of Privileged Identity Management for a role, as a tenant has them before anybody changed them.
pub(super) fn management_policy(state: &mut State, role: &str) {
    let id = format!("DirectoryRole_{}_{}", state.tenant_id, crate::state::ids::named(2, role));
    let target = |caller: &str, level: &str| {
        json!({ "caller": caller, "operations": ["all"], "level": level, "inheritableSettings": [],
            "enforcedSettings": [] })
    };
    let rules = json!([
        { "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule",
            "id": "Expiration_Admin_Eligibility", "isExpirationRequired": false, "maximumDuration": "P365D",
            "target": target("Admin", "Eligibility") },
        { "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule",
            "id": "Expiration_EndUser_Assignment", "isExpirationRequired": true, "maximumDuration": "PT8H",
            "target": target("EndUser", "Assignment") },
        { "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyEnablementRule",
            "id": "Enablement_EndUser_Assignment", "enabledRules": ["MultiFactorAuthentication", "Justification"],
            "target": target("EndUser", "Assignment") },
        { "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
            "id": "Approval_EndUser_Assignment",
            "setting": { "isApprovalRequired": false, "isApprovalRequiredForExtension": false,
                "isRequestorJustificationRequired": true, "approvalMode": "SingleStage", "approvalStages": [] },
            "target": target("EndUser", "Assignment") },
        { "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyAuthenticationContextRule",
            "id": "AuthenticationContext_EndUser_Assignment", "isEnabled": false, "claimValue": "",
            "target": target("EndUser", "Assignment") },
    ]);
    state.directory.role_management_policies.insert(json!({
        "id": id, "displayName": "DirectoryRole", "description": "DirectoryRole", "isOrganizationDefault": false,
        "scopeId": "/", "scopeType": "DirectoryRole", "lastModifiedDateTime": null,
        "lastModifiedBy": { "id": null, "displayName": "" }, "rules": rules,
    }));
    state.directory.role_management_policy_assignments.insert(json!({
        "id": format!("{id}_{role}"), "policyId": id, "scopeId": "/", "scopeType": "DirectoryRole",
        "roleDefinitionId": role,
    }));
}

/// The id of the licence with this part number, if the tenant has it.
pub(super) fn sku(state: &State, part_number: &str) -> Option<String> {
    state
        .directory
        .subscribed_skus
        .find("skuPartNumber", part_number)
        .and_then(|s| text(s, "skuId"))
        .map(str::to_owned)
}
