//! A tenant from files: a `breakglass-snapshot/1`, or a folder of what Graph answered.
//!
//! Nothing is known of passwords and keys, so nobody signs in to such a tenant before somebody has set one; it is for
//! reading, for planning, and for evaluating.

use super::builtin;
use crate::graph::policy_shape::complete;
use crate::state::{Collection, State, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Objects by the name of their collection, as a snapshot names them.
type Collections = BTreeMap<String, Vec<Value>>;

/// Fills a tenant from a file or folder.
pub(super) fn fill(state: &mut State, path: &Path) -> Result<(), String> {
    builtin::fill(state, &["SPE_E5".into()])?;
    let mut found = Collections::new();
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, &mut files, 0)?;
        files.sort();
        for file in files {
            let name = file.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
            // A folder may hold other JSON too.
            if let Ok(value) = read(&file) {
                sort(&value, &name, &mut found);
            }
        }
    } else {
        let value = read(path)?;
        sort(&value, "", &mut found);
    }
    if found.values().all(Vec::is_empty) {
        return Err(format!("`{}` holds no objects of Graph that are known here", path.display()));
    }
    place(state, found);
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>, depth: usize) -> Result<(), String> {
    let unreadable = |e: std::io::Error| format!("`{}` cannot be read: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && depth < 8 {
            walk(&path, files, depth + 1)?;
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            files.push(path);
        }
    }
    Ok(())
}

/// A JSON file in UTF-8 or UTF-16, with or without a byte order mark.
fn read(path: &Path) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("`{}` cannot be read: {e}", path.display()))?;
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => {
            let units: Vec<u16> = rest.as_chunks::<2>().0.iter().map(|c| u16::from_le_bytes(*c)).collect();
            String::from_utf16_lossy(&units)
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        plain => String::from_utf8_lossy(plain).into_owned(),
    };
    serde_json::from_str(&text).map_err(|e| format!("`{}` is no JSON: {e}", path.display()))
}

/// Sorts what a file holds: a snapshot, a list, or one object.
fn sort(value: &Value, name: &str, found: &mut Collections) {
    if let Some(collections) = value.get("collections").and_then(Value::as_object) {
        if let Some(id) = value.pointer("/tenant/id") {
            found.entry("tenant".into()).or_default().push(json!({ "id": id }));
        }
        for (name, items) in collections {
            found.entry(name.clone()).or_default().extend(items.as_array().cloned().unwrap_or_default());
        }
        return;
    }
    let context =
        text(value, "@odata.context").and_then(|c| c.split_once('#')).map(|(_, set)| set.to_owned());
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::Object(map) => match map.get("value") {
            Some(Value::Array(items)) => items.clone(),
            _ => vec![value.clone()],
        },
        _ => return,
    };
    for item in items {
        if let Some(collection) = recognise(&item, context.as_deref().unwrap_or(name)) {
            found.entry(collection.to_owned()).or_default().push(item);
        }
    }
}

/// The collection that an object belongs to, by its type, its parts, or the set that it came from.
fn recognise(item: &Value, set: &str) -> Option<&'static str> {
    let kind = text(item, "@odata.type").and_then(|t| t.rsplit('.').next()).unwrap_or_default();
    let set = set.to_ascii_lowercase();
    let has = |name: &str| item.get(name).is_some();
    let by_kind = match kind {
        "conditionalAccessPolicy" => "conditionalAccessPolicies",
        "countryNamedLocation" | "ipNamedLocation" | "compliantNetworkNamedLocation" => "namedLocations",
        "user" => "users",
        "group" => "groups",
        _ => "",
    };
    if !by_kind.is_empty() {
        return Some(by_kind);
    }
    let known: &[(&str, bool)] = &[
        ("conditionalAccessPolicies", has("conditions") && has("state")),
        ("namedLocations", has("countriesAndRegions") || has("ipRanges")),
        ("authenticationStrengthPolicies", has("allowedCombinations")),
        ("roleAssignments", has("roleDefinitionId") && has("principalId")),
        ("authenticationMethodsPolicy", has("authenticationMethodConfigurations")),
        ("subscribedSkus", has("skuPartNumber")),
        ("organization", has("verifiedDomains")),
        ("domains", has("authenticationType") && has("isVerified")),
        ("groups", has("securityEnabled") || set.contains("groups")),
        ("users", has("userPrincipalName") || set.contains("users")),
    ];
    known.iter().find(|(_, fits)| *fits && has("id")).map(|(name, _)| *name)
}

