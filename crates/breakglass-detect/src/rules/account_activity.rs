//! The last resort: something was done by an emergency account, or to one, that no other rule knows.
//!
//! It finds what a stolen token does when its sign-in was never logged, and activities that were renamed or are new (F56).

use super::{Rule, properties, said, severity_of, target_accounts};
use crate::detection::{Hit, Nature};
use crate::event::{Event, EventKind};
use crate::watched::Watched;
use breakglass_model::Severity;

pub(super) const RULE: Rule = Rule {
    id: "account-activity",
    about: "anything else done by an emergency account, or to one",
    next_step: "find out what was done and by whom; an emergency account does nothing outside of a drill or an activation",
    source: "R-62, F56; REQUIREMENTS 6 (use without open activation)",
    logs: &[EventKind::Audit, EventKind::Activity],
    nature: Nature::Use,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    if let Some((id, account)) = watched.find(event.actor.as_ref(), event.actor_name.as_deref()) {
        let target = event.audit_targets().into_iter().find_map(|t| t.upn.or(t.name));
        let resource = event.detail("resource").and_then(|r| r.rsplit('/').next()).map(str::to_owned);
        let on = target.or(resource).map(|on| format!(" on `{on}`")).unwrap_or_default();
        let refused = if event.succeeded.is_no() { " (tried and refused)" } else { "" };
        let title = format!("`{}` acted: `{}`{on}{refused}", account.name, event.operation);
        return vec![Hit::new(Severity::Critical, title).about(id, &account.name)];
    }
    target_accounts(event, watched)
        .into_iter()
        .map(|(id, account, target)| {
            let title =
                format!("`{}` was changed: {}{}", account.name, properties(event, &target), said(event));
            let changes = serde_json::to_value(&target.changes).unwrap_or_default();
            let hit = Hit::new(severity_of(event, Severity::High), title).about(id, &account.name);
            if target.changes.is_empty() { hit } else { hit.fact("changes", changes) }
        })
        .collect()
}
