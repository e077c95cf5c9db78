//! From a preset's form to a tenant.

use super::forms::{Domain, Form, Group};
use super::{AUTOMATION_ROLE, builtin, people, policies};
use crate::state::ids::named;
use crate::state::{Account, State, text};
use serde_json::{Value, json};

/// When everything in the presets was made, unless it says otherwise.
pub(super) const MADE: &str = "2024-05-24T09:27:52Z";

/// The id of an object of a tenant by its kind and name.
pub(super) fn id(state: &State, kind: &str, name: &str) -> String {
    named(0, &format!("{} {kind} {}", state.tenant_id, name.to_lowercase()))
}

/// Fills a tenant.
pub(super) fn fill(state: &mut State, form: &Form) -> Result<(), String> {
    state.tenant_id.clone_from(&form.tenant_id);
    state.subscription_id.clone_from(&form.subscription_id);
    state.exclusion_group.clone_from(&form.exclusion_group);
    state.client_context.country.clone_from(&form.country);
    builtin::fill(state, &form.licences)?;
    builtin::management_policy(state, &builtin::role("Global Administrator")?);
    form.domains.iter().for_each(|d| add_domain(state, d));
    add_organization(state, form);
    form.groups.iter().for_each(|g| add_group(state, g));
    for user in &form.users {
        people::add(state, user, &form.country)?;
    }
    policies::add(state, form)?;
    if let Some(change) = &form.fido2 {
        configure_passkeys(state, change);
    }
    add_azure(state, form)?;
    if let Some(limited) = form.conditional_access_limit {
        state.directory.singletons.insert(crate::graph::CONDITIONAL_ACCESS_LIMIT.into(), limited.into());
    }
    for account in &form.emergency {
        let user = state.directory.user(&account.upn).and_then(|u| text(u, "id"));
        let object_id =
            user.ok_or_else(|| format!("emergency account `{}` is no user of the preset", account.upn))?;
        let object_id = object_id.to_owned();
        state.emergency.push(Account { name: account.name.clone(), upn: account.upn.clone(), object_id });
    }
    Ok(())
}

