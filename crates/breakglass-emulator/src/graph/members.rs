//! Who is in what: group members, memberships, and the questions about them.

use super::answer::{Answer, Refusal};
use super::groups;
use super::odata::filter::Operator::{Eq, StartsWith};
use super::odata::{Paging, Set};
use super::request::Request;
use crate::state::{State, Target, text};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SET: Set = Set {
    filter: &[("displayName", &[Eq, StartsWith]), ("id", &[Eq])],
    order: &["displayName"],
    paging: Paging::Pages(100, 999),
    ..Set::plain("directoryObject")
};

/// A live directory object, with its `@odata.type`.
pub(super) fn object(state: &State, id: &str) -> Option<Value> {
    let directory = &state.directory;
    let (kind, object) = None
        .or_else(|| directory.users.get(id).map(|o| ("user", o)))
        .or_else(|| directory.groups.get(id).map(|o| ("group", o)))
        .or_else(|| directory.service_principals.get(id).map(|o| ("servicePrincipal", o)))
        .or_else(|| directory.applications.get(id).map(|o| ("application", o)))
        .or_else(|| directory.administrative_units.get(id).map(|o| ("administrativeUnit", o)))?;
    let mut object = object.clone();
    object.as_object_mut()?.insert("@odata.type".into(), format!("#microsoft.graph.{kind}").into());
    Some(object)
}

fn objects<'a>(state: &State, ids: impl IntoIterator<Item = &'a String>) -> Vec<Value> {
    ids.into_iter().filter_map(|id| object(state, id)).collect()
}

fn direct(state: &State, group: &str) -> BTreeSet<String> {
    state.directory.members.get(&group.to_ascii_lowercase()).cloned().unwrap_or_default()
}

/// Members at any depth.
fn transitive(state: &State, group: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![group.to_ascii_lowercase()];
    while let Some(group) = waiting.pop() {
        for member in direct(state, &group) {
            if found.insert(member.clone()) {
                waiting.push(member);
            }
        }
    }
    found
}

pub(crate) fn list(request: &Request, state: &State, whole: bool) -> Result<Answer, Refusal> {
    let id = request.segment(1);
    groups::find(state, id)?;
    let members = if whole { transitive(state, id) } else { direct(state, id) };
    SET.list(request, state, "directoryObjects", objects(state, &members).iter())
}

/// Members of an administrative unit.
pub(crate) fn of_unit(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let id = request.segment(2);
    let units = &state.directory.administrative_units;
    units.get(id).ok_or_else(|| Refusal::missing(id))?;
    SET.list(request, state, "directoryObjects", objects(state, &direct(state, id)).iter())
}

/// Nobody: owners are not kept.
pub(crate) fn owners(request: &Request, state: &State) -> Result<Answer, Refusal> {
    groups::find(state, request.segment(1))?;
    SET.list(request, state, "directoryObjects", std::iter::empty())
}

/// The object id that a link such as `{graph}/v1.0/directoryObjects/{id}` names, in lower case.
///
/// # Errors
/// 400 for something else, 404 when there is no such object.
pub(super) fn linked(state: &State, link: &str) -> Result<String, Refusal> {
    let mut parts = link.trim_end_matches('/').rsplit('/');
    let (id, set) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let known = ["directoryobjects", "users", "groups", "serviceprincipals"];
    if !known.contains(&set.to_ascii_lowercase().as_str()) {
        return Err(Refusal::bad("Invalid object reference. The '@odata.id' must name a directory object."));
    }
    if !state.replicated(id) || object(state, id).is_none() {
        return Err(Refusal::missing(id));
    }
    Ok(id.to_ascii_lowercase())
}

/// Whether `member` can be put into the group.
///
/// # Errors
/// 400.
pub(super) fn check_new(state: &State, group: &Value, member: &str) -> Result<(), Refusal> {
    let id = text(group, "id").unwrap_or_default();
    let dynamic = group.get("groupTypes").and_then(Value::as_array);
    if dynamic.is_some_and(|t| t.iter().any(|t| t == "DynamicMembership")) {
        return Err(Refusal::directory("Cannot update members of a group with dynamic membership."));
    }
    if direct(state, id).contains(member) {
        return Err(Refusal::directory(
            "One or more added object references already exist for the following modified properties: 'members'.",
        ));
    }
    let is_group = state.directory.groups.contains(member);
    if is_group && group.get("isAssignableToRole") == Some(&Value::Bool(true)) {
        return Err(Refusal::directory("A group cannot be a member of a role-assignable group."));
    }
    if is_group
        && (member.eq_ignore_ascii_case(id) || transitive(state, member).contains(&id.to_ascii_lowercase()))
    {
        return Err(Refusal::directory("A group cannot be a member of itself."));
    }
    Ok(())
}

/// Puts a member in and writes it down.
pub(super) fn put(request: &Request, state: &mut State, group: &Value, member: &str) {
    let id = text(group, "id").unwrap_or_default().to_ascii_lowercase();
    state.directory.members.entry(id).or_default().insert(member.to_owned());
    record(request, state, group, member, true);
}

