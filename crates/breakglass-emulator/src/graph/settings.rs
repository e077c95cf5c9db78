//! `/policies`: authentication strengths, authentication methods, security defaults, authorization.

use super::answer::{Answer, Refusal};
use super::odata::Set;
use super::odata::filter::Operator::{Eq, StartsWith};
use super::odata::set::Expand;
use super::policy_shape::merge;
use super::request::Request;
use super::schema::Schema;
use crate::state::{State, Target, graph_time, text};
use axum::http::StatusCode;
use serde_json::{Value, json};

const STRENGTHS: &str = "policies/authenticationStrengthPolicies";

fn configurations(_: &State, strength: &Value, _: &str) -> Value {
    strength.get("combinationConfigurations").cloned().unwrap_or_else(|| json!([]))
}

const EXPAND: &[Expand] = &[("combinationConfigurations", configurations)];

const STRENGTH: Set = Set {
    filter: &[
        ("id", &[Eq]),
        ("displayName", &[Eq, StartsWith]),
        ("policyType", &[Eq]),
        ("requirementsSatisfied", &[Eq]),
    ],
    expand: EXPAND,
    ..Set::plain("authenticationStrengthPolicy")
};

pub(crate) fn strengths(request: &Request, state: &State) -> Result<Answer, Refusal> {
    STRENGTH.list(request, state, STRENGTHS, state.directory.authentication_strengths.iter())
}

fn find(request: &Request, state: &State) -> Result<Value, Refusal> {
    let id = request.segment(2);
    state.directory.authentication_strengths.get(id).cloned().ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "NotFound",
            format!("The authentication strength policy '{id}' was not found."),
        )
    })
}

pub(crate) fn strength(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let found = find(request, state)?;
    if request.segments.len() == 4 {
        let list =
            found.get("combinationConfigurations").and_then(Value::as_array).cloned().unwrap_or_default();
        let context = format!("{STRENGTHS}('{}')/combinationConfigurations", request.segment(2));
        let set = Set::plain("authenticationCombinationConfiguration");
        return set.list(request, state, &context, list.iter());
    }
    STRENGTH.one(request, state, STRENGTHS, &found)
}

/// Combinations that do not exist, and whether all that do are multifactor.
fn check_strength(body: &Value) -> Result<(), Refusal> {
    Schema::v1()
        .check("authenticationStrengthPolicy", body.as_object().unwrap_or(&serde_json::Map::new()))?;
    if text(body, "displayName").is_none_or(|name| name.trim().is_empty() || name.chars().count() > 30) {
        return Err(Refusal::bad(
            "The display name of an authentication strength must have 1 to 30 characters.",
        ));
    }
    let combinations = body.get("allowedCombinations").and_then(Value::as_array);
    if combinations.is_none_or(Vec::is_empty) {
        return Err(Refusal::bad(
            "An authentication strength must allow at least one combination of methods.",
        ));
    }
    Ok(())
}

pub(crate) fn create_strength(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = Value::Object(request.object()?);
    check_strength(&body)?;
    let name = text(&body, "displayName").unwrap_or_default();
    if state.directory.authentication_strengths.find("displayName", name).is_some() {
        return Err(Refusal::exists("displayName"));
    }
    let (now, id) = (graph_time(state.now()), state.ids.guid());
    let mut configurations = body.get("combinationConfigurations").cloned().unwrap_or_else(|| json!([]));
    for configuration in configurations.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut)
    {
        configuration.insert("id".into(), state.ids.guid().into());
    }
    let strength = json!({
        "id": id, "createdDateTime": now, "modifiedDateTime": now, "displayName": name,
        "description": body.get("description").cloned().unwrap_or_else(|| json!("")), "policyType": "custom",
        "requirementsSatisfied": "mfa", "allowedCombinations": body.get("allowedCombinations"),
        "combinationConfigurations": configurations,
    });
    state.directory.authentication_strengths.insert(strength.clone());
    record(request, state, "Create authentication strength", None, Some(&strength));
    let body = STRENGTH.object(request, state, STRENGTHS, &strength)?;
    Ok(Answer::created(body, request.location(STRENGTHS, &id)))
}

fn built_in(strength: &Value) -> Result<(), Refusal> {
    if text(strength, "policyType") == Some("builtIn") {
        return Err(Refusal::bad("Built-in authentication strengths cannot be changed or deleted."));
    }
    Ok(())
}

pub(crate) fn update_strength(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let before = find(request, state)?;
    built_in(&before)?;
    let change = request.object()?;
    if change.contains_key("allowedCombinations") {
        return Err(Refusal::bad("allowedCombinations is changed by the action updateAllowedCombinations."));
    }
    let mut after = before.clone();
    merge(&mut after, &Value::Object(change));
    merge(
        &mut after,
        &json!({ "id": before.get("id"), "policyType": "custom", "modifiedDateTime": graph_time(state.now()) }),
    );
    check_strength(&after)?;
    state.directory.authentication_strengths.insert(after.clone());
    record(request, state, "Update authentication strength", Some(&before), Some(&after));
    Ok(Answer::no_content())
}

