//! The roads to the recovery actions (CONDITIONAL_ACCESS 1.4a), as data. Drills verify them.

use breakglass_model::sign_in::{ClientApp, ClientKind};
use breakglass_model::{ObjectId, Tri};
use jiff::Timestamp;
use std::fmt;

/// Microsoft Graph.
pub const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Windows Azure Active Directory: an audience that Graph roads may show (T-7).
pub const DIRECTORY: &str = "00000002-0000-0000-c000-000000000000";
/// Windows Azure Service Management API.
pub const ARM: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
/// Azure portal, Entra admin center, Intune admin center.
pub const PORTAL: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";
/// Graph PowerShell.
pub const GRAPH_POWERSHELL: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";
/// Graph Explorer.
pub const GRAPH_EXPLORER: &str = "de8bc8b5-d9f9-48b1-a8ad-b748da725064";
/// Azure CLI.
pub const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// Azure PowerShell.
pub const AZURE_POWERSHELL: &str = "1950a258-227b-4e31-a9cf-717495945fc2";

/// What somebody must be able to do in an emergency. Each is judged for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Change Conditional Access policies.
    ManagePolicies,
    /// Delete Conditional Access policies: what is left when licences have expired (ST-7).
    DeletePolicies,
    /// Change users and their methods.
    ManageUsers,
    /// Become User Access Administrator at the root of Azure.
    ElevateAccess,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ManagePolicies, Self::DeletePolicies, Self::ManageUsers, Self::ElevateAccess];

    /// The name in questions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ManagePolicies => "manage-ca-policies",
            Self::DeletePolicies => "delete-ca-policies",
            Self::ManageUsers => "manage-users",
            Self::ElevateAccess => "elevate-access",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    /// Built-in roles (template ids) of which one is enough. Elevating is for Global Administrators only (L-20).
    #[must_use]
    pub fn roles(self) -> &'static [&'static str] {
        const GLOBAL: &str = breakglass_model::ids::GLOBAL_ADMINISTRATOR;
        const CONDITIONAL_ACCESS: &str = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9";
        const SECURITY: &str = "194ae4cb-b126-40b2-bd5b-6091b380977d";
        const USERS: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
        match self {
            Self::ManagePolicies | Self::DeletePolicies => &[GLOBAL, CONDITIONAL_ACCESS, SECURITY],
            Self::ManageUsers => &[GLOBAL, USERS],
            Self::ElevateAccess => &[GLOBAL],
        }
    }

    /// Whether a protected action of this name stands in the way (L-18). Only editing what exists, and deleting it, is
    /// needed for recovery.
    #[must_use]
    pub fn is_protected_by(self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let on = |what: &str| {
            name.strip_prefix("microsoft.directory/conditionalaccesspolicies/")
                .is_some_and(|rest| rest == what)
        };
        match self {
            Self::ManagePolicies => on("basic/update") || on("update"),
            Self::DeletePolicies => on("delete"),
            Self::ManageUsers => name.starts_with("microsoft.directory/users/"),
            Self::ElevateAccess => name.ends_with("/elevateaccess/action"),
        }
    }

    /// Whether protected actions exist for it at all.
    #[must_use]
    pub fn can_be_protected(self) -> bool {
        matches!(self, Self::ManagePolicies | Self::DeletePolicies)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One way to an action: a client and the tokens that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Road {
    /// Name: `entra-admin-center`, `graph-powershell` ...
    pub id: String,
    /// App id of the client.
    pub client: Option<ObjectId>,
    /// Public or confidential.
    pub client_kind: Option<ClientKind>,
    /// Browser, or a native client.
    pub client_app: Option<ClientApp>,
    /// Everything that it asks tokens for, first to last: early- and late-bound dependencies both count (T-9).
    pub audiences: Vec<ObjectId>,
    /// Resources of which it is not settled whether it asks for them (T-7).
    pub may_audiences: Vec<ObjectId>,
    /// Whether Microsoft demands MFA on it whatever the policies say (L-13).
    pub mandatory_mfa: Tri,
    /// Whether the client can answer a claims challenge (L-18).
    pub step_up: Tri,
    /// Whether it is one of Microsoft's portals, which may be down.
    pub is_portal: bool,
}

/// From when mandatory MFA holds on portals, and from when on Azure's command lines for certain (L-13). Between the
/// second and the third date a tenant may have postponed it.
const PHASE_ONE: &str = "2024-10-15T00:00:00Z";
const PHASE_TWO: &str = "2025-09-15T00:00:00Z";
const PHASE_TWO_FOR_ALL: &str = "2026-07-01T00:00:00Z";

/// The built-in roads to an action at a date.
#[must_use]
pub fn built_in(action: Action, at: Timestamp) -> Vec<Road> {
    let reached = |date: &str| date.parse::<Timestamp>().is_ok_and(|date| at >= date);
    let portals = Tri::from(reached(PHASE_ONE));
    let command_lines = match (reached(PHASE_TWO), reached(PHASE_TWO_FOR_ALL)) {
        (_, true) => Tri::Yes,
        (true, false) => Tri::Unknown,
        (false, false) => Tri::No,
    };
    let road = |id: &str, client: &str, app: ClientApp, audiences: &[&str]| Road {
        id: id.to_owned(),
        client: Some(ObjectId::new(client)),
        client_kind: Some(if client == PORTAL { ClientKind::Confidential } else { ClientKind::Public }),
        client_app: Some(app),
        audiences: audiences.iter().map(ObjectId::new).collect(),
        may_audiences: if audiences.contains(&GRAPH) { vec![ObjectId::new(DIRECTORY)] } else { Vec::new() },
        mandatory_mfa: match client {
            PORTAL => portals,
            AZURE_CLI | AZURE_POWERSHELL => command_lines,
            _ => Tri::No,
        },
        step_up: Tri::from(![AZURE_CLI, AZURE_POWERSHELL].contains(&client)),
        is_portal: client == PORTAL,
    };
    let (browser, native) = (ClientApp::Browser, ClientApp::MobileAppsAndDesktop);
    match action {
        Action::ElevateAccess => vec![
            road("azure-portal", PORTAL, browser, &[PORTAL, ARM, GRAPH]),
            road("azure-cli", AZURE_CLI, native, &[ARM]),
            road("azure-powershell", AZURE_POWERSHELL, native, &[ARM]),
        ],
        // Azure CLI is no road here: its Graph token does not carry the permission to change policies.
        Action::ManagePolicies | Action::DeletePolicies | Action::ManageUsers => vec![
            road("entra-admin-center", PORTAL, browser, &[PORTAL, ARM, GRAPH]),
            road("graph-powershell", GRAPH_POWERSHELL, native, &[GRAPH]),
            road("graph-explorer", GRAPH_EXPLORER, browser, &[GRAPH]),
        ],
    }
}
