//! What an evaluation says, and how it is written (DESIGN section 5).

use breakglass_model::view::Policy;
use breakglass_model::{PolicyId, Tri};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The answer about one sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// What happens.
    pub decision: Decision,
    /// Whether everything that is demanded can be met, when it is known what the account can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub satisfiable: Option<Tri>,
    /// Every policy.
    pub policies: BTreeMap<PolicyId, PolicyAnswer>,
    /// What each enforced policy that applies demands, apart from blocks.
    pub requirements: BTreeMap<PolicyId, Requirement>,
    /// Why there may be policies that nobody looked at; empty when all were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies_missing: Vec<String>,
}

/// What happens to the sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Nothing is demanded: the token is issued.
    None,
    /// Controls are demanded.
    Controls,
    /// It is blocked.
    Block,
    /// What is known does not settle it.
    Unknown,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Controls => "controls",
            Self::Block => "block",
            Self::Unknown => "unknown",
        })
    }
}

/// The answer about one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyAnswer {
    /// Whether all its conditions hold; `no` for a policy that is off.
    pub applies: Tri,
    /// The condition that failed, by its name in Graph's `whatIfAnalysisReasons`, when exactly one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it acts when it applies.
    pub enforced: Tri,
    /// Whether its demands can be met, when it may act and it is known what the account can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub satisfiable: Option<Tri>,
    /// Each condition; empty for a policy that is off.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<Condition, Tri>,
    /// Conditions that nobody can tell, when they matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<Condition>,
    /// Parts of the policy that are set and not understood, when they matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl Default for PolicyAnswer {
    fn default() -> Self {
        Self {
            applies: Tri::No,
            reason: None,
            enforced: Tri::No,
            satisfiable: None,
            conditions: BTreeMap::new(),
            undecided: Vec::new(),
            unread: Vec::new(),
        }
    }
}

/// What one policy demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// `AND` or `OR`.
    pub operator: String,
    /// Built-in controls by name; `authenticationStrength:<id>`, `termsOfUse:<id>`, `custom:<id>`.
    pub controls: Vec<String>,
}

/// A condition of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    /// Whom it is for.
    Users,
    /// What it is for.
    Target,
    /// Client types.
    ClientApps,
    /// Platforms.
    Platform,
    /// Locations.
    Location,
    /// Sign-in risk.
    SignInRisk,
    /// User risk.
    UserRisk,
    /// Insider risk.
    InsiderRisk,
    /// Service principal risk.
    ServicePrincipalRisk,
    /// Authentication flows.
    Flow,
    /// Device filter.
    Device,
    /// Conditions that this program does not know.
    Unread,
}

impl Condition {
    /// The name that Graph's `whatIfAnalysisReasons` has for its failing.
    #[must_use]
    pub fn reason(self, policy: &Policy) -> &'static str {
        let (conditions, target) = (&policy.conditions, &policy.conditions.target);
        match self {
            Self::Users => "users",
            Self::Target if !target.user_actions.is_empty() => "userActions",
            Self::Target if !target.contexts.is_empty() => "authenticationContext",
            Self::Target => "application",
            Self::ClientApps => "clientApps",
            Self::Platform => "devicePlatform",
            Self::Location => "location",
            Self::SignInRisk => "signInRisk",
            Self::UserRisk => "userRisk",
            Self::InsiderRisk => "insiderRisk",
            Self::ServicePrincipalRisk => "workloadIdentities",
            Self::Flow => "authenticationFlow",
            Self::Device => "devices",
            Self::Unread if conditions.unread.is_empty() => "notSet",
            Self::Unread => "notEnoughInformation",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Users => "users",
            Self::Target => "target",
            Self::ClientApps => "client apps",
            Self::Platform => "platform",
            Self::Location => "location",
            Self::SignInRisk => "sign-in risk",
            Self::UserRisk => "user risk",
            Self::InsiderRisk => "insider risk",
            Self::ServicePrincipalRisk => "service principal risk",
            Self::Flow => "authentication flow",
            Self::Device => "device filter",
            Self::Unread => "a condition that this program does not know",
        })
    }
}
