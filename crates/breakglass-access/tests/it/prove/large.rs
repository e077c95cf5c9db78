//! Tenants as large as Entra allows: the prover ends, and both procedures agree.

use super::tenants::*;
use breakglass_access::prove::Verdict;
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Value, json};

/// A small generator of our own: the same tenant on every machine.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn location(n: u64) -> String {
    format!("d0000000-0000-4000-8000-{n:012}")
}

/// The frequencies of published baselines (CONDITIONAL_ACCESS 4.3). With `excluded`, the accounts are out of all of it.
fn large(policies: usize, locations: u64, excluded: bool) -> Snapshot {
    let mut dice = Dice(0x5eed);
    let mut all = Vec::new();
    for n in 0..policies {
        let grant = match dice.throw(100) {
            0..38 => controls(&["block"]),
            38..53 => controls(&["mfa"]),
            53..68 => controls(&["compliantDevice"]),
            68..79 => {
                json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": PHISHING_RESISTANT}})
            }
            _ => Value::Null,
        };
        let mut policy = policy(n, &format!("policy {n}"), grant);
        if policy["grantControls"].is_null() {
            policy["sessionControls"] =
                json!({"signInFrequency": {"isEnabled": true, "type": "hours", "value": 4}});
        }
        let conditions = &mut policy["conditions"];
        conditions["users"] = match dice.throw(100) {
            0..60 => json!({"includeUsers": ["All"]}),
            60..76 => json!({"includeGroups": [GROUP]}),
            76..87 => json!({"includeRoles": [GLOBAL_ADMINISTRATOR]}),
            _ => {
                json!({"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "b2bCollaborationGuest"}})
            }
        };
        if excluded {
            conditions["users"]["excludeUsers"] = json!([EA1, EA2]);
        }
        conditions["applications"]["includeApplications"] = match dice.throw(100) {
            0..60 => json!(["All"]),
            60..71 => json!(["Office365"]),
            71..77 => json!(["MicrosoftAdminPortals"]),
            77..82 => json!(["797f4846-ba00-4fd7-ba43-dac1f8f63013"]),
            82..92 => json!(["00000002-0000-0ff1-ce00-000000000000"]),
            _ => json!(["None"]),
        };
        match dice.throw(10) {
            0..2 => {
                let (a, b) = (location(dice.throw(locations)), location(dice.throw(locations)));
                conditions["locations"] = json!({"includeLocations": ["All"], "excludeLocations": [a, b]});
            }
            2 => conditions["locations"] = json!({"includeLocations": [location(dice.throw(locations))]}),
            3 => {
                conditions["platforms"] =
                    json!({"includePlatforms": ["all"], "excludePlatforms": ["iOS", "android"]})
            }
            4 => conditions["signInRiskLevels"] = json!(["high", "medium"]),
            5 => conditions["userRiskLevels"] = json!(["high"]),
            6 => conditions["clientAppTypes"] = json!(["exchangeActiveSync", "other"]),
            7 => {
                conditions["devices"] = json!({"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True -or device.trustType -eq \"ServerAD\""}})
            }
            _ => {}
        }
        all.push(policy);
    }
    let named = (0..locations).map(|n| {
        let ranges: Vec<Value> = (0..4).map(|i| json!({"cidrAddress": format!("10.{}.{}.0/24", n % 250, 4 * (n % 8) + i)})).collect();
        json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "id": location(n), "displayName": format!("location {n}"),
            "isTrusted": n % 2 == 0, "ipRanges": ranges})
    });
    let named: Vec<Value> = named.collect();
    with(healthy(), |s| {
        s.set(c::POLICIES, all);
        s.set(c::NAMED_LOCATIONS, named);
    })
}

#[test]
fn a_large_tenant_is_proved() {
    let proof = judge(&large(195, 16, true));
    assert_eq!(proof.verdict, Verdict::ProvedSafe, "{}", proof.headline());
    // One exclusion forgotten among 195 policies is found, and what repairs it.
    let snapshot = with(large(195, 16, true), |s| {
        forget(s, 100);
        let policy = policy_of(s, 100);
        policy["conditions"] = json!({"clientAppTypes": ["all"], "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]}, "signInRiskLevels": ["medium"]});
        policy["grantControls"] = controls(&["block"]);
    });
    let proof = judge(&snapshot);
    assert_eq!(proof.verdict, Verdict::Locked);
    assert!(
        proof.counterexamples.iter().all(|c| c.policies == [policy_id(99)]),
        "{:?}",
        proof.counterexamples
    );
    proof.counterexamples.iter().for_each(|c| replay(&snapshot, &question(1), c));
}

#[test]
fn a_large_tenant_without_exclusions_ends() {
    let snapshot = large(60, 20, false);
    let proof = judge(&snapshot);
    assert_eq!(proof.verdict, Verdict::Locked);
    proof.counterexamples.iter().for_each(|c| replay(&snapshot, &question(1), c));
    assert!(!proof.least_exclusions.is_empty());
}
