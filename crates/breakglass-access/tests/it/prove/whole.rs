//! Whole tenants: the good one, and what happens when one thing about it is not good.

use super::tenants::*;
use breakglass_access::prove::{Proof, Verdict, prove};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Value, json};
use std::fmt::Write as _;

fn text(proof: &Proof) -> String {
    let mut out = format!("{}\n", proof.headline());
    for (name, account) in &proof.accounts {
        let roads: Vec<String> =
            account.roads.iter().map(|(road, answer)| format!("{road} {answer}")).collect();
        let _ = writeln!(out, "{name} {}: {}", account.verdict, roads.join(", "));
    }
    for scenario in proof.scenarios.iter().filter(|s| s.verdict != Verdict::ProvedSafe) {
        let when = scenario.fails_when.as_deref().unwrap_or_default();
        let _ = writeln!(out, "{} {} {when}", scenario.name, scenario.verdict);
    }
    for counterexample in &proof.counterexamples {
        let _ = writeln!(out, "locked: {counterexample}");
    }
    proof.repairs().iter().for_each(|line| {
        let _ = writeln!(out, "repair: {line}");
    });
    proof.facts_needed.iter().for_each(|fact| {
        let _ = writeln!(out, "to be asked: {fact}");
    });
    out
}

#[test]
fn a_well_made_pair_is_proved_safe() {
    let snapshot = healthy();
    let proof = judge(&snapshot);
    assert_eq!(proof.verdict, Verdict::ProvedSafe, "{}", text(&proof));
    let no_lockout = proof.no_lockout().unwrap();
    assert_eq!(no_lockout.snapshot_digest(), snapshot.digest);
    assert_eq!(proof.scenarios.len(), breakglass_model::design::SCENARIO_EFFECTS.len() + 1);
    for name in breakglass_model::design::SCENARIO_EFFECTS {
        assert!(no_lockout.scenarios().iter().any(|s| s == name), "{name} is not judged");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&proof).unwrap());
}

#[test]
fn pairs_of_scenarios() {
    let proof = prove(&healthy(), &question(1).with_pairs(), now());
    // An account lost and the other's key lost is survived, two at once of one kind are not asked.
    assert_eq!(proof.verdict, Verdict::ProvedSafe, "{}", text(&proof));
    assert!(proof.scenarios.len() > 80);
    let own = question(1).with_scenarios(&[
        ("a bad day".into(), vec!["intune-down".into(), "mfa-provider-down".into()]),
        ("a misprint".into(), vec!["intune-dawn".into()]),
    ]);
    let proof = prove(&healthy(), &own, now());
    assert_eq!(proof.verdict, Verdict::Unknown);
    insta::assert_snapshot!(text(&proof));
}

