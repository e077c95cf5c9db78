//! One sign-in: who asks, for what, from where. The shape of Graph's `identity/conditionalAccess/evaluate` plus `x`.
//!
//! Present, null, absent are three things: what is present is a known fact, `deviceInfo: null` is a machine known to be
//! unregistered, `country: ""` an address that maps to no country, and what is **absent** is not known.

mod device;
mod read;
mod words;

pub use device::{Device, Machine, Property};
pub use read::SignInProblem;
pub use words::{
    ClientApp, ClientKind, ExternalKind, InsiderRisk, Platform, RiskLevel, Scopes, Transfer, Trust,
    UserAction,
};

use crate::ids::ObjectId;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// One sign-in with everything that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SignIn {
    /// Who.
    pub identity: Identity,
    /// For what.
    pub request: Request,
    /// Kind of client.
    pub client_app: Option<ClientApp>,
    /// Platform that Entra sees.
    pub platform: Option<Platform>,
    /// From which network.
    pub network: Network,
    /// Sign-in risk.
    pub sign_in_risk: Option<RiskLevel>,
    /// User risk.
    pub user_risk: Option<RiskLevel>,
    /// Insider risk.
    pub insider_risk: Option<InsiderRisk>,
    /// Service principal risk, for workload identities.
    pub service_principal_risk: Option<RiskLevel>,
    /// How it is carried.
    pub flow: Flow,
    /// From which machine.
    pub machine: Machine,
    /// Capabilities that the asker claims for the account (`x.capabilities`), as they were given.
    pub capabilities: Option<Value>,
}

impl SignIn {
    /// Reads a sign-in.
    ///
    /// # Errors
    /// The first place that is not as Graph's action has it, with what would be.
    pub fn read(value: &Value) -> Result<Self, SignInProblem> {
        read::read(value)
    }
}

/// Who asks for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A person's account.
    User(UserIdentity),
    /// A workload identity, by the object id of its service principal.
    ServicePrincipal(ObjectId),
}

/// A person's account in one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserIdentity {
    /// Object id.
    pub id: ObjectId,
    /// What kind of external user; `None` when nobody said (the directory is asked then).
    pub external: Option<ExternalKind>,
    /// The home tenant of an external user.
    pub external_tenant: Option<String>,
    /// Roles (template ids) that this session holds beyond the directory: those that have just been activated.
    pub activated_roles: BTreeSet<ObjectId>,
}

impl Identity {
    /// An account as the directory has it.
    #[must_use]
    pub fn user(id: ObjectId) -> Self {
        Self::User(UserIdentity {
            id,
            external: None,
            external_tenant: None,
            activated_roles: BTreeSet::new(),
        })
    }
}

/// One token request (CONDITIONAL_ACCESS 1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Requested resources, by app id.
    pub resources: Vec<ObjectId>,
    /// Resources of which it is not settled whether they are asked for (T-7).
    pub may_resources: Vec<ObjectId>,
    /// A user action instead of a resource.
    pub user_action: Option<UserAction>,
    /// Requested authentication contexts, lower case (`c1`).
    pub contexts: Vec<String>,
    /// What is asked of the resource.
    pub scopes: Scopes,
    /// App id of the calling client.
    pub client: Option<ObjectId>,
    /// Kind of the calling client.
    pub client_kind: Option<ClientKind>,
}

#[expect(
    clippy::derivable_impls,
    reason = "`Other` is the default of the case format, not of the vocabulary"
)]
impl Default for Scopes {
    fn default() -> Self {
        Self::Other
    }
}

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Public address as Entra sees it.
    pub ip: Option<IpAddr>,
    /// Country that the address is seen as.
    pub country: Option<Country>,
    /// Through a compliant network (C-8).
    pub compliant: Option<bool>,
}

/// The country that an address is seen as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Country {
    /// It maps to none (C-6).
    Unmapped,
    /// Two letters, upper case.
    Code(String),
}

/// How the sign-in is carried, and how its session began (C-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Transfer method of this request.
    pub transfer: Option<Transfer>,
    /// Transfer method that the session began with; tracked through refreshes.
    pub tracking: Option<Transfer>,
}

impl Flow {
    /// A fresh sign-in without transfer.
    pub const PLAIN: Self = Self { transfer: Some(Transfer::None), tracking: Some(Transfer::None) };
    /// A fresh sign-in by device code.
    pub const DEVICE_CODE: Self =
        Self { transfer: Some(Transfer::DeviceCode), tracking: Some(Transfer::None) };
}
