//! BG-F22: when P2 lapses, eligible assignments vanish, and with them the administrators who have nothing else.

use crate::read::{self, Licence};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::Severity;
use breakglass_model::snapshot::collections as c;

pub(super) const CHECK: Check = Check {
    id: "BG-F22",
    severity: Severity::Critical,
    question: "Is the licence alive that eligible Global Administrators depend on?",
    controls: &["CIS M365 v7.0 1.1.3", "NIST 800-53 r5 CP-2"],
    run,
};

const REMEDY: &str = "renew Entra ID P2 (Microsoft 365 admin center > Billing > Your products), or make one more assignment active \
                      and permanent before it ends";

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    vec![answer(facts)]
}

fn answer(facts: &Facts<'_>) -> Answer {
    let (subject, snapshot) = (Subject::tenant(), facts.snapshot);
    let people = match super::f05_mfa_loop::everyday(facts) {
        Ok(people) => people,
        Err(why) => return read::unread(subject, why),
    };
    let dependent: Vec<&str> =
        people.iter().filter(|p| p.how.eligible && !p.how.active().is_yes()).map(|p| p.name()).collect();
    let licence = read::licence(snapshot, 2);
    if let Ok(Licence::Enabled(product)) = &licence {
        let message = format!("{} on eligible assignments, and P2 is alive with `{product}`", depend(dependent.len()));
        return Answer::pass(subject, message).evidence(format!("{}: {product} capabilityStatus = Enabled", c::SUBSCRIBED_SKUS));
    }
    if dependent.is_empty() {
        return match read::schedules_unread(snapshot, "eligible") {
            // Without P2 nobody can be eligible, and the schedules refuse to be read.
            Some(_) if licence == Ok(Licence::Absent) => Answer::pass(subject, "the tenant has no P2, so nobody depends on it"),
            Some(why) => read::unread(subject, why),
            None => Answer::pass(subject, "nobody depends on an eligible assignment of Global Administrator"),
        };
    }
    let names = read::listed(&dependent);
    match licence {
        Err(why) => read::unread(subject, format!("{names} {} on P2, and whether it is alive is not known: {why}", read::verb(dependent.len(), "depends", "depend"))),
        Ok(Licence::Lapsing(product, status)) => Answer::fail(
            subject,
            format!("P2 (`{product}`) has status `{status}`; when it ends, {names} {} Global Administrator", read::verb(dependent.len(), "loses", "lose")),
            REMEDY,
        )
        .evidence(format!("{}: {product} capabilityStatus = {status}", c::SUBSCRIBED_SKUS)),
        Ok(_) => Answer::fail(subject, format!("the tenant has no P2, and {names} {} on it for Global Administrator", read::verb(dependent.len(), "depends", "depend")), REMEDY)
            .evidence(format!("{}: no product carries P2", c::SUBSCRIBED_SKUS)),
    }
}

fn depend(n: usize) -> String {
    match n {
        0 => "no everyday administrator depends".into(),
        1 => "1 everyday administrator depends".into(),
        n => format!("{n} everyday administrators depend"),
    }
}
