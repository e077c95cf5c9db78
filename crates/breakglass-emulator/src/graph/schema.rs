//! Microsoft's types of Graph, as far as they are served: what exists, what may be null, which words an enumeration knows.
//!
//! The table is cut from Microsoft's published metadata (`data/SOURCE.md`), so a misspelled property is refused here as
//! it is there.

use super::answer::Refusal;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The version in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    Beta,
}

impl Version {
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

static V1: LazyLock<Schema> = LazyLock::new(|| Schema::read(include_str!("../../data/types-v1.0.txt")));
static BETA: LazyLock<Schema> = LazyLock::new(|| Schema::read(include_str!("../../data/types-beta.txt")));

/// One version's types.
pub(crate) struct Schema {
    types: HashMap<&'static str, Type>,
    words: HashMap<&'static str, Words>,
}

struct Type {
    base: &'static str,
    properties: Vec<Property>,
    navigation: Vec<Property>,
}

struct Words {
    flags: bool,
    members: Vec<&'static str>,
}

/// A property of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) collection: bool,
    pub(crate) nullable: bool,
}

impl Schema {
    /// The types of a version. Beta's own shape is kept where it differs (sign-ins); the rest is as in v1.0.
    pub(crate) fn of(version: Version, kind: &str) -> &'static Self {
        let own = version == Version::Beta && BETA.types.contains_key(kind);
        if own { &BETA } else { &V1 }
    }

    pub(crate) fn v1() -> &'static Self {
        &V1
    }

    fn read(text: &'static str) -> Self {
        let mut schema = Self { types: HashMap::new(), words: HashMap::new() };
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let mut words = line.split(' ');
            let (Some(what), Some(name)) = (words.next(), words.next()) else { continue };
            if matches!(what, "enum" | "flags") {
                schema.words.insert(name, Words { flags: what == "flags", members: words.collect() });
                continue;
            }
            let base = words.nth(1).unwrap_or_default();
            let mut kind = Type { base, properties: Vec::new(), navigation: Vec::new() };
            let mut in_navigation = false;
            for word in words {
                match Property::read(word) {
                    Some(property) if in_navigation => kind.navigation.push(property),
                    Some(property) => kind.properties.push(property),
                    None => in_navigation = true,
                }
            }
            schema.types.insert(name, kind);
        }
        schema
    }

    /// A type and its bases, the type first.
    fn line(&self, kind: &str) -> impl Iterator<Item = &Type> {
        std::iter::successors(self.types.get(kind), |t| self.types.get(t.base))
    }

    pub(crate) fn has(&self, kind: &str) -> bool {
        self.types.contains_key(kind)
    }

    /// Whether a type is another or comes from it.
    pub(crate) fn is_a(&self, kind: &str, base: &str) -> bool {
        kind == base
            || self
                .types
                .get(kind)
                .is_some_and(|t| t.base == base || (t.base != "-" && self.is_a(t.base, base)))
    }

    /// A structural property, by name without regard to case.
    pub(crate) fn property(&self, kind: &str, name: &str) -> Option<Property> {
        let mut all = self.line(kind).flat_map(|t| &t.properties);
        let own = all.find(|p| p.name.eq_ignore_ascii_case(name)).copied();
        own.or((name.eq_ignore_ascii_case("id") && self.is_a(kind, "entity")).then_some(ID))
    }

    /// A navigation property, by name without regard to case.
    pub(crate) fn navigation(&self, kind: &str, name: &str) -> Option<Property> {
        self.line(kind).flat_map(|t| &t.navigation).find(|p| p.name.eq_ignore_ascii_case(name)).copied()
    }

    /// The words of an enumeration.
    pub(crate) fn members(&self, kind: &str) -> Option<&[&'static str]> {
        self.words.get(kind).map(|w| w.members.as_slice())
    }

    /// Takes away what a type does not have: beta's properties from an object that is shown in v1.0.
    pub(crate) fn strip(&self, kind: &str, object: &Value) -> Value {
        let Some(map) = object.as_object() else { return object.clone() };
        let declared = map.get("@odata.type").and_then(Value::as_str).and_then(|t| t.rsplit('.').next());
        let kind = declared.filter(|declared| self.has(declared)).unwrap_or(kind);
        let kept = map.iter().filter_map(|(key, value)| {
            if key.contains('@') || !self.has(kind) {
                return Some((key.clone(), value.clone()));
            }
            let property = self.property(kind, key).or_else(|| self.navigation(kind, key))?;
            let value = match value {
                Value::Array(items) => items.iter().map(|i| self.strip(property.kind, i)).collect(),
                Value::Object(_) => self.strip(property.kind, value),
                plain => plain.clone(),
            };
            Some((key.clone(), value))
        });
        Value::Object(kept.collect())
    }

    /// Whether a body can be an object of a type: known properties with values of their types. Open types and instance
    /// annotations are let through.
    ///
    /// # Errors
    /// 400 in the words of the OData reader.
    pub(crate) fn check(&self, kind: &str, body: &Map<String, Value>) -> Result<(), Refusal> {
        let declared = body.get("@odata.type").and_then(Value::as_str);
        let kind = match declared {
            None => kind,
            Some(text) => {
                let name = text.trim_start_matches('#').trim_start_matches("microsoft.graph.");
                if !self.has(name) || !self.is_a(name, kind) {
                    return Err(Refusal::bad(format!(
                        "A type named '{text}' could not be resolved by the model or does not derive from 'microsoft.graph.{kind}'."
                    )));
                }
                name
            }
        };
        for (key, value) in body.iter().filter(|(key, _)| !key.contains('@')) {
            let Some(property) = self.property(kind, key).or_else(|| self.navigation(kind, key)) else {
                return Err(Refusal::bad(format!(
                    "The property '{key}' does not exist on type 'microsoft.graph.{kind}'. Make sure to only use property names that are defined by the type."
                )));
            };
            self.check_value(property, value)?;
        }
        Ok(())
    }

    fn check_value(&self, property: Property, value: &Value) -> Result<(), Refusal> {
        let wrong = || {
            Refusal::bad(format!(
                "Cannot convert the value of property '{}' to the expected type '{}{}{}'.",
                property.name,
                if property.collection { "Collection(" } else { "" },
                property.kind,
                if property.collection { ")" } else { "" },
            ))
        };
        if value.is_null() {
            // What a type cannot hold is refused by the resource, in its own words.
            return Ok(());
        }
        if property.collection {
            let items = value.as_array().ok_or_else(wrong)?;
            return items.iter().try_for_each(|i| self.check_one(property, i, &wrong));
        }
        self.check_one(property, value, &wrong)
    }

    fn check_one(
        &self,
        property: Property,
        value: &Value,
        wrong: &dyn Fn() -> Refusal,
    ) -> Result<(), Refusal> {
        if let Some(words) = self.words.get(property.kind) {
            let text = value.as_str().ok_or_else(wrong)?;
            let mut parts: Vec<&str> = if words.flags { text.split(',').collect() } else { vec![text] };
            parts.retain(|p| !words.members.contains(&p.trim()));
            let unknown = parts.first();
            return unknown.map_or(Ok(()), |part| {
                Err(Refusal::bad(format!(
                    "Invalid value '{}' for enumeration 'microsoft.graph.{}' in property '{}'.",
                    part.trim(),
                    property.kind,
                    property.name
                )))
            });
        }
        let fits = match property.kind {
            "String" | "DateTimeOffset" | "Duration" | "Date" | "Binary" | "TimeOfDay" => value.is_string(),
            "Guid" => value.as_str().is_some_and(is_guid),
            "Boolean" => value.is_boolean(),
            "Int32" | "Int64" | "Int16" | "Byte" => value.is_i64() || value.is_u64(),
            "Double" | "Single" | "Decimal" => value.is_number(),
            kind => {
                let map = value.as_object().ok_or_else(wrong)?;
                return if self.has(kind) { self.check(kind, map) } else { Ok(()) };
            }
        };
        if fits { Ok(()) } else { Err(wrong()) }
    }
}

