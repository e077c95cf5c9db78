//! The grants: what each asks for, and what it gives.

use super::{Asked, LoginError, assertion, clients, for_application, for_user};
use crate::login::gate::{self, Context, Ruling};
use crate::login::record::{self, Kind};
use crate::mandatory_mfa;
use crate::state::hidden::{Client, Session};
use crate::state::{Emulated, State, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// A request to the token endpoint.
pub(super) struct Request<'a> {
    pub(super) emulated: &'a Emulated,
    pub(super) fields: &'a BTreeMap<String, String>,
    pub(super) tenant: &'a str,
    pub(super) correlation_id: &'a str,
    pub(super) user_agent: &'a str,
}

impl Request<'_> {
    pub(super) fn field(&self, name: &str) -> Result<&str, LoginError> {
        let value = self.fields.get(name).map(String::as_str).filter(|v| !v.is_empty());
        value.ok_or_else(|| LoginError::request(90_014, format!("`{name}`")))
    }

    fn optional(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    pub(super) fn client(&self, state: &State) -> Result<Client, LoginError> {
        let id = self.field("client_id")?;
        clients::find(state, id)
            .ok_or_else(|| LoginError::new("unauthorized_client", 700_016, format!("`{id}`")))
    }

    /// What the scope asks for; a request that names none asks for what it got before.
    fn asked(&self, otherwise: &str) -> Result<Asked, LoginError> {
        Asked::read(self.optional("scope").unwrap_or(otherwise), self.emulated.origins())
    }

    /// A confidential client proves itself, a public one has nothing to prove. Says whether it was by certificate.
    fn prove(&self, state: &State, client: &Client) -> Result<bool, LoginError> {
        if let Some(secret) = self.optional("client_secret") {
            return if client.secrets.iter().any(|s| s == secret) {
                Ok(false)
            } else {
                Err(LoginError::client(7_000_215))
            };
        }
        if let Some(assertion) = self.optional("client_assertion") {
            let origin = &self.emulated.origins().login;
            let tenants = [self.tenant, &state.tenant_id];
            let mut audiences = vec![origin.clone()];
            for tenant in tenants {
                audiences.extend(
                    ["oauth2/v2.0/token", "oauth2/token", "v2.0", ""]
                        .map(|end| format!("{origin}/{tenant}/{end}").trim_end_matches('/').to_owned()),
                );
            }
            return assertion::check(state, client, &audiences, assertion).map(|()| true);
        }
        if client.public { Ok(false) } else { Err(LoginError::client(7_000_218)) }
    }

    /// `client_credentials`.
    pub(super) fn for_itself(&self) -> Result<Value, LoginError> {
        let mut state = self.emulated.lock();
        let client = self.client(&state)?;
        let asked = self.asked("")?;
        let outcome = self.application(&state, &client, &asked);
        record::application(
            &mut state,
            &client,
            &asked,
            outcome.as_ref().err().map_or(0, |e| e.code),
            self.correlation_id,
        );
        outcome
    }

    fn application(&self, state: &State, client: &Client, asked: &Asked) -> Result<Value, LoginError> {
        if client.public {
            return Err(LoginError::client(7_000_218));
        }
        let certificate = self.prove(state, client)?;
        let principal =
            client.service_principal.as_deref().and_then(|id| state.directory.service_principals.get(id));
        if principal.is_none_or(|p| p.get("accountEnabled") == Some(&Value::Bool(false))) {
            return Err(LoginError::new("unauthorized_client", 7_000_112, format!("`{}`", client.name)));
        }
        for_application(self.emulated, state, client, asked, certificate).map(|issued| issued.body)
    }

    /// `authorization_code`.
    pub(super) fn by_code(&self) -> Result<Value, LoginError> {
        let mut state = self.emulated.lock();
        let client = self.client(&state)?;
        self.prove(&state, &client)?;
        let code = self.field("code")?;
        // Taken out at once: a code is good for one try.
        let grant = state.hidden.codes.remove(code).ok_or_else(|| LoginError::grant(70_008))?;
        if grant.expires_at <= state.now() || !grant.session.client_id.eq_ignore_ascii_case(&client.app_id) {
            return Err(LoginError::grant(70_008));
        }
        if self.optional("redirect_uri").is_some_and(|uri| uri != grant.redirect_uri) {
            return Err(LoginError::grant(500_112));
        }
        if let Some(challenge) = &grant.challenge {
            let verifier = self.optional("code_verifier").unwrap_or_default();
            if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != *challenge {
                return Err(LoginError::grant(501_481));
            }
        }
        let asked = self.asked(&grant.scope)?;
        still_allowed(&state, &grant.session, grant.session.signed_in_at.as_second())?;
        for_user(self.emulated, &mut state, &client, &grant.session, &asked, grant.nonce.as_deref())
            .map(|i| i.body)
    }

    /// `refresh_token`: the policies are asked again, and the log gets a record.
    pub(super) fn by_refresh(&self) -> Result<Value, LoginError> {
        let mut state = self.emulated.lock();
        let client = self.client(&state)?;
        self.prove(&state, &client)?;
        let token = self.field("refresh_token")?;
        let grant =
            state.hidden.refresh_tokens.get(token).cloned().ok_or_else(|| LoginError::grant(70_008))?;
        // First-party clients share refresh tokens; others have their own.
        let family = |id: &str| !state.hidden.clients.contains_key(&id.to_ascii_lowercase());
        let same = grant.session.client_id.eq_ignore_ascii_case(&client.app_id);
        let shared = family(&grant.session.client_id) && family(&client.app_id);
        if !(same || shared) {
            return Err(LoginError::grant(70_008));
        }
        let asked = Asked { refresh: true, ..self.asked("")? };
        let context = Context {
            client: &client,
            user: &grant.user,
            service: asked.service,
            scopes: asked.kind(),
            user_agent: self.user_agent,
            flow: "none",
            tracked: grant.session.flow,
            strong: self.optional("claims").is_some_and(mandatory_mfa::is_asked_for),
        };
        let ruling = gate::rule(&state, &context, &grant.session.methods, grant.session.aaguid.as_deref());
        let outcome =
            still_allowed(&state, &grant.session, grant.issued_at.as_second()).and_then(|()| ruled(&ruling));
        let code = outcome.as_ref().err().map_or(0, |e| e.code);
        record::user(
            &mut state,
            &context,
            &ruling,
            &grant.session.methods,
            code,
            Kind::Refresh,
            self.correlation_id,
        );
        outcome?;
        for_user(self.emulated, &mut state, &client, &grant.session, &asked, None).map(|i| i.body)
    }

    /// `password` (resource owner): no page, so no second factor.
    pub(super) fn by_password(&self) -> Result<Value, LoginError> {
        let mut state = self.emulated.lock();
        let client = self.client(&state)?;
        self.prove(&state, &client)?;
        let asked = self.asked("")?;
        let (name, password) = (self.field("username")?, self.field("password")?);
        let user = state.directory.user(name).and_then(|u| text(u, "id")).map(str::to_owned);
        let user = user.unwrap_or_default();
        let context = Context {
            client: &client,
            user: &user,
            service: asked.service,
            scopes: asked.kind(),
            user_agent: self.user_agent,
            flow: "none",
            tracked: "none",
            strong: false,
        };
        let checked = gate::password(&mut state, &user, password);
        let (method, code) = (checked.unwrap_or("password").to_owned(), checked.err());
        let ruling = gate::rule(&state, &context, std::slice::from_ref(&method), None);
        let code = code.or_else(|| match ruled(&ruling) {
            Err(e) if e.code == 50_079 || e.code == 50_074 => Some(50_076),
            other => other.err().map(|e| e.code),
        });
        let methods = [method];
        record::user(
            &mut state,
            &context,
            &ruling,
            &methods,
            code.unwrap_or(0),
            Kind::Password(name),
            self.correlation_id,
        );
        if let Some(code) = code {
            return Err(LoginError::grant(code));
        }
        let session = session(&state, &client, &user, methods.to_vec(), None, "none");
        for_user(self.emulated, &mut state, &client, &session, &asked, None).map(|i| i.body)
    }
}

