//! Whether a policy's user assignment reaches an account (CONDITIONAL_ACCESS U-1 to U-9), in three values.

use super::{Found, by_id, collection, held, membership, same, text, unread_of_group};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{PolicyId, Tri};
use serde_json::Value;

/// What a policy's user assignment does with one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Included by users, groups, roles or guest types.
    pub(crate) included: Tri,
    /// Excluded by any of them.
    pub(crate) excluded: Tri,
    /// What was not read and would settle it; only of interest when it is not settled.
    pub(crate) gaps: Vec<String>,
}

impl Reach {
    /// Included and not excluded.
    pub(crate) fn reaches(&self) -> Tri {
        self.included.and(!self.excluded)
    }
}

/// Whether a policy is on (not report-only, not off). A state nobody knows may be on (ST-1).
pub(crate) fn is_enforced(policy: &Value) -> Tri {
    match text(policy, "state") {
        Some("enabled") => Tri::Yes,
        Some("disabled" | "enabledForReportingButNotEnforced") => Tri::No,
        _ => Tri::Unknown,
    }
}

/// Whether a policy only reports.
pub(crate) fn is_report_only(policy: &Value) -> Tri {
    match text(policy, "state") {
        Some("enabledForReportingButNotEnforced") => Tri::Yes,
        Some("enabled" | "disabled") => Tri::No,
        _ => Tri::Unknown,
    }
}

/// A policy's display name, or its id.
pub(crate) fn policy_name(policy: &Value) -> &str {
    text(policy, "displayName").or_else(|| text(policy, "id")).unwrap_or("a policy without a name")
}

/// A policy's id; empty when it has none.
pub(crate) fn policy_id(policy: &Value) -> PolicyId {
    PolicyId::new(text(policy, "id").unwrap_or_default())
}

/// `conditionalAccessPolicies/{id}: property = value`, the property as a path with dots.
pub(crate) fn policy_fact(policy: &Value, path: &str) -> String {
    let value = policy.pointer(&format!("/{}", path.replace('.', "/")));
    let value = value.map_or_else(|| "absent".to_owned(), |value| without_empty(value).to_string());
    format!("{}/{}: {path} = {}", c::POLICIES, policy_id(policy), super::short(&value))
}

/// Made from a template of Microsoft, by Microsoft or by an administrator: Graph does not say which of the two (ST-3).
pub(crate) fn is_from_template(policy: &Value) -> Tri {
    match policy.get("templateId") {
        None | Some(Value::Null) => is_named_managed(policy).into(),
        Some(_) => Tri::Yes,
    }
}

/// Microsoft's own policies carry its mark in their names.
pub(crate) fn is_named_managed(policy: &Value) -> bool {
    policy_name(policy).to_ascii_lowercase().starts_with("microsoft-managed")
}

/// Whether a policy reaches a Global Administrator of whom nothing else is known: a member of the tenant who holds no
/// other role and whom no list of ids excludes. Lists of ids and groups may include that person or not.
pub(crate) fn reaches_administrators(policy: &Value) -> Tri {
    if is_for_workloads(policy) {
        return Tri::No;
    }
    if !policy.pointer("/conditions/users").is_some_and(Value::is_object) {
        return Tri::Unknown;
    }
    let list = |name: &str, answer: &dyn Fn(&str) -> Tri| {
        assigned(policy, name).map_or(Tri::Unknown, |ids| Tri::any(ids.iter().map(|id| answer(id))))
    };
    let global = |role: &str| Tri::from(same(role, GLOBAL_ADMINISTRATOR));
    let by_id = |id: &str| match id {
        "All" => Tri::Yes,
        "None" | "GuestsOrExternalUsers" => Tri::No,
        _ => Tri::Unknown,
    };
    let included = Tri::any([
        list("includeUsers", &by_id),
        list("includeGroups", &|_| Tri::Unknown),
        list("includeRoles", &global),
    ]);
    included.and(!list("excludeRoles", &global))
}

/// An object without the members that say nothing, so that the others are seen.
fn without_empty(value: &Value) -> Value {
    let empty = |v: &Value| v.is_null() || v.as_array().is_some_and(Vec::is_empty);
    match value.as_object() {
        Some(map) => map.iter().filter(|(_, v)| !empty(v)).map(|(k, v)| (k.clone(), v.clone())).collect(),
        None => value.clone(),
    }
}

