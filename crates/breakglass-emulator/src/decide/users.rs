//! Whom a policy is for (rules U-1 to U-11).

use super::{Attempt, Holds, list, same, says_something};
use crate::state::Directory;
use serde_json::Value;
use std::collections::BTreeSet;

const READ: &[&str] = &[
    "includeUsers",
    "excludeUsers",
    "includeGroups",
    "excludeGroups",
    "includeRoles",
    "excludeRoles",
    "includeGuestsOrExternalUsers",
    "excludeGuestsOrExternalUsers",
];

/// Whoever signs in, with what the directory says about it: found once for all policies.
pub(super) struct Who<'a> {
    attempt: &'a Attempt,
    groups: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl<'a> Who<'a> {
    pub(super) fn new(directory: &Directory, attempt: &'a Attempt) -> Self {
        let (groups, roles) = (directory.groups_of(&attempt.user), directory.roles_of(&attempt.user));
        Self { attempt, groups, roles }
    }
}

/// Whether the users condition holds.
pub(super) fn holds(who: &Who<'_>, conditions: &Value) -> Holds {
    // U-9: such a policy is for workload identities.
    if conditions.get("clientApplications").is_some_and(says_something) {
        return Holds::No;
    }
    let Some(users) = conditions.get("users") else { return Holds::No };
    let side = |include: bool| {
        let name = |what: &str| format!("{}{what}", if include { "include" } else { "exclude" });
        let named = list(users, &name("Users")).into_iter().map(|token| who.is_named(token));
        let groups = list(users, &name("Groups")).into_iter().map(|id| member(&who.groups, id));
        let roles = list(users, &name("Roles")).into_iter().map(|id| member(&who.roles, id));
        let external = users.get(name("GuestsOrExternalUsers")).map_or(Holds::No, |v| who.is_external(v));
        Holds::any(named.chain(groups).chain(roles).chain([external]))
    };
    let unread = users.as_object().is_some_and(|map| {
        map.iter().any(|(k, v)| !READ.contains(&k.as_str()) && !k.contains("@odata.") && says_something(v))
    });
    let holds = side(true).and(side(false).not());
    // Something else is said about users: it can widen or narrow, so neither answer is sure.
    if unread { Holds::Unknown } else { holds }
}

fn member(list: &BTreeSet<String>, id: &str) -> Holds {
    list.contains(&id.to_ascii_lowercase()).into()
}

impl Who<'_> {
    fn is_named(&self, token: &str) -> Holds {
        match token.to_ascii_lowercase().as_str() {
            "all" => Holds::Yes,
            "none" | "allagentidusers" => Holds::No,
            "guestsorexternalusers" => self.external_type().map_or(Holds::Unknown, |t| (t != "none").into()),
            _ => same(token, &self.attempt.user).into(),
        }
    }

    fn external_type(&self) -> Option<&str> {
        self.attempt.external.as_deref()
    }

    /// `guestOrExternalUserTypes` is a flags string; `externalTenants` narrows it, except for internal guests (U-7).
    fn is_external(&self, condition: &Value) -> Holds {
        let Some(types) = condition.get("guestOrExternalUserTypes").and_then(Value::as_str) else {
            return if says_something(condition) { Holds::Unknown } else { Holds::No };
        };
        let Some(mine) = self.external_type() else { return Holds::Unknown };
        if !types.split(',').any(|t| same(t.trim(), mine)) {
            return Holds::No;
        }
        let tenants = condition.get("externalTenants").unwrap_or(&Value::Null);
        match tenants.get("membershipKind").and_then(Value::as_str) {
            _ if same(mine, "internalGuest") => Holds::Yes,
            Some("enumerated") => match &self.attempt.external_tenant {
                Some(tenant) => list(tenants, "members").iter().any(|m| same(m, tenant)).into(),
                None => Holds::Unknown,
            },
            Some("all") | None => Holds::Yes,
            Some(_) => Holds::Unknown,
        }
    }
}
