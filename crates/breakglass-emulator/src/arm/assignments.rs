//! Azure role assignments.

use super::Request;
use super::access::{self, USER_ACCESS_ADMINISTRATOR, covers, name_of, principals, property};
use super::answer::{Answer, Failure};
use super::definitions::id_at;
use super::elevate;
use crate::graph::schema::is_guid;
use crate::state::{ActivityEntry, State, text};
use axum::http::StatusCode;
use serde_json::{Value, json};

const READ: &str = "Microsoft.Authorization/roleAssignments/read";
const WRITE: &str = "Microsoft.Authorization/roleAssignments/write";
const DELETE: &str = "Microsoft.Authorization/roleAssignments/delete";

/// The ARM id of an assignment.
fn id_of(scope: &str, name: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/roleAssignments/{name}", scope.trim_end_matches('/'))
}

fn bad(code: &'static str, message: impl Into<String>) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, code, message)
}

/// Which assignments a list shows.
#[derive(Debug, PartialEq)]
enum Filter {
    /// At the scope, above and below it.
    All,
    /// At the scope and above.
    AtScope,
    /// Of one principal, wherever it meets the scope.
    Principal(String),
    /// Of one principal and the groups that it is in; at the scope and above only, when the flag says so.
    AssignedTo(String, bool),
}

impl Filter {
    fn read(filter: Option<&str>) -> Result<Self, Failure> {
        let Some(filter) = filter.map(str::trim).filter(|f| !f.is_empty()) else { return Ok(Self::All) };
        let lower = filter.to_ascii_lowercase();
        let (at_scope, rest) = match lower.strip_prefix("atscope()") {
            Some("") => return Ok(Self::AtScope),
            Some(rest) => (true, rest.trim_start().strip_prefix("and ").unwrap_or("?").trim_start()),
            None => (false, lower.as_str()),
        };
        let quoted =
            |text: &str| Some(text.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()).filter(|t| is_guid(t));
        let assigned = rest.strip_prefix("assignedto(").and_then(|r| quoted(r.strip_suffix(')')?));
        let principal = rest.strip_prefix("principalid eq ").and_then(|r| quoted(r.trim()));
        match (assigned, principal) {
            (Some(id), _) => Ok(Self::AssignedTo(id, at_scope)),
            (_, Some(id)) if !at_scope => Ok(Self::Principal(id)),
            _ => Err(bad(
                "UnsupportedQuery",
                format!(
                    "The filter '{filter}' is not supported. Supported filters are either atScope(), principalId eq '{{value}}' or assignedTo('{{value}}')."
                ),
            )),
        }
    }

    fn shows(&self, state: &State, scope: &str, assignment: &Value) -> bool {
        let at = property(assignment, "scope");
        let (above, below) = (covers(at, scope), covers(scope, at));
        let holder = property(assignment, "principalId").to_ascii_lowercase();
        match self {
            Self::All => above || below,
            Self::AtScope => above,
            Self::Principal(id) => (above || below) && holder == *id,
            Self::AssignedTo(id, at_scope) => {
                (above || (below && !at_scope)) && principals(state, id).contains(&holder)
            }
        }
    }
}

/// The assignment with its role written as at the scope that is asked.
fn shown(scope: &str, assignment: &Value) -> Value {
    let mut assignment = assignment.clone();
    let role = id_at(scope, property(&assignment, "roleDefinitionId"));
    if let Some(properties) = assignment.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("roleDefinitionId".into(), role.into());
    }
    assignment
}

pub(super) fn read(request: &Request, state: &State) -> Result<Answer, Failure> {
    access::require(request, state, READ)?;
    let name = request.part(2);
    if !name.is_empty() {
        let found = state.azure.role_assignments.get(&id_of(&request.scope, name));
        let found = found.ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "RoleAssignmentNotFound",
                format!("The role assignment '{name}' is not found."),
            )
        })?;
        return Ok(Answer::ok(shown(&request.scope, found)));
    }
    let filter = Filter::read(request.options.filter.as_deref())?;
    let all = state.azure.role_assignments.iter().filter(|a| filter.shows(state, &request.scope, a));
    Ok(Answer::list(all.map(|a| shown(&request.scope, a)).collect()))
}

