//! People: password, passkey, code, refresh, device code.

use crate::caller::{Audience, Caller};
use crate::testing::{ALICE, ALICE_UPN, GLOBAL_ADMINISTRATOR, Key, PASSWORD, Site};
use crate::token::clients::AZURE_CLI;
use axum::http::HeaderMap;
use serde_json::{Value, json};

/// Microsoft Graph Command Line Tools.
const GRAPH_SHELL: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";
const PORTAL: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";

async fn redeem(site: &Site, client: &str, code: &str, verifier: &str) -> (u16, Value) {
    let scope = format!("{}/.default offline_access openid profile", site.running.ready.graph);
    site.token(&[
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", "http://localhost:1234"),
        ("code_verifier", verifier),
        ("scope", &scope),
    ])
    .await
}

#[tokio::test]
async fn password_then_code_then_refresh() {
    let site = Site::start().await;
    let id = "0f0e0d0c-0b0a-4908-8706-050403020100";
    let url = site.authorize(AZURE_CLI, "verifier", &[("client-request-id", id), ("nonce", "n")]);
    let page = site.open(&url).await;
    let page = site.submit(&page, "username", &[("login", "ALICE@contoso.onmicrosoft.com")]).await;
    let back = site.submit(&page, "password", &[("passwd", PASSWORD)]).await;
    assert_eq!(back.back("state"), "s 1");
    let record = site.last_sign_in();
    for (path, value) in [
        ("/correlationId", json!(id)),
        ("/userId", json!(ALICE)),
        ("/userPrincipalName", json!(ALICE_UPN)),
        ("/appId", json!(AZURE_CLI)),
        ("/resourceDisplayName", json!("Microsoft Graph")),
        ("/status/errorCode", json!(0)),
        ("/isInteractive", json!(true)),
        ("/signInEventTypes", json!(["interactiveUser"])),
        ("/ipAddress", json!("203.0.113.10")),
        ("/deviceDetail/operatingSystem", json!("windows")),
        ("/conditionalAccessStatus", json!("notApplied")),
        ("/authenticationDetails/0/succeeded", json!(true)),
    ] {
        assert_eq!(record.pointer(path), Some(&value), "{path}");
    }

    let code = back.back("code");
    let (status, body) = redeem(&site, AZURE_CLI, &code, "verifier").await;
    assert_eq!(status, 200, "{body}");
    let mut headers = HeaderMap::new();
    headers.insert(
        "authorization",
        format!("Bearer {}", body["access_token"].as_str().unwrap()).parse().unwrap(),
    );
    let caller = Caller::of(&site.shared, &headers, Audience::Graph).unwrap();
    assert_eq!((caller.id(), caller.did_mfa()), (ALICE, false));
    assert_eq!(caller.amr, ["pwd"]);
    assert!(caller.wids.iter().any(|w| w == GLOBAL_ADMINISTRATOR) && caller.may(&["AuditLog.Read.All"]));
    assert_eq!(redeem(&site, AZURE_CLI, &code, "verifier").await.1["error_codes"], json!([70_008]));

    let refresh = body["refresh_token"].as_str().unwrap().to_owned();
    let arm = format!("{}/.default offline_access openid", site.running.ready.arm);
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", AZURE_CLI),
        ("refresh_token", &refresh),
        ("scope", &arm),
    ];
    let (status, body) = site.token(&fields).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["refresh_token"].as_str().is_some_and(|t| t != refresh));
    let record = site.last_sign_in();
    assert_eq!(
        (&record["isInteractive"], &record["signInEventTypes"]),
        (&json!(false), &json!(["nonInteractiveUser"]))
    );
    assert_eq!(record["resourceDisplayName"], "Windows Azure Service Management API");

    // Disabled, the refresh token and the access token stop working; so they do when sessions are revoked.
    site.shared.lock().directory.users.get_mut(ALICE).unwrap()["accountEnabled"] = json!(false);
    assert_eq!(site.token(&fields).await.1["error_codes"], json!([50_057]));
    assert!(Caller::of(&site.shared, &headers, Audience::Graph).is_err());
    site.shared.lock().directory.users.get_mut(ALICE).unwrap()["accountEnabled"] = json!(true);
    assert!(Caller::of(&site.shared, &headers, Audience::Graph).is_ok());
    site.control("/clock", &json!({ "advance_seconds": 5 })).await;
    site.shared.lock().revoke_sessions(ALICE);
    assert_eq!(site.token(&fields).await.1["error_codes"], json!([70_008]));
    assert!(Caller::of(&site.shared, &headers, Audience::Graph).is_err());
    site.running.stop().await;
}

