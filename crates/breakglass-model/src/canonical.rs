//! Canonical JSON, so that equal values have equal bytes and equal digests.
//!
//! The form is RFC 8785's for what we write: object keys sorted, no blanks, integers as they are. Keys are sorted by
//! code point, which equals RFC 8785's order for the ASCII keys of Graph and of our own files. Floating point numbers
//! are printed as `serde_json` prints them (shortest round trip), which equals RFC 8785 for all values we write.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The canonical text of a value.
///
/// # Errors
/// When the value cannot be written as JSON at all (a map with keys that are not text).
pub fn to_string(value: &impl Serialize) -> Result<String, serde_json::Error> {
    // `serde_json::Value` keeps its objects in a sorted map unless a feature of that crate says otherwise; sorting here
    // keeps the promise whatever the features of the final build are.
    let mut out = String::new();
    write(&serde_json::to_value(value)?, &mut out);
    Ok(out)
}

/// SHA-256 of the canonical text, as `sha256:` and 64 hexadecimal digits.
///
/// # Errors
/// As [`to_string`].
pub fn digest(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(digest_bytes(to_string(value)?.as_bytes()))
}

/// SHA-256 of bytes, as `sha256:` and 64 hexadecimal digits.
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by(|a, b| a.0.cmp(b.0));
            for (i, (key, item)) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_of_keys_does_not_matter() {
        let a: Value = serde_json::from_str(r#"{"b":[1,{"y":null,"x":"é\n"}],"a":true}"#).unwrap();
        let b = json!({"a": true, "b": [1, {"x": "é\n", "y": null}]});
        assert_eq!(to_string(&a).unwrap(), r#"{"a":true,"b":[1,{"x":"é\n","y":null}]}"#);
        assert_eq!(digest(&a).unwrap(), digest(&b).unwrap());
    }
}
