//! Microsoft Graph, as far as emergency access needs it: v1.0, and beta where that differs.
//!
//! One handler takes a request apart, knows who asks, looks the call up in the permission table and hands it to its resource.
//! Shapes come from Microsoft's published metadata ([`schema`]), never from a client of ours. What it does not serve it answers as
//! Graph answers what does not exist.

mod answer;
mod audit;
mod deleted;
mod directory_roles;
pub(crate) mod groups;
mod locations;
mod logs;
mod members;
mod methods;
pub(crate) mod odata;
mod permissions;
mod policies;
mod policy_check;
pub(crate) mod policy_shape;
mod request;
pub(crate) mod roles;
pub(crate) mod schema;
mod settings;
mod tenant;
mod throttle;
mod user_rules;
pub(crate) mod users;
mod users_write;

use crate::caller::{Audience, Caller};
use crate::state::{Shared, State};
use answer::{Answer, Ids, Refusal};
use axum::body::{Body, to_bytes};
use axum::extract::{self, State as Extract};
use axum::http::{HeaderMap, Response, StatusCode, request::Parts};
use odata::Options;
use permissions::Route;
use request::Request;
use std::sync::Arc;
use throttle::Bucket;

pub(crate) use throttle::SWITCH as CONDITIONAL_ACCESS_LIMIT;

/// The largest body that is read.
const LARGEST: usize = 4 << 20;

#[derive(Clone)]
struct Graph {
    shared: Shared,
    bucket: Arc<Bucket>,
}

/// Everything on the graph origin.
pub(crate) fn router(shared: Shared) -> axum::Router {
    let graph = Graph { shared, bucket: Arc::default() };
    axum::Router::new().fallback(handle).with_state(graph)
}

async fn handle(Extract(graph): Extract<Graph>, request: extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let ids = Ids::of(&parts.headers);
    let outcome = match to_bytes(body, LARGEST).await {
        Ok(body) => graph.answer(&parts, body.to_vec()),
        Err(_) => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The size of the request body exceeds the limit.",
        )),
    };
    let now = graph.shared.lock().now();
    ids.respond(outcome, now)
}

impl Graph {
    fn answer(&self, parts: &Parts, body: Vec<u8>) -> Result<Answer, Refusal> {
        let path = parts.uri.path();
        let split = request::split(path)?;
        let caller = Caller::of(&self.shared, &parts.headers, Audience::Graph)
            .map_err(|r| Refusal::new(StatusCode::UNAUTHORIZED, r.code, r.message))?;
        let options = Options::read(parts.uri.query().unwrap_or_default(), eventual(&parts.headers))?;
        let origins = self.shared.origins();
        let request = Request::new(parts.method.clone(), split, path, options, caller, origins, body)?;
        let route = Route::find(request.method.as_str(), &request.segments)?;
        let mut state = self.shared.lock();
        if throttle::is_on(&state) {
            self.bucket.take(&request.segments)?;
        }
        route.allow(&request, &state)?;
        dispatch(route.template, &request, &mut state, &origins.login)
    }
}

fn eventual(headers: &HeaderMap) -> bool {
    let level = headers.get("consistencylevel").and_then(|v| v.to_str().ok());
    level.is_some_and(|l| l.eq_ignore_ascii_case("eventual"))
}

fn dispatch(template: &str, request: &Request, state: &mut State, login: &str) -> Result<Answer, Refusal> {
    match request.method.as_str() {
        "GET" => read(template, request, state, login),
        method => write(method, template, request, state, login),
    }
}