#[tokio::test]
async fn wrong_passwords_are_recorded_and_lock() {
    let site = Site::start().await;
    let mut page = site.open(&site.authorize(AZURE_CLI, "v", &[("login_hint", ALICE_UPN)])).await;
    assert!(page.has("password") && page.has("use-passkey"));
    for _ in 0..10 {
        page = site.submit(&page, "password", &[("passwd", "wrong")]).await;
        assert_eq!(page.error(), Some(50_126));
        let record = site.last_sign_in();
        assert_eq!((&record["status"]["errorCode"], &record["userId"]), (&json!(50_126), &json!(ALICE)));
        assert_eq!(record["authenticationDetails"][0]["succeeded"], false);
    }
    page = site.submit(&page, "password", &[("passwd", PASSWORD)]).await;
    assert_eq!((page.error(), &site.last_sign_in()["status"]["errorCode"]), (Some(50_053), &json!(50_053)));
    // A passkey does not care for locked passwords.
    let mut key = Key::new();
    site.register(&key);
    let question = site.submit(&page, "use-passkey", &[]).await;
    let login = site.running.ready.login.clone();
    let back = site.submit(&question, "passkey", &[("assertion", &key.answer(&question, &login))]).await;
    assert!(back.location.is_some());
    site.control("/clock", &json!({ "advance_seconds": 61 })).await;
    let page = site.open(&site.authorize(AZURE_CLI, "v", &[("login_hint", ALICE_UPN)])).await;
    let back = site.submit(&page, "password", &[("passwd", PASSWORD)]).await;
    assert!(back.location.is_some(), "{}", back.html);

    let unknown = site.open(&site.authorize(AZURE_CLI, "v", &[])).await;
    let unknown = site.submit(&unknown, "username", &[("login", "<nobody>@contoso.onmicrosoft.com")]).await;
    assert!(unknown.error() == Some(50_034) && unknown.has("username") && !unknown.html.contains("<nobody>"));
    assert_eq!(site.last_sign_in()["userPrincipalName"], "<nobody>@contoso.onmicrosoft.com");
    site.running.stop().await;
}

#[tokio::test]
async fn accounts_that_may_not_in() {
    let site = Site::start().await;
    let attempt = async || {
        let page = site.open(&site.authorize(AZURE_CLI, "v", &[("login_hint", ALICE_UPN)])).await;
        site.submit(&page, "password", &[("passwd", PASSWORD)]).await.error()
    };
    site.shared.lock().directory.users.get_mut(ALICE).unwrap()["accountEnabled"] = json!(false);
    assert_eq!(attempt().await, Some(50_057));
    {
        let mut state = site.shared.lock();
        state.directory.users.get_mut(ALICE).unwrap()["accountEnabled"] = json!(true);
        state
            .directory
            .domains
            .insert(json!({ "id": "contoso.onmicrosoft.com", "passwordValidityPeriodInDays": 90 }));
    }
    assert_eq!(attempt().await, None);
    site.control("/clock", &json!({ "advance_seconds": 90 * 86_400 })).await;
    assert_eq!(attempt().await, Some(50_055));
    site.shared.lock().directory.users.get_mut(ALICE).unwrap()["passwordPolicies"] =
        json!("DisablePasswordExpiration");
    assert_eq!(attempt().await, None);
    site.shared.lock().set_password(ALICE, PASSWORD, true);
    assert_eq!(attempt().await, Some(50_055));
    {
        let mut state = site.shared.lock();
        state.set_password(ALICE, PASSWORD, false);
        state
            .directory
            .domains
            .insert(json!({ "id": "contoso.onmicrosoft.com", "authenticationType": "Federated" }));
    }
    assert_eq!(attempt().await, None);
    site.control("/outages", &json!({ "out": ["federation"] })).await;
    assert_eq!(attempt().await, Some(50_107));
    site.running.stop().await;
}

