//! BG-F30: a policy from Microsoft reports only today, and Microsoft switches it on.

use super::{policies, words};
use crate::{Answer, Check, Facts, read};
use breakglass_model::{Severity, Tri};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F30",
    severity: Severity::Critical,
    question: "Would every emergency account survive that Microsoft switches its report-only policies on?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CM-3"],
    run,
};

/// Microsoft leaves a managed policy in report-only this long at least, in days (ST-3).
const AT_LEAST: i64 = 45;

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let asked = policies::Asked {
        state: read::is_report_only,
        kind: &read::is_from_template,
        kind_gap: "its template was not understood",
        in_the_way: once_on,
        hurts: &|policy, account| match &account.id {
            Some(id) => read::can_meet(facts.snapshot, policy, id).map(|can| !can),
            None => Err(format!("the object id of `{}` was not read", account.design.name)),
        },
    };
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no report-only policy is made from a template of Microsoft".into(),
            n => format!("{} from a template of Microsoft would hold no account if switched on", report_only(n)),
        },
        fail: &|hit| {
            let wanted = read::grant_words(hit.policy);
            format!(
                "policy `{}` ({wanted}) reports only{}, and would hold {} once it is on",
                hit.name(),
                switch_on(hit.policy, facts.now),
                hit.accounts()
            )
        },
        may: &|hit| format!("policy `{}` would hold {} once it is on", hit.name(), hit.accounts()),
        remedy: &|hit| words::exclude_by_hand(facts, hit.name()),
        evidence: &["templateId", "createdDateTime", "grantControls.builtInControls"],
    };
    policies::answers(facts, &asked, &words)
}

/// Whether it would stand in the way: one that touches legacy clients alone would not, since no road uses them (C-2).
fn once_on(facts: &Facts<'_>, policy: &Value) -> Tri {
    let clients = policy.pointer("/conditions/clientAppTypes").and_then(Value::as_array);
    let legacy = clients.is_some_and(|list| {
        !list.is_empty() && list.iter().all(|c| c.as_str().is_some_and(|c| ["exchangeActiveSync", "easSupported", "other"].contains(&c)))
    });
    let listed = facts.blocking.is_some_and(|list| list.iter().any(|b| b.policy == read::policy_id(policy)));
    (listed || !legacy).into()
}

/// When Microsoft may switch a policy of its own on.
fn switch_on(policy: &Value, now: Timestamp) -> String {
    if !read::is_named_managed(policy) {
        return String::new();
    }
    let made: Option<Timestamp> = read::text(policy, "createdDateTime").and_then(|t| t.parse().ok());
    let Some(earliest) = made.map(|made| made + SignedDuration::from_hours(24 * AT_LEAST)) else {
        return ", Microsoft may switch it on".into();
    };
    if earliest <= now {
        return format!(", Microsoft may switch it on any day (since {earliest})");
    }
    let days = super::f11_drill::whole_days(earliest.duration_since(now));
    format!(", Microsoft may switch it on in {} ({earliest})", read::count(days, "day"))
}

fn report_only(n: usize) -> String {
    if n == 1 { "the 1 report-only policy".into() } else { format!("the {n} report-only policies") }
}
