//! One look at the logs.

use super::{Source, alerts, cursor, keep_cursor, sight, watched};
use crate::port::{ActivityFilter, Alert, AlertSink, Query, Tenant, TenantError};
use crate::{OpsError, World, activate};
use breakglass_detect::{Cursor, Event, Watched, detect, parse_record};
use breakglass_model::design::Design;
use breakglass_model::{ObjectId, Severity, Unread, canonical};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const UNREADABLE: &str = "watch-unreadable";

/// What one look brought.
#[derive(Clone, Debug, Serialize)]
pub struct Polled {
    /// When the look began.
    pub at: Timestamp,
    /// Accounts that are watched.
    pub accounts: usize,
    /// Records that were read, repeats included.
    pub records: usize,
    /// Events that were not seen before.
    pub fresh: usize,
    /// Alerts that were kept for sending and were not known before.
    pub alerts: Vec<Alert>,
    /// What could not be read, and why: nobody knows what happened there.
    pub blind: Vec<Unread>,
}

impl Polled {
    /// Whether everything that is watched was seen.
    #[must_use]
    pub fn sees_everything(&self) -> bool {
        self.blind.is_empty() && self.accounts > 0
    }
}

/// What one source answered.
struct Look {
    source: Source,
    cursor: Cursor,
    answer: Result<Vec<Value>, TenantError>,
}

/// Looks once: reads every source from its watermark (less the look-back of the design), keeps an alert for each
/// detection, and moves the watermarks. Timers of open activations are looked at on the way.
///
/// A source that fails is no error: it is in [`Polled::blind`], and its watermark stays where it was.
///
/// # Errors
/// When store, ledger or outbox fail: then no watermark has moved, and the next look sees the same again.
pub async fn poll(
    world: &World,
    tenant: &dyn Tenant,
    design: &Design,
    sink: &dyn AlertSink,
) -> Result<Polled, OpsError> {
    let now = world.now();
    let timers = activate::tick_all(world, sink).await?;
    let (watched, correlation) = watched(world, design).await?;
    let mut polled = Polled {
        at: now,
        accounts: watched.accounts.len(),
        records: 0,
        fresh: 0,
        alerts: timers,
        blind: correlation.unread,
    };
    let mut states: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut moved = Vec::new();
    for source in sources(&watched) {
        // What one source shows leaves at once: the next may wait long for its turn in a throttled bucket.
        let Look { source, mut cursor, answer } = look(world, tenant, design, source, now).await?;
        let records = match answer {
            Ok(records) => records,
            Err(error) => {
                states.insert(source.key(), Some(error.to_string()));
                polled.blind.push(Unread { what: source.key(), why: error.to_string() });
                continue;
            }
        };
        states.insert(source.key(), None);
        polled.records += records.len();
        let (events, unreadable) = parse(&records);
        let fresh = cursor.take(events, now);
        polled.fresh += fresh.len();
        keep_detections(world, sink, &watched, &fresh, &mut polled).await?;
        keep_unreadable(world, sink, &source, unreadable, &mut polled).await?;
        moved.push((source, cursor));
    }
    for gap in tenant.gaps() {
        states.insert(format!("gap/{}", gap.what), Some(gap.why.clone()));
        polled.blind.push(gap);
    }
    let told = sight::note(world, sink, design, now, &states).await?;
    polled.alerts.extend(told);
    // Everything above is durable: only now may the watermarks move.
    for (source, cursor) in moved {
        keep_cursor(world, &source, &cursor).await?;
    }
    Ok(polled)
}

fn sources(watched: &Watched) -> Vec<Source> {
    let accounts = watched.accounts.keys().cloned().map(Source::SignIns);
    accounts.chain([Source::Audits, Source::Activity]).collect()
}

async fn look(
    world: &World,
    tenant: &dyn Tenant,
    design: &Design,
    source: Source,
    now: Timestamp,
) -> Result<Look, OpsError> {
    let mut cursor = cursor(world, &source).await?;
    let look_back = SignedDuration::from_mins(i64::from(design.watch.look_back_minutes));
    let since = cursor.since(now, look_back);
    let query = match &source {
        Source::SignIns(id) => Query::SignIns { since, user: Some(id.clone()) },
        Source::Audits => Query::DirectoryAudits { since },
        Source::Activity => Query::ActivityLog(ActivityFilter { since, subscription: None }),
    };
    let answer = tenant.read(&query).await;
    Ok(Look { source, cursor, answer })
}

