//! One tenant's connection: sends a request, keeps the limits, and tries again as [`crate::policy`] says.

use crate::endpoints::Endpoints;
use crate::error::SetupError;
use crate::outgoing::{Body, Outgoing};
use crate::policy::{Attempts, Decision, Limits, Outcome, Throttle, Why, decide, retry_after};
use crate::tls;
use breakglass_model::TenantId;
use breakglass_model::design::{Cloud, TenantDesign};
use breakglass_ops::port::{Clock, Entropy};
use reqwest::header;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The largest answer that is read; a page of a thousand sign-ins is a few megabytes.
const LARGEST: usize = 64 << 20;

/// One tenant's connection. Everything in a process that talks to the same tenant shares one, because the limits are
/// the tenant's and not the credential's.
pub struct EntraClient {
    tenant: TenantId,
    endpoints: Endpoints,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    throttle: Mutex<Throttle>,
    limits: Limits,
}

/// An answer that stands.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
    /// An earlier attempt may have taken effect already.
    pub(crate) repeated: bool,
}

/// No answer that stands.
pub(crate) struct Exhausted {
    pub(crate) attempts: u32,
    pub(crate) detail: String,
}

impl EntraClient {
    /// The connection to the tenant of a design.
    ///
    /// # Errors
    /// When tenant id, endpoints or CA bundle cannot be used. Nothing is sent yet.
    pub fn new(
        design: &TenantDesign,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<Self>, SetupError> {
        if !design.id.is_guid() {
            return Err(SetupError::Tenant(design.id.to_string()));
        }
        let endpoints = Endpoints::of(&design.cloud)?;
        let bundle = match &design.cloud {
            Cloud::Custom { ca_bundle, .. } => ca_bundle.as_deref().map(Path::new),
            _ => None,
        };
        let http = tls::client(&endpoints, bundle)?;
        let (throttle, limits) = (Mutex::default(), Limits::default());
        Ok(Arc::new(Self { tenant: design.id.clone(), endpoints, http, clock, entropy, throttle, limits }))
    }

    /// Which tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Where it is.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// A random identifier in the form of a GUID.
    pub(crate) fn fresh_id(&self) -> String {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Sends until there is an answer that stands, or patience ends.
    pub(crate) async fn exchange(&self, request: &Outgoing) -> Result<Answer, Exhausted> {
        let id = self.fresh_id();
        let mut so_far = Attempts::default();
        let mut repeated = false;
        loop {
            self.wait_for_turn(request).await;
            so_far.made += 1;
            let (outcome, answer, detail) = match self.attempt(request, &id).await {
                Ok((answer, pause)) => {
                    let outcome = Outcome::Answered { status: answer.status, retry_after: pause };
                    let detail = crate::answer::words(&answer);
                    (outcome, Some(answer), detail)
                }
                Err(Broken::Untrusted(detail)) => return Err(Exhausted { attempts: so_far.made, detail }),
                Err(Broken::NotSent(detail)) => (Outcome::NotSent, None, detail),
                Err(Broken::Lost(detail)) => (Outcome::Lost, None, detail),
            };
            let jitter = u16::from_le_bytes(self.random());
            match decide(outcome, request.safety, so_far, &self.limits, jitter) {
                Decision::Take => {
                    let answer = answer.map(|a| Answer { repeated, ..a });
                    return answer.ok_or(Exhausted { attempts: so_far.made, detail });
                }
                Decision::Again(pause) => {
                    repeated |= outcome.is_ambiguous();
                    so_far.waited = so_far.waited.saturating_add(pause);
                    self.pause(request, outcome, pause).await;
                }
                Decision::GiveUp(why) => {
                    let detail = format!("{detail}{}", explain(why));
                    return Err(Exhausted { attempts: so_far.made, detail });
                }
            }
        }
    }

    async fn wait_for_turn(&self, request: &Outgoing) {
        loop {
            let wait = self.with_throttle(|t| t.reserve(request.bucket, self.clock.now()));
            if !wait.is_zero() {
                self.clock.sleep(wait).await;
            }
            // Closed in the meantime: a new place, so that those who waited do not all go at once.
            if self.with_throttle(|t| t.closed(request.bucket, self.clock.now())).is_zero() {
                return;
            }
        }
    }

    /// A throttled bucket is closed for everybody; other pauses are this request's own.
    async fn pause(&self, request: &Outgoing, outcome: Outcome, pause: Duration) {
        if matches!(outcome, Outcome::Answered { status: 429, .. }) {
            self.with_throttle(|t| t.close(request.bucket, self.clock.now(), pause));
        } else {
            self.clock.sleep(pause).await;
        }
    }

    fn with_throttle<T>(&self, act: impl FnOnce(&mut Throttle) -> T) -> T {
        // The throttle's state is plain numbers: a panic elsewhere leaves nothing half done in it.
        act(&mut self.throttle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn attempt(&self, request: &Outgoing, id: &str) -> Result<(Answer, Option<Duration>), Broken> {
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .header(header::ACCEPT, "application/json")
            .header("client-request-id", id)
            .header("return-client-request-id", "true")
            .header("x-ms-client-request-id", id)
            // Under pressure, a change to emergency access goes before a reading.
            .header(
                "x-ms-throttle-priority",
                if request.method == reqwest::Method::GET { "normal" } else { "high" },
            );
        if let Some(token) = &request.bearer {
            builder = builder.bearer_auth(token.danger_reveal());
        }
        let typed = |b: reqwest::RequestBuilder, kind: &str| b.header(header::CONTENT_TYPE, kind);
        builder = match &request.body {
            Body::None if request.method == reqwest::Method::POST => {
                builder.header(header::CONTENT_LENGTH, 0)
            }
            Body::None => builder,
            Body::Json(value) => typed(builder, "application/json").body(value.to_string()),
            Body::Sealed { kind, text, .. } => typed(builder, kind).body(text.danger_reveal().to_owned()),
        };
        let mut response = builder.send().await.map_err(Broken::from)?;
        let status = response.status().as_u16();
        let named =
            |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let pause = retry_after(named("retry-after").as_deref(), self.clock.now());
        let request_id = named("request-id").or_else(|| named("x-ms-request-id"));
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|e| Broken::Lost(tls::causes(&e.without_url())))?
        {
            if body.len() + chunk.len() > LARGEST {
                return Err(Broken::Lost(format!("the answer is larger than {} MiB", LARGEST >> 20)));
            }
            body.extend_from_slice(&chunk);
        }
        if !(200..300).contains(&status) {
            body = request.body.hide_in(body);
        }
        Ok((Answer { status, body, request_id, repeated: false }, pause))
    }
}

impl std::fmt::Debug for EntraClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntraClient")
            .field("tenant", &self.tenant)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

enum Broken {
    /// The other side could not prove who it is: trying again will not mend it, and nothing was sent.
    Untrusted(String),
    NotSent(String),
    Lost(String),
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        let connecting = error.is_connect() || error.is_builder();
        let detail = tls::causes(&error.without_url());
        if detail.contains("invalid peer certificate") {
            return Self::Untrusted(format!(
                "{detail}; give the CA that signed it as `ca_bundle` if the endpoint is yours"
            ));
        }
        if connecting { Self::NotSent(detail) } else { Self::Lost(detail) }
    }
}

fn explain(why: Why) -> String {
    match why {
        Why::MayHaveTakenEffect => "; it may have taken effect: read before trying again".into(),
        Why::Attempts => "; tried often enough".into(),
        Why::Budget { pause } => format!("; the service asks to wait another {} s", pause.as_secs()),
    }
}