fn read(template: &str, r: &Request, s: &mut State, login: &str) -> Result<Answer, Refusal> {
    match template {
        "/organization" | "/organization/{id}" => tenant::organization(r, s),
        "/domains" | "/domains/{id}" => tenant::domains(r, s),
        "/domains/{id}/federationconfiguration" => tenant::federation(r, s),
        "/subscribedskus" => tenant::skus(r, s),
        "/serviceprincipals" | "/serviceprincipals/{id}" => tenant::service_principals(r, s),
        "/applications" | "/applications/{id}" => tenant::applications(r, s),
        "/oauth2permissiongrants" => tenant::others(r, s, "oauth2PermissionGrants", "oAuth2PermissionGrant"),
        "/identityprotection/riskyusers" => {
            tenant::others(r, s, "identityProtection/riskyUsers", "riskyUser")
        }
        "/identityprotection/riskdetections" => {
            tenant::others(r, s, "identityProtection/riskDetections", "riskDetection")
        }
        "/reports/authenticationmethods/userregistrationdetails" => tenant::registration_details(r, s),

        "/users" => users::list(r, s),
        "/users/{id}" => users::get(r, s),
        "/users/{id}/licensedetails" => users::license_details(r, s),
        "/users/{id}/memberof" | "/groups/{id}/memberof" => members::member_of(r, s, false),
        "/users/{id}/transitivememberof" => members::member_of(r, s, true),
        "/users/{id}/authentication/methods" => methods::list(r, s),
        "/users/{id}/authentication/methods/{id}" => methods::get(r, s, None),
        "/users/{id}/authentication/fido2methods" => methods::of_kind(r, s, methods::FIDO2),
        "/users/{id}/authentication/fido2methods/creationoptions" => methods::creation_options(r, s, login),
        "/users/{id}/authentication/fido2methods/{id}" => methods::get(r, s, Some(methods::FIDO2)),
        "/users/{id}/authentication/passwordmethods" => {
            methods::of_kind(r, s, "passwordAuthenticationMethod")
        }
        "/users/{id}/authentication/microsoftauthenticatormethods" => {
            methods::of_kind(r, s, "microsoftAuthenticatorAuthenticationMethod")
        }
        "/users/{id}/authentication/phonemethods" => methods::of_kind(r, s, "phoneAuthenticationMethod"),
        "/users/{id}/authentication/temporaryaccesspassmethods" => {
            methods::of_kind(r, s, "temporaryAccessPassAuthenticationMethod")
        }

        "/groups" => groups::list(r, s),
        "/groups/{id}" => groups::get(r, s),
        "/groups/{id}/members" => members::list(r, s, false),
        "/groups/{id}/transitivemembers" => members::list(r, s, true),
        "/groups/{id}/owners" => members::owners(r, s),
        "/directoryobjects/{id}" => members::directory_object(r, s),
        "/directory/administrativeunits" | "/directory/administrativeunits/{id}" => {
            tenant::administrative_units(r, s)
        }
        "/directory/administrativeunits/{id}/members" => members::of_unit(r, s),
        "/directory/administrativeunits/{id}/scopedrolemembers" => tenant::scoped_role_members(r, s),
        "/directory/deleteditems/microsoft.graph.user" => deleted::list(r, s, "user"),
        "/directory/deleteditems/microsoft.graph.group" => deleted::list(r, s, "group"),
        "/directory/deleteditems/{id}" => deleted::get(r, s),

        "/directoryroles" => directory_roles::list(r, s),
        "/directoryroles/{id}" => directory_roles::get(r, s),
        "/directoryroles/{id}/members" => directory_roles::members(r, s),
        "/directoryroletemplates" => directory_roles::templates(r, s),
        "/rolemanagement/directory/roledefinitions" => roles::definitions(r, s),
        "/rolemanagement/directory/roledefinitions/{id}" => roles::definition(r, s),
        "/rolemanagement/directory/roleassignments" => roles::assignments(r, s),
        "/rolemanagement/directory/roleassignments/{id}" => roles::assignment(r, s),
        "/rolemanagement/directory/roleassignmentscheduleinstances" => roles::instances(r, s, false),
        "/rolemanagement/directory/roleeligibilityscheduleinstances" => roles::instances(r, s, true),
        "/policies/rolemanagementpolicies"
        | "/policies/rolemanagementpolicies/{id}"
        | "/policies/rolemanagementpolicies/{id}/rules" => roles::management_policies(r, s),
        "/policies/rolemanagementpolicyassignments" => roles::policy_assignments(r, s),

        "/identity/conditionalaccess/policies" => policies::list(r, s),
        "/identity/conditionalaccess/policies/{id}" => policies::get(r, s),
        "/identity/conditionalaccess/namedlocations" => locations::list(r, s),
        "/identity/conditionalaccess/namedlocations/{id}" => locations::get(r, s),
        "/identity/conditionalaccess/authenticationcontextclassreferences"
        | "/identity/conditionalaccess/authenticationcontextclassreferences/{id}" => policies::contexts(r, s),
        "/policies/authenticationstrengthpolicies" => settings::strengths(r, s),
        "/policies/authenticationstrengthpolicies/{id}"
        | "/policies/authenticationstrengthpolicies/{id}/combinationconfigurations" => {
            settings::strength(r, s)
        }
        "/policies/authenticationmethodspolicy" => settings::methods_policy(r, s),
        "/policies/authenticationmethodspolicy/authenticationmethodconfigurations"
        | "/policies/authenticationmethodspolicy/authenticationmethodconfigurations/{id}" => {
            settings::configurations_list(r, s)
        }
        "/policies/identitysecuritydefaultsenforcementpolicy" => settings::security_defaults(r, s),
        "/policies/authorizationpolicy" => settings::authorization(r, s),
        "/policies/{id}" => policies::named(r, s),

        "/auditlogs/signins" => logs::sign_ins(r, s),
        "/auditlogs/directoryaudits" => logs::audits(r, s),
        "/auditlogs/signins/{id}" | "/auditlogs/directoryaudits/{id}" => logs::one(r, s),
        other => Err(unserved(other)),
    }
}

