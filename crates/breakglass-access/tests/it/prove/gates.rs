//! What else locks out (CONDITIONAL_ACCESS section 2), gate by gate, in whole tenants.

use super::tenants::*;
use breakglass_access::prove::{AccountRef, Proof, Question, Verdict, prove};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Tri};
use serde_json::{Value, json};

fn change(of: impl FnOnce(&mut Snapshot)) -> Proof {
    judge(&with(healthy(), of))
}

fn scenario(proof: &Proof, name: &str) -> Verdict {
    proof.scenarios.iter().find(|s| s.name == name).unwrap().verdict
}

fn road(proof: &Proof, name: &str) -> Tri {
    proof.accounts["ea-01"].roads[name]
}

fn users(snapshot: &mut Snapshot, key: &str, value: &Value) {
    for user in snapshot.collections.get_mut(c::USERS).unwrap() {
        user[key] = value.clone();
    }
}

fn without_keys(snapshot: &mut Snapshot) {
    for row in snapshot.collections.get_mut(c::AUTHENTICATION_METHODS).unwrap() {
        row["methods"].as_array_mut().unwrap().truncate(1);
    }
    policy_of(snapshot, 3)["state"] = "disabled".into();
    policy_of(snapshot, 6)["state"] = "disabled".into();
}

fn eligible(snapshot: &mut Snapshot, rule: Value) {
    for role in snapshot.collections.get_mut(c::ROLE_ASSIGNMENTS).unwrap() {
        role["assignmentType"] = "eligible".into();
    }
    let mut rule = rule;
    rule["roleDefinitionId"] = GLOBAL_ADMINISTRATOR.into();
    snapshot.set(c::ROLE_MANAGEMENT_POLICIES, vec![rule]);
}

/// A policy for a context only, in the place of the second.
fn context_policy(snapshot: &mut Snapshot, context: &str, grant: &[&str], state: &str) {
    forget(snapshot, 2);
    let policy = policy_of(snapshot, 2);
    policy["conditions"]["applications"] = json!({"includeAuthenticationContextClassReferences": [context]});
    policy["grantControls"] = controls(grant);
    policy["state"] = state.into();
}

fn protect(snapshot: &mut Snapshot, context: &str) {
    let name = "microsoft.directory/conditionalAccessPolicies/basic/update";
    snapshot.set(c::PROTECTED_ACTIONS, vec![json!({"name": name, "authenticationContextId": context})]);
}

#[test]
fn planned_accounts_are_judged_like_others() {
    let text = serde_json::to_string(&healthy()).unwrap();
    let text = text
        .replace(EA1, "planned:ea-01")
        .replace(EA2, "planned:ea-02")
        .replace(GROUP, "planned:exclusion-group");
    let projected: Snapshot =
        serde_json::from_str(&text.replace(MODEL, "00000000-0000-0000-0000-000000000000")).unwrap();
    let account = |name: &str| AccountRef { name: name.into(), id: ObjectId::new(format!("planned:{name}")) };
    let question = Question::for_accounts(vec![account("ea-01"), account("ea-02")], 1);
    let proof = prove(&projected.seal(), &question, now());
    assert_eq!(proof.verdict, Verdict::ProvedSafe, "{}", proof.headline());
}

#[test]
fn the_account() {
    assert_eq!(change(|s| users(s, "accountEnabled", &json!(false))).verdict, Verdict::Locked);
    assert_eq!(change(|s| users(s, "accountEnabled", &Value::Null)).verdict, Verdict::Unknown);
    assert_eq!(change(|s| s.set(c::USERS, vec![])).verdict, Verdict::Locked);
    assert_eq!(change(|s| drop(s.collections.remove(c::USERS))).verdict, Verdict::Unknown);
    assert_eq!(
        judge(&Snapshot::new(healthy().tenant, now()).seal()).verdict,
        Verdict::Unknown,
        "nothing was read"
    );
}

#[test]
fn first_factors() {
    // An expired password, and nothing else.
    let expired = |s: &mut Snapshot| {
        without_keys(s);
        users(s, "passwordPolicies", &Value::Null);
        users(s, "lastPasswordChangeDateTime", &json!("2026-01-01T00:00:00Z"));
    };
    let road_of = |days: u64| {
        let proof = change(|s| {
            expired(s);
            first(s, c::DOMAINS)["passwordValidityPeriodInDays"] = days.into();
        });
        road(&proof, "graph-powershell")
    };
    assert_eq!((road_of(90), road_of(2_147_483_647)), (Tri::Unknown, Tri::Yes));
    // Nothing at all to sign in with.
    let proof = change(|s| {
        without_keys(s);
        for row in s.collections.get_mut(c::AUTHENTICATION_METHODS).unwrap() {
            row["methods"] = json!([]);
        }
    });
    assert_eq!(proof.verdict, Verdict::Locked);
    assert!(proof.least_exclusions.is_empty(), "no exclusion repairs it");
    assert!(proof.repairs().iter().all(|line| line.contains("passkey")), "{:?}", proof.repairs());
}

