//! `/groups`.

use super::answer::{Answer, Refusal};
use super::audit::changes_of;
use super::odata::filter::Operator::{self, EndsWith, Eq, Ge, In, Le, Ne, StartsWith};
use super::odata::set::Filterable;
use super::odata::{Paging, Set};
use super::permissions::{GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR};
use super::request::Request;
use super::schema::Schema;
use super::user_rules::is_nickname;
use crate::state::{State, Target, graph_time, text};
use serde_json::{Map, Value, json};

/// What Graph shows of a group when nothing is selected.
pub(crate) const DEFAULT: &[&str] = &[
    "id",
    "deletedDateTime",
    "classification",
    "createdDateTime",
    "description",
    "displayName",
    "expirationDateTime",
    "groupTypes",
    "isAssignableToRole",
    "mail",
    "mailEnabled",
    "mailNickname",
    "membershipRule",
    "membershipRuleProcessingState",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "renewedDateTime",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "securityEnabled",
    "securityIdentifier",
    "theme",
    "uniqueName",
    "visibility",
    "onPremisesProvisioningErrors",
    "serviceProvisioningErrors",
];

const WORDS: &[Operator] = &[Eq, Ne, Ge, Le, In, StartsWith];
const FLAGS: &[Operator] = &[Eq, Ne, In];

const FILTER: &[Filterable] = &[
    ("id", &[Eq, Ne, In]),
    ("displayName", WORDS),
    ("description", &[Eq, Ne, Ge, Le, StartsWith]),
    ("mail", &[Eq, Ne, Ge, Le, In, StartsWith, EndsWith]),
    ("mailNickname", WORDS),
    ("securityEnabled", FLAGS),
    ("mailEnabled", &[Eq, Ne]),
    ("isAssignableToRole", &[Eq, Ne]),
    ("onPremisesSyncEnabled", FLAGS),
    ("createdDateTime", &[Eq, Ne, Ge, Le, In]),
    ("groupTypes", &[Eq, Operator::Any]),
    ("membershipRuleProcessingState", FLAGS),
];

pub(crate) const SET: Set = Set {
    default: DEFAULT,
    filter: FILTER,
    order: &["displayName", "createdDateTime"],
    paging: Paging::Pages(100, 999),
    directory: true,
    ..Set::plain("group")
};

/// The group that a path names. One that was made just now is not there yet.
///
/// # Errors
/// 404.
pub(crate) fn find<'a>(state: &'a State, id: &str) -> Result<&'a Value, Refusal> {
    state.directory.groups.get(id).filter(|_| state.replicated(id)).ok_or_else(|| Refusal::missing(id))
}

pub(crate) fn list(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let shown = state.directory.groups.iter().filter(|g| state.replicated(text(g, "id").unwrap_or_default()));
    SET.list(request, state, "groups", shown)
}

pub(crate) fn get(request: &Request, state: &State) -> Result<Answer, Refusal> {
    SET.one(request, state, "groups", find(state, request.segment(1))?)
}

/// Whether the caller may make or change a group that roles can be assigned to.
///
/// # Errors
/// 403.
pub(super) fn guard(request: &Request, state: &State, group: &Value) -> Result<(), Refusal> {
    if group.get("isManagementRestricted") == Some(&Value::Bool(true)) {
        return Err(Refusal::denied());
    }
    if group.get("isAssignableToRole") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    let allowed = match &request.caller.user {
        Some(user) => {
            let roles = state.directory.roles_of(&user.id);
            roles.contains(GLOBAL_ADMINISTRATOR) || roles.contains(PRIVILEGED_ROLE_ADMINISTRATOR)
        }
        None => request.caller.may(&["RoleManagement.ReadWrite.Directory"]),
    };
    if allowed { Ok(()) } else { Err(Refusal::denied()) }
}

pub(crate) fn create(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let (body, members) = bound_members(request, state)?;
    for name in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
        if body.get(name).is_none_or(Value::is_null) {
            return Err(Refusal::directory(format!(
                "A value is required for property '{name}' of resource 'Group'."
            )));
        }
    }
    check_values(&body)?;
    let group = object(state, &body);
    check_kind(&group)?;
    guard(request, state, &group)?;
    let id = text(&group, "id").unwrap_or_default().to_owned();
    state.directory.groups.insert(group.clone());
    state.directory.members.insert(id.to_ascii_lowercase(), members.into_iter().collect());
    state.written(&id);
    let target = Target { changes: changes_of(None, &group), ..Target::object("Group", &group) };
    state.audit(&request.caller, "Add group", "GroupManagement", vec![target]);
    let body = SET.object(request, state, "groups", &group)?;
    Ok(Answer::created(body, request.location("groups", &id)))
}

