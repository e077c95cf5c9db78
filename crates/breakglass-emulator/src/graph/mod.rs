//! Answers of the graph origin.

use crate::state::Shared;

/// Everything on the graph origin.
pub(crate) fn router(shared: Shared) -> axum::Router {
    axum::Router::new().with_state(shared)
}