pub(super) fn put(request: &Request, state: &mut State) -> Result<Answer, Failure> {
    access::require(request, state, WRITE)?;
    let name = request.part(2);
    if !is_guid(name) {
        return Err(bad("InvalidRoleAssignmentId", "The role assignment ID must be a GUID."));
    }
    let body = request.json()?;
    let given = |key: &str| property(&body, key).to_owned();
    let (role, principal) = (given("roleDefinitionId"), given("principalId"));
    let role = state.azure.role_definitions.find("name", name_of(&role)).ok_or_else(|| {
        bad(
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{}' does not exist.", name_of(&role)),
        )
    })?;
    let role = text(role, "name").unwrap_or_default().to_owned();
    let kind = kind_of(state, &principal).ok_or_else(|| {
        bad(
            "PrincipalNotFound",
            format!("Principal {} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay.", principal.replace('-', ""), state.tenant_id),
        )
    })?;
    let scope = request.scope.clone();
    let same = |a: &Value| {
        property(a, "scope").eq_ignore_ascii_case(&scope)
            && name_of(property(a, "roleDefinitionId")) == role
            && property(a, "principalId").eq_ignore_ascii_case(&principal)
    };
    let id = id_of(&scope, name);
    if let Some(existing) = state.azure.role_assignments.get(&id) {
        if same(existing) {
            return Ok(Answer::ok(shown(&scope, existing)));
        }
        let message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
        return Err(Failure::new(StatusCode::CONFLICT, "RoleAssignmentUpdateNotPermitted", message));
    }
    if let Some(existing) = state.azure.role_assignments.iter().find(|a| same(a)) {
        let name = text(existing, "name").unwrap_or_default().replace('-', "");
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "RoleAssignmentExists",
            format!("The role assignment already exists. The ID of the existing role assignment is {name}."),
        ));
    }
    let assignment = object(request, state, &id, name, &role, &principal, kind);
    state.azure.role_assignments.insert(assignment.clone());
    record(request, state, WRITE, "Create role assignment", &assignment, "Created");
    Ok(Answer { status: StatusCode::CREATED, body: Some(shown(&scope, &assignment)) })
}

fn kind_of(state: &State, id: &str) -> Option<&'static str> {
    let directory = &state.directory;
    let there = state.replicated(id);
    let kinds = [
        ("User", directory.users.contains(id)),
        ("Group", directory.groups.contains(id)),
        ("ServicePrincipal", directory.service_principals.contains(id)),
    ];
    kinds.iter().find(|(_, found)| *found && there).map(|(kind, _)| *kind)
}

/// A new assignment.
pub(super) fn object(
    request: &Request,
    state: &State,
    id: &str,
    name: &str,
    role: &str,
    principal: &str,
    kind: &str,
) -> Value {
    let now = state.now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let by = request.caller.id();
    json!({
        "id": id, "name": name, "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": id_at(&request.scope, role), "principalId": principal, "principalType": kind,
            "scope": request.scope, "condition": null, "conditionVersion": null, "createdOn": now, "updatedOn": now,
            "createdBy": by, "updatedBy": by, "delegatedManagedIdentityResourceId": null, "description": null,
        },
    })
}

pub(super) fn delete(request: &Request, state: &mut State) -> Result<Answer, Failure> {
    access::require(request, state, DELETE)?;
    let id = id_of(&request.scope, request.part(2));
    let Some(assignment) = state.azure.role_assignments.remove(&id) else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    record(request, state, DELETE, "Delete role assignment", &assignment, "OK");
    let elevated = property(&assignment, "scope") == "/"
        && name_of(property(&assignment, "roleDefinitionId")) == USER_ACCESS_ADMINISTRATOR;
    if elevated {
        elevate::record_removal(request, state, property(&assignment, "principalId"));
    }
    Ok(Answer::ok(shown(&request.scope, &assignment)))
}

/// Writes the change into the activity log.
pub(super) fn record(
    request: &Request,
    state: &mut State,
    operation: &str,
    title: &str,
    assignment: &Value,
    status: &str,
) {
    let id = text(assignment, "id").unwrap_or_default().to_owned();
    let properties = assignment.get("properties").cloned().unwrap_or_default();
    let told = json!({
        "Id": name_of(&id).replace('-', ""), "PrincipalId": properties.get("principalId"),
        "PrincipalType": properties.get("principalType"), "RoleDefinitionId": properties.get("roleDefinitionId"),
        "Scope": properties.get("scope"),
    });
    let entry = ActivityEntry {
        operation: operation.into(),
        operation_name: title.into(),
        resource_id: id.clone(),
        succeeded: true,
        sub_status: status.into(),
        properties: json!({
            "statusCode": status, "serviceRequestId": null, "eventCategory": "Administrative", "entity": id,
            "message": operation, "hierarchy": state.tenant_id,
            "requestbody": json!({ "Id": told.get("Id"), "Properties": told }).to_string(),
            "responseBody": json!({ "properties": properties, "id": id }).to_string(),
        }),
    };
    state.activity(&request.caller, &entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_the_reference() {
        let id = "2f9d4375-cbf1-48e8-83c9-2a0be4cb33fb";
        for (filter, read) in [
            (None, Some(Filter::All)),
            (Some("atScope()".to_owned()), Some(Filter::AtScope)),
            (Some(format!("principalId eq '{id}'")), Some(Filter::Principal(id.into()))),
            (
                Some(format!("assignedTo('{}')", id.to_uppercase())),
                Some(Filter::AssignedTo(id.into(), false)),
            ),
            (Some(format!("atScope() and assignedTo('{id}')")), Some(Filter::AssignedTo(id.into(), true))),
            (Some(format!("atScope() and principalId eq '{id}'")), None),
            (Some("principalId eq 'x'".into()), None),
            (Some("scope eq '/'".into()), None),
        ] {
            assert_eq!(Filter::read(filter.as_deref()).ok(), read, "{filter:?}");
        }
    }
}
