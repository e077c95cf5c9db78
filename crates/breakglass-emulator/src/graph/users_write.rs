//! `/users`: creating, changing, deleting, ending sessions.

use super::answer::{Answer, Refusal};
use super::audit::changes_of;
use super::request::Request;
use super::schema::Schema;
use super::user_rules::{check_password, check_upn, check_values, global_administrators, guard};
use super::users::{self, SET};
use crate::state::{State, Target, graph_time, text};
use serde_json::{Map, Value, json};

pub(crate) fn create(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    Schema::v1().check("user", &body)?;
    for name in ["accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"] {
        if body.get(name).is_none_or(Value::is_null) {
            return Err(Refusal::directory(format!(
                "A value is required for property '{name}' of resource 'User'."
            )));
        }
    }
    check_values(&body)?;
    let upn = body.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default().to_owned();
    check_upn(state, &upn, &body)?;
    let taken = state.directory.user(&upn).is_some();
    if taken {
        return Err(Refusal::exists("userPrincipalName"));
    }
    let policies = body.get("passwordPolicies").and_then(Value::as_str).unwrap_or_default();
    let profile = Profile::read(&body, policies)?;
    let Some(password) = profile.password else {
        return Err(Refusal::directory("A value is required for property 'password' of resource 'User'."));
    };
    let id = state.ids.guid();
    let user = object(state, &id, &body);
    state.directory.users.insert(user.clone());
    state.set_password(&id, &password, profile.must_change);
    state.written(&id);
    let target = Target { changes: changes_of(None, &user), ..Target::object("User", &user) };
    state.audit(&request.caller, "Add user", "UserManagement", vec![target]);
    let body = SET.object(request, state, "users", &user)?;
    Ok(Answer::created(body, request.location("users", &id)))
}

/// A new user with everything that the directory adds.
fn object(state: &State, id: &str, body: &Map<String, Value>) -> Value {
    let now = graph_time(state.now());
    let upn = body.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default();
    let initial = state.directory.domains.iter().find(|d| d.get("isInitial") == Some(&Value::Bool(true)));
    let issuer = initial.and_then(|d| text(d, "id")).unwrap_or_default();
    let mut user = json!({
        "id": id, "deletedDateTime": null, "createdDateTime": now, "creationType": null, "userType": "Member",
        "assignedLicenses": [], "assignedPlans": [], "businessPhones": [], "onPremisesSyncEnabled": null,
        "signInSessionsValidFromDateTime": now,
        "identities": [{ "signInType": "userPrincipalName", "issuer": issuer, "issuerAssignedId": upn }],
    });
    if let Some(map) = user.as_object_mut() {
        let given = body.iter().filter(|(k, _)| *k != "passwordProfile" && !k.contains('@'));
        map.extend(given.map(|(k, v)| (k.clone(), v.clone())));
    }
    user
}

/// A `passwordProfile`.
struct Profile {
    password: Option<String>,
    must_change: bool,
}

impl Profile {
    fn read(body: &Map<String, Value>, policies: &str) -> Result<Self, Refusal> {
        let profile = body.get("passwordProfile");
        let password = profile.and_then(|p| text(p, "password")).map(str::to_owned);
        if let Some(password) = &password {
            check_password(password, policies)?;
        }
        let flag = |name: &str| profile.and_then(|p| p.get(name)).and_then(Value::as_bool);
        // Without a word about it, the next sign-in must change the password.
        let must_change = flag("forceChangePasswordNextSignIn").unwrap_or(true)
            || flag("forceChangePasswordNextSignInWithMfa").unwrap_or(false);
        Ok(Self { password, must_change })
    }
}

