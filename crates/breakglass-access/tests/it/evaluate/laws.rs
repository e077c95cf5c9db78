//! Laws that every tenant and every sign-in obey: what cannot matter does not, and what is not known contradicts nothing.

use super::random::{USER, policy, policy_id, shout, sign_in, tenant};
use breakglass_access::evaluate::{Decision, Evaluation, evaluate};
use breakglass_model::import::tenant_of_case;
use breakglass_model::sign_in::SignIn;
use breakglass_model::view::TenantView;
use breakglass_model::{PolicyId, Snapshot, Tri};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn snapshot(tenant: &Value) -> Snapshot {
    tenant_of_case(&json!({ "tenant": tenant }), Timestamp::UNIX_EPOCH).unwrap()
}

fn ask(tenant: &Value, sign_in: &Value) -> Evaluation {
    evaluate(&TenantView::new(&snapshot(tenant)), &SignIn::read(sign_in).unwrap())
}

fn policies(tenant: &mut Value) -> &mut Vec<Value> {
    tenant["conditionalAccessPolicies"].as_array_mut().unwrap()
}

/// Decision and satisfiability, which do not depend on how policies are called.
fn outcome(evaluation: &Evaluation) -> (Decision, Option<Tri>) {
    (evaluation.decision, evaluation.satisfiable)
}

