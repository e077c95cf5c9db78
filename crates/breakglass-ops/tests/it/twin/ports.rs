//! The ports over the twin's state. Every call asks its fate first.

use super::directory::Log;
use super::{Call, Course, Shared};
use async_trait::async_trait;
use breakglass_model::{ObjectId, Unread};
use breakglass_ops::port::{
    Alert, AlertSink, Browser, BrowserError, Change, Clock, Documents, Entropy, Evidence, EvidenceError,
    KeyRing, LedgerLine, PasskeyAssertion, PasskeyCreation, Query, SecurityKey, SecurityKeyError, SignInFlow,
    StoreError, Tenant, TenantError, UserSession, Vault,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub(super) struct FakeClock(pub(super) Arc<Shared>);

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        {
            let mut now = self.0.now.lock().unwrap();
            *now += SignedDuration::try_from(duration).unwrap();
        }
        // Whatever runs beside this gets its turn.
        tokio::task::yield_now().await;
    }
}

pub(super) struct Seeded(pub(super) Arc<Shared>);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let mut dice = self.0.dice.lock().unwrap();
        buffer.iter_mut().for_each(|b| *b = u8::try_from(dice.roll(256)).unwrap());
    }
}

/// Does what fate allows: `effect`, or an error, or both.
fn fated<T, E>(
    shared: &Shared,
    call: Call,
    lost: impl Fn() -> E,
    effect: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    match shared.fate.course(call) {
        Course::Go => effect(),
        Course::Fail => Err(lost()),
        Course::GoAndFail => {
            let _ = effect();
            Err(lost())
        }
    }
}

fn store_lost() -> StoreError {
    StoreError::Failed("killed".into())
}

pub(super) struct Shelf(pub(super) Arc<Shared>);

impl Shelf {
    fn place(kind: &str, key: &str) -> (String, String) {
        (kind.to_owned(), key.to_owned())
    }
}

#[async_trait]
impl Documents for Shelf {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<(u64, Value)>, StoreError> {
        // Whoever runs beside this may write in between.
        tokio::task::yield_now().await;
        fated(&self.0, Call::Read, store_lost, || {
            Ok(self.0.documents.lock().unwrap().get(&Self::place(kind, key)).cloned())
        })
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        value: &Value,
        expected: Option<u64>,
    ) -> Result<u64, StoreError> {
        fated(&self.0, Call::Write, store_lost, || {
            let mut all = self.0.documents.lock().unwrap();
            let found = all.get(&Self::place(kind, key)).map_or(0, |(version, _)| *version);
            if let Some(expected) = expected.filter(|e| *e != found) {
                return Err(StoreError::Stale { kind: kind.into(), key: key.into(), expected, found });
            }
            all.insert(Self::place(kind, key), (found + 1, value.clone()));
            Ok(found + 1)
        })
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Value)>, StoreError> {
        fated(&self.0, Call::Read, store_lost, || {
            let all = self.0.documents.lock().unwrap();
            Ok(all
                .iter()
                .filter(|((k, _), _)| k == kind)
                .map(|((_, key), (_, value))| (key.clone(), value.clone()))
                .collect())
        })
    }

    async fn delete(&self, kind: &str, key: &str) -> Result<(), StoreError> {
        fated(&self.0, Call::Write, store_lost, || {
            self.0.documents.lock().unwrap().remove(&Self::place(kind, key));
            Ok(())
        })
    }
}

pub(super) struct Safe(pub(super) Arc<Shared>);

#[async_trait]
impl Vault for Safe {
    async fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        fated(&self.0, Call::Write, store_lost, || {
            let mut files = self.0.vault.lock().unwrap();
            if files.contains_key(name) {
                return Err(StoreError::Failed(format!("`{name}` is there already")));
            }
            files.insert(name.to_owned(), bytes.to_vec());
            Ok(())
        })
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        fated(&self.0, Call::Read, store_lost, || Ok(self.0.vault.lock().unwrap().get(name).cloned()))
    }

    async fn list(&self) -> Result<Vec<String>, StoreError> {
        fated(&self.0, Call::Read, store_lost, || Ok(self.0.vault.lock().unwrap().keys().cloned().collect()))
    }
}

pub(super) struct Book(pub(super) Arc<Shared>);

#[async_trait]
impl Evidence for Book {
    async fn record(&self, kind: &str, subject: &str, data: Value) -> Result<u64, EvidenceError> {
        fated(
            &self.0,
            Call::Write,
            || EvidenceError("killed".into()),
            || {
                let at = *self.0.now.lock().unwrap();
                let mut lines = self.0.ledger.lock().unwrap();
                let index = lines.len() as u64;
                lines.push(LedgerLine { index, at, kind: kind.into(), subject: subject.into(), data });
                Ok(index)
            },
        )
    }

    async fn history(&self) -> Result<Vec<LedgerLine>, EvidenceError> {
        Ok(self.0.ledger.lock().unwrap().clone())
    }
}

/// An outbox that keeps alerts among the documents, as the real one does, and counts how often each was accepted.
pub(crate) struct Outbox(pub(super) Arc<Shared>);

