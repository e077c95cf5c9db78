//! Users, domains, settings and the smaller facts of a tenant.

use super::groups::is_placeholder;
use super::ip::IpRange;
use super::look::{Look, Problem, text};
use crate::ids::ObjectId;
use crate::sign_in::ExternalKind;
use crate::snapshot::{Snapshot, collections as c};
use crate::tri::Tri;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Object id.
    pub id: ObjectId,
    /// User principal name.
    pub upn: String,
    /// Display name.
    pub name: String,
    /// Whether the account is enabled.
    pub enabled: Tri,
    /// Whether it is synchronised from on-premises.
    pub synced: Tri,
    /// What kind of external user it is, as far as its properties say.
    pub external: Option<ExternalKind>,
    /// Per-user MFA state where it was read (beta): `disabled`, `enabled`, `enforced`.
    pub per_user_mfa: Option<String>,
    /// `passwordPolicies` as Graph writes it.
    pub password_policies: Option<String>,
    /// When the password was last changed.
    pub password_changed: Option<Timestamp>,
}

pub(super) fn users(snapshot: &Snapshot) -> BTreeMap<ObjectId, User> {
    let users = snapshot.get(c::USERS).unwrap_or_default().iter().filter_map(user);
    users.map(|user| (user.id.clone(), user)).collect()
}

fn user(raw: &Value) -> Option<User> {
    let id = text(raw, "id").filter(|id| !is_placeholder(id)).map(ObjectId::new)?;
    let upn = text(raw, "userPrincipalName").unwrap_or_default().to_owned();
    let foreign = upn.to_ascii_uppercase().contains("#EXT#");
    let external = match text(raw, "userType").map(str::to_ascii_lowercase).as_deref() {
        Some("guest") if foreign => Some(ExternalKind::B2bGuest),
        Some("guest") => Some(ExternalKind::InternalGuest),
        Some("member") if foreign => Some(ExternalKind::B2bMember),
        Some("member") => Some(ExternalKind::None),
        _ => None,
    };
    Some(User {
        id,
        name: text(raw, "displayName").unwrap_or(&upn).to_owned(),
        upn,
        enabled: Tri::from(raw.get("accountEnabled").and_then(Value::as_bool)),
        // Graph gives null for an account that never was synchronised.
        synced: match raw.get("onPremisesSyncEnabled") {
            Some(Value::Null) => Tri::No,
            other => Tri::from(other.and_then(Value::as_bool)),
        },
        external,
        per_user_mfa: ["perUserMfaState"].iter().find_map(|k| text(raw, k)).map(str::to_ascii_lowercase),
        password_policies: text(raw, "passwordPolicies").map(str::to_owned),
        password_changed: text(raw, "lastPasswordChangeDateTime").and_then(|t| t.parse().ok()),
    })
}

/// One domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Whether sign-ins are sent to another identity provider.
    pub federated: Tri,
    /// What is done about MFA there (G-6).
    pub federation: Federation,
    /// Whether passwords are checked by pass-through agents.
    pub pass_through: Option<bool>,
    /// Days after which passwords expire; more than ten thousand means never.
    pub password_validity_days: Option<u64>,
}

/// What Entra does about the MFA of a federated identity provider (G-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Federation {
    /// The account's domain is not federated.
    NotFederated,
    /// Either MFA is good.
    Accept,
    /// Only the provider's MFA is good.
    Enforce,
    /// Only Entra's MFA is good.
    Reject,
    /// It is federated, or may be, and nobody said.
    NotTold,
}

pub(super) fn domains(snapshot: &Snapshot) -> Option<BTreeMap<String, Domain>> {
    let domains = snapshot.get(c::DOMAINS)?.iter();
    Some(domains.filter_map(|raw| Some((text(raw, "id")?.to_ascii_lowercase(), domain(raw)))).collect())
}

fn domain(raw: &Value) -> Domain {
    let federated = match text(raw, "authenticationType").map(str::to_ascii_lowercase).as_deref() {
        Some("managed") => Tri::No,
        Some("federated") => Tri::Yes,
        _ => Tri::Unknown,
    };
    let inner = raw.get("federationConfiguration").and_then(|f| f.as_array().map_or(Some(f), |a| a.first()));
    let behavior = [Some(raw), inner].into_iter().flatten().find_map(|v| text(v, "federatedIdpMfaBehavior"));
    let federation = match (federated, behavior.map(str::to_ascii_lowercase).as_deref()) {
        (Tri::No, _) => Federation::NotFederated,
        (_, Some("acceptifmfadonebyfederatedidp")) => Federation::Accept,
        (_, Some("enforcemfabyfederatedidp")) => Federation::Enforce,
        (_, Some("rejectmfabyfederatedidp")) => Federation::Reject,
        _ => Federation::NotTold,
    };
    Domain {
        federated,
        federation,
        pass_through: raw.get("passThroughAuthentication").and_then(Value::as_bool),
        password_validity_days: raw.get("passwordValidityPeriodInDays").and_then(Value::as_u64),
    }
}

