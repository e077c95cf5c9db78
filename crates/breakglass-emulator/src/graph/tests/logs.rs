//! Sign-ins and audits: order, kinds, filters, pages.

use super::*;
use jiff::SignedDuration;
use serde_json::json;

fn filled() -> Graph {
    let mut graph = preset("demo");
    graph.state.clock.stop(true);
    for number in 0..5 {
        graph.state.clock.advance(SignedDuration::from_secs(10));
        let at = crate::state::graph_time(graph.state.now());
        let interactive = number % 2 == 0;
        let kind = if interactive { "interactiveUser" } else { "nonInteractiveUser" };
        graph.state.sign_in(json!({
            "id": number.to_string(), "createdDateTime": at, "userId": if number < 3 { "u1" } else { "u2" },
            "isInteractive": interactive, "signInEventTypes": [kind], "status": { "errorCode": number * 1000 },
            "authenticationRequirement": "multiFactorAuthentication",
        }));
    }
    graph
}

#[test]
fn v1_shows_interactive_sign_ins_and_beta_the_rest_when_asked() {
    let mut graph = filled();
    let path = "auditLogs/signIns";
    let ids = |graph: &mut Graph, path: &str| names(&graph.get(path), "id").concat();
    assert_eq!(ids(&mut graph, &format!("/v1.0/{path}")), "420", "newest first");
    assert_eq!(ids(&mut graph, &format!("/beta/{path}")), "420");
    let filter = "$filter=signInEventTypes/any(t:%20t%20eq%20'nonInteractiveUser')";
    assert_eq!(ids(&mut graph, &format!("/beta/{path}?{filter}")), "31");
    assert_eq!(ids(&mut graph, &format!("/beta/{path}?{filter}%20and%20userId%20eq%20'u2'")), "3");
    assert!(
        graph
            .refused(&automation(), "GET", &format!("/v1.0/{path}?{filter}"), &Value::Null)
            .contains("signInEventTypes")
    );
    let one = graph.get(&format!("/v1.0/{path}/4"));
    assert!(one.get("authenticationRequirement").is_none(), "beta only");
    assert_eq!(
        graph.get(&format!("/beta/{path}/4"))["authenticationRequirement"],
        "multiFactorAuthentication"
    );
    let since =
        crate::state::graph_time(crate::state::clock::add(graph.state.now(), -SignedDuration::from_secs(25)));
    assert_eq!(ids(&mut graph, &format!("/v1.0/{path}?$filter=createdDateTime%20ge%20{since}")), "42");
    assert_eq!(ids(&mut graph, &format!("/v1.0/{path}?$filter=status/errorCode%20eq%202000")), "2");
    assert_eq!(ids(&mut graph, &format!("/v1.0/{path}?$orderby=createdDateTime%20asc")), "024");
}

#[test]
fn pages_hold_although_records_arrive() {
    let mut graph = filled();
    let first = graph.get("/v1.0/auditLogs/signIns?$top=1&$filter=isInteractive%20eq%20true");
    assert_eq!(names(&first, "id"), ["4"]);
    let next = first["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(next.starts_with("https://localhost:2/v1.0/auditLogs/signIns?$top=1&$filter="), "{next}");
    let at = crate::state::graph_time(graph.state.now());
    graph.state.sign_in(json!({ "id": "new", "createdDateTime": at, "isInteractive": true, "signInEventTypes": ["interactiveUser"] }));
    let (mut seen, mut next) = (Vec::new(), Some(next));
    while let Some(link) = next {
        let page = graph.get(link.strip_prefix("https://localhost:2").unwrap());
        seen.extend(names(&page, "id"));
        next = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["2", "0"], "nothing twice and nothing lost");
}

#[test]
fn what_is_late_or_doubled_is_so_here_too() {
    let mut graph = preset("demo");
    graph.state.clock.stop(true);
    graph.state.faults.log_delay = SignedDuration::from_mins(2);
    graph.state.faults.duplicate_every = 1;
    graph.done(
        "POST",
        "/v1.0/groups",
        &json!({ "displayName": "g", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true }),
    );
    let path = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20'Add%20group'";
    assert_eq!(graph.get(path)["value"], json!([]));
    graph.state.clock.advance(SignedDuration::from_mins(3));
    assert_eq!(graph.get(path)["value"].as_array().unwrap().len(), 2);
}

#[test]
fn audits_are_found_by_whom_and_what() {
    let mut graph = preset("demo");
    let ines = graph.id(INES);
    graph.done("PATCH", &format!("/v1.0/users/{ines}"), &json!({ "jobTitle": "Analyst" }));
    for (filter, count) in [
        (format!("targetResources/any(t:%20t/id%20eq%20'{ines}')"), 1),
        ("initiatedBy/app/displayName%20eq%20'automation'".into(), 1),
        ("initiatedBy/user/id%20eq%20'x'".into(), 0),
        ("category%20eq%20'UserManagement'%20and%20result%20eq%20'success'".into(), 1),
        ("startswith(activityDisplayName,'Update')".into(), 1),
    ] {
        let found = graph.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"));
        assert_eq!(found["value"].as_array().unwrap().len(), count, "{filter}");
    }
    let record = graph.get("/v1.0/auditLogs/directoryAudits")["value"][0].clone();
    assert_eq!(record["targetResources"][0]["modifiedProperties"][0]["newValue"], "[\"Analyst\"]");
    assert_eq!(record["initiatedBy"]["user"], Value::Null);
    graph.state.directory.subscribed_skus = crate::state::Collection::default();
    let free = graph.refused(&automation(), "GET", "/v1.0/auditLogs/signIns", &Value::Null);
    assert!(free.starts_with("403 Authentication_RequestFromNonPremiumTenantOrB2CTenant"), "{free}");
}
