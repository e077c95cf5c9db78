//! BG-F38: the account's second factor is a call, a text, a push or a code, and Microsoft's MFA service is down.

use super::words;
use crate::read::{self, Method};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::snapshot::collections as c;

pub(super) const CHECK: Check = Check {
    id: "BG-F38",
    severity: Severity::Critical,
    question: "Has every emergency account a method that needs no MFA service, phone network or personal device?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-63B AAL3", "NIST 800-53 r5 CP-13"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let methods = match read::methods_of(facts.snapshot, id) {
            Ok(methods) => methods,
            Err(why) => return read::unread(subject, why),
        };
        let all: Vec<String> = methods.iter().filter(|m| m.is_mfa()).map(Method::words).collect();
        let answer = if let Some(method) = methods.iter().find(|m| m.needs_no_mfa_service()) {
            Answer::pass(subject, format!("`{name}` signs in with {}, which needs no MFA service", method.words()))
        } else if all.is_empty() {
            return Answer::not_applicable(subject, format!("`{name}` has no method for MFA at all (see BG-F06)"));
        } else {
            let message = format!("`{name}` does MFA with {} alone: it fails with the service, the network or the person behind it", all.join(" and "));
            Answer::fail(subject, message, words::register_key(&account.design.upn))
        };
        answer.evidence(format!("{}/{id}: {}", c::AUTHENTICATION_METHODS, all.join(", ")))
    })
}
