//! A proposed change, carried out on a snapshot instead of the tenant, so that it can be judged before it is applied.
//!
//! What is taken: the body of a policy as Graph's `POST` takes it, or with `id` as its `PATCH` takes it; named locations
//! and authentication strengths likewise; the operations of `breakglass-ca-case/1`; a list of any of these, or Graph's
//! `{"value": [...]}`. A `PATCH` is merged as Graph does it: members that are left out stay, objects are merged member by
//! member, lists and references are replaced whole, `null` empties.

mod merge;
mod shape;

use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Map, Value, json};

/// Why a change cannot be judged: the place in the change, what should be there and what is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at `{path}`: expected {expected}, found {found}")]
pub struct ChangeError {
    /// Where in the change, `$` being all of it.
    pub path: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl ChangeError {
    fn new(path: &str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { path: path.into(), expected: expected.into(), found: found.into() }
    }

    fn wrong(path: &str, expected: &str, found: Option<&Value>) -> Self {
        Self::new(path, expected, brief(found))
    }
}

/// What stands there, short enough for an error.
fn brief(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(Value::Object(map)) => match map.keys().take(3).map(|k| format!("`{k}`")).collect::<Vec<_>>() {
            keys if keys.is_empty() => "an empty object".into(),
            keys => format!("an object with {}", keys.join(", ")),
        },
        Some(Value::Array(items)) => format!("a list of {}", items.len()),
        Some(other) => format!("`{}`", other.to_string().chars().take(60).collect::<String>()),
    }
}

/// The snapshot as it would be after the change, sealed.
///
/// # Errors
/// The first place in the change that cannot be understood or that names something which is not there. Nothing is
/// guessed: a change that cannot be judged whole is not judged at all.
pub fn apply_change(snapshot: &Snapshot, change: &Value) -> Result<Snapshot, ChangeError> {
    let mut next = snapshot.clone();
    let mut added = 0;
    apply_at(&mut next, change, "$", &mut added)?;
    Ok(next.seal())
}

fn apply_at(next: &mut Snapshot, change: &Value, path: &str, added: &mut usize) -> Result<(), ChangeError> {
    match change {
        Value::Array(changes) => {
            for (i, change) in changes.iter().enumerate() {
                apply_at(next, change, &format!("{path}[{i}]"), added)?;
            }
            Ok(())
        }
        Value::Object(map) => match map.get("value") {
            Some(list @ Value::Array(_)) => apply_at(next, list, &format!("{path}.value"), added),
            _ if map.contains_key("op") => operation(next, map, path, added),
            _ => object(next, map, path, added),
        },
        other => Err(ChangeError::wrong(
            path,
            "a policy body as Graph takes it, a fragment with `id`, or a list of these",
            Some(other),
        )),
    }
}

/// One operation in the form of `breakglass-ca-case/1`.
fn operation(
    next: &mut Snapshot,
    map: &Map<String, Value>,
    path: &str,
    added: &mut usize,
) -> Result<(), ChangeError> {
    let at = |key: &str| format!("{path}.{key}");
    let policy = map.get("policy");
    let body = || {
        let body =
            [policy, map.get("body"), map.get("value")].into_iter().flatten().find_map(Value::as_object);
        body.ok_or_else(|| ChangeError::wrong(&at("policy"), "the policy", policy))
    };
    let id = || {
        let id = policy.and_then(|p| p.as_str().or_else(|| p.get("id").and_then(Value::as_str)));
        id.or_else(|| map.get("id").and_then(Value::as_str))
            .ok_or_else(|| ChangeError::wrong(&at("policy"), "the id of a policy", policy))
    };
    match map.get("op").and_then(Value::as_str).unwrap_or_default() {
        "set-state" => {
            let mut fragment = Map::new();
            fragment.insert("id".into(), json!(id()?));
            fragment.insert("state".into(), map.get("state").cloned().unwrap_or_default());
            object(next, &fragment, path, added)
        }
        "add" | "create" => put(next, c::POLICIES, body()?.clone(), &at("policy"), added),
        "replace" => {
            let mut whole = body()?.clone();
            whole.entry("id").or_insert(json!(id()?));
            remove(
                next,
                c::POLICIES,
                whole.get("id").and_then(Value::as_str).unwrap_or_default(),
                &at("policy"),
            )?;
            put(next, c::POLICIES, whole, &at("policy"), added)
        }
        "remove" | "delete" => remove(next, c::POLICIES, id()?, &at("policy")),
        other => Err(ChangeError::new(
            &at("op"),
            "`set-state`, `add`, `replace` or `remove`",
            format!("`{other}`"),
        )),
    }
}

