//! A tenant as ops sees it: a closed set of questions and a closed set of changes.
//!
//! Both sets are plain data, so a plan can list changes, a journal can keep them, a fault can be put before or after
//! any of them, and an adapter has one place for each.

use async_trait::async_trait;
use breakglass_model::{ObjectId, PolicyId, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A question to the tenant. Every answer is a list of Graph- or ARM-shaped objects, whole: paging is the adapter's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// `GET /organization`.
    Organization,
    /// `GET /domains`.
    Domains,
    /// One user by object id or UPN, with every property the checks need (`$select`: the default projection omits
    /// `accountEnabled`, `passwordPolicies`, `onPremisesSyncEnabled` and more). Not found is an empty list.
    User(String),
    /// One group by id; not found is an empty list.
    Group(ObjectId),
    /// Groups with exactly this display name.
    GroupsNamed(String),
    /// Direct members of a group: `{id, @odata.type}`.
    GroupMembers(ObjectId),
    /// `GET /roleManagement/directory/roleAssignments` of one role template, or of all with `None`.
    RoleAssignments(Option<ObjectId>),
    /// `GET /roleManagement/directory/roleAssignmentScheduleInstances` (PIM; needs P2).
    RoleScheduleInstances,
    /// `GET /roleManagement/directory/roleEligibilityScheduleInstances` (PIM; needs P2).
    RoleEligibilityInstances,
    /// `GET /identity/conditionalAccess/policies` (one request a second a tenant).
    Policies,
    /// `GET /identity/conditionalAccess/policies/{id}`; not found is an empty list.
    Policy(PolicyId),
    /// `GET /identity/conditionalAccess/namedLocations`.
    NamedLocations,
    /// `GET /policies/authenticationStrengthPolicies` with combination configurations.
    AuthenticationStrengths,
    /// `GET /policies/authenticationMethodsPolicy`.
    AuthenticationMethodsPolicy,
    /// `GET /policies/identitySecurityDefaultsEnforcementPolicy`.
    SecurityDefaults,
    /// `GET /users/{id}/authentication/methods`.
    AuthenticationMethods(ObjectId),
    /// `GET /users/{id}/authentication/fido2Methods/creationOptions`: one `webauthnCredentialCreationOptions`.
    PasskeyCreationOptions(ObjectId),
    /// `GET /subscribedSkus`.
    SubscribedSkus,
    /// Soft-deleted users.
    DeletedUsers,
    /// Soft-deleted groups.
    DeletedGroups,
    /// Sign-ins of all kinds since a time, newest first, of one user or of all.
    SignIns {
        /// Not before.
        since: Timestamp,
        /// Only this user.
        user: Option<ObjectId>,
    },
    /// Directory audits since a time, newest first.
    DirectoryAudits {
        /// Not before.
        since: Timestamp,
    },
    /// ARM subscriptions the caller can see.
    Subscriptions,
    /// ARM role assignments at root scope (`/`), optionally of one principal.
    AzureRootAssignments(Option<ObjectId>),
    /// ARM activity log, tenant level or of one subscription.
    ActivityLog(ActivityFilter),
}

/// What part of the activity log is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Not before.
    pub since: Timestamp,
    /// Only this subscription; `None` for the tenant-level log, where `elevateAccess` is written.
    pub subscription: Option<String>,
}

/// A new user. The password is handed beside it, never in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// User principal name.
    pub upn: String,
    /// Display name.
    pub display_name: String,
    /// Mail nickname (required by Graph).
    pub mail_nickname: String,
}

/// What an authenticator made: the body of `POST /users/{id}/authentication/fido2Methods`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyCreation {
    /// Name shown in the portal.
    pub display_name: String,
    /// Credential id, base64url without padding.
    pub credential_id: String,
    /// `response.clientDataJSON`, base64url without padding.
    pub client_data_json: String,
    /// `response.attestationObject`, base64url without padding.
    pub attestation_object: String,
}

