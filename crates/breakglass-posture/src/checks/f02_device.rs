//! BG-F02: an emergency account signs in from any machine, and a policy asks it for a managed one.

use super::{policies, words};
use crate::{Answer, Check, Facts, read};
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F02",
    severity: Severity::Critical,
    question: "Can every emergency account recover from a machine that nobody manages?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CP-13"],
    run,
};

/// A managed device or app is demanded, and nothing that could be given instead.
fn only_a_device_will_do(policy: &Value) -> Tri {
    let device = read::has_control(policy, &read::DEVICE);
    if !read::is_or(policy) {
        return device;
    }
    let other = Tri::any([
        read::has_control(policy, &["mfa", "passwordChange", "riskRemediation"]),
        read::has_strength(policy),
        read::has_list(policy, "termsOfUse"),
        read::has_list(policy, "customAuthenticationFactors"),
    ]);
    device.and(!other)
}

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let asked = policies::Asked {
        state: read::is_enforced,
        kind: &only_a_device_will_do,
        kind_gap: "its grant controls were not understood",
        in_the_way: policies::in_the_way,
        hurts: &|_, _| Ok(true),
    };
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no enforced policy insists on a managed device".into(),
            n => format!("{} on a managed device, and no account is held to it on a road to recovery", insist(n)),
        },
        fail: &|hit| {
            let wanted = read::grant_words(hit.policy);
            format!("policy `{}` demands {wanted} of {}, which no rescue machine gives", hit.name(), hit.accounts())
        },
        may: &|hit| format!("policy `{}` demands a managed device of {}", hit.name(), hit.accounts()),
        remedy: &|hit| words::exclude(facts, hit.name()),
        evidence: &["grantControls.operator", "grantControls.builtInControls", "conditions.users"],
    };
    policies::answers(facts, &asked, &words)
}

fn insist(n: usize) -> String {
    if n == 1 { "1 enforced policy insists".into() } else { format!("{n} enforced policies insist") }
}