/// A session that begins now.
pub(crate) fn session(
    state: &State,
    client: &Client,
    user: &str,
    methods: Vec<String>,
    aaguid: Option<String>,
    flow: &'static str,
) -> Session {
    Session {
        user: user.to_owned(),
        client_id: client.app_id.clone(),
        methods,
        aaguid,
        id: uuid::Builder::from_random_bytes(crate::state::ids::random()).into_uuid().to_string(),
        signed_in_at: state.now(),
        flow,
    }
}

/// Whether a session may go on: its user is there and enabled, and nothing was revoked since its token was issued.
fn still_allowed(state: &State, session: &Session, since: i64) -> Result<(), LoginError> {
    let user = state.directory.users.get(&session.user).ok_or_else(|| LoginError::grant(50_034))?;
    if user.get("accountEnabled") == Some(&Value::Bool(false)) {
        return Err(LoginError::grant(50_057));
    }
    let valid_from = state.hidden.sessions_valid_from.get(&session.user.to_ascii_lowercase());
    if valid_from.is_some_and(|from| since < from.as_second()) {
        return Err(LoginError::grant(50_173));
    }
    Ok(())
}

fn ruled(ruling: &Ruling) -> Result<(), LoginError> {
    match ruling.refusal {
        None => Ok(()),
        Some(code) if ruling.blocked => Err(LoginError::grant(code)),
        Some(code) => Err(LoginError::new("interaction_required", code, "")),
    }
}
