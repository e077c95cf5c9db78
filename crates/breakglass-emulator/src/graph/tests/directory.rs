//! Users, groups, roles: made, changed, deleted, and what the log says of it.

use super::*;
use jiff::SignedDuration;
use serde_json::json;

fn new_user(upn: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": "ea-01", "mailNickname": "ea-01", "userPrincipalName": upn,
        "passwordPolicies": "DisablePasswordExpiration",
        "passwordProfile": { "forceChangePasswordNextSignIn": false, "password": "Long-Enough-Password-1" },
    })
}

const UPN: &str = "ea-01@contoso.onmicrosoft.com";

#[test]
fn a_user_lives_and_dies_and_comes_back() {
    let mut graph = preset("demo");
    let made = graph.done("POST", "/v1.0/users", &new_user(UPN));
    let id = text(&made, "id").unwrap().to_owned();
    assert_eq!(made["@odata.context"], "https://localhost:2/v1.0/$metadata#users/$entity");
    assert!(made.get("accountEnabled").is_none(), "not in the default projection");
    let selected = graph
        .get(&format!("/v1.0/users/{UPN}?$select=id,accountEnabled,passwordPolicies,onPremisesSyncEnabled"));
    assert_eq!(
        selected,
        json!({ "@odata.context": "https://localhost:2/v1.0/$metadata#users(id,accountEnabled,passwordPolicies,onPremisesSyncEnabled)/$entity",
            "id": id, "accountEnabled": true, "passwordPolicies": "DisablePasswordExpiration", "onPremisesSyncEnabled": null })
    );
    assert!(!graph.state.hidden.passwords[&id].must_change);
    let again = graph.refused(&automation(), "POST", "/v1.0/users", &new_user(UPN));
    assert_eq!(
        again,
        "400 Request_BadRequest: Another object with the same value for property userPrincipalName already exists."
    );

    graph.done("PATCH", &format!("/v1.0/users/{id}"), &json!({ "accountEnabled": false }));
    graph.done(
        "PATCH",
        &format!("/v1.0/users/{id}"),
        &json!({ "passwordProfile": { "password": "Another-Password-2" } }),
    );
    assert_eq!(graph.state.hidden.passwords[&id].clear, "Another-Password-2");
    assert!(graph.state.hidden.passwords[&id].must_change, "unless it is said otherwise");
    graph.done("POST", &format!("/v1.0/users/{id}/revokeSignInSessions"), &Value::Null);
    graph.done("DELETE", &format!("/v1.0/users/{id}"), &Value::Null);
    assert!(
        graph
            .refused(&automation(), "GET", &format!("/v1.0/users/{id}"), &Value::Null)
            .starts_with("404 Request_ResourceNotFound")
    );
    let deleted = graph.get(
        "/v1.0/directory/deletedItems/microsoft.graph.user?$select=id,userPrincipalName,deletedDateTime",
    );
    assert_eq!(names(&deleted, "id"), [id.as_str()]);
    graph.done("POST", &format!("/v1.0/directory/deletedItems/{id}/restore"), &Value::Null);
    assert_eq!(graph.get(&format!("/v1.0/users/{id}"))["userPrincipalName"], UPN);
    assert_eq!(
        graph.audited(),
        [
            "Add user",
            "Disable account",
            "Update user",
            "Reset user password",
            "Update StsRefreshTokenValidFrom Timestamp",
            "Delete user",
            "Restore user",
        ]
    );
}

#[test]
fn users_that_cannot_be_are_refused() {
    let mut graph = preset("demo");
    let with = |change: &Value| {
        let mut user = new_user(UPN);
        user.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        user
    };
    for (change, part) in [
        (json!({ "userPrincipalName": "x@elsewhere.com" }), "domain portion"),
        (json!({ "userPrincipalName": "x@contoso.com" }), "onPremisesImmutableId"),
        (json!({ "userPrincipalName": "no-domain" }), "userPrincipalName"),
        (json!({ "passwordProfile": { "password": "weak" } }), "complexity"),
        (json!({ "passwordProfile": {} }), "'password'"),
        (json!({ "mailNickname": null }), "'mailNickname'"),
        (json!({ "mailNickname": "a b" }), "'mailNickname'"),
        (json!({ "accountEnabled": "yes" }), "accountEnabled"),
        (json!({ "colour": "red" }), "'colour' does not exist"),
        (json!({ "id": "x" }), "read-only"),
    ] {
        let answer = graph.refused(&automation(), "POST", "/v1.0/users", &with(&change));
        assert!(answer.starts_with("400 ") && answer.contains(part), "{change}: {answer}");
    }
    let nothing = graph.refused(&automation(), "POST", "/v1.0/users", &Value::Null);
    assert!(nothing.contains("Empty Payload"), "{nothing}");
}

