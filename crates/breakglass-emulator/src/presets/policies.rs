//! Conditional Access of a preset: the published baseline, changed as the preset says.

use super::build::{MADE, id};
use super::builtin;
use super::forms::{Baseline, Form, Policy};
use crate::graph::policy_shape::complete;
use crate::state::State;
use serde_json::{Value, json};

/// Adds locations and policies.
pub(super) fn add(state: &mut State, form: &Form) -> Result<(), String> {
    if form.policies.is_empty() {
        return Ok(());
    }
    let baseline: Baseline = serde_json::from_str(include_str!("../../data/baseline.json"))
        .map_err(|e| format!("baseline.json: {e}"))?;
    for location in &baseline.locations {
        add_location(state, location);
    }
    for policy in &form.policies {
        let object = object(state, form, &baseline, policy)?;
        state.directory.policies.insert(object);
    }
    Ok(())
}

fn add_location(state: &mut State, location: &Value) {
    let name = location.get("displayName").and_then(Value::as_str).unwrap_or_default();
    state.directory.named_locations.insert(json!({
        "@odata.type": "#microsoft.graph.countryNamedLocation", "id": id(state, "location", name), "displayName": name,
        "createdDateTime": MADE, "modifiedDateTime": MADE, "countriesAndRegions": location.get("countriesAndRegions"),
        "includeUnknownCountriesAndRegions": false, "countryLookupMethod": "clientIpAddress",
    }));
}

/// One policy in Graph's shape.
fn object(state: &State, form: &Form, baseline: &Baseline, policy: &Policy) -> Result<Value, String> {
    let key = policy.key();
    let base = match &policy.baseline {
        Some(wanted) => {
            let found = baseline.policies.iter().find(|p| p.key() == wanted);
            found.ok_or_else(|| format!("there is no policy `{wanted}` in baseline.json"))?
        }
        None => policy,
    };
    let mut conditions = base.conditions.clone().unwrap_or_else(|| json!({}));
    if let (Some(users), Some(change)) =
        (conditions.get_mut("users").and_then(Value::as_object_mut), &policy.users)
    {
        users.extend(change.as_object().cloned().unwrap_or_default());
    }
    exclude(form, key, &mut conditions);
    resolve(state, form, &mut conditions)?;
    let mut grant = base.grant_controls.clone();
    let strength = grant.as_mut().and_then(|g| g.get_mut("authenticationStrength"));
    if let Some(strength) = strength {
        let known = strength.get("id").and_then(Value::as_str);
        let whole = known.and_then(|id| state.directory.authentication_strengths.get(id));
        *strength =
            whole.cloned().ok_or_else(|| format!("policy `{key}`: no such authentication strength"))?;
    }
    Ok(complete(&json!({
        "id": id(state, "policy", key), "createdDateTime": MADE, "modifiedDateTime": null,
        "displayName": policy.display_name.as_ref().or(base.display_name.as_ref()),
        "state": policy.state.as_ref().or(base.state.as_ref()),
        "conditions": conditions, "grantControls": grant, "sessionControls": base.session_controls,
    })))
}

/// Adds the preset's exclusions to a policy.
fn exclude(form: &Form, key: &str, conditions: &mut Value) {
    let Some(users) = conditions.get_mut("users").and_then(Value::as_object_mut) else { return };
    for exclusion in form.exclude.iter().filter(|e| e.from.iter().any(|f| f == key)) {
        let mut put = |list: &str, kind: &str, names: &[String]| {
            let new = names.iter().map(|name| Value::from(format!("{kind}:{name}")));
            let slot = users.entry(list).or_insert_with(|| json!([]));
            slot.as_array_mut().into_iter().for_each(|l| l.extend(new.clone()));
        };
        if !exclusion.groups.is_empty() {
            put("excludeGroups", "group", &exclusion.groups);
        }
        if !exclusion.users.is_empty() {
            put("excludeUsers", "user", &exclusion.users);
        }
    }
}

/// Puts ids in the place of names, everywhere.
fn resolve(state: &State, form: &Form, value: &mut Value) -> Result<(), String> {
    match value {
        Value::Object(map) => {
            map.values_mut().try_for_each(|v| resolve(state, form, v))?;
        }
        Value::Array(items) => {
            let mut resolved = Vec::new();
            for item in std::mem::take(items) {
                match item.as_str().and_then(|s| s.split_once(':')) {
                    Some(("roles", _)) => {
                        resolved.extend(builtin::administrators()?.into_iter().map(Value::from))
                    }
                    Some(("role", name)) => resolved.push(builtin::role(name)?.into()),
                    Some((kind @ ("group" | "location" | "user"), name)) => {
                        resolved.push(reference(state, form, kind, name)?.into());
                    }
                    _ => {
                        let mut item = item;
                        resolve(state, form, &mut item)?;
                        resolved.push(item);
                    }
                }
            }
            *items = resolved;
        }
        _ => {}
    }
    Ok(())
}

/// The id of something that the preset has, or had before it was deleted.
fn reference(state: &State, form: &Form, kind: &str, name: &str) -> Result<String, String> {
    let there = match kind {
        "group" => form.groups.iter().any(|g| g.name == name),
        "user" => form.users.iter().any(|u| u.upn == name),
        _ => state.directory.named_locations.find("displayName", name).is_some(),
    };
    if there {
        Ok(id(state, kind, name))
    } else {
        Err(format!("a policy names the {kind} `{name}`, which the preset does not have"))
    }
}

/// The parts of a policy's conditions that a test may want to see at a glance.
#[cfg(test)]
pub(super) fn users_of(policy: &Value) -> serde_json::Map<String, Value> {
    policy.pointer("/conditions/users").and_then(Value::as_object).cloned().unwrap_or_default()
}
