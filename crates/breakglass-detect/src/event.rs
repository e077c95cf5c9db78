//! One event, whatever log it came from.

use breakglass_model::{ObjectId, Tri};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which log an event is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A person at a login page: interactive user sign-ins.
    SignIn,
    /// A token was used or renewed without a person: non-interactive user sign-ins, service principals, managed
    /// identities. Graph v1.0 does not show them (G7).
    NonInteractiveSignIn,
    /// A directory audit of Entra.
    Audit,
    /// Azure's activity log, and resource logs in the same envelope.
    Activity,
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::SignIn => "sign-in",
            Self::NonInteractiveSignIn => "non-interactive sign-in",
            Self::Audit => "directory audit",
            Self::Activity => "Azure activity",
        })
    }
}

/// A record of a log, in one shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The record's own id, the same on every road it comes by: Graph's `id`, the activity log's `eventDataId`.
    /// A record without one gets `derived:` and a digest of what identifies it.
    pub id: String,
    /// Which log.
    pub kind: EventKind,
    /// When it happened, by the log.
    pub at: Timestamp,
    /// `signIn` for sign-ins, `activityDisplayName` for audits, the operation in upper case for activity.
    pub operation: String,
    /// Whether it worked. An interrupted sign-in has not; an operation that only started is unknown.
    pub succeeded: Tri,
    /// Who did it: the user who signs in, the user or service principal that made the change.
    pub actor: Option<ObjectId>,
    /// The actor's user principal name, else the name the log gives.
    pub actor_name: Option<String>,
    /// What it was done to, by id: target resources of an audit and the objects that their changes name, the principal of
    /// a role assignment. Empty for sign-ins.
    pub targets: Vec<ObjectId>,
    /// The client application.
    pub app_id: Option<String>,
    /// Where from, without a port.
    pub ip: Option<String>,
    /// Correlation id, to find the parts of one sign-in or one change.
    pub correlation_id: Option<String>,
    /// AADSTS number of a sign-in, 0 when it worked.
    pub error_code: Option<u32>,
    /// Authentication methods that a sign-in passed, in order; the `amr` claim of an activity.
    pub methods: Vec<String>,
    /// What else the rules and a reader need; secrets are cut out.
    pub details: Value,
}

/// A target resource of a directory audit, under `targets` in [`Event::details`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditTarget {
    /// Object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// `User`, `Group`, `Policy`, `Role` ...
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// User principal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// What changed about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PropertyChange>,
}

/// A changed property of a target resource. Values that were JSON in a text are opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PropertyChange {
    /// Name of the property as the log writes it.
    pub property: String,
    /// Before; null when there was nothing.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub old: Value,
    /// After; null when there is nothing.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub new: Value,
}

impl Event {
    /// Whether this is a sign-in of either kind.
    #[must_use]
    pub fn is_sign_in(&self) -> bool {
        matches!(self.kind, EventKind::SignIn | EventKind::NonInteractiveSignIn)
    }

    /// The target resources of a directory audit; none for other kinds.
    #[must_use]
    pub fn audit_targets(&self) -> Vec<AuditTarget> {
        self.details.get("targets").and_then(|t| AuditTargets::deserialize(t).ok()).unwrap_or_default()
    }

    /// A text of the details by key.
    #[must_use]
    pub fn detail(&self, key: &str) -> Option<&str> {
        self.details.get(key).and_then(Value::as_str)
    }
}

type AuditTargets = Vec<AuditTarget>;
