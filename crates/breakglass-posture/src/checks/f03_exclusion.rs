//! BG-F03: the exclusion that the design asks for was forgotten, so a policy covers the emergency account too.

use super::{policies, words};
use crate::facts::CounterexampleFact;
use crate::read::{self, Account, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::design::ExclusionProfile;
use breakglass_model::snapshot::collections as c;
use breakglass_model::{ObjectId, Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F03",
    severity: Severity::Critical,
    question: "Is every emergency account excluded from the policies that its exclusion profile names?",
    controls: &["CIS M365 v7.0 1.1.2", "CIS M365 v7.0 5.2.2.14", "NIST 800-53 r5 CM-6"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    read::accounts(facts)
        .iter()
        .map(|account| {
            let id = match (&account.user, &account.id) {
                (Found::Nowhere, _) => {
                    return Answer::not_applicable(account.subject(), "the account does not exist (see BG-F60)");
                }
                (Found::Unread(why), None) => return read::unread(account.subject(), why),
                (_, None) => return read::unread(account.subject(), "the account's object id is not known"),
                (_, Some(id)) => id,
            };
            match read::collection(snapshot, c::POLICIES) {
                Err(why) => read::unread(account.subject(), why),
                Ok(list) => account.if_it_exists(one(facts, account, id, list)),
            }
        })
        .collect()
}

/// What looking at the policies found for one account.
#[derive(Default)]
struct Sum<'a> {
    wanted: usize,
    covering: Vec<&'a Value>,
    gaps: Vec<String>,
}

fn one(facts: &Facts<'_>, account: &Account<'_>, id: &ObjectId, list: &[Value]) -> Answer {
    let profile = account.design.exclusion_profile;
    let mut sum = Sum::default();
    for policy in list {
        let wanted = is_wanted(facts, policy, id, profile);
        if wanted.is_no() {
            continue;
        }
        sum.wanted += 1;
        let reach = read::reach(facts.snapshot, policy, id.as_str());
        match wanted.and(reach.reaches()) {
            Tri::Yes => sum.covering.push(policy),
            Tri::No => {}
            Tri::Unknown => {
                let gap = reach.gaps.into_iter().next();
                let gap = gap.unwrap_or_else(|| "whether it stands in the way was not asked of the prover".into());
                sum.gaps.push(format!("policy `{}`: {gap}", read::policy_name(policy)));
            }
        }
    }
    sum.gaps.extend(read::part_unread(facts.snapshot, c::POLICIES));
    if facts.proof.is_none() {
        sum.gaps.push("the lockout proof was not made".into());
    }
    if profile == ExclusionProfile::RecoveryBlocking && facts.blocking.is_none() {
        sum.gaps.push("which policies stand in the way of recovery was not asked of the prover".into());
    }
    let answer = answer(facts, account, &sum);
    let evidence = sum.covering.iter().map(|p| read::policy_fact(p, "conditions.users"));
    answer.evidence(format!("design: exclusion_profile of `{}` = {}", account.design.name, word(profile))).evidences(evidence)
}

fn answer(facts: &Facts<'_>, account: &Account<'_>, sum: &Sum<'_>) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    if let Some(first) = sum.covering.first() {
        let names: Vec<&str> = sum.covering.iter().map(|p| read::policy_name(p)).collect();
        let message = format!("no exclusion keeps {} off `{name}`", policy_names(&names));
        let remedy = words::exclude(facts, read::policy_name(first));
        return Answer::fail(subject, message, remedy);
    }
    if let Some(lock) = lock(facts, name) {
        let names: Vec<&str> = lock.policies.iter().map(|(_, name)| name.as_str()).collect();
        let message = format!("`{name}` is locked out by {} ({})", policy_names(&names), lock.context);
        let remedy = names.first().map_or_else(String::new, |first| words::exclude(facts, first));
        return Answer::fail(subject, message, remedy);
    }
    if !sum.gaps.is_empty() {
        let message = format!("cannot tell whether every exclusion of `{name}` is in place: {}", sum.gaps.join("; "));
        return Answer::undetermined(subject, message, read::COLLECT);
    }
    let message = match sum.wanted {
        0 => format!("no policy has to exclude `{name}`"),
        n => format!("`{name}` is out of reach of {} that must not hold it", read::count(n, "policy")),
    };
    Answer::pass(subject, message)
}

/// A way in which policies alone lock the account, nothing else being broken.
fn lock<'a>(facts: &Facts<'a>, account: &str) -> Option<&'a CounterexampleFact> {
    let all = facts.proof?.counterexamples.iter();
    all.into_iter().find(|c| c.account == account && c.scenario == "none" && !c.policies.is_empty())
}

/// Whether the account's profile wants it excluded from a policy.
fn is_wanted(facts: &Facts<'_>, policy: &Value, id: &ObjectId, profile: ExclusionProfile) -> Tri {
    if read::is_for_workloads(policy) {
        return Tri::No;
    }
    match profile {
        ExclusionProfile::RecoveryBlocking => match facts.blocking {
            Some(_) => policies::in_the_way(facts, policy),
            None => read::is_enforced(policy).and(policies::in_the_way(facts, policy)).and(hurts(facts, policy, id)),
        },
        ExclusionProfile::BlockOnly => read::is_enforced(policy).and(read::has_control(policy, &["block"])),
        ExclusionProfile::All if is_dedicated(facts, policy, id) => Tri::No,
        ExclusionProfile::All => read::is_enforced(policy),
    }
}

fn hurts(facts: &Facts<'_>, policy: &Value, id: &ObjectId) -> Tri {
    read::can_meet(facts.snapshot, policy, id).map_or(Tri::Unknown, |can| (!can).into())
}

/// A policy made for the emergency accounts alone, which they can satisfy, is not one to be excluded from.
fn is_dedicated(facts: &Facts<'_>, policy: &Value, id: &ObjectId) -> bool {
    let group = facts.design.exclusion_group.object_id.as_ref();
    let ours = |found: &str| {
        let accounts = facts.design.accounts.iter().filter_map(|a| a.object_id.as_ref());
        accounts.chain(group).any(|known| read::same(known.as_str(), found))
    };
    let included: Option<Vec<&str>> = ["includeUsers", "includeGroups", "includeRoles"]
        .iter()
        .map(|list| read::assigned(policy, list))
        .collect::<Option<Vec<_>>>()
        .map(|lists| lists.concat());
    included.is_some_and(|ids| !ids.is_empty() && ids.iter().all(|id| ours(id)))
        && read::can_meet(facts.snapshot, policy, id) == Ok(true)
}

fn word(profile: ExclusionProfile) -> &'static str {
    match profile {
        ExclusionProfile::RecoveryBlocking => "recovery-blocking",
        ExclusionProfile::All => "all",
        ExclusionProfile::BlockOnly => "block-only",
    }
}

fn policy_names(names: &[&str]) -> String {
    let noun = if names.len() == 1 { "policy" } else { "policies" };
    format!("{noun} {}", read::listed(names))
}