/// Whether a policy lists a user by id in one of its lists.
pub(crate) fn names_user(policy: &Value, list: &str, user: &str) -> bool {
    assigned(policy, list).unwrap_or_default().iter().any(|id| same(id, user))
}

/// A list of a policy's user assignment; `None` when it is there and is no list of texts.
pub(crate) fn assigned<'a>(policy: &'a Value, list: &str) -> Option<Vec<&'a str>> {
    match policy.pointer(&format!("/conditions/users/{list}")) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

/// Whether a policy is for workload identities and so touches no user (U-9).
pub(crate) fn is_for_workloads(policy: &Value) -> bool {
    policy.pointer("/conditions/clientApplications").is_some_and(Value::is_object)
}

/// What a policy's user assignment does with a user.
pub(crate) fn reach(snapshot: &Snapshot, policy: &Value, user: &str) -> Reach {
    let mut gaps = Vec::new();
    let included = side(snapshot, policy, user, "include", &mut gaps);
    let excluded = side(snapshot, policy, user, "exclude", &mut gaps);
    gaps.dedup();
    Reach { included, excluded, gaps }
}

fn side(snapshot: &Snapshot, policy: &Value, user: &str, word: &str, gaps: &mut Vec<String>) -> Tri {
    if is_for_workloads(policy) {
        return Tri::No;
    }
    let Some(users) = policy.pointer("/conditions/users").filter(|u| u.is_object()) else {
        gaps.push(format!("policy `{}` has no user assignment that can be read", policy_name(policy)));
        return Tri::Unknown;
    };
    let list = |kind: &str| assigned(policy, &format!("{word}{kind}"));
    let mut answers = Vec::new();
    for kind in ["Users", "Groups", "Roles"] {
        let Some(ids) = list(kind) else {
            gaps.push(format!("`{word}{kind}` of policy `{}` is no list of ids", policy_name(policy)));
            answers.push(Tri::Unknown);
            continue;
        };
        answers.extend(ids.into_iter().map(|id| match kind {
            "Users" => by_user(snapshot, user, id, gaps),
            "Groups" => by_group(snapshot, user, id, gaps),
            _ => by_role(snapshot, user, id, gaps),
        }));
    }
    answers.push(match users.get(format!("{word}GuestsOrExternalUsers")) {
        None | Some(Value::Null) => Tri::No,
        // Which kind of guest is not looked at here: a member of the tenant itself is none of them.
        Some(_) => match guest(snapshot, user, gaps) {
            Tri::No => Tri::No,
            _ => Tri::Unknown,
        },
    });
    Tri::any(answers)
}

fn by_user(snapshot: &Snapshot, user: &str, id: &str, gaps: &mut Vec<String>) -> Tri {
    match id {
        "All" => Tri::Yes,
        "None" => Tri::No,
        "GuestsOrExternalUsers" => guest(snapshot, user, gaps),
        id => same(id, user).into(),
    }
}

fn by_group(snapshot: &Snapshot, user: &str, group: &str, gaps: &mut Vec<String>) -> Tri {
    let answer = membership(snapshot, group, user);
    if answer.is_unknown() {
        gaps.push(
            unread_of_group(snapshot, group)
                .unwrap_or_else(|| format!("`groups/{group}` was not read whole")),
        );
    }
    answer
}

fn guest(snapshot: &Snapshot, user: &str, gaps: &mut Vec<String>) -> Tri {
    let kind = match by_id(snapshot, c::USERS, user) {
        Found::Here(user) => text(user, "userType").map(|kind| kind.eq_ignore_ascii_case("guest")),
        _ => None,
    };
    if kind.is_none() {
        gaps.push(format!("`userType` of `users/{user}` was not read"));
    }
    kind.into()
}

fn by_role(snapshot: &Snapshot, user: &str, role: &str, gaps: &mut Vec<String>) -> Tri {
    if let Err(why) = collection(snapshot, c::ROLE_ASSIGNMENTS) {
        gaps.push(why);
        return Tri::Unknown;
    }
    match held(snapshot, user, role) {
        // A role that is only eligible counts from the moment it is activated.
        Ok(how) if how.eligible && how.active().is_no() => {
            gaps.push(format!("role `{role}` is only eligible and counts once it is activated"));
            Tri::Unknown
        }
        Ok(how) => {
            let active = how.active();
            if active.is_unknown() {
                gaps.push(how.unread.unwrap_or_else(|| format!("how role `{role}` is held was not read")));
            }
            active
        }
        Err(why) => {
            gaps.push(why);
            Tri::Unknown
        }
    }
}
