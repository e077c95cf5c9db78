//! What Graph and ARM show, in their own shapes.

use super::Collection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Application permissions that the automation application has unless a preset says otherwise: what `docs/permissions` asks
/// for, reading and writing.
pub(crate) const AUTOMATION_ROLES: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "Application.Read.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
    "Domain.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "IdentityRiskyUser.Read.All",
    "Organization.Read.All",
    "Policy.Read.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.ConditionalAccess",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.Read.Directory",
    "User.DeleteRestore.All",
    "User.EnableDisableAccount.All",
    "User.ReadWrite.All",
    "User.RevokeSessions.All",
    "User-PasswordProfile.ReadWrite.All",
    "UserAuthMethod-Passkey.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// The directory, as Graph shows it. Each collection is named as Graph names it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    pub(crate) organization: Collection,
    pub(crate) domains: Collection,
    pub(crate) subscribed_skus: Collection,
    /// All properties, also those outside the default projection.
    pub(crate) users: Collection,
    pub(crate) groups: Collection,
    /// Direct members (users, groups, service principals) by group id; all ids in lower case.
    pub(crate) members: BTreeMap<String, BTreeSet<String>>,
    pub(crate) administrative_units: Collection,
    pub(crate) applications: Collection,
    pub(crate) service_principals: Collection,
    /// Deleted users and groups, each with `@odata.type` and `deletedDateTime`.
    pub(crate) deleted_items: Collection,
    /// `unifiedRoleDefinition`.
    pub(crate) role_definitions: Collection,
    /// `unifiedRoleAssignment`: active ones, also those that come from a schedule.
    pub(crate) role_assignments: Collection,
    pub(crate) role_assignment_schedule_instances: Collection,
    pub(crate) role_eligibility_schedule_instances: Collection,
    /// `unifiedRoleManagementPolicy` with its `rules`.
    pub(crate) role_management_policies: Collection,
    pub(crate) role_management_policy_assignments: Collection,
    /// `conditionalAccessPolicy`.
    pub(crate) policies: Collection,
    pub(crate) named_locations: Collection,
    /// `authenticationStrengthPolicy` with `combinationConfigurations`, the built-in ones too.
    pub(crate) authentication_strengths: Collection,
    pub(crate) authentication_contexts: Collection,
    /// `authenticationMethod` objects by user id (lower case).
    pub(crate) methods: BTreeMap<String, Vec<Value>>,
    /// `authenticationMethodsPolicy` with all its `authenticationMethodConfigurations`.
    pub(crate) methods_policy: Value,
    /// `identitySecurityDefaultsEnforcementPolicy`.
    pub(crate) security_defaults: Value,
    /// Whatever else there is one of, by its Graph path without a leading slash, e.g. `policies/authorizationPolicy`.
    pub(crate) singletons: BTreeMap<String, Value>,
    /// Whatever else there are several of, by Graph path, e.g. `identityProtection/riskyUsers`.
    pub(crate) others: BTreeMap<String, Collection>,
}

/// Azure, as ARM shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Azure {
    /// `id` is the ARM id (`/subscriptions/...`).
    pub(crate) subscriptions: Collection,
    /// `id` is the ARM id of the assignment.
    pub(crate) role_assignments: Collection,
    /// `id` is the role's ARM id at root (`/providers/Microsoft.Authorization/roleDefinitions/...`).
    pub(crate) role_definitions: Collection,
    /// Whatever else is asked for, by ARM id.
    pub(crate) resources: Collection,
}

impl Directory {
    /// A user by object id or user principal name.
    pub(crate) fn user(&self, key: &str) -> Option<&Value> {
        self.users.get(key).or_else(|| self.users.find("userPrincipalName", key))
    }

    /// The groups that an object is in, at any depth; ids in lower case. Cycles end, and a deleted group has no members.
    pub(crate) fn groups_of(&self, object: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![object.to_ascii_lowercase()];
        while let Some(member) = waiting.pop() {
            for (group, members) in &self.members {
                if members.contains(&member) && self.groups.contains(group) && found.insert(group.clone()) {
                    waiting.push(group.clone());
                }
            }
        }
        found
    }

    /// Template ids of the directory roles that an object holds now at tenant scope, by itself or by a group.
    pub(crate) fn roles_of(&self, object: &str) -> BTreeSet<String> {
        let mut holders = self.groups_of(object);
        holders.insert(object.to_ascii_lowercase());
        self.role_assignments
            .iter()
            .filter(|a| text(a, "directoryScopeId").is_none_or(|scope| scope == "/"))
            .filter(|a| text(a, "principalId").is_some_and(|id| holders.contains(&id.to_ascii_lowercase())))
            .filter_map(|a| text(a, "roleDefinitionId").map(str::to_ascii_lowercase))
            .collect()
    }
}

/// A text property of an object.
pub(crate) fn text<'a>(object: &'a Value, property: &str) -> Option<&'a str> {
    object.get(property).and_then(Value::as_str)
}
