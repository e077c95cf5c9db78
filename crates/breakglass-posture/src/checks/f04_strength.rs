//! BG-F04: a policy demands an authentication strength that nobody who is held to it can give.

use super::{policies, words};
use crate::read::{self, Administrator};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F04",
    severity: Severity::Critical,
    question: "Can everybody who is held to an authentication strength give it with a registered method?",
    controls: &["CIS M365 v7.0 1.1.2", "CISA SCuBA MS.AAD.3.1", "NIST 800-53 r5 IA-2(1)"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let mut answers = accounts(facts);
    answers.extend(everyday(facts));
    // What passes for one group of people says nothing while it fails for the other.
    if answers.iter().any(|a| a.status != breakglass_model::Status::Pass) {
        answers.retain(|a| a.status != breakglass_model::Status::Pass);
    }
    answers
}

fn accounts(facts: &Facts<'_>) -> Vec<Answer> {
    let asked = policies::Asked {
        state: read::is_enforced,
        kind: &read::has_strength,
        kind_gap: "its grant controls were not understood",
        in_the_way: policies::in_the_way,
        hurts: &|policy, account| match &account.id {
            Some(id) => read::meets_strength(facts.snapshot, policy, id).map(|meets| !meets),
            None => Err(format!("the object id of `{}` was not read", account.design.name)),
        },
    };
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no enforced policy demands an authentication strength".into(),
            n => format!("{} a strength, and every account that is held to it has a method for it", demand(n)),
        },
        fail: &|hit| {
            let strength = read::strength_name(hit.policy);
            format!("policy `{}` demands strength `{strength}`, and {} {} no method that gives it", hit.name(), hit.accounts(), read::verb(hit.who.len(), "has", "have"))
        },
        may: &|hit| {
            let strength = read::strength_name(hit.policy);
            format!("{} can give strength `{strength}` of policy `{}`", hit.accounts(), hit.name())
        },
        remedy: &|hit| {
            let first = facts.design.accounts.iter().find(|a| hit.who.contains(&a.name)).map_or("", |a| a.upn.as_str());
            format!("{}; until it has one: {}", words::register_key(first), words::exclude_by_hand(facts, hit.name()))
        },
        evidence: &["grantControls.authenticationStrength", "conditions.users"],
    };
    policies::answers(facts, &asked, &words)
}

fn demand(n: usize) -> String {
    if n == 1 { "1 enforced policy demands".into() } else { format!("{n} enforced policies demand") }
}

/// Policies with a strength that none of the everyday Global Administrators who are held to it can give.
fn everyday(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    let Ok(policies) = read::collection(snapshot, c::POLICIES) else { return Vec::new() };
    let strong: Vec<&Value> =
        policies.iter().filter(|p| read::is_enforced(p).and(read::has_strength(p)).is_yes()).collect();
    if strong.is_empty() {
        return Vec::new();
    }
    let people = match super::f05_mfa_loop::everyday(facts) {
        Ok(people) => people,
        Err(why) => return vec![read::unread(Subject::tenant(), why)],
    };
    strong.into_iter().filter_map(|policy| nobody_can(facts, policy, &people)).collect()
}

fn nobody_can(facts: &Facts<'_>, policy: &Value, people: &[Administrator<'_>]) -> Option<Answer> {
    let way = policies::in_the_way(facts, policy);
    let mut held = Vec::new();
    let (mut anybody, mut gap) = (Tri::No, None);
    for person in people {
        let reaches = read::reach(facts.snapshot, policy, person.id.as_str()).reaches();
        if !reaches.may() {
            continue;
        }
        held.push(person.name().to_owned());
        let meets = read::meets_strength(facts.snapshot, policy, &person.id);
        anybody = anybody.or(meets.as_ref().map_or(Tri::Unknown, |b| Tri::from(*b)));
        gap = gap.or(meets.err());
    }
    let harm = if held.is_empty() { Tri::No } else { way.and(!anybody) };
    let name = read::policy_name(policy);
    let subject = Subject::named(name, Some(read::policy_id(policy).as_str()));
    let strength = read::strength_name(policy);
    let answer = match harm {
        Tri::No => return None,
        Tri::Yes => Answer::fail(
            subject,
            format!(
                "policy `{name}` demands strength `{strength}`, and no everyday Global Administrator who is held to it has \
                 a method for it: {}",
                read::listed(&held)
            ),
            format!("have one of them register a method of strength `{strength}` at https://aka.ms/mysecurityinfo before they need it"),
        ),
        Tri::Unknown => {
            let gap = gap.unwrap_or_else(|| "whether it stands in the way of recovery was not asked of the prover".into());
            let message = format!("cannot tell whether any everyday Global Administrator can give strength `{strength}` of policy `{name}`: {gap}");
            Answer::undetermined(subject, message, read::COLLECT)
        }
    };
    Some(answer.evidence(read::policy_fact(policy, "grantControls.authenticationStrength")))
}
