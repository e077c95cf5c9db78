//! Microsoft's metadata as a judge: whether a JSON value can be an object of a type.

use serde_json::{Map, Value};
use std::path::PathBuf;

/// One version's types, as they were published.
pub(crate) struct Metadata(Value);

pub(crate) fn shared(file: &str) -> Value {
    let root = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| {
        panic!("{} is needed for this test; point BREAKGLASS_SHARED at it: {e}", path.display())
    });
    serde_json::from_str(&text).unwrap()
}

impl Metadata {
    pub(crate) fn read(version: &str) -> Self {
        Self(shared(&format!("graph-metadata/{version}.subset.types.json")))
    }

    fn kind(&self, name: &str) -> Option<&Value> {
        ["entityTypes", "complexTypes"].iter().find_map(|group| self.0.get(group)?.get(name))
    }

    fn is_a(&self, name: &str, base: &str) -> bool {
        name == base
            || self.kind(name).and_then(|k| k["base"].as_str()).is_some_and(|b| self.is_a(short(b), base))
    }

    fn property(&self, kind: &str, name: &str) -> Option<&Value> {
        let own = self.kind(kind)?;
        own["properties"]
            .get(name)
            .or_else(|| own.get("navigation").and_then(|n| n.get(name)))
            .or_else(|| self.property(short(own["base"].as_str()?), name))
    }

    /// Everything that is wrong with a value as an object of a type; `place` is where it was found.
    pub(crate) fn judge(&self, place: &str, kind: &str, value: &Value, wrong: &mut Vec<String>) {
        let Some(map) = value.as_object() else {
            wrong.push(format!("{place}: {value} is no object of {kind}"));
            return;
        };
        let declared =
            map.get("@odata.type").and_then(Value::as_str).map(|t| short(t.trim_start_matches('#')));
        let kind = declared.unwrap_or(kind);
        if self.kind(kind).is_none() {
            wrong.push(format!("{place}: there is no type {kind}"));
            return;
        }
        if declared.is_some_and(|d| !self.is_a(d, kind)) {
            wrong.push(format!("{place}: {kind} was not to be expected here"));
        }
        self.properties(place, kind, map, wrong);
    }

    fn properties(&self, place: &str, kind: &str, map: &Map<String, Value>, wrong: &mut Vec<String>) {
        for (name, value) in map.iter().filter(|(name, _)| !name.contains('@')) {
            let place = format!("{place}/{name}");
            if name == "id" && self.is_a(kind, "entity") {
                if !value.is_string() {
                    wrong.push(format!("{place}: {value} is no id"));
                }
                continue;
            }
            // Targets of a method's configuration are a navigation property whose type the published subset leaves out.
            if name == "includeTargets" && self.is_a(kind, "authenticationMethodConfiguration") {
                continue;
            }
            let Some(property) = self.property(kind, name) else {
                wrong.push(format!("{place}: {kind} has no such property"));
                continue;
            };
            let type_name = property["type"].as_str().unwrap();
            if value.is_null() {
                let navigation = property.get("nullable").is_none();
                if !navigation && (property["nullable"] == false || property["collection"] == true) {
                    wrong.push(format!("{place}: may not be null"));
                }
            } else if property["collection"] == true {
                match value.as_array() {
                    Some(items) => {
                        items.iter().enumerate().for_each(|(n, item)| {
                            self.value(&format!("{place}/{n}"), type_name, item, wrong);
                        });
                    }
                    None => wrong.push(format!("{place}: {value} is no collection")),
                }
            } else {
                self.value(&place, type_name, value, wrong);
            }
        }
    }

    fn value(&self, place: &str, kind: &str, value: &Value, wrong: &mut Vec<String>) {
        let kind = short(kind);
        if let Some(words) = self.0["enumTypes"].get(kind) {
            let text = value.as_str().unwrap_or("?");
            let flags = words["flags"] == true;
            let members = &words["members"];
            let known = |word: &str| match members {
                Value::Object(map) => map.contains_key(word),
                Value::Array(list) => list.iter().any(|m| m == word),
                _ => false,
            };
            let fine = if flags { text.split(',').all(|w| known(w.trim())) } else { known(text) };
            if !fine {
                wrong.push(format!("{place}: {value} is no {kind}"));
            }
            return;
        }
        let text = value.as_str();
        let fine = match kind {
            "String" | "Duration" | "Binary" | "Date" => text.is_some(),
            "DateTimeOffset" => text.is_some_and(|t| t.parse::<jiff::Timestamp>().is_ok()),
            "Guid" => text.is_some_and(|t| uuid::Uuid::try_parse(t).is_ok()),
            "Boolean" => value.is_boolean(),
            "Int32" | "Int64" => value.is_i64(),
            "Double" | "Single" => value.is_number(),
            _ => return self.judge(place, kind, value, wrong),
        };
        if !fine {
            wrong.push(format!("{place}: {value} is no {kind}"));
        }
    }
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let metadata = Metadata::read("v1.0");
    let judge = |value: serde_json::Value| {
        let mut wrong = Vec::new();
        metadata.judge("", "user", &value, &mut wrong);
        wrong.len()
    };
    for (value, mistakes) in [
        (serde_json::json!({"id": "1", "accountEnabled": true, "assignedLicenses": []}), 0),
        (serde_json::json!({"accountEnabled": "yes"}), 1),
        (serde_json::json!({"accountEnable": true, "assignedLicenses": null}), 2),
        (serde_json::json!({"createdDateTime": "yesterday", "assignedLicenses": [{"skuId": "x"}]}), 2),
        (serde_json::json!({"@odata.type": "#microsoft.graph.fax"}), 1),
    ] {
        assert_eq!(judge(value.clone()), mistakes, "{value}");
    }
}
