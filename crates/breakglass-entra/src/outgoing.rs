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
    /// JSON that holds a secret, written once.
    SecretJson(Secret),
    /// `application/x-www-form-urlencoded`, with secrets.
    Form(Secret),
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
            Self::SecretJson(_) => "SecretJson",
            Self::Form(_) => "Form",
        })
    }
}

/// A form with secrets in it.
pub(crate) fn form(fields: &[(&str, &str)]) -> Body {
    let mut text =
        String::with_capacity(64 + fields.iter().map(|(k, v)| k.len() + 3 * v.len() + 2).sum::<usize>());
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        percent(value, &mut text, "");
    }
    Body::Form(Secret::new(text))
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
    fn encoding_is_percent_only_and_secrets_do_not_print() {
        let body = form(&[("client_secret", "a b+c&d=é~"), ("x", "y")]);
        let Body::Form(text) = &body else { panic!("a form") };
        assert_eq!(text.danger_reveal(), "client_secret=a%20b%2Bc%26d%3D%C3%A9~&x=y");
        assert_eq!(format!("{body:?}"), "Form");
    }
}
