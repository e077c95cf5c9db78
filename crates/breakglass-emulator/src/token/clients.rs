//! Applications that every tenant knows.

use crate::decide::PORTAL;
use crate::state::hidden::Client;
use crate::state::{State, text};
use serde_json::json;

pub(crate) const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Id, name, whether it runs in a browser, delegated permissions at Graph (empty: whatever is asked for, as after an administrator's
/// consent).
const KNOWN: &[(&str, &str, bool, &[&str])] = &[
    (
        AZURE_CLI,
        "Microsoft Azure CLI",
        false,
        &[
            "Application.ReadWrite.All",
            "AppRoleAssignment.ReadWrite.All",
            "AuditLog.Read.All",
            "DelegatedPermissionGrant.ReadWrite.All",
            "Directory.AccessAsUser.All",
            "Group.ReadWrite.All",
            "User.Read.All",
            "User.ReadWrite.All",
        ],
    ),
    (
        "1950a258-227b-4e31-a9cf-717495945fc2",
        "Microsoft Azure PowerShell",
        false,
        &["Directory.AccessAsUser.All", "AuditLog.Read.All"],
    ),
    ("14d82eec-204b-4c2f-b7e8-296a70dab67e", "Microsoft Graph Command Line Tools", false, &[]),
    ("de8bc8b5-d9f9-48b1-a8ad-b748da725064", "Graph Explorer", true, &[]),
    (
        PORTAL,
        "Azure Portal",
        true,
        &["Directory.AccessAsUser.All", "Policy.ReadWrite.ConditionalAccess", "Policy.Read.All"],
    ),
];

/// A client by application id: one that is registered here, or one of Microsoft's.
pub(crate) fn find(state: &State, id: &str) -> Option<Client> {
    let id = id.to_ascii_lowercase();
    if let Some(client) = state.hidden.clients.get(&id) {
        return Some(client.clone());
    }
    let (id, name, browser, scopes) = KNOWN.iter().find(|(known, ..)| *known == id)?;
    Some(Client {
        app_id: (*id).to_owned(),
        name: (*name).to_owned(),
        service_principal: state
            .directory
            .service_principals
            .find("appId", id)
            .and_then(|sp| text(sp, "id"))
            .map(str::to_owned),
        secrets: Vec::new(),
        certificates: Vec::new(),
        public: true,
        browser: *browser,
        roles: Vec::new(),
        scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
    })
}

/// Puts service principals of the resources and of Microsoft's clients into a directory that does not have them.
pub(crate) fn register_known(state: &mut State) {
    let resources = [
        (crate::decide::GRAPH, "Microsoft Graph"),
        (crate::decide::MANAGEMENT, "Windows Azure Service Management API"),
        (crate::decide::DIRECTORY, "Windows Azure Active Directory"),
    ];
    let clients = KNOWN.iter().map(|(id, name, ..)| (*id, *name));
    for (app, name) in resources.into_iter().chain(clients) {
        if state.directory.service_principals.find("appId", app).is_none() {
            let id = state.ids.guid();
            state.directory.service_principals.insert(json!({
                "id": id, "appId": app, "displayName": name, "appDisplayName": name, "accountEnabled": true,
                "servicePrincipalType": "Application", "servicePrincipalNames": [app], "tags": [],
                "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a", "signInAudience": "AzureADMultipleOrgs",
            }));
        }
    }
}
