//! Reading a tenant into a [`Snapshot`]: everything that emergency access touches, and nothing else.
//!
//! Users are read only when they matter (declared accounts, administrators, owners of eligible roles); groups only when
//! a policy or a role assignment names them, with their members down to the last level. What cannot be read is noted
//! with its reason and its collection stays absent, so that whoever needs it answers "unknown".

use crate::port::{Query, Tenant, TenantError};
use breakglass_model::snapshot::{Snapshot, TenantInfo, collections as c};
use breakglass_model::{ObjectId, ids::GLOBAL_ADMINISTRATOR};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What to collect beyond what every tenant has.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Emergency accounts: object id where known, else user principal name.
    pub accounts: Vec<String>,
    /// Groups that must be read even if no policy names them yet.
    pub groups: Vec<ObjectId>,
    /// Cloud name for the snapshot.
    pub cloud: String,
    /// Environment name for the snapshot.
    pub name: String,
}

/// Progress, for a person who waits.
pub trait Progress: Send + Sync {
    /// A part has been read (or could not be), `done` of about `total`.
    fn part(&self, what: &str, done: usize, total: usize);
}

/// No progress at all.
pub struct Silent;

impl Progress for Silent {
    fn part(&self, _: &str, _: usize, _: usize) {}
}

/// Why there is no snapshot at all.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Without the tenant's identity nothing else can be attributed.
    #[error("the tenant's identity could not be read: {0}")]
    Identity(#[from] TenantError),
    /// The answer names no tenant.
    #[error("`GET /organization` named no tenant id; nothing was collected")]
    NoTenant,
}

/// Reads a tenant.
///
/// # Errors
/// Only when not even the tenant's identity can be read; everything else becomes a note in the snapshot.
pub async fn collect(
    tenant: &dyn Tenant,
    scope: &Scope,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Snapshot, CollectError> {
    let organization = tenant.read(&Query::Organization).await?;
    let id = organization.first().and_then(|o| text(o, "id")).ok_or(CollectError::NoTenant)?;
    let info =
        TenantInfo { id: id.to_ascii_lowercase(), name: scope.name.clone(), cloud: scope.cloud.clone() };
    let mut reader = Reader { tenant, snapshot: Snapshot::new(info, now), progress, done: 1, total: 14 };
    reader.snapshot.set(c::ORGANIZATION, organization);
    reader.snapshot.set(c::SETTINGS, vec![json!({ "cloud": scope.cloud })]);
    for (collection, query) in [
        (c::DOMAINS, Query::Domains),
        (c::POLICIES, Query::Policies),
        (c::NAMED_LOCATIONS, Query::NamedLocations),
        (c::STRENGTHS, Query::AuthenticationStrengths),
        (c::METHODS_POLICY, Query::AuthenticationMethodsPolicy),
        (c::SECURITY_DEFAULTS, Query::SecurityDefaults),
        (c::SUBSCRIBED_SKUS, Query::SubscribedSkus),
        (c::DELETED_USERS, Query::DeletedUsers),
        (c::DELETED_GROUPS, Query::DeletedGroups),
        (c::SUBSCRIPTIONS, Query::Subscriptions),
        (c::AZURE_ROOT_ASSIGNMENTS, Query::AzureRootAssignments(None)),
    ] {
        reader.collection(collection, &query).await;
    }
    reader.roles().await;
    reader.groups(scope).await;
    reader.users(scope).await;
    Ok(reader.snapshot.seal())
}

struct Reader<'a> {
    tenant: &'a dyn Tenant,
    snapshot: Snapshot,
    progress: &'a dyn Progress,
    done: usize,
    total: usize,
}

