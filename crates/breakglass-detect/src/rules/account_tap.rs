//! A Temporary Access Pass was issued for an emergency account: whoever holds it signs in with it and registers a key of
//! his own. Nobody needs one for an account whose keys are registered by an administrator.

use super::{AUDITS, Rule, operation, targeted};
use crate::detection::{Hit, Nature};
use crate::event::Event;
use crate::watched::Watched;
use breakglass_model::Severity;

pub(super) const RULE: Rule = Rule {
    id: "account-temporary-access-pass",
    about: "Temporary Access Pass issued for an emergency account, or removed",
    next_step: "delete the pass at once (`DELETE /users/{id}/authentication/temporaryAccessPassMethods/{id}`), look at the \
                account's sign-ins and methods since, and find out who issued it",
    source: "REQUIREMENTS 6 (TAP issued), E18",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    if !is_pass(event) {
        return Vec::new();
    }
    let removed = operation(event).contains("delete");
    let severity = if removed { Severity::High } else { Severity::Critical };
    targeted(event, watched, severity, "Temporary Access Pass")
}

/// The activity is `Admin registered security info`; only the reason names the pass.
pub(super) fn is_pass(event: &Event) -> bool {
    let names = |text: &str| {
        let text = text.to_lowercase();
        text.contains("temporary access pass") || text.contains("temporaryaccesspass")
    };
    names(&event.operation)
        || event.detail("reason").is_some_and(names)
        || event.audit_targets().iter().flat_map(|t| &t.changes).any(|c| names(&c.property))
}
