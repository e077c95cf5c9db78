//! How an activation is stored: its rules, its request and its events, taken again when it is read.

use super::{Activation, Event, Refusal, Request, Rules, Taken};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One event and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was taken.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The stored form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    format: String,
    rules: Rules,
    request: Request,
    entries: Vec<Entry>,
}

const FORMAT: &str = "breakglass-activation/1";

/// Why a stored activation cannot have happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamagedActivation {
    /// Another format.
    #[error("it has format `{0}`, expected `{FORMAT}`")]
    Format(String),
    /// The request itself is refused.
    #[error("its request is refused: {0}")]
    Request(Refusal),
    /// An event is refused, so somebody has changed the record.
    #[error("its event {number} (`{event}`) is refused: {refusal}")]
    Event {
        /// From 1.
        number: usize,
        /// Which.
        event: &'static str,
        /// Why.
        refusal: Refusal,
    },
}

impl TryFrom<Record> for Activation {
    type Error = DamagedActivation;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        if record.format != FORMAT {
            return Err(DamagedActivation::Format(record.format));
        }
        let at = record.request.requested_at;
        let request = Self::request_checked(record.request, record.rules, at);
        let (mut activation, _) = request.map_err(DamagedActivation::Request)?;
        for (i, entry) in record.entries.into_iter().enumerate() {
            let event = entry.event.name();
            let damaged = |refusal| DamagedActivation::Event { number: i + 1, event, refusal };
            activation.take(entry.event, entry.at).map_err(damaged)?;
        }
        Ok(activation)
    }
}

impl From<Activation> for Record {
    fn from(activation: Activation) -> Self {
        let Activation { rules, request, entries, .. } = activation;
        Self { format: FORMAT.into(), rules, request, entries }
    }
}

impl Activation {
    /// What came of the request and of every event, in order: whoever was interrupted finds here what is still to be
    /// done. One longer than [`Activation::entries`].
    #[must_use]
    pub fn history(&self) -> Vec<Taken> {
        let at = self.request.requested_at;
        let Ok((mut again, first)) = Self::request_checked(self.request.clone(), self.rules.clone(), at)
        else {
            return Vec::new();
        };
        let mut all = vec![first];
        all.extend(self.entries.iter().filter_map(|e| again.take(e.event.clone(), e.at).ok()));
        all
    }
}
