//! BG-F28: Identity Protection takes the account for stolen, as it has done to a third of some tenants in one night.

use super::{policies, words};
use crate::{Answer, Check, Facts, read};
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F28",
    severity: Severity::Critical,
    question: "Can every emergency account recover whatever risk Microsoft sees in it?",
    controls: &["CIS M365 v7.0 1.1.2", "CISA SCuBA MS.AAD.2.1", "NIST 800-53 r5 CP-2"],
    run,
};

fn by_risk(policy: &Value) -> Tri {
    let levels = ["userRiskLevels", "signInRiskLevels"].map(|list| {
        match policy.pointer(&format!("/conditions/{list}")) {
            None | Some(Value::Null) => Tri::No,
            Some(Value::Array(levels)) => (!levels.is_empty()).into(),
            Some(_) => Tri::Unknown,
        }
    });
    Tri::any(levels)
}

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let asked = policies::Asked {
        state: read::is_enforced,
        kind: &by_risk,
        kind_gap: "its risk levels were not understood",
        in_the_way: policies::in_the_way,
        hurts: &|policy, account| match &account.id {
            Some(id) => read::can_meet(facts.snapshot, policy, id).map(|can| !can),
            None => Err(format!("the object id of `{}` was not read", account.design.name)),
        },
    };
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no enforced policy depends on risk".into(),
            n => format!(
                "{} on risk, and no account is held to it on a road to recovery",
                if n == 1 { "1 enforced policy depends".into() } else { format!("{n} enforced policies depend") }
            ),
        },
        fail: &|hit| {
            let wanted = read::grant_words(hit.policy);
            format!("policy `{}` ({wanted}) holds {} when Microsoft sees a risk, and a false alarm is enough", hit.name(), hit.accounts())
        },
        may: &|hit| format!("policy `{}` holds {} when Microsoft sees a risk", hit.name(), hit.accounts()),
        remedy: &|hit| words::exclude(facts, hit.name()),
        evidence: &["conditions.userRiskLevels", "conditions.signInRiskLevels", "grantControls.builtInControls"],
    };
    policies::answers(facts, &asked, &words)
}
