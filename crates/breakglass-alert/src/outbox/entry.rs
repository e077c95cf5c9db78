//! One alert and what became of it on each channel. Pure values.

use crate::stages::StageClock;
use breakglass_ops::port::{Alert, Delivery};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A wait that is longer than any that we write: the clock was wrong when it was written, and the alert is due.
const ABSURD: SignedDuration = SignedDuration::from_hours(1);

/// An alert in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The alert as it was kept.
    pub alert: Alert,
    /// What became of it, by channel name. A channel that has not been tried yet is not in it.
    #[serde(default)]
    pub channels: BTreeMap<String, ChannelState>,
    /// Taken out by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}

/// How an alert stands with one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelState {
    /// How often it was tried, the current try included.
    pub tries: u32,
    /// Not before this. While a try is being made, this is when it counts as lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// Why the last try failed. No secrets: channels promise that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the channel took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When it was acknowledged there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
}

/// Who took an alert out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The person.
    pub by: String,
    /// The reason.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

impl Entry {
    pub(super) fn new(alert: Alert) -> Self {
        Self { alert, channels: BTreeMap::new(), closed: None }
    }

    /// Whether nothing is left to do: closed, or taken by every one of these channels. Without channels nothing is ever
    /// settled but by a person.
    #[must_use]
    pub fn is_settled(&self, channels: &[&str]) -> bool {
        let taken = |name: &&str| self.channels.get(*name).is_some_and(|s| s.sent_at.is_some());
        self.closed.is_some() || !channels.is_empty() && channels.iter().all(taken)
    }

    /// Whether this channel is to be tried now.
    #[must_use]
    pub fn is_due(&self, channel: &str, now: Timestamp) -> bool {
        if self.closed.is_some() {
            return false;
        }
        self.channels.get(channel).is_none_or(|state| {
            let waits = state.next_at.is_some_and(|next| next > now && next.duration_since(now) <= ABSURD);
            state.sent_at.is_none() && !waits
        })
    }

    /// The stages of this alert, with the first channel that took it and the first acknowledgement.
    #[must_use]
    pub fn stage_clock(&self) -> StageClock {
        StageClock {
            event_at: self.alert.event_at,
            seen_at: self.alert.seen_at,
            sent_at: self.channels.values().filter_map(|s| s.sent_at).min(),
            acknowledged_at: self.channels.values().filter_map(|s| s.acknowledged_at).min(),
        }
    }

    /// The stages on one channel.
    #[must_use]
    pub fn stage_clock_of(&self, channel: &str) -> StageClock {
        let state = self.channels.get(channel);
        StageClock {
            sent_at: state.and_then(|s| s.sent_at),
            acknowledged_at: state.and_then(|s| s.acknowledged_at),
            ..self.stage_clock()
        }
    }

    /// Writes down that a try is made now; it counts as lost after `lease`.
    pub(super) fn claim(&mut self, channel: &str, now: Timestamp, lease: SignedDuration) {
        let state = self.channels.entry(channel.to_owned()).or_default();
        state.tries = state.tries.saturating_add(1);
        state.next_at = Some(now.saturating_add(lease).unwrap_or(Timestamp::MAX));
    }

    /// Writes down that the channel took it. The first time counts.
    pub(super) fn took(&mut self, delivery: &Delivery) {
        let state = self.channels.entry(delivery.channel.clone()).or_default();
        state.sent_at = state.sent_at.or(Some(delivery.sent_at));
        state.acknowledged_at = state.acknowledged_at.or(delivery.acknowledged_at);
        state.next_at = None;
        state.last_error = None;
    }

    /// Writes down that a try failed.
    pub(super) fn failed(&mut self, channel: &str, error: &str, next_at: Timestamp) {
        let state = self.channels.entry(channel.to_owned()).or_default();
        if state.sent_at.is_none() {
            state.last_error = Some(error.to_owned());
            state.next_at = Some(next_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakglass_model::Severity;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + second).unwrap()
    }

    fn entry() -> Entry {
        let (severity, details) = (Severity::Critical, json!({}));
        let (event_at, seen_at) = (at(0), at(10));
        Entry::new(Alert { id: "a".into(), severity, title: "t".into(), details, event_at, seen_at })
    }

    fn delivery(channel: &str, second: i64) -> Delivery {
        Delivery { channel: channel.into(), sent_at: at(second), acknowledged_at: None }
    }

    #[test]
    fn settled_when_every_channel_of_the_design_has_taken_it() {
        let mut entry = entry();
        assert!(!entry.is_settled(&[]), "no channel, no way out");
        entry.took(&delivery("soc", 20));
        assert!(!entry.is_settled(&["soc", "phone"]));
        // The telephone was taken out of the design.
        assert!(entry.is_settled(&["soc"]));
        entry.took(&delivery("phone", 30));
        assert!(entry.is_settled(&["soc", "phone"]));
        assert_eq!(entry.stage_clock().sent_at, Some(at(20)));
        assert_eq!(entry.stage_clock_of("phone").sent_at, Some(at(30)));
    }

    #[test]
    fn due_when_never_tried_when_the_wait_is_over_and_when_the_wait_is_absurd() {
        let mut entry = entry();
        assert!(entry.is_due("soc", at(0)));
        entry.claim("soc", at(0), SignedDuration::from_secs(30));
        assert!(!entry.is_due("soc", at(29)) && entry.is_due("soc", at(30)));
        assert!(entry.is_due("phone", at(1)), "channels do not wait for each other");
        entry.failed("soc", "down", at(100_000));
        assert!(entry.is_due("soc", at(0)), "the clock was wrong when this was written");
        entry.took(&delivery("soc", 5));
        entry.failed("soc", "late failure of another process", at(1));
        assert!(!entry.is_due("soc", at(9_000)));
        assert_eq!(entry.channels["soc"].last_error, None);
    }
}
