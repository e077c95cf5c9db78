//! Changes.

use super::{ROLE_ASSIGNMENTS, segment};
use crate::endpoints::Service;
use crate::outgoing::{Body, percent, sealed_json};
use crate::policy::Safety;
use breakglass_model::{ObjectId, Secret};
use breakglass_ops::port::{Change, NewUser, PasskeyCreation, TenantError};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

/// A request that changes something.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) service: Service,
    pub(crate) method: Method,
    /// Path and query, percent-encoded.
    pub(crate) path: String,
    pub(crate) body: Body,
    pub(crate) safety: Safety,
    pub(crate) gives: Gives,
    pub(crate) done: Done,
}

/// What a success answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// Nothing that matters.
    Nothing,
    /// The new object, with its `id`.
    Object,
}

/// Which refusal of a repeated request says that the first one took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// None does.
    Success,
    /// 404: what was deleted is gone.
    Gone,
    /// "Exists already": what was added is there.
    There,
}

/// The request for a change; `graph` is the base URL for references to objects.
pub(crate) fn order(change: &Change, graph: &str) -> Result<Order, TenantError> {
    let id = |id: &ObjectId| segment(id.as_str());
    Ok(match change {
        Change::CreateUser(user, password) => {
            creates("/v1.0/users".into(), secret_json(&new_user(user, password), password)?)
        }
        Change::SetPassword(user, password) => {
            let body = secret_json(&PasswordChange { password_profile: Profile::new(password) }, password)?;
            patches(format!("/v1.0/users/{}", id(user)?), body)
        }
        Change::UpdateUser(user, properties) => {
            let body = object("the user's properties", properties)?;
            patches(format!("/v1.0/users/{}", id(user)?), Body::Json(body))
        }
        Change::DeleteUser(user) => deletes(format!("/v1.0/users/{}", id(user)?)),
        Change::RegisterPasskey(user, creation) => creates(
            format!("/v1.0/users/{}/authentication/fido2Methods", id(user)?),
            Body::Json(passkey(creation)),
        ),
        Change::DeletePasskey(user, method) => {
            deletes(format!("/v1.0/users/{}/authentication/fido2Methods/{}", id(user)?, segment(method)?))
        }
        // Revoking twice revokes no more than once.
        Change::RevokeSessions(user) => {
            posts(format!("/v1.0/users/{}/revokeSignInSessions", id(user)?), Body::None, Done::Success)
        }
        Change::CreateGroup { name, description, role_assignable } => {
            creates("/v1.0/groups".into(), Body::Json(new_group(name, description, *role_assignable)))
        }
        Change::DeleteGroup(group) => deletes(format!("/v1.0/groups/{}", id(group)?)),
        // Adding twice is refused, so that a repeat can do no harm and "exists already" means done.
        Change::AddGroupMember { group, member } => {
            let body = json!({ "@odata.id": format!("{graph}/v1.0/directoryObjects/{}", id(member)?) });
            posts(format!("/v1.0/groups/{}/members/$ref", id(group)?), Body::Json(body), Done::There)
        }
        Change::RemoveGroupMember { group, member } => {
            deletes(format!("/v1.0/groups/{}/members/{}/$ref", id(group)?, id(member)?))
        }
        Change::AssignRole { role, principal } => creates(
            "/v1.0/roleManagement/directory/roleAssignments".into(),
            Body::Json(json!({
                "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
                "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/",
            })),
        ),
        Change::RemoveRoleAssignment(assignment) => {
            deletes(format!("/v1.0/roleManagement/directory/roleAssignments/{}", segment(assignment)?))
        }
        Change::UpdatePolicy(policy, fragment) => {
            let body = without_annotations(object("the policy fragment", fragment)?);
            patches(
                format!("/v1.0/identity/conditionalAccess/policies/{}", segment(policy.as_str())?),
                Body::Json(body),
            )
        }
        Change::CreatePolicy(policy) => {
            let body = without_annotations(object("the policy", policy)?);
            creates("/v1.0/identity/conditionalAccess/policies".into(), Body::Json(body))
        }
        Change::DeletePolicy(policy) => {
            deletes(format!("/v1.0/identity/conditionalAccess/policies/{}", segment(policy.as_str())?))
        }
        Change::ElevateAccess => {
            let path = "/providers/Microsoft.Authorization/elevateAccess?api-version=2016-07-01".into();
            Order { service: Service::Arm, ..posts(path, Body::None, Done::Success) }
        }
        Change::RemoveAzureRoleAssignment(resource) => {
            let path = format!("{}?api-version={ROLE_ASSIGNMENTS}", azure_assignment(resource)?);
            Order { service: Service::Arm, ..deletes(path) }
        }
    })
}

fn creates(path: String, body: Body) -> Order {
    order_of(Method::POST, path, body, Safety::Once, Gives::Object, Done::Success)
}

fn posts(path: String, body: Body, done: Done) -> Order {
    order_of(Method::POST, path, body, Safety::Idempotent, Gives::Nothing, done)
}

