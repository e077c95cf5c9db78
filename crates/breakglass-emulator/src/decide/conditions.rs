//! The smaller conditions: client, platform, risk, flow, device.

use super::{Attempt, Device, Holds, filter, list, same, says_something};
use serde_json::Value;

const READ: &[&str] = &[
    "users",
    "applications",
    "clientApplications",
    "clientAppTypes",
    "platforms",
    "locations",
    "signInRiskLevels",
    "userRiskLevels",
    "insiderRiskLevels",
    "authenticationFlows",
    "devices",
];

/// C-1.
pub(super) fn client_app(attempt: &Attempt, conditions: &Value) -> Holds {
    let types = list(conditions, "clientAppTypes");
    if types.is_empty() || types.iter().any(|t| same(t, "all")) {
        return Holds::Yes;
    }
    let Some(mine) = &attempt.client_app else { return Holds::Unknown };
    Holds::any(types.iter().map(|t| match *t {
        // Part of Exchange ActiveSync: which part, the request does not say.
        "easSupported" if same(mine, "exchangeActiveSync") => Holds::Unknown,
        other => same(other, mine).into(),
    }))
}

/// C-3: a platform that Entra does not know is in `all` and in no other.
pub(super) fn platform(attempt: &Attempt, conditions: &Value) -> Holds {
    let Some(platforms) = conditions.get("platforms").filter(|p| says_something(p)) else {
        return Holds::Yes;
    };
    let side = |name: &str| {
        Holds::any(list(platforms, name).iter().map(|p| match (&attempt.platform, *p) {
            (_, p) if same(p, "all") => Holds::Yes,
            (Some(mine), p) => same(mine, p).into(),
            (None, _) => Holds::Unknown,
        }))
    };
    side("includePlatforms").and(side("excludePlatforms").not())
}

/// C-10, C-11: levels are a set, not a threshold; some come as a list and some as a flags string.
pub(super) fn risk(conditions: &Value, property: &str, level: Option<&str>) -> Holds {
    let levels: Vec<&str> = match conditions.get(property) {
        Some(Value::Array(_)) => list(conditions, property),
        Some(Value::String(flags)) => flags.split(',').map(str::trim).collect(),
        _ => Vec::new(),
    };
    match level {
        _ if levels.is_empty() => Holds::Yes,
        None => Holds::Unknown,
        Some(mine) => Holds::any(
            levels
                .iter()
                .map(|l| if same(l, "unknownFutureValue") { Holds::Unknown } else { same(l, mine).into() }),
        ),
    }
}

/// C-12: the flow of this request, or of the one that began the session.
pub(super) fn flow(attempt: &Attempt, conditions: &Value) -> Holds {
    let Some(flows) = conditions.get("authenticationFlows").filter(|f| says_something(f)) else {
        return Holds::Yes;
    };
    let Some(methods) = flows.get("transferMethods").and_then(Value::as_str) else { return Holds::Unknown };
    Holds::any(methods.split(',').map(str::trim).flat_map(|method| {
        [&attempt.flow, &attempt.tracked]
            .map(|fact| fact.as_ref().map_or(Holds::Unknown, |f| same(f, method).into()))
    }))
}

/// C-13 and section 1.6.
pub(super) fn device(attempt: &Attempt, conditions: &Value) -> Holds {
    let Some(devices) = conditions.get("devices").filter(|d| says_something(d)) else { return Holds::Yes };
    let filter = devices.get("deviceFilter").filter(|f| says_something(f));
    let other = devices.as_object().is_some_and(|map| {
        map.iter().any(|(k, v)| k != "deviceFilter" && !k.contains("@odata.") && says_something(v))
    });
    let (Some(filter), false) = (filter, other) else { return Holds::Unknown };
    // F-9: with a device code, the state of the device is not to be had.
    if attempt.flow.as_deref().is_some_and(|f| same(f, "deviceCodeFlow")) {
        return Holds::Unknown;
    }
    let rule = filter.get("rule").and_then(Value::as_str).unwrap_or_default();
    let matches = filter::holds(rule, &|property| device_property(&attempt.device, property));
    match filter.get("mode").and_then(Value::as_str) {
        Some("include") => matches,
        Some("exclude") => matches.not(),
        _ => Holds::Unknown,
    }
}

fn device_property(device: &Device, property: &str) -> filter::Found {
    let Some(name) = property.strip_prefix("device.") else { return filter::Found::Unknown };
    let properties = match device {
        Device::Unregistered => return filter::Found::Nothing,
        Device::Unknown => return filter::Found::Unknown,
        Device::Registered(properties) => properties,
    };
    let named = |wanted: &str| {
        properties.as_object().and_then(|map| map.iter().find(|(k, _)| same(k, wanted)).map(|(_, v)| v))
    };
    let wanted = if name == "deviceownership" { "ownership" } else { name };
    if name.starts_with("extensionattribute") {
        // F-3: only on managed, compliant or hybrid joined devices.
        let compliant = named("isCompliant") == Some(&Value::Bool(true));
        let managed =
            named("mdmAppId").is_some_and(says_something) || named("isManaged") == Some(&Value::Bool(true));
        let hybrid = named("trustType").and_then(Value::as_str).is_some_and(|t| same(t, "ServerAD"));
        if !(compliant || managed || hybrid) {
            return filter::Found::Withheld;
        }
    }
    match named(wanted) {
        // F-10: newer requests write the new product name.
        Some(Value::String(t)) if name == "trusttype" && same(t, "EntraID") => {
            filter::Found::Text("AzureAD".into())
        }
        value => filter::Found::of(value),
    }
}

/// ST-6: a condition that this program does not know.
pub(super) fn unread(conditions: &Value) -> Holds {
    let Value::Object(map) = conditions else { return Holds::Unknown };
    let unknown =
        map.iter().any(|(k, v)| !READ.contains(&k.as_str()) && !k.contains("@odata.") && says_something(v));
    if unknown { Holds::Unknown } else { Holds::Yes }
}
