//! What a policy is for: resources, user actions, authentication contexts (rules T-1 to T-17).

use super::{Attempt, Baseline, Holds, Scopes, Settings, filter, list, same, says_something};
use crate::state::{Directory, text};
use serde_json::Value;

/// Microsoft Graph.
pub(crate) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Windows Azure Active Directory.
pub(crate) const DIRECTORY: &str = "00000002-0000-0000-c000-000000000000";
/// Windows Azure Service Management API.
pub(crate) const MANAGEMENT: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
/// Azure portal, Entra and Intune admin centers.
pub(crate) const PORTAL: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";
const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
const SHAREPOINT: &str = "00000003-0000-0ff1-ce00-000000000000";

const READ: &[&str] = &[
    "includeApplications",
    "excludeApplications",
    "includeUserActions",
    "includeAuthenticationContextClassReferences",
    "applicationFilter",
];

/// Whether the target condition holds.
pub(super) fn holds(
    directory: &Directory,
    settings: &Settings,
    attempt: &Attempt,
    conditions: &Value,
) -> Holds {
    let Some(target) = conditions.get("applications") else { return Holds::No };
    let unread = target.as_object().is_some_and(|map| {
        map.iter().any(|(k, v)| !READ.contains(&k.as_str()) && !k.contains("@odata.") && says_something(v))
    });
    if unread {
        return Holds::Unknown;
    }
    let actions = Holds::any(
        list(target, "includeUserActions")
            .iter()
            .map(|a| attempt.user_action.as_deref().is_some_and(|mine| same(&action_name(a), mine)).into()),
    );
    let contexts = Holds::any(
        list(target, "includeAuthenticationContextClassReferences")
            .iter()
            .map(|c| attempt.contexts.iter().any(|mine| same(c, mine)).into()),
    );
    let resources = match &attempt.user_action {
        Some(action) => under_user_action(action, target),
        None => {
            Holds::any(attempt.resources.iter().map(|r| resource(directory, settings, attempt, target, r)))
        }
    };
    Holds::any([actions, contexts, resources])
}

/// What kind of target a policy has, as the What If API names it.
pub(super) fn name(conditions: &Value) -> &'static str {
    let has = |name: &str| conditions.get("applications").is_some_and(|t| !list(t, name).is_empty());
    if has("includeUserActions") {
        "userActions"
    } else if has("includeAuthenticationContextClassReferences") {
        "authenticationContext"
    } else {
        "application"
    }
}

/// Whether a policy is about user actions.
pub(super) fn has_user_action(conditions: &Value) -> bool {
    conditions.get("applications").is_some_and(|t| !list(t, "includeUserActions").is_empty())
}

/// The What If API and the policies spell user actions differently (T-10).
fn action_name(urn: &str) -> String {
    match urn {
        "urn:user:registersecurityinfo" => "registerSecurityInformation".into(),
        "urn:user:registerdevice" => "registerOrJoinDevices".into(),
        other => other.to_owned(),
    }
}

/// All-resources policies reach the registration of security info (T-11); of devices it is not documented (T-12).
fn under_user_action(action: &str, target: &Value) -> Holds {
    let all = list(target, "includeApplications").iter().any(|a| same(a, "All"));
    match action {
        "registerSecurityInformation" => all.into(),
        _ if all => Holds::Unknown,
        _ => Holds::No,
    }
}

fn resource(
    directory: &Directory,
    settings: &Settings,
    attempt: &Attempt,
    target: &Value,
    resource: &str,
) -> Holds {
    let included = list(target, "includeApplications");
    let excluded = list(target, "excludeApplications");
    let names_all = included.iter().any(|a| same(a, "All"));
    if names_all && !excluded.is_empty() && attempt.scopes != Scopes::Other {
        return baseline(settings, attempt, &excluded);
    }
    let (mut inside, mut outside) = (
        Holds::any(included.iter().map(|a| covers(a, resource))),
        Holds::any(excluded.iter().map(|a| covers(a, resource))),
    );
    if let Some(filter) = target.get("applicationFilter").filter(|f| says_something(f)) {
        let matches = app_filter(directory, resource, text(filter, "rule").unwrap_or_default());
        match text(filter, "mode") {
            Some("include") => inside = inside.or(matches),
            Some("exclude") => outside = outside.or(matches),
            _ => return Holds::Unknown,
        }
    }
    inside.and(outside.not())
}

/// T-15.
fn baseline(settings: &Settings, attempt: &Attempt, excluded: &[&str]) -> Holds {
    let has = |id: &str| excluded.iter().any(|e| same(e, id));
    if attempt.confidential
        && attempt.scopes == Scopes::OidcOnly
        && attempt.client.as_deref().is_some_and(has)
    {
        return Holds::No;
    }
    match &settings.baseline {
        Baseline::Enforced => (!has(DIRECTORY)).into(),
        Baseline::Placeholder(app) => (!has(app)).into(),
        Baseline::Disabled => Holds::No,
        Baseline::Unknown => Holds::Unknown,
    }
}

/// Whether an entry of a policy's list covers a resource. Groups of applications are known in part only (T-3, T-4).
fn covers(entry: &str, resource: &str) -> Holds {
    let known =
        [GRAPH, DIRECTORY, MANAGEMENT, PORTAL, EXCHANGE, SHAREPOINT].iter().any(|k| same(k, resource));
    let group = |members: &[&str]| {
        if members.iter().any(|m| same(m, resource)) {
            Holds::Yes
        } else if known {
            Holds::No
        } else {
            Holds::Unknown
        }
    };
    match entry.to_ascii_lowercase().as_str() {
        "all" => Holds::Yes,
        "none" | "allagentidresources" => Holds::No,
        "office365" => group(&[EXCHANGE, SHAREPOINT]),
        "microsoftadminportals" => group(&[PORTAL]),
        // T-5: the management API as a target covers the portal too.
        MANAGEMENT => (same(resource, MANAGEMENT) || same(resource, PORTAL)).into(),
        // T-6: Graph cannot be assigned or excluded; an id that stands there all the same does nothing.
        GRAPH => Holds::No,
        _ => same(entry, resource).into(),
    }
}

/// T-8: a rule over custom security attributes of the resource's service principal.
fn app_filter(directory: &Directory, resource: &str, rule: &str) -> Holds {
    let Some(principal) = directory.service_principals.find("appId", resource) else { return Holds::Unknown };
    let attributes = principal.get("customSecurityAttributes");
    filter::holds(rule, &|property| {
        let Some((set, name)) =
            property.strip_prefix("customsecurityattribute.").and_then(|path| path.split_once('_'))
        else {
            return filter::Found::Unknown;
        };
        let Some(Value::Object(sets)) = attributes else { return filter::Found::Unknown };
        let inside = sets.iter().find(|(k, _)| same(k, set)).and_then(|(_, v)| v.as_object());
        let value = inside.and_then(|m| m.iter().find(|(k, _)| same(k, name)).map(|(_, v)| v));
        filter::Found::of(value)
    })
}
