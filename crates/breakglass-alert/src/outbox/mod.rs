//! Where alerts wait until every channel has taken them.
//!
//! **Durable before it is sent.** [`AlertSink::enqueue`] returns when the alert is on disk. Each try is written down before
//! it is made (who tries, when it may be tried again), and its result after. A kill in between means that the alert is
//! tried again with the same id: sent at least once, and receivers drop repeats. Two processes may work on one outbox;
//! the version of the document decides who tries.
//!
//! **Never given up.** There is no last try. An alert leaves when every channel of the design has taken it, or when a
//! person closes it with a reason.
//!
//! Two kinds of document: [`OUTBOX`] has one for each alert and keeps it for ever, since the times of delivery are
//! evidence; `outbox-waiting` has an empty one for each that is not settled, so that a round need not read history.

mod deliver;
mod entry;

pub use deliver::{Failure, Round};
pub use entry::{ChannelState, Closed, Entry};

use crate::backoff::Backoff;
use async_trait::async_trait;
use breakglass_ops::port::{Alert, AlertSink, Channel, Documents, Entropy, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// Kind of the documents with an [`Entry`] each, by alert id.
pub const OUTBOX: &str = "outbox";
/// Kind of the documents that say which entries are not settled.
pub(crate) const WAITING: &str = "outbox-waiting";

/// The outbox.
#[derive(Clone)]
pub struct Outbox {
    documents: Arc<dyn Documents>,
    channels: Vec<Arc<dyn Channel>>,
    entropy: Arc<dyn Entropy>,
    backoff: Backoff,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.channels.iter().map(|c| c.name()).collect();
        f.debug_struct("Outbox")
            .field("channels", &names)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// An outbox over a store. `entropy` gives the jitter. Without channels alerts are kept and wait.
    pub fn new(
        documents: Arc<dyn Documents>,
        channels: Vec<Arc<dyn Channel>>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { documents, channels, entropy, backoff: Backoff::default() }
    }

    /// With other waits between tries.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Every alert that was ever kept, in the order of ids.
    ///
    /// # Errors
    /// When the store fails or holds something that is no entry.
    pub async fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.documents.list(OUTBOX).await?.into_iter().map(|(key, value)| read(&key, value)).collect()
    }

    /// One alert.
    ///
    /// # Errors
    /// As [`Outbox::entries`].
    pub async fn entry(&self, id: &str) -> Result<Option<Entry>, StoreError> {
        self.documents.get(OUTBOX, id).await?.map(|(_, value)| read(id, value)).transpose()
    }

    /// Alerts that are not settled: a channel has not taken them, and nobody has closed them.
    ///
    /// # Errors
    /// As [`Outbox::entries`].
    pub async fn waiting(&self) -> Result<Vec<Entry>, StoreError> {
        let mut found = Vec::new();
        for (id, _) in self.documents.list(WAITING).await? {
            found.extend(self.entry(&id).await?.filter(|e| !e.is_settled(&self.names())));
        }
        Ok(found)
    }

    /// Alerts of at least this severity that were sent longer ago than the limit and that nobody has acknowledged: whom to
    /// call next.
    ///
    /// # Errors
    /// As [`Outbox::entries`].
    pub async fn unacknowledged(
        &self,
        at_least: breakglass_model::Severity,
        now: Timestamp,
        limit: SignedDuration,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = self.entries().await?;
        entries.retain(|e| {
            let sent = e.stage_clock().sent_at.is_some_and(|sent| now.duration_since(sent) > limit);
            e.alert.severity >= at_least
                && e.closed.is_none()
                && sent
                && e.stage_clock().acknowledged_at.is_none()
        });
        Ok(entries)
    }

    /// Notes an acknowledgement that came by another road than the answer of the channel: a person on the telephone, a
    /// ticket. Answers false when there is no such alert, or when it was acknowledged there before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn acknowledge(&self, id: &str, channel: &str, at: Timestamp) -> Result<bool, StoreError> {
        self.change(id, |entry| match entry.channels.entry(channel.to_owned()).or_default() {
            state if state.acknowledged_at.is_none() => {
                state.acknowledged_at = Some(at);
                true
            }
            _ => false,
        })
        .await
    }

    /// Takes an alert out by hand, with the person and the reason: no channel gets it any more. Answers false when there
    /// is no such alert or it is closed already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn close(&self, id: &str, by: &str, why: &str, at: Timestamp) -> Result<bool, StoreError> {
        let closed = Closed { by: by.into(), why: why.into(), at };
        let changed = self
            .change(id, |entry| {
                let open = entry.closed.is_none();
                if open {
                    entry.closed = Some(closed.clone());
                }
                open
            })
            .await?;
        self.documents.delete(WAITING, id).await?;
        Ok(changed)
    }

    /// Marks every unsettled alert as waiting again. `enqueue` does that by itself; this is for a store that was restored
    /// from a copy. Answers how many wait.
    ///
    /// # Errors
    /// As [`Outbox::entries`].
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let names = self.names();
        let mut waiting = 0;
        for entry in self.entries().await?.iter().filter(|e| !e.is_settled(&names)) {
            self.documents.put(WAITING, &entry.alert.id, &json!({}), None).await?;
            waiting += 1;
        }
        Ok(waiting)
    }

    fn names(&self) -> Vec<&str> {
        self.channels.iter().map(|c| c.name()).collect()
    }

    /// Changes an entry over the version that was read; reads again when somebody was faster. `change` answers whether
    /// there is anything to write.
    async fn change(&self, id: &str, mut change: impl FnMut(&mut Entry) -> bool) -> Result<bool, StoreError> {
        loop {
            let Some((version, value)) = self.documents.get(OUTBOX, id).await? else { return Ok(false) };
            let mut entry = read(id, value)?;
            if !change(&mut entry) {
                return Ok(false);
            }
            match self.documents.put(OUTBOX, id, &json!(entry), Some(version)).await {
                Ok(_) => return Ok(true),
                Err(StoreError::Stale { .. }) => {}
                Err(other) => return Err(other),
            }
        }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

#[async_trait]
impl AlertSink for Outbox {
    async fn enqueue(&self, alert: &Alert) -> Result<bool, StoreError> {
        let entry = Entry::new(alert.clone());
        let known = match self.documents.put(OUTBOX, &alert.id, &json!(entry), Some(0)).await {
            Ok(_) => None,
            Err(StoreError::Stale { .. }) => self.entry(&alert.id).await?,
            Err(other) => return Err(other),
        };
        // The mark comes after the entry: a kill in between leaves an alert that nobody would look for, and a caller that
        // was told nothing. The caller comes again, and finds the mark missing here.
        if known.as_ref().is_none_or(|entry| !entry.is_settled(&self.names())) {
            self.documents.put(WAITING, &alert.id, &json!({}), None).await?;
        }
        Ok(known.is_none())
    }
}

fn read(id: &str, value: Value) -> Result<Entry, StoreError> {
    serde_json::from_value(value).map_err(|e| {
        StoreError::Failed(format!(
            "`{OUTBOX}/{id}` is no alert that this program wrote: {e}; restore the data directory from a copy"
        ))
    })
}
