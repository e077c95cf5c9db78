//! Conditional Access: kept as Entra keeps it, refused as Entra refuses it.

use super::*;
use serde_json::json;

const PATH: &str = "/v1.0/identity/conditionalAccess/policies";

fn policy() -> Value {
    json!({
        "displayName": "Block", "state": "enabled",
        "conditions": { "clientAppTypes": ["all"], "applications": { "includeApplications": ["All"] },
            "users": { "includeUsers": ["All"] } },
        "grantControls": { "operator": "AND", "builtInControls": ["block"] },
    })
}

#[test]
fn a_policy_is_made_changed_and_deleted() {
    let mut graph = preset("demo");
    let made = graph.done("POST", PATH, &policy());
    let id = text(&made, "id").unwrap().to_owned();
    assert_eq!(made["grantControls"]["operator"], "OR", "one control needs no operator");
    assert_eq!(made["conditions"]["users"]["excludeGroups"], json!([]));
    let robin = graph.id(ROBIN);
    let path = format!("{PATH}/{id}");
    graph.done("PATCH", &path, &json!({ "conditions": { "users": { "excludeUsers": [robin] } } }));
    let after = graph.get(&path);
    assert_eq!(after["conditions"]["users"]["excludeUsers"], json!([robin]));
    assert_eq!(after["conditions"]["users"]["includeUsers"], json!(["All"]), "what is not named stays");
    assert!(after["modifiedDateTime"].is_string());
    graph.done("PATCH", &path, &json!({ "grantControls": { "builtInControls": [], "authenticationStrength": { "id": "00000000-0000-0000-0000-000000000004" } } }));
    let after = graph.get(&path);
    assert_eq!(after["grantControls"]["authenticationStrength"]["displayName"], "Phishing resistant MFA");
    assert!(after["grantControls"]["authenticationStrength@odata.context"].as_str().unwrap().contains(&id));
    // What was read can be written back: only the strength's id counts.
    let mut echo = after.clone();
    echo.as_object_mut().unwrap().retain(|k, _| !k.contains('@'));
    echo["grantControls"].as_object_mut().unwrap().retain(|k, _| !k.contains('@'));
    graph.done("PATCH", &path, &echo);
    graph.done("DELETE", &path, &Value::Null);
    assert_eq!(graph.ask(&automation(), "GET", &path, &Value::Null).0, 404);
    assert_eq!(
        graph.audited(),
        [
            "Add conditional access policy",
            "Update conditional access policy",
            "Update conditional access policy",
            "Update conditional access policy",
            "Delete conditional access policy"
        ]
    );
    let record =
        graph.get("/v1.0/auditLogs/directoryAudits?$filter=loggedByService%20eq%20'Conditional%20Access'");
    let change =
        &record["value"].as_array().unwrap().last().unwrap()["targetResources"][0]["modifiedProperties"][0];
    let told: Value = serde_json::from_str(change["newValue"].as_str().unwrap()).unwrap();
    assert_eq!((change["displayName"].as_str(), &told["id"]), (Some("ConditionalAccessPolicy"), &json!(id)));
}

#[test]
fn policies_that_cannot_be_are_refused() {
    let mut graph = preset("demo");
    let nobody = "4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11";
    for (pointer, value, part) in [
        ("/displayName", json!(""), "displayName"),
        ("/state", json!("on"), "'on'"),
        ("/state", Value::Null, "'state'"),
        ("/conditions/users/includeUsers", json!([]), "must include users"),
        ("/conditions/users/includeUsers", json!(["Everybody"]), "'Everybody'"),
        ("/conditions/users/includeUsers", json!([nobody]), nobody),
        ("/conditions/users", json!({ "includeUsers": ["All"], "excludeGroups": [nobody] }), nobody),
        ("/conditions/users", json!({ "includeRoles": [nobody] }), nobody),
        ("/conditions/applications/includeApplications", json!([]), "must include applications"),
        ("/conditions/applications/includeApplications", json!(["Mail"]), "'Mail'"),
        ("/conditions/clientAppTypes", json!(["all", "browser"]), "'all'"),
        ("/grantControls/builtInControls", json!(["block", "mfa"]), "'block'"),
        ("/grantControls/builtInControls", json!(["passwordChange"]), "'passwordChange'"),
        ("/grantControls/builtInControls", json!([]), "grant or session"),
        ("/grantControls/operator", json!("XOR"), "'AND' or 'OR'"),
        (
            "/grantControls",
            json!({ "operator": "OR", "builtInControls": ["mfa"], "authenticationStrength": { "id": "00000000-0000-0000-0000-000000000002" } }),
            "cannot be combined",
        ),
        ("/grantControls", json!({ "operator": "OR", "authenticationStrength": { "id": nobody } }), nobody),
        ("/conditions/colour", json!("red"), "'colour'"),
    ] {
        let mut wrong = policy();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[key] = value;
        let answer = graph.refused(&automation(), "POST", PATH, &wrong);
        assert!(answer.starts_with("400 ") && answer.contains(part), "{pointer}: {answer}");
    }
    for (location, part) in [("nowhere", "'nowhere'"), ("All", "must include")] {
        let mut wrong = policy();
        wrong["conditions"]["locations"] = json!({ "excludeLocations": [location], "includeLocations": [] });
        let answer = graph.refused(&automation(), "POST", PATH, &wrong);
        assert!(answer.starts_with("400 "), "{answer} {part}");
    }
    graph.state.directory.security_defaults["isEnabled"] = json!(true);
    assert!(graph.refused(&automation(), "POST", PATH, &policy()).contains("Security Defaults"));
}

