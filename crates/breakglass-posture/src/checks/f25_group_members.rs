//! BG-F25: the exclusion group does not hold exactly the emergency accounts.

use super::words;
use crate::read::{self, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{ObjectId, Severity, Tri};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "BG-F25",
    severity: Severity::High,
    question: "Does the exclusion group hold the emergency accounts and nobody else, and is it assigned by hand?",
    controls: &["CIS M365 v7.0 1.1.2", "CIS M365 v7.0 5.2.2.14", "NIST 800-53 r5 AC-6(7)"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    vec![answer(facts)]
}

fn answer(facts: &Facts<'_>) -> Answer {
    let subject = super::f24_group_lost::subject(facts);
    let group = &facts.design.exclusion_group;
    let Some(id) = &group.object_id else {
        let message = format!("the design names no object id of group `{}`, so nothing carries the exclusions", group.name);
        return Answer::fail(subject, message, format!("{}, which writes the id into breakglass.toml", words::apply()));
    };
    let object = match read::by_id_or_unsaved(facts.snapshot, c::GROUPS, id.as_str()) {
        Found::Here(object) => object,
        Found::Nowhere => return Answer::not_applicable(subject, "the exclusion group does not exist (see BG-F24)"),
        Found::Unread(why) => return read::unread(subject, why),
    };
    let fact = |key: &str| {
        let value = object.get(key).map_or_else(|| "absent".to_owned(), Value::to_string);
        format!("{}/{id}: {key} = {}", c::GROUPS, read::short(&value))
    };
    let answer = judge(facts, id, object);
    answer.evidences(["members", "groupTypes", "isAssignableToRole"].map(fact))
}

fn judge(facts: &Facts<'_>, id: &ObjectId, object: &Value) -> Answer {
    let subject = super::f24_group_lost::subject(facts);
    let name = &facts.design.exclusion_group.name;
    let members_page = format!("Entra admin center > Groups > `{name}` > Members");
    if dynamic(object).is_yes() {
        let message = format!("the members of group `{name}` follow a rule, so whoever can change the rule or a user can empty or fill it");
        let remedy = format!(
            "make it assigned (Entra admin center > Groups > `{name}` > Properties > Membership type), then {}",
            words::apply()
        );
        return Answer::fail(subject, message, remedy);
    }
    let (mut out, mut gaps) = (Vec::new(), Vec::new());
    for account in read::accounts(facts) {
        match (&account.id, &account.user) {
            (None, Found::Nowhere) => {}
            (None, _) => gaps.push(format!("the object id of `{}` was not read", account.design.name)),
            (Some(user), _) => match read::membership(facts.snapshot, id.as_str(), user.as_str()) {
                Tri::Yes => {}
                Tri::No => out.push(account.design.name.clone()),
                Tri::Unknown => {}
            },
        }
    }
    if !out.is_empty() {
        let message = format!("{} not in group `{name}`, so its exclusions do not cover {}", is_are(&out), if out.len() == 1 { "it" } else { "them" });
        return Answer::fail(subject, message, format!("{} ({members_page} > Add members)", words::apply()));
    }
    let extra = extra(facts, object);
    if !extra.is_empty() {
        let message = format!("group `{name}` has members that are no emergency account: {}", read::listed(&extra));
        let remedy = format!("find out who added them (Audit logs, activity `Add member to group`), then remove them: {members_page}");
        return Answer::fail(subject, message, remedy);
    }
    gaps.extend(read::unread_of_group(facts.snapshot, id.as_str()));
    if dynamic(object).is_unknown() {
        gaps.push(format!("`groupTypes` of `{}/{id}` was not read", c::GROUPS));
    }
    match gaps.first() {
        Some(gap) => read::unread(subject, format!("cannot tell whether group `{name}` holds the accounts and nobody else: {gap}")),
        None => {
            let message = format!("group `{name}` holds the {} and nobody else", read::count(facts.design.accounts.len(), "account"));
            Answer::pass(subject, message)
        }
    }
}

fn dynamic(group: &Value) -> Tri {
    match group.get("groupTypes") {
        Some(Value::Array(types)) => types.iter().any(|t| t.as_str() == Some("DynamicMembership")).into(),
        _ => Tri::Unknown,
    }
}

/// Direct members that are no declared account. A group in the group is one.
fn extra(facts: &Facts<'_>, group: &Value) -> Vec<String> {
    let ours: BTreeSet<String> =
        read::accounts(facts).into_iter().filter_map(|a| a.id).map(|id| id.as_str().to_owned()).collect();
    let unnamed = read::accounts(facts).iter().any(|a| a.id.is_none() && a.user != Found::Nowhere);
    let members = read::direct_members(group).map(Vec::as_slice).unwrap_or_default();
    let strangers = members.iter().filter_map(Value::as_str).filter(|m| !ours.contains(&m.to_ascii_lowercase()));
    // While the id of an account is not known, any stranger may be that account.
    if unnamed { Vec::new() } else { strangers.map(str::to_owned).collect() }
}

fn is_are(names: &[String]) -> String {
    format!("{} {}", read::listed(names), if names.len() == 1 { "is" } else { "are" })
}
