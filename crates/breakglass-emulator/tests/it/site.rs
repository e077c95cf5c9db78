//! A running emulator, its automation application, and the people of its presets.

use breakglass_emulator::{Emulator, Options, Ready, Running};
use serde_json::Value;
use std::net::SocketAddr;

pub(crate) const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
pub(crate) const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

pub(crate) struct Site {
    running: Running,
    http: reqwest::Client,
    _home: tempfile::TempDir,
}

/// An answer with its headers.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Site {
    pub(crate) async fn start(preset: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let options = Options::preset(preset, ANY, home.path().join("emulator")).unwrap();
        let running = Emulator::start(options).await.unwrap();
        let ca = reqwest::Certificate::from_pem(&std::fs::read(&running.ready.ca_bundle).unwrap()).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
        Self { running, http, _home: home }
    }

    pub(crate) fn ready(&self) -> &Ready {
        &self.running.ready
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Value {
        let ready = self.ready();
        let url = format!("{}/{}/oauth2/v2.0/token", ready.login, ready.tenant_id);
        self.http.post(url).form(fields).send().await.unwrap().json().await.unwrap()
    }

    /// A token of the automation application for a service.
    pub(crate) async fn app(&self, service: &str) -> String {
        let ready = self.ready();
        let scope = format!("{service}/.default");
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &ready.client_id),
            ("client_secret", &ready.client_secret),
            ("scope", &scope),
        ];
        self.token(&fields).await["access_token"].as_str().unwrap().to_owned()
    }

    /// A password sign-in at the Azure CLI's client, whatever comes of it.
    pub(crate) async fn password(&self, service: &str, upn: &str, password: &str) -> Value {
        let scope = format!("{service}/.default");
        let fields = [
            ("grant_type", "password"),
            ("client_id", AZURE_CLI),
            ("username", upn),
            ("password", password),
            ("scope", &scope),
        ];
        self.token(&fields).await
    }

    pub(crate) async fn send(&self, token: &str, method: &str, url: &str, body: &Value) -> Got {
        let mut request = self.http.request(method.parse().unwrap(), url).header("client-request-id", "c-1");
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Got { status, headers, body }
    }

    pub(crate) async fn get(&self, token: &str, url: &str) -> Got {
        self.send(token, "GET", url, &Value::Null).await
    }

    /// Every page of a list.
    pub(crate) async fn all(&self, token: &str, url: &str) -> Vec<Value> {
        let (mut items, mut next) = (Vec::new(), Some(url.to_owned()));
        while let Some(url) = next {
            let got = self.get(token, &url).await;
            assert_eq!(got.status, 200, "{url}: {}", got.body);
            items.extend(got.body["value"].as_array().unwrap().iter().cloned());
            next = got.body["@odata.nextLink"].as_str().map(str::to_owned);
        }
        items
    }
}