pub(crate) fn update(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    Schema::v1().check("user", &body)?;
    let before = users::find(state, request.segment(1))?.clone();
    let id = text(&before, "id").unwrap_or_default().to_owned();
    check_values(&body)?;
    check_permissions(request, &body)?;
    guard(request, state, &before)?;
    if let Some(upn) = body.get("userPrincipalName").and_then(Value::as_str) {
        check_upn(state, upn, &body)?;
        if state.directory.user(upn).and_then(|u| text(u, "id")).is_some_and(|other| other != id) {
            return Err(Refusal::exists("userPrincipalName"));
        }
    }
    let policies = body.get("passwordPolicies").and_then(Value::as_str).or(text(&before, "passwordPolicies"));
    let profile = Profile::read(&body, policies.unwrap_or_default())?;
    if let Some(map) = state.directory.users.get_mut(&id).and_then(Value::as_object_mut) {
        let given = body.iter().filter(|(k, _)| *k != "passwordProfile" && !k.contains('@'));
        map.extend(given.map(|(k, v)| (k.clone(), v.clone())));
    }
    if let Some(password) = &profile.password {
        state.set_password(&id, password, profile.must_change);
        // A reset ends what the old password opened.
        state.revoke_sessions(&id);
    } else if body.contains_key("passwordProfile")
        && let Some(password) = state.hidden.passwords.get_mut(&id.to_ascii_lowercase())
    {
        password.must_change = profile.must_change;
    }
    record(request, state, &before, &id, &body);
    Ok(Answer::no_content())
}

/// Properties that some permissions alone do not open.
fn check_permissions(request: &Request, body: &Map<String, Value>) -> Result<(), Refusal> {
    const ALL: [&str; 3] = ["User.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"];
    let caller = &request.caller;
    for name in body.keys().filter(|k| !k.contains('@')) {
        let own: &[&str] = match name.as_str() {
            "passwordProfile" => {
                &["User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All", "Directory.AccessAsUser.All"]
            }
            "accountEnabled" => &["User.EnableDisableAccount.All"],
            "businessPhones" | "mobilePhone" => &["User-Phone.ReadWrite.All"],
            _ => &["User.ReadWrite"],
        };
        let general: &[&str] = if name == "passwordProfile" { &[] } else { &ALL };
        if !caller.may(own) && !caller.may(general) {
            return Err(Refusal::denied());
        }
    }
    Ok(())
}

fn record(request: &Request, state: &mut State, before: &Value, id: &str, body: &Map<String, Value>) {
    let Some(after) = state.directory.users.get(id).cloned() else { return };
    let target = || Target::object("User", &after);
    let caller = &request.caller;
    if body.contains_key("passwordProfile") {
        state.audit(caller, "Reset user password", "UserManagement", vec![target()]);
    }
    let mut old = before.clone();
    // The time of a password change is written by the reset, not by the request.
    for name in ["lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"] {
        if let (Some(map), Some(value)) = (old.as_object_mut(), after.get(name)) {
            map.insert(name.to_owned(), value.clone());
        }
    }
    let changes = changes_of(Some(&old), &after);
    if changes.is_empty() {
        return;
    }
    let enabled = |u: &Value| u.get("accountEnabled").and_then(Value::as_bool);
    if enabled(before) != enabled(&after) {
        let activity = if enabled(&after) == Some(false) { "Disable account" } else { "Enable account" };
        state.audit(caller, activity, "UserManagement", vec![target()]);
    }
    state.audit(caller, "Update user", "UserManagement", vec![Target { changes, ..target() }]);
}

pub(crate) fn delete(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let user = users::find(state, request.segment(1))?.clone();
    let id = text(&user, "id").unwrap_or_default().to_owned();
    guard(request, state, &user)?;
    let administrators = global_administrators(state);
    if administrators.len() == 1 && administrators.contains(&id) {
        return Err(Refusal::directory(
            "The last Global Administrator of the tenant cannot be deleted. Assign the role to another user first.",
        ));
    }
    state.directory.users.remove(&id);
    state.forget_user(&id);
    super::deleted::bury(state, "user", user.clone());
    state.audit(&request.caller, "Delete user", "UserManagement", vec![Target::object("User", &user)]);
    Ok(Answer::no_content())
}

pub(crate) fn revoke_sessions(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let user = users::find(state, request.segment(1))?.clone();
    guard(request, state, &user)?;
    let id = text(&user, "id").unwrap_or_default().to_owned();
    state.revoke_sessions(&id);
    let after = state.directory.users.get(&id).cloned().unwrap_or_default();
    let property = "signInSessionsValidFromDateTime";
    let listed = |v: &Value| v.get(property).map(|at| json!([at]));
    let target =
        Target::object("User", &user).change("StsRefreshTokensValidFrom", listed(&user), listed(&after));
    state.audit(&request.caller, "Update StsRefreshTokenValidFrom Timestamp", "UserManagement", vec![target]);
    Ok(Answer::ok(json!({ "@odata.context": request.context("Edm.Boolean", "", false), "value": true })))
}
