//! Sign-in records, in the shape of Graph's `signIn` (with the properties of beta).

use super::gate::{Context, Ruling, platform};
use crate::caller::Audience;
use crate::decide::{GRAPH, Holds, Judged, MANAGEMENT, PolicyState};
use crate::state::hidden::Client;
use crate::state::{State, graph_time, text};
use crate::token::{Asked, words};
use serde_json::{Map, Value, json};

/// What kind of sign-in it was.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    /// At the login's pages; with what was typed as user name.
    Interactive(&'a str),
    /// A password without a page; with the user name.
    Password(&'a str),
    /// A refresh token.
    Refresh,
}

/// Writes the record of a user's sign-in. `code` is 0 for success.
pub(crate) fn user(
    state: &mut State,
    context: &Context<'_>,
    ruling: &Ruling,
    methods: &[String],
    code: u32,
    kind: Kind<'_>,
    correlation_id: &str,
) {
    let id = state.ids.guid();
    let user = state.directory.users.get(context.user);
    let of_user = |name: &str| user.and_then(|u| text(u, name)).unwrap_or_default().to_owned();
    let (typed, interactive) = match kind {
        Kind::Interactive(name) => (name, true),
        Kind::Password(name) => (name, true),
        Kind::Refresh => ("", false),
    };
    let upn = if user.is_some() { of_user("userPrincipalName") } else { typed.to_owned() };
    let applied: Vec<Value> = ruling.judged.iter().zip(&ruling.met).map(|(j, met)| policy(j, *met)).collect();
    let reached =
        !matches!(code, 50_034 | 50_053 | 50_055 | 50_057 | 50_107 | 50_126 | 500_121 | 135_010 | 135_016);
    let status = match () {
        () if !reached || applied.iter().all(|p| !is_enforced_result(p)) => "notApplied",
        () if code == 0 => "success",
        () => "failure",
    };
    let multi = wants_multi(ruling) || methods.iter().any(|m| m == "fido2");
    let from = state.client_context.clone();
    let os = match platform(context.user_agent) {
        "unknown" => String::new(),
        other => other.to_owned(),
    };
    let mut record = common(state, &id, correlation_id, code);
    let more = json!({
        "userDisplayName": of_user("displayName"), "userPrincipalName": upn,
        "userId": if user.is_some() { of_user("id") } else { "00000000-0000-0000-0000-000000000000".into() },
        "userType": if text(user.unwrap_or(&Value::Null), "userType") == Some("Guest") { "guest" } else { "member" },
        "signInIdentifier": if typed.is_empty() { &upn } else { typed },
        "signInIdentifierType": "userPrincipalName",
        "appId": context.client.app_id, "appDisplayName": context.client.name,
        "resourceId": resource(context.service).0, "resourceDisplayName": resource(context.service).1,
        "clientAppUsed": if context.client.browser { "Browser" } else { "Mobile Apps and Desktop clients" },
        "userAgent": context.user_agent, "isInteractive": interactive,
        "signInEventTypes": [if interactive { "interactiveUser" } else { "nonInteractiveUser" }],
        "incomingTokenType": if interactive { "none" } else { "refreshToken" },
        "authenticationProtocol": match kind {
            Kind::Password(_) => "ropc",
            Kind::Refresh => "refreshTokenGrant",
            Kind::Interactive(_) if context.flow == "deviceCodeFlow" => "deviceCode",
            Kind::Interactive(_) => "none",
        },
        "originalTransferMethod": context.tracked,
        "conditionalAccessStatus": status,
        "appliedConditionalAccessPolicies": if reached { applied } else { Vec::new() },
        "conditionalAccessAudiences": [resource(context.service).0],
        "authenticationRequirement": if multi { "multiFactorAuthentication" } else { "singleFactorAuthentication" },
        "authenticationDetails": match kind {
            Kind::Refresh => satisfied(state, methods),
            _ => details(state, methods, code),
        },
        "authenticationMethodsUsed": methods.iter().map(|m| method_name(m)).collect::<Vec<_>>(),
        "deviceDetail": { "deviceId": "", "displayName": "", "operatingSystem": os, "browser": browser(context.user_agent),
            "isCompliant": false, "isManaged": false, "trustType": "" },
        "riskDetail": "none", "riskLevelAggregated": from.user_risk, "riskLevelDuringSignIn": from.sign_in_risk,
        "riskState": if from.sign_in_risk == "none" { "none" } else { "atRisk" },
        "riskEventTypes": [], "riskEventTypes_v2": [],
        "servicePrincipalId": "", "servicePrincipalName": null,
    });
    merge(&mut record, more);
    state.sign_in(record);
}

/// Writes the record of an application's sign-in.
pub(crate) fn application(
    state: &mut State,
    client: &Client,
    asked: &Asked,
    code: u32,
    correlation_id: &str,
) {
    let id = state.ids.guid();
    let mut record = common(state, &id, correlation_id, code);
    let more = json!({
        "userDisplayName": null, "userPrincipalName": null, "userId": "", "userType": "unknownFutureValue",
        "appId": client.app_id, "appDisplayName": client.name,
        "resourceId": resource(asked.service).0, "resourceDisplayName": resource(asked.service).1,
        "servicePrincipalId": client.service_principal, "servicePrincipalName": client.name,
        "clientAppUsed": "", "isInteractive": false, "signInEventTypes": ["servicePrincipal"],
        "conditionalAccessStatus": "notApplied", "appliedConditionalAccessPolicies": [],
        "authenticationProtocol": "clientCredentials", "incomingTokenType": "none", "userAgent": null,
        "deviceDetail": null, "riskDetail": "none", "riskLevelAggregated": "none", "riskLevelDuringSignIn": "none",
        "riskState": "none", "riskEventTypes": [], "riskEventTypes_v2": [],
    });
    merge(&mut record, more);
    state.sign_in(record);
}

fn merge(record: &mut Value, more: Value) {
    if let (Some(record), Value::Object(more)) = (record.as_object_mut(), more) {
        record.extend(more);
    }
}

/// What every record has.
fn common(state: &State, id: &str, correlation_id: &str, code: u32) -> Value {
    let from = &state.client_context;
    let reason = words(code);
    json!({
        "id": id, "createdDateTime": graph_time(state.now()), "correlationId": correlation_id,
        "originalRequestId": id, "ipAddress": from.ip, "homeTenantId": state.tenant_id,
        "resourceTenantId": state.tenant_id, "tokenIssuerType": "AzureAD", "tokenIssuerName": "",
        "crossTenantAccessType": "none", "authenticationAppDeviceDetails": null, "flaggedForReview": false,
        "processingTimeInMilliseconds": 100, "authenticationProcessingDetails": [], "networkLocationDetails": [],
        "location": { "city": "", "state": "", "countryOrRegion": from.country,
            "geoCoordinates": { "altitude": null, "latitude": null, "longitude": null } },
        "status": { "errorCode": code, "failureReason": if code == 0 { "Other." } else { reason },
            "additionalDetails": null },
    })
}

fn resource(service: Audience) -> (&'static str, &'static str) {
    match service {
        Audience::Graph => (GRAPH, "Microsoft Graph"),
        Audience::Arm => (MANAGEMENT, "Windows Azure Service Management API"),
    }
}

/// One entry of `appliedConditionalAccessPolicies`.
fn policy(judged: &Judged, met: Holds) -> Value {
    let applies = judged.applies != Holds::No;
    let result = match (judged.state, applies, met) {
        (PolicyState::Off, ..) => "notEnabled",
        (PolicyState::Enforced, false, _) => "notApplied",
        (PolicyState::Enforced, true, Holds::Yes) => "success",
        (PolicyState::Enforced, true, _) => "failure",
        (PolicyState::ReportOnly, false, _) => "reportOnlyNotApplied",
        (PolicyState::ReportOnly, true, Holds::Yes) => "reportOnlySuccess",
        (PolicyState::ReportOnly, true, _) if judged.grant.blocks() => "reportOnlyFailure",
        (PolicyState::ReportOnly, true, _) => "reportOnlyInterrupted",
    };
    let controls: Vec<String> = judged.grant.controls.iter().map(|c| control_name(c)).collect();
    json!({ "id": judged.id, "displayName": judged.name, "result": result,
        "enforcedGrantControls": if applies { controls } else { Vec::new() },
        "enforcedSessionControls": if applies { judged.session.clone() } else { Vec::new() } })
}

fn is_enforced_result(policy: &Value) -> bool {
    matches!(text(policy, "result"), Some("success" | "failure"))
}

/// Controls as the log spells them.
fn control_name(control: &str) -> String {
    match control {
        "block" => "Block".into(),
        "mfa" => "Mfa".into(),
        "compliantDevice" => "RequireCompliantDevice".into(),
        "domainJoinedDevice" => "RequireDomainJoinedDevice".into(),
        "passwordChange" => "PasswordChange".into(),
        other => match other.split_once(':') {
            Some(("authenticationStrength", _)) => "RequireAuthenticationStrength".into(),
            Some(("termsOfUse", id)) => id.to_owned(),
            _ => other.trim_start_matches('?').to_owned(),
        },
    }
}

fn wants_multi(ruling: &Ruling) -> bool {
    ruling
        .judged
        .iter()
        .filter(|j| j.is_enforced())
        .any(|j| j.grant.controls.iter().any(|c| c == "mfa" || c.starts_with("authenticationStrength:")))
}

fn method_name(method: &str) -> &'static str {
    match method {
        "fido2" => "Passkey (device-bound)",
        "federatedSingleFactor" => "Federated",
        _ => "Password",
    }
}

