//! How long to wait before an alert is tried again. Pure: randomness is handed in.

use jiff::SignedDuration;

/// Exponential backoff with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the second try.
    pub first: SignedDuration,
    /// Never longer than this, jitter included: an alert is worth a try every few minutes for as long as it takes.
    pub longest: SignedDuration,
}

impl Default for Backoff {
    /// 5 seconds, doubling up to 2 minutes: two tries lie within the three minutes that an alert may take, and
    /// mail or chat providers are not flooded while they are down.
    fn default() -> Self {
        Self { first: SignedDuration::from_secs(5), longest: SignedDuration::from_mins(2) }
    }
}

impl Backoff {
    /// The wait after this many tries (1, 2, 3 ...). `random` spreads it over the upper half of the exponential step, so
    /// that many alerts that failed together do not come back together.
    #[must_use]
    pub fn delay(&self, tries: u32, random: u64) -> SignedDuration {
        let longest = self.longest.max(SignedDuration::from_millis(1));
        let doublings = tries.saturating_sub(1).min(30);
        let step =
            self.first.saturating_mul(1_i32 << doublings).clamp(SignedDuration::from_millis(1), longest);
        let half = step.as_millis() / 2;
        let span = u128::try_from(half).unwrap_or_default() + 1;
        let extra = i64::try_from(u128::from(random) % span).unwrap_or_default();
        SignedDuration::from_millis(i64::try_from(half).unwrap_or_default().saturating_add(extra).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_between_half_the_step_and_the_longest(
            first in 1i64..100_000, longest in 1i64..1_000_000, tries in 0u32..100, random in any::<u64>(),
        ) {
            let backoff = Backoff {
                first: SignedDuration::from_millis(first),
                longest: SignedDuration::from_millis(longest),
            };
            let wait = backoff.delay(tries, random);
            prop_assert!(wait >= SignedDuration::from_millis(1));
            prop_assert!(wait <= backoff.longest.max(SignedDuration::from_millis(1)));
            prop_assert!(backoff.delay(tries + 1, 0) >= backoff.delay(tries, 0), "it never gets shorter");
        }
    }

    #[test]
    fn the_default_tries_three_times_within_three_minutes() {
        let backoff = Backoff::default();
        let waits: SignedDuration = (1..=3)
            .map(|t| backoff.delay(t, u64::MAX))
            .fold(SignedDuration::ZERO, |sum, w| sum.saturating_add(w));
        assert!(waits < SignedDuration::from_mins(3), "{waits}");
        assert!(backoff.delay(u32::MAX, u64::MAX) <= SignedDuration::from_mins(2));
    }
}
