//! Reading a record without trusting its shape: keys in any case, objects and lists that hide as JSON in a text, and the
//! path of what is wrong.

use super::RecordProblem;
use super::time::time;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// An object inside a record, and the path that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    map: Cow<'a, Map<String, Value>>,
    path: String,
}

impl<'a> Fields<'a> {
    /// The object at `path`; a text that holds an object is opened. `None` for anything else.
    pub(super) fn of(value: &'a Value, path: &str) -> Option<Self> {
        let map = match value {
            Value::Object(map) => Cow::Borrowed(map),
            Value::String(text) => match open(text) {
                Some(Value::Object(map)) => Cow::Owned(map),
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { map, path: path.to_owned() })
    }

    /// Path of a property.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The first property of these names that is there and not null: names as written first, then in any case.
    pub(super) fn get(&self, names: &[&str]) -> Option<(&str, &Value)> {
        names
            .iter()
            .find_map(|n| self.map.get_key_value(*n).filter(|(_, v)| !v.is_null()))
            .or_else(|| {
                names
                    .iter()
                    .find_map(|n| self.map.iter().find(|(k, v)| !v.is_null() && k.eq_ignore_ascii_case(n)))
            })
            .map(|(k, v)| (k.as_str(), v))
    }

    /// Whether one of these is there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.get(names).is_some()
    }

    /// A text that says something. Numbers become text; `{value, localizedValue}` is its value.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        plain(self.get(names)?.1)
    }

    /// An object, also one in a text: the first of these names that is one (`Location` of a row is a country's code).
    pub(super) fn object(&self, names: &[&str]) -> Option<Fields<'_>> {
        names.iter().find_map(|name| {
            let (name, value) = self.get(&[name])?;
            Fields::of(value, &self.path(name))
        })
    }

    /// A list, also one in a text; empty when there is none.
    pub(super) fn list(&self, names: &[&str]) -> Vec<Value> {
        match self.get(names) {
            Some((_, Value::Array(items))) => items.clone(),
            Some((_, Value::String(text))) => match open(text) {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// A yes or no, also in words.
    pub(super) fn flag(&self, names: &[&str]) -> Option<bool> {
        match self.get(names)?.1 {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A time; an error when there is something under that name that is none.
    pub(super) fn time(&self, names: &[&str]) -> Result<Option<Timestamp>, RecordProblem> {
        let Some((name, value)) = self.get(names) else { return Ok(None) };
        let wrong = |found: &str| {
            RecordProblem::new(
                self.path(name),
                format!("is not a time: `{found}`; expected RFC 3339 or `2025-01-15 08:45:30.123` (UTC)"),
            )
        };
        match value {
            Value::String(text) => time(text).map(Some).ok_or_else(|| wrong(text)),
            other => Err(wrong(&other.to_string())),
        }
    }
}

/// A text, a number or `{value}` as text, when it says something.
pub(super) fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(map) => map.get("value").and_then(Value::as_str)?.trim().to_owned(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A text that is a JSON object or list, opened.
pub(super) fn open(text: &str) -> Option<Value> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Opens JSON in texts, three layers deep: Core Directory writes a list with one text that is an object.
pub(super) fn open_deep(value: &Value, depth: u8) -> Value {
    if depth == 0 {
        return value.clone();
    }
    match value {
        Value::String(text) => {
            let text = text.trim();
            match open(text) {
                Some(inner) => open_deep(&inner, depth - 1),
                // A quoted text inside a text: "\"abc\"".
                None if text.starts_with('"') => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
                None => value.clone(),
            }
        }
        Value::Array(items) => match items.as_slice() {
            [one @ Value::String(text)] if open(text).is_some() => open_deep(one, depth - 1),
            _ => Value::Array(items.iter().map(|i| open_deep(i, depth - 1)).collect()),
        },
        other => other.clone(),
    }
}

/// Names of properties whose values are never kept.
const SECRET: &[&str] =
    &["password", "secret", "privatekey", "sharedkey", "accountkey", "connectionstring", "sas", "token"];

/// Whether a property's value could be a secret, by its name. Better one fact too few than a secret too many.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = || name.split(|c: char| !c.is_ascii_alphanumeric());
    // `PasswordPolicies` and `PasswordProfile.ForceChange...` say how a password is treated, not what it is.
    let harmless = ["passwordpolicies", "lastpasswordchange", "forcechangepassword", "tokenissuertype"];
    !harmless.iter().any(|h| name.contains(h))
        && SECRET.iter().any(|s| if *s == "sas" { parts().any(|p| p == "sas") } else { name.contains(s) })
}

/// The value with everything cut out that could be a secret by its name.
pub(super) fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(k, v)| (k.clone(), if is_secret(k) { "(cut out)".into() } else { without_secrets(v) }))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(without_secrets).collect()),
        other => other.clone(),
    }
}
