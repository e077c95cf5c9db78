//! BG-F45: security defaults are on, which exclude nobody, or off with nothing in their place.

use super::words;
use crate::read::{self, Method};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};

pub(super) const CHECK: Check = Check {
    id: "BG-F45",
    severity: Severity::Critical,
    question: "Can every emergency account live with the tenant's security defaults setting?",
    controls: &["CIS M365 v7.0 5.2.2.1", "NIST 800-53 r5 CM-6"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let evidence = |on: bool| format!("{}: isEnabled = {on}", c::SECURITY_DEFAULTS);
    let on = read::single(facts.snapshot, c::SECURITY_DEFAULTS).and_then(|defaults| {
        read::flag(defaults, "isEnabled").ok_or_else(|| format!("`isEnabled` of `{}` was not read", c::SECURITY_DEFAULTS))
    });
    match on {
        Err(why) => vec![read::unread(Subject::tenant(), why)],
        Ok(false) => vec![without(facts).evidence(evidence(false))],
        Ok(true) => with(facts).into_iter().map(|answer| answer.evidence(evidence(true))).collect(),
    }
}

fn without(facts: &Facts<'_>) -> Answer {
    let subject = Subject::tenant();
    let policies = match read::whole(facts.snapshot, c::POLICIES) {
        Ok(policies) => policies,
        Err(why) => return read::unread(subject, why),
    };
    match Tri::any(policies.iter().map(read::is_enforced)) {
        Tri::Yes => Answer::pass(subject, "security defaults are off, and Conditional Access policies are in their place"),
        Tri::No => Answer::fail(
            subject,
            "security defaults are off and no Conditional Access policy is enforced: nothing protects the administrators",
            "enforce a policy that demands MFA of administrators and excludes the emergency accounts (Entra admin center > Conditional \
             Access > New policy from template), after each emergency account has a key",
        ),
        Tri::Unknown => read::unread(subject, "whether any Conditional Access policy is enforced is not known"),
    }
}

/// Security defaults demand MFA of every administrator at every sign-in, and exclude nobody (L-11).
fn with(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        match read::methods_of(facts.snapshot, id) {
            Err(why) => read::unread(subject, why),
            Ok(methods) if methods.iter().any(|m: &Method| m.is_mfa() && m.lasts()) => {
                Answer::pass(subject, format!("security defaults demand MFA of `{name}`, which has a method for it"))
            }
            Ok(_) => Answer::fail(
                subject,
                format!("security defaults demand MFA of `{name}`, which has no method for it, and they exclude nobody"),
                words::register_key(&account.design.upn),
            ),
        }
    })
}
