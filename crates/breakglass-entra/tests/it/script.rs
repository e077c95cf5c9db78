//! A service that answers by script, and a world whose clock only moves when somebody sleeps.

use async_trait::async_trait;
use breakglass_entra::{ClientSecret, EntraClient, EntraTenant};
use breakglass_model::design::{Cloud, TenantDesign};
use breakglass_model::{Secret, TenantId};
use breakglass_ops::port::{Clock, Entropy};
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const SECRET: &str = "s3cr3t+value/of=the&client";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `login`, `graph` or `arm`.
    pub(crate) at: &'static str,
    /// Method and target.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// How many requests with this line came before.
    pub(crate) nth: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// A field of a form body.
    pub(crate) fn field(&self, name: &str) -> String {
        let url = reqwest::Url::parse(&format!("https://x/?{}", self.body)).unwrap();
        url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) enum Reply {
    Json(u16, Value),
    With(u16, Vec<(&'static str, String)>, String),
    /// Closes the connection without an answer.
    Reset,
    /// Promises more bytes than it sends.
    Truncated(&'static str),
}

pub(crate) fn ok(value: Value) -> Reply {
    Reply::Json(200, value)
}

pub(crate) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::Json(status, json!({ "error": { "code": code, "message": message } }))
}

/// The token endpoint as most scripts want it: an hour, a new text each time.
pub(crate) fn token(seen: &Seen) -> Reply {
    ok(
        json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": format!("token-{}", seen.nth + 1) }),
    )
}

type Play = dyn Fn(&Seen) -> Reply + Send + Sync;

/// The service and the client's world.
pub(crate) struct Script {
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) client: Arc<EntraClient>,
    /// Base URLs by name.
    pub(crate) origins: [String; 3],
    pub(crate) folder: tempfile::TempDir,
}

impl Script {
    /// Starts three origins that answer by `play`; token requests get [`token`] unless `play` is asked first.
    pub(crate) async fn new(play: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_login(move |seen| if seen.at == "login" { token(seen) } else { play(seen) }).await
    }

    pub(crate) async fn with_login(play: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let play: Arc<Play> = Arc::new(play);
        let (acceptor, ca) = tls();
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("ca.pem");
        std::fs::write(&bundle, ca).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut origins = Vec::new();
        for at in ["login", "graph", "arm"] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            origins.push(format!("https://localhost:{}", listener.local_addr().unwrap().port()));
            tokio::spawn(serve(at, listener, acceptor.clone(), seen.clone(), play.clone()));
        }
        let origins: [String; 3] = origins.try_into().unwrap();
        let clock = Arc::new(FakeClock::default());
        let client = client(&origins, Some(bundle.display().to_string()), clock.clone()).unwrap();
        Self { seen, clock, client, origins, folder }
    }

    /// The tenant with a client secret.
    pub(crate) fn tenant(&self) -> EntraTenant {
        let source = ClientSecret::new(self.client.clone(), "app", &Secret::new(SECRET));
        EntraTenant::new(self.client.clone(), Arc::new(source))
    }

    /// Everything that arrived at one origin.
    pub(crate) fn seen(&self, at: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|s| s.at == at).cloned().collect()
    }
}

pub(crate) fn client(
    origins: &[String; 3],
    ca_bundle: Option<String>,
    clock: Arc<FakeClock>,
) -> Result<Arc<EntraClient>, breakglass_entra::SetupError> {
    let [login, graph, arm] = origins.clone();
    let cloud = Cloud::Custom { login, graph, arm, ca_bundle };
    let design = TenantDesign { id: TenantId::new(TENANT), name: "test".into(), cloud };
    EntraClient::new(&design, clock, Arc::new(Counting::default()))
}

fn tls() -> (TlsAcceptor, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(params, ca_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), ca.pem())
}

async fn serve(
    at: &'static str,
    listener: TcpListener,
    acceptor: TlsAcceptor,
    seen: Arc<Mutex<Vec<Seen>>>,
    play: Arc<Play>,
) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let (acceptor, seen, play) = (acceptor.clone(), seen.clone(), play.clone());
        tokio::spawn(async move {
            // A client that does not trust us ends here.
            let Ok(mut stream) = acceptor.accept(tcp).await else { return };
            let Some(request) = request(at, &mut stream).await else { return };
            let request = {
                let mut all = seen.lock().unwrap();
                let nth = all.iter().filter(|s| s.at == at && s.line == request.line).count();
                let request = Seen { nth, ..request };
                all.push(request.clone());
                request
            };
            let (status, headers, body, length) = match play(&request) {
                Reply::Reset => return,
                Reply::Json(status, value) => {
                    let body = if value.is_null() { String::new() } else { value.to_string() };
                    (status, Vec::new(), body.clone(), body.len())
                }
                Reply::With(status, headers, body) => (status, headers, body.clone(), body.len()),
                Reply::Truncated(body) => (200, Vec::new(), body.to_owned(), body.len() + 100),
            };
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\nrequest-id: r-{status}\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            if status != 204 {
                head.push_str(&format!("content-length: {length}\r\n"));
            }
            let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes()).await;
            let _ = stream.shutdown().await;
        });
    }
}

async fn request(at: &'static str, stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(": "))
        .map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()))
        .collect();
    let length = headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[head_end + 4..].to_vec()).unwrap();
    Some(Seen { at, line, headers, body, nth: 0 })
}

/// Moves only when somebody sleeps, and remembers each sleep.
pub(crate) struct FakeClock {
    now: Mutex<Timestamp>,
    slept: Mutex<Vec<Duration>>,
}

impl Default for FakeClock {
    fn default() -> Self {
        Self { now: Mutex::new("2026-11-21T12:00:00Z".parse().unwrap()), slept: Mutex::default() }
    }
}

impl FakeClock {
    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }

    /// All sleeps, in milliseconds.
    pub(crate) fn slept(&self) -> Vec<u128> {
        self.slept.lock().unwrap().iter().map(Duration::as_millis).collect()
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.slept.lock().unwrap().push(duration);
        self.advance(duration);
        tokio::task::yield_now().await;
    }
}

/// Different bytes each time, the same in every run.
#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        buffer.iter_mut().zip(n.iter().cycle()).for_each(|(b, n)| *b = n.wrapping_mul(37).wrapping_add(11));
    }
}
