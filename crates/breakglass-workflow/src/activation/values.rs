//! What goes into an activation and what comes out of it.

use crate::approval::Approval;
use breakglass_model::design::{ApproverDesign, Design};
use breakglass_model::{ObjectId, Severity, canonical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the design says about activations, frozen when the request is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Approvals needed, at least 1.
    pub approvals: usize,
    /// Who may approve.
    pub approvers: Vec<ApproverDesign>,
    /// Longest timer, and longest single extension, in minutes.
    pub minutes: u32,
}

impl Rules {
    /// The rules of a design.
    #[must_use]
    pub fn of(design: &Design) -> Self {
        Self {
            approvals: design.activation.approvals.max(1),
            approvers: design.approvers.clone(),
            minutes: design.activation.minutes,
        }
    }
}

/// What is asked for. Approvers sign its digest, so nothing of it can change afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Id of the activation, unique in the data directory.
    pub id: String,
    /// Tenant id.
    pub tenant: String,
    /// Account name in the design.
    pub account: String,
    /// Its object id.
    pub object_id: ObjectId,
    /// Who asks: a person.
    pub requester: String,
    /// Why ordinary access does not do.
    pub reason: String,
    /// Number of the incident or change.
    pub ticket: String,
    /// How long it shall be open, in minutes.
    pub minutes: u32,
    /// What is going to be done.
    #[serde(default)]
    pub planned: Vec<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

impl Request {
    /// What approvers sign.
    #[must_use]
    pub fn digest(&self) -> String {
        canonical::digest(&("breakglass-activation-request/1", self)).unwrap_or_default()
    }
}

/// Where an activation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Asked for; approvals are missing.
    Requested,
    /// Enough approvals have come; not open yet.
    Approved,
    /// Open: the account may be used until the timer ends.
    Open,
    /// Being closed: password, sessions, elevation and temporary changes must be dealt with.
    Closing,
    /// Closed; the review is missing.
    Review,
    /// Closed and reviewed.
    Ended,
    /// So many approvers denied that it cannot be approved any more.
    Denied,
    /// Not opened in time.
    Expired,
    /// Withdrawn before it was opened.
    Withdrawn,
}

impl Phase {
    /// Whether nothing more can happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Ended | Self::Denied | Self::Expired | Self::Withdrawn)
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Review => "waiting for its review",
            Self::Ended => "ended",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        })
    }
}

/// What happens to an activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "kebab-case")]
pub enum Event {
    /// An approver approves or denies: the opening, the open extension, or the ratification.
    Said(Approval),
    /// The request is taken back before it is opened.
    Withdraw {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Custody may be opened and the account used, from now on.
    Open {
        /// Who opens it; recorded before any credential is released.
        by: String,
    },
    /// The same without enough approvals: loud, and to be ratified afterwards.
    DangerForce {
        /// Who.
        by: String,
        /// Why approvals cannot be had.
        reason: String,
    },
    /// More time is asked for; it counts when enough approvers have approved it, while it is still open.
    AskExtension {
        /// Who.
        by: String,
        /// How many more minutes.
        minutes: u32,
        /// Why.
        reason: String,
    },
    /// Something was changed that must not stay: a policy switched off, an exclusion, a role.
    NoteChange {
        /// Short name.
        name: String,
        /// What was changed.
        what: String,
        /// Who.
        by: String,
    },
    /// A temporary change was reverted, or is accepted to stay.
    SettleChange {
        /// Its name.
        name: String,
        /// Who.
        by: String,
        /// `reverted`, or why it stays.
        how: Settled,
    },
    /// The use is over.
    Close {
        /// Who.
        by: String,
        /// What was done with the account.
        did: String,
    },
    /// A duty of closing was done.
    Did(Done),
    /// The after-action review.
    Review(Review),
    /// Time has passed: timers are looked at.
    Tick,
}

/// How a temporary change was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settled {
    /// It is as it was before.
    Reverted,
    /// It stays, for this reason.
    Accepted(String),
}

/// A duty of closing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// A new password of this generation was sealed and set.
    Rotated(u64),
    /// Sessions were revoked.
    Revoked,
    /// The tenant was read, and the account holds no elevation (User Access Administrator at root) any more.
    RemovalConfirmed,
}

/// What an activation was, in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Classification {
    /// A drill.
    Drill,
    /// A real emergency.
    Emergency,
    /// Misuse.
    Misuse,
}

/// The after-action review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who reviews; neither requester nor opener.
    pub reviewer: String,
    /// What it was.
    pub classification: Classification,
    /// Why ordinary access did not do.
    pub cause: String,
    /// What was done, against what was planned.
    pub actions: String,
    /// What must be mended.
    #[serde(default)]
    pub gaps: Vec<Gap>,
}

/// Something that must be mended after an activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What.
    pub what: String,
    /// By whom.
    pub owner: String,
    /// Until when, as a date.
    pub due: String,
}

/// What a transition demands from the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Tell the people who watch, through every channel.
    Alert {
        /// How loud.
        severity: Severity,
        /// One line.
        title: String,
    },
    /// Detection sees uses of the account in this time as this activation's; outside it they are critical.
    Window {
        /// From.
        from: Timestamp,
        /// Until.
        until: Timestamp,
    },
    /// The quorum may open the envelope.
    OpenCustody,
    /// Keep copies of the logs now: they are gone after 7 or 30 days.
    PreserveLogs,
    /// Seal and set a new password.
    RotatePassword,
    /// Revoke the account's sessions.
    RevokeSessions,
    /// Read the tenant and see that no elevation is left.
    ConfirmRemoval,
    /// Settle this temporary change.
    SettleChange(String),
    /// Review it.
    Review,
    /// Get ratifications until then.
    Ratify(Timestamp),
}

/// One line for the ledger: who did what, when and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// `activate.requested`, `activate.opened` ...
    pub kind: String,
    /// Who; empty for the passing of time.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Why, or what.
    pub why: String,
    /// Everything else.
    pub data: Value,
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What must be done now.
    pub duties: Vec<Duty>,
    /// What goes to the ledger; none when nothing happened (a tick without a timer that ended).
    pub action: Option<Action>,
}