impl Reader<'_> {
    fn step(&mut self, what: &str) {
        self.done += 1;
        self.progress.part(what, self.done.min(self.total), self.total);
    }

    async fn collection(&mut self, name: &str, query: &Query) {
        match self.tenant.read(query).await {
            Ok(objects) => self.snapshot.set(name, objects),
            Err(error) => self.snapshot.note_unread(name, error.to_string()),
        }
        self.step(name);
    }

    /// Joins plain assignments with the PIM instances: a schedule says whether an assignment ends, and which are only
    /// eligible. Without P2 the schedule endpoints refuse; then plain assignments stand alone and that is noted.
    async fn roles(&mut self) {
        let plain = self.tenant.read(&Query::RoleAssignments(None)).await;
        let active = self.tenant.read(&Query::RoleScheduleInstances).await;
        let eligible = self.tenant.read(&Query::RoleEligibilityInstances).await;
        self.step(c::ROLE_ASSIGNMENTS);
        let plain = match plain {
            Ok(plain) => plain,
            Err(error) => {
                self.snapshot.note_unread(c::ROLE_ASSIGNMENTS, error.to_string());
                return;
            }
        };
        for (part, error) in
            [("active schedules", active.as_ref().err()), ("eligible schedules", eligible.as_ref().err())]
        {
            if let Some(error) = error {
                self.snapshot.note_unread(format!("{}/{part}", c::ROLE_ASSIGNMENTS), error.to_string());
            }
        }
        self.snapshot.set(
            c::ROLE_ASSIGNMENTS,
            join_roles(&plain, &active.unwrap_or_default(), &eligible.unwrap_or_default()),
        );
    }

    /// Groups that policies or role assignments name, and all groups nested in them.
    async fn groups(&mut self, scope: &Scope) {
        let mut queue: VecDeque<ObjectId> = scope.groups.iter().cloned().collect();
        for policy in self.snapshot.get(c::POLICIES).unwrap_or_default() {
            for list in ["includeGroups", "excludeGroups"] {
                let ids = policy.pointer(&format!("/conditions/users/{list}")).and_then(Value::as_array);
                queue.extend(ids.into_iter().flatten().filter_map(Value::as_str).map(ObjectId::new));
            }
        }
        for policy in self.snapshot.get(c::METHODS_POLICY).unwrap_or_default() {
            for method in policy
                .get("authenticationMethodConfigurations")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                for list in ["includeTargets", "excludeTargets"] {
                    let targets = method.get(list).and_then(Value::as_array).into_iter().flatten();
                    queue.extend(
                        targets
                            .filter(|t| text(t, "targetType") == Some("group"))
                            .filter_map(|t| text(t, "id"))
                            .filter(|id| breakglass_model::ids::is_guid(id))
                            .map(ObjectId::new),
                    );
                }
            }
        }
        // A role may be held through a group, and only reading the principal tells whether it is one.
        queue.extend(self.role_principals());
        let mut groups: BTreeMap<ObjectId, Value> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        while let Some(id) = queue.pop_front() {
            if !id.is_guid() || !seen.insert(id.clone()) {
                continue;
            }
            let mut group = match self.tenant.read(&Query::Group(id.clone())).await {
                Ok(found) => match found.into_iter().next() {
                    Some(group) => group,
                    // No such group: a user, or deleted. A deleted exclusion group has no members (U-4).
                    None => continue,
                },
                Err(error) => {
                    self.snapshot.note_unread(format!("{}/{id}", c::GROUPS), error.to_string());
                    continue;
                }
            };
            match self.tenant.read(&Query::GroupMembers(id.clone())).await {
                Ok(members) => {
                    for member in &members {
                        if text(member, "@odata.type").is_none_or(|t| t.ends_with(".group")) {
                            queue.extend(text(member, "id").map(ObjectId::new));
                        }
                    }
                    let ids: Vec<_> =
                        members.iter().filter_map(|m| text(m, "id")).map(str::to_ascii_lowercase).collect();
                    set(&mut group, "members", json!(ids));
                }
                Err(error) => {
                    self.snapshot.note_unread(format!("{}/{id}/members", c::GROUPS), error.to_string())
                }
            }
            groups.insert(id, group);
        }
        self.step(c::GROUPS);
        self.snapshot.set(c::GROUPS, groups.into_values().collect());
    }

    fn role_principals(&self) -> Vec<ObjectId> {
        let assignments = self.snapshot.get(c::ROLE_ASSIGNMENTS).unwrap_or_default();
        assignments.iter().filter_map(|a| text(a, "principalId")).map(ObjectId::new).collect()
    }

    /// Declared accounts and Global Administrators, with the accounts' authentication methods.
    async fn users(&mut self, scope: &Scope) {
        let mut wanted: BTreeSet<String> = scope.accounts.iter().map(|a| a.to_ascii_lowercase()).collect();
        for assignment in self.snapshot.get(c::ROLE_ASSIGNMENTS).unwrap_or_default() {
            if text(assignment, "roleDefinitionId")
                .is_some_and(|r| r.eq_ignore_ascii_case(GLOBAL_ADMINISTRATOR))
            {
                wanted.extend(text(assignment, "principalId").map(str::to_ascii_lowercase));
            }
        }
        // Whom policies name by id: an excluded id that belongs to nobody is a finding (F26).
        for policy in self.snapshot.get(c::POLICIES).unwrap_or_default() {
            for list in ["includeUsers", "excludeUsers"] {
                let ids = policy.pointer(&format!("/conditions/users/{list}")).and_then(Value::as_array);
                let ids = ids
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .filter(|id| breakglass_model::ids::is_guid(id));
                wanted.extend(ids.map(str::to_ascii_lowercase));
            }
        }
        let groups: BTreeSet<String> = self
            .snapshot
            .get(c::GROUPS)
            .unwrap_or_default()
            .iter()
            .filter_map(|g| text(g, "id"))
            .map(str::to_ascii_lowercase)
            .collect();
        for group in self.snapshot.get(c::GROUPS).unwrap_or_default() {
            let holds_role = self.role_principals().iter().any(|p| Some(p.as_str()) == text(group, "id"));
            if holds_role {
                let members = group.get("members").and_then(Value::as_array).into_iter().flatten();
                wanted.extend(members.filter_map(Value::as_str).map(str::to_ascii_lowercase));
            }
        }
        let (mut users, mut methods) = (BTreeMap::new(), Vec::new());
        let mut all_methods_read = true;
        for key in wanted.into_iter().filter(|w| !groups.contains(w)) {
            let found = match self.tenant.read(&Query::User(key.clone())).await {
                Ok(found) => found,
                Err(error) => {
                    self.snapshot.note_unread(format!("{}/{key}", c::USERS), error.to_string());
                    continue;
                }
            };
            // Nobody by that id or name: a service principal, or an account that does not exist (yet).
            let Some(user) = found.into_iter().next() else { continue };
            let Some(id) = text(&user, "id").map(ObjectId::new) else { continue };
            if users.insert(id.clone(), user).is_some() {
                continue;
            }
            match self.tenant.read(&Query::AuthenticationMethods(id.clone())).await {
                Ok(list) => methods.push(json!({ "userId": id, "methods": list })),
                Err(error) => {
                    all_methods_read = false;
                    self.snapshot
                        .note_unread(format!("{}/{id}", c::AUTHENTICATION_METHODS), error.to_string());
                }
            }
        }
        self.step(c::USERS);
        self.snapshot.set(c::USERS, users.into_values().collect());
        if all_methods_read || !methods.is_empty() {
            self.snapshot.set(c::AUTHENTICATION_METHODS, methods);
        }
    }
}

