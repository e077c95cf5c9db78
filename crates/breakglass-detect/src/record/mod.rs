//! Records of every shape to one event.
//!
//! Known shapes, all tried by what is in the record and not by where it came from:
//!
//! * Graph, v1.0 and beta: `signIn` and `directoryAudit` objects;
//! * Azure Resource Manager: events of the activity log with `{value, localizedValue}`;
//! * diagnostic settings and Event Hubs: `time`, `category`, `operationName`, `properties` (as an object or as JSON in a
//!   text), also with all keys in lower case or in Pascal case as collectors copy them;
//! * Log Analytics rows: flat, Pascal case, objects as JSON in texts.
//!
//! Several records in one value (`records`, `value`, a list, the tables of a Log Analytics answer) are for
//! [`parse_records`].

mod activity;
mod audit;
mod fields;
mod sign_in;
mod split;
mod time;

pub use split::{parse_records, parse_text};

use crate::event::Event;
use breakglass_model::canonical;
use fields::Fields;
use serde_json::{Value, json};

/// Why a record could not be read. Nothing of it is guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {detail}")]
pub struct RecordProblem {
    /// Where in the record, e.g. `records[2].properties.createdDateTime`; `$` for the record itself.
    pub path: String,
    /// What is wrong there, and what was expected.
    pub detail: String,
}

impl RecordProblem {
    fn new(path: impl Into<String>, detail: impl Into<String>) -> Self {
        let path = path.into();
        Self { path: if path.is_empty() { "$".into() } else { path }, detail: short(&detail.into()) }
    }

    /// The same problem inside a larger value.
    fn below(mut self, prefix: &str) -> Self {
        self.path = if self.path == "$" { prefix.to_owned() } else { format!("{prefix}.{}", self.path) };
        self
    }
}

/// A record may carry a whole policy in one text: an error shows its beginning.
fn short(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Which log a record is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    SignIn,
    Audit,
    Activity,
}

/// Reads one record.
///
/// # Errors
/// When the value is no object, is of no known log, or says no time or no operation: the path and what was expected there.
pub fn parse_record(record: &Value) -> Result<Event, RecordProblem> {
    let root = Fields::of(record, "").ok_or_else(|| {
        RecordProblem::new("", format!("is not a record: expected an object, found {}", what(record)))
    })?;
    let body = Body { inner: root.object(&["properties"]), outer: &root };
    match log_of(&body)? {
        Log::SignIn => sign_in::read(&body),
        Log::Audit => audit::read(&body),
        Log::Activity => activity::read(&body),
    }
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The record proper, inside its envelope when it has one.
struct Body<'a> {
    inner: Option<Fields<'a>>,
    outer: &'a Fields<'a>,
}

impl Body<'_> {
    /// The record's own property, else the envelope's.
    fn text(&self, names: &[&str]) -> Option<String> {
        self.inner.as_ref().and_then(|i| i.text(names)).or_else(|| self.outer.text(names))
    }

    fn object(&self, names: &[&str]) -> Option<Fields<'_>> {
        self.inner.as_ref().and_then(|i| i.object(names)).or_else(|| self.outer.object(names))
    }

    fn list(&self, names: &[&str]) -> Vec<Value> {
        let inner = self.inner.as_ref().map(|i| i.list(names)).unwrap_or_default();
        if inner.is_empty() { self.outer.list(names) } else { inner }
    }

    fn flag(&self, names: &[&str]) -> Option<bool> {
        self.inner.as_ref().and_then(|i| i.flag(names)).or_else(|| self.outer.flag(names))
    }

    fn has(&self, names: &[&str]) -> bool {
        self.inner.as_ref().is_some_and(|i| i.has(names)) || self.outer.has(names)
    }

    /// The record's own time, else the envelope's.
    fn time(&self, own: &[&str]) -> Result<jiff::Timestamp, RecordProblem> {
        if let Some(inner) = &self.inner
            && let Some(found) = inner.time(own)?
        {
            return Ok(found);
        }
        if let Some(found) = self.outer.time(own)? {
            return Ok(found);
        }
        if let Some(found) = self.outer.time(&["time", "TimeGenerated", "p_event_time"])? {
            return Ok(found);
        }
        let missing = own.first().copied().unwrap_or("time");
        let path = self.inner.as_ref().unwrap_or(self.outer).path(missing);
        Err(RecordProblem::new(
            path,
            "is missing, and so is `time`: the record does not say when it happened",
        ))
    }
}

fn log_of(body: &Body<'_>) -> Result<Log, RecordProblem> {
    // The envelope's category names the log; the record's own `category` is something else (`UserManagement`).
    for name in [&["category"][..], &["Type"], &["SourceTable"]] {
        let Some(said) = body.outer.text(name).map(|s| s.to_ascii_lowercase()) else { continue };
        if said.ends_with("signinlogs") {
            return Ok(Log::SignIn);
        }
        if said == "auditlogs" {
            return Ok(Log::Audit);
        }
        if said == "azureactivity" {
            return Ok(Log::Activity);
        }
    }
    if body.has(&["activityDisplayName", "activityDateTime"]) {
        return Ok(Log::Audit);
    }
    let somebody = ["userId", "userPrincipalName", "servicePrincipalId", "appId"];
    if body.has(&["createdDateTime"]) && body.has(&somebody) {
        return Ok(Log::SignIn);
    }
    if body.has(&["operationName", "OperationNameValue"]) {
        return Ok(Log::Activity);
    }
    Err(RecordProblem::new(
        "",
        "is of no known log: expected `createdDateTime` (sign-in), `activityDateTime` (directory audit) or \
         `operationName` (Azure activity), at the top or under `properties`",
    ))
}

/// The record's id, or one derived from what identifies it.
fn id_or_derived(id: Option<String>, parts: &[Option<&str>]) -> String {
    id.unwrap_or_else(|| {
        let digest = canonical::digest(&json!(parts)).unwrap_or_default();
        format!("derived:{}", digest.trim_start_matches("sha256:").get(..32).unwrap_or_default())
    })
}

/// An address without its port, as the storage logs write it.
fn address(text: &str) -> String {
    text.parse::<core::net::SocketAddr>()
        .map_or_else(|_| text.to_owned(), |with_port| with_port.ip().to_string())
}

/// Puts a value under a key when there is one.
fn put(map: &mut serde_json::Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}
