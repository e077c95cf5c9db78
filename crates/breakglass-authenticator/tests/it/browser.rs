//! The scripted browser at a login that answers by script.

use crate::login::{Login, Reply, page, redirect};
use crate::relying_party::{self as rp, Registered, encode, options};
use breakglass_authenticator::{SOFTWARE_AAGUID, ScriptedBrowser, SoftwareKey};
use breakglass_model::Secret;
use breakglass_ops::port::{Browser as _, BrowserError, Credential, SecurityKey};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

const BACK: &str = "http://localhost:9";
const PASSWORD: &str = "correct horse & battery+staple=é";

fn username() -> Reply {
    page(
        r#"<!doctype html><title>Sign in</title><form method="post" action="/tenant/login" data-step="username">
        <input type="hidden" name="flow" value="f1"><input name="login"></form>"#,
    )
}

fn password() -> Reply {
    page(
        r#"<form method="post" action="next?step=2&amp;x=1" data-step="password">
        <input type="hidden" name="flow" value="&lt;f2&gt;"><input type="password" name="passwd"></form>
        <form method="post" action="/tenant/other" data-step="use-passkey"><input type="hidden" name="flow" value="f3">
        <button name="b" value="1">Use a passkey</button></form>"#,
    )
}

fn passkey(public_key: &Value) -> Reply {
    let escaped = public_key.to_string().replace('&', "&amp;").replace('\'', "&#39;");
    page(format!(
        "<form method=post action=/tenant/passkey data-step=passkey data-public-key='{escaped}'>
         <input type=hidden name=flow value=f4><input type=hidden name=assertion></form>"
    ))
}

fn error(status: u16, code: &str, text: &str) -> Reply {
    let html = format!(
        r#"<div id="error" data-code="{code}">{text}</div><form method="post" data-step="password"></form>"#
    );
    Reply(status, page("").1, html)
}

fn home() -> Reply {
    redirect(format!("{BACK}/?code=c0de&state=s1"))
}

fn only_password() -> Credential {
    Credential::Password(Secret::new(PASSWORD))
}

fn browser(credential: Credential) -> ScriptedBrowser {
    ScriptedBrowser::new(None, credential).unwrap().danger_plain_loopback()
}

async fn sign_in(login: &Login, credential: Credential) -> Result<String, BrowserError> {
    browser(credential).sign_in(&login.authorize(), BACK).await
}

/// A key with a passkey for the login, as the login knows it.
async fn key_for(origin: &str, rp_id: &str) -> (TempDir, Arc<dyn SecurityKey>, Registered) {
    let folder = tempfile::tempdir().unwrap();
    let key =
        SoftwareKey::danger_open(&folder.path().join("k.json"), "ea-01 key 1", SOFTWARE_AAGUID).unwrap();
    let made = key.create(&options(rp_id, "user-1", "create"), origin).await.unwrap();
    (folder, Arc::new(key), rp::register(&made, rp_id, b"create", origin))
}

fn ask(rp_id: &str, allowed: &[&str]) -> Value {
    let allowed: Vec<_> = allowed.iter().map(|id| json!({ "id": id, "type": "public-key" })).collect();
    json!({ "challenge": encode("it's & \"me\""), "rpId": rp_id, "allowCredentials": allowed, "userVerification": "required" })
}

/// What the login checks in the `assertion` field.
fn check(sent: &str, key: &Registered, rp_id: &str, origin: &str) {
    let sent: Value = serde_json::from_str(sent).unwrap();
    assert_eq!((sent["id"].as_str().unwrap(), &sent["rawId"]), (key.id.as_str(), &sent["id"]));
    assert_eq!(sent["type"], "public-key");
    let field = |name: &str| sent["response"][name].as_str().unwrap();
    let fields = [field("clientDataJSON"), field("authenticatorData"), field("signature")];
    assert_eq!(rp::verify(key, fields, rp_id, b"it's & \"me\"", origin), Ok(1));
    assert_eq!(field("userHandle"), encode("user-1"));
}

