//! Objects whose exported form differs from the snapshot's: groups with members, role assignments.

use super::{Builder, Place, text};
use crate::snapshot::collections as c;
use serde_json::{Value, json};

/// Graph expands at most this many members in place.
const EXPANDED_AT_MOST: usize = 20;

impl Builder {
    /// Members expanded in place become a list of ids.
    pub(super) fn members(&mut self, place: Place<'_>, group: &mut Value) {
        let id = text(group, "id").unwrap_or_default().to_ascii_lowercase();
        let Some(members) = group.get("members").and_then(Value::as_array).cloned() else {
            // `members: null` is no list either: not read.
            if let Some(map) = group.as_object_mut() {
                map.remove("members");
            }
            return;
        };
        let expanded = members.iter().any(Value::is_object);
        let ids: Vec<String> = members
            .iter()
            .filter_map(|m| m.as_str().or_else(|| m.get("id").and_then(Value::as_str)))
            .map(str::to_ascii_lowercase)
            .collect();
        let missing = ids.len() != members.len();
        if missing {
            self.problem(place, "members with ids", "a member without an id", "export the members again");
        }
        let cut = expanded && members.len() == EXPANDED_AT_MOST;
        if missing || cut {
            let why = if cut {
                "Graph expands at most 20 members, and this group shows 20"
            } else {
                "a member has no id"
            };
            self.snapshot
                .note_unread(format!("{}/{id}/members", c::GROUPS), format!("{}: {why}", place.file));
        }
        if let Some(map) = group.as_object_mut() {
            if missing || cut {
                map.remove("members");
            } else {
                map.insert("members".into(), json!(ids));
            }
        }
    }

    /// Any of Graph's forms of a role assignment, in the snapshot's form.
    pub(super) fn role(&mut self, assignment: &Value, hints: &str) -> Value {
        let stated = text(assignment, "assignmentType").unwrap_or_default().to_ascii_lowercase();
        let kind = match stated.as_str() {
            "eligible" => "eligible",
            _ if hints.contains("eligib") => "eligible",
            "active" | "assigned" | "activated" => "active",
            "unknown" => "unknown",
            _ => {
                self.plain_roles = true;
                "active"
            }
        };
        let role = assignment
            .pointer("/roleDefinition/templateId")
            .and_then(Value::as_str)
            .or(text(assignment, "roleDefinitionId"));
        let mut row = json!({
            "id": assignment.get("id").cloned().unwrap_or_default(),
            "principalId": text(assignment, "principalId").map(str::to_ascii_lowercase),
            "roleDefinitionId": role.map(str::to_ascii_lowercase),
            "directoryScopeId": text(assignment, "directoryScopeId").unwrap_or("/"),
            "assignmentType": kind,
        });
        if let (Some(end), Some(map)) = (assignment.get("endDateTime"), row.as_object_mut()) {
            map.insert("endDateTime".into(), end.clone());
        }
        row
    }
}
