//! Query options, pages, lookups, and what does not exist.

use super::*;
use serde_json::json;

#[test]
fn pages_lead_to_the_end() {
    let mut graph = preset("large");
    let mut next = Some("/v1.0/users?$select=id&$top=999".to_owned());
    let (mut pages, mut ids) = (0, std::collections::BTreeSet::new());
    while let Some(path) = next {
        let page = graph.get(&path);
        ids.extend(names(&page, "id"));
        pages += 1;
        next = page["@odata.nextLink"]
            .as_str()
            .map(|l| l.strip_prefix("https://localhost:2").unwrap().to_owned());
    }
    assert_eq!((pages, ids.len()), (4, graph.state.directory.users.len()));
    assert_eq!(graph.get("/v1.0/users")["value"].as_array().unwrap().len(), 100);
    assert!(
        graph
            .refused(&automation(), "GET", "/v1.0/users?$top=1000", &Value::Null)
            .contains("Invalid page size")
    );
    assert_eq!(
        graph.get("/v1.0/identity/conditionalAccess/policies")["value"].as_array().unwrap().len(),
        136,
        "never paged"
    );
}

#[test]
fn the_directory_wants_eventual_consistency_for_some_filters() {
    let mut graph = preset("demo");
    let path = "/v1.0/users?$filter=userType%20ne%20'Guest'&$count=true";
    let refused = graph.refused(&automation(), "GET", path, &Value::Null);
    assert!(
        refused.starts_with("400 Request_UnsupportedQuery") && refused.contains("ConsistencyLevel"),
        "{refused}"
    );
    let answer = graph.try_ask(&automation(), "GET", path, &Value::Null, true).unwrap().body.unwrap();
    assert_eq!(answer["@odata.count"], 7);
    assert!(graph.get("/v1.0/users?$count=true").get("@odata.count").is_none(), "ignored without the header");
}

#[test]
fn what_is_not_documented_is_refused() {
    let mut graph = preset("demo");
    for (path, answer) in [
        (
            "users?$filter=jobTitel eq 'x'",
            "400 BadRequest: Invalid filter clause: Could not find a property named 'jobTitel'",
        ),
        ("users?$filter=skills/any(s: s eq 'x')", "400 Request_UnsupportedQuery"),
        (
            "users?$filter=accountEnabled eq 'true'",
            "400 BadRequest: Invalid filter clause: A binary operator with incompatible types",
        ),
        ("users?$filter=displayName eq O'Hara", "400 BadRequest: Invalid filter clause"),
        (
            "users?$select=displayName,colour",
            "400 BadRequest: Parsing OData Select and Expand failed: Could not find a property named 'colour'",
        ),
        ("users?$expand=manager", "400 BadRequest"),
        ("users?$orderby=jobTitle", "400 Request_UnsupportedQuery"),
        ("users?$skiptoken=abc", "400 Directory_ExpiredPageToken"),
        (
            "auditLogs/signIns?$filter=createdDateTime ge '2026-11-21T00:00:00Z'",
            "400 BadRequest: Invalid filter clause",
        ),
        ("auditLogs/signIns?$filter=contains(userPrincipalName,'x')", "400 Request_UnsupportedQuery"),
        ("policies/roleManagementPolicyAssignments", "400 BadRequest: The filter must name"),
        ("nothing", "400 BadRequest: Resource not found for the segment 'nothing'."),
        (
            "users/4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11",
            "404 Request_ResourceNotFound: Resource '4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11' does not exist or one of its queried reference-property objects are not present.",
        ),
        ("identity/conditionalAccess/policies/4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11", "404 NotFound"),
    ] {
        let got = graph.refused(&automation(), "GET", &format!("/v1.0/{path}"), &Value::Null);
        assert!(got.starts_with(answer), "{path}: {got}");
    }
    let versionless = graph.refused(&automation(), "GET", "/v3/users", &Value::Null);
    assert_eq!(versionless, "400 BadRequest: Invalid version: v3");
}

#[test]
fn real_clients_find_what_they_look_for() {
    let mut graph = preset("demo");
    let robin = graph.id(ROBIN);
    graph.state.register_automation(
        "secret".into(),
        crate::state::hidden::Certificate { sha1: Vec::new(), sha256: Vec::new(), public_key: Vec::new() },
    );
    let client = graph.state.automation.client_id.clone();
    let found = graph
        .get(&format!("/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20'{client}')"));
    assert_eq!(names(&found, "appId"), [client]);
    let body = json!({ "ids": [robin, "4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11"], "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"] });
    let found = graph.done("POST", "/v1.0/directoryObjects/getByIds", &body);
    assert_eq!(found["value"].as_array().unwrap().len(), 1, "unknown ids are left out");
    assert_eq!(found["value"][0]["@odata.type"], "#microsoft.graph.user");
    let staff = graph
        .state
        .directory
        .groups
        .find("displayName", "APP_Microsoft365_E5")
        .and_then(|g| text(g, "id"))
        .unwrap()
        .to_owned();
    let groups = graph.done(
        "POST",
        &format!("/v1.0/users/{robin}/getMemberGroups"),
        &json!({ "securityEnabledOnly": false }),
    );
    assert!(groups["value"].to_string().contains(&staff));
    let check = graph.done(
        "POST",
        &format!("/v1.0/directoryObjects/{robin}/checkMemberGroups"),
        &json!({ "groupIds": [staff] }),
    );
    assert_eq!(check["value"], json!([staff]));
    let roles = graph.get("/v1.0/directoryRoles");
    assert!(names(&roles, "displayName").contains(&"Global Administrator".to_owned()));
    let members =
        graph.get("/v1.0/directoryRoles(roleTemplateId='62e90394-69f5-4237-9190-012177145e10')/members");
    assert_eq!(names(&members, "id"), [robin.as_str()]);
    let memberships = graph.get(&format!("/v1.0/users/{robin}/transitiveMemberOf"));
    assert!(names(&memberships, "@odata.type").contains(&"#microsoft.graph.directoryRole".to_owned()));
    assert_eq!(
        graph.get("/v1.0//Users/ROBIN.keller%40contoso.onmicrosoft.com")["id"],
        robin.as_str(),
        "case and double slashes"
    );
    assert_eq!(
        graph.get(&format!("/v1.0/users/{robin}/licenseDetails"))["value"][0]["skuPartNumber"],
        "SPE_E5"
    );
    let federation = graph.get("/v1.0/domains/contoso.com/federationConfiguration");
    assert_eq!(federation["value"][0]["preferredAuthenticationProtocol"], "wsFed");
    assert_eq!(graph.get("/v1.0/groups?$filter=groupTypes/any(c:c%20eq%20'Unified')")["value"], json!([]));
}

#[test]
fn every_line_of_the_permission_table_is_served() {
    let mut graph = preset("demo");
    let everything: Vec<&str> = include_str!("../../../data/permissions.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
        .flat_map(|l| l.split('|').nth(1).unwrap().split_whitespace())
        .flat_map(|p| p.split('+'))
        .collect();
    let mighty = app(&everything);
    let robin = graph.id(ROBIN);
    for line in include_str!("../../../data/permissions.txt").lines().filter(|l| !l.starts_with('#')) {
        let (method, template) = line.split('|').next().unwrap().trim().split_once(' ').unwrap();
        let path = format!("/v1.0{}", template.replace("{id}", &robin));
        let (status, body) = graph.ask(&mighty, method, &path, &json!({}));
        assert!(status != 501 && status != 403 && status != 405, "{line}: {status} {body}");
    }
}
