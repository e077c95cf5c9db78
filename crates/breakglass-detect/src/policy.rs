//! What a Conditional Access policy in an audit record means for an emergency account, before and after.
//!
//! The record carries the whole policy twice. This is deliberately not the evaluator: a policy alone does not settle what
//! a sign-in meets, and one minute after the change there is no snapshot. It answers one question, in three values: does
//! this policy, as written, reach the account?

use breakglass_model::{ObjectId, Tri};
use serde_json::Value;

/// A policy as the audit record carries it.
pub(crate) struct Policy<'a>(&'a Value);

impl<'a> Policy<'a> {
    /// `None` when there is no policy: before an `Add`, after a `Delete`. `Err` when there is something unreadable.
    pub(crate) fn read(value: &'a Value) -> Result<Option<Self>, ()> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if text.trim().is_empty() => Ok(None),
            Value::Object(map) if map.is_empty() => Ok(None),
            Value::Object(_) => Ok(Some(Self(value))),
            _ => Err(()),
        }
    }

    /// `enabled`, `enabledForReportingButNotEnforced`, `disabled`.
    pub(crate) fn state(&self) -> Option<&'a str> {
        field(self.0, "state").and_then(Value::as_str)
    }

    /// Whether sign-ins feel it.
    pub(crate) fn is_enforced(&self) -> Tri {
        match self.state().map(str::to_ascii_lowercase).as_deref() {
            Some("enabled") => Tri::Yes,
            Some("disabled" | "enabledforreportingbutnotenforced" | "reporting") => Tri::No,
            _ => Tri::Unknown,
        }
    }

    /// Whether the account is excluded, by its own id or by the exclusion group. An exclusion by other groups or by role
    /// is not settled by the policy.
    pub(crate) fn excludes(&self, account: &ObjectId, group: Option<&ObjectId>) -> Tri {
        if self.names("excludeUsers", account) || group.is_some_and(|g| self.names("excludeGroups", g)) {
            return Tri::Yes;
        }
        let others = !self.list("excludeGroups").is_empty() || !self.list("excludeRoles").is_empty();
        if others { Tri::Unknown } else { Tri::No }
    }

    /// Whether the account is named in the policy at all: itself or the exclusion group, on either side.
    pub(crate) fn mentions(&self, account: &ObjectId, group: Option<&ObjectId>) -> bool {
        ["includeUsers", "excludeUsers"].iter().any(|l| self.names(l, account))
            || group.is_some_and(|g| ["includeGroups", "excludeGroups"].iter().any(|l| self.names(l, g)))
    }

    /// Whether the account is among those included.
    fn includes(&self, account: &ObjectId, group: Option<&ObjectId>) -> Tri {
        let users = self.list("includeUsers");
        let is_all = users.iter().any(|u| u.eq_ignore_ascii_case("All"));
        if is_all
            || self.names("includeUsers", account)
            || group.is_some_and(|g| self.names("includeGroups", g))
        {
            return Tri::Yes;
        }
        let more = !self.list("includeGroups").is_empty() || !self.list("includeRoles").is_empty();
        if more || self.users().is_none() && !self.is_for_workloads() { Tri::Unknown } else { Tri::No }
    }

    /// Whether the policy as written bears on the account's sign-ins: enforced, included and not excluded.
    pub(crate) fn reaches(&self, account: &ObjectId, group: Option<&ObjectId>) -> Tri {
        self.is_enforced().and(self.includes(account, group)).and(!self.excludes(account, group))
    }

    /// The policy without what changes with every save.
    pub(crate) fn substance(&self) -> Value {
        let mut value = self.0.clone();
        if let Value::Object(map) = &mut value {
            map.retain(|k, _| {
                !k.eq_ignore_ascii_case("modifiedDateTime") && !k.eq_ignore_ascii_case("createdDateTime")
            });
        }
        value
    }

    fn users(&self) -> Option<&'a Value> {
        field(field(self.0, "conditions")?, "users")
    }

    fn is_for_workloads(&self) -> bool {
        field(self.0, "conditions").and_then(|c| field(c, "clientApplications")).is_some_and(|c| !c.is_null())
    }

    fn list(&self, name: &str) -> Vec<&'a str> {
        let list = self.users().and_then(|u| field(u, name)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).filter(|t| !t.is_empty()).collect()
    }

    fn names(&self, list: &str, id: &ObjectId) -> bool {
        self.list(list).iter().any(|found| ObjectId::new(found) == *id)
    }
}

/// A property in any case.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let map = value.as_object()?;
    map.get(name).or_else(|| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reach(state: &str, users: Value) -> Tri {
        let value = json!({ "state": state, "conditions": { "users": users } });
        let policy = Policy::read(&value).unwrap().unwrap();
        policy.reaches(&"ea".into(), Some(&"group".into()))
    }

    #[test]
    fn whom_a_policy_reaches() {
        for (state, users, expected) in [
            ("enabled", json!({ "includeUsers": ["All"] }), Tri::Yes),
            ("enabled", json!({ "includeUsers": ["All"], "excludeUsers": ["EA"] }), Tri::No),
            ("enabled", json!({ "includeUsers": ["All"], "excludeGroups": ["group"] }), Tri::No),
            ("enabled", json!({ "includeUsers": ["All"], "excludeGroups": ["other"] }), Tri::Unknown),
            ("enabled", json!({ "includeUsers": ["None"] }), Tri::No),
            ("enabled", json!({ "includeRoles": ["62e90394-69f5-4237-9190-012177145e10"] }), Tri::Unknown),
            ("disabled", json!({ "includeUsers": ["All"] }), Tri::No),
            ("enabledForReportingButNotEnforced", json!({ "includeUsers": ["All"] }), Tri::No),
            ("someFutureState", json!({ "includeUsers": ["All"] }), Tri::Unknown),
        ] {
            assert_eq!(reach(state, users.clone()), expected, "{state} {users}");
        }
    }

    #[test]
    fn unread_users_are_unknown_and_workload_policies_reach_nobody() {
        let unread = json!({ "state": "enabled", "conditions": {} });
        assert_eq!(Policy::read(&unread).unwrap().unwrap().reaches(&"ea".into(), None), Tri::Unknown);
        let workload = json!({ "state": "enabled",
            "conditions": { "clientApplications": { "includeServicePrincipals": ["ServicePrincipalsInMyTenant"] } } });
        assert_eq!(Policy::read(&workload).unwrap().unwrap().reaches(&"ea".into(), None), Tri::No);
        assert!(Policy::read(&json!("{broken")).is_err());
        assert!(Policy::read(&Value::Null).unwrap().is_none());
    }
}
