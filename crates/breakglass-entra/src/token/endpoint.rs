//! The token endpoint: one form in, one token out.

use super::Token;
use crate::answer::{one_line, words};
use crate::client::{EntraClient, Exhausted};
use crate::error::TokenError;
use crate::json;
use crate::outgoing::{Outgoing, form};
use crate::policy::{Bucket, Safety};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breakglass_model::Secret;
use jiff::SignedDuration;
use reqwest::{Method, Url};
use serde_json::{Map, Value};

/// What the token endpoint gave.
pub(crate) struct Grant {
    pub(crate) access: Token,
    pub(crate) refresh: Option<Secret>,
    pub(crate) id_token: Option<Secret>,
}

/// Asks for a token. `who` names the credential in errors. Asking twice changes nothing in the tenant, so it is tried
/// again like a read.
pub(crate) async fn redeem(
    client: &EntraClient,
    who: &str,
    fields: &[(&str, &str)],
    secrets: &[(&str, &Secret)],
) -> Result<Grant, TokenError> {
    let url = client.endpoints().token_url(client.tenant());
    let url = Url::parse(&url).map_err(|e| TokenError::Malformed(e.to_string()))?;
    let request = Outgoing {
        method: Method::POST,
        url,
        body: form(fields, secrets),
        bearer: None,
        bucket: Bucket::Login,
        safety: Safety::Idempotent,
    };
    let answer = client
        .exchange(&request)
        .await
        .map_err(|Exhausted { attempts, detail }| TokenError::Unavailable { attempts, detail })?;
    if answer.status != 200 {
        let detail = words(&answer);
        return Err(TokenError::Refused { who: who.to_owned(), code: aadsts(&detail), detail });
    }
    let json = json::parse(&answer.body).map_err(TokenError::Malformed)?;
    let map = json::object(&json, "$").map_err(TokenError::Malformed)?;
    let access = json::text(map, "$", "access_token").map_err(TokenError::Malformed)?;
    let kind = json::text(map, "$", "token_type").map_err(TokenError::Malformed)?;
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Malformed(format!(
            "`$.token_type`: expected `Bearer`, found `{}`",
            one_line(kind)
        )));
    }
    let given_at = client.clock().now();
    let expires_at =
        given_at.checked_add(lifetime(map)?).map_err(|e| TokenError::Malformed(e.to_string()))?;
    let optional = |key: &str| map.get(key).and_then(Value::as_str).map(Secret::new);
    Ok(Grant {
        access: Token { secret: Secret::new(access), given_at, expires_at },
        refresh: optional("refresh_token"),
        id_token: optional("id_token"),
    })
}

/// `expires_in` is a number at the v2.0 endpoint and a text at older ones.
fn lifetime(map: &Map<String, Value>) -> Result<SignedDuration, TokenError> {
    let seconds = match map.get("expires_in") {
        Some(Value::Number(n)) => n.as_i64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let sane = seconds.filter(|s| (0..=31_536_000).contains(s)).map(SignedDuration::from_secs);
    sane.ok_or_else(|| {
        TokenError::Malformed("`$.expires_in`: expected a number of seconds up to a year".into())
    })
}

/// The number after `AADSTS` in a text.
pub(crate) fn aadsts(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AADSTS")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The claims of a token that came straight from the token endpoint over TLS; its signature is not looked at.
pub(crate) fn claims(token: &Secret) -> Result<Map<String, Value>, String> {
    let mut parts = token.danger_reveal().split('.');
    let (Some(_), Some(payload), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("expected a token of three parts".into());
    };
    let bytes = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .map_err(|_| "the token's second part is not base64url".to_owned())?;
    match json::parse(&bytes).map_err(|e| format!("the token's claims: {e}"))? {
        Value::Object(map) => Ok(map),
        other => Err(format!("the token's claims: expected an object, found {}", json::kind(&other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lifetimes_in_every_form() {
        for (value, seconds) in [
            (json!(3599), Some(3599)),
            (json!("3599"), Some(3599)),
            (json!(0), Some(0)),
            (json!(-1), None),
            (json!(1e300), None),
            (json!("soon"), None),
            (json!(null), None),
        ] {
            let map = json!({ "expires_in": value });
            assert_eq!(lifetime(map.as_object().unwrap()).ok().map(|d| d.as_secs()), seconds, "{map}");
        }
    }

    #[test]
    fn numbers_and_claims() {
        assert_eq!(aadsts("invalid_grant: AADSTS50126: Error validating"), Some(50126));
        assert_eq!(aadsts("AADSTS: none"), None);
        let token = |payload: &str| Secret::new(format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload)));
        assert_eq!(claims(&token(r#"{"oid":"u"}"#)).unwrap()["oid"], "u");
        for bad in [token("[]"), token(""), Secret::new("opaque"), Secret::new("a.%.c")] {
            assert!(claims(&bad).is_err());
        }
    }
}
