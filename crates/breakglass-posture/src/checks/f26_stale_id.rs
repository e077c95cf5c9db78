//! BG-F26: a policy excludes an account that no longer exists, and not the one that does.

use super::{policies, words};
use crate::read::{self, Found};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F26",
    severity: Severity::High,
    question: "Does no enforced policy exclude a deleted account or group in place of the emergency accounts?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CM-6"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    let policies = match read::collection(snapshot, c::POLICIES) {
        Ok(policies) => policies,
        Err(why) => return vec![read::unread(Subject::tenant(), why)],
    };
    let mut answers: Vec<Answer> = policies.iter().filter_map(|policy| one(facts, policy)).collect();
    answers.extend(read::part_unread(snapshot, c::POLICIES).map(|why| read::unread(Subject::tenant(), why)));
    if answers.is_empty() {
        let message = "no enforced policy that reaches an emergency account excludes somebody who no longer exists";
        answers.push(Answer::pass(Subject::tenant(), message).evidence(format!("{}: {} read", c::POLICIES, policies.len())));
    }
    answers
}

/// Only a policy that still reaches an account on a road to recovery is of interest: elsewhere a stale id does no harm.
fn one(facts: &Facts<'_>, policy: &Value) -> Option<Answer> {
    let reaches = Tri::any(read::accounts(facts).iter().filter(|a| a.user != Found::Nowhere).map(|a| match &a.id {
        Some(id) => read::reach(facts.snapshot, policy, id.as_str()).reaches(),
        None => Tri::Unknown,
    }));
    let matters = read::is_enforced(policy).and(policies::in_the_way(facts, policy)).and(reaches);
    if matters.is_no() {
        return None;
    }
    let (mut stale, mut gaps) = (Vec::new(), Vec::new());
    for (list, live, deleted) in
        [("excludeUsers", c::USERS, c::DELETED_USERS), ("excludeGroups", c::GROUPS, c::DELETED_GROUPS)]
    {
        for id in read::assigned(policy, list).unwrap_or_default() {
            match gone(facts, live, deleted, id) {
                Tri::Yes => stale.push(format!("{live}/{id}")),
                Tri::No => {}
                Tri::Unknown => gaps.push(format!("whether `{live}/{id}` still exists was not read")),
            }
        }
    }
    let (name, id) = (read::policy_name(policy), read::policy_id(policy));
    let subject = Subject::named(name, Some(id.as_str()));
    let answer = if matters.is_yes() && !stale.is_empty() {
        let message = format!("policy `{name}` excludes {}, which {} deleted, and reaches an emergency account", read::listed(&stale), read::verb(stale.len(), "is", "are"));
        Answer::fail(subject, message, words::exclude(facts, name))
    } else if stale.is_empty() && gaps.is_empty() {
        return None;
    } else {
        let why = gaps.first().cloned().unwrap_or_else(|| "whom it reaches was not read".into());
        let message = format!("cannot tell whether policy `{name}` excludes somebody who no longer exists: {why}");
        Answer::undetermined(subject, message, read::COLLECT)
    };
    let lists = ["conditions.users.excludeUsers", "conditions.users.excludeGroups"];
    Some(answer.evidences(lists.map(|list| read::policy_fact(policy, list))))
}

/// Whether an excluded id is that of something deleted. Ordinary users are not collected, so an id that is nowhere says
/// nothing; a group that a policy names is collected when it exists.
fn gone(facts: &Facts<'_>, live: &str, deleted: &str, id: &str) -> Tri {
    if !breakglass_model::ids::is_guid(id) {
        return Tri::No;
    }
    match read::by_id_or_unsaved(facts.snapshot, live, id) {
        Found::Here(_) => return Tri::No,
        Found::Nowhere if live == c::GROUPS => return Tri::Yes,
        Found::Nowhere | Found::Unread(_) => {}
    }
    match read::collection(facts.snapshot, deleted) {
        Ok(list) if list.iter().any(|d| read::text(d, "id").is_some_and(|i| read::same(i, id))) => Tri::Yes,
        // Neither among the users that were read nor among the deleted ones: an ordinary user, or purged long ago.
        Ok(_) | Err(_) => Tri::Unknown,
    }
}