fn place(state: &mut State, mut found: Collections) {
    let mut take = |name: &str| found.remove(name).unwrap_or_default();
    let collect = |items: Vec<Value>| items.into_iter().collect::<Collection>();
    let tenant = take("tenant");
    let organization = take("organization");
    let id = tenant.first().or(organization.first()).and_then(|o| text(o, "id")).map(str::to_owned);
    if let Some(id) = id {
        state.tenant_id = id;
    }
    let directory = &mut state.directory;
    directory.organization = collect(organization);
    if directory.organization.len() == 0 {
        directory
            .organization
            .insert(json!({ "id": state.tenant_id, "displayName": "Imported", "verifiedDomains": [] }));
    }
    directory.domains = collect(take("domains"));
    directory.users = collect(take("users"));
    for mut group in take("groups") {
        let members = group.as_object_mut().and_then(|g| g.remove("members"));
        let id = text(&group, "id").unwrap_or_default().to_ascii_lowercase();
        let ids = members.as_ref().and_then(Value::as_array).into_iter().flatten();
        let ids =
            ids.filter_map(|m| m.as_str().or_else(|| text(m, "id"))).map(str::to_ascii_lowercase).collect();
        directory.members.insert(id, ids);
        directory.groups.insert(group);
    }
    directory.policies = take("conditionalAccessPolicies").iter().map(complete).collect();
    directory.named_locations = collect(take("namedLocations"));
    for strength in take("authenticationStrengthPolicies") {
        directory.authentication_strengths.insert(strength);
    }
    for (index, mut assignment) in take("roleAssignments").into_iter().enumerate() {
        let eligible = text(&assignment, "assignmentType") == Some("eligible");
        if let Some(map) = assignment.as_object_mut() {
            map.remove("assignmentType");
            map.entry("directoryScopeId").or_insert_with(|| "/".into());
            map.entry("id").or_insert_with(|| format!("imported-{index}").into());
        }
        if eligible {
            directory.role_eligibility_schedule_instances.insert(assignment);
        } else {
            directory.role_assignments.insert(assignment);
        }
    }
    if let Some(policy) = take("authenticationMethodsPolicy").into_iter().next() {
        directory.methods_policy = policy;
    }
    if let Some(defaults) = take("securityDefaults").into_iter().next() {
        directory.security_defaults = defaults;
    }
    let skus = take("subscribedSkus");
    if !skus.is_empty() {
        directory.subscribed_skus = collect(skus);
    }
    for user in take("authenticationMethods") {
        if let (Some(id), Some(methods)) =
            (text(&user, "userId"), user.get("methods").and_then(Value::as_array))
        {
            directory.methods.insert(id.to_ascii_lowercase(), methods.clone());
        }
    }
    for (name, kind) in [("deletedUsers", "user"), ("deletedGroups", "group")] {
        for mut item in take(name) {
            if let Some(map) = item.as_object_mut() {
                map.insert("@odata.type".into(), format!("#microsoft.graph.{kind}").into());
            }
            directory.deleted_items.insert(item);
        }
    }
    state.azure.subscriptions = collect(
        take("subscriptions")
            .into_iter()
            .chain([json!({ "id": format!("/subscriptions/{}", state.subscription_id),
                "subscriptionId": state.subscription_id, "displayName": "Emulated", "state": "Enabled",
                "tenantId": state.tenant_id })])
            .collect(),
    );
    state.azure.role_assignments = collect(take("azureRootRoleAssignments"));
}
