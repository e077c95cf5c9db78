//! Who may: permissions of applications, and directory roles behind delegated permissions.

use super::*;
use serde_json::json;

const POLICIES: &str = "/v1.0/identity/conditionalAccess/policies";

#[test]
fn applications_do_what_was_granted_and_no_more() {
    let mut graph = preset("demo");
    let ines = graph.id(INES);
    for (roles, method, path, body, allowed) in [
        (vec![], "GET", "/v1.0/organization".to_owned(), Value::Null, false),
        (vec!["User.Read.All"], "GET", "/v1.0/users".into(), Value::Null, true),
        (vec!["User.Read.All"], "GET", "/v1.0/groups".into(), Value::Null, false),
        (vec!["User.Read.All"], "PATCH", format!("/v1.0/users/{ines}"), json!({ "jobTitle": "x" }), false),
        (
            vec!["User.EnableDisableAccount.All"],
            "PATCH",
            format!("/v1.0/users/{ines}"),
            json!({ "accountEnabled": true }),
            true,
        ),
        (
            vec!["User.EnableDisableAccount.All"],
            "PATCH",
            format!("/v1.0/users/{ines}"),
            json!({ "jobTitle": "x" }),
            false,
        ),
        (
            vec!["User-PasswordProfile.ReadWrite.All"],
            "PATCH",
            format!("/v1.0/users/{ines}"),
            json!({ "passwordProfile": { "password": "Long-Enough-1" } }),
            true,
        ),
        (
            vec!["Directory.ReadWrite.All"],
            "PATCH",
            format!("/v1.0/users/{ines}"),
            json!({ "passwordProfile": { "password": "Long-Enough-1" } }),
            false,
        ),
        (vec!["Policy.Read.All"], "GET", POLICIES.into(), Value::Null, true),
        (vec!["Policy.ReadWrite.ConditionalAccess"], "POST", POLICIES.into(), json!({}), false),
        (
            vec!["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"],
            "POST",
            POLICIES.into(),
            json!({}),
            true,
        ),
        (vec!["AuditLog.Read.All"], "GET", "/v1.0/auditLogs/signIns".into(), Value::Null, true),
        (vec!["Directory.Read.All"], "GET", "/v1.0/auditLogs/signIns".into(), Value::Null, false),
        (
            vec!["UserAuthenticationMethod.Read.All"],
            "GET",
            format!("/v1.0/users/{ines}/authentication/methods"),
            Value::Null,
            true,
        ),
        (
            vec!["User.Read.All"],
            "GET",
            format!("/v1.0/users/{ines}/authentication/methods"),
            Value::Null,
            false,
        ),
    ] {
        let (status, answer) = graph.ask(&app(&roles), method, &path, &body);
        assert_eq!(status != 403, allowed, "{roles:?} {method} {path}: {status} {answer}");
        if !allowed {
            assert_eq!(
                answer,
                "Authorization_RequestDenied: Insufficient privileges to complete the operation."
            );
        }
    }
    let me = graph.refused(&automation(), "GET", "/v1.0/me", &Value::Null);
    assert_eq!(me, "400 BadRequest: /me request is only valid with delegated authentication flow.");
}

#[test]
fn role_assignable_groups_are_for_those_who_assign_roles() {
    let mut graph = preset("healthy");
    let group = graph
        .state
        .directory
        .groups
        .find("displayName", "Emergency access")
        .and_then(|g| text(g, "id"))
        .unwrap()
        .to_owned();
    let path = format!("/v1.0/groups/{group}/members/$ref");
    let link =
        json!({ "@odata.id": format!("https://localhost:2/v1.0/directoryObjects/{}", graph.id(ROBIN)) });
    let weak = app(&["Group.ReadWrite.All", "GroupMember.ReadWrite.All"]);
    assert_eq!(graph.ask(&weak, "POST", &path, &link).0, 403);
    assert_eq!(graph.ask(&weak, "DELETE", &format!("/v1.0/groups/{group}"), &Value::Null).0, 403);
    assert_eq!(graph.ask(&automation(), "POST", &path, &link).0, 204);
}

