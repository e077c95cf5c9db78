//! Paging, throttling, and answers that are not what they should be.

use crate::script::{Reply, Script, Seen, client, error, ok};
use breakglass_model::ObjectId;
use breakglass_ops::port::{ActivityFilter, Query, Tenant as _, TenantError};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|i| i["id"].as_str().unwrap()).collect()
}

fn link(seen: &Seen, path: &str) -> String {
    format!("https://{}{path}", seen.header("host"))
}

#[tokio::test]
async fn all_pages_are_read_by_their_links_with_one_token() {
    let script = Script::new(|seen| match seen.line.as_str() {
        "GET /v1.0/domains" => ok(json!({ "value": [{"id": "a"}], "@odata.nextLink": link(seen, "/v1.0/domains?$skiptoken=1%20x") })),
        // An empty page with a link is not the end.
        "GET /v1.0/domains?$skiptoken=1%20x" => ok(json!({ "value": [], "@odata.nextLink": link(seen, "/else/where") })),
        "GET /else/where" => ok(json!({ "value": [{"id": "b"}, {"id": "c"}] })),
        other => panic!("{other}"),
    })
    .await;
    let tenant = script.tenant();
    assert_eq!(ids(&tenant.read(&Query::Domains).await.unwrap()), ["a", "b", "c"]);
    let seen = script.seen("graph");
    assert!(seen.iter().all(|s| s.header("authorization") == "Bearer token-1"));
    assert_eq!(seen[0].header("x-ms-throttle-priority"), "normal");
    assert!(seen[0].header("user-agent").starts_with("breakglass/"));
    assert_eq!(script.seen("login").len(), 1);
    assert_eq!(script.clock.slept(), [0; 0]);
}

#[tokio::test]
async fn what_throttles_is_waited_for() {
    let dated = "Sat, 21 Nov 2026 12:00:42 GMT";
    for (status, header, at_least, at_most) in [
        (429, None, 500, 2_100),
        (429, Some(""), 500, 2_100),
        (429, Some("garbage"), 500, 2_100),
        (429, Some("7"), 7_000, 8_000),
        (429, Some(dated), 42_000, 48_000),
        (503, Some("9"), 9_000, 10_200),
        (504, None, 500, 1_000),
    ] {
        let script = Script::new(move |seen| match seen.nth {
            0 => {
                let headers = header.map(|h| ("retry-after", h.to_owned())).into_iter().collect();
                Reply::With(status, headers, String::new())
            }
            _ => ok(json!({ "value": [] })),
        })
        .await;
        assert_eq!(script.tenant().read(&Query::Domains).await.unwrap(), Vec::<Value>::new());
        let slept: u128 = script.clock.slept().iter().sum();
        assert!((at_least..=at_most).contains(&slept), "{status} {header:?}: {slept}");
    }
}

#[tokio::test]
async fn a_pause_beyond_the_budget_and_a_throttling_without_end_are_errors() {
    let script = Script::new(|_| Reply::With(429, vec![("retry-after", "3600".into())], String::new())).await;
    let text = script.tenant().read(&Query::Domains).await.unwrap_err().to_string();
    assert_eq!(
        text,
        "GET /v1.0/domains: no answer after 1 attempts: HTTP 429 without an error message (request r-429); the service asks to wait another 3600 s"
    );
    let script = Script::new(|_| error(429, "TooManyRequests", "slow down")).await;
    let failed = script.tenant().read(&Query::Policies).await.unwrap_err();
    assert!(matches!(failed, TenantError::Unavailable { attempts: 8, .. }), "{failed}");
    assert_eq!(script.seen("graph").len(), 8);
}

#[tokio::test]
async fn conditional_access_is_asked_once_a_second_by_all_together() {
    let script = Script::new(|_| ok(json!({ "value": [] }))).await;
    let (one, two) = (script.tenant(), script.tenant());
    let both = tokio::join!(one.read(&Query::Policies), two.read(&Query::NamedLocations));
    assert!(both.0.is_ok() && both.1.is_ok());
    one.read(&Query::Policies).await.unwrap();
    let slept: u128 = script.clock.slept().iter().sum();
    assert!((2_000..=4_300).contains(&slept), "{slept}");
}

