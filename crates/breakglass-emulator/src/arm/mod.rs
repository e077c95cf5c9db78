//! Azure Resource Manager, as far as emergency access needs it: subscriptions, role assignments, elevation, the activity log.
//!
//! Azure roles and directory roles are separate worlds: a Global Administrator sees no subscription before elevating.

mod access;
mod activity;
mod answer;
mod assignments;
mod definitions;
mod elevate;
mod metadata;
mod subscriptions;

use crate::caller::{Audience, Caller};
use crate::graph::odata::{Options, options::decode};
use crate::presets;
use crate::state::{Origins, Shared, State, text};
use answer::{Answer, Failure, respond};
use axum::body::{Body, to_bytes};
use axum::extract::{self, State as Extract};
use axum::http::{Method, Response, StatusCode, request::Parts};
use serde_json::Value;

/// The largest body that is read.
const LARGEST: usize = 4 << 20;

/// Everything on the ARM origin; the monitor origin answers the same.
pub(crate) fn router(shared: Shared) -> axum::Router {
    presets::grant_automation(&mut shared.lock());
    axum::Router::new().fallback(handle).with_state(shared)
}

/// A request whose token has been verified.
struct Request {
    method: Method,
    /// The scope before `/providers/...`: `/`, `/subscriptions/x`, ...
    scope: String,
    /// Provider, kind and name behind the scope, in the client's spelling; empty for the scope itself.
    resource: Vec<String>,
    path: String,
    options: Options,
    caller: Caller,
    origins: Origins,
    body: Vec<u8>,
}

impl Request {
    fn part(&self, at: usize) -> &str {
        self.resource.get(at).map_or("", String::as_str)
    }

    fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|e| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                "InvalidRequestContent",
                format!("The request content was invalid and could not be deserialized: '{e}'."),
            )
        })
    }
}

async fn handle(Extract(shared): Extract<Shared>, request: extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let outcome = match to_bytes(body, LARGEST).await {
        Ok(body) => answer(&shared, &parts, body.to_vec()),
        Err(_) => Err(Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request content is too large.",
        )),
    };
    respond(&parts.headers, outcome)
}

fn answer(shared: &Shared, parts: &Parts, body: Vec<u8>) -> Result<Answer, Failure> {
    let segments: Vec<String> =
        parts.uri.path().split('/').filter(|s| !s.is_empty()).map(|s| decode(s, false)).collect();
    let query = parts.uri.query().unwrap_or_default();
    let version = query
        .split('&')
        .filter_map(|p| p.split_once('='))
        .find(|(n, _)| n.eq_ignore_ascii_case("api-version"));
    let version = version.map(|(_, v)| v).filter(|v| !v.is_empty());
    let version = version.ok_or_else(|| {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    })?;
    let lower: Vec<String> = segments.iter().map(|s| s.to_ascii_lowercase()).collect();
    if lower == ["metadata", "endpoints"] {
        return Ok(metadata::endpoints(shared.origins(), version));
    }
    let caller = Caller::of(shared, &parts.headers, Audience::Arm)
        .map_err(|r| Failure::new(StatusCode::UNAUTHORIZED, r.code, r.message))?;
    let options = Options::read(query, false)
        .map_err(|r| Failure::new(StatusCode::BAD_REQUEST, "InvalidQueryParameter", r.message))?;
    // The last `providers` is what is asked for; those before it belong to the scope.
    let at = lower.iter().rposition(|s| s == "providers").unwrap_or(segments.len());
    let (scope, resource) = segments.split_at(at);
    let request = Request {
        method: parts.method.clone(),
        scope: format!("/{}", scope.join("/")),
        resource: resource.iter().skip(1).cloned().collect(),
        path: format!("/{}", segments.join("/")),
        options,
        caller,
        origins: shared.origins().clone(),
        body,
    };
    dispatch(&request, &mut shared.lock())
}

fn dispatch(request: &Request, state: &mut State) -> Result<Answer, Failure> {
    known_subscription(request, state)?;
    let kind = [request.part(0), request.part(1)].join("/").to_ascii_lowercase();
    match (request.method.as_str(), kind.as_str()) {
        (method, "/") => subscriptions::scope(request, state, method),
        ("GET", "microsoft.authorization/roleassignments") => assignments::read(request, state),
        ("PUT", "microsoft.authorization/roleassignments") => assignments::put(request, state),
        ("DELETE", "microsoft.authorization/roleassignments") => assignments::delete(request, state),
        ("GET", "microsoft.authorization/roledefinitions") => definitions::read(request, state),
        ("GET", "microsoft.authorization/denyassignments") => {
            access::require(request, state, "Microsoft.Authorization/denyAssignments/read")?;
            Ok(Answer::list(Vec::new()))
        }
        ("POST", "microsoft.authorization/elevateaccess") => elevate::elevate(request, state),
        ("GET", "microsoft.insights/eventtypes") => activity::read(request, state),
        _ => other(request, state),
    }
}

/// A subscription that does not exist is not found, whoever asks.
fn known_subscription(request: &Request, state: &State) -> Result<(), Failure> {
    let mut parts = request.scope.split('/').skip(1);
    let (Some(first), Some(id)) = (parts.next(), parts.next()) else { return Ok(()) };
    if !first.eq_ignore_ascii_case("subscriptions")
        || state.azure.subscriptions.find("subscriptionId", id).is_some()
    {
        return Ok(());
    }
    Err(Failure::new(
        StatusCode::NOT_FOUND,
        "SubscriptionNotFound",
        format!("The subscription '{id}' could not be found."),
    ))
}

/// Whatever else a tenant has, by its id.
fn other(request: &Request, state: &State) -> Result<Answer, Failure> {
    let kind = [request.part(0), request.part(1)].join("/");
    if request.method == Method::GET
        && let Some(resource) = state.azure.resources.get(&request.path)
    {
        access::require(request, state, &format!("{kind}/read"))?;
        return Ok(Answer::ok(resource.clone()));
    }
    if request.method == Method::GET {
        let all = state.azure.resources.iter();
        let prefix = format!("{}/", request.path.to_ascii_lowercase());
        let below =
            all.filter(|r| text(r, "id").is_some_and(|id| id.to_ascii_lowercase().starts_with(&prefix)));
        let below: Vec<Value> = below.cloned().collect();
        if !below.is_empty() {
            access::require(request, state, &format!("{kind}/read"))?;
            return Ok(Answer::list(below));
        }
    }
    Err(Failure::new(
        StatusCode::NOT_FOUND,
        "ResourceNotFound",
        format!("The Resource '{kind}/{}' under resource group '<null>' was not found.", request.part(2)),
    ))
}

#[cfg(test)]
mod tests;
