//! What is asked for.

use super::{ARM, EXCHANGE, GRAPH, PORTAL, applies};
use breakglass_model::Tri;
use serde_json::{Value, json};

/// 8, 9, 10, 12, 14 and T-3 to T-17.
#[test]
fn targets() {
    let apps = |include: Value, exclude: Value| json!({"conditions": {"applications": {"includeApplications": include, "excludeApplications": exclude}}});
    let to = |app: &str| json!({"signInContext": {"includeApplications": [app]}});
    let action = |name: &str| json!({"signInContext": {"includeApplications": null, "userAction": name}});
    let none = json!([]);
    for (what, patch, asked, expected) in [
        ("Graph cannot be excluded", apps(json!(["All"]), json!([GRAPH])), to(GRAPH), Tri::Yes),
        ("Graph cannot be assigned", apps(json!([GRAPH]), none.clone()), to(GRAPH), Tri::Unknown),
        ("Azure management covers the portal", apps(json!([ARM]), none.clone()), to(PORTAL), Tri::Yes),
        ("and its exclusion frees it", apps(json!(["All"]), json!([ARM])), to(PORTAL), Tri::No),
        ("the portal does not cover Azure management", apps(json!([PORTAL]), none.clone()), to(ARM), Tri::No),
        (
            "admin portals are not Graph",
            apps(json!(["MicrosoftAdminPortals"]), none.clone()),
            to(GRAPH),
            Tri::No,
        ),
        (
            "admin portals by other ids",
            apps(json!(["MicrosoftAdminPortals"]), none.clone()),
            to("80ccca67-54bd-44ab-8625-4b79c4dc7775"),
            Tri::Unknown,
        ),
        (
            "Office 365 by other ids",
            apps(json!(["Office365"]), none.clone()),
            to("f0000000-0000-4000-8000-000000000009"),
            Tri::Unknown,
        ),
        (
            "some resource is enough",
            apps(json!([EXCHANGE]), none.clone()),
            json!({"signInContext": {"includeApplications": [PORTAL, EXCHANGE]}}),
            Tri::Yes,
        ),
        (
            "registration is a resource of everything",
            apps(json!(["All"]), none.clone()),
            action("registerSecurityInformation"),
            Tri::Yes,
        ),
        (
            "and of no single one",
            apps(json!([EXCHANGE]), none.clone()),
            action("registerSecurityInformation"),
            Tri::No,
        ),
        (
            "but perhaps of its own",
            apps(json!(["19db86c3-b2b9-44cc-b339-36da233a3be2"]), none.clone()),
            action("registerSecurityInformation"),
            Tri::Unknown,
        ),
        (
            "joining a device: nobody says",
            apps(json!(["All"]), none.clone()),
            action("registerOrJoinDevices"),
            Tri::Unknown,
        ),
        (
            "contexts are silent unless asked",
            json!({"conditions": {"applications": {"includeApplications": [], "includeAuthenticationContextClassReferences": ["C37"]}}}),
            json!({"x": {"authenticationContexts": ["c37"]}}),
            Tri::Yes,
        ),
        (
            "a filter that cannot be read",
            json!({"conditions": {"applications": {"includeApplications": [], "applicationFilter": {"mode": "include", "rule": "CustomSecurityAttribute.A_b -eq \"c\""}}}}),
            json!({}),
            Tri::Unknown,
        ),
        (
            "and one that cannot be parsed",
            json!({"conditions": {"applications": {"applicationFilter": {"mode": "exclude", "rule": "nonsense"}}}}),
            json!({}),
            Tri::Unknown,
        ),
    ] {
        assert_eq!(applies(patch, json!({}), asked), expected, "{what}");
    }
    let gov = json!({"settings": {"cloud": "usgov"}});
    assert_eq!(
        applies(apps(json!([ARM]), none), gov, json!({})),
        Tri::Unknown,
        "another application in another cloud"
    );
    let filter = json!({"conditions": {"applications": {"applicationFilter": {"mode": "exclude", "rule": "CustomSecurityAttribute.A_b -eq \"c\""}}}});
    let tagged =
        json!({"servicePrincipals": [{"appId": PORTAL, "customSecurityAttributes": {"A": {"b": "C"}}}]});
    assert_eq!(applies(filter, tagged, json!({})), Tri::No, "excluded by its tag");
}

/// 11: baseline scopes in every setting.
#[test]
fn baseline_scopes() {
    let but_exchange = json!({"conditions": {"applications": {"excludeApplications": [EXCHANGE]}}});
    let placeholder = "f0000000-0000-4000-8000-000000000007";
    let but_placeholder = json!({"conditions": {"applications": {"excludeApplications": [placeholder]}}});
    let asks = |scopes: &str, client: &str, kind: &str| json!({"signInContext": {"includeApplications": [GRAPH]}, "x": {"requestedScopes": scopes, "client": {"appId": client, "kind": kind}}});
    let setting = |value: Value| json!({"settings": {"baselineScopes": value}});
    let public = asks("baselineOnly", "x", "public");
    for (what, patch, extra, asked, expected) in [
        ("enforced", but_exchange.clone(), setting(json!("enforced")), public.clone(), Tri::Yes),
        ("disabled", but_exchange.clone(), setting(json!("disabled")), public.clone(), Tri::No),
        ("not told", but_exchange.clone(), setting(Value::Null), public.clone(), Tri::Unknown),
        ("placeholder", but_exchange.clone(), setting(json!(placeholder)), public.clone(), Tri::Yes),
        ("excluded placeholder", but_placeholder, setting(json!(placeholder)), public.clone(), Tri::No),
        ("no exclusion, not told", json!({}), setting(Value::Null), public, Tri::Yes),
        (
            "excluded confidential client signs in",
            but_exchange.clone(),
            setting(json!("enforced")),
            asks("oidcOnly", EXCHANGE, "confidential"),
            Tri::No,
        ),
        (
            "not excluded",
            but_exchange.clone(),
            setting(json!("enforced")),
            asks("oidcOnly", PORTAL, "confidential"),
            Tri::Yes,
        ),
        (
            "excluded and public",
            but_exchange,
            setting(json!("enforced")),
            asks("oidcOnly", EXCHANGE, "public"),
            Tri::Yes,
        ),
    ] {
        assert_eq!(applies(patch, extra, asked), expected, "{what}");
    }
}

/// A target that is not understood may be for the context or the action that is asked for.
#[test]
fn targets_that_are_not_understood() {
    let context = json!({"signInContext": {"includeApplications": null, "authenticationContextValue": "c1"}});
    let action =
        json!({"signInContext": {"includeApplications": null, "userAction": "registerOrJoinDevices"}});
    let target = |target: serde_json::Value| json!({"conditions": {"applications": target}});
    for (patch, asked, expected) in [
        (target(json!({"includeApplications": "All"})), context.clone(), Tri::Unknown),
        (target(json!({"includeApplications": [], "includeMoons": ["x"]})), context.clone(), Tri::Unknown),
        (target(json!({"includeApplications": [], "includeMoons": ["x"]})), action, Tri::Unknown),
        (
            target(
                json!({"includeApplications": [], "includeAuthenticationContextClassReferences": ["c1"], "excludeMoons": ["x"]}),
            ),
            context.clone(),
            Tri::Unknown,
        ),
        (
            target(json!({"includeApplications": [], "includeAuthenticationContextClassReferences": ["c1"]})),
            context.clone(),
            Tri::Yes,
        ),
        (target(json!({"includeApplications": ["All"]})), context, Tri::No),
    ] {
        assert_eq!(applies(patch.clone(), json!({}), asked), expected, "{patch}");
    }
}
