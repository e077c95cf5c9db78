//! The rules, one file each, and the function that puts an event to all of them.
//!
//! Names of activities change (F56: a rule whose activity was renamed matches nothing), so rules about an account match
//! words in the operation and not whole names: the target narrows them enough. What is done by or to an emergency account
//! and no rule knows is still told, by [`account_activity`].

mod access;
mod account_activity;
mod account_method;
mod account_password;
mod account_role;
mod account_sign_in;
mod account_state;
mod account_tap;
mod administrator_removed;
mod azure_role;
mod conditional_access;
mod domain_federation;
mod elevate_access;
mod exclusion_group;
mod monitoring;

use crate::detection::{Detection, Hit, Nature};
use crate::event::{AuditTarget, Event, EventKind};
use crate::watched::{Watched, WatchedAccount};
use breakglass_model::{ObjectId, Severity, Tri};

/// A rule: what it looks for and what to do when it finds it.
pub struct Rule {
    /// Stable id.
    pub id: &'static str,
    /// What it looks for, for a list of rules.
    pub about: &'static str,
    /// What to do, to whoever gets the alert.
    pub next_step: &'static str,
    /// Where the rule is from (REQUIREMENTS, sections and keys).
    pub source: &'static str,
    /// Logs that it reads.
    pub logs: &'static [EventKind],
    nature: Nature,
    find: for<'a> fn(&Event, &'a Watched) -> Vec<Hit<'a>>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Every rule but the last resort.
static SPECIFIC: &[Rule] = &[
    account_sign_in::RULE,
    account_password::RULE,
    account_method::RULE,
    account_tap::RULE,
    account_role::RULE,
    account_state::RULE,
    exclusion_group::RULE,
    conditional_access::RULE,
    access::NAMED_LOCATION,
    access::AUTHENTICATION_STRENGTH,
    access::METHODS_POLICY,
    access::TENANT_DEFAULTS,
    administrator_removed::RULE,
    domain_federation::RULE,
    elevate_access::RULE,
    azure_role::RULE,
    monitoring::RULE,
];

/// All rules, in the order of the list in the documentation.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    SPECIFIC.iter().chain(std::iter::once(&account_activity::RULE))
}

/// Puts an event to every rule. No rule changes anything or remembers anything: the same event gives the same answer.
#[must_use]
pub fn detect(event: &Event, watched: &Watched) -> Vec<Detection> {
    let found: Vec<Detection> = SPECIFIC.iter().flat_map(|rule| rule.apply(event, watched)).collect();
    if found.is_empty() { account_activity::RULE.apply(event, watched) } else { found }
}

impl Rule {
    fn apply(&self, event: &Event, watched: &Watched) -> Vec<Detection> {
        if !self.logs.contains(&event.kind) {
            return Vec::new();
        }
        (self.find)(event, watched)
            .into_iter()
            .map(|hit| hit.detection(self.id, self.nature, self.next_step, event, watched))
            .collect()
    }
}

const AUDITS: &[EventKind] = &[EventKind::Audit];

/// The operation in lower case, for matching words.
fn operation(event: &Event) -> String {
    event.operation.to_lowercase()
}

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|w| text.contains(w))
}

/// Emergency accounts among the targets of an audit, each once, with the target.
fn target_accounts<'a>(
    event: &Event,
    watched: &'a Watched,
) -> Vec<(&'a ObjectId, &'a WatchedAccount, AuditTarget)> {
    let mut found: Vec<(&ObjectId, &WatchedAccount, AuditTarget)> = Vec::new();
    for target in event.audit_targets() {
        if let Some((id, account)) = watched.find(target.id.as_ref(), target.upn.as_deref())
            && !found.iter().any(|(known, ..)| *known == id)
        {
            found.push((id, account, target));
        }
    }
    // Ids that changes name (`Member.ObjectID`) count as well.
    for id in &event.targets {
        if let Some((id, account)) = watched.accounts.get_key_value(id)
            && !found.iter().any(|(known, ..)| *known == id)
        {
            found.push((id, account, AuditTarget::default()));
        }
    }
    found
}

/// A change that was tried and refused is one step less than one that was made.
fn severity_of(event: &Event, made: Severity) -> Severity {
    match (event.succeeded, made) {
        (Tri::No, Severity::Critical) => Severity::High,
        (Tri::No, Severity::High) => Severity::Medium,
        _ => made,
    }
}

/// "`Reset password` by admin@contoso.com", and that it was refused when it was.
fn said(event: &Event) -> String {
    let refused = if event.succeeded.is_no() { " (tried and refused)" } else { "" };
    format!("`{}`{}{refused}", event.operation, by(event))
}

/// " by admin@contoso.com", or nothing.
fn by(event: &Event) -> String {
    event.actor_name.as_ref().or(event.app_id.as_ref()).map(|name| format!(" by {name}")).unwrap_or_default()
}

/// Names of the properties that changed, when the operation does not say it itself: "UserPrincipalName in ".
fn properties(event: &Event, target: &AuditTarget) -> String {
    if !operation(event).starts_with("update ") {
        return String::new();
    }
    let names: Vec<&str> = target
        .changes
        .iter()
        .map(|c| c.property.as_str())
        .filter(|p| !["Included Updated Properties", "TargetId.UserType"].contains(p))
        .take(3)
        .collect();
    if names.is_empty() { String::new() } else { format!("{} in ", names.join(", ")) }
}

/// One hit for each emergency account that is a target, all of the same kind.
fn targeted<'a>(event: &Event, watched: &'a Watched, made: Severity, what: &str) -> Vec<Hit<'a>> {
    target_accounts(event, watched)
        .into_iter()
        .map(|(id, account, target)| {
            let title =
                format!("{what} of `{}`: {}{}", account.name, properties(event, &target), said(event));
            let changes = serde_json::to_value(&target.changes).unwrap_or_default();
            let hit = Hit::new(severity_of(event, made), title).about(id, &account.name);
            if target.changes.is_empty() { hit } else { hit.fact("changes", changes) }
        })
        .collect()
}

/// Name of the first target of a type, else its id.
fn target_name(event: &Event, kind: &str) -> Option<String> {
    event
        .audit_targets()
        .into_iter()
        .find(|t| t.kind.as_deref().is_some_and(|k| k.eq_ignore_ascii_case(kind)))
        .and_then(|t| t.name.or_else(|| t.id.map(|id| id.to_string())))
}
