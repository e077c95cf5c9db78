//! A snapshot read into types, tolerantly: what is not understood is kept as "unknown" and never dropped.
//!
//! [`TenantView`] is owned and cheap to ask. It decides nothing; it only knows what is there, what is not, and what
//! nobody can tell. Every answer about a collection that was not read is [`Tri::Unknown`].

mod capabilities;
mod facts;
mod groups;
mod ip;
mod locations;
mod look;
mod methods_policy;
mod modes;
mod policy;
mod read_conditions;
mod read_policy;
mod registered;
mod roles;
mod strengths;

#[cfg(test)]
mod tests;

pub use capabilities::{Capabilities, Certificate, Key};
pub use facts::{BaselineScopes, Domain, Federation, ProtectedAction, RoleManagement, Settings, User};
pub use groups::{Group, Groups, TOO_MANY};
pub use ip::IpRange;
pub use locations::{COMPLIANT_NETWORK, LocationKind, Locations, NamedLocation};
pub use look::Problem;
pub use methods_policy::MethodsPolicy;
pub use modes::{MODES, canonical as canonical_mode, is_known as is_known_mode};
pub use policy::{
    AppMember, Conditions, Control, ExternalUsers, Filter, FilterMode, Grant, LocationMember, Member,
    Operator, Policy, PolicyState, Session, Sides, Target, UserMember, WorkloadMember,
};
pub use roles::{Assignment, AssignmentKind, Roles};
pub use strengths::{
    Combination, MFA, PASSWORDLESS, PHISHING_RESISTANT, RestrictedTo, Restriction, Strength, Strengths,
};

use crate::ids::{ObjectId, PolicyId};
use crate::snapshot::{Snapshot, Unread, collections as c};
use crate::tri::Tri;
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It is known not to be there.
    Gone,
    /// Nobody can tell, and why.
    Unread(String),
}

impl<T> Lookup<T> {
    /// What was found.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Gone | Self::Unread(_) => None,
        }
    }
}

/// A tenant, typed.
#[derive(Clone, Debug)]
pub struct TenantView {
    /// Policies in the order of the snapshot.
    pub policies: Vec<Policy>,
    /// Why there may be policies that are not here; empty when all were read.
    pub policies_missing: Vec<String>,
    /// Named locations.
    pub locations: Locations,
    /// Authentication strengths.
    pub strengths: Strengths,
    /// Groups.
    pub groups: Groups,
    /// Directory roles.
    pub roles: Roles,
    /// Authentication methods policy.
    pub methods_policy: MethodsPolicy,
    /// Facts that no API gives.
    pub settings: Settings,
    /// Whether security defaults are on.
    pub security_defaults: Tri,
    /// Protected actions; `None` when they were not read.
    pub protected_actions: Option<Vec<ProtectedAction>>,
    /// What activating a role asks for, by role template id; `None` when it was not read.
    pub role_management: Option<BTreeMap<ObjectId, RoleManagement>>,
    /// What was not understood.
    pub problems: Vec<Problem>,
    /// What could not be read, as the snapshot says.
    pub unread: Vec<Unread>,
    users: BTreeMap<ObjectId, User>,
    users_missing: bool,
    domains: Option<BTreeMap<String, Domain>>,
    capabilities: BTreeMap<ObjectId, Capabilities>,
    security_attributes: BTreeMap<ObjectId, Value>,
}