fn patches(path: String, body: Body) -> Order {
    order_of(Method::PATCH, path, body, Safety::Idempotent, Gives::Nothing, Done::Success)
}

fn deletes(path: String) -> Order {
    order_of(Method::DELETE, path, Body::None, Safety::Idempotent, Gives::Nothing, Done::Gone)
}

fn order_of(method: Method, path: String, body: Body, safety: Safety, gives: Gives, done: Done) -> Order {
    Order { service: Service::Graph, method, path, body, safety, gives, done }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserCreation<'a> {
    account_enabled: bool,
    display_name: &'a str,
    mail_nickname: &'a str,
    user_principal_name: &'a str,
    password_policies: &'static str,
    password_profile: Profile<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PasswordChange<'a> {
    password_profile: Profile<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    /// A forced change needs a second person's hands on a sealed password (REQUIREMENTS 5.1).
    force_change_password_next_sign_in: bool,
    password: &'a str,
}

impl<'a> Profile<'a> {
    fn new(password: &'a Secret) -> Self {
        Self { force_change_password_next_sign_in: false, password: password.danger_reveal() }
    }
}

fn new_user<'a>(user: &'a NewUser, password: &'a Secret) -> UserCreation<'a> {
    UserCreation {
        account_enabled: true,
        display_name: &user.display_name,
        mail_nickname: &user.mail_nickname,
        user_principal_name: &user.upn,
        password_policies: "DisablePasswordExpiration",
        password_profile: Profile::new(password),
    }
}

fn secret_json(body: &impl Serialize, secret: &Secret) -> Result<Body, TenantError> {
    sealed_json(body, secret).map_err(|e| unusable("the request body", &e.to_string()))
}

fn passkey(creation: &PasskeyCreation) -> Value {
    json!({
        "displayName": creation.display_name,
        "publicKeyCredential": {
            "id": creation.credential_id,
            "response": {
                "clientDataJSON": creation.client_data_json,
                "attestationObject": creation.attestation_object,
            },
        },
    })
}

fn new_group(name: &str, description: &str, role_assignable: bool) -> Value {
    let nickname: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    let mut group = json!({
        "displayName": name,
        "mailNickname": if nickname.is_empty() { "group" } else { nickname.as_str() },
        "mailEnabled": false, "securityEnabled": true, "groupTypes": [], "isAssignableToRole": role_assignable,
        // Members of a role-assignable group are nobody's business but administrators'.
        "visibility": "Private",
    });
    if !description.is_empty()
        && let Some(map) = group.as_object_mut()
    {
        map.insert("description".into(), description.into());
    }
    group
}

fn object(what: &str, value: &Value) -> Result<Value, TenantError> {
    if value.is_object() { Ok(value.clone()) } else { Err(unusable(what, "expected a JSON object")) }
}

fn unusable(what: &str, detail: &str) -> TenantError {
    TenantError::Rejected {
        what: what.to_owned(),
        status: 0,
        detail: format!("{detail}, so nothing was sent"),
    }
}

/// Links that Graph adds when it is read (`...@odata.context`, `...@odata.navigationLink`) are refused when written;
/// `@odata.type` says what an object is and stays.
fn without_annotations(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept =
                map.into_iter().filter(|(key, _)| !key.contains("@odata.") || key.ends_with("@odata.type"));
            Value::Object(kept.map(|(key, v)| (key, without_annotations(v))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_annotations).collect()),
        scalar => scalar,
    }
}

