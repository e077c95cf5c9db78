//! BG-F06: the account has nothing but a password, and Microsoft demands MFA at the portals and for every Azure write.

use super::words;
use crate::read::{self, Method};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::snapshot::collections as c;

pub(super) const CHECK: Check = Check {
    id: "BG-F06",
    severity: Severity::High,
    question: "Has every emergency account a lasting method for the MFA that Microsoft demands of everybody?",
    controls: &["CIS M365 v7.0 1.1.2", "CIS Controls 8.1 6.5", "NIST 800-63B AAL3"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let methods = match read::methods_of(facts.snapshot, id) {
            Ok(methods) => methods,
            Err(why) => return read::unread(subject, why),
        };
        let all: Vec<String> = methods.iter().map(Method::words).collect();
        let lasting: Vec<&Method> = methods.iter().filter(|m| m.is_mfa() && m.lasts()).collect();
        let answer = if let Some(method) = lasting.first() {
            Answer::pass(subject, format!("`{name}` can do MFA with {}", method.words()))
        } else if methods.iter().any(Method::is_mfa) {
            let message = format!("`{name}` has a Temporary Access Pass and nothing that stays when it runs out");
            Answer::fail(subject, message, words::register_key(&account.design.upn))
        } else {
            let message = format!(
                "`{name}` has no method but its password: the portals and every Azure write demand MFA, and no exclusion changes that"
            );
            Answer::fail(subject, message, words::register_key(&account.design.upn))
        };
        answer.evidence(format!("{}/{id}: {}", c::AUTHENTICATION_METHODS, if all.is_empty() { "none".into() } else { all.join(", ") }))
    })
}
