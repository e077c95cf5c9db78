//! BG-F27: the account works only from places on a list, and the list is wrong on the day when it matters.

use super::{policies, words};
use crate::read::{self, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F27",
    severity: Severity::Critical,
    question: "Can every emergency account recover from any network?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CP-13"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    let asked = policies::Asked {
        state: read::is_enforced,
        kind: &|policy| by_place(policy).and(!super::f36_network::by_compliant_network(snapshot, policy)),
        kind_gap: "which of its locations stands for the compliant network was not read (`namedLocations`)",
        in_the_way: policies::in_the_way,
        hurts: &|policy, account| match &account.id {
            Some(id) => read::can_meet(snapshot, policy, id).map(|can| !can),
            None => Err(format!("the object id of `{}` was not read", account.design.name)),
        },
    };
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no enforced policy depends on the network".into(),
            n => format!("{} on the network, and no account is held to it on a road to recovery", depend(n)),
        },
        fail: &|hit| {
            let lost = lost(facts, hit.policy);
            let note = if lost.is_empty() {
                String::new()
            } else {
                format!("; of its excluded locations, {} no longer {}, so it holds there too", read::listed(&lost), read::verb(lost.len(), "exists", "exist"))
            };
            let wanted = read::grant_words(hit.policy);
            format!("policy `{}` ({wanted}) lets {} recover from some networks only{note}", hit.name(), hit.accounts())
        },
        may: &|hit| format!("policy `{}` lets {} recover from some networks only", hit.name(), hit.accounts()),
        remedy: &|hit| words::exclude(facts, hit.name()),
        evidence: &["conditions.locations", "grantControls.builtInControls"],
    };
    policies::answers(facts, &asked, &words)
}

/// Whether a policy has a location condition.
pub(super) fn by_place(policy: &Value) -> Tri {
    match policy.pointer("/conditions/locations") {
        None | Some(Value::Null) => Tri::No,
        Some(Value::Object(_)) => Tri::Yes,
        Some(_) => Tri::Unknown,
    }
}

/// Ids of locations in a list of a policy, the keywords left out.
pub(super) fn locations<'a>(policy: &'a Value, list: &str) -> Vec<&'a str> {
    let ids = policy.pointer(&format!("/conditions/locations/{list}")).and_then(Value::as_array);
    let ids = ids.into_iter().flatten().filter_map(Value::as_str);
    ids.filter(|id| !["All", "AllTrusted", "00000000-0000-0000-0000-000000000000"].contains(id)).collect()
}

/// Excluded locations that do not exist (C-9).
fn lost<'a>(facts: &Facts<'_>, policy: &'a Value) -> Vec<&'a str> {
    let mut ids = locations(policy, "excludeLocations");
    ids.retain(|id| read::by_id(facts.snapshot, c::NAMED_LOCATIONS, id) == Found::Nowhere);
    ids
}

fn depend(n: usize) -> String {
    if n == 1 { "1 enforced policy depends".into() } else { format!("{n} enforced policies depend") }
}
