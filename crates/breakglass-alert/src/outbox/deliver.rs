//! One round of delivery: everything that is due, the worst first, every channel by itself.

use super::{Entry, OUTBOX, Outbox, WAITING, read};
use breakglass_ops::port::{Channel, ChannelError, Delivery, Documents, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a try may take before another process, or this one after a kill, may try as well. Longer than
/// [`LONGEST_TRY`].
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// A try that takes longer is given up.
const LONGEST_TRY: Duration = Duration::from_secs(25);

/// After this many failures in a row a channel is left alone for this round: a channel that times out must not hold the
/// others, and the next round comes soon.
const PATIENCE: u32 = 3;

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Alerts that a channel took, by alert id.
    pub sent: Vec<(String, Delivery)>,
    /// Tries that failed.
    pub failed: Vec<Failure>,
    /// How many alerts are not settled.
    pub waiting: usize,
    /// When the oldest of those was seen: its age says how long nobody has been told.
    pub oldest_waiting: Option<Timestamp>,
    /// When the next try is due; `None` when nothing waits, or nothing can be sent since there is no channel.
    pub next_due: Option<Timestamp>,
}

/// A try that failed. The alert is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Which alert.
    pub alert: String,
    /// On which channel.
    pub channel: String,
    /// Why.
    pub error: String,
}

impl Outbox {
    /// Sends everything that is due now. A channel that fails is no error: it is in [`Round::failed`], and its alerts are
    /// tried again later. Call it after every look, and at [`Round::next_due`].
    ///
    /// # Errors
    /// When the store fails; what was sent and could not be noted will be sent again.
    pub async fn deliver_due(&self, now: Timestamp) -> Result<Round, StoreError> {
        let mut entries = self.load().await?;
        // The worst first, then the oldest: in a flood the sign-in comes before the named location.
        entries.sort_by_key(|e| (std::cmp::Reverse(e.alert.severity), e.alert.seen_at));
        let mut tasks = JoinSet::new();
        for channel in &self.channels {
            let due: Vec<String> = entries
                .iter()
                .filter(|e| e.is_due(channel.name(), now))
                .map(|e| e.alert.id.clone())
                .collect();
            if !due.is_empty() {
                let work = Work { outbox: self.clone(), channel: channel.clone(), now };
                tasks.spawn(async move { work.all(due).await });
            }
        }
        let mut round = Round::default();
        let mut broken = None;
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok((part, error)) => {
                    round.sent.extend(part.sent);
                    round.failed.extend(part.failed);
                    broken = broken.or(error);
                }
                Err(error) => {
                    broken = broken.or(Some(StoreError::Failed(format!("a delivery ended early: {error}"))))
                }
            }
        }
        if let Some(error) = broken {
            return Err(error);
        }
        self.settle(now, &mut round).await?;
        Ok(round)
    }

    async fn load(&self) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for (id, _) in self.documents.list(WAITING).await? {
            // A mark without an entry cannot be: the entry is written first. Somebody deleted it; the mark goes.
            match self.entry(&id).await? {
                Some(entry) => entries.push(entry),
                None => self.documents.delete(WAITING, &id).await?,
            }
        }
        Ok(entries)
    }

    /// Takes the marks of settled alerts away and says what is left.
    async fn settle(&self, now: Timestamp, round: &mut Round) -> Result<(), StoreError> {
        let names = self.names();
        for entry in self.load().await? {
            if entry.is_settled(&names) {
                self.documents.delete(WAITING, &entry.alert.id).await?;
                continue;
            }
            round.waiting += 1;
            round.oldest_waiting = earlier(round.oldest_waiting, Some(entry.alert.seen_at));
            for name in names.iter().filter(|n| entry.channels.get(**n).is_none_or(|s| s.sent_at.is_none())) {
                let next = entry.channels.get(*name).and_then(|s| s.next_at).unwrap_or(now);
                round.next_due = earlier(round.next_due, Some(next));
            }
        }
        Ok(())
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

/// The work of one channel in one round.
struct Work {
    outbox: Outbox,
    channel: Arc<dyn Channel>,
    now: Timestamp,
}

impl Work {
    async fn all(self, due: Vec<String>) -> (Round, Option<StoreError>) {
        let mut round = Round::default();
        let mut in_a_row = 0;
        for id in due {
            match self.one(&id, &mut round).await {
                Ok(Some(true)) => in_a_row = 0,
                Ok(Some(false)) => in_a_row += 1,
                Ok(None) => {}
                Err(error) => return (round, Some(error)),
            }
            if in_a_row >= PATIENCE {
                break;
            }
        }
        (round, None)
    }

    /// Claims, sends, notes. `None` when somebody else was faster or there is nothing to do any more.
    async fn one(&self, id: &str, round: &mut Round) -> Result<Option<bool>, StoreError> {
        let (name, documents) = (self.channel.name().to_owned(), &self.outbox.documents);
        let Some(entry) = claim(&**documents, id, &name, self.now).await? else { return Ok(None) };
        let sent = match tokio::time::timeout(LONGEST_TRY, self.channel.send(&entry.alert)).await {
            Ok(answer) => answer,
            // Channels have shorter timeouts of their own; one that forgets must not hold the others for ever.
            Err(_) => Err(ChannelError { channel: name.clone(), detail: "no answer in time".into() }),
        };
        match sent {
            Ok(delivery) => {
                self.outbox
                    .change(id, |entry| {
                        entry.took(&delivery);
                        true
                    })
                    .await?;
                round.sent.push((id.to_owned(), delivery));
                Ok(Some(true))
            }
            Err(error) => {
                let tries = entry.channels.get(&name).map_or(1, |s| s.tries);
                let wait = self.outbox.backoff.delay(tries, self.outbox.random());
                let next = self.now.saturating_add(wait).unwrap_or(Timestamp::MAX);
                self.outbox
                    .change(id, |entry| {
                        entry.failed(&name, &error.detail, next);
                        true
                    })
                    .await?;
                round.failed.push(Failure { alert: id.to_owned(), channel: name, error: error.detail });
                Ok(Some(false))
            }
        }
    }
}

/// Writes down that this channel is tried now; `None` when it is not due any more or another process has just done so.
async fn claim(
    documents: &dyn Documents,
    id: &str,
    channel: &str,
    now: Timestamp,
) -> Result<Option<Entry>, StoreError> {
    loop {
        let Some((version, value)) = documents.get(OUTBOX, id).await? else { return Ok(None) };
        let mut entry = read(id, value)?;
        if !entry.is_due(channel, now) {
            return Ok(None);
        }
        entry.claim(channel, now, LEASE);
        match documents.put(OUTBOX, id, &json!(entry), Some(version)).await {
            Ok(_) => return Ok(Some(entry)),
            // Another channel of this round, or another process: look again whether it is still ours to try.
            Err(StoreError::Stale { .. }) => {}
            Err(other) => return Err(other),
        }
    }
}
