//! A Global Administrator lost the role, who is not an emergency account. One is daily work; a burst of them is how an
//! attacker takes a tenant and leaves the emergency accounts as the only way back (F46).

use super::{AUDITS, Rule, account_role, by, operation, target_accounts};
use crate::detection::{Hit, Nature};
use crate::event::Event;
use crate::watched::Watched;
use breakglass_model::{ObjectId, Severity, ids};

pub(super) const RULE: Rule = Rule {
    id: "administrator-removed",
    about: "a Global Administrator other than an emergency account lost the role",
    next_step: "ask the administrator who did it; when several lost the role at once, open an activation: the tenant is being \
                taken",
    source: "REQUIREMENTS 6 (other GAs removed), F46, I6",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let operation = operation(event);
    let removes =
        operation.starts_with("remove ") && operation.contains("role") && !operation.contains("app role");
    // The end of a timed activation is no loss, and a request is none yet.
    let is_loss =
        removes && !["expired", "deactivate", "requested", "canceled"].iter().any(|w| operation.contains(w));
    if !is_loss || event.succeeded.is_no() || !target_accounts(event, watched).is_empty() {
        return Vec::new();
    }
    let targets = event.audit_targets();
    let names_it = account_role::role_name(&targets).is_some_and(|r| {
        let role = r.to_lowercase().replace(' ', "");
        role == "globaladministrator" || role == "companyadministrator" || role == "tenantadmins"
    });
    if !names_it && !event.targets.contains(&ObjectId::new(ids::GLOBAL_ADMINISTRATOR)) {
        return Vec::new();
    }
    let who =
        targets.iter().find(|t| t.kind.as_deref().is_none_or(|k| !k.eq_ignore_ascii_case("Role"))).and_then(
            |t| t.upn.clone().or_else(|| t.name.clone()).or_else(|| t.id.as_ref().map(ToString::to_string)),
        );
    let who = who.unwrap_or_else(|| "somebody".into());
    let title = format!("Global Administrator was taken from {who}: `{}`{}", event.operation, by(event));
    vec![Hit::new(Severity::High, title).fact("administrator", who)]
}
