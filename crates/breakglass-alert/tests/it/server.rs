//! An endpoint that answers by script, plain or over TLS with a CA of its own.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: &'static str,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: "", body: body.into(), after: Duration::ZERO }
}

/// A running endpoint.
pub(crate) struct Server {
    pub(crate) url: String,
    /// PEM of the CA, when it speaks TLS.
    pub(crate) ca: Option<String>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers by the script, the last answer for ever.
    pub(crate) async fn plain(script: Vec<Answer>) -> Self {
        Self::start(script, None).await
    }

    pub(crate) async fn tls(script: Vec<Answer>) -> Self {
        Self::start(script, Some(tls())).await
    }

    async fn start(script: Vec<Answer>, tls: Option<(TlsAcceptor, String)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, ca) = tls.unzip();
        let scheme = if ca.is_some() { "https" } else { "http" };
        let seen = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, acceptor, script, seen.clone()));
        Self { url: format!("{scheme}://localhost:{port}/hooks/s3cr3t-path"), ca, seen }
    }

    /// Requests as they arrived, head and body.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    script: Vec<Answer>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let (acceptor, script, seen) = (acceptor.clone(), script.clone(), seen.clone());
        tokio::spawn(async move {
            match acceptor {
                // A client that does not trust us ends here.
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(tcp).await {
                        talk(stream, &script, &seen).await;
                    }
                }
                None => talk(tcp, &script, &seen).await,
            }
        });
    }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: &[Answer], seen: &Mutex<Vec<String>>) {
    let Some(request) = request(&mut stream).await else { return };
    let nth = {
        let mut seen = seen.lock().unwrap();
        seen.push(request);
        seen.len() - 1
    };
    let answer = script.get(nth).or(script.last()).unwrap();
    tokio::time::sleep(answer.after).await;
    let text = format!(
        "HTTP/1.1 {} X\r\nconnection: close\r\n{}content-length: {}\r\n\r\n{}",
        answer.status,
        answer.headers,
        answer.body.len(),
        answer.body
    );
    drop(stream.write_all(text.as_bytes()).await);
    drop(stream.shutdown().await);
}

async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
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
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), ca.pem())
}
