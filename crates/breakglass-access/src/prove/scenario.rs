//! Failure scenarios (CONDITIONAL_ACCESS 3.8): what breaks, as a change to the model.
//!
//! A built-in scenario is a name; in one tenant it may happen in several ways (either account is lost, either key is),
//! its *variants*, and it is survived only when every variant is. Scenarios can happen together: the effects are merged.

mod effects;
mod variants;

pub use effects::Effects;

use super::change::ChangeError;
use breakglass_model::design::SCENARIO_EFFECTS;

/// The scenario in which nothing else has failed.
pub const NONE: &str = "none";

/// A scenario to be survived.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name, for people.
    pub name: String,
    /// What happens.
    pub what: What,
}

/// What happens in a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// These built-in ones, all at once; nothing when empty.
    BuiltIn(Vec<String>),
    /// Exactly this.
    Exactly(Box<Effects>),
}

/// One way in which a scenario happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// In words: `ea-01 is lost`. Empty when there is only one way.
    pub words: String,
    /// The change to the model.
    pub effects: Effects,
}

/// Every built-in scenario, one at a time, the one without a failure first.
#[must_use]
pub fn built_in() -> Vec<Scenario> {
    let one = |name: &str| Scenario { name: name.into(), what: What::BuiltIn(vec![name.into()]) };
    let none = Scenario { name: NONE.into(), what: What::BuiltIn(Vec::new()) };
    std::iter::once(none).chain(SCENARIO_EFFECTS.iter().map(|name| one(name))).collect()
}

/// One line for people about a built-in scenario.
#[must_use]
pub fn title(name: &str) -> &'static str {
    match name {
        NONE => "nothing else has failed",
        "account-lost" => "one emergency account is lost",
        "crl-unreachable" => "certificate revocation lists cannot be reached",
        "exclusion-group-deleted" => "a group that carries exclusions is deleted",
        "federation-down" => "the federated identity provider is down",
        "intune-down" => "device compliance is not known",
        "key-lost" => "one security key is lost",
        "licences-expired" => "licences have expired: policies act and can only be deleted",
        "mfa-provider-down" => "phone, app and code methods and external MFA are down",
        "named-location-lost" => "a named location is lost or emptied",
        "pim-approvers-absent" => "nobody can approve the activation of a role",
        "portal-down" => "Microsoft's portals are down",
        "report-only-enabled" => "every report-only policy is enforced",
        "user-risk-high" => "the accounts are held for high risk users",
        _ => "",
    }
}

/// A scenario that cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No such built-in scenario.
    #[error("there is no scenario `{name}`; known are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A change that it contains cannot be read.
    #[error("the scenario's policy changes cannot be read: {0}")]
    Change(#[from] ChangeError),
}