#[test]
fn security_defaults_and_per_user_mfa() {
    let defaults = |s: &mut Snapshot, on: Value| first(s, c::SECURITY_DEFAULTS)["isEnabled"] = on;
    assert_eq!(change(|s| defaults(s, json!(true))).verdict, Verdict::ProvedSafe, "keys are MFA");
    let passwords = |on: Value| {
        road(
            &change(|s| {
                without_keys(s);
                defaults(s, on.clone());
            }),
            "graph-powershell",
        )
    };
    assert_eq!(
        (passwords(json!(false)), passwords(json!(true)), passwords(Value::Null)),
        (Tri::Yes, Tri::No, Tri::Unknown)
    );
    let proof = change(|s| {
        without_keys(s);
        users(s, "perUserMfaState", &json!("enforced"));
    });
    assert_eq!(road(&proof, "graph-powershell"), Tri::No);
}

#[test]
fn mandatory_mfa_by_cloud_and_date() {
    let cli = |cloud: &str, date: &str| {
        let snapshot = with(healthy(), |s| {
            without_keys(s);
            s.set(c::SETTINGS, vec![json!({"cloud": cloud})]);
        });
        let proof = prove(&snapshot, &question(1), date.parse().unwrap());
        (road(&proof, "azure-portal"), road(&proof, "azure-cli"), road(&proof, "graph-powershell"))
    };
    assert_eq!(cli("global", "2026-11-24T00:00:00Z"), (Tri::No, Tri::No, Tri::Yes));
    assert_eq!(
        cli("global", "2026-02-01T00:00:00Z"),
        (Tri::No, Tri::Unknown, Tri::Yes),
        "it may have been postponed"
    );
    assert_eq!(cli("global", "2025-01-01T00:00:00Z"), (Tri::No, Tri::Yes, Tri::Yes));
    assert_eq!(cli("china", "2026-11-24T00:00:00Z"), (Tri::Yes, Tri::Yes, Tri::Yes));
    assert_eq!(cli("custom", "2026-11-24T00:00:00Z"), (Tri::Unknown, Tri::Unknown, Tri::Yes));
}

#[test]
fn roles() {
    assert_eq!(change(|s| s.set(c::ROLE_ASSIGNMENTS, vec![])).verdict, Verdict::Locked);
    assert_eq!(change(|s| drop(s.collections.remove(c::ROLE_ASSIGNMENTS))).verdict, Verdict::Unknown);
    // Conditional Access Administrator: policies yes, Azure no.
    let proof = change(|s| {
        for role in s.collections.get_mut(c::ROLE_ASSIGNMENTS).unwrap() {
            role["roleDefinitionId"] = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9".into();
        }
    });
    assert_eq!((road(&proof, "graph-powershell"), road(&proof, "azure-cli")), (Tri::Yes, Tri::No));
    // One of the tenant's own roles: nobody read what it allows.
    let proof = change(|s| {
        for role in s.collections.get_mut(c::ROLE_ASSIGNMENTS).unwrap() {
            role["roleDefinitionId"] = "99999999-0000-4000-8000-000000000001".into();
        }
    });
    assert_eq!(proof.verdict, Verdict::Unknown);
    // Through the group that also carries the exclusions: with the group the role goes.
    let proof = change(|s| {
        let mut role = first(s, c::ROLE_ASSIGNMENTS).clone();
        role["principalId"] = GROUP.into();
        s.set(c::ROLE_ASSIGNMENTS, vec![role]);
    });
    assert_eq!(scenario(&proof, "none"), Verdict::ProvedSafe);
    assert_eq!(scenario(&proof, "exclusion-group-deleted"), Verdict::Locked);
}

