//! A person signs in: authorization code with PKCE, and the loopback page that takes the code.

use crate::script::{Reply, Script, Seen, TENANT, ok};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breakglass_entra::{AZURE_CLI, AuthorizationCodeFlow, PersonBrowser, SystemClock};
use breakglass_ops::port::{Browser, BrowserError, Query, SignInFlow as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const UPN: &str = "ea-01@contoso.onmicrosoft.com";

/// Comes back at once with what `back` makes of the authorize address' fields.
struct Back<F>(F, Mutex<BTreeMap<String, String>>);

#[async_trait]
impl<F: Fn(&BTreeMap<String, String>) -> String + Send + Sync> Browser for Back<F> {
    async fn sign_in(&self, authorize_url: &str, redirect_uri: &str) -> Result<String, BrowserError> {
        let url = reqwest::Url::parse(authorize_url).unwrap();
        assert_eq!(url.path(), format!("/{TENANT}/oauth2/v2.0/authorize"));
        let fields: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(fields["redirect_uri"], redirect_uri);
        *self.1.lock().unwrap() = fields.clone();
        Ok(format!("{redirect_uri}/?{}", (self.0)(&fields)))
    }
}

fn good(fields: &BTreeMap<String, String>) -> String {
    format!("code=the-code&state={}", fields["state"])
}

fn login(seen: &Seen, claims: serde_json::Value) -> Reply {
    let jwt = |claims: &serde_json::Value| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()));
    ok(json!({
        "token_type": "Bearer", "expires_in": 3599, "access_token": format!("{}-{}", seen.field("grant_type"), seen.nth),
        "refresh_token": format!("refresh-{}", seen.nth), "id_token": jwt(&claims),
    }))
}

fn claims() -> serde_json::Value {
    json!({ "tid": TENANT.to_uppercase(), "oid": "U-1", "preferred_username": UPN.to_uppercase() })
}

#[tokio::test]
async fn a_person_gets_graph_and_azure() {
    let script = Script::with_login(|seen| match seen.at {
        "login" => login(seen, claims()),
        _ => ok(json!({ "value": [] })),
    })
    .await;
    let browser = Back(good, Mutex::default());
    let session = AuthorizationCodeFlow::new(script.client.clone()).sign_in(UPN, &browser).await.unwrap();
    assert_eq!(session.user.as_str(), "u-1");

    let asked = browser.1.lock().unwrap().clone();
    for (name, value) in [
        ("client_id", AZURE_CLI.to_owned()),
        ("response_type", "code".into()),
        ("scope", format!("{}/.default offline_access openid profile", script.origins[1])),
        ("code_challenge_method", "S256".into()),
        ("login_hint", UPN.into()),
        ("client-request-id", session.correlation_id.clone()),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    let redeemed = &script.seen("login")[0];
    assert_eq!(
        (redeemed.field("code"), redeemed.field("redirect_uri")),
        ("the-code".into(), asked["redirect_uri"].clone())
    );
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(redeemed.field("code_verifier")));
    assert_eq!(challenge, asked["code_challenge"]);
    assert!(asked["state"].len() >= 40 && asked["state"] != redeemed.field("code_verifier"));

    // Graph with the token of the sign-in, Azure by the refresh token, each use of which gives the next one.
    session.tenant.read(&Query::Domains).await.unwrap();
    session.tenant.read(&Query::Subscriptions).await.unwrap();
    script.clock.advance(Duration::from_secs(3590));
    session.tenant.read(&Query::Domains).await.unwrap();
    let bearers =
        |at| script.seen(at).iter().map(|s| s.header("authorization").to_owned()).collect::<Vec<_>>();
    assert_eq!(bearers("graph"), ["Bearer authorization_code-0", "Bearer refresh_token-2"]);
    assert_eq!(bearers("arm"), ["Bearer refresh_token-1"]);
    let logins = script.seen("login");
    assert_eq!(
        (logins[1].field("refresh_token"), logins[2].field("refresh_token")),
        ("refresh-0".into(), "refresh-1".into())
    );
    assert!(logins[1].field("scope").starts_with(&format!("{}/.default", script.origins[2])));
    assert!(session.tenant.describe().contains(UPN));
}

