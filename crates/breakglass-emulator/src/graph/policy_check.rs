//! What Entra refuses in a Conditional Access policy.

use super::answer::Refusal;
use super::policy_shape::count;
use super::schema::is_guid;
use crate::state::{State, text};
use serde_json::Value;

/// Checks a whole policy. `before` is what it was: references that it had already may point to what has been deleted since.
///
/// # Errors
/// 400 with the first thing that is wrong.
pub(super) fn check(state: &State, policy: &Value, before: Option<&Value>) -> Result<(), Refusal> {
    if text(policy, "displayName").is_none_or(|name| name.trim().is_empty() || name.chars().count() > 256) {
        return Err(invalid("displayName is required and has at most 256 characters."));
    }
    if text(policy, "state") == Some("enabled")
        && state.directory.security_defaults.get("isEnabled") == Some(&Value::Bool(true))
    {
        return Err(invalid(
            "Security Defaults is enabled in the tenant. You must disable Security defaults before enabling a Conditional Access policy.",
        ));
    }
    users(state, policy, before)?;
    applications(policy)?;
    locations(state, policy, before)?;
    conditions(policy)?;
    grant(state, policy)?;
    session(policy)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::bad(message)
}

fn list<'a>(policy: &'a Value, pointer: &str) -> Vec<&'a str> {
    let items = policy.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The values of a list that were not there before.
fn new_values<'a>(policy: &'a Value, before: Option<&Value>, pointer: &str) -> Vec<&'a str> {
    let old = before.map(|b| list(b, pointer)).unwrap_or_default();
    let known = |v: &&str| old.iter().any(|o| o.eq_ignore_ascii_case(v));
    list(policy, pointer).into_iter().filter(|v| !known(v)).collect()
}

fn users(state: &State, policy: &Value, before: Option<&Value>) -> Result<(), Refusal> {
    let at = |name: &str| format!("/conditions/users/{name}");
    let directory = &state.directory;
    let there = |id: &str| is_guid(id) && state.replicated(id);
    for name in ["includeUsers", "excludeUsers"] {
        for value in new_values(policy, before, &at(name)) {
            let word = match value {
                "All" => name == "includeUsers",
                "None" => name == "includeUsers" && list(policy, &at(name)).len() == 1,
                "GuestsOrExternalUsers" => true,
                id => there(id) && directory.users.contains(id),
            };
            if !word {
                return Err(invalid(format!("Policy contains invalid users: '{value}' in {name}.")));
            }
        }
    }
    for name in ["includeGroups", "excludeGroups"] {
        for value in new_values(policy, before, &at(name)) {
            if !(there(value) && directory.groups.contains(value)) {
                return Err(invalid(format!("Policy contains invalid groups: '{value}' in {name}.")));
            }
        }
    }
    for name in ["includeRoles", "excludeRoles"] {
        for value in new_values(policy, before, &at(name)) {
            if !directory.role_definitions.contains(value) {
                return Err(invalid(format!("Policy contains invalid roles: '{value}' in {name}.")));
            }
        }
    }
    let included = ["includeUsers", "includeGroups", "includeRoles"];
    let any = included.iter().any(|name| !list(policy, &at(name)).is_empty())
        || policy.pointer(&at("includeGuestsOrExternalUsers")).is_some_and(Value::is_object)
        || policy.pointer("/conditions/clientApplications").is_some_and(Value::is_object);
    if any {
        return Ok(());
    }
    Err(invalid("A policy must include users, groups, roles or workload identities."))
}

fn applications(policy: &Value) -> Result<(), Refusal> {
    const GROUPS: [&str; 4] = ["All", "None", "Office365", "MicrosoftAdminPortals"];
    let at = |name: &str| format!("/conditions/applications/{name}");
    for name in ["includeApplications", "excludeApplications"] {
        for value in list(policy, &at(name)) {
            let named = GROUPS.contains(&value)
                && (name == "includeApplications" || !matches!(value, "All" | "None"));
            if !named && !is_guid(value) {
                return Err(invalid(format!("Policy contains invalid applications: '{value}' in {name}.")));
            }
        }
    }
    let actions = list(policy, &at("includeUserActions"));
    for action in &actions {
        if !matches!(*action, "urn:user:registersecurityinfo" | "urn:user:registerdevice") {
            return Err(invalid(format!("Policy contains an invalid user action: '{action}'.")));
        }
    }
    let contexts = list(policy, &at("includeAuthenticationContextClassReferences"));
    // A filter may stand beside applications.
    let named = !list(policy, &at("includeApplications")).is_empty()
        || policy.pointer(&at("applicationFilter")).is_some_and(Value::is_object);
    match [named, !actions.is_empty(), !contexts.is_empty()].iter().filter(|k| **k).count() {
        0 => Err(invalid("A policy must include applications, user actions or authentication contexts.")),
        1 => Ok(()),
        _ => Err(invalid(
            "Applications, user actions and authentication contexts cannot be combined in one policy.",
        )),
    }
}

