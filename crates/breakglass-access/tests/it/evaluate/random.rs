//! Small random tenants and sign-ins, as JSON, in the shape of a case.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub(crate) const USER: &str = "a0000000-0000-4000-8000-000000000001";
const GROUPS: [&str; 3] = [
    "b0000000-0000-4000-8000-000000000001",
    "b0000000-0000-4000-8000-000000000002",
    "b0000000-0000-4000-8000-000000000003",
];
const ROLES: [&str; 2] = ["62e90394-69f5-4237-9190-012177145e10", "fe930be7-5e62-47db-91af-98c3a49a38b1"];
const PLACES: [&str; 4] = [
    "d0000000-0000-4000-8000-000000000001",
    "d0000000-0000-4000-8000-000000000002",
    "d0000000-0000-4000-8000-000000000003",
    "3d46dbda-8382-466a-856d-eb00cbc6b910",
];
const APPS: [&str; 6] = [
    "00000003-0000-0000-c000-000000000000",
    "00000002-0000-0000-c000-000000000000",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
    "00000002-0000-0ff1-ce00-000000000000",
    "f0000000-0000-4000-8000-000000000001",
];
const STRENGTHS: [&str; 4] = [
    "00000000-0000-0000-0000-000000000002",
    "00000000-0000-0000-0000-000000000003",
    "00000000-0000-0000-0000-000000000004",
    "e0000000-0000-4000-8000-000000000001",
];
const RULES: [&str; 5] = [
    "device.isCompliant -eq True -or device.trustType -eq \"ServerAD\"",
    "device.extensionAttribute1 -eq \"SAW\"",
    "device.extensionAttribute1 -ne \"SAW\"",
    "-not (device.displayName -startsWith \"CORP\") -and device.isCompliant -ne True",
    "device.systemLabels -contains \"MultiUser\"",
];

/// A few of these, in order.
fn some(of: &[&str]) -> impl Strategy<Value = Value> + use<> {
    let of: Vec<String> = of.iter().map(|s| (*s).to_owned()).collect();
    let most = of.len().min(3);
    prop::sample::subsequence(of, 0..=most).prop_map(|list| json!(list))
}

fn one(of: &[&str]) -> impl Strategy<Value = Value> + use<> {
    prop::sample::select(of.iter().map(|s| json!(s)).collect::<Vec<_>>())
}

/// Most policies are narrowed in few dimensions.
fn seldom(value: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    prop_oneof![3 => Just(Value::Null), 1 => value]
}

fn everyone_or(list: &[&str]) -> impl Strategy<Value = Value> + use<> {
    prop_oneof![2 => Just(json!(["All"])), 1 => some(list)]
}

fn conditions() -> impl Strategy<Value = Value> {
    let users = (
        everyone_or(&[USER, "None", "GuestsOrExternalUsers", "a0000000-0000-4000-8000-000000000002"]),
        seldom(some(&GROUPS)),
        seldom(some(&ROLES)),
        seldom(some(&[USER])),
        seldom(some(&GROUPS)),
        seldom(some(&ROLES)),
    )
        .prop_map(|(iu, ig, ir, eu, eg, er)| {
            json!({"includeUsers": iu, "includeGroups": ig, "includeRoles": ir, "excludeUsers": eu, "excludeGroups": eg, "excludeRoles": er})
        });
    let mut named = APPS.to_vec();
    named.extend(["Office365", "MicrosoftAdminPortals", "None"]);
    let applications = prop_oneof![
        6 => (everyone_or(&named), seldom(some(&named))).prop_map(|(i, e)| json!({"includeApplications": i, "excludeApplications": e})),
        1 => some(&["urn:user:registersecurityinfo", "urn:user:registerdevice"]).prop_map(|a| json!({"includeUserActions": a})),
        1 => some(&["c1", "c2"]).prop_map(|c| json!({"includeAuthenticationContextClassReferences": c})),
    ];
    let clients = some(&["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"]);
    let both = |of: &[&str], i: &'static str, e: &'static str, all: &'static str| {
        (some(of), some(of)).prop_map(move |(mut include, exclude)| {
            if include.as_array().unwrap().is_empty() {
                include = json!([all]);
            }
            json!({ i: include, e: exclude })
        })
    };
    let platforms =
        both(&["android", "iOS", "windows", "macOS", "linux"], "includePlatforms", "excludePlatforms", "all");
    let mut places = PLACES.to_vec();
    places.push("AllTrusted");
    let locations = both(&places, "includeLocations", "excludeLocations", "All");
    let filter = (one(&["include", "exclude"]), one(&RULES))
        .prop_map(|(m, r)| json!({"deviceFilter": {"mode": m, "rule": r}}));
    let flags = some(&["deviceCodeFlow", "authenticationTransfer"]).prop_map(|f| {
        let words: Vec<&str> = f.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        json!({ "transferMethods": words.join(",") })
    });
    let risks = || seldom(some(&["low", "medium", "high", "none"]));
    (users, applications, seldom(clients), seldom(platforms), seldom(locations), seldom(filter), seldom(flags), risks(), risks())
        .prop_map(|(users, applications, clients, platforms, locations, devices, flows, sign_in, user)| {
            json!({
                "users": users, "applications": applications, "clientAppTypes": clients, "platforms": platforms,
                "locations": locations, "devices": devices, "authenticationFlows": flows,
                "signInRiskLevels": sign_in, "userRiskLevels": user,
            })
        })
}

