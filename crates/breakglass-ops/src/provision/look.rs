//! Looking things up in a snapshot, for whoever plans from it.

use crate::collect::text;
use breakglass_model::design::AccountDesign;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, PolicyId, ids::GLOBAL_ADMINISTRATOR};
use serde_json::Value;

/// Whether group and accounts are in the policy's exclusions, all of them.
pub(crate) fn is_excluded(
    snapshot: &Snapshot,
    policy: &PolicyId,
    group: Option<&ObjectId>,
    accounts: &[Option<ObjectId>],
) -> bool {
    let Some(policy) = policy_by_id(snapshot, policy) else { return false };
    let has = |list: &str, id: &ObjectId| {
        let ids = policy.pointer(&format!("/conditions/users/{list}")).and_then(Value::as_array);
        ids.is_some_and(|ids| ids.iter().filter_map(Value::as_str).any(|x| ObjectId::new(x) == *id))
    };
    group.is_some_and(|g| has("excludeGroups", g))
        && accounts.iter().all(|a| a.as_ref().is_some_and(|id| has("excludeUsers", id)))
}

/// The account's object, by declared id.
pub(crate) fn existing(account: &AccountDesign, snapshot: &Snapshot) -> Option<ObjectId> {
    account.object_id.clone().filter(|id| user_by_id(snapshot, id).is_some())
}

pub(crate) fn user_by_id<'a>(snapshot: &'a Snapshot, id: &ObjectId) -> Option<&'a Value> {
    snapshot.get(c::USERS)?.iter().find(|u| text(u, "id").is_some_and(|x| ObjectId::new(x) == *id))
}

pub(crate) fn user_by_upn<'a>(snapshot: &'a Snapshot, upn: &str) -> Option<&'a Value> {
    snapshot
        .get(c::USERS)?
        .iter()
        .find(|u| text(u, "userPrincipalName").is_some_and(|x| x.eq_ignore_ascii_case(upn)))
}

pub(crate) fn policy_by_id<'a>(snapshot: &'a Snapshot, id: &PolicyId) -> Option<&'a Value> {
    snapshot.get(c::POLICIES)?.iter().find(|p| text(p, "id").is_some_and(|x| PolicyId::new(x) == *id))
}

pub(crate) fn is_member(snapshot: &Snapshot, group: &ObjectId, id: &ObjectId) -> bool {
    let groups = snapshot.get(c::GROUPS).unwrap_or_default();
    let group = groups.iter().find(|g| text(g, "id").is_some_and(|x| ObjectId::new(x) == *group));
    let members = group.and_then(|g| g.get("members")).and_then(Value::as_array);
    members.is_some_and(|m| m.iter().filter_map(Value::as_str).any(|x| ObjectId::new(x) == *id))
}

pub(crate) fn passkeys(snapshot: &Snapshot, id: &ObjectId) -> usize {
    let rows = snapshot.get(c::AUTHENTICATION_METHODS).unwrap_or_default();
    let row = rows.iter().find(|r| text(r, "userId").is_some_and(|x| ObjectId::new(x) == *id));
    let methods = row.and_then(|r| r.get("methods")).and_then(Value::as_array);
    methods.map_or(0, |m| {
        m.iter()
            .filter(|m| text(m, "@odata.type").is_some_and(|t| t.ends_with("fido2AuthenticationMethod")))
            .count()
    })
}

pub(crate) fn is_permanent_global_administrator(snapshot: &Snapshot, id: &ObjectId) -> bool {
    snapshot.get(c::ROLE_ASSIGNMENTS).unwrap_or_default().iter().any(|a| {
        text(a, "principalId").is_some_and(|p| ObjectId::new(p) == *id)
            && text(a, "roleDefinitionId").is_some_and(|r| r.eq_ignore_ascii_case(GLOBAL_ADMINISTRATOR))
            && text(a, "directoryScopeId") == Some("/")
            && text(a, "assignmentType") == Some("active")
            && a.get("endDateTime").is_none_or(Value::is_null)
    })
}
