//! BG-F50: somebody elevated to the root of Azure, and it was never removed.

use crate::read::{self, Found};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::Severity;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F50",
    severity: Severity::High,
    question: "Is nobody left with a role at the root of Azure?",
    controls: &["NIST 800-53 r5 AC-6(7)", "NIST 800-53 r5 AC-2(3)"],
    run,
};

/// Roles that people hold at the root, by id.
const ROLES: [(&str, &str); 3] = [
    ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator"),
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"),
];

/// Roles that change nothing there; the collector itself needs the first.
const READERS: [&str; 2] = ["acdd72a7-3385-48ef-bd42-f606fba81ae7", "43d0d8ad-25c7-4714-9337-8ba259a9fe05"];

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    let assignments = match read::collection(snapshot, c::AZURE_ROOT_ASSIGNMENTS) {
        Ok(assignments) => assignments,
        Err(why) => {
            let remedy = "give the collector Reader at the root scope of Azure (`az role assignment create --role Reader --scope / \
                          --assignee APP`), then run `breakglass collect`";
            return vec![Answer::undetermined(Subject::tenant(), why, remedy)];
        }
    };
    let mut answers: Vec<Answer> = assignments.iter().filter_map(|a| one(snapshot, a)).collect();
    answers.extend(read::part_unread(snapshot, c::AZURE_ROOT_ASSIGNMENTS).map(|why| read::unread(Subject::tenant(), why)));
    if answers.is_empty() {
        let evidence = format!("{}: none at scope `/` that can change anything", c::AZURE_ROOT_ASSIGNMENTS);
        let message = "nobody holds a role at the root of Azure that can change anything";
        answers.push(Answer::pass(Subject::tenant(), message).evidence(evidence));
    }
    answers
}

fn one(snapshot: &Snapshot, assignment: &Value) -> Option<Answer> {
    let property = |key: &str| {
        let inside = assignment.pointer(&format!("/properties/{key}")).or_else(|| assignment.get(key));
        inside.and_then(Value::as_str).unwrap_or_default()
    };
    if property("scope") != "/" {
        return None;
    }
    let principal = property("principalId");
    let role_id = property("roleDefinitionId").rsplit('/').next().unwrap_or_default();
    if READERS.iter().any(|reader| read::same(reader, role_id)) {
        return None;
    }
    let role = ROLES.iter().find(|(id, _)| read::same(id, role_id)).map_or(role_id, |(_, name)| name);
    let who = match read::by_id(snapshot, c::USERS, principal) {
        Found::Here(user) => read::text(user, "userPrincipalName").unwrap_or(principal),
        _ => principal,
    };
    let message = format!("`{who}` holds `{role}` at the root of Azure, over every subscription");
    let remedy = format!(
        "if no emergency is going on: `az role assignment delete --assignee {principal} --role \"{role}\" --scope /`; then look who \
         elevated (Audit logs, category `AzureRBACRoleManagementElevateAccess`)"
    );
    let id = read::text(assignment, "id").unwrap_or("an assignment without an id");
    let evidence = format!("{}: {id} roleDefinitionId = {role_id}, scope = /", c::AZURE_ROOT_ASSIGNMENTS);
    Some(Answer::fail(Subject::named(who, Some(principal)), message, remedy).evidence(evidence))
}
