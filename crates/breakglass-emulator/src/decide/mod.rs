//! The emulator's own Conditional Access: one sign-in against all policies, plain and slow.
//!
//! It is a second opinion, so it shares nothing with the evaluator that breakglass ships: it was written from
//! `CONDITIONAL_ACCESS` section 1 alone and reads Graph's JSON as it lies there. What it cannot tell it counts as applying when it decides a
//! sign-in, and as `unknown` when it answers a case ([`answer_case`]).

mod case;
mod conditions;
mod controls;
mod filter;
mod holds;
mod locations;
mod targets;
#[cfg(test)]
mod tests;
mod users;

pub use case::answer_case;
pub(crate) use controls::{Grant, Proofs, Unmet};
pub(crate) use holds::Holds;
pub(crate) use targets::{DIRECTORY, GRAPH, MANAGEMENT, PORTAL};

use crate::state::{Directory, text};
use jiff::Timestamp;
use serde_json::Value;

/// From where and how sign-ins come, as the control origin sets it. An address from a documentation range stands for
/// the public one, because everything here comes from loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) ip: String,
    /// Two letters; empty when the address maps to no country.
    pub(crate) country: String,
    pub(crate) sign_in_risk: String,
    pub(crate) user_risk: String,
    pub(crate) insider_risk: String,
    pub(crate) compliant_network: bool,
    /// Overrides what the user agent says.
    pub(crate) platform: Option<String>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            ip: "203.0.113.10".into(),
            country: "US".into(),
            sign_in_risk: "none".into(),
            user_risk: "none".into(),
            insider_risk: "none".into(),
            compliant_network: false,
            platform: None,
        }
    }
}

/// What the tenant or the calendar says beside the policies.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The date of the question: some controls have retired.
    pub(crate) as_of: Timestamp,
    /// Rule T-15.
    pub(crate) baseline: Baseline,
    /// The legacy list of multifactor authentication; `None` is not known.
    pub(crate) mfa_trusted_ips: Option<Vec<String>>,
}

/// How requests for baseline scopes alone are treated under an All-resources policy with a resource exclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Baseline {
    Enforced,
    Disabled,
    /// The application that stands in as the audience.
    Placeholder(String),
    Unknown,
}

/// One sign-in. `None` is a fact that is not known.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) user: String,
    /// `none`, or one of Graph's `externalUserType`; and the other tenant.
    pub(crate) external: Option<String>,
    pub(crate) external_tenant: Option<String>,
    /// Application ids of everything that a token is asked for.
    pub(crate) resources: Vec<String>,
    /// `registerSecurityInformation` or `registerOrJoinDevices`.
    pub(crate) user_action: Option<String>,
    pub(crate) contexts: Vec<String>,
    pub(crate) scopes: Scopes,
    pub(crate) client: Option<String>,
    pub(crate) confidential: bool,
    /// `browser`, `mobileAppsAndDesktopClients`, `exchangeActiveSync`, `other` ...
    pub(crate) client_app: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) ip: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) sign_in_risk: Option<String>,
    pub(crate) user_risk: Option<String>,
    pub(crate) insider_risk: Option<String>,
    pub(crate) compliant_network: Option<bool>,
    pub(crate) device: Device,
    /// `none`, `deviceCodeFlow`, `authenticationTransfer`: of this request, or of the one that began the session.
    pub(crate) flow: Option<String>,
    pub(crate) tracked: Option<String>,
}

/// What is asked for at the resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scopes {
    Other,
    BaselineOnly,
    OidcOnly,
}

/// The device that the sign-in comes from.
#[derive(Clone, Debug)]
pub(crate) enum Device {
    Unregistered,
    /// Its properties, by their names in Graph's `deviceInfo`.
    Registered(Value),
    Unknown,
}

