//! Answers and errors in Graph's shapes.

use crate::state::{Origins, graph_time};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A success.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Nothing for 204.
    pub(crate) body: Option<Value>,
    pub(crate) location: Option<String>,
}

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), location: None }
    }

    pub(crate) fn created(body: Value, location: String) -> Self {
        Self { status: StatusCode::CREATED, body: Some(body), location: Some(location) }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, location: None }
    }
}

/// An error, by Graph's code and message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// `error.details`: what conflicts.
    pub(crate) details: Option<Value>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: None }
    }

    /// 400 from the OData layer.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 400 from the directory.
    pub(crate) fn directory(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// 400: the directory cannot filter or sort so.
    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
    }

    /// 404 in the directory's words.
    pub(crate) fn missing(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    /// 404 in the words of the policy services.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    /// 403.
    pub(crate) fn denied() -> Self {
        Self::denied_because("Insufficient privileges to complete the operation.")
    }

    pub(crate) fn denied_because(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", message)
    }

    /// 400: an object with such a property is there already.
    pub(crate) fn exists(property: &str) -> Self {
        let message = format!("Another object with the same value for property {property} already exists.");
        let details = json!([{ "code": "ObjectConflict", "message": message, "target": property }]);
        Self { details: Some(details), ..Self::directory(message) }
    }
}

/// What the headers of a request say about itself, repeated in the answer.
pub(crate) struct Ids {
    request: String,
    client: String,
}

impl Ids {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let request = uuid::Uuid::new_v4().to_string();
        let given =
            ["client-request-id", "x-ms-client-request-id"].iter().find_map(|name| headers.get(*name));
        let client = given.and_then(|v| v.to_str().ok()).map_or_else(|| request.clone(), str::to_owned);
        Self { request, client }
    }

    /// The HTTP answer.
    pub(crate) fn respond(&self, outcome: Result<Answer, Refusal>, now: Timestamp) -> Response<Body> {
        let (status, body, location) = match outcome {
            Ok(answer) => (answer.status, answer.body, answer.location),
            Err(refusal) => (refusal.status, Some(self.error(&refusal, now)), None),
        };
        let mut response =
            Response::new(body.as_ref().map_or_else(Body::empty, |b| Body::from(b.to_string())));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if body.is_some() {
            const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert("odata-version", HeaderValue::from_static("4.0"));
        for (name, text) in [("request-id", &self.request), ("client-request-id", &self.client)] {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"\""));
        }
        if let Some(value) = location.and_then(|l| HeaderValue::from_str(&l).ok()) {
            headers.insert(header::LOCATION, value);
        }
        response
    }

    fn error(&self, refusal: &Refusal, now: Timestamp) -> Value {
        let date = graph_time(now);
        let mut error = json!({
            "code": refusal.code, "message": refusal.message,
            "innerError": { "date": date.trim_end_matches('Z'), "request-id": self.request,
                "client-request-id": self.client },
        });
        if let (Some(details), Some(map)) = (&refusal.details, error.as_object_mut()) {
            map.insert("details".into(), details.clone());
        }
        json!({ "error": error })
    }
}

/// The address of a path on the Graph origin.
pub(crate) fn address(origins: &Origins, version: &str, path: &str) -> String {
    format!("{}/{version}/{path}", origins.graph)
}
