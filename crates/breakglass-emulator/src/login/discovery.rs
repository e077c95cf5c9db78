//! What clients read before they sign in.

use crate::state::{Shared, text};
use crate::token::{LoginError, is_tenant};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`.
pub(crate) async fn document(State(shared): State<Shared>, Path(tenant): Path<String>) -> Response {
    let state = shared.lock();
    if !is_tenant(&state, &tenant) {
        return LoginError::tenant(&tenant).into_response();
    }
    let login = &shared.origins().login;
    let at = |path: &str| format!("{login}/{tenant}/{path}");
    Json(json!({
        "issuer": format!("{login}/{}/v2.0", state.tenant_id),
        "authorization_endpoint": at("oauth2/v2.0/authorize"),
        "token_endpoint": at("oauth2/v2.0/token"),
        "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
        "jwks_uri": at("discovery/v2.0/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "name", "oid", "preferred_username", "tid", "ver"],
        "http_logout_supported": false, "frontchannel_logout_supported": false,
        "tenant_region_scope": "NA", "cloud_instance_name": host(login),
        "msgraph_host": host(&shared.origins().graph),
    }))
    .into_response()
}

/// `GET /{tenant}/discovery/v2.0/keys`.
pub(crate) async fn keys(State(shared): State<Shared>) -> Response {
    let issuer = format!("{}/{}/v2.0", shared.origins().login, shared.lock().tenant_id);
    Json(shared.keys().jwks(&issuer)).into_response()
}

/// `GET /common/discovery/instance`: this login stands for itself alone.
pub(crate) async fn instance(State(shared): State<Shared>) -> Response {
    let login = &shared.origins().login;
    let tenant = shared.lock().tenant_id.clone();
    Json(json!({
        "tenant_discovery_endpoint": format!("{login}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host(login), "preferred_cache": host(login), "aliases": [host(login)] }],
    }))
    .into_response()
}

/// `GET /common/userrealm/{upn}`: where a password is checked.
pub(crate) async fn realm(State(shared): State<Shared>, Path((_, user)): Path<(String, String)>) -> Response {
    let state = shared.lock();
    let name = user.rsplit_once('@').map_or("", |(_, domain)| domain);
    let federated =
        state.directory.domains.get(name).and_then(|d| text(d, "authenticationType")) == Some("Federated");
    Json(json!({
        "ver": "1.0", "account_type": if federated { "Federated" } else { "Managed" }, "domain_name": name,
        "cloud_instance_name": host(&shared.origins().login), "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }))
    .into_response()
}

fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, rest)| rest)
}
