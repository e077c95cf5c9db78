//! Conditional Access has a budget of its own: one request a second a tenant, over all applications. Its 429 carries no
//! `Retry-After` (REQUIREMENTS 5.1).

use super::answer::Refusal;
use crate::state::State;
use axum::http::StatusCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where the tenant says that the bucket is off: `false` under this name in [`crate::state::Directory::singletons`].
pub(crate) const SWITCH: &str = "emulator/conditionalAccessLimit";

/// Whether the bucket is kept: it is, unless the tenant says otherwise.
pub(crate) fn is_on(state: &State) -> bool {
    state.directory.singletons.get(SWITCH).and_then(serde_json::Value::as_bool).unwrap_or(true)
}

/// The bucket. It runs by the machine's clock: a stopped tenant is still not to be hammered.
#[derive(Default)]
pub(crate) struct Bucket {
    last: Mutex<Option<Instant>>,
}

/// A little less than a second, for requests that overtake each other on the way.
const EVERY: Duration = Duration::from_millis(980);

impl Bucket {
    /// Takes the place of a request, if it is one of those that share the bucket.
    ///
    /// # Errors
    /// 429 when the last one is less than a second ago. A refused request costs nothing.
    pub(crate) fn take(&self, segments: &[String]) -> Result<(), Refusal> {
        let mut names = segments.iter().map(|s| s.to_ascii_lowercase());
        let shared = matches!(
            (names.next().as_deref(), names.next().as_deref()),
            (Some("identity"), Some("conditionalaccess")) | (Some("identityprotection"), _)
        );
        if !shared {
            return Ok(());
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if last.is_some_and(|last| now.duration_since(last) < EVERY) {
            return Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequests",
                "Too many requests. The Conditional Access service allows one request per second per tenant.",
            ));
        }
        *last = Some(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_can_do_without_it() {
        let mut state = State::new(1);
        assert!(is_on(&state), "on unless said");
        state.directory.singletons.insert(SWITCH.into(), false.into());
        assert!(!is_on(&state));
    }

    #[test]
    fn one_a_second_and_only_there() {
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let bucket = Bucket::default();
        assert!(bucket.take(&path("identity/conditionalAccess/policies")).is_ok());
        let refused = bucket.take(&path("identity/ConditionalAccess/namedLocations")).unwrap_err();
        assert_eq!(refused.status.as_u16(), 429);
        for free in ["users", "policies/authenticationStrengthPolicies", "identity"] {
            assert!(bucket.take(&path(free)).is_ok(), "{free}");
        }
    }
}