#[tokio::test]
async fn the_portal_always_wants_more_than_a_password() {
    let site = Site::start().await;
    let login = site.running.ready.login.clone();
    let start = async || {
        let page = site.open(&site.authorize(PORTAL, "v", &[("login_hint", ALICE_UPN)])).await;
        site.submit(&page, "password", &[("passwd", PASSWORD)]).await
    };
    assert_eq!(start().await.error(), Some(50_079));
    let mut key = Key::new();
    let method = site.register(&key);
    let question = start().await;
    assert_eq!(question.error(), None);
    let asked = question.passkey_options();
    assert_eq!((&asked["rpId"], &asked["userVerification"]), (&json!("localhost"), &json!("required")));
    assert_eq!(asked["allowCredentials"], json!([{ "id": method, "type": "public-key" }]));
    let answer = key.answer(&question, &login);
    let back = site.submit(&question, "passkey", &[("assertion", &answer)]).await;
    let record = site.last_sign_in();
    assert_eq!(record["authenticationRequirement"], "multiFactorAuthentication");
    assert_eq!(record["authenticationDetails"].as_array().unwrap().len(), 2);
    assert_eq!(redeem(&site, PORTAL, &back.back("code"), "wrong").await.1["error_codes"], json!([501_481]));

    // The same answer again, a copied key, and rubbish.
    let question = start().await;
    for (assertion, code) in [(answer.as_str(), 500_121), ("{}", 500_121), ("", 500_121)] {
        let page = site.submit(&question, "passkey", &[("assertion", assertion)]).await;
        assert_eq!(page.error(), Some(code));
        assert_eq!(site.last_sign_in()["status"]["errorCode"], code);
    }
    let mut stranger = Key::new();
    let question = start().await;
    let page = site.submit(&question, "passkey", &[("assertion", &stranger.answer(&question, &login))]).await;
    assert!(page.error().is_some() && page.has("passkey"));
    // The methods policy acts on keys that are registered already.
    site.shared.lock().directory.methods_policy = json!({ "authenticationMethodConfigurations": [{ "id": "Fido2",
        "state": "enabled", "includeTargets": [{ "id": "all_users" }], "excludeTargets": [],
        "keyRestrictions": { "isEnforced": true, "enforcementType": "allow", "aaGuids": ["bbbbbbbb-0000-0000-0000-00000000000b"] } }] });
    assert_eq!(start().await.error(), Some(50_079));
    site.running.stop().await;
}

#[tokio::test]
async fn azure_asks_a_password_for_more_before_it_changes_anything() {
    let site = Site::start().await;
    let ready = site.running.ready.clone();
    let arm = format!("{}/.default offline_access", ready.arm);
    let claims = r#"{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}"#;
    let mut key = Key::new();
    let elevate = async |token: &Value| {
        let url =
            format!("{}/providers/Microsoft.Authorization/elevateAccess?api-version=2016-07-01", ready.arm);
        let token = token.as_str().unwrap();
        let answer = site.http.post(url).bearer_auth(token).header("content-length", 0).send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.headers().get("www-authenticate").map(|v| v.to_str().unwrap().to_owned()),
        )
    };
    let by_code = async |back: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", AZURE_CLI),
            ("code", back),
            ("code_verifier", "v"),
            ("scope", &arm),
        ];
        site.token(&fields).await.1
    };
    let page = site.open(&site.authorize(AZURE_CLI, "v", &[("login_hint", ALICE_UPN)])).await;
    let back = site.submit(&page, "password", &[("passwd", PASSWORD)]).await;
    let body = by_code(&back.back("code")).await;
    let (status, challenge) = elevate(&body["access_token"]).await;
    assert!(
        status == 401 && challenge.as_ref().is_some_and(|c| c.contains("insufficient_claims")),
        "{status} {challenge:?}"
    );
    let refresh = body["refresh_token"].as_str().unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", AZURE_CLI),
        ("refresh_token", refresh),
        ("scope", &arm),
        ("claims", claims),
    ];
    let (_, refused) = site.token(&fields).await;
    assert_eq!(
        (&refused["error"], &refused["error_codes"]),
        (&json!("interaction_required"), &json!([50_079]))
    );

    site.register(&key);
    let page =
        site.open(&site.authorize(AZURE_CLI, "v", &[("login_hint", ALICE_UPN), ("claims", claims)])).await;
    let question = site.submit(&page, "password", &[("passwd", PASSWORD)]).await;
    let back =
        site.submit(&question, "passkey", &[("assertion", &key.answer(&question, &ready.login))]).await;
    let body = by_code(&back.back("code")).await;
    assert_eq!(elevate(&body["access_token"]).await.0, 200);
    site.running.stop().await;
}

