//! The key that tokens are signed with.

use crate::files;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// The login's signing key (RS256). It lies in the state directory; whoever has it can sign in as anybody, to an emulator.
pub(crate) struct Keys {
    signing: EncodingKey,
    verifying: DecodingKey,
    kid: String,
    jwk: Value,
}

impl Keys {
    /// The key of a state directory, made when there is none.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds something else.
    pub(crate) fn load(directory: &Path) -> Result<Self, String> {
        let file = directory.join("signing-key.der");
        let der = files::read_or_make(&file, new_rsa)?;
        let unusable = |e: &dyn std::fmt::Display| format!("{} is not a usable RSA key: {e}", file.display());
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|e| unusable(&e))?;
        let public = pair.public_key();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let modulus = encode(public.modulus().big_endian_without_leading_zero());
        let exponent = encode(public.exponent().big_endian_without_leading_zero());
        let kid = encode(Sha256::digest(public.as_ref()).as_slice()).chars().take(27).collect::<String>();
        let jwk = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "x5t": kid, "n": modulus, "e": exponent });
        Ok(Self {
            signing: EncodingKey::from_rsa_der(&inner(&der)),
            verifying: DecodingKey::from_rsa_components(&modulus, &exponent).map_err(|e| unusable(&e))?,
            kid,
            jwk,
        })
    }

    /// Signs claims.
    ///
    /// # Errors
    /// When the claims cannot be written.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, String> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.signing)
            .map_err(|e| format!("the token could not be signed: {e}"))
    }

    /// The claims of a token of ours. Times and audience are looked at by who asks: the clock is the tenant's.
    ///
    /// # Errors
    /// In Graph's words, when the token is not ours.
    pub(crate) fn verify(&self, token: &str) -> Result<Map<String, Value>, String> {
        let claims = jsonwebtoken::decode::<Map<String, Value>>(
            token,
            &self.verifying,
            &signature_only(Algorithm::RS256),
        );
        claims
            .map(|c| c.claims)
            .map_err(|_| "Access token validation failure. Invalid signature or format (IDX10511).".into())
    }

    /// The key set as the login publishes it.
    pub(crate) fn jwks(&self, issuer: &str) -> Value {
        let mut key = self.jwk.clone();
        if let Some(map) = key.as_object_mut() {
            map.insert("issuer".into(), issuer.into());
        }
        json!({ "keys": [key] })
    }
}

/// Looks at the signature alone.
pub(crate) fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// A fresh RSA key of 2048 bits, PKCS #8 DER.
pub(crate) fn new_rsa() -> Result<Vec<u8>, String> {
    use aws_lc_rs::encoding::AsDer as _;
    let failed = |_| "an RSA key could not be made".to_owned();
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der = pair.as_der().map_err(failed)?;
    Ok(der.as_ref().to_vec())
}

/// The PKCS #1 key inside PKCS #8, which is what the token library asks for: the octet string that ends the structure.
fn inner(pkcs8: &[u8]) -> Vec<u8> {
    // RSAPrivateKey begins with SEQUENCE, version 0 and a modulus; the outer structure begins with SEQUENCE, version 0 and an
    // algorithm, so the second SEQUENCE with a two-byte length is the inner one.
    let starts = pkcs8.windows(2).enumerate().filter(|(_, w)| *w == [0x30, 0x82]).map(|(i, _)| i);
    starts.skip(1).find_map(|at| pkcs8.get(at..)).unwrap_or(pkcs8).to_vec()
}
