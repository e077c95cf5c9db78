//! Starting and stopping: ports, TLS, the faults that stand before every answer.

use crate::keys::Keys;
use crate::login;
use crate::mandatory_mfa;
use crate::presets::Tenant;
use crate::state::ids::random;
use crate::state::{Account, Emulated, Origins, Shared, State};
use crate::tls::{Authority, client_certificate};
use crate::{arm, control, files, graph, token};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take over its TLS handshake, and how long open requests may take to end.
const HANDSHAKE: Duration = Duration::from_secs(10);
const FAREWELL: Duration = Duration::from_secs(2);

/// Why the emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The tenant cannot be had.
    #[error("cannot serve tenant `{name}`: {detail}")]
    Tenant {
        /// What was asked for.
        name: String,
        /// Why.
        detail: String,
    },
    /// Only loopback is served: its passwords and keys are worth nothing and protect nothing.
    #[error("`{0}` is not a loopback address; the emulator listens on this machine alone")]
    NotLoopback(SocketAddr),
    /// A port is not to be had.
    #[error("cannot listen on {address}: {detail}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        detail: String,
    },
    /// The state directory or a key in it cannot be used.
    #[error("{0}")]
    Keys(String),
}

/// What to serve, and where.
#[derive(Clone, Debug)]
pub struct Options {
    name: String,
    tenant: Tenant,
    listen: SocketAddr,
    directory: PathBuf,
}

impl Options {
    /// A tenant (a preset's name, a snapshot file or a folder of Graph JSON) on a loopback address. Port 0 takes free ports; any
    /// other is the login's, and Graph, ARM, monitor and control take the four after it. `directory` keeps the certificate authority
    /// and the client certificate from one start to the next.
    ///
    /// # Errors
    /// When there is no such tenant, or the address is not loopback.
    pub fn preset(name: &str, listen: SocketAddr, directory: PathBuf) -> Result<Self, StartError> {
        if !listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(listen));
        }
        let tenant =
            Tenant::find(name).map_err(|detail| StartError::Tenant { name: name.to_owned(), detail })?;
        Ok(Self { name: name.to_owned(), tenant, listen, directory })
    }
}

/// Where everything is and how to sign in: what the ready file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// Base URL of the login, without a trailing slash.
    pub login: String,
    /// Base URL of Microsoft Graph.
    pub graph: String,
    /// Base URL of Azure Resource Manager.
    pub arm: String,
    /// Base URL of Azure Monitor.
    pub monitor: String,
    /// The certificate authority to trust, as a PEM file.
    pub ca_bundle: PathBuf,
    /// Tenant id.
    pub tenant_id: String,
    /// Application id of the automation application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Its certificate and private key, as a PEM file.
    pub client_certificate: PathBuf,
    /// The Azure subscription.
    pub subscription_id: String,
    /// Emergency accounts that the tenant comes with.
    pub accounts: Vec<Account>,
    /// Display name of the exclusion group.
    pub exclusion_group: String,
    /// Base URL for clock, faults, outages, logs and where sign-ins come from. `GET` on it shows what is set.
    pub control: String,
}

/// The emulator.
pub struct Emulator;

/// An emulator that listens.
pub struct Running {
    /// Where everything is.
    pub ready: Ready,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Emulator {
    /// Starts; when it returns, every port listens.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let mut state = State::new(seed(&options.name));
        options
            .tenant
            .fill(&mut state)
            .map_err(|detail| StartError::Tenant { name: options.name.clone(), detail })?;
        launch(state, options.listen, options.directory).await.map(|(running, _)| running)
    }
}

/// Starts with a tenant as it is.
pub(crate) async fn launch(
    mut state: State,
    at: SocketAddr,
    directory: PathBuf,
) -> Result<(Running, Shared), StartError> {
    // Making RSA keys takes a while: both at once, and not on the threads that serve.
    let (keys, certificate) = tokio::join!(
        blocking({
            let directory = directory.clone();
            move || files::make_directory(&directory).and_then(|()| Keys::load(&directory))
        }),
        blocking({
            let directory = directory.clone();
            move || files::make_directory(&directory).and_then(|()| client_certificate(&directory))
        })
    );
    let (keys, (certificate_file, certificate)) = (keys?, certificate?);
    let authority = Authority::load(&directory).map_err(StartError::Keys)?;
    let acceptor = TlsAcceptor::from(authority.server().map_err(StartError::Keys)?);
    state.register_automation(URL_SAFE_NO_PAD.encode(random::<30>()), certificate);
    token::clients::register_known(&mut state);

    let listeners = listen(at).await?;
    let [login, graph, arm, monitor, control] = listeners.each_ref().map(|(_, origin)| origin.clone());
    let origins = Origins { login, graph, arm, monitor, control };
    let ready = ready(&state, &origins, authority.bundle, certificate_file);
    let shared = Emulated::new(state, keys, origins);

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let routers = [
        ("login", login::router(shared.clone())),
        ("graph", graph::router(shared.clone())),
        ("arm", mandatory_mfa::before(arm::router(shared.clone()), shared.clone())),
        ("monitor", arm::router(shared.clone())),
        ("control", control::router(shared.clone())),
    ];
    for ((name, router), (listener, _)) in routers.into_iter().zip(listeners) {
        let router = if name == "control" { router } else { with_faults(router, shared.clone(), name) };
        tasks.spawn(serve(listener, acceptor.clone(), router, stopped.clone()));
    }
    Ok((Running { ready, stop, tasks }, shared))
}

