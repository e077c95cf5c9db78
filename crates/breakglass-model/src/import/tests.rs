//! Real exports, and exports as they arrive on a bad day.

use super::*;
use crate::snapshot::collections as c;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const NOW: &str = "2026-11-24T12:00:00Z";

fn shared(folder: &str) -> PathBuf {
    let root = std::env::var("BREAKGLASS_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let path = Path::new(&root).join("data").join(folder);
    assert!(path.is_dir(), "the shared data is missing at {}: set BREAKGLASS_SHARED", path.display());
    path
}

fn walk(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, into);
        } else {
            into.push((path.to_string_lossy().into_owned(), std::fs::read(&path).unwrap()));
        }
    }
}

fn import_folder(folder: &str) -> Imported {
    let mut list = Vec::new();
    walk(&shared(folder), &mut list);
    files(&list, NOW.parse().unwrap())
}

fn import(list: &[(&str, &str)]) -> Imported {
    let list: Vec<_> = list.iter().map(|(n, t)| ((*n).to_owned(), t.as_bytes().to_vec())).collect();
    files(&list, NOW.parse().unwrap())
}

fn names(problems: &[FileProblem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn counts(snapshot: &Snapshot) -> Vec<(&str, usize)> {
    snapshot.collections.iter().map(|(k, v)| (k.as_str(), v.len())).collect()
}

#[test]
fn j0eyv_is_read_whole() {
    let Imported { snapshot, problems, .. } = import_folder("ca-j0eyv");
    // Two groups were saved twice, under an old and a new name.
    assert_eq!(problems.len(), 2, "{:?}", names(&problems));
    assert!(problems.iter().all(|p| p.expected == "each object once" && p.file.contains("Groups")));
    assert!(snapshot.unread.iter().all(|u| !u.why.contains("different")));
    // 36 policies and 3 locations; the groups of the folder, and those that only the migration table names.
    assert_eq!(
        (snapshot.get(c::POLICIES).unwrap().len(), snapshot.get(c::NAMED_LOCATIONS).unwrap().len()),
        (36, 3)
    );
    assert_eq!(snapshot.get(c::GROUPS).unwrap().len(), 34);
    assert_eq!(snapshot.tenant.id, "42ba3ed1-ae78-4fd0-8080-5f8bfcc27b29");
    let policies = snapshot.get(c::POLICIES).unwrap();
    let state = |s: &str| policies.iter().filter(|p| p["state"] == s).count();
    assert_eq!((state("enabled"), state("enabledForReportingButNotEnforced")), (31, 5));
    for absent in [c::USERS, c::ROLE_ASSIGNMENTS, c::SECURITY_DEFAULTS, c::METHODS_POLICY] {
        assert!(snapshot.get(absent).is_none(), "{absent} was not in the export");
    }
    assert!(!serde_json::to_string(policies).unwrap().contains("@odata.context"));
    // The strengths that policies carry in place are all that they name.
    assert_eq!(snapshot.get(c::STRENGTHS).unwrap().len(), 2);
    // Nobody read who is in the groups.
    assert!(snapshot.get(c::GROUPS).unwrap().iter().all(|g| g.get("members").is_none()));
    assert!(snapshot.is_intact());
}

#[test]
fn caoptics_is_read_whole() {
    let Imported { snapshot, problems, read } = import_folder("ca-caoptics");
    assert_eq!(names(&problems), [""; 0]);
    assert_eq!(counts(&snapshot), [(c::POLICIES, 25), (c::NAMED_LOCATIONS, 3)]);
    let license = read.iter().find(|r| r.file.ends_with("LICENSE")).unwrap();
    assert_eq!(license.what, "not JSON, passed over");
}

#[test]
fn templates_are_marked_and_their_placeholders_named() {
    let Imported { snapshot, problems, .. } = import_folder("ca-alexfilipin");
    assert_eq!(names(&problems), [""; 0]);
    let policies = snapshot.get(c::POLICIES).unwrap();
    // Some templates are in several sets, word for word; those are one.
    assert!(policies.len() > 30 && policies.len() <= 48, "{}", policies.len());
    assert!(policies.iter().all(|p| p["id"].as_str().unwrap().starts_with("template-")));
    assert!(snapshot.why_unread("groups/<emergencyaccessaccountsgroup>").unwrap().contains("placeholder"));
}

#[test]
fn scubagear_is_read_as_graph() {
    let Imported { snapshot, problems, .. } = import_folder("tenant-scubagear");
    // The results of ScubaGear's own rules are not tenant data, and are said to be unknown.
    assert_eq!(problems.len(), 30, "{:?}", names(&problems).first());
    assert!(problems.iter().all(|p| p.file.ends_with("test-results.aad.json")));
    assert_eq!(snapshot.tenant.id, "ca08493a-c9c8-4db0-a9e8-d3b4bafac269");
    assert_eq!(snapshot.taken_at.to_string(), "2026-05-04T17:15:48.307Z");
    let policies = snapshot.get(c::POLICIES).unwrap();
    assert_eq!(policies.len(), 7);
    assert_eq!(policies[0]["createdDateTime"], "2022-03-17T16:54:48.205Z");
    assert_eq!(policies[0]["conditions"]["users"]["includeUsers"], json!(["All"]));
    assert!(policies.iter().all(|p| p["state"] == "enabled"));
    let global = |a: &&Value| a["roleDefinitionId"] == crate::ids::GLOBAL_ADMINISTRATOR;
    let roles = snapshot.get(c::ROLE_ASSIGNMENTS).unwrap();
    let (active, unknown): (Vec<_>, Vec<_>) =
        roles.iter().filter(global).partition(|a| a["assignmentType"] == "active");
    assert_eq!((active.len(), unknown.len()), (7, 2));
    assert_eq!(active.iter().filter(|a| a["endDateTime"].is_null()).count(), 5);
    assert_eq!(snapshot.get(c::USERS).unwrap().len(), 3);
    assert!(snapshot.get(c::USERS).unwrap().iter().all(|u| u["onPremisesImmutableId"].is_null()));
    let global_rules = snapshot.get(c::ROLE_MANAGEMENT_POLICIES).unwrap()[0].clone();
    assert_eq!((&global_rules["approvalRequired"], &global_rules["mfa"]), (&json!(false), &json!(true)));
    let methods = &snapshot.get(c::METHODS_POLICY).unwrap()[0]["authenticationMethodConfigurations"];
    let fido = methods.as_array().unwrap().iter().find(|m| m["id"] == "Fido2").unwrap();
    assert_eq!(fido["keyRestrictions"]["aaGuids"].as_array().unwrap().len(), 5);
    assert!(snapshot.why_unread("directoryRoleAssignments/eligible schedules").is_some());
    // The excluded user is not among the users that were saved.
    assert!(snapshot.why_unread("users/2d9a50a8-6688-48eb-8646-86acb74e2f05").is_some());
}

#[test]
fn cases_are_whole_tenants() {
    let mut list = Vec::new();
    walk(&shared("ca-cases"), &mut list);
    let mut read = 0;
    for (name, bytes) in list.into_iter().filter(|(n, _)| n.ends_with(".json")) {
        let Imported { snapshot, problems, .. } = files(&[(name.clone(), bytes)], NOW.parse().unwrap());
        assert_eq!(names(&problems), [""; 0], "{name}");
        assert!(snapshot.get(c::NAMED_LOCATIONS).is_some() && snapshot.unread.is_empty(), "{name}");
        read += 1;
    }
    assert_eq!(read, 100);
}

#[test]
fn a_snapshot_comes_back_as_it_was() {
    let mut snapshot = import_folder("ca-j0eyv").snapshot;
    snapshot.note_unread("users", "403");
    let snapshot = snapshot.seal();
    let text = serde_json::to_string(&snapshot).unwrap();
    let again = import(&[("s.json", &text)]);
    assert_eq!((names(&again.problems), &again.snapshot), (vec![], &snapshot));
    let changed = text.replace("\"enabled\"", "\"disabled\"");
    let again = import(&[("s.json", &changed)]);
    assert!(again.snapshot.get(c::POLICIES).is_none());
    assert!(again.problems[0].found.contains("changed after it was sealed"), "{}", again.problems[0]);
}

const POLICY: &str = r#"{"id": "P1", "displayName": "one", "state": "enabled", "conditions": {"users": {"includeUsers": ["All"]}}, "grantControls": null}"#;

#[test]
fn usual_shapes() {
    let context = "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies";
    for (name, text) in [
        ("one object", POLICY.to_owned()),
        ("a list", format!("[{POLICY}]")),
        ("a page", format!("{{\"@odata.context\": \"{context}\", \"value\": [{POLICY}]}}")),
        ("a page without context", format!("{{\"value\": [{POLICY}]}}")),
        ("documents one after the other", format!("{POLICY}\n{POLICY}\n")),
        ("a list in a list", format!("[[{POLICY}]]")),
        ("PowerShell", r#"{"Id": "P1", "DisplayName": "one", "State": "enabled", "Conditions": {"Users": {"IncludeUsers": "All"}}, "GrantControls": null}"#.to_owned()),
    ] {
        let Imported { snapshot, problems, .. } = import(&[("export.json", &text)]);
        assert_eq!(names(&problems), [""; 0], "{name}");
        let policy = &snapshot.get(c::POLICIES).unwrap()[0];
        assert_eq!(snapshot.get(c::POLICIES).unwrap().len(), 1, "{name}");
        assert_eq!(policy["conditions"]["users"]["includeUsers"], json!(["All"]), "{name}");
    }
    let empty = import(&[
        ("namedLocations.json", "[]"),
        ("p.json", &format!("{{\"@odata.context\": \"{context}\", \"value\": []}}")),
    ]);
    assert_eq!(counts(&empty.snapshot), [(c::POLICIES, 0), (c::NAMED_LOCATIONS, 0)]);
}

#[test]
fn groups_and_roles_take_our_form() {
    let Imported { snapshot, problems, .. } = import(&[
        (
            "Groups/a.json",
            r##"{"id": "A0000000-0000-4000-8000-000000000001", "displayName": "EA", "groupTypes": [], "members": [{"@odata.type": "#microsoft.graph.user", "id": "B"}]}"##,
        ),
        ("Groups/b.json", r#"{"id": "b", "groupTypes": [], "members": null}"#),
        ("Users/b.json", r#"{"id": "B", "userPrincipalName": "b@contoso.onmicrosoft.com"}"#),
        (
            "roles.json",
            r##"{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#roleManagement/directory/roleAssignments", "value": [{"id": "r", "principalId": "B", "roleDefinitionId": "62E90394-69F5-4237-9190-012177145E10", "directoryScopeId": "/"}]}"##,
        ),
        (
            "eligible.json",
            r##"{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#roleManagement/directory/roleEligibilityScheduleInstances", "value": [{"principalId": "C", "roleDefinitionId": "x", "directoryScopeId": "/"}]}"##,
        ),
        (
            "deleted.json",
            r##"{"value": [{"@odata.type": "#microsoft.graph.user", "id": "D", "userPrincipalName": "d@x", "deletedDateTime": "2026-11-01T00:00:00Z"}]}"##,
        ),
    ]);
    assert_eq!(names(&problems), [""; 0]);
    assert_eq!(snapshot.get(c::GROUPS).unwrap()[0]["members"], json!(["b"]));
    assert!(snapshot.get(c::GROUPS).unwrap()[1].get("members").is_none());
    let roles = snapshot.get(c::ROLE_ASSIGNMENTS).unwrap();
    assert_eq!(
        (&roles[0]["assignmentType"], &roles[1]["assignmentType"]),
        (&json!("active"), &json!("eligible"))
    );
    assert_eq!(roles[0]["roleDefinitionId"], crate::ids::GLOBAL_ADMINISTRATOR);
    assert!(snapshot.why_unread("directoryRoleAssignments/active schedules").is_some());
    assert!(snapshot.why_unread("directoryRoleAssignments/eligible schedules").is_none());
    assert_eq!(snapshot.get(c::DELETED_USERS).unwrap().len(), 1);
}

#[test]
fn bad_files_are_named_and_the_others_are_read() {
    let group20 = json!({"id": "g", "groupTypes": [], "members": (0..20).map(|i| json!({"id": format!("m{i}")})).collect::<Vec<_>>()}).to_string();
    let Imported { snapshot, problems, .. } = import(&[
        ("ConditionalAccess/good.json", POLICY),
        ("ConditionalAccess/truncated.json", &POLICY[..60]),
        ("ConditionalAccess/empty.json", ""),
        ("ConditionalAccess/null.json", "null"),
        ("ConditionalAccess/half.json", &format!("[null, {}, 7]", POLICY.replace("P1", "P2"))),
        ("ConditionalAccess/other.json", &POLICY.replace("enabled", "disabled")),
        (
            "ConditionalAccess/twice.json",
            r#"{"id": "P3", "state": "enabled", "conditions": {"users": {"excludeUsers": ["a"], "excludeUsers": []}}}"#,
        ),
        (
            "ConditionalAccess/deep.json",
            r#"{"Id": "P4", "State": "enabled", "Conditions": "@{Users=System.Object}"}"#,
        ),
        (
            "ConditionalAccess/refused.json",
            r#"{"error": {"code": "Authorization_RequestDenied", "message": "no"}}"#,
        ),
        (
            "ConditionalAccess/page.json",
            r#"{"value": [], "@odata.nextLink": "https://graph.microsoft.com/next"}"#,
        ),
        ("Groups/many.json", &group20),
        ("Groups/noid.json", r#"{"displayName": "x", "groupTypes": []}"#),
        ("odd.json", r#"{"hello": 1, "world": 2}"#),
        ("binary.json", "{\"a\": \u{0}}"),
        ("notes.txt", "nothing to see"),
        ("a/MigrationTable.json", r#"{"TenantId": "t1", "Objects": []}"#),
        ("b/MigrationTable.json", r#"{"TenantId": "t2", "Objects": []}"#),
        ("old.json", r#"{"format": "breakglass-snapshot/9"}"#),
        ("half-snapshot.json", r#"{"format": "breakglass-snapshot/1", "tenant": null}"#),
        ("case.json", r#"{"schema": "breakglass-ca-case/1", "tenant": {"users": {}}}"#),
    ]);
    assert_eq!(snapshot.get(c::POLICIES).unwrap().len(), 4, "P1 to P4");
    assert!(snapshot.get(c::GROUPS).unwrap()[0].get("members").is_none());
    let problems = names(&problems).join("\n");
    let unread: Vec<String> = snapshot.unread.iter().map(|u| format!("{}: {}", u.what, u.why)).collect();
    insta::assert_snapshot!(format!("{problems}\n\n--- unread\n{}", unread.join("\n")));
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let list = [("x.json".to_owned(), vec![b'{', 0xff, 0xfe, b'}']), ("LICENSE".to_owned(), vec![0xff; 9])];
    let Imported { problems, snapshot, .. } = files(&list, NOW.parse().unwrap());
    assert_eq!(problems.len(), 1);
    assert!(problems[0].found.contains("byte 1"), "{}", problems[0]);
    assert_eq!(snapshot.unread.len(), 2, "the file, and so the policies");
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let words = prop::sample::select(vec![
            "id",
            "value",
            "conditions",
            "users",
            "includeUsers",
            "members",
            "@odata.type",
            "@odata.context",
            "Id",
            "state",
            "error",
            "tenant",
            "schema",
            "format",
            "privileged_users",
            "conditional_access_policies",
            "privileged_roles",
            "Assignments",
            "tenant_details",
            "Objects",
            "TenantId",
            "AdditionalProperties",
            "groupTypes",
            "deletedDateTime",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
            Just(json!("#microsoft.graph.conditionalAccessPolicy")),
            Just(json!("breakglass-ca-case/1")),
            Just(json!("breakglass-snapshot/1")),
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((words.clone(), inner), 0..6).prop_map(|pairs| Value::Object(
                    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), name in "(ConditionalAccess/|Groups/)?x(\\.json)?") {
            let imported = files(&[(name, bytes)], NOW.parse().unwrap());
            prop_assert!(imported.snapshot.is_intact());
        }

        #[test]
        fn any_documents(values in prop::collection::vec(any_json(), 1..4)) {
            let list: Vec<_> = values.iter().enumerate().map(|(i, v)| (format!("{i}.json"), v.to_string().into_bytes())).collect();
            let imported = files(&list, NOW.parse().unwrap());
            prop_assert!(imported.snapshot.is_intact());
            // Nothing vanishes: each file is in the snapshot, named as a problem, or said to hold nothing.
            prop_assert_eq!(imported.read.len(), list.len());
        }

        /// A good file cut anywhere is a good file or a named problem with a note, never silently less.
        #[test]
        fn a_cut_file_is_never_silently_less(cut in 0usize..POLICY.len()) {
            let imported = import(&[("p.json", &POLICY[..cut])]);
            prop_assert!(!imported.problems.is_empty());
            prop_assert!(imported.snapshot.unread.iter().any(|u| u.what == c::POLICIES));
        }
    }
}
