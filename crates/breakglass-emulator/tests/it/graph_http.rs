//! What only shows over the wire: headers, error bodies, tokens, throttling.

use crate::site::Site;
use serde_json::{Value, json};

#[tokio::test]
async fn errors_have_graphs_shape_and_repeat_the_request() {
    let site = Site::start("demo").await;
    let graph = site.ready().graph.clone();
    let token = site.app(&graph).await;
    let got = site.get(&token, &format!("{graph}/v1.0/users/nobody@contoso.com")).await;
    assert_eq!(got.status, 404);
    let error = &got.body["error"];
    assert_eq!(error["code"], "Request_ResourceNotFound");
    assert_eq!(error["innerError"]["client-request-id"], "c-1");
    let request = error["innerError"]["request-id"].as_str().unwrap();
    assert_eq!(got.headers["request-id"], request);
    assert_eq!(got.headers["client-request-id"], "c-1");
    assert!(error["innerError"]["date"].as_str().unwrap().starts_with("20"));

    let got = site.get(&token, &format!("{graph}/v1.0/organization")).await;
    assert_eq!((got.status, got.headers["odata-version"].to_str().unwrap()), (200, "4.0"));
    assert!(
        got.headers["content-type"].to_str().unwrap().starts_with("application/json;odata.metadata=minimal")
    );
    assert_eq!(got.body["value"][0]["id"], site.ready().tenant_id.as_str());

    let made =
        json!({ "displayName": "g", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true });
    let got = site.send(&token, "POST", &format!("{graph}/v1.0/groups"), &made).await;
    assert_eq!(got.status, 201);
    let location = got.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(site.get(&token, &location).await.body["id"], got.body["id"]);
    assert_eq!(site.send(&token, "DELETE", &location, &Value::Null).await.status, 204);
    assert_eq!(site.send(&token, "PUT", &location, &json!({})).await.status, 405);
}

#[tokio::test]
async fn tokens_are_for_one_service() {
    let site = Site::start("demo").await;
    let (graph, arm) = (site.ready().graph.clone(), site.ready().arm.clone());
    let (for_graph, for_arm) = (site.app(&graph).await, site.app(&arm).await);
    for (token, status) in [("", 401), ("nonsense", 401), (for_arm.as_str(), 401), (for_graph.as_str(), 200)]
    {
        let got = site.get(token, &format!("{graph}/v1.0/domains")).await;
        assert_eq!(got.status, status, "{}", got.body);
        if status == 401 {
            assert_eq!(got.body["error"]["code"], "InvalidAuthenticationToken");
            assert!(got.headers.contains_key("www-authenticate"));
        }
    }
    let subscriptions = format!("{arm}/subscriptions?api-version=2022-12-01");
    let got = site.get(&for_arm, &subscriptions).await;
    assert_eq!(
        got.body["value"][0]["subscriptionId"],
        site.ready().subscription_id.as_str(),
        "the preset lets it read"
    );
    let got = site.get(&for_graph, &subscriptions).await;
    assert_eq!(
        (got.status, got.body["error"]["code"].as_str()),
        (401, Some("InvalidAuthenticationTokenAudience"))
    );
}

#[tokio::test]
async fn conditional_access_answers_once_a_second_and_does_not_say_when_again() {
    let site = Site::start("demo").await;
    let graph = site.ready().graph.clone();
    let token = site.app(&graph).await;
    let policies = format!("{graph}/v1.0/identity/conditionalAccess/policies");
    let begun = std::time::Instant::now();
    assert_eq!(site.get(&token, &policies).await.status, 200);
    let second = site.get(&token, &format!("{graph}/v1.0/identity/conditionalAccess/namedLocations")).await;
    if begun.elapsed() < std::time::Duration::from_millis(900) {
        assert_eq!((second.status, second.body["error"]["code"].as_str()), (429, Some("TooManyRequests")));
        assert!(!second.headers.contains_key("retry-after"));
    }
    assert_eq!(site.get(&token, &format!("{graph}/v1.0/users")).await.status, 200, "the rest goes on");
    tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
    assert_eq!(site.get(&token, &policies).await.status, 200);
}