fn parse(records: &[Value]) -> (Vec<Event>, Vec<(String, String)>) {
    let (mut events, mut unreadable) = (Vec::new(), Vec::new());
    for record in records {
        match parse_record(record) {
            Ok(event) => events.push(event),
            Err(problem) => {
                unreadable.push((canonical::digest(record).unwrap_or_default(), problem.to_string()))
            }
        }
    }
    (events, unreadable)
}

async fn keep_detections(
    world: &World,
    sink: &dyn AlertSink,
    watched: &Watched,
    fresh: &[Event],
    polled: &mut Polled,
) -> Result<(), OpsError> {
    for event in fresh {
        for detection in detect(event, watched) {
            let alert = Alert {
                id: detection.id.clone(),
                severity: detection.severity,
                title: detection.title.clone(),
                details: detection.details(),
                event_at: detection.at,
                // The log may have let us wait for its answer.
                seen_at: world.now(),
            };
            if alerts::keep(world, sink, &alert).await? {
                polled.alerts.push(alert);
            }
        }
    }
    Ok(())
}

/// A record that nobody understands may be the one that matters: it is told once, by its digest.
async fn keep_unreadable(
    world: &World,
    sink: &dyn AlertSink,
    source: &Source,
    unreadable: Vec<(String, String)>,
    polled: &mut Polled,
) -> Result<(), OpsError> {
    let mut new = Vec::new();
    for (digest, problem) in unreadable {
        polled.blind.push(Unread { what: format!("{} record {digest}", source.key()), why: problem.clone() });
        if world.documents.get(UNREADABLE, &digest).await?.is_none() {
            new.push((digest, problem));
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let digests: Vec<_> = new.iter().map(|(digest, _)| digest.as_str()).collect();
    let id = canonical::digest(&digests).unwrap_or_default();
    let alert = Alert {
        id: format!("unreadable-{}", id.trim_start_matches("sha256:").get(..32).unwrap_or_default()),
        severity: Severity::Medium,
        title: format!(
            "{} record(s) of {} are not understood: nobody knows what they say",
            new.len(),
            source.key()
        ),
        details: json!({ "rule": "unreadable", "problems": new.iter().take(5).map(|(_, p)| p).collect::<Vec<_>>(), "digests": digests }),
        event_at: polled.at,
        seen_at: polled.at,
    };
    if alerts::keep(world, sink, &alert).await? {
        polled.alerts.push(alert);
    }
    for (digest, problem) in &new {
        let note = json!({ "at": polled.at, "source": source.key(), "problem": problem });
        world.documents.put(UNREADABLE, digest, &note, None).await?;
    }
    Ok(())
}

/// All records of the tenant about one account since a time, for whoever judges or keeps them: sign-ins, audits and the
/// tenant-level activity log. What could not be read is named by its source.
pub(crate) async fn trail(
    tenant: &dyn Tenant,
    account: &ObjectId,
    since: Timestamp,
) -> (Vec<Event>, BTreeMap<String, String>) {
    let (mut events, mut unread) = (Vec::new(), BTreeMap::new());
    let activity = ActivityFilter { since, subscription: None };
    for (name, query) in [
        ("sign-ins", Query::SignIns { since, user: Some(account.clone()) }),
        ("audits", Query::DirectoryAudits { since }),
        ("activity", Query::ActivityLog(activity)),
    ] {
        match tenant.read(&query).await {
            Err(error) => {
                unread.insert(name.to_owned(), error.to_string());
            }
            Ok(records) => {
                let (found, unreadable) = parse(&records);
                events.extend(
                    found
                        .into_iter()
                        .filter(|e| e.actor.as_ref() == Some(account) || e.targets.contains(account)),
                );
                if let Some((_, problem)) = unreadable.first() {
                    unread.insert(
                        name.to_owned(),
                        format!("{} record(s) are not understood: {problem}", unreadable.len()),
                    );
                }
            }
        }
    }
    (events, unread)
}
