//! What is demanded, and what meets it.

use super::{OTHER_STRENGTH, STRENGTH, able, ask, can, demand, policy, sign_in, tenant, with};
use breakglass_model::Tri;
use serde_json::{Value, json};

/// 26: strengths are not a ladder; 27 and 28; G-5, G-6, G-7.
#[test]
fn strengths() {
    let strength = |id: &str| json!({"id": id, "grantControls": {"builtInControls": [], "authenticationStrength": {"id": id}}});
    let only = |id: &str, combination: &str, kind: &str, key: &str, list: Value| {
        json!({"id": id, "displayName": id, "policyType": "custom", "allowedCombinations": [combination],
            "combinationConfigurations": [{"@odata.type": format!("#microsoft.graph.{kind}CombinationConfiguration"), "appliesToCombinations": [combination], key: list}]})
    };
    let cba = |id: &str, oid: &str| {
        only(id, "x509CertificateMultiFactor", "x509Certificate", "allowedPolicyOIDs", json!([oid]))
    };
    let fido = |id: &str, model: &str| only(id, "fido2", "fido2", "allowedAAGUIDs", json!([model]));
    let both = |one: Value, two: Value, capabilities: Value| {
        let policies = json!([policy(strength(STRENGTH)), policy(strength(OTHER_STRENGTH))]);
        let tenant = tenant(policies, json!({ "authenticationStrengthPolicies": [one, two] }));
        ask(&tenant, &sign_in(able(capabilities))).satisfiable.unwrap()
    };
    let keys = |models: Value| json!({"methods": ["fido2"], "fido2Aaguids": models});
    assert_eq!(
        both(fido(STRENGTH, "aa"), fido(OTHER_STRENGTH, "bb"), keys(json!(["aa"]))),
        Tri::No,
        "one token of two"
    );
    assert_eq!(
        both(fido(STRENGTH, "aa"), fido(OTHER_STRENGTH, "bb"), keys(json!(["AA", "bb"]))),
        Tri::Yes,
        "both tokens"
    );
    assert_eq!(
        both(fido(STRENGTH, "aa"), fido(OTHER_STRENGTH, "bb"), json!({"methods": ["fido2"]})),
        Tri::Unknown,
        "models not told"
    );
    let certificate = |oids: Value| json!({"methods": ["x509CertificateMultiFactor"], "x509": oids});
    let (one, two) = (json!({"policyOids": ["1.1"]}), json!({"policyOids": ["1.2"]}));
    let two_of_them = certificate(json!([one, two]));
    assert_eq!(
        both(cba(STRENGTH, "1.1"), cba(OTHER_STRENGTH, "1.2"), two_of_them),
        Tri::Unknown,
        "two certificates in one session"
    );
    let one_for_both = certificate(json!({"policyOids": ["1.1", "1.2"]}));
    assert_eq!(
        both(cba(STRENGTH, "1.1"), cba(OTHER_STRENGTH, "1.2"), one_for_both),
        Tri::Yes,
        "one certificate for both"
    );
    let sixth = certificate(json!({"policyOids": ["2.1", "2.2", "2.3", "2.4", "2.5", "1.1"]}));
    assert_eq!(
        both(cba(STRENGTH, "1.1"), cba(OTHER_STRENGTH, "2.1"), sixth),
        Tri::No,
        "only five policies count"
    );
    let unknown_strength = policy(strength("e0000000-0000-4000-8000-00000000000f"));
    let answer = ask(&tenant(json!([unknown_strength]), json!({})), &sign_in(able(keys(json!(["aa"])))));
    assert_eq!(answer.satisfiable, Some(Tri::Unknown), "a strength that is not there");
}

