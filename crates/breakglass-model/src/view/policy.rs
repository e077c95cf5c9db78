//! A Conditional Access policy, typed. What was not understood is kept as such and never dropped.

pub use super::look::{Member, Sides};
use crate::ids::{ObjectId, PolicyId};
use crate::sign_in::{ClientApp, ExternalKind, InsiderRisk, Platform, RiskLevel, Transfer, UserAction};
use crate::tri::Tri;
use std::fmt;

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its display name.
    pub name: String,
    /// Its state.
    pub state: PolicyState,
    /// The template of a Microsoft-managed policy (CONDITIONAL_ACCESS ST-3).
    pub template_id: Option<ObjectId>,
    /// When it applies.
    pub conditions: Conditions,
    /// What it demands.
    pub grant: Grant,
    /// What it does to the session.
    pub session: Session,
}

/// The state of a policy (ST-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyState {
    /// Enforced.
    Enabled,
    /// Not evaluated.
    Disabled,
    /// Evaluated and not enforced.
    ReportOnly,
    /// A state that is not understood: it may be enforced.
    Unread(String),
}

impl Policy {
    /// Whether it is enforced.
    #[must_use]
    pub fn enforced(&self) -> Tri {
        match self.state {
            PolicyState::Enabled => Tri::Yes,
            PolicyState::Disabled | PolicyState::ReportOnly => Tri::No,
            PolicyState::Unread(_) => Tri::Unknown,
        }
    }

    /// Everything in it that was not understood, for people.
    #[must_use]
    pub fn unread(&self) -> &[String] {
        &self.conditions.unread
    }
}

/// All conditions. One that is not configured is empty and always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Whom it is for (1.3).
    pub users: Sides<UserMember>,
    /// Workload identities; a policy for them is not for people (U-9).
    pub workload: Option<Sides<WorkloadMember>>,
    /// What it is for (1.4).
    pub target: Target,
    /// Client types (C-1).
    pub client_apps: Vec<Member<ClientApp>>,
    /// Platforms (C-3).
    pub platforms: Option<Sides<Platform>>,
    /// Locations (C-4).
    pub locations: Option<Sides<LocationMember>>,
    /// Sign-in risk levels (C-10).
    pub sign_in_risk: Vec<Member<RiskLevel>>,
    /// User risk levels.
    pub user_risk: Vec<Member<RiskLevel>>,
    /// Insider risk levels (C-11).
    pub insider_risk: Vec<Member<InsiderRisk>>,
    /// Service principal risk levels: workload identities only.
    pub service_principal_risk: Vec<Member<RiskLevel>>,
    /// Transfer methods (C-12).
    pub flows: Vec<Member<Transfer>>,
    /// Device filter (1.6).
    pub device_filter: Option<Filter>,
    /// Conditions that are set and that this program does not know (ST-6).
    pub unread: Vec<String>,
}

/// One entry of `conditions.users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserMember {
    /// Nobody (U-2).
    Nobody,
    /// This account.
    User(ObjectId),
    /// Members of this group, at any depth (U-4).
    Group(ObjectId),
    /// Holders of this role, by template id (U-5).
    Role(ObjectId),
    /// Any guest or external user (U-6).
    AnyExternal,
    /// These kinds of external users (U-7).
    External(ExternalUsers),
}

/// Kinds of external users, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUsers {
    /// Kinds.
    pub kinds: Vec<Member<ExternalKind>>,
    /// Home tenants in lower case; `All` for any.
    pub tenants: Vec<Member<String>>,
}

/// One entry of `conditions.clientApplications`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadMember {
    /// All service principals that the tenant owns.
    OwnedByTenant,
    /// This service principal.
    ServicePrincipal(ObjectId),
}

/// `conditions.applications`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Resources.
    pub apps: Sides<AppMember>,
    /// A filter on custom security attributes (T-8).
    pub filter: Option<Filter>,
    /// User actions (T-10).
    pub user_actions: Vec<Member<UserAction>>,
    /// Authentication contexts in lower case (T-13).
    pub contexts: Vec<Member<String>>,
}