#[tokio::test]
async fn a_passkey_alone_is_enough_and_its_token_says_so() {
    let site = Site::start().await;
    let mut key = Key::new();
    site.register(&key);
    let login = site.running.ready.login.clone();
    // Without a user name: the key says whose it is.
    let page = site.open(&site.authorize(GRAPH_SHELL, "v", &[("scope", "Policy.Read.All User.Read")])).await;
    let question = site.submit(&page, "use-passkey", &[]).await;
    assert_eq!(question.passkey_options()["allowCredentials"], json!([]));
    let back = site.submit(&question, "passkey", &[("assertion", &key.answer(&question, &login))]).await;
    let (status, body) = site
        .token(&[
            ("grant_type", "authorization_code"),
            ("client_id", GRAPH_SHELL),
            ("code", &back.back("code")),
            ("code_verifier", "v"),
            ("scope", "Policy.Read.All User.Read openid"),
        ])
        .await;
    assert_eq!(status, 200, "{body}");
    let mut headers = HeaderMap::new();
    headers.insert(
        "authorization",
        format!("Bearer {}", body["access_token"].as_str().unwrap()).parse().unwrap(),
    );
    let caller = Caller::of(&site.shared, &headers, Audience::Graph).unwrap();
    assert!(
        caller.did_mfa()
            && caller.may(&["Policy.Read.All"])
            && !caller.may(&["Policy.ReadWrite.ConditionalAccess"])
    );
    assert_eq!(caller.user.unwrap().upn, ALICE_UPN);
    assert!(body.get("refresh_token").is_none());
    site.running.stop().await;
}

#[tokio::test]
async fn requests_that_lead_nowhere() {
    let site = Site::start().await;
    for (name, value, code) in [
        ("redirect_uri", "https://example.org/", 50_011),
        ("client_id", "00000000-1111-2222-3333-444444444444", 700_016),
        ("response_type", "token", 700_054),
        ("code_challenge_method", "plain", 501_491),
        ("scope", "https://vault.azure.net/.default", 500_011),
    ] {
        let url = site.authorize(AZURE_CLI, "v", &[(name, value)]);
        // Of two fields with one name, the last counts.
        let page = site.open(&url).await;
        assert_eq!((page.error(), &page.location), (Some(code), &None), "{name}");
    }
    let over =
        site.http.post(format!("{}/common/login/password", site.running.ready.login)).form(&[("ctx", "x")]);
    assert!(over.send().await.unwrap().text().await.unwrap().contains("data-code=\"50058\""));
    site.running.stop().await;
}

#[tokio::test]
async fn a_device_waits_until_somebody_signs_in_elsewhere() {
    let site = Site::start().await;
    let ready = site.running.ready.clone();
    let scope = format!("{}/.default offline_access", ready.arm);
    let url = format!("{}/organizations/oauth2/v2.0/devicecode", ready.login);
    let begun =
        site.http.post(url).form(&[("client_id", AZURE_CLI), ("scope", &scope)]).send().await.unwrap();
    let begun: Value = begun.json().await.unwrap();
    let code = begun["device_code"].as_str().unwrap();
    let poll = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", AZURE_CLI),
        ("device_code", code),
        ("code", code),
    ];
    let (status, body) = site.token(&poll).await;
    assert_eq!(
        (status, &body["error"], &body["error_codes"]),
        (400, &json!("authorization_pending"), &json!([70_016]))
    );

    let page = site.open(begun["verification_uri"].as_str().unwrap()).await;
    let wrong = site.submit(&page, "device-code", &[("otc", "WRONG")]).await;
    assert_eq!(wrong.error(), Some(70_019));
    let page = site.submit(&wrong, "device-code", &[("otc", begun["user_code"].as_str().unwrap())]).await;
    let page = site.submit(&page, "username", &[("login", ALICE_UPN)]).await;
    let done = site.submit(&page, "password", &[("passwd", PASSWORD)]).await;
    assert!(done.error().is_none() && done.location.is_none());
    assert_eq!(site.last_sign_in()["authenticationProtocol"], "deviceCode");
    let (status, body) = site.token(&poll).await;
    assert_eq!((status, &body["scope"]), (200, &json!(scope)), "{body}");
    assert_eq!(site.token(&poll).await.1["error_codes"], json!([70_008]));

    // The session stays one of a device code, at every refresh.
    let block = json!({ "id": "p1", "displayName": "No device codes", "state": "enabled", "conditions": {
        "clientAppTypes": ["all"], "applications": { "includeApplications": ["All"] }, "users": { "includeUsers": ["All"] },
        "authenticationFlows": { "transferMethods": "deviceCodeFlow" } },
        "grantControls": { "operator": "OR", "builtInControls": ["block"] } });
    site.shared.lock().directory.policies.insert(block);
    let refresh = body["refresh_token"].as_str().unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", AZURE_CLI),
        ("refresh_token", refresh),
        ("scope", scope.as_str()),
    ];
    assert_eq!(site.token(&fields).await.1["error_codes"], json!([53_003]));
    assert_eq!(site.last_sign_in()["originalTransferMethod"], "deviceCodeFlow");

    let password = [
        ("grant_type", "password"),
        ("client_id", AZURE_CLI),
        ("scope", scope.as_str()),
        ("username", ALICE_UPN),
        ("password", PASSWORD),
    ];
    assert_eq!(site.token(&password).await.0, 200);
    site.running.stop().await;
}
