//! BG-F34: a control that a bare rescue machine cannot meet: terms of use, a managed app, a bound token, a proxy.

use super::{policies, words};
use crate::{Answer, Check, Facts, read};
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F34",
    severity: Severity::High,
    question: "Is every emergency account free of controls that a bare machine may not meet?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CP-13"],
    run,
};

/// The controls of a policy that a bare machine may not meet, in words (SE-3, SE-4, SE-5, G-13, G-16, G-17).
fn strange(policy: &Value) -> Vec<&'static str> {
    let session = |path: &str| policy.pointer(&format!("/sessionControls/{path}"));
    let on = |path: &str| match session(path) {
        None | Some(Value::Null) => false,
        // There and not said to be off.
        Some(control) => control.get("isEnabled").and_then(Value::as_bool).unwrap_or(true),
    };
    let strict = session("continuousAccessEvaluation/mode").and_then(Value::as_str) == Some("strictLocation");
    [
        (read::has_list(policy, "termsOfUse").may(), "terms of use"),
        (read::has_list(policy, "customAuthenticationFactors").may(), "a custom control of a third party"),
        (read::has_control(policy, &["riskRemediation", "passwordChange"]).is_yes(), "a password change"),
        (on("secureSignInSession"), "token protection"),
        (on("cloudAppSecurity"), "a session proxy"),
        (strict, "strict location enforcement"),
    ]
    .into_iter()
    .filter_map(|(is, words)| is.then_some(words))
    .collect()
}

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let asked = policies::Asked {
        state: read::is_enforced,
        kind: &|policy| Tri::from(!strange(policy).is_empty()).or(unread_control(policy)),
        kind_gap: "its grant controls were not understood",
        in_the_way: policies::in_the_way,
        hurts: &|_, _| Ok(true),
    };
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no enforced policy has such a control".into(),
            n => format!("no account is held on a road to recovery by any of {} with such a control", read::count(n, "enforced policy")),
        },
        fail: &|hit| {
            format!("policy `{}` demands {} of {}", hit.name(), strange(hit.policy).join(" and "), hit.accounts())
        },
        may: &|hit| format!("policy `{}` demands something of {} that a bare machine cannot give", hit.name(), hit.accounts()),
        remedy: &|hit| words::exclude(facts, hit.name()),
        evidence: &["sessionControls", "grantControls.termsOfUse", "grantControls.customAuthenticationFactors"],
    };
    policies::answers(facts, &asked, &words)
}

/// A grant control that nobody knows may be one of these (ST-6).
fn unread_control(policy: &Value) -> Tri {
    match read::has_control(policy, &[]) {
        Tri::Unknown => Tri::Unknown,
        _ => Tri::No,
    }
}
