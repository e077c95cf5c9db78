//! Proposed changes, in every form that people have them in.

use super::tenants::*;
use breakglass_access::prove::change::apply_change;
use breakglass_access::prove::{Verdict, prove};
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Value, json};

fn after(change: &Value) -> Snapshot {
    apply_change(&healthy(), change).unwrap_or_else(|e| panic!("{e}"))
}

fn verdict(change: &Value) -> Verdict {
    judge(&after(change)).verdict
}

fn body() -> Value {
    json!({
        "displayName": "Lockdown", "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"], "users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    })
}

#[test]
fn a_body_is_added() {
    assert_eq!(verdict(&body()), Verdict::Locked);
    let mut careful = body();
    careful["conditions"]["users"]["excludeUsers"] = json!([EA1, EA2]);
    assert_eq!(verdict(&careful), Verdict::ProvedSafe);
    // A list of them, in one document or in Graph's wrapping.
    assert_eq!(verdict(&json!([careful, body()])), Verdict::Locked);
    assert_eq!(verdict(&json!({"value": [careful]})), Verdict::ProvedSafe);
    let next = after(&json!([body(), body()]));
    let ids: Vec<&str> = next.get(c::POLICIES).unwrap().iter().filter_map(|p| p["id"].as_str()).collect();
    assert!(ids.contains(&"proposed:1") && ids.contains(&"proposed:2"), "{ids:?}");
    assert!(next.is_intact());
}

#[test]
fn a_fragment_is_merged_as_graph_does_it() {
    // Only the users are given: everything else stays, the lists that are given replace the old ones.
    let fragment = json!({"id": policy_id(2).to_uppercase(), "conditions": {"users": {"excludeUsers": [], "excludeGroups": []}}});
    let next = after(&fragment);
    let policy = &next.get(c::POLICIES).unwrap()[1];
    assert_eq!(policy["id"], policy_id(2).as_str(), "an id in another spelling is the same id");
    assert_eq!(policy["conditions"]["users"]["includeUsers"], json!(["All"]));
    assert_eq!(policy["grantControls"]["builtInControls"], json!(["compliantDevice", "domainJoinedDevice"]));
    assert_eq!(judge(&next).verdict, Verdict::Locked);
    // From report-only to enforced.
    assert_eq!(verdict(&json!({"id": policy_id(6), "state": "enabled"})), Verdict::ProvedSafe);
    // Off: never a lockout.
    assert_eq!(verdict(&json!({"id": policy_id(3), "state": "disabled"})), Verdict::ProvedSafe);
    // A strength that the keys do not meet, by reference.
    let strength = json!({"id": "f0000000-0000-4000-8000-000000000001", "displayName": "Other keys",
        "allowedCombinations": ["fido2"], "combinationConfigurations": [{
            "@odata.type": "#microsoft.graph.fido2CombinationConfiguration", "appliesToCombinations": ["fido2"],
            "allowedAAGUIDs": [OTHER_MODEL]}]});
    let bind = json!({"id": policy_id(3), "grantControls": {
        "authenticationStrength@odata.bind": "https://graph.microsoft.com/v1.0/policies/authenticationStrengthPolicies('f0000000-0000-4000-8000-000000000001')"}});
    let proof = judge(&after(&json!([strength, bind])));
    assert_eq!(proof.verdict, Verdict::Locked);
    proof.counterexamples.iter().for_each(|c| replay(&after(&json!([strength, bind])), &question(1), c));
}

#[test]
fn locations_and_deletions() {
    // The office moves: nobody is locked out, because the accounts are excluded.
    let office = json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "id": OFFICE, "ipRanges": []});
    assert_eq!(verdict(&office), Verdict::ProvedSafe);
    let next = after(&json!({"op": "remove", "policy": policy_id(1)}));
    assert_eq!(next.get(c::POLICIES).unwrap().len(), policies().len() - 1);
    let next = after(&json!({"id": policy_id(1), "@removed": {"reason": "deleted"}}));
    assert_eq!(next.get(c::POLICIES).unwrap().len(), policies().len() - 1);
    let mut replaced = body();
    replaced["id"] = policy_id(1).into();
    assert_eq!(verdict(&json!({"op": "replace", "policy": replaced})), Verdict::Locked);
    assert_eq!(verdict(&json!({"op": "add", "policy": body()})), Verdict::Locked);
    assert_eq!(
        verdict(&json!({"op": "set-state", "policy": policy_id(6), "state": "enabled"})),
        Verdict::ProvedSafe
    );
}

#[test]
fn a_proof_is_of_the_tenant_after_the_change() {
    let before = judge(&healthy()).no_lockout().unwrap();
    let next = after(&json!({"id": policy_id(6), "state": "enabled"}));
    let proof = judge(&next).no_lockout().unwrap();
    assert_eq!(proof.snapshot_digest(), next.digest);
    assert_ne!(proof.snapshot_digest(), before.snapshot_digest());
    // Whatever a snapshot says of its digest, the proof is of its contents.
    let mut tampered = healthy();
    tampered.digest = "sha256:0".into();
    assert_eq!(prove(&tampered, &question(1), now()).snapshot_digest, healthy().digest);
}

#[test]
fn what_is_not_understood_is_not_judged() {
    let error = |change: Value| apply_change(&healthy(), &change).unwrap_err().to_string();
    let with = |pointer: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let errors = [
        error(json!("enable everything")),
        error(json!([body(), 7])),
        error(json!({})),
        error(json!({"id": policy_id(1)})),
        error(json!({"id": 7, "state": "enabled"})),
        error(json!({"id": "c0000000-0000-4000-8000-000000000099", "state": "enabled"})),
        error(with("/state", json!("on"))),
        error(with("/state", Value::Null)),
        error(with("/conditions", json!([]))),
        error(with("/conditions/users", Value::Null)),
        error(with("/conditions/users/includeUsers", json!("All"))),
        error(with("/conditions/users/includeUsers", json!(["All", 3]))),
        error(with("/conditions/applications", Value::Null)),
        error(with("/grantControls", Value::Null)),
        error(with("/grantControls/builtInControls", json!({"block": true}))),
        error(json!({"op": "enable", "policy": policy_id(1)})),
        error(json!({"op": "remove", "policy": "x"})),
        error(json!({"op": "set-state", "state": "enabled"})),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}