#[test]
fn what_was_made_just_now_is_not_everywhere_yet() {
    let mut graph = preset("demo");
    graph.state.clock.stop(true);
    graph.state.faults.replication_lag = SignedDuration::from_secs(10);
    let id = text(&graph.done("POST", "/v1.0/users", &new_user(UPN)), "id").unwrap().to_owned();
    let path = format!("/v1.0/users/{id}");
    assert!(graph.refused(&automation(), "GET", &path, &Value::Null).starts_with("404"));
    assert!(graph.refused(&automation(), "PATCH", &path, &json!({ "jobTitle": "x" })).starts_with("404"));
    assert!(
        graph
            .refused(&automation(), "GET", &format!("{path}/authentication/methods"), &Value::Null)
            .starts_with("404")
    );
    let again = graph.refused(&automation(), "POST", "/v1.0/users", &new_user(UPN));
    assert!(again.contains("already exists"), "the name is taken at once: {again}");
    graph.state.clock.advance(SignedDuration::from_secs(11));
    assert_eq!(graph.get(&path)["displayName"], "ea-01");
}

#[test]
fn groups_and_their_members() {
    let mut graph = preset("demo");
    let body = json!({ "displayName": "Emergency access", "mailEnabled": false, "mailNickname": "ea", "securityEnabled": true,
        "groupTypes": [], "isAssignableToRole": true, "visibility": "Private" });
    let group = text(&graph.done("POST", "/v1.0/groups", &body), "id").unwrap().to_owned();
    let found = graph
        .get("/v1.0/groups?$filter=displayName%20eq%20'emergency%20ACCESS'&$select=id,isAssignableToRole");
    assert_eq!(found["value"], json!([{ "id": group, "isAssignableToRole": true }]));
    let robin = graph.id(ROBIN);
    let link = json!({ "@odata.id": format!("https://localhost:2/v1.0/directoryObjects/{robin}") });
    let path = format!("/v1.0/groups/{group}/members/$ref");
    assert_eq!(graph.ask(&automation(), "POST", &path, &link), (204, Value::Null));
    let again = graph.refused(&automation(), "POST", &path, &link);
    assert!(
        again.starts_with("400 Request_BadRequest: One or more added object references already exist"),
        "{again}"
    );
    let members = graph.get(&format!("/v1.0/groups/{group}/members?$select=id&$top=999"));
    assert_eq!(members["value"], json!([{ "@odata.type": "#microsoft.graph.user", "id": robin }]));
    let other = graph
        .state
        .directory
        .groups
        .find("displayName", "Finance")
        .and_then(|g| text(g, "id"))
        .unwrap()
        .to_owned();
    let nested = json!({ "@odata.id": format!("https://localhost:2/v1.0/groups/{other}") });
    assert!(graph.refused(&automation(), "POST", &path, &nested).contains("role-assignable"));
    let nobody = json!({ "@odata.id": "https://localhost:2/v1.0/directoryObjects/4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11" });
    assert!(graph.refused(&automation(), "POST", &path, &nobody).starts_with("404"));
    let member = format!("/v1.0/groups/{group}/members/{robin}/$ref");
    assert_eq!(graph.ask(&automation(), "DELETE", &member, &Value::Null).0, 204);
    assert_eq!(graph.ask(&automation(), "DELETE", &member, &Value::Null).0, 404);
    assert!(
        graph
            .refused(
                &automation(),
                "PATCH",
                &format!("/v1.0/groups/{group}"),
                &json!({ "isAssignableToRole": false })
            )
            .contains("cannot be changed")
    );
    graph.done("DELETE", &format!("/v1.0/groups/{group}"), &Value::Null);
    assert_eq!(
        names(&graph.get("/v1.0/directory/deletedItems/microsoft.graph.group"), "id"),
        [group.as_str()]
    );
    graph.done("POST", &format!("/v1.0/directory/deletedItems/{group}/restore"), &Value::Null);
    assert_eq!(
        graph.audited(),
        ["Add group", "Add member to group", "Remove member from group", "Delete group", "Restore Group"]
    );
    for (change, part) in [
        (json!({ "displayName": null }), "'displayName'"),
        (json!({ "mailEnabled": true }), "mail-enabled"),
        (json!({ "visibility": "Public" }), "Private"),
        (json!({ "groupTypes": ["DynamicMembership"], "membershipRule": "x" }), "dynamic"),
        (json!({ "mailNickname": "with blank" }), "'mailNickname'"),
    ] {
        let mut wrong = body.clone();
        wrong.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = graph.refused(&automation(), "POST", "/v1.0/groups", &wrong);
        assert!(answer.starts_with("400 ") && answer.contains(part), "{change}: {answer}");
    }
}