#[tokio::test]
async fn the_wrong_redirect_tenant_or_person_is_refused() {
    type Redirect = fn(&BTreeMap<String, String>) -> String;
    let stale: Redirect = |_| "code=the-code&state=another".into();
    let blocked: Redirect =
        |f| format!("error=access_denied&error_description=AADSTS53003%3A+Blocked&state={}", f["state"]);
    let cases: [(Redirect, serde_json::Value, &str, usize); 6] = [
        (stale, claims(), "does not belong to this sign-in", 0),
        (blocked, claims(), "AADSTS53003: Blocked", 0),
        (good, json!({ "tid": "other", "oid": "u" }), "signed in to tenant `other`", 1),
        (good, json!({ "oid": "u" }), "names no tenant", 1),
        (
            good,
            json!({ "tid": TENANT, "oid": "u", "upn": "somebody@else" }),
            "`somebody@else` signed in, not",
            1,
        ),
        (good, json!({ "tid": TENANT }), "names no user", 1),
    ];
    for (redirect, claims, says, redeemed) in cases {
        let script = Script::with_login(move |seen| login(seen, claims.clone())).await;
        let flow =
            AuthorizationCodeFlow::new(script.client.clone()).with_redirect_port(7).with_client_id("mine");
        let failed = match flow.sign_in(UPN, &Back(redirect, Mutex::default())).await {
            Ok(session) => panic!("signed in as {}", session.user),
            Err(error) => error,
        };
        assert!(failed.to_string().contains(says), "{failed}");
        assert_eq!(script.seen("login").len(), redeemed, "{says}");
    }
}

#[tokio::test]
async fn a_refused_code_carries_entras_number() {
    let script = Script::with_login(|_| {
        Reply::Json(
            400,
            json!({ "error": "invalid_grant", "error_description": "AADSTS50173: revoked, code the-code" }),
        )
    })
    .await;
    let result =
        AuthorizationCodeFlow::new(script.client.clone()).sign_in(UPN, &Back(good, Mutex::default())).await;
    let Err(BrowserError::Refused { code, detail }) = result else { panic!("refused") };
    assert_eq!(code, Some(50173));
    assert!(detail.contains("sign in again") && !detail.contains("the-code"), "{detail}");
}

async fn get(port: u16, target: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_persons_browser_comes_back_to_the_loopback_page() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = Arc::new(Mutex::new(String::new()));
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let hear = said.clone();
    let browser = PersonBrowser::new(Arc::new(SystemClock)).saying(move |line| {
        *hear.lock().unwrap() = line.to_owned();
        sender.lock().unwrap().take().map(|s| s.send(()));
    });
    let redirect = format!("http://localhost:{port}");
    let authorize = format!("https://login.example/authorize?state=s&redirect_uri={redirect}");
    let person = async {
        receiver.await.unwrap();
        // A connection that says nothing, an icon, a stranger's redirect: none of them ends the waiting.
        let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert!(get(port, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
        assert!(get(port, "/?code=x&state=other").await.starts_with("HTTP/1.1 404"));
        let page = get(port, "/?code=a%2Bb&state=s").await;
        assert!(
            page.starts_with("HTTP/1.1 200") && page.contains("close this page") && page.contains("no-store")
        );
    };
    let (back, ()) = tokio::join!(browser.sign_in(&authorize, &redirect), person);
    assert_eq!(back.unwrap(), format!("http://localhost:{port}/?code=a%2Bb&state=s"));
    assert!(said.lock().unwrap().contains(&authorize));
}

#[tokio::test]
async fn nobody_comes_back() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let clock = Arc::new(crate::script::FakeClock::default());
    let browser = PersonBrowser::new(clock).saying(|_| {}).waiting(Duration::from_secs(90));
    let failed = browser
        .sign_in("https://login.example/a?state=s", &format!("http://localhost:{port}"))
        .await
        .unwrap_err();
    assert_eq!(failed.to_string(), "the login page failed: nobody came back from the login within 90 s");
}
