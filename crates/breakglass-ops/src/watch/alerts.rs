//! Alerts as they leave the watch: once into the outbox, once into the ledger, and the times of their stages.

use super::read;
use crate::port::{Alert, AlertSink};
use crate::{OpsError, World};
use breakglass_workflow::drill::AlertTime;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ALERT: &str = "alert";
/// Where the outbox keeps what became of an alert.
const OUTBOX: &str = "outbox";

/// Keeps an alert: outbox, ledger, and a note that both were done, in this order. Answers whether it is new. After a kill
/// in between the outbox drops the repeat by its id, and the ledger may have the entry twice rather than not at all.
pub(crate) async fn keep(world: &World, sink: &dyn AlertSink, alert: &Alert) -> Result<bool, OpsError> {
    if world.documents.get(ALERT, &alert.id).await?.is_some() {
        return Ok(false);
    }
    sink.enqueue(alert).await?;
    world.record("watch.alert", &alert.id, json!(alert)).await?;
    world.documents.put(ALERT, &alert.id, &json!(alert), None).await?;
    Ok(true)
}

/// The stages of every alert whose event was not before `since`: when it happened, was seen, was taken by the first channel
/// and was acknowledged.
///
/// # Errors
/// When the store fails or holds something that is no alert.
pub async fn alert_times(world: &World, since: Timestamp) -> Result<Vec<AlertTime>, OpsError> {
    let sent: BTreeMap<String, Value> = world.documents.list(OUTBOX).await?.into_iter().collect();
    let mut times = Vec::new();
    for (key, value) in world.documents.list(ALERT).await? {
        let alert: Alert = read(ALERT, &key, value)?;
        if alert.event_at < since {
            continue;
        }
        let delivery = sent.get(&alert.id).map(|entry| entry.get("channels").unwrap_or(entry));
        let record = alert.details.get("event").and_then(Value::as_str).map(str::to_owned);
        times.push(AlertTime {
            sent_at: delivery.and_then(|d| earliest(d, "sent_at")),
            acknowledged_at: delivery.and_then(|d| earliest(d, "acknowledged_at")),
            id: alert.id,
            records: record.into_iter().collect(),
            event_at: alert.event_at,
            seen_at: alert.seen_at,
        });
    }
    Ok(times)
}

/// The earliest time under this name anywhere in a document of the outbox: one delivery a channel.
fn earliest(value: &Value, name: &str) -> Option<Timestamp> {
    match value {
        Value::Object(map) => {
            let own = map.get(name).and_then(Value::as_str).and_then(|t| t.parse().ok());
            map.values().filter_map(|v| earliest(v, name)).chain(own).min()
        }
        Value::Array(items) => items.iter().filter_map(|v| earliest(v, name)).min(),
        _ => None,
    }
}
