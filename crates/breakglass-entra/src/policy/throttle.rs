//! The published limits, kept by spacing requests instead of running into them.

use crate::endpoints::Service;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A budget of the service that several requests share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// `identity/conditionalAccess` and `identityProtection`: one request a second a tenant, over all applications;
    /// its 429 carries no `Retry-After`.
    ConditionalAccess,
    /// `auditLogs` and `reports`: five requests in ten seconds an application and tenant.
    Reports,
    /// Azure Resource Manager.
    Arm,
    /// The rest of Graph: thousands of units in ten seconds, which reading one tenant's emergency access never nears.
    Directory,
    /// The token endpoint.
    Login,
}

impl Bucket {
    /// The bucket of a request by its path, e.g. `/v1.0/identity/conditionalAccess/policies`.
    #[must_use]
    pub fn of(service: Service, path: &str) -> Self {
        if service == Service::Arm {
            return Self::Arm;
        }
        let mut parts = path.split('/').filter(|p| !p.is_empty()).skip(1).map(str::to_ascii_lowercase);
        match (parts.next().as_deref(), parts.next().as_deref()) {
            (Some("identity"), Some("conditionalaccess")) | (Some("identityprotection"), _) => {
                Self::ConditionalAccess
            }
            (Some("auditlogs" | "reports"), _) => Self::Reports,
            _ => Self::Directory,
        }
    }

    /// So many requests in such a time, with a little room for requests that overtake each other on the way.
    fn rate(self) -> Option<(usize, Duration)> {
        match self {
            Self::ConditionalAccess => Some((1, Duration::from_millis(1050))),
            Self::Reports => Some((5, Duration::from_millis(10_200))),
            Self::Arm => Some((20, Duration::from_secs(1))),
            Self::Directory | Self::Login => None,
        }
    }
}

/// The places that were given out in every bucket. One for a tenant, shared by all that runs in this process.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    lanes: BTreeMap<Bucket, Lane>,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    /// When the last requests were or are due, oldest first; never more than the rate counts.
    due: VecDeque<Timestamp>,
    /// The service asked everybody to wait until then.
    blocked_until: Option<Timestamp>,
    seen: Option<Timestamp>,
}

impl Throttle {
    /// Takes the next place in a bucket and answers how long to wait for it.
    #[must_use]
    pub fn reserve(&mut self, bucket: Bucket, now: Timestamp) -> Duration {
        let lane = self.lane(bucket, now);
        let mut at = lane.blocked_until.map_or(now, |until| until.max(now));
        if let Some((count, per)) = bucket.rate() {
            at = lane.due.back().map_or(at, |last| at.max(*last));
            if lane.due.len() >= count
                && let Some(oldest) = lane.due.pop_front()
            {
                at = at.max(later(oldest, per));
            }
            lane.due.push_back(at);
        }
        between(now, at)
    }

    /// How long the bucket is still closed, for one that has waited and wants to go.
    #[must_use]
    pub fn closed(&mut self, bucket: Bucket, now: Timestamp) -> Duration {
        self.lane(bucket, now).blocked_until.map_or(Duration::ZERO, |until| between(now, until))
    }

    /// The service throttled one request: nobody goes for a while.
    pub fn close(&mut self, bucket: Bucket, now: Timestamp, pause: Duration) {
        let lane = self.lane(bucket, now);
        let until = later(now, pause);
        lane.blocked_until = Some(lane.blocked_until.map_or(until, |before| before.max(until)));
    }

    /// A clock that was set back must not make anybody wait for the difference.
    fn lane(&mut self, bucket: Bucket, now: Timestamp) -> &mut Lane {
        let lane = self.lanes.entry(bucket).or_default();
        if let Some(seen) = lane.seen
            && now < seen
        {
            let back = seen.duration_since(now);
            let earlier = |t: Timestamp| t.checked_sub(back).unwrap_or(Timestamp::MIN);
            lane.due.iter_mut().for_each(|t| *t = earlier(*t));
            lane.blocked_until = lane.blocked_until.map(earlier);
        }
        lane.seen = Some(now);
        lane
    }
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, Duration::from_millis(millis))
    }

    #[test]
    fn buckets_by_path() {
        for (service, path, bucket) in [
            (Service::Graph, "/v1.0/identity/conditionalAccess/policies", Bucket::ConditionalAccess),
            (Service::Graph, "/beta/Identity/ConditionalAccess/namedLocations", Bucket::ConditionalAccess),
            (Service::Graph, "/v1.0/identityProtection/riskyUsers", Bucket::ConditionalAccess),
            (Service::Graph, "/v1.0/identity/userFlows", Bucket::Directory),
            (Service::Graph, "/v1.0/auditLogs/signIns", Bucket::Reports),
            (Service::Graph, "/v1.0//users/x", Bucket::Directory),
            (Service::Graph, "", Bucket::Directory),
            (Service::Arm, "/subscriptions", Bucket::Arm),
        ] {
            assert_eq!(Bucket::of(service, path), bucket, "{path}");
        }
    }

    #[test]
    fn conditional_access_is_spaced_and_a_closed_bucket_stays_closed() {
        let mut throttle = Throttle::default();
        let waits: Vec<_> =
            (0..3).map(|_| throttle.reserve(Bucket::ConditionalAccess, at(0)).as_millis()).collect();
        assert_eq!(waits, [0, 1050, 2100]);
        throttle.close(Bucket::ConditionalAccess, at(100), Duration::from_secs(10));
        assert_eq!(throttle.closed(Bucket::ConditionalAccess, at(1100)), Duration::from_secs(9));
        // Whoever had a place before the closing takes a new one: they come back one by one.
        let waits: Vec<_> =
            (0..2).map(|_| throttle.reserve(Bucket::ConditionalAccess, at(1100)).as_millis()).collect();
        assert_eq!(waits, [9_000, 10_050]);
        assert_eq!(throttle.reserve(Bucket::Directory, at(1100)), Duration::ZERO);
    }

    #[test]
    fn a_clock_set_back_costs_nothing() {
        let mut throttle = Throttle::default();
        let _ = throttle.reserve(Bucket::ConditionalAccess, at(3_600_000));
        assert!(throttle.reserve(Bucket::ConditionalAccess, at(0)) <= Duration::from_millis(1050));
    }

    proptest! {
        /// Whenever the requests come, no window of the limit's length ever holds more than the limit.
        #[test]
        fn the_limit_holds(gaps in proptest::collection::vec(0u64..3000, 1..60), reports in any::<bool>()) {
            let (bucket, count, window) =
                if reports { (Bucket::Reports, 5, 10_000) } else { (Bucket::ConditionalAccess, 1, 1_000) };
            let mut throttle = Throttle::default();
            let mut now = 0;
            let mut sent = Vec::new();
            for gap in gaps {
                now += gap;
                let wait = throttle.reserve(bucket, at(now));
                sent.push(now + u64::try_from(wait.as_millis()).unwrap());
            }
            prop_assert!(sent.is_sorted());
            for (i, start) in sent.iter().enumerate() {
                prop_assert!(sent[i..].iter().filter(|t| **t < start + window).count() <= count);
            }
        }
    }
}
