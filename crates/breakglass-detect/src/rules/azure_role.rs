//! A role in Azure was given to or taken from an emergency account, or from anybody at the root scope (F50).

use super::{Rule, by};
use crate::detection::{Hit, Nature};
use crate::event::{Event, EventKind};
use crate::watched::Watched;
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    id: "azure-role",
    about: "Azure role assignment of an emergency account, or of anybody at the root scope, added or removed",
    next_step: "list the assignments at scope `/` and of the emergency accounts (`breakglass check`) and remove what the \
                design does not name",
    source: "REQUIREMENTS 5.2 (root assignments), F50",
    logs: &[EventKind::Activity],
    nature: Nature::Change,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let written = match event.operation.rsplit_once("/ROLEASSIGNMENTS/") {
        Some((_, "WRITE")) => true,
        Some((_, "DELETE")) => false,
        _ => return Vec::new(),
    };
    if event.succeeded != Tri::Yes {
        return Vec::new();
    }
    let account = event.targets.iter().find_map(|id| watched.accounts.get_key_value(id));
    let at_root = event.detail("resource").is_some_and(is_root);
    if account.is_none() && !at_root {
        return Vec::new();
    }
    let verb = if written { "given" } else { "taken away" };
    let place = if at_root { " at the root of Azure" } else { "" };
    let whom = account.map(|(_, a)| format!(": principal `{}`", a.name)).unwrap_or_default();
    // Removing what a drill or an emergency left behind is what should happen.
    let severity = if written { Severity::Critical } else { Severity::Medium };
    let mut hit = Hit::new(severity, format!("an Azure role was {verb}{place}{whom}{}", by(event)));
    if let Some((id, account)) = account {
        hit = hit.about(id, &account.name);
    }
    if let Some(scope) = event.detail("scope").or_else(|| event.detail("resource")) {
        hit = hit.fact("scope", scope);
    }
    for pointer in ["/request/Properties/RoleDefinitionId", "/request/properties/roleDefinitionId"] {
        if let Some(role) = event.details.pointer(pointer).and_then(Value::as_str) {
            hit = hit.fact("role_definition", role);
        }
    }
    vec![hit]
}

/// `/providers/Microsoft.Authorization/roleAssignments/{id}`: nothing before the provider.
fn is_root(resource: &str) -> bool {
    resource.to_ascii_lowercase().starts_with("/providers/microsoft.authorization/roleassignments/")
}
