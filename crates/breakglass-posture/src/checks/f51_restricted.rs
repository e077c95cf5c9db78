//! BG-F51: the account is in a restricted unit, so nobody with a role in the whole tenant can mend it.

use crate::read::{self, Account, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Severity};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F51",
    severity: Severity::High,
    question: "Is somebody able to mend an emergency account that a restricted management unit protects?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 AC-6(5)"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, user, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let answer = match user.get("isManagementRestricted") {
            None => read::unread(subject, format!("`isManagementRestricted` of `users/{id}` was not read")),
            Some(restricted) if restricted.as_bool() != Some(true) => {
                Answer::pass(subject, format!("`{name}` is in no restricted unit: an administrator can mend it"))
            }
            Some(_) => restricted(facts.snapshot, account, id),
        };
        answer.evidence(account.fact("isManagementRestricted"))
    })
}

/// Somebody else must be an administrator of the unit. Which unit it is, is not collected.
fn restricted(snapshot: &Snapshot, account: &Account<'_>, id: &ObjectId) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    let assignments = match read::collection(snapshot, c::ROLE_ASSIGNMENTS) {
        Ok(assignments) => assignments,
        Err(why) => return read::unread(subject, why),
    };
    let remedy = format!(
        "give somebody a role over the unit (Entra admin center > Admin units > the unit > Roles and administrators), and keep the step \
         `remove `{name}` from the unit` in the runbook: it takes up to 30 minutes"
    );
    let unit = |a: &&Value| read::text(a, "directoryScopeId").is_some_and(|s| s.starts_with("/administrativeUnits/"));
    let mut others = assignments
        .iter()
        .filter(unit)
        .filter_map(|a| read::text(a, "principalId"))
        .filter(|p| !read::same(p, id.as_str()) && !is_disabled(snapshot, p));
    if others.next().is_some() {
        let message = format!(
            "`{name}` is in a restricted unit; somebody administers a unit, and whether it is this one is not collected"
        );
        return Answer::undetermined(subject, message, remedy);
    }
    let unread = read::part_unread(snapshot, c::ROLE_ASSIGNMENTS);
    if let Some(why) = unread.filter(|why| why.contains("other roles")) {
        return read::unread(subject, why);
    }
    let message = format!(
        "`{name}` is in a restricted unit that nobody administers: not even a Global Administrator can reset its password until it is \
         taken out"
    );
    Answer::fail(subject, message, remedy)
}

fn is_disabled(snapshot: &Snapshot, principal: &str) -> bool {
    match read::by_id(snapshot, c::USERS, principal) {
        Found::Here(user) => read::flag(user, "accountEnabled") == Some(false),
        _ => false,
    }
}
