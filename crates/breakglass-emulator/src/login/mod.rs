//! The login: discovery, pages for people, and what is asked before anybody gets in.
//!
//! A sign-in is a walk over server-rendered pages: user name, password, passkey. Nothing is kept in the browser: each form
//! carries the secret of its sign-in, and each sign-in begins anew, as in a private window.

mod authorize;
mod discovery;
pub(crate) mod gate;
mod pages;
pub(crate) mod record;
mod steps;
#[cfg(test)]
mod tests;

use crate::caller::Audience;
use crate::decide::Scopes;
use crate::state::ids::random;
use crate::state::{Shared, State};
use crate::token;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Everything on the login origin.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::document))
        .route("/{tenant}/.well-known/openid-configuration", get(discovery::document))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/{tenant}/discovery/keys", get(discovery::keys))
        .route("/{tenant}/discovery/instance", get(discovery::instance))
        .route("/{tenant}/userrealm/{user}", get(discovery::realm))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::begin))
        .route("/{tenant}/oauth2/v2.0/token", post(token::token))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(token::device_code))
        .route("/{tenant}/oauth2/deviceauth", get(authorize::device).post(authorize::device_entered))
        .route("/{tenant}/login/username", post(steps::user_name))
        .route("/{tenant}/login/password", post(steps::password))
        .route("/{tenant}/login/use-passkey", post(steps::use_passkey))
        .route("/{tenant}/login/passkey", post(steps::passkey))
        .route("/{tenant}/oauth2/nativeclient", get(pages::native_client))
        .with_state(shared)
}

/// A sign-in under way.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) client_id: String,
    pub(crate) purpose: Purpose,
    pub(crate) service: Audience,
    pub(crate) scopes: Scopes,
    pub(crate) scope: String,
    pub(crate) correlation_id: String,
    pub(crate) user_agent: String,
    /// The client asks for multifactor authentication.
    pub(crate) strong: bool,
    /// What was typed as user name.
    pub(crate) name: String,
    /// Object id of the user of that name; empty when there is none, or not yet.
    pub(crate) user: String,
    /// Methods that were used, in order, by the names of `authenticationMethodModes`.
    pub(crate) methods: Vec<String>,
    pub(crate) aaguid: Option<String>,
    /// What the passkey has to sign.
    pub(crate) challenge: Vec<u8>,
    pub(crate) expires_at: Timestamp,
}

/// What happens at the end.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// Back to the client with a code.
    Code {
        redirect_uri: String,
        state: Option<String>,
        challenge: Option<String>,
        nonce: Option<String>,
        fragment: bool,
    },
    /// A device gets its session.
    Device { code: String },
}

impl Pending {
    pub(crate) fn flow(&self) -> &'static str {
        match self.purpose {
            Purpose::Code { .. } => "none",
            Purpose::Device { .. } => "deviceCodeFlow",
        }
    }

    /// Takes up a user name; remembers whose it is.
    pub(crate) fn is_called(&mut self, state: &State, name: &str) {
        name.trim().clone_into(&mut self.name);
        let user = state.directory.user(&self.name).and_then(|u| crate::state::text(u, "id"));
        self.user = user.unwrap_or_default().to_owned();
    }
}

/// The correlation id of a request: the client's own when it sends a GUID, else a new one.
pub(crate) fn correlation(headers: &HeaderMap, query: &BTreeMap<String, String>) -> String {
    let sent = query
        .get("client-request-id")
        .map(String::as_str)
        .or_else(|| headers.get("client-request-id").and_then(|v| v.to_str().ok()));
    let sent = sent.and_then(|id| uuid::Uuid::try_parse(id).ok());
    sent.unwrap_or_else(|| uuid::Builder::from_random_bytes(random()).into_uuid()).to_string()
}
