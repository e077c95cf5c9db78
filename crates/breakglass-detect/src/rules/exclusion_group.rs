//! The group that carries the exclusions: members, owners, rules, deletion, restoration (F24, F25).
//!
//! Whoever can add a member to it takes that member out of Conditional Access; whoever deletes it locks the emergency
//! accounts out at once.

use super::{AUDITS, Rule, has_any, operation, said, severity_of, target_accounts};
use crate::detection::{Hit, Nature};
use crate::event::{AuditTarget, Event};
use crate::watched::Watched;
use breakglass_model::Severity;

pub(super) const RULE: Rule = Rule {
    id: "exclusion-group",
    about: "exclusion group: members, owners, membership rule, deletion, restoration",
    next_step: "compare the group with the design: only the emergency accounts are members, nobody owns it; restore it within \
                30 days when it was deleted, and find out who did it",
    source: "REQUIREMENTS 6 (exclusion group), D1, F24, F25",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let Some(group) = watched.exclusion_group.as_ref().filter(|g| event.targets.contains(g)) else {
        return Vec::new();
    };
    let operation = operation(event);
    if !operation.contains("group") && !has_any(&operation, &["member", "owner", "pim"]) {
        return Vec::new();
    }
    let members = target_accounts(event, watched);
    let targets = event.audit_targets();
    let stranger = targets
        .iter()
        .find(|t| t.id.as_ref() != Some(group) && watched.find(t.id.as_ref(), t.upn.as_deref()).is_none());
    let adds = operation.contains("add ");
    let severity = match (adds, operation.contains("owner"), stranger.is_some()) {
        // An emergency account belongs in the group; that it comes in is worth knowing.
        (true, false, false) if !members.is_empty() => Severity::Medium,
        (true, ..) => Severity::Critical,
        _ if operation.contains("remove member") && !members.is_empty() => Severity::Critical,
        _ if operation.contains("delete group") => Severity::Critical,
        _ => Severity::High,
    };
    let name = |t: &AuditTarget| {
        t.upn.clone().or_else(|| t.name.clone()).or_else(|| t.id.as_ref().map(ToString::to_string))
    };
    let who = stranger.and_then(name).or_else(|| members.first().map(|(_, a, _)| format!("`{}`", a.name)));
    let on = who.as_ref().map(|w| format!(", {w}")).unwrap_or_default();
    let title = format!("exclusion group{on}: {}", said(event));
    let mut hit = Hit::new(severity_of(event, severity), title).fact("group", group.as_str());
    if let Some(who) = who {
        hit = hit.fact("member", who);
    }
    let changes: Vec<_> =
        targets.iter().filter(|t| t.id.as_ref() == Some(group)).flat_map(|t| &t.changes).collect();
    if !changes.is_empty() {
        hit = hit.fact("changes", serde_json::to_value(&changes).unwrap_or_default());
    }
    if operation.starts_with("delete group") {
        hit = hit.next("restore the group at once: every policy that excludes it applies to the emergency accounts from now on");
    }
    for (id, account, _) in &members {
        hit = hit.about(id, &account.name);
    }
    vec![hit]
}
