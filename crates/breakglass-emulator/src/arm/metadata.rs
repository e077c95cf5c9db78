//! Where a cloud's services are: what `az cloud register` asks first.

use super::answer::Answer;
use crate::state::Origins;
use serde_json::{Value, json};

/// The endpoints: one object, or in the older version a list of clouds.
pub(super) fn endpoints(origins: &Origins, version: &str) -> Answer {
    let Origins { login, graph, arm, .. } = origins;
    let cloud = json!({
        "name": "Emulator", "portal": format!("{arm}/portal"), "resourceManager": arm, "graph": graph,
        "graphAudience": format!("{graph}/"), "microsoftGraphResourceId": format!("{graph}/"),
        "authentication": { "loginEndpoint": login, "tenant": "common", "identityProvider": "AAD",
            "audiences": [format!("{arm}/"), "https://management.core.windows.net/", "https://management.azure.com/"] },
        "batch": arm, "gallery": arm, "media": arm, "sqlManagement": arm, "vmImageAliasDoc": format!("{arm}/aliases"),
        "activeDirectoryDataLake": arm, "logAnalyticsResourceId": origins.monitor,
        "suffixes": { "storage": "core.localhost", "keyVaultDns": "vault.localhost", "sqlServerHostname": "database.localhost",
            "acrLoginServer": "azurecr.localhost", "mhsmDns": "managedhsm.localhost" },
    });
    let listed = version < "2020-01-01";
    Answer::ok(if listed { Value::Array(vec![cloud]) } else { cloud })
}
