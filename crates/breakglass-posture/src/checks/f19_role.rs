//! BG-F19: the account signs in and is nobody: its role was taken away.

use super::words;
use crate::{Answer, Check, Facts, read};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};

pub(super) const CHECK: Check = Check {
    id: "BG-F19",
    severity: Severity::High,
    question: "Does every emergency account hold Global Administrator?",
    controls: &["CIS M365 v7.0 1.1.2", "CIS M365 v7.0 5.3.3", "NIST 800-53 r5 AC-2(7)"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let held = match read::held(facts.snapshot, id.as_str(), GLOBAL_ADMINISTRATOR) {
            Ok(held) => held,
            Err(why) => return read::unread(subject, why),
        };
        let answer = match held.active() {
            Tri::Yes => Answer::pass(subject, format!("`{name}` holds Global Administrator")),
            Tri::No if held.eligible => {
                Answer::not_applicable(subject, format!("`{name}` holds Global Administrator only when it activates it (see BG-F20)"))
            }
            Tri::No => Answer::fail(
                subject,
                format!("`{name}` does not hold Global Administrator: it can sign in and cannot recover"),
                format!(
                    "{}; then look who removed it (Audit logs, activity `Remove member from role`) and whether an access review over \
                     Global Administrator applies its results by itself",
                    words::apply()
                ),
            ),
            Tri::Unknown => {
                let why = held.unread.as_deref().unwrap_or("how it is held was not read");
                read::unread(subject, format!("cannot tell whether `{name}` holds Global Administrator: {why}"))
            }
        };
        answer.evidence(format!("{}: Global Administrator of {id} = {}", c::ROLE_ASSIGNMENTS, read::word(held.active())))
    })
}
