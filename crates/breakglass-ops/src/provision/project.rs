//! What the tenant would be after a plan, as a snapshot: what the prover judges before anything is changed.

use super::look::user_by_upn;
use super::plan::{Action, Plan};
use crate::collect::{set, text};
use breakglass_model::design::{AccountDesign, CredentialDesign, Design};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, ids::GLOBAL_ADMINISTRATOR};
use serde_json::{Value, json};

/// The id that a planned object has until the tenant gives it one.
#[must_use]
pub fn planned_id(name: &str) -> ObjectId {
    ObjectId::new(format!("planned:{name}"))
}

/// The id of an account in a snapshot: declared, else found by user principal name, else planned.
#[must_use]
pub fn account_id(account: &AccountDesign, snapshot: &Snapshot) -> ObjectId {
    account
        .object_id
        .clone()
        .or_else(|| user_by_upn(snapshot, &account.upn).and_then(|u| text(u, "id")).map(ObjectId::new))
        .unwrap_or_else(|| planned_id(&account.name))
}

/// Carries out the plan on the snapshot instead of the tenant. Passkeys get the model declared in the design, or an
/// all-zero one, which no restricted strength and no key restriction lets through: the projection never assumes a
/// better key than was promised.
#[must_use]
pub fn project(snapshot: &Snapshot, design: &Design, plan: &Plan) -> Snapshot {
    let mut next = snapshot.clone();
    for step in &plan.steps {
        apply(&mut next, design, &step.action);
    }
    next.seal()
}

fn apply(next: &mut Snapshot, design: &Design, action: &Action) {
    let account = |name: &str| design.accounts.iter().find(|a| a.name == name);
    let group = design.exclusion_group.object_id.clone().unwrap_or_else(|| planned_id("exclusion-group"));
    match action {
        Action::CreateAccount { account: name, upn } => {
            push(
                next,
                c::USERS,
                json!({
                    "id": planned_id(name), "userPrincipalName": upn, "displayName": name, "accountEnabled": true,
                    "userType": "Member", "onPremisesSyncEnabled": null, "onPremisesImmutableId": null,
                    "passwordPolicies": "DisablePasswordExpiration", "assignedLicenses": [],
                }),
            );
            let password = json!({"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "28c10230-6103-485e-b985-444c60001490"});
            push(next, c::AUTHENTICATION_METHODS, json!({"userId": planned_id(name), "methods": [password]}));
        }
        Action::RegisterPasskey { account: name, key } => {
            let Some(account) = account(name) else { return };
            let id = account_id(account, next);
            let mut models = account.credentials.iter().filter_map(|c| match c {
                CredentialDesign::Fido2 { aaguid, .. } => Some(aaguid.clone()),
                CredentialDesign::Password => None,
            });
            let aaguid = models.nth(key.saturating_sub(1)).flatten();
            let method = json!({
                "@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": format!("planned:{name}-key-{key}"),
                "displayName": format!("{name} key {key}"),
                "aaGuid": aaguid.unwrap_or_else(|| "00000000-0000-0000-0000-000000000000".into()),
            });
            for row in rows(next, c::AUTHENTICATION_METHODS) {
                if text(row, "userId").is_some_and(|x| ObjectId::new(x) == id)
                    && let Some(methods) = row.get_mut("methods").and_then(Value::as_array_mut)
                {
                    methods.push(method.clone());
                }
            }
        }
        Action::CreateExclusionGroup { name } => push(
            next,
            c::GROUPS,
            json!({
                "id": group, "displayName": name, "isAssignableToRole": true, "securityEnabled": true, "mailEnabled": false,
                "groupTypes": [], "members": [],
            }),
        ),
        Action::AddToExclusionGroup { account: name } => {
            let Some(account) = account(name) else { return };
            let id = account_id(account, next);
            for row in rows(next, c::GROUPS) {
                if text(row, "id").is_some_and(|x| ObjectId::new(x) == group) {
                    add(row, "/members", &id);
                }
            }
        }
        Action::ExcludeFromPolicy { policy, .. } => {
            let ids: Vec<_> = design.accounts.iter().map(|a| account_id(a, next)).collect();
            for row in rows(next, c::POLICIES) {
                if text(row, "id").is_some_and(|x| x.eq_ignore_ascii_case(policy.as_str())) {
                    exclude(row, &group, &ids);
                }
            }
        }
        Action::AssignRole { account: name } => {
            let Some(account) = account(name) else { return };
            let id = account_id(account, next);
            push(
                next,
                c::ROLE_ASSIGNMENTS,
                json!({
                    "id": format!("planned:{name}"), "principalId": id, "roleDefinitionId": GLOBAL_ADMINISTRATOR,
                    "directoryScopeId": "/", "assignmentType": "active",
                }),
            );
        }
        Action::Watch { .. } | Action::Verify => {}
    }
}

/// Adds the group and the accounts to a policy's exclusions, leaving everything else as it is. Answers whether anything
/// changed.
pub(crate) fn exclude(policy: &mut Value, group: &ObjectId, accounts: &[ObjectId]) -> bool {
    let Some(users) = policy.pointer_mut("/conditions/users") else { return false };
    for list in ["excludeGroups", "excludeUsers"] {
        if !users.get(list).is_some_and(Value::is_array) {
            set(users, list, json!([]));
        }
    }
    let mut changed = add(users, "/excludeGroups", group);
    for id in accounts {
        changed |= add(users, "/excludeUsers", id);
    }
    changed
}

fn add(value: &mut Value, list: &str, id: &ObjectId) -> bool {
    let Some(items) = value.pointer_mut(list).and_then(Value::as_array_mut) else { return false };
    if items.iter().filter_map(Value::as_str).any(|x| ObjectId::new(x) == *id) {
        return false;
    }
    items.push(json!(id));
    true
}

fn push(next: &mut Snapshot, collection: &str, row: Value) {
    next.collections.entry(collection.into()).or_default().push(row);
}

fn rows<'a>(next: &'a mut Snapshot, collection: &str) -> impl Iterator<Item = &'a mut Value> {
    next.collections.get_mut(collection).into_iter().flatten()
}
