//! An application with a certificate: proves that it holds the key without ever sending it (RFC 7523).

use super::{Token, TokenSource, redeem};
use crate::client::EntraClient;
use crate::endpoints::Service;
use crate::error::{SetupError, TokenError};
use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breakglass_model::Secret;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;

/// How long an assertion may be used, in seconds.
const LIFE: i64 = 600;
/// How far the login's clock may be behind ours, in seconds.
const SKEW: i64 = 60;

/// Client credentials with a certificate.
pub struct ClientCertificate {
    client: Arc<EntraClient>,
    client_id: String,
    key: RsaKeyPair,
    /// SHA-256 of the certificate, base64url.
    thumbprint: String,
}

impl ClientCertificate {
    /// The application `client_id` with the first certificate and private key in a PEM file.
    ///
    /// # Errors
    /// When the file cannot be read, one of the two is missing, the key is not RSA, or they do not belong together.
    pub fn read(
        client: Arc<EntraClient>,
        client_id: impl Into<String>,
        file: &Path,
    ) -> Result<Self, SetupError> {
        let wrong = |detail: String| SetupError::Certificate { file: file.display().to_string(), detail };
        let pem = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
        Self::from_pem(client, client_id, &pem).map_err(wrong)
    }

    fn from_pem(client: Arc<EntraClient>, client_id: impl Into<String>, pem: &[u8]) -> Result<Self, String> {
        let certificate =
            CertificateDer::from_pem_slice(pem).map_err(|_| "there is no certificate in it".to_owned())?;
        let key = match PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| "there is no private key in it".to_owned())?
        {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err("its private key is not an RSA key, which Entra asks for".into()),
        };
        let key = key.map_err(|e| format!("its private key is not a usable RSA key ({e})"))?;
        // A certificate carries its public key as the same DER bytes that the key pair gives.
        let public = key.public_key().as_ref();
        if !certificate.as_ref().windows(public.len()).any(|part| part == public) {
            return Err("its certificate is not that of its private key".into());
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.as_ref()));
        Ok(Self { client, client_id: client_id.into(), key, thumbprint })
    }

    fn assertion(&self) -> Result<Secret, TokenError> {
        let now = self.client.clock().now().as_second();
        let header = json!({ "typ": "JWT", "alg": "PS256", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": self.client.endpoints().token_url(self.client.tenant()),
            "iss": self.client_id, "sub": self.client_id, "jti": self.client.fresh_id(),
            "iat": now, "nbf": now - SKEW, "exp": now + LIFE,
        });
        let encode = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| TokenError::Malformed("the client assertion could not be signed".into()))?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenSource for ClientCertificate {
    async fn fetch(&self, service: Service) -> Result<Token, TokenError> {
        let fields = [
            ("client_id", self.client_id.as_str()),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("scope", &self.client.endpoints().scope(service)),
        ];
        let secrets = [("client_assertion", &self.assertion()?)];
        Ok(redeem(&self.client, &self.describe(), &fields, &secrets).await?.access)
    }

    fn describe(&self) -> String {
        format!("application {} with certificate {}", self.client_id, self.thumbprint)
    }
}
