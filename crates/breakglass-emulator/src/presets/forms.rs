//! The files under `data/`, as they are written.

use serde::Deserialize;
use serde_json::Value;

/// A tenant in few words.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Form {
    /// Another preset that this one adds to.
    pub(super) extends: Option<String>,
    pub(super) tenant_id: String,
    pub(super) subscription_id: String,
    #[serde(default)]
    pub(super) organization: String,
    /// Two letters: where its people sit, and where sign-ins come from.
    #[serde(default)]
    pub(super) country: String,
    #[serde(default)]
    pub(super) domains: Vec<Domain>,
    #[serde(default)]
    pub(super) licences: Vec<String>,
    #[serde(default)]
    pub(super) exclusion_group: String,
    /// Emergency accounts that the ready file names.
    #[serde(default)]
    pub(super) emergency: Vec<Emergency>,
    #[serde(default)]
    pub(super) groups: Vec<Group>,
    #[serde(default)]
    pub(super) users: Vec<User>,
    #[serde(default)]
    pub(super) policies: Vec<Policy>,
    #[serde(default)]
    pub(super) exclude: Vec<Exclusion>,
    /// Merged into the configuration of passkeys.
    #[serde(default)]
    pub(super) fido2: Option<Value>,
    /// Azure role of the automation application at root.
    #[serde(default)]
    pub(super) automation_azure_role: Option<String>,
    /// Whether Conditional Access answers once a second only, as it does in Entra: yes, unless said.
    #[serde(default)]
    pub(super) conditional_access_limit: Option<bool>,
    /// Users who elevated themselves and never undid it.
    #[serde(default)]
    pub(super) elevated: Vec<String>,
}

impl Form {
    /// This form on top of another: lists are added to, everything else replaces.
    pub(super) fn upon(self, mut base: Self) -> Self {
        base.extends = None;
        base.tenant_id = self.tenant_id;
        base.subscription_id = self.subscription_id;
        if !self.domains.is_empty() {
            base.domains = self.domains;
        }
        base.emergency.extend(self.emergency);
        base.groups.extend(self.groups);
        base.users.extend(self.users);
        base.policies.extend(self.policies);
        base.exclude.extend(self.exclude);
        base.elevated.extend(self.elevated);
        base.fido2 = self.fido2.or(base.fido2);
        base.automation_azure_role = self.automation_azure_role.or(base.automation_azure_role);
        base.conditional_access_limit = self.conditional_access_limit.or(base.conditional_access_limit);
        base
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Domain {
    pub(super) name: String,
    #[serde(default)]
    pub(super) initial: bool,
    #[serde(default)]
    pub(super) default: bool,
    #[serde(default)]
    pub(super) federated: bool,
    /// Never, unless said.
    #[serde(default)]
    pub(super) password_validity_days: Option<i32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Emergency {
    pub(super) name: String,
    pub(super) upn: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) role_assignable: bool,
    /// Membership rule; its members are those whom the form puts in.
    #[serde(default)]
    pub(super) rule: Option<String>,
    #[serde(default)]
    pub(super) deleted: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) upn: String,
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) password_never_expires: bool,
    /// `authenticator`, `phone`.
    #[serde(default)]
    pub(super) methods: Vec<String>,
    #[serde(default)]
    pub(super) keys: Vec<Key>,
    /// Active roles, by name.
    #[serde(default)]
    pub(super) roles: Vec<String>,
    /// Eligible roles, by name.
    #[serde(default)]
    pub(super) eligible: Vec<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) licensed: bool,
    #[serde(default)]
    pub(super) synced: bool,
    #[serde(default)]
    pub(super) deleted: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) aaguid: String,
}

/// A policy of the baseline, or one of the tenant's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Policy {
    /// The baseline's policy with this key.
    #[serde(default, rename = "use")]
    pub(super) baseline: Option<String>,
    #[serde(default)]
    pub(super) key: Option<String>,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
    /// Merged into `conditions.users`.
    #[serde(default)]
    pub(super) users: Option<Value>,
    #[serde(default)]
    pub(super) conditions: Option<Value>,
    #[serde(default)]
    pub(super) grant_controls: Option<Value>,
    #[serde(default)]
    pub(super) session_controls: Option<Value>,
}

impl Policy {
    pub(super) fn key(&self) -> &str {
        self.baseline.as_deref().or(self.key.as_deref()).unwrap_or_default()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exclusion {
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) users: Vec<String>,
    /// Keys of policies.
    pub(super) from: Vec<String>,
}

/// The published baseline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    pub(super) locations: Vec<Value>,
    pub(super) policies: Vec<Policy>,
}