#[async_trait]
impl AlertSink for Outbox {
    async fn enqueue(&self, alert: &Alert) -> Result<bool, StoreError> {
        fated(&self.0, Call::Write, store_lost, || {
            let mut all = self.0.documents.lock().unwrap();
            let place = ("outbox".to_owned(), alert.id.clone());
            if all.contains_key(&place) {
                return Ok(false);
            }
            all.insert(place, (1, json!({"alert": alert, "channels": {}})));
            Ok(true)
        })
    }
}

/// The tenant with somebody's tokens.
#[derive(Clone)]
pub(crate) struct Seat {
    shared: Arc<Shared>,
    actor: Option<ObjectId>,
    gaps: Vec<Unread>,
}

impl Seat {
    pub(super) fn new(shared: Arc<Shared>, actor: Option<ObjectId>) -> Self {
        Self { shared, actor, gaps: Vec::new() }
    }

    pub(crate) fn with_gap(mut self, what: &str, why: &str) -> Self {
        self.gaps.push(Unread { what: what.into(), why: why.into() });
        self
    }

    fn lost() -> TenantError {
        TenantError::Unavailable { what: "call".into(), attempts: 4, detail: "connection closed".into() }
    }
}

#[async_trait]
impl Tenant for Seat {
    fn describe(&self) -> String {
        format!("the twin {}", super::TENANT)
    }

    async fn read(&self, query: &Query) -> Result<Vec<Value>, TenantError> {
        fated(&self.shared, Call::Ask, Self::lost, || self.shared.answer(self.actor.as_ref(), query))
    }

    async fn write(&self, change: &Change) -> Result<Value, TenantError> {
        fated(&self.shared, Call::Change, Self::lost, || self.shared.change(self.actor.as_ref(), change))
    }

    fn gaps(&self) -> Vec<Unread> {
        self.gaps.clone()
    }
}

/// Keys in software without cryptography: the twin takes their word.
pub(crate) struct KeyBox;

struct Key {
    name: String,
}

impl KeyRing for KeyBox {
    fn keys(&self, account: &str) -> Vec<Arc<dyn SecurityKey>> {
        (1..=2)
            .map(|n| Arc::new(Key { name: format!("{account} key {n}") }) as Arc<dyn SecurityKey>)
            .collect()
    }
}

#[async_trait]
impl SecurityKey for Key {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn aaguid(&self) -> String {
        "cb69481e-8ff7-4039-93ec-0a2729a154a8".into()
    }

    async fn create(&self, _: &Value, _: &str) -> Result<PasskeyCreation, SecurityKeyError> {
        Ok(PasskeyCreation {
            display_name: self.name(),
            credential_id: "AAAA".into(),
            client_data_json: "AAAA".into(),
            attestation_object: self.aaguid(),
        })
    }

    async fn assert(&self, _: &str, _: &[u8], _: &str) -> Result<PasskeyAssertion, SecurityKeyError> {
        Err(SecurityKeyError::Device { key: self.name(), detail: "the twin asks for no assertions".into() })
    }
}

/// A sign-in that leaves the record that Entra leaves.
pub(crate) struct Flow {
    pub(crate) twin: super::Twin,
    /// What the log says was used.
    pub(crate) method: &'static str,
}

#[async_trait]
impl SignInFlow for Flow {
    async fn sign_in(&self, upn: &str, _: &dyn Browser) -> Result<UserSession, BrowserError> {
        let shared = &self.twin.shared;
        let truth = self.twin.truth();
        let lost = || BrowserError::Failed("the connection was lost".into());
        if truth.user_by_upn(upn).is_none() {
            return Err(BrowserError::Refused { code: Some(50034), detail: "no such user".into() });
        }
        let user = truth.id_of(upn);
        let correlation_id = format!("correlation-{}", truth.made);
        fated(shared, Call::Change, lost, || {
            self.twin
                .log(Log::SignIns, sign_in_record(&user, upn, &correlation_id, self.method, self.twin.now()));
            self.twin.meddle(|d| d.made += 1);
            Ok(())
        })?;
        Ok(UserSession {
            user: user.clone(),
            correlation_id,
            tenant: Arc::new(Seat::new(shared.clone(), Some(user))),
        })
    }
}

pub(crate) fn sign_in_record(
    user: &ObjectId,
    upn: &str,
    correlation: &str,
    method: &str,
    at: Timestamp,
) -> Value {
    json!({
        "id": format!("sign-in-{correlation}"), "createdDateTime": at, "userId": user, "userPrincipalName": upn, "appId": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        "isInteractive": true, "correlationId": correlation, "conditionalAccessStatus": "notApplied", "ipAddress": "198.51.100.7",
        "authenticationRequirement": "multiFactorAuthentication", "status": {"errorCode": 0},
        "authenticationDetails": [{"authenticationMethod": method, "succeeded": true}],
    })
}

/// No browser is needed.
pub(crate) struct NoBrowser;

#[async_trait]
impl Browser for NoBrowser {
    async fn sign_in(&self, _: &str, _: &str) -> Result<String, BrowserError> {
        Err(BrowserError::Failed("nobody sits here".into()))
    }
}
