//! Tokens for applications: secret, certificate, and every way in which they are refused.

use crate::caller::{Audience, Caller};
use crate::testing::Site;
use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

fn bearer(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    headers
}

fn payload(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_secret_gives_a_token_for_one_service() {
    let site = Site::start().await;
    let ready = site.running.ready.clone();
    let scope = format!("{}/.default", ready.graph);
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", &ready.client_id),
        ("client_secret", &ready.client_secret),
        ("scope", &scope),
    ];
    let (status, body) = site.token(&fields).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(3599)));
    let token = body["access_token"].as_str().unwrap();
    let claims = payload(token);
    for (name, value) in [
        ("aud", &ready.graph),
        ("tid", &ready.tenant_id),
        ("appid", &ready.client_id),
        ("idtyp", &"app".to_owned()),
        ("ver", &"1.0".to_owned()),
    ] {
        assert_eq!(claims[name], **value, "{name}");
    }
    assert!(claims["roles"].as_array().unwrap().contains(&json!("Policy.ReadWrite.ConditionalAccess")));

    let caller = Caller::of(&site.shared, &bearer(token), Audience::Graph).unwrap();
    assert!(caller.user.is_none() && caller.may(&["AuditLog.Read.All"]) && !caller.may(&["Mail.Read"]));
    assert_eq!(
        Caller::of(&site.shared, &bearer(token), Audience::Arm).unwrap_err().code,
        "InvalidAuthenticationTokenAudience"
    );
    let mut bent = token.to_owned();
    bent.replace_range(bent.len() - 4.., "AAAA");
    for headers in [HeaderMap::new(), bearer("x"), bearer(&bent)] {
        assert_eq!(
            Caller::of(&site.shared, &headers, Audience::Graph).unwrap_err().code,
            "InvalidAuthenticationToken"
        );
    }
    site.control("/clock", &json!({ "advance_seconds": 3601 })).await;
    assert!(Caller::of(&site.shared, &bearer(token), Audience::Graph).is_err());

    let record = site.last_sign_in();
    assert_eq!(
        (&record["signInEventTypes"], &record["status"]["errorCode"]),
        (&json!(["servicePrincipal"]), &json!(0))
    );

    for (name, value, status, error, code) in [
        ("client_secret", "wrong", 401, "invalid_client", 7_000_215),
        ("client_secret", "", 401, "invalid_client", 7_000_218),
        ("client_id", "00000000-1111-2222-3333-444444444444", 400, "unauthorized_client", 700_016),
        ("scope", "https://vault.azure.net/.default", 400, "invalid_resource", 500_011),
        ("grant_type", "magic", 400, "unsupported_grant_type", 70_003),
        ("grant_type", "", 400, "invalid_request", 90_014),
    ] {
        let old = fields.clone();
        fields.iter_mut().filter(|(n, _)| *n == name).for_each(|f| f.1 = value);
        let (got, body) = site.token(&fields).await;
        assert_eq!(
            (got, &body["error"], &body["error_codes"]),
            (status, &json!(error), &json!([code])),
            "{name}={value}"
        );
        let text = body["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{code}: ")) && text.contains("Correlation ID: "), "{text}");
        fields = old;
    }
    let url = format!("{}/elsewhere.example/v2.0/.well-known/openid-configuration", ready.login);
    let unknown: Value = site.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&unknown["error"], &unknown["error_codes"]), (&json!("invalid_tenant"), &json!([90_002])));
    site.running.stop().await;
}

/// An assertion as one of the libraries makes it.
struct Assertion<'a> {
    alg: &'static dyn RsaEncoding,
    header: Value,
    claims: Value,
    pem: &'a [u8],
}

