//! `/roleManagement/directory`: definitions, assignments, and what Privileged Identity Management knows of them.

use super::answer::{Answer, Refusal};
use super::odata::filter::Operator::{Eq, In, Ne, StartsWith};
use super::odata::set::{Expand, Filterable};
use super::odata::{Paging, Set};
use super::permissions::GLOBAL_ADMINISTRATOR;
use super::request::Request;
use super::schema::{Schema, is_guid};
use super::user_rules::global_administrators;
use crate::state::{State, Target, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ASSIGNMENT_FILTER: &[Filterable] = &[
    ("principalId", &[Eq, In]),
    ("roleDefinitionId", &[Eq, In]),
    ("directoryScopeId", &[Eq, In]),
    ("appScopeId", &[Eq]),
    ("id", &[Eq, In]),
];

const INSTANCE_FILTER: &[Filterable] = &[
    ("principalId", &[Eq, Ne]),
    ("roleDefinitionId", &[Eq, Ne]),
    ("directoryScopeId", &[Eq, Ne]),
    ("assignmentType", &[Eq, Ne]),
    ("memberType", &[Eq, Ne]),
    ("id", &[Eq]),
];

const EXPAND: &[Expand] = &[("principal", principal), ("roleDefinition", role_of)];

const DEFINITIONS: Set = Set {
    filter: &[
        ("id", &[Eq, In]),
        ("displayName", &[Eq, In, StartsWith]),
        ("isBuiltIn", &[Eq]),
        ("templateId", &[Eq]),
    ],
    ..Set::plain("unifiedRoleDefinition")
};

const ASSIGNMENTS: Set = Set {
    filter: ASSIGNMENT_FILTER,
    expand: EXPAND,
    paging: Paging::Pages(100, 999),
    ..Set::plain("unifiedRoleAssignment")
};

fn principal(state: &State, assignment: &Value, _: &str) -> Value {
    text(assignment, "principalId").and_then(|id| super::members::object(state, id)).unwrap_or_default()
}

fn role_of(state: &State, assignment: &Value, _: &str) -> Value {
    let id = text(assignment, "roleDefinitionId").unwrap_or_default();
    state.directory.role_definitions.get(id).cloned().unwrap_or_default()
}

/// Whether the principal is there: assignments of deleted ones are not shown.
fn has_principal(state: &State, assignment: &Value) -> bool {
    text(assignment, "principalId").is_some_and(|id| super::members::object(state, id).is_some())
}

pub(crate) fn definitions(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let all = state.directory.role_definitions.iter();
    DEFINITIONS.list(request, state, "roleManagement/directory/roleDefinitions", all)
}

pub(crate) fn definition(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let id = request.segment(3);
    let found = state.directory.role_definitions.get(id).ok_or_else(|| Refusal::missing(id))?;
    DEFINITIONS.one(request, state, "roleManagement/directory/roleDefinitions", found)
}

const CONTEXT: &str = "roleManagement/directory/roleAssignments";

fn shown(state: &State) -> impl Iterator<Item = &Value> {
    let there = |a: &&Value| state.replicated(text(a, "id").unwrap_or_default()) && has_principal(state, a);
    state.directory.role_assignments.iter().filter(there)
}

pub(crate) fn assignments(request: &Request, state: &State) -> Result<Answer, Refusal> {
    ASSIGNMENTS.list(request, state, CONTEXT, shown(state))
}

fn find(request: &Request, state: &State) -> Result<Value, Refusal> {
    // Assignment ids are texts in base64url: their case matters.
    let id = request.segment(3);
    shown(state).find(|a| text(a, "id") == Some(id)).cloned().ok_or_else(|| Refusal::missing(id))
}

pub(crate) fn assignment(request: &Request, state: &State) -> Result<Answer, Refusal> {
    ASSIGNMENTS.one(request, state, CONTEXT, &find(request, state)?)
}

/// The id of an assignment at tenant scope: role and principal in base64url, as Entra makes them.
pub(crate) fn assignment_id(role: &str, principal: &str, scope: &str) -> String {
    let mut bytes = Vec::with_capacity(32);
    for id in [role, principal] {
        match uuid::Uuid::try_parse(id) {
            Ok(id) => bytes.extend(id.to_bytes_le()),
            Err(_) => bytes.extend(id.as_bytes()),
        }
    }
    let end = if scope == "/" { "1".to_owned() } else { hex::encode(scope.as_bytes()) };
    format!("{}-{end}", URL_SAFE_NO_PAD.encode(bytes))
}

pub(crate) fn assign(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    Schema::v1().check("unifiedRoleAssignment", &body)?;
    let field = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(role), Some(principal)) = (field("roleDefinitionId"), field("principalId")) else {
        return Err(Refusal::directory("'roleDefinitionId' and 'principalId' are required."));
    };
    let Some(scope) = field("directoryScopeId") else {
        return Err(Refusal::directory("One of 'directoryScopeId' and 'appScopeId' is required."));
    };
    let role = state.directory.role_definitions.get(&role).cloned().ok_or_else(|| Refusal::missing(&role))?;
    let role_id = text(&role, "id").unwrap_or_default().to_owned();
    let object = super::members::object(state, &principal).filter(|_| state.replicated(&principal));
    let object = object.filter(|_| is_guid(&principal)).ok_or_else(|| Refusal::missing(&principal))?;
    let is_group = text(&object, "@odata.type") == Some("#microsoft.graph.group");
    if is_group && object.get("isAssignableToRole") != Some(&Value::Bool(true)) {
        return Err(Refusal::directory("The group is not role-assignable: roles cannot be assigned to it."));
    }
    let unit = scope.strip_prefix("/administrativeUnits/");
    if scope != "/" && !unit.is_some_and(|u| state.directory.administrative_units.contains(u)) {
        return Err(Refusal::directory(format!("The directory scope '{scope}' does not exist.")));
    }
    let id = assignment_id(&role_id, &principal, &scope);
    if state.directory.role_assignments.contains(&id) {
        return Err(Refusal {
            details: Some(
                json!([{ "code": "ConflictingObjects", "target": "", "message": "Another object already exists with the same values." }]),
            ),
            ..Refusal::directory(
                "A conflicting object with one or more of the specified property values is present in the directory.",
            )
        });
    }
    let assignment = json!({
        "id": id, "principalId": principal.to_ascii_lowercase(), "roleDefinitionId": role_id,
        "directoryScopeId": scope, "appScopeId": null, "condition": null,
        "principalOrganizationId": state.tenant_id,
    });
    state.directory.role_assignments.insert(assignment.clone());
    let instance = instance(&assignment, &crate::state::graph_time(state.now()));
    state.directory.role_assignment_schedule_instances.insert(instance);
    state.written(&id);
    record(request, state, &object, &role, true);
    let body = ASSIGNMENTS.object(request, state, CONTEXT, &assignment)?;
    Ok(Answer::created(body, request.location(CONTEXT, &id)))
}

