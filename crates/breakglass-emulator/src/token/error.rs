//! Errors of the login, in Entra's shape.

use crate::state::ids::random;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

/// An error of the token endpoint.
#[derive(Clone, Debug)]
pub(crate) struct LoginError {
    pub(crate) status: u16,
    /// OAuth's name for it.
    pub(crate) error: &'static str,
    /// The number after `AADSTS`.
    pub(crate) code: u32,
    pub(crate) detail: String,
    pub(crate) correlation_id: Option<String>,
}

impl LoginError {
    /// An error of the caller, with the usual words for its number and a detail.
    pub(crate) fn new(error: &'static str, code: u32, detail: impl Into<String>) -> Self {
        let status = if error == "invalid_client" { 401 } else { 400 };
        Self { status, error, code, detail: detail.into(), correlation_id: None }
    }

    pub(crate) fn grant(code: u32) -> Self {
        Self::new("invalid_grant", code, "")
    }

    pub(crate) fn request(code: u32, detail: impl Into<String>) -> Self {
        Self::new("invalid_request", code, detail)
    }

    pub(crate) fn client(code: u32) -> Self {
        Self::new("invalid_client", code, "")
    }

    pub(crate) fn resource(resource: &str) -> Self {
        Self::new("invalid_resource", 500_011, format!("`{resource}`"))
    }

    pub(crate) fn tenant(tenant: &str) -> Self {
        Self::new("invalid_tenant", 90_002, format!("`{tenant}`"))
    }

    pub(crate) fn for_request(mut self, correlation_id: &str) -> Self {
        self.correlation_id = Some(correlation_id.to_owned());
        self
    }

    /// The sentence, without ids and time.
    pub(crate) fn sentence(&self) -> String {
        let words = words(self.code);
        match (words, self.detail.as_str()) {
            ("", detail) => format!("AADSTS{}: {detail}.", self.code),
            (words, "") => format!("AADSTS{}: {words}.", self.code),
            (words, detail) => format!("AADSTS{}: {words}: {detail}.", self.code),
        }
    }
}

impl IntoResponse for LoginError {
    fn into_response(self) -> Response {
        let trace = uuid::Builder::from_random_bytes(random()).into_uuid().to_string();
        let correlation = self
            .correlation_id
            .clone()
            .unwrap_or_else(|| uuid::Builder::from_random_bytes(random()).into_uuid().to_string());
        let time = Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let description =
            format!("{} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}", self.sentence());
        let body = json!({
            "error": self.error, "error_description": description, "error_codes": [self.code],
            "timestamp": time, "trace_id": trace, "correlation_id": correlation,
        });
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, [("cache-control", "no-store")], Json(body)).into_response()
    }
}

/// What a number means, in our own words. Empty when the detail says it all.
pub(crate) fn words(code: u32) -> &'static str {
    match code {
        0 => "",
        50_011 => "the redirect address is not one that the application has registered",
        50_034 => "the account does not exist in this directory",
        50_053 => {
            "the account is locked after too many sign-ins with a wrong password; wait, or use a passkey"
        }
        50_055 => "the password has expired or must be changed",
        50_057 => "the account is disabled",
        50_059 => "the request names no tenant",
        50_074 => "strong authentication is required and was not given",
        50_076 => "multifactor authentication is required for this resource",
        50_079 => "multifactor authentication is required, and the account has no method for it",
        50_107 => "the federated identity provider of the account's domain does not answer",
        50_126 => "the user name or password is wrong",
        50_173 => "the grant was revoked; sign in anew",
        53_000 => "Conditional Access requires a compliant device, and this one is not",
        53_001 => "Conditional Access requires a domain joined device, and this one is not",
        53_002 => "Conditional Access requires an approved application",
        53_003 => "access was blocked by Conditional Access policies",
        54_005 => "the authorization code was redeemed already",
        65_001 => "nobody consented to what the application asks for",
        70_008 => "the authorization code or refresh token has expired or is not known",
        70_016 => "nobody has signed in with the device code yet",
        70_019 => "the device code has expired",
        90_002 => "the tenant was not found",
        90_014 => "a required field is missing",
        90_033 => "the service is not available for the moment",
        135_010 => "the passkey is not registered",
        135_016 => "sign-in with this passkey is not allowed by the authentication methods policy",
        500_011 => "the resource is not known in the tenant",
        500_112 => "the redirect address is not that of the authorization request",
        500_121 => "the strong authentication failed",
        501_481 => "the code verifier does not belong to the code challenge",
        700_016 => "the application was not found in the directory",
        700_024 => "the client assertion is not within its valid time",
        700_027 => "the client assertion failed its signature or certificate check",
        700_030 => "the client assertion is not meant for this endpoint",
        700_218 => "`client_assertion` or `client_secret` is needed",
        7_000_112 => "the application is disabled",
        7_000_215 => "the client secret is wrong",
        7_000_218 => "`client_assertion` or `client_secret` is needed",
        _ => "",
    }
}
