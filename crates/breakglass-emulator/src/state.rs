//! The emulated tenant in memory, behind one lock.
//!
//! # Seams
//!
//! * [`Shared`] is `Arc<Emulated>`. `shared.lock()` gives the one [`State`] (never held across an await);
//!   `shared.origins()` says where everything listens (`login`, `graph`, `arm`, `monitor`, `control`: origins without
//!   a trailing slash).
//! * `crate::graph::router(Shared) -> axum::Router` and `crate::arm::router(Shared) -> axum::Router` answer everything on
//!   their origin. The monitor origin has a router of its own from `crate::arm::router`. Faults (429, 5xx, slowness) are put in
//!   front of both by [`crate::serve`].
//! * Who asks: `Caller::of(&shared, &headers, Audience::Graph) -> Result<Caller, TokenRefusal>`
//!   ([`crate::caller`]); a `TokenRefusal` has `code` and `message` and is a 401.
//! * `crate::presets::Tenant::find(&str) -> Result<Tenant, String>` for a preset's name, a snapshot file or a folder, and
//!   `tenant.fill(&self, &mut State) -> Result<(), String>` fills a state made by [`State::new`]. It sets
//!   `emergency`, `exclusion_group`, and may set `tenant_id`, `subscription_id`, `automation.roles` and `client_context`.
//!   The application for automation (`automation`) is registered afterwards.
//! * Passkeys: `state.creation_challenge(user) -> Vec<u8>` when the creation options are given out, and
//!   `crate::webauthn::register(&mut State, login_origin, user_id, &publicKeyCredential) -> Result<Registered, String>` when
//!   they come back; then push the Graph object onto `state.directory.methods[user]`.
//! * Writes: `state.set_password`, `state.revoke_sessions`, `state.forget_user`, `state.restore` keep the side tables right;
//!   `state.written(id)` after creating an object, `state.replicated(id)` before showing it.
//! * Logs: `state.audit(&caller, activity, category, targets)`, `state.activity(&caller, ActivityEntry)`,
//!   `state.logs.sign_ins/audits/activities` and `Log::visible(now)` ([`logs`]).
//!
//! Objects are JSON as Graph and ARM show them, keyed by `id` in a [`Collection`]. What Graph never shows (passwords, public
//! keys, tokens) is typed and lies in [`hidden`]. Who can read this process can read all of it: it is an
//! emulator, and its tenant is worth nothing.

pub(crate) mod clock;
pub(crate) mod collection;
pub(crate) mod directory;
pub(crate) mod faults;
pub(crate) mod hidden;
pub(crate) mod ids;
pub(crate) mod logs;

use clock::EmulatedClock;
pub(crate) use collection::Collection;
pub(crate) use directory::{Azure, Directory, text};
use faults::Faults;
use hidden::{Client, CreationChallenge, Hidden, Password};
use ids::Ids;
pub(crate) use logs::{ActivityEntry, Change, Logs, Target, graph_time};

use crate::decide::Surroundings;
use crate::keys::Keys;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What every handler is given.
pub(crate) type Shared = Arc<Emulated>;

/// The emulated tenant with its keys and addresses.
pub(crate) struct Emulated {
    state: Mutex<State>,
    keys: Keys,
    origins: Origins,
}

/// Where everything listens: origins without a trailing slash.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    pub(crate) login: String,
    pub(crate) graph: String,
    pub(crate) arm: String,
    pub(crate) monitor: String,
    pub(crate) control: String,
}

impl Emulated {
    pub(crate) fn new(state: State, keys: Keys, origins: Origins) -> Shared {
        Arc::new(Self { state: Mutex::new(state), keys, origins })
    }

    /// The tenant. Not to be held across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A handler that panicked leaves at worst one half-written object in a tenant that is worth nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// An emergency account of the tenant, as the ready file names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Short name, as a design would give it.
    pub name: String,
    /// User principal name.
    pub upn: String,
    /// Object id.
    pub object_id: String,
}

/// The application that breakglass, or another client under test, signs in as.
#[derive(Clone, Debug, Default)]
pub(crate) struct Automation {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Granted Graph application permissions.
    pub(crate) roles: Vec<String>,
}

/// One tenant.
pub(crate) struct State {
    pub(crate) tenant_id: String,
    pub(crate) subscription_id: String,
    pub(crate) clock: EmulatedClock,
    pub(crate) ids: Ids,
    pub(crate) directory: Directory,
    pub(crate) azure: Azure,
    pub(crate) hidden: Hidden,
    pub(crate) logs: Logs,
    pub(crate) faults: Faults,
    /// From where the next sign-ins come.
    pub(crate) client_context: Surroundings,
    /// Emergency accounts that the preset comes with.
    pub(crate) emergency: Vec<Account>,
    /// Display name of the exclusion group.
    pub(crate) exclusion_group: String,
    pub(crate) automation: Automation,
    /// Objects that other replicas do not show yet, and until when.
    replicating: BTreeMap<String, Timestamp>,
}