/// The schedule instance of an assignment that does not end.
pub(crate) fn instance(assignment: &Value, since: &str) -> Value {
    let id = assignment.get("id");
    json!({
        "id": id, "principalId": assignment.get("principalId"), "roleDefinitionId": assignment.get("roleDefinitionId"),
        "directoryScopeId": assignment.get("directoryScopeId"), "appScopeId": null, "startDateTime": since,
        "endDateTime": null, "assignmentType": "Assigned", "memberType": "Direct", "roleAssignmentOriginId": id,
        "roleAssignmentScheduleId": id,
    })
}

pub(crate) fn unassign(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let assignment = find(request, state)?;
    let field = |name: &str| text(&assignment, name).unwrap_or_default().to_owned();
    let (id, principal, role) = (field("id"), field("principalId"), field("roleDefinitionId"));
    if role == GLOBAL_ADMINISTRATOR && field("directoryScopeId") == "/" {
        let kept = state.directory.role_assignments.remove(&id);
        let nobody = global_administrators(state).is_empty();
        if nobody {
            kept.into_iter().for_each(|a| state.directory.role_assignments.insert(a));
            return Err(Refusal::directory(
                "The tenant must keep at least one Global Administrator: the last assignment of the role cannot be removed.",
            ));
        }
    }
    state.directory.role_assignments.remove(&id);
    state.directory.role_assignment_schedule_instances.remove(&id);
    let object = super::members::object(state, &principal).unwrap_or_default();
    let role = state.directory.role_definitions.get(&role).cloned().unwrap_or_default();
    record(request, state, &object, &role, false);
    Ok(Answer::no_content())
}

fn record(request: &Request, state: &mut State, principal: &Value, role: &Value, added: bool) {
    let kind = match text(principal, "@odata.type").unwrap_or_default() {
        "#microsoft.graph.group" => "Group",
        "#microsoft.graph.servicePrincipal" => "ServicePrincipal",
        _ => "User",
    };
    let mut target = Target::object(kind, principal);
    for (property, name) in
        [("Role.ObjectID", "id"), ("Role.DisplayName", "displayName"), ("Role.TemplateId", "templateId")]
    {
        let value = role.get(name).cloned();
        target =
            if added { target.change(property, None, value) } else { target.change(property, value, None) };
    }
    let activity = if added { "Add member to role" } else { "Remove member from role" };
    let targets = vec![target, Target::object("Role", role)];
    state.audit(&request.caller, activity, "RoleManagement", targets);
}

