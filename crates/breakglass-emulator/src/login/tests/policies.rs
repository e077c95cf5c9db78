//! Conditional Access at the login: block pages, step-up, exclusions, and what the record lists.

use crate::testing::{ALICE, ALICE_UPN, Key, PASSWORD, Page, Site};
use crate::token::clients::AZURE_CLI;
use serde_json::{Value, json};

fn policy(id: &str, state: &str, conditions: &Value, grant: &Value) -> Value {
    let mut all = json!({ "clientAppTypes": ["all"], "applications": { "includeApplications": ["All"] },
        "users": { "includeUsers": ["All"] } });
    for (key, value) in conditions.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({ "id": id, "displayName": format!("Policy {id}"), "state": state, "conditions": all, "grantControls": grant,
        "sessionControls": null })
}

fn controls(names: &[&str]) -> Value {
    json!({ "operator": "OR", "builtInControls": names })
}

async fn sign_in(site: &Site) -> Page {
    let page = site.open(&site.authorize(AZURE_CLI, "v", &[("login_hint", ALICE_UPN)])).await;
    site.submit(&page, "password", &[("passwd", PASSWORD)]).await
}

fn put(site: &Site, policies: &[Value]) {
    let mut state = site.shared.lock();
    state.directory.policies = policies.iter().cloned().collect();
}

