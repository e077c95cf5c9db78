//! What to do after an attempt.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use std::time::Duration;

/// What repeating a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Safety {
    /// Nothing: it only reads.
    Read,
    /// The tenant ends up the same, however often it takes effect.
    Idempotent,
    /// A second one would make a second object: never repeated once it may have taken effect.
    Once,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// `Retry-After`, when it was there and made sense ([`retry_after`]).
        retry_after: Option<Duration>,
    },
    /// No connection: the request never left.
    NotSent,
    /// The request left, and no whole answer came: reset, timeout, truncated.
    Lost,
}

impl Outcome {
    /// Whether a change may have taken effect although there is no answer that says so.
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Self::Lost | Self::Answered { status: 408 | 500 | 502 | 503 | 504, .. })
    }
}

/// How often and how long it was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Attempts made, the last one included.
    pub made: u32,
    /// Time spent waiting between them so far.
    pub waited: Duration,
}

/// Where patience ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attempts at most.
    pub attempts: u32,
    /// Attempts at most while no connection is made at all.
    pub connects: u32,
    /// Waiting between attempts at most, in sum.
    pub budget: Duration,
    /// First pause when the service names none; doubled each time.
    pub base: Duration,
    /// Longest pause that is chosen here. The service may ask for a longer one, within the budget.
    pub cap: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 8,
            connects: 4,
            budget: Duration::from_secs(180),
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The answer stands, good or bad.
    Take,
    /// Send it again after this pause.
    Again(Duration),
    /// Stop trying.
    GiveUp(Why),
}

/// Why trying stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It may have taken effect, and a second time would do harm.
    MayHaveTakenEffect,
    /// Tried often enough.
    Attempts,
    /// The pause that is due would exceed the budget.
    Budget {
        /// That pause.
        pause: Duration,
    },
}

/// Decides after an attempt. `jitter` is any number, drawn evenly; it spreads the pauses of several clients.
#[must_use]
pub fn decide(outcome: Outcome, safety: Safety, so_far: Attempts, limits: &Limits, jitter: u16) -> Decision {
    let asked = match outcome {
        Outcome::Answered { status: 429, retry_after } => retry_after,
        Outcome::Answered { retry_after, .. } if outcome.is_ambiguous() => retry_after,
        Outcome::Answered { .. } => return Decision::Take,
        Outcome::NotSent | Outcome::Lost => None,
    };
    if safety == Safety::Once && outcome.is_ambiguous() {
        return Decision::GiveUp(Why::MayHaveTakenEffect);
    }
    let most =
        if outcome == Outcome::NotSent { limits.connects.min(limits.attempts) } else { limits.attempts };
    if so_far.made >= most {
        return Decision::GiveUp(Why::Attempts);
    }
    let pause = match asked.filter(|pause| !pause.is_zero()) {
        // Never earlier than asked, and up to an eighth later, so that not everybody comes back at once.
        Some(pause) => pause.saturating_add(share(pause / 8, jitter)),
        None => backoff(so_far.made, limits, jitter),
    };
    if so_far.waited.saturating_add(pause) > limits.budget {
        return Decision::GiveUp(Why::Budget { pause: asked.unwrap_or(pause) });
    }
    Decision::Again(pause)
}

/// Exponential, half of it fixed and half of it drawn.
fn backoff(made: u32, limits: &Limits, jitter: u16) -> Duration {
    let doublings = made.saturating_sub(1).min(16);
    let whole = limits.base.saturating_mul(1 << doublings).min(limits.cap);
    (whole / 2).saturating_add(share(whole / 2, jitter))
}

fn share(of: Duration, jitter: u16) -> Duration {
    of.mul_f64(f64::from(jitter) / f64::from(u16::MAX))
}

