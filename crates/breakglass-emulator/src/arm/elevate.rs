//! `elevateAccess`: a Global Administrator becomes User Access Administrator at root, and three logs know of it.

use super::Request;
use super::access::{USER_ACCESS_ADMINISTRATOR, property};
use super::answer::{Answer, Failure};
use super::{access, assignments};
use crate::state::{ActivityEntry, State, Target};
use axum::http::StatusCode;
use serde_json::json;

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const ACTION: &str = "Microsoft.Authorization/elevateAccess/action";
const CATEGORY: &str = "AzureRBACRoleManagementElevateAccess";
const SERVICE: &str = "Azure RBAC (Elevated Access)";

/// Only the delegated token of somebody who is a Global Administrator now will do. Doing it twice adds nothing.
pub(super) fn elevate(request: &Request, state: &mut State) -> Result<Answer, Failure> {
    let caller = &request.caller;
    let user =
        caller.user.as_ref().filter(|u| state.directory.roles_of(&u.id).contains(GLOBAL_ADMINISTRATOR));
    let Some(user) = user.filter(|_| request.scope == "/") else {
        return Err(access::refused(caller, ACTION, &request.scope));
    };
    let id = user.id.clone();
    let held = state.azure.role_assignments.iter().any(|a| {
        property(a, "principalId").eq_ignore_ascii_case(&id)
            && property(a, "scope") == "/"
            && access::name_of(property(a, "roleDefinitionId")) == USER_ACCESS_ADMINISTRATOR
    });
    if !held {
        let name = state.ids.guid();
        let resource = format!("/providers/Microsoft.Authorization/roleAssignments/{name}");
        let assignment =
            assignments::object(request, state, &resource, &name, USER_ACCESS_ADMINISTRATOR, &id, "User");
        state.azure.role_assignments.insert(assignment.clone());
    }
    let entry = ActivityEntry {
        operation: ACTION.into(),
        operation_name: "Assigns the caller to User Access Administrator role".into(),
        resource_id: "/providers/Microsoft.Authorization".into(),
        succeeded: true,
        sub_status: "OK".into(),
        properties: json!({ "statusCode": "OK", "serviceRequestId": null, "eventCategory": "Administrative",
            "entity": "/providers/Microsoft.Authorization", "message": ACTION, "hierarchy": state.tenant_id }),
    };
    state.activity(caller, &entry);
    record(
        request,
        state,
        "User has elevated their access to User Access Administrator for their Azure Resources",
        &id,
    );
    Ok(Answer::empty(StatusCode::OK))
}

/// The audit of an elevation that was taken back.
pub(super) fn record_removal(request: &Request, state: &mut State, user: &str) {
    record(
        request,
        state,
        "The role assignment of User Access Administrator has been removed from the user",
        user,
    );
}

fn record(request: &Request, state: &mut State, activity: &str, user: &str) {
    let object = state.directory.users.get(user).cloned().unwrap_or_else(|| json!({ "id": user }));
    let targets = vec![Target::object("User", &object)];
    state.audit_of(SERVICE, &request.caller, activity, CATEGORY, targets, Ok(()));
}
