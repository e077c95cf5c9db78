//! Answers of the arm origin.

use crate::state::Shared;

/// Everything on the arm origin.
pub(crate) fn router(shared: Shared) -> axum::Router {
    axum::Router::new().with_state(shared)
}