#[test]
fn roles_are_assigned_once_and_the_last_administrator_stays() {
    let mut graph = preset("demo");
    let (robin, ines) = (graph.id(ROBIN), graph.id(INES));
    const PATH: &str = "/v1.0/roleManagement/directory/roleAssignments";
    const ROLE: &str = permissions::GLOBAL_ADMINISTRATOR;
    let held = graph.get(&format!("{PATH}?$filter=roleDefinitionId%20eq%20'{ROLE}'"));
    assert_eq!(names(&held, "principalId"), [robin.as_str()]);
    let mine = format!("{PATH}/{}", names(&held, "id")[0]);
    let last = graph.refused(&automation(), "DELETE", &mine, &Value::Null);
    assert!(last.starts_with("400") && last.contains("at least one Global Administrator"), "{last}");
    assert!(
        graph
            .refused(&automation(), "DELETE", &format!("/v1.0/users/{robin}"), &Value::Null)
            .contains("last Global Administrator")
    );

    let body = json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": ines, "roleDefinitionId": ROLE,
        "directoryScopeId": "/" });
    let made = graph.done("POST", PATH, &body);
    assert!(graph.refused(&automation(), "POST", PATH, &body).contains("A conflicting object"));
    let instances = graph.get("/v1.0/roleManagement/directory/roleAssignmentScheduleInstances");
    assert!(names(&instances, "principalId").contains(&ines));
    graph.done("DELETE", &mine, &Value::Null);
    assert!(
        graph
            .refused(
                &automation(),
                "GET",
                &format!("{PATH}/{}", text(&made, "id").unwrap().to_lowercase()),
                &Value::Null
            )
            .starts_with("404")
    );
    graph.state.directory.users.get_mut(&ines).unwrap()["accountEnabled"] = json!(false);
    assert_eq!(graph.audited(), ["Add member to role", "Remove member from role"]);
    let record = graph
        .get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20'Add%20member%20to%20role'");
    let target = &record["value"][0]["targetResources"][0];
    assert_eq!(target["userPrincipalName"], INES);
    let change = target["modifiedProperties"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["displayName"] == "Role.DisplayName");
    assert_eq!(change.unwrap()["newValue"], "\"Global Administrator\"");

    let group = graph
        .state
        .directory
        .groups
        .find("displayName", "Finance")
        .and_then(|g| text(g, "id"))
        .unwrap()
        .to_owned();
    for (change, part) in [
        (json!({ "principalId": group }), "not role-assignable"),
        (json!({ "principalId": "4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11" }), "does not exist"),
        (json!({ "roleDefinitionId": "4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11" }), "does not exist"),
        (json!({ "directoryScopeId": "/x" }), "scope"),
    ] {
        let mut wrong = body.clone();
        wrong.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = graph.refused(&automation(), "POST", PATH, &wrong);
        assert!(answer.contains(part), "{change}: {answer}");
    }
}

#[test]
fn eligible_is_not_active() {
    let mut graph = preset("hostile");
    let second = graph.state.emergency[1].object_id.clone();
    let eligible =
        graph.get("/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$expand=principal");
    assert_eq!(names(&eligible, "principalId"), [second.as_str()]);
    assert_eq!(eligible["value"][0]["principal"]["userPrincipalName"], "ea-02@contoso.com");
    let active = graph.get(&format!(
        "/v1.0/roleManagement/directory/roleAssignments?$filter=principalId%20eq%20'{second}'"
    ));
    assert_eq!(active["value"], json!([]));
    graph.state.directory.subscribed_skus = crate::state::Collection::default();
    let unlicensed = graph.refused(
        &automation(),
        "GET",
        "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances",
        &Value::Null,
    );
    assert!(unlicensed.starts_with("400 AadPremiumLicenseRequired"), "{unlicensed}");
}
