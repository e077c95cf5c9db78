//! Azure role-based access: who may do what, and where.

use super::Request;
use super::answer::Failure;
use crate::caller::Caller;
use crate::state::{State, text};
use axum::http::StatusCode;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

/// Refuses a caller who may not do `action` at the scope of the request.
///
/// # Errors
/// 403.
pub(super) fn require(request: &Request, state: &State, action: &str) -> Result<(), Failure> {
    if may(state, &request.caller, action, &request.scope) {
        return Ok(());
    }
    Err(refused(&request.caller, action, &request.scope))
}

/// 403 as ARM says it.
pub(super) fn refused(caller: &Caller, action: &str, scope: &str) -> Failure {
    let name = caller.user.as_ref().map_or(caller.app_id.as_str(), |u| &u.upn);
    Failure::new(
        StatusCode::FORBIDDEN,
        "AuthorizationFailed",
        format!(
            "The client '{name}' with object id '{}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            caller.id()
        ),
    )
}

/// Whether the caller has a role that allows `action` at `scope` or above it, also through groups.
pub(super) fn may(state: &State, caller: &Caller, action: &str, scope: &str) -> bool {
    let principals = principals(state, caller.id());
    state.azure.role_assignments.iter().any(|assignment| {
        let held = property(assignment, "principalId").to_ascii_lowercase();
        principals.contains(&held)
            && covers(property(assignment, "scope"), scope)
            && role_allows(state, property(assignment, "roleDefinitionId"), action)
    })
}

/// An object and the groups that it is in.
pub(super) fn principals(state: &State, id: &str) -> BTreeSet<String> {
    let mut all = state.directory.groups_of(id);
    all.insert(id.to_ascii_lowercase());
    all
}

/// A text of an ARM resource's properties.
pub(super) fn property<'a>(resource: &'a Value, name: &str) -> &'a str {
    resource.get("properties").and_then(|p| text(p, name)).unwrap_or_default()
}

/// Whether `scope` is `outer` or lies below it.
pub(super) fn covers(outer: &str, scope: &str) -> bool {
    let (outer, scope) =
        (outer.trim_end_matches('/').to_ascii_lowercase(), scope.trim_end_matches('/').to_ascii_lowercase());
    scope == outer || scope.strip_prefix(&outer).is_some_and(|rest| rest.starts_with('/')) || outer.is_empty()
}

/// The last segment of an id.
pub(super) fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

fn role_allows(state: &State, role: &str, action: &str) -> bool {
    let definition = state.azure.role_definitions.find("name", name_of(role));
    let permissions = definition.and_then(|d| d.pointer("/properties/permissions")).and_then(Value::as_array);
    permissions.into_iter().flatten().any(|permission| {
        let list = |name: &str| permission.get(name).and_then(Value::as_array);
        let any = |name: &str| {
            list(name)
                .is_some_and(|all| all.iter().filter_map(Value::as_str).any(|pattern| fits(pattern, action)))
        };
        any("actions") && !any("notActions")
    })
}

/// Whether an action fits a pattern with `*`, without regard to case.
fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else { return false };
    let mut wild = false;
    for part in parts {
        wild = true;
        if part.is_empty() {
            continue;
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.is_empty() || (wild && pattern.ends_with('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_scopes() {
        for (pattern, action, met) in [
            ("*", "Microsoft.Authorization/roleAssignments/write", true),
            ("*/read", "Microsoft.Insights/eventtypes/values/Read", true),
            ("*/read", "Microsoft.Authorization/roleAssignments/write", false),
            ("Microsoft.Authorization/*", "microsoft.authorization/roleassignments/delete", true),
            ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/roleAssignments/write", true),
            ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/roleAssignments/read", false),
            ("Microsoft.Support/*", "Microsoft.SupportX/read", false),
        ] {
            assert_eq!(fits(pattern, action), met, "{pattern} {action}");
        }
        for (outer, scope, met) in [
            ("/", "/", true),
            ("/", "/subscriptions/a", true),
            ("/subscriptions/A", "/subscriptions/a/resourceGroups/x", true),
            ("/subscriptions/a", "/subscriptions/ab", false),
            ("/subscriptions/a", "/", false),
        ] {
            assert_eq!(covers(outer, scope), met, "{outer} {scope}");
        }
    }
}
