//! A role of an emergency account was added or removed, also as eligible and through Privileged Identity Management (F19,
//! F20).

use super::{AUDITS, Rule, has_any, operation, said, severity_of, target_accounts};
use crate::detection::{Hit, Nature};
use crate::event::{AuditTarget, Event};
use crate::watched::Watched;
use breakglass_model::Severity;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    id: "account-role",
    about: "role of an emergency account added or removed, directly or in PIM",
    next_step: "check that the account still holds Global Administrator, active and permanent (`breakglass check`); give it \
                back with another Global Administrator, and find out who did it and what access review ran",
    source: "REQUIREMENTS 6 (role add/remove, eligibility), F19, F20, I6",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let operation = operation(event);
    let is_role = operation.contains("role") || operation.contains("in pim");
    // App roles are permissions of applications, not of the directory.
    if !is_role || has_any(&operation, &["app role", "role definition created", "role setting"]) {
        return Vec::new();
    }
    let role = role_name(&event.audit_targets());
    target_accounts(event, watched)
        .into_iter()
        .map(|(id, account, _)| {
            let what = role.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
            let title = format!("role{what} of `{}`: {}", account.name, said(event));
            let hit = Hit::new(severity_of(event, Severity::Critical), title).about(id, &account.name);
            match &role {
                Some(role) => hit.fact("role", role.as_str()),
                None => hit,
            }
        })
        .collect()
}

/// The role: a target of its own, or `Role.DisplayName` among the changes.
pub(super) fn role_name(targets: &[AuditTarget]) -> Option<String> {
    let own = targets.iter().find(|t| t.kind.as_deref() == Some("Role")).and_then(|t| t.name.clone());
    own.or_else(|| {
        let change = targets
            .iter()
            .flat_map(|t| &t.changes)
            .find(|c| c.property.eq_ignore_ascii_case("Role.DisplayName"))?;
        [&change.new, &change.old].into_iter().find_map(Value::as_str).map(str::to_owned)
    })
}
