//! What the tenant holds, in Graph's and Azure's shapes.

use breakglass_model::ObjectId;
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A log of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    SignIns,
    Audits,
    Activity,
}

#[derive(Clone, Default)]
pub(crate) struct Directory {
    pub(crate) users: BTreeMap<ObjectId, Value>,
    pub(crate) deleted_users: BTreeMap<ObjectId, Value>,
    pub(crate) methods: BTreeMap<ObjectId, Vec<Value>>,
    pub(crate) passwords: BTreeMap<ObjectId, String>,
    pub(crate) groups: BTreeMap<ObjectId, Value>,
    pub(crate) deleted_groups: BTreeMap<ObjectId, Value>,
    pub(crate) members: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    /// Directory roles by assignment id.
    pub(crate) roles: BTreeMap<String, Value>,
    pub(crate) policies: BTreeMap<String, Value>,
    /// Azure role assignments at root by resource id.
    pub(crate) root: BTreeMap<String, Value>,
    /// Log, when it shows, record.
    pub(crate) logs: Vec<(Log, Timestamp, Value)>,
    /// How often sessions of a user were revoked.
    pub(crate) revoked: BTreeMap<ObjectId, usize>,
    /// How many objects were ever made.
    pub(crate) made: usize,
}

pub(crate) const DEVICE_POLICY: &str = "9a000000-0000-4000-8000-000000000001";
pub(crate) const MFA_POLICY: &str = "9b000000-0000-4000-8000-000000000002";
const ADMIN: &str = "0a000000-0000-4000-8000-000000000001";

impl Directory {
    /// One administrator, and policies of which one would lock everybody out.
    pub(super) fn begin() -> Self {
        let mut new = Self::default();
        let admin = ObjectId::new(ADMIN);
        new.users.insert(admin.clone(), user(ADMIN, "admin@contoso.onmicrosoft.com", "Admin"));
        new.methods.insert(admin, vec![password()]);
        new.roles.insert("role-admin".into(), role("role-admin", ADMIN));
        let policy = |id: &str, name: &str, grant: Value| {
            json!({
                "id": id, "displayName": name, "state": "enabled", "createdDateTime": "2025-01-01T00:00:00Z", "modifiedDateTime": null,
                "conditions": {
                    "users": {"includeUsers": ["All"], "excludeUsers": [ADMIN], "includeGroups": [], "excludeGroups": [], "includeRoles": [], "excludeRoles": []},
                    "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": []},
                    "clientAppTypes": ["all"], "userRiskLevels": [], "signInRiskLevels": [],
                },
                "grantControls": grant, "sessionControls": null,
            })
        };
        let device = json!({"operator": "OR", "builtInControls": ["compliantDevice"], "customAuthenticationFactors": [], "termsOfUse": []});
        let mfa = json!({"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": [], "termsOfUse": []});
        new.policies.insert(DEVICE_POLICY.into(), policy(DEVICE_POLICY, "Require compliant device", device));
        new.policies.insert(MFA_POLICY.into(), policy(MFA_POLICY, "Require MFA", mfa));
        new
    }

    pub(super) fn new_id(&mut self, kind: u32) -> ObjectId {
        self.made += 1;
        super::id(kind, self.made)
    }

    pub(crate) fn user_by_upn(&self, upn: &str) -> Option<&Value> {
        self.users
            .values()
            .find(|u| u["userPrincipalName"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(upn)))
    }

    pub(crate) fn id_of(&self, upn: &str) -> ObjectId {
        ObjectId::new(
            self.user_by_upn(upn).unwrap_or_else(|| panic!("no user {upn}"))["id"].as_str().unwrap(),
        )
    }

    pub(crate) fn is_global_administrator(&self, id: &ObjectId) -> bool {
        self.roles.values().any(|r| {
            ObjectId::new(r["principalId"].as_str().unwrap()) == *id
                && r["roleDefinitionId"] == GLOBAL_ADMINISTRATOR
        })
    }

    /// Whether every policy that demands a compliant device leaves this user out, by id or by a group.
    pub(crate) fn is_excluded(&self, id: &ObjectId) -> bool {
        self.policies.values().filter(|p| p["grantControls"]["builtInControls"][0] == "compliantDevice").all(
            |p| {
                let listed = |list: &str| -> Vec<ObjectId> {
                    let ids = p["conditions"]["users"][list].as_array().cloned().unwrap_or_default();
                    ids.iter().filter_map(Value::as_str).map(ObjectId::new).collect()
                };
                let by_group = listed("excludeGroups")
                    .iter()
                    .any(|g| self.members.get(g).is_some_and(|m| m.contains(id)));
                by_group || listed("excludeUsers").contains(id)
            },
        )
    }

    /// What matters of the tenant, with names in place of ids: two runs that end here ended in the same state.
    pub(crate) fn essence(&self) -> Value {
        let name = |id: &str| -> String {
            let id = ObjectId::new(id);
            let user = self.users.get(&id).and_then(|u| u["userPrincipalName"].as_str());
            let group = self.groups.get(&id).and_then(|g| g["displayName"].as_str());
            user.or(group).map_or_else(|| id.to_string(), str::to_owned)
        };
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        let users: BTreeMap<String, Value> = self.users.iter().map(|(id, u)| {
            let methods = self.methods.get(id).cloned().unwrap_or_default();
            let methods = sorted(methods.iter().map(|m| format!("{} {}", m["@odata.type"], m["displayName"])).collect());
            (name(id.as_str()), json!({"enabled": u["accountEnabled"], "policies": u["passwordPolicies"], "methods": methods}))
        }).collect();
        let groups: Vec<Value> = self.groups.iter().map(|(id, g)| {
            let members = self.members.get(id).cloned().unwrap_or_default();
            json!({"name": g["displayName"], "assignable": g["isAssignableToRole"], "members": sorted(members.iter().map(|m| name(m.as_str())).collect())})
        }).collect();
        let roles = sorted(self.roles.values().map(|r| name(r["principalId"].as_str().unwrap())).collect());
        let policies: BTreeMap<String, Value> = self
            .policies
            .iter()
            .map(|(id, p)| {
                let mut p = p.clone();
                p["modifiedDateTime"] = Value::Null;
                for list in ["excludeUsers", "excludeGroups"] {
                    let ids = p["conditions"]["users"][list].as_array().cloned().unwrap_or_default();
                    p["conditions"]["users"][list] =
                        json!(sorted(ids.iter().filter_map(Value::as_str).map(name).collect()));
                }
                (id.clone(), p)
            })
            .collect();
        let root: Vec<_> =
            self.root.values().map(|r| name(r["properties"]["principalId"].as_str().unwrap())).collect();
        json!({"users": users, "groups": groups, "roles": roles, "policies": policies, "root": root})
    }
}

pub(super) fn user(id: &str, upn: &str, name: &str) -> Value {
    json!({
        "id": id, "userPrincipalName": upn, "displayName": name, "accountEnabled": true, "userType": "Member",
        "onPremisesSyncEnabled": null, "onPremisesImmutableId": null, "passwordPolicies": "DisablePasswordExpiration",
        "assignedLicenses": [], "createdDateTime": "2025-01-01T00:00:00Z", "lastPasswordChangeDateTime": "2025-01-01T00:00:00Z",
    })
}

pub(super) fn password() -> Value {
    json!({"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "28c10230-6103-485e-b985-444c60001490"})
}

pub(super) fn role(id: &str, principal: &str) -> Value {
    json!({"id": id, "principalId": principal, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"})
}