/// One entry of the resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppMember {
    /// Nothing (T-17).
    Nothing,
    /// The Office 365 suite (T-3).
    Office365,
    /// The Microsoft admin portals (T-4).
    AdminPortals,
    /// This application.
    App(ObjectId),
}

/// One entry of the locations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocationMember {
    /// All trusted locations (C-5).
    AllTrusted,
    /// This named location.
    Named(ObjectId),
}

/// A rule and whether it includes or excludes (F-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Include or exclude.
    pub mode: FilterMode,
    /// The rule as written.
    pub rule: String,
}

/// What a filter does with what its rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterMode {
    /// It is in scope.
    Include,
    /// It is out of scope.
    Exclude,
    /// Not understood.
    Unread(String),
}

/// `grantControls`. No controls: nothing is demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whether all controls are needed or one.
    pub operator: Operator,
    /// The controls.
    pub controls: Vec<Control>,
}

/// How controls are combined (G-18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// All.
    And,
    /// One.
    Or,
    /// Not understood.
    Unread(String),
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::And => "AND",
            Self::Or => "OR",
            Self::Unread(text) => text,
        })
    }
}

/// One grant control (1.7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// `block`.
    Block,
    /// `mfa`.
    Mfa,
    /// `compliantDevice`.
    CompliantDevice,
    /// `domainJoinedDevice`.
    DomainJoinedDevice,
    /// `approvedApplication`, retired in 2026 (G-11).
    ApprovedApplication,
    /// `compliantApplication`.
    CompliantApplication,
    /// `passwordChange`.
    PasswordChange,
    /// `riskRemediation`.
    RiskRemediation,
    /// An authentication strength by id.
    Strength(ObjectId),
    /// Terms of use by id.
    TermsOfUse(ObjectId),
    /// A custom control by its id as written.
    Custom(String),
    /// Not understood.
    Unread(String),
}

impl Control {
    /// Reads a member of `builtInControls`.
    pub(super) fn built_in(text: &str) -> Self {
        [
            Self::Block,
            Self::Mfa,
            Self::CompliantDevice,
            Self::DomainJoinedDevice,
            Self::ApprovedApplication,
            Self::CompliantApplication,
            Self::PasswordChange,
            Self::RiskRemediation,
        ]
        .into_iter()
        .find(|control| control.to_string().eq_ignore_ascii_case(text))
        .unwrap_or_else(|| Self::Unread(text.to_owned()))
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block => f.pad("block"),
            Self::Mfa => f.pad("mfa"),
            Self::CompliantDevice => f.pad("compliantDevice"),
            Self::DomainJoinedDevice => f.pad("domainJoinedDevice"),
            Self::ApprovedApplication => f.pad("approvedApplication"),
            Self::CompliantApplication => f.pad("compliantApplication"),
            Self::PasswordChange => f.pad("passwordChange"),
            Self::RiskRemediation => f.pad("riskRemediation"),
            Self::Strength(id) => write!(f, "authenticationStrength:{id}"),
            Self::TermsOfUse(id) => write!(f, "termsOfUse:{id}"),
            Self::Custom(id) => write!(f, "custom:{id}"),
            Self::Unread(text) => f.pad(text),
        }
    }
}

/// `sessionControls` (1.8). What is off is false.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Asks again every time (SE-1).
    pub every_time: bool,
    /// Sign-in frequency is set, in whatever form.
    pub sign_in_frequency: bool,
    /// A proxy stands in the way (SE-3).
    pub cloud_app_security: bool,
    /// Token protection (SE-4).
    pub token_protection: bool,
    /// Strictly enforced location or continuous access evaluation (SE-5).
    pub strict_location: bool,
    /// Resilience defaults are off (SE-6).
    pub no_resilience: bool,
    /// A Global Secure Access profile (SE-7).
    pub global_secure_access: bool,
    /// Controls that are set and that this program does not know.
    pub unread: Vec<String>,
}

impl Session {
    /// Whether nothing is set at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