impl TenantView {
    /// Reads a snapshot. Nothing in a snapshot can make this fail; what is not understood is in `problems`.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut problems = Vec::new();
        let settings = Settings::read(snapshot, &mut problems);
        let (policies, policies_missing) = policies(snapshot, &mut problems);
        let mut view = Self {
            policies,
            policies_missing,
            locations: Locations::read(snapshot, &mut problems),
            strengths: Strengths::read(snapshot, &mut problems),
            groups: Groups::read(snapshot),
            roles: Roles::read(snapshot, settings.as_of),
            methods_policy: MethodsPolicy::read(snapshot, &mut problems),
            security_defaults: facts::security_defaults(snapshot),
            protected_actions: facts::protected_actions(snapshot),
            role_management: facts::role_management(snapshot),
            users: facts::users(snapshot),
            users_missing: snapshot.get(c::USERS).is_none() || snapshot.why_unread(c::USERS).is_some(),
            domains: facts::domains(snapshot),
            capabilities: BTreeMap::new(),
            security_attributes: facts::security_attributes(snapshot),
            unread: snapshot.unread.clone(),
            settings,
            problems,
        };
        view.capabilities = registered::all(&view, snapshot);
        view
    }

    /// A policy by id.
    #[must_use]
    pub fn policy(&self, id: &PolicyId) -> Option<&Policy> {
        self.policies.iter().find(|p| p.id == *id)
    }

    /// The name of a policy.
    #[must_use]
    pub fn policy_name(&self, id: &PolicyId) -> Option<&str> {
        self.policy(id).map(|p| p.name.as_str())
    }

    /// A user by id. One that is not among the users that were read is gone; a collector reads all that matter.
    #[must_use]
    pub fn user(&self, id: &ObjectId) -> Lookup<&User> {
        match self.users.get(id) {
            Some(user) => Lookup::Found(user),
            None => match self.why_unread(&format!("{}/{id}", c::USERS)) {
                Some(why) => Lookup::Unread(why.to_owned()),
                None if self.users_missing => Lookup::Unread(format!("`{}` was not read", c::USERS)),
                None => Lookup::Gone,
            },
        }
    }

    /// Every user that was read.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// Whether an account is in a group, at any depth (U-4). Unknown for an account in more groups than Entra promises
    /// to handle (U-11).
    #[must_use]
    pub fn member(&self, account: &ObjectId, group: &ObjectId) -> Tri {
        if self.groups.iter().nth(TOO_MANY).is_some() && self.groups.count_of(account) > TOO_MANY {
            return Tri::Unknown;
        }
        self.groups.member(account, group)
    }

    /// Whether an account holds a built-in role now, for the whole tenant (U-5).
    #[must_use]
    pub fn holds_role(&self, account: &ObjectId, role: &ObjectId) -> Tri {
        self.roles.active(&self.groups, account, role)
    }

    /// Whether an account could activate a role for the whole tenant.
    #[must_use]
    pub fn eligible_for(&self, account: &ObjectId, role: &ObjectId) -> Tri {
        self.roles.eligible(&self.groups, account, role)
    }

    /// What an account can sign in with, as registered and allowed; `None` when nothing is known of it.
    #[must_use]
    pub fn capabilities(&self, account: &ObjectId) -> Option<&Capabilities> {
        self.capabilities.get(account)
    }

    /// Capabilities that somebody claims for an account (`breakglass-ca-case/1` has the shape), as far as the
    /// authentication methods policy allows them. A policy that is not in the snapshot takes nothing away from a claim;
    /// one that could not be read leaves it open.
    #[must_use]
    pub fn told_capabilities(&self, account: &ObjectId, told: &Value) -> Capabilities {
        registered::told(self, account, told)
    }

    /// The domain of a user principal name.
    #[must_use]
    pub fn domain_of(&self, upn: &str) -> Lookup<&Domain> {
        let name = upn.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        match &self.domains {
            None => Lookup::Unread(format!("`{}` was not read", c::DOMAINS)),
            Some(domains) => domains.get(&name).map_or(Lookup::Gone, Lookup::Found),
        }
    }

    /// Custom security attributes of an application's service principal, by app id: `{set: {name: value}}`.
    #[must_use]
    pub fn security_attributes(&self, app: &ObjectId) -> Option<&Value> {
        self.security_attributes.get(app)
    }

    /// Why something could not be read, when that was noted.
    #[must_use]
    pub fn why_unread(&self, what: &str) -> Option<&str> {
        self.unread.iter().find(|u| u.what == what).map(|u| u.why.as_str())
    }
}

fn policies(snapshot: &Snapshot, problems: &mut Vec<Problem>) -> (Vec<Policy>, Vec<String>) {
    let raw = snapshot.get(c::POLICIES);
    let mut missing = Vec::new();
    if raw.is_none() {
        missing.push(snapshot.why_unread(c::POLICIES).unwrap_or("the policies were not read").to_owned());
    }
    let prefix = format!("{}/", c::POLICIES);
    let mut doubts: BTreeMap<PolicyId, &str> = BTreeMap::new();
    for unread in &snapshot.unread {
        match unread.what.strip_prefix(&prefix) {
            // What the exporter cut off is found again, in its place, when the policy is read.
            Some(_) if unread.why.ends_with("cut off by the exporter") => {}
            Some(id) => {
                doubts.insert(PolicyId::new(id.split('/').next().unwrap_or(id)), &unread.why);
            }
            None if unread.what == c::POLICIES && raw.is_some() => missing.push(unread.why.clone()),
            None => {}
        }
    }
    let mut read = Vec::new();
    for raw in raw.unwrap_or_default() {
        let id = PolicyId::new(look::text(raw, "id").unwrap_or_default());
        if id.as_str().is_empty() {
            missing.push("a policy has no id".into());
        }
        let doubt = doubts.remove(&id);
        read.push(read_policy::read(raw, doubt, problems));
    }
    missing.extend(doubts.into_iter().map(|(id, why)| format!("`{id}`: {why}")));
    (read, missing)
}
