//! Counting: who has said what, each person once, and never the requester.

use super::{Refusal, Rules};
use crate::approval::{self, About, Approval, Decision, key_bytes, same_person};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The last word of each approver. Names are compared as people write them.
fn last_words(votes: &[Approval]) -> BTreeMap<String, &Approval> {
    votes.iter().map(|v| (v.statement.approver.trim().to_lowercase(), v)).collect()
}

/// How many approve at this moment.
pub(super) fn approving(votes: &[Approval], now: Timestamp) -> usize {
    let holds = |v: &&Approval| v.statement.decision == Decision::Approve && v.statement.expires_at > now;
    last_words(votes).into_values().filter(holds).count()
}

/// How many approve, whenever it was said.
pub(super) fn ever_approving(votes: &[Approval]) -> usize {
    last_words(votes).into_values().filter(|v| v.statement.decision == Decision::Approve).count()
}

/// How many deny. A denial does not run out: it ends with a newer word of the same approver.
pub(super) fn denying(votes: &[Approval]) -> usize {
    last_words(votes).into_values().filter(|v| v.statement.decision == Decision::Deny).count()
}

/// How many different people with usable keys there are beside the excluded ones. A key counts once, whoever claims it.
pub(super) fn eligible(rules: &Rules, excluded: &[&str]) -> usize {
    let mut keys: Vec<[u8; 32]> = Vec::new();
    let taken = keys_of(rules, excluded);
    for approver in rules.approvers.iter().filter(|a| !excluded.iter().any(|e| same_person(&a.name, e))) {
        if let Some(key) = key_bytes(approver).filter(|k| !keys.contains(k) && !taken.contains(k)) {
            keys.push(key);
        }
    }
    keys.len()
}

fn keys_of(rules: &Rules, people: &[&str]) -> Vec<[u8; 32]> {
    let theirs = rules.approvers.iter().filter(|a| people.iter().any(|p| same_person(&a.name, p)));
    theirs.filter_map(key_bytes).collect()
}

/// Checks an approval before it is kept: signature, binding, times, that it is none of the excluded people (the
/// requester, the opener), and that it is somebody new, or something new.
pub(super) fn admit(
    approval: &Approval,
    rules: &Rules,
    excluded: &[&str],
    about: About<'_>,
    votes: &[Approval],
    now: Timestamp,
) -> Result<(), Refusal> {
    let approver = approval::verify(approval, &rules.approvers, about, now)?;
    let key = key_bytes(approver);
    let is_excluded = excluded.iter().any(|e| same_person(&approver.name, e));
    if is_excluded || key.is_some_and(|k| keys_of(rules, excluded).contains(&k)) {
        return Err(Refusal::OwnRequest(approver.name.clone()));
    }
    let said = &approval.statement;
    // The same key under another name is the same person.
    let others = last_words(votes).into_values().filter(|v| {
        let voter = rules.approvers.iter().find(|a| same_person(&a.name, &v.statement.approver));
        same_person(&v.statement.approver, &approver.name) || voter.and_then(key_bytes) == key
    });
    for other in others {
        let before = &other.statement;
        if !same_person(&before.approver, &approver.name) {
            return Err(Refusal::AlreadySaid(format!("{} (as {})", approver.name, before.approver)));
        }
        if said.signed_at < before.signed_at {
            return Err(Refusal::Older(approver.name.clone()));
        }
        let still_holds = before.decision == Decision::Deny || before.expires_at > now;
        if before.decision == said.decision && still_holds {
            return Err(Refusal::AlreadySaid(approver.name.clone()));
        }
        if said.signed_at == before.signed_at {
            return Err(Refusal::Older(approver.name.clone()));
        }
    }
    Ok(())
}
