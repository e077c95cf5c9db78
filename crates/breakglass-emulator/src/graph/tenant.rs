//! The tenant itself: organization, domains, licences, applications, administrative units, reports, and whatever else a tenant
//! has one or several of.

use super::answer::{Answer, Refusal};
use super::odata::filter::Operator::{self, Eq, Ge, In, Le, StartsWith};
use super::odata::{Paging, Set};
use super::request::Request;
use crate::state::{Collection, State, text};
use serde_json::{Value, json};

/// Lists a collection, or shows the object that the path's last segment names.
fn show(
    request: &Request,
    state: &State,
    set: &Set,
    context: &str,
    all: &Collection,
    depth: usize,
) -> Result<Answer, Refusal> {
    if request.segments.len() == depth {
        return set.list(request, state, context, all.iter());
    }
    let id = request.segment(depth);
    set.one(request, state, context, all.get(id).ok_or_else(|| Refusal::missing(id))?)
}

pub(crate) fn organization(request: &Request, state: &State) -> Result<Answer, Refusal> {
    show(request, state, &Set::plain("organization"), "organization", &state.directory.organization, 1)
}

pub(crate) fn domains(request: &Request, state: &State) -> Result<Answer, Refusal> {
    show(request, state, &Set::plain("domain"), "domains", &state.directory.domains, 1)
}

pub(crate) fn federation(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let id = request.segment(1);
    state.directory.domains.get(id).ok_or_else(|| Refusal::missing(id))?;
    let path = format!("domains/{}/federationConfiguration", id.to_ascii_lowercase());
    let context = format!("domains('{id}')/federationConfiguration");
    let set = Set::plain("internalDomainFederation");
    let none = Collection::default();
    set.list(request, state, &context, state.directory.others.get(&path).unwrap_or(&none).iter())
}

pub(crate) fn skus(request: &Request, state: &State) -> Result<Answer, Refusal> {
    show(request, state, &Set::plain("subscribedSku"), "subscribedSkus", &state.directory.subscribed_skus, 1)
}

const SERVICE_PRINCIPALS: Set = Set {
    filter: &[
        ("appId", &[Eq, In]),
        ("displayName", &[Eq, StartsWith]),
        ("id", &[Eq, In]),
        ("servicePrincipalNames", &[Eq, Operator::Any]),
        ("servicePrincipalType", &[Eq]),
        ("accountEnabled", &[Eq]),
    ],
    paging: Paging::Pages(100, 999),
    directory: true,
    ..Set::plain("servicePrincipal")
};

pub(crate) fn service_principals(request: &Request, state: &State) -> Result<Answer, Refusal> {
    show(request, state, &SERVICE_PRINCIPALS, "servicePrincipals", &state.directory.service_principals, 1)
}

/// Nobody owns an application here.
fn no_owners(_: &State, _: &Value, _: &str) -> Value {
    json!([])
}

pub(crate) fn applications(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set {
        filter: &[("appId", &[Eq, In]), ("displayName", &[Eq, StartsWith]), ("id", &[Eq, In])],
        expand: &[("owners", no_owners)],
        paging: Paging::Pages(100, 999),
        directory: true,
        ..Set::plain("application")
    };
    show(request, state, &set, "applications", &state.directory.applications, 1)
}

pub(crate) fn administrative_units(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set {
        filter: &[("displayName", &[Eq, StartsWith]), ("id", &[Eq])],
        paging: Paging::Pages(100, 999),
        directory: true,
        ..Set::plain("administrativeUnit")
    };
    show(request, state, &set, "administrativeUnits", &state.directory.administrative_units, 2)
}

/// Roles that are assigned at the scope of a unit.
pub(crate) fn scoped_role_members(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let id = request.segment(2);
    state.directory.administrative_units.get(id).ok_or_else(|| Refusal::missing(id))?;
    let scope = format!("/administrativeUnits/{id}");
    let scoped = state
        .directory
        .role_assignments
        .iter()
        .filter(|a| text(a, "directoryScopeId").is_some_and(|s| s.eq_ignore_ascii_case(&scope)));
    let members: Vec<Value> = scoped
        .map(|a| {
            let principal = text(a, "principalId").and_then(|p| super::members::object(state, p));
            json!({ "id": a.get("id"), "roleId": a.get("roleDefinitionId"), "administrativeUnitId": id,
                "roleMemberInfo": { "id": a.get("principalId"), "displayName": principal.and_then(|p| text(&p, "displayName").map(str::to_owned)) } })
        })
        .collect();
    let context = format!("administrativeUnits('{id}')/scopedRoleMembers");
    Set::plain("scopedRoleMembership").list(request, state, &context, members.iter())
}

