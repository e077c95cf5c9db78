//! What the tenant answers, perhaps from a replica that is behind.

use super::directory::{Directory, Log};
use super::{Shared, TENANT};
use breakglass_model::ObjectId;
use breakglass_ops::port::{Query, TenantError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

impl Shared {
    /// The directory as one of the replicas has it: not always the same one.
    pub(super) fn replica(&self) -> Arc<Directory> {
        let behind = self.dice.lock().unwrap().roll(self.habits.lag + 1);
        let seen = *self.now.lock().unwrap() - SignedDuration::from_secs(i64::try_from(behind).unwrap());
        let past = self.past.lock().unwrap();
        let known = past.iter().rev().find(|(at, _)| *at <= seen).or_else(|| past.first());
        known.unwrap().1.clone()
    }

    pub(super) fn answer(&self, actor: Option<&ObjectId>, query: &Query) -> Result<Vec<Value>, TenantError> {
        let d = self.replica();
        let one = |value: Option<&Value>| Ok(value.cloned().into_iter().collect());
        match query {
            Query::Organization => Ok(vec![json!({"id": TENANT, "displayName": "Contoso"})]),
            Query::Domains => Ok(vec![
                json!({"id": "contoso.onmicrosoft.com", "isInitial": true, "isDefault": true, "authenticationType": "Managed", "passwordValidityPeriodInDays": 2_147_483_647}),
            ]),
            Query::User(key) => one(d.users.get(&ObjectId::new(key)).or_else(|| d.user_by_upn(key))),
            Query::Group(id) => one(d.groups.get(id)),
            Query::GroupsNamed(name) => {
                Ok(d.groups.values().filter(|g| g["displayName"] == **name).cloned().collect())
            }
            Query::GroupMembers(id) => {
                let members = d.members.get(id).ok_or_else(|| not_found(&format!("group {id}")))?;
                Ok(members.iter().map(|m| json!({"@odata.type": "#microsoft.graph.user", "id": m})).collect())
            }
            Query::RoleAssignments(role) => {
                let wanted = |r: &&Value| role.as_ref().is_none_or(|w| r["roleDefinitionId"] == w.as_str());
                Ok(d.roles.values().filter(wanted).cloned().collect())
            }
            Query::RoleScheduleInstances => {
                let permanent = |r: &Value| {
                    let mut r = r.clone();
                    r["endDateTime"] = Value::Null;
                    r["assignmentType"] = "Assigned".into();
                    r
                };
                Ok(d.roles.values().map(permanent).collect())
            }
            Query::RoleEligibilityInstances | Query::NamedLocations => Ok(Vec::new()),
            Query::Policies => Ok(d.policies.values().cloned().collect()),
            Query::Policy(id) => one(d.policies.get(id.as_str())),
            Query::AuthenticationStrengths => Ok(Vec::new()),
            Query::AuthenticationMethodsPolicy => Ok(vec![json!({
                "id": "authenticationMethodsPolicy",
                "authenticationMethodConfigurations": [{
                    "@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration", "id": "Fido2", "state": "enabled",
                    "isSelfServiceRegistrationAllowed": true, "isAttestationEnforced": false, "excludeTargets": [],
                    "keyRestrictions": {"isEnforced": false, "enforcementType": "block", "aaGuids": []},
                    "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}],
                }],
            })]),
            Query::SecurityDefaults => {
                Ok(vec![json!({"id": "00000000-0000-0000-0000-000000000005", "isEnabled": false})])
            }
            Query::AuthenticationMethods(id) => {
                Ok(d.methods.get(id).ok_or_else(|| not_found(&format!("user {id}")))?.clone())
            }
            Query::PasskeyCreationOptions(id) => {
                if !d.users.contains_key(id) {
                    return Err(not_found(&format!("user {id}")));
                }
                Ok(vec![
                    json!({"challengeTimeoutDateTime": "2030-01-01T00:00:00Z", "publicKey": {"challenge": "AAAA", "rp": {"id": "login.microsoft.com"}}}),
                ])
            }
            Query::SubscribedSkus => Ok(vec![
                json!({"skuPartNumber": "AAD_PREMIUM_P2", "capabilityStatus": "Enabled", "servicePlans": [{"servicePlanName": "AAD_PREMIUM_P2", "provisioningStatus": "Success"}]}),
            ]),
            Query::DeletedUsers => Ok(d.deleted_users.values().cloned().collect()),
            Query::DeletedGroups => Ok(d.deleted_groups.values().cloned().collect()),
            Query::SignIns { since, user } => Ok(self.records(Log::SignIns, *since, user.as_ref())),
            Query::DirectoryAudits { since } => Ok(self.records(Log::Audits, *since, None)),
            Query::ActivityLog(filter) if self.habits.no_activity => Err(TenantError::Refused {
                what: format!("GET activity log since {}", filter.since),
                status: 403,
                detail: "no role at the root scope".into(),
            }),
            Query::ActivityLog(filter) => Ok(self.records(Log::Activity, filter.since, None)),
            Query::Subscriptions => {
                let subscription = json!({"subscriptionId": "5b000000-0000-4000-8000-000000000001", "displayName": "Production"});
                Ok(if d.root.is_empty() { Vec::new() } else { vec![subscription] })
            }
            Query::AzureRootAssignments(principal) => {
                let holds =
                    |who: &ObjectId| d.root.values().any(|r| r["properties"]["principalId"] == who.as_str());
                if actor.is_some_and(|who| !holds(who)) {
                    let what = "GET roleAssignments".into();
                    return Err(TenantError::Refused {
                        what,
                        status: 403,
                        detail: "AuthorizationFailed".into(),
                    });
                }
                let mine = |r: &&Value| {
                    principal
                        .as_ref()
                        .is_none_or(|p| ObjectId::new(r["properties"]["principalId"].as_str().unwrap()) == *p)
                };
                Ok(d.root.values().filter(mine).cloned().collect())
            }
        }
    }

    /// Records that show by now, newest first, some of them twice.
    fn records(&self, log: Log, since: Timestamp, user: Option<&ObjectId>) -> Vec<Value> {
        let now = *self.now.lock().unwrap();
        let truth = self.past.lock().unwrap().last().unwrap().1.clone();
        let at = |record: &Value| -> Timestamp {
            let text = ["createdDateTime", "activityDateTime", "eventTimestamp"]
                .iter()
                .find_map(|k| record[*k].as_str());
            text.unwrap_or("1970-01-01T00:00:00Z").parse().unwrap()
        };
        let shown =
            truth.logs.iter().filter(|(l, shows, record)| *l == log && *shows <= now && at(record) >= since);
        let mut found: Vec<Value> = shown
            .map(|(_, _, record)| record)
            .filter(|r| user.is_none_or(|u| r["userId"].as_str().is_some_and(|id| ObjectId::new(id) == *u)))
            .cloned()
            .collect();
        found.sort_by_key(|record| std::cmp::Reverse(at(record)));
        if self.habits.repeats {
            let mut dice = self.dice.lock().unwrap();
            let again: Vec<_> = found.iter().filter(|_| dice.roll(3) == 0).cloned().collect();
            found.extend(again);
        }
        found
    }
}

pub(super) fn not_found(what: &str) -> TenantError {
    TenantError::NotFound { what: what.into(), detail: "Request_ResourceNotFound".into() }
}
