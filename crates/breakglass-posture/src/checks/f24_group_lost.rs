//! BG-F24: all exclusions hang on one group; when it is deleted they stop at once, for every account.

use super::words;
use crate::read::{self, Found};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{ObjectId, Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F24",
    severity: Severity::Critical,
    question: "Would the exclusions hold if the exclusion group were deleted?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CP-2"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    vec![answer(facts)]
}

/// The subject of checks on the exclusion group.
pub(super) fn subject(facts: &Facts<'_>) -> Subject {
    let group = &facts.design.exclusion_group;
    Subject::named(group.name.clone(), group.object_id.as_ref().map(ObjectId::as_str))
}

fn answer(facts: &Facts<'_>) -> Answer {
    let (subject, snapshot) = (subject(facts), facts.snapshot);
    let group = &facts.design.exclusion_group;
    let Some(id) = &group.object_id else {
        return Answer::not_applicable(subject, "the design names no object id of the exclusion group (see BG-F25)");
    };
    let deleted = match read::collection(snapshot, c::DELETED_GROUPS) {
        Ok(deleted) => deleted.iter().any(|g| read::text(g, "id").is_some_and(|i| read::same(i, id.as_str()))).into(),
        Err(_) => Tri::Unknown,
    };
    let restore = format!(
        "restore it within 30 days: `az rest --method post --url https://graph.microsoft.com/v1.0/directory/deletedItems/{id}/restore`; \
         then {}",
        words::apply()
    );
    match read::by_id_or_unsaved(snapshot, c::GROUPS, id.as_str()) {
        _ if deleted.is_yes() => {
            let message = format!("group `{}` was deleted, so its exclusions have ended", group.name);
            return Answer::fail(subject, message, restore).evidence(format!("{}/{id}: deleted", c::DELETED_GROUPS));
        }
        Found::Nowhere => {
            let message = format!("group `{}` does not exist, so its exclusions have ended", group.name);
            return Answer::fail(subject, message, restore).evidence(format!("{}/{id}: none", c::GROUPS));
        }
        Found::Unread(why) => return read::unread(subject, why),
        Found::Here(_) => {}
    }
    let policies = match read::collection(snapshot, c::POLICIES) {
        Ok(policies) => policies,
        Err(why) => return read::unread(subject, why),
    };
    let hanging = hanging(facts, policies, id);
    match hanging {
        Err(why) => read::unread(subject, why),
        Ok(hanging) if !hanging.is_empty() => {
            let names: Vec<&str> = hanging.iter().map(|p| read::policy_name(p)).collect();
            let message = format!(
                "{} exclude{} the accounts through group `{}` alone: {}",
                read::count(names.len(), "enforced policy"),
                if names.len() == 1 { "s" } else { "" },
                group.name,
                read::listed(&names)
            );
            let remedy = format!("exclude the accounts by id as well as by group: {}", words::exclude(facts, names.first().unwrap_or(&"")));
            let evidence = hanging.iter().map(|p| read::policy_fact(p, "conditions.users.excludeUsers"));
            Answer::fail(subject, message, remedy).evidences(evidence)
        }
        Ok(_) => match read::part_unread(snapshot, c::POLICIES) {
            Some(why) => read::unread(subject, why),
            None => {
                let message = format!("every enforced policy that excludes group `{}` names the accounts too", group.name);
                Answer::pass(subject, message).evidence(format!("{}/{id}: exists", c::GROUPS))
            }
        },
    }
}

/// Enforced policies that exclude the group and would hold an account when the group is gone.
fn hanging<'a>(facts: &Facts<'_>, policies: &'a [Value], id: &ObjectId) -> Result<Vec<&'a Value>, String> {
    let mut found = Vec::new();
    let mut gap = None;
    for policy in policies {
        let excludes = match read::assigned(policy, "excludeGroups") {
            Some(groups) => groups.iter().any(|g| read::same(g, id.as_str())),
            None => {
                gap = Some(format!("`excludeGroups` of policy `{}` is no list of ids", read::policy_name(policy)));
                continue;
            }
        };
        let enforced = read::is_enforced(policy);
        if !excludes || enforced.is_no() {
            continue;
        }
        let mut held = Tri::No;
        for account in read::accounts(facts) {
            match &account.id {
                Some(user) => held = held.or((!read::names_user(policy, "excludeUsers", user.as_str())).into()),
                // An account that does not exist cannot be named yet.
                None if account.user == Found::Nowhere => {}
                None => {
                    gap = Some(format!("the object id of `{}` was not read", account.design.name));
                    held = held.or(Tri::Unknown);
                }
            }
        }
        match enforced.and(held) {
            Tri::Yes => found.push(policy),
            Tri::No => {}
            Tri::Unknown => gap = gap.or(Some(format!("the state of policy `{}` is not known", read::policy_name(policy)))),
        }
    }
    match gap {
        Some(gap) if found.is_empty() => Err(gap),
        _ => Ok(found),
    }
}
