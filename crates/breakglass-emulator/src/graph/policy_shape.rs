//! A Conditional Access policy as Graph keeps and shows it: every part there, lists empty rather than missing, and changes
//! merged the way Graph merges them.

use crate::state::{Directory, text};
use serde_json::{Map, Value, json};

/// Merges a change: parts that are not named stay, lists are replaced whole, null takes a part away.
pub(super) fn merge(old: &mut Value, change: &Value) {
    let (Some(map), Some(changes)) = (old.as_object_mut(), change.as_object()) else {
        *old = change.clone();
        return;
    };
    for (key, value) in changes {
        // A strength is a reference: another one replaces it whole.
        let replaced = key == "authenticationStrength"
            || key.starts_with("includeGuests")
            || key.starts_with("excludeGuests");
        match map.get_mut(key) {
            Some(old) if old.is_object() && value.is_object() && !replaced => merge(old, value),
            _ => {
                map.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The policy with every part that Graph shows. What was given is kept.
pub(crate) fn complete(policy: &Value) -> Value {
    let mut whole = json!({
        "id": null, "templateId": null, "displayName": null, "createdDateTime": null, "modifiedDateTime": null,
        "description": null, "state": "disabled", "sessionControls": null,
        "conditions": {
            "userRiskLevels": [], "signInRiskLevels": [], "clientAppTypes": [], "servicePrincipalRiskLevels": [],
            "insiderRiskLevels": null, "platforms": null, "locations": null, "devices": null,
            "clientApplications": null, "authenticationFlows": null,
            "applications": { "includeApplications": [], "excludeApplications": [], "includeUserActions": [],
                "includeAuthenticationContextClassReferences": [], "applicationFilter": null },
            "users": { "includeUsers": [], "excludeUsers": [], "includeGroups": [], "excludeGroups": [],
                "includeRoles": [], "excludeRoles": [], "includeGuestsOrExternalUsers": null,
                "excludeGuestsOrExternalUsers": null },
        },
        "grantControls": null,
    });
    merge(&mut whole, &without_links(policy));
    let within = |value: &mut Value, parts: &[(&str, Value)]| {
        for (pointer, shape) in parts {
            if let Some(part) = value.pointer_mut(pointer).filter(|p| p.is_object()) {
                let mut shaped = shape.clone();
                merge(&mut shaped, part);
                *part = shaped;
            }
        }
    };
    within(
        &mut whole,
        &[
            ("/conditions/platforms", json!({ "includePlatforms": [], "excludePlatforms": [] })),
            ("/conditions/locations", json!({ "includeLocations": [], "excludeLocations": [] })),
            ("/conditions/devices", json!({ "deviceFilter": null })),
            (
                "/conditions/clientApplications",
                json!({ "includeServicePrincipals": [], "excludeServicePrincipals": [], "servicePrincipalFilter": null }),
            ),
            (
                "/grantControls",
                json!({ "operator": "OR", "builtInControls": [], "customAuthenticationFactors": [], "termsOfUse": [],
                    "authenticationStrength": null }),
            ),
            (
                "/sessionControls",
                json!({ "disableResilienceDefaults": null, "applicationEnforcedRestrictions": null,
                    "cloudAppSecurity": null, "signInFrequency": null, "persistentBrowser": null,
                    "secureSignInSession": null }),
            ),
            (
                "/sessionControls/signInFrequency",
                json!({ "value": null, "type": null, "authenticationType": "primaryAndSecondaryAuthentication",
                    "frequencyInterval": "timeBased", "isEnabled": false }),
            ),
        ],
    );
    tidy(&mut whole);
    whole
}

/// What Entra itself makes of some values when it keeps them.
fn tidy(policy: &mut Value) {
    if let Some(conditions) = policy.pointer_mut("/conditions").and_then(Value::as_object_mut) {
        let types = conditions.get("clientAppTypes").and_then(Value::as_array);
        if types.is_none_or(Vec::is_empty) {
            conditions.insert("clientAppTypes".into(), json!(["all"]));
        }
        // Parts without content are no condition.
        for part in ["platforms", "locations", "devices", "clientApplications"] {
            let empty = conditions.get(part).is_some_and(|p| p.is_object() && is_empty(p));
            if empty {
                conditions.insert(part.into(), Value::Null);
            }
        }
    }
    for part in ["grantControls", "sessionControls"] {
        let Some(controls) = policy.get(part).filter(|c| c.is_object()) else { continue };
        if count(controls) == 0 && (part == "grantControls" || is_empty(controls)) {
            set(policy, part, Value::Null);
        }
    }
    // One control needs no operator: AND becomes OR.
    if policy
        .get("grantControls")
        .is_some_and(|grant| count(grant) == 1 && text(grant, "operator") == Some("AND"))
        && let Some(grant) = policy.get_mut("grantControls")
    {
        set(grant, "operator", "OR".into());
    }
}

/// How many controls a policy grants access for.
pub(super) fn count(grant: &Value) -> usize {
    let lists = ["builtInControls", "customAuthenticationFactors", "termsOfUse"];
    let listed: usize = lists.iter().filter_map(|l| grant.get(l)?.as_array().map(Vec::len)).sum();
    listed + usize::from(grant.get("authenticationStrength").is_some_and(Value::is_object))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

fn set(value: &mut Value, key: &str, new: Value) {
    if let Some(map) = value.as_object_mut() {
        map.insert(key.to_owned(), new);
    }
}

/// Without the annotations that Graph adds when it shows an object.
fn without_links(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !key.contains("@odata.") || *key == "@odata.type");
            Value::Object(kept.map(|(key, value)| (key.clone(), without_links(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(without_links).collect(),
        plain => plain.clone(),
    }
}

/// The policy as it is shown: the strength as it is now, with the link that Graph puts before it.
pub(super) fn shown(directory: &Directory, policy: &Value, context: &str) -> Value {
    let mut policy = policy.clone();
    let id = text(&policy, "id").unwrap_or_default().to_owned();
    let Some(grant) = policy.get_mut("grantControls").and_then(Value::as_object_mut) else { return policy };
    let strength = grant.get("authenticationStrength").and_then(|s| text(s, "id"));
    if let Some(now) = strength.and_then(|id| directory.authentication_strengths.get(id)) {
        let now = now.clone();
        grant.insert("authenticationStrength".into(), now);
    }
    let link = format!(
        "{context}#identity/conditionalAccess/policies('{id}')/grantControls/authenticationStrength/$entity"
    );
    // Before the property that it is about, as Graph writes it.
    let mut ordered = Map::new();
    for (key, value) in std::mem::take(grant) {
        if key == "authenticationStrength" {
            ordered.insert("authenticationStrength@odata.context".into(), link.clone().into());
        }
        ordered.insert(key, value);
    }
    *grant = ordered;
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_merged_and_lists_replaced() {
        let mut policy = json!({"displayName": "a", "conditions": {"users": {"includeUsers": ["All"], "excludeGroups": ["x"]},
            "locations": {"includeLocations": ["All"]}}, "grantControls": {"authenticationStrength": {"id": "1", "displayName": "n"}}});
        let change = json!({"conditions": {"users": {"excludeGroups": ["y"]}, "locations": null},
            "grantControls": {"authenticationStrength": {"id": "2"}}});
        merge(&mut policy, &change);
        assert_eq!(
            policy,
            json!({"displayName": "a", "conditions": {"users": {"includeUsers": ["All"], "excludeGroups": ["y"]},
            "locations": null}, "grantControls": {"authenticationStrength": {"id": "2"}}})
        );
    }

    #[test]
    fn policies_are_kept_as_entra_keeps_them() {
        let whole = complete(&json!({
            "id": "1", "displayName": "n", "state": "enabled",
            "conditions": {"users": {"includeUsers": ["All"]}, "platforms": {"includePlatforms": []},
                "locations": {"includeLocations": ["All"]}},
            "grantControls": {"operator": "AND", "builtInControls": ["mfa"], "authenticationStrength@odata.context": "x"},
            "sessionControls": {"signInFrequency": {"value": 4, "type": "hours", "isEnabled": true}},
        }));
        let at = |pointer: &str| whole.pointer(pointer).unwrap();
        assert_eq!(at("/grantControls/operator"), "OR");
        assert_eq!(at("/grantControls/authenticationStrength"), &Value::Null);
        assert_eq!(at("/conditions/platforms"), &Value::Null);
        assert_eq!(at("/conditions/locations/excludeLocations"), &json!([]));
        assert_eq!(at("/conditions/clientAppTypes"), &json!(["all"]));
        assert_eq!(at("/conditions/users/excludeRoles"), &json!([]));
        assert_eq!(at("/sessionControls/signInFrequency/frequencyInterval"), "timeBased");
        assert_eq!(complete(&whole), whole, "once more changes nothing");
        let both = complete(
            &json!({"grantControls": {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}}),
        );
        assert_eq!(both["grantControls"]["operator"], "AND");
        assert_eq!(
            complete(&json!({"grantControls": {"operator": "OR", "builtInControls": []}}))["grantControls"],
            Value::Null
        );
    }
}
