//! Client assertions: a client proves that it holds the key of a registered certificate (RFC 7523).

use super::LoginError;
use crate::keys::signature_only;
use crate::state::State;
use crate::state::hidden::{Certificate, Client};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// How far a client's clock may be off, in seconds.
const SKEW: f64 = 300.0;

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    aud: Value,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    /// Some libraries write seconds with a fraction.
    exp: Option<f64>,
    nbf: Option<f64>,
}

/// Checks an assertion: algorithm, certificate, signature, audience (one of `audiences`), subject, time.
pub(super) fn check(
    state: &State,
    client: &Client,
    audiences: &[String],
    assertion: &str,
) -> Result<(), LoginError> {
    let wrong = |detail: &str| LoginError::new("invalid_client", 700_027, detail);
    // Padding that some libraries add to thumbprints is no part of the header's meaning.
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| wrong("it is not a signed token"))?;
    if !matches!(header.alg, Algorithm::PS256 | Algorithm::RS256) {
        return Err(wrong("its algorithm is neither PS256 nor RS256"));
    }
    let certificate = client
        .certificates
        .iter()
        .find(|c| {
            header.x5t_s256.as_deref().is_some_and(|t| is_thumbprint(t, &c.sha256))
                || header.x5t.as_deref().is_some_and(|t| is_thumbprint(t, &c.sha1))
        })
        .ok_or_else(|| wrong("no certificate with its thumbprint is registered"))?;
    let claims = verified(assertion, header.alg, certificate)
        .ok_or_else(|| wrong("its signature is not that of the certificate"))?;
    if !(claims.iss.eq_ignore_ascii_case(&client.app_id) && claims.sub.eq_ignore_ascii_case(&client.app_id)) {
        return Err(wrong("`iss` and `sub` are not the application's id"));
    }
    let meant = |aud: &str| audiences.iter().any(|a| a.eq_ignore_ascii_case(aud.trim_end_matches('/')));
    let for_us = match &claims.aud {
        Value::String(aud) => meant(aud),
        Value::Array(all) => all.iter().filter_map(Value::as_str).any(meant),
        _ => false,
    };
    if !for_us {
        return Err(LoginError::new("invalid_client", 700_030, ""));
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 fit a double for the next million years"
    )]
    let now = state.now().as_second() as f64;
    let in_time =
        claims.exp.is_some_and(|exp| exp + SKEW > now) && claims.nbf.is_none_or(|nbf| nbf - SKEW <= now);
    if in_time { Ok(()) } else { Err(LoginError::new("invalid_client", 700_024, "")) }
}

fn is_thumbprint(text: &str, hash: &[u8]) -> bool {
    let plain: String = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    STANDARD_NO_PAD.decode(plain).is_ok_and(|bytes| bytes == hash)
}

fn verified(assertion: &str, algorithm: Algorithm, certificate: &Certificate) -> Option<Claims> {
    let key = DecodingKey::from_rsa_der(&certificate.public_key);
    jsonwebtoken::decode::<Claims>(assertion, &key, &signature_only(algorithm)).ok().map(|d| d.claims)
}
