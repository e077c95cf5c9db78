//! What can go wrong before the tenant is reached.

use breakglass_ops::port::TenantError;

/// Why there is no client: a mistake in what a person gave.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An endpoint of a custom cloud.
    #[error("the {which} endpoint `{value}` cannot be used: {detail}; correct `tenant.cloud` in the design")]
    Endpoint {
        /// `login`, `graph` or `arm`.
        which: &'static str,
        /// As written.
        value: String,
        /// What is wrong.
        detail: String,
    },
    /// The private certificate authorities.
    #[error(
        "the CA bundle `{file}` cannot be used: {detail}; expected a PEM file with one or more certificates"
    )]
    CaBundle {
        /// Which file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// The tenant id.
    #[error("`{0}` is not a tenant id; expected a GUID, as `tenant.id` in the design")]
    Tenant(String),
    /// A client certificate.
    #[error(
        "the client certificate `{file}` cannot be used: {detail}; expected a PEM file with a certificate and its RSA private key"
    )]
    Certificate {
        /// Which file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// TLS or HTTP could not be set up.
    #[error("the HTTPS client could not be set up: {0}")]
    Http(String),
}

/// Why there is no token. Never carries the credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The login refused, with Entra's number when it gave one.
    #[error("{who}: {detail}{}", hint(.code))]
    Refused {
        /// Which credential.
        who: String,
        /// Number without the `AADSTS` prefix.
        code: Option<u32>,
        /// The service's words.
        detail: String,
    },
    /// The login did not answer within the retry budget.
    #[error("the token endpoint did not answer after {attempts} attempts: {detail}")]
    Unavailable {
        /// How often it was tried.
        attempts: u32,
        /// The last cause.
        detail: String,
    },
    /// The login's answer is not a token answer.
    #[error("the token endpoint's answer was not understood: {0}")]
    Malformed(String),
    /// This credential gives no token for that service.
    #[error("{who} has no token for {service}; sign in with a credential that has one")]
    NotForThis {
        /// Which credential.
        who: String,
        /// Which service.
        service: &'static str,
    },
}

impl From<TokenError> for TenantError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unavailable { attempts, detail } => {
                Self::Unavailable { what: "signing in at the token endpoint".into(), attempts, detail }
            }
            other => Self::SignIn(other.to_string()),
        }
    }
}

/// What to do next, for the refusals that have one known way out.
fn hint(code: &Option<u32>) -> &'static str {
    match code {
        Some(7_000_215) => "; the secret is wrong: give the secret's value, not its id",
        Some(7_000_222) => "; the secret has expired: make a new one in the app registration",
        Some(700_016) => {
            "; no such application in this tenant: compare client id and tenant id with the app registration"
        }
        Some(700_027) => "; the certificate is not registered with the application: upload its public part",
        Some(90_002 | 900_023) => {
            "; no such tenant in this cloud: compare `tenant.id` and `tenant.cloud` in the design"
        }
        Some(53_003) => "; a Conditional Access policy blocks this sign-in: look at `breakglass evaluate`",
        Some(50_173 | 700_082 | 700_084) => "; the session was revoked or is too old: sign in again",
        _ => "",
    }
}
