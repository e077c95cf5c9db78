//! `/directory/deletedItems`: users and groups for thirty days.

use super::answer::{Answer, Refusal};
use super::groups;
use super::odata::filter::Operator::{Eq, StartsWith};
use super::odata::set::Filterable;
use super::odata::{Paging, Set};
use super::request::Request;
use super::users;
use crate::state::{State, Target, graph_time, text};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Puts a deleted user or group away.
pub(super) fn bury(state: &mut State, kind: &str, mut object: Value) {
    let now = graph_time(state.now());
    if let Some(map) = object.as_object_mut() {
        map.insert("@odata.type".into(), format!("#microsoft.graph.{kind}").into());
        map.insert("deletedDateTime".into(), now.into());
    }
    state.directory.deleted_items.insert(object);
}

const FILTER: &[Filterable] =
    &[("displayName", &[Eq, StartsWith]), ("userPrincipalName", &[Eq, StartsWith]), ("id", &[Eq])];

pub(crate) fn list(request: &Request, state: &State, kind: &'static str) -> Result<Answer, Refusal> {
    const USER: &[&str] = &[
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "id",
        "deletedDateTime",
    ];
    let default = if kind == "user" { USER } else { groups::DEFAULT };
    let set = Set {
        default,
        filter: FILTER,
        order: &["deletedDateTime", "displayName"],
        paging: Paging::Pages(100, 999),
        directory: true,
        ..Set::plain(kind)
    };
    let of_kind = state.directory.deleted_items.iter().filter(|o| is(o, kind));
    set.list(request, state, if kind == "user" { "users" } else { "groups" }, of_kind)
}

fn is(object: &Value, kind: &str) -> bool {
    text(object, "@odata.type").is_some_and(|t| t.rsplit('.').next() == Some(kind))
}

fn find<'a>(request: &Request, state: &'a State) -> Result<&'a Value, Refusal> {
    let id = request.segment(2);
    state.directory.deleted_items.get(id).ok_or_else(|| Refusal::missing(id))
}

pub(crate) fn get(request: &Request, state: &State) -> Result<Answer, Refusal> {
    Set::plain("directoryObject").one(request, state, "directoryObjects", find(request, state)?)
}

pub(crate) fn restore(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let mut object = find(request, state)?.clone();
    let is_user = is(&object, "user");
    if is_user && state.directory.user(text(&object, "userPrincipalName").unwrap_or_default()).is_some() {
        return Err(Refusal::exists("userPrincipalName"));
    }
    let id = text(&object, "id").unwrap_or_default().to_owned();
    state.directory.deleted_items.remove(&id);
    if let Some(map) = object.as_object_mut() {
        map.remove("@odata.type");
        map.insert("deletedDateTime".into(), Value::Null);
    }
    let (kind, activity, category) = if is_user {
        ("User", "Restore user", "UserManagement")
    } else {
        ("Group", "Restore Group", "GroupManagement")
    };
    state.audit(&request.caller, activity, category, vec![Target::object(kind, &object)]);
    if is_user {
        state.directory.users.insert(object.clone());
    } else {
        state.directory.groups.insert(object.clone());
    }
    let set = if is_user { users::SET } else { groups::SET };
    set.one(request, state, "directoryObjects", &object).map(|mut answer| {
        if let Some(map) = answer.body.as_mut().and_then(Value::as_object_mut) {
            map.insert("@odata.type".into(), json!(format!("#microsoft.graph.{}", set.kind)));
        }
        answer
    })
}

pub(crate) fn purge(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let object = find(request, state)?.clone();
    let id = text(&object, "id").unwrap_or_default().to_ascii_lowercase();
    let is_user = is(&object, "user");
    let needed: &[&str] = if is_user {
        &["User.DeleteRestore.All", "User.ReadWrite.All", "Directory.AccessAsUser.All"]
    } else {
        &["Group.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"]
    };
    if !request.caller.may(needed) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ));
    }
    state.directory.deleted_items.remove(&id);
    state.directory.members.remove(&id);
    state.directory.members.values_mut().for_each(|members| {
        members.remove(&id);
    });
    state.directory.methods.remove(&id);
    state.hidden.passwords.remove(&id);
    state.hidden.passkeys.retain(|p| p.user != id);
    let gone: Vec<String> = state
        .directory
        .role_assignments
        .iter()
        .filter(|a| text(a, "principalId").is_some_and(|p| p.eq_ignore_ascii_case(&id)))
        .filter_map(|a| text(a, "id").map(str::to_owned))
        .collect();
    gone.iter().for_each(|id| drop(state.directory.role_assignments.remove(id)));
    let (kind, activity, category) = if is_user {
        ("User", "Hard Delete user", "UserManagement")
    } else {
        ("Group", "Hard Delete group", "GroupManagement")
    };
    state.audit(&request.caller, activity, category, vec![Target::object(kind, &object)]);
    Ok(Answer::no_content())
}