/// An answer that was settled stays as it is; one that was not may become anything.
fn refines(known: &Evaluation, less: &Evaluation) -> Result<(), TestCaseError> {
    for (id, answer) in &less.policies {
        let full = known.policies[id].applies;
        prop_assert!(answer.applies.is_unknown() || answer.applies == full, "{id}: {answer:?}, but {full}");
    }
    let settled = less.decision != Decision::Unknown;
    prop_assert!(!settled || less.decision == known.decision, "{} but {}", less.decision, known.decision);
    if let Some(can) = less.satisfiable {
        prop_assert!(can.is_unknown() || Some(can) == known.satisfiable, "{can} but {:?}", known.satisfiable);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn order_and_case_do_not_matter(tenant in tenant(), sign_in in sign_in()) {
        let plain = ask(&tenant, &sign_in);
        let mut other = tenant.clone();
        policies(&mut other).reverse();
        prop_assert_eq!(&ask(&other, &sign_in), &plain);
        prop_assert_eq!(outcome(&ask(&shout(&tenant), &sign_in)), outcome(&plain));
        prop_assert_eq!(&ask(&tenant, &shout(&sign_in)), &plain);
    }

    #[test]
    fn a_disabled_policy_and_a_copy_change_nothing(mut tenant in tenant(), mut disabled in policy(), sign_in in sign_in()) {
        let plain = ask(&tenant, &sign_in);
        disabled["id"] = json!(policy_id(90));
        disabled["state"] = json!("disabled");
        policies(&mut tenant).push(disabled);
        let with = ask(&tenant, &sign_in);
        prop_assert_eq!(outcome(&with), outcome(&plain));
        prop_assert_eq!(&with.requirements, &plain.requirements);
        prop_assert_eq!(with.policies[&PolicyId::new(policy_id(90))].reason.as_deref(), Some("policyNotEnabled"));
        let mut copy = policies(&mut tenant)[0].clone();
        copy["id"] = json!(policy_id(91));
        policies(&mut tenant).push(copy);
        prop_assert_eq!(outcome(&ask(&tenant, &sign_in)), outcome(&plain));
    }

    #[test]
    fn ranges_and_countries_may_be_split(mut tenant in tenant(), sign_in in sign_in()) {
        let plain = ask(&tenant, &sign_in);
        let locations = tenant["namedLocations"].as_array_mut().unwrap();
        locations[0]["ipRanges"] = json!([{"cidrAddress": "203.0.113.128/25"}, {"cidrAddress": "203.0.113.0/25"}]);
        prop_assert_eq!(&ask(&tenant, &sign_in), &plain);
        let locations = tenant["namedLocations"].as_array_mut().unwrap();
        let mut rest = locations[2].clone();
        let second = "d0000000-0000-4000-8000-000000000009";
        let codes = locations[2]["countriesAndRegions"].as_array().unwrap().clone();
        let (first, others) = codes.split_at(codes.len() / 2);
        locations[2]["countriesAndRegions"] = json!(first);
        rest["id"] = json!(second);
        rest["countriesAndRegions"] = json!(others);
        let id = locations[2]["id"].clone();
        locations.push(rest);
        for policy in policies(&mut tenant) {
            for side in ["includeLocations", "excludeLocations"] {
                let list = policy["conditions"]["locations"].get_mut(side).and_then(Value::as_array_mut);
                if let Some(list) = list.filter(|list| list.contains(&id)) {
                    list.push(json!(second));
                }
            }
        }
        prop_assert_eq!(&ask(&tenant, &sign_in), &plain);
    }

    #[test]
    fn and_may_be_split_into_two_policies(mut tenant in tenant(), sign_in in sign_in()) {
        let plain = ask(&tenant, &sign_in);
        let mut more = Vec::new();
        for policy in policies(&mut tenant) {
            let controls = policy["grantControls"]["builtInControls"].as_array().cloned().unwrap_or_default();
            if policy["grantControls"]["operator"] == "AND" && controls.len() > 1 {
                let mut half = policy.clone();
                half["id"] = json!(policy_id(50 + more.len()));
                half["grantControls"]["builtInControls"] = json!(controls[..1]);
                half["grantControls"]["customAuthenticationFactors"] = json!([]);
                policy["grantControls"]["builtInControls"] = json!(controls[1..]);
                more.push(half);
            }
        }
        policies(&mut tenant).extend(more);
        prop_assert_eq!(outcome(&ask(&tenant, &sign_in)), outcome(&plain));
    }

    /// More policies make it harder, an exclusion easier.
    #[test]
    fn access_is_antitone(tenant in tenant(), mut another in policy(), sign_in in sign_in()) {
        let plain = ask(&tenant, &sign_in);
        another["id"] = json!(policy_id(92));
        let mut more = tenant.clone();
        policies(&mut more).push(another);
        let harder = ask(&more, &sign_in);
        prop_assert!(plain.decision != Decision::Block || harder.decision == Decision::Block);
        prop_assert!(plain.satisfiable != Some(Tri::No) || harder.satisfiable == Some(Tri::No));
        prop_assert!(harder.satisfiable != Some(Tri::Yes) || plain.satisfiable == Some(Tri::Yes));
        let mut less = tenant;
        policies(&mut less)[0]["conditions"]["users"]["excludeUsers"] = json!([USER]);
        let easier = ask(&less, &sign_in);
        prop_assert!(easier.policies[&PolicyId::new(policy_id(0))].applies.is_no());
        prop_assert!(plain.satisfiable != Some(Tri::Yes) || easier.satisfiable == Some(Tri::Yes));
        prop_assert!(easier.decision != Decision::Block || plain.decision == Decision::Block);
    }

    #[test]
    fn facts_of_the_sign_in_that_are_not_known_contradict_nothing(tenant in tenant(), sign_in in sign_in(), lost in any::<u16>()) {
        let full = ask(&tenant, &sign_in);
        let mut partial = sign_in.clone();
        let conditions = partial["signInConditions"].as_object_mut().unwrap();
        let keys: Vec<String> = conditions.keys().cloned().collect();
        for (n, key) in keys.iter().enumerate().filter(|(n, _)| lost & (1 << n) != 0) {
            prop_assert!(n < 14);
            conditions.remove(key);
        }
        let x = partial["x"].as_object_mut().unwrap();
        for (bit, key) in [(14, "compliantNetwork"), (15, "client")] {
            if lost & (1 << bit) != 0 {
                x.remove(key);
            }
        }
        refines(&full, &ask(&tenant, &partial))?;
    }

    #[test]
    fn facts_of_the_tenant_that_are_not_known_contradict_nothing(tenant in tenant(), sign_in in sign_in(), lost in any::<u16>()) {
        let sign_in = SignIn::read(&sign_in).unwrap();
        let mut snapshot = snapshot(&tenant);
        let full = evaluate(&TenantView::new(&snapshot), &sign_in);
        let collections = ["namedLocations", "groups", "directoryRoleAssignments", "authenticationStrengthPolicies", "users", "domains", "servicePrincipals", "settings"];
        for (n, name) in collections.iter().enumerate().filter(|(n, _)| lost & (1 << n) != 0) {
            prop_assert!(n < 8);
            snapshot.collections.remove(*name);
        }
        if lost & (1 << 8) != 0 {
            snapshot.note_unread("groups/b0000000-0000-4000-8000-000000000002/members", "403");
        }
        if lost & (1 << 9) != 0 {
            snapshot.note_unread("namedLocations/d0000000-0000-4000-8000-000000000001", "403");
        }
        if lost & (1 << 10) != 0 {
            snapshot.note_unread(format!("conditionalAccessPolicies/{}", policy_id(0)), "it was cut in two");
        }
        if lost & (1 << 11) != 0 {
            snapshot.note_unread("authenticationMethodsPolicy", "403");
        }
        if lost & (1 << 12) != 0 {
            snapshot.collections.get_mut("groups").into_iter().for_each(|groups| {
                groups.iter_mut().take(1).for_each(|group| { group.as_object_mut().unwrap().remove("members"); });
            });
        }
        if lost & (1 << 13) != 0 {
            snapshot.note_unread("directoryRoleAssignments", "403");
        }
        // The date is told apart from what else is in the settings.
        snapshot.taken_at = "2026-11-21T00:00:00Z".parse().unwrap();
        refines(&full, &evaluate(&TenantView::new(&snapshot), &sign_in))?;
        snapshot.collections.remove("conditionalAccessPolicies");
        let nothing = evaluate(&TenantView::new(&snapshot), &sign_in);
        prop_assert_eq!(nothing.decision, Decision::Unknown);
        prop_assert!(nothing.satisfiable != Some(Tri::Yes));
    }

    /// A condition, a member or a control that nobody knows settles nothing that was not settled without it.
    #[test]
    fn what_is_not_understood_contradicts_nothing(tenant in tenant(), sign_in in sign_in(), what in 0usize..6) {
        let plain = ask(&tenant, &sign_in);
        let mut strange = tenant;
        for policy in policies(&mut strange) {
            match what {
                0 => policy["conditions"]["postureLevels"] = json!(["weak"]),
                1 => policy["conditions"]["users"]["includeMoons"] = json!(["x"]),
                2 => policy["conditions"]["applications"]["excludeMoons"] = json!(["x"]),
                3 => policy["state"] = json!("partiallyEnabled"),
                4 => policy["conditions"]["devices"] = json!({"includeDevices": ["All"], "deviceFilter": policy["conditions"]["devices"]["deviceFilter"]}),
                _ => policy["conditions"]["users"]["excludeUsers"] = json!([7]),
            }
        }
        let unknown = ask(&strange, &sign_in);
        for (id, answer) in &unknown.policies {
            let before = plain.policies[id].applies;
            // The state decides nothing about whether it would apply; a disabled policy may now be on.
            let may_be_on = what == 3 || answer.applies.is_unknown() || answer.applies == before;
            let excluded_before = what == 5 && before.is_no();
            prop_assert!(may_be_on || excluded_before, "{id}: {before} became {answer:?}");
        }
        prop_assert!(unknown.decision != Decision::None || plain.decision == Decision::None || what == 5);
    }
}