/// `authenticationDetails`: one step for each method, the last of which is what failed.
fn details(state: &State, methods: &[String], code: u32) -> Value {
    let last = methods.len().saturating_sub(1);
    let failed =
        matches!(code, 50_034 | 50_053 | 50_055 | 50_057 | 50_107 | 50_126 | 500_121 | 135_010 | 135_016);
    let steps = methods.iter().enumerate().map(|(n, method)| {
        let succeeded = !(failed && n == last);
        let mut step = Map::new();
        step.insert("authenticationStepDateTime".into(), graph_time(state.now()).into());
        step.insert("authenticationMethod".into(), method_name(method).into());
        step.insert(
            "authenticationMethodDetail".into(),
            if method == "password" { "Password in the cloud".into() } else { Value::Null },
        );
        step.insert("succeeded".into(), succeeded.into());
        let result = if succeeded { "Correct credential" } else { words(code) };
        step.insert("authenticationStepResultDetail".into(), result.into());
        let requirement = if n == 0 { "Primary authentication" } else { "Multifactor authentication" };
        step.insert("authenticationStepRequirement".into(), requirement.into());
        Value::Object(step)
    });
    steps.collect::<Vec<_>>().into()
}

/// `authenticationDetails` of a refresh: nobody showed anything now.
fn satisfied(state: &State, methods: &[String]) -> Value {
    let factor = if methods.iter().any(|m| m == "fido2") { "MFA" } else { "First factor" };
    json!([{ "authenticationStepDateTime": graph_time(state.now()), "authenticationMethod": "Previously satisfied",
        "authenticationMethodDetail": null, "succeeded": true,
        "authenticationStepResultDetail": format!("{factor} requirement satisfied by claim in the token"),
        "authenticationStepRequirement": "Primary authentication" }])
}

/// The browser that a user agent claims.
fn browser(user_agent: &str) -> String {
    let known = [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let found = known.iter().find_map(|(mark, name)| {
        let (_, rest) = user_agent.split_once(mark)?;
        let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        Some(format!("{name} {version}"))
    });
    found.unwrap_or_default()
}
