//! Small scope: the prover against the evaluator asked in every context, for every tenant of one and of two policies out of
//! a catalogue; and the laws that must hold whatever the policies are.

use breakglass_access::evaluate::{Decision, evaluate};
use breakglass_access::prove::answer_reach;
use breakglass_model::Tri;
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::import::tenant_of_case;
use breakglass_model::sign_in::SignIn;
use breakglass_model::view::TenantView;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ACCOUNT: &str = "a0000000-0000-4000-8000-000000000001";
const OFFICE: &str = "d0000000-0000-4000-8000-000000000001";
const ABROAD: &str = "d0000000-0000-4000-8000-000000000002";
const GPS: &str = "d0000000-0000-4000-8000-000000000003";
const PORTAL: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";
const ARM: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// The catalogue: conditions by demands. The last few cannot be settled.
fn catalogue() -> Vec<Value> {
    let conditions = [
        json!({}),
        json!({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}),
        json!({"locations": {"includeLocations": [ABROAD]}}),
        json!({"signInRiskLevels": ["high"]}),
        json!({"clientAppTypes": ["browser"]}),
        json!({"clientAppTypes": ["mobileAppsAndDesktopClients"]}),
        json!({"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["windows"]}}),
        json!({"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}}),
        json!({"applications": {"includeApplications": ["MicrosoftAdminPortals"]}}),
        json!({"applications": {"includeApplications": [ARM]}}),
        json!({"users": {"includeUsers": ["a0000000-0000-4000-8000-000000000009"]}}),
        json!({"users": {"includeRoles": [GLOBAL_ADMINISTRATOR], "excludeUsers": [ACCOUNT]}}),
        json!({"locations": {"includeLocations": [GPS]}}),
        json!({"moonPhase": {"include": ["full"]}}),
    ];
    let grants = [
        json!({"operator": "OR", "builtInControls": ["block"]}),
        json!({"operator": "OR", "builtInControls": ["mfa"]}),
        json!({"operator": "OR", "builtInControls": ["compliantDevice"]}),
        json!({"operator": "AND", "builtInControls": ["mfa"], "termsOfUse": ["e0000000-0000-4000-8000-000000000001"]}),
    ];
    let mut all = Vec::new();
    for condition in &conditions {
        for grant in &grants {
            let mut policy = json!({
                "displayName": format!("{condition} {grant}"), "state": "enabled",
                "conditions": {
                    "clientAppTypes": ["all"], "users": {"includeUsers": ["All"]},
                    "applications": {"includeApplications": ["All"]},
                },
                "grantControls": grant, "sessionControls": null,
            });
            for (key, value) in condition.as_object().unwrap() {
                policy["conditions"][key] = value.clone();
            }
            all.push(policy);
        }
    }
    all
}

fn numbered(policies: &[Value]) -> Vec<Value> {
    let number = |(n, policy): (usize, &Value)| {
        let mut policy = policy.clone();
        policy["id"] = json!(format!("c0000000-0000-4000-8000-{n:012}"));
        policy
    };
    policies.iter().enumerate().map(number).collect()
}

fn case(policies: &[Value]) -> Value {
    json!({
        "schema": "breakglass-ca-case/1", "id": "small", "kind": "reach",
        "tenant": {
            "settings": {"asOf": "2026-11-21", "cloud": "global", "baselineScopes": "enforced", "mfaTrustedIps": []},
            "users": [{"id": ACCOUNT, "userPrincipalName": "x@contoso.onmicrosoft.com", "userType": "Member",
                "accountEnabled": true, "onPremisesSyncEnabled": false}],
            "directoryRoleAssignments": [{"principalId": ACCOUNT, "roleDefinitionId": GLOBAL_ADMINISTRATOR,
                "directoryScopeId": "/", "assignmentType": "active"}],
            "namedLocations": [
                {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": OFFICE, "displayName": "Office", "isTrusted": true,
                 "ipRanges": [{"cidrAddress": "203.0.113.0/24"}]},
                {"@odata.type": "#microsoft.graph.countryNamedLocation", "id": ABROAD, "displayName": "Abroad",
                 "countriesAndRegions": ["NZ"], "includeUnknownCountriesAndRegions": true},
                {"@odata.type": "#microsoft.graph.countryNamedLocation", "id": GPS, "displayName": "By phone",
                 "countriesAndRegions": ["NZ"], "countryLookupMethod": "authenticatorAppGps",
                 "includeUnknownCountriesAndRegions": false},
            ],
            "conditionalAccessPolicies": policies,
            "capabilities": {ACCOUNT: {"methods": ["password", "fido2"], "fido2Aaguids": [ARM], "mfaRegistered": true}},
            "domains": [{"id": "contoso.onmicrosoft.com", "authenticationType": "Managed"}],
        },
        "question": {
            "accounts": [ACCOUNT], "k": 1, "action": "manage-ca-policies", "routes": roads(),
            "envelope": {
                "universal": {"locations": networks(), "signInRiskLevels": ["none", "high"], "userRiskLevels": ["none"],
                    "insiderRiskLevels": ["none"]},
                "existential": {"workstations": workstations()},
            },
            "scenario": {"id": "none", "effects": {}},
        },
    })
}

fn roads() -> Vec<Value> {
    vec![
        json!({"id": "portal", "clientAppId": PORTAL, "clientKind": "confidential", "clientAppType": "browser",
            "audiences": [PORTAL, ARM, GRAPH], "mandatoryMfa": true, "stepUp": true}),
        json!({"id": "shell", "clientAppId": "14d82eec-204b-4c2f-b7e8-296a70dab67e", "clientKind": "public",
            "clientAppType": "mobileAppsAndDesktopClients", "audiences": [GRAPH], "mandatoryMfa": false, "stepUp": true}),
    ]
}

fn networks() -> Vec<Value> {
    vec![
        json!({"ipAddress": "203.0.113.10", "country": "BE", "compliantNetwork": false}),
        json!({"ipAddress": "198.51.100.7", "country": "NZ", "compliantNetwork": false}),
    ]
}

fn workstations() -> Vec<Value> {
    vec![
        json!({"devicePlatform": "linux", "deviceInfo": null}),
        json!({"devicePlatform": "windows", "deviceInfo": {"deviceId": "22222222-0000-4000-8000-000000000001",
            "isCompliant": true, "trustType": "AzureAD"}}),
    ]
}

/// Every context, every way in, by the evaluator alone.
fn by_force(policies: &[Value]) -> Tri {
    let view = TenantView::new(&tenant_of_case(&case(policies), jiff::Timestamp::UNIX_EPOCH).unwrap());
    let mut contexts = Vec::new();
    for network in networks() {
        for risk in ["none", "high"] {
            let mut ways = Vec::new();
            for road in roads() {
                for station in workstations() {
                    let sign_in = json!({
                        "signInIdentity": {"userId": ACCOUNT},
                        "signInContext": {"includeApplications": road["audiences"]},
                        "signInConditions": {
                            "clientAppType": road["clientAppType"], "devicePlatform": station["devicePlatform"],
                            "deviceInfo": station["deviceInfo"], "ipAddress": network["ipAddress"],
                            "country": network["country"], "signInRiskLevel": risk, "userRiskLevel": "none",
                            "insiderRiskLevel": "none", "authenticationFlow": {"transferMethod": "none"},
                        },
                        "x": {"compliantNetwork": false, "client": {"appId": road["clientAppId"], "kind": road["clientKind"]}},
                    });
                    let evaluation = evaluate(&view, &SignIn::read(&sign_in).unwrap());
                    ways.push(match (evaluation.decision, evaluation.satisfiable) {
                        (Decision::Block, _) => Tri::No,
                        (_, satisfiable) => satisfiable.unwrap(),
                    });
                }
            }
            contexts.push(Tri::any(ways));
        }
    }
    Tri::all(contexts)
}

fn prover(policies: &[Value]) -> (Tri, Value) {
    let answer = answer_reach(&case(policies).to_string()).unwrap();
    let reachable = match answer["accounts"][ACCOUNT].as_str().unwrap() {
        "yes" => Tri::Yes,
        "no" => Tri::No,
        _ => Tri::Unknown,
    };
    (reachable, answer)
}

/// What is settled is settled alike; the prover may say "unknown" only where the evaluator says it somewhere.
fn compare(policies: &[Value]) -> Value {
    let (found, answer) = prover(policies);
    let expected = by_force(policies);
    let names: Vec<&Value> = policies.iter().map(|p| &p["displayName"]).collect();
    if expected.is_unknown() {
        // A road may be closed for sure in each completion of the facts by another policy: then "no" is better than the
        // evaluator's, but "yes" never is.
        assert!(!found.is_yes(), "the prover is too sure: {names:?}");
    } else {
        assert!(found == expected, "expected {expected}, found {found}: {names:?}");
    }
    answer
}

fn sets(value: &Value) -> BTreeSet<BTreeSet<String>> {
    let set = |v: &Value| -> BTreeSet<String> {
        v.as_array()
            .unwrap()
            .iter()
            .map(|p| p.as_str().unwrap_or_else(|| p["policy"].as_str().unwrap()).to_owned())
            .collect()
    };
    value.as_array().unwrap().iter().map(set).collect()
}

#[test]
fn every_tenant_of_one_policy_and_of_two() {
    let catalogue = catalogue();
    for one in &catalogue {
        compare(&numbered(std::slice::from_ref(one)));
    }
    let (mut locked, mut pairs) = (0, 0);
    for (i, one) in catalogue.iter().enumerate() {
        for other in catalogue.iter().skip(i) {
            let both = numbered(&[one.clone(), other.clone()]);
            let answer = compare(&both);
            pairs += 1;
            if answer["verdict"] != "locked" {
                continue;
            }
            locked += 1;
            let id = |p: &Value| p["id"].as_str().unwrap().to_owned();
            let alone: Vec<bool> = both.iter().map(|p| prover(std::slice::from_ref(p)).0.is_no()).collect();
            // Minimal locks: each that locks alone, else the two together.
            let mut expected: BTreeSet<BTreeSet<String>> =
                both.iter().zip(&alone).filter(|(_, a)| **a).map(|(p, _)| [id(p)].into()).collect();
            if expected.is_empty() {
                expected.insert(both.iter().map(id).collect());
            }
            assert_eq!(sets(&answer["minimalLockingSets"][ACCOUNT]), expected, "{both:#?}");
            // Least exclusions: of the sets after which what is left is reachable, those with the fewest.
            let open = |keep: &[usize]| {
                let kept: Vec<Value> = keep.iter().map(|n| both[*n].clone()).collect();
                prover(&kept).0.is_yes()
            };
            let expected: BTreeSet<BTreeSet<String>> = match (open(&[1]), open(&[0])) {
                (false, false) => [both.iter().map(id).collect()].into(),
                (without_first, without_second) => [(0, without_first), (1, without_second)]
                    .into_iter()
                    .filter(|(_, open)| *open)
                    .map(|(n, _)| [id(&both[n])].into())
                    .collect(),
            };
            assert_eq!(sets(&answer["leastExclusions"]), expected, "{both:#?}");
        }
    }
    assert!(pairs > 1_500 && locked > 200, "{pairs} pairs, {locked} locked");
}

fn some(n: usize) -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(proptest::sample::select(catalogue()), 0..=n)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_policies_agree_too(policies in some(6)) {
        compare(&numbered(&policies));
    }

    /// Adding an enabled policy never turns locked to safe; taking one away never turns safe to locked.
    #[test]
    fn a_policy_never_helps(policies in some(5), more in proptest::sample::select(catalogue())) {
        let before = prover(&numbered(&policies)).0;
        let after = prover(&numbered(&[policies, vec![more]].concat())).0;
        prop_assert!(!before.is_no() || after.is_no(), "locked to {after}");
        prop_assert!(!after.is_yes() || before.is_yes(), "{before} to safe");
    }

    /// Adding an exclusion never turns safe to locked, and never loses a proof.
    #[test]
    fn an_exclusion_never_hurts(policies in some(5), which in any::<proptest::sample::Index>()) {
        prop_assume!(!policies.is_empty());
        let before = prover(&numbered(&policies)).0;
        let mut excluded = policies.clone();
        let users = excluded[which.index(policies.len())]["conditions"]["users"].as_object_mut().unwrap();
        users.insert("excludeUsers".into(), json!([ACCOUNT]));
        let after = prover(&numbered(&excluded)).0;
        prop_assert!(!before.is_yes() || after.is_yes(), "safe to {after}");
        prop_assert!(!after.is_no() || before.is_no(), "{before} to locked");
    }

    /// What says the same is judged the same: order, repetition, a policy that is off, spelling.
    #[test]
    fn what_says_the_same_is_the_same(policies in some(5)) {
        let plain = prover(&numbered(&policies)).0;
        let mut same: Vec<Value> = policies.iter().rev().chain(&policies).cloned().collect();
        same.push({
            let mut off = catalogue().remove(0);
            off["state"] = "disabled".into();
            off
        });
        for policy in &mut same {
            policy["state"] = policy["state"].as_str().unwrap().to_uppercase().into();
        }
        prop_assert_eq!(prover(&numbered(&same)).0, plain);
    }
}
