//! A request before it is sent.

use crate::policy::{Bucket, Safety};
use breakglass_model::Secret;
use reqwest::{Method, Url};
use serde_json::Value;

/// One request, whole, so that it can be sent again as it was. `Debug` shows neither body nor token.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Body,
    pub(crate) bearer: Option<Secret>,
    pub(crate) bucket: Bucket,
    pub(crate) safety: Safety,
}

/// What is sent along.
#[derive(Clone)]
pub(crate) enum Body {
    /// Nothing.
    None,
    /// JSON without secrets.
    Json(Value),
    /// Text with secrets in it.
    Sealed {
        /// Its media type.
        kind: &'static str,
        /// The text, written once.
        text: Secret,
        /// The secrets in it, as they might come back in an error.
        hide: Vec<Secret>,
    },
}

impl Body {
    /// A service that repeats what it was sent must not get it into an error.
    pub(crate) fn hide_in(&self, answer: Vec<u8>) -> Vec<u8> {
        let Self::Sealed { hide, .. } = self else { return answer };
        let text = String::from_utf8_lossy(&answer).into_owned();
        let hidden = hide.iter().map(Secret::danger_reveal).filter(|s| !s.is_empty());
        hidden.fold(text, |text, secret| text.replace(secret, "…")).into_bytes()
    }
}

impl Outgoing {
    /// Method and path, for errors: no query, which may hold a filter on a person.
    pub(crate) fn what(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("what", &self.what()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Json(_) => "Json",
            Self::Sealed { .. } => "Sealed",
        })
    }
}

/// A form; the fields of the second list are secrets.
pub(crate) fn form(fields: &[(&str, &str)], secrets: &[(&str, &Secret)]) -> Body {
    let open = fields.iter().map(|(_, value)| value.len());
    let room: usize = open.chain(secrets.iter().map(|(_, value)| value.danger_reveal().len())).sum();
    // Room for everything at once: a text that grows leaves copies of itself behind.
    let mut text = String::with_capacity(3 * room + 64 * (fields.len() + secrets.len()));
    let mut hide = Vec::new();
    for (name, value) in fields {
        field(&mut text, name, value);
    }
    for (name, value) in secrets {
        field(&mut text, name, value.danger_reveal());
        // An encoded value has no `=` in it, so that what stands behind the last one is this value.
        let encoded = text.rsplit('=').next().unwrap_or_default();
        hide.extend([Secret::new(encoded), (*value).clone()]);
    }
    Body::Sealed { kind: "application/x-www-form-urlencoded", text: Secret::new(text), hide }
}

fn field(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    text.push_str(name);
    text.push('=');
    percent(value, text, "");
}

/// JSON with one secret in it, written straight into a secret: no copy stays behind in a JSON tree.
pub(crate) fn sealed_json(body: &impl serde::Serialize, secret: &Secret) -> serde_json::Result<Body> {
    let escaped = serde_json::to_string(secret.danger_reveal())?;
    let hide = vec![Secret::new(escaped.trim_matches('"')), secret.clone()];
    Ok(Body::Sealed { kind: "application/json", text: Secret::new(serde_json::to_string(body)?), hide })
}

/// Percent-encodes everything but unreserved characters and those in `keep`. Blanks become `%20`, never `+`.
pub(crate) fn percent(text: &str, out: &mut String, keep: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |n: u8| HEX.get(usize::from(n & 15)).copied().unwrap_or('0');
    for byte in text.bytes() {
        let plain =
            byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.as_bytes().contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_is_percent_only_and_secrets_neither_print_nor_come_back() {
        let secret = Secret::new("a b+c&d=é~");
        let body = form(&[("x", "y z")], &[("client_secret", &secret)]);
        assert_eq!(format!("{body:?}"), "Sealed");
        let Body::Sealed { text, .. } = &body else { panic!("a form") };
        assert_eq!(text.danger_reveal(), "x=y%20z&client_secret=a%20b%2Bc%26d%3D%C3%A9~");
        for echo in [text.danger_reveal(), secret.danger_reveal()] {
            let hidden = String::from_utf8(body.hide_in(echo.into())).unwrap();
            assert!(hidden.ends_with('…') && !hidden.contains("%2Bc") && !hidden.contains("+c"), "{hidden}");
        }
        let body = sealed_json(&serde_json::json!({ "password": "p\"w" }), &Secret::new("p\"w")).unwrap();
        assert_eq!(String::from_utf8(body.hide_in(b"got p\\\"w and p\"w".into())).unwrap(), "got … and …");
    }
}