/// A body or a fragment.
fn object(
    next: &mut Snapshot,
    map: &Map<String, Value>,
    path: &str,
    added: &mut usize,
) -> Result<(), ChangeError> {
    let collection = collection_of(next, map);
    let id = match map.get("id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.as_str()),
        Some(other) => {
            return Err(ChangeError::wrong(&format!("{path}.id"), "the id of a policy", Some(other)));
        }
    };
    if let Some(id) = id.filter(|_| map.contains_key("@removed")) {
        return remove(next, collection, id, path);
    }
    shape::check(collection, map, path)?;
    let known = id.and_then(|id| position(next, collection, id));
    match (id, known) {
        (_, Some(at)) => {
            let rows = next.collections.entry(collection.into()).or_default();
            if let Some(row) = rows.get_mut(at) {
                // Its id is the one it has, however the change spells it.
                let mut fragment = map.clone();
                fragment.remove("id");
                merge::patch(row, &Value::Object(fragment));
            }
            Ok(())
        }
        (Some(id), None) if !shape::is_whole(collection, map) => Err(ChangeError::new(
            &format!("{path}.id"),
            "the id of an object in the snapshot (a fragment changes what is there)",
            format!("`{id}`, which is not there"),
        )),
        _ => put(next, collection, map.clone(), path, added),
    }
}

/// Adds a new object. One without an id gets one of ours, so that evidence can name it.
fn put(
    next: &mut Snapshot,
    collection: &str,
    mut body: Map<String, Value>,
    path: &str,
    added: &mut usize,
) -> Result<(), ChangeError> {
    shape::check(collection, &body, path)?;
    shape::whole(collection, &body, path)?;
    if body.get("id").is_none_or(Value::is_null) {
        *added += 1;
        body.insert("id".into(), json!(format!("proposed:{added}")));
    }
    let mut value = Value::Object(Map::new());
    merge::patch(&mut value, &Value::Object(body));
    next.collections.entry(collection.into()).or_default().push(value);
    Ok(())
}

fn remove(next: &mut Snapshot, collection: &str, id: &str, path: &str) -> Result<(), ChangeError> {
    let Some(at) = position(next, collection, id) else {
        let expected = format!("the id of an object in `{collection}`");
        return Err(ChangeError::new(path, expected, format!("`{id}`, which is not there")));
    };
    if let Some(rows) = next.collections.get_mut(collection) {
        rows.remove(at);
    }
    Ok(())
}

fn position(snapshot: &Snapshot, collection: &str, id: &str) -> Option<usize> {
    let same = |row: &Value| {
        row.get("id").and_then(Value::as_str).is_some_and(|x| x.trim().eq_ignore_ascii_case(id.trim()))
    };
    snapshot.get(collection)?.iter().position(same)
}

/// Which collection an object belongs to: what it says itself, what it looks like, where its id is known.
fn collection_of(snapshot: &Snapshot, map: &Map<String, Value>) -> &'static str {
    let kind = map.get("@odata.type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let has = |keys: &[&str]| keys.iter().any(|k| map.contains_key(*k));
    if kind.ends_with("namedlocation") || has(&["ipRanges", "countriesAndRegions"]) {
        return c::NAMED_LOCATIONS;
    }
    if kind.ends_with("authenticationstrengthpolicy") || has(&["allowedCombinations"]) {
        return c::STRENGTHS;
    }
    let id = map.get("id").and_then(Value::as_str).unwrap_or_default();
    let elsewhere =
        [c::NAMED_LOCATIONS, c::STRENGTHS].into_iter().find(|c| position(snapshot, c, id).is_some());
    let looks_like_policy = has(&["conditions", "grantControls", "sessionControls"]);
    elsewhere.filter(|_| !looks_like_policy).unwrap_or(c::POLICIES)
}
