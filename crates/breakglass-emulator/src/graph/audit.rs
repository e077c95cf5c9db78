//! What an audit record says about a change, in Entra's spelling.

use crate::state::Change;
use serde_json::{Value, json};

/// The differences between two states of a directory object, as `modifiedProperties` has them: names with a capital, values in
/// a list, and the names once more under `Included Updated Properties`.
pub(super) fn changes_of(before: Option<&Value>, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, new) in after.as_object().into_iter().flatten() {
        let skipped = name.contains('@') || matches!(name.as_str(), "id" | "createdDateTime" | "identities");
        let empty = new.is_null() || new.as_array().is_some_and(Vec::is_empty);
        let old = before.and_then(|b| b.get(name)).filter(|v| !v.is_null());
        if skipped || old == Some(new) || (empty && old.is_none()) {
            continue;
        }
        let listed = |v: &Value| if v.is_array() { v.clone() } else { json!([v]) };
        changes.push(Change {
            property: capital(name),
            old: Some(old.map_or_else(|| json!([]), listed)),
            new: Some(if new.is_null() { json!([]) } else { listed(new) }),
        });
    }
    if !changes.is_empty() {
        let names: Vec<&str> = changes.iter().map(|c| c.property.as_str()).collect();
        let names = names.join(", ");
        changes.push(Change {
            property: "Included Updated Properties".into(),
            old: None,
            new: Some(names.into()),
        });
    }
    changes
}

fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told() {
        let before = json!({"id": "1", "displayName": "a", "accountEnabled": true, "mail": null});
        let after =
            json!({"id": "1", "displayName": "a", "accountEnabled": false, "mail": null, "otherMails": []});
        let changes = changes_of(Some(&before), &after);
        let told: Vec<String> =
            changes.iter().map(|c| format!("{} {:?} {:?}", c.property, c.old, c.new)).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(changes[0].property, "AccountEnabled");
        assert_eq!(changes[0].old, Some(json!([true])));
        assert!(changes_of(Some(&before), &before).is_empty());
    }
}