fn join_roles(plain: &[Value], active: &[Value], eligible: &[Value]) -> Vec<Value> {
    let key = |v: &Value| {
        ["principalId", "roleDefinitionId", "directoryScopeId"]
            .map(|k| text(v, k).unwrap_or_default().to_ascii_lowercase())
    };
    let mut joined: BTreeMap<[String; 3], Value> = BTreeMap::new();
    let mut put = |source: &Value, kind: &str, end: Option<&Value>| {
        let [principal, role, scope] = key(source);
        let mut row = json!({
            "id": source.get("id").cloned().unwrap_or_default(),
            "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope, "assignmentType": kind,
        });
        if let Some(end) = end {
            set(&mut row, "endDateTime", end.clone());
        }
        joined.insert([format!("{kind}/{principal}"), role, scope], row);
    };
    for assignment in plain {
        let schedule = active.iter().find(|s| key(s) == key(assignment));
        put(assignment, "active", schedule.and_then(|s| s.get("endDateTime")));
    }
    for schedule in active.iter().filter(|s| !plain.iter().any(|p| key(p) == key(s))) {
        put(schedule, "active", schedule.get("endDateTime"));
    }
    for schedule in eligible {
        put(schedule, "eligible", schedule.get("endDateTime"));
    }
    joined.into_values().collect()
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

pub(crate) fn set(value: &mut Value, key: &str, new: Value) {
    if let Some(map) = value.as_object_mut() {
        map.insert(key.to_owned(), new);
    }
}

#[cfg(test)]
mod tests {
    use super::join_roles;
    use serde_json::json;

    #[test]
    fn a_schedule_tells_when_an_assignment_ends_and_which_are_only_eligible() {
        let row =
            |p: &str| json!({"id": p, "principalId": p, "roleDefinitionId": "R", "directoryScopeId": "/"});
        let mut ending = row("b");
        ending["endDateTime"] = json!("2027-01-01T00:00:00Z");
        let joined = join_roles(&[row("a"), row("b")], &[ending], &[row("c")]);
        let brief: Vec<_> = joined
            .iter()
            .map(|r| {
                (
                    r["principalId"].as_str().unwrap(),
                    r["assignmentType"].as_str().unwrap(),
                    r.get("endDateTime").is_some(),
                )
            })
            .collect();
        assert_eq!(brief, [("a", "active", false), ("b", "active", true), ("c", "eligible", false)]);
    }
}
