//! Which policies block recovery, and the matrix of accounts and policies.

use super::tenants::*;
use breakglass_access::prove::{AccountRef, Cell, Question, matrix, recovery_blocking};
use breakglass_model::ObjectId;
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Policies of every kind, none of which excludes anybody.
fn zoo() -> Vec<Value> {
    let kinds: Vec<(&str, Value, Value)> = vec![
        (
            "block legacy clients",
            controls(&["block"]),
            json!({"clientAppTypes": ["exchangeActiveSync", "other"]}),
        ),
        (
            "block device code",
            controls(&["block"]),
            json!({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}),
        ),
        (
            "block outside trusted",
            controls(&["block"]),
            json!({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}),
        ),
        ("block high sign-in risk", controls(&["block"]), json!({"signInRiskLevels": ["high"]})),
        (
            "block unknown platforms",
            controls(&["block"]),
            json!({"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["android", "iOS", "windows", "macOS"]}}),
        ),
        (
            "block Exchange",
            controls(&["block"]),
            json!({"applications": {"includeApplications": ["00000002-0000-0ff1-ce00-000000000000"]}}),
        ),
        ("compliant device", controls(&["compliantDevice"]), json!({})),
        (
            "compliant device on portals",
            controls(&["compliantDevice"]),
            json!({"applications": {"includeApplications": ["MicrosoftAdminPortals"]}}),
        ),
        (
            "app protection on phones",
            controls(&["compliantApplication"]),
            json!({"platforms": {"includePlatforms": ["android", "iOS"]}}),
        ),
        ("mfa for all", controls(&["mfa"]), json!({})),
        ("mfa or compliant device", controls(&["mfa", "compliantDevice"]), json!({})),
        (
            "phishing-resistant",
            json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": PHISHING_RESISTANT}}),
            json!({"users": {"includeRoles": [GLOBAL_ADMINISTRATOR]}}),
        ),
        (
            "keys of one model",
            json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "f0000000-0000-4000-8000-000000000001"}}),
            json!({"users": {"includeRoles": [GLOBAL_ADMINISTRATOR]}}),
        ),
        (
            "terms of use",
            json!({"operator": "OR", "builtInControls": [], "termsOfUse": ["e0000000-0000-4000-8000-000000000001"]}),
            json!({}),
        ),
        (
            "password change at high user risk",
            json!({"operator": "AND", "builtInControls": ["mfa", "passwordChange"]}),
            json!({"userRiskLevels": ["high"]}),
        ),
        (
            "registration from trusted networks",
            controls(&["block"]),
            json!({"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}}),
        ),
        ("a condition of tomorrow", controls(&["block"]), json!({"moonPhase": {"include": ["full"]}})),
        (
            "for somebody else",
            controls(&["block"]),
            json!({"users": {"includeUsers": ["a0000000-0000-4000-8000-000000000009"]}}),
        ),
    ];
    let mut all = Vec::new();
    for (n, (name, grant, conditions)) in kinds.into_iter().enumerate() {
        let mut policy = policy(n + 1, name, grant);
        policy["conditions"]["users"] = json!({"includeUsers": ["All"]});
        for (key, value) in conditions.as_object().unwrap() {
            policy["conditions"][key] = value.clone();
        }
        all.push(policy);
    }
    let mut session = policy(30, "token protection", Value::Null);
    session["sessionControls"] = json!({"secureSignInSession": {"isEnabled": true}});
    session["conditions"]["users"] = json!({"includeUsers": ["All"]});
    let mut report_only = policy(31, "compliant device, report-only", controls(&["compliantDevice"]));
    report_only["state"] = "enabledForReportingButNotEnforced".into();
    report_only["conditions"]["users"] = json!({"includeUsers": ["All"]});
    let mut off = policy(32, "block, off", controls(&["block"]));
    off["state"] = "disabled".into();
    all.extend([session, report_only, off]);
    all
}

fn zoo_tenant() -> Snapshot {
    with(healthy(), |s| {
        s.set(c::POLICIES, zoo());
        s.collections.get_mut(c::STRENGTHS).unwrap().push(json!({
            "id": "f0000000-0000-4000-8000-000000000001", "displayName": "Our keys", "allowedCombinations": ["fido2"],
            "combinationConfigurations": [{"@odata.type": "#microsoft.graph.fido2CombinationConfiguration",
                "appliesToCombinations": ["fido2"], "allowedAAGUIDs": [MODEL]}],
        }));
    })
}

fn listed(snapshot: &Snapshot, question: &Question) -> String {
    recovery_blocking(snapshot, question, now()).iter().fold(String::new(), |mut out, blocking| {
        let _ = writeln!(out, "{}: {}", blocking.name, blocking.because);
        out
    })
}

#[test]
fn every_kind_of_policy_is_classified() {
    insta::assert_snapshot!(listed(&zoo_tenant(), &question(1)));
}

/// Existing exclusions do not hide a policy; what is off does not block.
#[test]
fn exclusions_do_not_hide_a_policy() {
    let names = |s: &Snapshot| -> Vec<String> {
        recovery_blocking(s, &question(1), now()).into_iter().map(|b| b.name).collect()
    };
    assert_eq!(names(&healthy()), ["Block outside trusted", "Compliant device", "Block high risk"]);
}

/// Accounts that do not exist yet: they will be Global Administrators with a password and keys of an unknown model.
#[test]
fn planned_accounts() {
    let planned = ["ea-01", "ea-02"]
        .map(|name| AccountRef { name: name.into(), id: ObjectId::new(format!("planned:{name}")) })
        .to_vec();
    insta::assert_snapshot!(listed(&zoo_tenant(), &Question::for_accounts(planned, 1)));
}

/// Two policies that close one road each are both found; with them excluded nothing is left that locks.
#[test]
fn what_is_left_is_proved() {
    let snapshot = with(healthy(), |s| {
        forget(s, 2);
        policy_of(s, 2)["conditions"]["platforms"] = json!({"includePlatforms": ["windows"]});
        forget(s, 3);
        policy_of(s, 3)["grantControls"] = controls(&["block"]);
        policy_of(s, 3)["conditions"]["signInRiskLevels"] = json!(["low"]);
    });
    let found = recovery_blocking(&snapshot, &question(1), now());
    let excluded = with(snapshot, |s| {
        for policy in s.collections.get_mut(c::POLICIES).unwrap() {
            if found.iter().any(|b| policy["id"] == b.policy.as_str()) {
                let users = policy["conditions"]["users"].as_object_mut().unwrap();
                users.insert("excludeUsers".into(), json!([EA1, EA2]));
            }
        }
    });
    assert!(judge(&excluded).no_lockout().is_some(), "{}", judge(&excluded).headline());
}

#[test]
fn the_matrix_under_review() {
    let snapshot = with(zoo_tenant(), |s| {
        policy_of(s, 7)["conditions"]["users"] = json!({"includeUsers": ["All"], "excludeUsers": [EA1]});
    });
    let matrix = matrix(&snapshot, &question(1), now());
    assert_eq!(matrix.get("ea-01", &policy_id(7).as_str().into()).map(|r| r.cell), Some(Cell::Excluded));
    assert_eq!(matrix.get("ea-02", &policy_id(7).as_str().into()).map(|r| r.cell), Some(Cell::Blocks));
    insta::assert_snapshot!(matrix.to_string());
}
