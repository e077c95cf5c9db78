//! BG-F60: there is no second emergency account, or none at all, and the only way back is a support case.

use super::words;
use crate::read::{self, Account, Found};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::Severity;
use breakglass_model::snapshot::collections as c;

pub(super) const CHECK: Check = Check {
    id: "BG-F60",
    severity: Severity::Critical,
    question: "Do two emergency accounts at least exist?",
    controls: &["CIS M365 v7.0 1.1.2", "CISA SCuBA MS.AAD.7.1", "BSI C5:2025 IAM-02.02B"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let accounts = read::accounts(facts);
    let mut answers: Vec<Answer> = accounts.iter().map(one).collect();
    if accounts.len() < 2 {
        let message = format!("the design declares {}", read::count(accounts.len(), "emergency account"));
        let remedy = format!("add a second `[[account]]` to breakglass.toml, then {}", words::apply());
        let evidence = format!("design: accounts declared = {}", accounts.len());
        answers.push(Answer::fail(Subject::tenant(), message, remedy).evidence(evidence));
    }
    answers
}

fn one(account: &Account<'_>) -> Answer {
    let (subject, upn) = (account.subject(), &account.design.upn);
    let name = &account.design.name;
    match &account.user {
        Found::Here(_) => Answer::pass(subject, format!("`{name}` exists")).evidence(account.fact("userPrincipalName")),
        Found::Nowhere => {
            let message = format!("`{name}` (`{upn}`) is declared and does not exist");
            Answer::fail(subject, message, words::apply()).evidence(format!("{}/{upn}: none", c::USERS))
        }
        Found::Unread(why) => read::unread(subject, why),
    }
}