#[test]
fn people_need_the_permission_and_the_role() {
    let mut graph = preset("demo");
    const CLI: &[&str] = &[
        "Directory.AccessAsUser.All",
        "AuditLog.Read.All",
        "Group.ReadWrite.All",
        "User.ReadWrite.All",
        "Policy.Read.All",
        "Policy.ReadWrite.ConditionalAccess",
    ];
    let (robin, ines) = (graph.id(ROBIN), graph.id(INES));
    let (admin, reader, desk) = (graph.user(ROBIN, CLI), graph.user(INES, CLI), graph.user(JONAS, CLI));
    let group = json!({ "displayName": "drill", "mailEnabled": false, "mailNickname": "drill", "securityEnabled": true });
    for (who, method, path, body, allowed) in [
        (&admin, "POST", "/v1.0/groups".to_owned(), group.clone(), true),
        (&reader, "POST", "/v1.0/groups".into(), group, false),
        (&admin, "GET", "/v1.0/auditLogs/signIns".into(), Value::Null, true),
        (&reader, "GET", "/v1.0/auditLogs/signIns".into(), Value::Null, true),
        (&desk, "GET", "/v1.0/auditLogs/signIns".into(), Value::Null, false),
        (&reader, "GET", POLICIES.into(), Value::Null, true),
        (&reader, "POST", POLICIES.into(), json!({}), false),
        (&desk, "GET", "/v1.0/users".into(), Value::Null, true),
        (&desk, "GET", "/v1.0/me".into(), Value::Null, true),
        (&desk, "POST", "/v1.0/me/revokeSignInSessions".into(), Value::Null, true),
        (&desk, "POST", format!("/v1.0/users/{robin}/revokeSignInSessions"), Value::Null, false),
        (&admin, "POST", format!("/v1.0/users/{ines}/revokeSignInSessions"), Value::Null, true),
        (&admin, "POST", format!("/v1.0/users/{robin}/revokeSignInSessions"), Value::Null, true),
    ] {
        let (status, answer) = graph.ask(who, method, &path, &body);
        assert_eq!(
            status != 403,
            allowed,
            "{} {method} {path}: {status} {answer}",
            who.user.as_ref().unwrap().upn
        );
    }
    let modest = graph.user(ROBIN, &["User.Read"]);
    assert_eq!(graph.ask(&modest, "GET", "/v1.0/me", &Value::Null).0, 200);
    assert_eq!(
        graph.ask(&modest, "GET", &format!("/v1.0/users/{ines}"), &Value::Null).0,
        403,
        "User.Read reaches oneself only"
    );
    assert_eq!(
        graph.ask(&modest, "POST", "/v1.0/groups", &json!({})).0,
        403,
        "the role without the permission"
    );
}

#[test]
fn administrators_are_changed_by_those_above_them() {
    let mut graph = preset("demo");
    let (robin, tomasz) = (graph.id(ROBIN), graph.id("tomasz.nowak@contoso.com"));
    let jonas = graph.id(JONAS);
    let user_administrator = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    graph.state.directory.role_assignments.insert(json!({ "id": "x", "principalId": jonas, "roleDefinitionId": user_administrator, "directoryScopeId": "/" }));
    let desk = graph.user(JONAS, &["Directory.AccessAsUser.All"]);
    let reset = json!({ "passwordProfile": { "password": "Long-Enough-1" } });
    assert_eq!(graph.ask(&desk, "PATCH", &format!("/v1.0/users/{tomasz}"), &reset).0, 204);
    assert_eq!(graph.ask(&desk, "PATCH", &format!("/v1.0/users/{robin}"), &reset).0, 403);
    graph.state.directory.users.get_mut(&tomasz).unwrap()["isManagementRestricted"] = json!(true);
    let restricted = graph.refused(&automation(), "PATCH", &format!("/v1.0/users/{tomasz}"), &reset);
    assert!(restricted.starts_with("403") && restricted.contains("restricted management"), "{restricted}");
}
