//! What a user may look like, and who may touch one.

use super::answer::Refusal;
use super::permissions::{GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR};
use super::request::Request;
use crate::state::{State, text};
use serde_json::{Map, Value};

/// Refuses a user principal name that is malformed or outside of the verified domains.
///
/// # Errors
/// 400.
pub(super) fn check_upn(state: &State, upn: &str, body: &Map<String, Value>) -> Result<(), Refusal> {
    let Some((local, domain)) =
        upn.split_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty())
    else {
        return Err(Refusal::directory(
            "Invalid value specified for property 'userPrincipalName' of resource 'User'.",
        ));
    };
    let allowed = |c: char| c.is_alphanumeric() || "'.-_!#^~".contains(c);
    if !local.chars().all(allowed) || local.ends_with('.') || local.len() > 64 || upn.len() > 113 {
        return Err(Refusal::directory(
            "Invalid value specified for property 'userPrincipalName' of resource 'User'.",
        ));
    }
    let known =
        state.directory.domains.get(domain).filter(|d| d.get("isVerified") == Some(&Value::Bool(true)));
    let Some(known) = known else {
        return Err(Refusal::directory(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
        ));
    };
    let federated = text(known, "authenticationType") == Some("Federated");
    if federated && body.get("onPremisesImmutableId").and_then(Value::as_str).is_none() {
        return Err(Refusal::directory(
            "Property 'onPremisesImmutableId' is required for users whose userPrincipalName is in a federated domain.",
        ));
    }
    Ok(())
}

/// Entra's rules for a password: 8 to 256 characters of three kinds.
///
/// # Errors
/// 400.
pub(super) fn check_password(password: &str, policies: &str) -> Result<(), Refusal> {
    let kinds: [fn(&char) -> bool; 4] =
        [char::is_ascii_lowercase, char::is_ascii_uppercase, char::is_ascii_digit, |c| !c.is_alphanumeric()];
    let strong = kinds.iter().filter(|kind| password.chars().any(|c| kind(&c))).count() >= 3;
    let length = password.chars().count();
    if (strong || policies.contains("DisableStrongPassword")) && (8..=256).contains(&length) {
        return Ok(());
    }
    Err(Refusal::directory(
        "The specified password does not comply with password complexity requirements. Please provide a different password.",
    ))
}

/// Values that the directory refuses whatever the metadata allows.
///
/// # Errors
/// 400.
pub(super) fn check_values(body: &Map<String, Value>) -> Result<(), Refusal> {
    let invalid = |name: &str| {
        Refusal::directory(format!("Invalid value specified for property '{name}' of resource 'User'."))
    };
    for (name, value) in body {
        let given = value.as_str();
        let fine = match name.as_str() {
            "passwordPolicies" => given.is_none_or(|v| {
                v.split(',').all(|p| {
                    matches!(p.trim(), "None" | "DisablePasswordExpiration" | "DisableStrongPassword")
                })
            }),
            "usageLocation" => {
                given.is_none_or(|v| v.len() == 2 && v.chars().all(|c| c.is_ascii_uppercase()))
            }
            "userType" => given.is_some_and(|v| matches!(v, "Member" | "Guest")),
            "displayName" => given.is_some_and(|v| (1..=256).contains(&v.chars().count())),
            "mailNickname" => given.is_some_and(is_nickname),
            "accountEnabled" => value.is_boolean(),
            "id"
            | "createdDateTime"
            | "creationType"
            | "lastPasswordChangeDateTime"
            | "isManagementRestricted"
            | "onPremisesSyncEnabled"
            | "signInSessionsValidFromDateTime"
            | "assignedPlans"
            | "securityIdentifier"
            | "assignedLicenses"
            | "deletedDateTime"
            | "signInActivity" => {
                return Err(Refusal::directory(format!("Property '{name}' is read-only and cannot be set.")));
            }
            _ => true,
        };
        if !fine {
            return Err(invalid(name));
        }
    }
    Ok(())
}

/// What a mail nickname may look like.
pub(super) fn is_nickname(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.chars().all(|c| c.is_ascii() && !c.is_control() && !"@()\\[]\";:<>, ".contains(c))
}

/// Whether the caller may change this user: administrators only by those who stand above them, and members of a restricted
/// management administrative unit by nobody at tenant scope.
///
/// # Errors
/// 403.
pub(super) fn guard(request: &Request, state: &State, user: &Value) -> Result<(), Refusal> {
    if user.get("isManagementRestricted") == Some(&Value::Bool(true)) {
        return Err(Refusal::denied_because(
            "Insufficient privileges to complete the operation. Target object is a member of a restricted management administrative unit and can only be modified by administrators scoped to that administrative unit.",
        ));
    }
    let Some(actor) = &request.caller.user else { return Ok(()) };
    let id = text(user, "id").unwrap_or_default();
    if actor.id.eq_ignore_ascii_case(id) || state.directory.roles_of(id).is_empty() {
        return Ok(());
    }
    let own = state.directory.roles_of(&actor.id);
    if own.contains(GLOBAL_ADMINISTRATOR) || own.contains(PRIVILEGED_AUTHENTICATION_ADMINISTRATOR) {
        return Ok(());
    }
    Err(Refusal::denied())
}

/// The users who are Global Administrators now: enabled, active, at tenant scope, also through groups.
pub(super) fn global_administrators(state: &State) -> Vec<String> {
    state
        .directory
        .users
        .iter()
        .filter(|u| u.get("accountEnabled") != Some(&Value::Bool(false)))
        .filter_map(|u| text(u, "id"))
        .filter(|id| state.directory.roles_of(id).contains(GLOBAL_ADMINISTRATOR))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn passwords_need_three_kinds() {
        for (password, policies, fine) in [
            ("Correct-1", "", true),
            ("alllowercase", "", false),
            ("alllowercase", "DisableStrongPassword", true),
            ("Aa1", "", false),
            ("Ab-defgh", "", true),
            (&"Aa1".repeat(90), "", false),
        ] {
            assert_eq!(check_password(password, policies).is_ok(), fine, "{password}");
        }
    }

    #[test]
    fn odd_values_are_refused() {
        for (body, fine) in [
            (json!({"passwordPolicies": "DisablePasswordExpiration, DisableStrongPassword"}), true),
            (json!({"passwordPolicies": "Never"}), false),
            (json!({"usageLocation": "ch"}), false),
            (json!({"mailNickname": "a b"}), false),
            (json!({"id": "x"}), false),
            (json!({"displayName": null}), false),
            (json!({"jobTitle": null}), true),
        ] {
            assert_eq!(check_values(body.as_object().unwrap()).is_ok(), fine, "{body}");
        }
    }
}