#[test]
fn controls_and_what_meets_them() {
    let registered = json!({"deviceId": "x", "isCompliant": true, "trustType": "ServerAD"});
    let from = |device: &Value, platform: &str| json!({"signInConditions": {"deviceInfo": device, "devicePlatform": platform}});
    let on = |device: &Value, platform: &str, able: Value| with(from(device, platform), &able);
    let password = able(json!({"methods": ["password"]}));
    let federated = |behavior: &str| json!({"domains": [{"id": "contoso.onmicrosoft.com", "authenticationType": "Federated", "federatedIdpMfaBehavior": behavior}]});
    let terms = json!({"grantControls": {"builtInControls": [], "termsOfUse": ["T1"]}});
    let cli = json!({"signInConditions": {"clientAppType": "mobileAppsAndDesktopClients"}});
    let custom = json!({"grantControls": {"builtInControls": [], "customAuthenticationFactors": ["Duo"]}});
    let block_and_mfa = json!({"grantControls": {"operator": "OR", "builtInControls": ["mfa", "block"]}});
    let fido = able(json!({"methods": ["fido2"]}));
    for (what, patch, extra, asked, expected) in [
        (
            "compliant",
            demand(json!(["compliantDevice"])),
            json!({}),
            on(&registered, "windows", password.clone()),
            Tri::Yes,
        ),
        (
            "compliant, platform not recognised",
            demand(json!(["compliantDevice"])),
            json!({}),
            on(&registered, "unknown", password.clone()),
            Tri::No,
        ),
        (
            "hybrid joined",
            demand(json!(["domainJoinedDevice"])),
            json!({}),
            on(&registered, "windows", password.clone()),
            Tri::Yes,
        ),
        (
            "hybrid joined, not Windows",
            demand(json!(["domainJoinedDevice"])),
            json!({}),
            on(&registered, "macOS", password.clone()),
            Tri::No,
        ),
        (
            "app protection in a desktop browser",
            demand(json!(["compliantApplication"])),
            json!({}),
            on(&registered, "windows", password.clone()),
            Tri::No,
        ),
        (
            "app protection on a phone",
            demand(json!(["compliantApplication"])),
            json!({}),
            on(&registered, "iOS", password.clone()),
            Tri::Unknown,
        ),
        (
            "retired beside app protection",
            demand(json!(["approvedApplication", "compliantApplication"])),
            json!({}),
            password.clone(),
            Tri::No,
        ),
        (
            "not yet retired",
            demand(json!(["approvedApplication"])),
            json!({"settings": {"asOf": "2026-02-01"}}),
            on(&registered, "windows", password.clone()),
            Tri::No,
        ),
        ("block beside another control", block_and_mfa, json!({}), fido.clone(), Tri::No),
        (
            "custom control",
            custom.clone(),
            json!({}),
            able(json!({"methods": ["password"], "customControls": ["Duo"]})),
            Tri::Yes,
        ),
        (
            "custom control is not the other one",
            custom.clone(),
            json!({}),
            able(json!({"methods": ["password"], "customControls": ["duo2"]})),
            Tri::No,
        ),
        (
            "custom control after its end",
            custom,
            json!({"settings": {"asOf": "2027-06-01"}}),
            able(json!({"methods": ["password"], "customControls": ["Duo"]})),
            Tri::Unknown,
        ),
        (
            "custom control is not MFA",
            demand(json!(["mfa"])),
            json!({}),
            able(json!({"methods": ["password"], "customControls": ["Duo"]})),
            Tri::No,
        ),
        (
            "terms accepted",
            terms.clone(),
            json!({}),
            able(json!({"methods": ["password"], "touAccepted": ["t1"]})),
            Tri::Yes,
        ),
        (
            "terms to be accepted in a browser",
            terms.clone(),
            json!({}),
            able(json!({"methods": ["password"], "touAccepted": [], "canAcceptTermsOfUse": true})),
            Tri::Yes,
        ),
        (
            "terms at a command line",
            terms,
            json!({}),
            with(
                able(json!({"methods": ["password"], "touAccepted": [], "canAcceptTermsOfUse": true})),
                &cli,
            ),
            Tri::Unknown,
        ),
        (
            "password change without a password",
            json!({"grantControls": {"operator": "AND", "builtInControls": ["mfa", "passwordChange"]}}),
            json!({}),
            able(json!({"methods": ["fido2"], "mfaRegistered": true, "canChangePassword": true})),
            Tri::Unknown,
        ),
        (
            "password change",
            json!({"grantControls": {"operator": "AND", "builtInControls": ["mfa", "passwordChange"]}}),
            json!({}),
            able(json!({"methods": ["password", "fido2"], "mfaRegistered": true, "canChangePassword": true})),
            Tri::Yes,
        ),
        (
            "only the provider's MFA",
            demand(json!(["mfa"])),
            federated("enforceMfaByFederatedIdp"),
            able(json!({"methods": ["password", "softwareOath"]})),
            Tri::No,
        ),
        (
            "the provider's MFA",
            demand(json!(["mfa"])),
            federated("enforceMfaByFederatedIdp"),
            able(json!({"methods": ["federatedMultiFactor"]})),
            Tri::Yes,
        ),
        (
            "the provider's MFA rejected",
            demand(json!(["mfa"])),
            federated("rejectMfaByFederatedIdp"),
            able(json!({"methods": ["federatedMultiFactor"]})),
            Tri::No,
        ),
        ("a control that nobody knows", demand(json!(["handshake"])), json!({}), fido.clone(), Tri::Unknown),
        (
            "beside one that can be met",
            demand(json!(["handshake", "mfa"])),
            json!({}),
            fido.clone(),
            Tri::Yes,
        ),
        (
            "an operator that nobody knows",
            json!({"grantControls": {"operator": "XOR", "builtInControls": ["mfa", "compliantDevice"]}}),
            json!({}),
            fido.clone(),
            Tri::Unknown,
        ),
        (
            "a proxy in the way",
            json!({"grantControls": null, "sessionControls": {"cloudAppSecurity": {"isEnabled": true}}}),
            json!({}),
            fido.clone(),
            Tri::Unknown,
        ),
        (
            "a proxy that is off",
            json!({"grantControls": null, "sessionControls": {"cloudAppSecurity": {"isEnabled": false}}}),
            json!({}),
            fido.clone(),
            Tri::Yes,
        ),
        (
            "token protection",
            json!({"grantControls": null, "sessionControls": {"secureSignInSession": {"isEnabled": true}}}),
            json!({}),
            fido.clone(),
            Tri::Unknown,
        ),
        (
            "every time with one pass",
            json!({"grantControls": null, "sessionControls": {"signInFrequency": {"isEnabled": true, "frequencyInterval": "everyTime"}}}),
            json!({}),
            able(json!({"methods": ["temporaryAccessPassOneTime"]})),
            Tri::Unknown,
        ),
        (
            "every time with a key",
            json!({"grantControls": null, "sessionControls": {"signInFrequency": {"isEnabled": true, "frequencyInterval": "everyTime"}}}),
            json!({}),
            fido.clone(),
            Tri::Yes,
        ),
        (
            "a session control that nobody knows",
            json!({"grantControls": null, "sessionControls": {"networkAccessSecurity": {"isEnabled": true}}}),
            json!({}),
            fido,
            Tri::Unknown,
        ),
    ] {
        assert_eq!(can(patch, extra, asked), expected, "{what}");
    }
}

/// 13: strengths on registration replace strengths on everything, in interrupt mode only; so nobody can tell.
#[test]
fn registration_precedence() {
    let key = json!({"grantControls": {"builtInControls": [], "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"}}});
    let registering =
        json!({"signInContext": {"includeApplications": null, "userAction": "registerSecurityInformation"}});
    let pass = able(json!({"methods": ["temporaryAccessPassOneTime"]}));
    assert_eq!(can(key.clone(), json!({}), with(registering.clone(), &pass)), Tri::Unknown);
    let on_action = with(
        key,
        &json!({"conditions": {"applications": {"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]}}}),
    );
    assert_eq!(can(on_action, json!({}), with(registering, &pass)), Tri::No);
}
