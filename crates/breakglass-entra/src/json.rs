//! Checks of an answer's shape, each failure with its JSON path.

use serde_json::{Map, Value};

/// Reads a body as JSON.
pub(crate) fn parse(body: &[u8]) -> Result<Value, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err("expected JSON, found an empty body".into());
    }
    serde_json::from_slice(body).map_err(|e| match e.classify() {
        serde_json::error::Category::Eof => {
            format!("the JSON ends too early, at line {}, column {}", e.line(), e.column())
        }
        _ => format!("not JSON at line {}, column {}", e.line(), e.column()),
    })
}

/// An object at a path.
pub(crate) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("`{path}`: expected an object, found {}", kind(value)))
}

/// A text that is there and not empty.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, path: &str, key: &str) -> Result<&'a str, String> {
    match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        other => Err(format!("`{path}.{key}`: expected a text, found {}", other.map_or("nothing", kind))),
    }
}

/// What a value is, for errors; never its contents.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
