//! How long an alert took, stage by stage. Pure.
//!
//! No log path of Microsoft's promises a time, so "an alert within three minutes" is measured: when the event happened, when
//! we saw it, when a channel took it, when a person or a system acknowledged it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The times of one alert on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageClock {
    /// When it happened, by the log.
    pub event_at: Timestamp,
    /// When we saw the record.
    pub seen_at: Timestamp,
    /// When the channel took it.
    pub sent_at: Option<Timestamp>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<Timestamp>,
}

/// A stage of an alert's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// From the event until we saw it: the log's lateness and our polling.
    Log,
    /// From seeing it until a channel took it: ours.
    Send,
    /// From the channel until the acknowledgement: the receiver's.
    Acknowledge,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Log => "the log",
            Self::Send => "sending",
            Self::Acknowledge => "the receiver",
        })
    }
}

impl StageClock {
    /// How long a stage took; `None` while it has not ended. Clocks of the log and ours differ: what would be negative
    /// is nothing.
    #[must_use]
    pub fn took(&self, stage: Stage) -> Option<SignedDuration> {
        let (from, to) = match stage {
            Stage::Log => (self.event_at, Some(self.seen_at)),
            Stage::Send => (self.seen_at, self.sent_at),
            Stage::Acknowledge => (self.sent_at?, self.acknowledged_at),
        };
        Some(to?.duration_since(from).max(SignedDuration::ZERO))
    }

    /// From the event until a channel took the alert: what the three minutes are about.
    #[must_use]
    pub fn total(&self) -> Option<SignedDuration> {
        Some(self.sent_at?.duration_since(self.event_at).max(SignedDuration::ZERO))
    }

    /// The stage that took longest, when the alert is late: not sent within the limit after the event, or still not sent
    /// `now`.
    #[must_use]
    pub fn late(&self, limit: SignedDuration, now: Timestamp) -> Option<Stage> {
        let sent = self.sent_at.unwrap_or(now);
        if sent.duration_since(self.event_at) <= limit {
            return None;
        }
        let log = self.seen_at.duration_since(self.event_at);
        Some(if sent.duration_since(self.seen_at) >= log { Stage::Send } else { Stage::Log })
    }
}

/// Percentiles of a stage over many alerts, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many alerts have ended the stage.
    pub count: usize,
    /// Median.
    pub p50: i64,
    /// 95 of 100 took no longer.
    pub p95: i64,
    /// 99 of 100 took no longer.
    pub p99: i64,
    /// The slowest.
    pub max: i64,
}

impl Percentiles {
    /// Percentiles of these times by nearest rank; `None` for none, which is not zero.
    pub fn of(times: impl IntoIterator<Item = SignedDuration>) -> Option<Self> {
        let mut sorted: Vec<i64> =
            times.into_iter().map(|t| i64::try_from(t.as_millis()).unwrap_or(i64::MAX)).collect();
        sorted.sort_unstable();
        let rank = |percent: usize| {
            let index = (sorted.len() * percent).div_ceil(100).max(1) - 1;
            sorted.get(index).copied()
        };
        Some(Self {
            count: sorted.len(),
            p50: rank(50)?,
            p95: rank(95)?,
            p99: rank(99)?,
            max: sorted.last().copied()?,
        })
    }
}

/// Percentiles of every stage, and of the whole way to a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Event to seen.
    pub log: Option<Percentiles>,
    /// Seen to sent.
    pub send: Option<Percentiles>,
    /// Sent to acknowledged.
    pub acknowledge: Option<Percentiles>,
    /// Event to sent.
    pub total: Option<Percentiles>,
    /// Alerts that no channel has taken yet. They are in no percentile, so look here first.
    pub unsent: usize,
}

/// Sums up the clocks of many alerts.
#[must_use]
pub fn summary(clocks: &[StageClock]) -> Summary {
    let of = |stage| Percentiles::of(clocks.iter().filter_map(|c| c.took(stage)));
    Summary {
        log: of(Stage::Log),
        send: of(Stage::Send),
        acknowledge: of(Stage::Acknowledge),
        total: Percentiles::of(clocks.iter().filter_map(StageClock::total)),
        unsent: clocks.iter().filter(|c| c.sent_at.is_none()).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + second).unwrap()
    }

    fn clock(seen: i64, sent: Option<i64>, acknowledged: Option<i64>) -> StageClock {
        StageClock {
            event_at: at(0),
            seen_at: at(seen),
            sent_at: sent.map(at),
            acknowledged_at: acknowledged.map(at),
        }
    }

    #[test]
    fn which_stage_broke_the_promise() {
        let limit = SignedDuration::from_mins(3);
        assert_eq!(clock(100, Some(110), None).late(limit, at(999)), None);
        assert_eq!(clock(300, Some(310), None).late(limit, at(999)), Some(Stage::Log));
        assert_eq!(clock(20, Some(400), None).late(limit, at(999)), Some(Stage::Send));
        assert_eq!(clock(20, None, None).late(limit, at(100)), None);
        assert_eq!(clock(20, None, None).late(limit, at(400)), Some(Stage::Send));
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        let seconds = |list: &[i64]| list.iter().map(|s| SignedDuration::from_secs(*s)).collect::<Vec<_>>();
        assert_eq!(Percentiles::of([]), None);
        let one = Percentiles::of(seconds(&[7])).unwrap();
        assert_eq!((one.p50, one.p95, one.max, one.count), (7_000, 7_000, 7_000, 1));
        let hundred = Percentiles::of(seconds(&(1..=100).rev().collect::<Vec<_>>())).unwrap();
        assert_eq!((hundred.p50, hundred.p95, hundred.p99, hundred.max), (50_000, 95_000, 99_000, 100_000));
    }

    #[test]
    fn what_was_not_sent_is_counted_and_clocks_that_differ_are_not_negative() {
        let summary = summary(&[clock(-5, Some(2), Some(9)), clock(10, None, None)]);
        assert_eq!(summary.unsent, 1);
        assert_eq!(summary.log.unwrap().p50, 0);
        assert_eq!(summary.acknowledge.unwrap().max, 7_000);
        assert_eq!(summary.total.unwrap().count, 1);
    }
}
