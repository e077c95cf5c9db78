//! The token endpoint.

use super::grants::Request;
use super::{LoginError, is_tenant};
use crate::login::correlation;
use crate::state::Shared;
use axum::Json;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeMap;

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(crate) async fn token(
    State(emulated): State<Shared>,
    Path(tenant): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    Form(fields): Form<BTreeMap<String, String>>,
) -> Response {
    let correlation_id = correlation(&headers, &query);
    let request = Request {
        emulated: &emulated,
        fields: &fields,
        tenant: &tenant,
        correlation_id: &correlation_id,
        user_agent: headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default(),
    };
    answer(&request).map_or_else(
        |error| error.for_request(&correlation_id).into_response(),
        |body| ([("cache-control", "no-store")], Json(body)).into_response(),
    )
}

fn answer(request: &Request<'_>) -> Result<serde_json::Value, LoginError> {
    if !is_tenant(&request.emulated.lock(), request.tenant) {
        return Err(LoginError::tenant(request.tenant));
    }
    match request.field("grant_type")? {
        "client_credentials" => request.for_itself(),
        "authorization_code" => request.by_code(),
        "refresh_token" => request.by_refresh(),
        "password" => request.by_password(),
        "device_code" | "urn:ietf:params:oauth:grant-type:device_code" => request.by_device_code(),
        other => Err(LoginError::new(
            "unsupported_grant_type",
            70_003,
            format!("the grant `{other}` is not supported"),
        )),
    }
}

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub(crate) async fn device_code(
    State(emulated): State<Shared>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<BTreeMap<String, String>>,
) -> Response {
    let correlation_id = correlation(&headers, &BTreeMap::new());
    let request = Request {
        emulated: &emulated,
        fields: &fields,
        tenant: &tenant,
        correlation_id: &correlation_id,
        user_agent: "",
    };
    if !is_tenant(&emulated.lock(), &tenant) {
        return LoginError::tenant(&tenant).into_response();
    }
    request.begin_device_code().map_or_else(
        |error| error.for_request(&correlation_id).into_response(),
        |body| Json(body).into_response(),
    )
}