#[tokio::test]
async fn broken_connections_and_bodies_are_read_again() {
    let script = Script::new(|seen| match seen.nth {
        0 => Reply::Reset,
        1 => Reply::Truncated(r#"{"value":[{"id":"a"}"#),
        _ => ok(json!({ "value": [{"id": "a"}] })),
    })
    .await;
    assert_eq!(ids(&script.tenant().read(&Query::Domains).await.unwrap()), ["a"]);
    assert_eq!(script.seen("graph").len(), 3);
}

#[tokio::test]
async fn a_list_that_cannot_be_trusted_is_an_error_and_never_a_shorter_list() {
    let page = |link: Value| ok(json!({ "value": [{"id": "a"}], "@odata.nextLink": link }));
    for (second, says) in [
        (0, "page 1: the link to the next page leads to `https://example.org`, where the token must not go"),
        (1, "page 1: the link to the next page leads to a page that was read already"),
        (2, "page 1: the link to the next page is no URL"),
        (3, "page 1: `$.@odata.nextLink`: expected a text, found an object"),
        (4, "page 2: `$.value[0]`: expected an object, found null"),
        (5, "page 2: not JSON at line 1, column 1"),
        (6, "page 2: the JSON ends too early"),
        (7, "leads to `https://localhost:"),
    ] {
        let script = Script::new(move |seen| {
            let first = seen.line == "GET /v1.0/domains";
            match second {
                0 => page("https://example.org/v1.0/domains?$skiptoken=2".into()),
                1 => page(link(seen, "/v1.0/domains").into()),
                2 => page("/v1.0/domains?$skiptoken=2".into()),
                3 => page(json!({})),
                7 => page("https://localhost:1/v1.0/domains".into()),
                _ if first => page(link(seen, "/v1.0/domains?2").into()),
                4 => ok(json!({ "value": [null] })),
                5 => Reply::With(200, vec![("content-type", "text/html".into())], "<html>".into()),
                _ => Reply::With(200, Vec::new(), r#"{"value": ["#.into()),
            }
        })
        .await;
        let failed = script.tenant().read(&Query::Domains).await.unwrap_err();
        assert!(
            matches!(&failed, TenantError::Malformed { what, detail } if what == "GET /v1.0/domains" && detail.contains(says)),
            "{second}: {failed}"
        );
    }
}

#[tokio::test]
async fn a_later_page_that_fails_fails_the_whole() {
    let script = Script::new(|seen| match seen.line.as_str() {
        "GET /v1.0/domains" => ok(json!({ "value": [{"id": "a"}], "@odata.nextLink": link(seen, "/p2") })),
        _ => error(403, "Authorization_RequestDenied", "Insufficient privileges"),
    })
    .await;
    let failed = script.tenant().read(&Query::Domains).await.unwrap_err();
    assert!(matches!(failed, TenantError::Refused { status: 403, .. }), "{failed}");
}

#[tokio::test]
async fn missing_is_empty_where_it_is_asked_for_and_an_error_elsewhere() {
    let script = Script::new(|_| error(404, "Request_ResourceNotFound", "Resource 'x' does not exist")).await;
    let tenant = script.tenant();
    for query in [Query::User("x@y".into()), Query::Group(ObjectId::new("g")), Query::Policy("p".into())] {
        assert!(tenant.read(&query).await.unwrap().is_empty(), "{query:?}");
    }
    for query in [
        Query::GroupMembers(ObjectId::new("g")),
        Query::Policies,
        Query::AuthenticationMethods(ObjectId::new("u")),
    ] {
        let failed = tenant.read(&query).await.unwrap_err();
        assert!(matches!(failed, TenantError::NotFound { .. }), "{query:?}: {failed}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let script =
        Script::new(|seen| Reply::With(302, vec![("location", link(seen, "/v1.0/other"))], String::new()))
            .await;
    let failed = script.tenant().read(&Query::User("u".into())).await.unwrap_err();
    assert!(matches!(failed, TenantError::Rejected { status: 302, .. }), "{failed}");
    assert_eq!(script.seen("graph").len(), 1);
}

#[tokio::test]
async fn one_object_is_a_list_of_one_and_half_an_object_is_an_error() {
    let script = Script::new(|seen| {
        if seen.line.starts_with("GET /v1.0/users/whole?$select=id,userPrincipalName,") {
            ok(json!({ "@odata.context": "x", "id": "u", "accountEnabled": null }))
        } else if seen.line.contains("/users/") {
            ok(json!({ "id": null }))
        } else {
            Reply::With(200, Vec::new(), String::new())
        }
    })
    .await;
    let tenant = script.tenant();
    let user = tenant.read(&Query::User("whole".into())).await.unwrap();
    assert_eq!(user, [json!({ "id": "u", "accountEnabled": null })]);
    for (query, says) in [
        (Query::User("half".into()), "`$.id`: expected a text, found null"),
        (Query::SecurityDefaults, "expected JSON, found an empty body"),
    ] {
        let text = tenant.read(&query).await.unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn azure_is_another_service_with_another_token() {
    let script = Script::new(|seen| match (seen.at, seen.line.split('?').next().unwrap()) {
        ("arm", "GET /providers/Microsoft.Authorization/roleAssignments") => {
            let row = |id: &str, scope: &str, who: &str| json!({ "id": id, "properties": { "scope": scope, "principalId": who } });
            ok(json!({ "value": [row("1", "/", "A"), row("2", "/", "b"), row("3", "/subscriptions/s", "a")], "nextLink": null }))
        }
        ("arm", "GET /providers/Microsoft.Insights/eventtypes/management/values") => {
            ok(json!({ "value": [{ "operationName": { "value": "x" } }], "nextLink": "" }))
        }
        _ => error(400, "Bad", &seen.line),
    })
    .await;
    let tenant = script.tenant();
    assert_eq!(ids(&tenant.read(&Query::AzureRootAssignments(None)).await.unwrap()), ["1", "2"]);
    assert_eq!(
        ids(&tenant.read(&Query::AzureRootAssignments(Some(ObjectId::new("a")))).await.unwrap()),
        ["1"]
    );
    let log = ActivityFilter { since: Timestamp::UNIX_EPOCH, subscription: None };
    assert_eq!(tenant.read(&Query::ActivityLog(log)).await.unwrap().len(), 1);
    let login = script.seen("login");
    assert_eq!(login.len(), 1);
    assert_eq!(login[0].field("scope"), format!("{}/.default", script.origins[2]));
    assert!(script.seen("graph").is_empty());
}

#[tokio::test]
async fn sign_ins_come_from_beta_and_from_v1_while_it_refuses_and_the_gap_is_told() {
    let record = |id: &str, at: &str| json!({ "id": id, "createdDateTime": at });
    let script = Script::new(move |seen| {
        let beta = seen.line.starts_with("GET /beta/");
        match (beta, seen.nth) {
            (false, _) => ok(json!({ "value": [record("b", "2026-11-21T11:00:00.5Z"), record("a", "2026-11-21T10:00:00Z")] })),
            (true, 0) => error(403, "Authorization_RequestDenied", "no"),
            (true, _) => ok(json!({ "value": [record("c", "2026-11-21T11:00:00.25Z"), record("b", "2026-11-21T11:00:00.5Z")] })),
        }
    })
    .await;
    let tenant = script.tenant();
    let query = Query::SignIns { since: Timestamp::UNIX_EPOCH, user: None };
    assert_eq!(ids(&tenant.read(&query).await.unwrap()), ["b", "a"]);
    let gaps = tenant.gaps();
    assert!(gaps.len() == 1 && gaps[0].why.contains("refused with 403"), "{gaps:?}");
    // For a while it is not asked again, and the gap stays told.
    assert_eq!(tenant.read(&query).await.unwrap().len(), 2);
    assert_eq!((script.seen("graph").len(), tenant.gaps().len()), (3, 1));
    script.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(ids(&tenant.read(&query).await.unwrap()), ["c", "b"]);
    assert!(tenant.gaps().is_empty());
    assert_eq!(script.seen("graph").len(), 4);
}

#[tokio::test]
async fn a_service_that_cannot_prove_who_it_is_gets_nothing() {
    let script = Script::new(|_| ok(json!({ "value": [] }))).await;
    // Another client, without the script's CA.
    let stranger = client(&script.origins, None, script.clock.clone()).unwrap();
    let source =
        breakglass_entra::ClientSecret::new(stranger.clone(), "app", &breakglass_model::Secret::new("x"));
    let tenant = breakglass_entra::EntraTenant::new(stranger, Arc::new(source));
    let text = tenant.read(&Query::Domains).await.unwrap_err().to_string();
    assert!(
        text.contains("after 1 attempts") && text.contains("give the CA that signed it as `ca_bundle`"),
        "{text}"
    );
    assert!(script.seen("login").is_empty());
}

#[tokio::test]
async fn nobody_there_is_told_after_a_few_attempts() {
    let script = Script::new(|_| ok(json!({ "value": [] }))).await;
    let mut origins = script.origins.clone();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    origins[1] = format!("https://localhost:{port}");
    let bundle = script.folder.path().join("ca.pem").display().to_string();
    let client = client(&origins, Some(bundle), script.clock.clone()).unwrap();
    let source =
        breakglass_entra::ClientSecret::new(client.clone(), "app", &breakglass_model::Secret::new("x"));
    let failed =
        breakglass_entra::EntraTenant::new(client, Arc::new(source)).read(&Query::Domains).await.unwrap_err();
    assert!(matches!(failed, TenantError::Unavailable { attempts: 4, .. }), "{failed}");
}

#[tokio::test]
async fn what_is_wrong_with_the_setup_is_said_before_anything_is_sent() {
    let script = Script::new(|_| ok(json!({}))).await;
    let empty = script.folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let missing = script.folder.path().join("missing.pem");
    for file in [empty, missing] {
        let text = client(&script.origins, Some(file.display().to_string()), script.clock.clone())
            .unwrap_err()
            .to_string();
        assert!(text.contains("CA bundle") && text.contains(".pem`"), "{text}");
    }
    let text = script.tenant().describe();
    assert!(
        text.contains(&script.origins[1]) && text.contains("application app with a client secret"),
        "{text}"
    );
}