/// What one policy says to one sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: PolicyState,
    pub(crate) applies: Holds,
    /// The condition that fails, when exactly one does; a name of Graph's `whatIfAnalysisReasons`.
    pub(crate) reason: Option<&'static str>,
    pub(crate) grant: Grant,
    pub(crate) session: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyState {
    Enforced,
    ReportOnly,
    Off,
}

impl Judged {
    /// Whether it must be met. What cannot be told counts.
    pub(crate) fn is_enforced(&self) -> bool {
        self.state == PolicyState::Enforced && self.applies != Holds::No
    }
}

/// All policies of the tenant against one sign-in.
pub(crate) fn decide(directory: &Directory, settings: &Settings, attempt: &Attempt) -> Vec<Judged> {
    let who = users::Who::new(directory, attempt);
    directory.policies.iter().map(|policy| judge(directory, settings, &who, attempt, policy)).collect()
}

fn judge(
    directory: &Directory,
    settings: &Settings,
    who: &users::Who<'_>,
    attempt: &Attempt,
    policy: &Value,
) -> Judged {
    let (id, name) =
        (text(policy, "id").unwrap_or_default(), text(policy, "displayName").unwrap_or_default());
    let state = match text(policy, "state") {
        Some("disabled") => PolicyState::Off,
        Some("enabledForReportingButNotEnforced") => PolicyState::ReportOnly,
        // A state that is not known may be enforced.
        _ => PolicyState::Enforced,
    };
    let nothing = Value::Null;
    let conditions = policy.get("conditions").unwrap_or(&nothing);
    let assignments = [
        ("users", users::holds(who, conditions)),
        (targets::name(conditions), targets::holds(directory, settings, attempt, conditions)),
        ("clientApps", conditions::client_app(attempt, conditions)),
        ("devicePlatform", conditions::platform(attempt, conditions)),
        ("location", locations::holds(directory, settings, attempt, conditions)),
        ("signInRisk", conditions::risk(conditions, "signInRiskLevels", attempt.sign_in_risk.as_deref())),
        ("userRisk", conditions::risk(conditions, "userRiskLevels", attempt.user_risk.as_deref())),
        ("insiderRisk", conditions::risk(conditions, "insiderRiskLevels", attempt.insider_risk.as_deref())),
        ("authenticationFlow", conditions::flow(attempt, conditions)),
        ("devices", conditions::device(attempt, conditions)),
        ("unread", conditions::unread(conditions)),
    ];
    let mut applies = Holds::all(assignments.iter().map(|(_, holds)| *holds));
    let failing: Vec<&'static str> =
        assignments.iter().filter(|(_, holds)| *holds == Holds::No).map(|(name, _)| *name).collect();
    // ST-2: a policy on a user action is not evaluated while it only reports.
    if state == PolicyState::Off || (state == PolicyState::ReportOnly && targets::has_user_action(conditions))
    {
        applies = Holds::No;
    }
    let reason = match failing.as_slice() {
        _ if state == PolicyState::Off => Some("policyNotEnabled"),
        [one] => Some(*one),
        _ => None,
    };
    Judged {
        id: id.to_owned(),
        name: name.to_owned(),
        state,
        applies,
        reason,
        grant: Grant::read(policy.get("grantControls"), settings),
        session: session_controls(policy.get("sessionControls")),
    }
}

fn session_controls(controls: Option<&Value>) -> Vec<String> {
    let Some(Value::Object(map)) = controls else { return Vec::new() };
    map.iter()
        .filter(|(_, v)| v.get("isEnabled") == Some(&Value::Bool(true)))
        .map(|(name, _)| name.clone())
        .collect()
}

/// The texts of a list property; nothing when it is null or absent.
fn list<'a>(object: &'a Value, property: &str) -> Vec<&'a str> {
    object.get(property).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A property that is there and says something: neither null nor empty.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => map.iter().any(|(k, v)| !k.contains("@odata.") && says_something(v)),
        Value::String(text) => !text.is_empty() && text != "none",
        _ => true,
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
