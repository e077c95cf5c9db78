//! A drill, and what the logs say of it (R-47 .. R-51).
//!
//! [`judge`] takes nothing on trust: each [`Item`] of a report rests on a record of the tenant, by its id, or says that the
//! record is missing or does not tell. The one thing that no log shows, that subscriptions were listed, is marked as told
//! by the run.

mod judge;
mod schedule;

pub use judge::judge;
pub use schedule::{Past, Turn, turns};

use breakglass_model::{ObjectId, Tri};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The time within which an alert must be raised.
pub const ALERT_LIMIT_SECONDS: u32 = 180;

/// One drill of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// Id, unique in the data directory.
    pub id: String,
    /// Account name in the design.
    pub account: String,
    /// Its object id.
    pub object_id: ObjectId,
    /// When it began.
    pub began: Timestamp,
    /// Which key is drilled, by name or serial.
    #[serde(default)]
    pub key: Option<String>,
    /// Who drills.
    #[serde(default)]
    pub by: String,
    /// Seconds from the sign-in until an alert must have been raised.
    #[serde(default = "alert_limit")]
    pub alert_limit_seconds: u32,
    /// What the run itself noted.
    #[serde(default)]
    pub told: Told,
}

fn alert_limit() -> u32 {
    ALERT_LIMIT_SECONDS
}

impl Drill {
    /// A drill that begins now.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        account: impl Into<String>,
        object_id: ObjectId,
        began: Timestamp,
    ) -> Self {
        Self {
            id: id.into(),
            account: account.into(),
            object_id,
            began,
            key: None,
            by: String::new(),
            alert_limit_seconds: ALERT_LIMIT_SECONDS,
            told: Told::default(),
        }
    }
}

/// What the run noted about itself: pointers to records, and what no log shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Correlation id of the sign-in.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// When the sign-in came back.
    #[serde(default)]
    pub signed_in_at: Option<Timestamp>,
    /// The group that was made and deleted.
    #[serde(default)]
    pub group: Option<ObjectId>,
    /// Subscriptions that were listed; none when nothing was asked.
    #[serde(default)]
    pub subscriptions: Option<Vec<String>>,
    /// When everything was undone.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// Logs that could not be read, and why: what only they show is unknown, not missing.
    #[serde(default)]
    pub unread: BTreeMap<Log, String>,
}

/// A log that proof is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// Sign-ins of Entra.
    SignIns,
    /// Directory audits of Entra.
    Audits,
    /// The activity log of Azure, tenant level.
    Activity,
}

/// The stages of an alert, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertTime {
    /// Alert id.
    pub id: String,
    /// Ids of the records it is about.
    pub records: Vec<String>,
    /// When it happened, from the record.
    pub event_at: Timestamp,
    /// When it was seen and kept for sending.
    pub seen_at: Timestamp,
    /// When the first channel took it.
    #[serde(default)]
    pub sent_at: Option<Timestamp>,
    /// When a receiver acknowledged it.
    #[serde(default)]
    pub acknowledged_at: Option<Timestamp>,
}

/// What a drill has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The account signed in.
    SignedIn,
    /// With a passkey, a certificate, or otherwise with several factors.
    StrongMethod,
    /// And Conditional Access let it through.
    ConditionalAccess,
    /// It wrote to the directory.
    Write,
    /// And took that back.
    WriteUndone,
    /// It elevated its access to Azure.
    Elevated,
    /// It listed subscriptions; told by the run.
    Subscriptions,
    /// It removed the elevation.
    ElevationRemoved,
    /// An alert about the sign-in was raised in time.
    AlertRaised,
    /// A channel took the alert in time. Not required: the run may end before the outbox is empty.
    AlertDelivered,
}

impl What {
    /// All of them, in the order of a drill.
    pub const ALL: [Self; 10] = [
        Self::SignedIn,
        Self::StrongMethod,
        Self::ConditionalAccess,
        Self::Write,
        Self::WriteUndone,
        Self::Elevated,
        Self::Subscriptions,
        Self::ElevationRemoved,
        Self::AlertRaised,
        Self::AlertDelivered,
    ];

    /// Whether a drill without it is incomplete.
    #[must_use]
    pub fn is_required(self) -> bool {
        self != Self::AlertDelivered
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::SignedIn => "signed in",
            Self::StrongMethod => "with a strong method",
            Self::ConditionalAccess => "Conditional Access let it through",
            Self::Write => "wrote to the directory",
            Self::WriteUndone => "took the write back",
            Self::Elevated => "elevated access to Azure",
            Self::Subscriptions => "listed subscriptions",
            Self::ElevationRemoved => "removed the elevation",
            Self::AlertRaised => "alert raised in time",
            Self::AlertDelivered => "alert delivered in time",
        })
    }
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A record proves it.
    Seen,
    /// The log was read and does not show it, or shows the opposite.
    Missing,
    /// The log could not be read, or the record does not tell.
    Unknown,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Seen => "seen",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        })
    }
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What had to be shown.
    pub what: What,
    /// How it stands.
    pub standing: Standing,
    /// Ids of the records that prove it, or that speak against it.
    pub records: Vec<String>,
    /// When, by the record.
    pub at: Option<Timestamp>,
    /// In words: how, or what is missing.
    pub detail: String,
}

/// Seconds from the beginning of the drill, where records tell them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Until the sign-in.
    pub signed_in: Option<i64>,
    /// Until the first recovery action.
    pub first_action: Option<i64>,
    /// Until the elevation was gone.
    pub finished: Option<i64>,
    /// From the sign-in until an alert was raised.
    pub alert_raised: Option<i64>,
    /// From the sign-in until a channel had it.
    pub alert_delivered: Option<i64>,
    /// From the sign-in until a receiver acknowledged it.
    pub alert_acknowledged: Option<i64>,
}

/// What the logs say of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillReport {
    /// The drill.
    pub drill: Drill,
    /// One item for each of [`What::ALL`], in that order.
    pub items: Vec<Item>,
    /// How long it took.
    pub measured: Measured,
}

impl DrillReport {
    /// Whether everything that is required was seen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.verdict().is_yes()
    }

    /// Yes when all that is required was seen, no when something is missing, else unknown.
    #[must_use]
    pub fn verdict(&self) -> Tri {
        let required = What::ALL.into_iter().filter(|w| w.is_required());
        Tri::all(required.map(|what| match self.item(what).map(|i| i.standing) {
            Some(Standing::Seen) => Tri::Yes,
            Some(Standing::Missing) => Tri::No,
            Some(Standing::Unknown) | None => Tri::Unknown,
        }))
    }

    /// One item.
    #[must_use]
    pub fn item(&self, what: What) -> Option<&Item> {
        self.items.iter().find(|i| i.what == what)
    }

    /// Whether a record proves it.
    #[must_use]
    pub fn seen(&self, what: What) -> bool {
        self.item(what).is_some_and(|i| i.standing == Standing::Seen)
    }

    /// What is required and not seen.
    #[must_use]
    pub fn open(&self) -> Vec<&Item> {
        self.items.iter().filter(|i| i.what.is_required() && i.standing != Standing::Seen).collect()
    }
}
