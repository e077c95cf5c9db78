//! What a check says.

use serde::{Deserialize, Serialize};

/// How much a failure mode costs, from REQUIREMENTS section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Monitoring or evidence goes blind (B).
    Medium,
    /// An emergency account breaks, or signs in and cannot recover (E, R).
    High,
    /// Everybody is locked out (L).
    Critical,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// The answer of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Looked at, and good.
    Pass,
    /// Looked at, and bad.
    Fail,
    /// Something that decides it could not be read.
    Undetermined,
    /// The question does not arise in this tenant.
    NotApplicable,
    /// Bad, known, and accepted by a person until a date.
    Accepted,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undetermined => "undetermined",
            Self::NotApplicable => "not-applicable",
            Self::Accepted => "accepted",
        })
    }
}

/// One answer of one check about one subject (DESIGN section 5, `check --format json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable id: `BG-` and the failure mode, e.g. `BG-F05`.
    pub id: String,
    /// The answer.
    pub status: Status,
    /// What a failure costs.
    pub severity: Severity,
    /// What it is about: an account, a policy or the tenant, by name and id.
    pub subject: String,
    /// What was found, lower case, no full stop.
    pub message: String,
    /// The exact next step; empty when it passes.
    pub remedy: String,
    /// The facts it rests on, each as `collection/id: property = value`.
    pub evidence: Vec<String>,
    /// Controls of other frameworks it maps to, e.g. `CIS M365 v7.0 1.1.2`.
    pub controls: Vec<String>,
}
