//! The other end of a webhook on this machine: for rehearsals, the demo and tests.
//!
//! It keeps alerts in memory, drops repeats, acknowledges at once, and believes nobody without the key when it has one. It
//! listens on loopback only. It is deliberately no alarm system: nobody is called.

use crate::signature::{self, SIGNATURE, TIMESTAMP};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use breakglass_model::Secret;
use breakglass_ops::port::{Alert, Clock};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// A longer message is refused.
const LONGEST: usize = 256 * 1024;

/// An alert that arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The alert.
    pub alert: Alert,
    /// When it came first.
    pub at: Timestamp,
    /// How often it came again.
    pub repeats: u32,
}

/// Why the receiver does not start.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// Not this machine.
    #[error("the receiver listens on this machine only: `{0}` is not a loopback address; use `127.0.0.1:0`")]
    NotLoopback(SocketAddr),
    /// The address is taken, or may not be used.
    #[error("the receiver cannot listen on `{address}`: {detail}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the operating system says.
        detail: String,
    },
}

struct Inner {
    key: Option<Secret>,
    clock: Arc<dyn Clock>,
    received: Mutex<Vec<Received>>,
    refused: Mutex<u32>,
    changed: Notify,
}

/// A running receiver. It stops when it is dropped.
pub struct Receiver {
    inner: Arc<Inner>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("address", &self.address)
            .field("keyed", &self.inner.key.is_some())
            .finish()
    }
}

impl Receiver {
    /// Starts listening; port 0 takes a free one. With a key only signed messages are believed.
    ///
    /// # Errors
    /// See [`ReceiverError`].
    pub async fn start(
        listen: SocketAddr,
        key: Option<Secret>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ReceiverError> {
        if !listen.ip().is_loopback() {
            return Err(ReceiverError::NotLoopback(listen));
        }
        let failed = |e: std::io::Error| ReceiverError::Listen { address: listen, detail: e.to_string() };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let inner = Arc::new(Inner {
            key,
            clock,
            received: Mutex::default(),
            refused: Mutex::default(),
            changed: Notify::new(),
        });
        let app = Router::new()
            .route("/alerts", post(take))
            .layer(DefaultBodyLimit::max(LONGEST))
            .with_state(inner.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let serve = axum::serve(listener, app).with_graceful_shutdown(async move {
                // Dropping the sender stops as well as sending.
                drop(stopped.await);
            });
            // There is nobody to tell that a receiver for rehearsals has ended; its alerts stay where they are.
            drop(serve.await);
        });
        Ok(Self { inner, address, stop: Some(stop), task })
    }

    /// The address for the design.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/alerts", self.address)
    }

    /// Everything that arrived, in the order in which it came first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.inner.received).clone()
    }

    /// How many messages were not believed or not understood.
    #[must_use]
    pub fn refused(&self) -> u32 {
        *lock(&self.inner.refused)
    }

    /// Waits until an alert that fits is there.
    pub async fn wait_for(&self, fits: impl Fn(&Alert) -> bool) -> Received {
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = self.received().into_iter().find(|r| fits(&r.alert)) {
                return found;
            }
            changed.await;
        }
    }

    /// Stops listening, after open connections have ended.
    pub async fn stop(mut self) {
        self.stop.take();
        drop((&mut self.task).await);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.take();
    }
}

/// A panic elsewhere must not silence the receiver: the list is whole after every push.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let now = inner.clock.now();
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(key) = &inner.key
        && let Err(problem) = signature::verify(key, header(TIMESTAMP), header(SIGNATURE), &body, now)
    {
        return inner.refuse(StatusCode::UNAUTHORIZED, &problem.to_string());
    }
    let alert: Alert = match serde_json::from_slice(&body) {
        Ok(alert) => alert,
        Err(error) => return inner.refuse(StatusCode::BAD_REQUEST, &format!("this is no alert: {error}")),
    };
    let answer = |at: Timestamp, repeat: bool| {
        (StatusCode::OK, Json(json!({ "id": alert.id, "acknowledged_at": at, "repeat": repeat })))
            .into_response()
    };
    let mut received = lock(&inner.received);
    if let Some(known) = received.iter_mut().find(|r| r.alert.id == alert.id) {
        known.repeats = known.repeats.saturating_add(1);
        // It was acknowledged when it came first; a repeat moves nothing.
        return answer(known.at, true);
    }
    let response = answer(now, false);
    received.push(Received { alert, at: now, repeats: 0 });
    drop(received);
    inner.changed.notify_waiters();
    response
}

impl Inner {
    fn refuse(&self, status: StatusCode, problem: &str) -> Response {
        let mut refused = lock(&self.refused);
        *refused = refused.saturating_add(1);
        (status, Json(json!({ "error": problem }))).into_response()
    }
}
