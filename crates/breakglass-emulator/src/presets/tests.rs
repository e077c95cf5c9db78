use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

fn preset(name: &str) -> State {
    let mut state = State::new(1);
    Tenant::find(name).unwrap().fill(&mut state).unwrap_or_else(|e| panic!("{name}: {e}"));
    state
}

fn texts<'a>(policy: &'a Value, pointer: &str) -> Vec<&'a str> {
    policy
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn every_preset_fills_a_tenant_whose_references_resolve() {
    for (name, _) in PRESETS {
        let state = preset(name);
        let directory = &state.directory;
        for policy in directory.policies.iter() {
            let title = text(policy, "displayName").unwrap();
            for list in ["includeGroups", "excludeGroups"] {
                for id in texts(policy, &format!("/conditions/users/{list}")) {
                    let deleted = *name == "hostile" && directory.deleted_items.contains(id);
                    assert!(directory.groups.contains(id) || deleted, "{name} {title}: group {id}");
                }
            }
            for list in ["includeRoles", "excludeRoles"] {
                for id in texts(policy, &format!("/conditions/users/{list}")) {
                    assert!(directory.role_definitions.contains(id), "{name} {title}: role {id}");
                }
            }
            for list in ["includeLocations", "excludeLocations"] {
                for id in texts(policy, &format!("/conditions/locations/{list}")) {
                    let word = matches!(id, "All" | "AllTrusted");
                    assert!(word || directory.named_locations.contains(id), "{name} {title}: location {id}");
                }
            }
        }
        for (group, members) in &directory.members {
            let known = directory.groups.contains(group) || directory.deleted_items.contains(group);
            assert!(known && members.iter().all(|m| directory.users.contains(m)), "{name} {group}");
        }
        for assignment in directory.role_assignments.iter() {
            assert!(
                directory.users.contains(text(assignment, "principalId").unwrap()),
                "{name} {assignment}"
            );
        }
    }
}

#[test]
fn the_same_preset_has_the_same_ids() {
    let ids = |state: &State| {
        let all = state.directory.users.iter().chain(state.directory.policies.iter());
        all.map(|o| text(o, "id").unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(&preset("demo")), ids(&preset("demo")));
    assert!(ids(&preset("demo")).is_disjoint(&ids(&preset("healthy"))), "tenants share no ids");
}

#[test]
fn the_demo_has_a_baseline_and_no_emergency_access() {
    let state = preset("demo");
    assert!(state.emergency.is_empty());
    assert!(state.directory.groups.find("displayName", &state.exclusion_group).is_none());
    assert_eq!(state.directory.policies.len(), 16);
    let states: Vec<_> = state.directory.policies.iter().filter_map(|p| text(p, "state")).collect();
    assert_eq!(states.iter().filter(|s| **s == "enabled").count(), 15, "{states:?}");
    let role = builtin::role("Global Administrator").unwrap();
    let administrators = state
        .directory
        .users
        .iter()
        .filter(|u| state.directory.roles_of(text(u, "id").unwrap()).contains(&role));
    assert_eq!(administrators.count(), 1);
    let excluded = state
        .directory
        .policies
        .iter()
        .any(|p| !policies::users_of(p)["excludeGroups"].as_array().unwrap().is_empty());
    assert!(!excluded, "nobody is excluded yet");
}

#[test]
fn the_healthy_tenant_has_two_accounts_in_an_excluded_group() {
    let state = preset("healthy");
    assert_eq!(state.emergency.len(), 2);
    let group = state.directory.groups.find("displayName", "Emergency access").unwrap();
    let id = text(group, "id").unwrap();
    for account in &state.emergency {
        assert!(state.directory.members[id].contains(&account.object_id));
        assert_eq!(state.directory.methods[&account.object_id].len(), 2);
        assert!(state.hidden.passwords.contains_key(&account.object_id));
    }
    let blocks = state
        .directory
        .policies
        .iter()
        .filter(|p| texts(p, "/grantControls/builtInControls").contains(&"block"));
    for policy in blocks {
        assert!(texts(policy, "/conditions/users/excludeGroups").contains(&id), "{}", policy["displayName"]);
        // By name too, so that the group may be lost.
        let users = texts(policy, "/conditions/users/excludeUsers");
        assert!(
            state.emergency.iter().all(|a| users.contains(&a.object_id.as_str())),
            "{}",
            policy["displayName"]
        );
    }
}

#[test]
fn the_hostile_tenant_is_full_of_traps() {
    let state = preset("hostile");
    let directory = &state.directory;
    let [first, second] = state.emergency.as_slice() else { panic!("{:?}", state.emergency) };
    let group = directory.deleted_items.find("displayName", "Emergency access").unwrap();
    let id = text(group, "id").unwrap();
    assert!(directory.policies.iter().any(|p| texts(p, "/conditions/users/excludeGroups").contains(&id)));
    let role = builtin::role("Global Administrator").unwrap();
    assert!(directory.roles_of(&first.object_id).contains(&role));
    assert!(!directory.roles_of(&second.object_id).contains(&role), "eligible only");
    assert_eq!(directory.role_eligibility_schedule_instances.len(), 1);
    assert_eq!(state.azure.role_assignments.len(), 1, "an elevation was left behind");
}

#[test]
fn a_form_can_lift_the_limit_of_conditional_access() {
    let mut state = State::new(1);
    let mut form = form("empty").unwrap();
    form.conditional_access_limit = Some(false);
    build::fill(&mut state, &form).unwrap();
    assert_eq!(state.directory.singletons[crate::graph::CONDITIONAL_ACCESS_LIMIT], false);
    assert!(!preset("demo").directory.singletons.contains_key(crate::graph::CONDITIONAL_ACCESS_LIMIT));
}

#[test]
fn what_does_not_exist_is_said() {
    let error = Tenant::find("no-such-tenant").unwrap_err();
    assert!(error.contains("demo, empty, healthy, hostile"), "{error}");
}

#[test]
fn a_published_export_can_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let list = r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies",
        "value":[{"id":"1","displayName":"a","state":"enabled","conditions":{"users":{"includeUsers":["All"]}}}]}"#;
    std::fs::write(folder.path().join("policies.json"), list).unwrap();
    let utf16: Vec<u8> = "\u{feff}{\"id\":\"2\",\"displayName\":\"b\",\"countriesAndRegions\":[\"NL\"]}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(folder.path().join("location.json"), utf16).unwrap();
    std::fs::write(folder.path().join("other.json"), "not json").unwrap();
    let state = preset(folder.path().to_str().unwrap());
    assert_eq!((state.directory.policies.len(), state.directory.named_locations.len()), (1, 1));
    let policy = state.directory.policies.get("1").unwrap();
    assert_eq!(policy["conditions"]["users"]["excludeGroups"], serde_json::json!([]));
}
