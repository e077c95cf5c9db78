//! BG-F42: a policy switches off what would keep administrators working through an outage of Entra.

use crate::{Answer, Check, Facts, Subject, read};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F42",
    severity: Severity::Critical,
    question: "Does no policy that covers administrators switch off resilience in an outage?",
    controls: &["NIST 800-53 r5 CP-2", "ISO 27001:2022 A.5.30"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let policies = match read::collection(facts.snapshot, c::POLICIES) {
        Ok(policies) => policies,
        Err(why) => return vec![read::unread(Subject::tenant(), why)],
    };
    let mut answers: Vec<Answer> = policies.iter().filter_map(one).collect();
    answers.extend(read::part_unread(facts.snapshot, c::POLICIES).map(|why| read::unread(Subject::tenant(), why)));
    if answers.is_empty() {
        let message = "every enforced policy that covers administrators keeps the resilience defaults";
        answers.push(Answer::pass(Subject::tenant(), message).evidence(format!("{}: {} read", c::POLICIES, policies.len())));
    }
    answers
}

fn one(policy: &Value) -> Option<Answer> {
    let off = match policy.pointer("/sessionControls/disableResilienceDefaults") {
        None | Some(Value::Null) => Tri::No,
        Some(value) => value.as_bool().into(),
    };
    let (name, id) = (read::policy_name(policy), read::policy_id(policy));
    let subject = Subject::named(name, Some(id.as_str()));
    let answer = match read::is_enforced(policy).and(off).and(read::reaches_administrators(policy)) {
        Tri::No => return None,
        Tri::Yes => Answer::fail(
            subject,
            format!(
                "policy `{name}` covers administrators and switches resilience off: in an outage their running sessions end, and those \
                 whom it excludes by group or role are held too"
            ),
            format!("Entra admin center > Conditional Access > Policies > `{name}` > Session, clear `Disable resilience defaults`"),
        ),
        Tri::Unknown => read::unread(subject, format!("cannot tell whether policy `{name}` covers administrators: its users are groups or ids")),
    };
    Some(answer.evidence(read::policy_fact(policy, "sessionControls.disableResilienceDefaults")))
}
