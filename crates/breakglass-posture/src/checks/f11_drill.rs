//! BG-F11: nobody has shown lately that the key works: a forgotten PIN blocks it after eight tries, a reset erases it.

use super::words;
use crate::read::{self, Account, Found};
use crate::{Answer, Check, DrillFact, Facts};
use breakglass_model::Severity;
use jiff::{SignedDuration, Timestamp};

pub(super) const CHECK: Check = Check {
    id: "BG-F11",
    severity: Severity::High,
    question: "Has every emergency account been drilled with its key, with a write, within the days that the design allows?",
    controls: &["NIST 800-53 r5 CP-4", "ISO 27001:2022 A.5.29", "PCI DSS 4.0.1 8.2.6"],
    run,
};

/// The longest that Microsoft's guidance allows between two drills, in days.
const LONGEST: i64 = 90;

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let every = i64::from(facts.design.drill.every_days).min(LONGEST);
    read::accounts(facts)
        .iter()
        .map(|account| {
            if account.user == Found::Nowhere {
                return Answer::not_applicable(account.subject(), "the account does not exist (see BG-F60)");
            }
            match facts.drills {
                None => Answer::undetermined(
                    account.subject(),
                    "the record of drills was not read",
                    words::data_directory("drills are"),
                ),
                Some(drills) => account.if_it_exists(one(account, drills.get(&account.design.name), every, facts.now)),
            }
        })
        .collect()
}

fn one(account: &Account<'_>, drill: Option<&DrillFact>, every: i64, now: Timestamp) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    let Some(drill) = drill else {
        return Answer::fail(subject, format!("`{name}` was never drilled"), words::drill(name))
            .evidence(format!("drills/{name}: none"));
    };
    let days = whole_days(now.duration_since(drill.at));
    let evidence = format!(
        "drills/{name}: ended = {}, passed = {}, key = {}, wrote = {}",
        drill.at,
        drill.passed,
        drill.key.as_deref().unwrap_or("not said"),
        drill.wrote
    );
    let answer = if !drill.passed {
        let message = format!("the last drill of `{name}`, {} ago, was not complete", read::count(days, "day"));
        Answer::fail(subject, message, format!("{}; `breakglass drill report` says what was missing", words::drill(name)))
    } else if !drill.wrote {
        let message = format!("the last drill of `{name}` only read, and reading needs no MFA: nothing shows that its key satisfies it");
        Answer::fail(subject, message, words::drill(name))
    } else if now.duration_since(drill.at) > SignedDuration::from_hours(24 * every) {
        let message = format!("the last drill of `{name}` was {} ago; the design allows {every}", read::count(days, "day"));
        Answer::fail(subject, message, words::drill(name))
    } else {
        let with = drill.key.as_ref().map_or_else(String::new, |key| format!(" with key `{key}`"));
        let due = drill.at + SignedDuration::from_hours(24 * every);
        Answer::pass(subject, format!("`{name}` was drilled{with} {} ago; due again by {due}", read::count(days, "day")))
    };
    answer.evidence(evidence)
}

/// Whole days of a span; none when it lies ahead.
pub(super) fn whole_days(span: SignedDuration) -> usize {
    usize::try_from(span.as_hours() / 24).unwrap_or(0)
}