#[test]
fn what_a_policy_named_before_may_be_gone() {
    let mut graph = preset("hostile");
    let dangling = graph
        .state
        .directory
        .deleted_items
        .find("displayName", "Emergency access")
        .and_then(|g| text(g, "id"))
        .unwrap()
        .to_owned();
    let named = graph.get(&format!("{PATH}?$filter=startswith(displayName,'CA001')"))["value"][0].clone();
    assert!(named["conditions"]["users"]["excludeGroups"].to_string().contains(&dangling));
    let path = format!("{PATH}/{}", text(&named, "id").unwrap());
    graph.done("PATCH", &path, &json!({ "conditions": named["conditions"] }));
    graph.done("PATCH", &path, &json!({ "state": "enabledForReportingButNotEnforced" }));
}

#[test]
fn locations_strengths_and_settings() {
    let mut graph = preset("demo");
    let path = "/v1.0/identity/conditionalAccess/namedLocations";
    let office = json!({ "@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Office", "isTrusted": true,
        "ipRanges": [{ "@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24" }] });
    let made = graph.done("POST", path, &office);
    let id = text(&made, "id").unwrap().to_owned();
    assert_eq!(made["ipRanges"][0]["cidrAddress"], "192.0.2.0/24");
    let countries = graph.get(&format!("{path}?$filter=isof('microsoft.graph.countryNamedLocation')"));
    assert_eq!(countries["value"].as_array().unwrap().len(), 2);
    assert!(
        graph.refused(&automation(), "DELETE", &format!("{path}/{id}"), &Value::Null).contains("trusted")
    );
    graph.done("PATCH", &format!("{path}/{id}"), &json!({ "isTrusted": false }));
    graph.done("DELETE", &format!("{path}/{id}"), &Value::Null);
    let used = graph
        .state
        .directory
        .named_locations
        .find("displayName", "ALLOWED COUNTRIES")
        .and_then(|l| text(l, "id"))
        .unwrap()
        .to_owned();
    assert!(
        graph.refused(&automation(), "DELETE", &format!("{path}/{used}"), &Value::Null).contains("is used")
    );
    for wrong in [
        json!({ "@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "x", "ipRanges": [{ "@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0" }] }),
        json!({ "@odata.type": "#microsoft.graph.countryNamedLocation", "displayName": "x", "countriesAndRegions": ["Netherlands"] }),
        json!({ "displayName": "x" }),
    ] {
        assert!(graph.refused(&automation(), "POST", path, &wrong).starts_with("400"), "{wrong}");
    }

    let strengths =
        graph.get("/v1.0/policies/authenticationStrengthPolicies?$expand=combinationConfigurations");
    assert_eq!(names(&strengths, "id").len(), 3);
    assert_eq!(strengths["value"][0]["allowedCombinations"].as_array().unwrap().len(), 19);
    let built_in = "/v1.0/policies/authenticationStrengthPolicies/00000000-0000-0000-0000-000000000004";
    assert!(graph.refused(&automation(), "DELETE", built_in, &Value::Null).contains("Built-in"));
    let configurations =
        graph.get("/v1.0/policies/authenticationMethodsPolicy")["authenticationMethodConfigurations"].clone();
    assert_eq!(configurations[0]["includeTargets"][0]["id"], "all_users");
    let defaults = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy";
    assert_eq!(graph.get(defaults)["isEnabled"], false);
    assert!(
        graph
            .refused(&automation(), "PATCH", defaults, &json!({ "isEnabled": true }))
            .contains("while Conditional Access")
    );
    assert_eq!(graph.get("/v1.0/policies/authorizationPolicy")["allowedToUseSSPR"], true);
}
