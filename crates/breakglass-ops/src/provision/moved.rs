//! Whether the tenant is still the one the plan was made from, our own steps aside.

use super::journal::Journal;
use crate::collect::text;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What differs, one line each; empty when nothing that the plan or the proof rests on has moved.
pub(crate) fn since(base: &Snapshot, fresh: &Snapshot, journal: &Journal) -> Vec<String> {
    let ours: BTreeSet<String> = journal.ids.values().map(|id| id.to_ascii_lowercase()).collect();
    let mut moves = Vec::new();
    if base.tenant.id != fresh.tenant.id {
        moves.push(format!("it is tenant `{}`, not `{}`", fresh.tenant.id, base.tenant.id));
    }
    for collection in [
        c::POLICIES,
        c::NAMED_LOCATIONS,
        c::STRENGTHS,
        c::METHODS_POLICY,
        c::SECURITY_DEFAULTS,
        c::DOMAINS,
        c::ROLE_ASSIGNMENTS,
    ] {
        let (before, after) = (view(base, collection, &ours), view(fresh, collection, &ours));
        let (Some(before), Some(after)) = (before, after) else {
            moves.push(format!("`{collection}` could be read only once"));
            continue;
        };
        for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            match (before.get(key), after.get(key)) {
                (Some(x), Some(y)) if x != y => {
                    moves.push(format!("{collection} `{}` was changed", name(y, key)))
                }
                (Some(x), None) => moves.push(format!("{collection} `{}` is gone", name(x, key))),
                (None, Some(y)) => moves.push(format!("{collection} `{}` is new", name(y, key))),
                _ => {}
            }
        }
    }
    moves
}

fn name(value: &Value, key: &str) -> String {
    text(value, "displayName").map_or_else(|| key.to_owned(), |n| format!("{n} ({key})"))
}

/// The objects of a collection by id, without times of modification and without our own marks on them.
fn view(snapshot: &Snapshot, collection: &str, ours: &BTreeSet<String>) -> Option<BTreeMap<String, Value>> {
    let mut view = BTreeMap::new();
    for (i, object) in snapshot.get(collection)?.iter().enumerate() {
        if text(object, "principalId").is_some_and(|p| ours.contains(&p.to_ascii_lowercase())) {
            continue;
        }
        let mut object = object.clone();
        if let Some(map) = object.as_object_mut() {
            map.remove("modifiedDateTime");
        }
        if collection == c::POLICIES {
            forget_ours(&mut object, ours);
        }
        let key = text(&object, "id").map_or_else(|| i.to_string(), str::to_ascii_lowercase);
        view.insert(key, object);
    }
    Some(view)
}

/// Takes our ids out of the exclusion lists; an empty, a null and an absent list mean the same.
fn forget_ours(policy: &mut Value, ours: &BTreeSet<String>) {
    let Some(users) = policy.pointer_mut("/conditions/users").and_then(Value::as_object_mut) else { return };
    for list in ["excludeUsers", "excludeGroups"] {
        let kept: Vec<Value> = users
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|id| !id.as_str().is_some_and(|id| ours.contains(&id.to_ascii_lowercase())))
            .cloned()
            .collect();
        users.insert(list.into(), json!(kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provision::plan::{FORMAT, Plan};
    use breakglass_model::snapshot::TenantInfo;
    use jiff::Timestamp;

    fn snapshot(policies: Value, roles: Value) -> Snapshot {
        let mut s = Snapshot::new(
            TenantInfo { id: "t".into(), name: String::new(), cloud: String::new() },
            Timestamp::UNIX_EPOCH,
        );
        for collection in
            [c::NAMED_LOCATIONS, c::STRENGTHS, c::METHODS_POLICY, c::SECURITY_DEFAULTS, c::DOMAINS]
        {
            s.set(collection, vec![]);
        }
        s.set(c::POLICIES, policies.as_array().unwrap().clone());
        s.set(c::ROLE_ASSIGNMENTS, roles.as_array().unwrap().clone());
        s.seal()
    }

    #[test]
    fn our_own_steps_are_no_move_and_anything_else_is() {
        let plan = Plan {
            format: FORMAT.into(),
            tenant: "t".into(),
            created_at: Timestamp::UNIX_EPOCH,
            snapshot_digest: String::new(),
            design_digest: String::new(),
            steps: vec![],
            digest: String::new(),
        };
        let ids = BTreeMap::from([
            ("account/ea-01".to_owned(), "A".to_owned()),
            ("group".to_owned(), "G".to_owned()),
        ]);
        let journal = Journal { plan, steps: BTreeMap::new(), ids, undone: false };
        let policy = |exclude: Value, state: &str| {
            json!([{"id": "p", "displayName": "P", "state": state, "modifiedDateTime": exclude,
            "conditions": {"users": {"includeUsers": ["All"], "excludeGroups": exclude}}}])
        };
        let base = snapshot(policy(json!(["x"]), "enabled"), json!([]));
        let ours = snapshot(policy(json!(["x", "g"]), "enabled"), json!([{"id": "r", "principalId": "a"}]));
        assert_eq!(since(&base, &ours, &journal), Vec::<String>::new());
        for (other, expect) in [
            (
                snapshot(policy(json!(["x"]), "disabled"), json!([])),
                "conditionalAccessPolicies `P (p)` was changed",
            ),
            (
                snapshot(policy(json!([]), "enabled"), json!([])),
                "conditionalAccessPolicies `P (p)` was changed",
            ),
            (snapshot(json!([]), json!([])), "conditionalAccessPolicies `P (p)` is gone"),
            (
                snapshot(policy(json!(["x"]), "enabled"), json!([{"id": "r", "principalId": "z"}])),
                "directoryRoleAssignments `r` is new",
            ),
        ] {
            assert_eq!(since(&base, &other, &journal), [expect]);
        }
    }
}
