//! How a `PATCH` changes an object.

use serde_json::{Map, Value, json};

/// Members that are references or closed values: a new one replaces the old one whole.
const WHOLE: &[&str] =
    &["authenticationStrength", "externalTenants", "signInFrequency", "persistentBrowser", "deviceFilter"];

/// Merges a fragment into an object: objects member by member, everything else replaced.
pub(super) fn patch(object: &mut Value, fragment: &Value) {
    let Value::Object(new) = fragment else {
        *object = fragment.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(old) = object.as_object_mut() else { return };
    for (key, value) in new {
        if key == "authenticationStrength@odata.bind" {
            old.insert("authenticationStrength".into(), json!({ "id": bound(value) }));
            continue;
        }
        match old.get_mut(key) {
            Some(there) if value.is_object() && !WHOLE.contains(&key.as_str()) => patch(there, value),
            _ => {
                let mut fresh = Value::Null;
                patch(&mut fresh, value);
                old.insert(key.clone(), fresh);
            }
        }
    }
}

/// The id that an OData reference ends with: `.../policies('id')` or `.../policies/id`.
fn bound(reference: &Value) -> String {
    let text = reference.as_str().unwrap_or_default().trim_end_matches(['/', ')', '\'', '"']);
    text.rsplit(['/', '\'', '"', '(']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_replaced_and_objects_merged() {
        let mut policy = json!({"state": "enabled", "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": ["a"]}, "platforms": {"includePlatforms": ["all"]}}});
        patch(&mut policy, &json!({"conditions": {"users": {"excludeUsers": ["b"]}, "platforms": null}}));
        assert_eq!(
            policy,
            json!({"state": "enabled", "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": ["b"]}, "platforms": null}})
        );
    }

    #[test]
    fn a_strength_is_replaced_whole_and_may_be_bound() {
        let mut grant = json!({"operator": "OR", "authenticationStrength": {"id": "old", "allowedCombinations": ["fido2"]}});
        patch(&mut grant, &json!({"authenticationStrength": {"id": "new"}}));
        assert_eq!(grant["authenticationStrength"], json!({"id": "new"}));
        for reference in ["https://g/v1.0/policies/x('bound')", "https://g/v1.0/policies/bound/"] {
            patch(&mut grant, &json!({"authenticationStrength@odata.bind": reference}));
            assert_eq!(grant, json!({"operator": "OR", "authenticationStrength": {"id": "bound"}}));
        }
    }
}