/// The body without its `members@odata.bind`, and those members.
fn bound_members(request: &Request, state: &State) -> Result<(Map<String, Value>, Vec<String>), Refusal> {
    let mut body = request.object()?;
    let bound = body.remove("members@odata.bind");
    // Owners are not kept: nothing here depends on them.
    body.remove("owners@odata.bind");
    Schema::v1().check("group", &body)?;
    let links = bound.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let members = links.iter().filter_map(Value::as_str).map(|link| super::members::linked(state, link));
    Ok((body, members.collect::<Result<_, _>>()?))
}

fn check_values(body: &Map<String, Value>) -> Result<(), Refusal> {
    let invalid = |name: &str| {
        Refusal::directory(format!("Invalid value specified for property '{name}' of resource 'Group'."))
    };
    for (name, value) in body {
        let fine = match name.as_str() {
            "displayName" => value.as_str().is_some_and(|v| (1..=256).contains(&v.chars().count())),
            "mailNickname" => value.as_str().is_some_and(is_nickname),
            "visibility" => {
                value.as_str().is_none_or(|v| matches!(v, "Private" | "Public" | "HiddenMembership"))
            }
            "groupTypes" => value.as_array().is_some_and(|types| {
                types.iter().all(|t| matches!(t.as_str(), Some("Unified" | "DynamicMembership")))
            }),
            "description" => value.as_str().is_none_or(|v| v.chars().count() <= 1024),
            "id"
            | "createdDateTime"
            | "onPremisesSyncEnabled"
            | "isManagementRestricted"
            | "mail"
            | "securityIdentifier"
            | "renewedDateTime"
            | "deletedDateTime" => {
                return Err(Refusal::directory(format!("Property '{name}' is read-only and cannot be set.")));
            }
            _ => true,
        };
        if !fine {
            return Err(invalid(name));
        }
    }
    Ok(())
}

/// Combinations that do not exist.
fn check_kind(group: &Value) -> Result<(), Refusal> {
    let flag = |name: &str| group.get(name) == Some(&Value::Bool(true));
    let is = |kind: &str| {
        let types = group.get("groupTypes").and_then(Value::as_array);
        types.is_some_and(|t| t.iter().any(|t| t == kind))
    };
    if flag("mailEnabled") != is("Unified") {
        return Err(Refusal::directory(
            "The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set.",
        ));
    }
    if is("DynamicMembership") != text(group, "membershipRule").is_some() {
        return Err(Refusal::directory(
            "A group with dynamic membership needs a 'membershipRule', and only such a group can have one.",
        ));
    }
    if flag("isAssignableToRole") {
        if is("DynamicMembership") {
            return Err(Refusal::directory("A role-assignable group cannot have dynamic membership."));
        }
        if !flag("securityEnabled") || text(group, "visibility") == Some("Public") {
            return Err(Refusal::directory(
                "A role-assignable group must be security-enabled and its visibility must be 'Private'.",
            ));
        }
    }
    Ok(())
}

fn object(state: &mut State, body: &Map<String, Value>) -> Value {
    let now = graph_time(state.now());
    let mut group = json!({
        "id": state.ids.guid(), "deletedDateTime": null, "createdDateTime": now, "renewedDateTime": now,
        "groupTypes": [], "isAssignableToRole": null, "onPremisesSyncEnabled": null, "proxyAddresses": [],
        "description": null, "membershipRule": null, "membershipRuleProcessingState": null, "visibility": null,
    });
    if let Some(map) = group.as_object_mut() {
        map.extend(body.iter().filter(|(k, _)| !k.contains('@')).map(|(k, v)| (k.clone(), v.clone())));
    }
    group
}

pub(crate) fn update(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let (body, members) = bound_members(request, state)?;
    let before = find(state, request.segment(1))?.clone();
    guard(request, state, &before)?;
    check_values(&body)?;
    if body.get("isAssignableToRole").is_some_and(|new| before.get("isAssignableToRole") != Some(new)) {
        return Err(Refusal::directory(
            "Property 'isAssignableToRole' cannot be changed after the group was created.",
        ));
    }
    members.iter().try_for_each(|member| super::members::check_new(state, &before, member))?;
    let mut after = before.clone();
    if let Some(map) = after.as_object_mut() {
        map.extend(body.iter().filter(|(k, _)| !k.contains('@')).map(|(k, v)| (k.clone(), v.clone())));
    }
    check_kind(&after)?;
    state.directory.groups.insert(after.clone());
    for member in members {
        super::members::put(request, state, &after, &member);
    }
    let changes = changes_of(Some(&before), &after);
    if !changes.is_empty() {
        let target = Target { changes, ..Target::object("Group", &after) };
        state.audit(&request.caller, "Update group", "GroupManagement", vec![target]);
    }
    Ok(Answer::no_content())
}

pub(crate) fn delete(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let group = find(state, request.segment(1))?.clone();
    guard(request, state, &group)?;
    state.directory.groups.remove(request.segment(1));
    super::deleted::bury(state, "group", group.clone());
    state.audit(&request.caller, "Delete group", "GroupManagement", vec![Target::object("Group", &group)]);
    Ok(Answer::no_content())
}