/// A change to the tenant. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum Change {
    /// `POST /users`: enabled, password does not expire, no forced change. Answers the user.
    CreateUser(NewUser, Secret),
    /// `PATCH /users/{id}` `passwordProfile`.
    SetPassword(ObjectId, Secret),
    /// `PATCH /users/{id}` with plain properties.
    UpdateUser(ObjectId, Value),
    /// `DELETE /users/{id}` (soft).
    DeleteUser(ObjectId),
    /// `POST /users/{id}/authentication/fido2Methods`. Answers the method.
    RegisterPasskey(ObjectId, PasskeyCreation),
    /// `DELETE /users/{id}/authentication/fido2Methods/{method}`.
    DeletePasskey(ObjectId, String),
    /// `POST /users/{id}/revokeSignInSessions`.
    RevokeSessions(ObjectId),
    /// `POST /groups`, a security group. Answers the group.
    CreateGroup {
        /// Display name.
        name: String,
        /// Why it exists.
        description: String,
        /// Only role administrators may change its members.
        role_assignable: bool,
    },
    /// `DELETE /groups/{id}` (soft).
    DeleteGroup(ObjectId),
    /// `POST /groups/{id}/members/$ref`.
    AddGroupMember {
        /// The group.
        group: ObjectId,
        /// The member.
        member: ObjectId,
    },
    /// `DELETE /groups/{id}/members/{member}/$ref`.
    RemoveGroupMember {
        /// The group.
        group: ObjectId,
        /// The member.
        member: ObjectId,
    },
    /// `POST /roleManagement/directory/roleAssignments` at tenant scope: active and permanent. Answers the assignment.
    AssignRole {
        /// Role template id.
        role: ObjectId,
        /// Who gets it.
        principal: ObjectId,
    },
    /// `DELETE /roleManagement/directory/roleAssignments/{id}`.
    RemoveRoleAssignment(String),
    /// `PATCH /identity/conditionalAccess/policies/{id}` with a fragment.
    UpdatePolicy(PolicyId, Value),
    /// `POST /identity/conditionalAccess/policies`. Answers the policy.
    CreatePolicy(Value),
    /// `DELETE /identity/conditionalAccess/policies/{id}`.
    DeletePolicy(PolicyId),
    /// `POST {arm}/providers/Microsoft.Authorization/elevateAccess`: User Access Administrator at `/` for the caller.
    ElevateAccess,
    /// `DELETE {arm}{id}`: an Azure role assignment by its full resource id.
    RemoveAzureRoleAssignment(String),
}

/// Why the tenant did not answer as hoped.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// 404. After a write it may mean "not yet" (replication).
    #[error("`{what}` was not found: {detail}")]
    NotFound {
        /// The object.
        what: String,
        /// The service's words.
        detail: String,
    },
    /// 409, or 400 that says the object exists already.
    #[error("`{what}` exists already: {detail}")]
    Conflict {
        /// The object.
        what: String,
        /// The service's words.
        detail: String,
    },
    /// 401 or 403: the credential is refused or lacks a permission.
    #[error("{what}: refused with {status}: {detail}")]
    Refused {
        /// The request, method and path.
        what: String,
        /// HTTP status.
        status: u16,
        /// The service's words.
        detail: String,
    },
    /// 400 and other answers that repeating will not mend.
    #[error("{what}: rejected with {status}: {detail}")]
    Rejected {
        /// The request, method and path.
        what: String,
        /// HTTP status.
        status: u16,
        /// The service's words.
        detail: String,
    },
    /// Throttled or unavailable beyond the retry budget. A write may or may not have taken effect.
    #[error("{what}: no answer after {attempts} attempts: {detail}")]
    Unavailable {
        /// The request, method and path.
        what: String,
        /// How often it was tried.
        attempts: u32,
        /// The last cause.
        detail: String,
    },
    /// An answer that is not what Graph or ARM is documented to give.
    #[error("{what}: answer not understood: {detail}")]
    Malformed {
        /// The request, method and path.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Signing in to the tenant failed.
    #[error("signing in to the tenant failed: {0}")]
    SignIn(String),
}

/// One tenant, reached with one credential.
///
/// Contract: reads are whole (all pages) or an error; a write is sent at most once after an answer that might mean it
/// took effect, so a caller that gets [`TenantError::Unavailable`] must read before it tries again; throttling budgets,
/// backoff and `Retry-After` are the adapter's. Calls may run at once.
#[async_trait]
pub trait Tenant: Send + Sync {
    /// What this reaches, for the statement before acting: tenant id and endpoint.
    fn describe(&self) -> String;
    /// Reads.
    async fn read(&self, query: &Query) -> Result<Vec<Value>, TenantError>;
    /// Writes; the answer is the created object, or null.
    async fn write(&self, change: &Change) -> Result<Value, TenantError>;
    /// What the latest reads had to leave out although they succeeded, and why: an optional source that refused, such as
    /// the beta endpoint for sign-ins without a person. Empty when they were whole.
    fn gaps(&self) -> Vec<breakglass_model::Unread> {
        Vec::new()
    }
}
