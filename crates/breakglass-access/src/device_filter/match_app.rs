//! A comparison against an application's custom security attributes.

use super::Comparison;
use breakglass_model::Tri;
use serde_json::Value;

pub(super) fn holds(comparison: &Comparison, attributes: Option<&Value>) -> Tri {
    // Attributes need special read roles: not seeing them says nothing (T-8).
    let Some(attributes) = attributes.and_then(Value::as_object) else { return Tri::Unknown };
    let value = attributes.iter().find_map(|(set, values)| {
        let values = values.as_object()?;
        let named = values.iter().find(|(name, _)| {
            !name.contains('@') && format!("{set}_{name}").eq_ignore_ascii_case(&comparison.property)
        });
        named.map(|(_, value)| value)
    });
    match value {
        // What a negative test gives on an attribute that is not there is not documented.
        None | Some(Value::Null) if comparison.operator.negative => Tri::Unknown,
        None | Some(Value::Null) => comparison.on_null(),
        Some(Value::String(text)) => comparison.signed(comparison.on_text(text)),
        Some(Value::Array(items)) => {
            let items: Option<Vec<String>> = items.iter().map(|i| i.as_str().map(str::to_owned)).collect();
            comparison.signed(items.and_then(|items| comparison.on_list(&items)))
        }
        // Filters take the text type only.
        Some(_) => Tri::Unknown,
    }
}