/// The path of an Azure role assignment, which is its whole resource id.
fn azure_assignment(resource: &str) -> Result<String, TenantError> {
    let lower = resource.to_ascii_lowercase();
    let is_one =
        lower.starts_with('/') && lower.contains("/providers/microsoft.authorization/roleassignments/");
    if !is_one || resource.split('/').skip(1).any(|part| part.is_empty() || part.bytes().all(|b| b == b'.')) {
        return Err(unusable(
            &format!("`{resource}`"),
            "expected the resource id of an Azure role assignment",
        ));
    }
    let mut path = String::new();
    percent(resource, &mut path, "/");
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(change: &Change) -> (String, Value) {
        let order = order(change, "https://graph.microsoft.com").unwrap();
        let body = match &order.body {
            Body::Json(value) => value.clone(),
            Body::Sealed { text, .. } => serde_json::from_str(text.danger_reveal()).unwrap(),
            Body::None => Value::Null,
        };
        (format!("{} {} {:?} {:?}", order.method, order.path, order.safety, order.done), body)
    }

    #[test]
    fn every_change_has_its_request() {
        let (u, g, p) = (ObjectId::new("u"), ObjectId::new("g"), breakglass_model::PolicyId::new("p"));
        let user = NewUser { upn: "a@b".into(), display_name: "A".into(), mail_nickname: "a".into() };
        let creation = PasskeyCreation {
            display_name: "key A".into(),
            credential_id: "c".into(),
            client_data_json: "d".into(),
            attestation_object: "o".into(),
        };
        let root = "/providers/Microsoft.Authorization/roleAssignments/AbC";
        for (change, line, body) in [
            (
                Change::CreateUser(user, Secret::new("pw\"")),
                "POST /v1.0/users Once Success",
                json!({"accountEnabled": true, "displayName": "A", "mailNickname": "a", "userPrincipalName": "a@b",
                    "passwordPolicies": "DisablePasswordExpiration",
                    "passwordProfile": {"forceChangePasswordNextSignIn": false, "password": "pw\""}}),
            ),
            (
                Change::SetPassword(u.clone(), Secret::new("pw")),
                "PATCH /v1.0/users/u Idempotent Success",
                json!({"passwordProfile": {"forceChangePasswordNextSignIn": false, "password": "pw"}}),
            ),
            (
                Change::UpdateUser(u.clone(), json!({"accountEnabled": false})),
                "PATCH /v1.0/users/u Idempotent Success",
                json!({"accountEnabled": false}),
            ),
            (Change::DeleteUser(u.clone()), "DELETE /v1.0/users/u Idempotent Gone", Value::Null),
            (
                Change::RegisterPasskey(u.clone(), creation),
                "POST /v1.0/users/u/authentication/fido2Methods Once Success",
                json!({"displayName": "key A", "publicKeyCredential": {"id": "c",
                    "response": {"clientDataJSON": "d", "attestationObject": "o"}}}),
            ),
            (
                Change::DeletePasskey(u.clone(), "_jpuR-TG2".into()),
                "DELETE /v1.0/users/u/authentication/fido2Methods/_jpuR-TG2 Idempotent Gone",
                Value::Null,
            ),
            (
                Change::RevokeSessions(u.clone()),
                "POST /v1.0/users/u/revokeSignInSessions Idempotent Success",
                Value::Null,
            ),
            (
                Change::CreateGroup {
                    name: "Emergency access!".into(),
                    description: String::new(),
                    role_assignable: true,
                },
                "POST /v1.0/groups Once Success",
                json!({"displayName": "Emergency access!", "mailNickname": "Emergencyaccess", "mailEnabled": false,
                    "securityEnabled": true, "groupTypes": [], "isAssignableToRole": true, "visibility": "Private"}),
            ),
            (Change::DeleteGroup(g.clone()), "DELETE /v1.0/groups/g Idempotent Gone", Value::Null),
            (
                Change::AddGroupMember { group: g.clone(), member: u.clone() },
                "POST /v1.0/groups/g/members/$ref Idempotent There",
                json!({"@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/u"}),
            ),
            (
                Change::RemoveGroupMember { group: g, member: u.clone() },
                "DELETE /v1.0/groups/g/members/u/$ref Idempotent Gone",
                Value::Null,
            ),
            (
                Change::AssignRole { role: ObjectId::new("r"), principal: u },
                "POST /v1.0/roleManagement/directory/roleAssignments Once Success",
                json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": "u",
                    "roleDefinitionId": "r", "directoryScopeId": "/"}),
            ),
            (
                Change::RemoveRoleAssignment("AbC-1".into()),
                "DELETE /v1.0/roleManagement/directory/roleAssignments/AbC-1 Idempotent Gone",
                Value::Null,
            ),
            (
                Change::UpdatePolicy(
                    p.clone(),
                    json!({"grantControls": {"authenticationStrength@odata.context": "x",
                    "operator": "OR", "x": [{"@odata.type": "#y"}]}}),
                ),
                "PATCH /v1.0/identity/conditionalAccess/policies/p Idempotent Success",
                json!({"grantControls": {"operator": "OR", "x": [{"@odata.type": "#y"}]}}),
            ),
            (
                Change::CreatePolicy(json!({"displayName": "n"})),
                "POST /v1.0/identity/conditionalAccess/policies Once Success",
                json!({"displayName": "n"}),
            ),
            (
                Change::DeletePolicy(p),
                "DELETE /v1.0/identity/conditionalAccess/policies/p Idempotent Gone",
                Value::Null,
            ),
            (
                Change::ElevateAccess,
                "POST /providers/Microsoft.Authorization/elevateAccess?api-version=2016-07-01 Idempotent Success",
                Value::Null,
            ),
            (
                Change::RemoveAzureRoleAssignment(root.into()),
                "DELETE /providers/Microsoft.Authorization/roleAssignments/AbC?api-version=2022-04-01 Idempotent Gone",
                Value::Null,
            ),
        ] {
            assert_eq!(sent(&change), (line.to_owned(), body));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_not_sent() {
        for change in [
            Change::DeleteUser(ObjectId::new("")),
            Change::DeletePasskey(ObjectId::new("u"), "..".into()),
            Change::UpdatePolicy(breakglass_model::PolicyId::new("p"), json!([])),
            Change::RemoveAzureRoleAssignment("/subscriptions/s".into()),
            Change::RemoveAzureRoleAssignment(
                "/x/../providers/Microsoft.Authorization/roleAssignments/a".into(),
            ),
        ] {
            assert!(order(&change, "https://g").is_err(), "{change:?}");
        }
    }
}
