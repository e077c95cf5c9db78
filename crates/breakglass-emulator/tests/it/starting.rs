//! Starting, the ready file, and what a second start keeps.

use breakglass_emulator::{Emulator, Options, Ready, StartError};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn client(ready: &Ready) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(&std::fs::read(&ready.ca_bundle).unwrap()).unwrap();
    reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap()
}

async fn token(ready: &Ready) -> Value {
    let url = format!("{}/{}/oauth2/v2.0/token", ready.login, ready.tenant_id);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &ready.client_id),
        ("client_secret", &ready.client_secret),
        ("scope", &format!("{}/.default", ready.graph)),
    ];
    client(ready).post(url).form(&fields).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn everything_listens_when_it_is_ready_and_a_second_start_keeps_the_keys() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("emulator");
    let running = Emulator::start(Options::preset("empty", ANY, state.clone()).unwrap()).await.unwrap();
    let ready = running.ready.clone();
    let json = serde_json::to_value(&ready).unwrap();
    for field in [
        "login",
        "graph",
        "arm",
        "monitor",
        "ca_bundle",
        "tenant_id",
        "client_id",
        "client_secret",
        "client_certificate",
        "subscription_id",
        "accounts",
        "exclusion_group",
        "control",
    ] {
        assert!(json.get(field).is_some(), "{field}");
    }
    let mut origins: Vec<&String> =
        vec![&ready.login, &ready.graph, &ready.arm, &ready.monitor, &ready.control];
    assert!(origins.iter().all(|o| o.starts_with("https://localhost:")));
    origins.sort();
    origins.dedup();
    assert_eq!(origins.len(), 5);
    for origin in origins {
        client(&ready).get(origin).send().await.unwrap();
    }
    // By address too, but only with the authority that made the certificate.
    client(&ready).get(ready.control.replace("localhost", "127.0.0.1")).send().await.unwrap();
    assert!(reqwest::Client::builder().no_proxy().build().unwrap().get(&ready.control).send().await.is_err());
    assert!(token(&ready).await["access_token"].is_string());
    #[cfg(unix)]
    for file in ["ca-key.pem", "client.pem", "signing-key.der"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(state.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    let kept = |name: &str| std::fs::read(state.join(name)).unwrap();
    let (ca, pem) = (kept("ca.pem"), kept("client.pem"));
    running.stop().await;
    assert!(client(&ready).get(&ready.control).send().await.is_err());

    let begun = Instant::now();
    let again = Emulator::start(Options::preset("empty", ANY, state.clone()).unwrap()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!((kept("ca.pem"), kept("client.pem")), (ca, pem));
    assert_eq!((&again.ready.tenant_id, &again.ready.client_id), (&ready.tenant_id, &ready.client_id));
    assert_ne!(again.ready.client_secret, ready.client_secret);
    assert!(token(&again.ready).await["access_token"].is_string());
    again.stop().await;
}

#[tokio::test]
async fn only_loopback_and_only_free_ports() {
    let home = tempfile::tempdir().unwrap();
    let far = Options::preset("empty", ([192, 0, 2, 1], 0).into(), home.path().to_owned());
    assert!(matches!(far, Err(StartError::NotLoopback(_))));
    let taken = std::net::TcpListener::bind(ANY).unwrap();
    let options = Options::preset("empty", taken.local_addr().unwrap(), home.path().to_owned()).unwrap();
    let error = Emulator::start(options).await.err().unwrap();
    assert!(error.to_string().starts_with("cannot listen on 127.0.0.1:"), "{error}");
}
