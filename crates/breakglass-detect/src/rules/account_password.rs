//! The password of an emergency account was set, reset or changed: the envelope no longer opens it (F15).

use super::{AUDITS, Rule, has_any, operation, targeted};
use crate::detection::{Hit, Nature};
use crate::event::Event;
use crate::watched::Watched;
use breakglass_model::Severity;

pub(super) const RULE: Rule = Rule {
    id: "account-password",
    about: "password of an emergency account reset or changed",
    next_step: "find out who did it; unless custody rotated it, treat the account as taken: set a new password with \
                `breakglass custody rotate`, revoke its sessions, and look at its sign-ins",
    source: "REQUIREMENTS 6 (password reset/change), E18, F15",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let operation = operation(event);
    // Passwordless methods and app passwords are authentication methods; the password policy is a domain's.
    if !operation.contains("password")
        || has_any(&operation, &["passwordless", "application password", "password policy"])
    {
        return Vec::new();
    }
    targeted(event, watched, Severity::Critical, "password")
}
