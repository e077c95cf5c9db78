//! BG-F01: a policy that blocks reaches an emergency account on a road to recovery.

use super::{policies, words};
use crate::{Answer, Check, Facts, read};
use breakglass_model::Severity;
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F01",
    severity: Severity::Critical,
    question: "Is every emergency account out of reach of the policies whose grant is block?",
    controls: &["CIS M365 v7.0 1.1.2", "CIS M365 v7.0 5.2.2.14", "NIST 800-53 r5 CP-2"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let asked = policies::Asked {
        state: read::is_enforced,
        kind: &|policy| read::has_control(policy, &["block"]),
        kind_gap: "its grant controls were not understood",
        in_the_way: policies::in_the_way,
        hurts: &|_, _| Ok(true),
    };
    let because = |policy: &Value| policies::because(facts, policy).map_or_else(String::new, |why| format!(": {why}"));
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no enforced policy blocks".into(),
            n => format!(
                "of {} that block{}, none keeps an account from recovery",
                read::count(n, "enforced policy"),
                if n == 1 { "s" } else { "" }
            ),
        },
        fail: &|hit| format!("policy `{}` blocks {}{}", hit.name(), hit.accounts(), because(hit.policy)),
        may: &|hit| format!("policy `{}` blocks {} on a road to recovery", hit.name(), hit.accounts()),
        remedy: &|hit| words::exclude(facts, hit.name()),
        evidence: &["grantControls.builtInControls", "conditions.applications.includeApplications", "conditions.users"],
    };
    policies::answers(facts, &asked, &words)
}
