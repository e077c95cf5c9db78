//! An authentication method of an emergency account was added, removed or changed (F12, F18).

use super::{AUDITS, Rule, account_tap, has_any, operation, targeted};
use crate::detection::{Hit, Nature};
use crate::event::{AuditTarget, Event};
use crate::watched::Watched;
use breakglass_model::Severity;

pub(super) const RULE: Rule = Rule {
    id: "account-method",
    about: "authentication method of an emergency account added, removed or changed",
    next_step: "compare the account's methods with the design (`breakglass check`); remove a method that is not ours, \
                register one that is missing, and find out who did it",
    source: "REQUIREMENTS 6 (auth method add/remove), E18, F12, F18",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

const WORDS: &[&str] = &[
    "security info",
    "authentication method",
    "authentication device",
    "authentication phone",
    "phone app detail",
    "strong authentication",
    "multifactor",
    "multi-factor",
    "fido2",
    "passkey",
    "security key",
    "windows hello",
    "passwordless",
    "platform credential",
    "application password",
    "oath token",
    "oathtoken",
    "user certificate",
    "hardware token",
];

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    if account_tap::is_pass(event) {
        return Vec::new();
    }
    let operation = operation(event);
    // Core Directory writes a plain `Update user` when a key or a phone is stored with the user.
    let stored = operation.starts_with("update user") && event.audit_targets().iter().any(is_method);
    if !stored && !has_any(&operation, WORDS) {
        return Vec::new();
    }
    targeted(event, watched, Severity::Critical, "authentication methods")
}

/// Whether a change of the user is one of a method.
pub(super) fn is_method(target: &AuditTarget) -> bool {
    target.changes.iter().any(|change| {
        let property = change.property.to_lowercase();
        property.starts_with("strongauthentication")
            || has_any(
                &property,
                &["searchabledevicekey", "devicekey", "certificateuserids", "alternativesecurityid", "fido"],
            )
    })
}