/// Active and eligible instances; they need Entra ID P2.
pub(crate) fn instances(request: &Request, state: &State, eligible: bool) -> Result<Answer, Refusal> {
    if !licensed(state) {
        return Err(Refusal::new(
            axum::http::StatusCode::BAD_REQUEST,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        ));
    }
    let (kind, context, all) = if eligible {
        (
            "unifiedRoleEligibilityScheduleInstance",
            "roleManagement/directory/roleEligibilityScheduleInstances",
            &state.directory.role_eligibility_schedule_instances,
        )
    } else {
        (
            "unifiedRoleAssignmentScheduleInstance",
            "roleManagement/directory/roleAssignmentScheduleInstances",
            &state.directory.role_assignment_schedule_instances,
        )
    };
    let set =
        Set { filter: INSTANCE_FILTER, expand: EXPAND, paging: Paging::Pages(100, 999), ..Set::plain(kind) };
    set.list(request, state, context, all.iter().filter(|i| has_principal(state, i)))
}

/// Whether any licence has the service plan of Entra ID P2.
fn licensed(state: &State) -> bool {
    state.directory.subscribed_skus.iter().any(|sku| {
        let plans = sku.get("servicePlans").and_then(Value::as_array);
        plans.is_some_and(|plans| plans.iter().any(|p| text(p, "servicePlanName") == Some("AAD_PREMIUM_P2")))
    })
}

fn rules(_: &State, policy: &Value, _: &str) -> Value {
    policy.get("rules").cloned().unwrap_or_else(|| json!([]))
}

fn policy_of(state: &State, assignment: &Value, inner: &str) -> Value {
    let id = text(assignment, "policyId").unwrap_or_default();
    let mut policy = state.directory.role_management_policies.get(id).cloned().unwrap_or_default();
    if !inner.to_ascii_lowercase().contains("rules")
        && let Some(map) = policy.as_object_mut()
    {
        map.remove("rules");
    }
    policy
}

const POLICIES: Set = Set {
    default: &[
        "id",
        "description",
        "displayName",
        "isOrganizationDefault",
        "lastModifiedBy",
        "lastModifiedDateTime",
        "scopeId",
        "scopeType",
    ],
    filter: &[("scopeId", &[Eq]), ("scopeType", &[Eq])],
    expand: &[("rules", rules)],
    ..Set::plain("unifiedRoleManagementPolicy")
};

pub(crate) fn management_policies(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let context = "policies/roleManagementPolicies";
    let all = &state.directory.role_management_policies;
    if request.segments.len() == 2 {
        return POLICIES.list(request, state, context, all.iter());
    }
    let id = request.segment(2);
    let policy =
        all.get(id).ok_or_else(|| Refusal::not_found(format!("The policy '{id}' was not found.")))?;
    if request.segments.len() == 4 {
        let rules = policy.get("rules").and_then(Value::as_array).cloned().unwrap_or_default();
        let context = format!("{context}('{id}')/rules");
        return Set::plain("unifiedRoleManagementPolicyRule").list(request, state, &context, rules.iter());
    }
    POLICIES.one(request, state, context, policy)
}

pub(crate) fn policy_assignments(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set {
        filter: &[("scopeId", &[Eq]), ("scopeType", &[Eq]), ("roleDefinitionId", &[Eq])],
        expand: &[("policy", policy_of)],
        ..Set::plain("unifiedRoleManagementPolicyAssignment")
    };
    let asks_all = ["scopeId", "scopeType"].iter().all(|name| {
        request
            .options
            .filter
            .as_deref()
            .is_some_and(|f| f.to_ascii_lowercase().contains(&name.to_ascii_lowercase()))
    });
    if !asks_all {
        return Err(Refusal::bad("The filter must name scopeId and scopeType."));
    }
    let all = state.directory.role_management_policy_assignments.iter();
    set.list(request, state, "policies/roleManagementPolicyAssignments", all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignment_ids_are_made_as_entra_makes_them() {
        let id = assignment_id(GLOBAL_ADMINISTRATOR, "4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11", "/");
        assert!(id.starts_with("lAPpYvVpN0KRkAEhdxReE"), "{id}");
        assert!(id.ends_with("-1"), "{id}");
    }
}
