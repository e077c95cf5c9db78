//! `/directoryRoles`: the older view of roles that are in use, and their templates.

use super::answer::{Answer, Refusal};
use super::odata::Set;
use super::odata::filter::Operator::Eq;
use super::request::Request;
use crate::state::ids::named;
use crate::state::{State, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SET: Set = Set {
    filter: &[("roleTemplateId", &[Eq]), ("displayName", &[Eq]), ("id", &[Eq])],
    ..Set::plain("directoryRole")
};

/// A role that is in use has an object id of its own in each tenant.
fn role(state: &State, definition: &Value) -> Value {
    let template = text(definition, "id").unwrap_or_default();
    json!({ "id": named(0, &format!("{} {template}", state.tenant_id)), "deletedDateTime": null,
        "displayName": definition.get("displayName"), "description": definition.get("description"),
        "roleTemplateId": template })
}

/// The roles that anybody holds.
fn all(state: &State) -> Vec<Value> {
    let held: BTreeSet<String> = state
        .directory
        .role_assignments
        .iter()
        .filter_map(|a| text(a, "roleDefinitionId").map(str::to_ascii_lowercase))
        .collect();
    let used =
        state.directory.role_definitions.iter().filter(|d| text(d, "id").is_some_and(|id| held.contains(id)));
    used.map(|d| role(state, d)).collect()
}

/// The directory roles of a user or group, as memberships.
pub(super) fn of(state: &State, id: &str) -> Vec<Value> {
    let roles = state.directory.roles_of(id);
    let held = state
        .directory
        .role_definitions
        .iter()
        .filter(|d| text(d, "id").is_some_and(|id| roles.contains(id)));
    held.map(|definition| {
        let mut role = role(state, definition);
        if let Some(map) = role.as_object_mut() {
            map.insert("@odata.type".into(), "#microsoft.graph.directoryRole".into());
        }
        role
    })
    .collect()
}

pub(crate) fn list(request: &Request, state: &State) -> Result<Answer, Refusal> {
    SET.list(request, state, "directoryRoles", all(state).iter())
}

fn find(request: &Request, state: &State) -> Result<Value, Refusal> {
    let key = request.segment(1);
    let template = key.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("roleTemplateId"));
    let (property, wanted) = match template {
        Some((_, quoted)) => ("roleTemplateId", quoted.trim_matches('\'')),
        None => ("id", key),
    };
    let mut roles = all(state).into_iter();
    let same = |r: &Value| text(r, property).is_some_and(|v| v.eq_ignore_ascii_case(wanted));
    roles.find(same).ok_or_else(|| Refusal::missing(key))
}

pub(crate) fn get(request: &Request, state: &State) -> Result<Answer, Refusal> {
    SET.one(request, state, "directoryRoles", &find(request, state)?)
}

/// Who holds the role at tenant scope, by itself: groups are shown as groups.
pub(crate) fn members(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let role = find(request, state)?;
    let template = text(&role, "roleTemplateId").unwrap_or_default();
    let held = state.directory.role_assignments.iter().filter(|a| {
        text(a, "roleDefinitionId").is_some_and(|r| r.eq_ignore_ascii_case(template))
            && text(a, "directoryScopeId") == Some("/")
    });
    let members: Vec<Value> =
        held.filter_map(|a| super::members::object(state, text(a, "principalId")?)).collect();
    Set::plain("directoryObject").list(request, state, "directoryObjects", members.iter())
}

pub(crate) fn templates(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let definitions = state.directory.role_definitions.iter();
    let templates: Vec<Value> = definitions
        .map(|d| {
            json!({ "id": d.get("id"), "deletedDateTime": null, "displayName": d.get("displayName"),
                "description": d.get("description") })
        })
        .collect();
    Set::plain("directoryRoleTemplate").list(request, state, "directoryRoleTemplates", templates.iter())
}
