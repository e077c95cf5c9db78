//! What tests share: a small tenant that listens, a browser of a few lines, and an authenticator.

use crate::serve::{Running, launch};
use crate::state::{Shared, State};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;
use tokio::sync::OnceCell;

pub(crate) const ALICE: &str = "a0000000-0000-4000-8000-000000000001";
pub(crate) const ALICE_UPN: &str = "alice@contoso.onmicrosoft.com";
pub(crate) const PASSWORD: &str = "correct horse \"battery\" & staple";
pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// A running tenant with one Global Administrator, and an HTTP client that trusts it and follows nothing.
pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) shared: Shared,
    pub(crate) http: reqwest::Client,
    _directory: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let mut state = State::new(7);
        state
            .directory
            .domains
            .insert(json!({ "id": "contoso.onmicrosoft.com", "authenticationType": "Managed" }));
        state.directory.users.insert(json!({
            "id": ALICE, "userPrincipalName": ALICE_UPN, "displayName": "Alice", "accountEnabled": true, "userType": "Member",
        }));
        state.directory.role_assignments.insert(json!({
            "id": "r1", "principalId": ALICE, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/",
        }));
        state.set_password(ALICE, PASSWORD, false);
        let directory = keyed().await;
        let listen = ([127, 0, 0, 1], 0).into();
        let (running, shared) = launch(state, listen, directory.path().to_owned()).await.unwrap();
        let http = client(&running.ready.ca_bundle);
        Self { running, shared, http, _directory: directory }
    }

    /// Posts a form to the token endpoint: status and body.
    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let ready = &self.running.ready;
        let url = format!("{}/{}/oauth2/v2.0/token", ready.login, ready.tenant_id);
        let response = self.http.post(url).form(fields).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.running.ready.control);
        self.http.post(url).json(body).send().await.unwrap().json().await.unwrap()
    }

    /// The authorize address of a client for Graph, with a challenge for the verifier `verifier`.
    pub(crate) fn authorize(&self, client: &str, verifier: &str, more: &[(&str, &str)]) -> String {
        let ready = &self.running.ready;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let scope = format!("{}/.default offline_access openid profile", ready.graph);
        let mut url =
            reqwest::Url::parse(&format!("{}/{}/oauth2/v2.0/authorize", ready.login, ready.tenant_id))
                .unwrap();
        url.query_pairs_mut()
            .extend_pairs([
                ("client_id", client),
                ("response_type", "code"),
                ("redirect_uri", "http://localhost:1234"),
                ("scope", &scope),
                ("state", "s 1"),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ])
            .extend_pairs(more);
        url.into()
    }

    pub(crate) async fn open(&self, url: &str) -> Page {
        Page::of(
            self.http
                .get(url)
                .header("user-agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0")
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Sends the form of a step with some of its fields filled in.
    pub(crate) async fn submit(&self, page: &Page, step: &str, fill: &[(&str, &str)]) -> Page {
        let (action, mut fields) = page.form(step);
        fields.extend(fill.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        let url = format!("{}{action}", self.running.ready.login);
        Page::of(self.http.post(url).form(&fields).send().await.unwrap()).await
    }

    /// The newest sign-in record.
    pub(crate) fn last_sign_in(&self) -> Value {
        let state = self.shared.lock();
        state.logs.sign_ins.visible(state.now()).next_back().cloned().unwrap()
    }

    /// Registers a key for Alice as Graph's handlers would.
    pub(crate) fn register(&self, key: &Key) -> String {
        let login = self.running.ready.login.clone();
        let mut state = self.shared.lock();
        let challenge = state.creation_challenge(ALICE);
        let credential = key.create(&challenge, &login, "localhost");
        crate::webauthn::register(&mut state, &login, ALICE, &credential).unwrap().method_id
    }
}

/// A copy of a state directory whose RSA keys were made once for all tests.
async fn keyed() -> TempDir {
    static KEYS: OnceCell<(Vec<u8>, Vec<u8>)> = OnceCell::const_new();
    let (signing, client) = KEYS
        .get_or_init(|| async {
            let made = tempfile::tempdir().unwrap();
            let path = made.path();
            crate::keys::Keys::load(path).unwrap();
            crate::tls::client_certificate(path).unwrap();
            (
                std::fs::read(path.join("signing-key.der")).unwrap(),
                std::fs::read(path.join("client.pem")).unwrap(),
            )
        })
        .await;
    let copy = tempfile::tempdir().unwrap();
    std::fs::write(copy.path().join("signing-key.der"), signing).unwrap();
    std::fs::write(copy.path().join("client.pem"), client).unwrap();
    copy
}

fn client(ca: &Path) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([ca])
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

/// What the login answered.
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) location: Option<String>,
}

