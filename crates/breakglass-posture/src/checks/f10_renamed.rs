//! BG-F10: the account was renamed, which has made registered passkeys unserviceable and misleads everybody.

use super::words;
use crate::{Answer, Check, Facts, read};
use breakglass_model::Severity;

pub(super) const CHECK: Check = Check {
    id: "BG-F10",
    severity: Severity::High,
    question: "Has every emergency account still the user principal name of the design?",
    controls: &["NIST 800-53 r5 CM-2", "NIST 800-53 r5 AC-2"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, user, id| {
        let (subject, name, wanted) = (account.subject(), &account.design.name, &account.design.upn);
        let answer = match read::text(user, "userPrincipalName") {
            None => read::unread(subject, format!("`userPrincipalName` of `users/{id}` was not read")),
            Some(found) if read::same(found, wanted) => {
                Answer::pass(subject, format!("`{name}` is still called `{wanted}`"))
            }
            Some(found) => Answer::fail(
                subject,
                format!("`{name}` was renamed from `{wanted}` to `{found}`: its keys may not sign in any more"),
                format!(
                    "find out who renamed it (Entra admin center > Users > `{found}` > Audit logs), name it back or write the new \
                     name into breakglass.toml, then drill each of its keys: {}",
                    words::drill(name)
                ),
            ),
        };
        answer.evidence(account.fact("userPrincipalName"))
    })
}
