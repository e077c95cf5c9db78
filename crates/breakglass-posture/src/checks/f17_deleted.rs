//! BG-F17: the account was deleted and can be restored for thirty days only.

use crate::read::{self, Account, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::snapshot::collections as c;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F17",
    severity: Severity::High,
    question: "Is no emergency account among the deleted users?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 AC-2(4)"],
    run,
};

/// Deleted users are kept this long, in days.
const KEPT: i64 = 30;

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let deleted = read::collection(facts.snapshot, c::DELETED_USERS);
    let part = read::part_unread(facts.snapshot, c::DELETED_USERS);
    read::accounts(facts)
        .iter()
        .map(|account| match (&deleted, &account.user) {
            (Err(why), _) => read::unread(account.subject(), why),
            (Ok(deleted), user) => {
                let found = deleted.iter().find(|d| is_account(d, account));
                match (found, user, &part) {
                    (Some(found), user, _) => gone(account, found, matches!(user, Found::Here(_)), facts.now),
                    (None, _, Some(why)) => read::unread(account.subject(), why),
                    (None, _, None) => {
                        let message = format!("`{}` is not among {}", account.design.name, read::count(deleted.len(), "deleted user"));
                        Answer::pass(account.subject(), message).evidence(format!("{}: {} read", c::DELETED_USERS, deleted.len()))
                    }
                }
            }
        })
        .collect()
}

/// The same object, or the same name: a deleted user's name has its id, without hyphens, in front.
fn is_account(deleted: &Value, account: &Account<'_>) -> bool {
    let id = read::text(deleted, "id").unwrap_or_default();
    if let Some(known) = &account.id {
        return read::same(id, known.as_str());
    }
    let name = read::text(deleted, "userPrincipalName").unwrap_or_default().to_ascii_lowercase();
    let plain = name.strip_prefix(&id.replace('-', "").to_ascii_lowercase()).unwrap_or(&name);
    read::same(plain, &account.design.upn)
}

fn gone(account: &Account<'_>, found: &Value, also_there: bool, now: Timestamp) -> Answer {
    let (name, id) = (&account.design.name, read::text(found, "id").unwrap_or_default());
    let when: Option<Timestamp> = read::text(found, "deletedDateTime").and_then(|t| t.parse().ok());
    let left = when.map(|when| when + SignedDuration::from_hours(24 * KEPT)).map(|end| {
        let days = super::f11_drill::whole_days(end.duration_since(now));
        format!("{} left to restore it", read::count(days, "day"))
    });
    let left = left.unwrap_or_else(|| format!("it can be restored for {KEPT} days after it was deleted"));
    let twice = if also_there { ", though it was read among the users too: it was deleted while the tenant was read" } else { "" };
    Answer::fail(
        account.subject(),
        format!("`{name}` was deleted{twice}; {left}"),
        format!(
            "restore it: `az rest --method post --url https://graph.microsoft.com/v1.0/directory/deletedItems/{id}/restore` (or Entra \
             admin center > Users > Deleted users > Restore); then run `breakglass check` again, and find out who deleted it"
        ),
    )
    .evidence(format!("{}/{id}: deletedDateTime = {}", c::DELETED_USERS, read::text(found, "deletedDateTime").unwrap_or("absent")))
}