impl Page {
    async fn of(response: reqwest::Response) -> Self {
        let location = response.headers().get("location").map(|l| l.to_str().unwrap().to_owned());
        Self { location, html: response.text().await.unwrap() }
    }

    /// The number of the error that the page shows.
    pub(crate) fn error(&self) -> Option<u32> {
        let (_, rest) = self.html.split_once("data-code=\"")?;
        rest.split('"').next()?.parse().ok()
    }

    /// Where a form leads, and its hidden fields.
    fn form(&self, step: &str) -> (String, BTreeMap<String, String>) {
        let form = self.part(step);
        let mut fields = BTreeMap::new();
        for input in form.split("<input type=\"hidden\"").skip(1) {
            fields.insert(attribute(input, "name"), attribute(input, "value"));
        }
        (attribute(form, "action"), fields)
    }

    fn part(&self, step: &str) -> &str {
        let mark = format!("data-step=\"{step}\"");
        let form = self.html.split("<form").find(|f| f.contains(&mark));
        form.unwrap_or_else(|| panic!("no form `{step}` in:\n{}", self.html)).split("</form>").next().unwrap()
    }

    pub(crate) fn has(&self, step: &str) -> bool {
        self.html.contains(&format!("data-step=\"{step}\""))
    }

    /// What the passkey is asked to sign.
    pub(crate) fn passkey_options(&self) -> Value {
        serde_json::from_str(&attribute(self.part("passkey"), "data-public-key")).unwrap()
    }

    /// A field of the address that the browser is sent to.
    pub(crate) fn back(&self, name: &str) -> String {
        let url =
            reqwest::Url::parse(self.location.as_ref().unwrap_or_else(|| panic!("{}", self.html))).unwrap();
        let found = url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        found.unwrap_or_else(|| panic!("no `{name}` in {url}"))
    }
}

fn attribute(text: &str, name: &str) -> String {
    let (_, rest) = text.split_once(&format!("{name}=\"")).unwrap();
    rest.split('"').next().unwrap().replace("&quot;", "\"").replace("&amp;", "&")
}

/// An authenticator: makes credentials and signs.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    pub(crate) counter: u32,
}

impl Key {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { pair, id: vec![7; 20], counter: 0 }
    }

    fn client_data(kind: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn data(&self, flags: u8, rp: &str) -> Vec<u8> {
        [Sha256::digest(rp).as_slice(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// `navigator.credentials.create`, attestation `none`, model `aaaaaaaa-...`.
    pub(crate) fn create(&self, challenge: &[u8], origin: &str, rp: &str) -> Value {
        let point = self.pair.public_key().as_ref();
        let int = |i: i64| Cbor::Integer(i.into());
        let cose = Cbor::Map(vec![
            (int(1), int(2)),
            (int(3), int(-7)),
            (int(-1), int(1)),
            (int(-2), Cbor::Bytes(point[1..33].to_vec())),
            (int(-3), Cbor::Bytes(point[33..].to_vec())),
        ]);
        let mut data = self.data(0x45, rp);
        data.extend([0xaa; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        ciborium::into_writer(&cose, &mut data).unwrap();
        let text = |t: &str| Cbor::Text(t.into());
        let mut object = Vec::new();
        let map = Cbor::Map(vec![
            (text("fmt"), text("none")),
            (text("attStmt"), Cbor::Map(vec![])),
            (text("authData"), Cbor::Bytes(data)),
        ]);
        ciborium::into_writer(&map, &mut object).unwrap();
        json!({ "id": URL_SAFE_NO_PAD.encode(&self.id), "response": {
            "clientDataJSON": URL_SAFE_NO_PAD.encode(Self::client_data("webauthn.create", challenge, origin)),
            "attestationObject": URL_SAFE_NO_PAD.encode(object) } })
    }

    /// `navigator.credentials.get` for `localhost`.
    pub(crate) fn get(&self, challenge: &[u8], flags: u8, origin: &str) -> Value {
        let (client, data) =
            (Self::client_data("webauthn.get", challenge, origin), self.data(flags, "localhost"));
        let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": {
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client), "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()) } })
    }

    /// Answers a page, touched and with PIN, one count further.
    pub(crate) fn answer(&mut self, page: &Page, origin: &str) -> String {
        self.counter += 1;
        let challenge = page.passkey_options()["challenge"].as_str().unwrap().to_owned();
        self.get(&URL_SAFE_NO_PAD.decode(challenge).unwrap(), 5, origin).to_string()
    }
}
