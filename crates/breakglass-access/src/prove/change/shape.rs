//! What a body must look like to be judged at all. This is no validator: it refuses what would otherwise be read as
//! something else than its author meant.

use super::ChangeError;
use breakglass_model::snapshot::collections as c;
use serde_json::{Map, Value};

const STATES: &[&str] = &["enabled", "disabled", "enabledForReportingButNotEnforced"];

/// Members that are objects, by their place in a policy.
const OBJECTS: &[&str] = &[
    "conditions",
    "conditions.users",
    "conditions.applications",
    "conditions.clientApplications",
    "conditions.locations",
    "conditions.platforms",
    "conditions.devices",
    "conditions.devices.deviceFilter",
    "conditions.authenticationFlows",
    "grantControls",
    "grantControls.authenticationStrength",
    "sessionControls",
];

/// Members that are lists of texts, by their place in a policy.
const LISTS: &[&str] = &[
    "conditions.users.includeUsers",
    "conditions.users.excludeUsers",
    "conditions.users.includeGroups",
    "conditions.users.excludeGroups",
    "conditions.users.includeRoles",
    "conditions.users.excludeRoles",
    "conditions.applications.includeApplications",
    "conditions.applications.excludeApplications",
    "conditions.applications.includeUserActions",
    "conditions.applications.includeAuthenticationContextClassReferences",
    "conditions.locations.includeLocations",
    "conditions.locations.excludeLocations",
    "conditions.platforms.includePlatforms",
    "conditions.platforms.excludePlatforms",
    "conditions.clientAppTypes",
    "conditions.signInRiskLevels",
    "conditions.userRiskLevels",
    "grantControls.builtInControls",
    "grantControls.customAuthenticationFactors",
    "grantControls.termsOfUse",
];

/// Checks the types of what is there.
pub(super) fn check(collection: &str, map: &Map<String, Value>, path: &str) -> Result<(), ChangeError> {
    if collection != c::POLICIES {
        return Ok(());
    }
    if let Some(state) = map.get("state") {
        let word = state.as_str().unwrap_or_default();
        if !STATES.iter().any(|s| s.eq_ignore_ascii_case(word)) {
            let expected = format!("one of {}", STATES.map_words());
            return Err(ChangeError::wrong(&format!("{path}.state"), &expected, Some(state)));
        }
    }
    for place in OBJECTS {
        if let Some(value) = find(map, place).filter(|v| !v.is_object() && !v.is_null()) {
            return Err(ChangeError::wrong(&format!("{path}.{place}"), "an object", Some(value)));
        }
    }
    for place in LISTS {
        let Some(value) = find(map, place).filter(|v| !v.is_null()) else { continue };
        let Some(items) = value.as_array() else {
            return Err(ChangeError::wrong(&format!("{path}.{place}"), "a list of texts", Some(value)));
        };
        if let Some((i, item)) = items.iter().enumerate().find(|(_, item)| !item.is_string()) {
            return Err(ChangeError::wrong(&format!("{path}.{place}[{i}]"), "a text", Some(item)));
        }
    }
    let useful = map.keys().any(|k| k != "id" && !k.contains('@'));
    if !useful {
        let found = if map.contains_key("id") { "an `id` alone" } else { "an empty object" };
        return Err(ChangeError::new(path, "something to change", found));
    }
    Ok(())
}

/// Whether a body stands on its own, so that it can be added even though its id is not known.
pub(super) fn is_whole(collection: &str, map: &Map<String, Value>) -> bool {
    whole(collection, map, "$").is_ok()
}

/// Checks that a new object has what Graph asks of one.
pub(super) fn whole(collection: &str, map: &Map<String, Value>, path: &str) -> Result<(), ChangeError> {
    let needed: &[&str] = match collection {
        c::POLICIES => &["state", "conditions", "conditions.users"],
        c::STRENGTHS => &["allowedCombinations"],
        _ => &[],
    };
    for place in needed {
        if find(map, place).is_none_or(Value::is_null) {
            let next = "what a new object needs (to change one that is there, give its `id`)";
            return Err(ChangeError::new(&format!("{path}.{place}"), next, "nothing"));
        }
    }
    if collection != c::POLICIES {
        return Ok(());
    }
    let one_of = |places: [&str; 2]| places.iter().any(|p| find(map, p).is_some_and(Value::is_object));
    if !one_of(["conditions.applications", "conditions.clientApplications"]) {
        return Err(ChangeError::new(
            &format!("{path}.conditions.applications"),
            "what the policy is for",
            "nothing",
        ));
    }
    if !one_of(["grantControls", "sessionControls"]) {
        return Err(ChangeError::new(
            &format!("{path}.grantControls"),
            "grant controls or session controls",
            "neither",
        ));
    }
    Ok(())
}

fn find<'a>(map: &'a Map<String, Value>, place: &str) -> Option<&'a Value> {
    let mut keys = place.split('.');
    let mut value = map.get(keys.next()?)?;
    for key in keys {
        value = value.get(key)?;
    }
    Some(value)
}

trait Words {
    fn map_words(&self) -> String;
}

impl Words for [&str] {
    fn map_words(&self) -> String {
        self.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
    }
}
