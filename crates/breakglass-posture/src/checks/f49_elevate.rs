//! BG-F49: a Global Administrator has no access to Azure until it elevates, and nobody has practised it.

use super::words;
use crate::read::{self, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;

pub(super) const CHECK: Check = Check {
    id: "BG-F49",
    severity: Severity::High,
    question: "Has every emergency account elevated to Azure, acted and removed it again in its last drill?",
    controls: &["NIST 800-53 r5 CP-4", "NIST 800-53 r5 AC-6(9)"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::accounts(facts)
        .iter()
        .map(|account| {
            let (subject, name) = (account.subject(), &account.design.name);
            if account.user == Found::Nowhere {
                return Answer::not_applicable(subject, "the account does not exist (see BG-F60)");
            }
            let Some(drills) = facts.drills else {
                return Answer::undetermined(
                    subject,
                    "the record of drills was not read",
                    words::data_directory("drills are"),
                );
            };
            let Some(drill) = drills.get(name) else {
                return Answer::not_applicable(subject, format!("`{name}` was never drilled (see BG-F11)"));
            };
            let answer = if drill.elevated {
                Answer::pass(subject, format!("`{name}` elevated to Azure and removed it again in its drill of {}", drill.at))
            } else {
                let message = format!("the last drill of `{name}` did not elevate to Azure, act and remove it again");
                Answer::fail(subject, message, words::drill(name))
            };
            let answer = answer.evidence(format!("drills/{name}: ended = {}, elevated = {}", drill.at, drill.elevated));
            account.if_it_exists(answer)
        })
        .collect()
}