fn locations(state: &State, policy: &Value, before: Option<&Value>) -> Result<(), Refusal> {
    // The trusted addresses of the old per-user multifactor authentication service.
    const MFA_TRUSTED: &str = "00000000-0000-0000-0000-000000000000";
    for name in ["includeLocations", "excludeLocations"] {
        let pointer = format!("/conditions/locations/{name}");
        for value in new_values(policy, before, &pointer) {
            let fine = match value {
                "All" => name == "includeLocations",
                "AllTrusted" | MFA_TRUSTED => true,
                id => state.directory.named_locations.contains(id),
            };
            if !fine {
                return Err(invalid(format!("Policy contains invalid locations: '{value}' in {name}.")));
            }
        }
    }
    let included = !list(policy, "/conditions/locations/includeLocations").is_empty();
    if policy.pointer("/conditions/locations").is_some_and(Value::is_object) && !included {
        return Err(invalid("A location condition must include locations."));
    }
    Ok(())
}

fn conditions(policy: &Value) -> Result<(), Refusal> {
    let included = !list(policy, "/conditions/platforms/includePlatforms").is_empty();
    if policy.pointer("/conditions/platforms").is_some_and(Value::is_object) && !included {
        return Err(invalid("A platform condition must include platforms."));
    }
    let types = list(policy, "/conditions/clientAppTypes");
    if types.contains(&"all") && types.len() > 1 {
        return Err(invalid("The client app type 'all' cannot be combined with others."));
    }
    for pointer in ["/conditions/signInRiskLevels", "/conditions/userRiskLevels"] {
        if let Some(level) = list(policy, pointer).into_iter().find(|l| *l == "hidden") {
            return Err(invalid(format!("The risk level '{level}' cannot be used in a policy.")));
        }
    }
    if let Some(filter) = policy.pointer("/conditions/devices/deviceFilter").filter(|f| f.is_object())
        && !text(filter, "rule").is_some_and(|rule| rule.contains("device.") && rule.chars().count() <= 3072)
    {
        return Err(invalid(
            "The rule of a device filter must use properties of 'device' and have at most 3072 characters.",
        ));
    }
    Ok(())
}

fn grant(state: &State, policy: &Value) -> Result<(), Refusal> {
    let has_session = policy.get("sessionControls").is_some_and(Value::is_object);
    let Some(grant) = policy.get("grantControls").filter(|g| g.is_object()) else {
        return if has_session {
            Ok(())
        } else {
            Err(invalid("A policy must have grant or session controls."))
        };
    };
    if !matches!(text(grant, "operator"), Some("AND" | "OR")) {
        return Err(invalid("The operator of grant controls must be 'AND' or 'OR'."));
    }
    let controls = list(policy, "/grantControls/builtInControls");
    if controls.contains(&"block") && count(grant) > 1 {
        return Err(invalid("The control 'block' cannot be combined with other controls."));
    }
    if controls.contains(&"passwordChange") {
        let fine = controls.contains(&"mfa")
            && text(grant, "operator") == Some("AND")
            && !list(policy, "/conditions/userRiskLevels").is_empty();
        if !fine {
            return Err(invalid(
                "The control 'passwordChange' needs 'mfa', the operator 'AND' and a user risk condition.",
            ));
        }
    }
    let strength = grant.get("authenticationStrength").filter(|s| s.is_object());
    let Some(strength) = strength else { return Ok(()) };
    if controls.contains(&"mfa") {
        return Err(invalid("An authentication strength cannot be combined with the control 'mfa'."));
    }
    let id = text(strength, "id").unwrap_or_default();
    if state.directory.authentication_strengths.contains(id) {
        return Ok(());
    }
    Err(invalid(format!("The authentication strength policy '{id}' does not exist.")))
}

fn session(policy: &Value) -> Result<(), Refusal> {
    let control = |name: &str| policy.pointer(&format!("/sessionControls/{name}")).filter(|c| c.is_object());
    if let Some(frequency) = control("signInFrequency") {
        let every_time = text(frequency, "frequencyInterval") == Some("everyTime");
        let value = frequency.get("value").and_then(Value::as_i64);
        let timed = value.is_some_and(|v| v > 0) && text(frequency, "type").is_some();
        if every_time == timed || (every_time && value.is_some()) {
            return Err(invalid(
                "A sign-in frequency has either a value and type, or the interval 'everyTime'.",
            ));
        }
    }
    if let Some(browser) = control("persistentBrowser")
        && (text(browser, "mode").is_none()
            || !list(policy, "/conditions/applications/includeApplications").contains(&"All"))
    {
        return Err(invalid(
            "A persistent browser session control needs a mode and works with all applications only.",
        ));
    }
    Ok(())
}
