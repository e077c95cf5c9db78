//! What changes do, each with the record it leaves in the logs.

use super::Shared;
use super::directory::{self, Directory, Log};
use super::questions::not_found;
use breakglass_model::ObjectId;
use breakglass_ops::port::{Change, TenantError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

const USER: u32 = 0x0b00_0000;
const GROUP: u32 = 0x0c00_0000;

/// What a change leaves in a log: which log, operation, targets.
type Trace = (Log, &'static str, Vec<ObjectId>);

impl Shared {
    /// Makes a change for an actor (none: an application). What it refers to must have reached the replica it is sent to.
    pub(super) fn change(&self, actor: Option<&ObjectId>, change: &Change) -> Result<Value, TenantError> {
        let replica = self.replica();
        let now = *self.now.lock().unwrap();
        let late = self.dice.lock().unwrap().roll(self.habits.log_lag + 1);
        let mut past = self.past.lock().unwrap();
        let mut next = Directory::clone(&past.last().unwrap().1);
        let (answer, trace) = effect(&mut next, &replica, actor, change, now)?;
        if let Some((log, operation, targets)) = trace {
            next.made += 1;
            let shows = now + SignedDuration::from_secs(i64::try_from(late).unwrap());
            let record = record(log, next.made, operation, actor, &targets, now);
            next.logs.push((log, shows, record));
        }
        past.push((now, Arc::new(next)));
        Ok(answer)
    }
}

fn effect(
    d: &mut Directory,
    replica: &Directory,
    actor: Option<&ObjectId>,
    change: &Change,
    now: Timestamp,
) -> Result<(Value, Option<Trace>), TenantError> {
    let known = |id: &ObjectId| -> Result<(), TenantError> {
        let there = replica.users.contains_key(id) || replica.groups.contains_key(id);
        if there { Ok(()) } else { Err(not_found(id.as_str())) }
    };
    let audit = |operation, targets: &[&ObjectId]| {
        Some((Log::Audits, operation, targets.iter().map(|t| (*t).clone()).collect()))
    };
    Ok(match change {
        Change::CreateUser(new, secret) => {
            if d.user_by_upn(&new.upn).is_some() {
                return Err(conflict(&new.upn));
            }
            let id = d.new_id(USER);
            let user = directory::user(id.as_str(), &new.upn, &new.display_name);
            d.users.insert(id.clone(), user.clone());
            d.methods.insert(id.clone(), vec![directory::password()]);
            d.passwords.insert(id.clone(), secret.danger_reveal().to_owned());
            (user, audit("Add user", &[&id]))
        }
        Change::SetPassword(id, secret) => {
            known(id)?;
            d.passwords.insert(id.clone(), secret.danger_reveal().to_owned());
            if let Some(user) = d.users.get_mut(id) {
                user["lastPasswordChangeDateTime"] = now.to_string().into();
            }
            (Value::Null, audit("Reset user password", &[id]))
        }
        Change::UpdateUser(id, fields) => {
            known(id)?;
            for (key, value) in fields.as_object().into_iter().flatten() {
                d.users.get_mut(id).ok_or_else(|| not_found(id.as_str()))?[key] = value.clone();
            }
            (Value::Null, audit("Update user", &[id]))
        }
        Change::DeleteUser(id) => {
            known(id)?;
            let user = d.users.remove(id).ok_or_else(|| not_found(id.as_str()))?;
            d.methods.remove(id);
            d.roles.retain(|_, r| r["principalId"] != id.as_str());
            d.members.values_mut().for_each(|m| {
                m.remove(id);
            });
            d.deleted_users.insert(id.clone(), user);
            (Value::Null, audit("Delete user", &[id]))
        }
        Change::RegisterPasskey(id, creation) => {
            known(id)?;
            d.made += 1;
            let method = json!({
                "@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": format!("Key-{:04}_AbC", d.made),
                "displayName": creation.display_name, "aaGuid": creation.attestation_object, "passkeyType": "deviceBound",
            });
            d.methods.get_mut(id).ok_or_else(|| not_found(id.as_str()))?.push(method.clone());
            (method, audit("Add Passkey (device-bound)", &[id]))
        }
        Change::DeletePasskey(id, method) => {
            known(id)?;
            let methods = d.methods.get_mut(id).ok_or_else(|| not_found(id.as_str()))?;
            let count = methods.len();
            methods.retain(|m| m["id"] != **method);
            if methods.len() == count {
                return Err(not_found(method));
            }
            (Value::Null, audit("Delete Passkey (device-bound)", &[id]))
        }
        Change::RevokeSessions(id) => {
            known(id)?;
            *d.revoked.entry(id.clone()).or_default() += 1;
            (Value::Null, audit("Update StsRefreshTokenValidFrom Timestamp", &[id]))
        }
        Change::CreateGroup { name, description, role_assignable } => {
            let id = d.new_id(GROUP);
            let group = json!({
                "id": id, "displayName": name, "description": description, "isAssignableToRole": role_assignable,
                "securityEnabled": true, "mailEnabled": false, "groupTypes": [],
            });
            d.groups.insert(id.clone(), group.clone());
            d.members.insert(id.clone(), Default::default());
            (group, audit("Add group", &[&id]))
        }
        Change::DeleteGroup(id) => {
            known(id)?;
            let group = d.groups.remove(id).ok_or_else(|| not_found(id.as_str()))?;
            d.members.remove(id);
            d.deleted_groups.insert(id.clone(), group);
            (Value::Null, audit("Delete group", &[id]))
        }
        Change::AddGroupMember { group, member } => {
            known(group)?;
            known(member)?;
            let members = d.members.get_mut(group).ok_or_else(|| not_found(group.as_str()))?;
            if !members.insert(member.clone()) {
                return Err(conflict(member.as_str()));
            }
            (Value::Null, audit("Add member to group", &[member, group]))
        }
        Change::RemoveGroupMember { group, member } => {
            known(group)?;
            let members = d.members.get_mut(group).ok_or_else(|| not_found(group.as_str()))?;
            if !members.remove(member) {
                return Err(not_found(member.as_str()));
            }
            (Value::Null, audit("Remove member from group", &[member, group]))
        }
        Change::AssignRole { role: _, principal } => {
            known(principal)?;
            if d.is_global_administrator(principal) {
                return Err(conflict(principal.as_str()));
            }
            d.made += 1;
            let id = format!("lAPpYvVpN0KRkAEhdxReEMmO4KwRqtKcGpLPTz-{}", d.made);
            let role = directory::role(&id, principal.as_str());
            d.roles.insert(id, role.clone());
            (role, audit("Add member to role", &[principal]))
        }
        Change::RemoveRoleAssignment(id) => {
            let role = d.roles.remove(id).ok_or_else(|| not_found(id))?;
            let principal = ObjectId::new(role["principalId"].as_str().unwrap());
            (Value::Null, audit("Remove member from role", &[&principal]))
        }
        Change::UpdatePolicy(id, fragment) => {
            let policy = d.policies.get_mut(id.as_str()).ok_or_else(|| not_found(id.as_str()))?;
            for (key, value) in fragment.as_object().into_iter().flatten() {
                policy[key] = value.clone();
            }
            policy["modifiedDateTime"] = now.to_string().into();
            (Value::Null, audit("Update conditional access policy", &[&ObjectId::new(id.as_str())]))
        }
        Change::CreatePolicy(policy) => (policy.clone(), None),
        Change::DeletePolicy(id) => {
            d.policies.remove(id.as_str());
            (Value::Null, None)
        }
        Change::ElevateAccess => {
            let Some(actor) = actor else {
                return Err(TenantError::Refused {
                    what: "POST elevateAccess".into(),
                    status: 403,
                    detail: "users only".into(),
                });
            };
            d.made += 1;
            let id = format!("/providers/Microsoft.Authorization/roleAssignments/{}", super::id(0xe, d.made));
            let definition =
                "/providers/Microsoft.Authorization/roleDefinitions/18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
            let held = d.root.values().any(|r| r["properties"]["principalId"] == actor.as_str());
            if !held {
                let properties = json!({"principalId": actor, "scope": "/", "roleDefinitionId": definition});
                d.root.insert(id.clone(), json!({"id": id, "properties": properties}));
            }
            (Value::Null, Some((Log::Activity, "Microsoft.Authorization/elevateAccess/action", vec![])))
        }
        Change::RemoveAzureRoleAssignment(id) => {
            if !replica.root.contains_key(id) {
                return Err(not_found(id));
            }
            d.root.remove(id).ok_or_else(|| not_found(id))?;
            (Value::Null, Some((Log::Activity, "Microsoft.Authorization/roleAssignments/delete", vec![])))
        }
    })
}

fn conflict(what: &str) -> TenantError {
    TenantError::Conflict { what: what.into(), detail: "already exists".into() }
}

fn record(
    log: Log,
    n: usize,
    operation: &str,
    actor: Option<&ObjectId>,
    targets: &[ObjectId],
    now: Timestamp,
) -> Value {
    let user = actor.map(|a| json!({"id": a, "userPrincipalName": null}));
    match log {
        Log::Audits => json!({
            "id": format!("Directory_{n:06}"), "activityDateTime": now, "activityDisplayName": operation, "category": "Directory",
            "loggedByService": "Core Directory", "result": "success", "correlationId": super::id(0xc0, n),
            "initiatedBy": {"user": user, "app": if actor.is_none() { json!({"displayName": "breakglass", "servicePrincipalId": super::id(0xaa, 1)}) } else { Value::Null }},
            "targetResources": targets.iter().map(|t| json!({"id": t, "displayName": null, "modifiedProperties": []})).collect::<Vec<_>>(),
        }),
        _ => json!({
            "eventDataId": format!("activity-{n:06}"), "eventTimestamp": now, "operationName": {"value": operation},
            "status": {"value": "Succeeded"}, "category": {"value": "Administrative"}, "correlationId": super::id(0xc0, n),
            "resourceId": "/providers/Microsoft.Authorization/roleAssignments/r", "authorization": {"scope": "/", "action": operation},
            "claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": actor},
        }),
    }
}
