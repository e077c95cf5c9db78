//! Tokens: where they come from, and how long they are kept.

mod certificate;
mod endpoint;
mod given;
mod refresh;
mod secret;

pub use certificate::ClientCertificate;
pub(crate) use endpoint::{Grant, aadsts, claims, redeem};
pub use given::GivenTokens;
pub use refresh::RefreshToken;
pub use secret::ClientSecret;

use crate::endpoints::Service;
use crate::error::TokenError;
use async_trait::async_trait;
use breakglass_model::Secret;
use breakglass_ops::port::Clock;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A bearer token and its time. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// When it was given.
    pub given_at: Timestamp,
    /// From then on it is refused.
    pub expires_at: Timestamp,
}

impl Token {
    /// Whether it is time for a new one: five minutes before the end, or a quarter of a short life.
    fn is_stale(&self, now: Timestamp) -> bool {
        let life = self.expires_at.duration_since(self.given_at);
        let margin = (life / 4).min(SignedDuration::from_mins(5));
        self.expires_at.duration_since(now) <= margin
    }
}

/// A credential that tokens can be had for.
///
/// Contract: `fetch` always asks for a fresh token (keeping is the caller's); errors and `describe` never carry the
/// credential; calls may run at once.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A fresh token for a service.
    async fn fetch(&self, service: Service) -> Result<Token, TokenError>;
    /// Which credential this is, for the statement before acting.
    fn describe(&self) -> String;
}

/// Keeps one token a service until shortly before it expires. Whoever comes while a token is fetched waits for it.
pub(crate) struct Purse {
    source: Arc<dyn TokenSource>,
    held: BTreeMap<Service, Mutex<Option<Token>>>,
}

impl Purse {
    pub(crate) fn new(source: Arc<dyn TokenSource>) -> Self {
        let held = [Service::Graph, Service::Arm].map(|service| (service, Mutex::default()));
        Self { source, held: held.into() }
    }

    /// Puts in a token that came from elsewhere.
    pub(crate) async fn put(&self, service: Service, token: Token) {
        if let Some(slot) = self.held.get(&service) {
            *slot.lock().await = Some(token);
        }
    }

    pub(crate) fn describe(&self) -> String {
        self.source.describe()
    }

    pub(crate) async fn token(&self, service: Service, clock: &dyn Clock) -> Result<Secret, TokenError> {
        let Some(slot) = self.held.get(&service) else { return Ok(self.source.fetch(service).await?.secret) };
        let mut held = slot.lock().await;
        if let Some(token) = held.as_ref().filter(|t| !t.is_stale(clock.now())) {
            return Ok(token.secret.clone());
        }
        match (self.source.fetch(service).await, held.as_ref()) {
            (Ok(token), _) => Ok(held.insert(token).secret.clone()),
            // While the login is down, the last minutes of the old token are worth having.
            (Err(TokenError::Unavailable { .. }), Some(old)) if old.expires_at > clock.now() => {
                Ok(old.secret.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The service refused this token: it is not used again.
    pub(crate) async fn forget(&self, service: Service, token: &Secret) {
        if let Some(slot) = self.held.get(&service) {
            let mut held = slot.lock().await;
            if held.as_ref().is_some_and(|t| t.secret.matches(token)) {
                *held = None;
            }
        }
    }
}
