//! What an activation consists of, for whoever shows it.

use super::Settled;
use crate::approval::{Approval, Decision};
use jiff::Timestamp;
use serde::Serialize;

/// How it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When the timer ends, extensions included.
    pub until: Timestamp,
    /// Set when it was opened by force.
    pub forced: Option<Forced>,
}

/// What is owed after opening by force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forced {
    /// Why approvals could not be had.
    pub reason: String,
    /// Until when it must be ratified.
    pub ratify_by: Timestamp,
    /// Ratifications so far.
    pub ratifications: Vec<Approval>,
}

/// An extension that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// From 1.
    pub number: usize,
    /// Who asked.
    pub by: String,
    /// Minutes more.
    pub minutes: u32,
    /// Why.
    pub reason: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Approvals and denials so far.
    pub votes: Vec<Approval>,
    /// When it was granted or denied; none while it waits.
    pub settled: Option<(Timestamp, Decision)>,
}

/// A change that must not stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemporaryChange {
    /// Short name.
    pub name: String,
    /// What was changed.
    pub what: String,
    /// Who.
    pub by: String,
    /// How it was settled.
    pub settled: Option<Settled>,
}

/// How far closing has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closing {
    /// Since when.
    pub at: Timestamp,
    /// By whom; none when the timer ran out.
    pub by: Option<String>,
    /// Generation of the new password.
    pub rotated: Option<u64>,
    /// When sessions were revoked.
    pub revoked: Option<Timestamp>,
    /// When the tenant was read and held no elevation.
    pub removal_confirmed: Option<Timestamp>,
    /// When all of it was done.
    pub done: Option<Timestamp>,
}