impl State {
    /// An empty tenant. The same seed gives the same ids in the same order.
    pub(crate) fn new(seed: u64) -> Self {
        let mut ids = Ids::new(seed);
        Self {
            tenant_id: ids.guid(),
            subscription_id: ids.guid(),
            clock: EmulatedClock::default(),
            ids,
            directory: Directory::default(),
            azure: Azure::default(),
            hidden: Hidden::default(),
            logs: Logs::default(),
            faults: Faults::default(),
            client_context: Surroundings::default(),
            emergency: Vec::new(),
            exclusion_group: "Emergency access".into(),
            automation: Automation {
                roles: directory::AUTOMATION_ROLES.iter().map(|&r| r.to_owned()).collect(),
                ..Automation::default()
            },
            replicating: BTreeMap::new(),
        }
    }

    /// Now, by the tenant's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets a user's password, in the clear: the emulator has nothing to protect.
    pub(crate) fn set_password(&mut self, user: &str, clear: &str, must_change: bool) {
        let changed_at = self.now();
        let password = Password { clear: clear.to_owned(), changed_at, must_change };
        self.hidden.passwords.insert(user.to_ascii_lowercase(), password);
        if let Some(user) = self.directory.users.get_mut(user).and_then(Value::as_object_mut) {
            user.insert("lastPasswordChangeDateTime".into(), graph_time(changed_at).into());
        }
    }

    /// Ends every session of a user: refresh tokens that were issued before now stop working.
    pub(crate) fn revoke_sessions(&mut self, user: &str) {
        let now = self.now();
        self.hidden.sessions_valid_from.insert(user.to_ascii_lowercase(), now);
        self.hidden.refresh_tokens.retain(|_, grant| !grant.user.eq_ignore_ascii_case(user));
        if let Some(user) = self.directory.users.get_mut(user).and_then(Value::as_object_mut) {
            user.insert("signInSessionsValidFromDateTime".into(), graph_time(now).into());
        }
    }

    /// Takes a user's sessions and pending challenges away, when the user is deleted. Passwords and passkeys stay for the 30
    /// days in which the user can be restored.
    pub(crate) fn forget_user(&mut self, user: &str) {
        self.revoke_sessions(user);
        self.hidden.creation_challenges.retain(|c| !c.user.eq_ignore_ascii_case(user));
    }

    /// Takes out a passkey, by the id of its authentication method. Says whether there was one.
    pub(crate) fn forget_passkey(&mut self, user: &str, method: &str) -> bool {
        let before = self.hidden.passkeys.len();
        self.hidden.passkeys.retain(|p| !(p.user.eq_ignore_ascii_case(user) && p.method_id() == method));
        before != self.hidden.passkeys.len()
    }

    /// A fresh challenge for registering a passkey for a user: valid for five minutes and once.
    pub(crate) fn creation_challenge(&mut self, user: &str) -> Vec<u8> {
        let challenge = ids::random::<32>().to_vec();
        let expires_at = self.clock.after(SignedDuration::from_mins(5));
        self.hidden.creation_challenges.push(CreationChallenge {
            user: user.to_ascii_lowercase(),
            challenge: challenge.clone(),
            expires_at,
        });
        challenge
    }

    /// Notes that an object was written just now: other replicas do not show it before the lag has passed.
    pub(crate) fn written(&mut self, id: &str) {
        if !self.faults.replication_lag.is_zero() {
            let until = self.clock.after(self.faults.replication_lag);
            self.replicating.insert(id.to_ascii_lowercase(), until);
        }
    }

    /// Whether reads show an object already.
    pub(crate) fn replicated(&self, id: &str) -> bool {
        self.replicating.get(&id.to_ascii_lowercase()).is_none_or(|until| *until <= self.now())
    }

    /// Registers the application for automation, with a secret and a certificate, in the directory and at the login.
    pub(crate) fn register_automation(&mut self, secret: String, certificate: hidden::Certificate) {
        let client_id = self.ids.guid();
        let service_principal = self.ids.guid();
        let name = "breakglass automation";
        let application = self.ids.guid();
        self.directory.applications.insert(json!({
            "id": application, "appId": client_id, "displayName": name, "signInAudience": "AzureADMyOrg",
            "keyCredentials": [{ "keyId": self.ids.guid(), "type": "AsymmetricX509Cert", "usage": "Verify",
                "displayName": "CN=breakglass automation",
                "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2046-01-01T00:00:00Z" }],
            "passwordCredentials": [{ "keyId": self.ids.guid(), "displayName": "emulator", "hint": secret.get(..3),
                "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2046-01-01T00:00:00Z" }],
        }));
        self.directory.service_principals.insert(json!({
            "id": service_principal, "appId": client_id, "displayName": name, "appDisplayName": name,
            "servicePrincipalType": "Application", "accountEnabled": true, "servicePrincipalNames": [client_id],
            "appOwnerOrganizationId": self.tenant_id, "signInAudience": "AzureADMyOrg", "tags": [],
        }));
        self.automation.client_id.clone_from(&client_id);
        self.automation.client_secret.clone_from(&secret);
        self.hidden.clients.insert(
            client_id.clone(),
            Client {
                app_id: client_id,
                name: name.into(),
                service_principal: Some(service_principal),
                secrets: vec![secret],
                certificates: vec![certificate],
                public: false,
                browser: false,
                roles: self.automation.roles.clone(),
                scopes: Vec::new(),
            },
        );
    }
}
