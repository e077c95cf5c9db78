//! A tenant of a few thousand objects: for paging, and for programs that are quadratic.

use super::build::{MADE, id};
use crate::state::State;
use serde_json::{Value, json};

const USERS: usize = 3000;
const GROUPS: usize = 300;
const POLICIES: usize = 120;

/// Adds people, groups of ten each, and policies for those groups, to what is there.
pub(super) fn grow(state: &mut State) {
    let mut users = Vec::with_capacity(USERS);
    for number in 0..USERS {
        let name = format!("Employee {number:04}");
        let upn = format!("employee.{number:04}@contoso.com");
        let user_id = id(state, "user", &upn);
        state.directory.users.insert(json!({
            "id": user_id, "accountEnabled": number % 50 != 0, "createdDateTime": MADE, "displayName": name,
            "userPrincipalName": upn, "mail": upn, "mailNickname": format!("employee.{number:04}"),
            "userType": if number % 40 == 1 { "Guest" } else { "Member" }, "businessPhones": [], "assignedLicenses": [],
            "onPremisesSyncEnabled": true, "usageLocation": "NL",
        }));
        users.push(user_id);
    }
    let mut groups = Vec::with_capacity(GROUPS);
    for (number, members) in users.chunks(USERS / GROUPS).enumerate() {
        let group_id = id(state, "group", &format!("Team {number:03}"));
        state.directory.groups.insert(json!({
            "id": group_id, "createdDateTime": MADE, "displayName": format!("Team {number:03}"),
            "description": "A team", "mailNickname": format!("team{number:03}"), "mailEnabled": false,
            "securityEnabled": true, "groupTypes": [], "visibility": "Public",
        }));
        state.directory.members.insert(group_id.clone(), members.iter().cloned().collect());
        groups.push(group_id);
    }
    let samples: Vec<Value> = state.directory.policies.iter().cloned().collect();
    for (number, (sample, group)) in
        samples.iter().cycle().zip(groups.iter().cycle()).take(POLICIES).enumerate()
    {
        let mut policy = sample.clone();
        let policy_id = id(state, "policy", &format!("large {number}"));
        if let Some(map) = policy.as_object_mut() {
            map.insert("id".into(), policy_id.into());
            map.insert("displayName".into(), format!("CA{:04}-Team-{number:03}", 1000 + number).into());
        }
        if let Some(users) = policy.pointer_mut("/conditions/users").and_then(Value::as_object_mut) {
            users.insert("includeUsers".into(), json!([]));
            users.insert("includeRoles".into(), json!([]));
            users.insert("includeGroups".into(), json!([group]));
        }
        state.directory.policies.insert(policy);
    }
}