#[tokio::test]
async fn a_password_alone() {
    let login = Login::plain().await;
    login.answers([
        username().with("set-cookie", "sid=1; Path=/; HttpOnly").with("set-cookie", "step=a"),
        password().with("set-cookie", "step=b"),
        home(),
    ]);
    assert_eq!(sign_in(&login, only_password()).await.unwrap(), format!("{BACK}/?code=c0de&state=s1"));
    let [first, second, third] = login.seen().try_into().unwrap();
    assert!(first.line.starts_with("GET /tenant/oauth2/v2.0/authorize?client_id=x&"), "{}", first.line);
    assert_eq!(first.cookie, "");
    assert_eq!(second.line, "POST /tenant/login");
    assert_eq!(second.cookie, "sid=1", "the other one is for the folder of the first page");
    assert_eq!((second.field("login"), second.field("flow")), ("ea-01@contoso.example", "f1"));
    assert_eq!(third.line, "POST /tenant/next?step=2&x=1");
    assert_eq!((third.field("passwd"), third.field("flow")), (PASSWORD, "<f2>"));
    assert_eq!(third.cookie, "step=b; sid=1");
}

#[tokio::test]
async fn a_passkey_alone_over_tls_with_a_private_authority() {
    let login = Login::tls().await;
    let (folder, key, registered) = key_for(&login.origin, "localhost").await;
    login.answers([password(), passkey(&ask("localhost", &["AAAA", &registered.id])), home()]);
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, &login.ca).unwrap();
    let browser = ScriptedBrowser::new(Some(&bundle), Credential::Passkey(key.clone())).unwrap();
    let address = browser.sign_in(&login.authorize(), BACK).await.unwrap();
    assert!(address.contains("code=c0de"));
    let [_, second, third] = login.seen().try_into().unwrap();
    assert_eq!(
        (second.line.as_str(), second.fields),
        ("POST /tenant/other", vec![("flow".into(), "f3".into())])
    );
    check(third.field("assertion"), &registered, "localhost", &login.origin);
    // Without the authority nothing is said to the login.
    let stranger = ScriptedBrowser::new(None, Credential::Passkey(key)).unwrap();
    let error = stranger.sign_in(&login.authorize(), BACK).await.unwrap_err().to_string();
    assert!(error.contains("cannot be reached") && error.contains("ertificate"), "{error}");
    assert!(!error.contains("ea-01%40"), "{error}");
    assert_eq!(login.seen().len(), 3);
    assert!(ScriptedBrowser::with_ca_pem(login.ca.as_bytes(), only_password()).is_ok());
}

#[tokio::test]
async fn a_password_and_then_a_passkey() {
    let login = Login::plain().await;
    let (_folder, key, registered) = key_for(&login.origin, "127.0.0.1").await;
    login.answers([
        password(),
        redirect("/tenant/more"),
        passkey(&ask("127.0.0.1", &[])),
        redirect("/tenant/end"),
        home(),
    ]);
    let both = Credential::PasswordAndPasskey(Secret::new(PASSWORD), key);
    assert!(sign_in(&login, both).await.is_ok());
    let lines: Vec<_> =
        login.seen().into_iter().map(|s| s.line.split('?').next().unwrap().to_owned()).collect();
    assert_eq!(
        lines[1..],
        ["POST /tenant/oauth2/v2.0/next", "GET /tenant/more", "POST /tenant/passkey", "GET /tenant/end"]
    );
    check(login.seen()[3].field("assertion"), &registered, "127.0.0.1", &login.origin);
}