/// The key of every entity, which the metadata names at their common base.
const ID: Property = Property { name: "id", kind: "String", collection: false, nullable: false };

impl Property {
    fn read(word: &'static str) -> Option<Self> {
        let (name, kind) = word.split_once(':')?;
        let (kind, nullable) = kind.strip_suffix('?').map_or((kind, false), |k| (k, true));
        let (kind, collection) = kind.strip_prefix("[]").map_or((kind, false), |k| (k, true));
        Some(Self { name, kind, collection, nullable })
    }

    /// What Graph shows when the object says nothing.
    pub(crate) fn absent(self) -> Value {
        if self.collection { Value::Array(Vec::new()) } else { Value::Null }
    }
}

/// Whether a text is a GUID with hyphens.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(kind: &str, body: &Value) -> String {
        let done = Schema::v1().check(kind, body.as_object().unwrap());
        done.map_or_else(|refusal| refusal.message, |()| String::new())
    }

    #[test]
    fn properties_come_from_every_base() {
        let schema = Schema::v1();
        for (kind, name, found) in [
            ("user", "accountEnabled", true),
            ("user", "ACCOUNTENABLED", true),
            ("user", "deletedDateTime", true),
            ("user", "id", true),
            ("user", "signInEventTypes", false),
            ("deviceDetail", "id", false),
        ] {
            assert_eq!(schema.property(kind, name).is_some(), found, "{kind} {name}");
        }
        assert!(schema.is_a("ipNamedLocation", "namedLocation") && !schema.is_a("user", "group"));
        assert!(Schema::of(Version::Beta, "signIn").property("signIn", "signInEventTypes").is_some());
        assert!(Schema::of(Version::Beta, "user").property("user", "accountEnabled").is_some());
    }

    #[test]
    fn bodies_are_read_as_strictly_as_there() {
        for (body, part) in [
            (json!({"state": "enabled", "conditions": {"users": {"includeUsers": ["All"]}}}), ""),
            (json!({"grantControls": {"authenticationStrength": {"id": "x"}}}), ""),
            (json!({"stat": "enabled"}), "'stat' does not exist"),
            (json!({"state": "reportOnly"}), "Invalid value 'reportOnly'"),
            (json!({"conditions": {"users": {"includeUsers": "All"}}}), "Collection(String)"),
            (json!({"conditions": {"users": {"includeUser": []}}}), "'includeUser' does not exist"),
            (json!({"conditions": {"clientAppTypes": ["browser", "fax"]}}), "Invalid value 'fax'"),
            (
                json!({"conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow, authenticationTransfer"}}}),
                "",
            ),
            (
                json!({"conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow,x"}}}),
                "Invalid value 'x'",
            ),
            (json!({"@odata.type": "#microsoft.graph.user"}), "could not be resolved"),
        ] {
            let message = check("conditionalAccessPolicy", &body);
            assert_eq!(message.is_empty(), part.is_empty(), "{body}: {message}");
            assert!(message.contains(part), "{body}: {message}");
        }
        assert_eq!(
            check(
                "namedLocation",
                &json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "isTrusted": true})
            ),
            ""
        );
    }

    #[test]
    fn v1_does_not_show_what_only_beta_has() {
        let record =
            json!({"id": "1", "signInEventTypes": ["interactiveUser"], "status": {"errorCode": 0, "x": 1}});
        assert_eq!(Schema::v1().strip("signIn", &record), json!({"id": "1", "status": {"errorCode": 0}}));
        let location = json!({"ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24"}]});
        assert_eq!(
            Schema::v1().strip("ipNamedLocation", &location),
            location,
            "what is of a derived type stays whole"
        );
    }
}