fn add_domain(state: &mut State, domain: &Domain) {
    const NEVER: i32 = i32::MAX;
    state.directory.domains.insert(json!({
        "id": domain.name, "authenticationType": if domain.federated { "Federated" } else { "Managed" },
        "availabilityStatus": null, "isAdminManaged": true, "isDefault": domain.default, "isInitial": domain.initial,
        "isRoot": true, "isVerified": true, "manufacturer": null, "model": null,
        "passwordNotificationWindowInDays": 14,
        "passwordValidityPeriodInDays": domain.password_validity_days.unwrap_or(NEVER),
        "state": null, "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    }));
    if domain.federated {
        let path = format!("domains/{}/federationConfiguration", domain.name);
        let id = id(state, "federation", &domain.name);
        state.directory.others.entry(path).or_default().insert(json!({
            "id": id, "displayName": "Contoso sign-in", "issuerUri": format!("http://sts.{}/adfs/services/trust", domain.name),
            "metadataExchangeUri": format!("https://sts.{}/adfs/services/trust/mex", domain.name),
            "passiveSignInUri": format!("https://sts.{}/adfs/ls/", domain.name),
            "activeSignInUri": format!("https://sts.{}/adfs/services/trust/2005/usernamemixed", domain.name),
            "signOutUri": format!("https://sts.{}/adfs/ls/", domain.name), "preferredAuthenticationProtocol": "wsFed",
            "federatedIdpMfaBehavior": "rejectMfaByFederatedIdp", "promptLoginBehavior": "nativeSupport",
            "isSignedAuthenticationRequestRequired": false, "signingCertificate": "", "nextSigningCertificate": null,
            "signingCertificateUpdateStatus": null, "passwordResetUri": null,
        }));
    }
}

fn add_organization(state: &mut State, form: &Form) {
    let domains: Vec<Value> = form
        .domains
        .iter()
        .map(|d| {
            json!({ "name": d.name, "isDefault": d.default, "isInitial": d.initial,
                "type": if d.federated { "Federated" } else { "Managed" },
                "capabilities": "Email, OfficeCommunicationsOnline" })
        })
        .collect();
    let synced = form.users.iter().any(|u| u.synced);
    state.directory.organization.insert(json!({
        "id": form.tenant_id, "deletedDateTime": null, "displayName": form.organization, "createdDateTime": MADE,
        "businessPhones": ["+31 10 5550100"], "city": "Rotterdam", "country": null, "countryLetterCode": form.country,
        "defaultUsageLocation": null, "marketingNotificationEmails": [], "mobileDeviceManagementAuthority": "intune",
        "onPremisesLastSyncDateTime": if synced { json!("2026-11-20T05:10:00Z") } else { Value::Null },
        "onPremisesSyncEnabled": if synced { json!(true) } else { Value::Null }, "partnerTenantType": null,
        "postalCode": "3011", "preferredLanguage": "en", "privacyProfile": null, "provisionedPlans": [],
        "assignedPlans": [], "securityComplianceNotificationMails": [], "securityComplianceNotificationPhones": [],
        "state": null, "street": null, "technicalNotificationMails": ["it@contoso.com"], "tenantType": "AAD",
        "verifiedDomains": domains,
    }));
}

fn add_group(state: &mut State, group: &Group) {
    let id = id(state, "group", &group.name);
    let nickname: String = group.name.chars().filter(char::is_ascii_alphanumeric).collect();
    let dynamic = group.rule.is_some();
    let object = json!({
        "id": id, "deletedDateTime": null, "createdDateTime": MADE, "renewedDateTime": MADE,
        "displayName": group.name, "description": group.description, "mailNickname": nickname,
        "mailEnabled": false, "securityEnabled": true, "proxyAddresses": [],
        "groupTypes": if dynamic { json!(["DynamicMembership"]) } else { json!([]) },
        "isAssignableToRole": if group.role_assignable { json!(true) } else { Value::Null },
        "membershipRule": group.rule, "membershipRuleProcessingState": dynamic.then_some("On"),
        "visibility": if group.role_assignable { "Private" } else { "Public" }, "onPremisesSyncEnabled": null,
    });
    state.directory.members.entry(id).or_default();
    if group.deleted {
        bury(state, "group", object);
    } else {
        state.directory.groups.insert(object);
    }
}

/// Puts an object among the deleted ones.
pub(super) fn bury(state: &mut State, kind: &str, mut object: Value) {
    let week_ago = crate::state::clock::add(state.now(), -jiff::SignedDuration::from_hours(7 * 24));
    if let Some(map) = object.as_object_mut() {
        map.insert("@odata.type".into(), format!("#microsoft.graph.{kind}").into());
        map.insert("deletedDateTime".into(), crate::state::graph_time(week_ago).into());
    }
    state.directory.deleted_items.insert(object);
}

fn configure_passkeys(state: &mut State, change: &Value) {
    let all = state.directory.methods_policy.get_mut("authenticationMethodConfigurations");
    let configuration =
        all.and_then(Value::as_array_mut).into_iter().flatten().find(|c| text(c, "id") == Some("Fido2"));
    if let (Some(map), Some(change)) = (configuration.and_then(Value::as_object_mut), change.as_object()) {
        map.extend(change.clone());
    }
}

fn add_azure(state: &mut State, form: &Form) -> Result<(), String> {
    let subscription = &form.subscription_id;
    state.azure.subscriptions.insert(json!({
        "id": format!("/subscriptions/{subscription}"), "subscriptionId": subscription,
        "displayName": format!("{} production", form.organization), "state": "Enabled", "tenantId": form.tenant_id,
        "authorizationSource": "RoleBased", "managedByTenants": [],
        "subscriptionPolicies": { "locationPlacementId": "Public_2014-09-01", "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off" },
    }));
    if let Some(role) = &form.automation_azure_role {
        state.directory.singletons.insert(AUTOMATION_ROLE.into(), role.clone().into());
    }
    const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
    for upn in &form.elevated {
        let user = state.directory.user(upn).and_then(|u| text(u, "id")).map(str::to_owned);
        let user = user.ok_or_else(|| format!("`{upn}` is no user of the preset"))?;
        builtin::assign_at_root(state, USER_ACCESS_ADMINISTRATOR, &user, "User");
    }
    Ok(())
}