/// Everything that ends a sign-in, and what is said of it.
#[tokio::test]
async fn a_sign_in_that_cannot_go_on_says_why() {
    let mut said = String::new();
    let mut show = |what: &str, login: &Login, result: Result<String, BrowserError>| {
        let text = match result {
            Ok(address) => panic!("{what}: {address}"),
            Err(BrowserError::Refused { code, detail }) => format!("refused {code:?}: {detail}"),
            Err(failed) => failed.to_string(),
        };
        assert!(!text.contains(PASSWORD) && !text.contains("ea-01%40"), "{text}");
        said.push_str(&format!("{what}:\n  {}\n", text.replace(&login.origin, "LOGIN")));
    };
    let scripts: Vec<(&str, Vec<Reply>)> = vec![
        (
            "wrong password",
            vec![password(), error(200, "50126", "AADSTS50126: Invalid username\n or password.")],
        ),
        (
            "blocked by Conditional Access",
            vec![password(), error(400, "53003", "AADSTS53003: Access has been blocked &amp; so on.")],
        ),
        ("blocked at once", vec![error(200, "53000", "AADSTS53000: Device is not compliant.")]),
        ("an error without a number", vec![page(r#"<p id="error">Try again later</p>"#)]),
        ("the password again", vec![password(), password()]),
        ("a passkey after the password", vec![password(), passkey(&ask("127.0.0.1", &[]))]),
        ("an unknown step", vec![page(r#"<form method="post" data-step="captcha"></form><form></form>"#)]),
        ("no form", vec![page("<p>Welcome</p>")]),
        ("a server error", vec![Reply(503, page("").1, "<h1>Service unavailable</h1>".into())]),
        (
            "something that is no page",
            vec![Reply(200, vec![("content-type", "application/json".into())], "{}".into())],
        ),
        (
            "a form by GET",
            vec![page(r#"<form action="/x" data-step="password"><input name="passwd"></form>"#)],
        ),
        (
            "a password for another place",
            vec![page(r#"<form method="post" action="https://evil.example/" data-step="password"></form>"#)],
        ),
        ("a redirect to plain HTTP elsewhere", vec![redirect("http://login.example/")]),
        ("a redirect to nowhere", vec![Reply(302, Vec::new(), String::new())]),
        (
            "the form is to be sent again",
            vec![password(), Reply(307, vec![("location", "/again".into())], String::new())],
        ),
        ("a circle", (0..20).map(|_| redirect("/round")).collect()),
        ("a page without an end", vec![page("x".repeat((1 << 20) + 1))]),
    ];
    for (what, replies) in scripts {
        let login = Login::plain().await;
        login.answers(replies);
        let result = sign_in(&login, only_password()).await;
        show(what, &login, result);
    }
    let login = Login::plain().await;
    let (_folder, key, _) = key_for(&login.origin, "127.0.0.1").await;
    let no_choice = r#"<form method="post" action="/x" data-step="password"><input name="passwd"></form>"#;
    let broken =
        r#"<form method="post" data-step="passkey" data-public-key="{"><input name="assertion"></form>"#;
    for (what, reply) in [
        ("a password where there is a passkey alone", page(no_choice)),
        ("a passkey of another place", passkey(&ask("login.microsoft.com", &[]))),
        ("a passkey of none of these", passkey(&ask("127.0.0.1", &["AAAA"]))),
        ("no options", page(broken)),
        ("no challenge", passkey(&json!({ "rpId": "127.0.0.1" }))),
    ] {
        login.answers([reply]);
        let result = sign_in(&login, Credential::Passkey(key.clone())).await;
        show(what, &login, result);
    }
    login.answers([username()]);
    let no_hint = browser(only_password()).sign_in(&format!("{}/authorize", login.origin), BACK).await;
    show("no hint", &login, no_hint);
    let plain = ScriptedBrowser::new(None, only_password()).unwrap().sign_in(&login.authorize(), BACK).await;
    show("plain HTTP where it was not allowed", &login, plain);
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn errors_at_the_redirect_address_come_back_too() {
    let login = Login::plain().await;
    login.answers([redirect(format!("{BACK}/?error=access_denied&error_description=AADSTS65004&state=s1"))]);
    let address = sign_in(&login, only_password()).await.unwrap();
    assert!(address.starts_with("http://localhost:9/?error=access_denied"), "{address}");
}

/// Two sign-ins do not know of each other.
#[tokio::test]
async fn each_sign_in_is_a_window_of_its_own() {
    let login = Login::plain().await;
    let browser = browser(only_password());
    for _ in 0..2 {
        login.answers([password().with("set-cookie", "sid=1; Path=/"), home()]);
        browser.sign_in(&login.authorize(), BACK).await.unwrap();
    }
    let cookies: Vec<_> = login.seen().into_iter().map(|s| s.cookie).collect();
    assert_eq!(cookies, ["", "sid=1", "", "sid=1"]);
}

#[test]
fn a_bundle_without_certificates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    assert!(ScriptedBrowser::new(Some(&file), only_password()).err().unwrap().to_string().contains("ca.pem"));
    std::fs::write(&file, "nothing").unwrap();
    let error = ScriptedBrowser::new(Some(&file), only_password()).err().unwrap();
    assert!(error.to_string().contains("no certificate"), "{error}");
}
