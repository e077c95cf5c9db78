//! Who is in a group, directly or through groups in it (CONDITIONAL_ACCESS U-4).

use super::{Found, by_id, same};
use breakglass_model::Tri;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether `member` is in `group`. A group that does not exist has no members; one that was not read may have any.
pub(crate) fn membership(snapshot: &Snapshot, group: &str, member: &str) -> Tri {
    let mut seen = BTreeSet::new();
    walk(snapshot, group, member, &mut seen)
}

fn walk(snapshot: &Snapshot, group: &str, member: &str, seen: &mut BTreeSet<String>) -> Tri {
    if !seen.insert(group.to_ascii_lowercase()) {
        return Tri::No;
    }
    let object = match by_id(snapshot, c::GROUPS, group) {
        Found::Here(object) => object,
        Found::Nowhere => return Tri::No,
        Found::Unread(_) => return Tri::Unknown,
    };
    let Some(members) = direct_members(object) else { return Tri::Unknown };
    let mut answer = Tri::No;
    for id in members {
        let Some(id) = id.as_str() else {
            answer = answer.or(Tri::Unknown);
            continue;
        };
        answer = answer.or(if same(id, member) { Tri::Yes } else { inner(snapshot, id, member, seen) });
    }
    answer
}

/// A member that is no group adds nothing; one that may be a group and was not read may add anybody.
fn inner(snapshot: &Snapshot, id: &str, member: &str, seen: &mut BTreeSet<String>) -> Tri {
    match by_id(snapshot, c::GROUPS, id) {
        Found::Here(_) => walk(snapshot, id, member, seen),
        Found::Nowhere => Tri::No,
        Found::Unread(_) => Tri::Unknown,
    }
}

/// The list of direct members, when it was read.
pub(crate) fn direct_members(group: &Value) -> Option<&Vec<Value>> {
    group.get("members").and_then(Value::as_array)
}

/// What of a group, down to the last group in it, was not read; `None` when everything was.
pub(crate) fn unread_of_group(snapshot: &Snapshot, group: &str) -> Option<String> {
    let mut queue = vec![group.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(id) = queue.pop() {
        if !seen.insert(id.to_ascii_lowercase()) {
            continue;
        }
        match by_id(snapshot, c::GROUPS, &id) {
            Found::Unread(why) => return Some(why),
            Found::Nowhere => {}
            Found::Here(object) => match direct_members(object) {
                None => return Some(unread_members(snapshot, &id)),
                Some(members) => queue.extend(members.iter().filter_map(Value::as_str).map(str::to_owned)),
            },
        }
    }
    None
}

fn unread_members(snapshot: &Snapshot, id: &str) -> String {
    let what = format!("{}/{}/members", c::GROUPS, id.to_ascii_lowercase());
    match snapshot.why_unread(&what) {
        Some(why) => format!("`{what}` could not be read: {why}"),
        None => format!("`{what}` was not read"),
    }
}