impl Running {
    /// Stops: no new connections, open ones have two seconds.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let end = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, end).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, StartError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|e| StartError::Keys(e.to_string()))?;
    done.map_err(StartError::Keys)
}

/// Each tenant has a seed of its own, so that ids repeat from start to start.
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn ready(state: &State, origins: &Origins, ca_bundle: PathBuf, client_certificate: PathBuf) -> Ready {
    Ready {
        login: origins.login.clone(),
        graph: origins.graph.clone(),
        arm: origins.arm.clone(),
        monitor: origins.monitor.clone(),
        ca_bundle,
        tenant_id: state.tenant_id.clone(),
        client_id: state.automation.client_id.clone(),
        client_secret: state.automation.client_secret.clone(),
        client_certificate,
        subscription_id: state.subscription_id.clone(),
        accounts: state.emergency.clone(),
        exclusion_group: state.exclusion_group.clone(),
        control: origins.control.clone(),
    }
}

/// Five ports, each with its origin. The host is `localhost`: the name that every client takes (`REAL_CLIENTS` 2).
async fn listen(at: SocketAddr) -> Result<[(TcpListener, String); 5], StartError> {
    let one = async |nth: u16| {
        let port = if at.port() == 0 { 0 } else { at.port().saturating_add(nth) };
        let address = SocketAddr::new(at.ip(), port);
        let wrong = |e: std::io::Error| StartError::Listen { address, detail: e.to_string() };
        let listener = TcpListener::bind(address).await.map_err(wrong)?;
        let port = listener.local_addr().map_err(wrong)?.port();
        Ok((listener, format!("https://localhost:{port}")))
    };
    Ok([one(0).await?, one(1).await?, one(2).await?, one(3).await?, one(4).await?])
}

/// Connections whose TLS handshake is done.
struct TlsListener {
    address: SocketAddr,
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(connection) => connection,
            // The accepting task has ended, so the whole server is about to.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let Ok(address) = listener.local_addr() else { return };
    let (send, accepted) = mpsc::channel(64);
    let accepting = async {
        // Handshakes run beside each other, and end with this task.
        let mut handshakes = JoinSet::new();
        loop {
            let Ok((stream, peer)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            while handshakes.try_join_next().is_some() {}
            let (acceptor, send) = (acceptor.clone(), send.clone());
            handshakes.spawn(async move {
                let _ = stream.set_nodelay(true);
                if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    let _ = send.send((stream, peer)).await;
                }
            });
        }
    };
    let mut ended = stopped.clone();
    let serving = axum::serve(TlsListener { address, accepted }, router).with_graceful_shutdown(async move {
        let _ = ended.wait_for(|stop| *stop).await;
    });
    let until_stopped = async {
        tokio::select! {
            () = accepting => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    };
    let (_, ()) = tokio::join!(serving, until_stopped);
}

/// Puts the faults that were asked for before a router.
fn with_faults(router: Router, shared: Shared, origin: &'static str) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let shared = shared.clone();
        async move {
            let fault = shared.lock().faults.take(origin, request.method().as_str(), request.uri().path());
            let Some(fault) = fault else { return next.run(request).await };
            if fault.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
            }
            let Some(status) = fault.status else { return next.run(request).await };
            if fault.after_effect {
                drop(next.run(request).await);
            }
            failure(origin, status, fault.retry_after)
        }
    }))
}

/// An error in the shape of its service.
fn failure(origin: &str, status: u16, retry_after: Option<u64>) -> Response {
    let code = match status {
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => "InternalServerError",
    };
    let message = "A fault of the emulator, as it was asked for.";
    let body = if origin == "login" {
        json!({ "error": "temporarily_unavailable", "error_description": format!("AADSTS90033: {message}"),
            "error_codes": [90_033] })
    } else {
        json!({ "error": { "code": code, "message": message } })
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