/// Reads a `Retry-After` header: seconds, or an HTTP date (in the past means now). `None` when it is missing, empty or
/// nonsense: the Conditional Access limit sends none (REQUIREMENTS 5.1), and clients have died on an empty one.
#[must_use]
pub fn retry_after(header: Option<&str>, now: Timestamp) -> Option<Duration> {
    let text = header?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a number holds is still "much later", not "never said".
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: &str = "1994-11-06T08:49:07Z";

    #[test]
    fn retry_after_in_every_form() {
        let now: Timestamp = NOW.parse().unwrap();
        for (header, seconds) in [
            (None, None),
            (Some(""), None),
            (Some("  "), None),
            (Some("soon"), None),
            (Some("-3"), None),
            (Some("1.5"), None),
            (Some("0"), Some(0)),
            (Some(" 17 "), Some(17)),
            (Some("99999999999999999999999"), Some(u64::MAX)),
            (Some("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30)),
            (Some("Mon, 06 Nov 1994 08:49:37 GMT"), Some(30)),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0)),
            (Some("Sun, 99 Nov 1994 08:00:00 GMT"), None),
        ] {
            assert_eq!(retry_after(header, now), seconds.map(Duration::from_secs), "{header:?}");
        }
    }

    #[test]
    fn what_is_tried_again() {
        let answered = |status| Outcome::Answered { status, retry_after: None };
        let again = |outcome, safety| {
            matches!(
                decide(outcome, safety, Attempts { made: 1, waited: Duration::ZERO }, &Limits::default(), 0),
                Decision::Again(_)
            )
        };
        for (outcome, read, idempotent, once) in [
            (answered(200), false, false, false),
            (answered(400), false, false, false),
            (answered(401), false, false, false),
            (answered(404), false, false, false),
            (answered(501), false, false, false),
            (answered(429), true, true, true),
            (answered(500), true, true, false),
            (answered(502), true, true, false),
            (answered(503), true, true, false),
            (answered(504), true, true, false),
            (Outcome::NotSent, true, true, true),
            (Outcome::Lost, true, true, false),
        ] {
            assert_eq!(again(outcome, Safety::Read), read, "{outcome:?}");
            assert_eq!(again(outcome, Safety::Idempotent), idempotent, "{outcome:?}");
            assert_eq!(again(outcome, Safety::Once), once, "{outcome:?}");
        }
    }

    fn outcomes() -> impl Strategy<Value = Outcome> {
        let status = prop_oneof![Just(429u16), Just(503), Just(500), Just(504), Just(408), 100u16..600];
        let pause = proptest::option::of((0u64..4000).prop_map(Duration::from_secs));
        prop_oneof![
            (status, pause).prop_map(|(status, retry_after)| Outcome::Answered { status, retry_after }),
            Just(Outcome::NotSent),
            Just(Outcome::Lost),
        ]
    }

    proptest! {
        /// Whatever the service does, trying ends: in attempts, and in time waited.
        #[test]
        fn patience_ends(script in proptest::collection::vec((outcomes(), any::<u16>()), 1..40), once in any::<bool>()) {
            let limits = Limits::default();
            let safety = if once { Safety::Once } else { Safety::Read };
            let mut so_far = Attempts::default();
            for (outcome, jitter) in script {
                so_far.made += 1;
                match decide(outcome, safety, so_far, &limits, jitter) {
                    Decision::Again(pause) => {
                        prop_assert!(!pause.is_zero());
                        prop_assert!(!(once && outcome.is_ambiguous()));
                        if let Outcome::Answered { retry_after: Some(asked), .. } = outcome {
                            prop_assert!(pause >= asked, "came back before it was asked to");
                        }
                        so_far.waited += pause;
                    }
                    Decision::Take | Decision::GiveUp(_) => break,
                }
            }
            prop_assert!(so_far.made <= limits.attempts && so_far.waited <= limits.budget);
        }

        #[test]
        fn a_header_of_any_kind_is_read_without_panic(text in "\\PC{0,40}") {
            let _ = retry_after(Some(&text), Timestamp::UNIX_EPOCH);
        }

        #[test]
        fn pauses_grow_until_the_cap(made in 1u32..200, jitter in any::<u16>()) {
            let limits = Limits::default();
            let (this, next) = (backoff(made, &limits, jitter), backoff(made + 1, &limits, jitter));
            prop_assert!(this <= next && next <= limits.cap && this >= limits.base / 2);
        }
    }
}
