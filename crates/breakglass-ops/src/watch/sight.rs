//! Whether we see: each source's last answer, the heartbeat, and the alert about blindness.

use super::{alerts, read};
use crate::port::{Alert, AlertSink};
use crate::{OpsError, World};
use breakglass_model::design::Design;
use breakglass_model::{Severity, canonical};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

const STATUS: &str = "watch-status";
const HEARTBEAT: &str = "heartbeat";

/// The pulse of the watch: whoever sees it older than a few polls knows that nobody is watching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The last look.
    pub at: Timestamp,
    /// Each source.
    pub sources: BTreeMap<String, SourceState>,
}

/// How a source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// The last time it was read whole.
    #[serde(default)]
    pub seen: Option<Timestamp>,
    /// Since when it could not be read; none while it can.
    #[serde(default)]
    pub blind_since: Option<Timestamp>,
    /// Why not.
    #[serde(default)]
    pub why: Option<String>,
    /// Whether an alert has been kept about this blindness.
    #[serde(default)]
    pub told: bool,
}

/// The last heartbeat; none when nobody has ever watched.
///
/// # Errors
/// When the store fails or the document is damaged.
pub async fn heartbeat(world: &World) -> Result<Option<Heartbeat>, OpsError> {
    match world.documents.get(STATUS, HEARTBEAT).await? {
        Some((_, value)) => Ok(Some(read(STATUS, HEARTBEAT, value)?)),
        None => Ok(None),
    }
}

/// Notes what could be read and what not (`None` is "read"), and keeps an alert for each blindness that has lasted longer
/// than two polls and for its end.
pub(super) async fn note(
    world: &World,
    sink: &dyn AlertSink,
    design: &Design,
    now: Timestamp,
    states: &BTreeMap<String, Option<String>>,
) -> Result<Vec<Alert>, OpsError> {
    let before = heartbeat(world).await?.map(|h| h.sources).unwrap_or_default();
    let patience = SignedDuration::from_secs(2 * i64::from(design.watch.poll_seconds));
    let (mut sources, mut told) = (BTreeMap::new(), Vec::new());
    // A gap that is no longer reported has closed; a source that is no longer watched is forgotten.
    let closed = before.keys().filter(|k| k.starts_with("gap/") && !states.contains_key(*k));
    let closed: Vec<_> = closed.map(|k| (k.clone(), None)).collect();
    for (key, why) in states.iter().map(|(k, w)| (k.clone(), w.clone())).chain(closed) {
        let mut state = before.get(&key).cloned().unwrap_or_default();
        let alert = match why {
            None => {
                let was = state.told.then_some(state.blind_since).flatten();
                state = SourceState { seen: Some(now), ..SourceState::default() };
                was.map(|since| again(&key, since, now))
            }
            Some(why) => {
                // From the last time it was seen on, nobody knows what happened.
                let since = *state.blind_since.get_or_insert(state.seen.unwrap_or(now));
                let first_failed = state.why.is_none();
                state.why = Some(why.clone());
                let lasted = now.duration_since(since) >= patience && !first_failed;
                // A refusal does not mend itself: it is told at once.
                let refused = why.contains("refused with") || key.starts_with("gap/");
                let tell = !state.told && (lasted || refused);
                state.told |= tell;
                tell.then(|| blind(&key, since, now, &why))
            }
        };
        if let Some(alert) = alert
            && alerts::keep(world, sink, &alert).await?
        {
            told.push(alert);
        }
        if !(key.starts_with("gap/") && state.why.is_none()) {
            sources.insert(key, state);
        }
    }
    world.documents.put(STATUS, HEARTBEAT, &json!(Heartbeat { at: now, sources }), None).await?;
    Ok(told)
}

fn episode(key: &str, since: Timestamp) -> String {
    let digest = canonical::digest(&(key, since)).unwrap_or_default();
    digest.trim_start_matches("sha256:").get(..32).unwrap_or_default().to_owned()
}

fn blind(key: &str, since: Timestamp, now: Timestamp, why: &str) -> Alert {
    // Sign-ins and audits are what the promise rests on; the rest has a second source (elevation is audited as well).
    let severity =
        if key.starts_with("sign-ins/") || key == "audits" { Severity::High } else { Severity::Medium };
    Alert {
        id: format!("watch-blind-{}", episode(key, since)),
        severity,
        title: format!(
            "`{key}` cannot be read since {since}: emergency access could be used there without being seen"
        ),
        details: json!({
            "rule": "watch-blind", "source": key, "why": why,
            "next_step": "give the reader its permission back, or look at the log by hand until then",
        }),
        event_at: since,
        seen_at: now,
    }
}

/// A source goes on from where it was last seen. A gap is inside a source that went on without it.
fn since_then(key: &str) -> &'static str {
    if key.starts_with("gap/") {
        ": look by hand at what happened in between"
    } else {
        ", and is read from there"
    }
}

fn again(key: &str, since: Timestamp, now: Timestamp) -> Alert {
    Alert {
        id: format!("watch-sees-{}", episode(key, since)),
        severity: Severity::Info,
        title: format!("`{key}` can be read again; it could not since {since}{}", since_then(key)),
        details: json!({ "rule": "watch-sees", "source": key }),
        event_at: now,
        seen_at: now,
    }
}
