//! Users of a preset, with their methods, roles and memberships.

use super::build::{MADE, bury, id};
use super::builtin;
use super::forms::User;
use crate::graph::roles::{assignment_id, instance};
use crate::state::{State, text};
use serde_json::{Value, json};

/// Adds a user.
pub(super) fn add(state: &mut State, user: &User, country: &str) -> Result<(), String> {
    let user_id = id(state, "user", &user.upn);
    let object = object(state, user, &user_id, country);
    if user.deleted {
        bury(state, "user", object);
        return Ok(());
    }
    state.directory.users.insert(object);
    if let Some(password) = &user.password {
        state.set_password(&user_id, password, false);
        if let Some(map) = state.directory.users.get_mut(&user_id).and_then(Value::as_object_mut) {
            map.insert("lastPasswordChangeDateTime".into(), "2026-01-12T10:04:00Z".into());
        }
    }
    let methods = methods(state, user);
    state.directory.methods.insert(user_id.clone(), methods);
    for role in &user.roles {
        assign(state, role, &user_id)?;
    }
    for role in &user.eligible {
        make_eligible(state, role, &user_id)?;
    }
    for group in &user.groups {
        let group_id = id(state, "group", group);
        let members = state.directory.members.get_mut(&group_id);
        members
            .ok_or_else(|| format!("`{}`: there is no group `{group}` in the preset", user.upn))?
            .insert(user_id.clone());
    }
    Ok(())
}

fn object(state: &mut State, user: &User, user_id: &str, country: &str) -> Value {
    let nickname = user.upn.split('@').next().unwrap_or_default();
    let initial = state.directory.domains.iter().find(|d| d.get("isInitial") == Some(&Value::Bool(true)));
    let issuer = initial.and_then(|d| text(d, "id")).unwrap_or_default().to_owned();
    let sku = if user.licensed { builtin::sku(state, "SPE_E5") } else { None };
    let licences: Vec<Value> = sku.iter().map(|sku| json!({ "skuId": sku, "disabledPlans": [] })).collect();
    let synced = |value: Value| if user.synced { value } else { Value::Null };
    let (given, surname) = user.name.split_once(' ').unwrap_or((&user.name, ""));
    let person = user.title.is_some();
    json!({
        "id": user_id, "deletedDateTime": null, "accountEnabled": true, "createdDateTime": MADE, "creationType": null,
        "displayName": user.name, "givenName": person.then_some(given), "surname": person.then_some(surname),
        "jobTitle": user.title, "mail": (user.licensed && person).then_some(&user.upn), "mailNickname": nickname,
        "userPrincipalName": user.upn, "userType": "Member", "businessPhones": [], "mobilePhone": null,
        "officeLocation": null, "preferredLanguage": null, "usageLocation": user.licensed.then_some(country),
        "passwordPolicies": user.password_never_expires.then_some("DisablePasswordExpiration"),
        "lastPasswordChangeDateTime": MADE, "signInSessionsValidFromDateTime": MADE, "assignedLicenses": licences,
        "assignedPlans": [], "externalUserState": null, "isManagementRestricted": null,
        "onPremisesSyncEnabled": synced(json!(true)), "onPremisesDomainName": synced(json!("contoso.com")),
        "onPremisesImmutableId": synced(json!(format!("{}==", user_id.replace('-', "").get(..22).unwrap_or_default()))),
        "onPremisesSamAccountName": synced(json!(nickname)), "onPremisesUserPrincipalName": synced(json!(user.upn)),
        "onPremisesLastSyncDateTime": synced(json!("2026-11-20T05:10:00Z")),
        "identities": [{ "signInType": "userPrincipalName", "issuer": issuer, "issuerAssignedId": user.upn }],
    })
}

fn methods(state: &mut State, user: &User) -> Vec<Value> {
    let mut methods = Vec::new();
    for name in &user.methods {
        let method = match name.as_str() {
            "authenticator" => json!({
                "@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
                "id": id(state, "authenticator", &user.upn), "displayName": format!("Phone of {}", user.name),
                "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2411.7", "createdDateTime": MADE,
            }),
            _ => json!({
                "@odata.type": "#microsoft.graph.phoneAuthenticationMethod",
                // The id of every user's mobile phone.
                "id": "3179e48a-750b-4051-897c-87b9720928f7", "phoneNumber": "+31 6 55501000", "phoneType": "mobile",
                "smsSignInState": "notAllowedByPolicy", "createdDateTime": MADE,
            }),
        };
        methods.push(method);
    }
    for key in &user.keys {
        let number = id(state, "passkey", &format!("{} {}", user.upn, key.name)).replace('-', "");
        methods.push(json!({
            "@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
            "id": format!("_{}2", number.get(..21).unwrap_or_default()), "displayName": key.name,
            "createdDateTime": "2026-02-16T09:30:00Z", "aaGuid": key.aaguid, "model": null,
            "attestationCertificates": [], "attestationLevel": "attested", "passkeyType": "deviceBound",
            "publicKeyCredential": null,
        }));
    }
    methods
}

/// Assigns a role: active, permanent, at tenant scope.
pub(super) fn assign(state: &mut State, role: &str, principal: &str) -> Result<(), String> {
    let role = builtin::role(role)?;
    let assignment = json!({
        "id": assignment_id(&role, principal, "/"), "principalId": principal, "roleDefinitionId": role,
        "directoryScopeId": "/", "appScopeId": null, "condition": null, "principalOrganizationId": state.tenant_id,
    });
    state.directory.role_assignment_schedule_instances.insert(instance(&assignment, MADE));
    state.directory.role_assignments.insert(assignment);
    Ok(())
}

fn make_eligible(state: &mut State, role: &str, principal: &str) -> Result<(), String> {
    let role = builtin::role(role)?;
    let schedule = id(state, "eligibility", &format!("{role} {principal}"));
    state.directory.role_eligibility_schedule_instances.insert(json!({
        "id": assignment_id(&role, principal, "/").replace("-1", "-1-e"), "principalId": principal,
        "roleDefinitionId": role, "directoryScopeId": "/", "appScopeId": null, "startDateTime": MADE,
        "endDateTime": null, "memberType": "Direct", "roleEligibilityScheduleId": schedule,
    }));
    Ok(())
}
