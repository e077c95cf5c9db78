//! An emergency account was disabled, enabled, deleted, restored, renamed, converted, or moved out of its restricted
//! management administrative unit (F10, F15, F16, F17).

use super::{AUDITS, Rule, account_method, has_any, operation, targeted};
use crate::detection::{Hit, Nature};
use crate::event::{AuditTarget, Event};
use crate::watched::Watched;
use breakglass_model::Severity;

pub(super) const RULE: Rule = Rule {
    id: "account-state",
    about: "emergency account disabled, enabled, deleted, restored, renamed, or taken out of its administrative unit",
    next_step: "put the account back as the design has it (enable, restore within 30 days, rename back: a passkey does not \
                survive a new name), then find out which person or clean-up did it",
    source: "REQUIREMENTS 6 (disabled, deleted, renamed, RMAU removed), F10, F15, F16, F17",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

const WORDS: &[&str] = &[
    "disable account",
    "enable account",
    "delete user",
    "restore user",
    "remove user",
    "administrative unit",
    "convert federated",
    "external user",
];

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let operation = operation(event);
    let targets = event.audit_targets();
    let rewritten = operation.starts_with("update user")
        && !targets.iter().any(account_method::is_method)
        && targets.iter().any(is_state);
    // `Add member to role scoped over Restricted Management Administrative Unit` is about a role.
    if !rewritten && (!has_any(&operation, WORDS) || operation.contains("role")) {
        return Vec::new();
    }
    targeted(event, watched, Severity::Critical, "state")
}

/// Properties on which signing in hangs.
fn is_state(target: &AuditTarget) -> bool {
    target.changes.iter().any(|change| {
        let property = change.property.to_lowercase();
        let names = [
            "userprincipalname",
            "accountenabled",
            "passwordpolicies",
            "onpremises",
            "dirsyncenabled",
            "immutableid",
            "usertype",
        ];
        // A summary of what changed names the properties in its value.
        let summary = property == "included updated properties"
            && change.new.as_str().is_some_and(|v| has_any(&v.to_lowercase(), &names));
        summary || has_any(&property, &names) && change.old != change.new
    })
}
