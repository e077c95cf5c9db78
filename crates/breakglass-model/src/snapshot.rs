//! A tenant as it was read at one time, with what could not be read.
//!
//! `breakglass-snapshot/1` (DESIGN section 4): Graph-shaped objects under their Graph names. A collection that is not
//! there was not read; an empty one was read and is empty. Whoever needs a collection that is not there must answer
//! "unknown".

use crate::canonical;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The format name that every snapshot file carries.
pub const FORMAT: &str = "breakglass-snapshot/1";

/// Names of collections, so that reader and writer cannot drift apart.
///
/// Each holds a list of Graph-shaped objects. Singletons (policies of which a tenant has one) are lists of one.
pub mod collections {
    /// `organization`, one object.
    pub const ORGANIZATION: &str = "organization";
    /// `domains`.
    pub const DOMAINS: &str = "domains";
    /// Graph `user` objects: emergency accounts, administrators, members that matter.
    pub const USERS: &str = "users";
    /// Graph `group` objects with an added `members` list of ids (direct members; users or groups). A group whose
    /// `members` is absent was not read whole.
    pub const GROUPS: &str = "groups";
    /// `{principalId, roleDefinitionId (template id), directoryScopeId, assignmentType: active|eligible, endDateTime?}`,
    /// joined from `roleAssignments` and the PIM schedule instances. `assignmentType` is `unknown` where an export names
    /// the role and does not say which of the two it is.
    pub const ROLE_ASSIGNMENTS: &str = "directoryRoleAssignments";
    /// Graph `servicePrincipal` objects that policies name by filter.
    pub const SERVICE_PRINCIPALS: &str = "servicePrincipals";
    /// Graph `conditionalAccessPolicy`.
    pub const POLICIES: &str = "conditionalAccessPolicies";
    /// Graph `namedLocation` and derived types.
    pub const NAMED_LOCATIONS: &str = "namedLocations";
    /// Graph `authenticationStrengthPolicy`, built-in and custom.
    pub const STRENGTHS: &str = "authenticationStrengthPolicies";
    /// Graph `authenticationMethodsPolicy`, one object.
    pub const METHODS_POLICY: &str = "authenticationMethodsPolicy";
    /// Graph `identitySecurityDefaultsEnforcementPolicy`, one object.
    pub const SECURITY_DEFAULTS: &str = "securityDefaults";
    /// `{userId, methods: [Graph authenticationMethod]}` for each emergency account.
    pub const AUTHENTICATION_METHODS: &str = "authenticationMethods";
    /// `{userId, ...}` capabilities that are told rather than read (`breakglass-ca-case/1`, or an attestation).
    pub const CAPABILITIES: &str = "capabilities";
    /// `{name, authenticationContextId}` per protected action.
    pub const PROTECTED_ACTIONS: &str = "protectedActions";
    /// `{roleDefinitionId, approvalRequired, mfa, authenticationContextId}` per PIM policy.
    pub const ROLE_MANAGEMENT_POLICIES: &str = "roleManagementPolicies";
    /// Graph `subscribedSku`.
    pub const SUBSCRIBED_SKUS: &str = "subscribedSkus";
    /// Soft-deleted users (`/directory/deletedItems/microsoft.graph.user`).
    pub const DELETED_USERS: &str = "deletedUsers";
    /// Soft-deleted groups.
    pub const DELETED_GROUPS: &str = "deletedGroups";
    /// Soft-deleted Conditional Access policies (beta, or an export that holds them).
    pub const DELETED_POLICIES: &str = "deletedConditionalAccessPolicies";
    /// ARM role assignments at root scope.
    pub const AZURE_ROOT_ASSIGNMENTS: &str = "azureRootRoleAssignments";
    /// ARM subscriptions the collector sees.
    pub const SUBSCRIPTIONS: &str = "subscriptions";
    /// Facts that no API gives: `{asOf, cloud, baselineScopes, mfaTrustedIps}`, one object.
    pub const SETTINGS: &str = "settings";
}

/// Something that was asked for and could not be read. What needs it is undetermined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// The collection, or the object as `collection/id`.
    pub what: String,
    /// Why, in words: permission missing, throttled, file malformed (with file and line).
    pub why: String,
}

/// One tenant at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Always [`FORMAT`].
    pub format: String,
    /// When reading began.
    pub taken_at: Timestamp,
    /// Which tenant.
    pub tenant: TenantInfo,
    /// Graph-shaped objects under the names of [`collections`].
    pub collections: BTreeMap<String, Vec<Value>>,
    /// What could not be read, and why.
    #[serde(default)]
    pub unread: Vec<Unread>,
    /// Digest over everything above; filled in by [`Snapshot::seal`].
    #[serde(default)]
    pub digest: String,
}

/// Which tenant a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantInfo {
    /// Tenant GUID; empty when the source did not say (a folder of policies).
    pub id: String,
    /// A name for people; may be empty.
    #[serde(default)]
    pub name: String,
    /// `global`, `usgov`, `usgovdod`, `china` or `custom`.
    #[serde(default = "global")]
    pub cloud: String,
}

fn global() -> String {
    "global".into()
}

impl Snapshot {
    /// An empty snapshot of a tenant.
    #[must_use]
    pub fn new(tenant: TenantInfo, taken_at: Timestamp) -> Self {
        Self {
            format: FORMAT.into(),
            taken_at,
            tenant,
            collections: BTreeMap::new(),
            unread: Vec::new(),
            digest: String::new(),
        }
    }

    /// The objects of a collection, or `None` when it was not read.
    #[must_use]
    pub fn get(&self, collection: &str) -> Option<&[Value]> {
        self.collections.get(collection).map(Vec::as_slice)
    }

    /// Puts a collection in, replacing what was there.
    pub fn set(&mut self, collection: &str, objects: Vec<Value>) {
        self.collections.insert(collection.into(), objects);
    }

    /// Notes that something could not be read.
    pub fn note_unread(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let unread = Unread { what: what.into(), why: why.into() };
        if !self.unread.contains(&unread) {
            self.unread.push(unread);
        }
    }

    /// The reason why a collection (or `collection/id`) could not be read, when one was noted.
    #[must_use]
    pub fn why_unread(&self, what: &str) -> Option<&str> {
        self.unread.iter().find(|u| u.what == what).map(|u| u.why.as_str())
    }

    /// The digest of the contents: everything but the time of reading and the digest itself, so that two readings of an
    /// unchanged tenant have the same digest.
    #[must_use]
    pub fn content_digest(&self) -> String {
        let view = (&self.format, &self.tenant, &self.collections, &self.unread);
        canonical::digest(&view).unwrap_or_default()
    }

    /// Fills in the digest. Call it once, when reading is done.
    #[must_use]
    pub fn seal(mut self) -> Self {
        self.digest = self.content_digest();
        self
    }

    /// Whether the digest in the file is that of its contents. An unsealed snapshot is not.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.digest == self.content_digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digest_follows_contents_and_not_time() {
        let info = TenantInfo { id: "t".into(), name: String::new(), cloud: "global".into() };
        let mut one = Snapshot::new(info.clone(), Timestamp::UNIX_EPOCH);
        one.set(collections::USERS, vec![json!({"id": "u"})]);
        let mut two = Snapshot::new(info, Timestamp::MAX);
        two.set(collections::USERS, vec![json!({"id": "u"})]);
        let (one, mut two) = (one.seal(), two.seal());
        assert_eq!(one.digest, two.digest);
        assert!(two.is_intact());
        two.note_unread("groups/g", "403");
        assert!(!two.is_intact());
    }
}
