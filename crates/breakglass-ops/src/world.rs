//! The world that every operation acts in.

use crate::port::{Clock, Documents, Entropy, Evidence, EvidenceError, StoreError, TenantError, Vault};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Time, randomness, durable state and evidence: everything but the tenant.
#[derive(Clone)]
pub struct World {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Journals, watermarks, activations.
    pub documents: Arc<dyn Documents>,
    /// Sealed files.
    pub vault: Arc<dyn Vault>,
    /// The ledger.
    pub evidence: Arc<dyn Evidence>,
}

/// Causes that every operation shares.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// The tenant.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Something did not appear in time.
    #[error(
        "{what} did not appear within {seconds} s; replication or the log pipeline is late: run the same command again to go on from here"
    )]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// A stored document is not what this program wrote.
    #[error(
        "the stored document `{what}` cannot be read: {detail}; restore the data directory from a copy or move the document away"
    )]
    Damaged {
        /// Kind and key.
        what: String,
        /// What is wrong.
        detail: String,
    },
}

impl World {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Appends to the ledger.
    ///
    /// # Errors
    /// When the ledger cannot take it; the caller stops.
    pub async fn record(&self, kind: &str, subject: &str, data: Value) -> Result<u64, OpsError> {
        Ok(self.evidence.record(kind, subject, data).await?)
    }

    /// Asks until there is an answer: `None` means "not yet" (a fresh object may answer 404 for a while).
    ///
    /// # Errors
    /// [`OpsError::Late`] after `limit`, or the first other error.
    pub async fn eventually<T, F, Fut>(&self, what: &str, limit: Duration, mut ask: F) -> Result<T, OpsError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Option<T>, OpsError>>,
    {
        let deadline =
            self.now().saturating_add(SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX));
        let mut pause = Duration::from_millis(250);
        loop {
            match ask().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) | Err(OpsError::Tenant(TenantError::NotFound { .. })) => {}
                Err(other) => return Err(other),
            }
            if deadline.as_ref().is_ok_and(|d| self.now() >= *d) {
                return Err(OpsError::Late { what: what.into(), seconds: limit.as_secs() });
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}