fn record(request: &Request, state: &mut State, group: &Value, member: &str, added: bool) {
    let Some(object) = object(state, member) else { return };
    let kind = match text(&object, "@odata.type").unwrap_or_default() {
        "#microsoft.graph.group" => "Group",
        "#microsoft.graph.servicePrincipal" => "ServicePrincipal",
        _ => "User",
    };
    let mut target = Target::object(kind, &object);
    for (property, name) in [("Group.ObjectID", "id"), ("Group.DisplayName", "displayName")] {
        let value = group.get(name).cloned();
        target =
            if added { target.change(property, None, value) } else { target.change(property, value, None) };
    }
    let activity = if added { "Add member to group" } else { "Remove member from group" };
    let targets = vec![target, Target::object("Group", group)];
    state.audit(&request.caller, activity, "GroupManagement", targets);
}

pub(crate) fn add(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    let link = body.get("@odata.id").and_then(Value::as_str);
    let link = link.ok_or_else(|| Refusal::bad("The request body must contain '@odata.id'."))?;
    let group = groups::find(state, request.segment(1))?.clone();
    groups::guard(request, state, &group)?;
    let member = linked(state, link)?;
    check_new(state, &group, &member)?;
    put(request, state, &group, &member);
    Ok(Answer::no_content())
}

pub(crate) fn remove(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let group = groups::find(state, request.segment(1))?.clone();
    groups::guard(request, state, &group)?;
    let member = request.segment(3).to_ascii_lowercase();
    let members = state.directory.members.entry(request.segment(1).to_ascii_lowercase()).or_default();
    if !members.remove(&member) {
        return Err(Refusal::missing(&member));
    }
    record(request, state, &group, &member, false);
    Ok(Answer::no_content())
}

/// The groups, roles and units of a user or group.
pub(crate) fn member_of(request: &Request, state: &State, whole: bool) -> Result<Answer, Refusal> {
    let key = request.segment(1);
    let is_user = request.segment(0).eq_ignore_ascii_case("users");
    let found = if is_user { super::users::find(state, key)? } else { groups::find(state, key)? };
    let id = text(found, "id").unwrap_or_default().to_ascii_lowercase();
    let groups: BTreeSet<String> = if whole {
        state.directory.groups_of(&id)
    } else {
        state.directory.members.iter().filter(|(_, m)| m.contains(&id)).map(|(g, _)| g.clone()).collect()
    };
    let mut all = objects(state, &groups);
    all.extend(super::directory_roles::of(state, &id));
    SET.list(request, state, "directoryObjects", all.iter())
}

pub(crate) fn directory_object(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let id = request.segment(1);
    let found = object(state, id).filter(|_| state.replicated(id)).ok_or_else(|| Refusal::missing(id))?;
    SET.one(request, state, "directoryObjects", &found)
}

/// `POST /directoryObjects/getByIds`: ids that are unknown are left out, and so are objects of types that were not asked for.
pub(crate) fn by_ids(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    let ids = texts(&body, "ids").ok_or_else(|| Refusal::bad("The 'ids' parameter is required."))?;
    if ids.is_empty() || ids.len() > 1000 {
        return Err(Refusal::directory("The number of ids must be between 1 and 1000."));
    }
    let types = texts(&body, "types").unwrap_or_default();
    let wanted = |o: &Value| {
        let kind = text(o, "@odata.type").and_then(|t| t.rsplit('.').next()).unwrap_or_default();
        types.is_empty()
            || types.iter().any(|t| t.eq_ignore_ascii_case(kind) || t.eq_ignore_ascii_case("directoryObject"))
    };
    let found: Vec<Value> = objects(state, &ids).into_iter().filter(wanted).collect();
    SET.list(request, state, "directoryObjects", found.iter())
}

fn texts(body: &serde_json::Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let items = body.get(name)?.as_array()?;
    Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn subject(request: &Request, state: &State) -> Result<String, Refusal> {
    let key = request.segment(1);
    if request.segment(0).eq_ignore_ascii_case("users") {
        return super::users::id(state, key);
    }
    object(state, key).map(|_| key.to_owned()).ok_or_else(|| Refusal::missing(key))
}

/// `getMemberGroups` and `getMemberObjects`: ids alone.
pub(crate) fn group_ids(request: &Request, state: &State, with_roles: bool) -> Result<Answer, Refusal> {
    let body = request.object()?;
    let secure_only = body.get("securityEnabledOnly").and_then(Value::as_bool).unwrap_or_default();
    let id = subject(request, state)?;
    let secure = |group: &String| {
        let group = state.directory.groups.get(group);
        group.is_some_and(|g| !secure_only || g.get("securityEnabled") == Some(&Value::Bool(true)))
    };
    let mut ids: Vec<String> = state.directory.groups_of(&id).into_iter().filter(secure).collect();
    if with_roles {
        ids.extend(state.directory.roles_of(&id));
    }
    Ok(ids_answer(request, &ids))
}

/// `checkMemberGroups`: which of these groups the object is in.
pub(crate) fn check_groups(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    let asked =
        texts(&body, "groupIds").ok_or_else(|| Refusal::bad("The 'groupIds' parameter is required."))?;
    if asked.len() > 20 {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "Request_BadRequest",
            "The number of group ids must not exceed 20.",
        ));
    }
    let groups = state.directory.groups_of(&subject(request, state)?);
    let is_in = |id: &String| groups.contains(&id.to_ascii_lowercase());
    let ids: Vec<String> = asked.into_iter().filter(is_in).collect();
    Ok(ids_answer(request, &ids))
}

fn ids_answer(request: &Request, ids: &[String]) -> Answer {
    let context = request.context("Collection(Edm.String)", "", false);
    Answer::ok(json!({ "@odata.context": context, "value": ids }))
}
