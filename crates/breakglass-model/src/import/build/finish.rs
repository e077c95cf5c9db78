//! When all files have been read: what the policies name and nobody saved is "not read", not "does not exist".

use super::{Builder, text};
use crate::ids::is_guid;
use crate::snapshot::collections as c;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn complete(builder: &mut Builder) {
    if builder.export {
        let policies = builder.snapshot.get(c::POLICIES).unwrap_or_default().to_vec();
        strengths(builder, &policies);
        names(builder, &policies);
        references(builder, &policies);
        roles(builder);
    }
    for collection in [c::POLICIES, c::GROUPS, c::NAMED_LOCATIONS] {
        // A collection of which not one object could be read was not read.
        let part = format!("{collection}/");
        let why = builder.snapshot.unread.iter().find(|u| u.what.starts_with(&part)).map(|u| u.why.clone());
        if let (None, Some(why)) = (builder.snapshot.get(collection), why) {
            builder.snapshot.note_unread(collection, why);
        }
    }
}

/// Strengths that policies carry expanded in place, if that is all of them.
fn strengths(builder: &mut Builder, policies: &[Value]) {
    if builder.snapshot.get(c::STRENGTHS).is_some() {
        return;
    }
    let mut found: Vec<Value> = Vec::new();
    for policy in policies {
        let Some(strength) =
            policy.pointer("/grantControls/authenticationStrength").filter(|s| s.is_object())
        else {
            continue;
        };
        let whole = ["allowedCombinations", "combinationConfigurations"]
            .iter()
            .all(|k| strength.get(*k).is_some_and(Value::is_array));
        if !whole {
            return;
        }
        if !found.iter().any(|f| text(f, "id") == text(strength, "id")) {
            found.push(strength.clone());
        }
    }
    if !found.is_empty() {
        builder.snapshot.set(c::STRENGTHS, found);
    }
}

/// Groups that only a migration table knows: they have a name, and no members were read.
fn names(builder: &mut Builder, policies: &[Value]) {
    let wanted = named(policies, &["includeGroups", "excludeGroups"]);
    let have = ids(builder, c::GROUPS);
    let new: Vec<Value> = builder
        .names
        .iter()
        .filter(|(id, _)| wanted.contains(*id) && !have.contains(*id))
        .map(|(id, name)| json!({ "id": id, "displayName": name }))
        .collect();
    if !new.is_empty() {
        builder.snapshot.collections.entry(c::GROUPS.into()).or_default().extend(new);
    }
}

/// An export holds what somebody saved. What a policy names beyond that may exist or not.
fn references(builder: &mut Builder, policies: &[Value]) {
    let (users, groups) = (ids(builder, c::USERS), ids(builder, c::GROUPS));
    let (read_users, read_groups) =
        (builder.snapshot.get(c::USERS).is_some(), builder.snapshot.get(c::GROUPS).is_some());
    for id in named(policies, &["includeGroups", "excludeGroups"]) {
        if !is_guid(&id) {
            builder.snapshot.note_unread(
                format!("{}/{id}", c::GROUPS),
                "it is a placeholder that nobody has bound to a group",
            );
        } else if read_groups && !groups.contains(&id) {
            builder.snapshot.note_unread(
                format!("{}/{id}", c::GROUPS),
                "a policy names it, and the export does not hold it",
            );
        }
    }
    for id in named(policies, &["includeUsers", "excludeUsers"]) {
        if !is_guid(&id) {
            builder.snapshot.note_unread(
                format!("{}/{id}", c::USERS),
                "it is a placeholder that nobody has bound to a user",
            );
        } else if read_users && !users.contains(&id) {
            builder.snapshot.note_unread(
                format!("{}/{id}", c::USERS),
                "a policy names it, and the export does not hold it",
            );
        }
    }
    let members: BTreeSet<String> = builder
        .snapshot
        .get(c::GROUPS)
        .unwrap_or_default()
        .iter()
        .filter_map(|g| g.get("members").and_then(Value::as_array))
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_ascii_lowercase)
        .collect();
    for id in members.difference(&users).filter(|id| !groups.contains(*id)) {
        builder.snapshot.note_unread(
            format!("{}/{id}", c::GROUPS),
            "it is a member of a group, and the export does not say whether it is a group",
        );
    }
}

/// Plain assignments do not say when they end, nor who is only eligible.
fn roles(builder: &mut Builder) {
    if !builder.plain_roles {
        return;
    }
    let why = "the export holds plain role assignments only";
    builder.snapshot.note_unread(format!("{}/active schedules", c::ROLE_ASSIGNMENTS), why);
    let eligible = |a: &Value| text(a, "assignmentType") == Some("eligible");
    if !builder.snapshot.get(c::ROLE_ASSIGNMENTS).unwrap_or_default().iter().any(eligible) {
        builder.snapshot.note_unread(format!("{}/eligible schedules", c::ROLE_ASSIGNMENTS), why);
    }
}

fn ids(builder: &Builder, collection: &str) -> BTreeSet<String> {
    let objects = builder.snapshot.get(collection).unwrap_or_default();
    objects.iter().filter_map(|o| text(o, "id")).map(str::to_ascii_lowercase).collect()
}

/// Ids that policies name, by the property that names them.
fn named(policies: &[Value], properties: &[&str]) -> BTreeSet<String> {
    let lists = policies.iter().flat_map(|p| {
        properties
            .iter()
            .filter_map(move |k| p.pointer(&format!("/conditions/users/{k}")).and_then(Value::as_array))
    });
    let ids = lists.flatten().filter_map(Value::as_str);
    ids.filter(|id| is_guid(id) || id.starts_with('<')).map(str::to_ascii_lowercase).collect()
}
