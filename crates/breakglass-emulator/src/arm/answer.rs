//! Answers and errors in ARM's shapes.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// A success.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Option<Value>,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body) }
    }

    pub(super) fn list(items: Vec<Value>) -> Self {
        Self::ok(json!({ "value": items }))
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, body: None }
    }
}

/// An error, by ARM's code and message.
#[derive(Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

/// The HTTP answer.
pub(super) fn respond(asked: &HeaderMap, outcome: Result<Answer, Failure>) -> Response<Body> {
    let (status, body) = match outcome {
        Ok(answer) => (answer.status, answer.body),
        Err(f) => (f.status, Some(json!({ "error": { "code": f.code, "message": f.message } }))),
    };
    let mut response = Response::new(body.as_ref().map_or_else(Body::empty, |b| Body::from(b.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let id = uuid::Uuid::new_v4().to_string();
    for name in ["x-ms-request-id", "x-ms-correlation-request-id"] {
        if let Ok(value) = HeaderValue::from_str(&id) {
            headers.insert(name, value);
        }
    }
    if let Some(value) = asked.get("x-ms-client-request-id") {
        headers.insert("x-ms-client-request-id", value.clone());
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
    }
    response
}
