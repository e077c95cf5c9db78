//! Tokens: kept, renewed, proved with a certificate, and refused.

use crate::script::{Reply, SECRET, Script, Seen, TENANT, error, ok, token};
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breakglass_entra::{ClientCertificate, EntraTenant, GivenTokens, Service};
use breakglass_model::Secret;
use breakglass_ops::port::{Query, Tenant as _, TenantError};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

fn empty(_: &Seen) -> Reply {
    ok(json!({ "value": [] }))
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_expires() {
    let script = Script::new(empty).await;
    let tenant = script.tenant();
    for (wait, fetched) in [(0, 1), (3200, 1), (150, 2), (60, 2)] {
        script.clock.advance(Duration::from_secs(wait));
        tenant.read(&Query::Domains).await.unwrap();
        assert_eq!(script.seen("login").len(), fetched, "after {wait} s more");
    }
    let login = &script.seen("login")[0];
    assert_eq!(login.line, format!("POST /{TENANT}/oauth2/v2.0/token"));
    assert_eq!(
        (
            login.field("grant_type"),
            login.field("client_id"),
            login.field("client_secret"),
            login.field("scope")
        ),
        ("client_credentials".into(), "app".into(), SECRET.into(), format!("{}/.default", script.origins[1]))
    );
}

#[tokio::test]
async fn all_at_once_fetch_one_token() {
    let script = Script::new(empty).await;
    let tenant = script.tenant();
    let (a, b, c) = tokio::join!(
        tenant.read(&Query::Domains),
        tenant.read(&Query::SubscribedSkus),
        tenant.read(&Query::Organization)
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(script.seen("login").len(), 1);
}

#[tokio::test]
async fn while_the_login_is_down_the_old_token_serves_to_its_end() {
    let script = Script::with_login(|seen| match (seen.at, seen.nth) {
        ("login", 0) => token(seen),
        ("login", _) => error(503, "temporarily_unavailable", "down"),
        _ => empty(seen),
    })
    .await;
    let tenant = script.tenant();
    tenant.read(&Query::Domains).await.unwrap();
    script.clock.advance(Duration::from_secs(3400));
    assert!(tenant.read(&Query::Domains).await.is_ok());
    script.clock.advance(Duration::from_secs(300));
    let failed = tenant.read(&Query::Domains).await.unwrap_err();
    assert!(matches!(failed, TenantError::Unavailable { attempts: 8, .. }), "{failed}");
}

#[tokio::test]
async fn a_refused_credential_says_what_to_do() {
    let aad = |status, error: &str, text: &str| {
        let body = json!({ "error": error, "error_description": text, "error_codes": [1] });
        move || Reply::Json(status, body.clone())
    };
    for (reply, says) in [
        (
            aad(401, "invalid_client", "AADSTS7000215: Invalid client secret provided."),
            "give the secret's value, not its id",
        ),
        (
            aad(400, "unauthorized_client", "AADSTS700016: Application not found"),
            "compare client id and tenant id",
        ),
        (aad(400, "invalid_request", "AADSTS90002: Tenant not found"), "no such tenant in this cloud"),
        (aad(400, "invalid_scope", "AADSTS70011: bad scope"), "AADSTS70011: bad scope"),
    ] {
        let script = Script::with_login(move |_| reply()).await;
        let failed = script.tenant().read(&Query::Domains).await.unwrap_err();
        let text = failed.to_string();
        assert!(matches!(failed, TenantError::SignIn(_)) && text.contains(says), "{text}");
        assert_eq!(script.seen("login").len(), 1);
    }
}

#[tokio::test]
async fn an_answer_without_a_token_is_not_one() {
    for (body, says) in [
        (json!([]), "expected an object"),
        (
            json!({ "token_type": "Bearer", "expires_in": 1 }),
            "`$.access_token`: expected a text, found nothing",
        ),
        (json!({ "access_token": null, "token_type": "Bearer", "expires_in": 1 }), "`$.access_token`"),
        (
            json!({ "access_token": "x", "token_type": "mac", "expires_in": 1 }),
            "expected `Bearer`, found `mac`",
        ),
        (json!({ "access_token": "x", "token_type": "bearer" }), "`$.expires_in`"),
    ] {
        let script = Script::with_login(move |_| ok(body.clone())).await;
        let text = script.tenant().read(&Query::Domains).await.unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_proves_itself_without_its_key() {
    let script = Script::new(empty).await;
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(vec!["app".into()]).unwrap().self_signed(&key).unwrap();
    let file = script.folder.path().join("app.pem");
    std::fs::write(&file, format!("{}{}", key.serialize_pem(), certificate.pem())).unwrap();
    let source = ClientCertificate::read(script.client.clone(), "app", &file).unwrap();
    let tenant = EntraTenant::new(script.client.clone(), Arc::new(source));
    tenant.read(&Query::Domains).await.unwrap();

    let login = &script.seen("login")[0];
    assert_eq!(
        login.field("client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert!(!login.body.contains("client_secret"));
    let assertion = login.field("client_assertion");
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key_raw())
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let (header, claims): (Value, Value) =
        (serde_json::from_slice(&decode(header)).unwrap(), serde_json::from_slice(&decode(claims)).unwrap());
    assert_eq!(header["alg"], "PS256");
    assert_eq!(header["x5t#S256"], URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der())));
    assert_eq!(claims["aud"], format!("{}/{TENANT}/oauth2/v2.0/token", script.origins[0]));
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("app"), Some("app")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 660);
}

#[tokio::test]
async fn a_certificate_file_that_cannot_be_used_says_why() {
    let script = Script::new(empty).await;
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let (other, ec) = (KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(), KeyPair::generate().unwrap());
    let of =
        |key: &KeyPair| CertificateParams::new(vec!["app".into()]).unwrap().self_signed(key).unwrap().pem();
    for (pem, says) in [
        (String::new(), "there is no certificate in it"),
        (of(&rsa), "there is no private key in it"),
        (rsa.serialize_pem(), "there is no certificate in it"),
        (format!("{}{}", of(&ec), ec.serialize_pem()), "not a usable RSA key"),
        (format!("{}{}", of(&other), rsa.serialize_pem()), "its certificate is not that of its private key"),
    ] {
        let file = script.folder.path().join("app.pem");
        std::fs::write(&file, pem).unwrap();
        let text = ClientCertificate::read(script.client.clone(), "app", &file).unwrap_err().to_string();
        assert!(text.contains(says) && text.contains("app.pem"), "{text}");
    }
}

#[tokio::test]
async fn given_tokens_are_used_as_they_are() {
    let script = Script::new(empty).await;
    let source = GivenTokens::new([(Service::Graph, Secret::new("given"))], script.clock.clone());
    let tenant = EntraTenant::new(script.client.clone(), Arc::new(source));
    tenant.read(&Query::Domains).await.unwrap();
    assert_eq!(script.seen("graph")[0].header("authorization"), "Bearer given");
    let text = tenant.read(&Query::Subscriptions).await.unwrap_err().to_string();
    assert!(text.contains("no token for Azure Resource Manager"), "{text}");
    assert!(script.seen("login").is_empty());
}
