//! Somebody took User Access Administrator at the root of Azure: from there every subscription can be taken (F46, F49).
//!
//! The audit's name was changed more than once; the activity log has the operation. Both are read (F56).

use super::Rule;
use crate::detection::{Hit, Nature};
use crate::event::{Event, EventKind};
use crate::watched::Watched;
use breakglass_model::{Severity, Tri};

pub(super) const RULE: Rule = Rule {
    id: "elevate-access",
    about: "a Global Administrator elevated access to the root of Azure",
    next_step: "ask the person; when it was not planned, remove the assignment at scope `/`, revoke the person's sessions and \
                look at what was done in the subscriptions since",
    source: "REQUIREMENTS 6 (elevateAccess), D1, F46, F50",
    logs: &[EventKind::Audit, EventKind::Activity],
    nature: Nature::Use,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    if !is_elevation(event) || event.succeeded.is_no() {
        return Vec::new();
    }
    // Azure writes one entry when it begins and one when it is done: the first is enough to know and says less.
    if event.kind == EventKind::Activity && event.succeeded == Tri::Unknown {
        return Vec::new();
    }
    let who = event.actor_name.clone().or_else(|| event.actor.as_ref().map(ToString::to_string));
    let account = watched.find(event.actor.as_ref(), event.actor_name.as_deref());
    let who = match (account, who) {
        (Some((_, account)), _) => format!("`{}`", account.name),
        (None, Some(name)) => name,
        (None, None) => "somebody".into(),
    };
    let hit =
        Hit::new(Severity::Critical, format!("{who} took User Access Administrator at the root of Azure"));
    vec![match account {
        Some((id, account)) => hit.about(id, &account.name),
        None => hit,
    }]
}

fn is_elevation(event: &Event) -> bool {
    if event.kind == EventKind::Activity {
        return event.operation.ends_with("/ELEVATEACCESS/ACTION");
    }
    let operation = event.operation.to_lowercase();
    let removed = operation.contains("removed");
    let in_category = event
        .detail("category")
        .is_some_and(|c| c.eq_ignore_ascii_case("AzureRBACRoleManagementElevateAccess"));
    let named = operation.contains("elevated") && operation.contains("user access administrator")
        || operation.contains("assigns the caller to user access admin");
    let action = event
        .details
        .pointer("/additional/Action")
        .and_then(|a| a.as_str())
        .is_some_and(|a| a.to_lowercase().ends_with("elevateaccess/action"));
    !removed && (in_category || named || action)
}