/// Facts that no API gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The date of the question: told, else when the snapshot was taken.
    pub as_of: Timestamp,
    /// `global`, `usgov`, `usgovdod`, `china` or `custom`.
    pub cloud: String,
    /// What is done about baseline scopes (T-15).
    pub baseline_scopes: BaselineScopes,
    /// Trusted addresses of legacy MFA (C-5); `None` when nobody said.
    pub mfa_trusted_ips: Option<Vec<IpRange>>,
}

/// The tenant's setting for baseline scopes (T-15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineScopes {
    /// Enforced with the directory as audience.
    Enforced,
    /// Not enforced.
    Disabled,
    /// Enforced with this application as audience.
    Placeholder(ObjectId),
    /// Nobody said.
    NotTold,
}

impl Settings {
    pub(super) fn read(snapshot: &Snapshot, problems: &mut Vec<Problem>) -> Self {
        let nothing = Value::Null;
        let raw = snapshot.get(c::SETTINGS).and_then(<[Value]>::first).unwrap_or(&nothing);
        let mut look = Look::new(c::SETTINGS.into(), problems);
        let date =
            |text: &str| text.parse().or_else(|_| format!("{text}T00:00:00Z").parse::<Timestamp>()).ok();
        let baseline_scopes = match text(raw, "baselineScopes").map(str::trim) {
            None | Some("") => BaselineScopes::NotTold,
            Some(word) if word.eq_ignore_ascii_case("enforced") => BaselineScopes::Enforced,
            Some(word) if word.eq_ignore_ascii_case("disabled") => BaselineScopes::Disabled,
            Some(id) if ObjectId::new(id).is_guid() => BaselineScopes::Placeholder(ObjectId::new(id)),
            Some(other) => {
                look.note("baselineScopes", &Value::from(other));
                BaselineScopes::NotTold
            }
        };
        let ranges = raw.get("mfaTrustedIps").and_then(Value::as_array);
        let ranges: Option<Option<Vec<IpRange>>> =
            ranges.map(|list| list.iter().map(|r| r.as_str().and_then(IpRange::read)).collect());
        if ranges == Some(None) {
            look.note("mfaTrustedIps", raw.get("mfaTrustedIps").unwrap_or(&Value::Null));
        }
        Self {
            as_of: text(raw, "asOf").and_then(date).unwrap_or(snapshot.taken_at),
            cloud: text(raw, "cloud").unwrap_or(&snapshot.tenant.cloud).to_ascii_lowercase(),
            baseline_scopes,
            mfa_trusted_ips: ranges.flatten(),
        }
    }
}

/// A protected action and the authentication context that it demands, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedAction {
    /// The permission, such as `microsoft.directory/conditionalAccessPolicies/basic/update`.
    pub name: String,
    /// The context in lower case.
    pub context: Option<String>,
}

/// What activating a role asks for (L-16, L-17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleManagement {
    /// Somebody must approve.
    pub approval: Tri,
    /// MFA is asked for.
    pub mfa: Tri,
    /// An authentication context is asked for, in lower case.
    pub context: Option<String>,
}

pub(super) fn security_defaults(snapshot: &Snapshot) -> Tri {
    match snapshot.get(c::SECURITY_DEFAULTS) {
        None => Tri::Unknown,
        Some([]) => Tri::No,
        Some([raw, ..]) => Tri::from(raw.get("isEnabled").and_then(Value::as_bool)),
    }
}

pub(super) fn protected_actions(snapshot: &Snapshot) -> Option<Vec<ProtectedAction>> {
    let action = |raw: &Value| {
        let context =
            text(raw, "authenticationContextId").filter(|c| !c.is_empty()).map(str::to_ascii_lowercase);
        Some(ProtectedAction { name: text(raw, "name")?.to_owned(), context })
    };
    Some(snapshot.get(c::PROTECTED_ACTIONS)?.iter().filter_map(action).collect())
}

pub(super) fn role_management(snapshot: &Snapshot) -> Option<BTreeMap<ObjectId, RoleManagement>> {
    let flag = |raw: &Value, key: &str| match raw.get(key) {
        None | Some(Value::Null) => Tri::No,
        Some(value) => Tri::from(value.as_bool()),
    };
    let rule = |raw: &Value| {
        let context =
            text(raw, "authenticationContextId").filter(|c| !c.is_empty()).map(str::to_ascii_lowercase);
        let management =
            RoleManagement { approval: flag(raw, "approvalRequired"), mfa: flag(raw, "mfa"), context };
        Some((ObjectId::new(text(raw, "roleDefinitionId")?), management))
    };
    Some(snapshot.get(c::ROLE_MANAGEMENT_POLICIES)?.iter().filter_map(rule).collect())
}

/// Custom security attributes by app id; only where the reader was allowed to see them (T-8).
pub(super) fn security_attributes(snapshot: &Snapshot) -> BTreeMap<ObjectId, Value> {
    let principals = snapshot.get(c::SERVICE_PRINCIPALS).unwrap_or_default().iter();
    let with = principals.filter_map(|raw| {
        let attributes = raw.get("customSecurityAttributes").filter(|a| a.is_object())?;
        Some((ObjectId::new(text(raw, "appId")?), attributes.clone()))
    });
    with.collect()
}