/// `/reports/authenticationMethods/userRegistrationDetails`, from what the users have now. (There it lags.)
pub(crate) fn registration_details(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let set = Set {
        filter: &[
            ("id", &[Eq]),
            ("userPrincipalName", &[Eq, StartsWith]),
            ("userDisplayName", &[Eq, StartsWith]),
            ("userType", &[Eq]),
            ("isAdmin", &[Eq]),
            ("isMfaCapable", &[Eq]),
            ("isMfaRegistered", &[Eq]),
            ("methodsRegistered", &[Eq, Operator::Any]),
        ],
        order: &["userPrincipalName", "userDisplayName"],
        paging: Paging::Pages(100, 999),
        ..Set::plain("userRegistrationDetails")
    };
    let details: Vec<Value> = state.directory.users.iter().map(|user| registered(state, user)).collect();
    set.list(request, state, "reports/authenticationMethods/userRegistrationDetails", details.iter())
}

fn registered(state: &State, user: &Value) -> Value {
    let id = text(user, "id").unwrap_or_default();
    let methods = state.directory.methods.get(&id.to_ascii_lowercase());
    let mut names: Vec<&str> = methods
        .into_iter()
        .flatten()
        .filter_map(|m| match text(m, "@odata.type")?.rsplit('.').next()? {
            super::methods::FIDO2 => Some("fido2SecurityKey"),
            "microsoftAuthenticatorAuthenticationMethod" => Some("microsoftAuthenticatorPush"),
            "windowsHelloForBusinessAuthenticationMethod" => Some("windowsHelloForBusiness"),
            "phoneAuthenticationMethod" => Some("mobilePhone"),
            "softwareOathAuthenticationMethod" => Some("softwareOneTimePasscode"),
            "emailAuthenticationMethod" => Some("email"),
            "temporaryAccessPassAuthenticationMethod" => Some("temporaryAccessPass"),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    let mfa = names.iter().any(|n| !matches!(*n, "email"));
    let passwordless = names.iter().any(|n| matches!(*n, "fido2SecurityKey" | "windowsHelloForBusiness"));
    let is_admin = !state.directory.roles_of(id).is_empty();
    let preferred = if names.contains(&"microsoftAuthenticatorPush") { "push" } else { "none" };
    json!({
        "id": id, "userPrincipalName": user.get("userPrincipalName"), "userDisplayName": user.get("displayName"),
        "userType": text(user, "userType").unwrap_or("Member").to_ascii_lowercase(),
        "isAdmin": is_admin, "isSsprRegistered": mfa, "isSsprEnabled": is_admin, "isSsprCapable": mfa && is_admin,
        "isMfaRegistered": mfa, "isMfaCapable": mfa, "isPasswordlessCapable": passwordless,
        "methodsRegistered": names, "isSystemPreferredAuthenticationMethodEnabled": false,
        "systemPreferredAuthenticationMethods": [],
        "userPreferredMethodForSecondaryAuthentication": preferred,
        "lastUpdatedDateTime": crate::state::graph_time(state.now()),
    })
}

/// A collection that is kept under its path in [`crate::state::Directory::others`].
pub(crate) fn others(
    request: &Request,
    state: &State,
    path: &str,
    kind: &'static str,
) -> Result<Answer, Refusal> {
    let set = Set {
        filter: &[
            ("userId", &[Eq]),
            ("id", &[Eq]),
            ("riskLevel", &[Eq]),
            ("riskState", &[Eq]),
            ("riskLastUpdatedDateTime", &[Ge, Le]),
            ("userPrincipalName", &[Eq]),
            ("principalId", &[Eq]),
            ("clientId", &[Eq]),
        ],
        paging: Paging::Pages(100, 500),
        ..Set::plain(kind)
    };
    let none = Collection::default();
    set.list(request, state, path, state.directory.others.get(path).unwrap_or(&none).iter())
}