#[tokio::test]
async fn a_block_is_a_page_a_record_and_the_end() {
    let site = Site::start().await;
    let everybody = json!({});
    put(
        &site,
        &[
            policy("p1", "enabled", &everybody, &controls(&["block"])),
            policy("p2", "enabledForReportingButNotEnforced", &everybody, &controls(&["block"])),
            policy("p3", "disabled", &everybody, &controls(&["block"])),
            policy(
                "p4",
                "enabled",
                &json!({ "users": { "includeUsers": ["someone"] } }),
                &controls(&["block"]),
            ),
        ],
    );
    let page = sign_in(&site).await;
    assert_eq!((page.error(), page.has("password")), (Some(53_003), false));
    let record = site.last_sign_in();
    assert!(page.html.contains(record["correlationId"].as_str().unwrap()));
    assert_eq!(
        (&record["status"]["errorCode"], &record["conditionalAccessStatus"]),
        (&json!(53_003), &json!("failure"))
    );
    let results: Vec<&str> = record["appliedConditionalAccessPolicies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["result"].as_str().unwrap())
        .collect();
    assert_eq!(results, ["failure", "reportOnlyFailure", "notEnabled", "notApplied"]);
    // A wrong password never reaches the policies.
    let page = site.open(&site.authorize(AZURE_CLI, "v", &[("login_hint", ALICE_UPN)])).await;
    assert_eq!(site.submit(&page, "password", &[("passwd", "no")]).await.error(), Some(50_126));
    assert_eq!(site.last_sign_in()["appliedConditionalAccessPolicies"], json!([]));

    // The exclusion group, nested; and gone with the group.
    {
        let mut state = site.shared.lock();
        for (group, member) in [("g1", "g2"), ("g2", ALICE)] {
            state.directory.groups.insert(json!({ "id": group }));
            state.directory.members.insert(group.into(), [member.to_owned()].into());
        }
        let users = json!({ "includeUsers": ["All"], "excludeGroups": ["g1"] });
        state.directory.policies.insert(policy(
            "p1",
            "enabled",
            &json!({ "users": users }),
            &controls(&["block"]),
        ));
    }
    assert!(sign_in(&site).await.location.is_some());
    site.shared.lock().directory.groups.remove("g1");
    assert_eq!(sign_in(&site).await.error(), Some(53_003));
    site.running.stop().await;
}

#[tokio::test]
async fn controls_that_can_be_met_are_asked_for() {
    let site = Site::start().await;
    let login = site.running.ready.login.clone();
    let strength = json!({ "operator": "OR", "builtInControls": [], "authenticationStrength": { "id": "00000000-0000-0000-0000-000000000004" } });
    put(&site, &[policy("p1", "enabled", &json!({}), &strength)]);
    assert_eq!(sign_in(&site).await.error(), Some(50_079));
    let mut key = Key::new();
    site.register(&key);
    let question = sign_in(&site).await;
    let back = site.submit(&question, "passkey", &[("assertion", &key.answer(&question, &login))]).await;
    assert!(back.location.is_some(), "{}", back.html);
    let record = site.last_sign_in();
    let applied = &record["appliedConditionalAccessPolicies"][0];
    assert_eq!(
        (&applied["result"], &applied["enforcedGrantControls"]),
        (&json!("success"), &json!(["RequireAuthenticationStrength"]))
    );

    for (grant, code) in [
        (controls(&["compliantDevice"]), 53_000),
        (json!({ "operator": "AND", "builtInControls": ["mfa", "compliantDevice"] }), 53_000),
        (controls(&["domainJoinedDevice"]), 53_001),
        (controls(&["compliantApplication"]), 53_002),
        (controls(&["somethingNew"]), 53_003),
    ] {
        put(&site, &[policy("p1", "enabled", &json!({}), &grant)]);
        assert_eq!(sign_in(&site).await.error(), Some(code), "{grant}");
    }
    // One of two is enough, whichever stands first.
    put(&site, &[policy("p1", "enabled", &json!({}), &controls(&["compliantDevice", "mfa"]))]);
    assert!(sign_in(&site).await.has("passkey"));
    site.control("/outages", &json!({ "out": ["mfa"] })).await;
    assert_eq!(sign_in(&site).await.error(), Some(50_074));
    site.running.stop().await;
}

#[tokio::test]
async fn conditions_follow_the_context_and_act_at_refresh() {
    let site = Site::start().await;
    site.shared.lock().directory.named_locations.insert(json!({ "@odata.type": "#microsoft.graph.countryNamedLocation",
        "id": "l1", "countriesAndRegions": ["KP"], "includeUnknownCountriesAndRegions": false, "countryLookupMethod": "clientIpAddress" }));
    let cases = [
        (
            json!({ "locations": { "includeLocations": ["l1"], "excludeLocations": [] } }),
            json!({ "country": "KP" }),
        ),
        (json!({ "signInRiskLevels": ["high"] }), json!({ "country": "US", "sign_in_risk": "high" })),
        (
            json!({ "platforms": { "includePlatforms": ["all"], "excludePlatforms": ["windows"] } }),
            json!({ "sign_in_risk": "none", "platform": "linux" }),
        ),
    ];
    for (conditions, context) in cases {
        put(&site, &[policy("p1", "enabled", &conditions, &controls(&["block"]))]);
        let before = sign_in(&site).await;
        assert!(before.location.is_some(), "{conditions}");
        let scope = format!("{}/.default offline_access", site.running.ready.graph);
        let (_, body) = site
            .token(&[
                ("grant_type", "authorization_code"),
                ("client_id", AZURE_CLI),
                ("code", &before.back("code")),
                ("code_verifier", "v"),
                ("scope", &scope),
            ])
            .await;
        let state = site.control("/signin-context", &context).await;
        assert!(state.get("error").is_none(), "{state}");
        assert_eq!(sign_in(&site).await.error(), Some(53_003), "{conditions}");
        let refresh = body["refresh_token"].as_str().unwrap();
        let (status, body) = site
            .token(&[
                ("grant_type", "refresh_token"),
                ("client_id", AZURE_CLI),
                ("refresh_token", refresh),
                ("scope", &scope),
            ])
            .await;
        assert_eq!((status, &body["error_codes"]), (400, &json!([53_003])), "{conditions}");
        let record = site.last_sign_in();
        assert_eq!(
            (&record["status"]["errorCode"], &record["isInteractive"]),
            (&json!(53_003), &json!(false))
        );
    }
    site.running.stop().await;
}

#[tokio::test]
async fn faults_and_delays_on_request() {
    let site = Site::start().await;
    let ready = site.running.ready.clone();
    site.control(
        "/faults",
        &json!([{ "origin": "login", "path": "/", "status": 429, "retry_after": 7, "count": 1 },
        { "origin": "graph", "status": 503, "count": 1 }]),
    )
    .await;
    let get = async |url: String| site.http.get(url).send().await.unwrap();
    let throttled = get(format!("{}/common/discovery/keys", ready.login)).await;
    assert_eq!(
        (throttled.status().as_u16(), throttled.headers()["retry-after"].to_str().unwrap()),
        (429, "7")
    );
    assert_eq!(get(format!("{}/common/discovery/keys", ready.login)).await.status(), 200);
    assert_eq!(get(format!("{}/v1.0/users", ready.graph)).await.status(), 503);
    for (path, body) in [
        ("/outages", json!({ "out": ["sun"] })),
        ("/clock", json!({ "sett": "x" })),
        ("/signin-context", json!({ "ip": "nowhere" })),
    ] {
        assert!(site.control(path, &body).await["error"].is_string(), "{path}");
    }
    site.control("/log-delay", &json!({ "seconds": 120, "duplicate_every": 1 })).await;
    assert!(sign_in(&site).await.location.is_some());
    let count = || {
        let state = site.shared.lock();
        state.logs.sign_ins.visible(state.now()).count()
    };
    assert_eq!(count(), 0);
    let state = site.control("/clock", &json!({ "advance_seconds": 121 })).await;
    assert_eq!((count(), &state["counts"]["sign_ins"]), (2, &json!(1)));
    site.running.stop().await;
}
