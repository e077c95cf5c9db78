//! Making an exported object look as Graph v1.0 gives it: camel case, no OData noise, dates as text, lists as lists.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Properties of policies, locations and strengths that are lists. PowerShell writes a list of one as its only item.
const LISTS: &[&str] = &[
    "includeUsers",
    "excludeUsers",
    "includeGroups",
    "excludeGroups",
    "includeRoles",
    "excludeRoles",
    "includeApplications",
    "excludeApplications",
    "includeUserActions",
    "includeAuthenticationContextClassReferences",
    "clientAppTypes",
    "userRiskLevels",
    "signInRiskLevels",
    "servicePrincipalRiskLevels",
    "includePlatforms",
    "excludePlatforms",
    "includeLocations",
    "excludeLocations",
    "includeServicePrincipals",
    "excludeServicePrincipals",
    "builtInControls",
    "termsOfUse",
    "customAuthenticationFactors",
    "allowedCombinations",
    "combinationConfigurations",
    "countriesAndRegions",
    "ipRanges",
    "aaGuids",
];

/// What was met on the way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    /// Paths whose value the exporter cut off (`ConvertTo-Json` without enough `-Depth`).
    pub(super) cut: Vec<String>,
    /// Lists of which only the first page is there: their property names with path.
    pub(super) paged: Vec<String>,
}

/// Whether an object is written as PowerShell prints Graph objects.
pub(super) fn is_pascal(object: &Map<String, Value>) -> bool {
    let mut keys = object.keys().filter(|k| !k.contains('@') && !k.starts_with('#')).peekable();
    keys.peek().is_some() && keys.all(|k| k.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// The object as Graph v1.0 would give it. Nothing is judged here: nulls and unknown members stay as they are.
pub(super) fn object(value: Value, path: &str, met: &mut Met) -> Value {
    let pascal = value.as_object().is_some_and(is_pascal);
    walk(value, pascal, path, true, met)
}

fn walk(value: Value, pascal: bool, path: &str, top: bool, met: &mut Met) -> Value {
    match value {
        Value::Object(map) => Value::Object(walk_map(map, pascal, path, top, met)),
        Value::Array(items) => {
            let walk_item = |(i, item)| walk(item, pascal, &format!("{path}[{i}]"), false, met);
            Value::Array(items.into_iter().enumerate().map(walk_item).collect())
        }
        Value::String(text) => {
            if is_cut(&text) {
                met.cut.push(path.to_owned());
            }
            Value::String(date(&text).unwrap_or(text))
        }
        other => other,
    }
}

fn walk_map(
    mut map: Map<String, Value>,
    pascal: bool,
    path: &str,
    top: bool,
    met: &mut Met,
) -> Map<String, Value> {
    let mut clean = Map::new();
    // The PowerShell SDK puts the properties of derived types (named locations) into a bag of its own.
    if pascal && let Some(Value::Object(bag)) = map.remove("AdditionalProperties") {
        clean.extend(walk_map(bag, false, &format!("{path}.AdditionalProperties"), top, met));
    }
    for (key, value) in map {
        let here = format!("{path}.{key}");
        if let Some(list) = key.strip_suffix("@odata.nextLink") {
            if !value.is_null() && !list.is_empty() {
                met.paged.push(format!("{path}.{list}"));
            }
            continue;
        }
        if key.starts_with('#') || (key.contains("@odata.") && !keep_type(&key, &value, top)) {
            continue;
        }
        let key = if pascal { camel(&key) } else { key };
        let mut value = walk(value, pascal, &here, false, met);
        if pascal
            && LISTS.contains(&key.as_str())
            && (value.is_string() || value.as_object().is_some_and(|o| !o.is_empty()))
        {
            value = Value::Array(vec![value]);
        }
        clean.insert(key, value);
    }
    clean
}

/// The type of an object is kept where it tells derived types apart: at the top, in lists, and for external tenants.
fn keep_type(key: &str, value: &Value, top: bool) -> bool {
    const PLAIN: &str = "#microsoft.graph.conditionalAccess";
    key == "@odata.type"
        && value.as_str().is_some_and(|t| top || !t.starts_with(PLAIN) || t.ends_with("ExternalTenants"))
}

fn camel(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// `/Date(1769788627239)/`, milliseconds since 1970, as PowerShell 5 writes dates.
fn date(text: &str) -> Option<String> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let offset = inner.get(1..)?.find(['+', '-']).map_or(inner.len(), |at| at + 1);
    let millis: i64 = inner.get(..offset)?.parse().ok()?;
    Timestamp::from_millisecond(millis).ok().map(|t| t.to_string())
}

/// What `ConvertTo-Json` leaves of an object that was deeper than its `-Depth`.
fn is_cut(text: &str) -> bool {
    text.starts_with("@{") || text.starts_with("System.") || text.starts_with("Microsoft.Graph.PowerShell")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn powershell_becomes_graph() {
        let mut met = Met::default();
        let raw = json!({
            "Id": "L", "DisplayName": "HQ", "CreatedDateTime": "/Date(1769788627239)/",
            "AdditionalProperties": {"@odata.type": "#microsoft.graph.countryNamedLocation", "countriesAndRegions": ["BE"]},
            "Conditions": {"Users": {"IncludeUsers": "All", "ExcludeGroups": null}, "Times": "System.Object[]"},
        });
        assert_eq!(
            object(raw, "$", &mut met),
            json!({
                "id": "L", "displayName": "HQ", "createdDateTime": "2026-01-30T15:57:07.239Z",
                "@odata.type": "#microsoft.graph.countryNamedLocation", "countriesAndRegions": ["BE"],
                "conditions": {"users": {"includeUsers": ["All"], "excludeGroups": null}, "times": "System.Object[]"},
            })
        );
        assert_eq!(met.cut, ["$.Conditions.Times"]);
    }

    #[test]
    fn noise_goes_and_types_that_matter_stay() {
        let mut met = Met::default();
        let raw = json!({
            "@odata.context": "x", "@odata.type": "#microsoft.graph.conditionalAccessPolicy", "#microsoft.graph.restore": {},
            "state@odata.type": "#x", "members@odata.nextLink": "https://more",
            "conditions": {
                "@odata.type": "#microsoft.graph.conditionalAccessConditionSet",
                "tenants": {"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants"},
                "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange"}],
            },
        });
        assert_eq!(
            object(raw, "$", &mut met),
            json!({
                "@odata.type": "#microsoft.graph.conditionalAccessPolicy",
                "conditions": {
                    "tenants": {"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants"},
                    "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange"}],
                },
            })
        );
        assert_eq!(met.paged, ["$.members"]);
    }

    #[test]
    fn dates() {
        for (text, expected) in [
            ("/Date(0)/", Some("1970-01-01T00:00:00Z")),
            ("/Date(-1000+0200)/", Some("1969-12-31T23:59:59Z")),
            ("/Date()/", None),
            ("/Date(9223372036854775807)/", None),
            ("2026-01-01", None),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }
}
