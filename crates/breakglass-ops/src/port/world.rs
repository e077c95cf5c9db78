//! The rest of the world: time, randomness, keys, browsers, channels, storage and evidence.

use super::{PasskeyCreation, Tenant};
use async_trait::async_trait;
use breakglass_model::{ObjectId, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Time, handed in: tests move it, ops never asks the system.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// Randomness, handed in. Production fills from the operating system; a simulation fills from a printed seed.
pub trait Entropy: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// A FIDO2 authenticator: a hardware key over CTAP, or a software key for rehearsals.
#[async_trait]
pub trait SecurityKey: Send + Sync {
    /// Name for people and for the portal, e.g. `ea-01 key A`.
    fn name(&self) -> String;
    /// Model of the key, lower-case GUID.
    fn aaguid(&self) -> String;
    /// `navigator.credentials.create`: `options` is Graph's `webauthnPublicKeyCredentialCreationOptions`; `origin` is
    /// the login origin.
    async fn create(&self, options: &Value, origin: &str) -> Result<PasskeyCreation, SecurityKeyError>;
    /// `navigator.credentials.get` with user verification.
    async fn assert(
        &self,
        rp_id: &str,
        challenge: &[u8],
        origin: &str,
    ) -> Result<PasskeyAssertion, SecurityKeyError>;
}

/// The keys that lie on the table: which authenticators belong to which account.
pub trait KeyRing: Send + Sync {
    /// The keys of an account, in the order of the design.
    fn keys(&self, account: &str) -> Vec<Arc<dyn SecurityKey>>;
}

/// What an authenticator answers at sign-in; every field base64url without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyAssertion {
    /// Credential id.
    pub credential_id: String,
    /// `response.clientDataJSON`.
    pub client_data_json: String,
    /// `response.authenticatorData`.
    pub authenticator_data: String,
    /// `response.signature`.
    pub signature: String,
    /// `response.userHandle`.
    pub user_handle: String,
}

/// Why a key did not answer.
#[derive(Debug, thiserror::Error)]
pub enum SecurityKeyError {
    /// The key holds no credential for this relying party.
    #[error("key `{key}` holds no passkey for `{rp_id}`")]
    NoCredential {
        /// Which key.
        key: String,
        /// Which relying party.
        rp_id: String,
    },
    /// The options cannot be used.
    #[error("the creation options cannot be used: {0}")]
    Options(String),
    /// The device, its file or its cryptography failed.
    #[error("key `{key}` failed: {detail}")]
    Device {
        /// Which key.
        key: String,
        /// What happened.
        detail: String,
    },
}

/// What an operator signs in with. `Debug` shows no secret.
#[derive(Clone)]
pub enum Credential {
    /// Password alone.
    Password(Secret),
    /// Passkey alone.
    Passkey(Arc<dyn SecurityKey>),
    /// Password, then passkey when asked for more.
    PasswordAndPasskey(Secret, Arc<dyn SecurityKey>),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Passkey(_) => "Passkey",
            Self::PasswordAndPasskey(..) => "PasswordAndPasskey",
        })
    }
}

/// A browser at the login page: a person's (prints the address and waits), or a scripted one for rehearsals that fills
/// in the login's own forms.
#[async_trait]
pub trait Browser: Send + Sync {
    /// Opens the authorize address, signs in and comes back with the full redirect address (with `code` or `error`).
    async fn sign_in(&self, authorize_url: &str, redirect_uri: &str) -> Result<String, BrowserError>;
}

/// Why the browser did not come back with an address.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The login refused, with Entra's number (`AADSTS50126` ...) when the page shows one.
    #[error("the login refused: {detail}")]
    Refused {
        /// Error number without the `AADSTS` prefix.
        code: Option<u32>,
        /// The page's words.
        detail: String,
    },
    /// The page could not be reached or understood.
    #[error("the login page failed: {0}")]
    Failed(String),
}

/// Authorization code with PKCE, whoever sits at the browser.
#[async_trait]
pub trait SignInFlow: Send + Sync {
    /// Signs a user in through `browser` and returns a session for Graph and ARM.
    async fn sign_in(&self, upn: &str, browser: &dyn Browser) -> Result<UserSession, BrowserError>;
}

/// A signed-in person: Graph and ARM with that person's tokens.
pub struct UserSession {
    /// The user's object id, from the token.
    pub user: ObjectId,
    /// Correlation id of the sign-in, to find it in the log.
    pub correlation_id: String,
    /// The tenant with the user's tokens.
    pub tenant: Arc<dyn Tenant>,
}

