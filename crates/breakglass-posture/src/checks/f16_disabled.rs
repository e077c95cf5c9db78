//! BG-F16: the account was disabled, most often by an automation that looks for accounts nobody uses.

use crate::{Answer, Check, Facts, read};
use breakglass_model::Severity;

pub(super) const CHECK: Check = Check {
    id: "BG-F16",
    severity: Severity::High,
    question: "Is every emergency account enabled?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 AC-2(3)"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, user, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let answer = match read::flag(user, "accountEnabled") {
            Some(true) => Answer::pass(subject, format!("`{name}` is enabled")),
            Some(false) => Answer::fail(
                subject,
                format!("`{name}` is disabled and cannot sign in"),
                format!(
                    "enable it: `az ad user update --id {id} --account-enabled true` (or Entra admin center > Users > `{}` > Edit > \
                     Account enabled), then exempt it from whatever disabled it (Audit logs, activity `Disable account`)",
                    account.design.upn
                ),
            ),
            None => read::unread(subject, format!("`accountEnabled` of `users/{id}` was not read")),
        };
        answer.evidence(account.fact("accountEnabled"))
    })
}