fn write(method: &str, template: &str, r: &Request, s: &mut State, login: &str) -> Result<Answer, Refusal> {
    match (method, template) {
        ("POST", "/users") => users_write::create(r, s),
        ("PATCH", "/users/{id}") => users_write::update(r, s),
        ("DELETE", "/users/{id}") => users_write::delete(r, s),
        ("POST", "/users/{id}/revokesigninsessions") => users_write::revoke_sessions(r, s),
        ("POST", "/users/{id}/authentication/fido2methods") => methods::register(r, s, login),
        ("DELETE", "/users/{id}/authentication/fido2methods/{id}") => methods::delete(r, s, methods::FIDO2),
        ("DELETE", "/users/{id}/authentication/microsoftauthenticatormethods/{id}") => {
            methods::delete(r, s, "microsoftAuthenticatorAuthenticationMethod")
        }
        ("POST", "/users/{id}/authentication/temporaryaccesspassmethods") => methods::issue_pass(r, s),
        ("DELETE", "/users/{id}/authentication/temporaryaccesspassmethods/{id}") => {
            methods::delete(r, s, "temporaryAccessPassAuthenticationMethod")
        }
        ("POST", "/users/{id}/getmembergroups" | "/directoryobjects/{id}/getmembergroups") => {
            members::group_ids(r, s, false)
        }
        ("POST", "/users/{id}/getmemberobjects") => members::group_ids(r, s, true),
        ("POST", "/users/{id}/checkmembergroups" | "/directoryobjects/{id}/checkmembergroups") => {
            members::check_groups(r, s)
        }
        ("POST", "/directoryobjects/getbyids") => members::by_ids(r, s),

        ("POST", "/groups") => groups::create(r, s),
        ("PATCH", "/groups/{id}") => groups::update(r, s),
        ("DELETE", "/groups/{id}") => groups::delete(r, s),
        ("POST", "/groups/{id}/members/$ref") => members::add(r, s),
        ("DELETE", "/groups/{id}/members/{id}/$ref") => members::remove(r, s),
        ("POST", "/directory/deleteditems/{id}/restore") => deleted::restore(r, s),
        ("DELETE", "/directory/deleteditems/{id}") => deleted::purge(r, s),
        ("POST", "/rolemanagement/directory/roleassignments") => roles::assign(r, s),
        ("DELETE", "/rolemanagement/directory/roleassignments/{id}") => roles::unassign(r, s),

        ("POST", "/identity/conditionalaccess/policies") => policies::create(r, s),
        ("PATCH", "/identity/conditionalaccess/policies/{id}") => policies::update(r, s),
        ("DELETE", "/identity/conditionalaccess/policies/{id}") => policies::delete(r, s),
        ("POST", "/identity/conditionalaccess/namedlocations") => locations::create(r, s),
        ("PATCH", "/identity/conditionalaccess/namedlocations/{id}") => locations::update(r, s),
        ("DELETE", "/identity/conditionalaccess/namedlocations/{id}") => locations::delete(r, s),
        ("POST", "/policies/authenticationstrengthpolicies") => settings::create_strength(r, s),
        ("PATCH", "/policies/authenticationstrengthpolicies/{id}") => settings::update_strength(r, s),
        ("DELETE", "/policies/authenticationstrengthpolicies/{id}") => settings::delete_strength(r, s),
        ("PATCH", "/policies/authenticationmethodspolicy") => settings::update_methods_policy(r, s),
        ("PATCH", "/policies/authenticationmethodspolicy/authenticationmethodconfigurations/{id}") => {
            settings::update_configuration(r, s)
        }
        ("PATCH", "/policies/identitysecuritydefaultsenforcementpolicy") => {
            settings::update_security_defaults(r, s)
        }
        (_, other) => Err(unserved(other)),
    }
}

/// A line of the permission table without a resource behind it: a test keeps that from happening.
fn unserved(template: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NotImplemented",
        format!("`{template}` is in the table but not served."),
    )
}

#[cfg(test)]
mod tests;