#[test]
fn activation() {
    let none = json!({"approvalRequired": false, "mfa": false});
    assert_eq!(change(|s| eligible(s, none.clone())).verdict, Verdict::ProvedSafe);
    let unread = change(|s| {
        eligible(s, none.clone());
        s.collections.remove(c::ROLE_MANAGEMENT_POLICIES);
    });
    assert_eq!(unread.verdict, Verdict::Unknown);
    let approval = change(|s| eligible(s, json!({"approvalRequired": true})));
    assert_eq!(scenario(&approval, "none"), Verdict::ProvedSafe);
    assert_eq!(scenario(&approval, "pim-approvers-absent"), Verdict::Locked);
    // MFA at activation, and passwords only.
    let mfa = |rule: Value| {
        road(
            &change(|s| {
                without_keys(s);
                eligible(s, rule);
            }),
            "graph-powershell",
        )
    };
    assert_eq!((mfa(json!({"mfa": true})), mfa(json!({"mfa": false}))), (Tri::No, Tri::Yes));
    // A context without any policy falls back to MFA; with a policy that is off it does not (L-17).
    assert_eq!(mfa(json!({"authenticationContextId": "c7"})), Tri::No);
    let with_policy = |state: &str| {
        road(
            &change(|s| {
                without_keys(s);
                eligible(s, json!({"authenticationContextId": "c7"}));
                context_policy(s, "c7", &["compliantDevice"], state);
            }),
            "graph-powershell",
        )
    };
    assert_eq!((with_policy("enabled"), with_policy("disabled")), (Tri::No, Tri::Yes));
    // A policy for the role does not see the role while it is being activated, but afterwards.
    let proof = change(|s| {
        eligible(s, none.clone());
        context_policy(s, "c7", &["compliantDevice"], "enabled");
        let policy = policy_of(s, 2);
        policy["conditions"]["applications"] = json!({"includeApplications": ["All"]});
        policy["conditions"]["users"] = json!({"includeRoles": [GLOBAL_ADMINISTRATOR]});
    });
    assert_eq!(road(&proof, "graph-powershell"), Tri::No);
    let proof = change(|s| {
        eligible(s, json!({"authenticationContextId": "c7"}));
        context_policy(s, "c7", &["compliantDevice"], "enabled");
        policy_of(s, 2)["conditions"]["users"] = json!({"includeRoles": [GLOBAL_ADMINISTRATOR]});
        s.set(c::PROTECTED_ACTIONS, vec![]);
    });
    assert_eq!(road(&proof, "graph-powershell"), Tri::Yes);
}

#[test]
fn protected_actions() {
    let road_with = |grant: &[&str], state: &str| {
        road(
            &change(|s| {
                protect(s, "c1");
                context_policy(s, "c1", grant, state);
            }),
            "graph-powershell",
        )
    };
    assert_eq!(road_with(&["mfa"], "enabled"), Tri::Yes);
    assert_eq!(road_with(&["compliantDevice"], "enabled"), Tri::No);
    // A context that no enabled policy is for: nobody says whether it can be met (L-18).
    assert_eq!(road_with(&["mfa"], "disabled"), Tri::Unknown);
    assert_eq!(road(&change(|s| protect(s, "c9")), "graph-powershell"), Tri::Unknown);
    // Not read: unknown only where a context is in use that cannot be met.
    let unread =
        |grant: &[&str]| road(&change(|s| context_policy(s, "c1", grant, "enabled")), "graph-powershell");
    assert_eq!((unread(&["mfa"]), unread(&["compliantDevice"])), (Tri::Yes, Tri::Unknown));
    // Azure knows nothing of it.
    assert_eq!(road(&change(|s| protect(s, "c9")), "azure-cli"), Tri::Yes);
}

/// What nobody told matters only where something depends on it.
#[test]
fn what_is_not_told() {
    assert_eq!(change(|s| drop(s.collections.remove(c::SETTINGS))).verdict, Verdict::ProvedSafe);
    assert_eq!(
        change(|s| drop(s.collections.remove(c::NAMED_LOCATIONS))).verdict,
        Verdict::ProvedSafe,
        "excluded anyway"
    );
    let trusted = |told: bool| {
        let proof = change(|s| {
            forget(s, 1);
            policy_of(s, 1)["conditions"]["locations"] = json!({"includeLocations": ["AllTrusted"]});
            s.set(c::NAMED_LOCATIONS, vec![]);
            if told {
                s.set(c::SETTINGS, vec![json!({"cloud": "global", "mfaTrustedIps": []})]);
            }
        });
        (proof.verdict, proof.facts_needed)
    };
    assert_eq!(trusted(true).0, Verdict::ProvedSafe, "nothing is trusted, so nothing is blocked");
    let (verdict, facts) = trusted(false);
    assert_eq!(verdict, Verdict::Unknown);
    assert_eq!(facts, ["which addresses are MFA trusted IPs (`settings.mfaTrustedIps`)"]);
    for collection in
        [c::POLICIES, c::METHODS_POLICY, c::AUTHENTICATION_METHODS, c::GROUPS, c::STRENGTHS, c::DOMAINS]
    {
        let proof = change(|s| drop(s.collections.remove(collection)));
        assert_ne!(proof.verdict, Verdict::Locked, "{collection}: {}", proof.headline());
        if [c::POLICIES, c::METHODS_POLICY, c::AUTHENTICATION_METHODS].contains(&collection) {
            assert_eq!(proof.verdict, Verdict::Unknown, "{collection}");
            assert!(!proof.facts_needed.is_empty(), "{collection}");
        }
    }
}
