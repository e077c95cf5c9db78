//! What tells objects apart, and what an unreadable file may have held.

use crate::import::recognise;
use crate::snapshot::collections as c;
use serde_json::Value;

/// What an unreadable file may have held: the collection of its folder, else a policy, which is the worst it could be.
pub(super) fn affected(file: &str, known: Option<&str>) -> String {
    let collection = known.or_else(|| recognise::by_place(file)).unwrap_or(c::POLICIES);
    format!("{collection}/{file}")
}

pub(super) fn is_json_name(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("json"))
}

/// What tells two objects of a collection apart.
pub(super) fn object_id(collection: &str, object: &Value) -> Option<String> {
    let key = |keys: &[&str]| {
        let parts: Vec<&str> = keys.iter().filter_map(|k| text(object, k)).collect();
        (!parts.is_empty()).then(|| parts.join(" ").to_ascii_lowercase())
    };
    match collection {
        c::ROLE_ASSIGNMENTS => {
            key(&["assignmentType", "principalId", "roleDefinitionId", "directoryScopeId"])
        }
        c::AUTHENTICATION_METHODS | c::CAPABILITIES => key(&["userId"]),
        c::SUBSCRIBED_SKUS => key(&["skuId"]).or_else(|| key(&["id"])),
        c::SERVICE_PRINCIPALS => key(&["id"]).or_else(|| key(&["appId"])),
        c::METHODS_POLICY | c::SECURITY_DEFAULTS | c::ORGANIZATION => {
            key(&["id"]).or_else(|| Some("the only one".into()))
        }
        _ => key(&["id"]).filter(|id| !id.trim().is_empty()),
    }
}

pub(in crate::import) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
}

pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "a truth value".into(),
        Value::Number(_) => "a number".into(),
        Value::String(_) => "a text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// Whether two readings of a group differ only in what decides nothing (it was renamed between two exports).
pub(super) fn same_but_for_names(collection: &str, one: &Value, other: &Value) -> bool {
    let decides = [
        "members",
        "membershipRule",
        "groupTypes",
        "isAssignableToRole",
        "securityEnabled",
        "deletedDateTime",
    ];
    collection == c::GROUPS && decides.iter().all(|k| one.get(*k) == other.get(*k))
}
