//! BG-F23: when P1 has lapsed, policies stay in force and can be deleted, but no exclusion can be added any more.

use crate::read::{self, Licence};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};

pub(super) const CHECK: Check = Check {
    id: "BG-F23",
    severity: Severity::High,
    question: "Is the licence alive without which Conditional Access policies cannot be changed?",
    controls: &["NIST 800-53 r5 CM-3", "NIST 800-53 r5 CP-2"],
    run,
};

const REMEDY: &str = "renew Entra ID P1 (Microsoft 365 admin center > Billing > Your products); until then the runbook says `delete \
                      the policy`, since it can be deleted and not changed";

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    vec![answer(facts)]
}

fn answer(facts: &Facts<'_>) -> Answer {
    let subject = Subject::tenant();
    let policies = match read::collection(facts.snapshot, c::POLICIES) {
        Ok(policies) => policies,
        Err(why) => return read::unread(subject, why),
    };
    let enforced = Tri::any(policies.iter().map(read::is_enforced));
    if enforced.is_no() {
        return match read::part_unread(facts.snapshot, c::POLICIES) {
            Some(why) => read::unread(subject, why),
            None => Answer::not_applicable(subject, "no Conditional Access policy is enforced"),
        };
    }
    match read::licence(facts.snapshot, 1) {
        Err(why) => read::unread(subject, why),
        Ok(Licence::Enabled(product)) => Answer::pass(subject, format!("P1 is alive with `{product}`, so policies can be changed"))
            .evidence(format!("{}: {product} capabilityStatus = Enabled", c::SUBSCRIBED_SKUS)),
        Ok(Licence::Lapsing(product, status)) => {
            let message = format!(
                "P1 (`{product}`) has status `{status}`; when it has ended, policies stay in force and no exclusion can be added"
            );
            Answer::fail(subject, message, REMEDY)
                .evidence(format!("{}: {product} capabilityStatus = {status}", c::SUBSCRIBED_SKUS))
        }
        Ok(Licence::Absent) => {
            let message = "no product carries P1: policies are in force, can be deleted, and cannot be changed";
            Answer::fail(subject, message, REMEDY).evidence(format!("{}: no product carries P1", c::SUBSCRIBED_SKUS))
        }
    }
}