/// Each spoils one thing; what the prover then says is under review as text.
fn spoilt() -> Vec<(&'static str, Snapshot)> {
    let spoil = |name, change: &dyn Fn(&mut Snapshot)| (name, with(healthy(), change));
    let drop_keys = |s: &mut Snapshot, account: usize, keys: usize| {
        let methods = &mut s.collections.get_mut(c::AUTHENTICATION_METHODS).unwrap()[account]["methods"];
        methods.as_array_mut().unwrap().truncate(3 - keys);
    };
    vec![
        spoil("a block without exclusions", &|s| forget(s, 1)),
        spoil("a device demand without exclusions", &|s| forget(s, 2)),
        spoil("a risk block without exclusions", &|s| forget(s, 4)),
        spoil("excluded by group only", &|s| {
            policy_of(s, 2)["conditions"]["users"] =
                json!({"includeUsers": ["All"], "excludeGroups": [GROUP]});
        }),
        spoil("one account left out", &|s| {
            policy_of(s, 2)["conditions"]["users"] = json!({"includeUsers": ["All"], "excludeUsers": [EA1]});
        }),
        spoil("passwords only", &|s| {
            drop_keys(s, 0, 2);
            drop_keys(s, 1, 2);
            policy_of(s, 3)["conditions"]["users"] =
                json!({"includeUsers": ["All"], "excludeUsers": [EA1, EA2]});
        }),
        spoil("the other key model alone is allowed", &|s| {
            let fido2 = &mut first(s, c::METHODS_POLICY)["authenticationMethodConfigurations"][0];
            fido2["keyRestrictions"] =
                json!({"isEnforced": true, "enforcementType": "allow", "aaGuids": [OTHER_MODEL]});
        }),
        spoil("federated accounts", &|s| {
            for user in s.collections.get_mut(c::USERS).unwrap() {
                let upn = user["userPrincipalName"]
                    .as_str()
                    .unwrap()
                    .replace("contoso.onmicrosoft.com", "contoso.com");
                user["userPrincipalName"] = upn.into();
            }
        }),
        spoil("roles through PIM with approval", &|s| {
            for role in s.collections.get_mut(c::ROLE_ASSIGNMENTS).unwrap() {
                role["assignmentType"] = "eligible".into();
            }
            s.set(
                c::ROLE_MANAGEMENT_POLICIES,
                vec![
                    json!({"roleDefinitionId": GLOBAL_ADMINISTRATOR, "approvalRequired": true, "mfa": true}),
                ],
            );
        }),
        spoil("one account is disabled", &|s| first(s, c::USERS)["accountEnabled"] = false.into()),
        spoil("a report-only block without exclusions", &|s| {
            forget(s, 1);
            policy_of(s, 1)["state"] = "enabledForReportingButNotEnforced".into();
        }),
        spoil("two policies close one road each", &|s| {
            forget(s, 2);
            policy_of(s, 2)["conditions"]["clientAppTypes"] = json!(["browser"]);
            forget(s, 1);
            policy_of(s, 1)["conditions"]["locations"] = Value::Null;
            policy_of(s, 1)["conditions"]["clientAppTypes"] = json!(["mobileAppsAndDesktopClients"]);
        }),
        spoil("security defaults and no policies", &|s| {
            s.set(c::POLICIES, vec![]);
            first(s, c::SECURITY_DEFAULTS)["isEnabled"] = true.into();
        }),
        spoil("a condition of tomorrow", &|s| {
            forget(s, 2);
            policy_of(s, 2)["conditions"]["moonPhase"] = json!({"include": ["full"]});
        }),
        spoil("the policies were not read whole", &|s| {
            s.note_unread(c::POLICIES, "throttled after the first page")
        }),
        spoil("the members of the exclusion group were not read", &|s| {
            policy_of(s, 2)["conditions"]["users"] =
                json!({"includeUsers": ["All"], "excludeGroups": [GROUP]});
            first(s, c::GROUPS).as_object_mut().unwrap().remove("members");
        }),
        spoil("the methods of one account were not read", &|s| {
            s.collections.get_mut(c::AUTHENTICATION_METHODS).unwrap().remove(0);
            s.note_unread(format!("authenticationMethods/{EA1}"), "403");
        }),
        spoil("a step-up context is in use", &|s| {
            forget(s, 2);
            policy_of(s, 2)["conditions"]["applications"] =
                json!({"includeAuthenticationContextClassReferences": ["c1"]});
        }),
        spoil("a country allow-list without exclusions", &|s| {
            s.collections.get_mut(c::NAMED_LOCATIONS).unwrap().push(json!({
                "@odata.type": "#microsoft.graph.countryNamedLocation", "id": "d0000000-0000-4000-8000-000000000002",
                "displayName": "At home", "countriesAndRegions": ["BE", "NL"], "includeUnknownCountriesAndRegions": false,
            }));
            forget(s, 1);
            policy_of(s, 1)["conditions"]["locations"] = json!({"includeLocations": ["All"], "excludeLocations": ["d0000000-0000-4000-8000-000000000002"]});
        }),
        spoil("token protection for everybody", &|s| {
            forget(s, 2);
            policy_of(s, 2)["grantControls"] = Value::Null;
            policy_of(s, 2)["sessionControls"] = json!({"secureSignInSession": {"isEnabled": true}});
        }),
    ]
}

#[test]
fn one_thing_is_not_good() {
    let mut out = String::new();
    for (name, snapshot) in spoilt() {
        let proof = judge(&snapshot);
        let _ = writeln!(out, "## {name}\n{}", text(&proof));
        assert_eq!(proof.no_lockout().is_some(), proof.verdict == Verdict::ProvedSafe);
        // A "no" can be replayed.
        proof.counterexamples.iter().for_each(|c| replay(&snapshot, &question(1), c));
        // A repair repairs.
        for set in proof.least_exclusions.iter().filter(|s| !s.is_empty()) {
            let mended = with(snapshot.clone(), |s| {
                for exclusion in set {
                    let id = if exclusion.account == "ea-01" { EA1 } else { EA2 };
                    for policy in s.collections.get_mut(c::POLICIES).unwrap() {
                        if policy["id"] == exclusion.policy.as_str() {
                            let users = policy["conditions"]["users"].as_object_mut().unwrap();
                            let list = users.entry("excludeUsers").or_insert(json!([]));
                            list.as_array_mut().unwrap().push(id.into());
                        }
                    }
                }
            });
            let proof = judge(&mended);
            assert_eq!(proof.verdict, Verdict::ProvedSafe, "{name}: {set:?}\n{}", text(&proof));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn two_of_two_cannot_lose_one() {
    let proof = prove(&healthy(), &question(2), now());
    insta::assert_snapshot!(text(&proof));
}