/// An alert on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Stable id: the same event gives the same id, so that nothing is sent twice.
    pub id: String,
    /// `critical`, `high` ...
    pub severity: breakglass_model::Severity,
    /// One line.
    pub title: String,
    /// Facts for the reader; no secrets.
    pub details: Value,
    /// When the event happened (from the record).
    pub event_at: Timestamp,
    /// When we saw it.
    pub seen_at: Timestamp,
}

/// What became of a sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Channel name.
    pub channel: String,
    /// When the channel took it.
    pub sent_at: Timestamp,
    /// When the receiver acknowledged, if its answer says so.
    pub acknowledged_at: Option<Timestamp>,
}

/// A way out of the building. Contract: `send` may be repeated with the same alert id; receivers drop repeats.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Name from the design.
    fn name(&self) -> &str;
    /// Sends once; the caller retries.
    async fn send(&self, alert: &Alert) -> Result<Delivery, ChannelError>;
}

/// Why a channel did not take an alert.
#[derive(Debug, thiserror::Error)]
#[error("channel `{channel}` did not take the alert: {detail}")]
pub struct ChannelError {
    /// Which channel.
    pub channel: String,
    /// Why.
    pub detail: String,
}

/// Documents by kind and key, durable when the call returns. Used for journals, watermarks, the outbox, activations.
///
/// Contract: `put` is atomic and durable (survives `kill -9` right after it returns); a `put` with `expected_version`
/// fails with [`StoreError::Stale`] when somebody else wrote in between; `list` is in key order.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Reads a document and its version (1, 2, 3 ...).
    async fn get(&self, kind: &str, key: &str) -> Result<Option<(u64, Value)>, StoreError>;
    /// Writes. `None` writes whatever is there; `Some(0)` only when there is nothing; `Some(n)` only over version n.
    /// Answers the new version.
    async fn put(
        &self,
        kind: &str,
        key: &str,
        value: &Value,
        expected_version: Option<u64>,
    ) -> Result<u64, StoreError>;
    /// All documents of a kind, in key order.
    async fn list(&self, kind: &str) -> Result<Vec<(String, Value)>, StoreError>;
    /// Deletes; nothing there is fine.
    async fn delete(&self, kind: &str, key: &str) -> Result<(), StoreError>;
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote first.
    #[error("`{kind}/{key}` was changed by somebody else: expected version {expected}, found {found}")]
    Stale {
        /// Kind.
        kind: String,
        /// Key.
        key: String,
        /// What the caller thought.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The store itself failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Where alerts wait until a channel has taken them. Contract: durable when `enqueue` returns; the same id twice is one
/// alert; an alert leaves only when every channel has taken it or a person has closed it.
#[async_trait]
pub trait AlertSink: Send + Sync {
    /// Keeps the alert for sending. Answers false when its id is known already.
    async fn enqueue(&self, alert: &Alert) -> Result<bool, StoreError>;
}

/// Sealed files: armored envelopes and sealed identities, never clear text. Contract: `put` is atomic and durable, and
/// refuses to replace a file; names are relative paths of letters, digits, `-`, `_`, `.` and `/`. Whoever can change
/// these files can destroy a credential but not read one.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Writes a new file.
    async fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;
    /// Reads a file, or `None` when there is none.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// All names, sorted.
    async fn list(&self) -> Result<Vec<String>, StoreError>;
}

/// The ledger as ops sees it: one entry in, durable when the call returns.
#[async_trait]
pub trait Evidence: Send + Sync {
    /// Appends an entry: what happened (`kind`, e.g. `apply.step.done`), about what, with what data. No secrets.
    /// Answers its index.
    async fn record(&self, kind: &str, subject: &str, data: Value) -> Result<u64, EvidenceError>;
    /// Every entry so far, in order.
    async fn history(&self) -> Result<Vec<LedgerLine>, EvidenceError>;
}

/// One entry of the ledger as it was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Position in the log, from 0.
    pub index: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// About what.
    pub subject: String,
    /// With what data.
    pub data: Value,
}

/// Why evidence could not be kept. Nothing that needs evidence goes on after this.
#[derive(Debug, thiserror::Error)]
#[error("the ledger did not take the entry: {0}")]
pub struct EvidenceError(pub String);
