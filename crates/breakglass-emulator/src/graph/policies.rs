//! `/identity/conditionalAccess/policies`.

use super::answer::{Answer, Refusal};
use super::odata::Set;
use super::odata::filter::Operator::{Eq, Ge, Le, StartsWith};
use super::policy_check::check;
use super::policy_shape::{complete, merge, shown};
use super::request::Request;
use super::schema::{Schema, Version, is_guid};
use crate::state::{State, Target, graph_time, text};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

const CONTEXT: &str = "identity/conditionalAccess/policies";

/// Real Graph gives all policies on one page, and clients count on it.
const SET: Set = Set {
    filter: &[
        ("id", &[Eq]),
        ("displayName", &[Eq, StartsWith]),
        ("state", &[Eq]),
        ("createdDateTime", &[Eq, Ge, Le]),
        ("modifiedDateTime", &[Eq, Ge, Le]),
        ("templateId", &[Eq]),
    ],
    order: &["displayName", "createdDateTime", "modifiedDateTime"],
    ..Set::plain("conditionalAccessPolicy")
};

fn metadata(request: &Request) -> String {
    request.context("", "", false).trim_end_matches('#').to_owned()
}

pub(crate) fn list(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let there =
        state.directory.policies.iter().filter(|p| state.replicated(text(p, "id").unwrap_or_default()));
    let link = metadata(request);
    let policies: Vec<Value> = there.map(|p| shown(&state.directory, p, &link)).collect();
    SET.list(request, state, CONTEXT, policies.iter())
}

fn find<'a>(request: &Request, state: &'a State) -> Result<&'a Value, Refusal> {
    let id = request.segment(3);
    if !is_guid(id) {
        return Err(Refusal::bad(format!("The policy id '{id}' is not a valid GUID.")));
    }
    state.directory.policies.get(id).filter(|_| state.replicated(id)).ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "NotFound", format!("{id} does not exist in the directory."))
    })
}

pub(crate) fn get(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let policy = shown(&state.directory, find(request, state)?, &metadata(request));
    SET.one(request, state, CONTEXT, &policy)
}

/// A body without what only Graph writes.
fn body_of(request: &Request) -> Result<Map<String, Value>, Refusal> {
    let mut body = request.object()?;
    if request.version == Version::V1 {
        Schema::v1().check("conditionalAccessPolicy", &body)?;
    }
    for name in ["id", "createdDateTime", "modifiedDateTime", "templateId", "deletedDateTime"] {
        body.remove(name);
    }
    Ok(body)
}

pub(crate) fn create(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = body_of(request)?;
    for name in ["displayName", "state", "conditions"] {
        if body.get(name).is_none_or(Value::is_null) {
            return Err(Refusal::bad(format!("The property '{name}' is required.")));
        }
    }
    let mut policy = complete(&Value::Object(body));
    check(state, &policy, None)?;
    let id = state.ids.guid();
    if let Some(map) = policy.as_object_mut() {
        map.insert("id".into(), id.clone().into());
        map.insert("createdDateTime".into(), graph_time(state.now()).into());
    }
    let policy = resolved(state, policy);
    state.directory.policies.insert(policy.clone());
    state.written(&id);
    record(request, state, "Add conditional access policy", None, Some(&policy));
    let policy = shown(&state.directory, &policy, &metadata(request));
    let body = SET.object(request, state, CONTEXT, &policy)?;
    Ok(Answer::created(body, request.location(CONTEXT, &id)))
}

/// The policy with its strength written out, as it is kept.
fn resolved(state: &State, mut policy: Value) -> Value {
    let strength = policy.pointer("/grantControls/authenticationStrength/id").and_then(Value::as_str);
    let strength = strength.and_then(|id| state.directory.authentication_strengths.get(id)).cloned();
    if let (Some(strength), Some(slot)) =
        (strength, policy.pointer_mut("/grantControls/authenticationStrength"))
    {
        *slot = strength;
    }
    policy
}

pub(crate) fn update(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = body_of(request)?;
    let before = find(request, state)?.clone();
    let mut after = before.clone();
    merge(&mut after, &Value::Object(body));
    let mut after = complete(&after);
    check(state, &after, Some(&before))?;
    if let Some(map) = after.as_object_mut() {
        map.insert("modifiedDateTime".into(), graph_time(state.now()).into());
    }
    let after = resolved(state, after);
    state.directory.policies.insert(after.clone());
    record(request, state, "Update conditional access policy", Some(&before), Some(&after));
    Ok(Answer::no_content())
}

pub(crate) fn delete(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let before = find(request, state)?.clone();
    state.directory.policies.remove(request.segment(3));
    record(request, state, "Delete conditional access policy", Some(&before), None);
    Ok(Answer::no_content())
}

/// The whole policy, old and new, as JSON texts: that is how the log has it.
fn record(
    request: &Request,
    state: &mut State,
    activity: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) {
    let Some(object) = after.or(before) else { return };
    let target =
        Target::object("Policy", object).change("ConditionalAccessPolicy", before.cloned(), after.cloned());
    state.audit(&request.caller, activity, "Policy", vec![target]);
}

/// Authentication contexts.
pub(crate) fn contexts(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set {
        filter: &[("id", &[Eq]), ("isAvailable", &[Eq])],
        ..Set::plain("authenticationContextClassReference")
    };
    let context = "identity/conditionalAccess/authenticationContextClassReferences";
    let all = &state.directory.authentication_contexts;
    if request.segments.len() == 3 {
        return set.list(request, state, context, all.iter());
    }
    let id = request.segment(3);
    let found =
        all.get(id).ok_or_else(|| Refusal::not_found(format!("{id} does not exist in the directory.")))?;
    set.one(request, state, context, found)
}

/// The empty answer of a policy that a tenant could have and does not.
pub(crate) fn named(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let name = request.segment(1);
    let found = state
        .directory
        .singletons
        .iter()
        .find(|(path, _)| path.strip_prefix("policies/").is_some_and(|p| p.eq_ignore_ascii_case(name)));
    let (path, object) =
        found.ok_or_else(|| Refusal::bad(format!("Resource not found for the segment '{name}'.")))?;
    let mut body = json!({ "@odata.context": request.context(path, "", true) });
    if let (Some(map), Some(object)) = (body.as_object_mut(), object.as_object()) {
        map.extend(object.clone());
    }
    Ok(Answer::ok(body))
}
