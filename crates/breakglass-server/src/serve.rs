//! Serving the pages.

use crate::page::{self, Overview};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Puts an overview together when a page is asked for. An error becomes a page that says it.
pub type Source =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Overview, String>> + Send>> + Send + Sync>;

/// Serves until `stop` resolves. The listener is the caller's, so the caller decides who can reach it.
///
/// # Errors
/// When accepting connections fails for good.
pub async fn serve(
    listener: TcpListener,
    source: Source,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, routes(source)).with_graceful_shutdown(stop).await
}

fn routes(source: Source) -> Router {
    Router::new()
        .route("/", get(overview))
        .route("/api/overview", get(overview_json))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(source)
}

/// Nothing on the page comes from elsewhere and nothing runs, so the policy can be as strict as there is.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

async fn overview(State(source): State<Source>) -> Response {
    let page = match source().await {
        Ok(overview) => page::render(&overview).map_err(|e| e.to_string()),
        Err(error) => Err(error),
    };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, SECURITY_POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    match page {
        Ok(html) => (headers, Html(html)).into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, headers, format!("the page cannot be shown: {error}\n"))
                .into_response()
        }
    }
}

async fn overview_json(State(source): State<Source>) -> Response {
    match source().await {
        Ok(overview) => ([(header::CACHE_CONTROL, "no-store")], axum::Json(overview)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(serde_json::json!({ "error": error })))
            .into_response(),
    }
}
