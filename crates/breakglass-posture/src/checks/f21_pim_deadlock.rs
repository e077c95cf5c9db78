//! BG-F21: everybody is eligible, activation wants approval, and nobody is left who could approve.

use crate::{Answer, Check, Facts, Subject, read};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F21",
    severity: Severity::Critical,
    question: "Can an everyday administrator become Global Administrator without waiting for an approver who may be absent?",
    controls: &["CIS M365 v7.0 5.3.4", "CIS M365 v7.0 5.3.5", "CISA SCuBA MS.AAD.7.6"],
    run,
};

const REMEDY: &str = "name two approvers at least who are not eligible themselves (Entra admin center > Privileged Identity \
                      Management > Entra roles > Settings > Global Administrator), and keep the emergency accounts permanent";

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    vec![answer(facts)]
}

fn answer(facts: &Facts<'_>) -> Answer {
    let (subject, snapshot) = (Subject::tenant(), facts.snapshot);
    let people = match super::f05_mfa_loop::everyday(facts) {
        Ok(people) => people,
        Err(why) => return read::unread(subject, why),
    };
    let (mut active, mut eligible) = (Tri::No, Vec::new());
    for person in &people {
        active = active.or(person.how.active().and(person.enabled()));
        if person.how.eligible && !person.how.active().is_yes() {
            eligible.push(person.name().to_owned());
        }
    }
    let evidence = format!(
        "{}: everyday Global Administrators read = {}, only eligible = {}",
        c::ROLE_ASSIGNMENTS,
        people.len(),
        eligible.len()
    );
    let answer = match active {
        Tri::Yes => Answer::pass(subject, "an everyday administrator holds Global Administrator without activating it"),
        Tri::Unknown => read::unread(subject, "how the everyday administrators hold Global Administrator was not read"),
        Tri::No if eligible.is_empty() => match read::schedules_unread(snapshot, "eligible") {
            Some(why) => read::unread(subject, why),
            None => Answer::not_applicable(subject, "nobody but the emergency accounts can be Global Administrator (see BG-F52)"),
        },
        Tri::No => return approval(facts, subject, &eligible).evidence(evidence),
    };
    answer.evidence(evidence)
}

fn approval(facts: &Facts<'_>, subject: Subject, eligible: &[String]) -> Answer {
    let all = format!("every everyday Global Administrator is only eligible ({})", read::listed(eligible));
    let policies = match read::whole(facts.snapshot, c::ROLE_MANAGEMENT_POLICIES) {
        Ok(policies) => policies,
        Err(why) => {
            let remedy = format!("add the role management policies (`{}`) to what is collected; {REMEDY}", c::ROLE_MANAGEMENT_POLICIES);
            return Answer::undetermined(subject, format!("{all}, and whether activation needs approval is not known: {why}"), remedy);
        }
    };
    let is_global = |p: &&Value| read::text(p, "roleDefinitionId").is_some_and(|r| read::same(r, GLOBAL_ADMINISTRATOR));
    let global = policies.iter().find(is_global);
    match global.and_then(|p| read::flag(p, "approvalRequired")) {
        Some(false) => Answer::pass(subject, format!("{all}, and activation needs no approval")),
        Some(true) => approvers(facts, subject, &all, global.and_then(|p| p.get("approvers")).and_then(Value::as_array)),
        None => {
            let message = format!(
                "{all}, and `approvalRequired` of Global Administrator in `{}` was not read",
                c::ROLE_MANAGEMENT_POLICIES
            );
            Answer::undetermined(subject, message, REMEDY)
        }
    }
}

/// Whether one of the named approvers is an enabled user. Nobody named means that active Global Administrators and
/// Privileged Role Administrators are asked (L-16), of whom the emergency accounts are the last resort.
fn approvers(facts: &Facts<'_>, subject: Subject, all: &str, named: Option<&Vec<Value>>) -> Answer {
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        let message = format!("{all}, activation needs approval, and whether an approver is left is not collected");
        return Answer::undetermined(subject, message, REMEDY);
    };
    let left = Tri::any(named.iter().map(|approver| {
        let id = approver.as_str().unwrap_or_default();
        match read::by_id_or_unsaved(facts.snapshot, c::USERS, id) {
            read::Found::Here(user) => read::flag(user, "accountEnabled").into(),
            // Ordinary users and groups are not collected.
            _ if is_deleted(facts, id) => Tri::No,
            _ => Tri::Unknown,
        }
    }));
    match left {
        Tri::Yes => Answer::pass(subject, format!("{all}, activation needs approval, and an approver is enabled")),
        Tri::No => {
            let message = format!("{all}, activation needs approval, and every approver is disabled or deleted");
            Answer::fail(subject, message, REMEDY)
        }
        Tri::Unknown => {
            let message = format!("{all}, activation needs approval, and whether an approver is enabled was not read");
            Answer::undetermined(subject, message, REMEDY)
        }
    }
}

fn is_deleted(facts: &Facts<'_>, id: &str) -> bool {
    let deleted = facts.snapshot.get(c::DELETED_USERS).unwrap_or_default();
    deleted.iter().any(|d| read::text(d, "id").is_some_and(|i| read::same(i, id)))
}
