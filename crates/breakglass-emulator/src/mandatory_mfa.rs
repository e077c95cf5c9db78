//! Mandatory multifactor authentication of Azure, phase 2 (L-13): whatever creates, changes or deletes over ARM asks a user for it.
//! Emergency accounts are included, no exclusion helps; applications are exempt. Phase 1, the portals, is the login's
//! ([`crate::login::gate`]).

use crate::caller::{Audience, Caller};
use crate::state::Shared;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// What a client has to ask the login for.
const CLAIMS: &str = r#"{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}"#;

/// Whether a `claims` parameter of the login asks for it.
pub(crate) fn is_asked_for(claims: &str) -> bool {
    claims.contains("\"acrs\"") && claims.contains("\"p1\"")
}

/// Puts the requirement before ARM.
pub(crate) fn before(router: Router, shared: Shared) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let shared = shared.clone();
        async move {
            let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
            // A token that is no good is refused further in, in ARM's own words.
            let caller = Caller::of(&shared, request.headers(), Audience::Arm).ok().filter(|_| writes);
            match caller {
                Some(caller) if caller.user.is_some() && !caller.did_mfa() => refusal(&shared),
                _ => next.run(request).await,
            }
        }
    }))
}

fn refusal(shared: &Shared) -> Response {
    let message = "The operation was disallowed by policy: users must sign in with multifactor authentication to create, change or delete resources.";
    let body = json!({ "error": { "code": "RequestDisallowedByPolicy", "message": message } });
    let challenge = format!(
        "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{}\"",
        shared.origins().login,
        STANDARD.encode(CLAIMS)
    );
    let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    if let Ok(value) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
