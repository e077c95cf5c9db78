//! Whether a policy's user assignment reaches an account (CONDITIONAL_ACCESS U-1 to U-7), in three values.

use super::{Found, by_id, collection, held, membership, same, text};
use breakglass_model::Tri;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::Value;

/// What a policy's user assignment does with one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Included by users, groups, roles or guest types.
    pub(crate) included: Tri,
    /// Excluded by any of them.
    pub(crate) excluded: Tri,
}

impl Reach {
    /// Included and not excluded.
    pub(crate) fn reaches(&self) -> Tri {
        self.included.and(!self.excluded)
    }
}

/// The policies, or why they were not read.
pub(crate) fn policies(snapshot: &Snapshot) -> Result<&[Value], String> {
    super::whole(snapshot, c::POLICIES)
}

/// Whether a policy is on (not report-only, not off). A state nobody knows may be on.
pub(crate) fn is_enforced(policy: &Value) -> Tri {
    match text(policy, "state") {
        Some("enabled") => Tri::Yes,
        Some("disabled" | "enabledForReportingButNotEnforced") => Tri::No,
        _ => Tri::Unknown,
    }
}

/// A policy's display name, or its id.
pub(crate) fn policy_name(policy: &Value) -> &str {
    text(policy, "displayName").or_else(|| text(policy, "id")).unwrap_or("a policy without a name")
}

/// Whether a policy lists a user by id in one of its lists.
pub(crate) fn names_user(policy: &Value, list: &str, user: &str) -> bool {
    ids(policy, list).unwrap_or_default().iter().any(|id| same(id, user))
}

/// What a policy's user assignment does with a user.
pub(crate) fn reach(snapshot: &Snapshot, policy: &Value, user: &str) -> Reach {
    Reach { included: side(snapshot, policy, user, true), excluded: side(snapshot, policy, user, false) }
}

/// A list of ids; `None` when it is there and is no list of texts.
fn ids<'a>(policy: &'a Value, list: &str) -> Option<Vec<&'a str>> {
    match policy.pointer(&format!("/conditions/users/{list}")) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

fn side(snapshot: &Snapshot, policy: &Value, user: &str, include: bool) -> Tri {
    let Some(users) = policy.pointer("/conditions/users").filter(|u| u.is_object()) else {
        // A policy for workloads has no users; one whose users could not be read may include or exclude anybody.
        let workload = policy.pointer("/conditions/clientApplications").is_some_and(Value::is_object);
        return if workload { Tri::No } else { Tri::Unknown };
    };
    let list = |word: &str| ids(policy, &format!("{}{word}", if include { "include" } else { "exclude" }));
    let by_user = list("Users").map_or(Tri::Unknown, |ids| {
        Tri::any(ids.iter().map(|id| match *id {
            "All" => Tri::Yes,
            "None" => Tri::No,
            "GuestsOrExternalUsers" => guest(snapshot, user),
            id => same(id, user).into(),
        }))
    });
    let by_group = list("Groups")
        .map_or(Tri::Unknown, |ids| Tri::any(ids.iter().map(|group| membership(snapshot, group, user))));
    let by_role = list("Roles").map_or(Tri::Unknown, |ids| Tri::any(ids.iter().map(|role| has_role(snapshot, user, role))));
    let key = if include { "includeGuestsOrExternalUsers" } else { "excludeGuestsOrExternalUsers" };
    let by_guest = match users.get(key) {
        None | Some(Value::Null) => Tri::No,
        // Which kind of guest is not looked at here: a member is none of them.
        Some(_) => match guest(snapshot, user) {
            Tri::No => Tri::No,
            _ => Tri::Unknown,
        },
    };
    Tri::any([by_user, by_group, by_role, by_guest])
}

fn guest(snapshot: &Snapshot, user: &str) -> Tri {
    match by_id(snapshot, c::USERS, user) {
        Found::Here(user) => match text(user, "userType") {
            Some(kind) => kind.eq_ignore_ascii_case("guest").into(),
            None => Tri::Unknown,
        },
        _ => Tri::Unknown,
    }
}

fn has_role(snapshot: &Snapshot, user: &str, role: &str) -> Tri {
    if collection(snapshot, c::ROLE_ASSIGNMENTS).is_err() {
        return Tri::Unknown;
    }
    match held(snapshot, user, role) {
        // A role that is only eligible counts from the moment it is activated.
        Ok(how) if how.eligible && how.active().is_no() => Tri::Unknown,
        Ok(how) => how.active(),
        Err(_) => Tri::Unknown,
    }
}