fn grant() -> impl Strategy<Value = Value> {
    let controls =
        ["mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication"];
    let several = (one(&["AND", "OR"]), some(&controls), seldom(some(&["Duo"])))
        .prop_map(|(operator, controls, custom)| json!({"operator": operator, "builtInControls": controls, "customAuthenticationFactors": custom}));
    prop_oneof![
        3 => Just(json!({"operator": "OR", "builtInControls": ["block"]})),
        4 => several,
        2 => one(&STRENGTHS).prop_map(|id| json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": id}})),
        1 => Just(Value::Null),
    ]
}

pub(crate) fn policy() -> impl Strategy<Value = Value> {
    let state = prop_oneof![6 => Just("enabled"), 1 => Just("disabled"), 1 => Just("enabledForReportingButNotEnforced")];
    (state, conditions(), grant()).prop_map(|(state, conditions, grant)| {
        json!({"displayName": "P", "state": state, "templateId": null, "conditions": conditions, "grantControls": grant, "sessionControls": null})
    })
}

/// The id of the n-th policy.
pub(crate) fn policy_id(n: usize) -> String {
    format!("c0000000-0000-4000-8000-{n:012}")
}

pub(crate) fn tenant() -> impl Strategy<Value = Value> {
    let member = |n: usize| {
        let mut of = vec![USER, "a0000000-0000-4000-8000-000000000002"];
        of.extend(GROUPS.iter().filter(|g| **g != GROUPS[n]));
        some(&of).prop_map(move |members| json!({"id": GROUPS[n], "members": members}))
    };
    let role = (one(&[USER, GROUPS[0]]), one(&ROLES), one(&["/", "/administrativeUnits/x"]), one(&["active", "eligible"]))
        .prop_map(|(p, r, s, a)| json!({"principalId": p, "roleDefinitionId": r, "directoryScopeId": s, "assignmentType": a}));
    let locations = (any::<bool>(), some(&["US", "DE", "KP"]), any::<bool>()).prop_map(|(trusted, countries, unmapped)| {
        json!([
            {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": PLACES[0], "isTrusted": trusted, "ipRanges": [{"cidrAddress": "203.0.113.0/24"}]},
            {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": PLACES[1], "isTrusted": true, "ipRanges": [{"cidrAddress": "2001:db8::/32"}, {"cidrAddress": "198.51.100.0/24"}]},
            {"@odata.type": "#microsoft.graph.countryNamedLocation", "id": PLACES[2], "countriesAndRegions": countries, "includeUnknownCountriesAndRegions": unmapped, "countryLookupMethod": "clientIpAddress"},
        ])
    });
    let settings = (seldom(one(&["enforced", "disabled"])), seldom(Just(json!(["192.0.2.0/28"]))));
    (
        prop::collection::vec(policy(), 1..5),
        (member(0), member(1), member(2)),
        prop::collection::vec(role, 0..3),
        locations,
        settings,
    )
        .prop_map(|(mut policies, (g0, g1, g2), roles, locations, (scopes, trusted))| {
            for (n, policy) in policies.iter_mut().enumerate() {
                policy["id"] = json!(policy_id(n));
            }
            let mut settings = json!({"asOf": "2026-11-21", "cloud": "global"});
            for (key, value) in [("baselineScopes", scopes), ("mfaTrustedIps", trusted)] {
                if !value.is_null() {
                    settings[key] = value;
                }
            }
            json!({
                "settings": settings,
                "users": [{"id": USER, "userPrincipalName": "u@contoso.onmicrosoft.com", "userType": "Member", "accountEnabled": true}],
                "groups": [g0, g1, g2],
                "directoryRoleAssignments": roles,
                "namedLocations": locations,
                "authenticationStrengthPolicies": [{"id": STRENGTHS[3], "displayName": "Keys", "policyType": "custom", "allowedCombinations": ["fido2"],
                    "combinationConfigurations": [{"@odata.type": "#microsoft.graph.fido2CombinationConfiguration", "appliesToCombinations": ["fido2"], "allowedAAGUIDs": ["aaaaaaaa-0000-0000-0000-00000000000a"]}]}],
                "conditionalAccessPolicies": policies,
            })
        })
}

pub(crate) fn sign_in() -> impl Strategy<Value = Value> {
    let context = prop_oneof![
        6 => prop::sample::subsequence(APPS.to_vec(), 1..=2).prop_map(|apps| json!({"includeApplications": apps})),
        1 => one(&["registerSecurityInformation", "registerOrJoinDevices"]).prop_map(|a| json!({"userAction": a})),
        1 => one(&["c1", "c2"]).prop_map(|c| json!({"authenticationContextValue": c})),
    ];
    let device = prop_oneof![
        Just(Value::Null),
        (any::<bool>(), one(&["AzureAD", "ServerAD", "Workplace"]), one(&["SAW", "other"]), one(&["CORP-1", "HOME"]))
            .prop_map(|(c, t, e, d)| json!({"isCompliant": c, "trustType": t, "extensionAttribute1": e, "displayName": d, "systemLabels": ["MultiUser"]})),
    ];
    let conditions = (
        one(&["windows", "linux", "iOS", "unknown"]),
        one(&["browser", "mobileAppsAndDesktopClients", "other"]),
        (one(&["none", "low", "high"]), one(&["none", "medium", "high"])),
        one(&["US", "DE", "FR", ""]),
        one(&["203.0.113.10", "203.0.113.200", "198.51.100.7", "192.0.2.1", "2001:db8::1", "8.8.8.8"]),
        one(&["none", "none", "deviceCodeFlow", "authenticationTransfer"]),
        device,
    )
        .prop_map(|(platform, client, (sign_in, user), country, ip, flow, device)| {
            json!({"devicePlatform": platform, "clientAppType": client, "signInRiskLevel": sign_in, "userRiskLevel": user,
                "insiderRiskLevel": "none", "country": country, "ipAddress": ip, "authenticationFlow": {"transferMethod": flow}, "deviceInfo": device})
        });
    let methods = some(&[
        "password",
        "fido2",
        "softwareOath",
        "temporaryAccessPassMultiUse",
        "x509CertificateMultiFactor",
    ]);
    let x = (any::<bool>(), one(&["other", "baselineOnly", "oidcOnly"]), one(&["public", "confidential"]), methods, one(&APPS)).prop_map(
        |(compliant, scopes, kind, methods, client)| {
            json!({"compliantNetwork": compliant, "requestedScopes": scopes, "client": {"appId": client, "kind": kind},
                "capabilities": {"methods": methods, "fido2Aaguids": ["aaaaaaaa-0000-0000-0000-00000000000a"], "customControls": ["Duo"]}})
        },
    );
    (context, conditions, x).prop_map(|(context, conditions, x)| {
        json!({"signInIdentity": {"userId": USER, "externalUserType": "none", "externalTenantId": null},
            "signInContext": context, "signInConditions": conditions, "x": x})
    })
}

/// Every text in upper case, but those that are compared as written.
pub(crate) fn shout(value: &Value) -> Value {
    let map = |map: &Map<String, Value>| {
        map.iter()
            .map(|(key, value)| match key.as_str() {
                "customAuthenticationFactors" | "customControls" | "@odata.type" => {
                    (key.clone(), value.clone())
                }
                _ => (key.clone(), shout(value)),
            })
            .collect()
    };
    match value {
        Value::String(text) => json!(text.to_uppercase()),
        Value::Array(items) => items.iter().map(shout).collect(),
        Value::Object(object) => Value::Object(map(object)),
        other => other.clone(),
    }
}