impl Assertion<'_> {
    fn sign(&self) -> String {
        let encode = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        let signed = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let key = PrivatePkcs8KeyDer::from_pem_slice(self.pem).unwrap();
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(self.alg, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[tokio::test]
#[expect(clippy::cast_precision_loss, reason = "some libraries write times with a fraction")]
async fn a_certificate_gives_a_token_however_libraries_write_it() {
    let site = Site::start().await;
    let ready = site.running.ready.clone();
    let pem = std::fs::read(&ready.client_certificate).unwrap();
    let der = CertificateDer::from_pem_slice(&pem).unwrap();
    let sha1 = URL_SAFE.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der));
    let sha256 = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &der));
    let endpoint = format!("{}/{}/oauth2/v2.0/token", ready.login, ready.tenant_id);
    let now = site.shared.lock().now().as_second();
    let claims = json!({ "aud": endpoint, "iss": ready.client_id, "sub": ready.client_id, "jti": "1", "exp": now + 600, "nbf": now });
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let ps256 = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": sha256 });
    let rs256 = json!({ "alg": "RS256", "typ": "JWT", "x5t": sha1 });
    let cases = [
        (ps256.clone(), claims.clone(), 0),
        (rs256.clone(), claims.clone(), 0),
        (json!({ "alg": "PS256", "x5t#S256": format!("{sha256}=") }), claims.clone(), 0),
        (rs256.clone(), changed("exp", json!(now as f64 + 600.5)), 0),
        (rs256.clone(), changed("aud", json!([endpoint])), 0),
        (rs256.clone(), changed("aud", json!("https://example.org")), 700_030),
        (ps256.clone(), changed("exp", json!(now - 4000)), 700_024),
        (ps256.clone(), changed("nbf", json!(now + 4000)), 700_024),
        (ps256.clone(), changed("exp", Value::Null), 700_024),
        (ps256.clone(), changed("sub", json!("another")), 700_027),
        (json!({ "alg": "PS256", "x5t#S256": URL_SAFE_NO_PAD.encode([1; 32]) }), claims.clone(), 700_027),
        (json!({ "alg": "PS256" }), claims.clone(), 700_027),
        (json!({ "alg": "HS256", "x5t#S256": sha256 }), claims.clone(), 700_027),
    ];
    for (header, claims, code) in cases {
        let alg: &'static dyn RsaEncoding =
            if header["alg"] == "RS256" { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
        let assertion = Assertion { alg, header: header.clone(), claims: claims.clone(), pem: &pem }.sign();
        let (status, body) = site
            .token(&[
                ("grant_type", "client_credentials"),
                ("client_id", &ready.client_id),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &assertion),
                ("scope", "https://management.azure.com//.default"),
            ])
            .await;
        let got = body["error_codes"][0].as_u64().unwrap_or(0);
        assert_eq!((status == 200, got), (code == 0, code), "{header} {claims} {body}");
    }
    // Signed by RS256 what says PS256, and by another key.
    let other = crate::keys::new_rsa().unwrap();
    let key = RsaKeyPair::from_pkcs8(&other).unwrap();
    assert_eq!(key.public_modulus_len(), 256);
    let confused =
        Assertion { alg: &RSA_PKCS1_SHA256, header: ps256, claims: claims.clone(), pem: &pem }.sign();
    let (_, body) = site
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_id", &ready.client_id),
            ("client_assertion", &confused),
            ("scope", &format!("{}/.default", ready.graph)),
        ])
        .await;
    assert_eq!(body["error_codes"], json!([700_027]));
    site.running.stop().await;
}

#[tokio::test]
async fn what_clients_read_first() {
    let site = Site::start().await;
    let ready = site.running.ready.clone();
    let get = async |path: &str| -> Value {
        site.http.get(format!("{}{path}", ready.login)).send().await.unwrap().json().await.unwrap()
    };
    for tenant in [ready.tenant_id.as_str(), "organizations", "contoso.onmicrosoft.com"] {
        let document = get(&format!("/{tenant}/v2.0/.well-known/openid-configuration")).await;
        assert_eq!(document["issuer"], format!("{}/{}/v2.0", ready.login, ready.tenant_id));
        assert_eq!(document["token_endpoint"], format!("{}/{tenant}/oauth2/v2.0/token", ready.login));
        let keys: Value =
            site.http.get(document["jwks_uri"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
        assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["e"]), (&json!("RSA"), &json!("AQAB")));
    }
    assert_eq!(
        get("/common/userrealm/alice@contoso.onmicrosoft.com?api-version=1.0").await["account_type"],
        "Managed"
    );
    assert_eq!(
        get("/common/discovery/instance?api-version=1.1").await["metadata"].as_array().unwrap().len(),
        1
    );
    site.running.stop().await;
}
