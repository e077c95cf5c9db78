//! BG-F48: the envelope is there, and not enough custodians have shown lately that they can open it.

use super::words;
use crate::read::{self, Account, Found};
use crate::{Answer, Check, CustodyFact, Facts};
use breakglass_model::Severity;
use breakglass_model::design::{CredentialDesign, CustodyDesign};
use jiff::{SignedDuration, Timestamp};

pub(super) const CHECK: Check = Check {
    id: "BG-F48",
    severity: Severity::High,
    question: "Has every custodian of a sealed password shown an intact share in the last ninety days?",
    controls: &["CIS M365 v7.0 1.1.2", "ISO 27001:2022 A.5.17", "NIST 800-53 r5 CP-4"],
    run,
};

/// A share that nobody has seen for longer may be gone (R-34, E1: every 90 days), in days.
const FRESH: i64 = 90;

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::accounts(facts)
        .iter()
        .map(|account| {
            let (subject, name) = (account.subject(), &account.design.name);
            if account.user == Found::Nowhere {
                return Answer::not_applicable(subject, "the account does not exist (see BG-F60)");
            }
            if !account.design.credentials.contains(&CredentialDesign::Password) {
                return Answer::not_applicable(subject, format!("the design keeps no password of `{name}`"));
            }
            match facts.custody.map(|custody| custody.get(name)) {
                None => Answer::undetermined(
                    subject,
                    "the record of custody was not read",
                    words::data_directory("custody is"),
                ),
                Some(None) => Answer::not_applicable(subject, format!("nothing of `{name}` is sealed (see BG-F15)")),
                Some(Some(sealed)) => account.if_it_exists(one(account, &facts.design.custody, sealed, facts.now)),
            }
        })
        .collect()
}

fn one(account: &Account<'_>, custody: &CustodyDesign, sealed: &CustodyFact, now: Timestamp) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    if custody.groups.is_empty() {
        let remedy = "declare `[custody]`, `[[custody.group]]` and `[[custodian]]` in breakglass.toml, then `breakglass custody kit --out DIR`";
        return Answer::fail(subject, format!("the design names nobody who could open the envelope of `{name}`"), remedy);
    }
    let is_fresh = |person: &str| {
        let seen = sealed.attested.get(person);
        seen.is_some_and(|at| now.duration_since(*at) <= SignedDuration::from_hours(24 * FRESH))
    };
    let stale: Vec<&str> = custody
        .groups
        .iter()
        .flat_map(|g| g.custodians.iter().map(|c| c.name.as_str()))
        .filter(|person| !is_fresh(person))
        .collect();
    let complete = custody
        .groups
        .iter()
        .filter(|g| g.custodians.iter().filter(|c| is_fresh(&c.name)).count() >= usize::from(g.threshold))
        .count();
    let needed = usize::from(custody.group_threshold);
    let evidence = format!(
        "custody/{name}: shares seen in {FRESH} days = {}, groups complete = {complete} of {needed} needed",
        custody.groups.iter().map(|g| g.custodians.len()).sum::<usize>() - stale.len()
    );
    let remedy = format!("have each run `breakglass custody attest` with the share at hand: {}", read::listed(&stale));
    let answer = if complete < needed {
        let message = format!("too few custodians have shown in {FRESH} days that they can open the envelope of `{name}`: {} not", has_have(&stale));
        Answer::fail(subject, message, remedy)
    } else if !stale.is_empty() {
        let message = format!("a quorum for `{name}` has been seen in {FRESH} days, but {} not", has_have(&stale));
        Answer::fail(subject, message, remedy)
    } else {
        Answer::pass(subject, format!("every custodian of `{name}` has shown an intact share in {FRESH} days"))
    };
    answer.evidence(evidence)
}

fn has_have(names: &[&str]) -> String {
    format!("{} {}", read::listed(names), if names.len() == 1 { "has" } else { "have" })
}
