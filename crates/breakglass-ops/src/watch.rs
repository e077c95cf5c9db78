//! Following the logs: which accounts are watched, what was seen of them, and whether we can see at all.
//!
//! [`poll`] is one look. Nothing is seen twice and nothing is lost when the program is killed anywhere: alerts have stable
//! ids and are durable before the watermark moves. What could not be read is blindness, which is an alert of its
//! own, and a source that was blind is asked again from where it was last seen.

mod alerts;
mod poll;
mod sight;
mod windows;

pub use alerts::alert_times;
pub(crate) use poll::trail;
pub use poll::{Polled, poll};
pub use sight::{Heartbeat, SourceState, heartbeat};
pub use windows::{Correlation, correlation};

use crate::{OpsError, World};
use breakglass_detect::{Cursor, Watched, WatchedAccount, parse_record};
use breakglass_model::ObjectId;
use breakglass_model::design::Design;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LIST: &str = "watch";
const CURSOR: &str = "watch-cursor";

/// An account on the watch list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Name in the design.
    pub account: String,
    /// Object id.
    pub object_id: ObjectId,
    /// User principal name.
    pub upn: String,
    /// Since when.
    pub since: Timestamp,
}

/// Puts an account on the watch list; durable when this returns. Watching begins at this moment, whenever the first look
/// is made.
///
/// # Errors
/// Store and ledger errors.
pub async fn add(world: &World, account: &str, id: &ObjectId, upn: &str) -> Result<(), OpsError> {
    let known = world.documents.get(LIST, account).await?;
    let same =
        |v: &Value| v.get("object_id").and_then(Value::as_str).is_some_and(|i| ObjectId::new(i) == *id);
    if known.as_ref().is_some_and(|(_, v)| same(v)) {
        return Ok(());
    }
    let now = world.now();
    for source in [Source::SignIns(id.clone()), Source::Audits, Source::Activity] {
        begin_cursor(world, &source, now).await?;
    }
    let entry = Entry { account: account.into(), object_id: id.clone(), upn: upn.into(), since: now };
    world.documents.put(LIST, account, &json!(entry), None).await?;
    world.record("watch.added", account, json!({ "object_id": id })).await?;
    Ok(())
}

/// Takes an account off the watch list. An account that the design names with its object id is watched all the same.
///
/// # Errors
/// Store and ledger errors.
pub async fn remove(world: &World, account: &str) -> Result<(), OpsError> {
    if world.documents.get(LIST, account).await?.is_some() {
        world.record("watch.removed", account, Value::Null).await?;
        world.documents.delete(LIST, account).await?;
    }
    Ok(())
}

/// The watch list, by account name.
///
/// # Errors
/// When the store fails or holds something else under that name.
pub async fn list(world: &World) -> Result<Vec<Entry>, OpsError> {
    world.documents.list(LIST).await?.into_iter().map(|(key, value)| read(LIST, &key, value)).collect()
}

/// Whether a directory audit is about this object: it is a target, or a change names it.
#[must_use]
pub fn targets(audit: &Value, id: &ObjectId) -> bool {
    parse_record(audit).is_ok_and(|event| event.targets.contains(id))
}

/// Everything that is watched: the list, and what the design declares with an object id. Windows are those of the open
/// drills and activations and of those that ended lately.
///
/// # Errors
/// When the store fails or the watch list is damaged.
pub async fn watched(world: &World, design: &Design) -> Result<(Watched, Correlation), OpsError> {
    let mut accounts = BTreeMap::new();
    for account in &design.accounts {
        if let Some(id) = &account.object_id {
            accounts
                .insert(id.clone(), WatchedAccount { name: account.name.clone(), upn: account.upn.clone() });
        }
    }
    for entry in list(world).await? {
        accounts.insert(entry.object_id, WatchedAccount { name: entry.account, upn: entry.upn });
    }
    let correlation = correlation(world).await?;
    let exclusion_group = design.exclusion_group.object_id.clone();
    Ok((Watched { accounts, exclusion_group, windows: correlation.windows.clone() }, correlation))
}

/// One log of one scope; each is asked, fails and goes on by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Sign-ins of one account.
    SignIns(ObjectId),
    /// Directory audits of the tenant.
    Audits,
    /// Activity log, tenant level.
    Activity,
}

impl Source {
    pub(crate) fn key(&self) -> String {
        match self {
            Self::SignIns(id) => format!("sign-ins/{id}"),
            Self::Audits => "audits".into(),
            Self::Activity => "activity".into(),
        }
    }
}

async fn cursor(world: &World, source: &Source) -> Result<Cursor, OpsError> {
    let key = source.key();
    match world.documents.get(CURSOR, &key).await? {
        Some((_, value)) => read(CURSOR, &key, value),
        None => Ok(Cursor::default()),
    }
}

async fn keep_cursor(world: &World, source: &Source, cursor: &Cursor) -> Result<(), OpsError> {
    world.documents.put(CURSOR, &source.key(), &json!(cursor), None).await?;
    Ok(())
}

/// A source that nobody has asked yet is asked from now on, also when the first look comes hours later.
async fn begin_cursor(world: &World, source: &Source, now: Timestamp) -> Result<(), OpsError> {
    if world.documents.get(CURSOR, &source.key()).await?.is_none() {
        let mut cursor = Cursor::default();
        cursor.since(now, SignedDuration::ZERO);
        cursor.take(Vec::new(), now);
        keep_cursor(world, source, &cursor).await?;
    }
    Ok(())
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(
    kind: &str,
    key: &str,
    value: Value,
) -> Result<T, OpsError> {
    serde_json::from_value(value)
        .map_err(|e| OpsError::Damaged { what: format!("{kind}/{key}"), detail: e.to_string() })
}