pub(crate) fn delete_strength(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let strength = find(request, state)?;
    built_in(&strength)?;
    let id = request.segment(2);
    let pointer = "/grantControls/authenticationStrength/id";
    let used =
        state.directory.policies.iter().any(|p| p.pointer(pointer).and_then(Value::as_str) == Some(id));
    if used {
        return Err(Refusal::bad("The authentication strength is used by a Conditional Access policy."));
    }
    state.directory.authentication_strengths.remove(id);
    record(request, state, "Delete authentication strength", Some(&strength), None);
    Ok(Answer::no_content())
}

pub(crate) fn methods_policy(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set::plain("authenticationMethodsPolicy");
    set.one(request, state, "authenticationMethodsPolicy", &state.directory.methods_policy)
}

pub(crate) fn update_methods_policy(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let change = request.object()?;
    Schema::v1().check("authenticationMethodsPolicy", &change)?;
    if change.contains_key("authenticationMethodConfigurations") {
        return Err(Refusal::bad(
            "Configurations are changed one by one, below authenticationMethodConfigurations.",
        ));
    }
    let before = state.directory.methods_policy.clone();
    merge(&mut state.directory.methods_policy, &Value::Object(change));
    methods_policy_changed(request, state, &before);
    Ok(Answer::no_content())
}

fn methods_policy_changed(request: &Request, state: &mut State, before: &Value) {
    let now = graph_time(state.now());
    merge(&mut state.directory.methods_policy, &json!({ "lastModifiedDateTime": now }));
    let after = state.directory.methods_policy.clone();
    record(request, state, "Authentication Methods Policy Update", Some(before), Some(&after));
}

pub(crate) fn configurations_list(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set::plain("authenticationMethodConfiguration");
    let context = "authenticationMethodsPolicy/authenticationMethodConfigurations";
    let all =
        state.directory.methods_policy.get("authenticationMethodConfigurations").and_then(Value::as_array);
    if request.segments.len() == 3 {
        return set.list(request, state, context, all.into_iter().flatten());
    }
    let id = request.segment(3);
    let found = all.into_iter().flatten().find(|c| text(c, "id").is_some_and(|i| i.eq_ignore_ascii_case(id)));
    let missing =
        || Refusal::not_found(format!("The authentication method configuration '{id}' was not found."));
    set.one(request, state, context, found.ok_or_else(missing)?)
}

pub(crate) fn update_configuration(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let mut change = request.object()?;
    let id = request.segment(3);
    let before = state.directory.methods_policy.clone();
    let all = state.directory.methods_policy.get_mut("authenticationMethodConfigurations");
    let found = all
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .find(|c| text(c, "id").is_some_and(|i| i.eq_ignore_ascii_case(id)));
    let Some(configuration) = found else {
        return Err(Refusal::not_found(format!(
            "The authentication method configuration '{id}' was not found."
        )));
    };
    let kind = text(configuration, "@odata.type").and_then(|t| t.rsplit('.').next()).unwrap_or_default();
    let targets = change.remove("includeTargets");
    Schema::v1().check(kind, &change)?;
    change.remove("id");
    change.remove("@odata.type");
    if let Some(targets) = targets {
        change.insert("includeTargets".into(), targets);
    }
    merge(configuration, &Value::Object(change));
    methods_policy_changed(request, state, &before);
    Ok(Answer::no_content())
}

pub(crate) fn security_defaults(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set::plain("identitySecurityDefaultsEnforcementPolicy");
    let context = "policies/identitySecurityDefaultsEnforcementPolicy";
    set.one(request, state, context, &state.directory.security_defaults)
}

pub(crate) fn update_security_defaults(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let change = request.object()?;
    Schema::v1().check("identitySecurityDefaultsEnforcementPolicy", &change)?;
    let on = change.get("isEnabled") == Some(&Value::Bool(true));
    if on && state.directory.policies.iter().any(|p| text(p, "state") == Some("enabled")) {
        return Err(Refusal::bad(
            "Security defaults cannot be enabled while Conditional Access policies are enabled.",
        ));
    }
    let before = state.directory.security_defaults.clone();
    merge(&mut state.directory.security_defaults, &Value::Object(change));
    let after = state.directory.security_defaults.clone();
    record(request, state, "Update security defaults", Some(&before), Some(&after));
    Ok(Answer::no_content())
}

pub(crate) fn authorization(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let path = "policies/authorizationPolicy";
    let object = state.directory.singletons.get(path).cloned().unwrap_or_default();
    Set::plain("authorizationPolicy").one(request, state, path, &object)
}

fn record(
    request: &Request,
    state: &mut State,
    activity: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) {
    let Some(object) = after.or(before) else { return };
    let target = Target::object("Policy", object).change("Policy", before.cloned(), after.cloned());
    let service = if activity.starts_with("Authentication Methods") {
        "Authentication Methods"
    } else {
        "Core Directory"
    };
    state.audit_of(service, &request.caller, activity, "Policy", vec![target], Ok(()));
}
