//! Whether a log has been silent for too long: no news may be good news, or a diagnostic setting that somebody
//! deleted (F53).
//!
//! This looks at one source from the inside. That the whole program is dead can only be seen from outside: the receiver
//! must miss something that it expects, such as the alert of the next drill.

use breakglass_model::Severity;
use breakglass_ops::port::Alert;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// Whether the last sign of life is older than the limit. A source that has never been seen is silent: unknown is not
/// counted as safe.
#[must_use]
pub fn is_silent(last_seen: Option<Timestamp>, now: Timestamp, limit: SignedDuration) -> bool {
    last_seen.is_none_or(|seen| now.duration_since(seen) > limit)
}

/// The alert about a silent source; `None` while it is alive. One silence gives one id, however often it is looked at: it
/// ends when the source is seen again.
#[must_use]
pub fn silence(
    source: &str,
    last_seen: Option<Timestamp>,
    now: Timestamp,
    limit: SignedDuration,
) -> Option<Alert> {
    if !is_silent(last_seen, now, limit) {
        return None;
    }
    let since = last_seen.map_or_else(|| "ever".to_owned(), |seen| format!("since {seen}"));
    let id = last_seen.map_or_else(|| "never".to_owned(), |seen| seen.as_millisecond().to_string());
    Some(Alert {
        id: format!("silent-{source}-{id}"),
        severity: Severity::High,
        title: match last_seen {
            Some(_) => {
                format!("nothing has come from `{source}` {since}: emergency access could be used unseen")
            }
            None => format!("nothing has come from `{source}` yet: emergency access could be used unseen"),
        },
        details: json!({
            "rule": "silent-source",
            "source": source,
            "last_seen": last_seen,
            "limit_minutes": limit.as_mins(),
            "next_step": "check the diagnostic setting, the permissions and the credential of the reader; until the source \
                          speaks again, look at the sign-in log by hand",
        }),
        event_at: last_seen.unwrap_or(now),
        seen_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + second).unwrap()
    }

    #[test]
    fn silence_begins_after_the_limit() {
        let limit = SignedDuration::from_secs(60);
        assert!(!is_silent(Some(at(0)), at(60), limit));
        assert!(is_silent(Some(at(0)), at(61), limit));
        assert!(!is_silent(Some(at(100)), at(0), limit), "a clock that went back is no silence");
        assert!(is_silent(None, at(0), limit), "never seen is not alive");
    }

    #[test]
    fn one_silence_is_one_alert() {
        let limit = SignedDuration::from_secs(60);
        assert_eq!(silence("sign-ins", Some(at(0)), at(30), limit), None);
        let first = silence("sign-ins", Some(at(0)), at(100), limit).unwrap();
        let later = silence("sign-ins", Some(at(0)), at(900), limit).unwrap();
        assert_eq!(first.id, later.id);
        let next = silence("sign-ins", Some(at(1_000)), at(2_000), limit).unwrap();
        assert_ne!(first.id, next.id);
        assert!(first.title.contains("`sign-ins` since 2026-"), "{}", first.title);
    }
}
