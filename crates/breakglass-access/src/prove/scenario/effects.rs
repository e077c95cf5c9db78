//! What a scenario changes.

use super::super::change::{ChangeError, apply_change};
use breakglass_model::ObjectId;
use breakglass_model::sign_in::RiskLevel;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that can break, in the terms of `breakglass-ca-case/1` and some more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Methods that nobody can use.
    pub methods_unavailable: BTreeSet<String>,
    /// External MFA is down.
    pub external_mfa_down: bool,
    /// Methods that an account has lost.
    pub lost_methods: BTreeMap<ObjectId, BTreeSet<String>>,
    /// Passkeys that an account has lost, by position.
    pub lost_keys: BTreeMap<ObjectId, BTreeSet<usize>>,
    /// The identity provider of federated domains is down.
    pub federation_down: bool,
    /// Pass-through authentication agents are down.
    pub pass_through_down: bool,
    /// Device compliance is not available (pessimistic, Q-9).
    pub compliance_unavailable: bool,
    /// Nobody approves activations.
    pub approvers_absent: bool,
    /// Accounts that are gone.
    pub accounts_deleted: BTreeSet<ObjectId>,
    /// Accounts that are disabled.
    pub accounts_disabled: BTreeSet<ObjectId>,
    /// User risk of accounts.
    pub user_risk: BTreeMap<ObjectId, RiskLevel>,
    /// Groups that are gone.
    pub groups_deleted: BTreeSet<ObjectId>,
    /// Members taken out of groups.
    pub members_removed: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    /// Named locations that are gone or emptied.
    pub locations_lost: BTreeSet<ObjectId>,
    /// Revocation lists cannot be reached; every authority is taken to have one (L-8).
    pub crl_unreachable: bool,
    /// Licences have expired.
    pub licences_expired: bool,
    /// Microsoft's portals are down.
    pub portals_down: bool,
    /// Report-only policies are enforced.
    pub report_only_enabled: bool,
    /// Changes to policies, one by one.
    pub policy_changes: Vec<Value>,
}

impl Effects {
    /// Both at once.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.methods_unavailable.extend(other.methods_unavailable.iter().cloned());
        self.external_mfa_down |= other.external_mfa_down;
        merge_sets(&mut self.lost_methods, &other.lost_methods);
        merge_sets(&mut self.lost_keys, &other.lost_keys);
        self.federation_down |= other.federation_down;
        self.pass_through_down |= other.pass_through_down;
        self.compliance_unavailable |= other.compliance_unavailable;
        self.approvers_absent |= other.approvers_absent;
        self.accounts_deleted.extend(other.accounts_deleted.iter().cloned());
        self.accounts_disabled.extend(other.accounts_disabled.iter().cloned());
        self.user_risk.extend(other.user_risk.iter().map(|(id, level)| (id.clone(), *level)));
        self.groups_deleted.extend(other.groups_deleted.iter().cloned());
        merge_sets(&mut self.members_removed, &other.members_removed);
        self.locations_lost.extend(other.locations_lost.iter().cloned());
        self.crl_unreachable |= other.crl_unreachable;
        self.licences_expired |= other.licences_expired;
        self.portals_down |= other.portals_down;
        self.report_only_enabled |= other.report_only_enabled;
        self.policy_changes.extend(other.policy_changes.iter().cloned());
        self
    }

    /// Whether the tenant's objects change, so that matching has to be worked out anew.
    #[must_use]
    pub fn changes_tenant(&self) -> bool {
        !self.groups_deleted.is_empty()
            || !self.members_removed.is_empty()
            || !self.locations_lost.is_empty()
            || self.report_only_enabled
            || !self.policy_changes.is_empty()
    }

    /// The tenant as the scenario leaves it. Accounts and methods are not touched: who asks for capabilities asks for them
    /// under the scenario.
    ///
    /// # Errors
    /// When a policy change cannot be read.
    pub fn tenant(&self, snapshot: &Snapshot) -> Result<Snapshot, ChangeError> {
        let mut next = snapshot.clone();
        for group in &self.groups_deleted {
            // A group without members is to every policy what a group that is gone is (U-4).
            overwrite(
                &mut next,
                c::GROUPS,
                group,
                |row| json!({ "id": group, "displayName": row.get("displayName"), "members": [] }),
            );
        }
        for (group, members) in &self.members_removed {
            overwrite(&mut next, c::GROUPS, group, |row| {
                let mut row = row.clone();
                if let Some(list) = row.get_mut("members").and_then(Value::as_array_mut) {
                    list.retain(|m| m.as_str().is_none_or(|m| !members.contains(&ObjectId::new(m))));
                }
                row
            });
        }
        for location in &self.locations_lost {
            // A location without ranges is what a location that is gone is (C-9).
            overwrite(&mut next, c::NAMED_LOCATIONS, location, |row| {
                json!({
                    "@odata.type": "#microsoft.graph.ipNamedLocation", "id": location,
                    "displayName": row.get("displayName"), "isTrusted": false, "ipRanges": [],
                })
            });
        }
        if self.report_only_enabled {
            for policy in next.collections.get_mut(c::POLICIES).into_iter().flatten() {
                let state = policy.get("state").and_then(Value::as_str).unwrap_or_default();
                if state.eq_ignore_ascii_case("enabledForReportingButNotEnforced")
                    && let Some(map) = policy.as_object_mut()
                {
                    map.insert("state".into(), json!("enabled"));
                }
            }
        }
        apply_change(&next, &Value::Array(self.policy_changes.clone()))
    }
}

fn merge_sets<K: Ord + Clone, V: Ord + Clone>(
    to: &mut BTreeMap<K, BTreeSet<V>>,
    from: &BTreeMap<K, BTreeSet<V>>,
) {
    for (key, values) in from {
        to.entry(key.clone()).or_default().extend(values.iter().cloned());
    }
}

/// Replaces an object, and with it what was noted about not having been able to read it.
fn overwrite(next: &mut Snapshot, collection: &str, id: &ObjectId, make: impl Fn(&Value) -> Value) {
    let is = |row: &Value| row.get("id").and_then(Value::as_str).is_some_and(|x| ObjectId::new(x) == *id);
    let rows = next.collections.entry(collection.into()).or_default();
    match rows.iter_mut().find(|row| is(row)) {
        Some(row) => *row = make(row),
        None => rows.push(make(&json!({ "id": id }))),
    }
    let what = format!("{collection}/{id}");
    next.unread.retain(|u| !u.what.eq_ignore_ascii_case(&what) && !u.what.starts_with(&format!("{what}/")));
}
